"""The append-only audit chain: each event is linked to the one before by a keyed digest."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select, text
from sqlmodel import Session, SQLModel, col
from sqlmodel import select as sqlmodel_select

from db.base import JsonObject
from db.engine import keys
from db.tables.system import AuditEvent

COLLECTED = "audit_events"
CHAIN_LOCK = 7_223_001  # PostgreSQL's advisory lock that orders the appends
START = "0" * 64
EVENTS_AT_ONCE = 5_000
_EVENTS = SQLModel.metadata.tables[str(AuditEvent.__tablename__)]
_EVENT = _EVENTS.c
LINKED = (
    _EVENT.seq,
    _EVENT.at,
    _EVENT.actor_id,
    _EVENT.actor_label,
    _EVENT.action,
    _EVENT.target_table,
    _EVENT.target_id,
    _EVENT.student_id,
    _EVENT.details,
    _EVENT.link,
)
"""The columns an event's digest covers, and the digest; every schema version has had them."""


@dataclass(frozen=True, slots=True)
class Note:
    """One event as a service collected it."""

    at: datetime
    actor_id: int | None
    actor_label: str | None
    action: str
    target_table: str | None = None
    target_id: int | None = None
    student_id: int | None = None
    details: JsonObject = field(default_factory=dict)


class _Row(NamedTuple):
    """One event as it is written; far quicker to make than a row of the session."""

    seq: int
    at: datetime
    actor_id: int | None
    actor_label: str | None
    action: str
    target_table: str | None
    target_id: int | None
    student_id: int | None
    details: str
    link: str


def collect(session: Session, note: Note) -> None:
    """Keep an event until the transaction ends."""
    session.info.setdefault(COLLECTED, []).append(note)


def link_of(event: Any, previous: str, *, key: bytes | None = None) -> str:  # an AuditEvent, or a row of its columns
    """Compute the keyed digest of an event that follows `previous`, with this process's key or another."""
    content = [
        previous,
        event.seq,
        event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        event.actor_id,
        event.actor_label,
        event.action,
        event.target_table,
        event.target_id,
        event.student_id,
        event.details,
    ]
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return hmac.new(key or keys().audit, body, hashlib.sha256).hexdigest()


def find_head(session: Session) -> AuditEvent | None:
    """Return the newest event."""
    return session.exec(sqlmodel_select(AuditEvent).order_by(col(AuditEvent.seq).desc()).limit(1)).first()


def append_collected(session: Session) -> None:
    """Append what the services collected; the last statements before COMMIT, under one lock."""
    if notes := session.info.pop(COLLECTED, []):
        append(session, notes)


def append(session: Session, notes: Iterable[Note], *, key: bytes | None = None) -> int:
    """Append events to the chain, with this process's key or another; returns how many.

    Only `append_collected` and offline work do. A million events pass through in batches.
    """
    session.flush()  # what the events name is there before them
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CHAIN_LOCK})
    count, rows = 0, _linked(notes, find_head(session), key)
    while batch := [row._asdict() for row in islice(rows, EVENTS_AT_ONCE)]:
        connection.execute(insert(_EVENTS), batch)
        count += len(batch)
    return count


def _linked(notes: Iterable[Note], head: AuditEvent | None, key: bytes | None) -> Iterator[_Row]:
    """Yield the rows of these notes, each linked to the one before."""
    last, previous = (head.seq, head.link) if head else (0, START)
    for seq, note in enumerate(notes, start=last + 1):
        row = _Row(
            seq=seq,
            at=note.at,
            actor_id=note.actor_id,
            actor_label=note.actor_label,
            action=note.action,
            target_table=note.target_table,
            target_id=note.target_id,
            student_id=note.student_id,
            details=json.dumps(note.details, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
            link="",
        )
        previous = link_of(row, previous, key=key)
        yield row._replace(link=previous)


def walk(connection: Connection) -> Iterator[Any]:
    """Yield every event in order as a plain row of the columns that are linked; also of an older schema's database."""
    yield from connection.execute(select(*LINKED).order_by(LINKED[0]), execution_options={"yield_per": 1000})


def find_breaks(session: Session, *, limit: int = 20, key: bytes | None = None) -> Iterator[int]:
    """Yield the numbers of events that do not fit the chain: changed, missing before them, or made without the key."""
    previous, expected, found = START, 1, 0
    for event in walk(session.connection()):
        if event.seq != expected or not hmac.compare_digest(event.link, link_of(event, previous, key=key)):
            yield event.seq
            found += 1
            if found >= limit:
                return
        previous, expected = event.link, event.seq + 1


def holds(session: Session, *, seq: int, link: str) -> bool:
    """Say whether the chain still holds an event that was once its head; a cut tail does not."""
    event = session.get(AuditEvent, seq)
    return event is not None and hmac.compare_digest(event.link, link)
