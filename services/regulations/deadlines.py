"""When a step is due and how it stands: pure functions of records, the calendar and a moment."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from db.tables import ClassPaperKind, MeasureRhythm, ReferralChannel, Urgency
from services import clock
from services.calendar import END_OF_SCHOOL_DAY, SchoolCalendar, TermDates

CHECK_NOTICE = 5
"""So many school days, today included, a class has for a quarter's check that is opened late."""


class DutyState(StrEnum):
    """How a duty stands; the closed list of the regulations engine."""

    MET = "met"
    MET_LATE = "met_late"
    TRIED = "tried"
    DUE = "due"
    OVERDUE = "overdue"
    MISSED = "missed"
    DONE_OTHERWISE = "done_otherwise"
    EXEMPT = "exempt"
    NO_DATA = "no_data"
    NOT_IN_FORCE = "not_in_force"


@dataclass(frozen=True, slots=True)
class Deadline:
    """One step that must follow an event within a limit."""

    clause_id: str
    due_at: datetime
    state: DutyState

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do it."""
        return self.state in {DutyState.DUE, DutyState.OVERDUE}


def state_at(*, due_at: datetime, done_at: datetime | None, now: datetime) -> DutyState:
    """Say how a step stands at a moment; the very instant it is due still counts as in time."""
    if done_at is not None:
        return DutyState.MET if done_at <= due_at else DutyState.MET_LATE
    return DutyState.DUE if now <= due_at else DutyState.OVERDUE


def is_same_day_work(urgency: Urgency) -> bool:
    """Say whether a referral must be looked at on the day it came in."""
    return urgency in {Urgency.URGENT, Urgency.DANGER}


def assessment_due(*, received_at: datetime, urgency: Urgency, calendar: SchoolCalendar) -> datetime:
    """Return when the first assessment is due (D-06); an urgent one on the very day, a Saturday included."""
    name = "D-06.urgent_assessment_school_days" if is_same_day_work(urgency) else "D-06.assessment_school_days"
    return _due(calendar, received_at, name)


def reply_due(*, received_at: datetime, channel: ReferralChannel, calendar: SchoolCalendar) -> datetime | None:
    """Return when the pupil or parent who came must have an answer (D-05); None where nobody waits for one."""
    if channel not in {ReferralChannel.SELF, ReferralChannel.PARENT}:
        return None
    return _due(calendar, received_at, "D-05.reply_school_days")


def feedback_due(*, received_at: datetime, channel: ReferralChannel, calendar: SchoolCalendar) -> datetime | None:
    """Return when the referring teacher must have fact and advice (C-09); None where no teacher referred."""
    if channel is not ReferralChannel.TEACHER:
        return None
    return _due(calendar, received_at, "C-09.feedback_to_teacher_school_days")


def conference_due(*, called_at: datetime, calendar: SchoolCalendar) -> datetime:
    """Return when the joint discussion of a serious case must have been held (D-08)."""
    return _due(calendar, called_at, "D-08.conference_school_days")


def warning_group_due(*, key_since: date, calendar: SchoolCalendar) -> datetime:
    """Return until when a child that became a key child on a day has a warning group (G-07)."""
    return _due(calendar, clock.at_school(key_since, time(12)), "G-07.group_school_days")


def days_to_mend_a_card(*, on: date, calendar: SchoolCalendar) -> int:
    """Return within how many school days a contact card follows a change in the family (E-09)."""
    return calendar.numbers.on("E-09.card_after_change_school_days", on)


def teacher_referral_due(*, noticed_on: date, calendar: SchoolCalendar) -> datetime:
    """Return until when a teacher should have referred what was noticed on a day (D-09)."""
    return _due(calendar, clock.at_school(noticed_on, time(12)), "D-09.referral_school_days")


def class_check_due(*, term: TermDates, opened_on: date, calendar: SchoolCalendar) -> date:
    """Return the day by which every class has returned a check (E-02): weeks from the start of the term.

    A round opened later leaves as many weeks from then, and ends with the term. On a day without school nobody
    returns anything: it is the school day before.
    """
    weeks = timedelta(weeks=calendar.numbers.on("E-02.within_weeks", opened_on))
    due = min(max(term.first_day, opened_on) + weeks - timedelta(days=1), max(term.last_day, opened_on))
    while due > opened_on and not calendar.is_school_day(due):
        due -= timedelta(days=1)
    return due


def class_paper_due(kind: ClassPaperKind, *, term: TermDates, calendar: SchoolCalendar) -> date:
    """Return the day by which a class files its plan (a day of the term, I-05) or its summary (the last, I-06)."""
    if kind is ClassPaperKind.SUMMARY:
        return term.last_day
    return term.first_day + timedelta(days=calendar.numbers.on("I-05.plan_by_day", term.first_day) - 1)


def special_check_due(*, first_day: date, opened_on: date, calendar: SchoolCalendar) -> date:
    """Return the day by which every class has returned a quarter's check of the 四特 children (G-01).

    It is one of the quarter's school days from `first_day` on, the last where there are fewer. Opened late, the round
    leaves the classes some school days; it ends with the quarter's school days.
    """
    quarter = (first_day.month - 1) // 3
    every = (first_day + timedelta(days=number) for number in range(92))
    days = [day for day in every if (day.month - 1) // 3 == quarter and calendar.is_school_day(day)]
    number = calendar.numbers.on("G-01.done_by_school_day", opened_on)
    left = [day for day in days if day >= opened_on][:CHECK_NOTICE]
    return max([opened_on, *left[-1:], *days[:number][-1:]])


def drop_out_step_due(*, noticed_on: date, last_step_on: date | None, calendar: SchoolCalendar) -> datetime:
    """Return when the next step for a child that stays away is due (E-16): the first one at once, then again and again.

    What was done on a day counts from that day, however late it was written down.
    """
    if last_step_on is None:
        return _due(calendar, clock.at_school(noticed_on, time(12)), "E-16.first_step_school_days")
    return _due(calendar, clock.at_school(last_step_on, time(12)), "E-16.step_every_school_days")


def outward_answer_due(*, referred_on: date, calendar: SchoolCalendar) -> datetime:
    """Return when the body a child was referred to should have answered (C-08): days, for it keeps no school days."""
    return _days_later(calendar, referred_on, "C-08.feedback_on_outward_days")


def outward_follow_up_due(*, last_on: date, calendar: SchoolCalendar) -> datetime:
    """Return when somebody asks again how a child that was referred out fares (C-09), until it has ended."""
    return _days_later(calendar, last_on, "C-09.follow_up_every_days")


def _days_later(calendar: SchoolCalendar, day: date, name: str) -> datetime:
    return clock.at_school(day + timedelta(days=calendar.numbers.on(name, day)), END_OF_SCHOOL_DAY)


def screening_contact_due(*, known_at: datetime, is_urgent: bool, calendar: SchoolCalendar) -> datetime:
    """Return until when somebody has talked with a child its result points out (H-04), from when the school knew it.

    After a crisis item or a red level it is the very day, a Saturday included.
    """
    name = "H-04.urgent_interview_school_days" if is_urgent else "H-04.interview_school_days"
    return _due(calendar, known_at, name)


def exchange_due(*, term: TermDates, done: int, needed: int) -> date:
    """Return the day by which the next list must have been exchanged (S-04): the term in as many parts as are needed.

    A single one is due by the term's last day; it stays due until the next term begins.
    """
    return term.first_day + (term.last_day - term.first_day) * (min(done, needed - 1) + 1) // needed


def assessment_deadline(
    *,
    received_at: datetime,
    urgency: Urgency,
    done_at: datetime | None,
    now: datetime,
    calendar: SchoolCalendar,
) -> Deadline:
    """Return the first assessment as a deadline (D-06)."""
    due_at = assessment_due(received_at=received_at, urgency=urgency, calendar=calendar)
    return Deadline("D-06", due_at, state_at(due_at=due_at, done_at=done_at, now=now))


def answer_deadline(
    *,
    received_at: datetime,
    channel: ReferralChannel,
    done_at: datetime | None,
    now: datetime,
    calendar: SchoolCalendar,
    is_stopped: bool = False,
) -> Deadline | None:
    """Return what is owed to who came as a deadline: a pupil or parent the answer (D-05), a teacher feedback (C-09).

    While telling anybody about the child is stopped, only the pupil is still owed a word.
    """
    if channel is ReferralChannel.TEACHER:
        clause_id, due_at = "C-09", feedback_due(received_at=received_at, channel=channel, calendar=calendar)
    else:
        clause_id, due_at = "D-05", reply_due(received_at=received_at, channel=channel, calendar=calendar)
    if due_at is None:
        return None
    if done_at is None and is_stopped and channel is not ReferralChannel.SELF:
        return Deadline(clause_id, due_at, DutyState.EXEMPT)
    return Deadline(clause_id, due_at, state_at(due_at=due_at, done_at=done_at, now=now))


def conference_deadline(
    *, called_at: datetime, held_at: datetime | None, now: datetime, calendar: SchoolCalendar
) -> Deadline:
    """Return the joint discussion as a deadline (D-08)."""
    due_at = conference_due(called_at=called_at, calendar=calendar)
    return Deadline("D-08", due_at, state_at(due_at=due_at, done_at=held_at, now=now))


def plan_due(*, opened_at: datetime, called_at: datetime | None, calendar: SchoolCalendar) -> datetime:
    """Return when the plan must be there: of a serious case with its conference (D-08), else after it opened (F-05)."""
    if called_at is not None:
        return conference_due(called_at=called_at, calendar=calendar)
    return _due(calendar, opened_at, "F-05.plan_school_days")


def plan_deadline(
    *, opened_at: datetime, called_at: datetime | None, now: datetime, calendar: SchoolCalendar
) -> Deadline:
    """Return a plan that is not there yet as a deadline (D-08, F-05)."""
    due_at = plan_due(opened_at=opened_at, called_at=called_at, calendar=calendar)
    return Deadline("F-05" if called_at is None else "D-08", due_at, state_at(due_at=due_at, done_at=None, now=now))


RHYTHMS = {
    MeasureRhythm.DAILY: 1,
    MeasureRhythm.WEEKLY: 5,
    MeasureRhythm.FORTNIGHTLY: 10,
    MeasureRhythm.MONTHLY: 20,
}
"""After how many school days a measure comes round again; holidays don't count."""


def measure_due(
    *, starts_on: date, ends_on: date, rhythm: MeasureRhythm, last_noted_on: date | None, calendar: SchoolCalendar
) -> datetime:
    """Return when the next word about a measure is due (I-02, I-03): in its rhythm, at the latest when it ends."""
    end = clock.at_school(ends_on, END_OF_SCHOOL_DAY)
    school_days = RHYTHMS.get(rhythm)
    if school_days is None:
        return end
    since = max(filter(None, (starts_on, last_noted_on)))
    return min(end, calendar.due_after(clock.at_school(since, time(12)), school_days=school_days))


def _due(calendar: SchoolCalendar, start: datetime, name: str) -> datetime:
    """Return when a step is due whose limit is this parameter: as it was in force on the day the step began."""
    school_days = calendar.numbers.on(name, clock.local(start).date())
    if school_days == 0:
        return calendar.due_same_day(start)
    return calendar.due_after(start, school_days=school_days)
