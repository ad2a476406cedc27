"""One child's archive on screen: what is in it and what is missing, the tier and how it came there."""

from itertools import pairwise

import streamlit as st

from db.tables import TierState
from db.transactions import transaction
from services import archive_prints, archives, clock, warning_groups
from services.access import Permission, allows
from services.actors import Actor
from services.archive_contents import owed_by
from services.archive_parts import LATER, Part, PartPlace
from services.errors import DomainError
from services.tier_kinds import TierOrder
from services.tier_views import ArchiveView, Change
from ui import formats, navigation, tier_dialogs
from ui.dialogs import open_dialog
from ui.formats import plain, plain_lines
from ui.layout import act_row, flash, labelled_words, note, refusal, side_box, side_column
from ui.states import Look
from ui.tier_words import REQUEST, review_badge, tier_look, tier_word
from ui.word_file import print_act

_THERE, _MISSING = Look("check_circle", "有", "green", "✓"), Look("cancel", "缺", "red", "✕")


def draw_archive(actor: Actor, view: ArchiveView, order: TierOrder) -> None:
    """Draw the parts, the history of the tier, and at the side the tier with its acts."""
    main, side = side_column(1.9)
    with main:
        _draw_parts(actor, view)
        if view.may_set:
            _draw_history(actor, view, order)
    with side:
        _draw_tier(actor, view, order)
        if view.may_set and (view.group_id or view.is_key):
            _draw_group(actor, view)
        _draw_keeping(actor, view)
    tier_dialogs.draw_opened(view, order)
    tier_dialogs.draw_answer()


def _draw_parts(actor: Actor, view: ArchiveView) -> None:
    row = view.row
    done, wanted = len(row.there), len(row.there) + len(row.missing)
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**档案内容** :small[:gray[{done} 项有，共要 {wanted} 项]]")
        for part in row.missing:
            _draw_part(actor, view, part, is_there=False)
        for part in row.there:
            _draw_part(actor, view, part, is_there=True)
        if view.may_set and LATER:
            note(f"程序里还没有地方放、先不算：{'、'.join(label for label, _ in LATER)}。")


def _draw_part(actor: Actor, view: ArchiveView, part: Part, *, is_there: bool) -> None:
    look = _THERE if is_there else _MISSING
    reason = "" if is_there else f"{owed_by(view, part)}补"
    target = _target(actor, view, part)
    button = None if target is None else ("打开" if is_there else "去补")
    if act_row(part.label, look.badge(), reason, button, key=f"archive_part_{part.code}") and target:
        page, query = target
        st.switch_page(navigation.path_of(page), query_params=query)


def _target(actor: Actor, view: ArchiveView, part: Part) -> tuple[str, dict[str, str]] | None:
    """Return where a part is written, as far as this person may go there."""
    child = {"student": str(view.row.student_id)}
    match part.place:
        case PartPlace.CARD if allows(actor, Permission.STUDENT_WRITE):
            return "card_edit", child
        case PartPlace.TERM if allows(actor, Permission.ENTRY_WRITE):
            return navigation.CHILD, {**child, "child_tab": "学期记录"}
        case PartPlace.RECORDS:
            return navigation.CHILD, {**child, "child_tab": "工作记录"}
        case PartPlace.GROUP if view.group_id is not None:
            return "warning_groups", {"group": str(view.group_id)}
        case PartPlace.CASE if view.case_id is not None:
            return "cases", {"case": str(view.case_id)}
        case PartPlace.SCREENING if allows(actor, Permission.SCREENING_READ):
            return "screening", child
        case PartPlace.CHILD:
            return ("student_edit", child) if allows(actor, Permission.STUDENT_WRITE) else (navigation.CHILD, child)
        case _:
            return None


def _draw_tier(actor: Actor, view: ArchiveView, order: TierOrder) -> None:
    row = view.row
    with side_box("等级", badge=tier_look(row.tier, order).badge(), gap="small"):
        if row.review_on:
            st.markdown(review_badge(row.review_on))
        if view.held_since:
            note(f"从 {formats.day(view.held_since, today=clock.today())}起在这一级。")
        if not view.may_set:
            note("为什么定在这一级，只有关爱室能看。")
            return
        st.button(
            "定等级、复核", key="archive_set_tier", type="primary", icon=":material/swap_vert:", on_click=open_dialog,
            args=(tier_dialogs.SET, row.student_id, 0),
        )  # fmt: skip
        if view.waiting:
            _draw_waiting(actor, view, view.waiting, order)
        for each in view.suggestions:
            note(
                f"筛查提示（{formats.day(each.suggested_on, today=clock.today())}）："
                f"{tier_word(each.tier_id, order)}。{each.reason or ''}",
                icon="lightbulb",
            )
            with st.container(horizontal=True, gap="xsmall"):
                st.button(
                    "照它定", key=f"archive_take_{each.id}", on_click=open_dialog,
                    args=(tier_dialogs.SET, row.student_id, each.id),
                )  # fmt: skip
                st.button(
                    "不照它定", key=f"archive_leave_{each.id}", on_click=open_dialog,
                    args=(tier_dialogs.LEAVE, row.student_id, each.id),
                )  # fmt: skip


