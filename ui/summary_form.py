"""The form of a stage summary: its days, what the records say was done, what changed, what is next."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import streamlit as st

from db.transactions import reading
from services import clock, summary_views
from services.actors import Actor
from services.case_paper_prints import done_words
from services.summaries import SummaryEntry
from services.summary_views import CaseSummaries, SummaryView
from ui.form_drafts import FormDraft
from ui.forms import Form
from ui.layout import labelled_words, note
from ui.wording import day_field

DRAFT = "summary"
LABELS = {
    "from_on": "从哪天", "to_on": "到哪天", "changed": "有什么变化", "next_steps": "下一步怎么做",
    "next_on": "下次总结",
}  # fmt: skip
_FIELDS: dict[str, Callable[[Any], Any]] = {
    "from_on": date.fromisoformat,
    "to_on": date.fromisoformat,
    "next_on": date.fromisoformat,
    "changed": str,
    "next_steps": str,
}


def draft_of(form: Form, case_id: int, summary: SummaryView | None, student_id: int) -> FormDraft:
    """Return what keeps one summary while it is typed; the new one of a case is one."""
    subject = f"summary:{case_id}:{summary.id if summary else 0}"
    return FormDraft(form, DRAFT, subject, _read, about=(student_id,))


def _read(name: str, value: Any) -> Any:  # any field's value
    return value if value is None else _FIELDS[name](value)


def draw_days(form: Form, draft: FormDraft, found: CaseSummaries) -> None:
    """Draw the days it is about."""
    today = clock.today()
    left, right = st.columns(2)
    with left, form.field("from_on", min(found.begin_on, today)) as key:
        day_field("从哪天", key=key, on_change=draft.keep)
    with right, form.field("to_on", today) as key:
        day_field("到哪天（这一天也算）", key=key, on_change=draft.keep)


def draw_done(actor: Actor, form: Form, case_id: int) -> None:
    """Say what the records of these days say was done; nobody types it."""
    typed = form.typed(("from_on", "to_on"))
    with reading() as session:
        done = summary_views.count_done(session, actor, case_id=case_id, **typed)
    if done is not None:
        labelled_words("这些天做了什么，照工作记录数的", done_words(done))


def draw_words(form: Form, draft: FormDraft, found: CaseSummaries) -> None:
    """Draw what changed, what is next, and when the next summary is due."""
    with form.field("changed", "") as key:
        st.text_area("有什么变化：哪里好些了，哪里还没有；哪些做法有用，哪些没用", key=key, height=150,
                     on_change=draft.keep)  # fmt: skip
    with form.field("next_steps", "") as key:
        st.text_area("下一步怎么做", key=key, height=100, on_change=draft.keep)
    with form.field("next_on", clock.today() + timedelta(days=found.every_days)) as key:
        day_field("下次总结", key=key, on_change=draft.keep)
    note(f"开着的个案最多隔 {found.every_days} 天总结一次，到期前在工作台上。")


def entry_of(form: Form) -> SummaryEntry:
    """Return what stands in the fields as the service takes it."""
    return SummaryEntry(**form.typed(LABELS))
