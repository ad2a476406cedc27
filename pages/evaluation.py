"""How far a case has helped: how the four dimensions change, who said what, and the form of one evaluation."""

import streamlit as st

from db.transactions import reading, transaction
from services import cases, evaluation_views
from services.access import Permission
from services.errors import DomainError
from ui import navigation
from ui.asked import keep_asked, number_asked
from ui.evaluation_panel import NEW, draw_form, draw_view
from ui.layout import Action, page_header, refusal
from ui.referral_words import child_with_class
from ui.session import require_user

actor = require_user(Permission.CASE_READ, Permission.ABUSE_HANDLE)
case_id = number_asked("case")
try:
    with reading() as session:
        found = evaluation_views.list_evaluations(session, actor, case_id=case_id or 0)
        is_noted = cases.is_opening_noted(session, actor, case_id=found.head.case_id)
    if not is_noted:
        with transaction() as session:
            cases.note_opening(session, actor, case_id=found.head.case_id)
except DomainError as error:
    page_header("效果评估", "孩子、老师、家长怎么说，问卷怎么样，前后有没有变化。")
    refusal(error)
    st.stop()

asked, evaluation_id = st.query_params.get("write"), number_asked("evaluation")
evaluation = found.find(evaluation_id) if evaluation_id else None
is_writing = found.head.may_write and (evaluation is not None or (asked == NEW and found.head.is_open))
may_begin = found.head.may_write and found.head.is_open and not is_writing
actions = [Action("回到个案", "evaluation_back", icon="arrow_back")]
if may_begin:
    actions.append(Action("评估一次", "evaluation_write", icon="add", is_primary=True))
clicked = page_header(
    f"效果评估：{child_with_class(found.head.child, found.head.class_label)}",
    "问题、心理、学习、生活四个方面，每学期一次，结案前再一次。",
    actions=actions,
)
if clicked == "evaluation_write":
    keep_asked("write", NEW)
    st.rerun()
elif clicked:
    st.switch_page(navigation.path_of("cases"), query_params={"case": str(found.head.case_id)})

if is_writing:
    draw_form(actor, found, evaluation)
else:
    draw_view(actor, found)
