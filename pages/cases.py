"""Cases: the list by stage, and the one that is chosen with its conference and plan."""

import streamlit as st

from db.transactions import reading, transaction
from services import cases
from services.access import Permission
from services.case_stages import CaseStage
from services.cases import PAGE_SIZE
from services.errors import NotFound
from ui.asked import number_asked
from ui.case_panel import draw_case
from ui.layout import Action, act_list, act_row, empty_state, filter_row, page_header, refusal
from ui.referral_rows import case_badge, case_reason
from ui.referral_words import child_with_class
from ui.session import require_user
from ui.states import CASE
from ui.tables import page_asked, paging_line
from ui.views import begin_filter, keep_filter

actor = require_user(Permission.CASE_READ, Permission.ABUSE_HANDLE)


OPEN, CLOSED = "开着的", "已结案"
ASKED = {"closed": CLOSED}  # as the address has it


def open_case(case_id: int) -> None:
    st.query_params["case"] = str(case_id)


chosen = number_asked("case")
clicked = page_header(
    "个案与方案",
    "正在帮扶的孩子，谁负责，走到哪一步。",
    actions=[Action("回到清单", "cases_back", icon="arrow_back")] if chosen else [],
)
if clicked:
    del st.query_params["case"]  # the list stands as it was left
    st.rerun()
if chosen:
    try:
        with reading() as session:
            view = cases.find_case(session, actor, case_id=chosen)
        if not view.is_opening_noted:
            with transaction() as session:
                cases.note_opening(session, actor, case_id=chosen)
    except NotFound as error:
        refusal(error)
        st.stop()
    draw_case(actor, view)
    st.stop()

stages = {stage.value: stage for stage in CaseStage if stage is not CaseStage.CLOSURE}
begin_filter("cases_which", "which", ASKED, usual=OPEN)
with filter_row():
    which = st.segmented_control("开着的还是结案的", [OPEN, CLOSED], key="cases_which", required=True, wrap=True,
                                 label_visibility="collapsed")  # fmt: skip
keep_filter("cases_which", "which", ASKED)
stage = None
if which != CLOSED:
    begin_filter("cases_stage", "stage", stages)
    with filter_row():
        stage = st.segmented_control("走到哪一步", list(stages.values()), key="cases_stage", wrap=True,
                                     format_func=lambda each: CASE[each.value].word,
                                     label_visibility="collapsed")  # fmt: skip
    keep_filter("cases_stage", "stage", stages)
with reading() as session:
    shown = cases.list_cases(session, actor, stage=stage, is_closed=which == CLOSED, page=page_asked("cases_page"))
if not shown.rows and which == CLOSED:
    empty_state("task_alt", "还没有结案的个案", "孩子好转以后，打开个案，点“提出结案”。")
elif not shown.rows and stage is not None:
    empty_state("folder_shared", f"没有“{stage.label}”的个案", "换一步看看，或不选，看全部。")
elif not shown.rows:
    empty_state("folder_shared", "这里还没有个案", "受理评估以后，转成的个案会出现在这里。")
else:
    with act_list():
        for row in shown.rows:
            act_row(child_with_class(row.child, row.class_label), case_badge(row), case_reason(row), "打开",
                    key=f"cases_open_{row.id}", on_click=open_case, args=(row.id,))  # fmt: skip
    paging_line("cases_page", total=shown.total, unit="个", page_size=PAGE_SIZE)
