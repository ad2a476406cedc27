"""Pairing in numbers, for who reads no child's name: small groups are held back, also where subtraction shows them."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case
from sqlmodel import Session, col, func, select

from db.tables import CategoryKind, Helper, HelperKind, Pairing, PairingRole, Student, StudentCategory
from services import clock
from services.access import Permission, permitted
from services.actors import Actor
from services.figures import Records, hold_back_small
from services.pairing.rules import is_running
from services.pairing.waiting import at_school


@dataclass(frozen=True, slots=True)
class PairNumbers:
    """How many of the children at school have somebody; None where too few stand behind a number to tell it."""

    paired: int | None
    waiting: int | None
    left_behind_paired: int | None
    left_behind_waiting: int | None
    by_role: dict[PairingRole, int | None]  # children
    helpers: dict[HelperKind, int]  # grown-ups and pupils who help now


@permitted(Permission.PAIRING_NUMBERS)
def find_numbers(session: Session, actor: Actor) -> PairNumbers:
    """Return the whole school's numbers; three statements."""
    today = clock.today()
    children = _children(session)
    parts: dict[str, Records] = {name: Counter() for name in ("lb_paired", "lb_waiting", "paired", "waiting")}
    for student_id, is_left_behind, is_paired in children:
        parts[f"{'lb_' if is_left_behind else ''}{'paired' if is_paired else 'waiting'}"][student_id] += 1
    told = hold_back_small(parts)
    helpers = session.execute(
        select(col(Helper.kind), func.count())
        .where(col(Helper.to_day).is_(None) | (col(Helper.to_day) > today))
        .group_by(col(Helper.kind))
    ).all()
    there = {row[0]: row[1] for row in helpers}
    return PairNumbers(
        paired=_sum(told["lb_paired"], told["paired"]),
        waiting=_sum(told["lb_waiting"], told["waiting"]),
        left_behind_paired=told["lb_paired"],
        left_behind_waiting=told["lb_waiting"],
        by_role=_by_role(session, {each[0] for each in children}, {each[0] for each in children if each[2]}),
        helpers={kind: there.get(kind, 0) for kind in HelperKind},
    )


def _sum(first: int | None, second: int | None) -> int | None:
    return None if first is None or second is None else first + second


def _children(session: Session) -> list[tuple[int, bool, bool]]:
    left_behind = select(StudentCategory.student_id).where(
        StudentCategory.kind == CategoryKind.LEFT_BEHIND, col(StudentCategory.to_day).is_(None)
    )
    paired = select(Pairing.student_id).where(is_running(clock.today()))
    columns: list[Any] = [
        Student.id,
        case((col(Student.id).in_(left_behind), 1), else_=0),
        case((col(Student.id).in_(paired), 1), else_=0),
    ]
    rows = session.execute(select(*columns).where(at_school(), col(Student.merged_into_id).is_(None)))
    return [(row[0], bool(row[1]), bool(row[2])) for row in rows]


def _by_role(session: Session, children: set[int], paired: set[int]) -> dict[PairingRole, int | None]:
    """Return how many children have somebody of each kind; none of whom another number of these leaves few over."""
    found: dict[PairingRole, set[int]] = {role: set() for role in PairingRole}
    for role, student_id in session.execute(
        select(col(Pairing.role), col(Pairing.student_id)).where(is_running(clock.today()))
    ):
        if student_id in children:
            found[role].add(student_id)
    return {role: _told(having, paired, children) for role, having in found.items()}


def _told(having: set[int], paired: set[int], children: set[int]) -> int | None:
    of_paired: dict[str, Records] = {"with": Counter(having), "other": Counter(paired - having)}
    if hold_back_small(of_paired)["with"] is None:  # how many are paired at all is told beside it
        return None
    return hold_back_small({**of_paired, "without": Counter(children - paired)})["with"]
