"""What children referred out of the school ask of who follows them: part of the one statement home asks of children."""

from datetime import datetime
from typing import Any

from sqlalchemy import Integer, cast, null, union_all
from sqlmodel import col, select

from db.tables import OutwardReferral
from services.access import Permission, allows
from services.actors import Actor
from services.calendar import SchoolCalendar
from services.classes import known_class
from services.duties import Duty, DutyKind, group_of
from services.outward_views import next_step, owes_outward


def with_outward(actor: Actor, due: Any) -> Any:  # subqueries of more columns than the stubs can type
    """Return what is due by id with what this person follows out of the school, each part blank for the other."""
    outward_id = "outward_id"
    if not allows(actor, Permission.OUTWARD_REFER):
        return select(due, cast(null(), Integer).label(outward_id)).subquery()
    columns: list[Any] = [
        *(cast(null(), each.type).label(each.key) for each in due.c), col(OutwardReferral.id).label(outward_id)
    ]  # fmt: skip
    own = select(*columns).where(owes_outward(actor))
    return union_all(select(due, cast(null(), Integer).label(outward_id)), own).subquery()


def columns_of_outward() -> list[Any]:
    """Return what a line says of one: no sealed word."""
    return [
        col(OutwardReferral.id).label("outward_id"),
        OutwardReferral.target_kind,
        OutwardReferral.referred_on,
        OutwardReferral.answered_on,
        OutwardReferral.last_followed_on,
        col(OutwardReferral.owner_id).label("follower_id"),
    ]


def outward_duty(actor: Actor, found: Any, *, calendar: SchoolCalendar, now: datetime) -> Duty:
    """A child to be asked after, until it has ended: whether the body answered, how the child fares."""
    step = next_step(found, calendar=calendar, now=now)
    return Duty(
        DutyKind.OUTWARD_ANSWER if step.clause_id == "C-08" else DutyKind.OUTWARD_FOLLOW_UP,
        group_of(step.due_at, now=now),
        due_at=step.due_at,
        child=found.child,
        class_label=known_class(found.grade, found.number),
        owner_name=found.case_owner_name,
        is_mine=found.follower_id == actor.user_id,
        labels=(found.target_kind.label,),
        target_id=found.outward_id,
    )
