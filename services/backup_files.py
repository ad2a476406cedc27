"""The long part of a backup: making its file, copying it and proving both by reading them; in no transaction."""

from pathlib import Path

from db import postgres_dumps
from db.backups import Backup, back_up, copy_backup
from db.engine import Runtime
from db.errors import BackupMissing, BackupUnproven, BackupUnwritable, NoRoom
from db.folders import is_same_disk
from db.manifests import read_beside
from services.backups import CopyOutcome, Outcome

PROBLEMS: dict[type[Exception], str] = {
    NoRoom: "no_room",
    BackupUnproven: "unproven",
    BackupUnwritable: "unwritable",
    BackupMissing: "missing",
    OSError: "unwritable",
}


def make(used: Runtime, *, reason: str, target: Path | None = None) -> Outcome:
    """Make a backup in the backup folder, or as the file named, and prove it.

    Raises:
        NoRoom, BackupUnproven, BackupUnwritable: there is none.
    """
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


def copy(used: Runtime, *, source: Path, folder: Path) -> CopyOutcome:
    """Copy a backup into another folder and prove it there; what went wrong stands in the outcome."""
    manifest = read_beside(source, used.keys)
    if manifest is None:
        return CopyOutcome(problem="missing")
    try:
        if used.location.is_embedded:
            path = copy_backup(Backup(source, manifest), folder, used.keys)
        else:
            path = postgres_dumps.copy_dump(source, manifest, folder, used.keys)
    except tuple(PROBLEMS) as error:
        return CopyOutcome(problem=code_of(error))
    return CopyOutcome(file=path, is_off_disk=not is_same_disk(folder, used.location))


def code_of(error: BaseException) -> str:
    """Return the code of one of `PROBLEMS`."""
    return next(code for known, code in PROBLEMS.items() if isinstance(error, known))


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
