"""What children ask of somebody: referrals, the conferences that grew out of them, bringing back who stays away."""

from collections.abc import Iterator
from datetime import datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, false, null, true, union_all
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, func, not_, or_, select

from db.sealing import open_text
from db.tables import (
    AppUser,
    Case,
    CaseConference,
    CaseDecision,
    ClassMembership,
    ConferenceParticipant,
    DecisionState,
    DropOut,
    OutwardReferral,
    PlanMeasure,
    Referral,
    ReferralChannel,
    ReferralState,
    Role,
    SchoolClass,
    Student,
    SupportPlan,
    Urgency,
)
from services import clock, drop_out_views, plan_duties
from services.access import Permission, allows, is_protection_leader, permitted
from services.actors import Actor
from services.calendar import SchoolCalendar, load_calendar
from services.classes import known_class
from services.conference_views import decision_step
from services.decisions import owes_decision
from services.duties import Duty, DutyGroup, DutyKind, group_of
from services.kept_statements import kept_for_asker
from services.outward_duties import columns_of_outward, outward_duty, with_outward
from services.referral_lists import detailed, may_follow, names_of, owner_is_there, steps_of
from services.referrals import OPEN_STATES
from services.regulations import deadlines
from services.regulations.deadlines import Deadline
from services.row_filters import sees_cases, sees_referrals, sees_students
from services.students import GONE_FOR_GOOD, is_in_class

_FIRST_IN_DANGER = frozenset({DutyKind.DANGER, DutyKind.ASSIGN, DutyKind.ASSESS})
"""What looks after a child in danger; telling others of it takes its turn."""

_KIND_OF = {"D-06": DutyKind.ASSESS, "D-05": DutyKind.REPLY, "C-09": DutyKind.FEEDBACK}


@permitted(Permission.STUDENT_READ)
def list_child_duties(session: Session, actor: Actor, *, student_id: int) -> list[Duty]:
    """Return what is due for one child, whoever owes it, as far as this actor follows it; one statement."""
    if not allows(actor, Permission.REFERRAL_HANDLE):
        return []
    calendar, now = load_calendar(session), clock.now()
    case_owner, doer = aliased(AppUser), aliased(AppUser)
    asks, meets = and_(sees_referrals(actor), _owes_something()), and_(sees_cases(actor), _is_to_be_held())
    decided = and_(
        col(CaseDecision.conference_id) == col(CaseConference.id),
        col(CaseDecision.state) == DecisionState.OPEN,
        sees_cases(actor),
    )
    rows = session.exec(
        detailed(actor)
        .add_columns(
            CaseConference.called_at,
            col(Case.id).label("case_id"),
            col(Case.owner_id).label("case_owner_id"),
            col(case_owner.display_name).label("case_owner_name"),
            asks.label("asks_something"),
            meets.label("is_to_meet"),
            CaseConference.planned_at,
            col(CaseDecision.id).label("decision_id"),
            CaseDecision.due_on,
            col(CaseDecision.owner_id).label("doer_id"),
            col(doer.display_name).label("doer_name"),
            Referral.urgency,
        )
        .join(Case, col(Case.referral_id) == col(Referral.id), isouter=True)
        .join(CaseConference, col(CaseConference.case_id) == col(Case.id), isouter=True)
        .join(case_owner, col(case_owner.id) == col(Case.owner_id), isouter=True)
        .join(CaseDecision, decided, isouter=True)
        .join(doer, col(doer.id) == col(CaseDecision.owner_id), isouter=True)
        .where(col(Referral.student_id) == student_id, or_(asks, meets, col(CaseDecision.id).is_not(None)))
        .order_by(col(Referral.id), col(CaseDecision.due_on), col(CaseDecision.id))
    ).all()
    found: list[Duty] = []
    told: set[int | None] = set()  # a referral comes once for each thing decided of it
    for row in rows:
        if row.decision_id is not None:
            found.append(_decision(actor, row, now=now, may_end=_ends_decision(actor, row)))
        if row[0].id in told:
            continue
        told.add(row[0].id)
        if row.asks_something and may_follow(actor, row[0]):
            found += _of_referral(actor, row, calendar=calendar, now=now, of_everybody=True)
        if row.is_to_meet:
            due_at = deadlines.conference_due(called_at=row.called_at, calendar=calendar)
            found.append(_conference(actor, row, due_at, now=now))
    return sorted(found, key=lambda duty: duty.rank)


