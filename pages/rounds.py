"""Checks by hand: the term's of every class, the quarter's of the 四特 children; who has returned, one sheet."""

import streamlit as st

from db.tables import CheckKind
from db.transactions import reading
from services import check_rounds, check_sheets
from services.access import Permission
from services.check_kinds import NoTerm
from services.errors import NotFound
from ui import check_table
from ui.asked import number_asked
from ui.check_sheet import draw_sheet
from ui.dialogs import open_dialog
from ui.layout import Action, empty_state, page_header, refusal
from ui.session import require_user
from ui.special_list import draw_special_children
from ui.views import choose_view, chosen_view

actor = require_user(Permission.CHECK_RETURN)
VIEWS = {"term": "学期排查", "special": "四特排查"}
kind = CheckKind.SPECIAL_CHECK if chosen_view(VIEWS, key="rounds_view") == "special" else CheckKind.CLASS_CHECK
words = check_table.WORDS[kind]

try:
    with reading() as session:
        view = check_rounds.find_round(session, actor, kind=kind)
except NoTerm as error:
    page_header("班级排查")
    refusal(error)
    st.stop()

acts = []
if view.may_open:
    acts.append(Action(words.title, "rounds_open", "play_arrow", True, open_dialog, (check_table.OPEN,)))
page_header("班级排查", f"{view.label}，{words.line}", actions=acts)
choose_view(VIEWS, key="rounds_view")
check_table.draw_open_dialog(view)

asked = number_asked("class")
chosen = asked if any(found.class_id == asked for found in view.classes) else None
if chosen is None and len(view.classes) == 1:
    chosen = view.classes[0].class_id

if not view.classes:
    empty_state("checklist", "还没有归您排查的班", "班主任由关爱室负责人在“设置”里安排，安排好这里就会有。")
elif view.id is None:
    empty_state("checklist", words.not_yet, f"负责人点“{words.title}”以后，每个班主任的工作台上都会有。")
else:
    if len(view.classes) > 1:
        chosen = check_table.draw_table(view) or chosen
    if chosen is not None:
        try:
            with reading() as session:
                sheet = check_sheets.find_sheet(session, actor, class_id=chosen, kind=kind)
        except NotFound as error:
            refusal(error)
            st.stop()
        draw_sheet(actor, sheet)
if kind is CheckKind.SPECIAL_CHECK and view.classes and (chosen is None or view.id is None):
    draw_special_children(actor)
