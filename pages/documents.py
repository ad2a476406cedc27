"""Documents and rules: what the school has to have, what of it is missing or out of date, and the files themselves."""

import streamlit as st

from db.transactions import reading
from services import document_overviews
from services.access import Permission, allows
from services.document_kinds import DocumentState
from ui.dialogs import open_dialog, opened
from ui.document_forms import file_dialog
from ui.document_panel import draw_elsewhere, draw_haves, draw_kind, draw_table, keep_clicked, kind_asked
from ui.layout import Action, empty_state, filter_row, page_header
from ui.session import require_user
from ui.states import DOCUMENT
from ui.views import begin_filter_of_many, keep_filter_of_many

actor = require_user(Permission.DOCUMENT_READ)
may_write = allows(actor, Permission.DOCUMENT_WRITE)

upload = Action(
    "存一份文件", "documents_file", "upload", is_primary=True, on_click=open_dialog, args=("document_file", 0)
)
page_header(
    "文件与制度",
    "制度要求学校有的文件：哪些有，哪些缺，哪些该看一遍了。" if may_write else "大家照着办的文件，都在这里。",
    actions=[upload] if may_write else [],
)
keep_clicked()
with reading() as session:
    overview = document_overviews.find_overview(session, actor)

draw_haves(overview)
states = {state.value: state for state in DocumentState if overview.by_state.get(state)}
begin_filter_of_many("documents_states", "states", states)
with filter_row():
    shown_states = st.pills(
        "状态", list(states.values()), selection_mode="multi",
        format_func=lambda state: f"{DOCUMENT[state.value].word} {overview.by_state[state]}", key="documents_states",
        label_visibility="collapsed", wrap=True,
    )  # fmt: skip
keep_filter_of_many("documents_states", "states", states)
rows = [row for row in overview.kinds if not shown_states or row.state in shown_states]
if rows:
    draw_table(rows)
else:
    empty_state("folder_open", "这里没有文件", "换个状态看看；或者存一份。")

chosen = next((row for row in overview.kinds if row.kind.name == kind_asked()), None)
if chosen is not None:
    draw_kind(actor, chosen, may_write=may_write)
if may_write:
    draw_elsewhere()
if opened("document_file", 0):
    file_dialog(overview, chosen.kind.name if chosen else None)
