"""Subsidies on screen: of one term, what is not written down, owed and paid, each number its own list (J-14)."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from db.transactions import reading
from services import clock
from services.actors import Actor
from services.calendar import TermDates
from services.pairing import subsidies
from services.pairing.subsidies import PAGE_SIZE, SubsidyCount, SubsidyFilters, SubsidyRow, SubsidyState
from ui import formats
from ui.dialogs import open_dialog
from ui.layout import empty_state, filter_row, note
from ui.pairing_filters import first_page, pills
from ui.states import SUBSIDY
from ui.subsidy_dialogs import SETTLE
from ui.tables import StateColumn, current_page, data_table, opening_column, paging_line, row_clicked
from ui.views import begin_filter, keep_filter

_TERM, _STATE, _PAGE = "subsidy_term", "subsidy_state", "subsidy_page"
_ACT, _SHOWN = "subsidy_act", "care_subsidies_shown"
_CHILD, _PAIRS = "subsidy_open", "care_subsidies_pairs"
_STATES = {each.value: each for each in SubsidyState}
_ACTS = {SubsidyState.MISSING: "登记", SubsidyState.OWED: "发，或改", SubsidyState.PAID: "收回"}


def open_clicked() -> None:
    """Open the pair, or the subsidy, that was just clicked."""
    if (pairing_id := row_clicked(_CHILD, _SHOWN)) is not None:
        st.query_params["pair"] = str(pairing_id)
    pairing_id, term_id = row_clicked(_ACT, _SHOWN), st.session_state.get(_TERM)
    if pairing_id is not None and term_id is not None:
        open_dialog(SETTLE, pairing_id, term_id)


def draw_subsidies(actor: Actor) -> None:
    """Draw a term's subsidies."""
    with reading() as session:
        terms = subsidies.list_terms(session, actor)
    if not terms:
        empty_state("event", "校历里还没有学期", "先在“设置”里写上学期从哪天到哪天，再登记补助。")
        return
    known = {str(each.id): each.id for each in terms[1:]}
    begin_filter(_TERM, "term", known, usual=terms[0].id)
    begin_filter(_STATE, "paid", _STATES)
    filters = SubsidyFilters(term_id=st.session_state[_TERM], state=st.session_state.get(_STATE))
    with reading() as session:
        count = subsidies.count_subsidies(session, actor, filters=filters)
        number = current_page(_PAGE, total=count.total, page_size=PAGE_SIZE)
        rows = subsidies.list_subsidies(session, actor, filters=filters, page=number, total=count.total)
    _draw_filters(terms, count, known)
    if not rows:
        empty_state("paid", "这里没有要补助的", "这个学期没有爱心守护人的结对，或点别的看看。")
        return
    st.session_state[_SHOWN] = [row.pairing_id for row in rows]
    data_table([_row(row) for row in rows], _columns(), key="subsidy_table", alt=f"补助，共 {count.total} 笔。")
    paging_line(_PAGE, total=count.total, unit="笔", page_size=PAGE_SIZE)


def _draw_filters(terms: Sequence[TermDates], count: SubsidyCount, known: dict[str, int]) -> None:
    labels = {each.id: each.label for each in terms}
    with filter_row():
        st.selectbox("哪个学期", list(labels), format_func=lambda each: labels.get(each, ""), key=_TERM, width=210,
                     on_change=first_page, args=(_PAGE,), placeholder="请选")  # fmt: skip
        pills("发了没有", {each: f"{each.label} {count.by_state[each]:,}" for each in SubsidyState},
              key=_STATE, page=_PAGE)  # fmt: skip
    keep_filter(_TERM, "term", known)
    keep_filter(_STATE, "paid", _STATES)
    note(f"还没发的一共 {formats.money(count.owed_fen)}，发了的一共 {formats.money(count.paid_fen)}。")


def _row(row: SubsidyRow) -> dict[str, Any]:
    return {
        "child": row.child,
        "class": row.class_label,
        "helper": row.helper,
        "role": row.role.label,
        "state": [SUBSIDY[row.state.value].cell()],
        "amount": row.amount_fen / 100 if row.amount_fen is not None else None,
        "paid": formats.day(row.paid_on, today=clock.today()) if row.paid_on else None,
        "words": row.note or (f"收回：{row.taken_back_why}" if row.taken_back_on else None),
        "act": _ACTS[row.state],
    }


def _columns() -> dict[str, Any]:  # configurations have no common public type
    text = st.column_config.TextColumn
    return {
        "child": opening_column("孩子", key=_CHILD, width=90),
        "class": text("班级", width=80),
        "helper": text("帮扶人", width=90),
        "role": text("身份", width=110),
        "state": StateColumn("发了没有", list(SUBSIDY.values()), width=105),
        "amount": st.column_config.NumberColumn("金额（元）", format="%,.2f", width=95),
        "paid": text("哪天发的", width=100),
        "words": text("备注", width=120),
        "act": opening_column("办", key=_ACT, width=105),
    }
