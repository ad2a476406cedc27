"""谁看过: who opened this child's file, when, and why access was given."""

import streamlit as st

from db.tables import Role
from db.transactions import reading
from services import clock, file_openings
from services.actors import Actor
from services.file_openings import PAGE_SIZE, OpenedWhat, Opening
from services.row_filters import Grounds
from services.student_files import StudentFile
from ui import formats, navigation
from ui.layout import note
from ui.tables import data_table, page_asked, paging_line

GROUNDS = {
    Grounds.CARE_ROOM: "关爱室的工作",
    Grounds.HOMEROOM: "班主任",
    Grounds.TAUGHT: "任课",
    Grounds.DROP_OUT: "控辍保学",
    Grounds.WARNING_GROUP: "预警干预小组",
    Grounds.PAIR: "结对帮扶",
}
WHAT = {
    OpenedWhat.FILE: "打开档案",
    OpenedWhat.CONTACT: "看了电话",
    OpenedWhat.REFERRAL: "看了受理",
    OpenedWhat.CASE: "看了个案",
    OpenedWhat.PRINT: "打印了",
    OpenedWhat.DROP_OUT: "看了控辍保学",
    OpenedWhat.RECORD: "看了工作记录",
    OpenedWhat.PLAN: "看了帮扶方案",
    OpenedWhat.OUTWARD: "看了转介",
    OpenedWhat.SCREENING: "看了筛查结果",
}
_PAGE = "openings_page"


def draw(actor: Actor, file: StudentFile) -> None:
    """Draw the list: all openings for the lead, one's own for others."""
    with reading() as session:
        found = file_openings.list_openings(session, actor, student_id=file.id, page=page_asked(_PAGE))
    note("同一个人半小时里打开几次，只记一次。负责人看得到全部，别人看得到自己的。")
    if not found.rows:
        note("还没有记录。")
        return
    data_table(
        [
            {"when": _when(each), "who": each.who, "what": WHAT[each.what] + each.paper, "why": _why(each)}
            for each in found.rows
        ],
        {
            "when": st.column_config.TextColumn("什么时候", width=150),
            "who": st.column_config.TextColumn("谁", width=120),
            "what": st.column_config.TextColumn("做了什么", width=110),
            "why": st.column_config.TextColumn("凭什么", width=320),
        },
        key="child_openings",
        alt=f"谁打开过这份档案，共 {found.total} 次。",
    )
    paging_line(_PAGE, total=found.total, unit="次", page_size=PAGE_SIZE)
    if actor.has_role(Role.LEAD) and st.button("看这个孩子的全部操作记录", key="openings_audit", type="tertiary"):
        st.switch_page(navigation.path_of("audit"), query_params={"student": str(file.id)})


def _when(opening: Opening) -> str:
    day = formats.day_and_weekday(clock.local(opening.at).date(), today=clock.today())
    return f"{day} {formats.clock(opening.at, clock.SCHOOL_ZONE)}"


def _why(opening: Opening) -> str:
    if opening.reason:
        return f"写明原因：{opening.reason}"
    return GROUNDS.get(opening.grounds, "") if opening.grounds else ""
