"""Rules about a whole table, decided by one transaction at a time."""

from enum import IntEnum

from sqlalchemy import text
from sqlmodel import Session

_OURS = 7_223  # the first half of PostgreSQL's lock numbers; the chain of events has a number of its own


class Turn(IntEnum):
    """What two transactions must not decide at once."""

    ACCOUNTS = 1  # that somebody can still manage them
    SCHOOL = 2  # that terms don't overlap, a class is there once and excused once
    SIGN_IN = 3  # how often somebody has missed
    IMPORT = 4  # which stored child a row means
    RETENTION = 8  # what is removed is what was shown
    POSTS = 9  # who holds a post, sits in a group, or stands in for whom


def take_turn(session: Session, turn: Turn) -> None:
    """Wait until no other transaction holds this turn; it is held to the end of this one.

    On SQLite every writing transaction holds all of them from its beginning.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:ours, :turn)"), {"ours": _OURS, "turn": turn})
