"""Carrying out an agreed removal: one transaction a child, so that a power cut leaves no child by halves."""

from collections.abc import Callable

from db.engine import runtime
from db.scrubbing import scrub
from db.transactions import transaction
from services import retention
from services.actors import Actor

Told = Callable[[int], None]
"""Is told how many children still wait."""


def remove_all(actor: Actor, *, run_id: int, told: Told | None = None) -> bool:
    """Remove what still waits, then clear free pages and log; False where others were at work and that must wait.

    Raises:
        NotFound: there is no such run, or nobody has agreed to it.
    """
    left = 1
    while left:
        with transaction() as session:
            left = retention.remove_next(session, actor, run_id=run_id)
        if told is not None:
            told(left)
    return scrub(runtime())
