"""Bell periods as pure answers: which periods a day has, whether a moment lies in a lesson, how much lies outside."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from services import clock
from services.calendar import SchoolCalendar
from services.fields import clean

WEEKDAY_NAMES = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
MOST_PERIODS, LONGEST_NAME = 30, 20
OUTSIDE, LESSON = "课外", "上课"
_CLOCK_TIME = re.compile(r"(?<!\d)(\d{1,2})\s*[:：.点]\s*(\d{2})(?!\d)")
_AROUND = " \t:：,，、;；-–—~～至到（）()　"
_FREE_BY_NAME = re.compile("课间|午休|午餐|午饭|休息|放学")


@dataclass(frozen=True, slots=True)
class Period:
    """One period of a day, half-open on the school's clock."""

    name: str
    starts_at: time
    ends_at: time
    is_lesson: bool


@dataclass(frozen=True, slots=True)
class DayKind:
    """One kind of day with its periods in order."""

    id: int
    version: int
    name: str
    weekdays: tuple[int, ...]
    periods: tuple[Period, ...]


@dataclass(frozen=True, slots=True)
class Timetable:
    """The kinds of day in force from a day on."""

    id: int
    version: int
    from_day: date
    kinds: tuple[DayKind, ...]

    def kind_of_weekday(self, weekday: int) -> DayKind | None:
        """Return what kind of day a weekday (0 is Monday) usually is."""
        return next((kind for kind in self.kinds if weekday in kind.weekdays), None)


@dataclass(frozen=True, slots=True)
class DateRule:
    """How one single day goes: by a kind of day, or as a weekday does."""

    day: date
    day_kind_id: int | None = None
    follows_weekday: int | None = None


@dataclass(frozen=True)
class BellCalendar:
    """The school calendar with the bell periods of its days."""

    calendar: SchoolCalendar
    timetables: Sequence[Timetable] = ()  # the oldest first
    dates: Mapping[date, DateRule] = field(default_factory=dict)

    def timetable_on(self, day: date) -> Timetable | None:
        """Return the timetable in force on a day."""
        begun = [each for each in self.timetables if each.from_day <= day]
        return max(begun, key=lambda each: each.from_day, default=None)

    def kind_on(self, day: date) -> DayKind | None:
        """Return which kind of day a school day is; None where nobody has said."""
        timetable = self.timetable_on(day)
        rule = self.dates.get(day)
        if rule is not None and rule.day_kind_id is not None:
            kinds = (kind for each in self.timetables for kind in each.kinds)
            return next((kind for kind in kinds if kind.id == rule.day_kind_id), None)
        if timetable is None:
            return None
        weekday = rule.follows_weekday if rule and rule.follows_weekday is not None else day.weekday()
        return timetable.kind_of_weekday(weekday)

    def periods_on(self, day: date) -> tuple[Period, ...] | None:
        """Return a day's periods: none on a day without school; None on a school day whose periods nobody has said."""
        if not self.calendar.is_school_day(day):
            return ()
        kind = self.kind_on(day)
        return kind.periods if kind else None

    def is_in_lesson(self, instant: datetime) -> bool | None:
        """Say whether a moment lies in a lesson; None where the day's periods are not known."""
        moment = clock.local(instant)
        periods = self.periods_on(moment.date())
        if periods is None:
            return None
        now = moment.time()
        return any(each.is_lesson and each.starts_at <= now < each.ends_at for each in periods)

    def minutes_outside_lessons(self, starts_at: datetime, ends_at: datetime) -> int | None:
        """Return how many minutes of [starts_at, ends_at) lie outside lessons (C-17); None where a day is not known."""
        outside = max(timedelta(0), ends_at - starts_at)
        day, last = clock.local(starts_at).date(), clock.local(ends_at).date()
        while day <= last:
            periods = self.periods_on(day)
            if periods is None and _overlap(starts_at, ends_at, day, time.min, None):
                return None
            for each in periods or ():
                if each.is_lesson:
                    outside -= _overlap(starts_at, ends_at, day, each.starts_at, each.ends_at)
            day += timedelta(days=1)
        return int(outside.total_seconds()) // 60

    def days_without_periods(self, first: date, last: date) -> list[date]:
        """Return the school days of a stretch, both ends included, whose periods nobody has said."""
        days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
        return [day for day in days if self.periods_on(day) is None]


def _overlap(starts_at: datetime, ends_at: datetime, day: date, first: time, last: time | None) -> timedelta:
    """Return how much of a range lies between two times of a day; `None` is midnight at its end."""
    begin = max(starts_at, clock.at_school(day, first))
    until = clock.at_school(day + timedelta(days=1), time.min) if last is None else clock.at_school(day, last)
    return max(timedelta(0), min(ends_at, until) - begin)


class PeriodsUnreadable(ValueError):
    """A line that can't be a period, or one that doesn't fit the others: `code` says what, `line` counts from 1."""

    def __init__(self, code: str, line: int) -> None:
        super().__init__(code, line)
        self.code, self.line = code, line


def read_periods(text: str) -> list[Period]:
    """Read periods as people write them, one a line: 第一节 8:00-8:40. Breaks by name, or marked 课外, are no lessons.

    Raises:
        PeriodsUnreadable: a line has no name or not two times, ends before it begins, or overlaps another.
    """
    found: list[tuple[int, Period]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if (cleaned := clean(line)) is not None:
            found.append((number, _read_line(cleaned, number)))
    found.sort(key=lambda each: each[1].starts_at)
    if (clash := _first_overlap(found)) is not None:
        raise PeriodsUnreadable("periods_overlap", clash)
    if len(found) > MOST_PERIODS:
        raise PeriodsUnreadable("too_many_periods", found[MOST_PERIODS][0])
    return [period for _, period in found]


def _read_line(line: str, number: int) -> Period:
    times = list(_CLOCK_TIME.finditer(line))
    if len(times) != 2:
        raise PeriodsUnreadable("period_line", number)
    name, rest = line[: times[0].start()].strip(_AROUND), line[times[1].end() :].strip(_AROUND)
    if not name or len(name) > LONGEST_NAME or rest not in {"", OUTSIDE, LESSON}:
        raise PeriodsUnreadable("period_line", number)
    starts_at, ends_at = (_time(found, number) for found in times)
    if ends_at <= starts_at:
        raise PeriodsUnreadable("period_ends_first", number)
    is_lesson = rest == LESSON or (rest == "" and not _FREE_BY_NAME.search(name))
    return Period(name, starts_at, ends_at, is_lesson)


def _time(found: "re.Match[str]", number: int) -> time:
    try:
        return time(int(found[1]), int(found[2]))
    except ValueError as error:
        raise PeriodsUnreadable("period_line", number) from error


def _first_overlap(found: Sequence[tuple[int, Period]]) -> int | None:
    for (_, before), (number, after) in pairwise(found):
        if after.starts_at < before.ends_at:
            return number
    return None


def write_periods(periods: Iterable[Period]) -> str:
    """Write periods as `read_periods` reads them."""
    return "\n".join(_lines(periods))


def _lines(periods: Iterable[Period]) -> Iterator[str]:
    for each in periods:
        usual = not _FREE_BY_NAME.search(each.name)
        mark = "" if each.is_lesson is usual else f" {LESSON if each.is_lesson else OUTSIDE}"
        yield f"{each.name} {each.starts_at:%H:%M}-{each.ends_at:%H:%M}{mark}"
