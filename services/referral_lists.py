"""Lists of referrals: rows ready to show, and what every reading of one shares."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, false, literal
from sqlmodel import Session, and_, col, func, or_, select

from db.aliases import shared_alias
from db.sealing import unseal
from db.tables import (
    AppUser,
    ClassMembership,
    Referral,
    ReferralChannel,
    ReferralState,
    SchoolClass,
    Student,
    Urgency,
)
from services import clock
from services.access import Permission, Scope, Subject, is_protection_leader, permitted, scopes_of
from services.actors import Actor
from services.calendar import SchoolCalendar, load_calendar
from services.classes import known_class
from services.paging import page_there
from services.referrals import OPEN_STATES, can_take, of_stopped_child
from services.regulations import deadlines
from services.regulations.deadlines import Deadline
from services.row_filters import sees_referral_words, sees_referrals, sees_students

PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class ReferralFilters:
    """Which referrals a list shows; nothing set means all."""

    states: frozenset[ReferralState] = frozenset()
    mine_only: bool = False
    unknown_child_only: bool = False
    student_id: int | None = None


@dataclass(frozen=True, slots=True)
class ReferralRow:
    """One referral as lists show it."""

    id: int
    version: int
    child: str | None  # None: a child this actor may not name
    class_label: str | None
    is_child_known: bool
    channel: ReferralChannel
    urgency: Urgency
    state: ReferralState
    received_at: datetime
    owner_name: str | None
    is_mine: bool
    is_suspected_abuse: bool  # always False for whom it is not to be known
    next_step: Deadline | None


@dataclass(frozen=True, slots=True)
class ReferralPage:
    """One page of a list, which one it is, how long the list is, and how many stand in each state."""

    rows: list[ReferralRow]
    page: int
    total: int
    by_state: dict[ReferralState, int]


def shown_state(actor: Actor) -> ColumnElement[Any]:  # Any: a case over an enumeration column
    """Return the state this actor may know: of a protected referral, and of what was only handed in, received."""
    received = literal(ReferralState.RECEIVED.value)
    hidden: list[ColumnElement[bool]] = []
    if not is_protection_leader(actor):
        hidden.append(col(Referral.is_suspected_abuse).is_(True))
    if scopes_of(actor, Subject.REFERRAL) <= {Scope.OWN_RECEIVED, Scope.NUMBERS} and not is_protection_leader(actor):
        hidden.append(literal(True))
    plain_state = func.coalesce(Referral.state, "")  # the value itself, without the enumeration's conversion
    return case((or_(*hidden), received), else_=plain_state) if hidden else plain_state


def next_deadline(referral: Referral, *, now: datetime, calendar: SchoolCalendar, is_stopped: bool) -> Deadline | None:
    """Return the open step of a referral that is due first."""
    waiting = [step for step in steps_of(referral, now=now, calendar=calendar, is_stopped=is_stopped) if step.is_open]
    return min(waiting, key=lambda step: step.due_at, default=None)


def steps_of(
    referral: Referral,
    *,
    now: datetime,
    calendar: SchoolCalendar,
    is_stopped: bool,
    assessed_at: datetime | None = None,
) -> list[Deadline]:
    """Return every step a referral owes or owed: assessment, reply, feedback; a merged one no assessment of its own."""
    found: list[Deadline | None] = []
    if referral.state in OPEN_STATES or assessed_at is not None:
        found.append(
            deadlines.assessment_deadline(
                received_at=referral.received_at,
                urgency=referral.urgency,
                done_at=assessed_at,
                now=now,
                calendar=calendar,
            )
        )
    is_teachers = referral.channel is ReferralChannel.TEACHER
    if not is_teachers or referral.referred_by_id is not None:
        found.append(
            deadlines.answer_deadline(
                received_at=referral.received_at,
                channel=referral.channel,
                done_at=referral.feedback_at if is_teachers else referral.answered_at,
                now=now,
                calendar=calendar,
                is_stopped=is_stopped,
            )
        )
    return [step for step in found if step is not None]


@permitted(Permission.REFERRAL_READ, Permission.ABUSE_HANDLE)
def list_referrals(
    session: Session, actor: Actor, *, filters: ReferralFilters | None = None, page: int = 1, page_size: int = PAGE_SIZE
) -> ReferralPage:
    """Return one page of referrals, open ones first, the most urgent and oldest of them on top; four statements.

    The first page, where there are fewer than asked for.
    """
    wanted = filters or ReferralFilters()
    calendar, now = load_calendar(session), clock.now()
    state = shown_state(actor)
    conditions = _conditions(actor, wanted)
    by_state = {
        ReferralState(name): count
        for name, count in session.exec(
            select(state.label("shown"), func.count()).where(*conditions).group_by(state)
        ).all()
    }
    total = sum(count for found, count in by_state.items() if not wanted.states or found in wanted.states)
    page = page_there(page, total=total, page_size=page_size)
    chosen = [state.in_([found.value for found in wanted.states])] if wanted.states else []
    # The order comes from the index ix_referral_listed alone; only the rows of this page are read and decrypted.
    order = _order(state)
    here = select(Referral.id).where(*conditions, *chosen).order_by(*order)
    here = here.offset((page - 1) * page_size).limit(page_size)
    rows = session.exec(detailed(actor).where(col(Referral.id).in_(here)).order_by(*order)).all()
    return ReferralPage([_row(actor, found, now=now, calendar=calendar) for found in rows], page, total, by_state)


def _order(state: ColumnElement[Any]) -> list[Any]:  # Any: expressions and columns
    """Return the order of a list: open ones first, the most urgent and oldest of them on top."""
    return [
        case((state.in_([found.value for found in OPEN_STATES]), 0), else_=1),
        case(
            {found.value: place for place, found in enumerate(reversed(Urgency))},
            value=func.coalesce(Referral.urgency, ""),
        ),
        col(Referral.received_at),
        col(Referral.id),
    ]


def _conditions(actor: Actor, filters: ReferralFilters) -> list[ColumnElement[bool]]:
    # So wrapped, no index is taken for a part of it: all of it is in the one a list is read from.
    conditions: list[ColumnElement[bool]] = [func.coalesce(sees_referrals(actor), false())]
    if filters.mine_only:
        conditions.append(col(Referral.owner_id) == actor.user_id)
        if not is_protection_leader(actor):
            conditions.append(col(Referral.is_suspected_abuse).is_(False))
    if filters.unknown_child_only:
        conditions.append(col(Referral.student_id).is_(None))
    if filters.student_id is not None:
        conditions.append(col(Referral.student_id) == filters.student_id)
    return conditions


_Owner, _Referrer, _Registrar = shared_alias(AppUser), shared_alias(AppUser), shared_alias(AppUser)


def owner_is_there() -> ColumnElement[bool]:
    """Say, inside `detailed`, whether the owner still is somebody who can take this very referral."""
    fits = case(
        (col(Referral.is_suspected_abuse), can_take(is_suspected_abuse=True, user=_Owner)),
        else_=can_take(is_suspected_abuse=False, user=_Owner),
    )
    return func.coalesce(fits, False)


def detailed(actor: Actor) -> Any:  # a Select of more columns than its stubs can type
    """Return the query of referrals with everything a row or a view shows of them."""
    columns: list[Any] = [
        Referral,
        shown_state(actor).label("shown"),
        col(Student.name).label("child"),
        SchoolClass.grade,
        SchoolClass.number,
        col(_Owner.display_name).label("owner_name"),
        col(_Referrer.display_name).label("referrer_name"),
        col(_Registrar.display_name).label("registrar_name"),
        sees_students(actor).label("may_name"),
        of_stopped_child().label("is_stopped"),
        owner_is_there().label("owner_is_there"),
    ]
    return (
        select(*columns)
        .select_from(Referral)
        .join(Student, col(Student.id) == col(Referral.student_id), isouter=True)
        .join(
            ClassMembership,
            (col(ClassMembership.student_id) == col(Student.id)) & col(ClassMembership.to_day).is_(None),
            isouter=True,
        )
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .join(_Owner, col(_Owner.id) == col(Referral.owner_id), isouter=True)
        .join(_Referrer, col(_Referrer.id) == col(Referral.referred_by_id), isouter=True)
        .join(_Registrar, col(_Registrar.id) == col(Referral.registered_by_id), isouter=True)
    )


def may_follow(actor: Actor, referral: Referral) -> bool:
    """Whether owner and due times are for this actor, not only the state."""
    if referral.is_suspected_abuse:
        return is_protection_leader(actor)
    return Scope.ALL in scopes_of(actor, Subject.REFERRAL)


def follows_referrals(actor: Actor) -> ColumnElement[bool]:
    """Return the row filter that `may_follow` is for one referral."""
    is_plain = col(Referral.is_suspected_abuse).is_(False)
    followed: ColumnElement[bool] = is_plain if Scope.ALL in scopes_of(actor, Subject.REFERRAL) else false()
    if is_protection_leader(actor):
        followed = or_(followed, col(Referral.is_suspected_abuse))
    return and_(sees_referrals(actor), followed)


def names_of(actor: Actor, found: Any) -> tuple[str | None, str | None]:  # Any: a row of detailed
    """Return child and class as this actor may know them: the register's, else the speaker's words."""
    referral: Referral = found[0]
    if found.child is not None and (found.may_name or is_protection_leader(actor)):
        return found.child, known_class(found.grade, found.number)
    wrote_it = actor.user_id in (referral.registered_by_id, referral.referred_by_id)
    if wrote_it or sees_referral_words(actor, referral):
        return unseal(referral, "child_label_sealed"), None
    return None, None


def _row(actor: Actor, found: Any, *, now: datetime, calendar: SchoolCalendar) -> ReferralRow:
    referral: Referral = found[0]
    child, label = names_of(actor, found)
    sees_progress = may_follow(actor, referral)
    return ReferralRow(
        id=referral.id or 0,
        version=referral.version,
        child=child,
        class_label=label,
        is_child_known=referral.student_id is not None,
        channel=referral.channel,
        urgency=referral.urgency,
        state=ReferralState(found.shown),
        received_at=referral.received_at,
        owner_name=found.owner_name if sees_progress else None,
        is_mine=sees_progress and referral.owner_id == actor.user_id,
        is_suspected_abuse=referral.is_suspected_abuse and is_protection_leader(actor),
        next_step=next_deadline(referral, now=now, calendar=calendar, is_stopped=bool(found.is_stopped))
        if sees_progress
        else None,
    )


@permitted(Permission.ABUSE_HANDLE)
def list_marked(session: Session, actor: Actor) -> list[ReferralRow]:
    """Return every referral marked as suspected abuse for who handles them, the newest first; nobody else any."""
    if not is_protection_leader(actor):
        return []
    calendar, now = load_calendar(session), clock.now()
    rows = session.exec(
        detailed(actor)
        .where(col(Referral.is_suspected_abuse), sees_referrals(actor))
        .order_by(col(Referral.abuse_marked_at).desc(), col(Referral.id))
    ).all()
    return [_row(actor, found, now=now, calendar=calendar) for found in rows]
