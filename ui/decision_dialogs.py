"""The dialogs about what a conference decided: writing one down, reading one's own and saying it is done."""

from datetime import date
from typing import Any

import streamlit as st

from db.base import Labelled
from db.tables import DecisionState
from db.transactions import reading
from services import clock, conference_views, decisions
from services.access import Permission
from services.account_lists import StaffName
from services.actors import Actor
from services.conference_views import ConferenceView
from services.decisions import DecisionEntry, EndEntry, OwnDecision
from services.errors import DomainError
from ui.assessment_form import with_roles
from ui.dialog_parts import buttons, cancel_if, finish, form_fields
from ui.dialogs import close_dialog, opened_about
from ui.duties import ENDING
from ui.formats import day, plain_lines
from ui.forms import Form, is_being_filled, shown
from ui.layout import CLOSE, leave_button, note, refusal
from ui.referral_words import due_words
from ui.session import require_user
from ui.telling import tell
from ui.wording import day_field

EDITING = "decision_edit"
_LABELS = {"text": "决定做什么", "owner_id": "谁做", "due_on": "最晚哪天"}
_END_LABELS = {"ended_on": "哪天", "note": "怎么做的"}
_OUTCOMES = (DecisionState.DONE, DecisionState.DROPPED)


def draw_opened(actor: Actor) -> None:
    """Draw the dialog in which somebody reads what was decided for them, if it is open."""
    if about := opened_about(ENDING):
        _end(actor, about[0])


@st.dialog("研讨定的事", dismissible=False)
def _end(actor: Actor, decision_id: int) -> None:
    try:
        with reading() as session:
            found = decisions.find_decision(session, actor, decision_id=decision_id)
    except DomainError as error:
        refusal(error)
        _close()
        return
    name = f"decision_end_{decision_id}"
    _tell(found)
    if found.state is not DecisionState.OPEN and not is_being_filled(name):
        note(f"已经记下“{found.state.label}”。")
        _close()
        return
    drawn = {"id": found.id, "version": found.version, "note": found.note, "text": found.text, "due_on": found.due_on}
    form = Form(name, drawn, labels=_END_LABELS, around={"text": "决定做什么", "due_on": "最晚哪天"}, show=_show)
    form.notices()
    outcome: DecisionState | None = DecisionState.DONE
    with form_fields(form):
        if found.may_drop:
            with form.field("outcome", DecisionState.DONE) as key:
                outcome = st.segmented_control("怎么样了", _OUTCOMES, key=key, format_func=_label, wrap=True)
        with form.field("ended_on", clock.today()) as key:
            ended_on = day_field("哪天", key=key)
        with form.field("note", "") as key:
            asked = "怎么做的，或为什么不用做了" if found.may_drop else "怎么做的"
            words = st.text_area(asked, key=key, height=80, placeholder="一两句就好。")
        saved, cancelled = buttons(form, "记下")
    cancel_if(form, cancelled)
    if saved:
        entry = EndEntry(outcome, ended_on, words)
        finish(
            form,
            lambda session: decisions.end_decision(
                session, actor, decision_id=decision_id, version=form.version, entry=entry
            ),
            words="已记下。",
        )


def _tell(found: OwnDecision) -> None:
    """Say what is to be done, by when, and whom to ask about it."""
    st.markdown(plain_lines(found.text or ""))
    held = f"{day(clock.local(found.held_at).date(), today=clock.today())}研讨定的" if found.held_at else "研讨定的"
    about = f"，{found.child}" if found.child else ""
    whom = f"有事问{found.decided_by}。" if found.decided_by else ""
    note(f"{held}{about}；{found.owner_name}做，{due_words(found.step.due_at)}。{whom}")


def _close() -> None:
    with st.container(horizontal=True, horizontal_alignment="right"):
        if leave_button(CLOSE, key="decision_end_close"):
            close_dialog()


@st.dialog("研讨定的事", dismissible=False)
def edit(child: str, conference: ConferenceView, decision_id: int) -> None:
    """Write one more thing down, or change one that is still open."""
    actor = require_user(Permission.CASE_READ)
    drawn = next((each for each in conference.decisions if each.id == decision_id), None)
    with reading() as session:
        people = conference_views.list_people_to_ask(session, actor, conference_id=conference.id)
    form = Form(
        f"decision_edit_{conference.id}_{decision_id}", drawn, labels=_LABELS,
        show=lambda name, value: _name_of(people, value) if name == "owner_id" else _show(name, value),
    )  # fmt: skip
    form.notices()
    with form_fields(form):
        entry = draw_fields(form, people, invited_first(conference, people))
        saved, cancelled = buttons(form, f"保存{child}的这件事")
    cancel_if(form, cancelled)
    if saved:
        finish(
            form,
            lambda session: decisions.save_decision(
                session, actor, conference_id=conference.id, entry=entry,
                decision_id=form.drawn_from.id, version=form.drawn_from.version,
            ),
        )  # fmt: skip


def draw_fields(
    form: Form, people: dict[int, StaffName], order: list[int], *, prefix: str = "", **options: Any
) -> DecisionEntry:
    """Draw words, owner and day of one decision; return them as typed. `options` go to each widget."""
    with form.field(f"{prefix}text", "") as key:
        text = st.text_area("决定做什么", key=key, height=80, placeholder="做什么，怎么做。", **options)
    left, right = st.columns(2)
    with left, form.field(f"{prefix}owner_id") as key:
        if st.session_state[key] is not None and st.session_state[key] not in people:
            tell(key, None)  # the account was closed, or may not know of it
        owner_id = st.selectbox(
            "谁做", order, key=key, index=None, placeholder="请选",
            format_func=lambda each: with_roles(people.get(each)), **options,
        )  # fmt: skip
    with right, form.field(f"{prefix}due_on") as key:
        due_on: date | None = day_field("最晚哪天", key=key, **options)
    return DecisionEntry(text, owner_id, due_on)


def invited_first(conference: ConferenceView, people: dict[int, StaffName]) -> list[int]:
    """Return who can carry something out, those who are asked to the conference first."""
    invited = {each.user_id for each in conference.people}
    return sorted(people, key=lambda each: each not in invited)


def _name_of(people: dict[int, StaffName], value: Any) -> str:  # any field's value
    return people[value].display_name if value in people else shown(None)


def _label(value: Labelled) -> str:
    return value.label


def _show(_name: str, value: Any) -> str:  # any field's value
    return value.label if isinstance(value, Labelled) else shown(value)
