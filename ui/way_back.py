"""The address the browser's back button comes to: the one a page was left at, not the one Streamlit writes there.

`st.switch_page` first gives the page being left the parameters of the page it goes to, as an entry of its own in the
browser's history, and only then changes the page. Back from a child therefore led to “/students?student=487”, and the
register's filters were gone (seen). So what a page stood at is kept in this tab, and put back on such a return.
"""

from dataclasses import dataclass, field

import streamlit as st

BACK = "from"
"""Names in an address the page an act was begun from, where saving leads back to it."""
_KEY = "care_way_back"
Query = dict[str, str]


@dataclass
class _Way:
    page: str = ""  # the page of the last run,
    query: Query = field(default_factory=dict)  # and what its address asked for
    left: dict[str, tuple[Query, Query]] = field(default_factory=dict)  # page: what the next one was given, its own


def keep_way_back(page: str) -> bool:
    """Note where this tab stands, and say whether it came here from another page.

    Where the browser came back to a page left by an act, its own address is put back. First thing of a run, before a
    page reads its address. A page entered without any parameter is never changed: that is also what the menu at the
    side asks for.
    """
    way: _Way = st.session_state.setdefault(_KEY, _Way())
    query = st.query_params.to_dict()
    came_from = way.page
    if came_from != page:
        if came_from:
            way.left[came_from] = (query, way.query)
        given, own = way.left.get(page, (query, query))
        if query and query == given != own:
            st.query_params.from_dict(own)
            query = own
    way.page, way.query = page, query
    return came_from not in ("", page)


def address_left(page: str) -> Query:
    """Return what a page's address asked for when this tab left it; nothing where it was never there."""
    way: _Way = st.session_state.get(_KEY, _Way())
    return way.left.get(page, ({}, {}))[1]
