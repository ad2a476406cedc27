"""Who is asking: from the browser's cookie to a signed-in person, anew on every run.

Nothing here is trusted from the run before: roles, hiding, reset passwords and closed accounts count at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from db.transactions import one_run, reading, transaction
from services import schools, sign_in
from services.access import Permission, allows
from services.actors import Actor
from services.calendar import SchoolCalendar, load_calendar
from services.duties import Duty
from ui.authenticator import forget_cookie
from ui.cookies import COOKIE_NAME, read_cookie
from ui.resuming import own_session
from ui.slips import drop_slip

SIGN_IN_FIRST = "请先登录，再打开这一页。"
NOT_FOR_YOU = "这里看不了：您的岗位没有这一页。有事请找关爱室负责人。"
ALREADY_SET_UP = "这里已经有人设好了，请直接登录。"
SIGNED_OUT_MEANWHILE = "您已退出登录，请重新登录。登录后会回到这一页，写的字还在。"

_TOKEN = "care_token"  # noqa: S105 # a key, not a secret
_USER_ID = "care_user_id"
_NOTICE = "care_sign_in_notice"
_SCHOOL_NAME = "care_school_name"

# The person of this run. Not in session state: a fragment or dialog runs without the main script, and must
# not act for somebody who has signed out since.
_actor_of_this_run: ContextVar[Actor | None] = ContextVar("actor_of_this_run", default=None)

_duties_of_this_run: ContextVar[list[Duty] | None] = ContextVar("duties_of_this_run", default=None)


def identify() -> Actor | None:
    """Return who is asking, or None. Two statements at most."""
    for token in _tokens_to_try():
        if actor := _resolve(token):
            _remember(token, actor)
            return actor
    if st.session_state.pop(_TOKEN, None):
        st.session_state[_NOTICE] = SIGNED_OUT_MEANWHILE
        drop_slip()  # a first password is for who made it, not for whoever sits here now
    return None


def accept(token: str) -> Actor | None:
    """Take a session token as this tab's own, from the sign-in form or from another tab's cookie."""
    actor = _resolve(token)
    if actor is not None:
        _remember(token, actor)
        st.session_state.pop(_NOTICE, None)
    return actor


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """Make the actor known to the guards of this run."""
    handle, duties = _actor_of_this_run.set(actor), _duties_of_this_run.set(None)
    try:
        with one_run():
            yield
    finally:
        _actor_of_this_run.reset(handle)
        _duties_of_this_run.reset(duties)


def require_user(*any_of: Permission) -> Actor:
    """Return the person of this run, or end the run: the first statement of every page, dialog and fragment.

    Any one of the permissions is enough; without any, everybody signed in may stay.
    """
    actor = _actor_of_this_run.get() or identify()
    if actor is None:
        if is_part_run():  # a dialog or fragment, signed out in another tab meanwhile: the whole page asks to sign in
            st.rerun()
        st.error(SIGN_IN_FIRST)
        st.stop()
    if actor.hidden_since is not None:  # hidden in another tab: a dialog open here runs without the main script
        st.rerun()
    if any_of and not allows(actor, *any_of):
        st.error(NOT_FOR_YOU, icon=":material/lock:")
        st.stop()
    return actor


def who_is_there() -> Actor | None:
    """Return the person of a callback, which runs before its page: None if she signed out in another tab meanwhile.

    The page then asks to sign in; a refusal drawn by the callback would be all there is on screen.
    """
    return _actor_of_this_run.get() or identify()


def is_part_run() -> bool:
    """Whether only a dialog or fragment runs, which nothing but the whole page can end."""
    context = get_script_run_ctx()
    return context is not None and bool(context.fragment_ids_this_run)


def my_duties(actor: Actor) -> list[Duty]:
    """Return the person's duties, read once a run: the badge in the menu and the list on home are the same."""
    found = _duties_of_this_run.get() if allows(actor, Permission.HOME_READ) else []
    if found is None:
        from services import home  # knows every area's duties: not before somebody is signed in, see ui/refusals

        with reading() as session:
            found = home.list_duties(session, actor)
        _duties_of_this_run.set(found)
    return found


def school_calendar() -> SchoolCalendar:
    """Return the school's calendar, for words about days; no statement where the page has read it already."""
    actor = require_user()
    with reading() as session:
        return schools.find_calendar(session, actor)


def school_name() -> str | None:
    """Return the school's name, read once per browser tab, and with the calendar: no statement of its own."""
    if _SCHOOL_NAME not in st.session_state:
        with reading() as session:
            found = load_calendar(session).school_name
        st.session_state[_SCHOOL_NAME] = found
    name: str | None = st.session_state[_SCHOOL_NAME]
    return name


def forget_school_name() -> None:
    """Have this tab read the school's name again."""
    st.session_state.pop(_SCHOOL_NAME, None)


def sign_out() -> None:
    """End the session by choice: nothing of it stays in this tab. For a button's `on_click`."""
    if actor := identify():
        with transaction() as session:
            sign_in.sign_out(session, actor)
    st.session_state.clear()
    st.query_params.clear()  # the next person doesn't start at the last one's child
    forget_cookie()


def hide() -> None:
    """Hide the screen. For a button's `on_click`: the callback runs before anything is drawn."""
    if actor := identify():
        with transaction() as session:
            sign_in.hide(session, actor)


def notice() -> str | None:
    """Return why somebody has to sign in again; it stays until they have."""
    sentence: str | None = st.session_state.get(_NOTICE)
    return sentence


def say_at_sign_in(sentence: str) -> None:
    """Have the sign-in form say why somebody stands there."""
    st.session_state.setdefault(_NOTICE, sentence)


def _tokens_to_try() -> list[str]:
    own = st.session_state.get(_TOKEN)
    cookie = read_cookie(st.context.cookies.get(COOKIE_NAME), key=sign_in.cookie_key())
    return list(dict.fromkeys(token for token in (own, cookie) if token))


def _resolve(token: str) -> Actor | None:
    with reading() as session:
        actor = sign_in.resolve(session, token)
    if actor is not None and sign_in.needs_touch(actor):
        with transaction() as session:
            sign_in.touch(session, actor)
    return actor


def _remember(token: str, actor: Actor) -> None:
    if st.session_state.get(_USER_ID, actor.user_id) != actor.user_id:
        st.session_state.clear()  # somebody else sits here now: nothing of the last person stays
    st.session_state[_TOKEN] = token
    st.session_state[_USER_ID] = actor.user_id
    own_session(token, actor.user_id or 0)
