"""Who looked at what: the events of two school years, in the order of time, without their words."""

import heapq
from collections.abc import Iterator
from datetime import datetime

from db.audit_chain import Note, append
from db.tables import Role
from services import clock
from services.audit import Action
from services.demonstration.plan import Child, Deed, Person, Plan
from services.demonstration.writer import Writer

PER_CHILD = 200  # in two school years
SIGN_INS = 0.08
CARDS = 0.2


def fill(plan: Plan, writer: Writer) -> int:
    """Append every event to the chain; returns how many."""
    writer.flush()  # an event names accounts that are there
    plan.deeds.sort()
    return append(writer.session, map(_note, heapq.merge(plan.deeds, _looks(plan))))


def _note(deed: Deed) -> Note:
    return Note(
        at=deed.at,
        actor_id=deed.actor_id,
        actor_label=None,
        action=deed.action,
        target_table=deed.target_table,
        target_id=deed.target_id,
        student_id=deed.student_id,
    )


def _looks(plan: Plan) -> Iterator[Deed]:
    """Yield signing in and opening files, day by day."""
    days = plan.school_days()
    left = max(0, plan.students * PER_CHILD - len(plan.deeds))
    care = plan.of_role(Role.LEAD, Role.COUNSELLOR)
    for number, day in enumerate(days):
        count = left * (number + 1) // len(days) - left * number // len(days)
        moments = sorted(plan.moment(day, first_hour=7, last_hour=18) for _ in range(count))
        yield from sorted(_look(plan, at, care) for at in moments if at <= clock.now())


def _look(plan: Plan, at: datetime, care: list[Person]) -> Deed:
    inventor = plan.inventor
    child: Child = inventor.random.choice(plan.children)
    who = child.homeroom_id if inventor.chance(0.6) else inventor.random.choice(care).id
    if inventor.chance(SIGN_INS):
        return Deed(at, who, Action.SIGNED_IN.value)
    action = Action.CONTACT_OPENED if inventor.chance(CARDS) else Action.STUDENT_OPENED
    return Deed(at, who, action.value, "student", child.id, child.id)
