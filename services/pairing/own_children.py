"""我结对的孩子: the children one is paired with, or stands in for, and those of the own class whose helpers have no
account; each with its duties month by month (J-03, J-04, J-13, J-15, J-18, K-13)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_
from sqlmodel import Session, col, select

from db.tables import (
    AppUser,
    CareKind,
    CareRecord,
    ClassMembership,
    Helper,
    HelperKind,
    Pairing,
    PairingRole,
    SchoolClass,
    Student,
)
from services import clock
from services.access import Permission, allows, permitted
from services.actors import Actor
from services.calendar import load_calendar, school_year_of
from services.pairing.names import helper_name
from services.pairing.rules import is_running
from services.pairing.sight import sees_pairs_of
from services.pairing.strips import Days, DutyStrip, Year, clauses_of, read_year
from services.regulations.standings import Standing
from services.regulations.switches import load_switches
from services.row_filters import classes_of, is_or_stands_in, students_of_pairs
from services.students import GONE_FOR_GOOD, is_in_class, shown_class

_DONE_TOGETHER = {
    PairingRole.EXCELLENT_STUDENT: CareKind.TUTORING,
    PairingRole.BUDDY: CareKind.GROUP_ACTIVITY,
}
"""What pupils do with each other, beside what a clause asks their teacher for."""


@dataclass(frozen=True, slots=True)
class LastRecord:
    """What a helper did with a child last."""

    day: date
    kind: CareKind
    is_done: bool


@dataclass(frozen=True, slots=True)
class OwnPair:
    """One pair with its duties."""

    id: int
    helper_id: int
    helper_name: str
    helper_kind: HelperKind
    has_account: bool
    is_own: bool  # the helper is who asks; else somebody it stands in for, or writes for
    role: PairingRole
    from_day: date
    strips: tuple[DutyStrip, ...]
    is_counted: bool  # a clause says how often something is done in it, and counts
    last: LastRecord | None

    @property
    def kinds(self) -> tuple[CareKind, ...]:
        """What is written down for it at one click, in the order of its duties."""
        asked = [each.kind for each in self.strips if not each.is_excused]
        if self.role in _DONE_TOGETHER:
            asked.append(_DONE_TOGETHER[self.role])
        return tuple(dict.fromkeys(asked)) or (CareKind.TALK,)

    @property
    def next_due(self) -> tuple[DutyStrip, Standing] | None:
        """What is to be done first, and by when."""
        still = [(each, due) for each in self.strips if (due := each.next_due) is not None]
        return min(still, key=_due, default=None)

    @property
    def due_on(self) -> date:
        """By when something is to be done in it first; far off where nothing is."""
        found = self.next_due
        return (found[1].due_on or date.max) if found is not None else date.max


@dataclass(frozen=True, slots=True)
class OwnChild:
    """A child with the pairs that are somebody's to keep, the most urgent first."""

    student_id: int
    name: str
    class_label: str
    pairs: tuple[OwnPair, ...]

    @property
    def due_on(self) -> date:
        """By when something is to be done for it first; far off where nothing is."""
        return min((each.due_on for each in self.pairs), default=date.max)


@dataclass(frozen=True, slots=True)
class OwnChildren:
    """Both lists of somebody, the most urgent first, and the months their strips are told in."""

    own: tuple[OwnChild, ...]
    of_class: tuple[OwnChild, ...]  # whose helpers have no account: the homeroom teacher writes for them
    months: tuple[date, ...]


@permitted(Permission.PAIRING_OWN)
def list_own_children(session: Session, actor: Actor) -> OwnChildren:
    """Return the children somebody is paired with today, and those it writes for; at most eight statements."""
    today, calendar = clock.today(), load_calendar(session)
    rows = _read_pairs(session, actor, today)
    student_ids = {row.student_id for row in rows}
    switches = load_switches(session)
    year = read_year(session, calendar=calendar, switches=switches, on=today, student_ids=student_ids)
    done = _read_records(session, student_ids, since=date(school_year_of(today), 8, 1))
    days = {row.id: (row.day, row.is_done) for row in done}
    by_child = _by_child(done)
    return OwnChildren(
        own=_children(actor, [row for row in rows if row.is_own], year, days, by_child),
        of_class=_children(actor, [row for row in rows if not row.is_own], year, days, by_child),
        months=year.months,
    )


def is_own_pair(actor: Actor) -> ColumnElement[bool]:
    """Return the filter on Pairing with Helper and Student: the actor's own today, or of whom it stands in for."""
    return and_(
        is_or_stands_in(actor, col(Helper.user_id)),
        col(Pairing.student_id).in_(students_of_pairs(actor)),
        is_running(clock.today()),
    )


