"""Pairs (结对): beginning, changing and ending them, and handing a helper's children over (J-01, J-06)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session, col, select

from db.sealing import seal, unseal
from db.tables import Helper, Pairing, PairingEnd, PairingRole, Student
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.editing import last_editor, lock_version
from services.errors import DomainError, EditedMeanwhile, NotFound, Problem
from services.fields import LINE, LONG, Checker
from services.pairing.pair_rows import carry_on, write_end, write_pair
from services.pairing.rules import Days, check_child, check_helper, check_place, lock_helpers
from services.pairing.sight import sees_helpers, sees_pairs_of
from services.student_rights import require_writable
from services.students import GONE_FOR_GOOD, lock_students

FURTHEST = timedelta(days=366)
LONGEST_AGO = timedelta(days=366 * 12)


class PairEnded(DomainError):
    """The pair has ended already; how it ended stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairEntry:
    """A pair as typed."""

    student_id: int | None = None
    helper_id: int | None = None
    role: PairingRole | None = None
    from_day: date | None = None
    content: str | None = None  # what it is about


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPair:
    """A pair as its dialogs are drawn."""

    id: int
    version: int
    student_id: int
    child: str
    helper_id: int
    role: PairingRole
    from_day: date
    to_day: date | None
    end_reason: PairingEnd | None
    end_words: str | None
    content: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """To whom a leaving helper's child goes; to nobody, where no helper is chosen."""

    pairing_id: int
    version: int
    to_helper_id: int | None


class HandOverRefused(DomainError):
    """Not one child was handed over; `problems` names each pair that can't be, and what stands against it."""

    def __init__(self, problems: dict[int, Problem]) -> None:
        super().__init__(sorted(problems))
        self.problems = problems


@permitted(Permission.PAIRING_READ)
def find_pair(session: Session, actor: Actor, *, pairing_id: int) -> StoredPair:
    """Return a pair as its dialogs are drawn.

    Raises:
        NotFound: there is no such pair, or none this actor may know of.
    """
    row = session.exec(
        select(Pairing, Student.name)
        .join(Student, col(Student.id) == col(Pairing.student_id))
        .where(Pairing.id == pairing_id, sees_pairs_of(actor))
    ).first()
    if row is None:
        raise NotFound
    return _stored(*row)


@permitted(Permission.PAIRING_WRITE)
def start_pair(session: Session, actor: Actor, *, entry: PairEntry) -> int:
    """Pair a child with a helper from a day on, today where none is said; return the pair's id.

    Raises:
        NotFound: there is no such child or helper, or none this actor may know of.
        NotAllowed: the child is not this actor's to pair.
        FieldErrors: something is missing or can't be: the helper is full, has left or is not vetted, or the child has
            somebody of this kind on one of these days.
    """
    check = Checker()
    days = Days(entry.from_day or clock.today())
    _check_entry(check, entry, days)
    check.finish()
    student_id, helper_id, role = entry.student_id or 0, entry.helper_id or 0, entry.role or PairingRole.MENTOR
    require_writable(session, actor, student_id, Permission.PAIRING_WRITE)
    lock_students(session, [student_id])
    helper = _lock_seen(session, actor, helper_id)
    _check_child_there(session, check, student_id, days)
    check_child(session, check, student_id=student_id, helper_id=helper_id, role=role, days=days)
    check_helper(session, check, helper, role, days)
    check_place(session, check, helper, student_ids=[student_id], days=days)
    check.finish()
    pair = write_pair(
        session, actor, student_id=student_id, helper_id=helper_id, role=role, day=days.first, content=entry.content
    )
    return pair.id or 0


@permitted(Permission.PAIRING_WRITE)
def change_pair(session: Session, actor: Actor, *, pairing_id: int, version: int, content: str | None) -> None:
    """Change what a pair is about; child, helper, kind and days are put right by ending it and beginning another.

    Raises:
        NotFound, NotAllowed: as `start_pair`.
        FieldErrors: the text is too long.
        EditedMeanwhile: somebody changed it since; `current` is a StoredPair.
    """
    check = Checker()
    text = check.text("content", content, limit=LONG)
    check.finish()
    pair = _lock_pair(session, actor, pairing_id, version)
    fields = ["content"] if unseal(pair, "content_sealed") != text else []
    seal(pair, "content_sealed", text)
    session.add(pair)
    audit.record(session, actor, audit.Action.PAIRING_CHANGED, target=pair, student_id=pair.student_id, fields=fields)


