"""Asking for a Word document in a dialog: what for, made once, then fetched."""

from collections.abc import Callable

import streamlit as st
from sqlmodel import Session

from db.transactions import transaction
from services.access import Permission, allows
from services.actors import Actor
from services.paper import WordFile
from services.student_exports import ExportPurpose
from ui.dialogs import close_dialog, open_dialog, opened
from ui.export_purpose import ask_for_purpose
from ui.formats import plain
from ui.forms import Form
from ui.layout import CLOSE, leave_button, note
from ui.session import require_user

_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def word_of(make: Callable[[Session], WordFile]) -> tuple[str, bytes]:
    """Note a paper in a transaction of its own; the document is made outside of it. Name and content, for `make`."""
    with transaction() as session:
        made = make(session)
    return made.file_name, made.content()


def print_act(
    actor: Actor,
    name: str,
    record_id: int,
    *,
    paper: str,
    child: str,
    make: Callable[[Session, Actor, ExportPurpose | None], WordFile],
    permission: Permission = Permission.STUDENT_EXPORT,
) -> None:
    """Draw the button that prints a record of a child, for who may; and its dialog while that is open."""
    if not allows(actor, permission):
        return
    label = f"打印{paper}"
    st.button(
        plain(label), key=name, icon=":material/print:", type="tertiary", on_click=open_dialog, args=(name, record_id)
    )
    if opened(name, record_id):
        _print_dialog(label)(name, record_id, f"下载{child}的{paper}", make, permission)


def _print_dialog(title: str) -> Callable[..., None]:
    @st.dialog(title, dismissible=False)
    def draw(
        name: str,
        record_id: int,
        label: str,
        make: Callable[[Session, Actor, ExportPurpose | None], WordFile],
        permission: Permission,
    ) -> None:
        actor = require_user(permission)  # a dialog runs by itself: who is there is asked again
        form = Form(f"{name}_form_{record_id}")
        offer_word(form, lambda purpose: word_of(lambda session: make(session, actor, purpose)), label)

    return draw


def offer_word(
    form: Form, make: Callable[[ExportPurpose | None], tuple[str, bytes]], label: str, *, about: object = None
) -> None:
    """Draw the whole of such a dialog; `make` notes it and returns name and content of the document.

    What was made is offered as long as it is asked for `about` the same.
    """
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
            st.session_state[made_key], st.session_state[f"{made_key}_about"] = made, about
    ready = st.session_state.get(made_key)
    if ready and st.session_state.get(f"{made_key}_about") == about:
        name, content = ready
        st.download_button(
            plain(label), content, file_name=name, mime=_DOCX, key=form.key("download"),
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
