"""`test`: find what the tests need beside Python, then run pytest."""

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from commands.check import run_checks
from commands.parsing import Subparsers, command_parser
from commands.problems import ToolsMissing
from commands.processes import PROJECT_DIR, run_through

BROWSER_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
BROWSER_FILES = (
    "/usr/bin/chromium-headless-shell",
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)
# Where playwright puts the browsers it downloads itself, on Linux, Windows and macOS.
PLAYWRIGHT_FOLDERS = ("~/.cache/ms-playwright", "~/AppData/Local/ms-playwright", "~/Library/Caches/ms-playwright")
PLAYWRIGHT_FILES = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-win*/chrome.exe",
    "chromium-*/chrome-mac*/Chromium.app/Contents/MacOS/Chromium",
)


# File by file. One process more than the two cores the tests are made for: the browser's tests wait half their time.
IN_PARALLEL = ["-n", "3", "--dist", "loadscope", "--no-loadscope-reorder"]
# The tests start the program more than a hundred times: where a machine forbids it, each start would compile it anew.
KEEP_COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}


class Tool(NamedTuple):
    """Something the tests need that pip can't install."""

    title: str
    packages: str
    variable: str
    found: Path | None
    left_out: str


def add_parser(subparsers: Subparsers) -> None:
    """Declare the options of `test`; everything else goes to pytest."""
    parser = command_parser(subparsers, "test")
    parser.usage = "manage.py test [-h] [--long] [pytest 的选项 …]"
    parser.epilog = "别的选项原样交给 pytest，例如：python3 manage.py test -k 名册 tests/services"
    parser.add_argument("--long", action="store_true", help="也跑费时间的：断电、争抢、长序列、PostgreSQL")


def run(args: argparse.Namespace) -> int:
    """Run the fast tests, or all with --long; a missing tool is told loudly, and with CI=true refused.

    Raises:
        ToolsMissing: something is missing in a run that may not skip it.
    """
    tools = list(find_tools(long=args.long))
    missing = [tool for tool in tools if tool.found is None]
    if in_ci():
        if missing:
            raise ToolsMissing("、".join(t.title for t in missing), " ".join(t.packages for t in missing))
        if code := run_checks():
            return code
    _tell_missing(missing)
    found = {tool.variable: str(tool.found) for tool in tools if tool.found}
    command = pytest_command(args, browser="CARE_TEST_CHROMIUM" in found)
    code = run_through(command, env={**os.environ, **found, **KEEP_COMPILED}, cwd=PROJECT_DIR)
    _tell_missing(missing)
    return code


def in_ci() -> bool:
    """Tell whether this run decides about landing, so that nothing may be skipped."""
    return os.environ.get("CI", "").lower() in {"true", "1"}


def find_tools(*, long: bool) -> Iterator[Tool]:
    """Look for the browser and, for the long run, the PostgreSQL server."""
    yield Tool("浏览器 Chromium", "chromium fonts-noto-cjk", "CARE_TEST_CHROMIUM", find_chromium(), "浏览器里的测试")
    if long:
        yield Tool("PostgreSQL", "postgresql", "CARE_TEST_PG_BIN", find_postgresql(), "PostgreSQL 上的测试")


def find_chromium() -> Path | None:
    """Find a Chromium: the one named in CARE_CHROMIUM, else the system's, else playwright's own.

    The one without a window of its own first: it starts sooner and needs a quarter less time.
    """
    if named := os.environ.get("CARE_CHROMIUM"):
        return Path(named) if os.access(named, os.X_OK) else None
    return next((path for path in _possible_browsers() if os.access(path, os.X_OK)), None)


def _possible_browsers() -> Iterator[Path]:
    yield from map(Path, BROWSER_FILES)
    yield from (Path(path) for name in BROWSER_NAMES if (path := shutil.which(name)))
    for folder in (os.environ.get("PLAYWRIGHT_BROWSERS_PATH"), *PLAYWRIGHT_FOLDERS):
        for pattern in PLAYWRIGHT_FILES if folder else ():
            yield from sorted(Path(folder or "").expanduser().glob(pattern), reverse=True)


def find_postgresql() -> Path | None:
    """Find the folder of PostgreSQL's server programs; the newest of several."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    on_path = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    for folder in (*on_path, *debian):
        if all(shutil.which(program, path=str(folder)) for program in ("initdb", "postgres", "pg_ctl")):
            return folder
    return None


def pytest_command(args: argparse.Namespace, *, browser: bool) -> list[str]:
    """Compose pytest's line: which marks are left out, then the words that were typed."""
    left_out = [*([] if args.long else ["long"]), *([] if browser else ["browser"])]
    marks = ["-m", " and ".join(f"not {mark}" for mark in left_out)] if left_out else []
    parallel = [] if args.rest else IN_PARALLEL  # a chosen few are sooner done by one process
    return [sys.executable, "-m", "pytest", *(["--long"] if args.long else []), *marks, *parallel, *args.rest]


def _tell_missing(missing: list[Tool]) -> None:
    for tool in missing:
        print("!" * 72, file=sys.stderr)
        print(f"没有找到{tool.title}，{tool.left_out}这次没有跑。", file=sys.stderr)
        print(f"要跑，请先运行：apt-get install -y {tool.packages}", file=sys.stderr)
        print("!" * 72, file=sys.stderr, flush=True)
