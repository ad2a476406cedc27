"""Reading referrals: rows and details ready to show, with nothing in them that this actor may not see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, case, literal
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, func, or_, select

from db.sealing import unseal
from db.tables import (
    AppUser,
    Case,
    ClassMembership,
    ParentsInformed,
    Referral,
    ReferralChannel,
    ReferralMove,
    ReferralState,
    ReferralWay,
    Role,
    RoleGrant,
    SchoolClass,
    Student,
    Urgency,
)
from services import clock
from services.access import (
    Permission,
    Scope,
    Subject,
    allows,
    is_protection_leader,
    permitted,
    scopes_of,
    sees_referral_words,
    sees_referrals,
    sees_students,
)
from services.actors import Actor
from services.calendar import SchoolCalendar, load_calendar
from services.errors import NotFound
from services.referrals import LEGAL_MOVES, OPEN_STATES, goes_outside, of_stopped_child
from services.regulations import deadlines
from services.regulations.deadlines import Deadline
from services.schools import class_label

PAGE_SIZE = 20
LAST_PAGE = 1_000_000


class ReferralAct(StrEnum):
    """What somebody may do with a referral as it stands."""

    START_ASSESSMENT = "start_assessment"
    ASSESS = "assess"
    ANSWER = "answer"
    GIVE_FEEDBACK = "give_feedback"
    READ_FEEDBACK = "read_feedback"
    CHANGE = "change"
    MATCH_CHILD = "match_child"
    HAND_OVER = "hand_over"
    DECLINE = "decline"
    MERGE = "merge"
    MARK_ABUSE = "mark_abuse"
    REPORT_ABUSE = "report_abuse"
    UNMARK_ABUSE = "unmark_abuse"
    OPEN_CASE = "open_case"


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
    """One page of a list, how long the list is, and how many stand in each state."""

    rows: list[ReferralRow]
    total: int
    by_state: dict[ReferralState, int]


@dataclass(frozen=True, slots=True)
class ReferralView:
    """One referral as this actor may see it; what is not for the actor is None."""

    id: int
    version: int
    student_id: int | None
    child: str | None
    class_label: str | None
    child_label: str | None
    channel: ReferralChannel
    way: ReferralWay | None
    state: ReferralState
    urgency: Urgency
    received_at: datetime
    noticed_on: date | None
    referred_by_name: str | None
    speaker: str | None
    registered_by_name: str | None
    owner_id: int | None
    owner_name: str | None
    parents_informed: ParentsInformed | None
    facts: str | None
    child_words: str | None
    background: str | None
    tried: str | None
    answered_at: datetime | None
    answer: str | None
    feedback_at: datetime | None
    feedback: str | None
    is_suspected_abuse: bool
    is_stopped: bool
    abuse_marked_at: datetime | None
    police_told_at: datetime | None
    authority_told_at: datetime | None
    merged_into_id: int | None
    case_id: int | None
    deadlines: tuple[Deadline, ...]
    acts: frozenset[ReferralAct]
    has_words: bool


@dataclass(frozen=True, slots=True)
class MoveRow:
    """One step of a referral."""

    at: datetime
    by_name: str
    from_state: ReferralState | None
    to_state: ReferralState
    reason: str | None


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
    """Return every step a referral owes or owed: assessment, reply, feedback."""
    if referral.state is ReferralState.MERGED:
        return []
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
    found.append(
        deadlines.reply_deadline(
            received_at=referral.received_at,
            channel=referral.channel,
            done_at=referral.answered_at,
            now=now,
            calendar=calendar,
            is_stopped=is_stopped,
        )
    )
    if referral.referred_by_id is not None:
        found.append(
            deadlines.feedback_deadline(
                received_at=referral.received_at,
                channel=referral.channel,
                done_at=referral.feedback_at,
                now=now,
                calendar=calendar,
                is_stopped=is_stopped,
            )
        )
    return [step for step in found if step is not None]


def owes_nobody(referral: Referral, actor: Actor) -> bool:
    """Say whether the one who was to be told is the one who would tell."""
    return referral.referred_by_id is not None and referral.referred_by_id == referral.owner_id == actor.user_id


@permitted(Permission.REFERRAL_READ, Permission.ABUSE_HANDLE)
def list_referrals(
    session: Session, actor: Actor, *, filters: ReferralFilters | None = None, page: int = 1, page_size: int = PAGE_SIZE
) -> ReferralPage:
    """Return one page of referrals, open ones first, the most urgent and oldest of them on top; five statements."""
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
    chosen = [state.in_([found.value for found in wanted.states])] if wanted.states else []
    rows = session.exec(
        detailed(actor)
        .where(*conditions, *chosen)
        .order_by(
            case((state.in_([found.value for found in OPEN_STATES]), 0), else_=1),
            case(
                {found.value: place for place, found in enumerate(reversed(Urgency))},
                value=func.coalesce(Referral.urgency, ""),
            ),
            col(Referral.received_at),
            col(Referral.id),
        )
        .offset((min(max(page, 1), LAST_PAGE) - 1) * page_size)
        .limit(page_size)
    ).all()
    total = sum(count for found, count in by_state.items() if not wanted.states or found in wanted.states)
    return ReferralPage([_row(actor, found, now=now, calendar=calendar) for found in rows], total, by_state)


def _conditions(actor: Actor, filters: ReferralFilters) -> list[ColumnElement[bool]]:
    conditions = [sees_referrals(actor)]
    if filters.mine_only:
        conditions.append(col(Referral.owner_id) == actor.user_id)
        if not is_protection_leader(actor):
            conditions.append(col(Referral.is_suspected_abuse).is_(False))
    if filters.unknown_child_only:
        conditions.append(col(Referral.student_id).is_(None))
    if filters.student_id is not None:
        conditions.append(col(Referral.student_id) == filters.student_id)
    return conditions


_Owner, _Referrer, _Registrar = aliased(AppUser), aliased(AppUser), aliased(AppUser)


def owner_is_there() -> ColumnElement[bool]:
    """Say, inside `detailed`, whether the owner still is somebody who takes referrals."""
    holders = select(RoleGrant.user_id).where(
        col(RoleGrant.role).in_([Role.LEAD, Role.COUNSELLOR, Role.LEADERSHIP]), col(RoleGrant.ended_at).is_(None)
    )
    return func.coalesce(and_(col(_Owner.is_active), col(_Owner.id).in_(holders)), False)


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


def _sees_progress(actor: Actor, referral: Referral) -> bool:
    """Whether owner and due times are for this actor, not only the state."""
    if referral.is_suspected_abuse:
        return is_protection_leader(actor)
    return Scope.ALL in scopes_of(actor, Subject.REFERRAL)


def names_of(actor: Actor, found: Any) -> tuple[str | None, str | None]:  # Any: a row of detailed
    """Return child and class as this actor may know them: the register's, else the speaker's words."""
    referral: Referral = found[0]
    if found.child is not None and (found.may_name or is_protection_leader(actor)):
        return found.child, class_label(found.grade, found.number) if found.grade else None
    wrote_it = actor.user_id in (referral.registered_by_id, referral.referred_by_id)
    if wrote_it or sees_referral_words(actor, referral):
        return unseal(referral, "child_label_sealed"), None
    return None, None


def _row(actor: Actor, found: Any, *, now: datetime, calendar: SchoolCalendar) -> ReferralRow:
    referral: Referral = found[0]
    child, label = names_of(actor, found)
    sees_progress = _sees_progress(actor, referral)
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


@permitted(Permission.REFERRAL_READ, Permission.ABUSE_HANDLE)
def find_referral(session: Session, actor: Actor, *, referral_id: int) -> ReferralView:
    """Return one referral with what this actor may see of it, and what the actor may do.

    Raises:
        NotFound: there is none this actor may know of.
    """
    found = session.exec(detailed(actor).where(Referral.id == referral_id, sees_referrals(actor))).first()
    if found is None:
        raise NotFound
    referral: Referral = found[0]
    calendar, now = load_calendar(session), clock.now()
    child, label = names_of(actor, found)
    has_words, sees_progress = sees_referral_words(actor, referral), _sees_progress(actor, referral)
    is_own = actor.user_id in (referral.referred_by_id, referral.registered_by_id)
    reads_feedback = has_words or (is_own and not referral.is_suspected_abuse)
    assessed_at, case_id = _what_came_of_it(session, actor, referral) if sees_progress else (None, None)

    def words(column: str, *, if_allowed: bool = has_words) -> str | None:
        return unseal(referral, column) if if_allowed else None

    return ReferralView(
        id=referral_id,
        version=referral.version,
        student_id=referral.student_id if found.may_name or is_protection_leader(actor) else None,
        child=child,
        class_label=label,
        child_label=words("child_label_sealed"),
        channel=referral.channel,
        way=referral.way,
        state=ReferralState(found.shown),
        urgency=referral.urgency,
        received_at=referral.received_at,
        noticed_on=referral.noticed_on if has_words else None,
        referred_by_name=found.referrer_name if has_words or is_own else None,
        speaker=words("speaker_sealed"),
        registered_by_name=found.registrar_name if has_words or is_own else None,
        owner_id=referral.owner_id if sees_progress else None,
        owner_name=found.owner_name if sees_progress else None,
        parents_informed=referral.parents_informed if has_words else None,
        facts=words("facts_sealed"),
        child_words=words("child_words_sealed"),
        background=words("background_sealed"),
        tried=words("tried_sealed"),
        answered_at=referral.answered_at if sees_progress else None,
        answer=words("answer_sealed", if_allowed=sees_progress),
        feedback_at=referral.feedback_at if reads_feedback else None,
        feedback=words("feedback_sealed", if_allowed=reads_feedback),
        is_suspected_abuse=referral.is_suspected_abuse and is_protection_leader(actor),
        is_stopped=bool(found.is_stopped) and sees_progress,
        abuse_marked_at=referral.abuse_marked_at if is_protection_leader(actor) else None,
        police_told_at=referral.police_told_at if is_protection_leader(actor) else None,
        authority_told_at=referral.authority_told_at if is_protection_leader(actor) else None,
        merged_into_id=referral.merged_into_id if sees_progress else None,
        case_id=case_id,
        deadlines=tuple(
            steps_of(referral, now=now, calendar=calendar, is_stopped=bool(found.is_stopped), assessed_at=assessed_at)
            if sees_progress
            else ()
        ),
        acts=_acts(actor, referral, is_stopped=bool(found.is_stopped), case_id=case_id),
        has_words=has_words,
    )


def _what_came_of_it(session: Session, actor: Actor, referral: Referral) -> tuple[datetime | None, int | None]:
    """Return when the referral was assessed, and its case if the actor may open cases."""
    opened = session.exec(select(Case.opened_at, Case.id).where(Case.referral_id == referral.id)).first()
    if opened is None:
        return None, None
    return opened[0], opened[1] if allows(actor, Permission.CASE_READ) else None


def _acts(actor: Actor, referral: Referral, *, is_stopped: bool, case_id: int | None) -> frozenset[ReferralAct]:
    """Return what this actor may do with a referral in this state."""
    acts: set[ReferralAct] = set()
    is_own = actor.user_id is not None and actor.user_id in (referral.referred_by_id, referral.registered_by_id)
    is_for_leaders = referral.is_suspected_abuse
    if is_own and referral.feedback_at and not referral.feedback_read_at and not is_for_leaders:
        acts.add(ReferralAct.READ_FEEDBACK)
    if not sees_referral_words(actor, referral):
        return frozenset(acts)
    if allows(actor, Permission.REFERRAL_HANDLE):
        acts |= _handling_acts(referral, is_stopped=is_stopped)
    if is_for_leaders and allows(actor, Permission.ABUSE_HANDLE):
        acts |= {ReferralAct.REPORT_ABUSE, ReferralAct.HAND_OVER}
        if actor.has_role(Role.LEAD):
            acts.add(ReferralAct.UNMARK_ABUSE)
    if case_id is not None:
        acts.add(ReferralAct.OPEN_CASE)
    return frozenset(acts)


def _handling_acts(referral: Referral, *, is_stopped: bool) -> set[ReferralAct]:
    """Return what the care room may do, by state."""
    acts: set[ReferralAct] = set()
    next_states = LEGAL_MOVES[referral.state]
    if referral.state is not ReferralState.MERGED:
        acts |= {ReferralAct.HAND_OVER, ReferralAct.CHANGE}
        if not (is_stopped and goes_outside(referral)) and referral.channel is not ReferralChannel.TEACHER:
            acts.add(ReferralAct.ANSWER)
        if referral.referred_by_id is not None and not is_stopped and referral.channel is ReferralChannel.TEACHER:
            acts.add(ReferralAct.GIVE_FEEDBACK)
        if not referral.is_suspected_abuse:
            acts.add(ReferralAct.MARK_ABUSE)
    if ReferralState.IN_ASSESSMENT in next_states:
        acts.add(ReferralAct.START_ASSESSMENT)
    if ReferralState.ROUTED in next_states:
        acts.add(ReferralAct.ASSESS)
    if ReferralState.DECLINED in next_states and not referral.is_suspected_abuse:
        acts.add(ReferralAct.DECLINE)
        if referral.student_id is not None:
            acts.add(ReferralAct.MERGE)
    if referral.student_id is None and referral.state not in {ReferralState.ROUTED, ReferralState.MERGED}:
        acts.add(ReferralAct.MATCH_CHILD)
    return acts


@permitted(Permission.REFERRAL_READ, Permission.ABUSE_HANDLE)
def list_moves(session: Session, actor: Actor, *, referral_id: int) -> Sequence[MoveRow]:
    """Return the steps of a referral, the oldest first; who may see only that it was received sees the first.

    Raises:
        NotFound: there is none this actor may know of.
    """
    referral = session.exec(select(Referral).where(Referral.id == referral_id, sees_referrals(actor))).first()
    if referral is None:
        raise NotFound
    steps = session.exec(
        select(ReferralMove, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(ReferralMove.by_id))
        .where(ReferralMove.referral_id == referral_id)
        .order_by(col(ReferralMove.id))
    ).all()
    sees_all = _sees_progress(actor, referral)
    return [
        MoveRow(
            at=step.at,
            by_name=name,
            from_state=step.from_state,
            to_state=step.to_state if sees_all else ReferralState.RECEIVED,
            reason=unseal(step, "reason_sealed") if sees_all else None,
        )
        for step, name in (steps if sees_all else steps[:1])
    ]
