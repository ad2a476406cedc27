"""What the services around a referral share: finding one the actor may handle, and who takes care of it."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, func, or_, select

from db.sealing import seal, unseal
from db.tables import (
    AppUser,
    Case,
    Referral,
    ReferralChannel,
    ReferralMove,
    ReferralState,
    Role,
    RoleGrant,
    Student,
    Urgency,
)
from services import audit, clock
from services.access import Permission, allows
from services.actors import Actor
from services.editing import last_editor, lock_version
from services.errors import DomainError, EditedMeanwhile, NotFound
from services.regulations import deadlines
from services.row_filters import sees_referral_words, sees_referrals
from services.student_rights import still_there
from services.students import lock_named

OPEN_STATES = (ReferralState.RECEIVED, ReferralState.IN_ASSESSMENT)

LEGAL_MOVES: dict[ReferralState, frozenset[ReferralState]] = {
    ReferralState.RECEIVED: frozenset(
        {ReferralState.ANSWERED, ReferralState.IN_ASSESSMENT, ReferralState.DECLINED, ReferralState.MERGED}
    ),
    ReferralState.ANSWERED: frozenset({ReferralState.IN_ASSESSMENT}),  # there was more to it
    ReferralState.IN_ASSESSMENT: frozenset({ReferralState.ROUTED, ReferralState.DECLINED, ReferralState.MERGED}),
    ReferralState.ROUTED: frozenset(),
    ReferralState.DECLINED: frozenset(),
    ReferralState.MERGED: frozenset(),
}


class IllegalMove(DomainError):
    """A referral can't go from this state to that one."""

    def __init__(self, from_state: ReferralState, to_state: ReferralState) -> None:
        super().__init__(from_state, to_state)
        self.from_state = from_state
        self.to_state = to_state


class MustBeAssessed(DomainError):
    """An answer alone doesn't settle what is urgent, dangerous or protected: somebody still looks at it."""


class StoppedForProtection(DomainError):
    """Nothing goes to this child's parents or to others until the lead says so (疑似侵害)."""


