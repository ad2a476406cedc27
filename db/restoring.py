"""Bringing a backup back, also into an empty folder on another machine; nothing is touched before it is proven."""

import contextlib
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import delete
from sqlmodel import Session

from db import audit_chain, manifests, replacing, upgrade
from db.audit_chain import Note
from db.backups import check_room, prove
from db.embedded import open_embedded
from db.engine import Runtime, make_file_engine
from db.errors import BackupDamaged, BackupForeign, BackupMissing, BackupNewer, BackupUnwritable, EmbeddedOnly
from db.keys import Keys, read_key_file
from db.location import Location
from db.manifests import Manifest
from db.presence import alone_or_waiting, refuse_company
from db.tables import SignInSession


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back, whether a manifest vouched for it, and where the database before lies now."""

    manifest: Manifest
    has_manifest: bool
    aside: Path | None
    runtime: Runtime


def restore(location: Location, source: Path, keys: Keys, *, note: Note) -> Restored:
    """Prove a backup with a key, put it in place of the database, migrate it; the old database is kept aside.

    `note` is the event the restored chain goes on with; which head it was restored to is added to it. Everybody has to
    sign in again: a session that was ended after the backup was made must not come back with it.

    Raises:
        EmbeddedOnly: the data lie on a PostgreSQL server.
        BackupMissing, BackupForeign, BackupDamaged, BackupNewer: this file won't do; nothing was touched.
        StillInUse: a server or a command is at work on the database.
        NoRoom, BackupUnwritable, FolderReadOnly: the data folder can't take it.
        MigrationFailed: as with `upgrade.prepare`; the restored database stands in its older version.
    """
    if not location.is_embedded:
        raise EmbeddedOnly
    if not source.is_file():
        raise BackupMissing(source)
    upgrade.make_folders(location)
    location.key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with alone_or_waiting(location):
        replacing.finish(location)
        refuse_company(location)
        try:
            manifest, has_manifest = _stage(location, source, keys)
            _begin_anew(location, keys, manifest, note)
        except BaseException:
            replacing.clear_staged(location)
            raise
        is_other_key = not location.key_file.exists() or read_key_file(location.key_file) != keys
        aside = replacing.put_in_place(location, new_keys=keys if is_other_key else None)
    return Restored(manifest, has_manifest, aside, upgrade.prepare(location))


def _stage(location: Location, source: Path, keys: Keys) -> tuple[Manifest, bool]:
    """Copy the file beside the database and prove the copy, which so is proven to have come across as well."""
    staged = replacing.staged_file(location)
    replacing.clear_staged(location)
    check_room(staged, source.stat().st_size)
    try:
        staged.touch(mode=0o600)
        shutil.copyfile(source, staged)
        log = source.with_name(f"{source.name}-wal")
        if log.exists():  # no backup of ours, but a database copied by hand; what it says last stands in its log
            shutil.copyfile(log, staged.with_name(f"{staged.name}-wal"))
    except OSError as error:
        raise BackupUnwritable(staged) from error
    beside = manifests.read_beside(source, keys)
    if not log.exists() and beside is not None:
        prove(staged, keys, beside)  # with its digest, before anything in it is opened for writing
    try:
        _fold(staged, keys)
        inside = prove(staged, keys, replace(beside, sha256=None) if beside else None)
    except (BackupDamaged, BackupForeign) as error:
        raise _about(source, error) from error
    if not upgrade.is_known(inside.schema):
        raise BackupNewer(source, str(inside.schema), upgrade.known_head())
    return inside, bool(inside.reason)


def _fold(staged: Path, keys: Keys) -> None:
    """Make one file of it."""
    try:
        connection = open_embedded(str(staged), keys.database)
    except sqlcipher.Error as error:
        raise BackupForeign(staged) from error
    with contextlib.closing(connection):
        try:
            connection.execute("PRAGMA journal_mode = DELETE")
        except sqlcipher.Error as error:
            raise BackupDamaged(staged, "pages") from error


def _about(source: Path, error: BackupDamaged | BackupForeign) -> BackupMissing:
    """Name the file people know, not our copy of it."""
    return BackupDamaged(source, error.where) if isinstance(error, BackupDamaged) else BackupForeign(source)


def _begin_anew(location: Location, keys: Keys, manifest: Manifest, note: Note) -> None:
    """Take out the manifest, end every session, and go on with the chain."""
    engine = make_file_engine(replacing.staged_file(location), keys)
    about = {
        "head_seq": manifest.head_seq,
        "head_link": manifest.head_link,
        "made_at": manifest.made_at,
        "restored_at": datetime.now(UTC).isoformat(),  # by the clock that manifests are dated with
    }
    with Session(engine) as session:
        connection = session.connection()
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {manifests.TABLE}")
        connection.execute(delete(SignInSession))
        audit_chain.append(session, [replace(note, details=note.details | about)], key=keys.audit)
        session.commit()
    engine.dispose()
    _fold(replacing.staged_file(location), keys)
