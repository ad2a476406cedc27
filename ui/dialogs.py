"""Dialogs that stay open over any rerun: which one is open is kept, and its fields with it, until it is closed.

if act == "rename":
    open_dialog("rename", student_id)
…
if opened("rename", student_id):
    rename(student)          # an `@st.dialog(…, dismissible=False)` function; it ends with `close_dialog()`
"""

import streamlit as st

_OPEN = "care_dialog"


def open_dialog(name: str, *about: int) -> None:
    """Open a dialog about one record, in place of any other. Also for a button's `on_click`."""
    st.session_state[_OPEN] = (name, *about)


def opened(name: str, *about: int) -> bool:
    """Whether this dialog is open; one that was left open about another record is not."""
    return bool(st.session_state.get(_OPEN) == (name, *about))


def opened_about(name: str, *about: int) -> tuple[int, ...] | None:
    """Return the rest of what an open dialog is about, None if it isn't open."""
    stored: tuple[str | int, ...] | None = st.session_state.get(_OPEN)
    asked = (name, *about)
    if stored is None or stored[: len(asked)] != asked:
        return None
    return tuple(int(part) for part in stored[len(asked) :])


def forget_dialog() -> None:
    """Close the dialog with the next run. For a button's `on_click`."""
    st.session_state.pop(_OPEN, None)


def close_dialog() -> None:
    """Close the dialog and run the page anew; ends this run."""
    forget_dialog()
    st.rerun()
