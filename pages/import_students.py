"""Importing a roster, a ledger or results: choose, see what it would do, confirm, take it back."""

import streamlit as st

from db.tables import ImportKind
from db.transactions import reading
from services import student_imports
from services.access import Permission
from ui import import_history, import_state, navigation
from ui.dialogs import opened
from ui.formats import plain
from ui.import_columns import draw_columns
from ui.import_lists import LISTS
from ui.import_preview import draw_lists, draw_summary
from ui.layout import Action, field_error, note, page_header
from ui.session import require_user
from ui.views import choose_view, chosen_view

_KINDS_OF_FILES = "收 xlsx、xlsm、xls、ods、csv、tsv、txt、html，一次一份，最多 20 MB，标红就是太大了。"

actor = require_user(Permission.STUDENT_IMPORT)

done = import_state.done()
kinds = {kind.value: each.name for kind, each in LISTS.items()}
chosen = LISTS[ImportKind(chosen_view(kinds, key="import_kind", parameter="list"))]
words = (done.list if done else chosen).words
label, icon, goes_to = words.back
clicked = page_header(
    words.title,
    "选学校现有的表格，先看会怎么样，再确认。改动都会记下是谁导入的。",
    actions=[] if done else [Action(label, "import_back", icon)],
)
with reading() as session:
    imports = student_imports.list_imports(session, actor, kind=chosen.kind)

taken = None
if done:
    clicked = import_history.draw_result(done)
else:
    choose_view(kinds, key="import_kind", parameter="list")
    with st.container(gap="xsmall"):
        file = st.file_uploader(f"{chosen.name}文件", key=import_state.uploader_key(chosen.kind))
        if file is None:
            note(f"{_KINDS_OF_FILES}{chosen.hint}")
        if import_state.was_lost():
            note("页面刷新过，刚才选的文件没有留下来，也没有导入。请再选一次。", icon="info")
        taken = import_state.taken(actor, file, chosen)
        if taken and taken.refusal:
            field_error(taken.refusal)

if taken:
    view = taken.view
    confirmed = view is not None and draw_summary(taken, view)
    draw_columns(taken, kept=chosen.words.kept)
    if view is not None:
        draw_lists(taken, view)
    if view is not None and confirmed:
        with st.spinner(plain(f"正在导入，共 {view.data_rows:,} 行，请等一等。")):
            taken.confirm(actor)
        st.rerun()
elif imports:
    import_history.draw_history(imports)

for each in imports:
    if opened(import_history.UNDO, each.id):
        import_history.undo_dialog(each, chosen.words)
if clicked in {"import_back", "import_to_register"}:
    import_state.forget_done()
    st.switch_page(navigation.path_of(goes_to))
