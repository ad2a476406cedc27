"""What an address asks for: plain numbers, checked."""

import streamlit as st

_LONGEST = 9


def number_asked(name: str) -> int | None:
    """Return the record's id in the address, or None where there is none or it is no number."""
    text = st.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST else None
