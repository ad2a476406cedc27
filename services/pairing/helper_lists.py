"""Helpers as a list: who has room, whose training, pledge or vetting is missing, who carries how much (J-09, J-17)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_
from sqlmodel import Session, col, func, select

from db.base import Labelled
from db.tables import AppUser, Helper, HelperKind, Pairing, PairingRole
from services import clock
from services.access import Permission, permitted
from services.actors import Actor
from services.paging import page_there
from services.pairing.names import helper_name, helper_order
from services.pairing.proposals import is_available
from services.pairing.rules import holds_place
from services.pairing.sight import sees_helpers

PAGE_SIZE = 15
MOST_DRAWN = 40
"""So many helpers a chart shows: those who carry most."""
_OUTSIDE = (HelperKind.VOLUNTEER, HelperKind.PARTY_CADRE, HelperKind.PARENT)


class HelperState(Labelled):
    """What about a helper calls for somebody."""

    NOT_VETTED = "not_vetted", "没审核"
    UNTRAINED = "untrained", "培训没有或过期"
    NO_PLEDGE = "no_pledge", "没签承诺"
    FULL = "full", "带满了"
    NO_CHILD = "no_child", "还没带孩子"


LACKING = (HelperState.NOT_VETTED, HelperState.UNTRAINED, HelperState.NO_PLEDGE)
"""What has to be mended before, or while, somebody helps."""


@dataclass(frozen=True, slots=True)
class HelperFilters:
    """Which helpers; without `has_left` those who help now."""

    kind: HelperKind | None = None
    state: HelperState | None = None
    has_left: bool = False


@dataclass(frozen=True, slots=True)
class HelperRow:
    """One helper in a list; `room` is how many more children there is place for."""

    id: int
    name: str
    kind: HelperKind
    capacity: int
    children: int
    room: int
    states: tuple[HelperState, ...]
    subjects: str
    trained_until: date | None
    from_day: date
    to_day: date | None

    @property
    def lacks(self) -> tuple[HelperState, ...]:
        """What is missing or has run out."""
        return tuple(each for each in LACKING if each in self.states)


@dataclass(frozen=True, slots=True)
class HelperCount:
    """How many helpers the filters leave, by kind and, in the chosen kind, by what calls for somebody."""

    total: int
    by_kind: dict[HelperKind, int]
    by_state: dict[HelperState, int]


@dataclass(frozen=True, slots=True)
class HelperChoice:
    """A helper as it is offered for a pair."""

    id: int
    name: str
    kind: HelperKind
    room: int


@permitted(Permission.PAIRING_READ)
def count_helpers(session: Session, actor: Actor, *, filters: HelperFilters) -> HelperCount:
    """Return how many helpers there are; one statement."""
    loads = _loads()
    sums: list[Any] = [func.sum(case((_is_in(each, loads), 1), else_=0)) for each in HelperState]
    rows = session.execute(
        select(col(Helper.kind), func.count(), *sums)
        .join(loads, loads.c.helper_id == col(Helper.id), isouter=True)
        .where(sees_helpers(actor), _is_here(filters))
        .group_by(col(Helper.kind))
    ).all()
    counts = {row[0]: (row[1], dict(zip(HelperState, row[2:], strict=True))) for row in rows}
    of_kind = [each for kind, each in counts.items() if filters.kind in (None, kind)]
    in_state = {state: sum(each[state] for _, each in of_kind) for state in HelperState}
    by_kind = {
        kind: (there if filters.state is None else states[filters.state]) for kind, (there, states) in counts.items()
    }
    return HelperCount(
        total=sum(number for number, _ in of_kind) if filters.state is None else in_state[filters.state],
        by_kind={kind: by_kind.get(kind, 0) for kind in HelperKind},
        by_state=in_state,
    )


@permitted(Permission.PAIRING_READ)
def list_helpers(
    session: Session, actor: Actor, *, filters: HelperFilters, page: int, total: int, page_size: int = PAGE_SIZE
) -> list[HelperRow]:
    """Return one page of helpers: those of whom something is missing first, then by kind and name; one statement."""
    number = page_there(page, total=total, page_size=page_size)
    loads = _loads()
    lacks = or_(*(_is_in(each, loads) for each in LACKING))
    wanted = [sees_helpers(actor), *_conditions(filters, loads)]
    rows = session.execute(
        _rows(loads)
        .where(*wanted)
        .order_by(case((lacks, 0), else_=1), col(Helper.kind), helper_order(), col(Helper.id))
        .limit(page_size)
        .offset((number - 1) * page_size)
    ).all()
    return [_row(row) for row in rows]


@permitted(Permission.PAIRING_READ)
def find_helper_row(session: Session, actor: Actor, *, helper_id: int) -> HelperRow | None:
    """Return one helper as the list shows it; None where there is none this actor may know of."""
    loads = _loads()
    row = session.execute(_rows(loads).where(col(Helper.id) == helper_id, sees_helpers(actor))).first()
    return _row(row) if row is not None else None


@permitted(Permission.PAIRING_READ)
def list_loads(session: Session, actor: Actor, *, filters: HelperFilters, most: int = MOST_DRAWN) -> list[HelperRow]:
    """Return who carries most children of those the filters leave, the most first; one statement."""
    loads = _loads()
    children = func.coalesce(loads.c.children, 0)
    rows = session.execute(
        _rows(loads)
        .where(sees_helpers(actor), *_conditions(filters, loads))
        .order_by(children.desc(), helper_order(), col(Helper.id))
        .limit(most)
    ).all()
    return [_row(row) for row in rows]


@permitted(Permission.PAIRING_WRITE)
def list_choices(
    session: Session, actor: Actor, *, role: PairingRole, except_id: int | None = None
) -> list[HelperChoice]:
    """Return who could take a child in this kind of pair today, by name; one statement."""
    loads = _loads()
    children = func.coalesce(loads.c.children, 0)
    rows = session.execute(
        select(col(Helper.id), helper_name(), col(Helper.kind), col(Helper.capacity) - children)
        .join(AppUser, col(AppUser.id) == col(Helper.user_id), isouter=True)
        .join(loads, loads.c.helper_id == col(Helper.id), isouter=True)
        .where(
            sees_helpers(actor),
            is_available(role, clock.today()),
            col(Helper.capacity) > children,
            col(Helper.id) != (except_id or 0),
        )
        .order_by(helper_order(), col(Helper.id))
    ).all()
    return [HelperChoice(helper_id or 0, name, kind, room) for helper_id, name, kind, room in rows]


def _rows(loads: Any) -> Any:  # a select whose columns have no common public type
    children = func.coalesce(loads.c.children, 0)
    return (
        select(Helper, helper_name().label("name"), children.label("children"))
        .join(AppUser, col(AppUser.id) == col(Helper.user_id), isouter=True)
        .join(loads, loads.c.helper_id == col(Helper.id), isouter=True)
    )


def _loads() -> Any:  # a subquery whose columns have no common public type
    """Return how many children each helper has or is to have: each takes one place, in however many pairs."""
    return (
        select(col(Pairing.helper_id), func.count(func.distinct(col(Pairing.student_id))).label("children"))
        .where(holds_place(clock.today()))
        .group_by(col(Pairing.helper_id))
        .subquery("loads")
    )


def _conditions(filters: HelperFilters, loads: Any) -> Sequence[ColumnElement[bool]]:
    wanted = [_is_here(filters)]
    if filters.kind is not None:
        wanted.append(col(Helper.kind) == filters.kind)
    if filters.state is not None:
        wanted.append(_is_in(filters.state, loads))
    return wanted


def _is_here(filters: HelperFilters) -> ColumnElement[bool]:
    today = clock.today()
    has_left = and_(col(Helper.to_day).is_not(None), col(Helper.to_day) <= today)
    return has_left if filters.has_left else or_(col(Helper.to_day).is_(None), col(Helper.to_day) > today)


def _is_in(state: HelperState, loads: Any) -> ColumnElement[bool]:
    """Return the filter for what `_states` says of a row."""
    today, children = clock.today(), func.coalesce(loads.c.children, 0)
    is_volunteer = col(Helper.kind) == HelperKind.VOLUNTEER
    never_trained = and_(is_volunteer, col(Helper.trained_until).is_(None))
    run_out = and_(col(Helper.trained_until).is_not(None), col(Helper.trained_until) < today)
    found: dict[HelperState, ColumnElement[bool]] = {
        HelperState.NOT_VETTED: and_(is_volunteer, or_(col(Helper.vetted_on).is_(None), col(Helper.vetted_on) > today)),
        HelperState.UNTRAINED: or_(never_trained, run_out),
        HelperState.NO_PLEDGE: and_(col(Helper.kind).in_(_OUTSIDE), col(Helper.pledged_on).is_(None)),
        HelperState.FULL: children >= col(Helper.capacity),
        HelperState.NO_CHILD: children == 0,
    }
    return found[state]


def _states(helper: Helper, children: int) -> tuple[HelperState, ...]:
    today, is_volunteer = clock.today(), helper.kind is HelperKind.VOLUNTEER
    until = helper.trained_until
    found = {
        HelperState.NOT_VETTED: is_volunteer and (helper.vetted_on is None or helper.vetted_on > today),
        HelperState.UNTRAINED: until < today if until is not None else is_volunteer,
        HelperState.NO_PLEDGE: helper.kind in _OUTSIDE and helper.pledged_on is None,
        HelperState.FULL: children >= helper.capacity,
        HelperState.NO_CHILD: children == 0,
    }
    return tuple(state for state in HelperState if found[state])


def _row(row: Any) -> HelperRow:
    helper: Helper = row[0]
    return HelperRow(
        id=helper.id or 0,
        name=row.name or "",
        kind=helper.kind,
        capacity=helper.capacity,
        children=row.children,
        room=max(0, helper.capacity - row.children),
        states=_states(helper, row.children),
        subjects=helper.subjects.replace(",", "、"),
        trained_until=helper.trained_until,
        from_day=helper.from_day,
        to_day=helper.to_day,
    )
