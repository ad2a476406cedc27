"""A throw-away PostgreSQL cluster on a free loopback port; it refuses to run as root, so another user owns it."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from db import upgrade
from db.location import Location

INSTALL = "apt-get install -y postgresql"
NOBODY = "postgres"


def find_binaries() -> Path | None:
    """Return the folder of initdb and postgres, or None."""
    named = os.environ.get("CARE_TEST_PG_BIN")
    places = [Path(named)] if named else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if found := shutil.which("initdb"):
        places.append(Path(found).parent)
    return next((place for place in places if (place / "initdb").exists()), None)


def _as_other_user() -> list[str]:
    if os.name == "posix" and os.geteuid() == 0:
        return ["setpriv", f"--reuid={NOBODY}", f"--regid={pwd.getpwnam(NOBODY).pw_gid}", "--clear-groups"]
    return []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_cluster(folder: Path) -> Iterator[str]:
    """Start a cluster in a folder and yield its address, `{name}` standing for the database."""
    binaries = find_binaries()
    if binaries is None:
        message = f"没有找到 PostgreSQL，跳过这一部分。要运行它，请先执行：{INSTALL}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    folder.chmod(0o755)
    data = Path("/tmp") / f"care-pg-{os.getpid()}" if os.geteuid() == 0 else folder / "pg"  # noqa: S108
    data.mkdir(mode=0o700)
    prefix = _as_other_user()
    if prefix:
        shutil.chown(data, NOBODY, NOBODY)
    port = _free_port()
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    subprocess.run(
        [
            *prefix,
            str(binaries / "initdb"),
            "-D",
            str(data),
            "-U",
            "care",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ],
        **quiet,
    )  # type: ignore[call-overload]
    options = f"-p {port} -k {data} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200"
    control = [*prefix, str(binaries / "pg_ctl"), "-D", str(data), "-w"]
    subprocess.run([*control, "-o", options, "-l", str(data / "log"), "start"], **quiet)  # type: ignore[call-overload]
    try:
        yield f"postgresql://care@127.0.0.1:{port}/{{name}}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **quiet)  # type: ignore[call-overload]
        shutil.rmtree(data, ignore_errors=True)


class ServerDatabase:
    """One migrated database that is emptied again and again: to make one takes three times as long as most tests."""

    def __init__(self, location: Location, *, admin_url: str) -> None:
        with psycopg.connect(admin_url, autocommit=True) as admin:
            admin.execute("CREATE DATABASE care")
        self.runtime = upgrade.prepare(location)
        assert location.database_url is not None
        # Kept from test to test: a new one knows no table yet, and emptying them takes it ten times as long.
        self._connection = psycopg.connect(location.database_url, autocommit=True)
        self._reset = "\n".join(_reset_lines(self._connection))

    def reset(self) -> None:
        """Put it back to what it was after its migration; whoever still holds anything is thrown out."""
        self._connection.execute(_THROW_OUT)
        self._connection.execute(self._reset)  # type: ignore[call-overload]

    def close(self) -> None:
        """Let go of it."""
        self.runtime.engine.dispose()
        self._connection.close()


_THROW_OUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
AND (state <> 'idle' OR pid IN (SELECT pid FROM pg_locks))
"""


def _reset_lines(connection: "psycopg.Connection[Any]") -> Iterator[str]:
    """What makes a database as it is now: rows as the server writes them, and where its numbers have come to."""
    yield "SET session_replication_role = replica;"  # no foreign key, and no trigger that keeps events from going
    found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
    tables = [sql.Identifier(name) for (name,) in found]
    for table in tables:
        yield sql.SQL("DELETE FROM {};").format(table).as_string(connection)
    for table in tables:
        for (row,) in connection.execute(sql.SQL("SELECT each::text FROM {} AS each").format(table)):
            line = sql.SQL("INSERT INTO {0} SELECT ({1}::{0}).*;").format(table, sql.Literal(row))
            yield line.as_string(connection)
    for name, last in connection.execute("SELECT sequencename, last_value FROM pg_sequences").fetchall():
        line = sql.SQL("SELECT setval({}, {}, {});").format(name, last or 1, last is not None)
        yield line.as_string(connection)
