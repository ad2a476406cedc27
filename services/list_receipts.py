"""Receiving a list from civil affairs or another body: reading it, what differs, keeping both (S-04)."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, col, select

from db.base import new_uid
from db.locks import Turn, take_turn
from db.sealing import seal_text, unseal
from db.tables import (
    CareOption,
    CategoryKind,
    DifferenceSide,
    DifferenceState,
    ExchangeBody,
    ExchangeDirection,
    ListDifference,
    ListExchange,
    OptionList,
    StudentCategory,
)
from services import attachments, audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import current_school_year, load_calendar
from services.errors import DomainError, FieldErrors, Problem
from services.exchange.authority import AuthorityReading, as_xlsx, parse_authority
from services.exchange.authority_columns import AUTHORITY
from services.exchange.headers import Corrections
from services.exchange.lists import RowsRead
from services.exchange.readings import Kind, ListReading, Position, ReturnedRow, RowProblem
from services.exchange.reasons import Reason
from services.exchange.sheets import read_workbook
from services.fields import SHORT, Checker
from services.file_kinds import FileProblem, FileRefused, kind_of
from services.imports.authorities import EXCHANGED, Comparison, Finding, Registered, Scope, compare
from services.imports.returning import put_in_file_order
from services.imports.stored import StoredChildren, load_children

_BLAMED = {
    Reason.NAME_ID_MISMATCH: "id_number",
    Reason.DIFFICULTY_UNKNOWN: "kind",
    Reason.ID_STORED_AS_NUMBER: "id_number",
    Reason.ID_FORMAT: "id_number",
    Reason.ID_CHECKSUM: "id_number",
}


class StaleComparison(DomainError):
    """Somebody changed the register since the preview was drawn; `current` is what the list would say now."""

    def __init__(self, current: "ReceiptPreview") -> None:
        super().__init__()
        self.current = current


class NothingRead(DomainError):
    """There is no list to keep."""


class AlreadyReceived(DomainError):
    """This very file was received before, for the same children; nothing was changed."""

    def __init__(self, *, exchange_id: int, day: date) -> None:
        super().__init__()
        self.exchange_id, self.day = exchange_id, day


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A list as it was read, with what is kept of it."""

    reading: AuthorityReading
    content: bytes = field(repr=False)
    digest: str = ""


@dataclass(frozen=True, slots=True)
class ReceiptPreview:
    """What a list would say of the register, row by row; nothing is stored yet."""

    file: ReceivedFile
    scope: Scope
    comparison: Comparison
    register_digest: str  # names what it was compared with, so that a list is compared again only if that has changed

    @property
    def reading(self) -> AuthorityReading:
        """The list as it was read."""
        return self.file.reading

    def counts(self, ticked: Collection[Position]) -> dict[DifferenceSide, int]:
        """Return how many differences there are on each side, as things are ticked."""
        found = self.comparison.findings(ticked)
        return {side: sum(each.side is side for each in found) for side in DifferenceSide}

    def full_reading(self) -> ListReading[Any]:
        """Return the reading with the rows that can't be taken among the rejected, to be mended and sent again."""
        full: ListReading[Any] = replace(
            self.reading, rows=[], rejected=list(self.reading.rejected), duplicates=[], problems=[]
        )
        refused = {row.position for row in self.comparison.rows if row.reason is not None}
        full.problems += [each for each in self.reading.problems if each.position not in refused]
        for row, listed in zip(self.reading.rows, self.comparison.rows, strict=True):
            if listed.reason is None:
                full.rows.append(row)
                continue
            is_duplicate = listed.reason is Reason.DUPLICATE
            sheet = str(row.position).rpartition("!")[0] or "要核对的"
            returned = ReturnedRow(row.position, listed.reason, row.header, row.original, sheet)
            (full.duplicates if is_duplicate else full.rejected).append(returned)
            key = _BLAMED.get(listed.reason, "name")
            value = row.original_of(key) if key in {"id_number", "kind"} else row.name
            kind = Kind.DUPLICATE if is_duplicate else Kind.REJECTED
            full.problems.append(RowProblem(row.position, AUTHORITY.labels[key], listed.reason, kind, value, row.name))
        put_in_file_order(self.reading, full.rejected, full.duplicates, full.problems)
        return full


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptDetails:
    """Who sent a list, and when."""

    body: ExchangeBody | None = None
    body_name: str | None = None
    day: date | None = None


