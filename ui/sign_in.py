"""The sign-in form, with its refusals under the field."""

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from db.transactions import reading, transaction
from services import sign_in
from services.actors import Actor
from services.errors import DomainError
from ui import session
from ui.authenticator import Authenticator
from ui.brand import ICON, NAME
from ui.formats import plain
from ui.layout import field, field_error, note
from ui.refusals import explain

FORM_WIDTH = 384


@dataclass(frozen=True)
class _Form:
    """What the form holds, and the place under the password for a refusal."""

    name: str
    password: str
    is_sent: bool
    refusal: DeltaGenerator


def ask_to_sign_in(*, school_name: str | None) -> Actor | None:
    """Draw the form; return the person when this run signed somebody in, and leave nothing of the form then."""
    with st.container():
        authenticator = Authenticator(_check_password, cookie_key=sign_in.cookie_key())
    if (token := authenticator.token_in_browser()) and (actor := session.accept(token)):
        return actor  # signed in in another tab meanwhile

    slot = st.empty()
    with slot.container(horizontal_alignment="center"), st.container(width=FORM_WIDTH):
        draw_heading(school_name)
        form = _draw_form()
        _draw_advice()
    actor = _sign_in(authenticator, form) if form.is_sent else None
    if actor is not None:
        slot.empty()  # else the form stays on screen for one run more (seen)
    return actor


def _sign_in(authenticator: Authenticator, form: _Form) -> Actor | None:
    if not form.name.strip() or not form.password:
        _refuse(form, "请把账号和密码都填上。")
        return None
    try:
        signed_in = authenticator.check(form.name, form.password)
    except DomainError as error:
        _refuse(form, explain(error))
        return None
    actor = session.accept(signed_in.token)
    authenticator.set_cookie(signed_in)  # only now: for another person than before, accept empties the state
    return actor


def _check_password(name: str, password: str) -> sign_in.SignedIn:
    """Look up, check (slow, so outside of any transaction), then open the session or count the miss.

    Raises:
        WrongPassword: after the miss is committed.
        TooManyTries, AccountDisabled: as the service says.
    """
    address = st.context.ip_address
    with reading() as database:
        account = sign_in.find_account(database, name=name, address=address)
    is_right = sign_in.is_right(account, password)
    with transaction() as database:
        outcome = sign_in.start_session(database, account, is_right=is_right, address=address)
    if isinstance(outcome, sign_in.Missed):
        raise sign_in.WrongPassword(outcome)
    return outcome


def _refuse(form: _Form, sentence: str) -> None:
    with form.refusal:
        field_error(sentence)


def draw_heading(line: str | None) -> None:
    """Draw the program's sign and name, and a line below: the school, or what this is."""
    st.space("large")
    st.space("small")
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.image(ICON, width=48, alt="")
        with st.container(gap=None):
            st.title(NAME)
            if line:
                st.caption(plain(line))


def _draw_form() -> _Form:
    with st.form("care_sign_in", border=True):
        name = st.text_input("账号", key="care_sign_in_name", autocomplete="username")
        with field():
            password = st.text_input(
                "密码", key="care_sign_in_password", type="password", autocomplete="current-password"
            )
            refusal = st.container()
            if notice := session.notice():
                with refusal:
                    note(notice)
        is_sent = st.form_submit_button("登录", type="primary", width="stretch", key="care_sign_in_submit")
    return _Form(name, password, is_sent, refusal)


def _draw_advice() -> None:
    with st.container(gap="xsmall"):
        note("忘了密码，请找学校信息老师重设。")
        note("这里记着孩子的事。离开座位按 Alt+H 隐藏屏幕，用完请退出。每次查看都会留下记录。", icon="lock")
