"""Pairs as a list: filtered, ordered and paged by the database; and one pair with how it came about (J-01, J-06)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, case
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from db.base import Labelled
from db.sealing import unseal
from db.tables import (
    AppUser,
    ClassMembership,
    EnrolmentState,
    Helper,
    HelperKind,
    Pairing,
    PairingEnd,
    PairingRole,
    SchoolClass,
    Student,
)
from services import clock
from services.access import Permission, permitted
from services.actors import Actor
from services.paging import page_there
from services.pairing.names import helper_name, helper_order
from services.pairing.pairs import StoredPair, find_pair
from services.pairing.rules import is_running
from services.pairing.sight import reads_contact, sees_pairs_of
from services.pairing.waiting import in_place
from services.student_rights import writes_students
from services.students import GONE_FOR_GOOD, is_in_class, shown_class

PAGE_SIZE = 15


class PairState(Labelled):
    """Where a pair stands today."""

    RUNNING = "running", "结着"
    CHILD_GONE = "child_gone", "孩子走了还没结束"
    AHEAD = "ahead", "说好以后开始"
    ENDED = "ended", "结束了"


@dataclass(frozen=True, slots=True)
class PairFilters:
    """Which pairs."""

    state: PairState = PairState.RUNNING
    role: PairingRole | None = None
    grade: int | None = None
    class_id: int | None = None
    helper_id: int | None = None


@dataclass(frozen=True, slots=True)
class PairRow:
    """One pair in a list."""

    id: int
    student_id: int
    child: str
    class_label: str
    helper_id: int
    helper: str
    helper_kind: HelperKind
    role: PairingRole
    from_day: date
    to_day: date | None
    end_reason: PairingEnd | None
    is_child_gone: bool

    @property
    def state(self) -> PairState:
        """Where it stands today; as `_is_in` asks the database."""
        today = clock.today()
        if self.to_day is not None and self.to_day <= today:
            return PairState.ENDED
        if self.from_day > today:
            return PairState.AHEAD
        return PairState.CHILD_GONE if self.is_child_gone else PairState.RUNNING


@dataclass(frozen=True, slots=True)
class PairCount:
    """How many pairs the filters leave, by kind in the chosen state, and by state in the chosen kind."""

    total: int
    by_role: dict[PairingRole, int]
    by_state: dict[PairState, int]


@dataclass(frozen=True, slots=True)
class PairView:
    """One pair as its box shows it: with its own words, the helper's phone where it may be read, and what was before.

    `earlier` are the child's other pairs of the same kind, the newest first.
    """

    stored: StoredPair
    row: PairRow
    phone: str | None
    recorded_by: str | None
    ended_by: str | None
    earlier: tuple[PairRow, ...]
    may_write: bool

    @property
    def is_over(self) -> bool:
        """Whether it has ended by today; nothing about its end can be changed then."""
        return self.stored.to_day is not None and self.stored.to_day <= clock.today()


@permitted(Permission.PAIRING_READ)
def count_pairs(session: Session, actor: Actor, *, filters: PairFilters) -> PairCount:
    """Return how many pairs there are by kind and by state; one statement."""
    sums: list[Any] = [func.sum(case((_is_in(each), 1), else_=0)) for each in PairState]
    columns: list[Any] = [Pairing.role, *sums]
    rows = session.execute(
        _joined(select(*columns), with_class=bool(_place(filters)))
        .where(*_seen(actor, filters))
        .group_by(col(Pairing.role))
    ).all()
    counts = {row[0]: dict(zip(PairState, row[1:], strict=True)) for row in rows}
    of_role = [each for role, each in counts.items() if filters.role in (None, role)]
    return PairCount(
        total=sum(each[filters.state] for each in of_role),
        by_role={role: counts[role][filters.state] if role in counts else 0 for role in PairingRole},
        by_state={state: sum(each[state] for each in of_role) for state in PairState},
    )


@permitted(Permission.PAIRING_READ)
def list_pairs(
    session: Session, actor: Actor, *, filters: PairFilters, page: int, total: int, page_size: int = PAGE_SIZE
) -> list[PairRow]:
    """Return one page of pairs by class, child and kind, those that ended the newest first; one statement."""
    number = page_there(page, total=total, page_size=page_size)
    wanted = [*_seen(actor, filters), _is_in(filters.state)]
    if filters.role is not None:
        wanted.append(col(Pairing.role) == filters.role)
    ended_first = [col(Pairing.to_day).desc()] if filters.state is PairState.ENDED else []
    rows = session.execute(
        _rows()
        .where(*wanted)
        .order_by(
            *ended_first,
            col(SchoolClass.grade),
            col(SchoolClass.number),
            col(Student.name_order),
            col(Student.id),
            col(Pairing.role),
            helper_order(),
            col(Pairing.id),
        )
        .limit(page_size)
        .offset((number - 1) * page_size)
    ).all()
    return [_row(row) for row in rows]


@permitted(Permission.PAIRING_READ)
def find_pair_view(session: Session, actor: Actor, *, pairing_id: int) -> PairView:
    """Return one pair as its box shows it; three statements.

    Raises:
        NotFound: there is no such pair, or none this actor may know of.
    """
    stored = find_pair(session, actor, pairing_id=pairing_id)
    writable = writes_students(actor, Permission.PAIRING_WRITE).condition
    recorder, ender = aliased(AppUser), aliased(AppUser)
    row = session.execute(
        _rows(
            Helper,
            reads_contact(actor).label("reads_contact"),
            case((writable, 1), else_=0).label("may_write"),
            col(recorder.display_name).label("recorded_by"),
            col(ender.display_name).label("ended_by"),
        )
        .join(recorder, col(recorder.id) == col(Pairing.recorded_by_id), isouter=True)
        .join(ender, col(ender.id) == col(Pairing.ended_by_id), isouter=True)
        .where(col(Pairing.id) == pairing_id, sees_pairs_of(actor))
    ).one()
    earlier = session.execute(
        _rows()
        .where(
            col(Pairing.student_id) == stored.student_id,
            col(Pairing.role) == stored.role,
            col(Pairing.id) != pairing_id,
            sees_pairs_of(actor),
        )
        .order_by(col(Pairing.from_day).desc(), col(Pairing.id).desc())
    ).all()
    return PairView(
        stored=stored,
        row=_row(row),
        phone=unseal(row.Helper, "phone_sealed") if row.reads_contact else None,
        recorded_by=row.recorded_by,
        ended_by=row.ended_by,
        earlier=tuple(_row(each) for each in earlier),
        may_write=bool(row.may_write),
    )


@permitted(Permission.PAIRING_READ)
def list_child_pairs(session: Session, actor: Actor, *, student_id: int) -> list[PairRow]:
    """Return a child's pairs, those that go on before those that ended, the newest first; one statement.

    None of a child whose pairs this actor does not read.
    """
    rows = session.execute(
        _rows()
        .where(col(Pairing.student_id) == student_id, sees_pairs_of(actor))
        .order_by(col(Pairing.to_day).is_not(None), col(Pairing.from_day).desc(), col(Pairing.id).desc())
    ).all()
    return [_row(row) for row in rows]


@permitted(Permission.PAIRING_READ)
def list_pairs_to_hand_over(session: Session, actor: Actor, *, helper_id: int) -> list[tuple[PairRow, int]]:
    """Return the pairs of a helper that go on and are this actor's to write, with their versions; one statement."""
    rows = session.execute(
        _rows(Pairing.version)
        .where(
            col(Pairing.helper_id) == helper_id,
            col(Pairing.to_day).is_(None) | (col(Pairing.to_day) > clock.today()),
            sees_pairs_of(actor),
            writes_students(actor, Permission.PAIRING_WRITE).condition,
        )
        .order_by(*_by_child())
    ).all()
    return [(_row(row), row.version) for row in rows]


