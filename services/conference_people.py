"""Who meets in a conference: who may be asked to it, and checking who is named (D-08)."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, select

from db.tables import AppUser, Role, RoleGrant
from services.account_lists import StaffName, list_staff
from services.actors import Actor
from services.fields import SHORT, Checker, clean
from services.referrals import knows_of_abuse

LEAST_PARTICIPANTS = 2
MOST_GUESTS = 20
MEETING_ROLES = frozenset(
    {Role.LEAD, Role.COUNSELLOR, Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.MENTOR, Role.LEADERSHIP}
)
"""Who may be asked to a conference (D-08): not who looks after computers or money, nor who checks the school."""
STAFF_WORDS = ("老师", "教师", "班主任")


def people_to_ask(session: Session, actor: Actor, *, is_suspected_abuse: bool) -> dict[int, StaffName]:
    """Return who may be asked to a conference and carry out what it decides, by id."""
    may_know = set(session.exec(select(AppUser.id).where(knows_of_abuse())).all()) if is_suspected_abuse else None
    staff = list_staff(session, actor, roles=MEETING_ROLES)
    return {each.id: each for each in staff if may_know is None or each.id in may_know}


def may_meet() -> ColumnElement[bool]:
    """Return the filter on accounts that `people_to_ask` is on staff: who works with children, or leads who does."""
    grants = select(RoleGrant.user_id).where(col(RoleGrant.role).in_(MEETING_ROLES), col(RoleGrant.ended_at).is_(None))
    return and_(col(AppUser.is_active), col(AppUser.id).in_(grants))


def check_people(
    session: Session,
    check: Checker,
    participant_ids: Collection[int],
    guests: Iterable[str],
    *,
    is_suspected_abuse: bool,
) -> list[str]:
    """A conference needs people by name; about suspected abuse nobody of the school but those who may know (D-08)."""
    names = check_guests(session, check, "guests", guests, is_suspected_abuse=is_suspected_abuse)
    if len(participant_ids) + len(names) < LEAST_PARTICIPANTS:
        check.add("participants", "too_few", limit=LEAST_PARTICIPANTS)
    if len(_people_who(session, participant_ids, may_meet())) < len(participant_ids):
        check.add("participants", "unknown")
    if is_suspected_abuse:
        if len(_people_who(session, participant_ids, knows_of_abuse())) < len(participant_ids):
            check.add("participants", "leaders_only")
        if not participant_ids:
            check.add("participants", "leader_needed")
    return names


def check_guests(
    session: Session, check: Checker, field: str, guests: Iterable[str], *, is_suspected_abuse: bool
) -> list[str]:
    """Return the names tidied. Police and authorities are guests of who may know of abuse; a colleague is no guest."""
    names = [name for typed in guests if (name := clean(typed))]
    if (longest := max(map(len, names), default=0)) > SHORT:
        check.add(field, "name_too_long", length=longest, limit=SHORT)
    if len(names) > MOST_GUESTS:
        check.add(field, "too_many", limit=MOST_GUESTS)
    if is_suspected_abuse:
        staff = session.exec(select(AppUser.display_name)).all()
        if any(name in guest for guest in names for name in (*STAFF_WORDS, *staff)):
            check.add(field, "officials_only")
    return names


def check_doer(session: Session, check: Checker, field: str, user_id: int | None, *, is_suspected_abuse: bool) -> int:
    """Somebody carries a decision out who could have been asked to decide it; 0 with the problem noted."""
    if user_id is None:
        check.add(field, "required")
    elif not _people_who(session, [user_id], may_meet()):
        check.add(field, "unknown")
    elif is_suspected_abuse and not _people_who(session, [user_id], knows_of_abuse()):
        check.add(field, "leaders_only")
    return user_id or 0


def _people_who(session: Session, ids: Collection[int], condition: ColumnElement[bool]) -> Sequence[int | None]:
    return session.exec(select(AppUser.id).where(col(AppUser.id).in_(ids), condition)).all()
