"""Home (工作台): what is late, what is today, what waits for me; one ranked list over all areas."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import IntEnum, StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, false, null, true, union_all
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, func, not_, or_, select

from db.tables import (
    AppUser,
    Case,
    CaseConference,
    ConferenceParticipant,
    DropOut,
    Referral,
    ReferralChannel,
    ReferralState,
    Role,
    SchoolClass,
    Student,
    Urgency,
)
from services import backups, check_rounds, clock, drop_out_views
from services.access import (
    Permission,
    Scope,
    Subject,
    allows,
    is_protection_leader,
    permitted,
    scopes_of,
    sees_cases,
    sees_referrals,
    sees_students,
)
from services.actors import Actor
from services.answers import list_vacancies
from services.calendar import SchoolCalendar, current_school_year, load_calendar
from services.classes import class_label
from services.figures import Records, hold_back_small, total_of
from services.referral_lists import detailed, may_follow, names_of, owner_is_there, steps_of
from services.referrals import OPEN_STATES
from services.regulations import deadlines
from services.regulations.deadlines import Deadline


class DutyKind(StrEnum):
    """What is to be done."""

    REPORT_ABUSE = "report_abuse"
    DANGER = "danger"
    ASSIGN = "assign"
    ASSESS = "assess"
    REPLY = "reply"
    FEEDBACK = "feedback"
    MATCH_CHILD = "match_child"
    CONFERENCE = "conference"
    INVITED = "invited"  # to a conference somebody else calls
    READ_FEEDBACK = "read_feedback"
    POST_VACANT = "post_vacant"
    HOMEROOM_MISSING = "homeroom_missing"
    HOLIDAYS_UNKNOWN = "holidays_unknown"
    FIRST_PASSWORDS = "first_passwords"
    UNENCRYPTED = "unencrypted"
    OPEN_CHECK = "open_check"
    BRING_BACK = "bring_back"
    RETURN_CHECK = "return_check"
    CHECKS_MISSING = "checks_missing"
    BACKUP_OVERDUE = "backup_overdue"
    RECOVERY_SHEET = "recovery_sheet"


class DutyGroup(IntEnum):
    """In which order the lines stand."""

    LATE = 0
    TODAY = 1
    WAITING = 2
    UPCOMING = 3


class DutyTarget(StrEnum):
    """What a duty's one act opens."""

    REFERRAL = "referral"
    ASSESSMENT = "assessment"
    CASE = "case"
    PROTECTION = "protection"
    POST = "post"
    CLASSES = "classes"
    SCHOOL_DAYS = "school_days"
    ACCOUNTS = "accounts"
    CHECKS = "checks"
    DROP_OUT = "drop_out"
    BACKUPS = "backups"
    NOTHING = "nothing"


_TARGETS = {
    DutyKind.REPORT_ABUSE: DutyTarget.PROTECTION,
    DutyKind.ASSESS: DutyTarget.ASSESSMENT,
    DutyKind.CONFERENCE: DutyTarget.CASE,
    DutyKind.INVITED: DutyTarget.CASE,
    DutyKind.POST_VACANT: DutyTarget.POST,
    DutyKind.HOMEROOM_MISSING: DutyTarget.CLASSES,
    DutyKind.HOLIDAYS_UNKNOWN: DutyTarget.SCHOOL_DAYS,
    DutyKind.FIRST_PASSWORDS: DutyTarget.ACCOUNTS,
    DutyKind.UNENCRYPTED: DutyTarget.NOTHING,
    DutyKind.BRING_BACK: DutyTarget.DROP_OUT,
    DutyKind.OPEN_CHECK: DutyTarget.CHECKS,
    DutyKind.RETURN_CHECK: DutyTarget.CHECKS,
    DutyKind.CHECKS_MISSING: DutyTarget.CHECKS,
    DutyKind.BACKUP_OVERDUE: DutyTarget.BACKUPS,
    DutyKind.RECOVERY_SHEET: DutyTarget.BACKUPS,
}


_NOBODY_S = frozenset({DutyKind.POST_VACANT, DutyKind.HOMEROOM_MISSING})
"""Somebody is responsible: a post without a holder stands above what its holder would owe."""

