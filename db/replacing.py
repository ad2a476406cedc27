"""Putting another database, and perhaps another key, in place of this one, so that a kill leaves one working pair.

The new file is made and proven beside the old one. It counts from the moment its name ends in `.ready`: whoever opens
the database next then finishes what is left. Before that moment everything is as it was.
"""

import contextlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlcipher3.dbapi2 as sqlcipher

from db.embedded import open_embedded, opens
from db.errors import KeyMissing, KeyWrong
from db.keys import Keys, read_key_file, write_key_file
from db.location import Location
from db.presence import alone_or_waiting

OLD_KEY_DAYS = 60
"""How long an old key is kept by its name: twice as long as the backups it opens."""


def staged_file(location: Location) -> Path:
    """Return where the new database is made."""
    return location.database_file.with_name(f"{location.database_file.name}.next")


def ready_file(location: Location) -> Path:
    """Return what the new database is called once it counts."""
    return location.database_file.with_name(f"{location.database_file.name}.ready")


def is_pending(location: Location) -> bool:
    """Say whether a replacement was broken off, before or after it counted."""
    traces = (ready_file(location), location.next_key_file, staged_file(location))
    return location.is_embedded and any(path.exists() for path in traces)


def finish_if_pending(location: Location) -> None:
    """Finish or take back what somebody was killed at.

    Raises:
        MigrationLocked: somebody is just at it.
    """
    if is_pending(location):
        with alone_or_waiting(location):
            finish(location)


def clear_staged(location: Location) -> None:
    """Take away a new database that never counted."""
    staged = staged_file(location)
    for path in (staged, *_companions(staged), staged.with_name(f"{staged.name}-journal")):
        path.unlink(missing_ok=True)


def put_in_place(location: Location, *, new_keys: Keys | None = None) -> Path | None:
    """Put the staged, proven database in place of the one there; return where the old one was put.

    Only under the lock, with nobody at work. `new_keys` opens the new database where the key file does not.
    """
    if new_keys is not None:
        write_key_file(location.next_key_file, new_keys)
    _sync_folder(location.key_file.parent)
    staged_file(location).replace(ready_file(location))
    _sync_folder(location.database_file.parent)
    return finish(location)


def finish(location: Location) -> Path | None:
    """Do what is left of a replacement; only under the lock. Returns where the old database was put."""
    aside = None
    if ready_file(location).exists():
        aside = _move_aside(location)
        ready_file(location).replace(location.database_file)
        _sync_folder(location.database_file.parent)
    else:
        clear_staged(location)
    _settle_key(location)
    return aside


def _settle_key(location: Location) -> None:
    """Put the new key in place of the old one if the database is the new one, else forget the new key."""
    if not location.next_key_file.exists():
        return
    new = read_key_file(location.next_key_file)
    if not opens(location.database_file, new.database):
        location.next_key_file.unlink()
        return
    if location.key_file.exists():
        _keep_old_key(location, new)
    location.next_key_file.replace(location.key_file)
    _sync_folder(location.key_file.parent)


def _keep_old_key(location: Location, new: Keys) -> None:
    with contextlib.suppress(KeyMissing, KeyWrong):
        if read_key_file(location.key_file) == new:
            return
    until = (datetime.now(UTC) + timedelta(days=OLD_KEY_DAYS)).date()
    kept = location.key_file.with_name(f"{location.key_file.name}-until-{until:%Y%m%d}")
    number = 1
    while kept.exists() and kept.read_bytes() != location.key_file.read_bytes():
        number += 1
        kept = location.key_file.with_name(f"{location.key_file.name}-until-{until:%Y%m%d}-{number}")
    if not kept.exists():
        draft = kept.with_name(f"{kept.name}.part")
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        draft.write_bytes(location.key_file.read_bytes())
        draft.replace(kept)


def _move_aside(location: Location) -> Path | None:
    """Move the old database away, its write-ahead log with it: laid beside another file it would damage that."""
    database = location.database_file
    _fold_log(location)
    # Named after the new file, so that a second try after a kill uses the same name.
    made = datetime.fromtimestamp(ready_file(location).stat().st_mtime, UTC)
    aside = location.replaced_dir / f"care-{made:%Y%m%d-%H%M%S-%f}.db"
    present = [path for path in (*_companions(database), database) if path.exists()]
    if not present:
        return aside if aside.exists() else None
    location.replaced_dir.mkdir(exist_ok=True, mode=0o700)
    for path in present:
        path.replace(aside.with_name(path.name.replace(database.name, aside.name, 1)))
    _sync_folder(location.replaced_dir)
    return aside


def _fold_log(location: Location) -> None:
    """Write the log into the old database, where that can still be opened; a damaged one is moved as it is."""
    if not location.database_file.exists():
        return
    with contextlib.suppress(sqlcipher.Error, KeyMissing, KeyWrong):
        connection = open_embedded(str(location.database_file), read_key_file(location.key_file).database)
        with contextlib.closing(connection):
            connection.execute("PRAGMA journal_mode = DELETE")


def _companions(database: Path) -> tuple[Path, Path]:
    return database.with_name(f"{database.name}-wal"), database.with_name(f"{database.name}-shm")


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # a folder can't be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
