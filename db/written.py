"""Which tables a transaction wrote to, and about which children: what was computed from others still stands."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy import inspect as inspect_row
from sqlalchemy.sql.dml import Update, UpdateBase
from sqlmodel import Session

_WRITTEN = "care_written_tables"
_BY_ROWS = "care_written_by_rows"
NOT_COUNTED = frozenset({"audit_event", "sign_in_session", "login_throttle", "draft", "system_fact", "backup_run"})
"""Nothing is ever computed from these, and some are written to on nearly every click."""

CHILD_OF = {
    "care_record": "student_id",
    "check_finding": "student_id",
    "class_membership": "student_id",
    "clause_excuse": "student_id",
    "consent": "student_id",
    "contact_card_version": "student_id",
    "enrolment_change": "student_id",
    "pairing": "student_id",
    "psych_archive": "student_id",
    "referral": "student_id",
    "screening_result": "student_id",
    "student": "id",
    "student_category": "student_id",
    "term_entry": "student_id",
}
"""Tables of which each row is about one child, and the column that says which."""

COUNTED_OF_STUDENT = frozenset({"entered_on", "left_on", "merged_into_id", "state"})
"""What anything is computed from, of a child's own row: a new phone number or note changes no figure."""

MOST_CHILDREN = 20  # in one transaction: of more, nothing is noted, and everything is computed again
_REMEMBERED = 100  # writes to each table of which the children are remembered

_COUNT = text(
    "INSERT INTO table_version (name, version) VALUES (:name, 1) "
    "ON CONFLICT (name) DO UPDATE SET version = table_version.version + 1"
)
_NOTE_CHILD = text(
    "INSERT INTO child_version (name, version, child_id) "
    "SELECT name, version, :child_id FROM table_version WHERE name = :name"
)
_FORGET_OLD = text(
    "DELETE FROM child_version WHERE name = :name "
    "AND version <= (SELECT version FROM table_version WHERE name = :name) - :remembered"
)

_Written = dict[str, set[int] | None]  # a table's children; None: nobody knows which


def follow_writes(engine: Engine) -> None:
    """Have an engine note, until a transaction ends, which tables it writes to."""
    event.listen(engine, "begin", _forget)
    event.listen(engine, "before_execute", _note)
    event.listen(engine, "rollback_savepoint", _rows_broken_off)


def _forget(connection: Connection) -> None:
    connection.info.pop(_WRITTEN, None)
    connection.info.pop(_BY_ROWS, None)


def _rows_broken_off(connection: Connection, *_rest: Any) -> None:
    connection.info.pop(_BY_ROWS, None)


def _note(connection: Connection, statement: Any, many: Any, one: Any, _options: Any) -> None:  # any executable
    if not isinstance(statement, UpdateBase):
        return
    name = str(getattr(statement.table, "name", ""))
    by_rows = connection.info.get(_BY_ROWS, False)
    if by_rows and name == "student" and isinstance(statement, Update) and _changes_no_figure(many or [one]):
        return
    written: _Written = connection.info.setdefault(_WRITTEN, {})
    if by_rows and name in CHILD_OF:
        written.setdefault(name, set())  # which children, its rows say once they are written
    else:
        written[name] = None


def _changes_no_figure(parameters: Sequence[Any]) -> bool:
    return not any(COUNTED_OF_STUDENT & set(each) for each in parameters)


@event.listens_for(Session, "before_flush")
def _rows_begin(session: Session, *_rest: Any) -> None:
    session.connection().info[_BY_ROWS] = True


@event.listens_for(Session, "after_flush")
def _rows_end(session: Session, *_rest: Any) -> None:
    info = session.connection().info
    info.pop(_BY_ROWS, None)
    written: _Written = info.get(_WRITTEN, {})
    for row in (*session.new, *session.dirty, *session.deleted):
        children = written.get(name := str(row.__tablename__))
        if children is None:
            continue
        about = inspect_row(row).attrs[CHILD_OF[name]].history.sum()  # also the one it was about before
        if about and None not in about:
            children.update(about)
        else:
            written[name] = None


def count_written(session: Session) -> None:
    """Count one more write for each table this transaction wrote to; in the order of their names, so none can cross."""
    connection = session.connection()
    written: _Written = connection.info.pop(_WRITTEN, {})
    names = sorted(written.keys() - NOT_COUNTED)
    if not names:
        return
    connection.execute(_COUNT, [{"name": name} for name in names])
    known = [
        {"name": name, "child_id": child_id}
        for name in names
        if (children := written[name]) is not None and len(children) <= MOST_CHILDREN
        for child_id in sorted(children)
    ]
    if known:
        connection.execute(_NOTE_CHILD, known)
        noted = sorted({str(each["name"]) for each in known})
        connection.execute(_FORGET_OLD, [{"name": name, "remembered": _REMEMBERED} for name in noted])
