"""Rows the chain of events tells of that are there no more, though nothing in the chain took them away."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Table
from sqlmodel import Session, col, func, select

from db.tables import METADATA, AuditEvent

REMOVED, MERGED = "retention.records_removed", "student.merged"
UNDONE = ("import.undone", "year.undone")
_REPLACED = frozenset({"bell_day_kind"})
"""Of no child, and taken away with what they belong to, of which alone the chain tells."""
_AT_ONCE = 500
_EVENTS: Table = AuditEvent.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
_LONGEST_IMPORT = timedelta(minutes=30)  # what it writes may be told of before it itself is

Row = tuple[str, int]
"""A table's name and a row's id; no id is given twice."""


@dataclass(slots=True)
class _Told:
    """When a row that is missing was first told of, by which event last, and whose it was said to be."""

    begun: datetime
    last: int
    children: set[int] = field(default_factory=set)
    is_said: bool = False  # that it was taken away


def find_missing_rows(session: Session) -> Iterator[str]:
    """Yield each such row, as its table and id; a row nothing was ever told of can't be missed.

    Three things take rows away: retention, which names the child; taking an import or a change of year back, of which
    a row told of in between may be; and an event of the row itself that says so.
    """
    missing = _missing(session)
    if not missing:
        return
    gone, undone = _children_removed(session), _undone(session)
    for (table, row_id), told in sorted(missing.items()):
        is_removed = any(told.last <= gone.get(child, 0) for child in told.children)
        is_undone = any(begun <= told.begun and told.last <= ended for begun, ended in undone)
        if not (told.is_said or is_removed or is_undone):
            yield f"{table} {row_id}"


def _missing(session: Session) -> dict[Row, _Told]:
    found: dict[Row, _Told] = {}
    for table, row_ids in _no_longer_there(session).items():
        for start in range(0, len(row_ids), _AT_ONCE):
            wanted = col(AuditEvent.target_id).in_(row_ids[start : start + _AT_ONCE])
            for event in session.exec(select(AuditEvent).where(AuditEvent.target_table == table, wanted)):
                told = found.setdefault((table, event.target_id or 0), _Told(event.at, event.seq))
                told.begun, told.last = min(told.begun, event.at), max(told.last, event.seq)
                told.children |= {event.student_id} if event.student_id else set()
                told.is_said |= '"removed"' in event.details
    return found


def _no_longer_there(session: Session) -> dict[str, list[int]]:
    """Return the ids events tell of that their tables don't have; three columns of a million events are soon read."""
    there: dict[str, set[int]] = {}
    found: dict[str, set[int]] = defaultdict(set)
    columns = _EVENTS.c.target_table, _EVENTS.c.target_id
    for table, row_id in session.connection().execute(select(*columns).where(columns[1].is_not(None)).distinct()):
        if table not in there:
            there[table] = _ids(session, table)
        if row_id not in there[table]:
            found[table].add(row_id)
    return {table: sorted(row_ids) for table, row_ids in found.items() if table not in _REPLACED}


def _ids(session: Session, table: str) -> set[int]:
    return set(session.execute(select(METADATA.tables[table].c.id)).scalars()) if table in METADATA.tables else set()


def _children_removed(session: Session) -> dict[int, int]:
    """Return by which event the records of each child were removed last; entries merged into it went along."""
    merged: dict[int, set[int]] = defaultdict(set)
    gone: dict[int, int] = {}
    wanted = select(AuditEvent).where(col(AuditEvent.action).in_([REMOVED, MERGED])).order_by(col(AuditEvent.seq))
    for event in session.exec(wanted):
        child = event.student_id or 0
        if event.action == MERGED:
            merged[child].add(int(json.loads(event.details).get("other_id") or 0))
            continue
        waiting = [child]
        while waiting:
            gone[waiting[-1]] = event.seq
            waiting += merged.pop(waiting.pop(), ())
    return gone


def _undone(session: Session) -> list[tuple[datetime, int]]:
    """Return for whatever was taken back since when its rows can be there, and by which event they went."""
    ends = session.exec(select(AuditEvent).where(col(AuditEvent.action).in_(UNDONE))).all()
    found = []
    for end in ends:
        begun = session.exec(
            select(func.min(AuditEvent.at)).where(
                AuditEvent.target_table == end.target_table, AuditEvent.target_id == end.target_id
            )
        ).one()
        found.append((begun - _LONGEST_IMPORT, end.seq))
    return found
