"""The recovery sheet at the end of the first run: shown once, to be copied or printed, then two groups asked back."""

import os

import streamlit as st

from services import setup
from services.recovery import Sheet
from ui.formats import plain
from ui.forms import Form
from ui.layout import form_end, note

_SHEET, _IS_COPIED = "care_recovery_sheet", "care_recovery_copied"
_ROW = 4
_WIDTH = 640


def keep_sheet(sheet: Sheet) -> None:
    """Keep the sheet for the next run, which shows it; over a line in the clear it is not shown at all."""
    if not os.environ.get("CARE_UNENCRYPTED"):
        st.session_state[_SHEET] = sheet


def has_sheet() -> bool:
    """Whether a sheet still waits to be copied and asked back."""
    return _SHEET in st.session_state


def show_sheet(*, school_name: str | None) -> bool:
    """Draw the sheet, or the question for two of its groups; return whether it was just answered rightly."""
    sheet: Sheet = st.session_state[_SHEET]
    with st.container(width=_WIDTH):
        if st.session_state.get(_IS_COPIED):
            return _ask_back(sheet)
        _draw(sheet, school_name)
    return False


def _draw(sheet: Sheet, school_name: str | None) -> None:
    with st.container(border=True):
        st.markdown(f"**恢复单** :small[:gray[{plain(school_name or '')}　密钥编号 {sheet.name}]]")
        numbered = [f":small[:gray[{place}.]] **{group}**" for place, group in enumerate(sheet.groups, 1)]
        st.table(
            {f"column{column}": numbered[column::_ROW] for column in range(_ROW)},
            border="horizontal",
            hide_index=True,
            hide_header=True,
            alt="恢复单的十六组",
        )
        note("没有字母 I、L、O、U；0 是零，1 是一。按一行一行的顺序抄。")
        note("封好交校长放进保险柜。不要拍照，不要和备份放在一起：两样在一起，谁拿到都能打开。", icon="lock")
    note("可以抄下来，或按 Ctrl+P 打印。这里只显示这一次；以后要看，在服务器上运行 manage.py key show。")
    if st.button("抄好了，核对两组", key="recovery_copied", type="primary", icon=":material/check:"):
        st.session_state[_IS_COPIED] = True
        st.rerun()


def _ask_back(sheet: Sheet) -> bool:
    form = Form("recovery")
    form.notices()
    with st.container(border=True):
        st.markdown("**看着抄好的那张，写这两组**")
        for place in sheet.asked:
            with form.field(f"group_{place}", "") as key:
                st.text_input(f"第 {place} 组", key=key, autocomplete="off", placeholder="五个字，大小写都行")
    with form_end():
        if st.button("回去再看一眼", key="recovery_back"):
            st.session_state.pop(_IS_COPIED)
            st.rerun()
        is_sent = st.button("核对", key="recovery_check", type="primary", icon=":material/check:")
    if not is_sent:
        return False
    typed = {place: str(st.session_state.get(form.key(f"group_{place}")) or "") for place in sheet.asked}
    if not form.save(lambda session: setup.confirm_sheet(session, typed=typed)):
        return False
    st.session_state.pop(_SHEET)
    st.session_state.pop(_IS_COPIED)
    return True
