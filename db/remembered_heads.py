"""The heads of the audit chain that backups remember, compared with the chain: a tail cut off is found by them.

Two kinds of gap are explained by the chain itself, whose events nobody makes without the key: a restoration says which
head it went back to, a key rotation which head it linked anew. What was made before either is measured by its event.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from db.audit_chain import holds
from db.engine import Runtime
from db.manifests import Manifest, list_beside, read_unsigned
from db.tables import AuditEvent

RESTORED, ROTATED = "backup.restored", "key.rotated"
"""As services.audit.Action writes them."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """An event after which older heads are no longer to be found as they were."""

    seq: int
    action: str
    details: dict[str, Any]

    def comes_after(self, manifest: Manifest) -> bool:
        """Whether it is a restoration that a backup was made before."""
        return self.action == RESTORED and manifest.made <= datetime.fromisoformat(self.details["restored_at"])


def find_cut_tails(session: Session, runtime: Runtime, *, folders: Sequence[Path] = ()) -> Iterator[str]:
    """Yield the backup, and the number of the event, whose head the chain no longer holds and nothing explains."""
    turns = _turns(session)
    for folder in dict.fromkeys([runtime.location.backup_dir, *folders]):
        for backup, manifest in list_beside(folder, runtime.keys):
            if not _is_there(session, manifest, turns):
                yield f"{backup.name} {manifest.head_seq}"
        for backup, manifest in read_unsigned(folder):
            if manifest.key != runtime.keys.fingerprint and _is_beyond_rotation(manifest, turns):
                yield f"{backup.name} {manifest.head_seq}"


def _is_there(session: Session, manifest: Manifest, turns: Sequence[_Turn]) -> bool:
    if manifest.head_link is None or holds(session, seq=manifest.head_seq, link=manifest.head_link):
        return True
    return any(turn.comes_after(manifest) and manifest.head_seq >= turn.seq for turn in turns)


def _is_beyond_rotation(manifest: Manifest, turns: Sequence[_Turn]) -> bool:
    """Say whether a head under an old key lies after the head that was linked anew; its digest can't be compared."""
    own = [turn for turn in turns if turn.action == ROTATED and turn.details.get("old_key") == manifest.key]
    later = [turn for turn in turns if turn.comes_after(manifest)]
    return bool(own) and not later and manifest.head_seq > max(int(turn.details["old_head_seq"]) for turn in own)


def _turns(session: Session) -> list[_Turn]:
    rows = session.exec(select(AuditEvent).where(col(AuditEvent.action).in_([RESTORED, ROTATED])))
    return [_Turn(row.seq, row.action, json.loads(row.details)) for row in rows]
