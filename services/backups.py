"""Backups as the school knows them: what was made when, where the second copies go, how long it has been."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, or_, select, update

from db.engine import keys
from db.folders import FolderTried
from db.locks import Turn, take_turn
from db.tables import BackupReason, BackupRun, Role, Setting, SystemFact
from services import audit, clock, schools
from services.access import Permission, permitted
from services.actors import Actor
from services.errors import EditedMeanwhile, NotFound
from services.fields import LINE, Checker
from services.recovery import CHECKED
from services.setup import CLAIMED

SECOND_FOLDER = "second_backup_folder"
OFF_DISK_DAYS = 7
"""How old the last proven backup off this disk may be."""
KEEP_DAYS = 30
STALE_AFTER = timedelta(hours=2)  # who has claimed a day and not finished by then, was killed
RETRY_AFTER = timedelta(hours=1)
AUTOMATIC = Actor(None, "自动备份", frozenset({Role.ADMIN}), os_user="自动备份")
"""Who makes the daily backup; events name it."""


class RunState(StrEnum):
    """How a backup stands."""

    RUNNING = "running"
    PROVEN = "proven"
    UNPROVEN = "unproven"
    FAILED = "failed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of making a backup: a file, proven or not, or a problem's code."""

    file: Path | None = None
    is_proven: bool = False
    size_bytes: int | None = None
    head_seq: int | None = None
    head_link: str | None = None
    is_off_disk: bool = False
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class CopyOutcome:
    """What came of copying a backup into the second folder."""

    file: Path | None = None
    is_off_disk: bool = False
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class RunRow:
    """One backup as the list shows it."""

    id: int
    reason: BackupReason
    started_at: datetime
    state: RunState
    file: Path | None
    size_bytes: int | None
    second_copy_at: datetime | None
    is_off_disk: bool
    problem: str | None
    second_problem: str | None


@dataclass(frozen=True, slots=True)
class SecondFolder:
    """The folder for second copies, with the version a form is drawn from."""

    version: int
    folder: str


@permitted(Permission.BACKUP_MANAGE)
def list_runs(session: Session, actor: Actor, *, limit: int = 60) -> list[RunRow]:
    """Return the backups begun last, the newest first; one statement."""
    found = session.exec(
        select(BackupRun).order_by(col(BackupRun.started_at).desc(), col(BackupRun.id).desc()).limit(limit)
    )
    return [_row(run) for run in found]


@permitted(Permission.BACKUP_MANAGE)
def find_last_off_disk(session: Session, actor: Actor) -> datetime | None:
    """Return since when the newest proven copy on another disk stands there."""
    return session.exec(select(func.max(BackupRun.off_disk_at))).one()


@dataclass(frozen=True, slots=True)
class SafetyFacts:
    """What home asks: since when the school is set up, the newest backup off this disk, and the recovery sheet."""

    claimed_at: datetime | None
    off_disk_at: datetime | None
    is_sheet_checked: bool


def find_safety_facts(session: Session) -> SafetyFacts:
    """Return them in one statement."""
    facts = {name: select(SystemFact.value).where(SystemFact.name == name) for name in (CLAIMED, CHECKED)}
    newest = select(func.max(BackupRun.off_disk_at)).scalar_subquery()
    claimed, checked, off_disk_at = session.exec(
        select(facts[CLAIMED].scalar_subquery(), facts[CHECKED].scalar_subquery(), newest)
    ).one()
    claimed_at = datetime.fromisoformat(claimed) if claimed else None
    return SafetyFacts(claimed_at, off_disk_at, checked == keys().fingerprint)


@permitted(Permission.BACKUP_MANAGE)
def find_second_folder(session: Session, actor: Actor) -> SecondFolder:
    """Return the second folder; blank where none is set."""
    row = session.get(Setting, SECOND_FOLDER)
    return SecondFolder(row.version if row else 0, schools.setting(session, SECOND_FOLDER) or "")


@permitted(Permission.BACKUP_MANAGE)
def save_second_folder(session: Session, actor: Actor, *, folder: str, version: int, tried: FolderTried | None) -> None:
    """Set the folder for second copies, or none for a blank; it has been tried just before.

    Raises:
        FieldErrors: it can't be used; the code is one of `db.folders.FolderProblem`.
        EditedMeanwhile: somebody changed it since the form was drawn.
    """
    check = Checker()
    cleaned = check.text("folder", folder, limit=LINE)
    if cleaned and (tried is None or tried.problem):
        check.add(
            "folder", tried.problem.value if tried and tried.problem else "required", free=tried and tried.free_mb
        )
    check.finish()
    take_turn(session, Turn.SCHOOL)  # else two who save at once both find their version
    stored = find_second_folder(session, actor)
    if stored.version != version:
        raise EditedMeanwhile(stored)
    schools.save_setting(session, SECOND_FOLDER, cleaned or "")
    audit.record(session, actor, audit.Action.SETTINGS_CHANGED, fields=[SECOND_FOLDER])


