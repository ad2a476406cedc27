"""Records that have reached their term: who is due, who is kept and why, removing after a second yes (S-01)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from db.locks import Turn, take_turn
from db.sealing import seal
from db.tables import (
    AppUser,
    RetentionHold,
    RetentionItem,
    RetentionRun,
    RetentionState,
    Role,
    RoleGrant,
    Student,
)
from services import audit, clock, retention_rows
from services.access import HOLDERS, Permission, permitted
from services.actors import Actor
from services.asking_together import asked
from services.deputies import SecondPerson, find_second_person
from services.editing import lock_version
from services.errors import DomainError, NotAllowed, NotFound
from services.fields import LINE, Checker
from services.figures import SMALLEST_GROUP
from services.parameter_versions import load_numbers
from services.retention_due import DueChild, Years, digest_of, find_due, years_kept

WAITS_FOR_A_YES = "waits_for_a_yes"


class NothingDue(DomainError):
    """No child's records have reached their term, or all of them are kept."""


class DueChanged(DomainError):
    """Somebody changed something since it was looked at: what would be removed is no longer what was shown."""


class NoSecondPerson(DomainError):
    """Nobody else may give the second yes: none is named, it is who asks, or no role of theirs allows it."""


class RunOpen(DomainError):
    """Somebody asked already; one removal at a time."""


@dataclass(frozen=True, slots=True)
class RunView:
    """A removal that was asked for."""

    id: int
    version: int
    children: int
    proposed_by_id: int
    proposed_by: str
    proposed_at: datetime
    agreed_by: str | None
    agreed_at: datetime | None
    finished_at: datetime | None
    waiting: int
    removed: int
    kept: int

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done."""
        return self.finished_at is None


@dataclass(frozen=True, slots=True)
class RetentionView:
    """What is due and what was asked for; names only for the head of the room."""

    years: Years
    children: tuple[DueChild, ...]  # to be removed now, for whom may know them
    kept: tuple[DueChild, ...]
    whole_count: int | None  # None: so few children, or all but so few, that it would tell who
    care_count: int | None
    kept_count: int | None
    due_count: int
    without_day: int  # have left, nobody wrote when: never due
    digest: str
    run: RunView | None
    last: RunView | None
    second: SecondPerson
    lacks_yes: bool  # something waits for a second yes, and nobody can give it
    may_propose: bool
    may_agree: bool


@permitted(Permission.RETENTION_PREPARE, Permission.RETENTION_AGREE)
def find_retention(session: Session, actor: Actor) -> RetentionView:
    """Return what is due, what is kept and why, and where the run stands; seven statements."""
    found, without_day = find_due(session)
    going = tuple(each for each in found if not each.kept)
    kept = tuple(each for each in found if each.kept)
    runs = _runs(session)
    run = next((each for each in runs if each.is_open), None)
    second = find_second_person(session, actor)
    asks_id = run.proposed_by_id if run else actor.user_id
    can_agree = _can_agree(session, second, asked_by_id=asks_id)
    waits = run.agreed_at is None if run else bool(going)
    # The console of the server is the administrator's, who may see no children: it tells what the page tells there.
    knows = actor.has_role(Role.LEAD) and not actor.is_command_line
    return RetentionView(
        years=years_kept(load_numbers(session)),
        children=going if knows else (),
        kept=kept if knows else (),
        whole_count=_told([each.is_whole for each in going], is_exact=knows),
        care_count=_told([each.has_care for each in going], is_exact=knows),
        kept_count=_told([True for _ in kept], is_exact=knows),
        due_count=len(going),
        without_day=without_day,
        digest=digest_of(going),
        run=run,
        last=next((each for each in runs if not each.is_open), None),
        second=second,
        lacks_yes=waits and not can_agree,
        may_propose=run is None and waits and can_agree,
        may_agree=run is not None and waits and can_agree and actor.user_id == second.user_id,
    )


def waiting_part() -> Any:  # a select
    """Return the query of the run that waits for a second yes, whoever gives it; asking_together's shape."""
    return asked(WAITS_FOR_A_YES, of_id=col(RetentionRun.id)).where(
        RetentionRun.open_slot == 1, col(RetentionRun.agreed_at).is_(None)
    )


