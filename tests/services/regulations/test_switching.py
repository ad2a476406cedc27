"""Switching a clause on, from its first full period, and taking that back before its day."""

from datetime import date, datetime, timedelta

import pytest

from db.tables import ClauseSwitch, Role
from services import clock
from services.calendar import SchoolCalendar, TermDates
from services.errors import FieldErrors, NotFound
from services.parameter_versions import AlreadyInForce
from services.regulations import switching
from services.regulations.switches import load_switches
from tests.conftest import codes


@pytest.fixture
def lead(session, term, make_user):
    clock.set_fixed(datetime(2026, 10, 30, 18, tzinfo=clock.SCHOOL_ZONE))
    return make_user(Role.LEAD)


def switched(session, from_day: date) -> ClauseSwitch:
    row = ClauseSwitch(clause_id="K-10", number=1, is_on=True, from_day=from_day, set_at=clock.now())
    session.add(row)
    session.flush()
    return row


def test_a_switch_to_come_is_taken_back_once(session, lead):
    row = switched(session, clock.today() + timedelta(days=1))

    switching.withdraw_switch(session, lead, switch_id=row.id)

    assert (row.withdrawn_at, row.withdrawn_by_id) == (clock.now(), lead.user_id)
    with pytest.raises(NotFound):
        switching.withdraw_switch(session, lead, switch_id=row.id)


def test_a_switch_that_counts_stays(session, lead):
    row = switched(session, clock.today())

    with pytest.raises(AlreadyInForce):
        switching.withdraw_switch(session, lead, switch_id=row.id)
    assert row.withdrawn_at is None


@pytest.mark.parametrize(
    ("clause_id", "on", "first"),
    [
        ("K-01", date(2026, 11, 1), date(2026, 11, 1)),
        ("K-01", date(2026, 11, 2), date(2026, 12, 1)),
        ("K-10", date(2026, 11, 16), date(2026, 11, 16)),
        ("K-10", date(2026, 11, 17), date(2026, 11, 23)),
        ("J-01", date(2026, 11, 17), date(2026, 11, 17)),
    ],
    ids=["a month's first day", "the day after", "a Monday", "a Tuesday", "a share has no period"],
)
def test_a_clause_counts_from_its_first_full_period(clause_id, on, first):
    calendar = SchoolCalendar([TermDates(1, 2026, 1, date(2026, 9, 1), date(2027, 1, 22))])

    assert switching.first_full_period(clause_id, calendar=calendar, on=on) == first


@pytest.mark.parametrize(
    ("clause_id", "first"),
    [("K-10", date(2027, 8, 30)), ("K-01", date(2027, 9, 1)), ("K-04", date(2027, 9, 1)), ("I-22", date(2027, 9, 1))],
    ids=["week", "month", "term", "school year"],
)
def test_at_the_end_of_a_school_year_it_is_the_first_one_of_the_next(clause_id, first):
    calendar = SchoolCalendar(
        [
            TermDates(1, 2026, 2, date(2027, 2, 22), date(2027, 7, 2)),
            TermDates(2, 2027, 1, date(2027, 9, 1), date(2028, 1, 21)),
        ]
    )

    assert switching.first_full_period(clause_id, calendar=calendar, on=date(2027, 7, 2)) == first


def test_a_clause_is_switched_from_today_on_and_not_before(session, lead):
    ways = {"clause_id": "K-10", "is_on": True, "reason": None, "version": 0}
    with pytest.raises(FieldErrors) as raised:
        switching.switch_clause(session, lead, from_day=clock.today() - timedelta(days=1), **ways)

    row = switching.switch_clause(session, lead, from_day=clock.today(), **ways)

    assert codes(raised) == {"from_day": "in_force_before_today"}
    assert (row.from_day, row.number) == (clock.today(), 1)


@pytest.mark.parametrize(("days", "counts"), [(-1, False), (0, True)], ids=["the day before", "its day"])
def test_a_clause_counts_from_its_switch_s_day_on(session, lead, days, counts):
    switched(session, clock.today())

    assert load_switches(session).counts("K-10", clock.today() + timedelta(days=days)) is counts


def test_no_switch_is_undone_by_one_agreed_before_for_a_later_day(session, lead):
    today, later = clock.today(), clock.today() + timedelta(days=30)
    switched(session, today)
    ways = {"clause_id": "K-10", "reason": "试停"}
    switching.switch_clause(session, lead, is_on=False, from_day=later, version=1, **ways)

    with pytest.raises(FieldErrors) as raised:
        switching.switch_clause(session, lead, is_on=True, from_day=later - timedelta(days=1), version=2, **ways)
    switching.switch_clause(session, lead, is_on=True, from_day=later, version=2, **ways)

    assert codes(raised) == {"from_day": "before_last_switch"}
    assert load_switches(session).counts("K-10", later)


def test_clauses_begun_together_are_not_ended_by_a_switch_agreed_before(session, lead):
    switched(session, clock.today())
    later = clock.today() + timedelta(days=30)
    switching.switch_clause(session, lead, clause_id="K-10", is_on=False, from_day=later, reason="试停", version=1)

    assert switching.switch_on_together(session, lead, clause_ids=["K-10"]) == ["K-10"]

    assert load_switches(session).counts("K-10", later)
