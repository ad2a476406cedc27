"""What stands around every page: the menu at the side, find-a-child and the hide button on top."""

from collections.abc import Callable, Sequence
from typing import Protocol

import streamlit as st

from db.tables import Role
from services.actors import Actor
from ui import navigation, session
from ui.brand import ICON, LOGO
from ui.formats import plain
from ui.layout import note, show_flash
from ui.states import DUTY, Duty
from ui.telling import begin_with, tell
from ui.transport import UNENCRYPTED, is_unencrypted

_FIND = "care_find"
FOUND_AT_MOST = 8  # one more is asked for, to know whether there are others
_PERSON_MENU = "care_person"
_CHANGE_PASSWORD, _SIGN_OUT = "修改密码", "退出登录"


class FoundStudent(Protocol):
    """What the find box needs to know of a child."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def class_label(self) -> str: ...
    @property
    def student_no(self) -> str: ...


FindStudents = Callable[[str], Sequence[FoundStudent]]


def draw_frame(
    actor: Actor, *, school_name: str | None, find_students: FindStudents | None, late_count: int = 0
) -> None:
    """Draw menu and top bar, and show what the last act left to say.

    Args:
        find_students: how to find children, or None for people who may see none.
        late_count: how many of this person's duties are overdue; a badge at 工作台.
    """
    st.logo(LOGO, icon_image=ICON, size="large")
    with st.sidebar:
        _draw_menu(actor, late_count)
        _draw_person(actor, school_name)
    _draw_top_bar(find_students)
    show_flash()


def _draw_menu(actor: Actor, late_count: int) -> None:
    for section, entries in navigation.menu_for(actor).items():
        with st.container(gap=8):
            note(section)
            for entry in entries:
                st.page_link(
                    navigation.path_of(entry.name),
                    label=_menu_label(entry, late_count),
                    icon=f":material/{entry.icon}:",
                    width="stretch",
                )


def _menu_label(entry: navigation.PageEntry, late_count: int) -> str:
    if entry.name == navigation.HOME and late_count:
        return f"{entry.title} {DUTY[Duty.OVERDUE].plain_badge(f'逾期 {late_count}')}"
    return entry.title


def _draw_person(actor: Actor, school_name: str | None) -> None:
    if school_name:
        note(school_name)
    if actor.has_role(Role.ADMIN) and is_unencrypted():
        st.markdown(UNENCRYPTED, help="别的机器能打开这里，而传输没有加密。怎么办写在“设置”里。")
    roles = "、".join(role.label for role in actor.roles)
    st.menu_button(
        plain(f"{actor.display_name}，{roles}" if roles else actor.display_name),
        [_CHANGE_PASSWORD, _SIGN_OUT] if navigation.has_page(navigation.PASSWORD) else [_SIGN_OUT],
        key=_PERSON_MENU,
        icon=":material/account_circle:",
        type="tertiary",
        on_click=_follow_person_menu,
    )


def _follow_person_menu() -> None:
    match st.session_state.get(_PERSON_MENU):
        case "修改密码":
            st.switch_page(navigation.path_of(navigation.PASSWORD))
        case "退出登录":
            session.sign_out()
            st.switch_page(navigation.path_of(navigation.HOME))


def _draw_top_bar(find_students: FindStudents | None) -> None:
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", wrap=False):
        text = _draw_find_box() if find_students else ""
        st.button(
            "隐藏屏幕",
            key="care_hide",
            icon=":material/visibility_off:",
            type="tertiary",
            shortcut="Alt+H",
            on_click=session.hide,
        )
    if find_students and text.strip():
        _draw_found(text.strip(), find_students(text.strip()))


def _draw_find_box() -> str:
    begin_with(_FIND, "")
    return st.text_input(
        "找学生",
        key=_FIND,
        type="search",
        placeholder="找学生：姓名、拼音、班级、学号",
        label_visibility="collapsed",
        live="300ms",
    )


def _draw_found(text: str, found: Sequence[FoundStudent]) -> None:
    with st.container(border=True, gap=None):
        if not found:
            note(f"没有找到“{text}”。可以试试拼音首字母或学号。")
        for student in found[:FOUND_AT_MOST]:
            st.button(
                plain(f"{student.name}，{student.class_label}，学号 {student.student_no}"),
                key=f"care_found_{student.id}",
                icon=":material/person:",
                type="tertiary",
                on_click=_open_child,
                args=(student.id,),
            )
        if len(found) > FOUND_AT_MOST:
            note(f"只列出前 {FOUND_AT_MOST} 人，还有别的。请写得再全一些，或到学生名册里按班级看。")


def _open_child(student_id: int) -> None:
    tell(_FIND, "")
    st.switch_page(navigation.path_of(navigation.CHILD), query_params={"student": str(student_id)})
