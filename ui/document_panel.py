"""What the documents page shows: the six haves, the table of kinds, and the documents of the chosen one."""

from collections.abc import Sequence

import streamlit as st

from db.transactions import reading, transaction
from services import clock, documents
from services.actors import Actor
from services.document_kinds import DocumentState, elsewhere, haves
from services.document_overviews import KindRow, Overview
from services.documents import PAGE_SIZE, DocumentRow
from services.errors import DomainError
from ui.dialogs import open_dialog, opened
from ui.document_forms import edition_dialog, opened_dialog, withdraw_dialog
from ui.formats import day, plain
from ui.layout import act_list, flash, note, refusal
from ui.states import DOCUMENT
from ui.tables import StateColumn, data_table, opening_column, page_asked, paging_line, row_clicked

_CLICK, _SHOWN, _KIND, _PAGE = "documents_open", "care_documents_shown", "kind", "documents_page"
_RANK = (
    DocumentState.MISSING,
    DocumentState.EXPIRED,
    DocumentState.EXPIRING,
    DocumentState.REVIEW_DUE,
    DocumentState.NOT_YET,
    DocumentState.CURRENT,
    DocumentState.NOT_NEEDED,
)


def kind_asked() -> str | None:
    """Return the kind in the address."""
    return st.query_params.get(_KIND)


def keep_clicked() -> None:
    """Put the kind just clicked into the address."""
    if (kind := row_clicked(_CLICK, _SHOWN)) is not None:
        st.query_params[_KIND] = kind
        st.query_params.pop(_PAGE, None)
        st.session_state.pop(_PAGE, None)


def draw_haves(overview: Overview) -> None:
    """Draw the six haves (C-14) on one line."""
    having = sum(overview.haves.values())
    badges = [
        f":green-badge[:material/check_circle: {label}]"
        if overview.haves[name]
        else f":red-badge[:material/cancel: 还没{label}]"
        for name, label in haves().items()
    ]
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**六有 {having} / {len(badges)}**　{' '.join(badges)}")
        note("制度（C-14）要求的六样，各有一份现在算数的就行；活动记录和反馈每学期要有新的。")


def draw_table(rows: Sequence[KindRow]) -> None:
    """Draw the kinds, what is missing first; a click on one opens its documents below."""
    today = clock.today()
    ranked = sorted(rows, key=lambda row: _RANK.index(row.state))
    names = [row.kind.name for row in ranked]
    st.session_state[_SHOWN] = names
    data_table(
        [
            {
                "state": [DOCUMENT[row.state.value].cell()],
                "kind": row.kind.label,
                "title": row.newest_title,
                "ends": day(row.ends_on, today=today) if row.ends_on else None,
                "looked": day(row.looked_on, today=today) if row.looked_on else None,
                "post": row.kind.post,
                "clauses": "、".join(row.kind.clauses),
            }
            for row in ranked
        ],
        {
            "state": StateColumn("状态", list(DOCUMENT.values()), width=120),
            "kind": opening_column("哪一类", key=_CLICK, width=200),
            "title": st.column_config.TextColumn("现在的文件", width=170),
            "ends": st.column_config.TextColumn("有效到", width=105),
            "looked": st.column_config.TextColumn("看过", width=105),
            "post": st.column_config.TextColumn("谁负责", width=90),
            "clauses": st.column_config.TextColumn("条款", width=80),
        },
        key=f"documents_table_{hash(tuple(names))}",
        alt=f"{len(rows)} 类文件和它们的状态，点一类看文件",
    )


def draw_kind(actor: Actor, row: KindRow, *, may_write: bool) -> None:
    """Draw the documents of one kind with what can be done with each."""
    try:
        with reading() as session:
            found = documents.list_documents(session, actor, kind=row.kind.name, page=page_asked(_PAGE))
    except DomainError as error:
        refusal(error)
        return
    if not found.rows:
        clauses = "、".join(row.kind.clauses)
        note(f"{row.kind.label}还没有存过。条款 {clauses} 要有，由{row.kind.post}负责。", icon="info")
        return
    with act_list(row.kind.label):
        for each in found.rows:
            _draw_document(actor, each, may_write=may_write)
    if found.total > PAGE_SIZE:
        paging_line(_PAGE, total=found.total, unit="份", page_size=PAGE_SIZE)
    for each in found.rows:
        if opened("document_open", each.id):
            opened_dialog(each)
        if opened("document_edition", each.id):
            edition_dialog(row.kind.name, each)
        if opened("document_withdraw", each.id):
            withdraw_dialog(each)


def _draw_document(actor: Actor, row: DocumentRow, *, may_write: bool) -> None:
    look = DOCUMENT[row.state.value]
    badge = ":gray-badge[:material/history: 旧的一版]" if row.is_replaced else look.badge()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(row.title)}**  \n{badge} :small[:gray[{plain(_facts(row))}]]", width="stretch")
        with st.container(horizontal=True, width="content", gap="xsmall"):
            st.button("打开", key=f"document_open_{row.id}", on_click=open_dialog, args=("document_open", row.id))
            if may_write and not row.is_replaced:
                looked = st.button(
                    "今天看过一遍", key=f"document_look_{row.id}", disabled=row.looked_on == clock.today()
                )
                st.button(
                    "存新的一版", key=f"document_edition_{row.id}", on_click=open_dialog,
                    args=("document_edition", row.id),
                )  # fmt: skip
                st.button(
                    "撤下", key=f"document_withdraw_{row.id}", type="tertiary", on_click=open_dialog,
                    args=("document_withdraw", row.id),
                )  # fmt: skip
                if looked:
                    _note_look(actor, row)


def _facts(row: DocumentRow) -> str:
    today = clock.today()
    since = day(row.valid_from, today=today)
    until = f"到{day(row.ends_on, today=today)}" if row.ends_on else "，没有写到哪天"
    filed = f"{row.filed_by or '命令行'} {day(clock.local(row.filed_at).date(), today=today)}存"
    looked = f"，{row.looked_by or '命令行'} {day(row.looked_on, today=today)}看过" if row.looked_on else ""
    clauses = f"，证明 {'、'.join(row.clause_ids)}" if row.clause_ids else ""
    size = f"{max(1, row.size_bytes // 1024):,} KB"
    return f"{since}起有效{until}。{row.file_kind.value.upper()} {size}，{filed}{looked}{clauses}"


def _note_look(actor: Actor, row: DocumentRow) -> None:
    try:
        with transaction() as session:
            documents.note_looked_through(session, actor, document_id=row.id)
    except DomainError as error:
        refusal(error)
    else:
        flash(f"已记下：今天看过“{row.title}”。")
        st.rerun()


def draw_elsewhere() -> None:
    """Say which documents the regulations ask for that aren't filed here, and where they stand."""
    with st.expander("不在这里存的"):
        for clause, where in elsewhere().items():
            st.markdown(f":small[{plain(clause)}　{plain(where)}]")