def is_written_for(actor: Actor) -> ColumnElement[bool]:
    """Return the filter on Pairing with Helper and Student: of the own class, with somebody without an account."""
    if not allows(actor, Permission.PAIRING_READ):
        return false()
    of_class = select(ClassMembership.student_id).where(
        col(ClassMembership.class_id).in_(classes_of(actor)), col(ClassMembership.to_day).is_(None)
    )
    return and_(
        col(Helper.user_id).is_(None),
        col(Pairing.student_id).in_(of_class),
        is_running(clock.today()),
        sees_pairs_of(actor),
    )


def _read_pairs(session: Session, actor: Actor, today: date) -> Sequence[Any]:  # rows of more columns than stubs know
    columns: list[Any] = [
        col(Pairing.id),
        col(Pairing.student_id),
        col(Pairing.helper_id),
        col(Pairing.role),
        col(Pairing.from_day),
        col(Helper.kind),
        col(Helper.user_id),
        helper_name().label("helper"),
        col(Student.name).label("child"),
        col(Student.state),
        col(SchoolClass.grade),
        col(SchoolClass.number),
        is_own_pair(actor).label("is_own"),
    ]
    return session.execute(
        select(*columns)
        .select_from(Pairing)
        .join(Helper, col(Helper.id) == col(Pairing.helper_id))
        .join(Student, col(Student.id) == col(Pairing.student_id))
        .join(AppUser, col(AppUser.id) == col(Helper.user_id), isouter=True)
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .where(
            is_running(today),
            col(Student.merged_into_id).is_(None),
            col(Student.state).not_in(GONE_FOR_GOOD),
            or_(is_own_pair(actor), is_written_for(actor)),
        )
        .order_by(
            col(SchoolClass.grade), col(SchoolClass.number), col(Student.name_order), col(Student.id),
            col(Pairing.from_day), col(Pairing.id),
        )
    ).all()  # fmt: skip


def _read_records(session: Session, student_ids: Iterable[int], *, since: date) -> Sequence[Any]:
    """Return the days on which something was done with these children, without a word of it, the latest first."""
    columns: list[Any] = [
        col(CareRecord.id),
        col(CareRecord.student_id),
        col(CareRecord.day),
        col(CareRecord.kind),
        col(CareRecord.is_done),
        col(CareRecord.author_id),
        col(CareRecord.helper_id),
    ]
    return session.execute(
        select(*columns)
        .where(
            col(CareRecord.student_id).in_(sorted(student_ids)),
            col(CareRecord.day) >= since,
            col(CareRecord.withdrawn_at).is_(None),
        )
        .order_by(col(CareRecord.day).desc(), col(CareRecord.id).desc())
    ).all()


def _by_child(records: Iterable[Any]) -> Mapping[int, Sequence[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for each in records:
        found[each.student_id].append(each)
    return found


def _children(
    actor: Actor, rows: Sequence[Any], year: Year, days: Days, done: Mapping[int, Sequence[Any]]
) -> tuple[OwnChild, ...]:
    pairs: dict[int, list[OwnPair]] = defaultdict(list)
    for row in rows:
        pairs[row.student_id].append(_pair(actor, row, year, days, done.get(row.student_id, ())))
    named = {row.student_id: (row.child, shown_class(row.grade, row.number, row.state)) for row in rows}
    found = [
        OwnChild(student_id, *named[student_id], tuple(sorted(each, key=lambda pair: pair.due_on)))
        for student_id, each in pairs.items()
    ]
    return tuple(sorted(found, key=lambda child: child.due_on))  # those due on one day stay as they were read


def _pair(actor: Actor, row: Any, year: Year, days: Days, done: Sequence[Any]) -> OwnPair:
    strips = year.strips_of(student_id=row.student_id, helper_id=row.helper_id, role=row.role, days=days)
    last = next((each for each in done if _did(each, row)), None)
    return OwnPair(
        id=row.id,
        helper_id=row.helper_id,
        helper_name=row.helper or "",
        helper_kind=row.kind,
        has_account=row.user_id is not None,
        is_own=row.user_id is not None and row.user_id == actor.user_id,
        role=row.role,
        from_day=row.from_day,
        strips=strips,
        is_counted=any(each.clause_id in year.in_force for each in clauses_of(row.role)),
        last=LastRecord(last.day, last.kind, last.is_done) if last is not None else None,
    )


def _did(record: Any, pair: Any) -> bool:
    """Say whether a record tells of what the pair's helper did itself."""
    if record.day < pair.from_day:
        return False
    if record.helper_id is not None or pair.user_id is None:
        return bool(record.helper_id == pair.helper_id)
    return bool(record.author_id == pair.user_id)


def _due(found: tuple[DutyStrip, Standing]) -> tuple[date, date]:
    return found[1].due_on or date.max, found[1].first