@permitted(Permission.RETENTION_AGREE)
def find_asked(session: Session, actor: Actor) -> datetime | None:
    """Return since when the actor's second yes is waited for; None where nobody waits for it."""
    run = session.exec(
        select(RetentionRun).where(RetentionRun.open_slot == 1, col(RetentionRun.agreed_at).is_(None))
    ).first()
    if run is None or not _is_second(session, actor, run.id or 0, find_second_person(session, actor)):
        return None
    return run.proposed_at


@permitted(Permission.RETENTION_PREPARE)
def propose_run(session: Session, actor: Actor, *, digest: str) -> int:
    """Ask for the second yes to remove what was shown; every child's records are fingerprinted now.

    Raises:
        RunOpen: somebody asked already.
        NothingDue: there is nothing to remove.
        DueChanged: it is no longer what was shown.
        NoSecondPerson: nobody else can say yes.
    """
    take_turn(session, Turn.RETENTION)
    if session.exec(select(RetentionRun.id).where(RetentionRun.open_slot == 1)).first() is not None:
        raise RunOpen
    going = tuple(each for each in find_due(session)[0] if not each.kept)
    if not going:
        raise NothingDue
    if digest_of(going) != digest:
        raise DueChanged
    if not _can_agree(session, find_second_person(session, actor), asked_by_id=actor.id_of_staff):
        raise NoSecondPerson
    run = RetentionRun(digest=digest, proposed_by_id=actor.id_of_staff, proposed_at=clock.now())
    session.add(run)
    session.flush()
    prints = retention_rows.fingerprints(session, [each.student_id for each in going])
    for each in going:
        session.add(
            RetentionItem(
                run_id=run.id or 0,
                student_id=each.student_id,
                is_whole=each.is_whole,
                fingerprint=prints[each.student_id],
            )
        )
    session.flush()
    audit.record(session, actor, audit.Action.RETENTION_PROPOSED, target=run, count=len(going))
    return run.id or 0


@permitted(Permission.RETENTION_PREPARE)
def withdraw_run(session: Session, actor: Actor, *, run_id: int, version: int) -> None:
    """Take back what was asked for, as long as nobody has said yes.

    Raises:
        NotFound: there is no such run, or it was agreed to.
        EditedMeanwhile: somebody was faster.
    """
    take_turn(session, Turn.RETENTION)
    run = lock_version(session, RetentionRun, run_id, version=version)
    if run.open_slot is None or run.agreed_at is not None:
        raise NotFound
    run.open_slot, run.withdrawn_at = None, clock.now()
    session.add(run)
    audit.record(session, actor, audit.Action.RETENTION_WITHDRAWN, target=run)


@permitted(Permission.RETENTION_AGREE)
def agree_run(session: Session, actor: Actor, *, run_id: int, version: int) -> None:
    """Give the second yes; everything is looked at once more.

    Raises:
        NotFound: there is no such run, or it was agreed to.
        NotAllowed: the actor is not who is asked for the second yes, or has asked for it.
        DueChanged: a record was added or changed, somebody is to be kept, or the terms have changed, since it was
            asked for.
        EditedMeanwhile: somebody was faster.
    """
    take_turn(session, Turn.RETENTION)
    if not _is_second(session, actor, run_id, find_second_person(session, actor)):
        raise NotAllowed
    run = lock_version(session, RetentionRun, run_id, version=version)
    if run.open_slot is None or run.agreed_at is not None:
        raise NotFound
    items = session.exec(select(RetentionItem).where(RetentionItem.run_id == run_id)).all()
    prints = retention_rows.fingerprints(session, [item.student_id for item in items])
    due = _going(session)
    if any(prints[item.student_id] != item.fingerprint or due.get(item.student_id) != item.is_whole for item in items):
        raise DueChanged
    run.agreed_by_id, run.agreed_at = actor.id_of_staff, clock.now()
    session.add(run)
    audit.record(session, actor, audit.Action.RETENTION_AGREED, target=run, count=len(items))