@permitted(Permission.BACKUP_MANAGE)
def claim_day(session: Session, actor: Actor, *, day: date) -> int | None:
    """Claim the daily backup of a day and return its run, None where it is made or somebody is at it.

    The unique day lets one process win. A claim whose holder was killed, and a failed one, can be taken over.
    """
    now = clock.now()
    found = session.exec(select(BackupRun).where(BackupRun.day == day)).first()
    if found is None:
        run = BackupRun(day=day, reason=BackupReason.DAILY, started_at=now)
        try:
            with session.begin_nested():
                session.add(run)
        except IntegrityError:  # another process, between our question and our answer
            return None
        return run.id
    if found.made_at is not None or now - found.started_at < (RETRY_AFTER if found.problem else STALE_AFTER):
        return None
    taken = session.exec(
        update(BackupRun)
        .where(col(BackupRun.id) == found.id, col(BackupRun.started_at) == found.started_at)
        .values(started_at=now, problem=None)
    )
    return found.id if taken.rowcount == 1 else None


@permitted(Permission.BACKUP_MANAGE)
def begin_run(session: Session, actor: Actor) -> int:
    """Note that a backup is being made by hand."""
    run = BackupRun(reason=BackupReason.MANUAL, started_at=clock.now())
    session.add(run)
    session.flush()
    return run.id or 0


@permitted(Permission.BACKUP_MANAGE)
def finish_run(session: Session, actor: Actor, *, run_id: int, outcome: Outcome) -> None:
    """Note what came of a backup.

    Raises:
        NotFound: there is no such run.
    """
    run = _locked(session, run_id)
    now = clock.now()
    if outcome.file is not None:
        run.made_at, run.file, run.size_bytes = now, str(outcome.file), outcome.size_bytes
        run.head_seq, run.head_link = outcome.head_seq, outcome.head_link
        run.proven_at = now if outcome.is_proven else None
        run.off_disk_at = now if outcome.is_proven and outcome.is_off_disk else None
    run.problem = outcome.problem
    session.add(run)
    action = audit.Action.BACKUP_FAILED if outcome.problem else audit.Action.BACKUP_MADE
    audit.record(session, actor, action, target=run, kind=run.reason.value, state=_state(run).value)


@permitted(Permission.BACKUP_MANAGE)
def find_uncopied(session: Session, actor: Actor) -> BackupRun | None:
    """Return the newest proven backup if it has no second copy yet and another try is due."""
    run = session.exec(
        select(BackupRun)
        .where(col(BackupRun.made_at).is_not(None), col(BackupRun.removed_at).is_(None))
        .order_by(col(BackupRun.made_at).desc())
        .limit(1)
    ).first()
    return run if run and run.proven_at and run.second_copy_at is None else None


@permitted(Permission.BACKUP_MANAGE)
def finish_copy(session: Session, actor: Actor, *, run_id: int, outcome: CopyOutcome) -> None:
    """Note what came of the second copy; an event only where it was made.

    Raises:
        NotFound: there is no such run.
    """
    run, now = _locked(session, run_id), clock.now()
    run.second_problem = outcome.problem
    if outcome.file is not None:
        run.second_file, run.second_copy_at = str(outcome.file), now
        run.off_disk_at = run.off_disk_at or (now if outcome.is_off_disk else None)
        audit.record(session, actor, audit.Action.BACKUP_COPIED, target=run, count=1)
    session.add(run)


@permitted(Permission.BACKUP_MANAGE)
def list_expired(session: Session, actor: Actor) -> Sequence[BackupRun] | None:
    """Return the daily backups older than 30 days; None where no newer proven one is there, so that nothing may go."""
    limit = clock.now() - timedelta(days=KEEP_DAYS)
    newest = session.exec(
        select(func.max(BackupRun.proven_at)).where(col(BackupRun.removed_at).is_(None), col(BackupRun.made_at) > limit)
    ).one()
    if newest is None:
        return None
    return session.exec(
        select(BackupRun).where(
            BackupRun.reason == BackupReason.DAILY,
            col(BackupRun.removed_at).is_(None),
            col(BackupRun.started_at) < limit,
            or_(col(BackupRun.made_at).is_not(None), col(BackupRun.problem).is_not(None)),
        )
    ).all()


@permitted(Permission.BACKUP_MANAGE)
def note_removed(session: Session, actor: Actor, *, run_ids: Sequence[int]) -> None:
    """Note that the files of these backups were cleared away."""
    for run in session.exec(select(BackupRun).where(col(BackupRun.id).in_(run_ids))):
        run.removed_at = clock.now()
        session.add(run)
    audit.record(session, actor, audit.Action.BACKUPS_CLEARED, count=len(run_ids))


def _locked(session: Session, run_id: int) -> BackupRun:
    run = session.get(BackupRun, run_id, with_for_update=True)
    if run is None:
        raise NotFound
    return run


def _state(run: BackupRun) -> RunState:
    if run.removed_at is not None:
        return RunState.REMOVED
    if run.problem is not None:
        return RunState.FAILED
    if run.made_at is None:
        return RunState.RUNNING if clock.now() - run.started_at < STALE_AFTER else RunState.FAILED
    return RunState.PROVEN if run.proven_at is not None else RunState.UNPROVEN


def _row(run: BackupRun) -> RunRow:
    state = _state(run)
    return RunRow(
        id=run.id or 0,
        reason=BackupReason(run.reason),
        started_at=run.started_at,
        state=state,
        file=Path(run.file) if run.file else None,
        size_bytes=run.size_bytes,
        second_copy_at=run.second_copy_at,
        is_off_disk=run.off_disk_at is not None,
        problem=run.problem or ("broken_off" if state is RunState.FAILED else None),
        second_problem=run.second_problem,
    )
