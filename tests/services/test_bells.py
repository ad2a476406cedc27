"""Bell periods: reading them as people write them, which a day has, and what of a stretch lies outside lessons."""

from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services import clock
from services.bells import (
    BellCalendar,
    DateRule,
    DayKind,
    Period,
    PeriodsUnreadable,
    Timetable,
    read_periods,
    write_periods,
)
from services.calendar import SchoolCalendar, TermDates

PLAIN = "早读 07:40-08:00\n第一节 08:00-08:40\n大课间 08:40-09:10\n第二节 09:10-09:50\n午休 12:00-14:00"
SHORT = "第一节 08:00-08:30"
CALENDAR = SchoolCalendar([TermDates(1, 2026, 1, date(2026, 9, 1), date(2027, 1, 22))])
USUAL = DayKind(1, 1, "平日", (0, 1, 2, 3), tuple(read_periods(PLAIN)))
FRIDAY = DayKind(2, 1, "周五", (4,), tuple(read_periods(SHORT)))
EXAM = DayKind(3, 1, "考试", (), tuple(read_periods("语文 08:30-11:00")))
BELLS = BellCalendar(CALENDAR, [Timetable(1, 1, date(2026, 9, 1), (USUAL, FRIDAY, EXAM))])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=clock.SCHOOL_ZONE)


@pytest.mark.parametrize(
    "line",
    [
        "第一节 08:00-08:40", "第一节\t8:00\t8:40", "第一节：8：00—8：40", "第一节 8.00~8.40", "第一节（8:00至8:40）",
        "  第一节,08:00,08:40  ", "第一节 08:00 – 08:40 上课",
    ],
)  # fmt: skip
def test_a_line_is_read_as_people_write_it(line: str):
    assert read_periods(line) == [Period("第一节", time(8), time(8, 40), is_lesson=True)]


@pytest.mark.parametrize(
    ("line", "is_lesson"),
    [
        ("大课间 9:00-9:30", False), ("午休 12:00-14:00", False), ("午休 12:00-14:00 上课", True),
        ("社团 16:00-17:00 课外", False), ("社团 16:00-17:00", True),
    ],
)  # fmt: skip
def test_breaks_are_known_by_name_and_by_mark(line: str, is_lesson: bool):
    assert read_periods(line)[0].is_lesson is is_lesson


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("第一节", "period_line", 1),
        ("第一节 8:00", "period_line", 1),
        ("8:00-8:40", "period_line", 1),
        ("第一节 8:00-8:40 9:00", "period_line", 1),
        ("第一节 8:00-8:40 在操场", "period_line", 1),
        ("第一节 8:00-25:00", "period_line", 1),
        ("第一节 8:00-8:75", "period_line", 1),
        ("第" * 21 + " 8:00-8:40", "period_line", 1),
        ("第一节 8:40-8:00", "period_ends_first", 1),
        ("第一节 8:00-8:00", "period_ends_first", 1),
        ("第一节 8:00-8:40\n\n第二节 8:39-9:20", "periods_overlap", 3),
        ("第二节 8:39-9:20\n第一节 8:00-8:40", "periods_overlap", 1),
        ("\n".join(f"节 {n // 2:02d}:{n % 2 * 30:02d}-{n // 2:02d}:{n % 2 * 30 + 20}" for n in range(31)),
         "too_many_periods", 31),
    ],
)  # fmt: skip
def test_a_line_that_can_t_be_a_period_is_named(text: str, code: str, line: int):
    with pytest.raises(PeriodsUnreadable) as refused:
        read_periods(text)

    assert (refused.value.code, refused.value.line) == (code, line)


def test_periods_may_touch_and_are_put_in_order():
    assert [each.name for each in read_periods("第二节 8:40-9:20\n第一节 8:00-8:40")] == ["第一节", "第二节"]


minutes = st.integers(0, 24 * 60 - 1)


@st.composite
def days(draw) -> list[Period]:
    """Periods that don't overlap, in order."""
    marks = sorted(draw(st.lists(minutes, unique=True, max_size=20)))
    names = st.sampled_from(["第一节", "早读", "大课间", "午休", "社团 A", "3班 体育"])
    return [
        Period(draw(names), time(first // 60, first % 60), time(last // 60, last % 60), draw(st.booleans()))
        for first, last in zip(marks[::2], marks[1::2], strict=False)
    ]


@given(days())
def test_what_is_written_reads_back(periods: list[Period]):
    assert read_periods(write_periods(periods)) == periods


@given(st.lists(st.tuples(minutes, minutes), max_size=8))
def test_whatever_is_read_never_overlaps(pairs: list[tuple[int, int]]):
    text = "\n".join(f"节 {a // 60:02d}:{a % 60:02d}-{b // 60:02d}:{b % 60:02d}" for a, b in pairs)
    try:
        found = read_periods(text)
    except PeriodsUnreadable:
        return

    assert all(one.ends_at <= other.starts_at for one, other in pairwise(found))


@given(st.text())
def test_any_text_is_read_or_refused(text: str):
    found: list[Period] = []
    line = None
    try:
        found = read_periods(text)
    except PeriodsUnreadable as refused:
        line = refused.line

    assert all(each.name and each.starts_at < each.ends_at for each in found)
    assert line is None or 1 <= line <= len(text.splitlines())


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2026, 11, 19), USUAL),
        (date(2026, 11, 20), FRIDAY),
        (date(2026, 11, 21), None),
        (date(2026, 10, 10), None),
    ],
    ids=["Thursday", "Friday", "Saturday", "make-up Saturday nobody spoke of"],
)
def test_the_kind_of_a_day_follows_its_weekday(day: date, kind: DayKind | None):
    assert BELLS.kind_on(day) is kind


