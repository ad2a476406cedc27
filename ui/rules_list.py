"""The list of all clauses on screen: by area and state, with their numbers; and the dozen to begin with."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from services.access import Permission, allows
from services.actors import Actor
from services.regulations.compliance import ClauseRow, sees_numbers_only
from services.regulations.deadlines import DutyState
from services.regulations.measures import wholes
from services.regulations.parameters import areas
from services.regulations.standings import RED
from ui.dialogs import open_dialog
from ui.layout import Action, empty_state, filter_row, note
from ui.rules_dialogs import BEGIN
from ui.states import DUTY
from ui.tables import StateColumn, data_table, opening_column, row_clicked
from ui.views import begin_filter, keep_filter

_CLICK, _SHOWN = "rules_open", "care_rules_shown"
_AREA, _WHICH = "rules_area", "rules_which"
_BEHIND, _COUNTED, _OFF, _WHOLE, _ALL = "behind", "counted", "off", "whole", "all"
_WHICH_WORDS = {
    _BEHIND: "要管的", _COUNTED: "启用了的", _OFF: "可以启用的", _WHOLE: "要写全的", _ALL: "全部条款",
}  # fmt: skip
_NUMBERS = {"overdue": "逾期", "missed": "漏做", "due": "待做", "done": "已做", "required": "应做"}
_WHOLE_NUMBERS = {"due": "还缺", "done": "齐全", "required": "一共"}
_FIRST = ("overdue", "missed")  # before the words: on a phone the first columns are all that is seen


def subtitle_of(actor: Actor) -> str:
    """Return what the page is for; who reads numbers only finds no child behind them."""
    behind = "每周是什么样子" if sees_numbers_only(actor) else "每一个孩子"
    return f"制度的每一条做得怎样、谁该做。点条款的编号，看到{behind}。"


def open_clicked() -> None:
    """Open the clause that was just clicked."""
    if (clause_id := row_clicked(_CLICK, _SHOWN)) is not None:
        st.query_params["clause"] = clause_id


def asks_for_wholes() -> bool:
    """Say whether the clauses are to be seen that ask for whole records: only then they are counted."""
    return str(st.session_state.get(_WHICH) or st.query_params.get("which")) == _WHOLE


def draw_assistant(actor: Actor, rows: Sequence[ClauseRow]) -> None:
    """Offer a dozen clauses to begin with, while none counts yet."""
    if any(_counts(row) for row in rows) or not allows(actor, Permission.REGULATION_WRITE):
        return
    empty_state(
        "rule_settings", "还没有一条算起来",
        "先挑十来条最要紧的，从下一个完整的周、月、学期开始算；以前的不追究。以后随时可以再加。",
        actions=[Action("挑几条开始", BEGIN, "playlist_add_check", True, open_dialog, (BEGIN,))],
    )  # fmt: skip


def draw_list(rows: Sequence[ClauseRow], *, numbers_only: bool) -> None:
    """Draw the filters and the table they leave."""
    shown = _filtered(rows)
    st.session_state[_SHOWN] = [row.clause.id for row in shown]
    if not shown:
        empty_state("task_alt", "这里没有要看的条款", "换一个领域，或者看全部条款。")
        return
    _draw_table(shown, numbers_only=numbers_only)


def _draw_table(shown: Sequence[ClauseRow], *, numbers_only: bool) -> None:
    are_whole = all(_is_whole(row) for row in shown)
    columns = _whole_columns() if are_whole else _columns(counts=all(_counts(row) for row in shown))
    data_table(
        [_line(row) for row in shown], columns, key=f"rules_table_{hash(tuple(row.clause.id for row in shown))}",
        alt=f"制度条款，{len(shown)} 条，点编号打开这一条。",
    )  # fmt: skip
    if are_whole:
        behind = "" if numbers_only else "，点编号看缺哪几份、缺什么"
        note(f"{len(shown)} 条。不用启用，一直数着；写不全的不算逾期{behind}。")
    else:
        note(f"{len(shown)} 条。应做＝已做＋待做＋逾期＋漏做；免做另算。到了期限没做是逾期，期限过了补不回来的是漏做。")
    if any(_is_told(row) and row.totals and None in (row.totals.required, row.totals.done) for row in shown):
        note("空着的数背后不到五个孩子，不显示。")


def _filtered(rows: Sequence[ClauseRow]) -> list[ClauseRow]:
    kinds = {each: each for each in _WHICH_WORDS}
    letters = {row.clause.area: row.clause.area for row in rows}
    usual = _BEHIND if any(_is_behind(row) for row in rows) else _ALL
    with filter_row():
        begin_filter(_WHICH, "which", kinds, usual=usual)
        which = st.segmented_control(
            "看哪些", list(_WHICH_WORDS), key=_WHICH, required=True, wrap=True, label_visibility="collapsed",
            format_func=lambda each: f"{_WHICH_WORDS[each]} {sum(_belongs(row, each) for row in rows):,}",
        )  # fmt: skip
        begin_filter(_AREA, "area", letters)
        area = st.selectbox(
            "领域", [None, *letters], key=_AREA, width=240, placeholder="全部领域",
            format_func=lambda each: areas()[each] if each else "全部领域", label_visibility="collapsed",
        )  # fmt: skip
    keep_filter(_WHICH, "which", kinds)
    keep_filter(_AREA, "area", letters)
    return [row for row in rows if _belongs(row, which or usual) and area in (None, row.clause.area)]


def _belongs(row: ClauseRow, which: str) -> bool:
    if which == _BEHIND:
        return _is_behind(row)
    if which == _WHOLE:
        return _is_whole(row)
    if which == _COUNTED:
        return _counts(row)
    return row.state is DutyState.NOT_IN_FORCE if which == _OFF else True


def _is_behind(row: ClauseRow) -> bool:
    return row.state in RED or (row.totals is not None and bool(row.totals.overdue or row.totals.missed))


def _counts(row: ClauseRow) -> bool:
    return row.state not in (None, DutyState.NOT_IN_FORCE) and not _is_whole(row)


def _is_whole(row: ClauseRow) -> bool:
    return row.clause.id in wholes()


def _is_told(row: ClauseRow) -> bool:
    return row.totals is not None and (_counts(row) or _is_whole(row))


def _line(row: ClauseRow) -> dict[str, Any]:
    numbers = {name: getattr(row.totals, name) if _is_told(row) else None for name in _NUMBERS}
    return numbers | {
        "id": row.clause.id,
        "text": row.clause.text,
        "state": [DUTY[row.state.value].cell()] if row.state and not _is_whole(row) else [],
        "responsible": row.responsible,
        "lives": row.clause.lives,
    }


def _whole_columns() -> dict[str, Any]:  # configurations have no common public type
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    numbers = {name: number(label, width=62, format="localized") for name, label in _WHOLE_NUMBERS.items()}
    first = {"id": opening_column("条款", key=_CLICK, width=65), "due": numbers.pop("due")}
    return first | {"text": text("说什么", width=340)} | numbers | {"responsible": text("谁负责", width=125)}


def _columns(*, counts: bool) -> dict[str, Any]:  # configurations have no common public type
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    first = {
        "id": opening_column("条款", key=_CLICK, width=65),
        "state": StateColumn("情况", list(DUTY.values()), width=95),
    }
    if not counts:
        return first | {
            "text": text("说什么", width=340), "responsible": text("谁负责", width=125),
            "lives": text("在哪里落实", width=240),
        }  # fmt: skip
    numbers = {name: number(label, width=62, format="localized") for name, label in _NUMBERS.items()}
    behind = {name: numbers.pop(name) for name in _FIRST}
    return first | behind | {"text": text("说什么", width=270)} | numbers | {"responsible": text("谁负责", width=125)}
