"""A throw-away PostgreSQL cluster on a free loopback port; it refuses to run as root, so another user owns it."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

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
