"""What the form of a referral out of the school needs: the child, its consent, who may follow it (C-08)."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from db.tables import AppUser, ClassMembership, ConsentAnswer, ConsentPurpose, RoleGrant, SchoolClass, Student
from services import clock
from services.access import HOLDERS, Permission, permitted
from services.actors import Actor
from services.calendar import load_calendar
from services.consents import current_consent
from services.errors import NotFound
from services.row_filters import sees_students
from services.students import is_in_class, shown_class


@dataclass(frozen=True, slots=True)
class OutwardForm:
    """What the form of a child's referral out says beside its fields."""

    child: str
    class_label: str
    consent: ConsentAnswer | None
    consent_on: date | None
    owners: dict[int, str]
    answer_days: int
    follow_up_days: int


@permitted(Permission.OUTWARD_REFER)
def open_form(session: Session, actor: Actor, *, student_id: int) -> OutwardForm:
    """Return what the form needs; four statements.

    Raises:
        NotFound: there is no such child this actor may see.
    """
    found = session.execute(
        select(Student.name, Student.state, SchoolClass.grade, SchoolClass.number)
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .where(Student.id == student_id, sees_students(actor))
    ).first()
    if found is None:
        raise NotFound
    consent = current_consent(session, student_id=student_id, purpose=ConsentPurpose.REFERRAL)
    numbers, today = load_calendar(session).numbers, clock.today()
    return OutwardForm(
        child=found.name,
        class_label=shown_class(found.grade, found.number, found.state),
        consent=consent.answer if consent else None,
        consent_on=consent.day if consent else None,
        owners=list_followers(session, actor),
        answer_days=numbers.on("C-08.feedback_on_outward_days", today),
        follow_up_days=numbers.on("C-09.follow_up_every_days", today),
    )


@permitted(Permission.OUTWARD_REFER)
def list_followers(session: Session, actor: Actor) -> dict[int, str]:
    """Return who may follow a referral out, by name: the care room's own staff."""
    rows = session.exec(
        select(AppUser.id, AppUser.display_name)
        .where(col(AppUser.is_active), is_of_care_room())
        .order_by(AppUser.display_name, col(AppUser.id))
    ).all()
    return {user_id or 0: name for user_id, name in rows}


def is_of_care_room() -> ColumnElement[bool]:
    """Return the filter on staff who may follow a child referred out."""
    holders = select(RoleGrant.user_id).where(
        col(RoleGrant.role).in_(HOLDERS[Permission.OUTWARD_REFER]), col(RoleGrant.ended_at).is_(None)
    )
    return col(AppUser.id).in_(holders)
