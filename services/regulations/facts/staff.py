"""Teachers, and who holds which child in a pair: for the shares that count staff (J-09, J-12)."""

from sqlalchemy import select
from sqlmodel import Session, col

from db.tables import AppUser, Helper, Pairing, PairingRole, Role, RoleGrant
from services.regulations.facts.reach import Asked

TEACHING = (Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.COUNSELLOR, Role.MENTOR)


def read_teachers(session: Session) -> frozenset[int]:
    """Return the accounts of everybody who teaches, as it is today; one statement."""
    rows = session.execute(
        select(col(AppUser.id))
        .join(RoleGrant, col(RoleGrant.user_id) == col(AppUser.id))
        .where(col(AppUser.is_active), col(RoleGrant.ended_at).is_(None), col(RoleGrant.role).in_(TEACHING))
        .distinct()
    )
    return frozenset(rows.scalars())


def read_paired_accounts(session: Session, asked: Asked, *, role: PairingRole | None) -> dict[int, int]:
    """Return who of the staff has a child on the day, in this role or any, with one of their pairs; one statement."""
    wanted = (
        select(col(Helper.user_id), col(Pairing.id))
        .join(Pairing, col(Pairing.helper_id) == col(Helper.id))
        .where(
            col(Helper.user_id).is_not(None),
            col(Pairing.from_day) <= asked.on,
            col(Pairing.to_day).is_(None) | (col(Pairing.to_day) > asked.on),
        )
        .order_by(col(Pairing.id))
    )
    if role is not None:
        wanted = wanted.where(col(Pairing.role) == role)
    return {user_id: pairing_id for user_id, pairing_id in session.execute(wanted) if user_id is not None}
