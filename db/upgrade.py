"""Bringing a database to this program's schema: under a lock, backup first, all or nothing."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError

from db.backups import make_backup
from db.disk import is_disk_full, is_read_only
from db.engine import WRITE, Runtime, use
from db.errors import (
    DatabaseEmptied,
    DatabaseMissing,
    DatabaseNewer,
    DatabaseOutdated,
    DatabaseUnopened,
    DatabaseUnreachable,
    DiskFull,
    FolderReadOnly,
    KeyMissing,
    KeyWrong,
    MigrationFailed,
    StartupProblem,
)
from db.keys import create_key_file
from db.location import Location
from db.presence import alone_or_waiting
from db.replacing import finish_if_pending
from db.triggers import create_triggers, declared_triggers, list_triggers

FINGERPRINT = "key_fingerprint"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def known_head() -> str:
    """Return the schema version this program was written for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None  # noqa: S101  there is always a first migration
    return head


def prepare(location: Location) -> Runtime:
    """Make folders and key where nothing is yet, and migrate the database to this program's schema.

    Raises:
        FolderReadOnly: the data folder can't be written to.
        KeyMissing: there is a database but no key file.
        KeyWrong: the key file does not open this database.
        DatabaseNewer: a newer version of the program wrote it.
        DatabaseUnreachable, DatabaseUnopened: the database server does not answer, the file can't be opened.
        DatabaseEmptied: there were data here, and now the file is empty or gone.
        DiskFull: there is no room for what has to be written.
        MigrationLocked: another process is migrating and does not finish.
        MigrationFailed: a migration broke off; nothing was changed.
    """
    finish_if_pending(location)
    if location.is_embedded and location.database_file.exists() and not location.key_file.exists():
        raise KeyMissing(location.key_file)
    make_folders(location)
    with alone_or_waiting(location):
        _refuse_emptied(location)  # under the lock: meanwhile another first start may have its key, and no table yet
        return _prepare_locked(location)


def _prepare_locked(location: Location) -> Runtime:
    is_new_key = not location.is_embedded and not location.key_file.exists()
    if is_new_key:
        create_key_file(location.key_file)  # the server may hold data already; the fingerprint tells
    try:
        runtime = use(location)
        with _connected(runtime) as connection:
            found = _current_version(connection)
            _check_fingerprint(connection, runtime, found)
    except KeyWrong:
        if not is_new_key:
            raise
        location.key_file.unlink()  # it would look like the key of these data
        raise KeyMissing(location.key_file) from None
    if found == known_head():
        return runtime
    _check_not_newer(found)
    _migrate(runtime, found)
    return runtime


def is_known(version: str | None) -> bool:
    """Say whether a schema version is this program's or an older one's."""
    return version in {each.revision for each in ScriptDirectory.from_config(_config()).walk_revisions()}


def refuse_empty(location: Location) -> None:
    """Refuse a place where nothing is yet, so that looking makes nothing.

    Raises:
        DatabaseMissing: there is no database.
    """
    if location.is_embedded and not location.database_file.exists():
        raise DatabaseMissing(location.database_file)


def check_current(runtime: Runtime) -> None:
    """Refuse a database of any other schema version.

    Raises:
        DatabaseNewer: a newer program wrote it.
        DatabaseOutdated: it waits for a migration.
        KeyWrong: the key does not fit.
        DatabaseUnreachable: the server does not answer.
    """
    with _connected(runtime) as connection:
        found = _current_version(connection)
    if found != known_head():
        _check_not_newer(found)
        raise DatabaseOutdated(found, known_head())


def make_folders(location: Location) -> None:
    folders = [location.data_dir, location.backup_dir]
    if location.is_embedded:
        folders.append(location.database_file.parent)
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, probe = tempfile.mkstemp(dir=folder, prefix=".probe-")
            os.close(handle)
            os.unlink(probe)
        except OSError as error:
            raise (DiskFull if is_disk_full(error, folder) else FolderReadOnly)(folder) from error


@contextmanager
def _connected(runtime: Runtime) -> Iterator[Connection]:
    try:
        connection = runtime.engine.connect()
    except OperationalError as error:
        raise _why_unopened(runtime.location, error) from error
    except DBAPIError as error:  # SQLCipher: "file is not a database"
        raise KeyWrong(runtime.location.key_file) from error
    with connection:
        yield connection


def _why_unopened(location: Location, error: OperationalError) -> StartupProblem:
    file = location.database_file
    if not location.is_embedded:
        return DatabaseUnreachable(type(error.orig).__name__)
    if is_disk_full(error, location.data_dir):
        return DiskFull(location.data_dir)
    if is_read_only(file) or is_read_only(file.parent):  # even to read, the database writes files beside it
        return FolderReadOnly(file.parent)
    return DatabaseUnopened(file)


def _refuse_emptied(location: Location) -> None:
    """Refuse to begin anew where a server has been at work: only then is a blank file no first start cut short."""
    files = [location.database_file, location.database_file.with_name(f"{location.database_file.name}-wal")]
    is_blank = location.is_embedded and not any(file.exists() and file.stat().st_size for file in files)
    if is_blank and location.key_file.exists() and (location.presence_dir.exists() or _has_backups(location)):
        raise DatabaseEmptied(location.database_file, location.backup_dir)


def _has_backups(location: Location) -> bool:
    folder = location.backup_dir  # in which another process may just try whether it can write: .probe-…
    return folder.is_dir() and any(not each.name.startswith(".") for each in folder.iterdir())


def _current_version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _check_fingerprint(connection: Connection, runtime: Runtime, found: str | None) -> None:
    if found is None:
        return
    query = text("SELECT value FROM system_fact WHERE name = :name")
    stored = connection.execute(query, {"name": FINGERPRINT}).scalar()
    if stored is not None and stored != runtime.keys.fingerprint:
        raise KeyWrong(runtime.location.key_file)


def _check_not_newer(found: str | None) -> None:
    if found is not None and not is_known(found):
        raise DatabaseNewer(found, known_head())


def _migrate(runtime: Runtime, found: str | None) -> None:
    backup = make_backup(runtime, reason="migration") if found and runtime.location.is_embedded else None
    try:
        with runtime.engine.connect().execution_options(**WRITE) as connection:
            if runtime.location.is_embedded:
                # Before BEGIN: with foreign_keys on, a rebuilt table's children would be deleted (seen).
                raw = connection.connection.dbapi_connection
                raw.execute("PRAGMA foreign_keys = OFF")  # type: ignore[union-attr]
            try:
                with connection.begin():
                    _upgrade_to_head(connection, runtime)
            finally:
                if runtime.location.is_embedded:
                    raw.execute("PRAGMA foreign_keys = ON")  # type: ignore[union-attr]
    except Exception as error:
        if is_disk_full(error, runtime.location.data_dir):
            raise DiskFull(runtime.location.data_dir) from error
        raise MigrationFailed(backup) from error


def _upgrade_to_head(connection: Connection, runtime: Runtime) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    create_triggers(connection)
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall():
        raise RuntimeError("foreign keys are broken after the migration")
    if missing := declared_triggers() ^ list_triggers(connection):
        raise RuntimeError(f"triggers differ after the migration: {sorted(missing)}")
    connection.execute(
        text("INSERT INTO system_fact (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING"),
        {"name": FINGERPRINT, "value": runtime.keys.fingerprint},
    )
