"""Importing a list of staff: choose the file, see what it would do, confirm, print the first passwords."""

import streamlit as st

from services.access import Permission
from ui import navigation, staff_import
from ui.layout import Action, field_error, note, page_header
from ui.session import require_user, school_name
from ui.slips import has_slip, show_slip
from ui.staff_reissue import draw_waiting_imports

actor = require_user(Permission.STAFF_IMPORT)

clicked = page_header(
    "导入教职工",
    "选学校现有的名单，先看会怎么样，再确认。账号、班主任、任教班级和岗位一次建好。",
    actions=[] if has_slip() else [Action("看账号", "staff_back", "manage_accounts")],
)
if clicked:
    staff_import.forget_done()
    st.switch_page(navigation.path_of("accounts"))
if has_slip():
    if show_slip(school_name=school_name(), button="都发好了，回到账号"):
        staff_import.forget_done()
        st.switch_page(navigation.path_of("accounts"))
    st.stop()
if result := staff_import.done():
    with st.container(border=True):
        words = f"导入好了：新增 {result.created:,} 人，改动 {result.changed:,} 人，没变 {result.unchanged:,} 人"
        st.markdown(f":green[:material/check_circle:] **{words}**")
        st.button("再导入一份", key="staff_again", on_click=staff_import.forget_done)
    st.stop()
with st.container(gap="xsmall"):
    file = st.file_uploader("教职工名单", key=staff_import.uploader_key())
    if file is None:
        note("收 xlsx、xls、ods、csv，最多 20 MB。表头要有姓名；可以有工号、电话、班主任班级、任教班级、岗位。")
    taken = staff_import.taken(actor, file)
    if taken and taken.refusal:
        field_error(taken.refusal)
if taken and taken.preview:
    confirmed = staff_import.draw_summary(taken)
    if confirmed:
        staff_import.confirm(actor, taken)
        st.rerun()
    staff_import.draw_lists(taken)
elif file is None:
    draw_waiting_imports(actor)
