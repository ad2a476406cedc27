"""The school calendar: what is a school day, which week it is, and when something is due on school time."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Any

import chinese_calendar
from sqlalchemy import Date, Integer, String, cast, literal, null, union_all
from sqlmodel import Session, col, select

from db.tables import CompleteYear, ParameterVersion, SchoolDayException, Setting, Term
from db.transactions import kept_for_one_run
from services import clock
from services.regulations.parameters import Change, Numbers

END_OF_SCHOOL_DAY = time(17, 0)
SEARCH_DAYS = 400
PREPARING = timedelta(days=31)  # a school prepares its new year in the holidays before
FIRST_YEAR, LAST_YEAR = 2000, 2100
TERM_NAMES = {1: "第一学期", 2: "第二学期"}


def school_year_label(year: int) -> str:
    """Write a school year as schools do, by the year it begins in: 2026–2027学年."""
    return f"{year}–{year + 1}学年"


@dataclass(frozen=True, slots=True)
class TermDates:
    """One term, first and last school day included."""

    id: int
    school_year: int
    number: int
    first_day: date
    last_day: date

    @property
    def label(self) -> str:
        """The term as schools write it."""
        return f"{school_year_label(self.school_year)}{TERM_NAMES[self.number]}"

    @property
    def years(self) -> range:
        """The calendar years it touches."""
        return range(self.first_day.year, self.last_day.year + 1)


@dataclass(frozen=True)
class SchoolCalendar:
    """Terms, the days on which this school differs from the national calendar, and the numbers in force by date.

    The numbers come along because no due time is known without them: whoever holds a calendar can compute one. The
    school's name does because every page shows it and every page reads the calendar: one statement for both.
    """

    terms: Sequence[TermDates] = ()
    exceptions: Mapping[date, bool] = field(default_factory=dict)
    numbers: Numbers = field(default_factory=Numbers)
    complete_years: frozenset[int] = frozenset()  # the school says that all their days off are among the exceptions
    school_name: str | None = None

    def is_school_day(self, day: date) -> bool:
        """Say whether school is held: the school's own word first, then its terms, then the national calendar."""
        if (own := self.exceptions.get(day)) is not None:
            return own
        return self.term_of(day) is not None and is_national_workday(day)

    def term_of(self, day: date) -> TermDates | None:
        """Return the term a day lies in."""
        return next((term for term in self.terms if term.first_day <= day <= term.last_day), None)

    def latest_term(self, day: date) -> TermDates | None:
        """Return the term a day lies in, or else the last one before it, or else the first one after."""
        started = [term for term in self.terms if term.first_day <= day]
        return max(started, key=lambda term: term.first_day) if started else next(iter(self.terms), None)

    def week_of(self, day: date) -> int | None:
        """Return the school week, 1 for the week (Monday to Sunday) of the term's first school day."""
        term = self.term_of(day)
        if term is None:
            return None
        return (monday_of(day) - monday_of(term.first_day)).days // 7 + 1

    def add_school_days(self, day: date, count: int) -> date:
        """Return the `count`-th school day after a day; 0 gives that day, or the next school day if it is none.

        Where no term is known any more, Monday to Friday count, so that nothing is ever due never.
        """
        left, current = count, day
        if count == 0 and self._counts(day):
            return day
        left = max(count, 1)
        for _ in range(SEARCH_DAYS):
            current += timedelta(days=1)
            left -= self._counts(current)
            if left == 0:
                return current
        return current

    def due_after(self, start: datetime, *, school_days: int) -> datetime:
        """Return when school ends on the `school_days`-th school day after an instant."""
        day = self.add_school_days(clock.local(start).date(), school_days)
        return clock.at_school(day, END_OF_SCHOOL_DAY)

    def due_same_day(self, start: datetime) -> datetime:
        """Return the end of that very day: when school ends, or midnight if it has already ended."""
        moment = clock.local(start)
        if moment.time() < END_OF_SCHOOL_DAY:
            return clock.at_school(moment.date(), END_OF_SCHOOL_DAY)
        return clock.at_school(moment.date() + timedelta(days=1), time(0))

    def unknown_years(self) -> list[int]:
        """Return the years inside the terms whose holidays nobody knows: neither the program nor the school."""
        return [year for year in self.unannounced_years() if year not in self.complete_years]

    def unannounced_years(self) -> list[int]:
        """Return the years inside the terms for which the program knows no national holidays and make-up days."""
        years = {year for term in self.terms for year in term.years}
        return sorted(year for year in years if not knows_year(year))

    def _counts(self, day: date) -> bool:
        if self.is_school_day(day):
            return True
        has_later_term = any(term.last_day >= day for term in self.terms)
        return not has_later_term and day not in self.exceptions and is_national_workday(day)


