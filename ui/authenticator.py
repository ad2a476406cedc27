"""streamlit-authenticator, fitted to our accounts: checks through our service, and a cookie that names a session.

The library keeps its users in a dictionary, answers unknown names faster than known ones, and writes the
account's name and an expiry into its cookie, so that nothing ends a session early. Here the service looks the
name up, hashes, throttles and opens a session; the cookie holds that session's random token, signed.
Built only on runs where nobody is signed in: each construction sends a small component to the browser.
"""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import extra_streamlit_components as stx
import jwt
import streamlit as st

# The component itself: the library's own methods don't tell whether the browser has done what was asked.
from extra_streamlit_components.CookieManager import _component_func as cookie_component
from streamlit_authenticator.controllers import AuthenticationController, CookieController
from streamlit_authenticator.models import AuthenticationModel, CookieModel

from services import clock
from services.sign_in import SignedIn
from ui.cookies import ALGORITHM, COOKIE_NAME, read_cookie

_PENDING, _WORK = "care_cookie_work", "care_cookie_work_"

CheckPassword = Callable[[str, str], SignedIn]


class Authenticator:
    """The library's two controllers with our models inside."""

    def __init__(self, check_password: CheckPassword, *, cookie_key: str) -> None:
        self._people = _People(check_password)
        self._cookies = _Cookies(cookie_key)

    def check(self, name: str, password: str) -> SignedIn:
        """Check name and password.

        Raises:
            DomainError: the refusals of the service pass through unchanged.
        """
        self._people.login(name, password)
        return self._people.authentication_model.signed_in

    def set_cookie(self, signed_in: SignedIn) -> None:
        """Give the browser the session's cookie."""
        self._cookies.cookie_model.signed_in = signed_in
        self._cookies.set_cookie()

    def token_in_browser(self) -> str | None:
        """Return the token another tab has stored since this one connected.

        `st.context.cookies` stays what it was when the connection opened; the component reads the browser's
        cookies now, but only answers by the next run.
        """
        token: str | None = self._cookies.cookie_model.token_in_browser()
        return token


def forget_cookie() -> None:
    """Take the cookie out of the browser; the session row was ended by the service before."""
    _put_off({"method": "delete", "cookie": COOKIE_NAME})


def send_cookie_work() -> None:
    """Draw the component that sets or deletes the cookie, on every run until the browser says it is done.

    Drawn in one run only, it is sometimes taken away again before it has loaded: then the next reload asks
    for the password, or a signed-out cookie stays (seen). The browser's answer is looked up before drawing: drawn once
    more in the run that has it, the invisible frame left a gap above the page until the next click (seen).
    """
    work = st.session_state.get(_PENDING)
    if work and st.session_state.get(work["key"]):
        del st.session_state[_PENDING]
    elif work:
        cookie_component(**work, default=False)


def _put_off(work: dict[str, Any]) -> None:
    """Keep what the browser is to do with the cookie; under a key of its own, so that no older answer counts."""
    st.session_state[_PENDING] = work | {"key": f"{_WORK}{secrets.token_hex(4)}"}


class _PeopleModel(AuthenticationModel):  # type: ignore[misc] # the library has no types
    """Checks with our service instead of a dictionary."""

    signed_in: SignedIn  # what the last successful check opened

    def __init__(self, check_password: CheckPassword) -> None:
        super().__init__(credentials={"usernames": {}}, auto_hash=False)
        self._check_password = check_password

    def check_credentials(self, username: str, password: str) -> bool:
        self.signed_in = self._check_password(username, password)
        self.credentials = {"usernames": {username: {"name": username}}}  # the library marks it as signed in
        return True


class _People(AuthenticationController):  # type: ignore[misc] # the library has no types
    def __init__(self, check_password: CheckPassword) -> None:
        super().__init__(credentials={"usernames": {}}, auto_hash=False)
        self.authentication_model = _PeopleModel(check_password)

    def login(self, username: str, password: str) -> None:
        """The library's own also strips the password, so that one set with a blank at the end never fits."""
        self.authentication_model.login(username.strip().casefold(), password)


class _CookieComponent(stx.CookieManager):  # type: ignore[misc] # the library has no types
    def _remove_extra_spacing(self) -> None:
        """Leave out the library's style sheet; we place the component where its gap doesn't show."""


class _CookieModel(CookieModel):  # type: ignore[misc] # the library has no types
    """A signed cookie with a session's random token; same-site, and secure where the page came by https."""

    signed_in: SignedIn

    def __init__(self, cookie_key: str) -> None:
        # Not the library's own constructor: it would draw a second component of the same key.
        self.cookie_name = COOKIE_NAME
        self.cookie_key = cookie_key
        self.cookie_manager = _CookieComponent(key="care_cookies")

    def token_in_browser(self) -> str | None:
        return read_cookie(self.cookie_manager.cookies.get(self.cookie_name), key=self.cookie_key)

    def set_cookie(self) -> None:
        # In the time of the browser and of the JWT library, which know nothing of a clock set for a rehearsal.
        lifetime = self.signed_in.expires_at - clock.now()
        expires_at = datetime.now(UTC) + lifetime
        payload = {"sid": self.signed_in.token, "exp": int(expires_at.timestamp())}
        _put_off(
            {
                "method": "set",
                "cookie": self.cookie_name,
                "value": jwt.encode(payload, self.cookie_key, algorithm=ALGORITHM),
                "options": {
                    "path": "/",
                    # With its zone: the library sends naive server time, which the browser reads in its own zone.
                    "expires": expires_at.isoformat(),
                    "maxAge": max(0, int(lifetime.total_seconds())),
                    "secure": _is_https(),
                    "sameSite": "strict",
                },
            }
        )

    def delete_cookie(self) -> None:
        forget_cookie()


class _Cookies(CookieController):  # type: ignore[misc] # the library has no types
    def __init__(self, cookie_key: str) -> None:
        self.cookie_model = _CookieModel(cookie_key)


def _is_https() -> bool:
    """Whether the browser came by https, also when a proxy in front of us ends the encryption."""
    return urlsplit(st.context.url or "").scheme == "https"
