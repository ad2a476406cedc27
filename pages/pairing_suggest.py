"""Suggestions for pairing: for all children asked about at once, changed and confirmed by a person."""

import streamlit as st

from db.transactions import reading
from services import student_lists
from services.access import Permission, allows
from services.pairing import proposals
from services.pairing.proposals import TooManyChildren
from ui import navigation, pairing_scope, pairing_table, pairing_weights
from ui.asked import keep_asked
from ui.dialogs import open_dialog, opened
from ui.layout import Action, note, page_header, refusal
from ui.session import require_user

ASKED = "asked"

actor = require_user(Permission.PAIRING_SUGGEST)

shown_for = pairing_table.find_scope()
is_changed = pairing_table.is_changed()
back = Action("回到结对帮扶", "suggest_back", "arrow_back")
weigh = Action("看重什么", "suggest_weights", "tune", on_click=open_dialog, args=(pairing_weights.DIALOG,))
ask = Action("推荐", "suggest_ask", "person_add", is_primary=shown_for is None, disabled=is_changed)
clicked = page_header(
    "推荐结对",
    "给还没有人的孩子一起找合适的人：先让尽量多的孩子有人，再看合不合适。推荐的都能改，点了确认才算。",
    actions=[back, *([weigh] if allows(actor, Permission.PAIRING_WEIGH) else []), ask],
)
if clicked == back.key:
    st.switch_page(navigation.path_of("pairing"), query_params={"from": "pairing_suggest"})
role = pairing_scope.chosen_role()
with reading() as session:
    classes = student_lists.list_register_classes(session, actor)
    helpers = proposals.list_helpers_to_replace(session, actor, role=role)

scope = pairing_scope.choose_scope(role, classes, helpers, is_locked=is_changed)
if is_changed:
    note("改了还没有确认。要换年级、班级或哪种结对，先确认，或点下面的“不要了”。", icon="edit")
is_asked = clicked == ask.key or (shown_for is None and st.query_params.get(ASKED))
if is_asked:  # also after a reload, and for who is left after a save
    try:
        pairing_table.work_out(actor, scope)
    except TooManyChildren as error:
        refusal(error)
    shown_for = pairing_table.find_scope()
if shown_for == scope:
    keep_asked(ASKED, "1")
    pairing_table.draw(actor)
else:  # other children are asked about now
    keep_asked(ASKED, None)
    pairing_table.forget()

if opened(pairing_weights.DIALOG):
    pairing_weights.ask_for_weights()
