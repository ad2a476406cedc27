"""What classes return: the term's check, the quarter's, their plans and summaries for left-behind children."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, time

from sqlalchemy import select
from sqlmodel import Session, col

from db.tables import (
    CheckFinding,
    CheckKind,
    CheckReturn,
    CheckRound,
    ClassPaper,
    ClassPaperKind,
    SchoolClass,
)
from services import clock
from services.regulations import deadlines
from services.regulations.evaluators import Deed, Stint
from services.regulations.facts.reach import Asked
from services.regulations.periods import Period, Unit, periods_of


def read_classes(session: Session, asked: Asked) -> dict[int, list[Stint]]:
    """Return the classes of the school year, there from its first day on; one statement."""
    ids = session.execute(
        select(col(SchoolClass.id)).where(
            col(SchoolClass.school_year) == asked.term.school_year, asked.reach.of_class(SchoolClass.id)
        )
    ).scalars()
    return {class_id: [Stint(asked.since, None)] for class_id in ids}


def check_periods(session: Session, asked: Asked, kind: CheckKind) -> tuple[Period, ...]:
    """Return the term, or its quarters, each with the day by which every class has returned a check (E-02, G-01).

    It is the day of the round, which home tells too; before one is opened, the day it would have from the beginning on.
    One statement.
    """
    rounds = session.execute(
        select(col(CheckRound.term_id), col(CheckRound.quarter_from), col(CheckRound.due_day)).where(
            col(CheckRound.kind) == kind
        )
    )
    due_days = {quarter_from or term_id: due_day for term_id, quarter_from, due_day in rounds}
    unit = Unit.TERM if kind is CheckKind.CLASS_CHECK else Unit.QUARTER
    found = periods_of(unit, calendar=asked.calendar, term=asked.term, days=asked.frame.days, until=asked.on)
    return tuple(_due_early(asked, kind, each, due_days) for each in found)


def _due_early(asked: Asked, kind: CheckKind, period: Period, due_days: Mapping[int | date, date]) -> Period:
    first = max(period.first, asked.since if kind is CheckKind.SPECIAL_CHECK else asked.term.first_day)
    of_round = due_days.get(asked.term.id if kind is CheckKind.CLASS_CHECK else _quarter_of(period.first))
    if of_round is not None:
        due_on = min(of_round, period.last)
    elif kind is CheckKind.CLASS_CHECK:
        due_on = deadlines.class_check_due(term=asked.term, opened_on=first, calendar=asked.calendar)
    else:
        due_on = deadlines.special_check_due(first_day=first, opened_on=first, calendar=asked.calendar)
    return Period(period.unit, period.first, period.last, due_on, is_strict=True)


def read_returns(session: Session, asked: Asked, *, kind: CheckKind) -> dict[int, list[Deed]]:
    """Return the days on which each class first returned each check of the school year; one statement."""
    rows = session.execute(
        select(col(CheckReturn.class_id), col(CheckReturn.returned_at), col(CheckReturn.id))
        .join(CheckRound, col(CheckRound.id) == col(CheckReturn.round_id))
        .where(
            col(CheckRound.kind) == kind,
            col(CheckReturn.revision) == 1,  # put right later, it was returned all the same
            col(CheckReturn.returned_at) >= clock.at_school(_quarter_of(asked.since), time(0)),
            asked.reach.of_class(CheckReturn.class_id),
        )
    )
    return _by_subject((class_id, clock.local(at).date(), row_id) for class_id, at, row_id in rows)


def _quarter_of(day: date) -> date:
    """Return the first day of a day's quarter: the first check of a school year may have been returned before it."""
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def read_confirmations(session: Session, asked: Asked) -> dict[int, list[Deed]]:
    """Return the days on which each child's record was gone through in a class check (E-07); one statement."""
    rows = session.execute(
        select(col(CheckFinding.student_id), col(CheckReturn.returned_at), col(CheckFinding.id))
        .join(CheckReturn, col(CheckReturn.id) == col(CheckFinding.return_id))
        .join(CheckRound, col(CheckRound.id) == col(CheckReturn.round_id))
        .where(
            col(CheckRound.kind) == CheckKind.CLASS_CHECK,
            col(CheckReturn.returned_at) >= clock.at_school(asked.since, time(0)),
            asked.reach.of_child(CheckFinding.student_id),
        )
    )
    return _by_subject((student_id, clock.local(at).date(), row_id) for student_id, at, row_id in rows)


Papers = Mapping[ClassPaperKind, Mapping[int, tuple[date, int]]]


def read_papers(session: Session, asked: Asked) -> Papers:
    """Return when each class filed its plan and its summary of the term, and which (I-05, I-06); one statement."""
    rows = session.execute(
        select(col(ClassPaper.kind), col(ClassPaper.class_id), col(ClassPaper.recorded_at), col(ClassPaper.id)).where(
            col(ClassPaper.term_id) == asked.term.id, asked.reach.of_class(ClassPaper.class_id)
        )
    )
    found: dict[ClassPaperKind, dict[int, tuple[date, int]]] = {kind: {} for kind in ClassPaperKind}
    for kind, class_id, at, row_id in rows:
        found[kind][class_id] = clock.local(at).date(), row_id
    return found


def _by_subject(rows: Iterable[tuple[int, date, int]]) -> dict[int, list[Deed]]:
    found: dict[int, list[Deed]] = defaultdict(list)
    for subject_id, day, row_id in rows:
        found[subject_id].append(Deed(day, day, True, row_id))
    return found
