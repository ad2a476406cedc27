"""What results ask of somebody: to talk with each child they point out, in time (H-04); one line a child."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_
from sqlmodel import col, select

from db.aliases import shared_alias
from db.tables import AppUser, ClassMembership, Role, SchoolClass, ScreeningResult, Student
from services.access import Permission, Subject, allows
from services.actors import Actor
from services.asking_together import Fact, asked
from services.calendar import SchoolCalendar
from services.classes import known_class
from services.duties import Duty, DutyKind, group_of
from services.referrals import can_take
from services.regulations.deadlines import screening_contact_due
from services.row_filters import is_or_stands_in, sees_students
from services.screening.results import is_open, was_tried
from services.students import GONE_FOR_GOOD, is_in_class

SCREENING_LINE = DutyKind.SCREENING.value
"""What its rows are told apart by from what others ask in the same statement."""

_URGENT, _OWN, _TRIED, _OWNED = 1, 2, 4, 8
_Taker, _Open, _Mine = shared_alias(AppUser), shared_alias(ScreeningResult), shared_alias(ScreeningResult)


def screening_parts(actor: Actor) -> list[Any]:
    """Return what home asks about results for this person, in asking_together's shape; nothing for whom nothing can be.

    The head of the room also has what nobody follows up, and every urgent one.
    """
    if not allows(actor, Permission.SCREENING_WRITE):
        return []
    flags = [
        (col(ScreeningResult.is_urgent), _URGENT),
        (is_or_stands_in(actor, col(ScreeningResult.owner_id)), _OWN),
        (was_tried(), _TRIED),
        (_is_there(), _OWNED),
    ]
    rows = asked(
        SCREENING_LINE,
        of_id=col(ScreeningResult.id),
        first=SchoolClass.grade,
        label=col(Student.name),
        second=SchoolClass.number,
        third=sum((case((holds, bit), else_=0) for holds, bit in flags[1:]), case((flags[0][0], flags[0][1]), else_=0)),
        fourth=col(Student.id),
        at=col(ScreeningResult.recorded_at),
        beside=col(AppUser.display_name),
    )
    return [
        rows.select_from(ScreeningResult)
        .join(Student, col(Student.id) == col(ScreeningResult.student_id))
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .join(AppUser, col(AppUser.id) == col(ScreeningResult.owner_id), isouter=True)
        .where(
            col(ScreeningResult.id).in_(select(_Open.id).where(is_open(_Open))),  # of these alone a row is read
            _is_for(actor),
            sees_students(actor, Subject.SCREENING),
            col(Student.state).not_in(GONE_FOR_GOOD),
        )
    ]


def of_screenings(actor: Actor, rows: Iterable[Fact], *, calendar: SchoolCalendar, now: datetime) -> Iterator[Duty]:
    """Yield with whom this person still has to talk, the gravest line of each child."""
    first: dict[int | None, Duty] = {}
    for row in rows:
        if row.about != SCREENING_LINE or row.at is None:
            continue
        duty = _duty(row, row.at, calendar=calendar, now=now)
        before = first.get(duty.student_id)
        if before is None or duty.rank < before.rank:
            first[duty.student_id] = duty
    yield from first.values()


def _is_for(actor: Actor) -> ColumnElement[bool]:
    own = is_or_stands_in(actor, col(ScreeningResult.owner_id))
    if not actor.has_role(Role.LEAD):
        return or_(own, and_(col(ScreeningResult.is_urgent), _is_of_own_child(actor)))
    return or_(own, col(ScreeningResult.is_urgent), col(ScreeningResult.owner_id).is_(None), ~_is_there())


def _is_of_own_child(actor: Actor) -> ColumnElement[bool]:
    """Whether the actor has to talk with the same child about another result: who must be heard today stands first."""
    mine = select(_Mine.student_id).where(is_open(_Mine), is_or_stands_in(actor, col(_Mine.owner_id)))
    return col(ScreeningResult.student_id).in_(mine)


def _is_there() -> ColumnElement[bool]:
    """Whether who follows a result up still is somebody who can."""
    here = select(_Taker.id).where(can_take(is_suspected_abuse=False, user=_Taker))
    return col(ScreeningResult.owner_id).in_(here)


def _duty(row: Fact, known_at: datetime, *, calendar: SchoolCalendar, now: datetime) -> Duty:
    flags = row.third or 0
    is_urgent = bool(flags & _URGENT)
    due_at = screening_contact_due(known_at=known_at, is_urgent=is_urgent, calendar=calendar)
    return Duty(
        DutyKind.SCREENING,
        group_of(due_at, now=now),
        due_at=due_at,
        since=known_at,
        is_first=is_urgent,
        child=row.label,
        class_label=known_class(row.first, row.second),
        has_begun=bool(flags & _TRIED),
        owner_name=row.beside if flags & _OWNED else None,
        is_mine=bool(flags & _OWN),
        target_id=row.id,
        student_id=row.fourth,
    )
