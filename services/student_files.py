"""One child's file: everything this actor may see of it, and who has opened it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from db.sealing import seal, unseal
from db.tables import (
    AppUser,
    ClassMembership,
    ClassTeacher,
    ContactOpening,
    DropOut,
    EnrolmentState,
    Gender,
    Guardian,
    GuardianKind,
    SchoolClass,
    Student,
    Whereabouts,
)
from services import audit, clock
from services.access import Permission, Scope, Subject, allows, permitted, scopes_of
from services.actors import Actor
from services.card_parts import CardPart, read_missing
from services.category_lists import CategoryEntry, categories_of
from services.child_support import ChildSupport, OpenCase, PlanLine, list_support
from services.classes import class_label, teaches_as_homeroom
from services.errors import NotAllowed, NotFound
from services.exchange.values import age_in_years
from services.fields import LINE, Checker
from services.left_behind import StateMarker, state_marker
from services.openings import is_noted, noted, waits_to_be_noted
from services.row_filters import Grounds, grounds_for, sees_students
from services.student_entries import masked
from services.student_lists import needs_care
from services.student_rights import writes_students
from services.students import is_in_class, shown_class

CONTACT_OPEN_FOR = timedelta(minutes=15)
# What somebody who opened the card with a reason is not shown: it was opened to call somebody.
_BESIDE_PHONES: dict[str, Any] = dict.fromkeys(("workplace", "address", "age", "occupation", "health", "whereabouts"))


@dataclass(frozen=True, slots=True)
class ClassStay:
    """A child's time in one class, half-open; no end for the class it is in."""

    label: str
    school_year: int
    from_day: date
    to_day: date | None


@dataclass(frozen=True, slots=True)
class GuardianCard:
    """A parent or guardian; whoever opened the card with a reason gets names and phones only."""

    id: int
    version: int
    kind: GuardianKind
    name: str | None
    relation: str | None
    is_primary: bool
    phone: str | None
    second_phone: str | None
    workplace: str | None
    address: str | None
    age: int | None
    occupation: str | None
    health: str | None
    whereabouts: Whereabouts | None

    @property
    def is_unnamed(self) -> bool:
        """Whether nobody said who this is: a list gave the guardian's telephone alone (E-03)."""
        return self.kind is GuardianKind.OTHER and not self.name and not self.relation


@dataclass(frozen=True, slots=True)
class ContactCard:
    """The contact card, as far as this actor may read it."""

    birth_day: date | None
    age: int | None
    ethnicity: str | None
    is_boarding: bool | None
    address: str | None
    residence: str | None
    id_number_masked: str | None
    note: str | None
    guardians: tuple[GuardianCard, ...]
    missing: tuple[CardPart, ...] | None  # None: opened with a reason, which shows phones only
    open_until: datetime | None  # opened with a reason; None: by right


@dataclass(frozen=True, slots=True)
class StudentFile:
    """Everything of a child that this actor may see; what it may not see is None."""

    id: int
    version: int
    name: str
    gender: Gender
    student_no: str | None
    state: EnrolmentState
    entered_on: date | None
    left_on: date | None
    class_id: int | None
    class_label: str
    homeroom_name: str | None
    class_history: tuple[ClassStay, ...]
    card: ContactCard | None
    can_open_card: bool  # with a reason
    categories: tuple[CategoryEntry, ...] | None
    state_marker: StateMarker | None  # whether the State counts the child as left behind
    needs_care: bool
    stays_away: bool  # does not come to school and is followed (E-16)
    cases: tuple[OpenCase, ...]  # under way, as far as this actor may open them
    plans: tuple[PlanLine, ...]  # the same
    grounds: Grounds | None
    may_write: bool
    may_write_categories: bool
    is_opening_noted: bool


