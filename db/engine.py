"""The one engine of a process, and the keys that belong to it."""

import threading
from dataclasses import dataclass
from pathlib import Path

import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from db import replacing
from db.embedded import open_embedded
from db.keys import Keys, create_key_file, read_key_file
from db.location import Location
from db.written import follow_writes

WRITE = {"care_begin": "BEGIN IMMEDIATE"}
"""Execution options of a writing transaction: on SQLite it takes the write lock before it reads."""

ONE_MOMENT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""Execution options of a reading transaction on PostgreSQL; SQLite reads one moment by itself."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a process needs to reach its data."""

    location: Location
    keys: Keys
    engine: Engine


_lock = threading.Lock()
_runtime: Runtime | None = None


def _begin_ourselves(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("care_begin", "BEGIN"))


def make_engine(location: Location, keys: Keys) -> Engine:
    """Make an engine; QueuePool, because the dialect's default pool crashes with more than about five threads."""
    if location.database_url is not None:
        url = location.database_url.replace("postgresql://", "postgresql+psycopg://", 1)
        server = create_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=10, max_overflow=30)
        follow_writes(server)
        return server

    return make_file_engine(location.database_file, keys)


def make_file_engine(file: Path, keys: Keys) -> Engine:
    """Make an engine for one embedded database file."""
    path, key = str(file), keys.database
    engine = create_engine(
        "sqlite://",
        module=sqlcipher,
        creator=lambda: open_embedded(path, key),
        poolclass=QueuePool,
        pool_use_lifo=True,  # the connection used last has the pages read last, decrypted
        pool_size=10,
        max_overflow=50,
        hide_parameters=True,
    )
    event.listen(engine, "begin", _begin_ourselves)
    follow_writes(engine)
    return engine


def use(location: Location) -> Runtime:
    """Make this location the process's own, in place of the one before; a new installation gets its key file."""
    global _runtime
    replacing.finish_if_pending(location)
    is_new = location.is_embedded and not location.database_file.exists()
    found = create_key_file(location.key_file) if is_new and not location.key_file.exists() else None
    keys_of_location = found or read_key_file(location.key_file)
    with _lock:
        before, _runtime = _runtime, Runtime(location, keys_of_location, make_engine(location, keys_of_location))
    if before is not None:
        before.engine.dispose()
    return _runtime


def runtime() -> Runtime:
    """Return the process's runtime, made from the environment on first use."""
    global _runtime
    if _runtime is None:
        with _lock:
            if _runtime is None:
                location = Location.from_environment()
                replacing.finish_if_pending(location)
                found = read_key_file(location.key_file)
                _runtime = Runtime(location, found, make_engine(location, found))
    return _runtime


def keys() -> Keys:
    """Return the keys of this process."""
    return runtime().keys