def monday_of(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def knows_year(year: int) -> bool:
    """Say whether the national holidays of a year are known here."""
    try:
        chinese_calendar.is_workday(date(year, 6, 1))
    except NotImplementedError:
        return False
    return True


@lru_cache(maxsize=4096)
def is_national_workday(day: date) -> bool:
    """Say whether a day is a workday by the national calendar, make-up days included; else Monday to Friday."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:  # a year not announced yet: reported by unknown_years, never passed over
        return day.weekday() < 5


def is_school_year(year: int) -> bool:
    """Say whether a number can be a school year's."""
    return FIRST_YEAR <= year <= LAST_YEAR


def school_year_of(day: date) -> int:
    """Return the school year a day lies in, named by the year it begins in; it begins on 1 September."""
    return day.year if day.month >= 9 else day.year - 1


def usual_first_day(school_year: int, number: int) -> date | None:
    """Return the day a term begins everywhere; the second follows the Spring Festival, so nobody can say."""
    return date(school_year, 9, 1) if number == 1 else None


def begins_in(day: date, *, school_year: int, number: int) -> bool:
    """Say whether a term of this number can begin on a day: the first in autumn, the second in spring."""
    if number == 1:
        return date(school_year, 7, 1) <= day < date(school_year + 1, 1, 1)
    return date(school_year + 1, 1, 1) <= day < date(school_year + 1, 7, 1)


def current_school_year(calendar: SchoolCalendar, day: date) -> int:
    """Return the school year that counts on a day: its term's; in the weeks before a term, the one to come.

    In August the new year's classes are made and its roster is imported; else the calendar's year counts.
    """
    soon = day + PREPARING
    term = calendar.term_of(day) or next((each for each in calendar.terms if day < each.first_day <= soon), None)
    return term.school_year if term else school_year_of(day)


def load_calendar(session: Session) -> SchoolCalendar:
    """Read the school's calendar with the numbers of its regulations; one statement in the whole run of a page."""
    kept = kept_for_one_run(session)
    if kept is None:
        return _read_calendar(session)
    if _CALENDAR not in kept:
        kept[_CALENDAR] = _read_calendar(session)
    found: SchoolCalendar = kept[_CALENDAR]
    return found


def _read_calendar(session: Session) -> SchoolCalendar:
    terms: list[TermDates] = []
    exceptions: dict[date, bool] = {}
    changes: dict[str, list[Change]] = defaultdict(list)
    complete: set[int] = set()
    school_name: str | None = None
    for kind, number, school_year, half, first_day, last_day, name, value in session.execute(_dated_facts()):
        if kind == _TERM:
            terms.append(TermDates(number, school_year, half, first_day, last_day))
        elif kind == _DAY:
            exceptions[first_day] = bool(number)
        elif kind == _YEAR:
            complete.add(number)
        elif kind == _NAME:
            school_name = json.loads(value)
        else:
            changes[name].append(Change(first_day, number, int(json.loads(value))))
    return SchoolCalendar(terms, exceptions, Numbers(dict(changes)), frozenset(complete), school_name)


_CALENDAR = "calendar"
_TERM, _DAY, _NUMBER, _YEAR, _NAME = "term", "day", "number", "year", "name"
SCHOOL_NAME = "school_name"
"""The setting that holds it."""


@cache  # a question without anything of its own: putting it together takes longer than the answer
def _dated_facts() -> Any:  # a union of five tables has no row type
    """Return terms, days, numbers, complete years and the school's name as rows of one shape, the earliest first."""
    nothing, nowhere, no_day = literal(0, Integer), literal(None, String), cast(null(), Date)
    terms = select(  # type: ignore[call-overload]  # more columns than the stubs know
        literal(_TERM, String).label("kind"),
        col(Term.id).label("number"),
        col(Term.school_year).label("school_year"),
        col(Term.number).label("half"),
        col(Term.first_day).label("first_day"),
        col(Term.last_day).label("last_day"),
        cast(nowhere, String).label("name"),
        cast(nowhere, String).label("value"),
    )
    days = select(  # type: ignore[call-overload]
        literal(_DAY, String),
        cast(col(SchoolDayException.is_school_day), Integer),
        nothing,
        nothing,
        col(SchoolDayException.day),
        col(SchoolDayException.day),
        cast(nowhere, String),
        cast(nowhere, String),
    )
    numbers = select(  # type: ignore[call-overload]
        literal(_NUMBER, String),
        col(ParameterVersion.number),
        nothing,
        nothing,
        col(ParameterVersion.in_force_from),
        col(ParameterVersion.in_force_from),
        col(ParameterVersion.name),
        col(ParameterVersion.value),
    ).where(col(ParameterVersion.withdrawn_at).is_(None))
    years = select(  # type: ignore[call-overload]
        literal(_YEAR, String),
        col(CompleteYear.year),
        nothing,
        nothing,
        no_day,
        no_day,
        cast(nowhere, String),
        cast(nowhere, String),
    )
    name = select(  # type: ignore[call-overload]
        literal(_NAME, String),
        nothing,
        nothing,
        nothing,
        no_day,
        no_day,
        cast(nowhere, String),
        col(Setting.value),
    ).where(Setting.name == SCHOOL_NAME)
    return union_all(terms, days, numbers, years, name).order_by("first_day")
