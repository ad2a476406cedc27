"""The conference of a case on screen: when and with whom, what was written down, what was decided and by whom done."""

import streamlit as st

from db.tables import DecisionState
from db.transactions import transaction
from services import clock, decisions
from services.actors import Actor
from services.cases import CaseView
from services.conference_views import Attendee, ConferenceView, Decision
from services.errors import DomainError
from services.regulations.deadlines import DutyState
from ui import conference_dialogs, decision_dialogs, formats, navigation
from ui.dialogs import open_dialog
from ui.duties import ENDING
from ui.formats import plain, plain_lines
from ui.layout import flash, labelled_words, note, side_box
from ui.messages import explain_alone
from ui.referral_words import due_words, meeting_words, moment, step_badge
from ui.session import who_is_there
from ui.states import DECISION


def draw_side(view: CaseView, conference: ConferenceView) -> None:
    """Draw when and where it is or was, who is asked or came, and what can be done about it."""
    step = view.row.conference
    with side_box("集体研讨", badge=step_badge(step) if step else ""):
        if conference.held_at:
            note(f"{moment(conference.held_at)} 开过{f'，{conference.place}' if conference.place else ''}")
        else:
            due = f"最晚 {due_words(step.due_at)}" if step else ""
            planned = meeting_words(conference.planned_at) if conference.planned_at else "还没定哪天开"
            note(f"{planned}{f'，{conference.place}' if conference.place else ''}；{due}")
        for each in conference.people:
            _draw_person(each)
        if conference.may_write:
            _draw_acts(view, conference)


def _draw_person(each: Attendee) -> None:
    name = formats.plain(each.name)
    if each.is_present is None:
        st.markdown(f":material/person: {name}")
    elif each.is_present:
        st.markdown(f":material/check: {name}" + ("" if each.is_invited else " :small[:gray[没请也来了]]"))
    else:
        st.markdown(f":gray[:material/person_off: {name}] :small[:gray[没有来]]")


def _draw_acts(view: CaseView, conference: ConferenceView) -> None:
    with st.container(horizontal=True, gap="xsmall"):
        if conference.held_at is None:
            _open("定时间和人", conference_dialogs.PLANNING, conference.id, icon="event")
        label = "改记录" if conference.recorded_at else "写研讨记录"
        kind = "secondary" if conference.recorded_at else "primary"
        if st.button(label, key="conference_write", icon=":material/edit_note:", type=kind):  # type: ignore[arg-type]
            st.switch_page(navigation.path_of("conference"), query_params={"case": str(view.row.id)})
        if conference.recorded_at:
            _open("打印", conference_dialogs.PRINTING, conference.id, icon="print")
            _open("以前的样子", conference_dialogs.VERSIONS, conference.id, icon="history")


def _open(label: str, name: str, *about: int, icon: str, key: str = "") -> None:
    st.button(label, key=key or name, icon=f":material/{icon}:", on_click=open_dialog, args=(name, *about))


def draw_main(actor: Actor, view: CaseView, conference: ConferenceView) -> None:
    """Draw what was written down and decided, once it was held; and whatever dialog is open about it."""
    if conference.recorded_at:
        with st.container(border=True, gap="small"):
            st.markdown("**研讨记录**")
            labelled_words("情况", conference.findings)
            labelled_words("结论", conference.conclusion)
    if conference.held_at:
        _draw_decisions(conference)
    conference_dialogs.draw_opened(actor, view, conference)


def _draw_decisions(conference: ConferenceView) -> None:
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", wrap=False):
            left = sum(each.state is DecisionState.OPEN for each in conference.decisions)
            count = f" :small[:gray[还有 {left} 件没做完]]" if left else ""
            st.markdown(f"**定下的事**{count}", width="content")
            if conference.may_write:
                _open("加一件", decision_dialogs.EDITING, conference.id, 0, icon="add", key="decision_add")
        if not conference.decisions:
            note("没有记下要做的事。定了谁做什么，就加一件，到期的那天会在他的工作台上。")
        unknowing = [each.owner_name for each in conference.decisions if _goes_to_unknowing(each)]
        if unknowing:
            names = "、".join(dict.fromkeys(unknowing))
            note(f"标记疑似侵害以前交给{names}的事还开着，他看不到标记。牵涉家里的，请换人，或定为不用做了。",
                 icon="shield_person")  # fmt: skip
        for each in conference.decisions:
            _draw_decision(conference, each)


def _goes_to_unknowing(each: Decision) -> bool:
    return each.state is DecisionState.OPEN and not each.owner_knows


def _draw_decision(conference: ConferenceView, each: Decision) -> None:
    with st.container(border=True, gap="xsmall"):
        if each.state is DecisionState.OPEN:
            badge, told = step_badge(each.step), f"{each.owner_name}做，{due_words(each.step.due_at)}"
        else:
            badge, told = DECISION[each.state.value].badge(), f"{each.owner_name}做，{_ended(each)}"
        st.markdown(f"{plain_lines(each.text or '')}  \n{badge} :small[:gray[{plain(told)}]]")
        with st.container(horizontal=True, gap="xsmall"):
            if each.state is DecisionState.OPEN:
                if each.may_end:
                    _open("做完了", ENDING, each.id, icon="check", key=f"decision_end_{each.id}")
                if conference.may_write:
                    _open(
                        "改", decision_dialogs.EDITING, conference.id, each.id, icon="edit", key=f"decision_{each.id}"
                    )
            elif each.may_end and (each.state is DecisionState.DONE or conference.may_decide):
                st.button("还要做", key=f"decision_reopen_{each.id}", type="tertiary", icon=":material/undo:",
                          on_click=_reopen, args=(each.id, each.version))  # fmt: skip


def _ended(each: Decision) -> str:
    day = formats.day(each.ended_on, today=clock.today()) if each.ended_on else ""
    late = "（过了期限）" if each.step.state is DutyState.MET_LATE else ""
    return f"{day}{late}{f'，{each.ended_by}记' if each.ended_by else ''}：{each.note or ''}"


def _reopen(decision_id: int, version: int) -> None:
    actor = who_is_there()
    if actor is None:
        return
    try:
        with transaction() as session:
            decisions.reopen_decision(session, actor, decision_id=decision_id, version=version)
    except DomainError as error:
        flash(explain_alone(error), icon="error")
        return
    flash("又放回去了，做完再记一次。")
