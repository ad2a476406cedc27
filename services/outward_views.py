"""Referrals out of the school as somebody may see them: the list, one with its follow-ups, what is due (C-08, C-09)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, false
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, func, or_, select

from db.sealing import unseal
from db.tables import (
    AppUser,
    Case,
    ClassMembership,
    ConsentAnswer,
    ConsentPurpose,
    OutwardContact,
    OutwardFollowUp,
    OutwardOutcome,
    OutwardReferral,
    OutwardTarget,
    Referral,
    Role,
    SchoolClass,
    Student,
    Urgency,
)
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.agreements import asks_before_contact
from services.calendar import SchoolCalendar, load_calendar
from services.consents import current_answer
from services.errors import NotFound
from services.openings import is_noted
from services.paging import page_there
from services.regulations import deadlines
from services.regulations.deadlines import Deadline, state_at
from services.row_filters import grounds_for, sees_cases, sees_outward
from services.students import is_in_class, shown_class
from services.tier_rows import can_no_more

PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class OutwardRow:
    """One referral out as lists show it: no word of why."""

    id: int
    student_id: int
    child: str
    class_label: str
    target_kind: OutwardTarget
    urgency: Urgency
    referred_on: date
    owner_name: str
    is_mine: bool
    is_emergency: bool
    answered_on: date | None
    last_followed_on: date | None
    next_step: Deadline | None  # None: it has ended
    outcome: OutwardOutcome | None
    ended_on: date | None


@dataclass(frozen=True, slots=True)
class OutwardPage:
    """One page of them, those that go on first."""

    rows: tuple[OutwardRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class StoredOutward:
    """What is written of one, as its form is drawn."""

    id: int
    version: int
    target_kind: OutwardTarget
    target: str | None
    contact: str | None
    reason: str | None
    handed: str | None
    urgency: Urgency
    referred_on: date
    owner_id: int
    emergency: str | None


@dataclass(frozen=True, slots=True)
class StoredFollowUp:
    """One follow-up, as lists and its form show it."""

    id: int
    version: int
    day: date
    contact: OutwardContact
    words: str | None
    agreed_with_id: int | None
    taken_by: str | None = None
    agreed_with: str | None = None


@dataclass(frozen=True, slots=True)
class OutwardView:
    """One of them with everything written about it."""

    row: OutwardRow
    stored: StoredOutward
    consent_on: date | None
    consent_now: ConsentAnswer | None  # taken back meanwhile: nothing more is handed over
    case_id: int | None  # None: of no case this actor may open
    answer: str | None
    ending: str | None
    follow_ups: tuple[StoredFollowUp, ...]  # the newest first
    recorded_by: str | None
    recorded_at: datetime
    is_opening_noted: bool
    asks_before_contact: bool  # whoever's child it is


@permitted(Permission.OUTWARD_REFER)
def list_outward(
    session: Session,
    actor: Actor,
    *,
    student_id: int | None = None,
    case_id: int | None = None,
    open_only: bool = False,
    page: int = 1,
    page_size: int = PAGE_SIZE,
) -> OutwardPage:
    """Return one page of the referrals out this actor may see, those that go on first; two statements."""
    conditions = [sees_outward(actor), col(Student.merged_into_id).is_(None)]
    if student_id is not None:
        conditions.append(col(OutwardReferral.student_id) == student_id)
    if case_id is not None:
        conditions.append(col(OutwardReferral.case_id).in_(_seen_cases(actor).where(Case.id == case_id)))
    if open_only:
        conditions.append(col(OutwardReferral.ended_on).is_(None))
    counted = select(func.count()).select_from(OutwardReferral).join(Student, _is_child())
    total = session.exec(counted.where(*conditions)).one()
    found = session.execute(
        _detailed()
        .where(*conditions)
        .order_by(
            col(OutwardReferral.ended_on).is_not(None),
            col(OutwardReferral.referred_on).desc(),
            col(OutwardReferral.id).desc(),
        )
        .limit(page_size)
        .offset((page_there(page, total=total, page_size=page_size) - 1) * page_size)
    ).all()
    calendar = load_calendar(session)
    return OutwardPage(tuple(_row(actor, each, calendar) for each in found), total)


@permitted(Permission.OUTWARD_REFER)
def find_outward(session: Session, actor: Actor, *, outward_id: int) -> OutwardView:
    """Return one with its follow-ups. Note the opening with `note_opening`.

    Raises:
        NotFound: there is none this actor may see.
    """
    recorder = aliased(AppUser)
    opens_case = (
        _seen_cases(actor).where(Case.id == OutwardReferral.case_id).correlate(OutwardReferral).scalar_subquery()
    )
    found: Any = session.execute(
        _detailed()
        .add_columns(col(recorder.display_name).label("recorded_by"), opens_case.label("open_case_id"))
        .join(recorder, col(recorder.id) == col(OutwardReferral.recorded_by_id), isouter=True)
        .where(OutwardReferral.id == outward_id, sees_outward(actor))
    ).first()
    if found is None:
        raise NotFound
    row: OutwardReferral = found[0]
    return OutwardView(
        row=_row(actor, found, load_calendar(session)),
        stored=stored_outward(row),
        consent_on=row.consent_on,
        consent_now=current_answer(session, student_id=row.student_id, purpose=ConsentPurpose.REFERRAL),
        case_id=found.open_case_id,
        answer=unseal(row, "answer_sealed"),
        ending=unseal(row, "ending_sealed"),
        follow_ups=_follow_ups(session, outward_id),
        recorded_by=found.recorded_by,
        recorded_at=row.recorded_at,
        is_opening_noted=_is_own(actor, row)
        or is_noted(session, actor, audit.Action.OUTWARD_OPENED, record=(OutwardReferral, outward_id)),
        asks_before_contact=asks_before_contact(actor),
    )


@permitted(Permission.OUTWARD_REFER)
def note_opening(session: Session, actor: Actor, *, outward_id: int) -> None:
    """Note that the actor read what somebody else referred: once per person, referral and 30 minutes.

    Raises:
        NotFound: there is none this actor may see.
    """
    # The row is locked, so that two tabs of one person don't both note it.
    row = session.exec(
        select(OutwardReferral).where(OutwardReferral.id == outward_id, sees_outward(actor)).with_for_update()
    ).first()
    if row is None:
        raise NotFound
    is_known = is_noted(session, actor, audit.Action.OUTWARD_OPENED, record=(OutwardReferral, outward_id))
    if not (_is_own(actor, row) or is_known):
        grounds = grounds_for(session, actor, student_id=row.student_id)
        audit.record(
            session, actor, audit.Action.OUTWARD_OPENED, target=row, student_id=row.student_id, grounds=grounds
        )


def owes_outward(actor: Actor) -> ColumnElement[bool]:
    """Return the filter on those going on that this person follows; who is gone leaves them to the head of the room."""
    if actor.user_id is None:
        return false()
    mine: ColumnElement[bool] = col(OutwardReferral.owner_id) == actor.user_id
    if actor.has_role(Role.LEAD):
        mine = or_(mine, can_no_more(col(OutwardReferral.owner_id), Permission.OUTWARD_REFER))
    return and_(col(OutwardReferral.ended_on).is_(None), mine)


def next_step(found: Any, *, calendar: SchoolCalendar, now: datetime) -> Deadline:
    """Return what is due next while it goes on: the answer (C-08), or the next time somebody asks (C-09)."""
    last_on = max(day for day in (found.referred_on, found.answered_on, found.last_followed_on) if day)
    follow_up_at = deadlines.outward_follow_up_due(last_on=last_on, calendar=calendar)
    due = [("C-09", follow_up_at)]
    if found.answered_on is None:
        due.insert(0, ("C-08", deadlines.outward_answer_due(referred_on=found.referred_on, calendar=calendar)))
    clause_id, due_at = min(due, key=lambda each: each[1])
    return Deadline(clause_id, due_at, state_at(due_at=due_at, done_at=None, now=now))


def stored_outward(row: OutwardReferral) -> StoredOutward:
    """Return one as its form is drawn."""
    return StoredOutward(
        id=row.id or 0,
        version=row.version,
        target_kind=row.target_kind,
        target=unseal(row, "target_sealed"),
        contact=unseal(row, "contact_sealed"),
        reason=unseal(row, "reason_sealed"),
        handed=unseal(row, "handed_sealed"),
        urgency=row.urgency,
        referred_on=row.referred_on,
        owner_id=row.owner_id,
        emergency=unseal(row, "emergency_sealed"),
    )


def stored_follow_up(
    row: OutwardFollowUp, taken_by: str | None = None, agreed_with: str | None = None
) -> StoredFollowUp:
    """Return a follow-up as its form is drawn."""
    return StoredFollowUp(
        id=row.id or 0,
        version=row.version,
        day=row.day,
        contact=row.contact,
        words=unseal(row, "words_sealed"),
        agreed_with_id=row.agreed_with_id,
        taken_by=taken_by,
        agreed_with=agreed_with,
    )


def _follow_ups(session: Session, outward_id: int) -> tuple[StoredFollowUp, ...]:
    taker, head = aliased(AppUser), aliased(AppUser)
    rows = session.exec(
        select(OutwardFollowUp, taker.display_name, head.display_name)
        .join(taker, col(taker.id) == col(OutwardFollowUp.taken_by_id), isouter=True)
        .join(head, col(head.id) == col(OutwardFollowUp.agreed_with_id), isouter=True)
        .where(OutwardFollowUp.outward_id == outward_id)
        .order_by(col(OutwardFollowUp.day).desc(), col(OutwardFollowUp.id).desc())
    ).all()
    return tuple(stored_follow_up(*each) for each in rows)


def _is_child() -> ColumnElement[bool]:
    return col(Student.id) == col(OutwardReferral.student_id)


def _is_own(actor: Actor, row: OutwardReferral) -> bool:
    return actor.user_id is not None and actor.user_id in (row.owner_id, row.recorded_by_id)


def _seen_cases(actor: Actor) -> Any:
    """Return the cases this actor may open; of any other nobody is told what hangs on it."""
    return select(Case.id).join(Referral, col(Referral.id) == col(Case.referral_id)).where(sees_cases(actor))


def _detailed() -> Any:  # a Select of more columns than its stubs can type
    columns: list[Any] = [
        OutwardReferral,
        col(Student.name).label("child"),
        Student.state,
        SchoolClass.grade,
        SchoolClass.number,
        col(AppUser.display_name).label("owner_name"),
    ]
    return (
        select(*columns)
        .select_from(OutwardReferral)
        .join(Student, _is_child())
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .join(AppUser, col(AppUser.id) == col(OutwardReferral.owner_id), isouter=True)
    )


def _row(actor: Actor, found: Any, calendar: SchoolCalendar) -> OutwardRow:
    row: OutwardReferral = found[0]
    return OutwardRow(
        id=row.id or 0,
        student_id=row.student_id,
        child=found.child,
        class_label=shown_class(found.grade, found.number, found.state),
        target_kind=row.target_kind,
        urgency=row.urgency,
        referred_on=row.referred_on,
        owner_name=found.owner_name or "",
        is_mine=row.owner_id == actor.user_id,
        is_emergency=row.is_emergency,
        answered_on=row.answered_on,
        last_followed_on=row.last_followed_on,
        next_step=next_step(row, calendar=calendar, now=clock.now()) if row.ended_on is None else None,
        outcome=row.outcome,
        ended_on=row.ended_on,
    )
