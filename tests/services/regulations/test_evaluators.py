"""The four ways of measuring at their edges: the last day that counts, and the first that doesn't."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from db.tables import CategoryKind, ExcuseKind
from services import clock
from services.calendar import SchoolCalendar, TermDates
from services.regulations.deadlines import DutyState
from services.regulations.evaluators import (
    Duty,
    Excuse,
    Frame,
    Member,
    Step,
    Stint,
    deadline,
    excuse_on,
    periodic,
    threshold,
)
from services.regulations.facts.children import CategorySpan, Children
from services.regulations.periods import Unit, periods_of, school_days_around
from services.regulations.standings import Standing, SubjectKind, state_of_share

DAY = timedelta(days=1)
AUTUMN = TermDates(1, 2026, 1, date(2026, 9, 1), date(2027, 1, 22))
CALENDAR = SchoolCalendar([AUTUMN])
NOVEMBER, LAST, DECEMBER = date(2026, 11, 1), date(2026, 11, 30), date(2026, 12, 1)  # the last one is a Monday
CHILD = 7
EXEMPT, OTHERWISE = ExcuseKind.EXEMPT, ExcuseKind.DONE_OTHERWISE


def november(*, on: date, excuses: Sequence[Excuse] = ()) -> DutyState:
    """How what is owed once a month stands for November, of a child that is always there."""
    frame = Frame(on, CALENDAR.numbers, school_days_around(CALENDAR, AUTUMN))
    periods = periods_of(Unit.MONTH, calendar=CALENDAR, term=AUTUMN, days=frame.days, until=on)
    found = periodic(
        Duty("K-01", None, SubjectKind.CHILD, None), frame,
        periods=[each for each in periods if each.first == NOVEMBER], stints={CHILD: [Stint(date(2026, 9, 1), None)]},
        deeds={}, excuses={CHILD: excuses},
    )  # fmt: skip
    return next(found).state


@pytest.mark.parametrize(
    ("on", "state"),
    [
        (LAST, DutyState.DUE),
        (DECEMBER, DutyState.OVERDUE),
        (date(2026, 12, 3), DutyState.OVERDUE),
        (date(2026, 12, 4), DutyState.MISSED),
    ],
    ids=["on its last day", "the day after", "as long as it can be written down", "never"],
)
def test_a_month_is_overdue_while_it_can_still_be_written_down(on, state):
    assert CALENDAR.numbers.on("A-06.late_record_school_days", NOVEMBER) == 3

    assert november(on=on) is state


def test_days_under_two_excuses_are_counted_once():
    week = Excuse(EXEMPT, date(2026, 11, 2), date(2026, 11, 9))

    assert november(on=LAST, excuses=[week] * 4) is DutyState.DUE
    assert november(on=LAST, excuses=[Excuse(EXEMPT, NOVEMBER, date(2026, 11, 25))]) is DutyState.EXEMPT


@pytest.mark.parametrize(
    ("excuse", "state"),
    [
        (Excuse(OTHERWISE, date(2026, 10, 20), NOVEMBER), DutyState.DUE),
        (Excuse(OTHERWISE, date(2026, 10, 20), NOVEMBER + DAY), DutyState.DONE_OTHERWISE),
        (Excuse(OTHERWISE, LAST, None), DutyState.DONE_OTHERWISE),
        (Excuse(OTHERWISE, DECEMBER, None), DutyState.DUE),
    ],
    ids=["ends the day before", "ends on its first day", "begins on its last day", "begins the day after"],
)
def test_what_was_done_otherwise_touches_its_period(excuse, state):
    assert november(on=LAST, excuses=[excuse]) is state


def test_of_two_excuses_on_a_day_exempt_counts():
    both = [Excuse(OTHERWISE, NOVEMBER, None), Excuse(EXEMPT, NOVEMBER, None)]

    assert excuse_on(both, LAST) is EXEMPT
    assert excuse_on(both[::-1], LAST) is EXEMPT
    assert excuse_on(both[:1], LAST) is OTHERWISE
    assert excuse_on(both, NOVEMBER - DAY) is None


@pytest.mark.parametrize(("late", "state"), [(0, DutyState.DUE), (1, DutyState.OVERDUE)])
def test_who_lacks_something_has_time_until_the_end_of_its_day(late, state):
    lacks = Member(CHILD, NOVEMBER, False, due_on=LAST)

    (found,) = threshold("F-03", SubjectKind.CHILD, [lacks], on=LAST + late * DAY)

    assert (found.state, found.is_open) == (state, True)


@pytest.mark.parametrize(("late", "state"), [(0, DutyState.DUE), (1, DutyState.OVERDUE)])
def test_a_step_is_due_until_the_very_moment(late, state):
    due_at = clock.at_school(LAST, clock.local(clock.now()).time())
    step = Step(CHILD, 1, due_at - 3 * DAY, due_at, None)

    (found,) = deadline("D-06", SubjectKind.CHILD, [step], now=due_at + timedelta(microseconds=late))

    assert found.state is state


def test_a_share_out_of_reach_only_for_now_is_due():
    def standing(state: DutyState) -> Standing:
        return Standing("F-03", None, SubjectKind.CHILD, CHILD, NOVEMBER, None, LAST, state, is_open=True)

    met, due, late = (standing(each) for each in (DutyState.MET, DutyState.DUE, DutyState.OVERDUE))

    assert state_of_share([met, met, late], target=66) is DutyState.MET
    assert state_of_share([met, due, late], target=66) is DutyState.DUE
    assert state_of_share([met, late, late], target=66) is DutyState.OVERDUE
    assert state_of_share([met, late], target=50) is DutyState.MET


@pytest.mark.parametrize(
    ("day", "since"), [(LAST, NOVEMBER), (DECEMBER, DECEMBER)], ids=["its last day", "the day after"]
)
def test_a_child_is_registered_up_to_the_day_its_category_ends(day, since):
    kind = CategoryKind.LEFT_BEHIND
    children = Children(categories={CHILD: [CategorySpan(NOVEMBER, DECEMBER, kind, None)]})

    assert children.registered_since(CHILD, {kind}, day) == since
