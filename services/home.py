"""Home (工作台): what is late, what is today, what waits for me; one ranked list over all areas."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlmodel import Session, col, func, select

from db.tables import (
    AppUser,
    Case,
    CheckKind,
    Referral,
    ReferralChannel,
    ReferralState,
    Role,
    RoleGrant,
)
from services import backups, check_rounds, clock, list_exchanges, retention
from services.access import Permission, Scope, Subject, allows, is_protection_leader, permitted, scopes_of
from services.actors import Actor
from services.answers import Vacancy, vacancies_of, vacancy_parts
from services.asking_together import Fact, ask, together
from services.calendar import SchoolCalendar, current_school_year, load_calendar
from services.case_paper_duties import PAPER_LINES, of_papers, paper_parts
from services.check_kinds import Period
from services.child_duties import of_conferences_and_returns, of_feedback, of_referrals
from services.closing_duties import CLOSING_LINES, closing_parts, of_closings
from services.deputies import NO_SECOND_PERSON, second_person_part
from services.document_overviews import EDITIONS, editions_part, list_wanting
from services.duties import Duty, DutyGroup, DutyKind, group_of
from services.figures import Records, hold_back_small, total_of
from services.handover_duties import HANDOVER_LINES, handover_parts, of_handovers
from services.kept_statements import kept_for_asker
from services.list_exchanges import OwedLists
from services.referrals import OPEN_STATES
from services.regulations.excuse_duties import EXCUSE_LINE, excuse_parts, of_excuses
from services.row_filters import sees_cases, sees_referrals
from services.screening.duties import SCREENING_LINE, of_screenings, screening_parts
from services.terms_ahead import lacks_dates, term_to_prepare
from services.tier_duties import TIER_LINES, of_tiers, tier_parts
from services.tier_kinds import shortest_review

EXCHANGE_NOTICE = timedelta(days=28)
"""So long before it is due the term's list stands on home: civil affairs take their time to send one."""

VACANCIES_APART = 3
"""Up to so many vacant posts stand on a line each; a school that has only begun gets one line for all."""


@permitted(Permission.HOME_READ)
def list_duties(session: Session, actor: Actor) -> list[Duty]:
    """Return everything that is this person's to do, ranked; at most nine statements, none growing with rows."""
    calendar, now = load_calendar(session), clock.now()
    found: list[Duty] = []
    if allows(actor, Permission.REFERRAL_HANDLE) or is_protection_leader(actor):
        found.extend(of_referrals(session, actor, calendar=calendar, now=now))
    elif allows(actor, Permission.REFERRAL_READ):
        found.extend(of_feedback(session, actor))
    if scopes_of(actor, Subject.CASE) or is_protection_leader(actor):
        found.extend(of_conferences_and_returns(session, actor, calendar=calendar, now=now))
    periods = check_rounds.periods_owed(actor, calendar)
    if not actor.has_role(Role.LEAD):  # of whom _of_gaps asks it
        asks = ask(session, _asked_of_others(actor, shortest_review(calendar), *periods))
        found.extend(of_tiers(session, actor, asks, calendar=calendar, now=now))
        found.extend(of_screenings(actor, asks, calendar=calendar, now=now))
        found.extend(of_closings(session, actor, asks, calendar=calendar, now=now))
        found.extend(of_papers(actor, asks, now=now))
        found.extend(of_excuses(session, actor, asks))
        found.extend(_of_checks(actor, asks, periods, now=now))
        found.extend(_of_retention(session, actor, asks))
    if actor.has_role(Role.LEAD):
        found.extend(_of_gaps(session, actor, periods, calendar=calendar, now=now))
    elif actor.holds_office and (owed := list_exchanges.find_owed(session, actor, calendar=calendar)):
        found.extend(_of_exchanges(actor, owed, now=now))
    if allows(actor, Permission.ACCOUNT_MANAGE):
        found.extend(_of_system(session, calendar))
    if allows(actor, Permission.SCHOOL_WRITE) and lacks_dates(calendar, clock.today()):
        label = term_to_prepare(calendar, clock.today()).label
        found.append(Duty(DutyKind.NEW_TERM, DutyGroup.WAITING, labels=(label,)))
    return sorted(found, key=lambda duty: duty.rank)


