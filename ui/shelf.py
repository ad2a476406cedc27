"""Typed input, kept while the page it was typed on isn't drawn: hidden, signed out, crashed.

The server would still know it, but the browser forgets a field that isn't drawn and then shows it empty (seen).
"""

from datetime import date, time, timedelta

import streamlit as st

from ui.telling import tell

_SHELF = "care_shelf"
_OURS = "care_"  # the shell's own keys, its password fields among them
_SIMPLE = (str, int, float, date, time, timedelta)  # datetime is a date, bool an int


def put_input_on_shelf() -> None:
    """Keep what stands in fields now; called on every run that doesn't draw the page."""
    shelf = st.session_state.setdefault(_SHELF, {})
    for key, value in st.session_state.items():
        if isinstance(key, str) and not key.startswith(_OURS) and _can_be_put_back(value):
            shelf.setdefault(key, value)


def take_input_from_shelf() -> None:
    """Put it back before the page draws its fields again, except where something newer was typed."""
    for key, value in st.session_state.pop(_SHELF, {}).items():
        if _is_unchanged(key, value):
            tell(key, value)


def _is_unchanged(key: str, value: object) -> bool:
    if key not in st.session_state:
        return not isinstance(value, bool)  # it could be a button's click, and assigning that is refused
    return bool(st.session_state[key] == value)


def _can_be_put_back(value: object) -> bool:
    """Text, numbers, dates and choices; uploads and table edits can't be assigned, an untouched button neither."""
    if isinstance(value, list | tuple):
        return all(isinstance(item, _SIMPLE) for item in value)
    return isinstance(value, _SIMPLE) and value is not False
