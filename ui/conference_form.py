"""The form of a conference's record: when, who came, what was found and concluded, and what was decided."""

import re
from collections.abc import Callable
from datetime import date, time
from typing import Any

import streamlit as st

from services import clock
from services.account_lists import StaffName
from services.conference_views import Attendee, ConferenceView
from services.conferences import RecordEntry
from services.decisions import MOST_AT_ONCE, DecisionEntry
from ui import formats
from ui.assessment_form import names_typed
from ui.decision_dialogs import draw_fields, invited_first
from ui.form_drafts import FormDraft
from ui.forms import Form, shown
from ui.layout import note
from ui.telling import keep_to
from ui.wording import day_field

DRAFT = "conference"
ROWS = "rows"
_FIRST_ROWS = 2
LABELS = {
    "held_on": "哪天开的", "held_time": "几点", "present": "谁来了", "others": "还有谁来了", "findings": "情况",
    "conclusion": "结论",
}  # fmt: skip
_DECISION = re.compile(r"decision_\d+_(text|owner_id|due_on)")


def draft_of(form: Form, conference: ConferenceView, student_id: int) -> FormDraft:
    """Return what keeps the record of one conference while it is typed."""
    subject = f"conference:{conference.id}"
    return FormDraft(form, DRAFT, subject, _reader(conference), beside={ROWS: _rows_read}, about=(student_id,))


def _reader(conference: ConferenceView) -> Callable[[str, Any], Any]:
    asked = {each.id for each in conference.people}

    def read(name: str, value: Any) -> Any:  # any field's value
        if found := _DECISION.fullmatch(name):
            return value if value is None else _PARTS[found[1]](value)
        if name == "present":
            return [int(each) for each in value if int(each) in asked]
        return value if value is None else _FIELDS[name](value)

    return read


_PARTS: dict[str, Callable[[Any], Any]] = {"text": str, "owner_id": int, "due_on": date.fromisoformat}
_FIELDS: dict[str, Callable[[Any], Any]] = {
    "held_on": date.fromisoformat,
    "held_time": time.fromisoformat,
    "others": str,
    "findings": str,
    "conclusion": str,
}


def _rows_read(value: Any) -> int:  # what stands in the draft
    return min(max(int(value or _FIRST_ROWS), _FIRST_ROWS), MOST_AT_ONCE)


def show_value(conference: ConferenceView) -> Callable[[str, Any], str]:
    """Return how fields are written in the box that shows two versions."""
    names = {each.id: each.name for each in conference.people}

    def show(name: str, value: Any) -> str:  # any field's value
        if name == "present":
            return "、".join(names.get(each, "") for each in sorted(value or ())) or shown(None)
        return formats.clock(value) if isinstance(value, time) else shown(value)

    return show


def draw_meeting(form: Form, draft: FormDraft, conference: ConferenceView) -> None:
    """Draw when it was, and who came of those asked and without."""
    planned = clock.local(conference.planned_at) if conference.planned_at else None
    start = planned if planned and planned <= clock.local(clock.now()) else clock.local(clock.now())
    left, right = st.columns(2)
    with left, form.field("held_on", start.date()) as key:
        day_field("哪天开的", key=key, on_change=draft.keep)
    with right, form.field("held_time", start.time().replace(second=0, microsecond=0)) as key:
        st.time_input("几点", key=key, step=300, value=None, on_change=draft.keep)
    invited = {each.id: each for each in conference.people if each.is_invited}
    with form.field("present", []) as key:
        keep_to(key, invited)
        st.pills("请的人里，谁来了", list(invited), selection_mode="multi", key=key, wrap=True, on_change=draft.keep,
                 format_func=lambda each: _name(invited.get(each)))  # fmt: skip
    with form.field("others", "") as key:
        st.text_input("还有谁来了（用顿号隔开），没有就空着", key=key, autocomplete="off", on_change=draft.keep)


def _name(attendee: Attendee | None) -> str:
    return attendee.name if attendee else ""


def draw_words(form: Form, draft: FormDraft) -> None:
    """Draw what was found and what was concluded."""
    with form.field("findings", "") as key:
        st.text_area("情况：大家说了什么，看到什么", key=key, height=150, on_change=draft.keep)
    with form.field("conclusion", "") as key:
        st.text_area("结论：怎么看，往哪里走", key=key, height=100, on_change=draft.keep)


def asks_for_decisions(form: Form, conference: ConferenceView) -> bool:
    """Whether lines for decisions stand on the form: until the record is there, and as long as something was typed."""
    typed = (st.session_state.get(form.key(f"decision_{place}_text")) for place in range(MOST_AT_ONCE))
    return conference.recorded_at is None or any(typed)


def draw_decisions(
    form: Form, draft: FormDraft, conference: ConferenceView, people: dict[int, StaffName]
) -> tuple[DecisionEntry, ...]:
    """Draw lines for what was decided; return them as typed, blank ones too."""
    st.markdown("**定下的事**")
    note("谁做、最晚哪天做完，到时候在他的工作台上。他只看得到自己的这一件。没有用到的就空着。")
    rows = st.session_state.get(form.key(ROWS)) or _FIRST_ROWS
    order = invited_first(conference, people)
    entries = []
    for place in range(rows):
        with st.container(border=True):
            entries.append(draw_fields(form, people, order, prefix=f"decision_{place}_", on_change=draft.keep))
    if rows < MOST_AT_ONCE:
        st.button(
            "再加一件", key=form.key("more"), icon=":material/add:", on_click=_add_row, args=(form.key(ROWS), rows)
        )
    return tuple(entries)


def _add_row(key: str, rows: int) -> None:
    st.session_state[key] = rows + 1


def entry_of(form: Form, decisions: tuple[DecisionEntry, ...]) -> RecordEntry:
    """Return what stands in the fields as the service takes it."""
    typed = form.typed(LABELS)
    return RecordEntry(
        held_on=typed["held_on"],
        held_time=typed["held_time"],
        present_ids=frozenset(typed["present"] or ()),
        others=names_typed(typed["others"]),
        findings=typed["findings"],
        conclusion=typed["conclusion"],
        decisions=decisions,
    )
