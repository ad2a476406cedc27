"""The change of school year: see who moves where, note who doesn't, confirm, take back."""

import streamlit as st

from db.transactions import reading
from services.access import Permission
from services.calendar import school_year_label
from ui import navigation, year_change
from ui.dialogs import open_dialog
from ui.layout import Action, empty_state, page_header
from ui.session import require_user

actor = require_user(Permission.YEAR_CHANGE)

with reading() as session:
    plan = year_change.read_plan(session, actor)

acts = [Action("看学生名册", "new_year_back", "groups")]
if plan.can_run and plan.classes:
    acts.append(Action("升年级", "new_year_run", "moving", True, open_dialog, (year_change.RUN,)))
clicked = page_header(
    f"升到{school_year_label(plan.to_year)}", "先看每个班、每个孩子到哪里，再确认。确认以后也能整批撤回。", actions=acts
)
if plan.done:
    year_change.draw_done(plan.done)
if plan.classes:
    year_change.draw_plan(actor, plan)
else:
    empty_state("moving", "没有可以升的班", "上一学年的班里没有孩子。新学校从导入名册开始就好，明年再到这里升年级。")
year_change.draw_dialogs(actor, plan)

if clicked == "new_year_back":
    st.switch_page(navigation.path_of("students"))
