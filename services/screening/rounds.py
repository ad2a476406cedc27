"""Rounds of screening: one a term and scale, begun by hand or by the first list, ended and begun again (H-01)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from db.locks import Turn, take_turn
from db.tables import ScreeningAbsence, ScreeningResult, ScreeningRound
from services import audit, clock
from services.access import Permission, allows, permitted
from services.actors import Actor
from services.calendar import TERM_NAMES, SchoolCalendar, load_calendar, school_year_label, school_year_of
from services.editing import lock_version
from services.errors import DomainError, NotFound
from services.fields import Checker
from services.screening.known import known_scales, name_of

LAST_OF_AUTUMN = 1  # January is still the first term where no term is entered


class RoundThere(DomainError):
    """There is a round of this scale in this term already."""


class RoundEmpty(DomainError):
    """A round nobody was screened in has nothing to end."""


@dataclass(frozen=True, slots=True, order=True)
class Term:
    """A term by its school year and half, whether its days are entered or not."""

    school_year: int
    half: int

    @property
    def label(self) -> str:
        """The term as schools write it."""
        return f"{school_year_label(self.school_year)}{TERM_NAMES[self.half]}"


@dataclass(frozen=True, slots=True)
class RoundListing:
    """One round as lists show it."""

    id: int
    version: int
    term: Term
    scale: str
    scale_name: str
    opened_at: datetime
    closed_at: datetime | None
    results: int

    @property
    def label(self) -> str:
        """Which round it is."""
        return f"{self.term.label} {self.scale_name}"


def term_on(calendar: SchoolCalendar, day: date) -> Term:
    """Return the term a day counts for: the one it lies in, else by the month, as everywhere."""
    found = calendar.term_of(day)
    if found is not None:
        return Term(found.school_year, found.number)
    is_autumn = day.month >= 9 or day.month <= LAST_OF_AUTUMN
    return Term(school_year_of(day), 1 if is_autumn else 2)


def last_day_of(calendar: SchoolCalendar, term: Term) -> date:
    """Return the last day of a term; where it isn't entered, when it ends everywhere."""
    for each in calendar.terms:
        if (each.school_year, each.number) == (term.school_year, term.half):
            return each.last_day
    return date(term.school_year + 1, 1, 31) if term.half == 1 else date(term.school_year + 1, 8, 31)


@permitted(Permission.SCREENING_READ, Permission.SCREENING_NUMBERS)
def list_rounds(session: Session, actor: Actor) -> list[RoundListing]:
    """Return every round, the newest term first, in it what most were asked; one statement.

    How many results one has is told to the care room; who sees a class or numbers only gets them from there.
    """
    counts = (
        select(col(ScreeningResult.round_id).label("round_id"), func.count().label("results"))
        .group_by(col(ScreeningResult.round_id))
        .subquery()
    )
    rows = session.exec(
        select(ScreeningRound, func.coalesce(counts.c.results, 0))
        .join(counts, counts.c.round_id == col(ScreeningRound.id), isouter=True)
        .order_by(
            col(ScreeningRound.school_year).desc(),
            col(ScreeningRound.half).desc(),
            func.coalesce(counts.c.results, 0).desc(),
            col(ScreeningRound.opened_at).desc(),
            col(ScreeningRound.id).desc(),
        )
    ).all()
    tells = allows(actor, Permission.SCREENING_WRITE)
    return [
        RoundListing(
            id=found.id or 0,
            version=found.version,
            term=Term(found.school_year, found.half),
            scale=found.scale,
            scale_name=name_of(found.scale),
            opened_at=found.opened_at,
            closed_at=found.closed_at,
            results=results if tells else 0,
        )
        for found, results in rows
    ]


@permitted(Permission.SCREENING_WRITE)
def open_round(session: Session, actor: Actor, *, scale: str | None) -> int:
    """Begin this term's round of a scale (H-01).

    Raises:
        FieldErrors: no scale is chosen, or one nobody knows.
        RoundThere: there is one already.
        ScalesUnusable: a scale file can't be used.
    """
    check = Checker()
    if scale is None:
        check.add("scale", "required")
    elif scale not in known_scales():
        check.add("scale", "unknown_choice")
    check.finish()
    take_turn(session, Turn.IMPORT)
    term = term_on(load_calendar(session), clock.today())
    if find_rounds(session, [(term, scale or "")]):
        raise RoundThere
    try:
        (found,) = begin_rounds(session, actor, [(term, scale or "")], now=clock.now())
    except IntegrityError:  # begun by another process since it was looked up
        raise RoundThere from None
    return found.id or 0


@permitted(Permission.SCREENING_WRITE)
def close_round(session: Session, actor: Actor, *, round_id: int, version: int) -> None:
    """End a round: nothing is imported into it any more. What is owed to its children stays owed.

    Raises:
        NotFound: there is none, or it has ended.
        RoundEmpty: nobody was screened in it.
        EditedMeanwhile: somebody ended or began it again since.
    """
    take_turn(session, Turn.IMPORT)  # a list being brought in has looked at the round already
    found = lock_version(session, ScreeningRound, round_id, version=version)
    if found.closed_at is not None:
        raise NotFound
    filled = (select(table.id).where(table.round_id == round_id) for table in (ScreeningResult, ScreeningAbsence))
    if not any(session.exec(each.limit(1)).first() for each in filled):
        raise RoundEmpty
    found.closed_at, found.closed_by_id = clock.now(), actor.user_id
    session.flush()
    audit.record(session, actor, audit.Action.SCREENING_ROUND_CLOSED, target=found)


@permitted(Permission.SCREENING_WRITE)
def reopen_round(session: Session, actor: Actor, *, round_id: int, version: int) -> None:
    """Begin a round again that was ended too early.

    Raises:
        NotFound: there is none, or it has not ended.
        EditedMeanwhile: somebody ended or began it again since.
    """
    take_turn(session, Turn.IMPORT)  # a list being brought in has looked at the round already
    found = lock_version(session, ScreeningRound, round_id, version=version)
    if found.closed_at is None:
        raise NotFound
    found.closed_at = found.closed_by_id = None
    session.flush()
    audit.record(session, actor, audit.Action.SCREENING_ROUND_REOPENED, target=found)


def find_rounds(session: Session, wanted: Collection[tuple[Term, str]]) -> dict[tuple[Term, str], ScreeningRound]:
    """Return those of these rounds that are there; one statement. For the services of this package."""
    years = {term.school_year for term, _ in wanted}
    rows = session.exec(select(ScreeningRound).where(col(ScreeningRound.school_year).in_(years))).all()
    found = {(Term(row.school_year, row.half), row.scale): row for row in rows}
    return {key: row for key, row in found.items() if key in wanted}


def begin_rounds(
    session: Session, actor: Actor, wanted: Iterable[tuple[Term, str]], *, now: datetime
) -> list[ScreeningRound]:
    """Begin rounds that are not there yet. For the services of this package."""
    rows = [
        ScreeningRound(
            school_year=term.school_year, half=term.half, scale=scale, opened_at=now, opened_by_id=actor.user_id
        )
        for term, scale in wanted
    ]
    session.add_all(rows)
    session.flush()
    for row in rows:
        audit.record(session, actor, audit.Action.SCREENING_ROUND_OPENED, target=row, kind=row.scale)
    return rows
