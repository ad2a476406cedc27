"""A child's particulars: a new child, or what is written about one."""

import streamlit as st
from sqlmodel import Session

from db.transactions import reading, transaction
from services import student_files, student_lists, students
from services.access import Permission
from services.errors import DomainError
from services.student_entries import StudentEntry
from services.students import SavedStudent
from ui import navigation
from ui.asked import number_asked
from ui.formats import plain
from ui.forms import Form
from ui.layout import DISCARD, flash, form_end, leave_button, page_header, refusal
from ui.session import require_user
from ui.student_form import LABELS, draft_of, draw_fields, namesake_words, show_value

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
draft = draft_of(form, student_id, classes)
draft.offer(actor)
form.notices()
draft.remind()

with st.container(border=True):
    draw_fields(form, draft, stored, classes)
    with form_end(draft.line()):
        cancelled = leave_button(DISCARD, key=form.key("cancel"))
        submitted = st.button(plain(f"保存{name or '新学生'}的资料"), key=form.key("save"), type="primary")

if cancelled:
    draft.throw_away(actor)
    if stored:
        st.switch_page(navigation.path_of(navigation.CHILD), query_params={"student": str(student_id)})
    st.switch_page(navigation.path_of("students"))

if submitted:
    entry = StudentEntry(**form.typed(StudentEntry.__dataclass_fields__))
    placed = form.typed(["class_id", "came_from"])

    def save(session: Session) -> SavedStudent:
        draft.discard(session, actor)
        if stored is None:
            return students.create_student(session, actor, entry=entry, **placed)
        return students.change_student(session, actor, student_id=student_id, version=form.version, entry=entry)

    saved = form.save_and_get(save)
    if saved:
        draft.forget()
        flash("已保存。")
        if saved.namesakes:
            flash(namesake_words(saved.namesakes), icon="group")
        st.switch_page(navigation.path_of(navigation.CHILD), query_params={"student": str(saved.id)})