_FIRST_IN_DANGER = frozenset({DutyKind.DANGER, DutyKind.ASSIGN, DutyKind.ASSESS})
"""What looks after a child in danger; telling others of it takes its turn."""

VACANCIES_APART = 3
"""Up to so many vacant posts stand on a line each; a school that has only begun gets one line for all."""


@dataclass(frozen=True, slots=True)
class Duty:
    """One line of home: what, why, by when, whose, and the one act that gets it done."""

    kind: DutyKind
    group: DutyGroup
    due_at: datetime | None = None
    since: datetime | None = None
    is_first: bool = False  # a child in danger stands above everything
    child: str | None = None
    class_label: str | None = None
    channel: ReferralChannel | None = None
    urgency: Urgency | None = None
    has_begun: bool = False
    with_whom: str | None = None
    owner_name: str | None = None
    is_mine: bool = True
    labels: tuple[str, ...] = field(default=())
    target_id: int | None = None
    target_version: int | None = None

    @property
    def target(self) -> DutyTarget:
        """What the act opens."""
        return _TARGETS.get(self.kind, DutyTarget.REFERRAL)

    @property
    def rank(self) -> tuple[bool, bool, DutyGroup, datetime]:
        """Where the line stands: danger, what nobody answers for, late (the latest first), today, waiting, upcoming."""
        return (not self.is_first, self.kind not in _NOBODY_S, self.group, self.due_at or self.since or clock.now())


@permitted(Permission.HOME_READ)
def list_duties(session: Session, actor: Actor) -> list[Duty]:
    """Return everything that is this person's to do, ranked; at most eight statements, none growing with rows."""
    calendar, now = load_calendar(session), clock.now()
    found: list[Duty] = []
    if allows(actor, Permission.REFERRAL_HANDLE) or is_protection_leader(actor):
        found.extend(_of_referrals(session, actor, calendar=calendar, now=now))
    elif allows(actor, Permission.REFERRAL_READ):
        found.extend(_of_feedback(session, actor))
    if scopes_of(actor, Subject.CASE) or is_protection_leader(actor):
        found.extend(_of_conferences_and_returns(session, actor, calendar=calendar, now=now))
    if actor.has_role(Role.LEAD):
        found.extend(_of_vacancies(session, calendar))
    if allows(actor, Permission.CHECK_RETURN):
        found.extend(_of_checks(session, actor, calendar=calendar, now=now))
    if allows(actor, Permission.ACCOUNT_MANAGE):
        found.extend(_of_system(session, calendar))
    return sorted(found, key=lambda duty: duty.rank)


@permitted(Permission.STUDENT_READ)
def list_child_duties(session: Session, actor: Actor, *, student_id: int) -> list[Duty]:
    """Return what is due for one child, whoever owes it, as far as this actor follows it; one statement."""
    if not allows(actor, Permission.REFERRAL_HANDLE):
        return []
    calendar, now = load_calendar(session), clock.now()
    case_owner = aliased(AppUser)
    asks, meets = and_(sees_referrals(actor), _owes_something()), and_(sees_cases(actor), _is_to_be_held())
    rows = session.exec(
        detailed(actor)
        .add_columns(CaseConference, Case, case_owner.display_name, asks.label("asks_something"), meets.label("meets"))
        .join(Case, col(Case.referral_id) == col(Referral.id), isouter=True)
        .join(CaseConference, col(CaseConference.case_id) == col(Case.id), isouter=True)
        .join(case_owner, col(case_owner.id) == col(Case.owner_id), isouter=True)
        .where(col(Referral.student_id) == student_id, or_(asks, meets))
    ).all()
    found: list[Duty] = []
    for row in rows:
        *_, conference, case, owner_name, asks_something, is_to_meet = row
        if asks_something and may_follow(actor, row[0]):
            found += _of_referral(actor, row, calendar=calendar, now=now, of_everybody=True)
        if is_to_meet:
            due_at = deadlines.conference_due(called_at=conference.called_at, calendar=calendar)
            found.append(_conference(actor, case, row.child, owner_name, due_at, now=now))
    return sorted(found, key=lambda duty: duty.rank)


