"""What every source of a child's time line gives: the same columns, so that all are paged as one list in SQL."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    FunctionElement,
    Integer,
    String,
    cast,
    literal,
    null,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlmodel import col, select

from db.tables import AppUser
from services import clock
from services.access import Permission, allows
from services.actors import Actor

Lines = Any  # a Select of `line_columns`, of more columns than its stubs can type


IMPORTED = "imported"
"""Of a line that was taken from an old spreadsheet: 补录."""


class Source(StrEnum):
    """Where a line comes from; `ui.time_line_words` says how each looks and what it opens."""

    RECORD = "record"
    REFERRAL = "referral"
    ASSESSMENT = "assessment"
    CASE = "case"
    CONFERENCE = "conference"
    PLAN = "plan"
    TIER = "tier"
    SCREENING = "screening"
    SUMMARY = "summary"
    EVALUATION = "evaluation"
    CLOSING = "closing"
    OUTWARD = "outward"
    DROP_OUT = "drop_out"
    CATEGORY = "category"
    CHECK = "check"
    CARD = "card"
    ENROLMENT = "enrolment"
    SCHOOL_CLASS = "class"
    CONSENT = "consent"
    PROMISE = "promise"
    SURVEY = "survey"
    TERM_ENTRY = "term_entry"


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One source: who may have lines of it at all, and the query of a child's, filtered as its own page filters."""

    source: Source
    permissions: tuple[Permission, ...]  # any one of which
    lines: Callable[[Actor, int], Lines]

    def is_for(self, actor: Actor) -> bool:
        """Whether this person has a page on which to open such a line."""
        return allows(actor, *self.permissions)


def line_columns(
    source: Source,
    *,
    record_id: Any,
    day: Any,
    at: Any,
    kind: Any = None,
    what: Any = None,
    state: Any = None,
    label: Any = None,
    detail: Any = None,
    number: Any = None,
    person: Any = None,
    may_open: ColumnElement[bool] | None = None,
) -> list[Any]:
    """Return a source's columns in the order they all share; no column of words, for a list carries none (0024).

    `kind` is what the list is filtered by, the source itself if none; `record_id` is what a line opens; `at` orders
    the lines of one day; what the line says is made of `what`, `state`, `label`, `detail` and `number`.
    """
    return [
        literal(source.value).label("source"),
        (_text(kind) if kind is not None else literal(source.value)).label("kind"),
        record_id.label("record_id"),
        day.label("day"),
        at.label("at"),
        _text(what).label("what"),
        _text(state).label("state"),
        _text(label).label("label"),
        _text(detail).label("detail"),
        (cast(null(), Integer) if number is None else number).label("number"),
        _text(person).label("person"),
        (true() if may_open is None else may_open).label("may_open"),
    ]


def name_of(user_id: Any) -> Any:
    """Return who did something, by name, as a column of its own."""
    return select(AppUser.display_name).where(col(AppUser.id) == user_id).scalar_subquery()


def _text(value: Any) -> Any:
    """Return a column as plain text, without an enumeration's conversion, so that all sources give the same type."""
    return cast(null() if value is None else value, String)


class LocalDay(FunctionElement[date]):
    """The day of an instant at the school, in SQL."""

    type = Date()
    inherit_cache = True
    name = "local_day"


@compiles(LocalDay, "sqlite")
def _local_day_embedded(element: LocalDay, compiler: Any, **options: Any) -> str:
    offset = clock.SCHOOL_ZONE.utcoffset(clock.now())  # all of China keeps one time, the whole year
    minutes = int(offset.total_seconds() // 60) if offset else 0
    return f"date({compiler.process(element.clauses, **options)}, '{minutes:+d} minutes')"


@compiles(LocalDay, "postgresql")
def _local_day_on_a_server(element: LocalDay, compiler: Any, **options: Any) -> str:
    return f"CAST(timezone('{clock.SCHOOL_ZONE.key}', {compiler.process(element.clauses, **options)}) AS DATE)"