def of_referrals(session: Session, actor: Actor, *, calendar: SchoolCalendar, now: datetime) -> Iterator[Duty]:
    """What is to be done, and what this person was told; one statement, for it is asked on every page."""
    for found in session.exec(_asked_of_referrals(actor)).all():
        if found.asks_something:
            yield from _of_referral(actor, found, calendar=calendar, now=now)
        if found.is_unread_feedback and allows(actor, Permission.REFERRAL_READ):
            yield _feedback_to_read(actor, found)


@kept_for_asker
def _asked_of_referrals(actor: Actor) -> Any:  # a select of the referrals' rows and two marks
    asks, told = and_(_owes_something(), _is_for(actor)), _is_unread_feedback(actor)
    columns = detailed(actor).add_columns(asks.label("asks_something"), told.label("is_unread_feedback"))
    # So wrapped, no index is taken for any part of it: each would read more rows than are worth a look.
    wanted = func.coalesce(and_(sees_referrals(actor), or_(asks, told)), False)
    return columns.where(_is_worth_a_look(actor), wanted)


def of_feedback(session: Session, actor: Actor) -> Iterator[Duty]:
    """What the care room told this person as a referring teacher, and is not read yet."""
    wanted = detailed(actor).where(_is_worth_a_look(actor), sees_referrals(actor), _is_unread_feedback(actor))
    for found in session.exec(wanted).all():
        yield _feedback_to_read(actor, found)


def _is_worth_a_look(actor: Actor) -> ColumnElement[bool]:
    """Return the filter on referrals that may ask something or tell something unread: few of many.

    The numbers come from the index ix_referral_waiting alone; the rows themselves carry pages of sealed words, and
    are read and decrypted only for the few.
    """
    narrow = aliased(Referral)
    asks = _owes_something(narrow)
    if not is_protection_leader(actor):  # who also answers for what is others'
        asks = and_(asks, col(narrow.owner_id) == actor.user_id)
    return col(Referral.id).in_(select(narrow.id).where(or_(asks, _is_unread_feedback(actor, narrow))))


def _owes_something(referral: type[Referral] = Referral) -> ColumnElement[bool]:
    """Return the filter on referrals that still ask something of somebody."""
    is_answered_to = col(referral.channel).in_([ReferralChannel.SELF, ReferralChannel.PARENT])
    reply = and_(is_answered_to, col(referral.answered_at).is_(None))
    feedback = and_(col(referral.channel) == ReferralChannel.TEACHER, col(referral.feedback_at).is_(None))
    report = and_(
        col(referral.is_suspected_abuse),
        or_(col(referral.police_told_at).is_(None), col(referral.authority_told_at).is_(None)),
    )
    return or_(col(referral.state).in_(OPEN_STATES), reply, feedback, report)


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


def _due(step: Deadline) -> datetime:
    return step.due_at


