"""Children who stay away from school: noticing it, bringing them back, ending it (E-16)."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from db.sealing import seal
from db.tables import (
    AppUser,
    ClassMembership,
    DropOut,
    DropOutOutcome,
    DropOutReason,
    DropOutStep,
    DropOutStepKind,
    EnrolmentState,
    Role,
    Student,
)
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.agreements import check_agreement
from services.drop_out_rows import open_drop_out
from services.drop_out_views import (
    answers_by_relation,
    can_follow,
    state_after,
    stored_drop_out,
    stored_step,
)
from services.editing import last_editor, lock_version
from services.errors import DomainError, EditedMeanwhile, NotAllowed, NotFound
from services.fields import LINE, LONG, SHORT, Checker
from services.openings import is_noted
from services.row_filters import Grounds, grounds_for, sees_drop_outs
from services.student_rights import require_writable
from services.students import GONE_FOR_GOOD, apply_state, enter_class, is_class_of_now, lock_student, lock_students

LONGEST_AGO_DAYS = 366 * 2
REACHES_FAMILY = frozenset({DropOutStepKind.CALL, DropOutStepKind.HOME_VISIT, DropOutStepKind.NOTICE})
"""What a head of the care room must have agreed to, for every child: one that is asked about alone would be told."""
TOLD = frozenset({DropOutStepKind.TOLD_TOWNSHIP, DropOutStepKind.TOLD_AUTHORITY})


class AlreadyFollowed(DomainError):
    """This child is followed already: at most one at a time."""


class DropOutEnded(DomainError):
    """It has ended; what was written stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropOutEntry:
    """What somebody types about a child that stays away."""

    noticed_on: date | None = None
    noticed_by: str | None = None
    last_seen_on: date | None = None
    reason: DropOutReason | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEntry:
    """What somebody types about one step."""

    kind: DropOutStepKind | None = None
    day: date | None = None
    words: str | None = None
    agreed_with_id: int | None = None  # who of the care room's heads said yes, where it reaches the family


@dataclass(frozen=True, slots=True, kw_only=True)
class EndingEntry:
    """How it ended, as typed."""

    outcome: DropOutOutcome | None = None
    ended_on: date | None = None
    words: str | None = None
    place: str | None = None  # the school it goes to
    class_id: int | None = None  # the class it comes back into, where it is in none


@permitted(Permission.DROP_OUT_REGISTER)
def register_drop_out(
    session: Session,
    actor: Actor,
    *,
    student_id: int,
    version: int,
    entry: DropOutEntry,
    has_dropped_out: bool = False,
) -> int:
    """Write down that a child does not come; from now on it stands with whoever brings it back (E-16).

    `version` is the child's. `has_dropped_out` also takes it out of its class, as of the day it was noticed.

    Raises:
        NotFound, NotAllowed: the child is not this actor's to write.
        FieldErrors: something is missing or can't be; the child has left the school.
        AlreadyFollowed: it is followed already.
        EditedMeanwhile: somebody saved the child since; `current` is a StoredEntry.
    """
    require_writable(session, actor, student_id, Permission.DROP_OUT_REGISTER)
    student = lock_student(session, student_id, version)
    if open_drop_out(session, student_id) is not None:
        raise AlreadyFollowed
    stay = session.exec(
        select(ClassMembership).where(ClassMembership.student_id == student_id, col(ClassMembership.to_day).is_(None))
    ).first()
    check = Checker()
    texts = _check(check, entry)
    noticed_on = entry.noticed_on or clock.today()
    if student.state in GONE_FOR_GOOD:
        check.add("noticed_on", "has_left")
    elif has_dropped_out and (begun := stay.from_day if stay else student.entered_on) and noticed_on < begun:
        check.add("noticed_on", "before_entry", day=begun)
    check.finish()
    row = DropOut(
        student_id=student_id,
        class_id=stay.class_id if stay else None,
        noticed_on=noticed_on,
        last_seen_on=entry.last_seen_on,
        reason=entry.reason or DropOutReason.UNKNOWN,
        recorded_by_id=actor.user_id,
        recorded_at=clock.now(),
    )
    _seal_all(row, texts)
    session.add(row)
    try:
        session.flush()
    except IntegrityError:  # registered by another process since it was looked up
        raise AlreadyFollowed from None
    audit.record(session, actor, audit.Action.DROP_OUT_REGISTERED, target=row, student_id=student_id)
    if has_dropped_out and student.state is not EnrolmentState.DROPPED_OUT:
        apply_state(session, actor, student, state=EnrolmentState.DROPPED_OUT, day=noticed_on, place=None)
    return row.id or 0


