"""Imports that were made: what came of the last one, those before it, and taking one back."""

from collections.abc import Sequence

import streamlit as st

from db.transactions import transaction
from services import clock
from services.access import Permission
from services.errors import DomainError
from services.student_imports import ImportListing, undo_import
from ui import import_state
from ui.dialogs import close_dialog, open_dialog
from ui.formats import clock as clock_words
from ui.formats import day, plain
from ui.import_lists import ImportWords
from ui.import_preview import download_rejected, download_warnings
from ui.import_state import Done
from ui.layout import ACT_BUTTON_WIDTH, KEEP, flash, leave_button, refusal
from ui.session import require_user
from ui.states import IMPORT
from ui.tables import current_page, paging_line

UNDO = "import_undo"
_PAGE, _PAGE_SIZE = "import_page_before", 5
COMMAND_LINE = "信息老师在服务器上"


def draw_result(done: Done) -> str | None:
    """Draw what an import did and what can be done next; return the key of the act just clicked."""
    result = done.result
    words = done.list.words
    unit, (back, icon, _) = words.unit, words.back
    if result.wrote_nothing:
        title = f"和{words.place}里的一样，什么都没有写"
    elif result.says_nothing_new:  # a list of results that holds nobody but those who were away
        title = "记下了谁没来测"
    else:
        title = f"导入好了：新增 {result.created:,} {unit}，改动 {result.changed:,} {unit}"
    with st.container(border=True, gap="small"):
        st.markdown(f":green[:material/check_circle:] **{title}**")
        st.markdown(
            f":small[:gray[{plain(done.file_name)}。没变 {result.unchanged:,}，"
            f"不能导入 {result.rejected:,}，重复跳过 {done.duplicates:,}，要留意 {done.warnings:,} 处。]]"
        )
        with st.container(horizontal=True, gap="xsmall"):
            to_register = st.button(plain(back), key="import_to_register", type="primary", icon=f":material/{icon}:")
            if done.rejected_file is not None:
                download_rejected(done.rejected_file, key="import_rejected_after")
            if done.warnings_file is not None:
                download_warnings(done.warnings_file, key="import_warnings_after")
            again = st.button("再导入一份", key="import_again", on_click=import_state.forget_done)
            if result.batch_id is not None:
                st.button(
                    "撤回这次导入", key="import_undo_now", type="tertiary", icon=":material/undo:",
                    on_click=ask_to_undo, args=(result.batch_id,),
                )  # fmt: skip
    return "import_to_register" if to_register else "import_again" if again else None


def draw_history(imports: Sequence[ImportListing]) -> None:
    """Draw the imports so far, the newest first, each with its state and the way to take it back."""
    page = current_page(_PAGE, total=len(imports), page_size=_PAGE_SIZE)
    with st.container(border=True, gap="xsmall"):
        st.markdown("**以前的导入**")
        for each in imports[(page - 1) * _PAGE_SIZE : page * _PAGE_SIZE]:
            _draw_import(each)
    if len(imports) > _PAGE_SIZE:
        paging_line(_PAGE, total=len(imports), unit="次", page_size=_PAGE_SIZE)


def ask_to_undo(batch_id: int) -> None:
    """Open the dialog about taking an import back. For a button's `on_click`."""
    open_dialog(UNDO, batch_id)


@st.dialog("撤回这次导入", dismissible=False)
def undo_dialog(listing: ImportListing, words: ImportWords) -> None:
    """Name the import, and take it back as a whole."""
    actor = require_user(Permission.STUDENT_IMPORT)
    st.text(f"{_file_name(listing)}，{_when(listing)} 由{_who(listing)}导入。")
    effects = (
        (listing.created, f"新增的 {listing.created:,} {words.undo}"),
        (listing.changed, f"改动的 {listing.changed:,} 人会变回导入以前的样子"),
    )
    st.text(("，".join(words for count, words in effects if count) or "记下的没来测会拿掉") + "。")
    rows = listing.created + listing.changed
    notice = st.empty()
    with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        kept = leave_button(KEEP, key="import_undo_keep")
        confirmed = st.button(
            plain(f"撤回 {rows:,} {words.unit}的导入" if rows else "撤回这次导入"),
            key="import_undo_confirm",
            type="primary",
        )
    if kept:
        close_dialog()
    if not confirmed:
        return
    try:
        with transaction() as session:
            undo_import(session, actor, batch_id=listing.id)
    except DomainError as error:
        with notice:
            refusal(error)
        return
    if (done := import_state.done()) and done.result.batch_id == listing.id:
        import_state.forget_done()
    flash(f"已撤回，{words.place}和导入以前一样。")
    close_dialog()


def _draw_import(listing: ImportListing) -> None:
    look = IMPORT["undone" if listing.undone_at else "made"]
    counts = (
        f"新增 {listing.created:,}，改动 {listing.changed:,}，没变 {listing.unchanged:,}，不能导入 {listing.rejected:,}"
    )
    undone = f"。撤回的是{listing.undone_by or COMMAND_LINE}" if listing.undone_at else ""
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.markdown(
            f"**{plain(_file_name(listing))}**  \n{look.badge()} "
            f":small[:gray[{plain(f'{_when(listing)}，{_who(listing)}。{counts}{undone}')}]]",
            width="stretch",
        )
        if not listing.undone_at:
            st.button(
                "撤回", key=f"import_undo_{listing.id}", width=ACT_BUTTON_WIDTH, on_click=ask_to_undo,
                args=(listing.id,),
            )  # fmt: skip


def _file_name(listing: ImportListing) -> str:
    return listing.file_name or "没有文件名"


def _when(listing: ImportListing) -> str:
    moment = clock.local(listing.imported_at)
    return f"{day(moment.date(), today=clock.today())} {clock_words(moment, clock.SCHOOL_ZONE)}"


def _who(listing: ImportListing) -> str:
    return listing.imported_by or COMMAND_LINE
