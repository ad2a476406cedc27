"""A support plan on screen: what is in force, with what came of it; what waits; and every version before."""

from collections.abc import Mapping

import streamlit as st

from db.tables import GoalState, MeasureState, PlanState
from db.transactions import transaction
from services import clock, measures
from services.errors import DomainError
from services.plan_contents import PlanEntry
from services.plan_views import GoalView, MeasureView, PlanView, VersionView, compare
from ui import formats
from ui.dialogs import open_dialog
from ui.duties import MEASURE as NOTING
from ui.formats import day_range, plain, plain_lines
from ui.layout import flash, labelled_words, note
from ui.measure_dialogs import GOAL as JUDGING
from ui.measure_dialogs import draw_notes, rhythm_words
from ui.messages import explain_alone
from ui.referral_words import moment
from ui.session import who_is_there
from ui.states import GOAL, MEASURE, PLAN

_SHOWN_NOTES = 3


def badges_of(view: PlanView) -> list[str]:
    """Return the plan's kind, what of it is in force, and what waits."""
    badges = [f":primary-badge[{view.kind.label}]"]
    if view.current:
        badges.append(PLAN["in_force"].badge(f"第 {view.current.number} 版在用"))
    if view.pending:
        badges.append(PLAN[view.pending.state.value].badge(f"第 {view.pending.number} 版{view.pending.state.label}"))
    elif not view.current:
        badges.append(PLAN["ended"].badge("没有在用的"))
    return badges


def draw_current(view: PlanView, current: VersionView) -> None:
    """Draw goals and measures one works by, each with its acts."""
    with st.container(border=True, gap="small"):
        due = current.entry.review_on
        is_due = due is not None and due <= clock.today()
        review = f"{formats.day(due, today=clock.today())}复查" if due else ""
        st.markdown(f"**目标** :small[:gray[{review}{'，已经到了' if is_due else ''}]]")
        for goal in view.goals:
            _draw_goal(view, goal)
    with st.container(border=True, gap="small"):
        st.markdown("**措施**")
        unknowing = [each.responsible_name for each in view.measures
                     if each.state is MeasureState.OPEN and not each.responsible_knows]  # fmt: skip
        if unknowing:
            names = "、".join(dict.fromkeys(unknowing))
            note(f"标记疑似侵害以前交给{names}的措施还开着，他看不到标记。牵涉家里的，请改方案换人，或记下不用做了。",
                 icon="shield_person")  # fmt: skip
        for each in view.measures:
            _draw_measure(view, each)
    if current.entry.basis:
        with st.container(border=True):
            labelled_words("为什么这样帮", current.entry.basis)


def _draw_goal(view: PlanView, goal: GoalView) -> None:
    with st.container(border=True, gap="xsmall"):
        judged = ""
        if goal.state is not GoalState.OPEN and goal.judged_on:
            judged = f"；{formats.day(goal.judged_on, today=clock.today())}：{goal.note or ''}"
        st.markdown(f"{plain(goal.text or '')}  \n{GOAL[goal.state.value].badge()} "
                    f":small[:gray[凭什么看出：{plain(goal.sign or '')}{plain(judged)}]]")  # fmt: skip
        if view.may_write:
            st.button("看看怎么样了", key=f"plan_goal_{goal.id}", icon=":material/flag:", type="tertiary",
                      on_click=open_dialog, args=(JUDGING, goal.id))  # fmt: skip


def _draw_measure(view: PlanView, each: MeasureView) -> None:
    span = day_range(each.starts_on, each.ends_on, today=clock.today())
    told = f"{each.domain.label}，{each.responsible_name}做，{rhythm_words(each.rhythm)}，{span}"
    badge = MEASURE[each.state.value].badge()
    if each.state is MeasureState.OPEN and each.ends_on < clock.today():
        badge = ":orange-badge[:material/alarm: 到期了，还没有结果]"
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"{plain_lines(each.text or '')}  \n{badge} :small[:gray[{plain(told)}]]")
        if each.ended_on:
            ended = formats.day(each.ended_on, today=clock.today())
            st.markdown(f":small[:gray[{ended}的结果：]] {plain(each.outcome or '')}")
        draw_notes(each.notes, limit=_SHOWN_NOTES)
        if view.may_write:
            with st.container(horizontal=True, gap="xsmall"):
                if each.state is MeasureState.OPEN:
                    st.button("记进展", key=f"plan_measure_{each.id}", icon=":material/edit_note:", type="tertiary",
                              on_click=open_dialog, args=(NOTING, each.id))  # fmt: skip
                else:
                    st.button("还要做", key=f"plan_reopen_{each.id}", icon=":material/undo:", type="tertiary",
                              on_click=_reopen, args=(each.id, each.version))  # fmt: skip


def _reopen(measure_id: int, version: int) -> None:
    actor = who_is_there()
    if actor is None:
        return
    try:
        with transaction() as session:
            measures.reopen_measure(session, actor, measure_id=measure_id, version=version)
    except DomainError as error:
        flash(explain_alone(error), icon="error")
        return
    flash("又放回去了，做完再记一次。")


def draw_version(version: VersionView, names: Mapping[int, str]) -> None:
    """Draw what a version says, as it was written."""
    entry = version.entry
    labelled_words("为什么改", entry.reason)
    labelled_words("为什么这样帮", entry.basis)
    _draw_lines(entry, names)
    if entry.review_on:
        note(f"{formats.day(entry.review_on, today=clock.today())}复查。")
    labelled_words("为什么退回" if version.state is PlanState.RETURNED else "点头时说的", version.answer)
    labelled_words("为什么结束", version.end_reason)


def _draw_lines(entry: PlanEntry, names: Mapping[int, str]) -> None:
    for goal in entry.goals:
        st.markdown(f":material/flag: {plain(goal.text or '')} :small[:gray[凭什么看出：{plain(goal.sign or '')}]]")
    for each in entry.measures:
        span = day_range(each.starts_on, each.ends_on, today=clock.today()) if each.starts_on and each.ends_on else ""
        rhythm = rhythm_words(each.rhythm) if each.rhythm else ""
        domain = each.domain.label if each.domain else ""
        told = f"{domain}，{names.get(each.responsible_id or 0, '')}做，{rhythm}，{span}"
        st.markdown(f":material/check_small: {plain(each.text or '')} :small[:gray[{plain(told)}]]")


def version_line(version: VersionView) -> str:
    """第 2 版，换成新的一版，何知微 11月20日 09:40 写."""
    by = f"，{version.written_by} {moment(version.written_at)} 写" if version.written_by else ""
    answered = f"，{version.answered_by}答" if version.answered_by else ""
    return f"第 {version.number} 版，{version.state.label}{by}{answered}"


def draw_versions(view: PlanView) -> None:
    """Draw every version, the latest first, each with what it has otherwise than the one before."""
    with st.container(border=True, gap="small"):
        st.markdown("**每一版**")
        for place, version in enumerate(view.versions):
            with st.expander(plain(version_line(version))):
                if place + 1 < len(view.versions):
                    draw_differences(view, view.versions[place + 1], version)
                draw_version(version, view.names)


def draw_differences(view: PlanView, before: VersionView, after: VersionView) -> None:
    """Draw field by field what the later of two versions has otherwise."""
    rows = [
        {"": plain(f"{each.part}：{each.field}" if each.part else each.field),
         f"第 {before.number} 版": plain(each.before), f"第 {after.number} 版": plain(each.after)}
        for each in compare(view, before.number, after.number)
    ]  # fmt: skip
    if rows:
        st.table(rows, border="horizontal", hide_index=True)
    else:
        note(f"和第 {before.number} 版写得一样。")