@permitted(Permission.PAIRING_WRITE)
def end_pair(
    session: Session,
    actor: Actor,
    *,
    pairing_id: int,
    version: int,
    day: date | None,
    reason: PairingEnd | None,
    words: str | None = None,
) -> None:
    """End a pair: the day is the first one it no longer runs; one that was a mistake ends on the day it began.

    Raises:
        NotFound, NotAllowed: as `start_pair`.
        PairEnded: it has ended before today.
        FieldErrors: day or reason is missing, or the day lies before it began or too far off.
        EditedMeanwhile: somebody changed it since; `current` is a StoredPair.
    """
    check = Checker()
    text = check.text("words", words, limit=LINE)
    if reason is None:
        check.add("reason", "required")
    if day is None and reason is not PairingEnd.MISTAKE:
        check.add("day", "required")
    check.finish()
    pair = _lock_pair(session, actor, pairing_id, version)
    if pair.to_day is not None and pair.to_day <= clock.today():
        raise PairEnded
    last = pair.from_day if reason is PairingEnd.MISTAKE else day or clock.today()
    _check_end(check, pair, last)
    check.finish()
    write_end(session, actor, pair, day=last, reason=reason or PairingEnd.DONE, words=text)


@permitted(Permission.PAIRING_WRITE)
def hand_over(
    session: Session,
    actor: Actor,
    *,
    from_helper_id: int,
    day: date | None,
    reason: PairingEnd | None,
    moves: Sequence[HandOver],
    words: str | None = None,
) -> int:
    """End pairs of one helper and let others go on with the children the same day: all of it, or nothing.

    Returns how many children have somebody new.

    Raises:
        FieldErrors: no pair is named, day or reason is missing, or they are said to be mistakes, which `end_pair` ends.
        NotFound, NotAllowed: as `start_pair`.
        HandOverRefused: a pair has changed or ended since, or one of those who should go on can't.
    """
    check = Checker()
    text = check.text("words", words, limit=LINE)
    if day is None:
        check.add("day", "required")
    elif not abs(day - clock.today()) <= FURTHEST:
        check.add("day", "too_far", day=day)
    if reason in (None, PairingEnd.MISTAKE):
        check.add("reason", "required")
    if not moves:
        check.add("moves", "required")
    check.finish()
    first, why = day or clock.today(), reason or PairingEnd.HELPER_LEFT
    pairs, helpers = _lock_moves(session, actor, from_helper_id, moves)
    _refuse_stale(pairs, moves, from_helper_id, first)
    for each in moves:
        pairs[each.pairing_id].version += 1
        write_end(session, actor, pairs[each.pairing_id], day=first, reason=why, words=text)
    session.flush()  # of most kinds a child has one at a time
    _refuse_moves(session, pairs, helpers, moves, first)
    taken = [(pairs[each.pairing_id], each.to_helper_id) for each in moves if each.to_helper_id is not None]
    for old, helper_id in taken:
        carry_on(session, actor, old, helper_id=helper_id, day=first)
    return len(taken)


# --- what can be ---


def _check_entry(check: Checker, entry: PairEntry, days: Days) -> None:
    for name in ("student_id", "helper_id", "role"):
        if getattr(entry, name) is None:
            check.add(name, "required")
    if days.first - clock.today() > FURTHEST:
        check.add("from_day", "too_far", day=days.first)
    elif clock.today() - days.first > LONGEST_AGO:
        check.add("from_day", "too_early", day=days.first)
    check.text("content", entry.content, limit=LONG)


def _check_child_there(session: Session, check: Checker, student_id: int, days: Days) -> None:
    child = session.get_one(Student, student_id, populate_existing=True)
    if child.merged_into_id is not None:
        raise NotFound
    if child.state in GONE_FOR_GOOD:
        check.add("student_id", "not_here")
    if days.first <= child.birth_day:
        check.add("from_day", "too_early", day=days.first)


def _check_end(check: Checker, pair: Pairing, day: date) -> None:
    if day < pair.from_day:
        check.add("day", "before_pair", day=pair.from_day)
    elif day - clock.today() > FURTHEST:
        check.add("day", "too_far", day=day)
    elif pair.to_day is not None and day > pair.to_day:  # somebody else may follow from that day on
        check.add("day", "after_agreed_end", day=pair.to_day)


