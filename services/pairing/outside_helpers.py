"""Helpers without an account (volunteer, parent, cadre, pupil): whose work somebody else writes down, and of whom."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session, col, func, or_, select

from db.tables import Helper, HelperKind, Pairing, Student
from services import clock
from services.access import Permission, allows, permitted
from services.actors import Actor
from services.pairing.rules import is_running
from services.pairing.sight import sees_pairs_of

LONGEST_AGO = timedelta(days=366 * 2)
"""As far back as a record is written down."""


@dataclass(frozen=True, slots=True)
class OutsideHelper:
    """Somebody without an account who is, or was, paired with a child."""

    id: int
    name: str
    kind: HelperKind
    until: date | None  # the first day without the pair; None: it runs, today and on


@permitted(Permission.RECORD_WRITE)
def list_outside_helpers(session: Session, actor: Actor, *, student_ids: Collection[int]) -> list[OutsideHelper]:
    """Return who without an account is paired with all these children, or was lately; one statement.

    None to who doesn't read the children's pairs.
    """
    if not student_ids or not allows(actor, Permission.PAIRING_READ):
        return []
    columns: list[Any] = [Helper, Pairing.student_id, Pairing.to_day]
    rows = session.execute(
        select(*columns)
        .select_from(Helper)
        .join(Pairing, col(Pairing.helper_id) == col(Helper.id))
        .join(Student, col(Student.id) == col(Pairing.student_id))
        .where(
            col(Helper.user_id).is_(None),
            col(Pairing.student_id).in_(student_ids),
            col(Pairing.from_day) <= clock.today(),
            or_(
                col(Pairing.to_day).is_(None),
                (col(Pairing.to_day) > col(Pairing.from_day)) & (col(Pairing.to_day) > clock.today() - LONGEST_AGO),
            ),
            sees_pairs_of(actor),
        )
        .order_by(col(Helper.name_order), col(Helper.id))
    ).all()
    helpers = {helper.id or 0: helper for helper, _, _ in rows}
    ends: dict[int, dict[int, date | None]] = {each: {} for each in helpers}
    for helper, student_id, to_day in rows:
        known = ends[helper.id or 0]
        known[student_id] = _later(known[student_id], to_day) if student_id in known else to_day
    return [
        OutsideHelper(number, helper.name or "", helper.kind, _ended(ends[number].values()))
        for number, helper in helpers.items()
        if len(ends[number]) == len(set(student_ids))
    ]


def are_paired_on(
    session: Session, actor: Actor, *, helper_id: int, student_ids: Collection[int], day: date, is_known: bool = False
) -> bool:
    """Say whether a helper without an account had all these children on a day, as far as the actor reads their pairs.

    `is_known` is a helper who stood in the record already.
    """
    wanted = (
        select(func.count(func.distinct(col(Pairing.student_id))))
        .select_from(Pairing)
        .join(Helper, col(Helper.id) == col(Pairing.helper_id))
        .join(Student, col(Student.id) == col(Pairing.student_id))
        .where(Helper.id == helper_id, col(Pairing.student_id).in_(student_ids), is_running(day))
    )
    if not is_known:
        if not allows(actor, Permission.PAIRING_READ):
            return False
        wanted = wanted.where(col(Helper.user_id).is_(None), sees_pairs_of(actor))
    return session.exec(wanted).one() == len(set(student_ids))


def _later(one: date | None, other: date | None) -> date | None:
    return None if one is None or other is None else max(one, other)


def _ended(ends: Collection[date | None]) -> date | None:
    """Return since when not all of the pairs run any more; None where all do."""
    over = [day for day in ends if day is not None and day <= clock.today()]
    return min(over, default=None)
