"""A file about the children of a class: for which class, what for, and only then the way to download it."""

from collections.abc import Callable, Sequence
from typing import Protocol

import streamlit as st
from sqlmodel import Session

from services import clock
from services.student_exports import ExportPurpose
from services.student_lists import ClassName
from ui.dialog_parts import buttons, cancel_if, form_fields
from ui.export_purpose import ask_for_purpose
from ui.forms import Form
from ui.layout import CLOSE, note

_ALL = 0


class ClassFile(Protocol):
    """A spreadsheet that may leave the program, already noted; `content` is slow."""

    @property
    def scope_label(self) -> str:
        """Of which class it is."""

    @property
    def children(self) -> int:
        """How many children are in it."""

    def content(self) -> bytes:
        """Return the file."""


def draw_class_export(
    classes: Sequence[ClassName],
    *,
    name: str,
    title: str,
    every: str,
    counted: str,
    export: Callable[[Session, int | None, ExportPurpose | None], ClassFile],
) -> None:
    """Draw the body of the dialog: `every` names all classes together, `counted` the children in the file."""
    names = {each.id: each.label for each in classes}
    if len(names) > 1:
        names = {_ALL: every, **names}
    note("里面写着谁、什么时候、为什么导出，也会记下来。")
    form = Form(name)
    form.notices()
    with form_fields(form):
        with form.field("class_id", next(iter(names), _ALL)) as key:
            class_id = st.selectbox(
                "哪个班", list(names), key=key, format_func=lambda each: names.get(each, ""), placeholder="请选"
            )
        purpose = ask_for_purpose(form)
        submitted, cancelled = buttons(form, "准备文件", cancel=CLOSE)
    cancel_if(form, cancelled)
    if not submitted:
        return
    made = form.save_and_get(lambda session: export(session, class_id or None, purpose))
    if made is not None:
        note(f"{made.scope_label}，{made.children} {counted}。")
        st.download_button(
            "下载", made.content(), file_name=f"{title}_{made.scope_label}_{clock.today():%Y%m%d}.xlsx",
            mime="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            key=f"{name}_download", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
