"""谁看过: who opened this child's file, when, and why access was given."""

import streamlit as st

from db.transactions import reading
from services import clock, student_files
from services.access import Grounds
from services.actors import Actor
from services.student_files import Opening, StudentFile
from ui import formats
from ui.layout import note
from ui.tables import data_table

GROUNDS = {Grounds.CARE_ROOM: "关爱室的工作", Grounds.HOMEROOM: "班主任", Grounds.TAUGHT: "任课"}


def _what(opening: Opening) -> str:
    if opening.is_contact:
        return "看了电话"
    if opening.is_referral:
        return "看了受理"
    return "看了个案" if opening.is_case else "打开档案"


def draw(actor: Actor, file: StudentFile) -> None:
    """Draw the list: all openings for the lead, one's own for others."""
    with reading() as session:
        openings = student_files.list_openings(session, actor, student_id=file.id)
    note("同一个人半小时里打开几次，只记一次。负责人看得到全部，别人看得到自己的。")
    if not openings:
        note("还没有记录。")
        return
    today = clock.today()
    rows = [
        {
            "when": f"{formats.day_and_weekday(clock.local(each.at).date(), today=today)} "
            f"{formats.clock(each.at, clock.SCHOOL_ZONE)}",
            "who": each.who,
            "what": _what(each),
            "why": f"写明原因：{each.reason}" if each.reason else GROUNDS.get(each.grounds, "") if each.grounds else "",
        }
        for each in openings
    ]
    columns = {
        "when": st.column_config.TextColumn("什么时候", width=150),
        "who": st.column_config.TextColumn("谁", width=120),
        "what": st.column_config.TextColumn("做了什么", width=110),
        "why": st.column_config.TextColumn("凭什么", width=320),
    }
    data_table(rows, columns, key="child_openings", alt=f"谁打开过这份档案，共 {len(rows)} 次。")
