"""The register as steps: baseline visits, cards after a change, sick children; and what follows a screening."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy import case, select
from sqlmodel import Session, col, func

from db.tables import (
    CareKind,
    CareRecord,
    CheckFinding,
    CheckKind,
    CheckResult,
    CheckReturn,
    CheckRound,
    ContactCardVersion,
    ScreeningResult,
    Student,
)
from services import clock
from services.calendar import END_OF_SCHOOL_DAY
from services.regulations import deadlines
from services.regulations.evaluators import Step
from services.regulations.facts.reach import Asked
from services.regulations.facts.records import Record, read_records
from services.students import GONE_FOR_GOOD

_BASELINE = "E-05.baseline_days"
_SICK = "I-23.sick_school_days"
GUARDIAN_TOLD = frozenset({CareKind.CALL, CareKind.GUARDIAN_NOTICE, CareKind.HOME_VISIT})


def read_visits(session: Session, asked: Asked) -> list[Record]:
    """Read the home visits of the last two years: as far back as a baseline can be owed; one statement."""
    since = asked.since - timedelta(days=366)
    return read_records(session, asked, kinds={CareKind.HOME_VISIT}, since=since)


def baseline_steps(asked: Asked, *, registered: Mapping[int, date], visits: Iterable[Record]) -> Iterator[Step]:
    """Yield the visit by which a left-behind child's family is known first (E-05): any since it was registered."""
    days: dict[int, list[date]] = defaultdict(list)
    for visit in visits:
        if visit.is_done:
            days[visit.student_id].append(visit.day)
    for student_id, since in registered.items():
        due = since + timedelta(days=asked.frame.numbers.on(_BASELINE, since))
        if due < asked.since:
            continue  # owed and told in a year before
        done = min((day for day in days.get(student_id, ()) if day >= since), default=None)
        yield _step(student_id, student_id, since, due, done)


def read_changes(session: Session, asked: Asked) -> Iterator[Step]:
    """Yield what a class check found changed, and when the child's card was written anew after it (E-09)."""
    written = (
        select(func.min(col(ContactCardVersion.ended_at)))
        .where(
            col(ContactCardVersion.student_id) == col(CheckFinding.student_id),
            col(ContactCardVersion.ended_at) >= col(CheckReturn.returned_at),
        )
        .correlate(CheckFinding, CheckReturn)
        .scalar_subquery()
    )
    rows = session.execute(
        select(col(CheckFinding.id), col(CheckFinding.student_id), col(CheckReturn.returned_at), written)
        .join(CheckReturn, col(CheckReturn.id) == col(CheckFinding.return_id))
        .join(CheckRound, col(CheckRound.id) == col(CheckReturn.round_id))
        .where(
            col(CheckRound.kind) == CheckKind.CLASS_CHECK,
            col(CheckFinding.result) == CheckResult.CHANGED,
            col(CheckReturn.replaced_at).is_(None),
            col(CheckReturn.returned_at).between(*_days(asked)),
            asked.reach.of_child(CheckFinding.student_id),
        )
    )
    for row_id, student_id, returned_at, written_at in rows:
        on = clock.local(returned_at).date()
        number = deadlines.days_to_mend_a_card(on=on, calendar=asked.calendar)
        yield Step(
            student_id, row_id, returned_at, asked.calendar.due_after(returned_at, school_days=number), written_at
        )


def sick_steps(asked: Asked, *, records: Sequence[Record]) -> Iterator[Step]:
    """Yield each day a child was looked after sick, and when its guardian was told (I-23)."""
    told: dict[int, list[date]] = defaultdict(list)
    for record in records:
        if record.kind in GUARDIAN_TOLD and record.is_done:
            told[record.student_id].append(record.day)
    for record in records:
        if record.kind is CareKind.SICK_CARE and record.day >= asked.since:
            number = asked.frame.numbers.on(_SICK, record.day)
            due = asked.calendar.add_school_days(record.day, number) if number else record.day
            done = min((day for day in told.get(record.student_id, ()) if day >= record.day), default=None)
            yield _step(record.student_id, record.row_id, record.day, due, done)


def read_flagged(session: Session, asked: Asked) -> Iterator[Step]:
    """Yield each result that points a child out, and when somebody talked with it (H-04); one statement.

    Not of a child that has left for good by the day it would be due: nobody can talk with it any more.
    """
    rows = session.execute(
        select(
            col(ScreeningResult.id), col(ScreeningResult.student_id), col(ScreeningResult.recorded_at),
            col(ScreeningResult.is_urgent), col(ScreeningResult.taken_on), col(CareRecord.day), col(CareRecord.is_done),
            col(CareRecord.withdrawn_at), case((col(Student.state).in_(GONE_FOR_GOOD), col(Student.left_on))),
        )
        .join(Student, col(Student.id) == col(ScreeningResult.student_id))
        .join(CareRecord, col(CareRecord.id) == col(ScreeningResult.contact_id), isouter=True)
        .where(
            col(ScreeningResult.needs_contact),
            col(ScreeningResult.recorded_at).between(*_days(asked)),
            asked.reach.of_child(ScreeningResult.student_id),
        )
    )  # fmt: skip
    for row_id, student_id, known_at, is_urgent, taken_on, day, is_done, withdrawn_at, left_on in rows:
        due_at = deadlines.screening_contact_due(known_at=known_at, is_urgent=is_urgent, calendar=asked.calendar)
        was_met = day is not None and is_done and withdrawn_at is None and day >= taken_on  # it may be amended since
        if not was_met and left_on is not None and left_on <= clock.local(due_at).date():
            continue
        # A talk on the day it is due was in time, at whatever hour it is said to have been.
        done_at = clock.at_school(day, time(0)) if was_met else None
        yield Step(student_id, row_id, known_at, due_at, done_at)


def _days(asked: Asked) -> tuple[datetime, datetime]:
    return clock.at_school(asked.since, time(0)), clock.at_school(asked.on, time.max)


def _step(student_id: int, row_id: int, since: date, due: date, done: date | None) -> Step:
    return Step(
        student_id, row_id, clock.at_school(since, time(0)), clock.at_school(due, END_OF_SCHOOL_DAY),
        clock.at_school(done, time(0)) if done is not None else None,  # of today it is done, at whatever hour
    )  # fmt: skip
