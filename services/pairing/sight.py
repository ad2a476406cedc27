"""Which helpers somebody may know of, and whose phone: the care room all, a homeroom teacher those of the own class."""

from sqlalchemy import ColumnElement, false, or_, true
from sqlmodel import col, select

from db.tables import Helper, HelperKind, Pairing, Student
from services.access import Permission, Scope, Subject, acting_for, allows, scopes_of
from services.actors import Actor
from services.row_filters import is_or_stands_in, sees_students

_KNOWN_TO_TEACHERS = (HelperKind.STAFF, HelperKind.VOLUNTEER, HelperKind.PARTY_CADRE)


def sees_helpers(actor: Actor) -> ColumnElement[bool]:
    """Return the row filter on Helper: staff, volunteers and cadres for whoever pairs children, others by relation."""
    if not allows(actor, Permission.PAIRING_READ):
        return is_or_stands_in(actor, col(Helper.user_id))
    if sees_all(actor):
        return true()
    return or_(col(Helper.kind).in_(_KNOWN_TO_TEACHERS), is_of_own_children(actor))


def reads_contact(actor: Actor) -> ColumnElement[bool]:
    """Return the row filter on Helper: whose phone and note the actor may read."""
    if not allows(actor, Permission.PAIRING_READ):
        return false()
    return true() if sees_all(actor) else is_of_own_children(actor)


def is_of_own_children(actor: Actor) -> ColumnElement[bool]:
    """Return whether the actor registered a helper, or a child of the own class is paired with it."""
    own = (
        select(Pairing.helper_id).join(Student, col(Student.id) == col(Pairing.student_id)).where(sees_pairs_of(actor))
    )
    return or_(is_or_stands_in(actor, col(Helper.recorded_by_id)), col(Helper.id).in_(own))


def sees_all(actor: Actor) -> bool:
    """Say whether the actor pairs the children of the whole school."""
    return Scope.ALL in scopes_of(acting_for(actor, Permission.PAIRING_READ), Subject.IDENTITY)


def sees_pairs_of(actor: Actor) -> ColumnElement[bool]:
    """Return the row filter on Student: of whose pairs the actor reads: all, or the own class's."""
    return sees_students(acting_for(actor, Permission.PAIRING_READ))