@permitted(Permission.RETENTION_PREPARE, Permission.RETENTION_AGREE)
def remove_next(session: Session, actor: Actor, *, run_id: int) -> int:
    """Remove the next child's records, in the caller's one transaction; return how many children still wait.

    Killed in between, the next call goes on with the same child. A child of whom there is something new is kept.

    Raises:
        NotFound: there is no such run, or nobody has agreed to it.
    """
    take_turn(session, Turn.RETENTION)
    run = session.get(RetentionRun, run_id)
    if run is None or run.agreed_at is None:
        raise NotFound
    waiting = select(RetentionItem).where(RetentionItem.run_id == run_id, RetentionItem.state == RetentionState.WAITING)
    item = session.exec(waiting.order_by(col(RetentionItem.id)).limit(1).with_for_update()).first()
    if item is not None:
        _remove(session, actor, item)
    left: int = session.exec(select(func.count()).select_from(waiting.subquery())).one()
    if not left and run.finished_at is None:
        run.open_slot, run.finished_at = None, clock.now()
        session.add(run)
        audit.record(session, actor, audit.Action.RETENTION_FINISHED, target=run)
    return left


@permitted(Permission.RETENTION_HOLD)
def hold_child(session: Session, actor: Actor, *, student_id: int, reason: str | None) -> int:
    """Keep a child's records beyond their term, with the reason; return the hold's id.

    Raises:
        NotFound: there is no such child, or the entry was merged into another.
        FieldErrors: the reason is blank or too long, or the child is kept already.
    """
    take_turn(session, Turn.RETENTION)
    child = session.get(Student, student_id)
    if child is None or child.merged_into_id is not None:  # its records are with the other entry
        raise NotFound
    check = Checker()
    text = check.required_text("reason", reason, limit=LINE)
    open_ones = select(RetentionHold.id).where(
        RetentionHold.student_id == student_id, col(RetentionHold.lifted_at).is_(None)
    )
    if session.exec(open_ones).first() is not None:
        check.add("reason", "held_already")
    check.finish()
    hold = RetentionHold(student_id=student_id, set_by_id=actor.user_id, set_at=clock.now())
    seal(hold, "reason_sealed", text)
    session.add(hold)
    session.flush()
    audit.record(session, actor, audit.Action.HOLD_SET, target=hold, student_id=student_id)
    return hold.id or 0


@permitted(Permission.RETENTION_HOLD)
def lift_hold(session: Session, actor: Actor, *, hold_id: int, version: int) -> None:
    """Say that a child's records need no longer be kept beyond their term.

    Raises:
        NotFound: there is no such hold.
        EditedMeanwhile: somebody lifted it already.
    """
    hold = lock_version(session, RetentionHold, hold_id, version=version)
    if hold.lifted_at is not None:
        raise NotFound
    hold.lifted_at, hold.lifted_by_id = clock.now(), actor.user_id
    session.add(hold)
    audit.record(session, actor, audit.Action.HOLD_LIFTED, target=hold, student_id=hold.student_id)


