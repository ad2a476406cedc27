"""The dialogs of the documents page: filing, a newer edition, opening, taking away."""

import streamlit as st

from db.transactions import transaction
from services import clock, document_overviews, documents
from services.access import Permission
from services.actors import Actor
from services.document_kinds import document_kinds
from services.document_overviews import Overview
from services.documents import DocumentEntry, DocumentRow
from services.errors import DomainError
from ui.asking_first import ask_first
from ui.dialogs import close_dialog
from ui.formats import plain
from ui.forms import Form
from ui.layout import CLOSE, flash, form_end, leave_button, note, refusal
from ui.session import require_user
from ui.wording import day_field

_ENDINGS = ["pdf", "docx", "xlsx", "pptx", "doc", "xls", "ppt", "jpg", "jpeg", "png"]


@st.dialog("存一份文件", icon=":material/upload:", dismissible=False)
def file_dialog(overview: Overview, kind: str | None) -> None:
    """Ask for a new document; the kind chosen on the page stands first."""
    actor = require_user(Permission.DOCUMENT_WRITE)
    form = Form("document_new", {"kind": kind})
    form.notices()
    labels = {row.kind.name: row.kind.label for row in overview.kinds}
    with form.field("kind") as key:
        chosen = st.selectbox(
            "哪一类", list(labels), index=None, format_func=lambda name: labels.get(name, ""), key=key,
            placeholder="请选",
        )  # fmt: skip
    _ask(actor, form, kind=chosen, replaces=None)


@st.dialog("存新的一版", icon=":material/upload:", dismissible=False)
def edition_dialog(kind: str, row: DocumentRow) -> None:
    """Ask for a newer edition; the one before stays."""
    actor = require_user(Permission.DOCUMENT_WRITE)
    form = Form(f"document_edition_of_{row.id}", {"title": row.title, "clause_ids": list(row.clause_ids)})
    form.notices()
    note(f"存好以后，“{row.title}”算旧的一版，还打得开。")
    _ask(actor, form, kind=kind, replaces=row.id)


def _ask(actor: Actor, form: Form, *, kind: str | None, replaces: int | None) -> None:
    found = document_kinds().get(kind or "")
    with form.field("title", "") as key:
        title = st.text_input(
            "叫什么", key=key, autocomplete="off", placeholder=f"例如 {found.label if found else '应急预案'}（2026 年）"
        )
    left, right = st.columns(2)
    with left, form.field("valid_from", clock.today()) as key:
        valid_from = day_field("从哪天起有效", key=key)
    with right, form.field("valid_to") as key:
        valid_to = day_field("到哪天（没有就不填）", key=key)
    with form.field("clause_ids", []) as key:
        clauses = st.multiselect(
            "证明哪几条", document_overviews.provable_clauses(), key=key,
            placeholder=f"不选就是 {'、'.join(found.clauses)}" if found else "不选就按类别定", select_all=False,
        )  # fmt: skip
    with form.field("file", is_filled=False) as key:
        file = st.file_uploader("文件", key=key, type=_ENDINGS)
    note("PDF、Word、Excel、PPT 或图片，最多 20 MB。文件加密存放，原来的文件名不留。")
    entry = DocumentEntry(kind, title, valid_from, valid_to, tuple(clauses))
    with form_end():
        if st.button("不存了", key=form.key("cancel"), type="tertiary"):
            form.cancel()
            close_dialog()
        submitted = st.button("存好", key=form.key("save"), type="primary", icon=":material/check:")
    if submitted:
        content = file.getvalue() if file is not None else None
        with st.spinner("正在加密存放。"):
            saved = form.save(
                lambda session: documents.file_document(
                    session,
                    actor,
                    entry=entry,
                    content=content,
                    file_name=file.name if file is not None else "",
                    replaces_id=replaces,
                )
            )
        if saved:
            st.query_params["kind"] = kind or ""
            flash("已存好。")
            close_dialog()


@st.dialog("打开文件", icon=":material/folder_open:", dismissible=False)
def opened_dialog(row: DocumentRow) -> None:
    """Give the way to the file; from here on it is noted who opened it."""
    actor = require_user(Permission.DOCUMENT_READ)
    st.markdown(f"**{plain(row.title)}**")
    note("谁在什么时候打开过，会记下来。下载到自己电脑上的，用完请删。")
    try:
        with transaction() as session:
            file = documents.open_document(session, actor, document_id=row.id)
    except DomainError as error:
        refusal(error)
        file = None
    with form_end():
        if leave_button(CLOSE, key="document_close"):
            close_dialog()
        if file is not None:
            st.download_button(
                "下载", file.content, file_name=file.file_name, mime=file.mime, key="document_download",
                type="primary", icon=":material/download:", on_click="ignore",
            )  # fmt: skip


@st.dialog("撤下这份文件", icon=":material/delete:", dismissible=False)
def withdraw_dialog(row: DocumentRow) -> None:
    """Take away a document that was filed by mistake."""
    actor = require_user(Permission.DOCUMENT_WRITE)
    st.markdown(f"**{plain(row.title)}** 不再算数，也打不开了？")
    note("存错了才撤。旧了请存新的一版，旧的会留着。撤下以后，它前面的一版又算数。")
    ask_first(
        lambda session: documents.withdraw_document(session, actor, document_id=row.id, version=row.version),
        "撤下",
        kept="document_keep",
        confirmed="document_withdraw_confirm",
        done="已撤下。",
    )
