"""The kinds of documents a school keeps, read once from documents.toml, and how a document stands on a day."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from services.calendar import SchoolCalendar, school_year_of

_FILE = Path(__file__).with_name("documents.toml")


class Readers(StrEnum):
    """Who reads a kind of document."""

    STAFF = "staff"
    TEAM = "team"


class Lasts(StrEnum):
    """How long an edition counts that names no last day."""

    UNTIL_REPLACED = "until_replaced"
    SCHOOL_YEAR = "school_year"
    TERM = "term"


class LookThrough(StrEnum):
    """How often a document has to be looked through."""

    SCHOOL_YEAR = "school_year"
    TERM = "term"
    NEVER = "never"


class DocumentState(StrEnum):
    """How a document, or a kind of document, stands."""

    CURRENT = "current"
    EXPIRING = "expiring"
    REVIEW_DUE = "review_due"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    MISSING = "missing"
    NOT_NEEDED = "not_needed"


COUNTS = frozenset({DocumentState.CURRENT, DocumentState.EXPIRING, DocumentState.REVIEW_DUE})
"""The states in which a school has the document."""

_WORST_FIRST = (
    DocumentState.EXPIRED,
    DocumentState.EXPIRING,
    DocumentState.REVIEW_DUE,
    DocumentState.CURRENT,
)


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """One kind of document: what it proves, who answers for it and who reads it."""

    name: str
    label: str
    clauses: tuple[str, ...]
    post: str
    readers: Readers
    lasts: Lasts
    look_through: LookThrough
    have: str | None
    is_required: bool


@dataclass(frozen=True, slots=True)
class Edition:
    """What of a document decides how it stands."""

    kind: str
    valid_from: date
    valid_to: date | None
    looked_on: date  # when it was last looked through; filing it counts as the first time


@cache
def document_kinds() -> Mapping[str, DocumentKind]:
    """Return every kind by its name, in the catalogue's order.

    Raises:
        KeyError, ValueError: the file names something that isn't declared.
    """
    data = _read()
    found = {entry["name"]: _kind(entry) for entry in data["kind"]}
    if len(found) != len(data["kind"]) or {each.have for each in found.values()} - {None} != set(data["haves"]):
        raise ValueError(_FILE.name)
    return found


@cache
def haves() -> Mapping[str, str]:
    """Return the six haves (C-14), name → Chinese."""
    named: dict[str, str] = _read()["haves"]
    return named


@cache
def elsewhere() -> Mapping[str, str]:
    """Return the clauses that ask for a document not filed here, with where it stands."""
    named: dict[str, str] = _read()["elsewhere"]
    return named


def _read() -> dict[str, Any]:  # Any: as TOML gives it
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def _kind(entry: dict[str, Any]) -> DocumentKind:
    return DocumentKind(
        name=entry["name"],
        label=entry["label"],
        clauses=tuple(entry["clauses"]),
        post=entry["post"],
        readers=Readers(entry["readers"]),
        lasts=Lasts(entry["lasts"]),
        look_through=LookThrough(entry["look_through"]),
        have=entry.get("have"),
        is_required=bool(entry.get("required", True)),
    )


def last_day_of(edition: Edition, calendar: SchoolCalendar) -> date | None:
    """Return the last day an edition counts: its own, else its kind's term or school year; None for no end."""
    if edition.valid_to is not None:
        return edition.valid_to
    match document_kinds()[edition.kind].lasts:
        case Lasts.UNTIL_REPLACED:
            return None
        case Lasts.TERM:
            term = calendar.term_of(edition.valid_from) or _next_term(edition.valid_from, calendar)
            return term.last_day if term else _end_of_school_year(edition.valid_from)
        case Lasts.SCHOOL_YEAR:
            return _end_of_school_year(edition.valid_from)


def _next_term(day: date, calendar: SchoolCalendar) -> Any:  # TermDates or None
    return min((each for each in calendar.terms if each.first_day > day), key=lambda each: each.first_day, default=None)


def _end_of_school_year(day: date) -> date:
    return date(school_year_of(day) + 1, 8, 31)


def state_of(edition: Edition, *, today: date, calendar: SchoolCalendar) -> DocumentState:
    """Say how one edition stands on a day; what is over is over, however often it was looked through."""
    if edition.valid_from > today:
        return DocumentState.NOT_YET
    end = last_day_of(edition, calendar)
    if end is not None and today > end:
        return DocumentState.EXPIRED
    warned_days = calendar.numbers.on("L-06.expires_soon_days", today)
    if edition.valid_to is not None and (edition.valid_to - today).days <= warned_days:
        return DocumentState.EXPIRING
    if edition.looked_on < _looked_since(edition.kind, today, calendar):
        return DocumentState.REVIEW_DUE
    return DocumentState.CURRENT


def _looked_since(kind: str, today: date, calendar: SchoolCalendar) -> date:
    """Return the day from which a look counts for the running period (L-06)."""
    match document_kinds()[kind].look_through:
        case LookThrough.NEVER:
            return date.min
        case LookThrough.TERM:
            term = calendar.latest_term(today)
            return term.first_day if term and term.first_day <= today else date.min
        case LookThrough.SCHOOL_YEAR:
            return date(school_year_of(today), 9, 1)


def state_of_kind(kind: DocumentKind, states: Iterable[DocumentState]) -> DocumentState:
    """Say how a kind stands by its documents: of rules the worst one tells, of records made each term the best one."""
    found = [each for each in states if each is not DocumentState.NOT_YET]
    order = _WORST_FIRST if kind.lasts is Lasts.UNTIL_REPLACED else tuple(reversed(_WORST_FIRST))
    for state in order:
        if state in found:
            return state
    return DocumentState.MISSING if kind.is_required else DocumentState.NOT_NEEDED
