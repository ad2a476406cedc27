"""A week is told once: frozen when it is over, with its digest in the chain, and never computed again."""

import json
from datetime import date, datetime

import pytest
from sqlalchemy import delete
from sqlmodel import select

from db.audit_chain import append_collected
from db.engine import keys
from db.frozen_weeks import FROZEN, digest_of, find_changed_weeks
from db.sealing import unseal
from db.tables import (
    AuditEvent,
    CareKind,
    CareRecord,
    CategoryKind,
    ClauseSwitch,
    ClauseWeek,
    ClauseWeekState,
    Role,
    StudentCategory,
)
from services import clock, reviews
from services.calendar import SchoolCalendar, TermDates
from services.regulations import clause_views, kept_results, weeks
from services.regulations.compliance import Told
from services.regulations.deadlines import DutyState
from services.regulations.week_facts import ClauseTold, WeekFacts, as_frozen, facts_of
from services.regulations.weeks import weeks_over
from services.review_numbers import AreaShare, count_by_owner, count_by_post, shares_of
from tests.services.regulations.week_makers import note_use

MONDAY = datetime(2026, 11, 9, 8, tzinfo=clock.SCHOOL_ZONE)


@pytest.fixture
def lead(session, term, make_class, make_student, make_user):
    """K-10 counts; one left-behind child had no video, the week before the Monday it is."""
    kept_results.forget_all()
    clock.set_fixed(MONDAY)
    child = make_student("江小满", in_class=make_class())
    session.add(ClauseSwitch(clause_id="K-10", number=1, is_on=True, from_day=date(2026, 9, 1), set_at=clock.now()))
    session.add(
        StudentCategory(
            student_id=child.id, kind=CategoryKind.LEFT_BEHIND, from_day=date(2026, 11, 2), recorded_at=clock.now()
        )
    )
    session.flush()
    note_use(session, date(2026, 11, 4))
    return make_user(Role.LEAD)


def test_weeks_nobody_looked_at_are_frozen_by_who_comes_next_the_oldest_first(session, lead):
    weeks.freeze_week(session, lead)
    note_use(session, date(2026, 11, 9), date(2026, 11, 29))
    clock.set_fixed(datetime(2026, 12, 1, 8, tzinfo=clock.SCHOOL_ZONE))

    frozen = [weeks.freeze_week(session, lead) for _ in range(3)]

    # nobody worked with the program in the week of the 16th
    assert frozen == [date(2026, 11, 9), date(2026, 11, 23), None]
    assert not weeks.is_week_open(session, lead)


def test_the_first_week_ever_frozen_is_the_last_one(session, lead):
    note_use(session, date(2026, 10, 28))

    assert [weeks.freeze_week(session, lead) for _ in range(2)] == [date(2026, 11, 2), None]


def test_a_clock_that_ran_ahead_freezes_no_week_to_come(session, lead):
    clock.set_fixed(datetime(2027, 1, 11, 8, tzinfo=clock.SCHOOL_ZONE))
    note_use(session, date(2027, 1, 11))
    assert not weeks.is_week_open(session, lead)
    assert weeks.freeze_week(session, lead) is None
    clock.set_fixed(MONDAY)

    assert weeks.freeze_week(session, lead) == date(2026, 11, 2)


def test_a_week_frozen_before_it_came_is_not_told(session, lead):
    clock.set_fixed(datetime(2026, 11, 23, 8, tzinfo=clock.SCHOOL_ZONE))
    note_use(session, date(2026, 11, 18))
    assert weeks.freeze_week(session, lead) == date(2026, 11, 16)
    clock.set_fixed(MONDAY)

    assert weeks.freeze_week(session, lead) == date(2026, 11, 2)
    assert reviews.find_review(session, lead).frozen == (date(2026, 11, 2),)
    assert [each.first_day for each in clause_views.find_clause(session, lead, clause_id="K-10").weeks] == [
        date(2026, 11, 2)
    ]


def frozen(session, lead) -> ClauseWeek:
    """Freeze the week that is owed."""
    first_day = weeks.freeze_week(session, lead)
    return session.exec(select(ClauseWeek).where(ClauseWeek.first_day == first_day)).one()


def test_the_week_that_is_over_is_frozen_once(session, lead):
    assert weeks.is_week_open(session, lead)

    week = frozen(session, lead)

    assert (week.first_day, week.told_on) == (date(2026, 11, 2), date(2026, 11, 8))
    assert json.loads(week.numbers)["K-10"]["overdue"] == 1
    assert session.exec(select(ClauseWeekState.overdue)).one() == 1
    assert not weeks.is_week_open(session, lead)
    assert weeks.freeze_week(session, lead) is None


def test_what_was_told_stays_whatever_is_written_later(session, lead):
    week = frozen(session, lead)
    told = week.numbers
    child = session.exec(select(StudentCategory.student_id)).one()
    session.add(
        CareRecord(student_id=child, kind=CareKind.FAMILY_VIDEO, day=date(2026, 11, 4), recorded_at=clock.now())
    )
    session.flush()

    assert weeks.freeze_week(session, lead) is None
    assert session.exec(select(ClauseWeek.numbers)).one() == told


