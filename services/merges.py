"""Two entries of one child become one: compared side by side, merged in one transaction, never taken back."""

import json
from collections.abc import Mapping

from sqlmodel import Session, col, select

from db.locks import Turn, take_turn
from db.sealing import seal, unseal
from db.tables import ClassMembership, DropOut, DropOutOutcome, EnrolmentState, Student
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.drop_out_rows import follow_drop_out
from services.enrolment import enrolment_change
from services.errors import DomainError, NotFound
from services.fields import Checker
from services.merging.comparing import (
    LEFT_ON,
    PLAIN,
    SEALED,
    STATE,
    Comparison,
    EntryFacts,
    InTheWay,
    compare,
    count_followed,
    is_gone_for_good,
)
from services.merging.moving import Mover
from services.merging.sides import Difference, Side, open_rows
from services.row_filters import sees_students
from services.students import LEFT_SCHOOL

__all__ = [
    "Comparison",
    "ComparisonChanged",
    "Difference",
    "EntryFacts",
    "InTheWay",
    "MergeRefused",
    "Side",
    "compare_entries",
    "merge_entries",
]
_NAME = ("name", "name_pinyin", "name_initials", "name_order")


class ComparisonChanged(DomainError):
    """Somebody changed one of the entries since they were compared; `current` is how they stand now."""

    def __init__(self, current: Comparison) -> None:
        super().__init__()
        self.current = current


class MergeRefused(DomainError):
    """Something stands in the way; `reasons` says what."""

    def __init__(self, reasons: tuple[InTheWay, ...]) -> None:
        super().__init__(len(reasons))
        self.reasons = reasons


@permitted(Permission.STUDENT_MERGE)
def compare_entries(session: Session, actor: Actor, *, kept_id: int, other_id: int) -> Comparison:
    """Return two entries side by side; the first would be kept.

    Raises:
        NotFound: there is no such entry, it was merged already, or both are the same.
    """
    return compare(session, *_both(session, actor, kept_id, other_id))


@permitted(Permission.STUDENT_MERGE)
def merge_entries(
    session: Session,
    actor: Actor,
    *,
    kept_id: int,
    other_id: int,
    digest: str,
    choices: Mapping[str, Side],
    is_one_child: bool,
) -> None:
    """Make one entry of two; the other's number and address lead to the kept one from now on. It can't be undone.

    `choices` says for each difference, by key, whose value stays; what is not in it stays as proposed.

    Raises:
        NotFound: as `compare_entries`.
        ComparisonChanged: one of them was changed since; `current` is the comparison now.
        MergeRefused: something stands in the way: two are followed, or one that would be gone for good (E-16).
        FieldErrors: a choice is missing, or nobody has said that it is one child.
    """
    take_turn(session, Turn.IMPORT)  # an import decides which entry a row means
    kept, other = _both(session, actor, kept_id, other_id, locking=True)
    comparison = compare(session, kept, other)
    if comparison.digest != digest:
        raise ComparisonChanged(comparison)
    if comparison.in_the_way:
        raise MergeRefused(comparison.in_the_way)
    chosen = _checked(comparison, choices, is_one_child=is_one_child)
    stated = other if chosen.get(STATE) is Side.OTHER else kept
    if is_gone_for_good(stated) and count_followed(session, kept, other):
        raise MergeRefused((InTheWay.FOLLOWED_THOUGH_GONE,))
    now = clock.now()
    taken = sorted(key for key, side in chosen.items() if side is Side.OTHER)
    _take_values(session, actor, kept, other, taken)
    Mover(session, actor, kept, other, chosen, now).run()
    session.refresh(kept)
    session.refresh(other)
    other.merged_into_id, other.merged_at, other.version = kept.id, now, other.version + 1
    kept.version += 1
    kept.recorded_at = min(kept.recorded_at, other.recorded_at)
    session.add_all([kept, other])
    session.flush()
    class_id = _leave_class_if_gone(session, kept)
    _follow_if_dropped_out(session, actor, kept, class_id)
    audit.record(
        session, actor, audit.Action.STUDENT_MERGED, target=kept, student_id=kept.id, other_id=other.id, fields=taken
    )