def group_of(due_at: datetime, *, now: datetime) -> DutyGroup:
    """Say in which part of the list something due stands; what is due at midnight is due today."""
    if now > due_at:
        return DutyGroup.LATE
    last_day = clock.local(due_at - timedelta(seconds=1)).date()
    return DutyGroup.TODAY if last_day <= clock.local(now).date() else DutyGroup.UPCOMING


def _of_referrals(session: Session, actor: Actor, *, calendar: SchoolCalendar, now: datetime) -> Iterator[Duty]:
    """What is to be done, and what this person was told; one statement, for it is asked on every page."""
    asks, told = and_(_owes_something(), _is_for(actor)), _is_unread_feedback(actor)
    columns = detailed(actor).add_columns(asks.label("asks_something"), told.label("is_unread_feedback"))
    for found in session.exec(columns.where(sees_referrals(actor), or_(asks, told))).all():
        if found.asks_something:
            yield from _of_referral(actor, found, calendar=calendar, now=now)
        if found.is_unread_feedback and allows(actor, Permission.REFERRAL_READ):
            yield _feedback_to_read(actor, found)


def _owes_something() -> ColumnElement[bool]:
    """Return the filter on referrals that still ask something of somebody."""
    reply = and_(
        col(Referral.channel).in_([ReferralChannel.SELF, ReferralChannel.PARENT]), col(Referral.answered_at).is_(None)
    )
    feedback = and_(col(Referral.channel) == ReferralChannel.TEACHER, col(Referral.feedback_at).is_(None))
    report = and_(
        col(Referral.is_suspected_abuse),
        or_(col(Referral.police_told_at).is_(None), col(Referral.authority_told_at).is_(None)),
    )
    return or_(col(Referral.state).in_(OPEN_STATES), reply, feedback, report)


def _is_for(actor: Actor) -> ColumnElement[bool]:
    """Return the filter on referrals that ask it of this person: the own ones; for leaders what they must know of."""
    wanted: ColumnElement[bool] = col(Referral.owner_id) == actor.user_id
    if is_protection_leader(actor):
        wanted = or_(wanted, col(Referral.is_suspected_abuse))
    if actor.has_role(Role.LEAD):
        in_danger = and_(Referral.urgency == Urgency.DANGER, col(Referral.state).in_(OPEN_STATES))
        wanted = or_(wanted, in_danger, owner_is_there().is_(False))
    return wanted


def _of_referral(
    actor: Actor, found: Any, *, calendar: SchoolCalendar, now: datetime, of_everybody: bool = False
) -> Iterator[Duty]:
    """Say what one referral asks of this person, or of anybody."""
    referral: Referral = found[0]
    child, label = names_of(actor, found)
    is_danger = referral.urgency is Urgency.DANGER and referral.state in OPEN_STATES

    def duty(kind: DutyKind, due_at: datetime | None, **facts: Any) -> Duty:
        values: dict[str, Any] = {
            "due_at": due_at,
            "group": group_of(due_at, now=now) if due_at else DutyGroup.WAITING,
            "child": child,
            "class_label": label,
            "channel": referral.channel,
            "urgency": referral.urgency,
            "has_begun": referral.state is ReferralState.IN_ASSESSMENT,
            "with_whom": found.referrer_name,
            "owner_name": found.owner_name,
            "is_mine": referral.owner_id == actor.user_id,
            "is_first": is_danger and kind in _FIRST_IN_DANGER,
            "target_id": referral.id,
            "target_version": referral.version,
        }
        return Duty(kind, **(values | facts))

    if referral.is_suspected_abuse and not (referral.police_told_at and referral.authority_told_at):
        marked_at = referral.abuse_marked_at or referral.recorded_at
        yield duty(DutyKind.REPORT_ABUSE, marked_at, group=DutyGroup.LATE, since=marked_at, is_first=True)
    steps = [
        step
        for step in steps_of(referral, now=now, calendar=calendar, is_stopped=bool(found.is_stopped))
        if step.is_open
    ]
    if of_everybody or (referral.owner_id == actor.user_id and found.owner_is_there):
        yield from (duty(_KIND_OF[step.clause_id], step.due_at) for step in steps)
        if referral.student_id is None and referral.state in OPEN_STATES:
            yield duty(DutyKind.MATCH_CHILD, None, since=referral.received_at, is_first=False)
    elif steps and actor.has_role(Role.LEAD):
        first = min(steps, key=_due)
        if is_danger and found.owner_is_there:
            yield duty(DutyKind.DANGER, first.due_at)
        elif not found.owner_is_there:
            yield duty(DutyKind.ASSIGN, first.due_at, owner_name=None)


