"""What counts as a school day: one function, over years that are known and years that are not."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.calendar import SchoolCalendar, TermDates, current_school_year, is_national_workday, knows_year

ROOT = Path(__file__).resolve().parents[2]
WHOLE_YEARS = [TermDates(year, year, 1, date(year, 9, 1), date(year + 1, 8, 31)) for year in range(2003, 2030)]
ALWAYS = SchoolCalendar(WHOLE_YEARS)
DAYS = st.dates(date(2003, 9, 1), date(2030, 8, 31))


@pytest.mark.parametrize(
    ("day", "is_held"),
    [
        (date(2024, 10, 1), False),
        (date(2025, 10, 8), False),
        (date(2026, 10, 1), False),
        (date(2026, 10, 7), False),
        (date(2026, 10, 8), True),
        (date(2024, 10, 12), True),
        (date(2025, 9, 28), True),
        (date(2026, 9, 20), True),
        (date(2026, 10, 10), True),
        (date(2026, 10, 11), False),
        (date(2026, 11, 21), False),
        (date(2026, 1, 1), False),
    ],
    ids=[
        "National Day 2024", "long National Day and mid-autumn 2025", "National Day 2026", "its last day",
        "the day after", "a make-up Saturday", "a make-up Sunday", "a make-up Sunday of 2026",
        "a make-up Saturday of 2026", "an ordinary Sunday", "an ordinary Saturday", "New Year",
    ],
)  # fmt: skip
def test_the_national_calendar_is_the_default(day: date, is_held: bool):
    assert ALWAYS.is_school_day(day) is is_held


@pytest.mark.parametrize(
    ("year", "is_known"), [(2003, False), (2004, True), (2026, True), (2027, False), (9999, False)]
)
def test_which_years_are_known(year: int, is_known: bool):
    assert knows_year(year) is is_known


@pytest.mark.parametrize(
    ("day", "is_held"),
    [
        (date(2026, 12, 31), True),
        (date(2027, 1, 1), True),
        (date(2027, 1, 2), False),
        (date(2027, 1, 4), True),
        (date(2027, 1, 22), True),
        (date(2027, 1, 25), False),
    ],
    ids=[
        "known",
        "a holiday nobody told us of",
        "a Saturday",
        "a Monday",
        "the last",
        "after it",
    ],
)
def test_a_term_runs_on_into_a_year_nobody_knows(day: date, is_held: bool):
    calendar = SchoolCalendar([TermDates(1, 2026, 1, date(2026, 9, 1), date(2027, 1, 22))])

    assert calendar.is_school_day(day) is is_held
    assert calendar.unknown_years() == [2027]


def test_years_outside_the_terms_are_nobody_s_worry():
    assert SchoolCalendar([TermDates(1, 2025, 2, date(2026, 3, 1), date(2026, 7, 1))]).unknown_years() == []


@given(DAYS)
def test_in_a_year_nobody_knows_weekdays_count_and_weekends_don_t(day: date):
    if not knows_year(day.year):
        assert is_national_workday(day) is (day.weekday() < 5)


@given(DAYS, st.booleans())
def test_the_school_s_own_word_counts_before_everything(day: date, is_held: bool):
    for terms in (WHOLE_YEARS, []):
        assert SchoolCalendar(terms, {day: is_held}).is_school_day(day) is is_held


@given(DAYS)
def test_outside_every_term_no_day_is_a_school_day(day: date):
    assert SchoolCalendar().is_school_day(day) is False


@given(st.dates(date.min + timedelta(days=500), date.max - timedelta(days=500)), st.integers(0, 30))
def test_no_date_makes_it_fail(day: date, count: int):
    calendar = SchoolCalendar([TermDates(1, 2026, 1, date(2026, 9, 1), date(2027, 1, 22))])

    assert calendar.add_school_days(day, count) >= day


def test_only_the_calendar_asks_the_library_and_only_it_knows_weekends():
    asking = {
        path.relative_to(ROOT).as_posix()
        for layer in ("services", "ui", "pages")
        for path in (ROOT / layer).rglob("*.py")
        if re.search(r"chinese_calendar|weekday\(\) *[<>=]", path.read_text(encoding="utf-8"))
    }

    assert asking == {"services/calendar.py"}


@pytest.mark.parametrize(
    ("day", "year"),
    [
        (date(2026, 6, 30), 2025),
        (date(2026, 7, 20), 2025),
        (date(2026, 8, 1), 2026),
        (date(2026, 8, 26), 2026),
        (date(2026, 9, 1), 2026),
        (date(2027, 2, 10), 2026),
    ],
    ids=["last term", "holidays", "a month before", "preparing", "first day", "winter holidays"],
)
def test_in_the_month_before_a_term_its_school_year_counts(day: date, year: int):
    terms = [
        TermDates(1, 2025, 2, date(2026, 2, 23), date(2026, 7, 3)),
        TermDates(2, 2026, 1, date(2026, 9, 1), date(2027, 1, 22)),
        TermDates(3, 2026, 2, date(2027, 2, 22), date(2027, 7, 3)),
    ]

    assert current_school_year(SchoolCalendar(terms), day) == year


def test_where_no_term_is_entered_the_school_year_begins_in_september():
    assert [current_school_year(SchoolCalendar(), date(2026, month, 20)) for month in (8, 9)] == [2025, 2026]
