"""Server processes on ports of their own: started, waited for, ended."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from db.location import PROJECT_DIR, Location

SECONDS_TO_START, SECONDS_TO_END = 60, 20
OURS = ("-m", "streamlit", "run", "app.py")
REFERENCE = ("-m", "streamlit", "run", str(Path("bench") / "reference" / "app.py"), "--runner.postScriptGC", "true")
"""Streamlit as it is shipped; our server leaves out the collection of garbage after each run (decision 0015)."""
CLOCK = "2026-11-20T09:41+08:00"
"""When it is in the school that is measured; figures of different days are then about the same data."""

STREAMLIT_HEALTH = "/_stcore/health"


@dataclass
class Running:
    """A server process, where it answers, and what it wrote."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    @property
    def address(self) -> str:
        """Where a browser would find it."""
        return f"http://127.0.0.1:{self.port}"


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment_of(place: Location | None, **more: str) -> dict[str, str]:
    """Return this process's environment without what it says of another installation.

    A server keeps what it has compiled, as a school's does.
    """
    left_out = ("CARE_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    ours = {"CARE_DATA_DIR": str(place.data_dir), "CARE_KEY_FILE": str(place.key_file)} if place else {}
    return {**kept, **ours, "PYTHONUTF8": "1", **more}


def start(words: Sequence[str], log: Path, environment: Mapping[str, str]) -> Running:
    """Start Python with these words, which run Streamlit, on the loopback address; returns at once."""
    port = free_port()
    line = [*words, "--server.port", str(port), "--server.address", "127.0.0.1", "--logger.hideWelcomeMessage", "true"]
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, *line], cwd=PROJECT_DIR, env=dict(environment), stdout=file, stderr=file
        )
    return Running(process, port, log)


@contextmanager
def served(words: Sequence[str], log: Path, environment: Mapping[str, str]) -> Iterator[Running]:
    """Start a server, wait until it answers, and end it."""
    running = start(words, log, environment)
    try:
        wait_until_healthy(running, STREAMLIT_HEALTH)
        yield running
    finally:
        end(running)


def end(running: Running) -> None:
    """End a server, by force if it does not listen."""
    running.process.terminate()
    try:
        running.process.wait(timeout=SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        running.process.kill()
        running.process.wait()


def wait_until_healthy(running: Running, path: str = "/api/health") -> None:
    """Wait until the server says of itself that it is well.

    Raises:
        AssertionError: it ended, or did not within a minute; with the end of what it wrote.
    """
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and running.process.poll() is None:
        try:
            with urllib.request.urlopen(f"{running.address}{path}", timeout=SECONDS_TO_START) as answer:  # noqa: S310
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.02)
    raise AssertionError(f"the server did not start:\n{running.log.read_text(errors='replace')[-2000:]}")
