"""Asking for a Word document in a dialog: what for, made once, then fetched."""

from collections.abc import Callable

import streamlit as st

from services.student_exports import ExportPurpose
from ui.dialogs import close_dialog
from ui.export_purpose import ask_for_purpose
from ui.formats import plain
from ui.forms import Form
from ui.layout import CLOSE, leave_button, note

_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def offer_word(form: Form, make: Callable[[ExportPurpose | None], tuple[str, bytes]], label: str) -> None:
    """Draw the whole of such a dialog; `make` notes it and returns name and content of the document."""
    form.notices()
    note("打印谁的、做什么用，都会记下来。")
    purpose = ask_for_purpose(form)
    made_key = f"care_word_{form.name}"
    with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        closed = leave_button(CLOSE, key=form.key("close"))
        asked = st.button("做成 Word", key=form.key("make"), type="primary")
    if closed:
        st.session_state.pop(made_key, None)
        form.cancel()
        close_dialog()
    if asked:
        st.session_state.pop(made_key, None)
        made = form.try_first(lambda: make(purpose))
        if made is not None:
            st.session_state[made_key] = made
    if ready := st.session_state.get(made_key):
        name, content = ready
        st.download_button(
            plain(label), content, file_name=name, mime=_DOCX, key=form.key("download"),
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
