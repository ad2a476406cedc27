"""One support plan: what is in force and what came of it, what waits for a yes, and every version before."""

import streamlit as st

from db.tables import PlanState
from db.transactions import reading, transaction
from services import plan_views
from services.access import Permission
from services.errors import DomainError
from ui import measure_dialogs, navigation, plan_dialogs
from ui.asked import number_asked
from ui.formats import plain
from ui.layout import note, page_header, refusal
from ui.plan_head import CASE, CHILD, WRITE, actions_for, waiting_words
from ui.plan_panel import badges_of, draw_current, draw_version, draw_versions, version_line
from ui.referral_words import child_with_class
from ui.session import require_user

actor = require_user(Permission.CASE_READ, Permission.ABUSE_HANDLE, Permission.PLAN_ANSWER)

plan_id = number_asked("plan") or 0
try:
    with reading() as session:
        view = plan_views.find_plan(session, actor, plan_id=plan_id)
    if not view.is_opening_noted:
        with transaction() as session:
            plan_views.note_opening(session, actor, plan_id=plan_id)
except DomainError as error:
    page_header("帮扶方案", "目标、措施、谁做、做得怎样。")
    refusal(error)
    st.stop()

title = f"帮扶方案：{child_with_class(view.child, view.class_label)}" if view.child else "帮扶方案"
clicked = page_header(title, f"{view.owner_name}负责。", badges=badges_of(view), actions=actions_for(view))
if clicked == CASE:
    st.switch_page(navigation.path_of("cases"), query_params={"case": str(view.case_id)})
if clicked == CHILD:
    st.switch_page(navigation.path_of(navigation.CHILD), query_params={"student": str(view.student_id)})
if clicked == WRITE:
    st.switch_page(navigation.path_of("plan_edit"), query_params={"plan": str(view.id)})

if view.pending:
    with st.container(border=True, gap="small"):
        st.markdown(f"**{plain(version_line(view.pending))}**")
        if view.pending.state is PlanState.SUBMITTED and not view.may_answer:
            note(waiting_words(view), icon="hourglass_top")
        draw_version(view.pending, view.names)
if view.current:
    draw_current(view, view.current)
if len(view.versions) > 1 or not (view.current or view.pending):
    draw_versions(view)
plan_dialogs.draw_opened(actor, view)
measure_dialogs.draw_goal(actor, view.goals)
measure_dialogs.draw_opened(actor)