@permitted(Permission.DROP_OUT_FOLLOW)
def change_drop_out(session: Session, actor: Actor, *, drop_out_id: int, version: int, entry: DropOutEntry) -> None:
    """Put right what is written of a child that stays away: the reason, once it is known.

    Raises:
        NotFound: there is none this actor follows.
        DropOutEnded: it has ended.
        FieldErrors: something is missing or can't be.
        EditedMeanwhile: somebody saved it since; `current` is a StoredDropOut.
    """
    row = _locked(session, actor, drop_out_id, version)
    check = Checker()
    texts = _check(check, entry)
    first_step = session.exec(select(func.min(DropOutStep.day)).where(DropOutStep.drop_out_id == drop_out_id)).one()
    if entry.noticed_on is not None and first_step is not None and entry.noticed_on > first_step:
        check.add("noticed_on", "after_step", day=first_step)
    check.finish()
    row.noticed_on = entry.noticed_on or row.noticed_on
    row.last_seen_on, row.reason = entry.last_seen_on, entry.reason or row.reason
    _seal_all(row, texts)
    session.add(row)
    session.flush()
    audit.record(session, actor, audit.Action.DROP_OUT_CHANGED, target=row, student_id=row.student_id)


@permitted(Permission.DROP_OUT_FOLLOW)
def name_owner(session: Session, actor: Actor, *, drop_out_id: int, version: int, owner_id: int | None) -> None:
    """Say who brings a child back; None: whoever holds the teaching office.

    Raises:
        NotFound, DropOutEnded, EditedMeanwhile: as `change_drop_out`.
        NotAllowed: the actor neither leads nor answers for it.
        FieldErrors: this person can't.
    """
    _require_answering(session, actor, _found(session, actor, drop_out_id))
    row = _locked(session, actor, drop_out_id, version)
    check = Checker()
    if (
        owner_id is not None
        and session.exec(select(AppUser.id).where(AppUser.id == owner_id, can_follow())).first() is None
    ):
        check.add("owner_id", "unknown")
    check.finish()
    row.owner_id = owner_id
    session.add(row)
    session.flush()
    audit.record(
        session, actor, audit.Action.DROP_OUT_CHANGED, target=row, student_id=row.student_id, owner_id=owner_id
    )


@permitted(Permission.DROP_OUT_FOLLOW)
def save_step(
    session: Session,
    actor: Actor,
    *,
    drop_out_id: int,
    entry: StepEntry,
    step_id: int | None = None,
    version: int | None = None,
) -> int:
    """Write down one step, or put one right; what was told the township or the bureau is a step too.

    Raises:
        NotFound: there is none this actor follows, or no such step.
        DropOutEnded: it has ended.
        FieldErrors: something is missing or can't be: a family reached without the care room's yes, whoever's child.
        EditedMeanwhile: somebody saved the step since; `current` is a StoredStep.
    """
    row = _found(session, actor, drop_out_id)
    drawn = _locked_step(session, drop_out_id, step_id, version) if step_id is not None else None
    check = Checker()
    if entry.kind is None:
        check.add("kind", "required")
    if entry.day is None:
        check.add("day", "required")
    check.not_future("day", entry.day, today=clock.today())
    if entry.day is not None and entry.day < row.noticed_on:
        check.add("day", "before_noticed", day=row.noticed_on)
    words = check.text("words", entry.words, limit=LONG)
    agreed_with_id = _check_agreement(session, actor, check, entry, drawn)
    check.finish()
    if entry.kind is None or entry.day is None:  # refused above; said again for the types
        raise NotFound
    step = drawn or DropOutStep(
        drop_out_id=drop_out_id, kind=entry.kind, day=entry.day, taken_by_id=actor.user_id, recorded_at=clock.now()
    )
    step.kind, step.day, step.agreed_with_id = entry.kind, entry.day, agreed_with_id
    seal(step, "words_sealed", words)
    session.add(step)
    session.flush()
    audit.record(
        session,
        actor,
        audit.Action.DROP_OUT_STEP_SAVED,
        target=step,
        student_id=row.student_id,
        state=entry.kind.value,
        day=entry.day.isoformat(),
        agreed_with_id=agreed_with_id,
    )
    return step.id or 0


