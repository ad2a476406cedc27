"""The list of archives on screen: its filters, kept in the address, its table, and beginning archives for many."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from db.transactions import reading
from services import archive_lists, archives, clock
from services.access import Permission, allows
from services.actors import Actor
from services.archive_lists import NO_TIER, PAGE_SIZE, ArchiveCount, ArchiveFilters, ArchiveRow, Review
from services.student_lists import ClassName
from services.tier_kinds import TierOrder
from ui import formats
from ui.dialog_parts import buttons, cancel_if, form_fields
from ui.dialogs import close_dialog, open_dialog, opened
from ui.forms import Form
from ui.layout import Action, empty_state, filter_row, flash, note
from ui.session import require_user
from ui.tables import StateColumn, current_page, data_table, opening_column, paging_line, row_clicked
from ui.tier_words import NO_TIER as NO_TIER_LOOK
from ui.tier_words import review_cell, tier_look
from ui.views import begin_filter, keep_filter

BEGIN = "archives_begin"
_PAGE, _CLICK, _SHOWN = "archives_page", "archives_open", "care_archives_shown"
_TIER, _GRADE, _CLASS, _REVIEW, _WITHOUT = (
    "archives_tier", "archives_grade", "archives_class", "archives_review", "archives_without",
)  # fmt: skip
_WITHOUT_ANY = "none"
_REVIEWS = {Review.LATE.value: "复核逾期", Review.SOON.value: "一周内复核"}


def open_clicked() -> None:
    """Open the archive whose child was just clicked."""
    if (student_id := row_clicked(_CLICK, _SHOWN)) is not None:
        st.query_params["student"] = str(student_id)


def read_filters(classes: Sequence[ClassName], order: TierOrder) -> ArchiveFilters:
    """Return what is chosen now: on the page, else in the address; nonsense counts as nothing."""
    for key, (name, known) in _known(classes, order).items():
        begin_filter(key, name, known)
    state = st.session_state
    grade, class_id, review = state.get(_GRADE), state.get(_CLASS), state.get(_REVIEW)
    if class_id and not any(each.id == class_id and grade in (None, each.grade) for each in classes):
        class_id = None  # of another grade than the one just chosen
    return ArchiveFilters(
        tier_id=state.get(_TIER),
        grade=grade,
        class_id=class_id,
        review=Review(review) if review in set(Review) else None,
        is_without=state.get(_WITHOUT) == _WITHOUT_ANY,
    )


def draw_filters(classes: Sequence[ClassName], order: TierOrder, count: ArchiveCount, *, sets_tiers: bool) -> None:
    """Draw the row of filters, and keep what is chosen in the address."""
    tiers = {each.id: each.label for each in order.kinds if each.is_offered or count.by_tier.get(each.id)}
    tiers[NO_TIER] = NO_TIER_LOOK.word
    with filter_row():
        _select("等级", {id_: f"{word} {count.by_tier.get(id_, 0):,}" for id_, word in tiers.items()}, _TIER, 150)
        grades = {each.grade: each.grade_label for each in classes}
        if len(grades) > 1:
            _select("年级", grades, _GRADE, 120)
        if len(classes) > 1:
            grade = st.session_state.get(_GRADE)
            _select("班级", {each.id: each.label for each in classes if grade in (None, each.grade)}, _CLASS, 130)
        if sets_tiers:
            numbers = {Review.LATE.value: count.late, Review.SOON.value: count.soon}
            st.pills(
                "复核", list(_REVIEWS), format_func=lambda each: f"{_REVIEWS[each]} {numbers[each]:,}", key=_REVIEW,
                on_change=_back_to_first_page, wrap=True,
            )  # fmt: skip
        st.pills(
            "档案", [_WITHOUT_ANY], format_func=lambda _: f"该建没建 {count.without:,}", key=_WITHOUT,
            on_change=_back_to_first_page, wrap=True,
        )  # fmt: skip
    for key, (name, known) in _known(classes, order).items():
        keep_filter(key, name, known)


def draw_list(actor: Actor, filters: ArchiveFilters, count: ArchiveCount, order: TierOrder) -> None:
    """Draw one page of the list, or why it is empty."""
    if not count.total:
        clear = Action("看全部", "archives_clear", on_click=_clear)
        empty_state("search_off", "没有这样的孩子", "换一个等级、班级，或看全部。", actions=[clear])
        return
    number = current_page(_PAGE, total=count.total, page_size=PAGE_SIZE)
    with reading() as session:
        page = archive_lists.list_archives(session, actor, filters=filters, page=number, total=count.total)
    st.session_state[_SHOWN] = [row.student_id for row in page.rows]  # a click comes back as a position in this list
    shows_review = archive_lists.sets_tiers(actor)
    data_table(
        [_row(row, order) for row in page.rows], _columns(order, shows_review=shows_review), key="archives_table",
        alt=f"心理档案，共 {count.total} 人。",
    )  # fmt: skip
    paging_line(_PAGE, total=count.total, unit="人", page_size=PAGE_SIZE)


def draw_begin(actor: Actor, filters: ArchiveFilters) -> None:
    """Draw the dialog that begins the archives of who has none, if it is open."""
    if opened(BEGIN):
        _begin(filters)


def begin_action(actor: Actor, count: ArchiveCount) -> list[Action]:
    """Return the act that begins archives, where some are missing."""
    if not count.without or not allows(actor, Permission.ARCHIVE_WRITE):
        return []
    return [Action("建档", BEGIN, "create_new_folder", is_primary=True, on_click=open_dialog, args=(BEGIN,))]


@st.dialog("建心理档案", dismissible=False)
def _begin(filters: ArchiveFilters) -> None:
    actor = require_user(Permission.ARCHIVE_WRITE)
    with reading() as session:
        children = archive_lists.list_without_archive(session, actor, filters=filters)
    note(f"现在筛选出来的孩子里，{len(children):,} 人还没有档案，从今天起建。档案里有什么、缺什么，程序照记录算。")
    form = Form("archives_begin_form", {"id": 0, "children": list(children)})
    form.notices()
    reason: str | None = None
    with form_fields(form):
        if archive_lists.sets_tiers(actor):
            with form.field("ordinary_reason", "建档时了解过，没有要特别关注的。") as key:
                reason = st.text_input(
                    "还没定级的，一起定为最轻的一级，因为（清空就先不定）", key=key, autocomplete="off"
                )
        saved, cancelled = buttons(form, f"给 {len(children):,} 人建档")
    cancel_if(form, cancelled)
    if saved:
        frozen: list[int] = form.drawn_from.values["children"]
        done = form.save_and_get(
            lambda session: archives.begin_archives(session, actor, student_ids=frozen, ordinary_reason=reason)
        )
        if done is not None:
            flash(f"给 {done:,} 人建了档。")
            close_dialog()


def _known(classes: Sequence[ClassName], order: TierOrder) -> Mapping[str, tuple[str, Mapping[str, Any]]]:
    return {
        _TIER: ("tier", {**{str(each.id): each.id for each in order.kinds}, str(NO_TIER): NO_TIER}),
        _GRADE: ("grade", {str(each.grade): each.grade for each in classes}),
        _CLASS: ("class", {str(each.id): each.id for each in classes}),
        _REVIEW: ("review", {each: each for each in _REVIEWS}),
        _WITHOUT: ("archive", {_WITHOUT_ANY: _WITHOUT_ANY}),
    }


def _select(label: str, options: Mapping[int, str], key: str, width: int) -> None:
    st.selectbox(
        label, [None, *options], format_func=lambda each: "全部" if each is None else options.get(each, ""), key=key,
        width=width, on_change=_back_to_first_page, placeholder="全部",
    )  # fmt: skip


def _back_to_first_page() -> None:
    st.session_state[_PAGE] = 1


def _clear() -> None:
    for key in (_TIER, _GRADE, _CLASS, _REVIEW, _WITHOUT, _PAGE):
        st.session_state.pop(key, None)
    st.query_params.clear()


def _row(row: ArchiveRow, order: TierOrder) -> dict[str, Any]:
    today = clock.today()
    wanted = len(row.there) + len(row.missing)
    return {
        "name": row.name,
        "class": row.class_label.removesuffix("班") if row.class_label.endswith("）班") else row.class_label,
        "tier": [tier_look(row.tier, order).cell()],
        "review": review_cell(row.review_on),
        "opened": f"✓ {formats.day(row.opened_on, today=today)}" if row.opened_on else "✕ 没有",
        "parts": f"{len(row.there)} / {wanted}",
        "missing": "、".join(part.label for part in row.missing),
    }


def _columns(order: TierOrder, *, shows_review: bool) -> dict[str, Any]:  # configurations have no common public type
    text = st.column_config.TextColumn
    looks = [tier_look(each, order) for each in order.kinds] + [NO_TIER_LOOK]
    columns: dict[str, Any] = {
        "name": opening_column("姓名", key=_CLICK, width=110),
        "class": text("班级", width=90),
        "tier": StateColumn("等级", looks, width=130),
    }
    if shows_review:
        columns["review"] = text("复核", width=110)
    return columns | {
        "opened": text("建档", width=110),
        "parts": text("内容", width=70, alignment="right"),
        "missing": text("缺什么", width=240),
    }
