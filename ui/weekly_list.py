"""The list behind a number of the leadership group's week, on screen."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import streamlit as st

from services.review_lists import ReviewLine, ReviewList
from services.review_words import week_words
from ui.duty_words import part_words, period_words
from ui.layout import Action, empty_state
from ui.states import DUTY
from ui.tables import StateColumn, data_table, opening_column, page_asked, paging_line, row_clicked

BACK = Action("回到周例会", "weekly_back", "arrow_back")
PAGE_SIZE = 50
_PAGE, _CLICK, _SHOWN = "weekly_list_page", "weekly_child_open", "care_weekly_children"
_TITLES = {
    "overdue": "逾期的每一件", "owner": "逾期的每一件", "vacant": "逾期的每一件", "unpaired": "没有结对的留守孩子",
    "clause": "没做到的每一件", "tier": "等级里的孩子",
}  # fmt: skip


def open_list(what: str) -> None:
    """Open the list behind a number, from its first page."""
    st.session_state.pop(_PAGE, None)
    st.query_params.pop(_PAGE, None)
    st.query_params["list"] = what


def page_number() -> int:
    """Return which page of the list is asked for, from 1."""
    return page_asked(_PAGE)


def close_list() -> None:
    """Go back to the board; ends this run."""
    for name in ("list", _PAGE):
        st.query_params.pop(name, None)
    st.rerun()


def title_of(what: str, found: ReviewList, first_day: date | None) -> tuple[str, str]:
    """Return the title and the line below it."""
    title = _TITLES.get(what.partition(".")[0], "名单")
    week = f"{week_words(first_day, None)}那一周定格的，以后补了也不改。" if first_day else "这一周到今天。"
    return (f"{found.whose}：{title}" if found.whose else title), f"{week}点姓名打开孩子的一页。"


def child_clicked() -> int | None:
    """Return the child whose name was just clicked."""
    student_id: int | None = row_clicked(_CLICK, _SHOWN)
    return student_id


def draw_list(what: str, found: ReviewList) -> None:
    """Draw one page of the list, or that it is empty."""
    if not found.total:
        empty_state("task_alt", "这里没有要看的", "回到周例会，看别的数。")
        return
    st.session_state[_SHOWN] = [each.student_id for each in found.lines]
    rows = [_row(each) for each in found.lines]
    data_table(rows, _columns(rows), key=f"weekly_lines_{what}_{found.page}", alt=f"名单，{found.total} 条。")
    paging_line(_PAGE, total=found.total, unit="人" if what.startswith(("tier.", "unpaired")) else "条",
                page_size=PAGE_SIZE)  # fmt: skip


def _row(line: ReviewLine) -> dict[str, Any]:
    each = line.entry
    return {
        "who": line.what,
        "class": line.class_label,
        "clause": each.clause_id,
        "what": part_words(each.clause_id, each.part),
        "period": period_words(each.first, each.last) if each.first else None,
        "state": [DUTY[each.figure].cell()] if each.figure in DUTY else [],
        "owners": "、".join(line.owners),
    }


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:  # configurations have no common public type
    text = st.column_config.TextColumn
    columns = {
        "who": opening_column("谁", key=_CLICK, width=100),
        "class": text("班级", width=90),
        "state": StateColumn("情况", list(DUTY.values()), width=95),
        "clause": text("条款", width=70),
        "what": text("哪一项", width=85),
        "period": text("哪一段", width=200),
        "owners": text("该谁做", width=150),
    }
    return {name: column for name, column in columns.items() if any(row[name] for row in rows)}
