"""Forms of the accounts page: adding somebody, changing somebody, and the two acts that ask first."""

from collections.abc import Sequence

import streamlit as st
from sqlmodel import Session

from db.tables import Role
from db.transactions import reading, transaction
from services import account_lists, accounts, classes, clock
from services.access import Permission, allows
from services.account_lists import AccountRow
from services.actors import Actor
from services.errors import DomainError, EditedMeanwhile
from services.passwords import NewPassword
from ui.dialogs import close_dialog, open_dialog, opened_about
from ui.formats import clock as clock_words
from ui.formats import day, plain
from ui.forms import Form, shown
from ui.layout import DISCARD, KEEP, facts, flash, form_end, leave_button, note, refusal, side_box, side_column
from ui.session import require_user
from ui.slips import keep_slip
from ui.states import ACCOUNT
from ui.username_field import username_field

MAY_MANAGE = (Permission.ACCOUNT_MANAGE, Permission.ACCOUNT_ADD_TEAM)
_TO_ENABLE = "account_to_enable"
_LABELS = {"display_name": "姓名", "phone": "电话", "roles": "岗位", "is_protection_leader": "处理疑似侵害"}


@st.dialog("新增账号", icon=":material/person_add:", dismissible=False)
def add_account() -> None:
    """Ask for a new account and keep its first password for the slip."""
    actor = require_user(*MAY_MANAGE)
    with reading() as session:
        found_classes = classes.list_classes(session, actor)
        roles_to_give = account_lists.list_roles_to_give(session, actor)

    form = Form("account_new")
    form.notices()
    left, right = st.columns(2)
    with left, form.field("display_name", "") as key:
        name = st.text_input("姓名", key=key, autocomplete="off")
    with right:
        username = username_field(form, "username")
    with form.field("roles", []) as key:
        roles = _ask_for_roles(roles_to_give, key)
    class_id = _ask_for_class(form, found_classes) if Role.HOMEROOM in roles and found_classes else None
    taught, subject = _ask_for_taught(form, found_classes) if Role.SUBJECT_TEACHER in roles else ([], "")
    with form.field("staff_no", "") as key:
        staff_no = st.text_input("工号（可以不填）", key=key, autocomplete="off")
    note("会给出一个第一次密码，抄给本人。登录后马上要换成自己的。", icon="key")

    def create() -> NewPassword:
        prepared = accounts.prepare_password()
        with transaction() as session:
            return accounts.create_account(
                session,
                actor,
                username=username,
                display_name=name,
                roles=roles,
                prepared=prepared,
                staff_no=staff_no,
                class_id=class_id,
                taught_class_ids=taught,
                subject=subject,
            )

    if _is_submitted(form, name.strip()) and (slip := form.try_first(create)):
        keep_slip(slip, name=name.strip())
        form.cancel()
        close_dialog()


def show_account(actor: Actor, row: AccountRow) -> None:
    """Draw one account: what can be changed at the left, facts and acts at the side."""
    left, right = side_column(1.9)
    with left, st.container(border=True):
        st.markdown(f"**{plain(row.display_name)}** {ACCOUNT[row.state].badge()}")
        if row.is_mine_to_manage:
            _change_account(actor, row)
        else:
            note("这个账号归信息老师管，这里只能看。", icon="lock")
            note(f"岗位：{'、'.join(role.label for role in row.roles)}")
    with right, side_box("登录"):
        _draw_facts(row)
        if row.is_mine_to_manage:
            _draw_acts(actor, row)


