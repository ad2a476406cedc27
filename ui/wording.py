"""The few English words Streamlit offers no way to change, in Chinese; and fields that need no such help."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

_SHEET = Path(__file__).resolve().parent / "assets" / "words.css"
# Beyond these the browser refuses a date in English, and the server never hears of it; services say it in Chinese.
_FIRST, _LAST = date(1900, 1, 1), date(2199, 12, 31)


def put_words() -> None:
    """Send the style sheet with our words; on every run, also where nobody is signed in."""
    st.html(f"<style>{_sheet()}</style>")


@cache
def _sheet() -> str:
    return _SHEET.read_text("utf-8")


def number_field(label: str, *, key: str, **options: Any) -> int | float | None:  # `st.number_input`'s own options
    """Draw a field for a whole number, empty unless the session holds one; any number can be typed.

    With bounds the browser refuses in English, and a field of whole numbers cuts a fraction off; the server never
    hears of either. Services refuse both in Chinese.
    """
    return whole(st.number_input(label, value=None, key=key, step=1.0, format="%g", **options))


def whole(number: float | None) -> int | float | None:
    """Return a number as a whole one where it is one: the browser knows but one kind."""
    return int(number) if number is not None and float(number).is_integer() else number


def day_field(label: str, *, key: str, **options: Any) -> date | None:  # `st.date_input`'s own options
    """Draw a field for a day, empty unless the session holds one; any day of two centuries can be typed."""
    day: date | None = st.date_input(
        label, value=None, key=key, format="YYYY-MM-DD", min_value=_FIRST, max_value=_LAST, **options
    )
    return day
