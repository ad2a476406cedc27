"""The lists exchanged so far: how the term stands, the table, and giving ours."""

from typing import Any

import streamlit as st

from db.tables import ExchangeBody, ExchangeDirection
from db.transactions import transaction
from services import clock, list_exchanges, list_handouts
from services.access import Permission
from services.errors import DomainError
from services.imports.authorities import Scope
from services.list_exchanges import ExchangeRow, Exchanges, TermExchanges
from services.regulations.deadlines import DutyState
from ui import formats
from ui.dialogs import close_dialog
from ui.exchange_receipt import scopes
from ui.forms import Form
from ui.import_preview import XLSX
from ui.layout import CLOSE, field_error, leave_button, note, refusal
from ui.session import require_user
from ui.states import DUTY, EXCHANGE
from ui.tables import StateColumn, data_table, opening_column
from ui.views import opened_in_table

GIVE = "exchange_give"
_OPENED = "exchange_opened"


def term_badges(term: TermExchanges | None) -> list[str]:
    """Return how the term stands, as a badge."""
    if term is None or term.state is DutyState.NOT_IN_FORCE:
        return []
    if term.due_at is None:
        return [DUTY[term.state.value].badge(f"这学期已收 {term.done} 份名单")]
    day = formats.day(clock.local(term.due_at).date(), today=clock.today())
    words = f"这学期要收 {term.needed} 份，已收 {term.done} 份，{day}前"
    return [DUTY[term.state.value].badge(words)]


def draw_table(exchanges: Exchanges) -> int | None:
    """Draw the lists, the newest first; return the one that is chosen."""
    rows = exchanges.rows
    ids = [row.id for row in rows]
    text = st.column_config.TextColumn
    data_table(
        [_row(row) for row in rows],
        {
            "when": opening_column("哪天", key=_OPENED, width=110),
            "state": StateColumn("差别", list(EXCHANGE.values()), width=125),
            "direction": text("往来", width=60),
            "body": text("和谁", width=105),
            "what": text("哪些孩子", width=150),
            "rows": text("名单", width=75, alignment="right"),
            "matched": text("对上", width=75, alignment="right"),
            "refused": text("没收", width=75, alignment="right"),
            "by": text("谁办的", width=90),
        },
        key=f"exchange_table_{hash(tuple(ids))}",
        alt=f"和外面交换过 {len(ids)} 份名单",
    )
    note("点日子打开那一份：看差别，一处一处定；原来的文件也在里面。")
    return opened_in_table(ids, key=_OPENED, parameter="exchange")


def _row(row: ExchangeRow) -> dict[str, Any]:  # cells of several types
    is_received = row.direction is ExchangeDirection.RECEIVED
    return {
        "when": formats.day(row.day, today=clock.today()),
        "state": [_state(row)] if is_received else [],
        "direction": row.direction.label,
        "body": row.with_whom,
        "what": row.what,
        "rows": f"{row.rows:,} 行" if is_received else f"{row.rows:,} 人",
        "matched": f"{row.matched:,} 人" if is_received else None,
        "refused": f"{row.refused:,} 行" if is_received and row.refused else None,
        "by": row.recorded_by,
    }


def _state(row: ExchangeRow) -> str:
    return EXCHANGE["open"].cell(f"还有 {row.open:,} 处") if row.open else EXCHANGE["decided"].cell()


@st.dialog("给出我们的名单", icon=":material/outgoing_mail:", dismissible=False)
def give_dialog(exchanges: Exchanges) -> None:
    """Ask for whom and of whom, make the file, and only then give the way to download it."""
    actor = require_user(Permission.LIST_EXCHANGE)
    choices = scopes(exchanges.difficulties)
    form = Form("exchange_give", labels={"body": "给谁", "scope": "哪些孩子"})
    form.notices()
    with form.field("body") as key:
        body = st.selectbox("给谁", list(ExchangeBody), key=key, index=None, placeholder="请选",
                            format_func=lambda each: each.label)  # fmt: skip
    name = None
    if body is ExchangeBody.OTHER:
        with form.field("body_name", "") as key:
            name = st.text_input("部门的名称", key=key, autocomplete="off")
    with form.field("scope") as key:
        scope: Scope | None = st.selectbox(
            "哪些孩子", list(choices), key=key, index=None, placeholder="请选",
            format_func=lambda each: choices[each].replace("，种类写在表里", "，各种都有"),
        )  # fmt: skip
    with form.field("with_id_numbers", False) as key:
        with_ids = st.checkbox("带上身份证号（对方要靠它对人才勾）", key=key)
    note("只有姓名、性别、出生日期、班级、类别、从哪天起。电话、住址、依据不出去；家里不同意用信息的孩子不在里面。")
    note("谁、什么时候、给了谁，会写在文件里，也会记下来。")
    with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        if leave_button(CLOSE, key=form.key("cancel")):
            form.cancel()
            close_dialog()
        submitted = st.button("准备文件", key=form.key("save"), type="primary")
    if not submitted:
        return
    handout = form.save_and_get(
        lambda session: list_handouts.give_list(
            session, actor, body=body, body_name=name, scope=scope, with_id_numbers=with_ids
        )
    )
    if handout is None:
        return
    note(f"共 {handout.children:,} 个孩子。")
    if handout.without_consent:
        field_error(f"有 {handout.without_consent:,} 个孩子家里不同意用信息，没有写进去。请另外和对方说明。")
    whom = body.label if body else ""
    st.download_button(
        "下载", handout.content, file_name=f"给{whom}的名单_{clock.today():%Y%m%d}.xlsx", mime=XLSX,
        key="exchange_give_download", icon=":material/download:", on_click="ignore",
    )  # fmt: skip


@st.dialog("打开这份文件", icon=":material/folder_open:", dismissible=False)
def file_dialog(row: ExchangeRow) -> None:
    """Give the way to the file; from here on it is noted who opened it."""
    actor = require_user(Permission.LIST_EXCHANGE)
    note("里面有孩子的姓名。谁打开过会记下来；下载到自己电脑上的，用完请删。")
    file = None
    try:
        with transaction() as session:
            file = list_exchanges.open_file(session, actor, exchange_id=row.id)
    except DomainError as error:
        refusal(error)
    with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        if leave_button(CLOSE, key="exchange_file_close"):
            close_dialog()
        if file is not None:
            st.download_button(
                "下载", file.content, file_name=file.file_name, mime=file.mime, key="exchange_file_download",
                type="primary", icon=":material/download:", on_click="ignore",
            )  # fmt: skip
