"""Making pairs of what was suggested and looked through by a person: all of them, or none."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlmodel import Session, col, select

from db.tables import AppUser, Helper, Pairing, PairingEnd, Student
from services import clock
from services.access import Permission, permitted
from services.actors import Actor
from services.errors import DomainError
from services.pairing.pair_rows import carry_on, write_end, write_pair
from services.pairing.proposals import ProposalScope, is_available, stays, waits
from services.pairing.rules import holds_place, lock_helpers
from services.students import lock_students


class WhyNot(StrEnum):
    """Why a pair can't be made now."""

    CHILD_PAIRED = "child_paired"  # somebody was faster, or the pair that is handed over has changed
    CHILD_GONE = "child_gone"  # no longer at school, or no longer to be seen
    HELPER_GONE = "helper_gone"  # has left, is no longer vetted, or is not of this kind
    HELPER_CHANGED = "helper_changed"  # somebody changed the helper since
    HELPER_FULL = "helper_full"


@dataclass(frozen=True, slots=True)
class PairProblem:
    """What stands against one pair, or against all of one helper's: then without a child."""

    why: WhyNot
    helper: str
    child: str | None = None
    room: int = 0  # how many more children the helper has room for
    wanted: int = 0  # how many were chosen


class PairsRefused(DomainError):
    """Not one pair was made; `problems` say of which and why."""

    def __init__(self, problems: Sequence[PairProblem]) -> None:
        super().__init__(len(problems))
        self.problems = tuple(problems)


class NothingChosen(DomainError):
    """For no child somebody is chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairWanted:
    """A helper chosen for a child, with the versions the choice was drawn from."""

    student_id: int
    child: str  # as shown, for whoever is told that it can't be
    helper_id: int
    helper: str
    helper_version: int
    pairing_id: int | None = None  # the pair that is handed over
    pairing_version: int | None = None


@permitted(Permission.PAIRING_SUGGEST)
def confirm_pairs(session: Session, actor: Actor, *, scope: ProposalScope, wanted: Sequence[PairWanted]) -> int:
    """Pair every child with who was chosen for it, from today on, and end the pair it is handed over from.

    Of a child handed over for whom nobody is chosen the pair stays as it is. Returns how many pairs were made.

    Raises:
        NothingChosen: no child is named.
        PairsRefused: one of them can't be made now, so none was.
        FieldErrors: a child got somebody of this kind in the same instant.
    """
    if not wanted:
        raise NothingChosen
    today = clock.today()
    lock_students(session, [each.student_id for each in wanted])
    helpers = lock_helpers(session, [each.helper_id for each in wanted])
    problems = [*_about_children(session, actor, scope, wanted, today)]
    problems += _about_helpers(session, scope, wanted, helpers, today)
    if problems:
        raise PairsRefused(problems)
    ended = _end_handed_over(session, actor, wanted, today)
    for each in wanted:
        if (old := ended.get(each.pairing_id)) is not None:
            carry_on(session, actor, old, helper_id=each.helper_id, day=max(today, old.from_day))
        else:
            write_pair(session, actor, student_id=each.student_id, helper_id=each.helper_id, role=scope.role, day=today)
    return len(wanted)


def _about_children(
    session: Session, actor: Actor, scope: ProposalScope, wanted: Sequence[PairWanted], day: date
) -> list[PairProblem]:
    ids = [each.student_id for each in wanted]
    everybody = ProposalScope(role=scope.role, also_others=True, from_helper_id=scope.from_helper_id)
    waiting = set(session.exec(select(Student.id).where(waits(actor, everybody, day), col(Student.id).in_(ids))))
    paired = set(
        session.exec(
            select(Pairing.student_id).where(
                Pairing.role == scope.role, holds_place(day), col(Pairing.student_id).in_(ids)
            )
        )
    )
    handed = _handed_over(session, wanted)
    twice = Counter(ids)
    problems = []
    for each in wanted:
        old = handed.get(each.pairing_id)
        is_stale = (scope.from_helper_id is not None or each.pairing_id is not None) and (
            old is None
            or (old.version, old.student_id, old.helper_id, old.role)
            != (each.pairing_version, each.student_id, scope.from_helper_id, scope.role)
        )
        if each.student_id in waiting and not is_stale and twice[each.student_id] == 1:
            continue
        is_taken = is_stale or each.student_id in paired or twice[each.student_id] > 1
        why = WhyNot.CHILD_PAIRED if is_taken else WhyNot.CHILD_GONE
        problems.append(PairProblem(why, each.helper, each.child))
    return problems


def _handed_over(session: Session, wanted: Sequence[PairWanted]) -> dict[int | None, Pairing]:
    ids = [each.pairing_id for each in wanted if each.pairing_id is not None]
    rows = session.exec(
        select(Pairing)
        .where(col(Pairing.id).in_(ids))
        .order_by(col(Pairing.id))
        .execution_options(populate_existing=True)
    ).all()
    return {row.id: row for row in rows}


def _about_helpers(
    session: Session,
    scope: ProposalScope,
    wanted: Sequence[PairWanted],
    helpers: Mapping[int, Helper],
    day: date,
) -> list[PairProblem]:
    available = set(
        session.exec(
            select(Helper.id)
            .join(AppUser, col(AppUser.id) == col(Helper.user_id), isouter=True)
            .where(col(Helper.id).in_(helpers), is_available(scope.role, day), stays())
        )
    )
    children = _children_of(session, helpers, day)
    problems = []
    for helper_id, chosen in _by_helper(wanted).items():
        helper, name = helpers.get(helper_id), chosen[0].helper
        if helper is None or helper_id not in available or helper_id == scope.from_helper_id:
            problems.append(PairProblem(WhyNot.HELPER_GONE, name))
        elif any(each.helper_version != helper.version for each in chosen):
            problems.append(PairProblem(WhyNot.HELPER_CHANGED, name))
        else:
            present = children.get(helper_id, set())
            added = {each.student_id for each in chosen} - present
            room = max(0, helper.capacity - len(present))
            if len(added) > room:
                problems.append(PairProblem(WhyNot.HELPER_FULL, name, room=room, wanted=len(added)))
    return problems


def _children_of(session: Session, helper_ids: Collection[int], day: date) -> dict[int, set[int]]:
    """Return the children each of these helpers has, in whatever pairs, those agreed for later included."""
    found: dict[int, set[int]] = {}
    rows = select(Pairing.helper_id, Pairing.student_id).where(col(Pairing.helper_id).in_(helper_ids), holds_place(day))
    for helper_id, student_id in session.exec(rows):
        found.setdefault(helper_id, set()).add(student_id)
    return found


def _by_helper(wanted: Sequence[PairWanted]) -> dict[int, list[PairWanted]]:
    found: dict[int, list[PairWanted]] = {}
    for each in wanted:
        found.setdefault(each.helper_id, []).append(each)
    return found


def _end_handed_over(
    session: Session, actor: Actor, wanted: Sequence[PairWanted], day: date
) -> dict[int | None, Pairing]:
    """End the pairs that are handed over, before the new ones begin: of most kinds a child has but one."""
    ended = _handed_over(session, wanted)
    for row in ended.values():
        row.version += 1
        write_end(session, actor, row, day=max(day, row.from_day), reason=PairingEnd.HELPER_LEFT)
    session.flush()
    return ended
