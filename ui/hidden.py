"""What stands on screen while it is hidden: nothing of anybody."""

from datetime import tzinfo

import streamlit as st

from db.transactions import reading, transaction
from services import sign_in
from services.actors import Actor
from services.errors import DomainError
from ui import session
from ui.brand import ICON
from ui.formats import clock, plain
from ui.layout import field, field_error
from ui.refusals import explain
from ui.shelf import put_input_on_shelf, take_input_from_shelf

_IS_PASSWORD_NEEDED = "care_password_needed"  # noqa: S105 # a key, not a password
_REFUSAL = "care_unhide_refusal"


def show_hidden_screen(actor: Actor, zone: tzinfo) -> None:
    """Draw the hidden screen and the way back."""
    put_input_on_shelf()
    st.set_page_config(initial_sidebar_state="collapsed")  # else an empty sidebar stays until the next run
    st.logo(ICON, size="large")
    st.space(250)
    with st.container(horizontal_alignment="center"), st.container(width=384, horizontal_alignment="center"):
        st.title("屏幕已隐藏", anchor=False, text_alignment="center", width="content")
        st.caption(plain(_line(actor, zone)), text_alignment="center")
        if st.session_state.get(_IS_PASSWORD_NEEDED):
            _ask_for_password()
        else:
            st.button(
                "回到刚才的页面",
                key="care_hidden_back",
                icon=":material/visibility:",
                shortcut="Alt+H",
                on_click=_unhide,
            )


def _line(actor: Actor, zone: tzinfo) -> str:
    minutes = int(sign_in.HIDDEN_WITHOUT_PASSWORD.total_seconds() // 60)
    since = f"{clock(actor.hidden_since, zone)} " if actor.hidden_since else ""
    return f"{since}由{actor.display_name}隐藏，{minutes} 分钟后要重新输入密码。"


def _ask_for_password() -> None:
    with st.form("care_hidden_form", border=False, enter_to_submit=True):
        with field():
            st.text_input("密码", key="care_hidden_password", type="password", autocomplete="current-password")
            if refusal := st.session_state.get(_REFUSAL):
                field_error(refusal)
        st.form_submit_button(
            "回到刚才的页面", key="care_hidden_submit", type="primary", width="stretch", on_click=_unhide_with_password
        )
    st.button("换一个人登录", key="care_hidden_sign_out", type="tertiary", on_click=session.sign_out)


def _unhide_with_password() -> None:
    _unhide(st.session_state.get("care_hidden_password", ""))


def _unhide(password: str | None = None) -> None:
    """Come back; the first click tells whether the password is needed."""
    if (actor := session.identify()) is None:
        return
    try:
        _show_again(actor, password)
    except DomainError as error:
        st.session_state[_IS_PASSWORD_NEEDED] = True
        st.session_state[_REFUSAL] = explain(error)
        return
    st.session_state[_IS_PASSWORD_NEEDED] = False
    st.session_state[_REFUSAL] = None
    take_input_from_shelf()


def _show_again(actor: Actor, password: str | None) -> None:
    """Check the password where one was typed, outside of any transaction, and show the screen.

    Raises:
        WrongPassword: after the miss is committed.
        PasswordNeeded, TooManyTries: as the service says.
    """
    address = st.context.ip_address
    account, is_right = None, False
    if password is not None:
        with reading() as database:
            account = sign_in.find_own_account(database, actor, address=address)
        is_right = sign_in.is_right(account, password)
    with transaction() as database:
        missed = sign_in.unhide(database, actor, account=account, is_right=is_right, address=address)
    if missed is not None:
        raise sign_in.WrongPassword(missed)
