"""Pairing: whom nobody helps yet, who is paired with whom, the helpers, who keeps up, and what is paid."""

import streamlit as st

from db.transactions import reading
from services.access import Permission, allows
from services.errors import NotFound
from services.pairing import helper_lists, helpers, pair_lists, waiting
from ui import (
    hand_in_hand_dialog,
    helper_dialogs,
    helper_list,
    navigation,
    pairing_dialogs,
    pairing_figures,
    pairing_pairs,
    pairing_waiting,
    subsidy_dialogs,
    subsidy_list,
)
from ui.asked import number_asked
from ui.dialogs import open_dialog, opened
from ui.layout import Action, page_header, refusal
from ui.session import require_user
from ui.views import choose_view, chosen_view

actor = require_user(Permission.PAIRING_READ, Permission.PAIRING_NUMBERS)
TITLE, LINE = "结对帮扶", "每个孩子都有人牵着手：谁还没有人，谁和谁结着对，谁来帮，做得怎样。"

if not allows(actor, Permission.PAIRING_READ):
    page_header(TITLE, LINE)
    pairing_figures.draw_numbers(actor)
    st.stop()

for clicked_in in (pairing_waiting, pairing_pairs, helper_list, pairing_figures, subsidy_list):
    clicked_in.open_clicked()
subsidy_dialogs.draw_settle()


def leave(name: str) -> None:
    del st.query_params[name]
    st.rerun()


if pairing_id := number_asked("pair"):
    try:
        with reading() as session:
            view = pair_lists.find_pair_view(session, actor, pairing_id=pairing_id)
    except NotFound as error:
        page_header(TITLE, LINE)
        refusal(error)
        st.stop()
    title = f"{view.row.child}和{view.row.helper}"
    if page_header(title, view.row.class_label, actions=pairing_pairs.pair_acts(view)) == "pairing_back":
        leave("pair")
    pairing_pairs.draw_pair(actor, view)
    pairing_dialogs.draw_of_pair(view.stored)
    st.stop()

if helper_id := number_asked("helper"):
    try:
        with reading() as session:
            stored = helpers.find_helper(session, actor, helper_id=helper_id)
            row = helper_lists.find_helper_row(session, actor, helper_id=helper_id)
    except NotFound as error:
        page_header(TITLE, LINE)
        refusal(error)
        st.stop()
    acts = helper_list.helper_acts(actor, stored, row)
    badges = helper_list.helper_badges(row)
    if page_header(stored.shown_name, "帮扶人", badges=badges, actions=acts) == "helper_back":
        leave("helper")
    helper_list.draw_helper(actor, stored, row)
    helper_dialogs.draw_of_helper(stored)
    pairing_dialogs.draw_of_helper(stored.id)
    st.stop()

VIEWS = {"waiting": "还没有人结对", "pairs": "结对", "helpers": "帮扶人", "progress": "做得怎样"}
if allows(actor, Permission.SUBSIDY_WRITE):
    VIEWS["subsidies"] = "补助"
name = chosen_view(VIEWS, key="pairing_view")
actions = []
if name in ("waiting", "pairs") and allows(actor, Permission.STUDENT_EXPORT):
    ask = (hand_in_hand_dialog.OPEN,)
    actions.append(Action("手拉手登记表", "pairing_register", "download", on_click=open_dialog, args=ask))
if name == "waiting" and allows(actor, Permission.PAIRING_SUGGEST):
    actions.append(Action("推荐结对", "pairing_suggest", "person_add", is_primary=True))
if name == "helpers":
    new = (helper_dialogs.NEW,)
    actions.append(Action("登记帮扶人", "pairing_new_helper", "add", is_primary=True, on_click=open_dialog, args=new))
if page_header(TITLE, LINE, actions=actions) == "pairing_suggest":
    st.switch_page(navigation.path_of("pairing_suggest"), query_params={"from": "pairing"})
choose_view(VIEWS, key="pairing_view")

if name == "helpers":
    helper_list.draw_helpers(actor)
    helper_dialogs.draw_new()
elif name == "progress":
    pairing_figures.draw_progress(actor)
elif name == "subsidies":
    subsidy_list.draw_subsidies(actor)
else:
    with reading() as session:
        classes = waiting.list_pair_classes(session, actor)
    if name == "pairs":
        pairing_pairs.draw_pairs(actor, classes)
    else:
        pairing_waiting.draw_waiting(actor, classes)
        pairing_dialogs.draw_start(actor, pairing_waiting.chosen_role())
    if opened(hand_in_hand_dialog.OPEN):
        hand_in_hand_dialog.hand_in_hand_dialog(classes)
