"""Views of the settings page: the classes of the school year and who teaches them."""

from collections.abc import Mapping, Sequence

import streamlit as st

from db.tables import Role
from db.transactions import reading, transaction
from services import account_lists, classes, clock, schools
from services.access import Permission
from services.account_lists import StaffName
from services.actors import Actor
from services.calendar import current_school_year, school_year_label
from services.classes import ClassRow, SubjectTeacher
from ui.dialogs import close_dialog, open_dialog, opened
from ui.formats import plain
from ui.forms import BLANK, Form
from ui.layout import DISCARD, Action, empty_state, flash, form_end, leave_button, note
from ui.session import require_user
from ui.tables import TagColumn, data_table, opening_column
from ui.views import opened_in_table
from ui.wording import number_field

_SELECTED, _OPENED = "class", "settings_open_class"


def show_classes(actor: Actor) -> None:
    """Draw the classes of the school year with their teachers; the chosen one stands below."""
    with reading() as session:
        year = current_school_year(schools.find_calendar(session, actor), clock.today())
        found_classes = classes.list_classes(session, actor, school_year=year)
        teachers = classes.list_subject_teachers(session, actor, school_year=year)
    if opened("classes_add"):
        _add_classes()
    if not found_classes:
        empty_state(
            "meeting_room",
            f"{school_year_label(year)}还没有班级",
            "导入名册时会自动建班，也可以现在就加，好给班主任定班。",
            actions=[Action("加班级", "classes_add_first", "add", True, open_dialog, ("classes_add",))],
        )
        return
    by_class = {found.id: [each for each in teachers if each.class_id == found.id] for found in found_classes}
    chosen = _choose_class(found_classes, by_class)
    without = sum(not found.has_homeroom for found in found_classes)
    missing = f"，{without} 个班没有在岗的班主任" if without else ""
    st.caption(f"{school_year_label(year)}，{len(found_classes)} 个班{missing}。点班级，就能换老师。")
    if chosen is not None:
        _draw_class(actor, chosen, by_class[chosen.id])


def _choose_class(rows: Sequence[ClassRow], by_class: Mapping[int, Sequence[SubjectTeacher]]) -> ClassRow | None:
    ids = [found.id for found in rows]
    data_table(
        [
            {
                "label": found.label,
                "homeroom": _homeroom_words(found),
                "subjects": [_teacher_words(each) for each in by_class[found.id]],
                "pupils": f"{found.pupils} 人",
            }
            for found in rows
        ],
        {
            "label": opening_column("班级", key=_OPENED, width=110),
            "homeroom": st.column_config.TextColumn("班主任", width=120),
            "subjects": TagColumn("任课教师", width=420),
            "pupils": st.column_config.TextColumn("在册", width=90, alignment="right"),
        },
        key=f"classes_table_{hash(tuple(ids))}",
        alt=f"{len(rows)} 个班，点班级换老师",
    )
    asked = opened_in_table(ids, key=_OPENED, parameter=_SELECTED)
    return next((found for found in rows if found.id == asked), None)


def _homeroom_words(found: ClassRow) -> str | None:
    """陆衡之; 陆衡之（不在岗）: the account was disabled, or holds the post no more."""
    if found.homeroom_name is None or found.has_homeroom:
        return found.homeroom_name
    return f"{found.homeroom_name}（不在岗）"


def _teacher_words(teacher: SubjectTeacher) -> str:
    return f"{teacher.subject} {teacher.display_name}" if teacher.subject else teacher.display_name


def _draw_class(actor: Actor, chosen: ClassRow, teachers: Sequence[SubjectTeacher]) -> None:
    with reading() as session:
        homeroom_staff = account_lists.list_staff(session, actor, roles=[Role.HOMEROOM])
        subject_staff = account_lists.list_staff(session, actor, roles=[Role.SUBJECT_TEACHER])
    left, right = st.columns(2)
    with left, st.container(border=True):
        st.markdown(f"**{plain(chosen.label)}的班主任**")
        _homeroom_form(actor, chosen, homeroom_staff)
    with right, st.container(border=True):
        st.markdown(f"**{plain(chosen.label)}的任课教师**")
        _subject_form(actor, chosen, teachers, subject_staff)