@permitted(Permission.DROP_OUT_FOLLOW)
def end_drop_out(session: Session, actor: Actor, *, drop_out_id: int, version: int, entry: EndingEntry) -> None:
    """Say how it ended; the register says the same from that day on.

    Raises:
        NotFound, DropOutEnded, EditedMeanwhile: as `change_drop_out`.
        NotAllowed: the actor neither leads nor answers for it.
        FieldErrors: something is missing or can't be: a child given up without having been reported (E-16).
    """
    _lock_child(session, drop_out_id)
    _require_answering(session, actor, _found(session, actor, drop_out_id))
    row = _locked(session, actor, drop_out_id, version)
    student = session.exec(select(Student).where(Student.id == row.student_id).with_for_update(key_share=True)).one()
    stay = session.exec(
        select(ClassMembership).where(
            ClassMembership.student_id == row.student_id, col(ClassMembership.to_day).is_(None)
        )
    ).first()
    words, place = _check_ending(session, row, student, stay, entry)
    if entry.outcome is None or entry.ended_on is None:  # refused above; said again for the types
        raise NotFound
    row.outcome, row.ended_on = entry.outcome, entry.ended_on
    row.closed_at, row.closed_by_id = clock.now(), actor.user_id
    seal(row, "ending_sealed", words)
    session.add(row)
    session.flush()
    audit.record(
        session,
        actor,
        audit.Action.DROP_OUT_CLOSED,
        target=row,
        student_id=row.student_id,
        state=entry.outcome.value,
        day=entry.ended_on.isoformat(),
    )
    before = student.state
    if (state := state_after(entry.outcome, before)) is not None:
        student.version += 1
        apply_state(session, actor, student, state=state, day=entry.ended_on, place=place)
    if _enters_class(entry.outcome, before, stay) and entry.class_id is not None:
        enter_class(session, row.student_id, class_id=entry.class_id, day=entry.ended_on)
        audit.record(
            session,
            actor,
            audit.Action.STUDENT_CLASS_CHANGED,
            target=student,
            student_id=student.id,
            class_id=entry.class_id,
        )


@permitted(Permission.DROP_OUT_FOLLOW)
def note_opening(session: Session, actor: Actor, *, drop_out_id: int) -> None:
    """Note that the actor read of a child that stays away: once per person, child and 30 minutes.

    Raises:
        NotFound: there is none this actor follows.
    """
    # The row is locked, so that two tabs of one person don't both note it.
    row = session.exec(
        select(DropOut).where(DropOut.id == drop_out_id, sees_drop_outs(actor)).with_for_update()
    ).first()
    if row is None:
        raise NotFound
    if not is_noted(session, actor, audit.Action.DROP_OUT_OPENED, record=(DropOut, drop_out_id)):
        grounds = grounds_for(session, actor, student_id=row.student_id) or Grounds.DROP_OUT
        audit.record(
            session, actor, audit.Action.DROP_OUT_OPENED, target=row, student_id=row.student_id, grounds=grounds
        )


# --- what can be saved ---


def _check(check: Checker, entry: DropOutEntry) -> dict[str, str | None]:
    """Return the texts tidied, noting what is wrong."""
    today = clock.today()
    if entry.noticed_on is None:
        check.add("noticed_on", "required")
    check.not_future("noticed_on", entry.noticed_on, today=today)
    if entry.noticed_on is not None and (today - entry.noticed_on).days > LONGEST_AGO_DAYS:
        check.add("noticed_on", "too_early", day=entry.noticed_on)
    if entry.last_seen_on and entry.noticed_on and entry.last_seen_on > entry.noticed_on:
        check.add("last_seen_on", "after_noticed", day=entry.noticed_on)
    elif entry.last_seen_on is not None and (today - entry.last_seen_on).days > LONGEST_AGO_DAYS:
        check.add("last_seen_on", "too_early", day=entry.last_seen_on)
    if entry.reason is DropOutReason.OTHER and not (entry.words or "").strip():
        check.add("words", "required")
    return {
        "noticed_by": check.required_text("noticed_by", entry.noticed_by, limit=SHORT),
        "words": check.text("words", entry.words, limit=LONG),
    }


def _check_agreement(
    session: Session, actor: Actor, check: Checker, entry: StepEntry, drawn: DropOutStep | None
) -> int | None:
    """Return who agreed to a step that reaches the family."""
    if entry.kind not in REACHES_FAMILY:
        return None
    return check_agreement(
        session,
        actor,
        check,
        agreed_with_id=entry.agreed_with_id,
        before_id=drawn.agreed_with_id if drawn else None,
        is_same_contact=drawn is not None and (drawn.kind, drawn.day) == (entry.kind, entry.day),
    )


