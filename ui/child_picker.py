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
from ui.telling import begin_with, tell

_FOUND_AT_MOST = 6
NOBODY = "没有找到。换一种写法再找：姓名、拼音、班级、学号都行。"


@dataclass(frozen=True)
class Picked:
    """Who was chosen: a child of the register, or only what was typed."""

    student_id: int | None = None
    name: str = ""


def picked(key: str) -> Picked:
    """Return who is chosen at this moment: clicked, or the only child of exactly the name that stands in the field."""
    typed = (st.session_state.get(_typed(key)) or "").strip()
    chosen: FoundStudent | None = st.session_state.get(_chosen(key))
    if chosen is None:
        namesake: FoundStudent | None = st.session_state.get(_meant(key))
        chosen = namesake if namesake and namesake.name == typed else None
    return Picked(chosen.id, chosen.name) if chosen is not None else Picked(None, typed)


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
    begin_with(_typed(key), "")
    text = st.text_input(
        label, key=_typed(key), placeholder="姓名、拼音、班级、学号", live="300ms", on_change=on_change
    )
    _draw_found(key, (text or "").strip(), hint, on_change)
    return picked(key)


def _draw_found(key: str, text: str, hint: str, on_change: Callable[[], None] | None) -> None:
    """Offer who may be meant. A full name that only one child has means that child, until somebody says otherwise.

    The field stays all the same: while it is typed, one child's name may be the beginning of another's.
    """
    found = _find(text) if text else []
    namesakes = [each for each in found if each.name == text]
    meant = namesakes[0] if len(namesakes) == 1 and st.session_state.get(_refused(key)) != text else None
    st.session_state[_meant(key)] = meant
    for each in found:
        st.button(
            plain(f"{each.name}，{each.class_label}，学号 {each.student_no}"),
            key=f"{key}_found_{each.id}",
            icon=":material/check_circle:" if each is meant else ":material/person:",
            type="tertiary",
            on_click=_choose,
            args=(key, each, on_change),
        )
    if meant is not None:
        st.button("不是这个孩子", key=f"{key}_other", type="tertiary", on_click=_refuse, args=(key, text, on_change))
    elif hint and found:
        note("是哪一个，请点一下；都不是，就照您写的记下来，以后再认。")
    elif text and not found:
        note(hint or NOBODY)


def choose_child(key: str, student_id: int) -> None:
    """Choose a child by its id, as an address or a draft names it; a child out of sight is not chosen."""
    actor = require_user(Permission.STUDENT_READ)
    try:
        with reading() as session:
            found = students.find_student(session, actor, student_id=student_id)
    except DomainError:
        return
    st.session_state[_chosen(key)] = found


def suggest_child(key: str, text: str | None) -> None:
    """Begin with what was said, so that it needn't be typed again; what is typed or taken out stays so."""
    if text and _typed(key) not in st.session_state and _chosen(key) not in st.session_state:
        tell(_typed(key), text)


def forget_child(key: str) -> None:
    """Choose nobody again; for `on_click`."""
    clear_child(key)
    tell(_typed(key), "")


def clear_child(key: str) -> None:
    """Forget choice and text when the page is left."""
    for name in (_chosen(key), _meant(key), _refused(key), _typed(key)):
        st.session_state.pop(name, None)


def _choose(key: str, found: FoundStudent, on_change: Callable[[], None] | None = None) -> None:
    st.session_state[_chosen(key)] = found
    if on_change:
        on_change()


def _refuse(key: str, name: str, on_change: Callable[[], None] | None = None) -> None:
    """Take nobody for the child of this name: it is another of whom this person may not know."""
    st.session_state[_refused(key)] = name
    st.session_state.pop(_meant(key), None)
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


def _meant(key: str) -> str:
    return f"care_{key}_meant"


def _refused(key: str) -> str:
    return f"care_{key}_refused"