def _of_gaps(
    session: Session, actor: Actor, periods: Sequence[Period], *, calendar: SchoolCalendar, now: datetime
) -> Iterator[Duty]:
    """Vacancies; what is not on file (C-14), lists without an office, a second yes, tiers, results; one statement."""
    year = current_school_year(calendar, clock.today())
    since = list_exchanges.asked_since(calendar)
    rows = ask(session, _asked_of_head(actor, year, since, shortest_review(calendar), *periods))
    vacancies = vacancies_of(row for row in rows if row.about not in _NO_VACANCIES)
    yield from of_tiers(session, actor, rows, calendar=calendar, now=now)
    yield from of_screenings(actor, rows, calendar=calendar, now=now)
    yield from of_closings(session, actor, rows, calendar=calendar, now=now)
    yield from of_papers(actor, rows, now=now)
    yield from of_excuses(session, actor, rows)
    yield from of_handovers(rows, calendar=calendar, now=now)
    yield from _of_checks(actor, rows, periods, now=now)
    yield from _of_vacancies(vacancies)
    for row in rows:
        if row.about == NO_SECOND_PERSON and all(each.post_id != row.id for each in vacancies):
            yield Duty(DutyKind.SECOND_PERSON, DutyGroup.WAITING, target_id=row.id)
    yield from _of_retention(session, actor, rows)
    editions = (row.label for row in rows if row.about == EDITIONS)
    if wanting := list_wanting(editions, day=clock.today(), calendar=calendar):
        yield Duty(DutyKind.DOCUMENTS_WANTING, DutyGroup.WAITING, labels=tuple(wanting))
    owed = list_exchanges.owed_of(next(row for row in rows if row.about == list_exchanges.LISTS), calendar)
    if actor.holds_office or not owed.is_for_office:
        yield from _of_exchanges(actor, owed, now=now)


@kept_for_asker
def _asked_of_others(actor: Actor, shortest: int, *periods: Period) -> Any:  # a union of facts
    care = [
        *tier_parts(actor, shortest),
        *screening_parts(actor),
        *closing_parts(actor, shortest),
        *paper_parts(actor),
        *excuse_parts(actor),
    ]
    waiting = [retention.waiting_part()] if allows(actor, Permission.RETENTION_AGREE) else []
    return together([*care, *check_rounds.owed_parts(actor, periods), *waiting])


@kept_for_asker
def _asked_of_head(
    actor: Actor, school_year: int, lists_since: date, shortest: int, *periods: Period
) -> Any:  # a union of facts
    return together(
        [
            *vacancy_parts(school_year),
            list_exchanges.owed_part(lists_since),
            editions_part(),
            second_person_part(),
            retention.waiting_part(),
            *tier_parts(actor, shortest),
            *screening_parts(actor),
            *closing_parts(actor, shortest),
            *paper_parts(actor),
            *excuse_parts(actor),
            *handover_parts(actor),
            *check_rounds.owed_parts(actor, periods),
        ]
    )


_NO_VACANCIES = {
    list_exchanges.LISTS, EDITIONS, NO_SECOND_PERSON, retention.WAITS_FOR_A_YES,
    *TIER_LINES, SCREENING_LINE, *CLOSING_LINES, *PAPER_LINES, EXCUSE_LINE, *HANDOVER_LINES, *check_rounds.CHECK_LINES,
}  # fmt: skip
"""What rows are told apart by from those of vacancies."""


def _of_vacancies(found: list[Vacancy]) -> Iterator[Duty]:
    """What nobody answers for, so that nobody would owe its duties (B-04, B-11, B-14, B-20 …): posts, and classes."""
    posts = [each for each in found if each.post_id is not None]
    if len(posts) > VACANCIES_APART:
        yield Duty(DutyKind.POST_VACANT, DutyGroup.WAITING, labels=tuple(each.label for each in posts))
    else:
        for each in posts:
            yield Duty(DutyKind.POST_VACANT, DutyGroup.WAITING, labels=(each.label,), target_id=each.post_id)
    if classes := tuple(each.label for each in found if each.post_id is None):
        yield Duty(DutyKind.HOMEROOM_MISSING, DutyGroup.WAITING, labels=classes)


