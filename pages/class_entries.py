"""Entries of a term: results, health, check-up and vaccination of a class, in one table."""

import streamlit as st

from db.transactions import reading
from services import term_entries
from services.access import Permission
from services.errors import NotFound
from ui import entry_drafts, entry_table
from ui.class_terms import classes_and_terms
from ui.layout import empty_state, page_header, refusal
from ui.session import require_user

actor = require_user(Permission.ENTRY_WRITE)

page_header("学期记录", "每学期记一次：学业、身体、体检和预防接种。改过的一起保存。")
classes, terms = classes_and_terms(actor, act="记")
class_id, term_id = entry_table.choose(classes, terms)
try:
    with reading() as session:
        entries = term_entries.find_class_entries(session, actor, class_id=class_id, term_id=term_id)
except NotFound as error:
    refusal(error)
    st.stop()
if entries.rows:
    entry_table.draw(actor, entries)
    entry_drafts.name_others(classes, terms)
else:
    empty_state("groups", f"{entries.class_label}还没有孩子", "导入名册，或在“学生名册”里把孩子编进来。")
