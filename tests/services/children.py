"""What the tests of the register share."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from db.audit_chain import COLLECTED
from db.tables import Gender
from services.errors import FieldErrors
from services.exchange.values import check_digit
from services.student_entries import StudentEntry

LONG = "长" * 10_000
BAD_TEXTS = ['=HYPERLINK("http://x","江小满")', "<script>alert(1)</script>", "😀😀"]


def id_number(birth_day: date = date(2013, 5, 21), *, order: int = 2) -> str:
    """An invented ID number: 329900 is no county."""
    number = f"329900{birth_day:%Y%m%d}{order:03d}"
    return number + check_digit(number)


def entry(**overrides: object) -> StudentEntry:
    return replace(StudentEntry(name="江小满", gender=Gender.FEMALE, birth_day=date(2013, 5, 21)), **overrides)


def problems_of(act: Callable[[], object]) -> dict[str, str]:
    with pytest.raises(FieldErrors) as raised:
        act()
    return {field: problem.code for field, problem in raised.value.problems.items()}


def collected(session) -> list[str]:
    return [note.action for note in session.info.get(COLLECTED, [])]
