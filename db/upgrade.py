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
from db.engine import WRITE, Runtime, use
from db.errors import (
    DatabaseMissing,
    DatabaseNewer,
    DatabaseOutdated,
    DatabaseUnreachable,
    FolderReadOnly,
    KeyMissing,
    KeyWrong,
    MigrationFailed,
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
        DatabaseUnreachable: the database server does not answer.
        MigrationLocked: another process is migrating and does not finish.
        MigrationFailed: a migration broke off; nothing was changed.
    """
    finish_if_pending(location)
    if location.is_embedded and location.database_file.exists() and not location.key_file.exists():
        raise KeyMissing(location.key_file)
    make_folders(location)
    with alone_or_waiting(location):
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
            raise FolderReadOnly(folder) from error


@contextmanager
def _connected(runtime: Runtime) -> Iterator[Connection]:
    try:
        connection = runtime.engine.connect()
    except OperationalError as error:
        raise DatabaseUnreachable(type(error.orig).__name__) from error
    except DBAPIError as error:  # SQLCipher: "file is not a database"
        raise KeyWrong(runtime.location.key_file) from error
    with connection:
        yield connection


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
