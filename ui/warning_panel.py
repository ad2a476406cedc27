"""A child's early-warning working group on screen: who sits in it, who is missing, adding and taking out."""

import streamlit as st

from db.tables import WarningRole
from db.transactions import reading
from services import clock, warning_group_views, warning_groups
from services.access import Permission
from services.actors import Actor
from services.agreements import asks_before_contact
from services.drop_out_views import list_who_agrees
from services.tier_kinds import TierOrder
from services.warning_group_views import GroupView, Seat
from services.warning_groups import BY_NAME, MemberEntry
from ui import formats
from ui.assessment_form import with_roles
from ui.dialog_parts import buttons, cancel_if, finish
from ui.dialogs import open_dialog, opened, opened_about
from ui.formats import plain
from ui.forms import Form
from ui.layout import DISCARD, KEEP, leave_button, note
from ui.session import require_user
from ui.states import GROUP
from ui.tier_words import tier_look

_ADD, _OUT, _END = "warning_add", "warning_out", "warning_end"
_SMALL_BUTTON = 72
_ROLES = list(WarningRole)


def draw_group(view: GroupView, order: TierOrder) -> None:
    """Draw one group: the child's tier, each seat, what is missing, and what who leads it can do."""
    with st.container(border=True, gap="small"):
        look = GROUP["incomplete" if view.missing else "complete"]
        st.markdown(
            f"**{plain(view.child)}** :small[:gray[{plain(view.class_label)}]] {tier_look(view.tier, order).badge()} "
            f"{look.badge()}"
        )
        since = formats.day(view.from_day, today=clock.today())
        note(f"{since}成立。组里的老师在小组解散、自己退出以前，看得到这个孩子是谁。")
        if not view.is_key:
            note("孩子已经不在最重的两级，或者离校了，没有别的事就可以解散。", icon="info")
        if view.missing:
            note(f"还缺：{'、'.join(role.label for role in view.missing)}。", icon="person_add")
        for seat in view.seats:
            _draw_seat(view, seat)
        if not view.seats:
            note("还没有人。")
        if view.may_write:
            with st.container(horizontal=True, gap="xsmall"):
                st.button(
                    "加一个人", key=f"warning_add_{view.id}", icon=":material/person_add:", on_click=open_dialog,
                    args=(_ADD, view.id),
                )  # fmt: skip
                st.button("解散小组", key=f"warning_end_{view.id}", on_click=open_dialog, args=(_END, view.id))
    _draw_opened(view)


def _draw_seat(view: GroupView, seat: Seat) -> None:
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        since = f"{formats.day(seat.from_day, today=clock.today())}起"
        phone = f"，电话 {seat.phone}" if seat.phone else ""
        gone = "，账号停用了，要换人" if seat.is_closed else ""
        st.markdown(
            f"**{seat.role.label}** {plain(seat.name)}  \n:small[:gray[{plain(since + phone + gone)}]]", width="stretch"
        )
        if view.may_write:
            st.button(
                "退出", key=f"warning_out_{seat.id}", width=_SMALL_BUTTON, on_click=open_dialog,
                args=(_OUT, view.id, seat.id),
            )  # fmt: skip


def _draw_opened(view: GroupView) -> None:
    if opened(_ADD, view.id):
        _add(view)
    elif opened(_END, view.id):
        _end(view)
    else:
        about = opened_about(_OUT, view.id) or (0,)
        for seat in view.seats:
            if seat.id == about[0]:
                _out(view, seat)


@st.dialog("小组加一个人", dismissible=False)
def _add(view: GroupView) -> None:
    actor = require_user(Permission.WARNING_WRITE)
    with reading() as session:
        staff = warning_group_views.list_candidates(session, actor)
    form = Form(f"warning_add_form_{view.id}", {"id": view.id})
    form.notices()
    start = view.missing[0] if view.missing else WarningRole.OTHER
    with form.field("role", start) as key:
        role = st.selectbox("什么身份", _ROLES, key=key, placeholder="请选",
                            format_func=lambda each: WarningRole(each).label)  # fmt: skip
    user_id: int | None = None
    agreed_with_id: int | None = None
    name, phone, was_asked = "", "", False
    if role not in BY_NAME:
        with form.field("user_id") as key:
            user_id = st.selectbox(
                "哪位老师", list(staff), key=key, index=None, placeholder="请选",
                format_func=lambda each: with_roles(staff.get(each)),
            )  # fmt: skip
    if role in BY_NAME or role is WarningRole.OTHER:
        with form.field("name", "") as key:
            name = st.text_input("姓名", key=key, autocomplete="off")
        with form.field("phone", "") as key:
            phone = st.text_input("电话", key=key, autocomplete="off")
        with form.field("was_asked", False) as key:
            was_asked = st.checkbox("问过本人，学生还问过家长，愿意参加", key=key)
        note("学生、家长只写姓名和电话，没有账号，看不到程序里的任何内容。")
    if role is WarningRole.PARENT and asks_before_contact(actor):
        agreed_with_id = _agreed_with(actor, form)
    if role is not None and role not in BY_NAME:
        note("加进来的老师从现在起看得到这个孩子是谁、在哪个班、在哪一级；理由、辅导、个案看不到。")
    with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        cancelled = leave_button(DISCARD, key=form.key("cancel"))
        saved = st.button(plain(f"加进{view.child}的小组"), key=form.key("save"), type="primary")
    cancel_if(form, cancelled)
    if saved:
        entry = MemberEntry(
            role=role, user_id=user_id, name=name, phone=phone, was_asked=was_asked, agreed_with_id=agreed_with_id
        )
        finish(form, lambda session: warning_groups.add_member(session, actor, group_id=view.id, entry=entry))


def _agreed_with(actor: Actor, form: Form) -> int | None:
    """Ask with which head it was agreed to ask a parent: of every child, so that the question tells nothing."""
    with reading() as session:
        heads = list_who_agrees(session, actor)
    with form.field("agreed_with_id") as key:
        chosen: int | None = st.selectbox(
            "联系家里，事先和谁说好", list(heads), key=key, index=None, placeholder="请选",
            format_func=lambda each: heads.get(each, ""),
        )  # fmt: skip
    return chosen


@st.dialog("退出小组", dismissible=False)
def _out(view: GroupView, seat: Seat) -> None:
    actor = require_user(Permission.WARNING_WRITE)
    form = Form(f"warning_out_form_{seat.id}", {"id": seat.id, "version": seat.version})
    form.notices()
    note(f"{seat.name}从现在起不在{view.child}的小组里，因为小组看得到的也看不到了。什么时候在过，留着。")
    with st.form(form.key("fields"), border=False):
        saved, cancelled = buttons(form, f"{seat.name}退出", cancel=KEEP)
    cancel_if(form, cancelled)
    if saved:
        finish(
            form,
            lambda session: warning_groups.end_member(session, actor, member_id=seat.id, version=form.version),
        )


@st.dialog("解散小组", dismissible=False)
def _end(view: GroupView) -> None:
    actor = require_user(Permission.WARNING_WRITE)
    form = Form(f"warning_end_form_{view.id}", {"id": view.id, "version": view.version})
    form.notices()
    note(f"{view.child}的小组从现在起没有了，组里的老师不再因为它看得到孩子。谁什么时候在过，留着。")
    with st.form(form.key("fields"), border=False):
        saved, cancelled = buttons(form, f"解散{view.child}的小组", cancel=KEEP)
    cancel_if(form, cancelled)
    if saved:
        finish(form, lambda session: warning_groups.end_group(session, actor, group_id=view.id, version=form.version))
