"""Tables of data: one way to draw them, and the line that says how many there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from services.paging import page_count, page_there
from ui.asked import keep_asked
from ui.formats import plain
from ui.states import Look

ROW_HEIGHT = 36
_HEADER_HEIGHT = 34
# Streamlit shows every number only where it has room for five, and measures the room its own buttons left it: of two
# pages one was never shown (seen at 1280 px). So few pages get that room, on a phone too.
_SHOWN_WHOLE, _PAGES_WIDTH = 5, 224
_TAG_TINT = "#E1EBEC"
_UNKNOWN_TINT = "gray"

Row = Mapping[str, Any]


@dataclass(frozen=True)
class StateColumn:
    """A column of states, whose cells are lists of `Look.cell()`: sign, word and tint."""

    label: str
    looks: Sequence[Look]
    width: int | None = None


@dataclass(frozen=True)
class TagColumn:
    """A column of labels that are no states, whose cells are lists of words."""

    label: str
    width: int | None = None


def opening_column(label: str, *, key: str, width: int | None = None) -> Any:
    """Return a column whose words open something: a child's name, an act.

    What was clicked stands in `st.session_state[key]` for one run, as a position in the rows shown.
    """
    return st.column_config.ButtonColumn(label, key=key, width=width, type="tertiary", alignment="left")


def row_clicked(key: str, shown: str) -> Any:  # whatever the list that was sent held
    """Return what stands behind the cell just clicked in the column `key`; None where none was.

    Looked up in `st.session_state[shown]`, the list that was sent, before a new one is.
    """
    click, rows = st.session_state.get(key), st.session_state.get(shown, [])
    return rows[click["row"]] if click is not None and click["row"] < len(rows) else None


def data_table(
    rows: Sequence[Row],
    columns: Mapping[str, Any],
    *,
    key: str,
    alt: str,
    **options: Any,  # on_select, selection_mode: passed to st.dataframe as they are
) -> Any:
    """Draw rows under the columns given, in their order; blank cells stay blank, nothing else is shown.

    Columns are Streamlit's own or those of this module. A selection is a position: look it up in the rows you
    passed, not in rows read again.
    """
    names = list(columns)
    return st.dataframe(
        {name: [row.get(name) for row in rows] for name in names},
        key=key,
        alt=alt,
        hide_index=True,
        column_config={name: _config(column, rows, name) for name, column in columns.items()},
        column_order=names,
        row_height=ROW_HEIGHT,
        height=table_height(len(rows)),
        placeholder="",
        **options,
    )


def table_height(rows: int) -> int:
    """Return how high a table is that shows all its rows, in pixels."""
    return _HEADER_HEIGHT + ROW_HEIGHT * max(rows, 1)


def page_asked(key: str) -> int:
    """Return the page asked for as it stands, for a service that knows itself how many there are."""
    asked = str(st.session_state.get(key) or st.query_params.get(key, "1"))
    return int(asked) if asked.isascii() and asked.isdecimal() and len(asked) <= 9 else 1


def current_page(key: str, *, total: int, page_size: int) -> int:
    """Return which page of a table is asked for, from 1: the rows are read before the buttons are drawn.

    The first when there are fewer pages than that, because a filter was set or an address is old.
    """
    return page_there(page_asked(key), total=total, page_size=page_size)


def paging_line(key: str, *, total: int, unit: str, page_size: int) -> None:
    """Draw “31 人，第 1 页，共 3 页。” and the page buttons below a table. The page stays in the address."""
    page, pages = current_page(key, total=total, page_size=page_size), page_count(total, page_size)
    if pages == 1 or st.session_state.get(key, page) != page:
        st.session_state.pop(key, None)  # of a single page no buttons are drawn: a 1 written for them would stay (seen)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(plain(page_words(total, unit=unit, page=page, pages=pages)), width="content")
        if pages > 1:
            st.pagination(pages, default=page, key=key, width=_PAGES_WIDTH if pages <= _SHOWN_WHOLE else "content")
    keep_asked(key, None if page == 1 else str(page))


def page_words(total: int, *, unit: str, page: int, pages: int) -> str:
    """Return “31 人，第 1 页，共 3 页。”, and for a single page only the number."""
    return f"{total:,} {unit}，第 {page} 页，共 {pages} 页。" if pages > 1 else f"{total:,} {unit}。"


def _config(column: Any, rows: Sequence[Row], name: str) -> Any:
    """Return Streamlit's column for one of ours; it tints only texts listed as options (seen)."""
    if not isinstance(column, StateColumn | TagColumn):
        return column
    texts = sorted({text for row in rows for text in row.get(name) or ()})
    looks = column.looks if isinstance(column, StateColumn) else None
    return st.column_config.MultiselectColumn(
        column.label,
        width=column.width,
        options=texts,
        color=[_TAG_TINT if looks is None else _tint(text, looks) for text in texts],
    )


def _tint(text: str, looks: Sequence[Look]) -> str:
    return next((look.colour for look in looks if text.startswith(look.cell())), _UNKNOWN_TINT)
