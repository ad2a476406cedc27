"""The archives as a list: filtered, ordered and paged by the database; and how many children have one (F-03, E-11)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from db.tables import (
    AppUser,
    ClassMembership,
    ClassTeacher,
    ClassTeacherKind,
    PsychArchive,
    SchoolClass,
    Student,
    Tier,
    WarningGroup,
)
from services import clock
from services.access import Permission, Scope, Subject, permitted, scopes_of
from services.actors import Actor
from services.archive_parts import PARTS, Part, part_columns, parts_for
from services.archive_rates import lacks_archive_in_time
from services.calendar import SchoolCalendar, load_calendar
from services.handover_rules import received_on
from services.kept_statements import kept_for_asker
from services.paging import page_there
from services.row_filters import sees_students
from services.student_lists import ClassName, list_register_classes
from services.students import LEFT_SCHOOL, is_in_class, shown_class
from services.tier_kinds import TierKind, TierOrder, tier_order
from services.tier_rows import held_by_child, held_today

PAGE_SIZE = 15
SOON = timedelta(days=7)
NO_TIER = 0
"""Stands for “never put into one” where a tier is asked for by its id."""


class Review(StrEnum):
    """Whether a tier is to be looked at again."""

    LATE = "late"
    SOON = "soon"  # within a week


@dataclass(frozen=True, slots=True)
class ArchiveFilters:
    """Which children's archives, of those at the school."""

    tier_id: int | None = None  # NO_TIER: of who was never put into one
    grade: int | None = None
    class_id: int | None = None
    review: Review | None = None
    is_without: bool = False  # no archive


@dataclass(frozen=True, slots=True)
class ArchiveRow:
    """One child's archive in a list, as far as the reader may know of it."""

    student_id: int
    name: str
    class_label: str
    homeroom_name: str | None
    tier: TierKind | None
    review_on: date | None  # told to who sets tiers
    opened_on: date | None
    there: tuple[Part, ...]
    missing: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class ArchiveCount:
    """How many children the filters leave, and of these how many wait for what."""

    total: int
    late: int
    soon: int
    without: int
    by_tier: dict[int, int]  # NO_TIER: in none


@dataclass(frozen=True, slots=True)
class ArchivePage:
    """One page of archives."""

    rows: tuple[ArchiveRow, ...]
    total: int


@permitted(Permission.ARCHIVE_READ)
def list_archive_classes(session: Session, actor: Actor) -> list[ClassName]:
    """Return the classes of this school year whose archives the actor may see."""
    return list_register_classes(session, actor)


@permitted(Permission.ARCHIVE_READ)
def count_archives(session: Session, actor: Actor, *, filters: ArchiveFilters) -> ArchiveCount:
    """Return how many children the filters leave, and how many of a wider view each filter would; two statements."""
    order, held = tier_order(session), held_today()
    late, soon = (_review(session, actor, held, order, each) for each in Review)
    lacks = lacks_archive_in_time(session)
    others = ArchiveFilters(grade=filters.grade, class_id=filters.class_id)
    wanted = [_condition(session, actor, filters, held, order)]
    columns = [
        held.c.tier_id,
        func.sum(case((and_(*wanted), 1), else_=0)),
        func.sum(case((late, 1), else_=0)),
        func.sum(case((soon, 1), else_=0)),
        func.sum(case((lacks, 1), else_=0)),
        func.count(col(Student.id)),
    ]
    counted = select(*columns).select_from(Student)
    if filters.grade is not None or filters.class_id is not None:
        counted = _in_classes(counted)
    rows = session.execute(
        _with_archives(counted, held)
        .where(*_at_school(actor), _condition(session, actor, others, held, order))
        .group_by(held.c.tier_id)
    ).all()
    return ArchiveCount(
        total=sum(row[1] for row in rows),
        late=sum(row[2] for row in rows),
        soon=sum(row[3] for row in rows),
        without=sum(row[4] for row in rows),
        by_tier={row[0] or NO_TIER: row[5] for row in rows},
    )


@permitted(Permission.ARCHIVE_READ)
def list_archives(
    session: Session, actor: Actor, *, filters: ArchiveFilters, page: int, total: int, page_size: int = PAGE_SIZE
) -> ArchivePage:
    """Return one page of archives, the gravest tiers first, then by class and name; two statements."""
    order, held = tier_order(session), held_today()
    page = page_there(page, total=total, page_size=page_size)
    # Which children first, from narrow indexes; what is in their archives is asked of this page alone.
    wanted = (*_at_school(actor), _condition(session, actor, filters, held, order))
    on_page = _joined(select(col(Student.id)), held).where(*wanted).order_by(*_in_order(held.c.rank))
    on_page = on_page.limit(page_size).offset((page - 1) * page_size)
    detailed, tier = _detailed(actor)
    rows = session.execute(detailed.where(col(Student.id).in_(on_page)).order_by(*_in_order(tier.rank))).all()
    calendar = load_calendar(session)
    return ArchivePage(tuple(archive_row(actor, row, order, calendar) for row in rows), total)


@permitted(Permission.ARCHIVE_WRITE)
def list_without_archive(session: Session, actor: Actor, *, filters: ArchiveFilters) -> tuple[int, ...]:
    """Return the children the filters leave who have no archive, new ones too."""
    order, held = tier_order(session), held_today()
    found = session.execute(
        _joined(select(col(Student.id)), held).where(
            *_at_school(actor), _condition(session, actor, filters, held, order), col(PsychArchive.id).is_(None)
        )
    )
    return tuple(found.scalars())


def archive_row(actor: Actor, row: Any, order: TierOrder, calendar: SchoolCalendar) -> ArchiveRow:
    """Return a row of `detailed_archives` as somebody reads it."""
    known = {part.code: getattr(row, f"part_{part.code}") for part in parts_for(actor)}
    tier = order.of(row.tier_id)
    return ArchiveRow(
        student_id=row.student_id,
        name=row.name,
        class_label=shown_class(row.grade, row.number, row.state),
        homeroom_name=row.homeroom_name,
        tier=tier,
        review_on=review_day(tier, row.from_day, order, calendar) if sets_tiers(actor) else None,
        opened_on=row.opened_on,
        there=tuple(part for part in PARTS if known.get(part.code) == 1),
        missing=tuple(part for part in PARTS if known.get(part.code) == 0),
    )


def review_day(tier: TierKind | None, since: date | None, order: TierOrder, calendar: SchoolCalendar) -> date | None:
    """Return the day on which a tier is looked at again (table Z); None for the ordinary one."""
    name = order.review_parameter(tier.rank) if tier else None
    return since + timedelta(days=calendar.numbers.on(name, since)) if name and since else None


def sets_tiers(actor: Actor) -> bool:
    """Say whether the actor knows of tiers with their reasons."""
    return Scope.ALL in scopes_of(actor, Subject.TIER)


def detailed_archives(actor: Actor, student_ids: Iterable[int]) -> Any:
    """Return the query of some children's archives, whatever became of them at the school."""
    detailed, _ = _detailed(actor)
    return detailed.where(col(Student.id).in_(list(student_ids)), sees_students(actor, Subject.TIER))


@kept_for_asker
def _detailed(actor: Actor) -> tuple[Any, Any]:
    """Return the query of some archives with their parts, and the tiers held today that are joined in it."""
    held, is_held = held_by_child(col(Student.id))
    tier = aliased(Tier)
    teacher, homeroom = aliased(ClassTeacher), aliased(AppUser)
    columns: list[Any] = [
        col(Student.id).label("student_id"),
        Student.name,
        Student.state,
        SchoolClass.grade,
        SchoolClass.number,
        col(homeroom.display_name).label("homeroom_name"),
        held.tier_id,
        held.from_day,
        held.number.label("tier_number"),
        PsychArchive.opened_on,
        col(WarningGroup.id).label("group_id"),
        received_on().label("handed_over_on"),
        *part_columns(actor),
    ]
    leads = and_(
        col(teacher.class_id) == col(SchoolClass.id),
        col(teacher.kind) == ClassTeacherKind.HOMEROOM,
        col(teacher.to_day).is_(None),
    )
    stands = and_(col(WarningGroup.student_id) == col(Student.id), col(WarningGroup.to_day).is_(None))
    joined = (
        _in_classes(select(*columns).select_from(Student))
        .join(held, is_held, isouter=True)
        .join(tier, col(tier.id) == col(held.tier_id), isouter=True)
        .join(PsychArchive, col(PsychArchive.student_id) == col(Student.id), isouter=True)
        .join(WarningGroup, stands, isouter=True)
        .join(teacher, leads, isouter=True)
        .join(homeroom, col(homeroom.id) == col(teacher.user_id), isouter=True)
    )
    return joined, tier


def _joined(statement: Any, held: Any) -> Any:
    return _with_archives(_in_classes(statement.select_from(Student)), held)


def _in_classes(statement: Any) -> Any:
    joined = statement.join(ClassMembership, is_in_class(), isouter=True)
    return joined.join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)


def _with_archives(statement: Any, held: Any) -> Any:
    joined = statement.join(held, held.c.student_id == Student.id, isouter=True)
    return joined.join(PsychArchive, col(PsychArchive.student_id) == col(Student.id), isouter=True)


def _at_school(actor: Actor) -> Sequence[ColumnElement[bool]]:
    return sees_students(actor, Subject.TIER), col(Student.state).not_in(LEFT_SCHOOL)


def _in_order(rank: Any) -> Sequence[Any]:  # columns of several types
    """The gravest tiers first, then by class and name."""
    return (
        func.coalesce(rank, -1).desc(),
        col(SchoolClass.grade),
        col(SchoolClass.number),
        col(Student.name_order),
        col(Student.id),
    )


def _condition(
    session: Session, actor: Actor, filters: ArchiveFilters, held: Any, order: TierOrder
) -> ColumnElement[bool]:
    wanted: list[ColumnElement[bool]] = [col(Student.merged_into_id).is_(None)]
    if filters.grade is not None:
        wanted.append(func.coalesce(SchoolClass.grade, 0) == filters.grade)
    if filters.class_id is not None:
        wanted.append(func.coalesce(ClassMembership.class_id, 0) == filters.class_id)
    if filters.tier_id is not None:
        wanted.append(func.coalesce(held.c.tier_id, NO_TIER) == filters.tier_id)
    if filters.review is not None:
        wanted.append(_review(session, actor, held, order, filters.review))
    if filters.is_without:
        wanted.append(lacks_archive_in_time(session))
    return and_(*wanted)


def _review(session: Session, actor: Actor, held: Any, order: TierOrder, review: Review) -> ColumnElement[bool]:
    """Return whose tier is to be looked at again; for nobody, where the reader doesn't set tiers."""
    if not sets_tiers(actor):
        return false()
    today, numbers = clock.today(), load_calendar(session).numbers
    late: ColumnElement[bool] = false()
    soon: ColumnElement[bool] = false()
    for kind in order.kinds:
        name = order.review_parameter(kind.rank)
        for span in numbers.spans(name) if name else ():  # what counted on the day it was put there (0009)
            due = today - timedelta(days=span.value)  # what was looked at before that day is late
            began = and_(held.c.from_day >= span.first, held.c.from_day < span.until)
            stands = and_(held.c.tier_id.is_not(None), held.c.tier_id == kind.id, began)
            late = or_(late, and_(stands, held.c.from_day < due))
            soon = or_(soon, and_(stands, held.c.from_day >= due, held.c.from_day <= due + SOON))
    return late if review is Review.LATE else soon
