"""Where pairs are looked at: grade and class, shared by the views of the page and kept in the address."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from services.student_lists import ClassName
from ui.views import begin_filter, keep_filter

_GRADE, _CLASS = "pairing_grade", "pairing_class"


def begin_place(classes: Sequence[ClassName]) -> tuple[int | None, int | None]:
    """Return the grade and the class chosen now, on the page or else in the address; nonsense counts as none."""
    for key, (name, known) in _known(classes).items():
        begin_filter(key, name, known)
    grade, class_id = st.session_state.get(_GRADE), st.session_state.get(_CLASS)
    if class_id and not any(each.id == class_id and grade in (None, each.grade) for each in classes):
        class_id = None  # of another grade than the one just chosen
    return grade, class_id


def draw_place(classes: Sequence[ClassName], *, page: str) -> None:
    """Draw the two lists where there is a choice; another place begins with the first page of `page`."""
    grades = {each.grade: each.grade_label for each in classes}
    if len(grades) > 1:
        choose("年级", grades, key=_GRADE, width=120, page=page)
    if len(classes) > 1:
        grade = st.session_state.get(_GRADE)
        names = {each.id: each.label for each in classes if grade in (None, each.grade)}
        choose("班级", names, key=_CLASS, width=130, page=page)


def keep_place(classes: Sequence[ClassName]) -> None:
    """Write what is chosen into the address."""
    for key, (name, known) in _known(classes).items():
        keep_filter(key, name, known)


def choose(
    label: str, options: Mapping[Any, str], *, key: str, width: int, page: str, everything: str = "全部"
) -> None:
    """Draw a list of which one, or everything, holds."""
    st.selectbox(
        label, [None, *options], format_func=lambda each: everything if each is None else options.get(each, ""),
        key=key, width=width, on_change=first_page, args=(page,), placeholder=everything,
    )  # fmt: skip


def pills(label: str, options: Mapping[Any, str], *, key: str, page: str, required: bool = False) -> None:
    """Draw choices with their numbers, of which one holds, or none."""
    st.pills(
        label, list(options), format_func=lambda each: options.get(each, ""), key=key, on_change=first_page,
        args=(page,), wrap=True, required=required, label_visibility="collapsed",
    )  # fmt: skip


def first_page(page: str) -> None:
    """Begin a list anew: its filter is another one."""
    st.session_state[page] = 1


def clear(*keys: str) -> None:
    """Take filters off, the place included. For a button's `on_click`."""
    for key in (*keys, _GRADE, _CLASS):
        st.session_state.pop(key, None)
    view = st.query_params.get("view")
    st.query_params.clear()
    if view is not None:
        st.query_params["view"] = view


def _known(classes: Sequence[ClassName]) -> Mapping[str, tuple[str, Mapping[str, int]]]:
    return {
        _GRADE: ("grade", {str(each.grade): each.grade for each in classes}),
        _CLASS: ("class", {str(each.id): each.id for each in classes}),
    }
