"""Copies of the embedded database, made while people work and proved by reading them."""

import contextlib
import errno
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher
from sqlmodel import Session

from db import manifests
from db.audit_chain import find_breaks
from db.embedded import make_copy_engine, open_copy, open_embedded
from db.engine import Runtime
from db.errors import BackupDamaged, BackupForeign, BackupMissing, BackupUnproven, BackupUnwritable, NoRoom
from db.keys import Keys
from db.manifests import Manifest

PART = ".part"
_MEGABYTE = 1024 * 1024
_LEFT_BEHIND_SECONDS = 24 * 3600
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished, proven copy."""

    path: Path
    manifest: Manifest


def make_backup(runtime: Runtime, *, reason: str) -> Path:
    """Make a proven backup in the backup folder and return its file; see `back_up`."""
    return back_up(runtime, reason=reason).path


def back_up(runtime: Runtime, *, reason: str, target: Path | None = None) -> Backup:
    """Copy the embedded database with VACUUM INTO, which ends under any writing, and prove the copy.

    It is encrypted with the same key. A page-wise copy would begin anew with every write.

    Raises:
        BackupUnproven: the copy does not read back as it should.
        BackupUnwritable: the file can't be written there.
        NoRoom: the disk is too full.
    """
    location = runtime.location
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    target = target or location.backup_dir / f"care-{stamp}-{reason}.db"
    with _writing(target, size=_size_of(location.database_file)) as draft:
        manifest = _copy(runtime, draft, reason=reason)
        try:
            prove(draft, runtime.keys, manifest)
        except (BackupDamaged, BackupForeign) as error:
            raise BackupUnproven(target, getattr(error, "where", "key")) from error
    return Backup(target, manifests.write_beside(target, manifest, runtime.keys))


def copy_backup(backup: Backup, folder: Path, keys: Keys) -> Path:
    """Copy a backup into another folder and prove it there.

    Raises:
        BackupMissing: the backup is gone.
        BackupUnproven, BackupUnwritable, NoRoom: as with `back_up`.
    """
    if not backup.path.is_file():
        raise BackupMissing(backup.path)
    target = folder / backup.path.name
    with _writing(target, size=_size_of(backup.path)) as draft:
        shutil.copyfile(backup.path, draft)
        try:
            prove(draft, keys, backup.manifest)
        except (BackupDamaged, BackupForeign) as error:
            raise BackupUnproven(target, getattr(error, "where", "key")) from error
    manifests.write_beside(target, backup.manifest, keys)
    return target


def prove(path: Path, keys: Keys, manifest: Manifest | None = None) -> Manifest:
    """Read a copy to its end: every page, every table, the audit chain; against a manifest where one is given.

    Raises:
        BackupForeign: it does not open with this key.
        BackupDamaged: it differs from its manifest, the one given or the one inside, or from itself.
    """
    if manifest is not None and manifest.sha256 is not None and manifests.digest_of(path) != manifest.sha256:
        if manifest.key != keys.fingerprint:
            _open_with(path, keys).close()  # another key's file is told as that
        raise BackupDamaged(path, "sha256")
    try:
        connection = _open_with(path, keys)
    except BackupForeign as error:
        if manifest is not None and manifest.key == keys.fingerprint:  # the right key: so its first page is damaged
            raise BackupDamaged(path, "page 1") from error
        raise
    with contextlib.closing(connection):
        if damaged := _damaged_pages(connection):
            raise BackupDamaged(path, damaged)
        found = describe(connection, keys, reason="", made_at=datetime.now(UTC))
        inside = read_inside(connection)
    for wanted in filter(None, (manifest, inside)):
        if where := _difference(wanted, found):
            raise BackupDamaged(path, where)
    engine = make_copy_engine(path, keys.database)
    with Session(engine) as session:
        broken = next(find_breaks(session, limit=1, key=keys.audit), None)
    engine.dispose()
    if broken is not None:
        raise BackupDamaged(path, f"audit_event {broken}")
    return manifest or inside or found


def describe(connection: Any, keys: Keys, *, reason: str, made_at: datetime) -> Manifest:
    """Say what an open embedded database holds at this moment."""
    tables = sorted(tables_of(connection) - {manifests.TABLE})
    rows = {name: int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]) for name in tables}  # noqa: S608  names of the schema
    schema = connection.execute("SELECT version_num FROM alembic_version").fetchone() if rows else None
    newest = "SELECT seq, link FROM audit_event ORDER BY seq DESC LIMIT 1"
    head = connection.execute(newest).fetchone() if rows else None
    return Manifest(
        made_at=made_at.isoformat(),
        reason=reason,
        schema=schema[0] if schema else None,
        rows=rows,
        head_seq=head[0] if head else 0,
        head_link=head[1] if head else None,
        key=keys.fingerprint,
    )


def read_inside(connection: Any) -> Manifest | None:
    """Read the manifest a copy carries inside; a file copied by hand has none."""
    if manifests.TABLE not in tables_of(connection):
        return None
    row = connection.execute(f"SELECT body FROM {manifests.TABLE}").fetchone()  # noqa: S608  a constant
    return manifests.read_manifest(row[0]) if row else None


def clear_parts(folder: Path) -> None:
    """Take away what a killed backup left half-written."""
    for path in folder.glob(f".*{PART}*") if folder.is_dir() else ():
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _LEFT_BEHIND_SECONDS:  # a younger one may be somebody's at work
                path.unlink()


def _copy(runtime: Runtime, draft: Path, *, reason: str) -> Manifest:
    source = open_embedded(str(runtime.location.database_file), runtime.keys.database)
    with contextlib.closing(source):
        before = _state(source)
        source.execute("VACUUM INTO ?", (str(draft),))
        is_still = _state(source) == before  # nobody wrote meanwhile: the copy must be equal
        wanted = describe(source, runtime.keys, reason=reason, made_at=datetime.now(UTC)) if is_still else None
        is_still = is_still and _state(source) == before
    copy = open_embedded(str(draft), runtime.keys.database)
    with contextlib.closing(copy):
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, no -wal beside it
        manifest = describe(copy, runtime.keys, reason=reason, made_at=datetime.now(UTC))
        if wanted is not None and is_still and (where := _difference(wanted, manifest)):
            raise BackupUnproven(draft, where)
        copy.execute(f"CREATE TABLE {manifests.TABLE} (body TEXT NOT NULL)")
        copy.execute(f"INSERT INTO {manifests.TABLE} VALUES (?)", (manifest.as_json(),))  # noqa: S608  a constant
    return manifest


def _state(connection: Any) -> tuple[object, ...]:
    """Return what changes with every commit of another connection, and the head of the chain."""
    version = connection.execute("PRAGMA data_version").fetchone()
    return (*version, *(connection.execute("SELECT max(seq) FROM audit_event").fetchone()))


@contextmanager
def _writing(target: Path, *, size: int) -> Iterator[Path]:
    """Give a draft that becomes the target, readable only for this account, if all goes well, and nothing otherwise."""
    draft = target.with_name(f".{target.name}{PART}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        check_room(target, size)
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        yield draft
        to_disk(draft)
        draft.replace(target)
        to_disk(target.parent)
    except (OSError, sqlcipher.Error, sqlite3.Error) as error:
        if getattr(error, "errno", None) in _NO_ROOM or "full" in str(error):
            raise _no_room(target, size) from error
        raise BackupUnwritable(target) from error
    finally:
        for left in (draft, draft.with_name(f"{draft.name}-journal"), draft.with_name(f"{draft.name}-wal")):
            with contextlib.suppress(OSError):
                left.unlink()


def check_room(target: Path, size: int) -> None:
    if shutil.disk_usage(target.parent).free < size + _MEGABYTE:
        raise _no_room(target, size)


def _no_room(target: Path, size: int) -> NoRoom:
    free = shutil.disk_usage(target.parent).free
    return NoRoom(target.parent, needed_mb=size // _MEGABYTE + 2, free_mb=free // _MEGABYTE)


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise BackupMissing(path) from error


def to_disk(path: Path) -> None:
    """Have the operating system write a file or a folder out, so that it stands after a power cut."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open_with(path: Path, keys: Keys) -> Any:  # a raw DBAPI connection has no stubs
    if not path.is_file():
        raise BackupMissing(path)
    connection = open_copy(path, keys.database)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlcipher.Error as error:
        connection.close()
        raise BackupForeign(path) from error
    return connection


def _damaged_pages(connection: Any) -> str | None:
    try:
        # Every page carries a digest of its own, which says more than SQLite's check of the structure.
        lines = [line for (line,) in connection.execute("PRAGMA cipher_integrity_check")]
        lines += [line for (line,) in connection.execute("PRAGMA integrity_check") if line != "ok"]
    except sqlcipher.Error:
        return "pages"
    return str(lines[0]) if lines else None


def _difference(wanted: Manifest, found: Manifest) -> str | None:
    if wanted.schema != found.schema:
        return f"schema {wanted.schema} {found.schema}"
    for name in sorted(wanted.rows.keys() | found.rows.keys()):
        if wanted.rows.get(name) != found.rows.get(name):
            return f"{name} {wanted.rows.get(name)} {found.rows.get(name)}"
    if (wanted.head_seq, wanted.head_link) != (found.head_seq, found.head_link):
        return f"audit_event {wanted.head_seq} {found.head_seq}"
    return None


def tables_of(connection: Any) -> set[str]:
    """Return the names of the tables of an open embedded database."""
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {name for (name,) in rows if not name.startswith("sqlite_")}
