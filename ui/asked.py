"""What an address asks for: plain numbers, checked; and keeping in it what was chosen, for a reload.

Streamlit's own `bind="query-params"` is not used: while a bound widget stands in the address, leaving the page
(`st.switch_page`, `st.query_params.clear`) from a callback ends in an exception (seen: signing out on page 2).
"""

import streamlit as st

_LONGEST = 9


def number_asked(name: str) -> int | None:
    """Return the record's id in the address, or None where there is none or it is no number."""
    text = st.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST else None


def keep_asked(name: str, wanted: str | None) -> None:
    """Write a choice into the address, or take it out where None: the usual choice needs no words there."""
    if wanted is None:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != wanted:
        st.query_params[name] = wanted
