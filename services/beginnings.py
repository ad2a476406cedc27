"""The first days of a school that has only been set up: what is still to be brought in, in order."""

from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import Session, col, exists, select

from db.tables import AppUser, RoleGrant, Student
from services import clock
from services.access import Permission, permitted
from services.account_lists import TEAM_ROLES
from services.actors import Actor
from services.calendar import load_calendar


class Beginning(StrEnum):
    """One thing without which nothing else can be done, in the order it is best done."""

    TERM = "term"  # due times count from it
    ROSTER = "roster"  # brings the classes along, which homeroom teachers are then given
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class FirstStep:
    """One of the first steps, and whether it is done."""

    step: Beginning
    is_done: bool


@permitted(Permission.STUDENT_IMPORT)
def list_first_steps(session: Session, actor: Actor) -> tuple[FirstStep, ...]:
    """Return the first steps while one is still to be done, nothing from then on; one statement."""
    today = clock.today()
    has_term = any(today <= term.last_day for term in load_calendar(session).terms)
    colleagues = exists().where(
        col(RoleGrant.user_id) == col(AppUser.id),
        col(RoleGrant.ended_at).is_(None),
        col(RoleGrant.role).in_(sorted(TEAM_ROLES)),
        col(AppUser.is_active),
        col(AppUser.id) != actor.user_id,
    )
    has_children, has_staff = session.exec(select(exists(select(Student.id)), colleagues)).one()
    done = {Beginning.TERM: has_term, Beginning.ROSTER: bool(has_children), Beginning.STAFF: bool(has_staff)}
    return () if all(done.values()) else tuple(FirstStep(step, done[step]) for step in Beginning)
