"""What PostgreSQL believes to be in its tables, from which it chooses how to answer."""

from sqlalchemy import text
from sqlmodel import Session


def count_rows_anew(session: Session) -> None:
    """Have PostgreSQL look at its tables now, this transaction's own rows included; nothing on SQLite.

    For a transaction that writes a school's worth of rows: looked at by the server itself in the middle of it, the
    tables count as empty, and one question on them took it more than an hour (seen).
    """
    if session.get_bind().dialect.name == "postgresql":
        session.flush()
        session.connection().execute(text("ANALYZE (SKIP_LOCKED)"))