@permitted(Permission.STUDENT_READ)
def find_student(session: Session, actor: Actor, *, student_id: int) -> StudentFile:
    """Return a child's file as far as this actor may see it. Note the opening with `note_opening`.

    The id of an entry that was merged leads to the kept one's file.

    Raises:
        NotFound: there is no such child, or the actor may not see it.
    """
    found = _visible(session, actor, student_id)
    student: Student = found[0]
    student_id = student.id or 0  # the kept one, where the address names an entry that was merged into it
    gives_reason = not found.sees_card and Scope.WITH_REASON in scopes_of(actor, Subject.CONTACT)
    opening = _open_contact(session, actor, student_id) if gives_reason else None
    categories = categories_of(session, student_id) if found.sees_categories else None
    support = ChildSupport((), ())
    if allows(actor, Permission.CASE_READ, Permission.ABUSE_HANDLE):
        support = list_support(session, actor, student_id=student_id)
    return StudentFile(
        id=student_id,
        version=student.version,
        name=student.name,
        gender=student.gender,
        student_no=student.student_no,
        state=student.state,
        entered_on=student.entered_on,
        left_on=student.left_on,
        class_id=found.class_id,
        class_label=shown_class(found.grade, found.number, student.state),
        homeroom_name=found.homeroom_name,
        class_history=_class_history(session, student_id),
        card=_card(session, student, opening) if found.sees_card or opening else None,
        can_open_card=not found.sees_card
        and opening is None
        and Scope.WITH_REASON in scopes_of(actor, Subject.CONTACT),
        categories=categories,
        state_marker=_state_marker(student, categories or ()),
        needs_care=needs_care(session, actor, student_id),
        stays_away=bool(found.stays_away) and bool(found.sees_categories),
        cases=support.cases,
        plans=support.plans,
        grounds=grounds_for(session, actor, student_id=student_id),
        may_write=bool(found.is_writable) and allows(actor, Permission.STUDENT_WRITE),
        may_write_categories=bool(found.writes_categories) and allows(actor, Permission.CATEGORY_WRITE),
        is_opening_noted=bool(found.is_noted)
        or waits_to_be_noted(session, actor, audit.Action.STUDENT_OPENED, student_id=student_id),
    )


@permitted(Permission.STUDENT_READ)
def is_opening_noted(session: Session, actor: Actor, *, student_id: int) -> bool:
    """Say whether the actor's opening of this file is noted within 30 minutes."""
    return is_noted(session, actor, audit.Action.STUDENT_OPENED, student_id=student_id)


@permitted(Permission.STUDENT_READ)
def note_opening(session: Session, actor: Actor, *, student_id: int) -> None:
    """Note that the actor opened this file, and why it was given: once per person, file and 30 minutes.

    Raises:
        NotFound: there is no such child, or the actor may not see it.
    """
    # The child's row is locked, so that two tabs of one person don't both note it.
    if session.exec(
        select(Student.id).where(Student.id == student_id, sees_students(actor)).with_for_update(key_share=True)
    ).first():
        if not is_noted(session, actor, audit.Action.STUDENT_OPENED, student_id=student_id):
            grounds = grounds_for(session, actor, student_id=student_id)
            audit.record(session, actor, audit.Action.STUDENT_OPENED, student_id=student_id, grounds=grounds)
        return
    raise NotFound


@permitted(Permission.STUDENT_READ)
def open_contact_with_reason(session: Session, actor: Actor, *, student_id: int, reason: str) -> datetime:
    """Let a subject teacher read a child's phones for 15 minutes, audited; return until when.

    Raises:
        NotFound: there is no such child, or the actor may not see it.
        NotAllowed: this actor's roles don't open phones, with or without a reason.
        FieldErrors: the reason is blank or too long.
    """
    _visible(session, actor, student_id)
    if Scope.WITH_REASON not in scopes_of(actor, Subject.CONTACT):
        raise NotAllowed
    check = Checker()
    text = check.required_text("reason", reason, limit=LINE)
    check.finish()
    now = clock.now()
    opening = ContactOpening(
        user_id=actor.id_of_staff, student_id=student_id, opened_at=now, expires_at=now + CONTACT_OPEN_FOR
    )
    seal(opening, "reason_sealed", text)
    session.add(opening)
    session.flush()
    audit.record(session, actor, audit.Action.CONTACT_OPENED, target=opening, student_id=student_id)
    return opening.expires_at


