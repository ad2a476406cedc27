"""The real server, as `run` starts it on an empty folder."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.launcher.conftest import PROJECT

# The environment is the tests' own, so the launcher's first half is left out.
RUN = "import sys; from commands import cli, run; sys.exit(run.run(cli.parse(sys.argv[1:])))"


@pytest.fixture
def port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def server(tmp_path: Path, port: int, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """The server on a fresh data folder."""
    line = ["run", "--data", str(tmp_path / "data"), "--port", str(port), *request.param]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CARE_")}
    with subprocess.Popen(
        [sys.executable, "-c", RUN, *line],
        cwd=PROJECT,
        env={**environment, "PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as started:
        yield started
        started.kill()


def wait_for_answer(address: str, context: ssl.SSLContext | None) -> int:
    """Ask until the server answers and return the status."""
    deadline = time.monotonic() + 40
    while True:
        try:
            with urllib.request.urlopen(address, context=context, timeout=5) as answer:
                return int(answer.status)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@pytest.mark.long
@pytest.mark.parametrize("server", [[], ["--https"]], indirect=True, ids=["plain", "https"])
@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_it_answers_and_ends_quietly(server: subprocess.Popen[str], port: int, tmp_path: Path, asked: signal.Signals):
    is_https = "--https" in server.args  # type: ignore[operator]  # a list of words
    context = ssl.create_default_context() if is_https else None
    address = f"{'https' if is_https else 'http'}://127.0.0.1:{port}"

    if context:
        _trust_when_made(context, tmp_path / "data" / "tls" / "cert.pem")
    assert wait_for_answer(f"{address}/_stcore/health", context) == 200
    server.send_signal(asked)

    said, _ = server.communicate(timeout=15)
    assert server.returncode == 0
    assert address in said
    assert "一次性启用码" in said
    assert "Traceback" not in said
    assert not list((tmp_path / "data").rglob("*.db-wal"))


def _trust_when_made(context: ssl.SSLContext, cert: Path) -> None:
    deadline = time.monotonic() + 40
    while not cert.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    context.load_verify_locations(cert)
