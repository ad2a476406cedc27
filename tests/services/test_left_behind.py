"""The State's definition of a child left behind: a pure rule, and the same rule in SQL."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from db.tables import CategoryKind, LeftBehindKind, Student, StudentCategory
from services import clock
from services.left_behind import Outside, meets_state_definition, state_marker, turns

TODAY = date(2026, 11, 20)
YOUNG = date(2013, 5, 21)
BOTH = LeftBehindKind.BOTH_AWAY


@pytest.mark.parametrize(
    ("kind", "outside"),
    [
        (LeftBehindKind.BOTH_AWAY, ()),
        (LeftBehindKind.ONE_AWAY_OTHER_UNABLE, ()),
        (LeftBehindKind.ONE_AWAY, (Outside.KIND,)),
        (LeftBehindKind.NONE_AWAY, (Outside.KIND,)),
    ],
)
def test_both_away_or_one_away_and_the_other_unable(kind, outside):
    marker = state_marker(kind, birth_day=YOUNG, is_rural=True, today=TODAY)

    assert (marker.outside, marker.meets, marker.presumes_rural) == (outside, not outside, False)


def test_without_a_kind_there_is_no_judgement():
    assert state_marker(None, birth_day=YOUNG, is_rural=True, today=TODAY) is None


@pytest.mark.parametrize(
    ("birth_day", "meets"),
    [
        (date(2010, 11, 21), True),  # sixteen tomorrow
        (date(2010, 11, 20), False),  # sixteen today
        (date(2010, 11, 19), False),
        (date(2020, 1, 1), True),
    ],
)
def test_under_sixteen_on_the_day(birth_day, meets):
    assert state_marker(BOTH, birth_day=birth_day, is_rural=True, today=TODAY).meets is meets


@pytest.mark.parametrize(
    ("is_rural", "meets", "presumed"), [(True, True, False), (False, False, False), (None, True, True)]
)
def test_the_household_is_rural_unless_somebody_says_otherwise(is_rural, meets, presumed):
    marker = state_marker(BOTH, birth_day=YOUNG, is_rural=is_rural, today=TODAY)

    assert (marker.meets, marker.presumes_rural) == (meets, presumed)


def test_every_reason_is_told_at_once():
    marker = state_marker(LeftBehindKind.ONE_AWAY, birth_day=date(2009, 1, 1), is_rural=False, today=TODAY)

    assert marker.outside == (Outside.KIND, Outside.AGE, Outside.URBAN)


def test_who_is_born_on_a_leap_day_is_a_year_older_on_the_first_of_march():
    assert turns(date(2012, 2, 29), 15) == date(2027, 3, 1)
    assert turns(date(2012, 2, 29), 16) == date(2028, 2, 29)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    kind=st.sampled_from([*LeftBehindKind, None]),
    days=st.integers(-3, 3),
    is_rural=st.sampled_from([True, False, None]),
    today=st.dates(date(2026, 1, 1), date(2032, 12, 31)),
)
def test_sql_and_the_pure_rule_agree(session, make_student, kind, days, is_rural, today):
    try:
        sixteenth = today.replace(year=today.year - 16)
    except ValueError:
        sixteenth = date(today.year - 16, 3, 1)
    point = session.begin_nested()
    child = make_student(birth_day=sixteenth + timedelta(days=days), is_rural=is_rural, student_no=None)
    session.add(
        StudentCategory(
            student_id=child.id, kind=CategoryKind.LEFT_BEHIND, left_behind_kind=kind, from_day=TODAY,
            recorded_at=clock.now(),
        )
    )  # fmt: skip
    session.flush()
    found = session.exec(
        select(Student.id)
        .join(StudentCategory, StudentCategory.student_id == Student.id)
        .where(Student.id == child.id, meets_state_definition(today))
    ).all()
    marker = state_marker(kind, birth_day=child.birth_day, is_rural=is_rural, today=today)
    point.rollback()

    assert bool(found) is bool(marker and marker.meets)
