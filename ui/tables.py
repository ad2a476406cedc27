"""Tables of data: one way to draw them, and the line that says how many there are."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from ui.formats import plain
from ui.states import FILLS, Look

ROW_HEIGHT = 36
_HEADER_HEIGHT = 33


def data_table(
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, Any],
    *,
    key: str,
    alt: str,
    **options: Any,  # on_select, selection_mode: passed to st.dataframe as they are
) -> Any:
    """Draw rows under the columns given, in their order; blank cells stay blank, nothing else is shown.

    A selection is a position: look it up in the rows you passed, not in rows read again.
    """
    names = list(columns)
    data = {name: [row.get(name) for row in rows] for name in names}
    return st.dataframe(
        data,
        key=key,
        alt=alt,
        hide_index=True,
        column_config=dict(columns),
        column_order=names,
        row_height=ROW_HEIGHT,
        height=_HEADER_HEIGHT + ROW_HEIGHT * max(len(rows), 1) + 2,
        placeholder="",
        **options,
    )


def state_column(label: str, looks: Sequence[Look], *, width: int | None = None) -> Any:
    """Return a column of states: sign, word and tint. Its cells are lists of `Look.cell()`."""
    return st.column_config.MultiselectColumn(
        label,
        width=width,
        options=[look.cell() for look in looks],
        color=[_tint(look) for look in looks],
        disabled=True,
    )


def paging_line(total: int, *, unit: str, page_size: int, key: str) -> int:
    """Draw “31 人，第 1 页，共 3 页” and the page buttons below a table; return the page, from 1.

    Draw it in a container below the table, before the rows are read: the page decides which are.
    """
    pages = max(1, -(-total // page_size))
    page = min(int(st.session_state.get(key) or 1), pages)
    st.session_state[key] = page  # fewer pages than before a filter was set
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(plain(page_words(total, unit=unit, page=page, pages=pages)), width="content")
        if pages > 1:
            page = st.pagination(pages, key=key)
    return page


def page_words(total: int, *, unit: str, page: int, pages: int) -> str:
    """Return “31 人，第 1 页，共 3 页。”, and for a single page only the number."""
    return f"{total} {unit}，第 {page} 页，共 {pages} 页。" if pages > 1 else f"{total} {unit}。"


def _tint(look: Look) -> str:
    tint = st.get_option(f"theme.{look.colour}BackgroundColor")
    return str(tint or FILLS["未启用"])
