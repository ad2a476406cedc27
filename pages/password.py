"""One's own password: the old one, and a new one twice."""

import streamlit as st

from db.transactions import reading, transaction
from services import accounts, passwords, sign_in
from services.access import Permission
from services.errors import FieldErrors, Problem
from ui import navigation
from ui.forms import Form
from ui.layout import flash, note, page_header
from ui.session import require_user, sign_out

actor = require_user(Permission.OWN_ACCOUNT)


def change(old: str, new: str, again: str) -> bool:
    """Check, hash (both slow, so outside of any transaction), and store.

    Raises:
        FieldErrors: the old one is wrong, which is counted, or the new one can't be used.
        TooManyTries, PasswordResetMeanwhile: as the services say.
    """
    address = st.context.ip_address
    with reading() as session:
        account = sign_in.find_own_account(session, actor, address=address)
    accounts.check_new_password(username=account.name, old=old, new=new, again=again)
    if not sign_in.is_right(account, old):
        with transaction() as session:
            missed = sign_in.count_own_miss(session, actor, account=account, address=address)
        raise FieldErrors({"old_password": Problem("password_wrong", tries_left=missed.tries_left)})
    new_hash = passwords.hash_password(new)
    with transaction() as session:
        accounts.change_own_password(session, actor, old_hash=account.password_hash or "", new_hash=new_hash)
    return True


with (
    st.container(horizontal_alignment="center" if actor.must_change_password else "left"),
    st.container(width=480),
):
    if actor.must_change_password:
        st.space("large")
        page_header("先换一个自己的密码", "现在的密码别人也知道。换好就可以开始用。")
    else:
        page_header("修改密码", "改好以后，别处登录着的会退出，这里不用重新登录。")

    form = Form("care_password")  # care_: what is typed here is never put on the shelf
    form.notices()
    with st.form(form.key("fields"), enter_to_submit=True):
        with form.field("old_password", "") as key:
            old = st.text_input("现在的密码", key=key, type="password", autocomplete="current-password", live=True)
        with form.field("new_password", "") as key:
            new = st.text_input("新密码", key=key, type="password", autocomplete="new-password", live=True)
        with form.field("again", "") as key:
            again = st.text_input("新密码，再写一遍", key=key, type="password", autocomplete="new-password", live=True)
        note(f"至少 {passwords.MIN_LENGTH} 位，字母和数字都有更好。不要和账号一样，也不要用在别处用过的。")
        with st.container(horizontal_alignment="right"):
            submitted = st.form_submit_button(
                "换成新密码", type="primary", icon=":material/check:", key="care_password_save"
            )

if actor.must_change_password:  # no menu here yet: somebody else may want to sign in
    with st.container(horizontal_alignment="center"), st.container(width=480):
        st.button("退出登录", key="care_password_sign_out", type="tertiary", on_click=sign_out)

if submitted:
    with st.spinner("正在换…"):
        is_done = form.try_first(lambda: change(old, new, again))
    if is_done:
        form.cancel()
        flash("密码换好了。")
        st.switch_page(navigation.path_of(navigation.HOME))
