"""Standing groups: which there are and what they lack, one group with its members, setting one up."""

from collections.abc import Sequence

import streamlit as st

from db.tables import GroupKind, GroupRole
from db.transactions import reading, transaction
from services import account_lists, clock, group_lists, groups
from services.access import Permission, allows
from services.actors import Actor
from services.errors import DomainError
from services.group_kinds import GUEST_ROLES, WANTED
from services.group_lists import Group, Groups, Member
from ui.asking_first import ask_first
from ui.dialogs import close_dialog, open_dialog, opened
from ui.formats import day, plain
from ui.forms import Form, shown
from ui.layout import (
    DISCARD,
    Action,
    act_list,
    act_row,
    empty_state,
    flash,
    form_end,
    leave_button,
    note,
    refusal,
    side_box,
    side_column,
)
from ui.session import require_user
from ui.states import DUTY, GROUP, Duty
from ui.tables import StateColumn, TagColumn, current_page, data_table, opening_column, paging_line
from ui.views import opened_in_table

FOUND, _DISSOLVE, _SELECTED = "group_found", "group_dissolve", "group"
_OPENED, _PAGE, _ROWS = "groups_open", "page", 10
_LABELS = {"name": "叫什么", "wanted_roles": "要有哪些人"}


def show_groups(actor: Actor) -> None:
    """Draw what is missing, the groups there are, and the opened one."""
    may_write = allows(actor, Permission.POST_WRITE)
    with reading() as session:
        found = group_lists.list_groups(session, actor)
    chosen = _choose(found.groups) if found.groups else None
    if chosen is not None:
        _show_group(actor, chosen, may_write=may_write)
    elif may_write:
        _draw_unfounded(actor, found)
    elif not found.groups:
        empty_state("groups", "还没有小组", "小组由关爱室负责人建起来，建好以后这里看得到谁在里面。")


def _draw_unfounded(actor: Actor, found: Groups) -> None:
    places = [*found.grades_without, *found.classes_without]
    if not found.unfounded and not places:
        return
    with act_list("制度要求、还没有建的"):
        badge = DUTY[Duty.WAITING].badge()
        for kind in found.unfounded:
            reason = f"要有：{'、'.join(role.label for role in WANTED[kind])}"
            if act_row(kind.label, badge, reason, "建起来", key=f"group_found_{kind}"):
                _do(lambda session, kind=kind: groups.found_group(session, actor, kind=kind))
        if places:
            shown_places = "、".join(places[:6]) + (f"等 {len(places)} 处" if len(places) > 6 else "")
            reason = f"{shown_places}。组长先定为年级组长、班主任"
            if act_row("年级和班级的工作小组", badge, reason, "一次建好", key="group_found_places"):
                _do(lambda session: groups.found_groups_of_places(session, actor))


def _do(act) -> None:  # type: ignore[no-untyped-def]  # what a service takes
    try:
        with transaction() as session:
            act(session)
    except DomainError as error:
        refusal(error)
        return
    flash("已保存。")
    st.rerun()


def _choose(rows: Sequence[Group]) -> Group | None:
    page = current_page(_PAGE, total=len(rows), page_size=_ROWS)
    visible = rows[(page - 1) * _ROWS : page * _ROWS]
    ids = [group.id for group in visible]
    data_table(
        [_row(group) for group in visible],
        {
            "name": opening_column("小组", key=_OPENED, width=230),
            "head": st.column_config.TextColumn("组长", width=110),
            "count": st.column_config.TextColumn("人数", width=70, alignment="right"),
            "state": StateColumn("状态", list(GROUP.values()), width=100),
            "missing": TagColumn("还缺", width=370),
        },
        key=f"groups_table_{hash(tuple(ids))}",
        alt=f"{len(rows)} 个小组，{sum(bool(group.missing) for group in rows)} 个还缺人",
    )
    paging_line(_PAGE, total=len(rows), unit="个小组", page_size=_ROWS)
    asked = opened_in_table(ids, key=_OPENED, parameter=_SELECTED)
    return next((group for group in rows if group.id == asked), None)


def _row(group: Group) -> dict[str, object]:
    heads = [_name(member) for member in group.members if member.role is GroupRole.HEAD]
    return {
        "name": group.name,
        "head": "、".join(heads),
        "count": f"{len(group.members)} 人",
        "state": [GROUP["incomplete" if group.missing else "complete"].cell()],
        "missing": [role.label for role in group.missing],
    }


def _name(member: Member) -> str:
    return member.name or f"一位{member.role.label}"


def _show_group(actor: Actor, group: Group, *, may_write: bool) -> None:
    left, right = side_column(1.7)
    with left, st.container(border=True, gap="xsmall"):
        state = GROUP["incomplete" if group.missing else "complete"]
        missing = f"还缺{'、'.join(role.label for role in group.missing)}" if group.missing else None
        st.markdown(f"**{plain(group.name)}** {state.badge(missing)}")
        if not group.members:
            note("还没有人。请在右边加。" if may_write else "还没有人。")
        for member in group.members:
            _draw_member(actor, member, may_write=may_write)
        if group.former:
            note(f"以前在里面的：{'、'.join(_former(each) for each in group.former)}。")
    with right:
        if may_write:
            with side_box("加一个人"):
                _member_form(actor, group)
            with side_box("这个小组"):
                _change_form(actor, group)
        else:
            with side_box("这个小组"):
                note(f"要有：{'、'.join(role.label for role in group.wanted_roles)}。")


