"""Years the program doesn't know the holidays of: entered by the school, said to be complete, taken back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlmodel import select

from db.audit_chain import COLLECTED
from db.tables import AuditEvent, CompleteYear, Role
from db.transactions import reading, transaction
from services import audit, complete_years, home, schools
from services.calendar import load_calendar
from services.complete_years import AlreadyComplete, NothingEntered
from services.duties import DutyKind
from services.errors import NotFound


@pytest.fixture(autouse=True)
def _term(term):
    return term  # September 2026 to January 2027: the program knows no holidays of 2027


@pytest.fixture
def admin(make_user):
    return make_user(Role.ADMIN, name="石信")


def new_year_off(session, actor):
    schools.save_day_exception(session, actor, day=date(2027, 1, 1), is_school_day=False, label="元旦")


def asks_for_holidays(session, actor):
    return DutyKind.HOLIDAYS_UNKNOWN in [duty.kind for duty in home.list_duties(session, actor)]


def test_home_asks_until_the_year_is_said_to_be_complete_and_again_when_that_is_taken_back(session, admin):
    new_year_off(session, admin)
    assert asks_for_holidays(session, admin)

    complete_years.confirm_year(session, admin, year=2027)
    assert load_calendar(session).unknown_years() == []
    assert not asks_for_holidays(session, admin)

    complete_years.reopen_year(session, admin, year=2027)
    assert asks_for_holidays(session, admin)


def test_what_counts_as_a_school_day_is_as_it_was_before(session, admin):
    new_year_off(session, admin)
    before = [load_calendar(session).is_school_day(date(2027, 1, day)) for day in range(1, 15)]

    complete_years.confirm_year(session, admin, year=2027)

    assert [load_calendar(session).is_school_day(date(2027, 1, day)) for day in range(1, 15)] == before


def test_the_list_says_how_far_the_school_is_and_who_confirmed(session, admin):
    new_year_off(session, admin)
    schools.save_day_exception(session, admin, day=date(2027, 1, 9), is_school_day=True, label="补课")
    complete_years.confirm_year(session, admin, year=2027)

    [found] = complete_years.list_unannounced_years(session, admin)

    assert (found.year, found.days_off, found.make_up_days, found.is_complete) == (2027, 1, 1, True)
    assert (found.confirmed_by, found.confirmed_on) == ("石信", date(2026, 11, 20))


def test_a_year_without_one_day_off_is_not_complete(session, admin):
    schools.save_day_exception(session, admin, day=date(2027, 1, 9), is_school_day=True, label="补课")

    with pytest.raises(NothingEntered):
        complete_years.confirm_year(session, admin, year=2027)


@pytest.mark.parametrize("year", [2026, 2031, 0, -1, 10**9], ids=["known", "in no term", "zero", "below", "far"])
def test_only_a_year_in_question_is_confirmed(session, admin, year):
    with pytest.raises(NotFound):
        complete_years.confirm_year(session, admin, year=year)
    with pytest.raises(NotFound):
        complete_years.reopen_year(session, admin, year=year)


def test_the_second_who_confirms_hears_who_was_faster(session, admin, make_user):
    new_year_off(session, admin)
    complete_years.confirm_year(session, admin, year=2027)

    with pytest.raises(AlreadyComplete) as refused:
        complete_years.confirm_year(session, make_user(Role.LEAD), year=2027)

    assert refused.value.name == "石信"


def test_both_acts_leave_an_event(session, admin):
    new_year_off(session, admin)
    complete_years.confirm_year(session, admin, year=2027)
    complete_years.reopen_year(session, admin, year=2027)

    assert [note.action for note in session.info[COLLECTED]][-2:] == [
        audit.Action.YEAR_COMPLETED,
        audit.Action.YEAR_REOPENED,
    ]


def test_of_two_at_once_one_confirms(location, make_user, session):
    admin = make_user(Role.ADMIN)
    new_year_off(session, admin)
    session.commit()

    def confirm(_number):
        try:
            with transaction() as own:
                complete_years.confirm_year(own, admin, year=2027)
        except AlreadyComplete:
            return "late"
        return "first"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(confirm, range(2))) == ["first", "late"]
    with reading() as other:
        assert len(other.exec(select(CompleteYear)).all()) == 1
        assert other.exec(select(AuditEvent).where(AuditEvent.action == audit.Action.YEAR_COMPLETED)).one()
