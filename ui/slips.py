"""First passwords on their way to paper: shown once, until somebody says they are written down."""

from collections.abc import Sequence

import streamlit as st

from services.passwords import NewPassword, Slip
from ui.formats import plain
from ui.layout import note

_SLIP = "care_slip"
_WIDTH, _LIST_WIDTH = 480, 640
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def keep_slip(slip: NewPassword, *, name: str) -> None:
    """Keep a first password for the next run, which shows it; it is stored nowhere else but as a hash."""
    keep_slips([Slip(name, None, slip)])


def keep_slips(slips: Sequence[Slip]) -> None:
    """Keep the first passwords of many new accounts, likewise."""
    st.session_state[_SLIP] = tuple(slips)


def has_slip() -> bool:
    """Whether a first password still waits to be written down."""
    return _SLIP in st.session_state


def drop_slip() -> None:
    """Forget a first password that still waits; it can be reset once more."""
    st.session_state.pop(_SLIP, None)


def show_slip(*, school_name: str | None, button: str) -> bool:
    """Draw the slip or slips to copy or print, and return whether they were just put away."""
    slips: tuple[Slip, ...] = st.session_state[_SLIP]
    with st.container(width=_WIDTH if len(slips) == 1 else _LIST_WIDTH):
        if len(slips) == 1:
            _draw_one(slips[0], school_name)
        else:
            _draw_many(slips, school_name)
        is_done = st.button(plain(button), key="slip_done", type="primary", icon=":material/check:")
    if is_done:
        st.session_state.pop(_SLIP)
    return is_done


def _draw_one(slip: Slip, school_name: str | None) -> None:
    with st.container(border=True):
        st.markdown(f"**{plain(slip.name)}的第一次密码** :small[:gray[{plain(school_name or '')}]]")
        note("账号")
        st.code(slip.password.username, language=None)
        note("第一次密码")
        st.code(slip.password.password, language=None)
        note("用它登录一次，会马上请本人换成自己的密码。看完请把纸条收好或撕掉。", icon="lock")
    note("只显示这一次。可以抄下来，或按 Ctrl+P 打印。没抄到也不要紧：到“账号”里重设一次。")


def _draw_many(slips: Sequence[Slip], school_name: str | None) -> None:
    """A line for each person, to be cut apart; one table, so that three hundred draw as fast as three."""
    from services.staff_slips import write_slips  # what writes spreadsheets isn't needed before, see ui/refusals

    with st.container(border=True):
        st.markdown(f"**{len(slips)} 个第一次密码** :small[:gray[{plain(school_name or '')}]]")
        note("一人一行，剪开当面交给本人。用它登录一次，会马上请本人换成自己的密码。", icon="lock")
        rows = [
            {
                "姓名": plain(slip.name),
                "工号": plain(slip.staff_no or ""),
                "账号": plain(slip.password.username),
                "第一次密码": plain(slip.password.password),
            }
            for slip in slips
        ]
        st.table(rows, border="horizontal", hide_index=True, alt=f"{len(slips)} 个人的第一次密码")
    note(
        "只显示这一次。请按 Ctrl+P 打印，或下载成表格；发完请把文件删掉。"
        "没印出来就刷新了，到“导入教职工”里给还没换过的人重新发一批。"
    )
    st.download_button(
        "下载成表格", write_slips(slips), file_name="第一次密码.xlsx", mime=_XLSX, key="slips_download",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip
