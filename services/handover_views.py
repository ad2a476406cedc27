"""Handed-over archives as the head of the room sees them: packages and how they stand, whose is still to be done."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from db.base import Labelled
from db.sealing import unseal
from db.tables import (
    AppUser,
    ClassMembership,
    EnrolmentState,
    ExcuseState,
    HandoverChild,
    HandoverPackage,
    HandoverReason,
    HandoverWay,
    Post,
    PostHolder,
    PsychArchive,
    SchoolClass,
    Student,
)
from services import clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import load_calendar
from services.classes import class_label
from services.errors import NotFound
from services.handover_rules import (
    DAYS,
    FILE_DAYS,
    due_on,
    excuse_state,
    in_package,
    is_special,
    is_to_hand_over,
    path_of,
)
from services.paging import page_there
from services.regulations.parameters import Numbers

PAGE_SIZE = 15
KEEPER = "archive_keeper"


class HandoverState(Labelled):
    """How a package stands."""

    MADE = "made", "做好了，还没交出去"
    HANDED = "handed", "交出去了，等回执"
    RECEIVED = "received", "已移交，有回执"
    WITHDRAWN = "withdrawn", "作废"


@dataclass(frozen=True, slots=True)
class PackageRow:
    """One package in a list."""

    id: int
    version: int
    reason: HandoverReason
    to: str
    children: int
    made_at: datetime
    made_by: str | None
    state: HandoverState
    handed_on: date | None
    received_on: date | None


@dataclass(frozen=True, slots=True)
class PackagePage:
    """One page of packages, the newest first."""

    rows: tuple[PackageRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class PackedChild:
    """One child in a package."""

    student_id: int
    place: int
    name: str
    items: int
    with_notes: bool


@dataclass(frozen=True, slots=True)
class PackageView:
    """One package with everything written about it."""

    row: PackageRow
    packed: tuple[PackedChild, ...]
    files: int
    size_bytes: int
    sha256: str
    way: HandoverWay | None
    receiver: str | None
    receipt: str | None
    has_scan: bool
    withdrawn_reason: str | None
    has_file: bool
    file_until: date


@dataclass(frozen=True, slots=True)
class Candidate:
    """A child whose archive can be packed; `due_on` where the clause wants it handed over by a day."""

    student_id: int
    name: str
    class_label: str  # of the class it is in, or was in last
    state: EnrolmentState
    left_on: date | None
    due_on: date | None
    excuse: ExcuseState | None = None  # that the archive need not be handed over: agreed, or still to be answered

    @property
    def group(self) -> str:
        """With whom it is packed: who is there now and who left before are two classes of one name."""
        return f"{self.class_label}，{self.left_on.year} 年{self.state.label}" if self.left_on else self.class_label

    @property
    def is_late(self) -> bool:
        """Whether it should have been handed over by now."""
        return self.due_on is not None and self.due_on < clock.today()


@dataclass(frozen=True, slots=True)
class Candidates:
    """Whose archives can be packed now, and who answers for it."""

    children: tuple[Candidate, ...]
    keeper: str | None


@permitted(Permission.ARCHIVE_HAND_OVER)
def list_packages(session: Session, actor: Actor, *, page: int = 1) -> PackagePage:
    """Return one page of the packages; two statements."""
    total = session.exec(select(func.count()).select_from(HandoverPackage)).one()
    found = session.execute(
        _detailed()
        .order_by(col(HandoverPackage.made_at).desc(), col(HandoverPackage.id).desc())
        .limit(PAGE_SIZE)
        .offset((page_there(page, total=total, page_size=PAGE_SIZE) - 1) * PAGE_SIZE)
    ).all()
    return PackagePage(tuple(_row(row, name) for row, name in found), total)


@permitted(Permission.ARCHIVE_HAND_OVER)
def find_package(session: Session, actor: Actor, *, package_id: int) -> PackageView:
    """Return one package with the children in it; two statements.

    Raises:
        NotFound: there is none.
    """
    found = session.execute(_detailed().where(HandoverPackage.id == package_id)).first()
    if found is None:
        raise NotFound
    row: HandoverPackage = found[0]
    packed = session.exec(
        select(HandoverChild, Student.name)
        .join(Student, col(Student.id) == col(HandoverChild.student_id))
        .where(HandoverChild.package_id == package_id)
        .order_by(col(HandoverChild.place), col(HandoverChild.id))
    ).all()
    return PackageView(
        row=_row(row, found[1]),
        packed=tuple(
            PackedChild(each.student_id, each.place, name, each.items, each.with_notes) for each, name in packed
        ),
        files=row.files,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        way=row.way,
        receiver=unseal(row, "receiver_sealed"),
        receipt=unseal(row, "receipt_sealed"),
        has_scan=row.attachment_id is not None,
        withdrawn_reason=unseal(row, "withdrawn_sealed"),
        has_file=row.received_on is None and row.withdrawn_at is None and path_of(row.uid).is_file(),
        file_until=clock.local(row.made_at).date() + timedelta(days=FILE_DAYS),
    )


@permitted(Permission.ARCHIVE_HAND_OVER)
def list_candidates(session: Session, actor: Actor, *, student_id: int | None = None) -> Candidates:
    """Return whose archives can be packed: who has gone on, who is in the highest grade, this child; three statements.

    Those the clause wants handed over stand first, the earliest day first (F-12).
    """
    stay = aliased(ClassMembership)
    last = (
        select(stay.id)
        .where(col(stay.student_id) == col(Student.id))
        .order_by(col(stay.to_day).is_(None).desc(), col(stay.to_day).desc(), col(stay.id).desc())
        .limit(1)
        .correlate(Student)
        .scalar_subquery()
    )
    child: list[Any] = [Student.id, Student.name, Student.state, Student.left_on]  # a whole row is long
    columns = [
        *child,
        SchoolClass.grade,
        SchoolClass.number,
        is_special().label("is_special"),
        excuse_state().label("excuse"),
    ]
    rows = session.execute(
        select(*columns)
        .select_from(Student)
        .join(PsychArchive, col(PsychArchive.student_id) == col(Student.id))
        .join(ClassMembership, col(ClassMembership.id) == last, isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .where(
            or_(is_to_hand_over(), and_(_goes_next(student_id), col(Student.merged_into_id).is_(None), ~in_package()))
        )
        .order_by(
            case((col(Student.state) == EnrolmentState.GRADUATED, 0), else_=1),
            col(Student.left_on),
            col(SchoolClass.grade),
            col(SchoolClass.number),
            col(Student.name_order),
            col(Student.id),
        )
    ).all()
    numbers = load_calendar(session).numbers
    return Candidates(tuple(_candidate(each, numbers) for each in rows), _keeper(session))


def _goes_next(student_id: int | None) -> ColumnElement[bool]:
    """Return whether a child is in the highest grade there is now, or is the one somebody came for."""
    highest = select(func.max(SchoolClass.grade)).where(
        SchoolClass.school_year == select(func.max(SchoolClass.school_year)).scalar_subquery()
    )
    member, at = aliased(ClassMembership), aliased(SchoolClass)
    # Those of the grade are found first: else every child of the school is looked at.
    in_it = (
        select(member.student_id)
        .join(at, col(at.id) == col(member.class_id))
        .where(col(member.to_day).is_(None), at.grade == highest.scalar_subquery())
    )
    here = col(Student.id).in_(in_it)
    return or_(here, col(Student.id) == student_id) if student_id is not None else here


def _candidate(row: Any, numbers: Numbers) -> Candidate:
    asks = row.state is EnrolmentState.GRADUATED and row.left_on is not None and row.is_special
    excuse = ExcuseState(row.excuse) if asks and row.excuse else None
    return Candidate(
        student_id=row.id,
        name=row.name,
        class_label=class_label(row.grade, row.number) if row.grade is not None else "没有编过班",
        state=row.state,
        left_on=row.left_on,
        due_on=_due_on(row.left_on, numbers) if asks and excuse is not ExcuseState.STANDING else None,
        excuse=excuse,
    )


def _due_on(left_on: date, numbers: Numbers) -> date:
    """Return until when it is handed over, by the number of the day the child left (F-12)."""
    return due_on(left_on, numbers.on(DAYS, left_on))


def _keeper(session: Session) -> str | None:
    """Return who keeps the archives today, as the posts say (F-06)."""
    today = clock.today()
    return session.exec(
        select(AppUser.display_name)
        .join(PostHolder, col(PostHolder.user_id) == col(AppUser.id))
        .join(Post, col(Post.id) == col(PostHolder.post_id))
        .where(
            Post.code == KEEPER,
            col(PostHolder.from_day) <= today,
            or_(col(PostHolder.to_day).is_(None), col(PostHolder.to_day) > today),
        )
        .order_by(col(PostHolder.from_day), col(PostHolder.id))
    ).first()


def state_of(row: HandoverPackage) -> HandoverState:
    """Say how a package stands."""
    if row.withdrawn_at is not None:
        return HandoverState.WITHDRAWN
    if row.received_on is not None:
        return HandoverState.RECEIVED
    return HandoverState.HANDED if row.handed_on is not None else HandoverState.MADE


def _detailed() -> Any:  # a Select of a row and a name
    return select(HandoverPackage, AppUser.display_name).join(
        AppUser, col(AppUser.id) == col(HandoverPackage.made_by_id), isouter=True
    )


def _row(row: HandoverPackage, made_by: str | None) -> PackageRow:
    return PackageRow(
        id=row.id or 0,
        version=row.version,
        reason=row.reason,
        to=unseal(row, "to_sealed") or "",
        children=row.children,
        made_at=row.made_at,
        made_by=made_by,
        state=state_of(row),
        handed_on=row.handed_on,
        received_on=row.received_on,
    )
