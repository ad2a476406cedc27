"""The real server on a folder of its own, and a client that speaks its websocket as a modified browser would."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPMessage
from pathlib import Path

from bench import servers
from bench.client import SECONDS_TO_ANSWER, Browser
from bench.servers import end, environment_of, free_port, wait_until_healthy
from db import engine
from db.location import PROJECT_DIR, Location
from db.transactions import transaction
from services import clock, schools, sign_in
from services.calendar import SCHOOL_NAME
from tests.conftest import token_for
from tests.long.world import actor_called, settle

__all__ = ["Browser", "wait_until_healthy"]  # for the long tests; the figures use them too

CLOCK = "2026-11-20T09:41+08:00"
RUN = "import sys; from commands import cli, run; sys.exit(run.run(cli.parse(sys.argv[1:])))"
STREAMLIT = ["-m", "streamlit", "run", "app.py"]


@dataclass
class Running(servers.Running):
    """A server process on a school of its own."""

    place: Location


def school_in(folder: Path) -> Location:
    """Settle the small school and say that it is set up, so that the server asks to sign in."""
    from db.tables import SystemFact
    from services import setup

    place = settle(folder)
    with transaction() as session:
        session.add(SystemFact(name=setup.CLAIMED, value=clock.now().isoformat()))
        schools.save_setting(session, SCHOOL_NAME, "试验学校")
    return place


def server_environment(place: Location, **more: str) -> dict[str, str]:
    return environment_of(place, **{"CARE_CLOCK": CLOCK, **more})


def start(place: Location, log: Path, *words: str, port: int | None = None, **environment: str) -> Running:
    """Start a server; `words` are what Python is given, Streamlit's own start by default."""
    port = port or free_port()
    line = [*(words or STREAMLIT), "--server.port", str(port), "--server.address", "127.0.0.1"]
    line += ["--logger.hideWelcomeMessage", "true"]
    if words[:1] == ("-c",):
        line = [*words, "run", "--data", str(place.data_dir), "--port", str(port)]
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, *line],
            cwd=PROJECT_DIR,
            env=server_environment(place, **environment),
            stdout=file,
            stderr=file,
        )
    return Running(process, port, log, place)


@contextmanager
def served(place: Location, log: Path, *words: str, **environment: str) -> Iterator[Running]:
    """Start a server, wait until it is healthy, and end it."""
    running = start(place, log, *words, **environment)
    try:
        wait_until_healthy(running)
        yield running
    finally:
        end(running)


@dataclass
class Answer:
    """What the server sent back."""

    status: int
    headers: HTTPMessage
    body: bytes


def ask(
    running: Running,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    """Send one request as it stands."""
    request = urllib.request.Request(f"{running.address}{path}", data=body, method=method, headers=dict(headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=SECONDS_TO_ANSWER) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


def cookie_of(running: Running, username: str) -> str:
    """Sign somebody in and return the cookie's value."""
    import jwt

    from ui.cookies import ALGORITHM

    engine.use(running.place)
    with transaction() as session:
        token = token_for(session, actor_called(session, username))
    key = sign_in.cookie_key()
    return jwt.encode({"sid": token, "exp": int(time.time()) + 3600}, key, algorithm=ALGORITHM)