def _draw_waiting(actor: Actor, view: ArchiveView, waiting: Change, order: TierOrder) -> None:
    st.markdown(f"{REQUEST[TierState.WAITING].badge()} 降到{plain(tier_word(waiting.tier_id, order))}")
    note(f"{waiting.author or ''}提的；同意以前还是原来的等级。")
    if waiting.author_id == actor.user_id:
        st.button(
            "撤回", key="archive_withdraw", on_click=open_dialog, args=(tier_dialogs.WITHDRAW, view.row.student_id)
        )
    elif view.may_answer:
        st.button("看看，答复", key="archive_answer", on_click=tier_dialogs.open_answer, args=(waiting.id,))


def _draw_history(actor: Actor, view: ArchiveView, order: TierOrder) -> None:
    with st.container(border=True, gap="small"):
        st.markdown("**等级的经过**")
        if not view.changes:
            note("还没有定过。")
        standing = sorted((each for each in view.changes if each.number), key=lambda each: each.number or 0)
        before = {later.id: earlier.tier_id for earlier, later in pairwise(standing)}
        for change in view.changes:
            _draw_change(actor, change, order, before.get(change.id))


def _draw_change(actor: Actor, change: Change, order: TierOrder, before_id: int | None) -> None:
    today = clock.today()
    look = tier_look(order.of(change.tier_id), order)
    state = REQUEST[change.state].badge() if change.state in REQUEST else ""
    what = "复核，维持" if before_id == change.tier_id else ("第一次定" if before_id is None else "改")
    if change.state is not TierState.STANDING:
        what = "提出降到"
    agreed = f"，{change.decided_by}同意" if change.state is TierState.STANDING and change.decided_by else ""
    who = f"{change.author or ''}{agreed}"
    words = f"  \n{plain_lines(change.reason)}" if change.reason else ""
    day = formats.day(change.from_day, today=today)
    st.markdown(f"**{day}** {what} {look.badge()} {state} :small[:gray[{plain(who)}]]{words}")
    labelled_words("凭据", change.evidence)
    labelled_words("没有同意，因为", change.note)
    with st.container(horizontal=True, gap="xsmall"):
        if (
            change.record_id
            and change.record_label
            and st.button(plain(f"看{change.record_label}"), key=f"archive_record_{change.id}", type="tertiary")
        ):
            st.switch_page(navigation.path_of("record"), query_params={"record": str(change.record_id)})
        if change.referral_id and st.button("看评估", key=f"archive_assessment_{change.id}", type="tertiary"):
            query = {"referral": str(change.referral_id)}
            st.switch_page(navigation.path_of("assessment"), query_params=query)


def _draw_group(actor: Actor, view: ArchiveView) -> None:
    with side_box("预警干预小组", gap="small"):
        if view.group_id is not None:
            if st.button("打开小组", key="archive_group", icon=":material/diversity_3:"):
                st.switch_page(navigation.path_of("warning_groups"), query_params={"group": str(view.group_id)})
            return
        note("还没有成立。在最重的两级的孩子都要有。")
        if st.button("成立小组", key="archive_found_group", icon=":material/group_add:"):
            try:
                with transaction() as session:
                    group_id = warning_groups.found_group(session, actor, student_id=view.row.student_id)
            except DomainError as error:
                refusal(error)
                return
            flash("已成立，请把人加进来。")
            st.switch_page(navigation.path_of("warning_groups"), query_params={"group": str(group_id)})


def _draw_keeping(actor: Actor, view: ArchiveView) -> None:
    row, today = view.row, clock.today()
    with side_box("建档", gap="small"):
        print_act(
            actor, "archive_print", row.student_id, paper="整份档案", child=row.name,
            make=lambda session, who, purpose: archive_prints.print_archive(
                session, who, student_id=row.student_id, purpose=purpose
            ),
        )  # fmt: skip
        if row.opened_on is None:
            note("还没有建档。")
            if allows(actor, Permission.ARCHIVE_WRITE) and st.button(
                plain(f"给{row.name}建档"), key="archive_begin", icon=":material/add:"
            ):
                with transaction() as session:
                    archives.begin_archives(session, actor, student_ids=[row.student_id])
                flash("已建档。")
                st.rerun()
            return
        note(f"{formats.day(row.opened_on, today=today)}建的。")
        if view.handed_over_on:
            note(f"{formats.day(view.handed_over_on, today=today)}已移交，对方签收了。", icon="move_to_inbox")
        elif allows(actor, Permission.ARCHIVE_HAND_OVER) and st.button(
            "移交给别的学校", key="archive_hand_over", icon=":material/move_to_inbox:", type="tertiary"
        ):
            st.switch_page(navigation.path_of("handovers"), query_params={"student": str(row.student_id)})
        if view.last_look:
            note(f"{formats.day(view.last_look, today=today)} {view.last_looker or ''}整理过。")
        if allows(actor, Permission.ARCHIVE_WRITE) and st.button(
            "整理过了", key="archive_looked", icon=":material/done_all:"
        ):
            with transaction() as session:
                archives.look_through(session, actor, student_id=row.student_id)
            flash("已记下。")
            st.rerun()