def test_no_school_is_not_the_same_as_not_known():
    assert BELLS.periods_on(date(2026, 10, 1)) == ()
    assert BELLS.periods_on(date(2026, 10, 10)) is None
    assert BELLS.days_without_periods(date(2026, 9, 1), date(2027, 1, 22)) == [date(2026, 9, 20), date(2026, 10, 10)]


def test_a_make_up_saturday_follows_a_weekday_and_an_exam_day_its_kind():
    rules = [DateRule(date(2026, 10, 10), follows_weekday=4), DateRule(date(2026, 11, 12), day_kind_id=3)]
    bells = BellCalendar(CALENDAR, BELLS.timetables, {rule.day: rule for rule in rules})

    assert bells.periods_on(date(2026, 10, 10)) == FRIDAY.periods
    assert bells.periods_on(date(2026, 11, 12)) == EXAM.periods


def test_a_timetable_of_winter_leaves_autumn_as_it_was():
    winter = Timetable(2, 1, date(2026, 11, 2), (DayKind(9, 1, "平日", (0, 1, 2, 3, 4), tuple(read_periods(SHORT))),))
    bells = BellCalendar(CALENDAR, [*BELLS.timetables, winter])

    assert bells.periods_on(date(2026, 10, 29)) == USUAL.periods
    assert bells.periods_on(date(2026, 11, 2)) == winter.kinds[0].periods
    assert bells.timetable_on(date(2026, 8, 31)) is None


@pytest.mark.parametrize(
    ("moment", "is_lesson"),
    [
        ("2026-11-19T07:59", True),
        ("2026-11-19T08:40", False),
        ("2026-11-19T09:10", True),
        ("2026-11-19T12:30", False),
        ("2026-11-21T09:20", False),
        ("2026-10-10T09:20", None),
    ],
    ids=["in the first", "a lesson's end is outside", "its beginning is inside", "at noon", "no school", "not known"],
)
def test_whether_a_moment_lies_in_a_lesson(moment: str, is_lesson: bool | None):
    assert BELLS.is_in_lesson(at(moment)) is is_lesson


@pytest.mark.parametrize(
    ("first", "last", "outside"),
    [
        ("2026-11-19T08:00", "2026-11-19T08:40", 0),
        ("2026-11-19T08:30", "2026-11-19T09:20", 30),
        ("2026-11-19T12:00", "2026-11-19T14:00", 120),
        ("2026-11-19T00:00", "2026-11-20T00:00", 1440 - 20 - 40 - 40),
        ("2026-11-19T08:30", "2026-11-20T08:20", 1430 - 10 - 40 - 20),
        ("2026-11-21T08:00", "2026-11-21T12:00", 240),
        ("2026-10-10T08:00", "2026-10-10T12:00", None),
        ("2026-10-09T23:00", "2026-10-10T00:00", 60),
        ("2026-11-19T09:00", "2026-11-19T08:00", 0),
    ],
    ids=[
        "all of a lesson", "over a break", "the whole noon", "a whole day", "over a night", "no school",
        "a day nobody spoke of", "up to the midnight before it", "backwards",
    ],
)  # fmt: skip
def test_minutes_outside_lessons(first: str, last: str, outside: int | None):
    assert BELLS.minutes_outside_lessons(at(first), at(last)) == outside


@settings(deadline=None, max_examples=40)
@given(days(), st.integers(0, 3000), st.integers(0, 1500))
def test_minutes_outside_are_what_is_left_of_each_minute(periods: list[Period], begin: int, length: int):
    """Against counting minute by minute."""
    kind = DayKind(1, 1, "平日", (0, 1, 2, 3, 4), tuple(periods))
    bells = BellCalendar(CALENDAR, [Timetable(1, 1, date(2026, 9, 1), (kind,))])
    start = at("2026-11-16T00:00") + timedelta(minutes=begin)

    counted = sum(not bells.is_in_lesson(start + timedelta(minutes=each)) for each in range(length))

    assert bells.minutes_outside_lessons(start, start + timedelta(minutes=length)) == counted