_KIND_OF = {"D-06": DutyKind.ASSESS, "D-05": DutyKind.REPLY, "C-09": DutyKind.FEEDBACK}


def _due(step: Deadline) -> datetime:
    return step.due_at


def _of_conferences_and_returns(
    session: Session, actor: Actor, *, calendar: SchoolCalendar, now: datetime
) -> Iterator[Duty]:
    """The conferences this person answers for or is asked to, and the children to be brought back to school (E-16).

    One statement for both, for it is on every page.
    """
    due = _conferences_and_returns(actor)
    columns: list[Any] = [
        CaseConference,
        Case,
        DropOut,
        col(Student.name).label("child"),
        col(AppUser.display_name).label("owner_name"),
        _answers_for_conference(actor).label("answers_for"),
        sees_students(actor).label("may_name"),
        sees_cases(actor).label("may_open"),
        *drop_out_views.columns_of_return(),
    ]
    rows: Iterable[Any] = session.exec(
        select(*columns)
        .select_from(due)
        .join(CaseConference, col(CaseConference.id) == due.c.conference_id, isouter=True)
        .join(Case, col(Case.id) == col(CaseConference.case_id), isouter=True)
        .join(Referral, col(Referral.id) == col(Case.referral_id), isouter=True)
        .join(DropOut, col(DropOut.id) == due.c.drop_out_id, isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(DropOut.class_id), isouter=True)
        .join(Student, col(Student.id) == func.coalesce(col(Case.student_id), col(DropOut.student_id)))
        .join(AppUser, col(AppUser.id) == col(Case.owner_id), isouter=True)
        .order_by(col(CaseConference.called_at), col(CaseConference.id), col(DropOut.noticed_on), col(DropOut.id))
    )
    for found in rows:
        if found.DropOut is not None:
            yield _return(found, calendar=calendar, now=now)
            continue
        case: Case = found.Case
        due_at = deadlines.conference_due(called_at=found.CaseConference.called_at, calendar=calendar)
        if found.answers_for:
            yield _conference(actor, case, found.child, found.owner_name, due_at, now=now)
        else:
            yield Duty(
                DutyKind.INVITED,
                group_of(due_at, now=now),
                due_at=due_at,
                child=found.child if found.may_name else None,
                owner_name=found.owner_name,
                target_id=case.id if found.may_open else None,
            )


def _conferences_and_returns(actor: Actor) -> Any:
    """Return by id what asks something of this person: a conference, or a child that stays away."""
    nothing = cast(null(), Integer)
    conferences: Any = (
        select(col(CaseConference.id).label("conference_id"), nothing.label("drop_out_id"))
        .join(Case, col(Case.id) == col(CaseConference.case_id))
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .where(_is_to_be_held(), or_(_answers_for_conference(actor), _is_asked_to_conference(actor)))
    )
    if not allows(actor, Permission.DROP_OUT_FOLLOW):
        return conferences.subquery()
    returns = select(nothing.label("conference_id"), col(DropOut.id)).where(drop_out_views.owes_return(actor))
    return union_all(conferences, returns).subquery()


def _return(found: Any, *, calendar: SchoolCalendar, now: datetime) -> Duty:
    """A child to be brought back to school, until it has ended."""
    row: DropOut = found.DropOut
    due_at = deadlines.drop_out_step_due(noticed_on=row.noticed_on, last_step_on=found.last_step_on, calendar=calendar)
    return Duty(
        DutyKind.BRING_BACK,
        group_of(due_at, now=now),
        due_at=due_at,
        since=clock.at_school(row.noticed_on, time(8)),
        child=found.child,
        class_label=class_label(found.grade, found.number) if found.grade is not None else None,
        has_begun=found.last_step_on is not None,
        is_mine=bool(found.is_answered_for),
        target_id=row.id,
    )


