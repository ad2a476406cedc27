"""One child: who it is, whom to call, and a tab for each area that knows something of it."""

import streamlit as st

from db.transactions import reading, transaction
from services import student_files
from services.access import Permission
from services.errors import NotFound
from ui import child_dialogs, navigation
from ui.asked import number_asked
from ui.categories import category_badge
from ui.child_header import ARCHIVE, RECORD, REGISTER, actions_for, facts_line, state_badge
from ui.child_panels import panels_for
from ui.child_records import write_record
from ui.child_referrals import register
from ui.layout import note, page_header, refusal
from ui.session import require_user
from ui.views import tabs_in_address

actor = require_user(Permission.STUDENT_READ)

student_id = number_asked("student") or 0
try:
    with reading() as session:
        file = student_files.find_student(session, actor, student_id=student_id)
    if not file.is_opening_noted:
        with transaction() as session:
            student_files.note_opening(session, actor, student_id=file.id)
except NotFound as error:
    refusal(error)
    st.stop()

badges = [*state_badge(file), *[category_badge(each) for each in file.categories or () if each.to_day is None]]
clicked = page_header(file.name, facts_line(file), badges=badges, actions=actions_for(actor, file))
if clicked == "child_edit":
    st.switch_page(navigation.path_of("student_edit"), query_params={"student": str(file.id)})
if clicked == ARCHIVE:
    st.switch_page(navigation.path_of("archives"), query_params={"student": str(file.id)})
if clicked == REGISTER:
    register(file.id)
if clicked == RECORD:
    write_record(file.id)

if file.id != student_id:
    note("这一份和另一份合并了，现在看的是留下的这一份。", icon="merge")

panels = panels_for(actor)
for panel, tab in zip(panels, tabs_in_address([each.title for each in panels], key="child_tab"), strict=True):
    if tab.open:
        with tab:
            panel.draw(actor, file)

child_dialogs.draw_opened(file)
