"""One click is one short transaction; the audit events it collected are its last statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from db.audit_chain import append_collected
from db.engine import ONE_MOMENT, WRITE, runtime
from db.errors import CrossedEachOther
from db.written import count_written

_kept: ContextVar[dict[str, Any] | None] = ContextVar("kept_for_one_run", default=None)
_READS_ONLY = "care_reads_only"
_CROSSED = frozenset({"40P01", "40001", "55P03"})  # PostgreSQL: deadlock, no one order of the two, lock not to be had
_LOCKED = ("database is locked", "database table is locked")  # SQLite, once the wait for the write lock is over


@contextmanager
def one_run() -> Iterator[None]:
    """Let what is the same for everybody be read once, until the run of a page ends or it writes."""
    handle = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(handle)


def kept_for_one_run(session: Session) -> dict[str, Any] | None:
    """Return what this run has read so far; None outside a run, and for a session that may write."""
    return _kept.get() if session.info.get(_READS_ONLY) else None


def reads_only(session: Session) -> bool:
    """Say whether nothing is kept of what this session changes; it may hold no rows either."""
    return bool(session.info.get(_READS_ONLY))


@contextmanager
def transaction() -> Iterator[Session]:
    """Open a writing transaction: committed at the end, rolled back whole on any exception.

    On SQLite it begins with the write lock, so that two who check and then write can't both succeed.

    Raises:
        CrossedEachOther: somebody else's transaction was in the way; the same act, done again, goes through.
    """
    try:
        with Session(runtime().engine, expire_on_commit=False) as session:
            session.connection(execution_options=WRITE)
            yield session
            session.flush()
            count_written(session)
            append_collected(session)
            session.commit()
    except DBAPIError as error:
        if not has_crossed(error):
            raise
        raise CrossedEachOther from error
    if (kept := _kept.get()) is not None:
        kept.clear()


def has_crossed(error: DBAPIError) -> bool:
    """Say whether the database broke an act off because of somebody else's, not because of what is wrong with it."""
    if getattr(error.orig, "sqlstate", None) in _CROSSED:
        return True
    return type(error.orig).__name__ == "OperationalError" and any(words in str(error.orig) for words in _LOCKED)


@contextmanager
def reading() -> Iterator[Session]:
    """Open a reading transaction: one consistent view, nothing is kept of what it changes."""
    with Session(runtime().engine, expire_on_commit=False, autoflush=False) as session:
        session.info[_READS_ONLY] = True
        if session.get_bind().dialect.name == "postgresql":  # by default each statement there sees another moment
            session.connection(execution_options=ONE_MOMENT)
        yield session
