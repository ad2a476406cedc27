"""The dialogs of a child's page: guardians, categories, class, enrolment, phones with a reason."""

from typing import Any

import streamlit as st

from db.base import Labelled
from db.tables import CategoryKind, EnrolmentState, GuardianKind, Whereabouts
from db.transactions import reading
from services import clock, guardians, student_files, student_lists, students
from services.access import Permission
from services.guardians import GuardianEntry
from services.student_files import GuardianCard, StudentFile
from ui.card_form import choice
from ui.category_dialogs import edit_category, end_category
from ui.child_card import guardian_title
from ui.child_card_dialogs import print_card, show_versions
from ui.dialog_parts import buttons, cancel_if, finish, form_fields
from ui.dialogs import open_dialog, opened, opened_about
from ui.formats import plain
from ui.forms import Form, shown
from ui.layout import KEEP, note
from ui.session import require_user
from ui.wording import day_field, number_field

CONTACT_MINUTES = int(student_files.CONTACT_OPEN_FOR.total_seconds() // 60)

_GUARDIAN_LABELS = {
    "kind": "是孩子的什么人", "name": "姓名", "relation": "称呼", "phone": "电话", "second_phone": "另一个电话",
    "age": "年龄", "occupation": "职业", "health": "身体状况", "whereabouts": "现在在哪里",
    "workplace": "在哪里工作", "address": "住址", "is_primary": "第一联系人",
}  # fmt: skip
_GUARDIAN_LINES = {
    "name": "姓名", "relation": "称呼，比如外婆、姑姑", "phone": "电话", "second_phone": "另一个电话",
    "workplace": "在哪里工作", "address": "住址", "occupation": "职业", "health": "身体状况",
}  # fmt: skip


def draw_opened(file: StudentFile) -> None:
    """Draw the dialog that is open on this child's page, if any."""
    if about := opened_about("guardian", file.id):
        found = next((each for each in _guardians(file) if each.id == about[0]), None)
        if found or not about[0]:
            _edit_guardian(file, found)
    elif about := opened_about("end_guardian", file.id):
        if ending := next((each for each in _guardians(file) if each.id == about[0]), None):
            _end_guardian(file, ending)
    elif about := opened_about("category", file.id):
        entry = next((each for each in file.categories or () if each.id == about[0]), None)
        if entry or not about[0]:
            edit_category(file, entry)
    elif about := opened_about("end_category", file.id):
        if entry := next((each for each in file.categories or () if each.id == about[0]), None):
            end_category(file, entry)
    elif opened("move", file.id) and file.state not in students.LEFT_SCHOOL:
        _move(file)
    elif opened("state", file.id):
        _change_state(file)
    elif opened("contact", file.id):
        _open_contact(file)
    elif opened("card_versions", file.id) and file.card:
        show_versions(file)
    elif opened("print_card", file.id) and file.card:
        print_card(file)


@st.dialog("家人", dismissible=False)
def _edit_guardian(file: StudentFile, guardian: GuardianCard | None) -> None:
    actor = require_user(Permission.STUDENT_WRITE)
    guardian_id = guardian.id if guardian else None
    form = Form(f"child_guardian_form_{file.id}_{guardian_id or 0}", guardian, labels=_GUARDIAN_LABELS, show=_show)
    form.notices()
    if guardian is not None and guardian.is_unnamed:
        note("名册上只有这个电话。请补上姓名，选是孩子的什么人。")
    with form_fields(form):
        with form.field("kind") as key:
            st.selectbox(
                "是孩子的什么人", list(GuardianKind), key=key, index=None, format_func=_label, placeholder="请选"
            )
        left, right = st.columns(2)
        for place, (name, label) in enumerate(_GUARDIAN_LINES.items()):
            with left if place % 2 == 0 else right, form.field(name, "") as key:
                st.text_input(label, key=key)
        with left:
            choice(form, "whereabouts", "现在在哪里", Whereabouts)
        with right, form.field("age") as key:
            number_field("年龄", key=key)
        with form.field("is_primary", False) as key:
            st.checkbox("有事先找这一位", key=key)
        saved, cancelled = buttons(form, f"保存{file.name}的家人")
    cancel_if(form, cancelled)
    if guardian is not None and st.button("从联系卡上拿掉", key=form.key("end"), type="tertiary"):
        form.cancel()
        _switch_dialog("end_guardian", file.id, guardian.id)
    if saved:
        entry = GuardianEntry(**form.typed(_GUARDIAN_LABELS))
        finish(
            form,
            lambda session: guardians.save_guardian(
                session, actor, student_id=file.id, entry=entry,
                guardian_id=form.drawn_from.id, version=form.drawn_from.version,
            ),
        )  # fmt: skip


@st.dialog("从联系卡上拿掉", dismissible=False)
def _end_guardian(file: StudentFile, guardian: GuardianCard) -> None:
    actor = require_user(Permission.STUDENT_WRITE)
    form = Form(f"child_end_guardian_form_{guardian.id}", guardian)
    form.notices()
    st.text(f"{file.name}的{guardian_title(guardian)}{guardian.name or ''}不再显示在联系卡上。以前的记录都还在。")
    with form_fields(form):
        saved, cancelled = buttons(form, "拿掉", cancel=KEEP)
    cancel_if(form, cancelled)
    if saved:
        finish(
            form,
            lambda session: guardians.end_guardian(
                session, actor, student_id=file.id, guardian_id=guardian.id, version=form.version
            ),
        )


@st.dialog("换班", dismissible=False)
def _move(file: StudentFile) -> None:
    actor = require_user(Permission.STUDENT_WRITE)
    with reading() as session:
        classes = student_lists.list_writable_classes(session, actor)
    labels = {each.id: each.label for each in classes}
    form = Form(f"child_move_form_{file.id}", {"id": file.id, "version": file.version, "class_id": file.class_id})
    form.notices()
    with form_fields(form):
        with form.field("class_id") as key:
            class_id = st.selectbox(
                "换到哪个班", list(labels), key=key, index=None, placeholder="请选",
                format_func=lambda wanted: labels.get(wanted, file.class_label),
            )  # fmt: skip
        with form.field("day", clock.today()) as key:
            day = day_field("从哪天起", key=key)
        saved, cancelled = buttons(form, f"给{file.name}换班")
    cancel_if(form, cancelled)
    if saved:
        finish(
            form,
            lambda session: students.move_to_class(
                session, actor, student_id=file.id, version=form.version, class_id=class_id, day=day
            ),
        )


@st.dialog("学籍", dismissible=False)
def _change_state(file: StudentFile) -> None:
    actor = require_user(Permission.STUDENT_WRITE)
    form = Form(f"child_state_form_{file.id}", {"id": file.id, "version": file.version, "state": file.state})
    form.notices()
    with form_fields(form):
        with form.field("state") as key:
            state = st.selectbox(
                plain(f"{file.name}现在"),
                list(EnrolmentState),
                key=key,
                index=None,
                format_func=_label,
                placeholder="请选",
            )
        with form.field("day", clock.today()) as key:
            day = day_field("从哪天起", key=key)
        with form.field("place", "") as key:
            place = st.text_input("转出的写去哪所学校，回来的写从哪里来", key=key, autocomplete="off")
        note("转出、毕业、辍学以后，班级到那天为止；以前的记录都还在。")
        if file.stays_away:
            note(
                "这个孩子没来上学，还在跟进：改了学籍，跟进不会跟着结束，会在关爱室负责人的工作台上，"
                "直到在“控辍保学”里写明后来怎样。已经知道去向的，请直接到那里点“结束”，学籍会跟着改。",
                icon="info",
            )
        saved, cancelled = buttons(form, f"保存{file.name}的学籍")
    cancel_if(form, cancelled)
    if saved:
        finish(
            form,
            lambda session: students.change_state(
                session, actor, student_id=file.id, version=form.version, state=state, day=day, place=place
            ),
        )


@st.dialog("写明原因看电话", dismissible=False)
def _open_contact(file: StudentFile) -> None:
    actor = require_user(Permission.STUDENT_READ)
    form = Form(f"child_contact_form_{file.id}")
    form.notices()
    note(f"{CONTACT_MINUTES} 分钟内看得到家人的姓名和电话。谁、什么时候、为什么，都会记下来，负责人看得到。")
    with form_fields(form):
        with form.field("reason", "") as key:
            reason = st.text_input("为什么要打电话", key=key)
        saved, cancelled = buttons(form, "看电话")
    cancel_if(form, cancelled)
    if saved:
        finish(
            form,
            lambda session: student_files.open_contact_with_reason(
                session, actor, student_id=file.id, reason=reason or ""
            ),
            words=f"{CONTACT_MINUTES} 分钟内看得到电话。",
        )


def _switch_dialog(name: str, *about: int) -> None:
    open_dialog(name, *about)
    st.rerun()


def _guardians(file: StudentFile) -> tuple[GuardianCard, ...]:
    return file.card.guardians if file.card else ()


def _label(value: GuardianKind | CategoryKind | EnrolmentState) -> str:
    return value.label


def _show(field: str, value: Any) -> str:  # any field's value
    if isinstance(value, Labelled):
        return value.label
    return shown(value)
