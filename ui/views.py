"""What of a page is open, kept in the address: one of its views, one row of its table."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer

from ui.asked import keep_asked, number_asked
from ui.telling import tell, tell_again

_PARAMETER = "view"
_BETWEEN = "."  # several choices in one parameter
Choice = TypeVar("Choice")


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


def begin_filter(key: str, name: str, known: Mapping[str, Choice], *, usual: Choice | None = None) -> None:
    """Have a filter begin with what the address asks for under `name`; draw it right after, then `keep_filter`.

    `known` are the choices by the words that stand for them in the address, without the usual one, which needs none;
    nonsense counts as that.
    """
    if key not in st.session_state:
        tell(key, known.get(st.query_params.get(name, ""), usual))
    tell_again(key)


def keep_filter(key: str, name: str, known: Mapping[str, Choice]) -> None:
    """Write what a filter stands at into the address, for a reload and the way back."""
    chosen = st.session_state.get(key)
    keep_asked(name, next((word for word, choice in known.items() if choice == chosen), None))


def begin_filter_of_many(key: str, name: str, known: Mapping[str, Choice]) -> None:
    """Likewise for a filter of which several choices may hold."""
    if key not in st.session_state:
        asked = st.query_params.get(name, "").split(_BETWEEN)
        tell(key, [choice for word, choice in known.items() if word in asked])
    tell_again(key)


def keep_filter_of_many(key: str, name: str, known: Mapping[str, Choice]) -> None:
    """Likewise for a filter of which several choices may hold."""
    chosen = st.session_state.get(key) or ()
    keep_asked(name, _BETWEEN.join(word for word, choice in known.items() if choice in chosen) or None)


def opened_in_table(ids: Sequence[int], *, key: str, parameter: str) -> int | None:
    """Return the id of the row whose `opening_column` was clicked, now or before; it stays in the address.

    Draw the table of `ids` first: a click is a position in the rows that were sent, so its key must change when
    they do. What comes from the address is only a number: look it up among the rows the reader may see.
    """
    clicked = st.session_state.get(key)
    if clicked is not None and clicked["row"] < len(ids):
        st.query_params[parameter] = str(ids[clicked["row"]])
    return number_asked(parameter)
