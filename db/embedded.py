"""Opening SQLCipher files: the one people work in, and copies that are only read."""

from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

BUSY_TIMEOUT_SECONDS = 30
PAGES_KEPT_KIB = 16 * 1024
"""How much of the file a connection keeps decrypted, in KiB: the register of 20,000 children fits.

With SQLite's own 2 MiB a list in another order than the rows are stored in decrypted the same pages over and over: four
fifths of its time (measured).
"""
PLAIN_HEADER = b"SQLite format 3\x00"


def open_embedded(path: str, key_hex: str) -> Any:  # a raw DBAPI connection has no stubs
    """Open one SQLCipher connection with our settings."""
    connection = sqlcipher.connect(path, timeout=BUSY_TIMEOUT_SECONDS, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA cipher_log_level = NONE")  # else a wrong key prints English lines of its own
    connection.execute(f"PRAGMA key = \"x'{key_hex}'\"")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA temp_store = MEMORY")  # nothing sensitive in a temporary file
    connection.execute(f"PRAGMA cache_size = -{PAGES_KEPT_KIB}")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA secure_delete = ON")  # what is removed is overwritten, not only unlinked
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA journal_mode = WAL")  # the first statement that reads the file: a wrong key shows here
    return connection


def open_copy(path: Path, key_hex: str) -> Any:  # a raw DBAPI connection has no stubs
    """Open a copy nobody writes to, leaving no trace beside it; also from a medium that can't be written."""
    connection = sqlcipher.connect(
        f"{path.resolve().as_uri()}?immutable=1", uri=True, check_same_thread=False, isolation_level=None
    )
    connection.execute("PRAGMA cipher_log_level = NONE")
    connection.execute(f"PRAGMA key = \"x'{key_hex}'\"")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def make_copy_engine(path: Path, key_hex: str) -> Engine:
    """Make an engine that only reads a copy."""
    return create_engine(
        "sqlite://",
        module=sqlcipher,
        creator=lambda: open_copy(path, key_hex),
        poolclass=NullPool,
        hide_parameters=True,
    )


def opens(path: Path, key_hex: str) -> bool:
    """Say whether a file is a database this key opens."""
    if not path.is_file():
        return False
    connection = open_copy(path, key_hex)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlcipher.Error:
        return False
    finally:
        connection.close()
    return True
