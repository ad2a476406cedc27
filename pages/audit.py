"""What was done: who did what about whom and when, as far as one may know, never a word of what was written."""

import streamlit as st

from db.tables import Role
from db.transactions import reading
from services import audit_lists
from services.access import Permission
from ui.audit_filters import PAGE, draw_filters, forget_child, keep_in_address, read_filters
from ui.audit_table import draw_table, export_dialog
from ui.dialogs import open_dialog, opened
from ui.formats import plain
from ui.layout import Action, empty_state, note, page_header
from ui.session import require_user
from ui.tables import page_asked, paging_line

actor = require_user(Permission.AUDIT_READ)

if actor.has_role(Role.ADMIN):
    LINE = "谁在什么时候做了什么。不写内容，也不写孩子的姓名。"
elif actor.has_role(Role.LEAD):
    LINE = "您自己做过的，还有谁打开过孩子的档案、谁办过受理和个案。"
else:
    LINE = "您自己做过的事。"
export = Action("导出这些记录", "audit_export_open", "download", on_click=open_dialog, args=("audit_export",))
page_header("操作记录", LINE, actions=[export])

with reading() as session:
    people = audit_lists.list_people(session, actor)
filters = read_filters(people)
draw_filters(actor, people)
keep_in_address()
with reading() as session:
    found = audit_lists.list_events(session, actor, filters=filters, page=page_asked(PAGE))

if found.child is not None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown(f"只看 **{plain(found.child)}** 的记录", width="content")
        st.button("看所有人的", key="audit_all_children", type="tertiary", on_click=forget_child)
if not found.rows:
    empty_state("history", "没有这样的记录", "换个人、换件事，或把日子放宽一些看看。")
else:
    draw_table(found)
    paging_line(PAGE, total=found.total, unit="条", page_size=audit_lists.PAGE_SIZE)
    if found.has_older:
        note("这里只翻得到最近的 5,000 条。要看更早的，请在上面选人、选事或选日子。")
if opened("audit_export"):
    export_dialog(filters, found)