def _by_child() -> Sequence[Any]:  # columns of several types
    return (
        col(SchoolClass.grade),
        col(SchoolClass.number),
        col(Student.name_order),
        col(Student.id),
        col(Pairing.id),
    )


def _rows(*more: Any) -> Any:  # a select whose columns have no common public type
    columns: list[Any] = [
        col(Pairing.id).label("id"),
        Pairing.student_id,
        col(Student.name).label("child"),
        col(Student.state).label("state"),
        SchoolClass.grade,
        SchoolClass.number,
        Pairing.helper_id,
        helper_name().label("helper"),
        col(Helper.kind).label("helper_kind"),
        Pairing.role,
        Pairing.from_day,
        Pairing.to_day,
        Pairing.end_reason,
        *more,
    ]
    joined = _joined(select(*columns), with_class=True)
    return joined.join(Helper, col(Helper.id) == col(Pairing.helper_id)).join(
        AppUser, col(AppUser.id) == col(Helper.user_id), isouter=True
    )


def _joined(statement: Any, *, with_class: bool) -> Any:
    joined = statement.select_from(Pairing).join(Student, col(Student.id) == col(Pairing.student_id))
    if not with_class:
        return joined
    joined = joined.join(ClassMembership, is_in_class(), isouter=True)
    return joined.join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)


def _place(filters: PairFilters) -> Sequence[ColumnElement[bool]]:
    return in_place(filters.grade, filters.class_id)


def _seen(actor: Actor, filters: PairFilters) -> list[ColumnElement[bool]]:
    wanted = [sees_pairs_of(actor), *_place(filters)]
    if filters.helper_id is not None:
        wanted.append(col(Pairing.helper_id) == filters.helper_id)
    return wanted


def _is_in(state: PairState) -> ColumnElement[bool]:
    today = clock.today()
    if state is PairState.RUNNING:
        return is_running(today)
    if state is PairState.CHILD_GONE:
        return and_(is_running(today), col(Student.state).in_(GONE_FOR_GOOD))
    if state is PairState.AHEAD:
        return and_(col(Pairing.from_day) > today, col(Pairing.to_day).is_(None) | (col(Pairing.to_day) > today))
    return and_(col(Pairing.to_day).is_not(None), col(Pairing.to_day) <= today)


def _row(row: Any) -> PairRow:
    state: EnrolmentState = row.state
    return PairRow(
        id=row.id,
        student_id=row.student_id,
        child=row.child,
        class_label=shown_class(row.grade, row.number, state),
        helper_id=row.helper_id,
        helper=row.helper,
        helper_kind=row.helper_kind,
        role=row.role,
        from_day=row.from_day,
        to_day=row.to_day,
        end_reason=row.end_reason,
        is_child_gone=state in GONE_FOR_GOOD,
    )