def read_authority(
    data: bytes,
    *,
    file_name: str,
    corrections: Corrections | None = None,
    today: date | None = None,
    progress: RowsRead | None = None,
) -> ReceivedFile:
    """Read a list; touches no table, so it belongs outside any transaction.

    What is no xlsx or xls (a text file, a web page) is kept as an xlsx of the same cells.

    Raises:
        UnreadableFile: one subclass for each kind of refusal; `refusal_sentence` words it.
        FileRefused: the file may do harm, so it can't be kept.
    """
    workbook = read_workbook(data, file_name=file_name)
    reading = parse_authority(workbook, today=today or clock.today(), corrections=corrections, progress=progress)
    kept = data
    try:
        kind_of(data)
    except FileRefused as error:
        if error.reason is not FileProblem.UNKNOWN:
            raise
        kept = as_xlsx(workbook)
    return ReceivedFile(reading, kept, hashlib.sha256(data).hexdigest())


@permitted(Permission.LIST_EXCHANGE)
def preview_receipt(session: Session, actor: Actor, *, file: ReceivedFile, scope: Scope) -> ReceiptPreview:
    """Say what a list means for the register; writes nothing. Eight statements, however long the list.

    Raises:
        FieldErrors: the list can't be of this scope.
        AlreadyReceived: the same file was received before.
    """
    options = _checked_scope(session, scope)
    _refuse_known(session, file, scope)
    register = _read_register(session, scope, options)
    return ReceiptPreview(file, scope, register.compared(file.reading, scope), register.digest)


@permitted(Permission.LIST_EXCHANGE)
def confirm_receipt(
    session: Session,
    actor: Actor,
    *,
    preview: ReceiptPreview,
    details: ReceiptDetails,
    ticked: Collection[Position],
) -> int:
    """Keep a list with its differences and return the exchange's id; the register itself is not changed.

    Rows that somebody has to look at and that are not in `ticked` count as nobody of ours.

    Raises:
        FieldErrors: who sent it or when is missing, or can't be.
        AlreadyReceived: the same file was received before; nothing is changed.
        StaleComparison: the register has changed since the preview.
    """
    take_turn(session, Turn.IMPORT)
    name = _checked_details(details)
    options = _checked_scope(session, preview.scope)
    _refuse_known(session, preview.file, preview.scope)
    current = _still_so(session, preview, options)
    exchange = _store(session, actor, preview, current, details, name, ticked)
    findings = current.findings(ticked)
    if findings:
        session.execute(insert(ListDifference), [_difference(exchange.id or 0, found) for found in findings])
    audit.record(
        session,
        actor,
        audit.Action.LIST_RECEIVED,
        target=exchange,
        kind=exchange.kind.value,
        row_count=exchange.rows_count,
        difference_count=len(findings),
    )
    return exchange.id or 0


def _checked_details(details: ReceiptDetails) -> str | None:
    check = Checker()
    if details.body is None:
        check.add("body", "required")
    is_other = details.body is ExchangeBody.OTHER
    name = check.text("body_name", details.body_name, limit=SHORT, required=is_other)
    if details.day is None:
        check.add("day", "required")
    check.not_future("day", details.day, today=clock.today())
    if details.day is not None and (clock.today() - details.day).days > _LONGEST_BACK:
        check.add("day", "too_long_ago", day=details.day)
    check.finish()
    return name


_LONGEST_BACK = 366  # days


def _checked_scope(session: Session, scope: Scope) -> Mapping[int, str]:
    """Return the kinds of difficulty by id; refuse a scope nobody may exchange."""
    rows = session.exec(select(CareOption).where(CareOption.list_name == OptionList.DIFFICULTY)).all()
    options = {row.id or 0: row.label for row in rows}
    if scope.kind not in EXCHANGED:
        raise FieldErrors({"kind": Problem("unknown_choice")})
    if scope.difficulty_id is not None and (
        scope.kind is not CategoryKind.IN_DIFFICULTY or scope.difficulty_id not in options
    ):
        raise FieldErrors({"kind": Problem("unknown_choice")})
    return options


def _refuse_known(session: Session, file: ReceivedFile, scope: Scope) -> None:
    known = session.exec(
        select(ListExchange).where(
            ListExchange.direction == ExchangeDirection.RECEIVED,
            ListExchange.file_digest == file.digest,
            ListExchange.kind == scope.kind,
            col(ListExchange.difficulty_id).is_not_distinct_from(scope.difficulty_id),
        )
    ).first()
    if known is not None:
        raise AlreadyReceived(exchange_id=known.id or 0, day=known.day)


