"""What dialogs with a form share: its fields, the buttons below, and closing when it is saved."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from ui.dialogs import close_dialog
from ui.formats import plain
from ui.forms import Form
from ui.layout import DISCARD, flash, leave_button


@contextmanager
def form_fields(form: Form) -> Iterator[None]:
    """Open the fields of a dialog."""
    with st.form(form.key("fields"), border=False, enter_to_submit=False):
        yield


def buttons(form: Form, label: str, *, cancel: str = DISCARD) -> tuple[bool, bool]:
    """Draw cancel and save; return which was clicked, saved first."""
    with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        cancelled = leave_button(cancel, key=form.key("cancel"), is_in_form=True)
        saved = st.form_submit_button(plain(label), key=form.key("save"), type="primary")
    return saved, cancelled


def cancel_if(form: Form, cancelled: bool) -> None:
    """Give up and close."""
    if cancelled:
        form.cancel()
        close_dialog()


def finish(form: Form, act: Callable[[Any], object], *, words: str = "已保存。") -> None:
    """Save, say so, and close; what is refused stays on screen."""
    if form.save(act):
        flash(words)
        close_dialog()
