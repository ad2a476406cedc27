"""Two entries of one child: find the other one, compare, and make them one."""

import streamlit as st

from db.transactions import reading
from services import merges, students
from services.access import Permission
from services.errors import DomainError
from ui import navigation
from ui.asked import number_asked
from ui.child_picker import clear_child, pick_child
from ui.formats import plain
from ui.layout import Action, note, page_header, refusal
from ui.merge_form import draw_comparison
from ui.session import require_user

actor = require_user(Permission.STUDENT_MERGE)
OTHER = "merge_other"
WHAT_NEXT = {False: "先找出另一份。", True: "一处一处定留哪一个，再合并。"}

kept_id, other_id = number_asked("student") or 0, number_asked("other") or 0
try:
    with reading() as session:
        kept = students.find_student(session, actor, student_id=kept_id)
        alike = students.find_namesakes(session, actor, name=kept.name, except_id=kept_id)
        comparison = merges.compare_entries(session, actor, kept_id=kept_id, other_id=other_id) if other_id else None
except DomainError as error:
    refusal(error)
    st.stop()

acts = [Action("回到孩子的档案", "merge_back", "arrow_back")]
if comparison:
    acts += [Action("换一份", "merge_another", "search"), Action("留另一份", "merge_swap", "swap_horiz")]
clicked = page_header("合并两份", f"{kept.name}登记了两份的，并成一份。{WHAT_NEXT[bool(comparison)]}", actions=acts)
if clicked == "merge_back":
    st.switch_page(navigation.path_of(navigation.CHILD), query_params={"student": str(kept_id)})
if clicked == "merge_swap":
    st.query_params.update({"student": str(other_id), "other": str(kept_id)})
    st.rerun()
if clicked == "merge_another":
    clear_child(OTHER)
    st.query_params.pop("other", None)
    st.rerun()

if comparison:
    draw_comparison(comparison)
    st.stop()
with st.container(border=True, width=640):
    if alike:
        note("同名的：")
    for each in alike:
        words = plain(f"{each.class_label}，学号 {each.student_no}")
        if st.button(words, key=f"merge_alike_{each.id}", icon=":material/person:", type="tertiary"):
            st.query_params["other"] = str(each.id)
            st.rerun()
    picked = pick_child(OTHER, label="另一份是哪一个", hint="没有找到，可以试试学号或拼音。")
    if picked.student_id == kept_id:
        note("这就是留下的这一份。请找另一份。")
    elif picked.student_id is not None:
        st.query_params["other"] = str(picked.student_id)
        clear_child(OTHER)
        st.rerun()
