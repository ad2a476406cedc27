"""One click is one short transaction; the audit events it collected are its last statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlmodel import Session

from db.audit_chain import append_collected
from db.engine import ONE_MOMENT, WRITE, runtime

_kept: ContextVar[dict[str, Any] | None] = ContextVar("kept_for_one_run", default=None)
_READS_ONLY = "care_reads_only"


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
    """
    with Session(runtime().engine, expire_on_commit=False) as session:
        session.connection(execution_options=WRITE)
        yield session
        session.flush()
        append_collected(session)
        session.commit()
    if (kept := _kept.get()) is not None:
        kept.clear()


@contextmanager
def reading() -> Iterator[Session]:
    """Open a reading transaction: one consistent view, nothing is kept of what it changes."""
    with Session(runtime().engine, expire_on_commit=False, autoflush=False) as session:
        session.info[_READS_ONLY] = True
        if session.get_bind().dialect.name == "postgresql":  # by default each statement there sees another moment
            session.connection(execution_options=ONE_MOMENT)
        yield session
