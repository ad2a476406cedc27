"""Measuring: ours and the reference in turn, in one run, so that a busy moment of the machine meets both."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from bench import figures, servers
from bench.client import Browser
from bench.counted_server import RIGHTS
from bench.figures import Figure, Kind, counted_figure, paired, percentile
from bench.school import School
from bench.servers import CLOCK, OURS, REFERENCE, Running
from bench.visits import Visit
from db.location import PROJECT_DIR
from db.tables import Role
from services.access import HOLDERS
from ui.navigation import existing_entries

SESSIONS, RERUNS_EACH = 20, 3
FIRST_WEIGHED, LAST_WEIGHED = 200, 1200
Serving = AbstractContextManager[Running]
EMPTY = "没有这样的记录，量的是空的"


@dataclass(frozen=True, slots=True)
class Stage:
    """What is measured, with which servers' logs where, and how often."""

    school: School
    visits: list[Visit]
    logs: Path
    pairs: int

    def serve(self, *words: str, school: School | None = None) -> Serving:
        """Serve the program on the school's data, plainly unless other words are given."""
        environment = servers.environment_of((school or self.school).place, CARE_CLOCK=CLOCK)
        return servers.served(words or OURS, self.logs / "ours.log", environment)

    def serve_reference(self) -> Serving:
        """Serve the yardstick."""
        return servers.served(REFERENCE, self.logs / "reference.log", reference_environment())


def reference_environment() -> dict[str, str]:
    """Return the environment of the reference, with the menu as the head of the room has it."""
    pages = [
        {"name": entry.name, "title": entry.title, "icon": entry.icon, "section": shown}
        for entry in existing_entries()
        for shown in [entry.section if _lead_may_open(entry.permissions) else None]
    ]
    return servers.environment_of(None, CARE_BENCH_PAGES=json.dumps(pages))


def _lead_may_open(permissions: Sequence[object]) -> bool:
    return not permissions or any(Role.LEAD in HOLDERS[each] for each in permissions)  # type: ignore[index]


def tab(running: Running, school: School, visit: Visit) -> Browser:
    """Return a tab of the program, signed in, at a page."""
    return Browser(running, school.cookies[visit.role], page=visit.page, query=school.query_of(visit))


def measure_pages(stage: Stage) -> Iterator[Figure]:
    """Measure every page, one session, against the reference's page; somebody else saves between every two reruns."""
    with stage.serve() as ours, stage.serve_reference() as reference, somebody_saving(stage.school) as save:
        for visit in stage.visits:
            with tab(ours, stage.school, visit) as own, Browser(reference, page=visit.page) as other:
                pairs = _in_turn(own, other, stage.pairs, before=save)
            yield paired(Kind.PAGE, visit.name, pairs, limit=figures.PAGE_LIMIT, note=_note(visit, stage.school))


def measure_growth(stage: Stage, large: School) -> Iterator[Figure]:
    """Measure every page in the large school against the same page in the smaller one."""
    with ExitStack() as stack:
        ours, bigger = stack.enter_context(stage.serve()), stack.enter_context(stage.serve(school=large))
        saves = [stack.enter_context(somebody_saving(school)) for school in (stage.school, large)]
        for visit in stage.visits:
            with tab(bigger, large, visit) as more, tab(ours, stage.school, visit) as less:
                pairs = _in_turn(more, less, stage.pairs, before=lambda: [save() for save in saves])
            yield paired(Kind.GROWTH, visit.name, pairs, limit=figures.GROWTH_LIMIT, note=_note(visit, large))


def measure_crowd(stage: Stage) -> Iterator[Figure]:
    """Measure twenty people clicking as fast as they are answered: ours, the reference, ours, …"""
    visits = list(islice(cycle(stage.visits), SESSIONS))
    with stage.serve() as ours, stage.serve_reference() as reference, ExitStack() as tabs:
        own = [tabs.enter_context(tab(ours, stage.school, visit)) for visit in visits]
        other = [tabs.enter_context(Browser(reference, page=visit.page)) for visit in visits]
        for each in (*own, *other):
            each.seconds_to_rerun()
        pairs = [(_p95(own), _p95(other)) for _ in range(stage.pairs)]
    yield paired(Kind.CROWD, f"{SESSIONS} 人同时用，p95", pairs, limit=figures.CROWD_LIMIT)


def measure_memory(stage: Stage, *, first: int = FIRST_WEIGHED, last: int = LAST_WEIGHED) -> Iterator[Figure]:
    """Weigh the server after so many reruns, over all pages, and again after many more."""
    with stage.serve() as ours, ExitStack() as tabs:
        if resident_mb(ours) is None:
            return  # only Linux tells
        open_tabs = [tabs.enter_context(tab(ours, stage.school, visit)) for visit in stage.visits]
        weighed = []
        for number in range(1, last + 1):
            open_tabs[number % len(open_tabs)].seconds_to_rerun()
            if number in (first, last):
                weighed.append(resident_mb(ours) or 0.0)
    yield Figure(Kind.MEMORY, f"内存，第 {last} 次比第 {first} 次", weighed[1], weighed[0], figures.MEMORY_LIMIT, "MB")


