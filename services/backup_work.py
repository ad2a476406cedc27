"""Making backups: claim in one short transaction, work outside of any, note what came of it in another."""

import contextlib
import threading
from datetime import timedelta
from pathlib import Path

from db.backups import clear_parts
from db.engine import Runtime, runtime
from db.folders import FolderProblem, FolderTried, try_folder
from db.manifests import beside, list_beside
from db.transactions import reading, transaction
from services import backup_apart, backup_files, backups, clock
from services.actors import Actor
from services.backup_files import PROBLEMS, code_of
from services.backups import AUTOMATIC, KEEP_DAYS, CopyOutcome, Outcome

_making = threading.Lock()  # one at a time in this process


def make_now(actor: Actor, *, target: Path | None = None, strict: bool = False, is_apart: bool = False) -> Outcome:
    """Make a backup by hand, in the backup folder or as the file named, and its second copy.

    What went wrong stands in the outcome and in the list; with `strict` it is raised as well.
    A server has the long part done apart, in another process.
    """
    with transaction() as session:
        run_id = backups.begin_run(session, actor)
    outcome = _make(actor, run_id, reason="manual", target=target, strict=strict, is_apart=is_apart)
    if target is None:
        copy_newest(actor, is_apart=is_apart)
    return outcome


def make_daily(actor: Actor = AUTOMATIC, *, is_apart: bool = False) -> Outcome | None:
    """Make today's backup if nobody has; copy what has no second copy, and clear away what is old.

    A server has the long part done apart, in another process.
    """
    with transaction() as session:
        run_id = backups.claim_day(session, actor, day=clock.today())
    outcome = _make(actor, run_id, reason="daily", is_apart=is_apart) if run_id is not None else None
    copy_newest(actor, is_apart=is_apart)
    clear_expired(actor)
    return outcome


def copy_newest(actor: Actor, *, is_apart: bool = False) -> CopyOutcome | None:
    """Copy the newest proven backup into the second folder and prove it there; None where nothing is to be done."""
    with reading() as session:
        run = backups.find_uncopied(session, actor)
        folder = backups.find_second_folder(session, actor).folder
    if run is None or not folder or run.file is None:
        return None
    outcome = _copied(runtime(), source=Path(run.file), folder=Path(folder), is_apart=is_apart)
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


def _make(
    actor: Actor,
    run_id: int,
    *,
    reason: str,
    target: Path | None = None,
    strict: bool = False,
    is_apart: bool = False,
) -> Outcome:
    try:
        with _making:
            if is_apart:
                outcome = backup_apart.make(runtime(), reason=reason)
            else:
                outcome = backup_files.make(runtime(), reason=reason, target=target)
    except tuple(PROBLEMS) as error:
        outcome = Outcome(problem=code_of(error))
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


def _copied(used: Runtime, *, source: Path, folder: Path, is_apart: bool) -> CopyOutcome:
    tried = try_folder(folder, used.location)
    if tried.problem:
        return CopyOutcome(problem=tried.problem.value)
    copy = backup_apart.copy if is_apart else backup_files.copy
    return copy(used, source=source, folder=folder)


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
