"""What home says of excuses: how many wait for this person's yes."""

from collections.abc import Iterator, Sequence
from datetime import time
from typing import Any

from sqlmodel import Session, col, select

from db.tables import AppUser, ClauseExcuse, ExcuseState, Role
from services import clock
from services.access import Permission, allows
from services.actors import Actor
from services.asking_together import Fact, asked
from services.duties import Duty, DutyGroup, DutyKind
from services.regulations.excuses import read_answerers
from services.second_answers import is_head
from services.time_line.parts import LocalDay

EXCUSE_LINE = DutyKind.ANSWER_EXCUSE
"""What its rows are told apart by from what others ask in the same statement."""


def excuse_parts(actor: Actor) -> list[Any]:
    """Return what home asks about excuses for this person, in asking_together's shape: those that may wait for them."""
    if not allows(actor, Permission.EXCUSE_AGREE):
        return []
    waits = asked(
        EXCUSE_LINE, of_id=col(ClauseExcuse.id), fourth=col(ClauseExcuse.asked_by_id),
        day=LocalDay(col(ClauseExcuse.asked_at)),
    ).where(
        col(ClauseExcuse.state) == ExcuseState.WAITING,
        col(ClauseExcuse.asked_by_id).is_distinct_from(actor.user_id),
    )  # fmt: skip
    if actor.has_role(Role.LEAD):
        return [waits]
    # A head who did not ask answers before anybody else.
    other_head = select(col(AppUser.id)).where(is_head(), col(AppUser.id).is_distinct_from(ClauseExcuse.asked_by_id))
    return [waits.where(~other_head.correlate(ClauseExcuse).exists())]


def of_excuses(session: Session, actor: Actor, rows: Sequence[Fact]) -> Iterator[Duty]:
    """Yield one line for all that wait for this person; further statements only where something may."""
    waiting = [row for row in rows if row.about == EXCUSE_LINE]
    askers = {row.fourth for row in waiting}
    if askers and not actor.has_role(Role.LEAD):
        answerers = read_answerers(session, actor)
        askers = {each for each in askers if actor.user_id in dict(answerers.of(each))}
    days = [row.day for row in waiting if row.fourth in askers and row.day is not None]
    if days:
        since = clock.at_school(min(days), time(8))
        yield Duty(DutyKind.ANSWER_EXCUSE, DutyGroup.WAITING, since=since, labels=(f"{len(days):,}",))