def _both(
    session: Session, actor: Actor, kept_id: int, other_id: int, *, locking: bool = False
) -> tuple[Student, Student]:
    """Return both entries, locked in one order whichever is kept, so that two who merge don't wait for each other."""
    query = select(Student).where(col(Student.id).in_([kept_id, other_id]), sees_students(actor))
    query = query.order_by(col(Student.id))
    rows = session.exec(query.with_for_update() if locking else query).all()
    found = {row.id: row for row in rows if row.merged_into_id is None}
    if kept_id == other_id or {kept_id, other_id} - found.keys():
        raise NotFound
    return found[kept_id], found[other_id]


def _checked(comparison: Comparison, choices: Mapping[str, Side], *, is_one_child: bool) -> dict[str, Side]:
    check, chosen = Checker(), {}
    for each in comparison.differences:
        side = choices.get(each.key) or each.proposed
        if side is None:
            check.add(each.key, "choice_needed")
        elif side not in list(Side):
            check.add(each.key, "unknown_choice")
        else:
            chosen[each.key] = Side(side)
    if not is_one_child:
        check.add("is_one_child", "one_child_tick")
    check.finish()
    return chosen


def _take_values(session: Session, actor: Actor, kept: Student, other: Student, taken: list[str]) -> None:
    """Put what was chosen of the other entry into the kept one; both numbers stay taken, one in each."""
    for name in taken:
        if name == "name":
            for column in _NAME:
                setattr(kept, column, getattr(other, column))
        elif name == "student_no":
            number, kept.student_no = kept.student_no, None
            new, other.student_no = other.student_no, None
            _write(session, kept, other)  # a number is there once at any moment
            kept.student_no, other.student_no = new, number
        elif name == "id_number":
            _swap_id_numbers(session, kept, other)
        elif name == STATE:
            _take_state(session, actor, kept, other)
        elif name == LEFT_ON:
            kept.left_on = other.left_on
        elif name in PLAIN:
            setattr(kept, name, getattr(other, name))
        elif name in SEALED:
            seal(kept, f"{name}_sealed", unseal(other, f"{name}_sealed"))
    extra = [json.loads(unseal(row, "extra_sealed") or "{}") for row in (other, kept)]
    if extra[0]:
        seal(kept, "extra_sealed", json.dumps(extra[0] | extra[1], ensure_ascii=False))
    _write(session, kept, other)


def _swap_id_numbers(session: Session, kept: Student, other: Student) -> None:
    texts = [unseal(row, "id_number_sealed") for row in (kept, other)]
    hashes = [row.id_number_hash for row in (kept, other)]
    kept.id_number_hash = other.id_number_hash = None
    _write(session, kept, other)
    for row, text, keyed in zip((kept, other), reversed(texts), reversed(hashes), strict=True):
        seal(row, "id_number_sealed", text)
        row.id_number_hash = keyed


def _take_state(session: Session, actor: Actor, kept: Student, other: Student) -> None:
    before: EnrolmentState = kept.state
    if not {kept.state, other.state} <= LEFT_SCHOOL:  # of two last days somebody chooses one
        kept.left_on = other.left_on
    kept.state = other.state
    day = other.left_on or clock.today()
    session.add(enrolment_change(actor, student_id=kept.id or 0, before=before, after=other.state, day=day, place=None))


def _leave_class_if_gone(session: Session, kept: Student) -> int | None:
    """Who has left the school is in no class, whichever entry said so; return the class that was left."""
    if kept.state not in LEFT_SCHOOL:
        return None
    class_id = None
    for stay in open_rows(session, ClassMembership, kept):
        stay.to_day = max(stay.from_day, kept.left_on or clock.today())
        class_id = stay.class_id
        session.add(stay)
    session.flush()
    return class_id


def _follow_if_dropped_out(session: Session, actor: Actor, kept: Student, class_id: int | None) -> None:
    """Let somebody follow who has dropped out, unless that ended with all that could be done (E-16)."""
    if kept.state is not EnrolmentState.DROPPED_OUT:
        return
    given_up = select(DropOut.id).where(DropOut.student_id == kept.id, DropOut.outcome == DropOutOutcome.STILL_OUT)
    if session.exec(given_up).first() is None:
        day = kept.left_on or clock.today()
        follow_drop_out(session, actor, student_id=kept.id or 0, class_id=class_id, day=day)


def _write(session: Session, *rows: Student) -> None:
    session.add_all(rows)
    session.flush()
