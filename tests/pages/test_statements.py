"""What a page asks of the database: few statements, few of them to know who is asking, none for each row shown."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from bench import school
from bench.counting import Tally, counted
from bench.figures import RIGHTS_LIMIT, STATEMENTS_LIMIT
from bench.school import School
from bench.visits import Visit, list_visits, other_visits
from db import engine
from services import clock, passwords
from services.demonstration import records, trail
from tests.conftest import FAST_ROUNDS, NOW
from tests.pages.conftest import MAIN, SECONDS
from ui import navigation
from ui.cookies import COOKIE_NAME

SMALL, LARGER = 54, 540
VISITS = list_visits()
ONCE_PAIRED = {"home": 2}
"""In the small school the counsellor is paired with nobody, so that neither children nor records are read for it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("schools")


@pytest.fixture(scope="module")
def schools(folder: Path) -> Iterator[dict[int, School]]:
    """The demonstration in two sizes."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(trail, "PER_CHILD", 2)
        patched.setattr(records, "OTHERS", 3)
        patched.setattr(passwords, "ROUNDS", FAST_ROUNDS)
        clock.set_fixed(NOW)
        yield {size: school.prepare(folder, size, VISITS) for size in (SMALL, LARGER)}


@pytest.fixture(scope="module")
def everybodys(schools: dict[int, School], folder: Path) -> School:
    """The larger one, with what every other role has open."""
    return school.prepare(folder, LARGER, other_visits())


def open_at(visited: School, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    engine.use(visited.place)
    monkeypatch.setattr(ContextProxy, "cookies", {COOKIE_NAME: visited.cookies[visit.role]})
    screen = AppTest.from_file(MAIN, default_timeout=SECONDS)
    if visit in visited.records:
        screen.query_params[visit.record or ""] = str(visited.records[visit])
    if visit.view is not None:
        screen.query_params[visit.view[0]] = visit.view[1]
    if visit.page != navigation.HOME:
        screen.switch_page(f"../pages/{visit.page}.py")
    return screen


def counts_at(visited: School, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> Tally:
    """What a page asks in a new tab, or run again there, as every click does: whichever is more.

    That a file was opened is noted before, in an earlier tab: an act of its own, once in half an hour.
    """
    open_at(visited, visit, monkeypatch).run()
    screen = open_at(visited, visit, monkeypatch)
    tallies = []
    for _ in range(2):
        with counted(engine.runtime().engine) as tally:
            screen.run()
        assert not screen.exception
        tallies.append(tally)
    return max(tallies, key=lambda tally: tally.total)


def told(tally: Tally) -> str:
    return "\n\n".join(f"{each.is_for_rights} {each.text}" for each in tally.statements)


@pytest.mark.parametrize("visit", VISITS, ids=lambda visit: visit.name)
def test_a_page_asks_little_and_no_more_when_the_school_is_larger(
    schools: dict[int, School], visit: Visit, monkeypatch: pytest.MonkeyPatch
):
    few, more = (counts_at(schools[size], visit, monkeypatch) for size in (SMALL, LARGER))

    assert more.total <= STATEMENTS_LIMIT, told(more)
    assert 0 < more.for_rights <= RIGHTS_LIMIT, told(more)
    if visit.record is None:  # two records of two schools need not have the same behind them
        assert more.total <= few.total + ONCE_PAIRED.get(visit.page, 0), told(more)


@pytest.mark.long
@pytest.mark.parametrize("visit", other_visits(), ids=lambda visit: f"{visit.name}-{visit.role}")
def test_so_it_is_for_every_other_role(everybodys: School, visit: Visit, monkeypatch: pytest.MonkeyPatch):
    asked = counts_at(everybodys, visit, monkeypatch)

    assert asked.total <= STATEMENTS_LIMIT, told(asked)
    assert 0 < asked.for_rights <= RIGHTS_LIMIT, told(asked)
