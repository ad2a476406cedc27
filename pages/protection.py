"""Suspected abuse: for the lead and named leaders only, with the duty to report."""

import streamlit as st

from db.transactions import reading
from services import referral_lists
from services.access import Permission
from services.errors import NotFound
from ui import referral_opening
from ui.asked import number_asked
from ui.layout import Action, act_list, act_row, empty_state, page_header, refusal
from ui.referral_panel import draw_referral
from ui.referral_rows import reason_of, row_badge
from ui.referral_words import child_with_class
from ui.session import require_user

actor = require_user(Permission.ABUSE_HANDLE)


def open_referral(referral_id: int) -> None:
    st.query_params["referral"] = str(referral_id)


chosen = number_asked("referral")
clicked = page_header(
    "疑似侵害",
    "只有关爱室负责人和指定的领导能看到。先保护孩子，马上报告。",
    actions=[Action("回到清单", "protection_back", icon="arrow_back")] if chosen else [],
)
if clicked:
    del st.query_params["referral"]
    st.rerun()
if chosen:
    try:
        view, moves = referral_opening.open_referral(actor, chosen, is_marked=True)
    except NotFound as error:
        refusal(error)
        st.stop()
    draw_referral(actor, view, moves)
    st.stop()

with reading() as session:
    rows = referral_lists.list_marked(session, actor)
if not rows:
    empty_state("shield_person", "没有要您处理的", "有人登记了疑似侵害，会出现在这里和工作台上。")
else:
    with act_list():
        for row in rows:
            act_row(child_with_class(row.child, row.class_label), row_badge(row), reason_of(row), "打开",
                    key=f"protection_open_{row.id}", on_click=open_referral, args=(row.id,))  # fmt: skip
