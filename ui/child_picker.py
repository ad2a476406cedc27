"""Choosing a child: find by name, pinyin, class or number; or leave what was typed, to be matched later."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from db.transactions import reading
from services import students
from services.access import Permission
from services.errors import DomainError
from services.students import FoundStudent
from ui.formats import plain
from ui.layout import note
from ui.session import require_user

_FOUND_AT_MOST = 6


@dataclass(frozen=True)
class Picked:
    """Who was chosen: a child of the register, or only what was typed."""

    student_id: int | None = None
    name: str = ""


def picked(key: str) -> Picked:
    """Return who is chosen at this moment."""
    chosen: FoundStudent | None = st.session_state.get(_chosen(key))
    if chosen is not None:
        return Picked(chosen.id, chosen.name)
    return Picked(None, (st.session_state.get(_typed(key)) or "").strip())


def pick_child(
    key: str, *, label: str = "哪个孩子", hint: str = "", on_change: Callable[[], None] | None = None
) -> Picked:
    """Draw the field; what was typed stays until a child is chosen. `on_change` follows every choice."""
    chosen: FoundStudent | None = st.session_state.get(_chosen(key))
    if chosen is not None:
        st.markdown(f":small[{plain(label)}]")
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.markdown(f"**{plain(chosen.name)}**，{plain(chosen.class_label)}", width="content")
            st.button("换一个", key=f"{key}_change", type="tertiary", on_click=_forget, args=(key, on_change))
        return picked(key)
    text = st.text_input(
        label, key=_typed(key), placeholder="姓名、拼音、班级、学号", live="300ms", on_change=on_change
    )
    if text and text.strip():
        for found in _find(text):
            st.button(
                plain(f"{found.name}，{found.class_label}，学号 {found.student_no}"),
                key=f"{key}_found_{found.id}",
                icon=":material/person:",
                type="tertiary",
                on_click=_choose,
                args=(key, found, on_change),
            )
        if hint:
            note(hint)
    return picked(key)


def choose_child(key: str, student_id: int) -> None:
    """Choose a child by its id, as an address or a draft names it; a child out of sight is not chosen."""
    actor = require_user(Permission.STUDENT_READ)
    try:
        with reading() as session:
            found = students.find_student(session, actor, student_id=student_id)
    except DomainError:
        return
    st.session_state[_chosen(key)] = found


def forget_child(key: str) -> None:
    """Choose nobody again; for `on_click`."""
    st.session_state.pop(_chosen(key), None)
    st.session_state[_typed(key)] = ""


def clear_child(key: str) -> None:
    """Forget choice and text when the page is left."""
    st.session_state.pop(_chosen(key), None)
    st.session_state.pop(_typed(key), None)


def _choose(key: str, found: FoundStudent, on_change: Callable[[], None] | None = None) -> None:
    st.session_state[_chosen(key)] = found
    if on_change:
        on_change()


def _forget(key: str, on_change: Callable[[], None] | None = None) -> None:
    forget_child(key)
    if on_change:
        on_change()


def _find(text: str) -> list[FoundStudent]:
    actor = require_user(Permission.STUDENT_READ)
    with reading() as session:
        return students.find_students(session, actor, text=text, limit=_FOUND_AT_MOST)


def _chosen(key: str) -> str:
    return f"care_{key}_chosen"


def _typed(key: str) -> str:
    return f"{key}_typed"