def _conference(
    actor: Actor, case: Case, child: str | None, owner_name: str, due_at: datetime, *, now: datetime
) -> Duty:
    return Duty(
        DutyKind.CONFERENCE,
        group_of(due_at, now=now),
        due_at=due_at,
        child=child,
        owner_name=owner_name,
        is_mine=case.owner_id == actor.user_id,
        target_id=case.id,
    )


def _is_to_be_held() -> ColumnElement[bool]:
    return and_(
        col(CaseConference.id).is_not(None), col(CaseConference.held_at).is_(None), col(Case.closed_at).is_(None)
    )


def _answers_for_conference(actor: Actor) -> ColumnElement[bool]:
    """Return the filter: the head of the room answers for every conference (D-08), the owner of a case for its own."""
    if not (allows(actor, Permission.REFERRAL_HANDLE) or is_protection_leader(actor)):
        return false()
    return sees_cases(actor) if actor.has_role(Role.LEAD) else and_(_owns_case(actor), sees_cases(actor))


def _is_asked_to_conference(actor: Actor) -> ColumnElement[bool]:
    """Return the filter on what somebody is asked to but neither owns nor leads: that it is, no word of the case."""
    asked = select(ConferenceParticipant.conference_id).where(ConferenceParticipant.user_id == actor.user_id)
    protected = true() if is_protection_leader(actor) else col(Referral.is_suspected_abuse).is_(False)
    return and_(col(CaseConference.id).in_(asked), not_(_owns_case(actor)), protected)


def _owns_case(actor: Actor) -> ColumnElement[bool]:
    return col(Case.owner_id) == actor.user_id


def _of_feedback(session: Session, actor: Actor) -> Iterator[Duty]:
    """What the care room told this person as a referring teacher, and is not read yet."""
    for found in session.exec(detailed(actor).where(sees_referrals(actor), _is_unread_feedback(actor))).all():
        yield _feedback_to_read(actor, found)


def _is_unread_feedback(actor: Actor) -> ColumnElement[bool]:
    return and_(
        Referral.referred_by_id == actor.user_id,
        col(Referral.is_suspected_abuse).is_(False),
        col(Referral.feedback_at).is_not(None),
        col(Referral.feedback_read_at).is_(None),
    )


def _feedback_to_read(actor: Actor, found: Any) -> Duty:  # Any: a row of `detailed`
    referral: Referral = found[0]
    child, label = names_of(actor, found)
    return Duty(
        DutyKind.READ_FEEDBACK,
        DutyGroup.WAITING,
        since=referral.feedback_at,
        child=child,
        class_label=label,
        target_id=referral.id,
    )


def _of_vacancies(session: Session, calendar: SchoolCalendar) -> Iterator[Duty]:
    """What nobody answers for, so that nobody would owe its duties (B-04, B-11, B-14, B-20 …): posts, and classes."""
    found = list_vacancies(session, school_year=current_school_year(calendar, clock.today()))
    posts = [each for each in found if each.post_id is not None]
    if len(posts) > VACANCIES_APART:
        yield Duty(DutyKind.POST_VACANT, DutyGroup.WAITING, labels=tuple(each.label for each in posts))
    else:
        for each in posts:
            yield Duty(DutyKind.POST_VACANT, DutyGroup.WAITING, labels=(each.label,), target_id=each.post_id)
    if classes := tuple(each.label for each in found if each.post_id is None):
        yield Duty(DutyKind.HOMEROOM_MISSING, DutyGroup.WAITING, labels=classes)


def _of_checks(session: Session, actor: Actor, *, calendar: SchoolCalendar, now: datetime) -> Iterator[Duty]:
    """The term's class check (E-02): the lead opens it, homeroom teachers return it, the lead sees who has not."""
    owed = check_rounds.list_owed(session, actor, calendar=calendar)
    if owed is None:
        return
    if owed.is_to_open:
        yield Duty(DutyKind.OPEN_CHECK, DutyGroup.WAITING, since=owed.since)
        return
    group = group_of(owed.due_at, now=now)
    for class_id, label in owed.own:
        yield Duty(DutyKind.RETURN_CHECK, group, due_at=owed.due_at, class_label=label, target_id=class_id)
    if owed.missing:
        yield Duty(DutyKind.CHECKS_MISSING, group, due_at=owed.due_at, labels=owed.missing)


