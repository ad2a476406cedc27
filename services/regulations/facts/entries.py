"""What is entered of a child term by term, what lists were exchanged, what was screened: as deeds."""

from collections import defaultdict
from datetime import date

from sqlalchemy import select
from sqlmodel import Session, col

from db.tables import (
    Consent,
    ConsentAnswer,
    ConsentPurpose,
    ExchangeDirection,
    ExcuseKind,
    ListExchange,
    ScreeningResult,
    ScreeningRound,
    Term,
    TermEntry,
    Vaccination,
)
from services import clock
from services.regulations.evaluators import Deed, Excuse
from services.regulations.facts.reach import Asked

SCHOOL = 0
"""The number under which the whole school stands as a subject."""


def read_results(session: Session, asked: Asked) -> dict[int, list[Deed]]:
    """Return when a child's results of the term were entered (I-12); one statement."""
    rows = session.execute(
        select(col(TermEntry.student_id), col(TermEntry.recorded_at), col(TermEntry.id)).where(
            col(TermEntry.term_id) == asked.term.id,
            col(TermEntry.study).is_not(None),
            asked.reach.of_child(TermEntry.student_id),
        )
    )
    found: dict[int, list[Deed]] = defaultdict(list)
    for student_id, at, row_id in rows:  # entered in the holidays after, it still is the term's
        day = min(clock.local(at).date(), asked.term.last_day)
        found[student_id].append(Deed(day, day, True, row_id))
    return found


def read_check_ups(session: Session, asked: Asked) -> dict[int, list[Deed]]:
    """Return the days of a child's check-ups in the school year (I-22); one statement."""
    rows = session.execute(
        select(col(TermEntry.student_id), col(TermEntry.checked_up_on), col(TermEntry.id)).where(
            col(TermEntry.checked_up_on) >= asked.since, asked.reach.of_child(TermEntry.student_id)
        )
    )
    found: dict[int, list[Deed]] = defaultdict(list)
    for student_id, day, row_id in rows:
        found[student_id].append(Deed(day, day, True, row_id))
    return found


def read_vaccinations(session: Session, asked: Asked) -> dict[int, tuple[bool, int]]:
    """Return whether each child's planned immunisation is complete by its newest entry (E-14); one statement."""
    rows = session.execute(
        select(col(TermEntry.student_id), col(TermEntry.vaccination), col(TermEntry.id))
        .join(Term, col(Term.id) == col(TermEntry.term_id))
        .where(
            col(TermEntry.vaccination).is_not(None),
            col(Term.first_day) <= asked.on,
            asked.reach.of_child(TermEntry.student_id),
        )
        .order_by(col(Term.first_day), col(TermEntry.id))
    )
    return {student_id: (answer is Vaccination.COMPLETE, row_id) for student_id, answer, row_id in rows}


def read_exchanges(session: Session, asked: Asked) -> dict[int, list[Deed]]:
    """Return the days on which lists of others were received (S-04); one statement."""
    rows = session.execute(
        select(col(ListExchange.day), col(ListExchange.id)).where(
            col(ListExchange.direction) == ExchangeDirection.RECEIVED, col(ListExchange.day) >= asked.since
        )
    )
    return {SCHOOL: [Deed(day, day, True, row_id) for day, row_id in rows]}


def read_screenings(session: Session, asked: Asked) -> dict[int, list[Deed]]:
    """Return the valid results of the term's rounds (H-01, H-02, H-03), whenever they came; one statement."""
    rows = session.execute(
        select(
            col(ScreeningResult.student_id), col(ScreeningResult.taken_on), col(ScreeningResult.is_valid),
            col(ScreeningResult.id),
        )
        .join(ScreeningRound, col(ScreeningRound.id) == col(ScreeningResult.round_id))
        .where(
            col(ScreeningRound.school_year) == asked.term.school_year,
            col(ScreeningRound.half) == asked.term.number,
            col(ScreeningResult.taken_on) <= asked.on,
            asked.reach.of_child(ScreeningResult.student_id),
        )
    )  # fmt: skip
    found: dict[int, list[Deed]] = defaultdict(list)
    for student_id, taken_on, is_valid, row_id in rows:
        day = min(max(taken_on, asked.term.first_day), asked.term.last_day)  # a round may begin before its term
        found[student_id].append(Deed(day, day, is_valid, row_id))
    return found


def read_refusals(session: Session, asked: Asked, *, purpose: ConsentPurpose) -> dict[int, list[Excuse]]:
    """Return since when a family refuses something, which excuses the child from it; one statement."""
    rows = session.execute(
        select(col(Consent.student_id), col(Consent.day), col(Consent.answer))
        .where(col(Consent.purpose) == purpose, asked.reach.of_child(Consent.student_id))
        .order_by(col(Consent.day), col(Consent.id))
    )
    by_child: dict[int, list[tuple[date, bool]]] = defaultdict(list)
    for student_id, day, answer in rows:
        by_child[student_id].append((day, answer in (ConsentAnswer.REFUSED, ConsentAnswer.WITHDRAWN)))
    return {student_id: _refused(answers) for student_id, answers in by_child.items()}


def _refused(answers: list[tuple[date, bool]]) -> list[Excuse]:
    ends: list[date | None] = [day for day, _ in answers[1:]]
    ends.append(None)
    return [
        Excuse(ExcuseKind.EXEMPT, day, until)
        for (day, refuses), until in zip(answers, ends, strict=True)
        if refuses and (until is None or until > day)
    ]