def _is_unread_feedback(actor: Actor, referral: type[Referral] = Referral) -> ColumnElement[bool]:
    return and_(
        col(referral.referred_by_id) == actor.user_id,
        col(referral.is_suspected_abuse).is_(False),
        col(referral.feedback_at).is_not(None),
        col(referral.feedback_read_at).is_(None),
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


def of_conferences_and_returns(
    session: Session, actor: Actor, *, calendar: SchoolCalendar, now: datetime
) -> Iterator[Duty]:
    """Conferences this person answers for or is asked to, what they decided, plans, and children to bring back (E-16).

    One statement for all, for it is on every page.
    """
    for found in session.exec(_asked_of_cases(actor)):
        if found.outward_id is not None:
            yield outward_duty(actor, found, calendar=calendar, now=now)
            continue
        if found.about is not None:
            yield from plan_duties.duties_of(session, actor, found, calendar=calendar, now=now)
            continue
        if found.drop_out_id is not None:
            yield _return(found, calendar=calendar, now=now)
            continue
        if found.decision_id is not None:
            yield _decision(actor, found, now=now, may_end=True, may_name=found.may_name or found.may_open)
            continue
        due_at = deadlines.conference_due(called_at=found.called_at, calendar=calendar)
        if found.answers_for:
            yield _conference(actor, found, due_at, now=now)
        elif not _is_over(found.planned_at, now=now):
            yield _invitation(found, found.planned_at or due_at, now=now)


@kept_for_asker
def _asked_of_cases(actor: Actor) -> Any:  # a select of all these columns
    due, doer = _conferences_and_returns(actor), aliased(AppUser)
    called, responsible = aliased(CaseConference), aliased(AppUser)
    columns: list[Any] = [
        *plan_duties.columns_of_plans(actor, due, called, responsible),
        func.coalesce(col(AppUser.display_name), "").label("plan_owner_name"),
        Referral.urgency,
        col(CaseConference.called_at),  # columns, not whole rows: of these there may be many, on every page
        CaseConference.planned_at,
        CaseConference.place_sealed,
        col(CaseConference.uid).label("conference_uid"),
        col(CaseDecision.id).label("decision_id"),
        CaseDecision.due_on,
        col(CaseDecision.owner_id).label("doer_id"),
        col(doer.display_name).label("doer_name"),
        col(Case.id).label("case_id"),
        col(Case.owner_id).label("case_owner_id"),
        col(DropOut.id).label("drop_out_id"),
        col(DropOut.noticed_on),
        col(Student.name).label("child"),
        col(AppUser.display_name).label("case_owner_name"),
        _answers_for_conference(actor).label("answers_for"),
        sees_students(actor).label("may_name"),
        sees_cases(actor).label("may_open"),
        *drop_out_views.columns_of_return(),
        *columns_of_outward(),
    ]
    return (
        select(*columns)
        .select_from(due)
        .join(CaseConference, col(CaseConference.id) == due.c.conference_id, isouter=True)
        .join(CaseDecision, col(CaseDecision.id) == due.c.decision_id, isouter=True)
        .join(doer, col(doer.id) == col(CaseDecision.owner_id), isouter=True)
        .join(SupportPlan, col(SupportPlan.id) == due.c.plan_id, isouter=True)
        .join(PlanMeasure, col(PlanMeasure.id) == due.c.measure_id, isouter=True)
        .join(responsible, col(responsible.id) == col(PlanMeasure.responsible_id), isouter=True)
        .join(Case, col(Case.id) == func.coalesce(*_cases_of(due)), isouter=True)
        .join(called, col(called.case_id) == col(Case.id), isouter=True)
        .join(Referral, col(Referral.id) == col(Case.referral_id), isouter=True)
        .join(DropOut, col(DropOut.id) == due.c.drop_out_id, isouter=True)
        .join(OutwardReferral, col(OutwardReferral.id) == due.c.outward_id, isouter=True)
        .join(Student, col(Student.id) == func.coalesce(*_children_of()))
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == func.coalesce(*_class_columns()), isouter=True)
        .join(AppUser, col(AppUser.id) == func.coalesce(*_owners_of()), isouter=True)
        .order_by(col(CaseConference.called_at), col(CaseConference.id), col(DropOut.noticed_on), col(DropOut.id))
    )


def _cases_of(due: Any) -> tuple[Any, ...]:  # columns
    return col(CaseConference.case_id), due.c.plan_case_id, col(SupportPlan.case_id)


def _children_of() -> tuple[Any, ...]:  # columns
    return col(Case.student_id), col(DropOut.student_id), col(SupportPlan.student_id), col(OutwardReferral.student_id)


def _class_columns() -> tuple[Any, ...]:
    """The class a child stayed away from, else the one it is in now."""
    return col(DropOut.class_id), col(ClassMembership.class_id)


def _owners_of() -> tuple[Any, ...]:  # columns
    return col(Case.owner_id), col(SupportPlan.owner_id), col(OutwardReferral.owner_id)


