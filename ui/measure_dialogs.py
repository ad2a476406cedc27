"""The dialogs about one measure or goal: reading the own one, noting what came of it, ending it, judging a goal."""

from datetime import date
from typing import Any

import streamlit as st
from sqlmodel import Session

from db.base import Labelled
from db.tables import GoalState, MeasureRhythm, MeasureState
from db.transactions import reading
from services import clock, measures
from services.actors import Actor
from services.errors import DomainError
from services.measures import EndEntry, NoteEntry, NoteLine, OwnMeasure
from services.plan_views import GoalView
from ui.dialog_parts import buttons, cancel_if, finish, form_fields
from ui.dialogs import close_dialog, opened_about
from ui.duties import MEASURE
from ui.formats import day, day_range, plain, plain_lines
from ui.forms import Form, is_being_filled, shown
from ui.layout import CLOSE, labelled_words, leave_button, note, refusal
from ui.wording import day_field

GOAL = "plan_goal"
_NOTE, _END = "note", "end"
_LABELS = {"outcome": "怎么样了", "day": "哪天", "text": "怎么样"}
_OUTCOMES = (MeasureState.DONE, MeasureState.STOPPED)


def draw_opened(actor: Actor) -> None:
    """Draw the dialog in which somebody reads a measure and notes what came of it, if it is open."""
    if about := opened_about(MEASURE):
        _measure(actor, about[0])


@st.dialog("帮扶措施", dismissible=False)
def _measure(actor: Actor, measure_id: int) -> None:
    try:
        with reading() as session:
            found = measures.find_measure(session, actor, measure_id=measure_id)
    except DomainError as error:
        refusal(error)
        _close()
        return
    _tell(found)
    name = f"measure_{measure_id}"
    if found.state is not MeasureState.OPEN and not is_being_filled(name):
        note(f"已经记下“{found.state.label}”。")
        labelled_words("结果", found.outcome)
        _close()
        return
    drawn = {"id": found.id, "version": found.version, "words": found.text}
    form = Form(name, drawn, labels=_LABELS, around={"words": "做什么"}, show=_show)
    form.notices()
    acts = {_NOTE: "记一次进展", _END: "做完了"} | ({"stop": "不用做了"} if found.may_stop else {})
    with form.field("act", _END if found.ends_on < clock.today() else _NOTE) as key:
        act = st.segmented_control(
            "记什么", list(acts), key=key, format_func=acts.__getitem__, required=True, wrap=True
        )
    with form_fields(form):
        with form.field("day", clock.today()) as key:
            on = day_field("哪天", key=key)
        with form.field("text", "") as key:
            asked = "做了什么，孩子怎样" if act == _NOTE else "结果怎样，或为什么不用做了"
            words = st.text_area(asked, key=key, height=100, placeholder="一两句就好。")
        saved, cancelled = buttons(form, "记下")
    cancel_if(form, cancelled)
    if saved:
        finish(form, lambda session: _save(session, actor, form, act, on, words), words="已记下。")


def _save(session: Session, actor: Actor, form: Form, act: str | None, on: date | None, words: str | None) -> None:
    number = form.drawn_from.id or 0
    if act == _NOTE:
        measures.note_progress(session, actor, measure_id=number, entry=NoteEntry(on, words))
        return
    outcome = MeasureState.DONE if act == _END else MeasureState.STOPPED
    entry = EndEntry(outcome, on, words)
    measures.end_measure(session, actor, measure_id=number, version=form.version, entry=entry)


def _tell(found: OwnMeasure) -> None:
    """Say what is to be done, from when to when, how often, and whom to ask about it."""
    st.markdown(plain_lines(found.text or ""))
    span = day_range(found.starts_on, found.ends_on, today=clock.today())
    about = f"，{found.child}" if found.child else ""
    whom = f"有事问{found.asked_by}。" if found.asked_by else ""
    note(f"{found.domain.label}，{rhythm_words(found.rhythm)}，{span}{about}；{found.responsible_name}做。{whom}")
    draw_notes(found.notes, limit=3)


def rhythm_words(rhythm: MeasureRhythm) -> str:
    """每周一次; what has no rhythm says so by itself."""
    return rhythm.label if rhythm in {MeasureRhythm.ONCE, MeasureRhythm.AS_NEEDED} else f"{rhythm.label}一次"


def draw_notes(notes: tuple[NoteLine, ...], *, limit: int | None = None) -> None:
    """Draw what was noted of a measure, the latest day first."""
    for each in notes[:limit]:
        by = f"，{each.author}" if each.author else ""
        st.markdown(f":small[:gray[{plain(day(each.day, today=clock.today()))}{plain(by)}：]] {plain(each.text or '')}")
    if limit is not None and len(notes) > limit:
        note(f"还有 {len(notes) - limit} 条更早的。")


def draw_goal(actor: Actor, goals: tuple[GoalView, ...]) -> None:
    """Draw the dialog in which a goal is judged, if it is open about one of these."""
    about = opened_about(GOAL)
    goal = next((each for each in goals if about and each.id == about[0]), None)
    if goal is not None:
        _judge(actor, goal)


@st.dialog("目标怎么样了", dismissible=False)
def _judge(actor: Actor, goal: GoalView) -> None:
    drawn = {"id": goal.id, "version": goal.version, "outcome": goal.state, "day": goal.judged_on, "text": goal.note,
             "words": goal.text}  # fmt: skip
    form = Form(f"plan_goal_{goal.id}", drawn, labels=_LABELS, around={"words": "目标"}, show=_show)
    form.notices()
    st.markdown(plain(goal.text or ""))
    note(f"怎么看出达到了：{goal.sign or ''}")
    with form_fields(form):
        with form.field("outcome", GoalState.OPEN) as key:
            outcome = st.segmented_control("怎么样了", list(GoalState), key=key, format_func=_label, wrap=True)
        with form.field("day", clock.today()) as key:
            on = day_field("哪天看的", key=key)
        with form.field("text", "") as key:
            words = st.text_area("看到了什么", key=key, height=80, placeholder="一两句就好；还在努力可以空着。")
        saved, cancelled = buttons(form, "记下")
    cancel_if(form, cancelled)
    if saved:
        finish(form, lambda session: measures.judge_goal(session, actor, goal_id=goal.id, version=form.version,
                                                         entry=EndEntry(outcome, on, words)))  # fmt: skip


def _close() -> None:
    with st.container(horizontal=True, horizontal_alignment="right"):
        if leave_button(CLOSE, key="measure_close"):
            close_dialog()


def _label(value: Labelled) -> str:
    return value.label


def _show(_name: str, value: Any) -> str:  # any field's value
    return value.label if isinstance(value, Labelled) else shown(value)
