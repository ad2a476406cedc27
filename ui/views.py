"""The views of one page: side by side on top, the chosen one in the address."""

from collections.abc import Mapping

import streamlit as st

_PARAMETER = "view"


def chosen_view(views: Mapping[str, str], *, key: str) -> str:
    """Return the name of the view that is open, from the switch or, on a fresh visit, from the address."""
    asked = st.query_params.get(_PARAMETER)
    if st.session_state.get(key) not in views:
        st.session_state[key] = asked if asked in views else next(iter(views))
    name: str = st.session_state[key]
    return name


def choose_view(views: Mapping[str, str], *, key: str) -> str:
    """Draw the views (name → label) and return the name of the chosen one; only that one should be drawn.

    Not `st.tabs`: those send every view to the browser, also the ones nobody opens.
    """
    name = chosen_view(views, key=key)
    st.segmented_control(
        "看哪一块", list(views), format_func=views.__getitem__, key=key, required=True, label_visibility="collapsed"
    )
    if st.query_params.get(_PARAMETER) != name:
        st.query_params[_PARAMETER] = name
    return name
