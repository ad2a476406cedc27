"""Pairs on screen: counted by kind, each number its own list; and one pair with everything about it."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from db.tables import PairingRole
from db.transactions import reading
from services import clock
from services.access import Permission, allows
from services.actors import Actor
from services.pairing import pair_lists, subsidies
from services.pairing.pair_lists import PAGE_SIZE, PairCount, PairFilters, PairRow, PairState, PairView
from services.pairing.subsidies import SubsidyRow
from services.student_lists import ClassName
from ui import formats
from ui.child_link import child_link
from ui.dialogs import open_dialog
from ui.formats import plain
from ui.layout import Action, empty_state, facts, filter_row, labelled_words, note, side_box, side_column
from ui.pairing_dialogs import CONTENT, END, HAND_OVER
from ui.pairing_diary import diary_act
from ui.pairing_filters import begin_place, clear, draw_place, keep_place, pills
from ui.states import PAIR, SUBSIDY
from ui.subsidy_dialogs import SETTLE
from ui.tables import StateColumn, current_page, data_table, opening_column, paging_line, row_clicked
from ui.views import begin_filter, keep_filter

_ROLE, _STATE, _PAGE = "pairing_role", "pairing_state", "pairing_page"
_CHILD, _HELPER, _SHOWN, _HELPERS = "pairing_open", "pairing_helper_open", "care_pairs_shown", "care_pairs_helpers"
_ROLES = {each.value: each for each in PairingRole}
_STATES = {each.value: each for each in PairState if each is not PairState.RUNNING}


def open_clicked() -> None:
    """Open the pair, or the helper, that was just clicked."""
    if (pairing_id := row_clicked(_CHILD, _SHOWN)) is not None:
        st.query_params["pair"] = str(pairing_id)
    if (helper_id := row_clicked(_HELPER, _HELPERS)) is not None:
        st.query_params["helper"] = str(helper_id)


def draw_pairs(actor: Actor, classes: Sequence[ClassName]) -> None:
    """Draw the filters and one page of pairs, or why there is none."""
    grade, class_id = begin_place(classes)
    begin_filter(_ROLE, "role", _ROLES)
    begin_filter(_STATE, "state", _STATES, usual=PairState.RUNNING)
    state = st.session_state
    filters = PairFilters(
        state=state.get(_STATE) or PairState.RUNNING, role=state.get(_ROLE), grade=grade, class_id=class_id
    )
    with reading() as session:
        count = pair_lists.count_pairs(session, actor, filters=filters)
        number = current_page(_PAGE, total=count.total, page_size=PAGE_SIZE)
        rows = pair_lists.list_pairs(session, actor, filters=filters, page=number, total=count.total)
    _draw_filters(classes, count)
    if not rows:
        again = Action("看全部", "pairing_clear", on_click=clear, args=(_ROLE, _STATE, _PAGE))
        empty_state(
            "diversity_1", "这里没有结对", "换一种身份、班级，或看全部；给孩子结对，在“还没有人结对”里。",
            actions=[again],
        )  # fmt: skip
        return
    state[_HELPERS] = [row.helper_id for row in rows]
    draw_table(rows, key="pairing_table", alt=f"结对，共 {count.total} 对。", with_helper=True)
    paging_line(_PAGE, total=count.total, unit="对", page_size=PAGE_SIZE)


def draw_table(rows: Sequence[PairRow], *, key: str, alt: str, with_helper: bool) -> None:
    """Draw pairs as rows; a click on the child opens the pair."""
    st.session_state[_SHOWN] = [row.id for row in rows]
    text = st.column_config.TextColumn
    columns: dict[str, Any] = {"child": opening_column("孩子", key=_CHILD, width=95)}
    if with_helper:
        columns["helper"] = opening_column("帮扶人", key=_HELPER, width=95)
    columns |= {"role": text("身份", width=165), "class": text("班级", width=90)}
    if with_helper:
        columns["state"] = StateColumn("情况", list(PAIR.values()), width=150)
    columns["days"] = text("从哪天到哪天", width=190)
    data_table([_row(row) for row in rows], columns, key=key, alt=alt)


def _draw_filters(classes: Sequence[ClassName], count: PairCount) -> None:
    with filter_row():
        numbers = {each: f"{each.label} {count.by_state[each]:,}" for each in PairState}
        pills("哪些结对", numbers, key=_STATE, page=_PAGE, required=True)
        draw_place(classes, page=_PAGE)
    pills("身份", {each: f"{each.label} {count.by_role[each]:,}" for each in PairingRole}, key=_ROLE, page=_PAGE)
    keep_place(classes)
    keep_filter(_ROLE, "role", _ROLES)
    keep_filter(_STATE, "state", _STATES)


def _row(row: PairRow) -> dict[str, Any]:
    return {
        "child": row.child,
        "class": row.class_label,
        "role": row.role.label,
        "helper": row.helper,
        "state": [PAIR[_state(row).value].cell(_state_words(row))],
        "days": days_of(row),
    }


def _state(row: PairRow) -> PairState:
    today = clock.today()
    if row.to_day is not None and row.to_day <= today:
        return PairState.ENDED
    if row.from_day > today:
        return PairState.AHEAD
    return PairState.CHILD_GONE if row.is_child_gone else PairState.RUNNING


def _state_words(row: PairRow) -> str | None:
    return row.end_reason.label if _state(row) is PairState.ENDED and row.end_reason else None


def days_of(row: PairRow) -> str:
    """Return from when to when: the last day it runs is the one before it ends."""
    today = clock.today()
    first = formats.day(row.from_day, today=today)
    return f"{first}起" if row.to_day is None else f"{first}到{formats.day(row.to_day, today=today)}"


# --- one pair ---


def pair_acts(view: PairView) -> list[Action]:
    """Return what can be done with a pair."""
    found = [Action("回到清单", "pairing_back", "arrow_back")]
    if not view.may_write or view.is_over:
        return found
    number = view.stored.id
    return [
        *found,
        Action("改内容", CONTENT, "edit", on_click=open_dialog, args=(CONTENT, number)),
        Action("交给别人", HAND_OVER, "swap_horiz", on_click=open_dialog,
               args=(HAND_OVER, view.stored.helper_id, number)),
        Action("结束", END, "task_alt", on_click=open_dialog, args=(END, number)),
    ]  # fmt: skip


def draw_pair(actor: Actor, view: PairView) -> None:
    """Draw one pair: what it is about, what was before, and what is paid for it."""
    main, side = side_column(1.9)
    row = view.row
    with main:
        with st.container(border=True, gap="small"):
            st.markdown(
                f"**{plain(row.child)}和{plain(row.helper)}** {PAIR[_state(row).value].badge(_state_words(row))}"
            )
            note(f"{row.role.label}，{days_of(row)}。")
            if view.stored.content:
                labelled_words("结对内容", view.stored.content)
            else:
                note("还没有写帮什么、怎么帮。")
            if view.is_over and view.stored.end_words:
                labelled_words("为什么结束", view.stored.end_words)
        _draw_earlier(view)
    with side:
        with side_box("这一对"):
            _draw_facts(view)
            child_link(actor, row.student_id, key="pairing_child")
            diary_act(actor, row.id, child=row.child, from_day=row.from_day)
            if st.button("看这位帮扶人", key="pairing_helper", icon=":material/badge:", type="tertiary"):
                st.query_params.from_dict({"view": "helpers", "helper": str(row.helper_id)})
                st.rerun()
        if allows(actor, Permission.SUBSIDY_WRITE):
            _draw_subsidies(actor, view)


def _draw_facts(view: PairView) -> None:
    told = {
        "孩子": f"{view.row.child}，{view.row.class_label}",
        "帮扶人": f"{view.row.helper}，{view.row.helper_kind.label}",
        "电话": view.phone or "",
        "登记": view.recorded_by or "导入或命令行",
        "结束": view.ended_by or "",
    }
    facts({name: words for name, words in told.items() if words}, alt="这一对的情况")


def _draw_earlier(view: PairView) -> None:
    if not view.earlier:
        return
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{plain(view.row.child)}的{plain(view.row.role.label)}还有过** :small[:gray[从近到远]]")
        for row in view.earlier:
            look = PAIR[_state(row).value]
            st.markdown(f"{plain(row.helper)} {look.badge(_state_words(row))} :small[:gray[{plain(days_of(row))}]]")


def _draw_subsidies(actor: Actor, view: PairView) -> None:
    with reading() as session:
        paid = subsidies.list_of_pair(session, actor, pairing_id=view.stored.id)
        terms = subsidies.list_terms(session, actor)
    if not paid and view.row.role is not PairingRole.GUARDIAN_ANGEL:
        return
    labels = {each.id: each.label for each in terms}
    with side_box("补助"):
        for term_id, row in paid:
            _draw_subsidy(labels.get(term_id, ""), row)
        if not paid:
            note("还没有登记过。")
        if terms:
            word = "办这学期的补助" if _is_there(paid, terms[0].id) else f"登记{terms[0].label}的补助"
            about = (SETTLE, view.stored.id, terms[0].id)
            st.button(plain(word), key="pairing_subsidy", on_click=open_dialog, args=about)


def _is_there(paid: Sequence[tuple[int, SubsidyRow]], term_id: int) -> bool:
    return any(each == term_id and row.amount_fen is not None for each, row in paid)


def _draw_subsidy(term: str, row: SubsidyRow) -> None:
    today = clock.today()
    if row.amount_fen is None:
        back = formats.day(row.taken_back_on, today=today) if row.taken_back_on else ""
        note(f"{term}：{back}收回了。{row.taken_back_why or ''}")
        return
    paid = f"，{formats.day(row.paid_on, today=today)}" if row.paid_on else ""
    st.markdown(f"{plain(term)} {formats.money(row.amount_fen)} {SUBSIDY[row.state.value].badge()}{paid}")
