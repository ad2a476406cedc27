"""First passwords on their way to paper: shown once, until somebody says they are written down."""

import streamlit as st

from services.accounts import NewPassword
from ui.formats import plain
from ui.layout import note

_SLIP = "care_slip"
_WIDTH = 480


def keep_slip(slip: NewPassword, *, name: str) -> None:
    """Keep a first password for the next run, which shows it; it is stored nowhere else but as a hash."""
    st.session_state[_SLIP] = (slip, name)


def has_slip() -> bool:
    """Whether a first password still waits to be written down."""
    return _SLIP in st.session_state


def drop_slip() -> None:
    """Forget a first password that still waits; it can be reset once more."""
    st.session_state.pop(_SLIP, None)


def show_slip(*, school_name: str | None, button: str) -> bool:
    """Draw the slip to copy or print, and return whether it was just put away."""
    slip, name = st.session_state[_SLIP]
    with st.container(width=_WIDTH):
        with st.container(border=True):
            st.markdown(f"**{plain(name)}的第一次密码** :small[:gray[{plain(school_name or '')}]]")
            note("账号")
            st.code(slip.username, language=None)
            note("第一次密码")
            st.code(slip.password, language=None)
            note("用它登录一次，会马上请本人换成自己的密码。看完请把纸条收好或撕掉。", icon="lock")
        note("只显示这一次。可以抄下来，或按 Ctrl+P 打印。没抄到也不要紧：到“账号”里重设一次。")
        is_done = st.button(plain(button), key="slip_done", type="primary", icon=":material/check:")
    if is_done:
        st.session_state.pop(_SLIP)
    return is_done
