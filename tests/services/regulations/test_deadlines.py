"""Due times of intake on school time."""

from datetime import date, datetime, timedelta

import pytest

from db.tables import ReferralChannel, Urgency
from services import clock
from services.calendar import SchoolCalendar, TermDates
from services.regulations import deadlines
from services.regulations.deadlines import DutyState

AUTUMN = TermDates(1, 2026, 1, date(2026, 9, 1), date(2027, 1, 22))
SPRING = TermDates(2, 2026, 2, date(2027, 2, 22), date(2027, 7, 2))
CALENDAR = SchoolCalendar([AUTUMN, SPRING])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=clock.SCHOOL_ZONE)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-11-16T09:00", "2026-11-19T17:00"),
        ("2026-11-20T09:40", "2026-11-25T17:00"),
        ("2026-11-20T21:00", "2026-11-25T17:00"),
        ("2026-11-21T10:00", "2026-11-25T17:00"),
        ("2026-09-30T16:00", "2026-10-10T17:00"),
        ("2026-10-03T10:00", "2026-10-10T17:00"),
        ("2026-10-09T10:00", "2026-10-13T17:00"),
        ("2026-12-31T10:00", "2027-01-05T17:00"),
        ("2027-01-25T10:00", "2027-02-24T17:00"),
        ("2027-07-05T10:00", "2027-07-08T17:00"),
    ],
    ids=[
        "within a week",
        "over a weekend",
        "after school counts from the next school day",
        "on a Saturday",
        "over the October holiday, the make-up Saturday counts",
        "in the holiday",
        "a make-up Saturday is a school day",
        "into a year whose holidays nobody knows yet: Monday to Friday, never later",
        "in the winter holidays",
        "after the last term that is known",
    ],
)
def test_an_ordinary_assessment_is_due_after_three_school_days(received, due):
    assert deadlines.assessment_due(received_at=at(received), urgency=Urgency.ORDINARY, calendar=CALENDAR) == at(due)


@pytest.mark.parametrize("urgency", [Urgency.URGENT, Urgency.DANGER])
@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-11-20T09:40", "2026-11-20T17:00"),
        ("2026-11-20T18:30", "2026-11-21T00:00"),
        ("2026-11-21T10:00", "2026-11-21T17:00"),
        ("2026-10-03T10:00", "2026-10-03T17:00"),
    ],
    ids=["on a school day", "after school has ended: by midnight", "on a Saturday", "in the holidays"],
)
def test_an_urgent_assessment_is_due_the_same_day(received, due, urgency):
    assert deadlines.assessment_due(received_at=at(received), urgency=urgency, calendar=CALENDAR) == at(due)


@pytest.mark.parametrize("channel", ReferralChannel)
def test_only_pupils_and_parents_wait_for_a_reply(channel):
    due = deadlines.reply_due(received_at=at("2026-11-20T09:40"), channel=channel, calendar=CALENDAR)

    waits = channel in {ReferralChannel.SELF, ReferralChannel.PARENT}
    assert due == (at("2026-11-24T17:00") if waits else None)


@pytest.mark.parametrize("channel", ReferralChannel)
def test_only_teachers_wait_for_feedback(channel):
    due = deadlines.feedback_due(received_at=at("2026-11-20T09:40"), channel=channel, calendar=CALENDAR)

    assert due == (at("2026-11-27T17:00") if channel is ReferralChannel.TEACHER else None)


def test_a_conference_is_due_after_five_school_days():
    assert deadlines.conference_due(called_at=at("2026-11-20T09:40"), calendar=CALENDAR) == at("2026-11-27T17:00")


def test_a_teacher_refers_within_a_school_day_of_noticing():
    due = deadlines.teacher_referral_due(noticed_on=date(2026, 11, 20), calendar=CALENDAR)

    assert due == at("2026-11-23T17:00")


def test_the_school_s_own_word_on_a_day_counts():
    closed = SchoolCalendar([AUTUMN], {date(2026, 11, 23): False, date(2026, 11, 28): True})

    due = deadlines.feedback_due(received_at=at("2026-11-20T09:40"), channel=ReferralChannel.TEACHER, calendar=closed)

    assert due == at("2026-11-28T17:00")


DUE = at("2026-11-25T17:00")


@pytest.mark.parametrize(
    ("done", "now", "state"),
    [
        (None, DUE - timedelta(days=1), DutyState.DUE),
        (None, DUE, DutyState.DUE),
        (None, DUE + timedelta(seconds=1), DutyState.OVERDUE),
        (DUE, DUE + timedelta(days=9), DutyState.MET),
        (DUE + timedelta(seconds=1), DUE + timedelta(days=9), DutyState.MET_LATE),
    ],
    ids=["before", "at the very instant", "a second later", "done in time", "done late"],
)
def test_the_state_follows_from_due_done_and_now(done, now, state):
    assert deadlines.state_at(due_at=DUE, done_at=done, now=now) is state


@pytest.mark.parametrize(
    ("channel", "clause_id"),
    [(ReferralChannel.PARENT, "D-05"), (ReferralChannel.TEACHER, "C-09")],
    ids=["parent", "teacher"],
)
def test_a_word_to_parent_or_teacher_of_a_protected_child_is_exempt(channel: ReferralChannel, clause_id: str):
    step = deadlines.answer_deadline(
        received_at=at("2026-11-02T09:00"),
        channel=channel,
        done_at=None,
        now=at("2026-11-20T09:41"),
        calendar=CALENDAR,
        is_stopped=True,
    )

    assert step is not None
    assert (step.clause_id, step.state, step.is_open) == (clause_id, DutyState.EXEMPT, False)


def test_a_protected_child_itself_still_gets_its_answer():
    step = deadlines.answer_deadline(
        received_at=at("2026-11-02T09:00"),
        channel=ReferralChannel.SELF,
        done_at=None,
        now=at("2026-11-20T09:41"),
        calendar=CALENDAR,
        is_stopped=True,
    )

    assert step is not None
    assert step.state is DutyState.OVERDUE


def test_a_referral_out_is_answered_and_asked_after_in_days_whatever_the_school_s_days_are():
    """Fourteen days from the day it was, to the end of school (C-08, C-09)."""
    calendar = SchoolCalendar([])
    last = date(2026, 11, 8)  # a Sunday

    for due_at in (
        deadlines.outward_answer_due(referred_on=last, calendar=calendar),
        deadlines.outward_follow_up_due(last_on=last, calendar=calendar),
    ):
        assert clock.local(due_at) == datetime(2026, 11, 22, 17, tzinfo=clock.SCHOOL_ZONE)
