"""Which rows somebody may see: the filters that follow from roles and relations to children, referrals and cases."""

from collections.abc import Set
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, true
from sqlalchemy.orm import Mapped, aliased
from sqlmodel import Session, col, select

from db.tables import (
    AuditEvent,
    Case,
    CaseConference,
    ClassMembership,
    ClassTeacher,
    ClassTeacherKind,
    ConferenceParticipant,
    Deputy,
    DropOut,
    EnrolmentState,
    Helper,
    OutwardReferral,
    Pairing,
    Post,
    PostHolder,
    Referral,
    Role,
    SchoolClass,
    Student,
    SupportPlan,
    WarningGroup,
    WarningMember,
)
from services import clock
from services.access import SCOPES, Scope, Subject, is_protection_leader, scopes_of
from services.actors import Actor

_GONE = (EnrolmentState.TRANSFERRED, EnrolmentState.GRADUATED)  # `students.GONE_FOR_GOOD`, which builds on this module
HOMEROOM_ONLY: Set[ClassTeacherKind] = frozenset({ClassTeacherKind.HOMEROOM})


def sees_students(actor: Actor, subject: Subject = Subject.IDENTITY) -> ColumnElement[bool]:
    """Return the row filter on Student: which children this actor may see this of, by role and relation.

    An entry that was merged into another is nobody's to see: it is in no list, count or search.
    """
    scopes = scopes_of(actor, subject)
    if Scope.ALL in scopes:
        return col(Student.merged_into_id).is_(None)
    kinds = set()
    if scopes & {Scope.OWN_CLASS, Scope.TIER_WITHOUT_REASON, Scope.PLEASE_LOOK_AFTER, Scope.NOTE_EXISTS}:
        kinds.add(ClassTeacherKind.HOMEROOM)
    if Scope.TAUGHT in scopes:
        kinds |= set(ClassTeacherKind)
    ways: list[ColumnElement[bool]] = []
    if kinds:
        ways.append(col(Student.id).in_(_students_of_classes(actor, kinds)))
    if Scope.OWN_PAIRS in scopes or _pairs_give(actor, subject):
        ways.append(col(Student.id).in_(students_of_pairs(actor)))
    if subject is Subject.IDENTITY and not actor.by_post_only and actor.user_id is not None:
        ways.append(col(Student.id).in_(_students_of_groups(actor)))
    return and_(col(Student.merged_into_id).is_(None), or_(*ways)) if ways else false()


def _pairs_give(actor: Actor, subject: Subject) -> bool:
    """Whether a pair gives this teacher what it gives a mentor: the relation does, whatever else they teach (0036)."""
    if actor.by_post_only or SCOPES[subject][Role.MENTOR] is not Scope.OWN_PAIRS:
        return False
    return actor.has_role(Role.HOMEROOM, Role.SUBJECT_TEACHER)


def students_of_pairs(actor: Actor):  # type: ignore[no-untyped-def]  # a Select
    """Return the children paired today with the actor's account, or with whom the actor stands in for (area J).

    Around a child that has left the school for good a pair gives nothing any more, also until somebody ends it.
    """
    today = clock.today()
    child = aliased(Student)
    return (
        select(Pairing.student_id)
        .join(Helper, col(Helper.id) == col(Pairing.helper_id))
        .join(child, col(child.id) == col(Pairing.student_id))
        .where(
            is_or_stands_in(actor, col(Helper.user_id)),
            col(Pairing.from_day) <= today,
            or_(col(Pairing.to_day).is_(None), col(Pairing.to_day) > today),
            col(child.state).not_in(_GONE),
        )
    )


def warning_groups_of(actor: Actor):  # type: ignore[no-untyped-def]  # a Select
    """Return the warning groups that stand and in which the actor sits now, or stands in for somebody (G-07).

    Around a child that has left the school for good a group gives nothing any more, also until somebody ends it.
    """
    return (
        select(WarningGroup.id)
        .join(WarningMember, col(WarningMember.group_id) == col(WarningGroup.id))
        .join(Student, col(Student.id) == col(WarningGroup.student_id))
        .where(
            col(Student.state).not_in(_GONE),
            col(WarningGroup.to_day).is_(None),
            col(WarningMember.to_day).is_(None),
            is_or_stands_in(actor, col(WarningMember.user_id)),
        )
    )


def _students_of_groups(actor: Actor):  # type: ignore[no-untyped-def]  # a Select
    """Return the children around whom the actor sits in a warning group: who they are, and nothing else of them."""
    return select(WarningGroup.student_id).where(col(WarningGroup.id).in_(warning_groups_of(actor)))


def _students_of_classes(actor: Actor, kinds: set[ClassTeacherKind]):  # type: ignore[no-untyped-def]  # a Select
    return (
        select(ClassMembership.student_id)
        .join(ClassTeacher, col(ClassTeacher.class_id) == col(ClassMembership.class_id))
        .where(
            col(ClassMembership.to_day).is_(None),
            col(ClassTeacher.to_day).is_(None),
            is_or_stands_in(actor, col(ClassTeacher.user_id)),
            col(ClassTeacher.kind).in_(kinds),
        )
    )