def _check_ending(
    session: Session, row: DropOut, student: Student, stay: ClassMembership | None, entry: EndingEntry
) -> tuple[str | None, str | None]:
    check = Checker()
    if entry.outcome is None:
        check.add("outcome", "choice_needed")
    if entry.ended_on is None:
        check.add("ended_on", "required")
    check.not_future("ended_on", entry.ended_on, today=clock.today())
    first = row.noticed_on
    if entry.outcome is not None and state_after(entry.outcome, student.state):  # the register changes on that day
        first = max(first, stay.from_day if stay else first, student.left_on or first)
    if entry.ended_on is not None and entry.ended_on < first:
        check.add("ended_on", "before_noticed", day=first)
    words = check.text("words", entry.words, limit=LONG)
    place = check.text("place", entry.place, limit=LINE)
    match entry.outcome:
        case DropOutOutcome.TRANSFERRED if not place and "place" not in check.problems:
            check.add("place", "required")
        case DropOutOutcome.RETURNED if _enters_class(entry.outcome, student.state, stay):
            _check_class(session, check, entry.class_id)
        case DropOutOutcome.STILL_OUT:
            if words is None:
                check.add("words", "required")
            if not _was_told(session, row):
                check.add("outcome", "not_reported")
    check.finish()
    return words, place


def _enters_class(outcome: DropOutOutcome, state: EnrolmentState, stay: ClassMembership | None) -> bool:
    """Say whether a child comes back into a class: not who is in one, nor who has graduated since."""
    return outcome is DropOutOutcome.RETURNED and stay is None and state is not EnrolmentState.GRADUATED


def _check_class(session: Session, check: Checker, class_id: int | None) -> None:
    if class_id is None:
        check.add("class_id", "required")
    elif not is_class_of_now(session, class_id):
        check.add("class_id", "unknown_choice")


def _was_told(session: Session, row: DropOut) -> bool:
    """Nobody gives a child up alone: township or bureau have been told."""
    told = select(func.count()).where(DropOutStep.drop_out_id == row.id, col(DropOutStep.kind).in_(TOLD))
    return bool(session.exec(told).one())


def _seal_all(row: DropOut, texts: dict[str, str | None]) -> None:
    for name, text in texts.items():
        seal(row, f"{name}_sealed", text)


# --- which rows, and who ---


def _found(session: Session, actor: Actor, drop_out_id: int) -> DropOut:
    """Return an open one this actor follows, locked against its end."""
    row = session.exec(
        select(DropOut).where(DropOut.id == drop_out_id, sees_drop_outs(actor)).with_for_update()
    ).first()
    if row is None:
        raise NotFound
    if row.closed_at is not None:
        raise DropOutEnded
    return row


def _lock_child(session: Session, drop_out_id: int) -> None:
    """Lock the child before its row, as a merge does; one that merged it meanwhile leads to another child."""
    locked: set[int] = set()
    while missing := set(session.exec(select(DropOut.student_id).where(DropOut.id == drop_out_id))) - locked:
        lock_students(session, missing)
        locked |= missing


def _locked(session: Session, actor: Actor, drop_out_id: int, version: int) -> DropOut:
    _found(session, actor, drop_out_id)
    try:
        return lock_version(session, DropOut, drop_out_id, version=version)
    except EditedMeanwhile as error:
        raise EditedMeanwhile(stored_drop_out(error.current), edited_by=last_editor(session, error.current)) from None


def _locked_step(session: Session, drop_out_id: int, step_id: int, version: int | None) -> DropOutStep:
    row = session.get(DropOutStep, step_id)
    if row is None or row.drop_out_id != drop_out_id:
        raise NotFound
    try:
        return lock_version(session, DropOutStep, step_id, version=version or 0)
    except EditedMeanwhile as error:
        raise EditedMeanwhile(stored_step(error.current), edited_by=last_editor(session, error.current)) from None


def _require_answering(session: Session, actor: Actor, row: DropOut) -> None:
    """The head of the room, who is named for the child, and the teaching office decide."""
    answers = select(DropOut.id).where(DropOut.id == row.id, answers_by_relation(actor))
    if not actor.has_role(Role.LEAD) and session.exec(answers).first() is None:
        raise NotAllowed
