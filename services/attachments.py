"""Sealed files of any area: taken in with what they are, given out under a name that tells nothing."""

from dataclasses import dataclass

from sqlmodel import Session

from db.engine import keys
from db.sealing import open_bytes, seal_bytes
from db.tables import Attachment, FileKind
from services import clock
from services.actors import Actor
from services.errors import NotFound
from services.file_kinds import MIME, kind_of


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file on its way to somebody: its name is ours, made of what the record says."""

    file_name: str
    mime: str
    content: bytes


def keep_file(session: Session, actor: Actor, *, content: bytes, file_name: str = "") -> Attachment:
    """Seal a file for the service that owns its record; its name isn't kept.

    Raises:
        FileRefused: it is empty, too large, of a kind not kept here, or could do harm.
    """
    kind = kind_of(content, file_name=file_name)
    row = Attachment(
        kind=kind, size_bytes=len(content), content_sealed=b"", added_by_id=actor.user_id, added_at=clock.now()
    )
    row.content_sealed = seal_bytes(keys(), content, table="attachment", column="content_sealed", uid=row.uid)
    session.add(row)
    session.flush()
    return row


def open_file(session: Session, attachment_id: int, *, name: str) -> OpenedFile:
    """Open a file for the service that has checked who asks, and notes it.

    Raises:
        NotFound: there is none.
        SealBroken: it was tampered with.
    """
    row = session.get(Attachment, attachment_id)
    if row is None:
        raise NotFound
    content = open_bytes(keys(), row.content_sealed, table="attachment", column="content_sealed", uid=row.uid)
    kind = FileKind(row.kind)
    return OpenedFile(f"{name}.{kind.value}", MIME[kind], content)
