"""Fields of the form about a contact card."""

from typing import Any

import streamlit as st

from db.base import Labelled
from services.contact_cards import CardEntry
from ui.card_words import CODES
from ui.forms import Form, shown

LABELS = {name: CODES.get(name, "监护人是孩子的什么人") for name in CardEntry.__dataclass_fields__}


def line(form: Form, name: str, label: str) -> None:
    """Draw one line of text."""
    with form.field(name, "") as key:
        st.text_input(label, key=key, autocomplete="off")


def choice(form: Form, name: str, label: str, options: type[Labelled]) -> None:
    """Draw one choice of a few, which may stay open."""
    with form.field(name) as key:
        st.selectbox(
            label, list(options), key=key, index=None, format_func=lambda each: each.label, placeholder="还不知道"
        )


def show_value(_field: str, value: Any) -> str:  # any field's value
    """Write a value of the form for the box that shows two versions."""
    return value.label if isinstance(value, Labelled) else shown(value)
