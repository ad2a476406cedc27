"""Making backups: claim in one short transaction, work outside of any, note what came of it in another."""

import contextlib
import threading
from datetime import timedelta
from pathlib import Path

from db import postgres_dumps
from db.backups import Backup, back_up, clear_parts, copy_backup
from db.engine import Runtime, runtime
from db.errors import BackupMissing, BackupUnproven, BackupUnwritable, NoRoom
from db.folders import FolderProblem, FolderTried, is_same_disk, try_folder
from db.manifests import beside, list_beside, read_beside
from db.tables import BackupRun
from db.transactions import reading, transaction
from services import backups, clock
from services.actors import Actor
from services.backups import AUTOMATIC, KEEP_DAYS, CopyOutcome, Outcome

FIRST_LOOK_SECONDS = 20  # a starting server has better things to do
LOOK_SECONDS = 600
_PROBLEMS: dict[type[Exception], str] = {
    NoRoom: "no_room",
    BackupUnproven: "unproven",
    BackupUnwritable: "unwritable",
    BackupMissing: "missing",
    OSError: "unwritable",
}
_making = threading.Lock()  # one at a time in this process


def make_now(actor: Actor, *, target: Path | None = None, strict: bool = False) -> Outcome:
    """Make a backup by hand, in the backup folder or as the file named, and its second copy.

    What went wrong stands in the outcome and in the list; with `strict` it is raised as well.
    """
    with transaction() as session:
        run_id = backups.begin_run(session, actor)
    outcome = _make(actor, run_id, reason="manual", target=target, strict=strict)
    if target is None:
        copy_newest(actor)
    return outcome


def make_daily(actor: Actor = AUTOMATIC) -> Outcome | None:
    """Make today's backup if nobody has; copy what has no second copy, and clear away what is old."""
    with transaction() as session:
        run_id = backups.claim_day(session, actor, day=clock.today())
    outcome = _make(actor, run_id, reason="daily") if run_id is not None else None
    copy_newest(actor)
    clear_expired(actor)
    return outcome


def copy_newest(actor: Actor) -> CopyOutcome | None:
    """Copy the newest proven backup into the second folder and prove it there; None where nothing is to be done."""
    with reading() as session:
        run = backups.find_uncopied(session, actor)
        folder = backups.find_second_folder(session, actor).folder
    if run is None or not folder or run.file is None:
        return None
    outcome = _copied(runtime(), run, Path(folder))
    if outcome.file is None and outcome.problem == run.second_problem:
        return outcome  # as it was at the last try: the drive is still not there
    with transaction() as session:
        backups.finish_copy(session, actor, run_id=run.id or 0, outcome=outcome)
    return outcome


def clear_expired(actor: Actor) -> int:
    """Clear away backups nobody asked for, older than 30 days, if a newer proven one is there; how many had a run."""
    with reading() as session:
        expired = backups.list_expired(session, actor)
    if expired is None:
        return 0
    location = runtime().location
    clear_parts(location.backup_dir)
    for run in expired:
        for name in filter(None, (run.file, run.second_file)):
            _remove(Path(name))
    _clear_unlisted(runtime())
    if expired:
        with transaction() as session:
            backups.note_removed(session, actor, run_ids=[run.id or 0 for run in expired])
    return len(expired)


def try_second_folder(folder: str) -> FolderTried | None:
    """Try a folder before it is saved; None for a blank. In no transaction: a network drive that is gone takes long."""
    cleaned = folder.strip()
    if not cleaned:
        return None
    try:
        return try_folder(Path(cleaned), runtime().location)
    except (OSError, ValueError):  # a name no file system takes
        return FolderTried(FolderProblem.MISSING)


class DailyBackups:
    """A background thread of the server's process that makes the day's backup without anybody asking."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="daily-backups", daemon=True)

    def start(self) -> None:
        """Begin to look, a little later."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; what is being copied is given up with the process, and cleared away another day."""
        self._stop.set()

    def _run(self) -> None:
        wait = FIRST_LOOK_SECONDS
        while not self._stop.wait(wait):
            wait = LOOK_SECONDS
            # Whatever it is, the server goes on: the list and home say that there is no backup.
            with contextlib.suppress(Exception):
                make_daily()


def _make(actor: Actor, run_id: int, *, reason: str, target: Path | None = None, strict: bool = False) -> Outcome:
    try:
        with _making:
            outcome = _made(runtime(), reason=reason, target=target)
    except tuple(_PROBLEMS) as error:
        outcome = Outcome(problem=_code(error))
        if strict:
            _note(actor, run_id, outcome)
            raise
    except BaseException:
        _note(actor, run_id, Outcome(problem="broken_off"))
        raise
    _note(actor, run_id, outcome)
    return outcome


def _note(actor: Actor, run_id: int, outcome: Outcome) -> None:
    with transaction() as session:
        backups.finish_run(session, actor, run_id=run_id, outcome=outcome)


def _made(used: Runtime, *, reason: str, target: Path | None) -> Outcome:
    if not used.location.is_embedded:
        return _dumped(used, reason=reason, target=target)
    backup = back_up(used, reason=reason, target=target)
    return Outcome(
        file=backup.path,
        is_proven=True,
        size_bytes=backup.manifest.size,
        head_seq=backup.manifest.head_seq,
        head_link=backup.manifest.head_link,
        is_off_disk=not is_same_disk(backup.path.parent, used.location),
    )


def _dumped(used: Runtime, *, reason: str, target: Path | None) -> Outcome:
    try:
        dump = postgres_dumps.dump(used, reason=reason, target=target)
    except postgres_dumps.ToolsMissing:
        return Outcome(problem="tools_missing")
    return Outcome(
        file=dump.path,
        is_proven=dump.is_proven,
        size_bytes=dump.manifest.size,
        head_seq=dump.manifest.head_seq,
        head_link=dump.manifest.head_link,
        is_off_disk=not is_same_disk(dump.path.parent, used.location),
    )


def _copied(used: Runtime, run: BackupRun, folder: Path) -> CopyOutcome:
    tried = try_folder(folder, used.location)
    if tried.problem:
        return CopyOutcome(problem=tried.problem.value)
    source = Path(run.file or "")
    manifest = read_beside(source, used.keys)
    if manifest is None:
        return CopyOutcome(problem="missing")
    try:
        if used.location.is_embedded:
            path = copy_backup(Backup(source, manifest), folder, used.keys)
        else:
            path = postgres_dumps.copy_dump(source, manifest, folder, used.keys)
    except tuple(_PROBLEMS) as error:
        return CopyOutcome(problem=_code(error))
    return CopyOutcome(file=path, is_off_disk=not tried.is_same_disk)


def _code(error: BaseException) -> str:
    return next(code for known, code in _PROBLEMS.items() if isinstance(error, known))


def _clear_unlisted(used: Runtime) -> None:
    """Those of migrations have no run; their manifest says when they were made. Also what a restoration put aside."""
    limit = clock.now() - timedelta(days=KEEP_DAYS)
    for path, manifest in list(list_beside(used.location.backup_dir, used.keys)):
        if manifest.reason == "migration" and manifest.made < limit:
            _remove(path)
    for path in used.location.replaced_dir.glob("care-*") if used.location.replaced_dir.is_dir() else ():
        if path.stat().st_mtime < limit.timestamp():
            path.unlink(missing_ok=True)


def _remove(path: Path) -> None:
    for each in (path, beside(path)):
        with contextlib.suppress(OSError):  # a drive that is not there now keeps its old copy
            each.unlink(missing_ok=True)