_CHECK_DUTIES = {
    CheckKind.CLASS_CHECK: (DutyKind.OPEN_CHECK, DutyKind.RETURN_CHECK, DutyKind.CHECKS_MISSING),
    CheckKind.SPECIAL_CHECK: (
        DutyKind.OPEN_SPECIAL_CHECK,
        DutyKind.RETURN_SPECIAL_CHECK,
        DutyKind.SPECIAL_CHECKS_MISSING,
    ),
}


def _of_checks(actor: Actor, rows: Sequence[Fact], periods: Sequence[Period], *, now: datetime) -> Iterator[Duty]:
    """The term's check (E-02), the quarter's (G-01): opened by the lead, returned by teachers, who has not is seen."""
    for owed in check_rounds.owed_of(actor, rows, periods):
        opens, returns, missing = _CHECK_DUTIES[owed.kind]
        if owed.is_to_open:
            yield Duty(opens, DutyGroup.WAITING, since=owed.since)
            continue
        group = group_of(owed.due_at, now=now)
        for class_id, label in owed.own:
            yield Duty(returns, group, due_at=owed.due_at, class_label=label, target_id=class_id)
        if owed.missing:
            yield Duty(missing, group, due_at=owed.due_at, labels=owed.missing)


def _of_exchanges(actor: Actor, owed: OwedLists, *, now: datetime) -> Iterator[Duty]:
    """The term's list with civil affairs (S-04), once it is late or soon due, and what is still to be decided."""
    is_mine = allows(actor, Permission.LIST_EXCHANGE)  # else the office only brings the list to the care room
    if owed.due_at is not None and now > owed.due_at - EXCHANGE_NOTICE:
        yield Duty(DutyKind.EXCHANGE_LIST, group_of(owed.due_at, now=now), due_at=owed.due_at, is_mine=is_mine)
    if owed.open_count and is_mine:
        yield Duty(
            DutyKind.DECIDE_DIFFERENCES, DutyGroup.WAITING, labels=(f"{owed.open_count:,}",), target_id=owed.first_open
        )


def _of_retention(session: Session, actor: Actor, rows: Iterable[Fact]) -> Iterator[Duty]:
    """The second yes that waits for this person: statements only where somebody has asked."""
    if all(row.about != retention.WAITS_FOR_A_YES for row in rows):
        return
    asked_at = retention.find_asked(session, actor)
    if asked_at is not None:
        yield Duty(DutyKind.AGREE_RETENTION, DutyGroup.WAITING, since=asked_at)


def _of_system(session: Session, calendar: SchoolCalendar) -> Iterator[Duty]:
    """What the administrator looks after."""
    if os.environ.get("CARE_UNENCRYPTED"):
        yield Duty(DutyKind.UNENCRYPTED, DutyGroup.WAITING)
    if years := calendar.unknown_years():
        yield Duty(DutyKind.HOLIDAYS_UNKNOWN, DutyGroup.WAITING, labels=tuple(str(year) for year in years))
    leads = select(RoleGrant.user_id).where(RoleGrant.role == Role.LEAD, col(RoleGrant.ended_at).is_(None))
    people = session.exec(
        select(AppUser.id, AppUser.display_name, col(AppUser.id).in_(leads))
        .where(AppUser.is_active, AppUser.must_change_password)
        .order_by(col(AppUser.created_at), col(AppUser.id))
    ).all()
    for user_id, name, is_lead in people:
        if is_lead:  # apart: without the head of the room nothing begins, and after set-up it is shown once only
            yield Duty(DutyKind.FIRST_PASSWORDS, DutyGroup.WAITING, labels=(name,), target_id=user_id)
    if names := tuple(name for _, name, is_lead in people if not is_lead):
        yield Duty(DutyKind.FIRST_PASSWORDS, DutyGroup.WAITING, labels=names)
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
