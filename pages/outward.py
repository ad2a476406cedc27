"""Children referred to bodies outside the school: who they are, and one of them with its answer and follow-ups."""

import streamlit as st

from db.transactions import reading, transaction
from services import outward_views
from services.access import Permission
from services.errors import NotFound
from services.outward_views import PAGE_SIZE
from ui.asked import number_asked
from ui.layout import Action, act_list, act_row, empty_state, filter_row, page_header, refusal
from ui.outward_panel import draw_outward
from ui.outward_words import row_badge, row_words
from ui.session import require_user
from ui.tables import page_asked, paging_line
from ui.views import begin_filter, keep_filter

actor = require_user(Permission.OUTWARD_REFER)


def open_one(outward_id: int) -> None:
    st.query_params["outward"] = str(outward_id)


chosen = number_asked("outward")
clicked = page_header(
    "转介出去",
    "转到医院和别的单位的孩子：转给谁，回音来了没有，多久问一次。",
    actions=[Action("回到清单", "outward_back", icon="arrow_back")] if chosen else [],
)
if clicked:
    del st.query_params["outward"]  # the list stands as it was left
    st.rerun()
if chosen:
    try:
        with reading() as session:
            view = outward_views.find_outward(session, actor, outward_id=chosen)
        if not view.is_opening_noted:
            with transaction() as session:
                outward_views.note_opening(session, actor, outward_id=chosen)
    except NotFound as error:
        refusal(error)
        st.stop()
    draw_outward(actor, view)
    st.stop()

begin_filter("outward_open", "open", {"1": True}, usual=False)
with filter_row():
    open_only = st.toggle("只看还在跟进的", key="outward_open")
keep_filter("outward_open", "open", {"1": True})
with reading() as session:
    shown = outward_views.list_outward(session, actor, open_only=open_only, page=page_asked("outward_page"))
if not shown.rows:
    empty_state("output", "这里还没有转介", "要转到校外的，从孩子的一页“受理”里，或者从个案里点“转介到校外”。")
else:
    with act_list():
        for row in shown.rows:
            act_row(f"{row.child}，{row.class_label}", row_badge(row), row_words(row), "打开",
                    key=f"outward_open_{row.id}", on_click=open_one, args=(row.id,))  # fmt: skip
    paging_line("outward_page", total=shown.total, unit="次", page_size=PAGE_SIZE)
