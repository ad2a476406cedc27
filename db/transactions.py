"""One click is one short transaction; the audit events it collected are its last statements."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlmodel import Session

from db.audit_chain import append_collected
from db.engine import ONE_MOMENT, WRITE, runtime


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


@contextmanager
def reading() -> Iterator[Session]:
    """Open a reading transaction: one consistent view, nothing is kept of what it changes."""
    with Session(runtime().engine, expire_on_commit=False, autoflush=False) as session:
        if session.get_bind().dialect.name == "postgresql":  # by default each statement there sees another moment
            session.connection(execution_options=ONE_MOMENT)
        yield session
