"""What of a page is open, kept in the address: one of its views, one row of its table."""

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer

from ui.asked import keep_asked, number_asked
from ui.telling import tell, tell_again

_PARAMETER = "view"


def chosen_view(views: Mapping[str, str], *, key: str, parameter: str = _PARAMETER) -> str:
    """Return the name of the view that is open, from the switch or, on a fresh visit, from the address."""
    asked = st.query_params.get(parameter)
    if st.session_state.get(key) not in views:
        tell(key, asked if asked in views else next(iter(views)))
    name: str = st.session_state[key]
    return name


def choose_view(views: Mapping[str, str], *, key: str, parameter: str = _PARAMETER) -> str:
    """Draw the views (name → label) and return the name of the chosen one; only that one should be drawn.

    Not `st.tabs`: those send every view to the browser, also the ones nobody opens.
    """
    name = chosen_view(views, key=key, parameter=parameter)
    tell_again(key)
    st.segmented_control(
        "看哪一块",
        list(views),
        format_func=views.__getitem__,
        key=key,
        required=True,
        label_visibility="collapsed",
        wrap=True,
    )
    keep_asked(parameter, name)
    return name


def tabs_in_address(titles: Sequence[str], *, key: str) -> Sequence[TabContainer]:
    """Draw tabs whose chosen one stands in the address under `key`; only the open one needs to be drawn."""
    chosen_view({title: title for title in titles}, key=key, parameter=key)
    tell_again(key)
    tabs = st.tabs(titles, key=key, on_change="rerun")
    chosen = st.session_state[key]
    keep_asked(key, None if chosen == titles[0] else chosen)
    return tabs


def opened_in_table(ids: Sequence[int], *, key: str, parameter: str) -> int | None:
    """Return the id of the row whose `opening_column` was clicked, now or before; it stays in the address.

    Draw the table of `ids` first: a click is a position in the rows that were sent, so its key must change when
    they do. What comes from the address is only a number: look it up among the rows the reader may see.
    """
    clicked = st.session_state.get(key)
    if clicked is not None and clicked["row"] < len(ids):
        st.query_params[parameter] = str(ids[clicked["row"]])
    return number_asked(parameter)
