"""The end of a dialog that asks before something is taken away: leave it, or do it."""

from collections.abc import Callable

import streamlit as st
from sqlmodel import Session

from db.transactions import transaction
from services.errors import DomainError
from ui.dialogs import close_dialog
from ui.formats import plain
from ui.layout import KEEP, flash, form_end, leave_button, refusal


def ask_first(
    act: Callable[[Session], object], label: str, *, kept: str, confirmed: str, done: str, icon: str | None = None
) -> None:
    """Draw both buttons (their keys are `kept` and `confirmed`); do the act in one transaction, say so, and close.

    What is refused stays on screen, with why.
    """
    with form_end():
        if leave_button(KEEP, key=kept):
            close_dialog()
        is_confirmed = st.button(plain(label), key=confirmed, type="primary", icon=icon)
    if not is_confirmed:
        return
    try:
        with transaction() as session:
            act(session)
    except DomainError as error:
        refusal(error)
    else:
        flash(done)
        close_dialog()