def test_a_week_somebody_changed_shows(session, lead):
    week = frozen(session, lead)
    assert weeks.is_whole(week)

    week.numbers = week.numbers.replace('"overdue":1', '"overdue":0')

    assert not weeks.is_whole(week)


def test_its_digest_stands_in_the_chain(session, lead):
    week = frozen(session, lead)
    append_collected(session)

    event = session.exec(select(AuditEvent).where(AuditEvent.action == FROZEN)).one()
    assert week.digest in event.details


@pytest.mark.parametrize("what", ["numbers", "numbers and digest", "seal", "gone", "nothing"])
def test_a_week_changed_behind_the_program_s_back_is_named(session, lead, what):
    week = frozen(session, lead)
    append_collected(session)
    if what.startswith("numbers"):
        week.numbers = week.numbers.replace('"overdue":1', '"overdue":0')
    if what.endswith("digest"):
        week.digest = digest_of(week.numbers, unseal(week, "lists_sealed") or "")
    if what == "seal":
        week.lists_sealed = b"x" * 40
    if what == "gone":
        session.execute(delete(ClauseWeekState)), session.delete(week)
    session.flush()

    assert list(find_changed_weeks(session, keys())) == ([] if what == "nothing" else ["2026-11-02"])


def test_who_reads_own_classes_alone_freezes_nothing(session, lead, make_user):
    teacher = make_user(Role.HOMEROOM)

    assert not weeks.is_week_open(session, teacher)
    assert weeks.freeze_week(session, teacher) is None


def test_a_holiday_is_no_week():
    term = TermDates(1, 2026, 1, date(2026, 9, 1), date(2027, 1, 22))
    golden = {date(2026, 10, day): False for day in range(1, 12)}
    calendar = SchoolCalendar([term], golden)

    assert next(weeks_over(calendar, date(2026, 10, 12))) == date(2026, 9, 28)
    assert list(weeks_over(calendar, date(2026, 9, 2))) == []


@pytest.mark.parametrize("today", [date(2027, 7, 5), date(2027, 8, 31), date(2027, 9, 3)])
def test_a_term_s_last_week_waits_through_the_holidays(today):
    spring = TermDates(2, 2026, 2, date(2027, 2, 22), date(2027, 6, 25))
    autumn = TermDates(3, 2027, 1, date(2027, 9, 6), date(2028, 1, 21))

    assert next(weeks_over(SchoolCalendar([spring, autumn]), today)) == date(2027, 6, 21)


def test_a_week_frozen_before_owners_and_tiers_were_kept_still_reads():
    numbers = (
        '{"K-10":{"done":2,"due":0,"exempt":0,"missed":0,"overdue":1,"required":3,"state":"overdue"},'
        '"Z-99":{"state":"met"}}'
    )
    old = as_frozen(
        date(2026, 11, 2), date(2026, 11, 8), numbers=numbers, lists='{"K-10":{"missed":[],"overdue":[["child",7]]}}'
    )

    assert list(old.clauses) == ["K-10"]  # a clause this program doesn't know is left out
    assert [(each.subject_id, each.owners) for each in old.behind_in("overdue")] == [(7, ())]
    assert count_by_owner(old) == {}  # and no post is called vacant
    assert old.clauses["K-10"].held_back.overdue is None
    assert old.tier_counts is None


def test_a_frozen_week_reads_as_it_was_shown(session, lead):
    results = kept_results.whole_school(session, on=date(2026, 11, 8))
    shown = facts_of(session, first_day=date(2026, 11, 2), told_on=date(2026, 11, 8), results=results)
    week = frozen(session, lead)

    again = as_frozen(week.first_day, week.told_on, numbers=week.numbers, lists=unseal(week, "lists_sealed"))

    assert (again.behind, again.tier_counts, again.in_tiers) == (shown.behind, shown.tier_counts, shown.in_tiers)
    assert [each.state for each in again.clauses.values()] == [each.state for each in shown.clauses.values()]


def test_a_clause_without_data_is_judged_and_not_kept():
    day, nobody = date(2026, 11, 9), Told(*[None] * 7)
    states = {"K-01": DutyState.MET, "K-04": DutyState.NO_DATA, "K-10": DutyState.DUE, "K-11": DutyState.EXEMPT}
    facts = WeekFacts(day, day, {name: ClauseTold(state, nobody, nobody) for name, state in states.items()})

    assert shares_of(facts) == (AreaShare("K", kept=1, judged=2),)


def test_a_post_without_anything_overdue_has_no_line():
    day, nothing = date(2026, 11, 9), Told(0, 0, 0, 0, 0, 0, 0)
    facts = WeekFacts(day, day, {"K-10": ClauseTold(DutyState.MET, nothing, nothing)})

    assert list(count_by_post(facts)) == []