def _draw_member(actor: Actor, member: Member, *, may_write: bool) -> None:
    since = f"{day(member.from_day, today=clock.today())}起"
    phone = f"，电话 {member.phone}" if member.phone else ""
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.markdown(
            f"**{plain(_name(member))}**  \n:small[:gray[{plain(f'{member.role.label}，{since}{phone}')}]]",
            width="stretch",
        )
        if may_write and st.button("不在了", key=f"member_end_{member.id}", type="tertiary"):
            _do(lambda session: groups.end_membership(session, actor, member_id=member.id, version=member.version))


def _former(member: Member) -> str:
    last = day(member.to_day or clock.today(), today=clock.today())
    return f"{_name(member)}（{member.role.label}，到{last}）"


def _member_form(actor: Actor, group: Group) -> None:
    with reading() as session:
        names = {each.id: each.display_name for each in account_lists.list_staff(session, actor)}
    roles = [*group.missing, *(role for role in GroupRole if role not in group.missing)]
    head = next((member for member in group.members if member.role is GroupRole.HEAD), None)
    form = Form(f"member_new_{group.id}", {"id": head.id, "version": head.version} if head else None)
    form.notices()
    with form.field("role", roles[0]) as key:
        role = st.selectbox("什么身份", roles, format_func=lambda each: each.label, key=key, placeholder="请选")
    with form.field("user_id") as key:
        user_id = st.selectbox(
            "哪位老师", list(names), index=None, format_func=names.__getitem__, key=key, placeholder="选一位老师"
        )
    name, phone = "", ""
    if role in GUEST_ROLES and allows(actor, Permission.GROUP_GUESTS):
        with form.field("name", "") as key:
            name = st.text_input("没有账号的人，写姓名", key=key, autocomplete="off")
        with form.field("phone", "") as key:
            phone = st.text_input("电话（可以不填）", key=key, autocomplete="off")
        note("学生、家长、专家的名字只有关爱室看得到。")
    is_new_head = role is GroupRole.HEAD and form.drawn_from.id is not None
    if is_new_head and head:
        note(f"现在的组长是{_name(head)}，会换下来。")
    with form_end():
        submitted = st.button("加进小组", key=form.key("save"), type="primary", icon=":material/person_add:")
    if submitted and form.save(
        lambda session: groups.add_member(
            session,
            actor,
            group_id=group.id,
            role=role,
            user_id=user_id,
            name=name,
            phone=phone,
            replaces_id=form.drawn_from.id if is_new_head else None,
            replaces_version=form.drawn_from.version if is_new_head else None,
        )
    ):
        flash("已保存。")
        st.rerun()


def _change_form(actor: Actor, group: Group) -> None:
    form = Form(f"group_{group.id}", group, labels=_LABELS, show=_show_value)
    form.notices()
    with form.field("name", "") as key:
        name = st.text_input("叫什么", key=key, autocomplete="off")
    with form.field("wanted_roles", []) as key:
        if isinstance(st.session_state[key], tuple):  # as the list of groups has them
            st.session_state[key] = list(st.session_state[key])
        wanted = st.multiselect(
            "要有哪些人",
            list(GroupRole),
            format_func=lambda each: each.label,
            key=key,
            placeholder="选身份",
            select_all=False,
        )
    with form_end():
        st.button("解散", key=form.key("dissolve"), type="tertiary", on_click=open_dialog, args=(_DISSOLVE, group.id))
        submitted = st.button("保存小组", key=form.key("save"), icon=":material/check:")
    if submitted and form.save(
        lambda session: groups.change_group(
            session, actor, group_id=group.id, version=form.version, name=name, wanted_roles=wanted
        )
    ):
        flash("已保存。")
        st.rerun()
    if opened(_DISSOLVE, group.id):
        _ask_to_dissolve(group)


@st.dialog("解散小组", icon=":material/group_off:", dismissible=False)
def _ask_to_dissolve(group: Group) -> None:
    actor = require_user(Permission.POST_WRITE)
    st.markdown(f"解散 **{plain(group.name)}**？")
    note("谁从哪天到哪天在里面，都会留着。")
    ask_first(
        lambda session: groups.dissolve_group(session, actor, group_id=group.id, version=group.version),
        f"解散{group.name}",
        kept="group_dissolve_keep",
        confirmed="group_dissolve_yes",
        done="已解散。",
    )


@st.dialog("加一个小组", icon=":material/group_add:", dismissible=False)
def found_group() -> None:
    """Ask for a group of the school's own."""
    actor = require_user(Permission.POST_WRITE)
    form = Form("group_new")
    form.notices()
    with form.field("name", "") as key:
        name = st.text_input("叫什么", key=key, autocomplete="off", placeholder="例如 宿舍关爱小组")
    with form_end():
        if leave_button(DISCARD, key="group_new_cancel"):
            form.cancel()
            close_dialog()
        submitted = st.button("加上", key="group_new_save", type="primary", icon=":material/check:")
    if submitted and form.save(lambda session: groups.found_group(session, actor, kind=GroupKind.OTHER, name=name)):
        flash("已保存。")
        close_dialog()


def found_action() -> Action:
    """Return the act that adds a group."""
    return Action("加小组", "groups_add", "group_add", on_click=open_dialog, args=(FOUND,))


def _show_value(field: str, value: object) -> str:
    if field == "wanted_roles" and isinstance(value, list | tuple):
        return "、".join(GroupRole(role).label for role in value) or shown(None)
    return shown(value)
