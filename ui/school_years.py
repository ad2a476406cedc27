"""The years whose holidays the school enters itself: how far it is, saying that one is complete, taking it back."""

from collections.abc import Sequence

import streamlit as st

from services import clock, complete_years
from services.access import Permission
from services.complete_years import UnannouncedYear
from ui import formats
from ui.asking_first import ask_first
from ui.dialogs import open_dialog, opened
from ui.layout import act_list, act_row, note
from ui.session import require_user
from ui.states import DUTY, Duty

_COMPLETE, _REOPEN = "year_complete", "year_reopen"


def draw_years(years: Sequence[UnannouncedYear]) -> None:
    """Draw each year the program doesn't know, with its one act."""
    if not years:
        return
    with act_list():
        for found in years:
            act_row(
                f"{found.year} 年的放假和调休",
                _badge(found),
                _reason(found),
                "还没写齐" if found.is_complete else "写齐了",
                key=f"year_{found.year}",
                on_click=open_dialog,
                args=(_REOPEN if found.is_complete else _COMPLETE, found.year),
            )
        if any(not found.is_complete for found in years):
            note("程序还不知道这一年的安排，没写到的日子按周一到周五上课算。通知出来，把放假和补课的日子写在下面。")
    for found in years:
        if opened(_COMPLETE, found.year):
            _ask_complete(found)
        elif opened(_REOPEN, found.year):
            _ask_reopen(found)


def _badge(found: UnannouncedYear) -> str:
    return DUTY[Duty.MET].badge("写齐了") if found.is_complete else DUTY[Duty.WAITING].badge("还没写齐")


def _reason(found: UnannouncedYear) -> str:
    entered = f"不上课 {found.days_off} 天，补课 {found.make_up_days} 天"
    if not found.is_complete or found.confirmed_on is None:
        return f"现在写了：{entered}"
    day = formats.day(found.confirmed_on, today=clock.today())
    return f"{entered}；{found.confirmed_by or '命令行'}{day}确认"


@st.dialog("放假和调休写齐了", icon=":material/event_available:", dismissible=False)
def _ask_complete(found: UnannouncedYear) -> None:
    actor = require_user(Permission.SCHOOL_WRITE)
    st.markdown(f"**{found.year} 年**写了不上课 {found.days_off} 天，补课 {found.make_up_days} 天。")
    note("对着放假通知看一遍，元旦、春节、清明、劳动节、端午、中秋、国庆都在，补课的周末也在，再确认。")
    note("确认以后，工作台不再提醒这一年；写错了能改回“还没写齐”。")
    ask_first(
        lambda session: complete_years.confirm_year(session, actor, year=found.year),
        f"{found.year} 年写齐了",
        kept="year_complete_keep",
        confirmed="year_complete_save",
        done="已保存。",
    )


@st.dialog("还没写齐", icon=":material/event_busy:", dismissible=False)
def _ask_reopen(found: UnannouncedYear) -> None:
    actor = require_user(Permission.SCHOOL_WRITE)
    st.markdown(f"**{found.year} 年**的放假和调休又算没写齐，工作台会再提醒。写过的日子都还在。")
    ask_first(
        lambda session: complete_years.reopen_year(session, actor, year=found.year),
        "还没写齐",
        kept="year_reopen_keep",
        confirmed="year_reopen_save",
        done="已保存。",
    )