def _refuse_stale(pairs: dict[int, Pairing], moves: Sequence[HandOver], from_helper_id: int, day: date) -> None:
    problems = {}
    for each in moves:
        pair = pairs.get(each.pairing_id)
        if pair is None or pair.helper_id != from_helper_id:
            raise NotFound
        if pair.version != each.version or (pair.to_day is not None and pair.to_day <= max(day, clock.today())):
            problems[each.pairing_id] = Problem("pair_changed")
        elif day < pair.from_day:
            problems[each.pairing_id] = Problem("before_pair", day=pair.from_day)
        elif each.to_helper_id == from_helper_id:
            problems[each.pairing_id] = Problem("same_helper")
    if problems:
        raise HandOverRefused(problems)


def _refuse_moves(
    session: Session, pairs: dict[int, Pairing], helpers: dict[int, Helper], moves: Sequence[HandOver], day: date
) -> None:
    problems: dict[int, Problem] = {}
    days = Days(day)
    children: dict[int, list[int]] = {}
    for each in moves:
        if each.to_helper_id is None:
            continue
        pair, check = pairs[each.pairing_id], Checker()
        helper = helpers[each.to_helper_id]
        _check_child_there(session, check, pair.student_id, days)
        check_helper(session, check, helper, pair.role, days)
        check_child(session, check, student_id=pair.student_id, helper_id=each.to_helper_id, role=pair.role, days=days)
        children.setdefault(each.to_helper_id, []).append(pair.student_id)
        check_place(session, check, helper, student_ids=children[each.to_helper_id], days=days)
        if check.problems:
            problems[each.pairing_id] = next(iter(check.problems.values()))
    if problems:
        raise HandOverRefused(problems)


# --- rows ---


def _lock_seen(session: Session, actor: Actor, helper_id: int) -> Helper:
    if session.exec(select(Helper.id).where(Helper.id == helper_id, sees_helpers(actor))).first() is None:
        raise NotFound
    return lock_helpers(session, [helper_id])[helper_id]


def _lock_pair(session: Session, actor: Actor, pairing_id: int, version: int) -> Pairing:
    """Lock a pair behind its child, at the version its dialog was drawn from."""
    stored = find_pair(session, actor, pairing_id=pairing_id)
    require_writable(session, actor, stored.student_id, Permission.PAIRING_WRITE)
    lock_students(session, [stored.student_id])
    lock_helpers(session, [stored.helper_id])
    try:
        return lock_version(session, Pairing, pairing_id, version=version)
    except EditedMeanwhile as error:
        current = _stored(error.current, stored.child)
        raise EditedMeanwhile(current, edited_by=last_editor(session, error.current)) from None


def _lock_moves(
    session: Session, actor: Actor, from_helper_id: int, moves: Sequence[HandOver]
) -> tuple[dict[int, Pairing], dict[int, Helper]]:
    """Lock the children, then the helpers, each in one order; then read the pairs as they stand now."""
    ids = [each.pairing_id for each in moves]
    seen = session.exec(
        select(Pairing.id, Pairing.student_id)
        .join(Student, col(Student.id) == col(Pairing.student_id))
        .where(col(Pairing.id).in_(ids), sees_pairs_of(actor))
        .order_by(col(Pairing.id))
    ).all()
    if {pairing_id for pairing_id, _ in seen} != set(ids) or len(ids) != len(set(ids)):
        raise NotFound
    for student_id in sorted({student_id for _, student_id in seen}):
        require_writable(session, actor, student_id, Permission.PAIRING_WRITE)
    lock_students(session, {student_id for _, student_id in seen})
    wanted = {from_helper_id, *(each.to_helper_id for each in moves if each.to_helper_id is not None)}
    known = select(Helper.id).where(col(Helper.id).in_(wanted), sees_helpers(actor))
    if set(session.exec(known)) != wanted:
        raise NotFound
    helpers = lock_helpers(session, wanted)
    rows = session.exec(
        select(Pairing)
        .where(col(Pairing.id).in_(ids))
        .order_by(col(Pairing.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    return {row.id or 0: row for row in rows}, helpers


def _stored(pair: Pairing, child: str) -> StoredPair:
    return StoredPair(
        id=pair.id or 0,
        version=pair.version,
        student_id=pair.student_id,
        child=child,
        helper_id=pair.helper_id,
        role=pair.role,
        from_day=pair.from_day,
        to_day=pair.to_day,
        end_reason=pair.end_reason,
        end_words=unseal(pair, "end_words_sealed"),
        content=unseal(pair, "content_sealed"),
    )
