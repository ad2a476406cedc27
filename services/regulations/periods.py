"""The weeks, months, terms and school years in which clauses are kept, and the school days in them; pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from services.calendar import SchoolCalendar, TermDates, monday_of

DAY = timedelta(days=1)
LATE_RECORD = "A-06.late_record_school_days"


class Unit(StrEnum):
    """How long a period lasts."""

    WEEK = "week"  # Monday to Sunday
    MONTH = "month"
    QUARTER = "quarter"
    TERM = "term"
    YEAR = "year"  # a school year: both its terms


PRESENT_DAYS = {
    Unit.WEEK: "A-06.present_in_week",
    Unit.MONTH: "A-06.present_in_month",
    Unit.QUARTER: "A-06.present_in_month",
    Unit.TERM: "A-06.present_in_term",
    Unit.YEAR: "A-06.present_in_term",
}
"""So many school days somebody is there before a period is owed."""


@dataclass(frozen=True, slots=True)
class Period:
    """One period, first and last day included; what it asks for is due on a school day.

    Most periods are kept by whatever is done in them. A strict one has a day inside it by which it is to be done;
    what is done after that day, but inside the period, is done late.
    """

    unit: Unit
    first: date
    last: date
    due_on: date
    is_strict: bool = False


class SchoolDays:
    """The school days of a stretch of time, counted in one step however long the question."""

    def __init__(self, calendar: SchoolCalendar, first: date, last: date) -> None:
        self._calendar, self._base = calendar, first.toordinal()
        self._before = [0]
        for number in range((last - first).days + 1):
            self._before.append(self._before[-1] + calendar.is_school_day(first + timedelta(days=number)))
        self._limits: dict[date, date] = {}

    def count(self, first: date, last: date) -> int:
        """Return how many school days lie between two days, both included; days outside the stretch are none."""
        start, end = first.toordinal() - self._base, last.toordinal() - self._base + 1
        top = len(self._before) - 1
        start, end = min(max(start, 0), top), min(max(end, 0), top)
        return self._before[end] - self._before[start] if end > start else 0

    def last_in(self, first: date, last: date) -> date | None:
        """Return the last school day between two days, both included."""
        day = last
        while day >= first:
            if self.count(day, day):
                return day
            day -= DAY
        return None

    def in_time_until(self, day: date) -> date:
        """Return the last day on which what was done on a day can be written down without being late."""
        if day not in self._limits:
            school_days = self._calendar.numbers.on(LATE_RECORD, day)
            self._limits[day] = self._calendar.add_school_days(day, school_days) if school_days else day
        return self._limits[day]


def term_counted(calendar: SchoolCalendar, on: date) -> TermDates | None:
    """Return the term that is reported on a day: the one it lies in, else the last one before it."""
    term = calendar.latest_term(on)
    return term if term is not None and term.first_day <= on else None


def school_days_around(calendar: SchoolCalendar, term: TermDates) -> SchoolDays:
    """Return the school days of a term's whole school year, with the holidays before and after it."""
    return SchoolDays(calendar, date(term.school_year, 8, 1), date(term.school_year + 1, 8, 31))


def periods_of(
    unit: Unit, *, calendar: SchoolCalendar, term: TermDates, days: SchoolDays, until: date
) -> tuple[Period, ...]:
    """Return the periods of a term that have begun by a day, the earliest first: those with school days alone."""
    found = []
    for first, last in _stretches(unit, calendar, term):
        due_on = days.last_in(first, last)
        if first <= until and due_on is not None:
            found.append(Period(unit, first, last, due_on))
    return tuple(found)


def _stretches(unit: Unit, calendar: SchoolCalendar, term: TermDates) -> Iterator[tuple[date, date]]:
    if unit is Unit.TERM:
        yield term.first_day, term.last_day
    elif unit is Unit.YEAR:
        yield _year(calendar.terms, term)
    elif unit is Unit.WEEK:
        monday = monday_of(term.first_day)
        while monday <= term.last_day:
            yield monday, monday + 6 * DAY
            monday += 7 * DAY
    else:
        yield from _months(term, months=1 if unit is Unit.MONTH else 3)


def _year(terms: Sequence[TermDates], term: TermDates) -> tuple[date, date]:
    halves = [each for each in terms if each.school_year == term.school_year]
    return min(each.first_day for each in halves), max(each.last_day for each in halves)


def _months(term: TermDates, *, months: int) -> Iterator[tuple[date, date]]:
    """Yield calendar months or quarters; one that two terms share belongs to the one it begins in."""
    first = date(term.first_day.year, (term.first_day.month - 1) // months * months + 1, 1)
    while first <= term.last_day:
        month = first.month - 1 + months
        following = date(first.year + month // 12, month % 12 + 1, 1)
        yield first, following - DAY
        first = following
