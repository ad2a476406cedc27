"""Which term a school prepares on a day, and whether its dates are overdue; pure, no statements."""

from dataclasses import dataclass
from datetime import date, timedelta

from services.calendar import TERM_NAMES, SchoolCalendar, TermDates, school_year_label, usual_first_day

NOTICE = timedelta(weeks=3)
"""So long before a term begins it is prepared; until then the running term's list stands."""
WINTER_HOLIDAY = timedelta(weeks=3)
"""The shortest usual winter holiday: when spring begins the city says each year, this says from when to ask."""
_SPRING_MONTH, _SPRING_DAY = 2, 20

Half = tuple[int, int]  # school year, number of the term


@dataclass(frozen=True, slots=True)
class TermAhead:
    """The term a school prepares: its dates once they are entered, else from when it can be expected."""

    school_year: int
    number: int
    dates: TermDates | None
    expected_on: date
    before: TermDates | None  # the last entered term before it

    @property
    def label(self) -> str:
        """The term as schools write it."""
        return f"{school_year_label(self.school_year)}{TERM_NAMES[self.number]}"

    @property
    def first_day(self) -> date:
        """Its first day, as entered or as expected."""
        return self.dates.first_day if self.dates else self.expected_on

    @property
    def is_autumn(self) -> bool:
        """Whether a school year begins with it."""
        return self.number == 1

    @property
    def ended_since(self) -> date:
        """From this day on what ends counts as ended with the term before, a week ahead of its last day."""
        return (self.before.last_day if self.before else self.first_day - 2 * NOTICE) - timedelta(days=7)


def term_to_prepare(calendar: SchoolCalendar, today: date) -> TermAhead:
    """Return the running term, or the next one from three weeks before it begins and in all holidays."""
    entered = {(term.school_year, term.number): term for term in calendar.terms}
    current = calendar.term_of(today)
    if current is not None:
        half = current.school_year, current.number
        following = _ahead(_following(half), entered)
        return following if today >= following.first_day - NOTICE else _ahead(half, entered)
    begun = [half for half, term in entered.items() if term.first_day <= today]
    half = max(_following(max(begun)), _half_of(today)) if begun else min(entered, default=_half_of(today))
    return _ahead(half, entered)


def lacks_dates(calendar: SchoolCalendar, today: date) -> bool:
    """Say whether the next term should be entered by now: it begins within three weeks, or has begun."""
    ahead = term_to_prepare(calendar, today)
    return ahead.dates is None and ahead.before is not None and today >= ahead.expected_on - NOTICE


def half_to_enter(calendar: SchoolCalendar, today: date) -> Half:
    """Return school year and number of the next term nobody has entered, to begin a form with."""
    ahead = term_to_prepare(calendar, today)
    half, entered = (ahead.school_year, ahead.number), {(term.school_year, term.number) for term in calendar.terms}
    while half in entered:
        half = _following(half)
    return half


def _ahead(half: Half, entered: dict[Half, TermDates]) -> TermAhead:
    earlier = [each for each in entered if each < half]
    return TermAhead(
        school_year=half[0],
        number=half[1],
        dates=entered.get(half),
        expected_on=_expected_on(half, entered),
        before=entered[max(earlier)] if earlier else None,
    )


def _expected_on(half: Half, entered: dict[Half, TermDates]) -> date:
    if (usual := usual_first_day(*half)) is not None:
        return usual
    autumn = entered.get((half[0], 1))
    return autumn.last_day + WINTER_HOLIDAY if autumn else date(half[0] + 1, _SPRING_MONTH, _SPRING_DAY)


def _following(half: Half) -> Half:
    return (half[0], 2) if half[1] == 1 else (half[0] + 1, 1)


def _half_of(day: date) -> Half:
    """Return the term a day lies in or leads to where nothing is entered: August to January, February to July."""
    if day.month >= 8:
        return day.year, 1
    return (day.year - 1, 1) if day.month == 1 else (day.year - 1, 2)