def measure_start(stage: Stage) -> Iterator[Figure]:
    """Measure from the start of the process until the first page stands: the sign-in form, the reference's page."""
    environment = servers.environment_of(stage.school.place, CARE_CLOCK=CLOCK)
    pairs = [
        (
            _milliseconds_to_first_page(OURS, stage.logs / "ours.log", environment),
            _milliseconds_to_first_page(REFERENCE, stage.logs / "reference.log", reference_environment()),
        )
        for _ in range(stage.pairs)
    ]
    yield paired(Kind.START, "启动到登录页", pairs, limit=figures.START_LIMIT)


def count_statements(stage: Stage) -> Iterator[Figure]:
    """Count what a page sends when it is opened in a new tab and when it is run again; the greater counts.

    An earlier tab has had it before, as in the tests: that a file was opened is noted once in half an hour, and clauses
    are evaluated once after a save, which `measure_clauses` tells.
    """
    told = stage.logs / "statements"
    told.touch()
    words = ("-m", "bench.counted_server", str(told), *OURS[2:])
    with stage.serve(*words) as ours:
        for visit in stage.visits:
            counts = []
            with tab(ours, stage.school, visit) as earlier:
                earlier.seconds_to_rerun()
            with tab(ours, stage.school, visit) as own:
                for _ in range(2):
                    before = told.stat().st_size
                    own.seconds_to_rerun()
                    counts.append(told.read_text("ascii")[before:])
            most = max(counts, key=len)
            note = _note(visit, stage.school)
            yield counted_figure(Kind.STATEMENTS, visit.name, len(most), most=figures.STATEMENTS_LIMIT, note=note)
            rights = max(each.count(RIGHTS) for each in counts)
            yield counted_figure(Kind.RIGHTS, visit.name, rights, most=figures.RIGHTS_LIMIT, note=note)


def measure_clauses(stage: Stage, large: School | None) -> Iterator[Figure]:
    """Measure every clause for the whole school, in processes of their own: with nothing kept, and nothing written."""
    cold, kept = _medians([_milliseconds_for_clauses(stage.school) for _ in range(stage.pairs)])
    yield Figure(Kind.CLAUSES, "第一遍", cold, figures.CLAUSES_COLD_MS, 1.0)
    yield Figure(Kind.CLAUSES, "什么都没有改过", kept, figures.CLAUSES_KEPT_MS, 1.0)
    if large is not None:
        more, _ = _medians([_milliseconds_for_clauses(large) for _ in range(stage.pairs)])
        yield Figure(Kind.CLAUSES, "大学校第一遍，比小学校", more, cold, figures.CLAUSES_GROWTH)


def _milliseconds_for_clauses(school: School) -> tuple[float, float]:
    told = subprocess.run(
        [sys.executable, "-m", "bench.clauses"],
        cwd=PROJECT_DIR,
        env=servers.environment_of(school.place, CARE_CLOCK=CLOCK),
        capture_output=True,
        check=True,
        text=True,
    )
    cold, kept = json.loads(told.stdout)
    return float(cold), float(kept)


def _medians(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    first, second = (median(side) for side in zip(*pairs, strict=True))
    return first, second


@contextmanager
def somebody_saving(school: School) -> Iterator[Callable[[], object]]:
    """Let somebody else work on the same data, in a process of their own; call it and something has been saved."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.saver"],
        cwd=PROJECT_DIR,
        env=servers.environment_of(school.place, CARE_CLOCK=CLOCK),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        asks, answers = process.stdin, process.stdout
        assert asks is not None
        assert answers is not None

        def save() -> None:
            asks.write("\n")
            asks.flush()
            if not answers.readline():
                raise RuntimeError("nobody saves any more")

        try:
            yield save
        finally:
            asks.close()


def resident_mb(running: Running) -> float | None:
    """Return how much memory a server holds, in MB; None where the system doesn't tell."""
    try:
        status = Path(f"/proc/{running.process.pid}/status").read_text("ascii", errors="replace")
    except OSError:
        return None
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def _in_turn(own: Browser, other: Browser, pairs: int, *, before: Callable[[], object]) -> list[tuple[float, float]]:
    """Open both, run both once more, then measure in turn; milliseconds."""
    for each in (own, other, own, other):
        each.seconds_to_rerun()
    measured = []
    for _ in range(pairs):
        before()
        ours = own.seconds_to_rerun() * 1000
        before()
        measured.append((ours, other.seconds_to_rerun() * 1000))
    return measured


def _p95(tabs: Sequence[Browser]) -> float:
    """Let everybody click so many times, each as soon as answered; return the 95th of a hundred, in milliseconds."""
    together, waited = threading.Barrier(len(tabs)), [list[float]() for _ in tabs]

    def click(each: Browser, seconds: list[float]) -> None:
        together.wait()
        seconds.extend(each.seconds_to_rerun() for _ in range(RERUNS_EACH))

    threads = [threading.Thread(target=click, args=pair) for pair in zip(tabs, waited, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = [each * 1000 for seconds in waited for each in seconds]
    if len(everything) != len(tabs) * RERUNS_EACH:
        raise TimeoutError("somebody was not answered")
    return percentile(everything, 0.95)


def _milliseconds_to_first_page(words: Sequence[str], log: Path, environment: dict[str, str]) -> float:
    began = time.perf_counter()
    running = servers.start(words, log, environment)
    try:
        servers.wait_until_healthy(running, servers.STREAMLIT_HEALTH)
        with Browser(running) as visitor:
            visitor.seconds_to_rerun()
        return (time.perf_counter() - began) * 1000
    finally:
        servers.end(running)


def _note(visit: Visit, school: School) -> str:
    return EMPTY if visit.record and visit not in school.records else ""
