"""The school's documents: filing, listing, opening and looking them through."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from db.locks import Turn, take_turn
from db.tables import AppUser, Attachment, Document, DocumentReview, FileKind
from services import attachments, audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.attachments import OpenedFile
from services.calendar import FIRST_YEAR, LAST_YEAR, load_calendar
from services.document_kinds import (
    DocumentKind,
    DocumentState,
    document_kinds,
    last_day_of,
    state_of,
)
from services.document_overviews import edition_of, latest_looks, provable_clauses, visible_kinds
from services.editing import lock_version
from services.errors import DomainError, EditedMeanwhile, FieldErrors, NotFound, Problem
from services.fields import Checker
from services.file_kinds import FileRefused
from services.openings import is_noted

PAGE_SIZE = 10
LONGEST_TITLE = 80
LAST_PAGE = 1_000_000


class ReplacedMeanwhile(DomainError):
    """Somebody filed a newer edition of this document first."""


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One document, or one older edition of it."""

    id: int
    version: int
    title: str
    clause_ids: tuple[str, ...]
    valid_from: date
    ends_on: date | None
    state: DocumentState
    is_replaced: bool
    file_kind: FileKind
    size_bytes: int
    filed_at: datetime
    filed_by: str | None
    looked_on: date | None
    looked_by: str | None


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """One page of the documents of a kind, the newest first."""

    rows: tuple[DocumentRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """What somebody says about a document."""

    kind: str | None
    title: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    clause_ids: tuple[str, ...] = ()


@permitted(Permission.DOCUMENT_READ)
def list_documents(
    session: Session, actor: Actor, *, kind: str, page: int = 1, page_size: int = PAGE_SIZE
) -> DocumentPage:
    """Return one page of the documents of a kind with their older editions, the newest first; two statements.

    Raises:
        NotFound: there is no such kind for this actor.
    """
    _readable(actor, kind)
    of_kind = [col(Document.withdrawn_at).is_(None), col(Document.kind) == kind]
    page = min(max(page, 1), LAST_PAGE)
    rows: Any = session.execute(
        _detailed()
        .where(*of_kind)
        .order_by(col(Document.valid_from).desc(), col(Document.id).desc())
        .limit(page_size)
        .offset((page - 1) * page_size)
    ).all()
    if not rows and page > 1:  # an old address: the first page then
        return list_documents(session, actor, kind=kind, page_size=page_size)
    total = rows[0][-1] if rows else 0
    calendar, today = load_calendar(session), clock.today()
    listed = [
        DocumentRow(
            id=document.id,
            version=document.version,
            title=document.title,
            clause_ids=tuple(each for each in document.clause_ids.split(",") if each),
            valid_from=document.valid_from,
            ends_on=last_day_of(edition, calendar),
            state=state_of(edition, today=today, calendar=calendar),
            is_replaced=newer_id is not None,
            file_kind=FileKind(file_kind),
            size_bytes=size_bytes,
            filed_at=document.recorded_at,
            filed_by=filed_by,
            looked_on=looked_on,
            looked_by=looked_by,
        )
        for document, file_kind, size_bytes, filed_by, newer_id, looked_on, looked_by, _total in rows
        for edition in [edition_of(document, looked_on)]
    ]
    return DocumentPage(tuple(listed), total)


def _detailed() -> Any:  # a select of more columns than the stubs know
    """Return documents with what is known of their file, who filed them, what replaced them, and their last look."""
    newer, filer, looker, latest = aliased(Document), aliased(AppUser), aliased(AppUser), latest_looks()
    last = and_(
        col(DocumentReview.document_id) == col(Document.id), col(DocumentReview.looked_on) == latest.c.looked_on
    )
    columns: list[Any] = [
        Document,
        Attachment.kind,
        Attachment.size_bytes,
        filer.display_name,
        newer.id,
        DocumentReview.looked_on,
        looker.display_name,
        func.count().over(),  # how many there are in all, without a statement of its own
    ]
    return (
        select(*columns)
        .select_from(Document)
        .join(Attachment, col(Attachment.id) == col(Document.attachment_id))
        .join(filer, col(filer.id) == col(Document.recorded_by_id), isouter=True)
        .join(newer, col(newer.replaces_id) == col(Document.id), isouter=True)
        .join(latest, latest.c.document_id == col(Document.id), isouter=True)
        .join(DocumentReview, last, isouter=True)
        .join(looker, col(looker.id) == col(DocumentReview.looked_by_id), isouter=True)
    )


@permitted(Permission.DOCUMENT_WRITE)
def file_document(
    session: Session,
    actor: Actor,
    *,
    entry: DocumentEntry,
    content: bytes | None,
    file_name: str = "",
    replaces_id: int | None = None,
) -> Document:
    """File a document, or a newer edition of one; the older edition stays, and can still be opened.

    The file's name isn't kept; a refusal says whether it is what it is called.

    Raises:
        FieldErrors: kind, title, day or file are missing or wrong.
        NotFound: there is no such document to replace for this actor.
        ReplacedMeanwhile: somebody filed a newer edition first.
    """
    cleaned = _checked(actor, entry)
    take_turn(session, Turn.SCHOOL)
    if replaces_id is not None:
        _refuse_replaced(session, actor, replaces_id, kind=cleaned.kind or "")
    try:
        attachment = attachments.keep_file(session, actor, content=content or b"", file_name=file_name)
    except FileRefused as error:
        raise FieldErrors({"file": Problem(f"file_{error.reason.value}")}) from error
    document = Document(
        kind=cleaned.kind or "",
        title=cleaned.title,
        clause_ids=",".join(cleaned.clause_ids),
        valid_from=cleaned.valid_from or clock.today(),
        valid_to=cleaned.valid_to,
        attachment_id=attachment.id or 0,
        replaces_id=replaces_id,
        recorded_by_id=actor.user_id,
        recorded_at=clock.now(),
    )
    session.add(document)
    session.flush()
    audit.record(session, actor, audit.Action.DOCUMENT_FILED, target=document, kind=document.kind)
    return document


def _checked(actor: Actor, entry: DocumentEntry) -> DocumentEntry:
    check = Checker()
    kind = next((each for each in visible_kinds(actor) if each.name == entry.kind), None)
    if kind is None:
        check.add("kind", "required" if entry.kind is None else "unknown_choice")
    title = check.required_text("title", entry.title, limit=LONGEST_TITLE)
    if entry.valid_from is None:
        check.add("valid_from", "required")
    elif not FIRST_YEAR <= entry.valid_from.year <= LAST_YEAR:
        check.add("valid_from", "too_far_off", first=FIRST_YEAR, last=LAST_YEAR)
    elif entry.valid_to is not None and entry.valid_to < entry.valid_from:
        check.add("valid_to", "before_start")
    known = provable_clauses()
    if any(each not in known for each in entry.clause_ids):
        check.add("clause_ids", "unknown_choice")
    check.finish()
    chosen = entry.clause_ids or (kind.clauses if kind else ())
    return DocumentEntry(
        entry.kind, title, entry.valid_from, entry.valid_to, tuple(each for each in known if each in chosen)
    )


def _refuse_replaced(session: Session, actor: Actor, document_id: int, *, kind: str) -> None:
    before = _found(session, actor, document_id)
    if before.kind != kind:
        raise NotFound
    if session.exec(select(Document.id).where(Document.replaces_id == document_id)).first() is not None:
        raise ReplacedMeanwhile


@permitted(Permission.DOCUMENT_WRITE)
def note_looked_through(session: Session, actor: Actor, *, document_id: int) -> None:
    """Note that the document was looked through today; a second time on one day changes nothing (L-06).

    Raises:
        NotFound: there is no such document for this actor.
    """
    take_turn(session, Turn.SCHOOL)
    document = _found(session, actor, document_id)
    today = clock.today()
    done = select(DocumentReview.id).where(DocumentReview.document_id == document_id, DocumentReview.looked_on == today)
    if session.exec(done).first() is not None:
        return
    session.add(
        DocumentReview(document_id=document_id, looked_on=today, looked_by_id=actor.user_id, recorded_at=clock.now())
    )
    audit.record(session, actor, audit.Action.DOCUMENT_REVIEWED, target=document, kind=document.kind)


@permitted(Permission.DOCUMENT_WRITE)
def withdraw_document(session: Session, actor: Actor, *, document_id: int, version: int) -> None:
    """Take away a document filed by mistake: it is no longer listed or opened, and the edition before it counts again.

    Raises:
        NotFound: there is no such document for this actor.
        ReplacedMeanwhile: a newer edition stands on it; that one has to go first.
        EditedMeanwhile: somebody took it away already.
    """
    take_turn(session, Turn.SCHOOL)
    _found(session, actor, document_id)
    if session.exec(select(Document.id).where(Document.replaces_id == document_id)).first() is not None:
        raise ReplacedMeanwhile
    document = lock_version(session, Document, document_id, version=version)
    if document.withdrawn_at is not None:
        raise EditedMeanwhile(document)
    document.withdrawn_at, document.withdrawn_by_id, document.replaces_id = clock.now(), actor.user_id, None
    session.add(document)
    audit.record(session, actor, audit.Action.DOCUMENT_WITHDRAWN, target=document, kind=document.kind)


@permitted(Permission.DOCUMENT_READ)
def open_document(session: Session, actor: Actor, *, document_id: int) -> OpenedFile:
    """Return a document's file, noted once in 30 minutes; its name is the kind and the day it is valid from.

    Raises:
        NotFound: there is no such document for this actor.
        SealBroken: the file was tampered with.
    """
    document = _found(session, actor, document_id)
    label = document_kinds()[document.kind].label
    opened = attachments.open_file(session, document.attachment_id, name=f"{label}{document.valid_from:%Y%m%d}")
    if not is_noted(session, actor, audit.Action.DOCUMENT_OPENED, record=(Document, document_id)):
        audit.record(session, actor, audit.Action.DOCUMENT_OPENED, target=document, kind=document.kind)
    return opened


def _found(session: Session, actor: Actor, document_id: int) -> Document:
    names = [each.name for each in visible_kinds(actor)]
    document = session.exec(
        select(Document).where(
            Document.id == document_id, col(Document.withdrawn_at).is_(None), col(Document.kind).in_(names)
        )
    ).first()
    if document is None:
        raise NotFound
    return document


def _readable(actor: Actor, kind: str) -> DocumentKind:
    found = next((each for each in visible_kinds(actor) if each.name == kind), None)
    if found is None:
        raise NotFound
    return found
