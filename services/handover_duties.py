"""What handing archives over asks of the head on home: whose is still to be packed, whose receipt is missing (F-12)."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import not_
from sqlmodel import col, func

from db.tables import EnrolmentState, HandoverPackage, Student
from services import clock
from services.access import Permission, allows
from services.actors import Actor
from services.asking_together import Fact, asked
from services.calendar import END_OF_SCHOOL_DAY, SchoolCalendar
from services.duties import Duty, DutyKind, group_of
from services.handover_rules import DAYS, due_on, is_excused, is_not_handed_over, is_special, stands
from services.time_line.parts import LocalDay

_OWED, _RECEIPT = DutyKind.HAND_OVER, DutyKind.HANDOVER_RECEIPT
HANDOVER_LINES = frozenset({_OWED, _RECEIPT})
"""What its rows are told apart by from what others ask in the same statement."""
RECEIPT_DAYS = timedelta(days=14)


def handover_parts(actor: Actor) -> list[Any]:
    """Return what home asks about handing over for this person, in asking_together's shape: one row a question."""
    return [_owed(actor), _without_receipt(actor)] if allows(actor, Permission.ARCHIVE_HAND_OVER) else []


def of_handovers(rows: Sequence[Fact], *, calendar: SchoolCalendar, now: datetime) -> Iterator[Duty]:
    """Yield a line for each question that somebody waits for: how many, and by when the first."""
    for row in rows:
        if row.about not in HANDOVER_LINES or not row.first or row.day is None:
            continue
        kind = DutyKind(row.about)
        due = due_on(row.day, calendar.numbers.on(DAYS, row.day)) if kind is _OWED else row.day + RECEIPT_DAYS
        due_at = clock.at_school(due, END_OF_SCHOOL_DAY)
        yield Duty(kind, group_of(due_at, now=now), due_at=due_at, labels=(f"{row.first:,}",))


def _owed(_actor: Actor) -> Any:
    """Graduated children of the four special kinds whose archives have not left the room, packed or not, and should."""
    counted = asked(_OWED, first=func.count(col(Student.id)), day=func.min(Student.left_on))
    return counted.select_from(Student).where(
        Student.state == EnrolmentState.GRADUATED,
        col(Student.left_on).is_not(None),
        is_not_handed_over(),
        is_special(),
        not_(is_excused()),
    )


def _without_receipt(_actor: Actor) -> Any:
    """Packages that were handed over, or only made, and nobody has signed for."""
    since = func.min(func.coalesce(col(HandoverPackage.handed_on), LocalDay(col(HandoverPackage.made_at))))
    counted = asked(_RECEIPT, first=func.count(col(HandoverPackage.id)), day=since)
    return counted.select_from(HandoverPackage).where(stands(), col(HandoverPackage.received_on).is_(None))
