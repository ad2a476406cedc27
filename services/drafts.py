"""Drafts: what one person has typed into a form and not yet saved; sealed, and nobody else's."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from db.base import JsonObject, new_uid
from db.sealing import seal_text, unseal
from db.tables import Draft
from services import clock
from services.access import Permission, permitted
from services.actors import Actor
from services.errors import DomainError

LARGEST_BYTES = 100_000


class DraftTooLarge(DomainError):
    """More was typed than a draft keeps."""


@dataclass(frozen=True, slots=True)
class SavedDraft:
    """A draft as its owner left it."""

    subject: str
    content: JsonObject
    saved_at: datetime


@permitted(Permission.HOME_READ)
def save_draft(session: Session, actor: Actor, *, form: str, subject: str, content: JsonObject) -> datetime:
    """Keep what was typed, in place of what was kept before; return when.

    Raises:
        DraftTooLarge: it is larger than 100 kB.
    """
    text = json.dumps(content, ensure_ascii=False).encode(errors="ignore").decode()  # halves of characters go
    if len(text.encode()) > LARGEST_BYTES:
        raise DraftTooLarge
    draft = _find(session, actor, form, subject) or _add(session, actor, form, subject)
    draft.content_sealed, draft.saved_at = _sealed(text, draft.uid), clock.now()
    session.add(draft)
    return draft.saved_at


@permitted(Permission.HOME_READ)
def find_draft(session: Session, actor: Actor, *, form: str, subject: str) -> SavedDraft | None:
    """Return the actor's own draft of a form about a subject."""
    draft = _find(session, actor, form, subject)
    return _opened(draft) if draft else None


@permitted(Permission.HOME_READ)
def list_drafts(session: Session, actor: Actor, *, form: str) -> list[SavedDraft]:
    """Return all of the actor's own drafts of a form, the newest first."""
    found = session.exec(
        select(Draft)
        .where(Draft.user_id == actor.id_of_staff, Draft.form == form)
        .order_by(col(Draft.saved_at).desc(), col(Draft.id).desc())
    ).all()
    return [_opened(draft) for draft in found]


@permitted(Permission.HOME_READ)
def list_forms(session: Session, actor: Actor, *, subject: str) -> list[str]:
    """Return of which forms about a subject the actor has a draft, the newest first."""
    return list(
        session.exec(
            select(Draft.form)
            .where(Draft.user_id == actor.id_of_staff, Draft.subject == subject)
            .order_by(col(Draft.saved_at).desc(), col(Draft.id).desc())
        ).all()
    )


@permitted(Permission.HOME_READ)
def discard_draft(session: Session, actor: Actor, *, form: str, subject: str) -> None:
    """Throw the actor's own draft away; there need not be one."""
    if draft := _find(session, actor, form, subject):
        session.delete(draft)


def _find(session: Session, actor: Actor, form: str, subject: str) -> Draft | None:
    return session.exec(
        select(Draft).where(Draft.user_id == actor.id_of_staff, Draft.form == form, Draft.subject == subject)
    ).first()


def _add(session: Session, actor: Actor, form: str, subject: str) -> Draft:
    """Add a draft; where a second tab of the same person was faster, return that one."""
    uid = new_uid()
    draft = Draft(
        uid=uid,
        user_id=actor.id_of_staff,
        form=form,
        subject=subject,
        content_sealed=_sealed("{}", uid),
        saved_at=clock.now(),
    )
    try:
        with session.begin_nested():
            session.add(draft)
    except IntegrityError:
        found = _find(session, actor, form, subject)
        if found is None:
            raise
        return found
    return draft


def _sealed(text: str, uid: str) -> bytes:
    return seal_text(text, table=str(Draft.__tablename__), column="content_sealed", uid=uid) or b""


def _opened(draft: Draft) -> SavedDraft:
    return SavedDraft(draft.subject, json.loads(unseal(draft, "content_sealed") or "{}"), draft.saved_at)
