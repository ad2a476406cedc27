"""Whether the frozen weeks still say what they said: what they are made of, their digest, and the chain of events."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress

from sqlmodel import Session, col, select

from db.errors import SealBroken
from db.keys import Keys
from db.sealing import open_bytes
from db.tables import AuditEvent, ClauseWeek

FROZEN = "week.frozen"  # the action of the event that holds a week's digest


def digest_of(numbers: str, lists: str) -> str:
    """Return what a frozen week's figures and lists are proved by."""
    return hashlib.sha256(f"{numbers}\n{lists}".encode()).hexdigest()


def find_changed_weeks(session: Session, keys: Keys) -> Iterator[str]:
    """Yield the Mondays of the frozen weeks that were changed, taken away or put in behind the program's back."""
    events = session.exec(select(AuditEvent).where(AuditEvent.action == FROZEN).order_by(col(AuditEvent.seq)))
    told = {each.target_id: json.loads(each.details) for each in events}
    for week in session.exec(select(ClauseWeek).order_by(col(ClauseWeek.first_day))):
        said = told.pop(week.id, {})
        if said.get("digest") != week.digest or not _is_whole(week, keys):
            yield week.first_day.isoformat()
    for said in told.values():
        yield str(said.get("day"))


def _is_whole(week: ClauseWeek, keys: Keys) -> bool:
    lists = b""
    with suppress(SealBroken):  # then the digest doesn't fit either
        if week.lists_sealed is not None:
            lists = open_bytes(keys, week.lists_sealed, table="clause_week", column="lists_sealed", uid=week.uid)
    return digest_of(week.numbers, lists.decode()) == week.digest
