"""The one engine of a process, and the keys that belong to it."""

import threading
from dataclasses import dataclass
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from db.keys import Keys, create_key_file, read_key_file
from db.location import Location

WRITE = {"care_begin": "BEGIN IMMEDIATE"}
"""Execution options of a writing transaction: on SQLite it takes the write lock before it reads."""

BUSY_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a process needs to reach its data."""

    location: Location
    keys: Keys
    engine: Engine


_lock = threading.Lock()
_runtime: Runtime | None = None


def open_embedded(path: str, key_hex: str) -> Any:  # a raw DBAPI connection has no stubs
    """Open one SQLCipher connection with our settings."""
    connection = sqlcipher.connect(path, timeout=BUSY_TIMEOUT_SECONDS, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA cipher_log_level = NONE")  # else a wrong key prints English lines of its own
    connection.execute(f"PRAGMA key = \"x'{key_hex}'\"")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA temp_store = MEMORY")  # nothing sensitive in a temporary file
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA journal_mode = WAL")  # the first statement that reads the file: a wrong key shows here
    return connection


def _begin_ourselves(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("care_begin", "BEGIN"))


def make_engine(location: Location, keys: Keys) -> Engine:
    """Make an engine; QueuePool, because the dialect's default pool crashes with more than about five threads."""
    if location.database_url is not None:
        url = location.database_url.replace("postgresql://", "postgresql+psycopg://", 1)
        return create_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=10, max_overflow=30)

    path, key = str(location.database_file), keys.database
    engine = create_engine(
        "sqlite://",
        module=sqlcipher,
        creator=lambda: open_embedded(path, key),
        poolclass=QueuePool,
        pool_size=10,
        max_overflow=50,
        hide_parameters=True,
    )
    event.listen(engine, "begin", _begin_ourselves)
    return engine


def use(location: Location) -> Runtime:
    """Make this location the process's own, in place of the one before; a new installation gets its key file."""
    global _runtime
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
                found = read_key_file(location.key_file)
                _runtime = Runtime(location, found, make_engine(location, found))
    return _runtime


def keys() -> Keys:
    """Return the keys of this process."""
    return runtime().keys
