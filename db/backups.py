"""Copies of the database, made while people work and proved by reading them."""

from datetime import UTC, datetime
from pathlib import Path

from db.engine import Runtime, open_embedded


class BackupUnproven(Exception):
    """A fresh copy does not read back as it should."""


def make_backup(runtime: Runtime, *, reason: str) -> Path:
    """Copy the embedded database with VACUUM INTO and prove the copy; it is encrypted with the same key.

    Raises:
        BackupUnproven: the copy is damaged or holds other tables than the original.
    """
    location, key = runtime.location, runtime.keys.database
    location.backup_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    target = location.backup_dir / f"care-{stamp}-{reason}.db"
    source = open_embedded(str(location.database_file), key)
    try:
        source.execute("VACUUM INTO ?", (str(target),))
        wanted = _tables(source)
    finally:
        source.close()
    _prove(target, key, wanted)
    return target


def _tables(connection) -> set[str]:  # type: ignore[no-untyped-def]  # a raw DBAPI connection has no stubs
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _prove(path: Path, key: str, wanted: set[str]) -> None:
    copy = open_embedded(str(path), key)
    try:
        if copy.execute("PRAGMA integrity_check").fetchall() != [("ok",)] or _tables(copy) != wanted:
            raise BackupUnproven(path.name)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, no -wal beside it
    finally:
        copy.close()
