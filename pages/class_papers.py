"""What a class files each term for its left-behind children: its plan and its summary."""

import streamlit as st

from db.transactions import reading
from services import class_papers
from services.access import Permission
from services.errors import NotFound
from ui import class_paper_forms
from ui.class_terms import classes_and_terms
from ui.layout import page_header, refusal
from ui.session import require_user

actor = require_user(Permission.ENTRY_WRITE)

page_header("班级帮扶计划", "班主任每学期为本班留守儿童写：开学交计划，期末交小结。")
class_id, term_id = class_paper_forms.choose(*classes_and_terms(actor, act="写"))
try:
    with reading() as session:
        found = class_papers.find_class_papers(session, actor, class_id=class_id, term_id=term_id)
except NotFound as error:
    refusal(error)
    st.stop()
class_paper_forms.draw_whom(found)
for paper in found.papers:
    class_paper_forms.draw_paper(actor, found, paper)