def classes_of(actor: Actor, kinds: Set[ClassTeacherKind] = HOMEROOM_ONLY):  # type: ignore[no-untyped-def]  # a Select
    """Return the classes the actor leads (or teaches, by `kinds`) now, those of whom it stands in for with them."""
    return select(ClassTeacher.class_id).where(
        col(ClassTeacher.kind).in_(kinds),
        col(ClassTeacher.to_day).is_(None),
        is_or_stands_in(actor, col(ClassTeacher.user_id)),
    )


def is_or_stands_in(actor: Actor, user_id: Mapped[Any]) -> ColumnElement[bool]:
    """Return whether a column names the actor, or somebody the actor stands in for today."""
    return or_(user_id == actor.user_id, user_id.in_(_stood_in_for(actor))) if actor.user_id is not None else false()


def _stood_in_for(actor: Actor):  # type: ignore[no-untyped-def]  # a Select
    """Return whom the actor stands in for today: their classes are the deputy's too, for as long as it lasts."""
    today = clock.today()
    return select(Deputy.absent_id).where(
        Deputy.deputy_id == actor.user_id, col(Deputy.from_day) <= today, col(Deputy.to_day) > today
    )


TEACHING_OFFICE = "teaching"
"""The code of the post that answers for enrolment (E-16)."""


def sees_drop_outs(actor: Actor) -> ColumnElement[bool]:
    """Return the row filter on DropOut: all for the care room and the teaching office, else own class and own duty.

    The class is the one the child stayed away from: out of the register, it is in nobody's class any more. When that
    class has moved up, or the child with it, the homeroom teacher of now follows it.
    """
    scopes = scopes_of(actor, Subject.CATEGORY)
    if Scope.ALL in scopes:
        return true()
    if actor.user_id is None:
        return false()
    visible = or_(is_or_stands_in(actor, col(DropOut.owner_id)), holds_post(actor, TEACHING_OFFICE))
    if Scope.OWN_CLASS in scopes:
        now = _students_of_classes(actor, {ClassTeacherKind.HOMEROOM})
        visible = or_(visible, col(DropOut.class_id).in_(_earlier_years_of(actor)), col(DropOut.student_id).in_(now))
    return visible


def _earlier_years_of(actor: Actor):  # type: ignore[no-untyped-def]  # a Select
    """Return the actor's own classes with what they were in earlier school years: 七(1)班 became 八(1)班."""
    earlier, own = aliased(SchoolClass), aliased(SchoolClass)
    years_since = col(own.school_year) - col(earlier.school_year)
    return (
        select(earlier.id)
        .join(own, and_(col(own.number) == col(earlier.number), col(own.grade) - col(earlier.grade) == years_since))
        .where(col(own.id).in_(classes_of(actor)))
    )


def holds_post(actor: Actor, code: str) -> ColumnElement[bool]:
    """Return whether the actor, or somebody the actor stands in for, holds a post of the whole school today."""
    today = clock.today()
    return (
        select(PostHolder.id)
        .join(Post, col(Post.id) == col(PostHolder.post_id))
        .where(
            Post.code == code,
            col(PostHolder.from_day) <= today,
            or_(col(PostHolder.to_day).is_(None), col(PostHolder.to_day) > today),
            is_or_stands_in(actor, col(PostHolder.user_id)),
        )
        .exists()
    )


class Grounds(StrEnum):
    """Why access to a child was given; shown to whoever asks, and kept with the opening."""

    CARE_ROOM = "care_room"
    HOMEROOM = "homeroom"
    TAUGHT = "taught"
    DROP_OUT = "drop_out"  # brings a child back that stays away
    WARNING_GROUP = "warning_group"  # sits in the working group around the child
    PAIR = "pair"  # is paired with the child


def grounds_for(session: Session, actor: Actor, *, student_id: int) -> Grounds | None:
    """Say why this actor may see this child, or None."""
    scopes = scopes_of(actor, Subject.IDENTITY)
    if Scope.ALL in scopes:
        return Grounds.CARE_ROOM
    for scope, kinds, grounds in (
        (Scope.OWN_CLASS, {ClassTeacherKind.HOMEROOM}, Grounds.HOMEROOM),
        (Scope.TAUGHT, set(ClassTeacherKind), Grounds.TAUGHT),
    ):
        children = _students_of_classes(actor, kinds)
        if scope in scopes and session.exec(children.where(ClassMembership.student_id == student_id)).first():
            return grounds
    if (Scope.OWN_PAIRS in scopes or _pairs_give(actor, Subject.IDENTITY)) and session.exec(
        students_of_pairs(actor).where(Pairing.student_id == student_id)
    ).first():
        return Grounds.PAIR
    if session.exec(_students_of_groups(actor).where(WarningGroup.student_id == student_id)).first():
        return Grounds.WARNING_GROUP
    return None