def _change_account(actor: Actor, row: AccountRow) -> None:
    with reading() as session:
        roles_to_give = account_lists.list_roles_to_give(session, actor)
    form = Form(f"account_{row.id}", row, labels=_LABELS, show=_show_value)
    form.notices()
    left, right = st.columns(2)
    with left, form.field("display_name", "") as key:
        name = st.text_input("姓名", key=key, autocomplete="off")
    with right, form.field("phone", "") as key:
        phone = st.text_input("电话（可以不填）", key=key, autocomplete="off")
    with form.field("roles", []) as key:
        roles = _ask_for_roles(roles_to_give, key)
    is_leader = bool(form.drawn_from.values["is_protection_leader"])
    if Role.LEADERSHIP in roles and allows(actor, Permission.ACCOUNT_MANAGE):
        with form.field("is_protection_leader", False) as key:
            is_leader = st.toggle("处理疑似侵害：能看到标了这一项的登记", key=key)
    note("改了岗位，本人要重新登录。")

    def change(session: Session) -> None:
        accounts.change_account(
            session,
            actor,
            user_id=row.id,
            version=form.version,
            display_name=name,
            roles=roles,
            is_protection_leader=is_leader,
            phone=phone,
        )

    with form_end():
        label = f"保存{form.drawn_from.values['display_name']}的账号"
        submitted = st.button(plain(label), key=form.key("save"), type="primary", icon=":material/check:")
    if submitted and form.save(change):
        flash("已保存。")
        st.rerun()


def _draw_facts(row: AccountRow) -> None:
    found = {
        "账号": row.username,
        "工号": row.staff_no or "",
        "班主任": "、".join(row.homeroom_of),
        "最近登录": last_seen(row),
    }
    facts({label: value for label, value in found.items() if value})


def _draw_acts(actor: Actor, row: AccountRow) -> None:
    with st.container(horizontal=True, gap="xsmall"):
        # With the version the account was shown in: two who act at once don't reset a password twice.
        reset, disable = ("account_reset", row.id, row.version), ("account_disable", row.id, row.version)
        st.button("重设密码", key="account_reset", icon=":material/lock_reset:", on_click=open_dialog, args=reset)
        if not row.is_active:
            enable = (row.id, row.version, row.display_name)
            st.button("再启用", key="account_enable", icon=":material/lock_open:", on_click=_ask_to_enable, args=enable)
        elif row.id != actor.user_id:
            st.button("停用", key="account_disable", icon=":material/block:", on_click=open_dialog, args=disable)
    if seen := opened_about("account_reset", row.id):
        _ask_to_reset(row, version=seen[0])
    if seen := opened_about("account_disable", row.id):
        _ask_to_disable(row, version=seen[0])


@st.dialog("重设密码", icon=":material/lock_reset:", dismissible=False)
def _ask_to_reset(row: AccountRow, *, version: int) -> None:
    actor = require_user(*MAY_MANAGE)
    st.markdown(f"给 **{plain(row.display_name)}** 一个新的第一次密码？现在的密码马上不能用，登录着的页面会退出。")
    with form_end():
        if leave_button(KEEP, key="account_reset_keep"):
            close_dialog()
        confirmed = st.button(plain(f"重设{row.display_name}的密码"), key="account_reset_yes", type="primary")
    if not confirmed:
        return
    prepared = accounts.prepare_password()
    try:
        with transaction() as session:
            slip = accounts.reset_password(session, actor, user_id=row.id, version=version, prepared=prepared)
    except DomainError as error:
        _refused(error)
        return
    keep_slip(slip, name=row.display_name)
    close_dialog()


@st.dialog("停用账号", icon=":material/block:", dismissible=False)
def _ask_to_disable(row: AccountRow, *, version: int) -> None:
    actor = require_user(*MAY_MANAGE)
    st.markdown(f"停用 **{plain(row.display_name)}** 的账号？")
    note("马上不能登录，正开着的页面会退出。写过的记录都在，以后可以再启用。")
    if row.homeroom_of:
        note(f"还是{'、'.join(row.homeroom_of)}的班主任，请到“设置”里换人。", icon="info")
    with form_end():
        if leave_button(KEEP, key="account_disable_keep"):
            close_dialog()
        confirmed = st.button(plain(f"停用{row.display_name}"), key="account_disable_yes", type="primary")
    if not confirmed:
        return
    try:
        with transaction() as session:
            accounts.set_active(session, actor, user_id=row.id, version=version, is_active=False)
    except DomainError as error:
        _refused(error)
        return
    flash(f"{row.display_name}的账号停用了。")
    close_dialog()