def lock_referral(session: Session, actor: Actor, referral_id: int, *, version: int) -> Referral:
    """Lock a referral whose words the actor may read, at the version the actor saw; its child before it.

    Raises:
        NotFound: there is none the actor may handle.
        EditedMeanwhile: somebody saved it since; it carries the facts as they stand now.
    """
    lock_named(session, select(Referral.student_id).where(Referral.id == referral_id))
    referral = session.exec(
        select(Referral)
        .where(Referral.id == referral_id, sees_referrals(actor))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if referral is None or not sees_referral_words(actor, referral):
        raise NotFound
    try:
        return lock_version(session, Referral, referral_id, version=version)
    except EditedMeanwhile as error:
        stored = _as_stored(session, error.current)
        if not allows(actor, Permission.REFERRAL_HANDLE, Permission.ABUSE_HANDLE):  # who only referred it
            raise EditedMeanwhile(stored | {"owner_name": None, "answer": None}) from None
        raise EditedMeanwhile(stored, edited_by=last_editor(session, error.current)) from None


def _as_stored(session: Session, referral: Referral) -> dict[str, object]:
    """Return a referral as a view names its facts, words opened: the other side of a conflict."""
    owner = session.get(AppUser, referral.owner_id) if referral.owner_id else None
    student = session.get(Student, referral.student_id) if referral.student_id else None
    return {
        "id": referral.id,
        "version": referral.version,
        "state": referral.state,
        "owner_name": owner.display_name if owner else None,
        "child": student.name if student else unseal(referral, "child_label_sealed"),
        "is_suspected_abuse": referral.is_suspected_abuse,
        "police_told_at": referral.police_told_at,
        "authority_told_at": referral.authority_told_at,
        "facts": unseal(referral, "facts_sealed"),
        "child_words": unseal(referral, "child_words_sealed"),
        "background": unseal(referral, "background_sealed"),
        "tried": unseal(referral, "tried_sealed"),
        "noticed_on": referral.noticed_on,
        "parents_informed": referral.parents_informed,
        "urgency": referral.urgency,
        "answer": unseal(referral, "answer_sealed"),
        "feedback": unseal(referral, "feedback_sealed"),
    }


def move(
    session: Session, actor: Actor, referral: Referral, to_state: ReferralState, *, reason: str | None = None
) -> None:
    """Take a locked referral to another state and note the step.

    Raises:
        IllegalMove: that step is not in the table of legal ones.
    """
    from_state = referral.state
    if to_state not in LEGAL_MOVES[from_state]:
        raise IllegalMove(from_state, to_state)
    referral.state = to_state
    referral.closed_at = None if to_state in OPEN_STATES else clock.now()
    session.add(referral)
    note_move(session, actor, referral, from_state=from_state, reason=reason)
    audit.record(
        session,
        actor,
        audit.Action.REFERRAL_MOVED,
        target=referral,
        student_id=referral.student_id,
        before=from_state.value,
        after=to_state.value,
    )


def note_move(
    session: Session,
    actor: Actor,
    referral: Referral,
    *,
    from_state: ReferralState | None,
    reason: str | None = None,
) -> None:
    """Write the row of a step that was made."""
    step = ReferralMove(
        referral_id=referral.id or 0,
        from_state=from_state,
        to_state=referral.state,
        by_id=actor.id_of_staff,
        at=clock.now(),
    )
    seal(step, "reason_sealed", reason)
    session.add(step)
    session.flush()


def is_stopped(session: Session, referral: Referral) -> bool:
    """Say whether nothing may go out about this child: this referral or another of the same child is marked."""
    if referral.is_suspected_abuse or referral.student_id is None:
        return referral.is_suspected_abuse
    marked = select(Referral.id).where(Referral.student_id == referral.student_id, col(Referral.is_suspected_abuse))
    return session.exec(marked).first() is not None


def goes_outside(referral: Referral) -> bool:
    """Say whether an answer would reach somebody other than the child."""
    return referral.channel in {ReferralChannel.PARENT, ReferralChannel.TEACHER}


def of_stopped_child() -> ColumnElement[bool]:
    """Return the row filter on Referral: those of a child about whom abuse is suspected."""
    marked = select(Referral.student_id).where(col(Referral.is_suspected_abuse), col(Referral.student_id).is_not(None))
    return col(Referral.is_suspected_abuse) | col(Referral.student_id).in_(marked)


def visible_student(session: Session, condition: ColumnElement[bool], student_id: int) -> Student:
    """Return a child the condition lets the actor see.

    Raises:
        NotFound: there is none.
    """
    found = still_there(session, select(Student).where(Student.id == student_id, condition))
    student: Student | None = session.exec(found).first()
    if student is None:
        raise NotFound
    return student


@dataclass(frozen=True, slots=True)
class Owner:
    """Who takes a referral, and in which capacity."""

    user_id: int
    display_name: str
    role: Role


def find_owner(session: Session, *, is_suspected_abuse: bool) -> Owner | None:
    """Return who takes a new referral: the counsellor with the fewest open ones, the lead if there is none.

    Suspected abuse is the lead's; None where nobody holds the post, which is itself a line on the lead's home.
    """
    wanted = (Role.LEAD,) if is_suspected_abuse else (Role.COUNSELLOR, Role.LEAD)
    for role in wanted:
        if found := _least_busy(session, role):
            return found
    return None


def _least_busy(session: Session, role: Role) -> Owner | None:
    open_ones = (
        select(Referral.owner_id, func.count().label("open_ones"))
        .where(col(Referral.state).in_(OPEN_STATES))
        .group_by(col(Referral.owner_id))
        .subquery()
    )
    row = session.exec(
        select(AppUser.id, AppUser.display_name)
        .join(RoleGrant, col(RoleGrant.user_id) == col(AppUser.id))
        .join(open_ones, open_ones.c.owner_id == AppUser.id, isouter=True)
        .where(AppUser.is_active, RoleGrant.role == role, col(RoleGrant.ended_at).is_(None))
        .order_by(func.coalesce(open_ones.c.open_ones, 0), col(AppUser.id))
        .limit(1)
    ).first()
    return Owner(row[0] or 0, row[1], role) if row else None


def may_settle(*, state: ReferralState, urgency: Urgency, is_suspected_abuse: bool) -> bool:
    """Say whether an answer can end a referral (D-04): a fresh one that nobody has to look at on the same day."""
    return state is ReferralState.RECEIVED and not deadlines.is_same_day_work(urgency) and not is_suspected_abuse


def awaits_reply(referral: Referral) -> bool:
    """Say whether the pupil or parent who came has not been answered yet (D-05), whatever the referral became."""
    return referral.channel in {ReferralChannel.SELF, ReferralChannel.PARENT} and referral.answered_at is None


def awaits_feedback(referral: Referral) -> bool:
    """Say whether the teacher who referred has heard nothing yet (C-09), whatever the referral became."""
    has_teacher = referral.channel is ReferralChannel.TEACHER and referral.referred_by_id is not None
    return has_teacher and referral.feedback_at is None


def may_complete(referral: Referral) -> bool:
    """Say whether who referred it may still complete its facts: not after the assessment read them (D-03)."""
    return referral.state in OPEN_STATES and not referral.is_suspected_abuse


def can_be_handed_over(referral: Referral) -> bool:
    """Say whether anything is left that a next owner would do."""
    is_over = referral.state in {ReferralState.MERGED, ReferralState.DECLINED}
    return not is_over or awaits_reply(referral) or awaits_feedback(referral) or referral.is_suspected_abuse


def merged_into(session: Session, referral: Referral) -> list[Referral]:
    """Return and lock every referral that became part of this one, also by way of another."""
    found: list[Referral] = []
    into = [referral.id]
    while into:
        parts = select(Referral).where(col(Referral.merged_into_id).in_(into)).order_by(col(Referral.id))
        newly = session.exec(parts.with_for_update()).all()
        found += newly
        into = [each.id for each in newly]
    return found


def give_to(session: Session, referral: Referral, owner_id: int | None) -> None:
    """Let somebody own a referral and what was merged into it, so that one person is asked for all of it."""
    for each in (referral, *merged_into(session, referral)):
        if referral.is_suspected_abuse or not each.is_suspected_abuse:  # a protected one stays with who may see it
            each.owner_id = owner_id
            session.add(each)


def can_take(*, is_suspected_abuse: bool, user: type[AppUser] = AppUser) -> ColumnElement[bool]:
    """Return the filter on accounts: who can take care of a referral, which is also who can assess it.

    The care room; about suspected abuse the lead, and a counsellor who is a named leader as well.
    """
    counsels = _holds(Role.COUNSELLOR, user)
    if is_suspected_abuse:
        counsels = and_(counsels, knows_of_abuse(user=user))
    return and_(col(user.is_active), or_(_holds(Role.LEAD, user), counsels))


def knows_of_abuse(*, user: type[AppUser] = AppUser) -> ColumnElement[bool]:
    """Return the filter on accounts that `access.is_protection_leader` is on actors."""
    is_named = and_(_holds(Role.LEADERSHIP, user), col(user.is_protection_leader))
    return and_(col(user.is_active), or_(_holds(Role.LEAD, user), is_named))


def _holds(role: Role, user: type[AppUser]) -> ColumnElement[bool]:
    holders = select(RoleGrant.user_id).where(RoleGrant.role == role, col(RoleGrant.ended_at).is_(None))
    return col(user.id).in_(holders)


def may_own(session: Session, user_id: int | None, *, is_suspected_abuse: bool) -> bool:
    """Say whether somebody can take care of a referral."""
    found = session.exec(
        select(AppUser.id).where(AppUser.id == user_id, can_take(is_suspected_abuse=is_suspected_abuse))
    )
    return found.first() is not None


def hand_over_case(session: Session, actor: Actor, referral: Referral, *, if_unfit: bool = False) -> None:
    """Let who owns a referral also follow its open case; `if_unfit`: only where its owner may not take it any more."""
    case = session.exec(
        select(Case).where(Case.referral_id == referral.id, col(Case.closed_at).is_(None)).with_for_update()
    ).first()
    if case is None or referral.owner_id is None or case.owner_id == referral.owner_id:
        return
    if if_unfit and may_own(session, case.owner_id, is_suspected_abuse=referral.is_suspected_abuse):
        return
    before, case.owner_id, case.version = case.owner_id, referral.owner_id, case.version + 1
    session.add(case)
    audit.record(
        session,
        actor,
        audit.Action.CASE_HANDED_OVER,
        target=case,
        student_id=case.student_id,
        before=before,
        after=case.owner_id,
    )
