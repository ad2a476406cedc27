"""The append-only audit chain: each event is linked to the one before by a keyed digest."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import text
from sqlmodel import Session, col, select

from db.base import JsonObject
from db.engine import keys
from db.tables.system import AuditEvent

COLLECTED = "audit_events"
CHAIN_LOCK = 7_223_001  # PostgreSQL's advisory lock that orders the appends
START = "0" * 64


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


def collect(session: Session, note: Note) -> None:
    """Keep an event until the transaction ends."""
    session.info.setdefault(COLLECTED, []).append(note)


def link_of(event: AuditEvent, previous: str) -> str:
    """Compute the keyed digest of an event that follows `previous`."""
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
    return hmac.new(keys().audit, body, hashlib.sha256).hexdigest()


def find_head(session: Session) -> AuditEvent | None:
    """Return the newest event."""
    return session.exec(select(AuditEvent).order_by(col(AuditEvent.seq).desc()).limit(1)).first()


def append_collected(session: Session) -> None:
    """Append what the services collected; the last statements before COMMIT, under one lock."""
    notes: list[Note] = session.info.pop(COLLECTED, [])
    if not notes:
        return
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CHAIN_LOCK})
    head = find_head(session)
    seq, previous = (head.seq, head.link) if head else (0, START)
    for note in notes:
        seq += 1
        event = AuditEvent(
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
        event.link = previous = link_of(event, previous)
        session.add(event)
    session.flush()


def find_breaks(session: Session, *, limit: int = 20) -> Iterator[int]:
    """Yield the numbers of events that do not fit the chain: changed, missing before them, or made without the key."""
    previous, expected, found = START, 1, 0
    for event in session.exec(select(AuditEvent).order_by(col(AuditEvent.seq)).execution_options(yield_per=1000)):
        if event.seq != expected or not hmac.compare_digest(event.link, link_of(event, previous)):
            yield event.seq
            found += 1
            if found >= limit:
                return
        previous, expected = event.link, event.seq + 1


def holds(session: Session, *, seq: int, link: str) -> bool:
    """Say whether the chain still holds an event that was once its head; a cut tail does not."""
    event = session.get(AuditEvent, seq)
    return event is not None and hmac.compare_digest(event.link, link)
