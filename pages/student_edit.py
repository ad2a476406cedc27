"""A child's particulars: a new child, or what is written about one."""

import streamlit as st

from db.tables import Gender
from db.transactions import reading, transaction
from services import student_files, student_lists, students
from services.access import Permission
from services.errors import DomainError
from services.student_entries import StudentEntry
from ui import navigation
from ui.asked import number_asked
from ui.formats import plain
from ui.forms import Form
from ui.layout import DISCARD, flash, leave_button, page_header, refusal
from ui.session import require_user
from ui.student_form import LABELS, RURAL, namesake_words, show_value
from ui.wording import day_field

actor = require_user(Permission.STUDENT_WRITE)

student_id = number_asked("student") or 0
try:
    with reading() as session:
        stored = students.find_entry(session, actor, student_id=student_id) if student_id else None
        classes = {each.id: each.label for each in student_lists.list_writable_classes(session, actor)}
        is_noted = not student_id or student_files.is_opening_noted(session, actor, student_id=student_id)
    if not is_noted:  # address, remarks and the number stand on this page too
        with transaction() as session:
            student_files.note_opening(session, actor, student_id=student_id)
except DomainError as error:
    refusal(error)
    st.stop()

name = stored.name if stored else None
page_header(f"改{name}的资料" if name else "新增学生", "带 * 的要填，别的可以以后再补。改动都会记下是谁改的。")
form = Form(f"student_edit_{student_id}", stored, labels=LABELS, show=show_value)
form.notices()

with st.form(form.key("fields"), border=True, enter_to_submit=False):
    left, right = st.columns(2)
    with left:
        with form.field("name", "") as key:
            st.text_input("姓名 *", key=key)
        with form.field("gender") as key:
            st.segmented_control(
                "性别 *", list(Gender), key=key, format_func=lambda each: each.label, required=True, wrap=True
            )
        with form.field("birth_day") as key:
            day_field("出生日期 *", key=key)
        with form.field("id_number", "") as key:
            kept = f"已登记 {stored.id_number_masked}，不改就空着" if stored and stored.id_number_masked else ""
            st.text_input("证件号", key=key, placeholder=kept)
        if stored and stored.id_number_masked:
            with form.field("removes_id_number", False) as key:
                st.checkbox("删去登记的证件号", key=key)
        with form.field("ethnicity", "") as key:
            st.text_input("民族", key=key)
    with right:
        with form.field("student_no", "") as key:
            st.text_input("学号", key=key)
        if stored is None:
            with form.field("class_id") as key:
                st.selectbox(
                    "班级", list(classes), key=key, index=None, format_func=classes.__getitem__, placeholder="先不编班"
                )
        with form.field("entered_on") as key:
            day_field("哪天入学", key=key)
        if stored is None:
            with form.field("came_from", "") as key:
                st.text_input("转学来的，从哪所学校来", key=key, autocomplete="off")
        with form.field("is_boarding") as key:
            st.segmented_control(
                "住校吗", [True, False], key=key, format_func=lambda each: "住校" if each else "走读", wrap=True
            )
        with form.field("address", "") as key:
            st.text_input("住址", key=key)
        with form.field("residence", "") as key:
            st.text_input("户籍所在地", key=key)
        with form.field("is_rural") as key:
            st.segmented_control("户口", [True, False], key=key, format_func=RURAL.__getitem__, wrap=True)
    with form.field("note", "") as key:
        st.text_area("备注", key=key)
    with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        cancelled = leave_button(DISCARD, key=form.key("cancel"), is_in_form=True)
        submitted = st.form_submit_button(plain(f"保存{name or '新学生'}的资料"), key=form.key("save"), type="primary")

if cancelled:
    form.cancel()
    if stored:
        st.switch_page(navigation.path_of(navigation.CHILD), query_params={"student": str(student_id)})
    st.switch_page(navigation.path_of("students"))

if submitted:
    entry = StudentEntry(**form.typed(StudentEntry.__dataclass_fields__))
    placed = form.typed(["class_id", "came_from"])
    if stored is None:
        saved = form.save_and_get(lambda session: students.create_student(session, actor, entry=entry, **placed))
    else:
        saved = form.save_and_get(
            lambda session: students.change_student(
                session, actor, student_id=student_id, version=form.version, entry=entry
            )
        )
    if saved:
        flash("已保存。")
        if saved.namesakes:
            flash(namesake_words(saved.namesakes), icon="group")
        st.switch_page(navigation.path_of(navigation.CHILD), query_params={"student": str(saved.id)})
