"""Reading of children who stay away: the list, one of them with its steps, what is owed to them and by whom (E-16)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, or_
from sqlmodel import Session, col, func, select

from db.sealing import unseal
from db.tables import (
    AppUser,
    ClassMembership,
    DropOut,
    DropOutOutcome,
    DropOutReason,
    DropOutStep,
    DropOutStepKind,
    EnrolmentState,
    Post,
    PostHolder,
    Referral,
    Role,
    RoleGrant,
    SchoolClass,
    Student,
)
from services import audit, clock
from services.access import HOLDERS, Permission, is_protection_leader, permitted
from services.actors import Actor
from services.agreements import asks_before_contact
from services.answers import holds_on
from services.calendar import SchoolCalendar, current_school_year, load_calendar
from services.classes import class_label
from services.errors import NotFound
from services.openings import is_noted
from services.referrals import knows_of_abuse
from services.regulations import deadlines
from services.row_filters import TEACHING_OFFICE, holds_post, is_or_stands_in, sees_drop_outs, sees_students
from services.students import GONE_FOR_GOOD, LEFT_SCHOOL, NO_CLASS

MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class StoredDropOut:
    """What is written of a child that stays away, as its form is drawn."""

    id: int
    version: int
    noticed_on: date
    noticed_by: str | None
    last_seen_on: date | None
    reason: DropOutReason
    words: str | None
    owner_id: int | None


@dataclass(frozen=True, slots=True)
class StoredStep:
    """One step, as lists and its form show it."""

    id: int
    version: int
    kind: DropOutStepKind
    day: date
    words: str | None
    agreed_with_id: int | None = None
    taken_by: str | None = None
    agreed_with: str | None = None


@dataclass(frozen=True, slots=True)
class DropOutRow:
    """One child that stays away, or did, as lists show it."""

    id: int
    version: int
    student_id: int
    child: str
    class_label: str
    state: EnrolmentState
    noticed_on: date
    reason: DropOutReason
    owner_name: str | None  # None: nobody is there for it
    is_named: bool  # the owner is named for this child, not by the post
    steps: int
    due_at: datetime | None  # None: it has ended
    outcome: DropOutOutcome | None
    ended_on: date | None


@dataclass(frozen=True, slots=True)
class DropOutView:
    """One of them with everything written about it."""

    row: DropOutRow
    stored: StoredDropOut
    recorded_by: str | None
    recorded_at: datetime
    steps: tuple[StoredStep, ...]  # the newest first
    ending: str | None
    closed_by: str | None
    asks_class: bool  # coming back, it has to enter a class
    may_settle: bool  # name who brings it back, and end it
    opens_file: bool
    is_opening_noted: bool
    asks_before_contact: bool  # whoever's child it is
    is_protected: bool  # abuse is suspected; always False for whom it is not to be known


@permitted(Permission.DROP_OUT_FOLLOW)
def list_drop_outs(session: Session, actor: Actor) -> list[DropOutRow]:
    """Return those this actor follows, the open ones first, then the newest; two statements, 200 at most."""
    rows = session.execute(
        _detailed()
        .where(sees_drop_outs(actor))
        .order_by(
            case((col(DropOut.closed_at).is_(None), 0), else_=1),
            col(DropOut.noticed_on).desc(),
            col(DropOut.id).desc(),
        )
        .limit(MOST_LISTED)
    )
    calendar = load_calendar(session)
    return [_row(each, calendar) for each in rows]


@permitted(Permission.DROP_OUT_REGISTER)
def list_child_drop_outs(session: Session, actor: Actor, *, student_id: int) -> list[DropOutRow]:
    """Return every time a child stayed away, the open one first; nothing for whom the child is hidden."""
    rows = session.execute(
        _detailed()
        .where(DropOut.student_id == student_id, sees_drop_outs(actor), sees_students(actor))
        .order_by(case((col(DropOut.closed_at).is_(None), 0), else_=1), col(DropOut.noticed_on).desc())
    )
    calendar = load_calendar(session)
    return [_row(each, calendar) for each in rows]


@permitted(Permission.DROP_OUT_FOLLOW)
def find_drop_out(session: Session, actor: Actor, *, drop_out_id: int) -> DropOutView:
    """Return one with its steps. Note the opening with `drop_outs.note_opening`, where no file was opened.

    Raises:
        NotFound: there is none this actor follows.
    """
    recorder, closer = _people("recorder"), _people("closer")
    found: Any = session.execute(
        _detailed()
        .add_columns(
            recorder.c.display_name.label("recorded_by"),
            closer.c.display_name.label("closed_by"),
            select(ClassMembership.id)
            .where(ClassMembership.student_id == DropOut.student_id, col(ClassMembership.to_day).is_(None))
            .exists()
            .label("is_in_class"),
            answers_by_relation(actor).label("answers_for_it"),
            sees_students(actor).label("opens_file"),
            (_is_protected() if is_protection_leader(actor) else false()).label("is_protected"),
        )
        .join(recorder, recorder.c.id == DropOut.recorded_by_id, isouter=True)
        .join(closer, closer.c.id == DropOut.closed_by_id, isouter=True)
        .where(DropOut.id == drop_out_id, sees_drop_outs(actor))
    ).first()
    if found is None:
        raise NotFound
    row: DropOut = found.DropOut
    return DropOutView(
        row=_row(found, load_calendar(session)),
        stored=stored_drop_out(row),
        recorded_by=found.recorded_by,
        recorded_at=row.recorded_at,
        steps=_steps(session, drop_out_id),
        ending=unseal(row, "ending_sealed"),
        closed_by=found.closed_by,
        asks_class=not found.is_in_class and found.state is not EnrolmentState.GRADUATED,
        may_settle=actor.has_role(Role.LEAD) or bool(found.answers_for_it),
        opens_file=bool(found.opens_file),
        is_opening_noted=is_noted(session, actor, audit.Action.DROP_OUT_OPENED, record=(DropOut, drop_out_id)),
        asks_before_contact=asks_before_contact(actor),
        is_protected=bool(found.is_protected),
    )


@permitted(Permission.DROP_OUT_FOLLOW)
def list_possible_owners(session: Session, actor: Actor) -> dict[int, str]:
    """Return who may be named to bring a child back, by name: staff who may follow it."""
    rows = session.exec(
        select(AppUser.id, AppUser.display_name).where(can_follow()).order_by(AppUser.display_name, col(AppUser.id))
    ).all()
    return {user_id or 0: name for user_id, name in rows}


@permitted(Permission.DROP_OUT_FOLLOW, Permission.RECORD_WRITE)
def list_who_agrees(session: Session, actor: Actor) -> dict[int, str]:
    """Return with whom reaching a family is agreed beforehand, by name: the heads of the care room."""
    rows = session.exec(
        select(AppUser.id, AppUser.display_name).where(knows_of_abuse()).order_by(AppUser.display_name, col(AppUser.id))
    ).all()
    return {user_id or 0: name for user_id, name in rows}


@permitted(Permission.DROP_OUT_FOLLOW)
def list_classes_to_return_to(session: Session, actor: Actor) -> dict[int, str]:
    """Return the classes of this school year, for a child that comes back and is in none."""
    year = current_school_year(load_calendar(session), clock.today())
    rows = session.exec(
        select(SchoolClass)
        .where(SchoolClass.school_year == year)
        .order_by(col(SchoolClass.grade), col(SchoolClass.number))
    ).all()
    return {each.id or 0: class_label(each.grade, each.number) for each in rows}


def state_after(outcome: DropOutOutcome, now: EnrolmentState) -> EnrolmentState | None:
    """Return the state the register gives a child of this state when it ends so; None where it stays as it is.

    Who has graduated meanwhile has graduated, however its staying away ended before.
    """
    if now is EnrolmentState.GRADUATED:
        return None
    match outcome:
        case DropOutOutcome.RETURNED:
            return EnrolmentState.ENROLLED if now in LEFT_SCHOOL else None
        case DropOutOutcome.TRANSFERRED:
            after = EnrolmentState.TRANSFERRED
        case DropOutOutcome.STILL_OUT:
            after = EnrolmentState.DROPPED_OUT
    return None if after is now else after


def owes_return(actor: Actor) -> ColumnElement[bool]:
    """Return the filter on DropOut: the children this person brings back, for home.

    Named for it, by the teaching office, else by leading the room. A child about whom abuse is suspected is the head's
    too; whoever else owes it goes on owing it, for a line that vanishes would say what is suspected. So is one that the
    register has let go meanwhile: where it went is unknown until somebody says how it ended.
    """
    return and_(col(DropOut.closed_at).is_(None), _is_for(actor))


def columns_of_return() -> list[Any]:
    """Return what home tells of a child to be brought back, beside DropOut joined with its SchoolClass."""
    last_step = select(func.max(DropOutStep.day)).where(DropOutStep.drop_out_id == DropOut.id)
    return [
        col(SchoolClass.grade).label("grade"),
        col(SchoolClass.number).label("number"),
        col(Student.state).label("state"),
        last_step.correlate(DropOut).scalar_subquery().label("last_step_on"),
        or_(_named_is_there(), _office_is_held()).label("is_answered_for"),
    ]


def answers_by_relation(actor: Actor) -> ColumnElement[bool]:
    """Return whether the actor, beside the head of the room, decides about a DropOut: is named, or holds the office."""
    return or_(is_or_stands_in(actor, col(DropOut.owner_id)), holds_post(actor, TEACHING_OFFICE))


def can_follow(user: Any = AppUser) -> ColumnElement[bool]:  # Any: the table, or the columns of an alias
    """Return the filter on AppUser: whose account is in use and whose roles may follow a child that stays away."""
    roles = HOLDERS[Permission.DROP_OUT_FOLLOW]
    holding = select(RoleGrant.user_id).where(col(RoleGrant.role).in_(roles), col(RoleGrant.ended_at).is_(None))
    return and_(user.is_active, user.id.in_(holding))


def stored_drop_out(row: DropOut) -> StoredDropOut:
    """Return what is written, as its form is drawn."""
    return StoredDropOut(
        id=row.id or 0,
        version=row.version,
        noticed_on=row.noticed_on,
        noticed_by=unseal(row, "noticed_by_sealed"),
        last_seen_on=row.last_seen_on,
        reason=row.reason,
        words=unseal(row, "words_sealed"),
        owner_id=row.owner_id,
    )


def stored_step(row: DropOutStep, taken_by: str | None = None, agreed_with: str | None = None) -> StoredStep:
    """Return a step as its form is drawn."""
    words = unseal(row, "words_sealed")
    return StoredStep(row.id or 0, row.version, row.kind, row.day, words, row.agreed_with_id, taken_by, agreed_with)


def _is_for(actor: Actor) -> ColumnElement[bool]:
    """Return the filter on open rows that this person owes."""
    named, office = _named_is_there(), _office_is_held()
    own = or_(
        and_(named, is_or_stands_in(actor, col(DropOut.owner_id))),
        and_(~named, holds_post(actor, TEACHING_OFFICE)),
    )
    if actor.has_role(Role.LEAD):
        return or_(own, and_(~named, ~office), _is_protected(), _has_left())
    return own


def _named_is_there() -> ColumnElement[bool]:
    owner = _people("named")
    return select(owner.c.id).where(owner.c.id == DropOut.owner_id, can_follow(owner.c)).exists()


def _office() -> Any:
    """Return the query of who holds the teaching office today and may follow a child."""
    holder = _people("holder")
    return (
        select(holder.c.display_name)
        .join(PostHolder, col(PostHolder.user_id) == holder.c.id)
        .join(Post, col(Post.id) == col(PostHolder.post_id))
        .where(Post.code == TEACHING_OFFICE, holds_on(clock.today()), can_follow(holder.c))
    )


def _people(name: str) -> Any:
    return AppUser.__table__.alias(name)  # type: ignore[attr-defined]  # SQLModel does not declare it


def _office_is_held() -> ColumnElement[bool]:
    held: ColumnElement[bool] = _office().exists()
    return held


def _is_protected() -> ColumnElement[bool]:
    marked = select(Referral.id).where(Referral.student_id == DropOut.student_id, col(Referral.is_suspected_abuse))
    return marked.exists()


def _has_left() -> ColumnElement[bool]:
    """Who was transferred or graduated while it was followed: by hand, or with its class at the change of year."""
    gone = select(Student.id).where(Student.id == DropOut.student_id, col(Student.state).in_(GONE_FOR_GOOD))
    return gone.exists()


def _detailed() -> Any:  # a select of more columns than the stubs know
    """Return rows with the child, the class it stayed away from, who answers for it, and its steps."""
    owner = _people("owner")
    steps = (
        select(
            col(DropOutStep.drop_out_id).label("of_id"),
            func.count().label("steps"),
            func.max(DropOutStep.day).label("last_step_on"),
        )
        .group_by(col(DropOutStep.drop_out_id))
        .subquery()
    )
    columns: list[Any] = [
        DropOut,
        col(Student.name).label("child"),
        col(Student.state).label("state"),
        col(SchoolClass.grade).label("grade"),
        col(SchoolClass.number).label("number"),
        owner.c.display_name.label("owner_name"),
        _office().limit(1).scalar_subquery().label("office_name"),
        func.coalesce(steps.c.steps, 0).label("steps"),
        steps.c.last_step_on,
    ]
    return (
        select(*columns)
        .select_from(DropOut)
        .join(Student, col(Student.id) == col(DropOut.student_id))
        .join(SchoolClass, col(SchoolClass.id) == col(DropOut.class_id), isouter=True)
        .join(owner, and_(owner.c.id == DropOut.owner_id, can_follow(owner.c)), isouter=True)
        .join(steps, steps.c.of_id == DropOut.id, isouter=True)
    )


def _row(found: Any, calendar: SchoolCalendar) -> DropOutRow:
    row: DropOut = found.DropOut
    return DropOutRow(
        id=row.id or 0,
        version=row.version,
        student_id=row.student_id,
        child=found.child,
        class_label=_class_of(found),
        state=found.state,
        noticed_on=row.noticed_on,
        reason=row.reason,
        owner_name=found.owner_name or found.office_name,
        is_named=found.owner_name is not None,
        steps=found.steps,
        due_at=_due(found, calendar) if row.closed_at is None else None,
        outcome=row.outcome,
        ended_on=row.ended_on,
    )


def _class_of(found: Any) -> str:
    return class_label(found.grade, found.number) if found.grade is not None else NO_CLASS


def _due(found: Any, calendar: SchoolCalendar) -> datetime:
    return deadlines.drop_out_step_due(
        noticed_on=found.DropOut.noticed_on, last_step_on=found.last_step_on, calendar=calendar
    )


def _steps(session: Session, drop_out_id: int) -> tuple[StoredStep, ...]:
    taker, agreeing = _people("taker"), _people("agreeing")
    rows: Any = session.execute(
        select(DropOutStep, taker.c.display_name, agreeing.c.display_name)
        .join(taker, taker.c.id == DropOutStep.taken_by_id, isouter=True)
        .join(agreeing, agreeing.c.id == DropOutStep.agreed_with_id, isouter=True)
        .where(DropOutStep.drop_out_id == drop_out_id)
        .order_by(col(DropOutStep.day).desc(), col(DropOutStep.id).desc())
    ).all()
    return tuple(stored_step(*found) for found in rows)
