"""What the program says of a school is what a slow evaluation, written apart from it, says too."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from msgspec import structs
from sqlmodel import Session

from services import clock
from services.calendar import load_calendar
from services.regulations import evaluation
from services.regulations.measures import Evaluator, measures
from services.regulations.standings import ClauseResult, Standing
from services.regulations.switches import load_switches
from tests.services.regulations import reference_sources
from tests.services.regulations.random_schools import RandomSchool
from tests.services.regulations.reference import evaluate
from tests.services.regulations.reference_book import Book, read_rows

LATER = datetime(2028, 1, 1, tzinfo=UTC)
"""Every day that is looked at is over."""
FAST, LONG, LONG_ON_A_SERVER = 30, 970, 270
SEEDS = st.integers(min_value=0, max_value=2**32)
ONE_DATABASE = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None,
    phases=[Phase.explicit, Phase.generate],  # a school's number tells nothing about a smaller one
)  # fmt: skip


def as_told(standing: Standing, since: date) -> tuple:
    """A standing as it is compared: its rows in one order, a share's beginning no earlier than the school year."""
    first = standing.first
    if measures()[standing.clause_id].evaluator is Evaluator.THRESHOLD:
        first = max(first, since)
    return structs.astuple(structs.replace(standing, first=first, proof=tuple(sorted(standing.proof))))


def in_order(standings) -> list[tuple]:
    return sorted(standings, key=repr)


def differences(session: Session, school: RandomSchool, days: list[date]) -> list[str]:
    """What the two say differently of a school, on some days."""
    calendar, switches, rows = load_calendar(session), load_switches(session), read_rows(session)
    found = []
    for on in days:
        told = evaluation.evaluate(session, calendar=calendar, switches=switches, on=on)
        book = Book(rows, calendar, on)
        assert set(told) == set(reference_sources.SOURCES)
        for clause, result in told.items():
            found += _of_clause(book, clause, result, school)
    return found


def _of_clause(book: Book, clause: str, result: ClauseResult, school: RandomSchool) -> list[str]:
    state, totals, standings = evaluate(book, clause)
    theirs = in_order(as_told(each, school.first) for each in result.standings)
    mine = in_order(as_told(each, school.first) for each in standings)
    found = [f"{clause} {book.on} told, not expected: {each}" for each in theirs if each not in mine]
    found += [f"{clause} {book.on} expected, not told: {each}" for each in mine if each not in theirs]
    if len(theirs) != len(mine) and not found:
        found.append(f"{clause} {book.on} told {len(theirs)} times, expected {len(mine)}")
    if state is not result.state and not found:
        found.append(f"{clause} {book.on} told {result.state}, expected {state}")
    told = {name: getattr(result.totals, name) for name in totals}
    if told != totals and not found:
        found.append(f"{clause} {book.on} told {told}, expected {totals}")
    return found


def check(session: Session, seed: int) -> None:
    """Make a school, look at it on a day, and let it go again."""
    clock.set_fixed(LATER)
    apart = session.begin_nested()
    try:
        school = RandomSchool(session, seed)
        found = differences(session, school, school.days(1))
    finally:
        apart.rollback()
        session.expunge_all()
    assert not found, f"school {seed}:\n" + "\n".join(found[:20])


@given(seed=SEEDS)
@example(seed=875)  # a class filed its plan the day after
@example(seed=2702125)  # somebody talked with a child the day after
@settings(ONE_DATABASE, max_examples=FAST)
def test_a_random_school_stands_as_the_slow_evaluation_says(session, seed):
    check(session, seed)


@pytest.mark.long
def test_hundreds_of_random_schools_stand_as_the_slow_evaluation_says(session, database_engine):
    examples = LONG if database_engine == "sqlite" else LONG_ON_A_SERVER

    @given(seed=SEEDS)
    @settings(ONE_DATABASE, max_examples=examples)
    def each(seed: int) -> None:
        check(session, seed)

    each()