def _conferences_and_returns(actor: Actor) -> Any:
    """Return by id what asks something of this person: a conference, a child that stays away, a plan."""
    nothing = cast(null(), Integer)
    conferences: Any = (
        select(
            col(CaseConference.id).label("conference_id"),
            nothing.label("decision_id"),
            nothing.label("drop_out_id"),
            *plan_duties.no_plan(),
        )
        .join(Case, col(Case.id) == col(CaseConference.case_id))
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .where(_is_to_be_held(), or_(_answers_for_conference(actor), _is_asked_to_conference(actor)))
    )
    parts = [conferences]
    if allows(actor, Permission.DECISION_FOLLOW):
        decided: Any = (
            select(
                col(CaseDecision.conference_id),
                col(CaseDecision.id),
                nothing.label("drop_out_id"),
                *plan_duties.no_plan(),
            )
            .join(CaseConference, col(CaseConference.id) == col(CaseDecision.conference_id))
            .join(Case, col(Case.id) == col(CaseConference.case_id))
            .join(Referral, col(Referral.id) == col(Case.referral_id))
            .where(owes_decision(actor))
        )
        parts.append(decided)
    if allows(actor, Permission.DROP_OUT_FOLLOW):
        nobody = (nothing.label("conference_id"), nothing.label("decision_id"))
        parts.append(select(*nobody, col(DropOut.id), *plan_duties.no_plan()).where(drop_out_views.owes_return(actor)))
    parts += plan_duties.parts_of_plans(actor)
    return with_outward(actor, union_all(*parts).subquery() if len(parts) > 1 else conferences.subquery())


def _return(found: Any, *, calendar: SchoolCalendar, now: datetime) -> Duty:
    """A child to be brought back to school, until it has ended."""
    due_at = deadlines.drop_out_step_due(
        noticed_on=found.noticed_on, last_step_on=found.last_step_on, calendar=calendar
    )
    return Duty(
        DutyKind.BRING_BACK,
        group_of(due_at, now=now),
        due_at=due_at,
        since=clock.at_school(found.noticed_on, time(8)),
        child=found.child,
        class_label=known_class(found.grade, found.number),
        has_begun=found.last_step_on is not None,
        is_mine=bool(found.is_answered_for),
        labels=(found.state.label,) if found.state in GONE_FOR_GOOD else (),
        target_id=found.drop_out_id,
    )


def _decision(actor: Actor, found: Any, *, now: datetime, may_end: bool, may_name: bool = True) -> Duty:
    """What a conference decided, without its words: they are read where it is opened."""
    due_at = decision_step(due_on=found.due_on, state=DecisionState.OPEN, ended_on=None).due_at
    return Duty(
        DutyKind.DECISION,
        group_of(due_at, now=now),
        due_at=due_at,
        child=found.child if may_name else None,
        class_label=known_class(found.grade, found.number) if may_name else None,
        owner_name=found.doer_name,
        is_mine=found.doer_id == actor.user_id,
        target_id=found.decision_id if may_end else None,
    )


def _ends_decision(actor: Actor, found: Any) -> bool:  # Any: a row with these columns
    return actor.has_role(Role.LEAD) or actor.user_id in (found.doer_id, found.case_owner_id)


def _invitation(found: Any, due_at: datetime, *, now: datetime) -> Duty:  # Any: a row with these columns
    """Who is asked to a conference reads day, time and place, and no word of the case."""
    place, group = found.place_sealed, group_of(due_at, now=now)
    if found.planned_at and group is DutyGroup.LATE:  # it goes on, or was this morning: nobody here is late
        group = DutyGroup.TODAY
    return Duty(
        DutyKind.INVITED,
        group,
        due_at=due_at,
        child=found.child if found.may_name else None,
        class_label=known_class(found.grade, found.number) if found.may_name else None,
        owner_name=found.case_owner_name,
        meets_at=found.planned_at,
        place=open_text(place, table="case_conference", column="place_sealed", uid=found.conference_uid),
        target_id=found.case_id if found.may_open else None,
    )


def _is_over(planned_at: datetime | None, *, now: datetime) -> bool:
    """Whether the day of a conference is gone: what is left of it is not for who was asked to do."""
    return planned_at is not None and clock.local(planned_at).date() < clock.local(now).date()


def _conference(actor: Actor, found: Any, due_at: datetime, *, now: datetime) -> Duty:  # Any: a row with these columns
    return Duty(
        DutyKind.CONFERENCE,
        group_of(due_at, now=now),
        due_at=due_at,
        child=found.child,
        class_label=known_class(found.grade, found.number),
        urgency=found.urgency,
        owner_name=found.case_owner_name,
        is_mine=found.case_owner_id == actor.user_id,
        meets_at=found.planned_at,
        target_id=found.case_id,
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
