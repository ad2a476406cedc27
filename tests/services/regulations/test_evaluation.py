"""Clauses evaluated over a school's records."""

from datetime import date, datetime, time

import pytest

from db.tables import CareKind, CareRecord, CategoryKind, ClauseSwitch, Role, StudentCategory
from services import clock, parameter_versions
from services.calendar import load_calendar
from services.regulations.deadlines import DutyState
from services.regulations.evaluation import evaluate
from services.regulations.measures import measures
from services.regulations.switches import load_switches

ON = date(2026, 10, 30)


@pytest.fixture
def everything_counts(session, term):
    for clause_id in measures():
        session.add(
            ClauseSwitch(clause_id=clause_id, number=1, is_on=True, from_day=date(2026, 9, 1), set_at=clock.now())
        )
    session.flush()


def talk(session, child, author, day: date, *, written: date | None = None, **values) -> CareRecord:
    record = CareRecord(
        student_id=child.id, kind=CareKind.TALK, day=day, author_id=author.user_id, minutes=20,
        recorded_at=clock.at_school(written or day, time(16)), **values,
    )  # fmt: skip
    session.add(record)
    session.flush()
    return record


def left_behind(session, child, since: date = date(2026, 9, 1)) -> None:
    session.add(
        StudentCategory(student_id=child.id, kind=CategoryKind.LEFT_BEHIND, from_day=since, recorded_at=clock.now())
    )
    session.flush()


def stood(session, clause_id: str, on: date = ON):
    clock.set_fixed(datetime(on.year, on.month, on.day, 18, tzinfo=clock.SCHOOL_ZONE))
    found = evaluate(session, calendar=load_calendar(session), switches=load_switches(session), on=on)
    return found[clause_id]


@pytest.mark.usefixtures("everything_counts")
def test_every_clause_that_can_be_measured_is_evaluated(session, make_class, make_student):
    make_student("江小满", in_class=make_class())

    found = evaluate(session, calendar=load_calendar(session), switches=load_switches(session), on=ON)

    assert len(found) == 50
    assert {each.state for each in found.values()} <= set(DutyState)


@pytest.mark.usefixtures("everything_counts")
def test_a_talk_a_month_by_the_homeroom_teacher(session, make_class, make_student, make_user):
    seven = make_class()
    teacher = make_user(Role.HOMEROOM, homeroom_of=seven)
    child = make_student("江小满", in_class=seven)
    left_behind(session, child)
    talk(session, child, teacher, date(2026, 9, 10))

    result = stood(session, "K-01")

    assert [each.state for each in result.standings] == [DutyState.MET, DutyState.DUE]
    assert result.state is DutyState.DUE


@pytest.mark.usefixtures("everything_counts")
def test_a_number_changed_today_does_not_repaint_last_month(session, make_class, make_student, make_user):
    seven, on = make_class(), date(2026, 11, 20)
    teacher, lead = make_user(Role.HOMEROOM, homeroom_of=seven), make_user(Role.LEAD)
    child = make_student("江小满", in_class=seven)
    left_behind(session, child)
    for day in (date(2026, 9, 10), date(2026, 10, 12), date(2026, 11, 10)):
        talk(session, child, teacher, day)
    before = stood(session, "K-01", on)

    parameter_versions.set_parameter(
        session, lead, name="K-01.talks_a_month", value=2, in_force_from=on, reason="领导小组定的", version=0
    )

    assert stood(session, "K-01", on).standings == before.standings  # November began with one
    in_december = stood(session, "K-01", date(2026, 12, 10)).standings
    assert [(each.state, each.needed) for each in in_december] == [(DutyState.MET, 1)] * 3 + [(DutyState.DUE, 2)]