def sees_referrals(actor: Actor) -> ColumnElement[bool]:
    """Return the row filter on Referral: which ones this actor may know of at all.

    Suspected abuse is for the lead and named leaders only; who registered one still sees that it was received.
    """
    scopes = scopes_of(actor, Subject.REFERRAL)
    own = or_(col(Referral.registered_by_id) == actor.user_id, col(Referral.referred_by_id) == actor.user_id)
    if actor.has_role(Role.LEAD):
        return true()
    visible = own
    if Scope.ALL in scopes:
        visible = or_(visible, col(Referral.is_suspected_abuse).is_(False))
    elif Scope.STATE_OF_CLASS_OWN_FULL in scopes:
        of_class = col(Referral.student_id).in_(_students_of_classes(actor, {ClassTeacherKind.HOMEROOM}))
        visible = or_(visible, and_(of_class, col(Referral.is_suspected_abuse).is_(False)))
    if is_protection_leader(actor):
        visible = or_(visible, col(Referral.is_suspected_abuse))
    return visible if scopes or is_protection_leader(actor) else false()


_CARE_WORK = (
    "referral.%",
    "assessment.%",
    "case.%",
    "conference.%",
    "plan.%",
    "record.%",
    "tier.%",
    "archive.%",
    "outward.%",
    "screening.%",
    "warning.%",
)

_FILE_OPENINGS = ("student.opened", "contact.opened", "drop_out.opened")


def sees_events(actor: Actor) -> ColumnElement[bool]:
    """Return the row filter on AuditEvent: the own ones, for the lead also openings of files and the care work."""
    scopes = scopes_of(actor, Subject.AUDIT)
    if Scope.WITHOUT_WORDS in scopes:
        return true()
    own = col(AuditEvent.actor_id) == actor.user_id if actor.user_id is not None else false()
    if Scope.OWN_OPENINGS_AND_CASES in scopes:
        about_cases = [col(AuditEvent.action).like(pattern) for pattern in _CARE_WORK]
        return or_(own, col(AuditEvent.action).in_(_FILE_OPENINGS), *about_cases)
    return own if scopes else false()


def sees_referral_words(actor: Actor, referral: Referral) -> bool:
    """Say whether the actor may read a referral's words, not only that it exists."""
    if referral.is_suspected_abuse:
        return is_protection_leader(actor)
    if Scope.ALL in scopes_of(actor, Subject.REFERRAL):
        return True
    is_own = actor.user_id is not None and actor.user_id in (referral.registered_by_id, referral.referred_by_id)
    return is_own and Scope.STATE_OF_CLASS_OWN_FULL in scopes_of(actor, Subject.REFERRAL)


def reads_own_referrals(actor: Actor) -> bool:
    """Say whether what the actor refers stays readable to the actor, and can be completed until it is assessed."""
    return not scopes_of(actor, Subject.REFERRAL).isdisjoint({Scope.ALL, Scope.STATE_OF_CLASS_OWN_FULL})


def sees_cases(actor: Actor) -> ColumnElement[bool]:
    """Return the row filter on Case, joined with its Referral: all, or the own ones and those one was asked into.

    A case that grew out of suspected abuse is for the lead and named leaders only.
    """
    scopes = scopes_of(actor, Subject.CASE)
    if Scope.ALL in scopes:
        return true()
    visible: ColumnElement[bool] = false()
    if Scope.OWN_AND_MEMBER in scopes:
        member = (
            select(CaseConference.case_id)
            .join(ConferenceParticipant, col(ConferenceParticipant.conference_id) == col(CaseConference.id))
            .where(ConferenceParticipant.user_id == actor.user_id)
        )
        visible = or_(col(Case.owner_id) == actor.user_id, col(Case.id).in_(member))
        if not is_protection_leader(actor):
            visible = and_(visible, col(Referral.is_suspected_abuse).is_(False))
    if is_protection_leader(actor):
        visible = or_(visible, col(Referral.is_suspected_abuse))
    return visible


def sees_plans(actor: Actor) -> ColumnElement[bool]:
    """Return the row filter on SupportPlan, joined with its Case and that one's Referral, if it has one.

    Of a case: who may open the case. Of a child without one: the lead, and who made it.
    """
    scopes = scopes_of(actor, Subject.CASE)
    if Scope.ALL in scopes:
        return true()
    visible = and_(col(SupportPlan.case_id).is_not(None), sees_cases(actor))
    if Scope.OWN_AND_MEMBER in scopes:
        visible = or_(visible, and_(col(SupportPlan.case_id).is_(None), col(SupportPlan.owner_id) == actor.user_id))
    return visible


def sees_outward(actor: Actor) -> ColumnElement[bool]:
    """Return the row filter on OutwardReferral: all for the head of the room; else the own, and those of seen cases.

    Whoever follows one keeps it whatever is marked afterwards (0018): it carries its own words, and none of the case's.
    """
    scopes = scopes_of(actor, Subject.CASE)
    if Scope.ALL in scopes:
        return true()
    if actor.user_id is None or Scope.OWN_AND_MEMBER not in scopes:
        return false()
    of_case = select(Case.id).join(Referral, col(Referral.id) == col(Case.referral_id)).where(sees_cases(actor))
    own = or_(col(OutwardReferral.owner_id) == actor.user_id, col(OutwardReferral.recorded_by_id) == actor.user_id)
    return or_(own, col(OutwardReferral.case_id).in_(of_case))