def _homeroom_form(actor: Actor, chosen: ClassRow, staff: Sequence[StaffName]) -> None:
    if not staff:
        note("还没有班主任账号。请先到“账号”里加上，岗位选班主任。")
        return
    names = {each.id: each.display_name for each in staff}
    if chosen.homeroom_id is not None:
        names.setdefault(chosen.homeroom_id, _homeroom_words(chosen) or "")
    form = Form(
        f"class_{chosen.id}",
        {"user_id": chosen.homeroom_id},
        labels={"user_id": "班主任"},
        show=lambda _field, user_id: names.get(user_id, "另一位老师") if user_id else BLANK,
    )
    form.notices()
    with form.field("user_id") as key:
        user_id = st.selectbox(
            "班主任", list(names), index=None, format_func=names.__getitem__, key=key, placeholder="还没有定"
        )
    note("从今天起算。换下来的人从今天起看不到这个班。")
    if st.button("保存班主任", key=form.key("save"), type="primary", icon=":material/check:") and form.save(
        lambda session: classes.replace_homeroom(
            session, actor, class_id=chosen.id, user_id=user_id, was_user_id=form.drawn_from.values.get("user_id")
        )
    ):
        flash("已保存。")
        st.rerun()


def _subject_form(
    actor: Actor, chosen: ClassRow, teachers: Sequence[SubjectTeacher], staff: Sequence[StaffName]
) -> None:
    for teacher in teachers:
        with st.container(horizontal=True, vertical_alignment="center", wrap=False):
            st.markdown(plain(_teacher_words(teacher)))
            if st.button("不教了", key=f"teaches_{chosen.id}_{teacher.user_id}", type="tertiary"):
                with transaction() as session:
                    classes.set_subject_teacher(
                        session, actor, class_id=chosen.id, user_id=teacher.user_id, subject=None, teaches=False
                    )
                st.rerun()
    if not staff:
        note("还没有任课教师账号。请先到“账号”里加上，岗位选任课教师。")
        return
    names = {each.id: each.display_name for each in staff}
    form = Form(f"teaches_{chosen.id}")
    form.notices()
    left, right = st.columns((1.4, 1))
    with left, form.field("user_id") as key:
        user_id = st.selectbox(
            "谁来教", list(names), index=None, format_func=names.__getitem__, key=key, placeholder="选一位老师"
        )
    with right, form.field("subject", "") as key:
        subject = st.text_input("哪一科", key=key, placeholder="例如 语文", autocomplete="off")
    if st.button("加上这位老师", key=form.key("save"), icon=":material/add:") and form.save(
        lambda session: classes.set_subject_teacher(
            session, actor, class_id=chosen.id, user_id=user_id, subject=subject, teaches=True
        )
    ):
        flash("已保存。")
        st.rerun()


@st.dialog("加班级", icon=":material/add:", dismissible=False)
def _add_classes() -> None:
    actor = require_user(Permission.SCHOOL_WRITE)
    with reading() as session:
        year = current_school_year(schools.find_calendar(session, actor), clock.today())
    form = Form("classes_new")
    form.notices()
    left, right = st.columns(2)
    with left, form.field("grade", 7) as key:
        grade = st.selectbox("年级", range(1, 13), format_func=classes.grade_label, key=key, placeholder="请选")
    with right, form.field("count", 1) as key:
        count = number_field("一共几个班", key=key)
    note(f"{school_year_label(year)}。已经有的班不会重复加。")
    with form_end():
        if leave_button(DISCARD, key="classes_new_cancel"):
            form.cancel()
            close_dialog()
        submitted = st.button("加上", key="classes_new_save", type="primary", icon=":material/check:")
    if submitted and form.save(
        lambda session: classes.ensure_classes(session, actor, school_year=year, grade=grade, count=count)
    ):
        flash("已保存。")
        close_dialog()
