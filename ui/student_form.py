"""Fields and words of the form about a child."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import streamlit as st

from db.tables import Gender
from services.student_entries import StoredEntry
from services.students import FoundStudent
from ui.form_drafts import FormDraft
from ui.forms import Form, shown
from ui.wording import day_field

LABELS = {
    "name": "姓名", "gender": "性别", "birth_day": "出生日期", "student_no": "学号", "ethnicity": "民族",
    "is_boarding": "住校", "address": "住址", "residence": "户籍所在地", "is_rural": "农村户口",
    "entered_on": "入学", "note": "备注",
}  # fmt: skip
RURAL = {True: "农村", False: "城镇"}
_READ: Mapping[str, Callable[[Any], Any]] = {
    "gender": Gender, "birth_day": date.fromisoformat, "entered_on": date.fromisoformat, "removes_id_number": bool,
    "is_boarding": bool, "is_rural": bool, "class_id": int,
}  # fmt: skip


def draft_of(form: Form, student_id: int, classes: Mapping[int, str]) -> FormDraft:
    """Return what keeps a child's particulars while they are typed; of a child not yet in the register too."""
    return FormDraft(form, "student_edit", f"student:{student_id or 'new'}", partial(_read, classes))


def _read(classes: Mapping[int, str], name: str, value: Any) -> Any:  # any field's value
    if value is None or value == "":
        return value
    if name == "class_id" and value not in classes:
        raise LookupError
    return _READ.get(name, str)(value)


def draw_fields(form: Form, draft: FormDraft, stored: StoredEntry | None, classes: Mapping[int, str]) -> None:
    """Draw the fields in two columns; no `st.form`: what is typed must arrive to be kept."""
    left, right = st.columns(2)
    with left:
        _line(form, draft, "name", "姓名 *")
        with form.field("gender") as key:
            st.segmented_control(
                "性别 *", list(Gender), key=key, format_func=lambda each: each.label, required=True, wrap=True,
                on_change=draft.keep,
            )  # fmt: skip
        with form.field("birth_day") as key:
            day_field("出生日期 *", key=key, on_change=draft.keep)
        kept = f"已登记 {stored.id_number_masked}，不改就空着" if stored and stored.id_number_masked else ""
        _line(form, draft, "id_number", "证件号", hint=kept)
        if kept:
            with form.field("removes_id_number", False) as key:
                st.checkbox("删去登记的证件号", key=key, on_change=draft.keep)
        _line(form, draft, "ethnicity", "民族")
    with right:
        _line(form, draft, "student_no", "学号")
        if stored is None:
            with form.field("class_id") as key:
                st.selectbox(
                    "班级", list(classes), key=key, index=None, format_func=classes.__getitem__,
                    placeholder="先不编班", on_change=draft.keep,
                )  # fmt: skip
        with form.field("entered_on") as key:
            day_field("哪天入学", key=key, on_change=draft.keep)
        if stored is None:
            _line(form, draft, "came_from", "转学来的，从哪所学校来")
        _choose(form, draft, "is_boarding", "住校吗", {True: "住校", False: "走读"})
        _line(form, draft, "address", "住址")
        _line(form, draft, "residence", "户籍所在地")
        _choose(form, draft, "is_rural", "户口", RURAL)
    with form.field("note", "") as key:
        st.text_area("备注", key=key, on_change=draft.keep)


def _line(form: Form, draft: FormDraft, name: str, label: str, *, hint: str = "") -> None:
    with form.field(name, "") as key:
        st.text_input(label, key=key, placeholder=hint, autocomplete="off", on_change=draft.keep)


def _choose(form: Form, draft: FormDraft, name: str, label: str, options: Mapping[bool, str]) -> None:
    with form.field(name) as key:
        st.segmented_control(
            label, list(options), key=key, format_func=options.__getitem__, wrap=True, on_change=draft.keep
        )


def show_value(field: str, value: Any) -> str:  # any field's value
    """Write a value of the form for the box that shows two versions."""
    return Gender(value).label if field == "gender" and value else shown(value)


def namesake_words(namesakes: Sequence[FoundStudent]) -> str:
    """Warn of children of the same name."""
    others = "、".join(f"{each.class_label}（学号 {each.student_no}）" for each in namesakes)
    return f"还有同名的孩子：{others}。请看看是不是同一个。"