def _of_system(session: Session, calendar: SchoolCalendar) -> Iterator[Duty]:
    """What the administrator looks after."""
    if os.environ.get("CARE_UNENCRYPTED"):
        yield Duty(DutyKind.UNENCRYPTED, DutyGroup.WAITING)
    if years := calendar.unknown_years():
        yield Duty(DutyKind.HOLIDAYS_UNKNOWN, DutyGroup.WAITING, labels=tuple(str(year) for year in years))
    names = session.exec(
        select(AppUser.display_name)
        .where(AppUser.is_active, AppUser.must_change_password)
        .order_by(col(AppUser.created_at), col(AppUser.id))
    ).all()
    if names:
        yield Duty(DutyKind.FIRST_PASSWORDS, DutyGroup.WAITING, labels=tuple(names))
    yield from _of_backups(session)


def _of_backups(session: Session) -> Iterator[Duty]:
    """A proven backup off this disk within 7 days, and a recovery sheet that was asked back; from set-up on."""
    facts = backups.find_safety_facts(session)
    if facts.claimed_at is None:
        return
    due_at = (facts.off_disk_at or facts.claimed_at) + timedelta(days=backups.OFF_DISK_DAYS)
    if clock.now() > due_at:
        yield Duty(DutyKind.BACKUP_OVERDUE, DutyGroup.LATE, due_at=due_at, since=facts.off_disk_at)
    elif facts.off_disk_at is None:
        yield Duty(DutyKind.BACKUP_OVERDUE, DutyGroup.UPCOMING, due_at=due_at)
    if not facts.is_sheet_checked:
        yield Duty(DutyKind.RECOVERY_SHEET, DutyGroup.WAITING, since=facts.claimed_at)


@dataclass(frozen=True, slots=True)
class Numbers:
    """This term's referrals and open cases as numbers; None where too few children stand behind one to tell it."""

    since: date | None
    total: int | None
    by_channel: dict[str, int | None]
    open_cases: int | None


@permitted(Permission.HOME_READ)
def find_numbers(session: Session, actor: Actor) -> Numbers | None:
    """Return the numbers for who may see numbers only; None for everybody else."""
    if Scope.NUMBERS not in scopes_of(actor, Subject.REFERRAL):
        return None
    term = load_calendar(session).latest_term(clock.today())
    received = (
        select(Referral.channel, Referral.student_id, func.count())
        .where(col(Referral.state) != ReferralState.MERGED)
        .group_by(col(Referral.channel), col(Referral.student_id))
    )
    if term is not None:
        received = received.where(Referral.received_at >= clock.at_school(term.first_day, time(0)))
    parts: dict[str, Records] = {channel.value: Counter() for channel in ReferralChannel}
    for channel, student_id, count in session.exec(received):
        parts[ReferralChannel(channel).value][student_id] += count
    open_cases = session.exec(
        select(Case.student_id, func.count()).where(col(Case.closed_at).is_(None)).group_by(col(Case.student_id))
    )
    return Numbers(
        since=term.first_day if term else None,
        total=total_of(parts),
        by_channel=hold_back_small(parts),
        open_cases=total_of({"open": Counter(dict(open_cases.all()))}),
    )


@dataclass(frozen=True, slots=True)
class MyFigures:
    """The small figures at the side of a care room member's home."""

    open_referrals: int
    unanswered: int
    cases: int


@permitted(Permission.HOME_READ)
def find_my_figures(session: Session, actor: Actor) -> MyFigures | None:
    """Return what lies with this person; None for whom nothing can."""
    if not allows(actor, Permission.REFERRAL_HANDLE) or actor.user_id is None:
        return None
    own = [sees_referrals(actor), col(Referral.owner_id) == actor.user_id]
    open_ones = select(func.count()).select_from(Referral).where(*own, col(Referral.state).in_(OPEN_STATES))
    unanswered = open_ones.where(
        col(Referral.channel).in_([ReferralChannel.SELF, ReferralChannel.PARENT]), col(Referral.answered_at).is_(None)
    )
    own_cases = (
        select(func.count())
        .select_from(Case)
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .where(Case.owner_id == actor.user_id, col(Case.closed_at).is_(None), sees_cases(actor))
    )
    return MyFigures(session.exec(open_ones).one(), session.exec(unanswered).one(), session.exec(own_cases).one())
