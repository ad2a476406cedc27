"""What the sign-in cookie says: read by pages and by the gate before them, so without any Streamlit component."""

import jwt

COOKIE_NAME = "care_room"
ALGORITHM = "HS256"


def read_cookie(value: str | None, *, key: str) -> str | None:
    """Return the session token in a cookie's value, or None when it is missing, forged or past its date."""
    if not value:
        return None
    try:
        payload = jwt.decode(value, key, algorithms=[ALGORITHM], options={"require": ["exp", "sid"]})
    except (jwt.InvalidTokenError, UnicodeError):
        return None
    token = payload["sid"]
    return token if isinstance(token, str) else None
