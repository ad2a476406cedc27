"""Whose each tab's session is: the browser names it when its connection broke, and the name alone must not sign in.

Streamlit takes whoever names a session for the one who had it (seen). The name isn't a secret: it stands in the
addresses files are put to.
"""

import hashlib
from dataclasses import dataclass
from weakref import WeakValueDictionary

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from db.transactions import reading
from services import sign_in

_OWNER = "care_owner"


@dataclass(frozen=True, eq=False)
class _Owner:
    """Who is signed in in a tab; held by the tab's own state, and gone with it."""

    user_id: int
    token_hash: str


_owners: WeakValueDictionary[str, _Owner] = WeakValueDictionary()


def own_session(token: str, user_id: int) -> None:
    """Note that this tab's session belongs to who holds the token."""
    found, token_hash = st.session_state.get(_OWNER), _hash(token)
    if (context := get_script_run_ctx()) is None or (found is not None and found.token_hash == token_hash):
        return
    _owners[context.session_id] = st.session_state[_OWNER] = _Owner(user_id, token_hash)


def is_own_session(session_id: str, token: str | None) -> bool:
    """Say whether the holder of a cookie's token is who is, or was last, signed in in that tab.

    A session that has ended still goes on, at the sign-in form, so that nothing typed is lost; and so does that of
    somebody who has signed in again in another tab.
    """
    owner = _owners.get(session_id)
    if owner is None or token is None:
        return False
    if owner.token_hash == _hash(token):
        return True
    with reading() as session:
        actor = sign_in.resolve(session, token)
    return actor is not None and actor.user_id == owner.user_id


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