def _runs(session: Session) -> list[RunView]:
    """Return the open run and the last finished one."""
    proposer, agreer = AppUser.__table__.alias("proposer"), AppUser.__table__.alias("agreer")  # type: ignore[attr-defined]
    states = [func.count().filter(col(RetentionItem.state) == state).label(state.value) for state in RetentionState]
    counted = (
        select(col(RetentionItem.run_id).label("run_id"), func.count().label("total"), *states)
        .group_by(col(RetentionItem.run_id))
        .subquery()
    )
    columns: list[Any] = [RetentionRun, proposer.c.display_name, agreer.c.display_name, *counted.c]
    rows: Sequence[Any] = session.execute(
        select(*columns)
        .select_from(RetentionRun)
        .join(counted, counted.c.run_id == RetentionRun.id)
        .join(proposer, proposer.c.id == RetentionRun.proposed_by_id)
        .join(agreer, agreer.c.id == RetentionRun.agreed_by_id, isouter=True)
        .where(col(RetentionRun.withdrawn_at).is_(None))
        .order_by(col(RetentionRun.id).desc())
        .limit(2)
    ).all()
    return [
        RunView(
            id=run.id or 0,
            version=run.version,
            children=total,
            proposed_by_id=run.proposed_by_id,
            proposed_by=proposed_by,
            proposed_at=run.proposed_at,
            agreed_by=agreed_by,
            agreed_at=run.agreed_at,
            finished_at=run.finished_at,
            waiting=waiting,
            removed=removed,
            kept=kept,
        )
        for run, proposed_by, agreed_by, _, total, waiting, removed, kept in rows
    ]


def _is_second(session: Session, actor: Actor, run_id: int, second: SecondPerson) -> bool:
    """Nobody approves their own, whoever is named."""
    run = session.get(RetentionRun, run_id)
    return run is not None and actor.user_id is not None and actor.user_id == second.user_id != run.proposed_by_id


def _told(answers: Sequence[bool], *, is_exact: bool) -> int | None:
    """Return of how many children something is so; None where it, or its contrary, is so of a small group."""
    so = sum(answers)
    is_telling = any(0 < count < SMALLEST_GROUP for count in (so, len(answers) - so))
    return None if is_telling and not is_exact else so


def _can_agree(session: Session, second: SecondPerson, *, asked_by_id: int | None) -> bool:
    """Say whether the second person is somebody else than who asks, and holds a role that may say yes to a removal."""
    if second.user_id in (None, asked_by_id):
        return False
    able = select(RoleGrant.id).where(
        RoleGrant.user_id == second.user_id,
        col(RoleGrant.ended_at).is_(None),
        col(RoleGrant.role).in_(HOLDERS[Permission.RETENTION_AGREE]),
    )
    return session.exec(able).first() is not None


def _going(session: Session) -> dict[int, bool]:
    """Return whom nothing keeps, and whether all of the child is due; else only the care records are."""
    return {each.student_id: each.is_whole for each in find_due(session)[0] if not each.kept}


def _is_as_agreed(session: Session, item: RetentionItem) -> bool:
    """Say whether what is due of a child is still what was agreed to, down to each row; nobody can change it any more.

    The rows are held first: what somebody saves at this moment is either seen here, or comes too late for the child.
    """
    if not retention_rows.hold_rows(session, item.student_id):
        return False
    if _going(session).get(item.student_id) != item.is_whole:
        return False
    return retention_rows.fingerprints(session, [item.student_id])[item.student_id] == item.fingerprint


def _remove(session: Session, actor: Actor, item: RetentionItem) -> None:
    item.done_at = clock.now()
    if not _is_as_agreed(session, item):
        item.state = RetentionState.KEPT
    else:
        try:
            with session.begin_nested():
                item.rows_count = retention_rows.remove_rows(session, item.student_id, is_whole=item.is_whole)
            item.state = RetentionState.REMOVED
        except IntegrityError:  # somebody else's record points at one of these
            item.rows_count, item.state = 0, RetentionState.KEPT
    session.add(item)
    session.flush()
    if item.state is RetentionState.REMOVED:
        audit.record(
            session,
            actor,
            audit.Action.RECORDS_REMOVED,
            target=item,
            student_id=item.student_id,
            row_count=item.rows_count,
            whole_count=int(item.is_whole),
        )