def _visible(session: Session, actor: Actor, student_id: int) -> Any:  # a row of more columns than the stubs can type
    """Return the child with its class, what this actor may do with it and has done, in one statement.

    Raises:
        NotFound: as said.
    """
    row = session.exec(
        select(
            Student,
            col(SchoolClass.id).label("class_id"),
            SchoolClass.grade,
            SchoolClass.number,
            col(AppUser.display_name).label("homeroom_name"),
            sees_students(actor, Subject.CONTACT).label("sees_card"),
            sees_students(actor, Subject.CATEGORY).label("sees_categories"),
            writes_students(actor).condition.label("is_writable"),
            writes_students(actor, Permission.CATEGORY_WRITE).condition.label("writes_categories"),
            noted(actor, audit.Action.STUDENT_OPENED, student_id=student_id).label("is_noted"),
            select(DropOut.id)
            .where(DropOut.student_id == Student.id, col(DropOut.closed_at).is_(None))
            .exists()
            .label("stays_away"),
        )  # type: ignore[call-overload]  # more columns than the stubs know
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .join(ClassTeacher, teaches_as_homeroom(), isouter=True)
        .join(AppUser, col(AppUser.id) == col(ClassTeacher.user_id), isouter=True)
        .where(Student.id == student_id, sees_students(actor))
    ).first()
    if row is None:
        kept_id = session.exec(select(Student.merged_into_id).where(Student.id == student_id)).first()
        if kept_id is None:
            raise NotFound
        return _visible(session, actor, kept_id)
    return row


def _class_history(session: Session, student_id: int) -> tuple[ClassStay, ...]:
    rows = session.exec(
        select(ClassMembership, SchoolClass)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id))
        .where(ClassMembership.student_id == student_id)
        .order_by(col(ClassMembership.from_day).desc(), col(ClassMembership.id).desc())
    ).all()
    return tuple(
        ClassStay(class_label(found.grade, found.number), found.school_year, stay.from_day, stay.to_day)
        for stay, found in rows
        if stay.to_day != stay.from_day  # put right on the same day
    )


def _card(session: Session, student: Student, opening: ContactOpening | None) -> ContactCard:
    guardians = session.exec(
        select(Guardian)
        .where(Guardian.student_id == student.id, col(Guardian.ended_at).is_(None))
        .order_by(col(Guardian.is_primary).desc(), col(Guardian.id))
    ).all()
    if opening is not None:
        phones = tuple(replace(guardian_card(each), **_BESIDE_PHONES) for each in guardians)
        return ContactCard(None, None, None, None, None, None, None, None, phones, None, opening.expires_at)
    return ContactCard(
        birth_day=student.birth_day,
        age=age_in_years(student.birth_day, today=clock.today()),
        ethnicity=student.ethnicity,
        is_boarding=student.is_boarding,
        address=unseal(student, "address_sealed"),
        residence=unseal(student, "residence_sealed"),
        id_number_masked=masked(unseal(student, "id_number_sealed")),
        note=unseal(student, "note_sealed"),
        guardians=tuple(guardian_card(each) for each in guardians),
        missing=read_missing(student.card_missing),
        open_until=None,
    )


def guardian_card(guardian: Guardian) -> GuardianCard:
    """Return a guardian as the contact card and its form show it."""
    return GuardianCard(
        id=guardian.id or 0,
        version=guardian.version,
        kind=guardian.kind,
        name=guardian.name,
        relation=guardian.relation,
        is_primary=guardian.is_primary,
        phone=unseal(guardian, "phone_sealed"),
        second_phone=unseal(guardian, "second_phone_sealed"),
        workplace=unseal(guardian, "workplace_sealed"),
        address=unseal(guardian, "address_sealed"),
        age=clock.today().year - guardian.birth_year if guardian.birth_year else None,
        occupation=unseal(guardian, "occupation_sealed"),
        health=unseal(guardian, "health_sealed"),
        whereabouts=guardian.whereabouts,
    )


def _state_marker(student: Student, categories: Iterable[CategoryEntry]) -> StateMarker | None:
    kind = next((each.left_behind_kind for each in categories if each.left_behind_kind and not each.to_day), None)
    return state_marker(kind, birth_day=student.birth_day, is_rural=student.is_rural, today=clock.today())


def _open_contact(session: Session, actor: Actor, student_id: int) -> ContactOpening | None:
    return session.exec(
        select(ContactOpening)
        .where(
            ContactOpening.user_id == actor.user_id,
            ContactOpening.student_id == student_id,
            ContactOpening.expires_at > clock.now(),
        )
        .order_by(col(ContactOpening.expires_at).desc())
    ).first()
