"""A new term: what it needs, how each thing stands, and the one act that opens where it is done."""

import streamlit as st

from db.transactions import reading
from services import new_terms
from services.access import Permission
from services.term_lines import LineState
from ui import carrying_over, navigation
from ui.layout import Action, act_list, note, page_header
from ui.new_term import draw_line, heading
from ui.session import require_user

actor = require_user(Permission.SCHOOL_WRITE)

with reading() as session:
    checklist = new_terms.find_checklist(session, actor)

clicked = page_header("新学期准备", heading(checklist), actions=[Action("看所有学期", "new_term_terms", "date_range")])
if clicked:
    st.switch_page(navigation.path_of("settings"), query_params={"view": "terms"})

for title, states in (
    ("要做的", (LineState.OPEN, LineState.LOOK)),
    ("还不到时候", (LineState.LATER,)),
    ("已经好了", (LineState.DONE,)),
):
    if lines := checklist.of(*states):
        with act_list(title):
            for line in lines:
                draw_line(actor, line)
note("每一行都从记录里算出来：在别处做好了，回到这里就是“已完成”。")
carrying_over.draw_dialogs(actor, checklist.ahead)