@dataclass(frozen=True, slots=True)
class _Register:
    """What a list is compared with."""

    stored: StoredChildren
    registered: list[Registered]
    options: Mapping[int, str]
    school_year: int

    @property
    def digest(self) -> str:
        """Name exactly this register; another digest of the same costs a comparison, nothing else."""
        said = (self.stored.everybody, self.registered, sorted(self.options.items()), self.school_year)
        return hashlib.sha256(repr(said).encode()).hexdigest()

    def compared(self, reading: AuthorityReading, scope: Scope) -> Comparison:
        """Compare a list with it."""
        return compare(
            reading.rows,
            self.stored,
            self.registered,
            scope=scope,
            options=self.options,
            school_year=self.school_year,
        )


def _still_so(session: Session, preview: ReceiptPreview, options: Mapping[int, str]) -> Comparison:
    """Return the comparison that was shown; everybody waits meanwhile, so it is made anew only where it may differ."""
    register = _read_register(session, preview.scope, options, locking=True)
    if register.digest == preview.register_digest:
        return preview.comparison
    current = register.compared(preview.reading, preview.scope)
    if (current.rows, current.register) != (preview.comparison.rows, preview.comparison.register):
        raise StaleComparison(ReceiptPreview(preview.file, preview.scope, current, register.digest))
    return current


def _read_register(session: Session, scope: Scope, options: Mapping[int, str], *, locking: bool = False) -> _Register:
    year = current_school_year(load_calendar(session), clock.today())
    stored = load_children(session, school_year=year, locking=locking)
    return _Register(stored, _registered(session, scope), options, year)


def _registered(session: Session, scope: Scope) -> list[Registered]:
    """Return our open entries in the scope; of a list of one difficulty also those whose kind nobody has said."""
    wanted = select(StudentCategory).where(StudentCategory.kind == scope.kind, col(StudentCategory.to_day).is_(None))
    return [
        Registered(
            row.id or 0,
            row.student_id,
            row.difficulty_id,
            row.subkind,
            row.level,
            row.left_behind_kind,
            unseal(row, "document_sealed"),
            row.version,
        )
        for row in session.exec(wanted.order_by(col(StudentCategory.student_id), col(StudentCategory.id)))
    ]


def _store(
    session: Session,
    actor: Actor,
    preview: ReceiptPreview,
    comparison: Comparison,
    details: ReceiptDetails,
    body_name: str | None,
    ticked: Collection[Position],
) -> ListExchange:
    matched = comparison.matched(ticked)
    attachment = attachments.keep_file(session, actor, content=preview.file.content)
    refused = sum(row.reason not in (None, Reason.DUPLICATE) for row in comparison.rows)
    exchange = ListExchange(
        direction=ExchangeDirection.RECEIVED,
        body=details.body or ExchangeBody.OTHER,
        body_name=body_name,
        kind=preview.scope.kind,
        difficulty_id=preview.scope.difficulty_id,
        day=details.day or clock.today(),
        attachment_id=attachment.id,
        file_digest=preview.file.digest,
        rows_count=len(preview.reading.rows) + len(preview.reading.rejected),
        matched_count=len(matched),
        agreeing_count=sum(not row.findings for row in matched),
        refused_count=refused + len(preview.reading.rejected),
        recorded_by_id=actor.user_id,
        recorded_at=clock.now(),
    )
    session.add(exchange)
    session.flush()
    return exchange


def _difference(exchange_id: int, found: Finding) -> dict[str, Any]:
    """Return the columns of a row; a list has thousands, and everybody waits while they are written."""
    content = {
        "name": found.name,
        "class": found.class_label,
        "theirs": found.theirs,
        "ours": found.ours,
        "value": found.value,
        "since": found.since.isoformat() if found.since else None,
        "document": found.document,
        "school": found.school,
        "position": found.position,
        "version": found.version,
    }
    uid = new_uid()
    said = json.dumps({key: value for key, value in content.items() if value}, ensure_ascii=False)
    return {
        "uid": uid,
        "exchange_id": exchange_id,
        "student_id": found.student_id,
        "category_id": found.category_id,
        "difficulty_id": found.difficulty_id,
        "side": found.side,
        "part": found.part,
        "content_sealed": seal_text(said, table="list_difference", column="content_sealed", uid=uid),
        "state": DifferenceState.OPEN,
        "version": 1,
    }
