"""Numbers that come in the address: parsed and checked, never trusted."""

import streamlit as st

_LARGEST = 2**31 - 1


def number_from_address(name: str) -> int:
    """Return a record's number from the address; 0, which no record has, where there is none to use."""
    text = st.query_params.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        return 0
    return int(text) if int(text) <= _LARGEST else 0
