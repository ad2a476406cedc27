"""What makes a pair possible: days, who may be asked for which kind of pair, and how many children at once (area J)."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from db.tables import SEVERAL, AppUser, Gender, Helper, HelperKind, Pairing, PairingRole
from services.fields import Checker
from services.pairing.roles import KINDS_FOR

USUAL_CAPACITY = {
    HelperKind.VOLUNTEER: 3,
    HelperKind.PARTY_CADRE: 3,
    HelperKind.PARENT: 2,
    HelperKind.PUPIL: 2,
}
"""How many children somebody takes on where nobody said; of staff parameter J-12.children_a_tutor says it."""
TUTOR_PARAMETER = "J-12.children_a_tutor"
MOST_CHILDREN = 60
"""So many children at once nobody takes on more than."""


class Days(NamedTuple):
    """A stretch of days, half-open; without an end it goes on."""

    first: date
    end: date | None = None

    def meets(self, other: "Days") -> bool:
        """Say whether the two share a day."""
        if self.is_empty or other.is_empty:
            return False
        return (other.end is None or self.first < other.end) and (self.end is None or other.first < self.end)

    def holds(self, day: date) -> bool:
        """Say whether a day lies in it."""
        return self.first <= day and (self.end is None or day < self.end)

    @property
    def is_empty(self) -> bool:
        """Whether no day lies in it: begun and ended on one day."""
        return self.end is not None and self.end <= self.first


def is_running(day: date) -> ColumnElement[bool]:
    """Return whether a pair runs on a day."""
    return and_(col(Pairing.from_day) <= day, holds_place(day))


def holds_place(day: date) -> ColumnElement[bool]:
    """Return whether a pair runs on a day, or is agreed for a later one: it takes a helper's place either way."""
    return or_(col(Pairing.to_day).is_(None), col(Pairing.to_day) > day)


def most_at_once(stints: Iterable[tuple[int, Days]], *, within: Days) -> int:
    """Return how many different children a helper has at most on any day of a stretch."""
    inside = [(child, days) for child, days in stints if days.meets(within)]
    beginnings = {max(within.first, days.first) for _, days in inside}
    return max((len({child for child, days in inside if days.holds(day)}) for day in beginnings), default=0)


def lock_helpers(session: Session, helper_ids: Iterable[int | None]) -> dict[int, Helper]:
    """Lock helpers after the children, in one order; how many each has is counted behind it."""
    rows = session.exec(
        select(Helper)
        .where(col(Helper.id).in_({each for each in helper_ids if each is not None}))
        .order_by(col(Helper.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    return {row.id or 0: row for row in rows}


def check_helper(session: Session, check: Checker, helper: Helper, role: PairingRole, days: Days) -> None:
    """Note what stands against asking somebody for this kind of pair on these days; `helper_id` is the field."""
    account = session.get(AppUser, helper.user_id) if helper.user_id is not None else None
    if helper.kind not in KINDS_FOR[role]:
        check.add("role", "helper_kind", kind=helper.kind.label)
    elif role is PairingRole.LOVE_MOTHER and helper.gender is Gender.MALE:
        check.add("role", "love_mother")
    if account is not None and not account.is_active:
        check.add("helper_id", "helper_account_closed")
    elif days.first < helper.from_day:
        check.add("from_day", "before_helper", day=helper.from_day)
    elif helper.to_day is not None and (days.end is None or days.end > helper.to_day):
        check.add("helper_id", "helper_left", day=helper.to_day)
    elif helper.kind is HelperKind.VOLUNTEER and (helper.vetted_on is None or helper.vetted_on > days.first):
        check.add("helper_id", "helper_not_vetted")
    elif helper.trained_until is not None and helper.trained_until < days.first:
        check.add("helper_id", "helper_untrained", day=helper.trained_until)


def stints_of(session: Session, helper_id: int | None, *, without: Iterable[int] = ()) -> list[tuple[int, Days]]:
    """Return every child a helper had, has or is to have, with its days; one statement."""
    left_out = set(without)
    rows = session.exec(select(Pairing).where(Pairing.helper_id == helper_id).order_by(col(Pairing.id)))
    return [(row.student_id, Days(row.from_day, row.to_day)) for row in rows if row.id not in left_out]


def check_place(
    session: Session,
    check: Checker,
    helper: Helper,
    *,
    student_ids: Sequence[int],
    days: Days,
    without: Iterable[int] = (),
) -> None:
    """Note that a helper, locked before, has no place for these children on some of the days."""
    stints = stints_of(session, helper.id, without=without)
    wanted = [(student_id, days) for student_id in student_ids]
    if most_at_once([*stints, *wanted], within=days) > helper.capacity:
        has = most_at_once(stints, within=days)
        check.add("helper_id", "helper_full", capacity=helper.capacity, count=has)


def check_child(
    session: Session,
    check: Checker,
    *,
    student_id: int,
    helper_id: int,
    role: PairingRole,
    days: Days,
    without: Iterable[int] = (),
) -> None:
    """Note that a child, locked before, has somebody of this kind on some of the days (the same person, of several)."""
    of_kind = select(Pairing, Helper.name, AppUser.display_name).join(Helper, col(Helper.id) == col(Pairing.helper_id))
    rows = session.exec(
        of_kind.join(AppUser, col(AppUser.id) == col(Helper.user_id), isouter=True)
        .where(Pairing.student_id == student_id, Pairing.role == role)
        .order_by(col(Pairing.from_day), col(Pairing.id))
        .execution_options(populate_existing=True)
    ).all()
    left_out = set(without)
    for row, name, account in rows:
        is_same = row.helper_id == helper_id
        if row.id in left_out or not Days(row.from_day, row.to_day).meets(days) or (role in SEVERAL and not is_same):
            continue
        check.add("role", "pair_taken", helper=account or name, day=row.from_day, until=row.to_day)
        return
