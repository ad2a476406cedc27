"""Fields of the form about a contact card."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from db.base import Labelled
from db.tables import GuardianKind, Whereabouts
from services.contact_cards import CardEntry
from ui.card_words import CODES
from ui.form_drafts import FormDraft
from ui.forms import Form, shown
from ui.wording import whole

DRAFT = "card_edit"

LABELS = {name: CODES.get(name, "监护人是孩子的什么人") for name in CardEntry.__dataclass_fields__}


def draft_of(form: Form, student_id: int) -> FormDraft:
    """Return what keeps the card of a child while it is typed."""
    return FormDraft(form, DRAFT, f"student:{student_id}", _read)


def _read(name: str, value: Any) -> Any:  # any field's value
    if value is None or value == "":
        return None if name in _CHOICES else value
    return _CHOICES[name](value) if name in _CHOICES else _TEXTS[name](value)


_CHOICES: dict[str, Callable[[Any], Any]] = {
    "father_whereabouts": Whereabouts,
    "mother_whereabouts": Whereabouts,
    "guardian_kind": GuardianKind,
    "guardian_age": whole,
}
_TEXTS = {name: str for name in CardEntry.__dataclass_fields__ if name not in _CHOICES}


def line(form: Form, draft: FormDraft, name: str, label: str) -> None:
    """Draw one line of text."""
    with form.field(name, "") as key:
        st.text_input(label, key=key, autocomplete="off", on_change=draft.keep)


def choice(
    form: Form, name: str, label: str, options: type[Labelled], *, on_change: Callable[[], None] | None = None
) -> None:
    """Draw one choice of a few, which may stay open."""
    with form.field(name) as key:
        st.selectbox(
            label, list(options), key=key, index=None, format_func=lambda each: each.label, placeholder="还不知道",
            on_change=on_change,
        )  # fmt: skip


def show_value(_field: str, value: Any) -> str:  # any field's value
    """Write a value of the form for the box that shows two versions."""
    return value.label if isinstance(value, Labelled) else shown(value)
