"""One real server and one Chromium for the browser tests."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from db import engine, upgrade
from db.location import Location
from db.tables import Role
from tests.browser import driver
from tests.browser.people import make_school

ROOT = Path(__file__).resolve().parents[2]
SCREENS = ROOT / "docs" / "screens"
CLOCK = "2026-11-20T09:41+08:00"
INSTALL = "apt-get install -y chromium fonts-noto-cjk"
_SECONDS_TO_START = 60
SIZES = pytest.mark.parametrize(
    "size", [driver.DESKTOP, pytest.param(driver.PHONE, marks=pytest.mark.long)], ids=lambda size: str(size[0])
)
"""A desk's window; in the long run a phone's too."""


def some_now(roles: Iterable[Role], *now: Role) -> list[Any]:
    """Return a test's roles, of which the fast run takes only a few: AppTest opens every page as every role."""
    return [each if each in now else pytest.param(each, marks=pytest.mark.long) for each in roles]


@dataclass(frozen=True)
class Server:
    """A running server: its address and its data."""

    address: str
    location: Location


OpenTab = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The one browser."""
    if driver.browser_path() is None:
        message = f"没有找到浏览器，跳过浏览器里的测试。要运行它们，请先执行：{INSTALL}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with driver.launch() as browser:
        yield browser


@contextmanager
def serve(location: Location) -> Iterator[Server]:
    """Run the real server on a prepared database."""
    port = _free_port()
    environment = {
        **os.environ,
        "CARE_DATA_DIR": str(location.data_dir),
        "CARE_KEY_FILE": str(location.key_file),
        "CARE_CLOCK": CLOCK,
    }
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    command += ["--server.address", "127.0.0.1", "--logger.hideWelcomeMessage", "true"]
    log = location.data_dir.parent / "server.log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file)
        try:
            _wait_until_healthy(f"http://127.0.0.1:{port}", process, log)
            yield Server(f"http://127.0.0.1:{port}", location)
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Location:
    """A migrated database that nobody has set up; copy it."""
    folder = tmp_path_factory.mktemp("prepared")
    location = Location(folder / "data", folder / "key" / "care.key")
    upgrade.prepare(location).engine.dispose()
    return location


def copy_of(prepared: Location, folder: Path) -> Location:
    """Copy a prepared database into a folder of its own, and make it this process's own."""
    shutil.copytree(prepared.data_dir, folder / "data")
    shutil.copytree(prepared.key_file.parent, folder / "key")
    location = Location(folder / "data", folder / "key" / "care.key")
    engine.use(location)
    return location


@pytest.fixture(scope="session")
def server(prepared: Location, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server most tests share: a school with one person for each role."""
    location = copy_of(prepared, tmp_path_factory.mktemp("server"))
    make_school()
    with serve(location) as running:
        yield running


class People:
    """Contexts for one person each, lent again afterwards: loading the program anew takes longer than most tests."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: dict[tuple[int, int], list[BrowserContext]] = defaultdict(list)

    def lend(self, size: tuple[int, int]) -> BrowserContext:
        """Return a context nobody is signed in to."""
        free = self._free[size]
        return free.pop() if free else driver.new_context(self._browser, size=size)

    def take_back(self, size: tuple[int, int], context: BrowserContext, origin: str) -> None:
        """Empty a context for the next person."""
        driver.forget_person(context, origin)
        self._free[size].append(context)


@pytest.fixture(scope="session")
def people(chromium: Browser) -> People:
    return People(chromium)


@pytest.fixture
def tab(request: pytest.FixtureRequest, people: People) -> Iterator[OpenTab]:
    """Open a tab as a new person; the test fails if any tab asked another host or had an error on its console."""
    lent: list[tuple[tuple[int, int], BrowserContext, str]] = []
    opened: list[list[str]] = []

    def open_(
        address: str = "",
        *,
        size: tuple[int, int] = driver.DESKTOP,
        beside: Page | None = None,
        on: Server | None = None,
    ) -> Page:
        running = on or request.getfixturevalue("server")
        if beside is None:
            lent.append((size, people.lend(size), running.address))
        page = (beside.context if beside else lent[-1][1]).new_page()
        opened.append(driver.watch(page, running.address))
        driver.open_page(page, f"{running.address}/{address}")
        return page

    yield open_
    found = [line for lines in opened for line in lines]
    for each in lent:
        people.take_back(*each)
    assert found == []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{address}/api/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if process.poll() is not None:
                break
        time.sleep(0.1)
    pytest.fail(f"the server did not start:\n{log.read_text(errors='replace')[-2000:]}")
