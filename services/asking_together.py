"""Asking for many small facts in one statement: rows of one shape, told apart by a word."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Date, Integer, String, cast, literal, null, union_all
from sqlmodel import Session, select
from sqlmodel.sql.sqltypes import UTCDateTime


class Fact(NamedTuple):
    """One row: of what it tells, then what that part put into it."""

    id: int | None
    about: str
    first: int | None
    label: str
    second: int | None
    third: int | None
    fourth: int | None
    day: date | None
    at: datetime | None
    beside: str | None


def asked(
    about: str,
    *,
    of_id: Any = None,
    first: Any = None,
    label: Any = None,
    second: Any = None,
    third: Any = None,
    fourth: Any = None,
    day: Any = None,
    at: Any = None,
    beside: Any = None,
) -> Any:  # a select whose columns have no common public type
    """Return a query of rows in this shape; whoever asks adds joins and filters. Columns left out are empty."""
    return select(
        *[
            _or_nothing(of_id),
            literal(about, String),
            _or_nothing(first),
            literal("", String) if label is None else label,
            _or_nothing(second),
            _or_nothing(third),
            _or_nothing(fourth),
            _or_nothing(day, Date()),
            _or_nothing(at, UTCDateTime()),
            _or_nothing(beside, String()),
        ]
    )


def together(parts: Sequence[Any]) -> Any:  # a union, None where nothing is asked
    """Return all parts as one statement; a part may have the first six columns only."""
    return union_all(*map(_whole, parts)) if parts else None


def ask(session: Session, question: Any) -> list[Fact]:
    """Send what was put together."""
    return [Fact(*row) for row in session.execute(question)] if question is not None else []


def _whole(part: Any) -> Any:
    """Return a part of six columns with the others, empty."""
    if len(part.selected_columns) == len(Fact._fields):
        return part
    nothing = (_or_nothing(None), _or_nothing(None, Date()), _or_nothing(None, UTCDateTime()))
    return part.add_columns(*nothing, _or_nothing(None, String()))


def _or_nothing(column: Any, kind: Any = None) -> Any:
    return cast(null(), kind or Integer()) if column is None else column