def _ask_to_enable(user_id: int, version: int, name: str) -> None:
    st.session_state[_TO_ENABLE] = (user_id, version, name)


def enable_what_was_asked(actor: Actor) -> None:
    """Enable the account whose button was pressed, in the version it was shown in; before the page reads anew.

    By then the account may stand in another view, where no button for it is drawn.
    """
    asked: tuple[int, int, str] | None = st.session_state.pop(_TO_ENABLE, None)
    if asked is None:
        return
    user_id, version, name = asked
    try:
        with transaction() as session:
            accounts.set_active(session, actor, user_id=user_id, version=version, is_active=True)
    except DomainError as error:
        _refused(error, next_step="请看看它现在的样子，再决定。")
    else:
        flash(f"{name}的账号可以用了。")
        st.rerun()


def _refused(error: DomainError, *, next_step: str = "请点“留着”，看一看再决定。") -> None:
    if isinstance(error, EditedMeanwhile):  # nothing was typed here that could be compared
        st.error(f"没有做：刚刚有人改过这个账号，也许已经做了。{next_step}", icon=":material/error:")
    else:
        refusal(error)


def last_seen(row: AccountRow) -> str:
    """Write when somebody was last there, for lists."""
    if row.last_seen_at is None:
        return "还没登录过"
    moment = clock.local(row.last_seen_at)
    return f"{day(moment.date(), today=clock.today())} {clock_words(moment, clock.SCHOOL_ZONE)}"


def _ask_for_roles(roles_to_give: Sequence[Role], key: str) -> list[Role]:
    if isinstance(st.session_state[key], tuple):  # as the list of accounts has them
        st.session_state[key] = list(st.session_state[key])
    return list(
        st.pills(
            "岗位（可以选几个）",
            roles_to_give,
            selection_mode="multi",
            format_func=lambda role: role.label,
            key=key,
            wrap=True,
        )
    )


def _ask_for_class(form: Form, found_classes: Sequence[classes.ClassRow]) -> int | None:
    labels = {found.id: _class_choice(found) for found in found_classes}
    with form.field("class_id") as key:
        return st.selectbox(
            "哪个班的班主任",
            list(labels),
            index=None,
            format_func=labels.__getitem__,
            key=key,
            placeholder="以后再定",
        )


def _ask_for_taught(form: Form, found_classes: Sequence[classes.ClassRow]) -> tuple[list[int], str]:
    """Ask which classes somebody teaches, and what; until then a subject teacher sees no child."""
    if not found_classes:
        note("还没有班级。班建好以后，在“设置”里写上教哪些班。", icon="info")
        return [], ""
    labels = {found.id: found.label for found in found_classes}
    with form.field("taught", []) as key:
        taught = st.multiselect("教哪些班（以后也能定）", list(labels), format_func=labels.__getitem__, key=key,
                                select_all=False, placeholder="没选班，就看不到孩子")  # fmt: skip
    if not taught:
        return [], ""
    with form.field("subject", "") as key:
        return taught, st.text_input("教什么课（可以不填）", key=key, autocomplete="off")


def _is_submitted(form: Form, name: str) -> bool:
    """Draw the end of the form for a new account; say whether it was sent off."""
    with form_end():
        if leave_button(DISCARD, key="account_new_cancel"):
            form.cancel()
            close_dialog()
        return st.button(plain(f"加上{name}"), key="account_new_save", type="primary", icon=":material/check:")


def _class_choice(found: classes.ClassRow) -> str:
    return f"{found.label}（现在是{found.homeroom_name}）" if found.homeroom_name else found.label


def _show_value(field: str, value: object) -> str:
    if field == "roles" and isinstance(value, list | tuple):
        return "、".join(Role(role).label for role in value) or shown(None)
    return shown(value)
