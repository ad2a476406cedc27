"""Work records as somebody may see them: that one exists, and for whom it is theirs to read, its words (H-07, A-03)."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, true
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from db.sealing import unseal
from db.tables import (
    AppUser,
    CareChannel,
    CareKind,
    CarePlace,
    CareRecord,
    CareRecordVersion,
    CareRecordWords,
    ClassMembership,
    Deputy,
    Helper,
    ImportBatch,
    NotReached,
    Role,
    SchoolClass,
    Student,
)
from services import audit
from services.access import Permission, Scope, Subject, permitted, scopes_of
from services.actors import Actor
from services.errors import NotFound
from services.openings import is_noted
from services.paging import page_there
from services.pairing.names import helper_name
from services.record_kinds import KINDS, RESTRICTED, WORDS
from services.row_filters import grounds_for, sees_students
from services.students import is_in_class, shown_class

PAGE_SIZE = 20
RECENT = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFacts:
    """What rules read of a contact: no word of it."""

    id: int
    kind: CareKind
    day: date
    start_time: time | None
    minutes: int | None
    place: CarePlace | None
    channel: CareChannel | None
    is_done: bool
    not_reached: NotReached | None
    helper_id: int | None  # who did it, where that is somebody without an account


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow(RecordFacts):
    """That a contact was made, with whom and by whom."""

    student_id: int
    child: str
    class_label: str
    group_size: int
    parts_filled: int
    author_id: int | None
    author_name: str | None
    recorded_at: datetime
    is_withdrawn: bool
    may_read: bool
    is_imported: bool = False  # 补录: from the school's old spreadsheet, at `recorded_at`
    helper_name: str | None = None  # of who did it without an account; the author wrote it down

    @property
    def done_by(self) -> str | None:
        """Who did it, in words: the author, or a helper with who wrote it down: 林初雪（周砚田记）."""
        if self.helper_name is None:
            return self.author_name
        return f"{self.helper_name}（{self.author_name}记）" if self.author_name else self.helper_name


@dataclass(frozen=True, slots=True)
class RecordPage:
    """One page of records, the newest first."""

    rows: tuple[RecordRow, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord(RecordFacts):
    """A record as a form is drawn from it."""

    version: int
    agreed_with_id: int | None
    raised: str | None
    measures: str | None
    effect: str | None
    next_step: str | None


@dataclass(frozen=True, slots=True)
class EarlierText:
    """How a record stood until it was amended or withdrawn, by whom and why."""

    ended_at: datetime
    ended_by: str | None
    content: Mapping[str, str]
    reason: str | None


@dataclass(frozen=True, slots=True)
class RecordView:
    """One record as far as this actor may read it."""

    row: RecordRow
    stored: StoredRecord | None  # None: its words are not this actor's to read
    agreed_with: str | None
    earlier: tuple[EarlierText, ...]
    may_amend: bool
    is_opening_noted: bool
    imported_by: str | None = None  # of one that is imported; None then: the command line


def written_at_the_time() -> ColumnElement[bool]:
    """Return the filter on records that were written here, not taken from an old spreadsheet (0034).

    Only those end or keep quiet what runs by the clock: an import would do it for a whole school in one minute.
    """
    return col(CareRecord.import_id).is_(None)


def sees_records(actor: Actor) -> ColumnElement[bool]:
    """Return the row filter on CareRecord joined with its Student: of which records the actor may know they exist.

    The care room knows of all, a homeroom teacher of those of the own class; everybody else of what they wrote, as
    long as the child is theirs to see.
    """
    scopes = scopes_of(actor, Subject.NOTE)
    children = sees_students(actor)
    if scopes & {Scope.ALL, Scope.NOTE_AS_AUTHOR}:
        return children
    own = and_(col(CareRecord.author_id).is_not(None), col(CareRecord.author_id) == actor.user_id)
    if Scope.NOTE_EXISTS in scopes:
        return and_(children, or_(own, sees_students(actor, Subject.NOTE)))
    return and_(children, own)


def reads_words(actor: Actor, record: CareRecord) -> bool:
    """Say whether the actor may read a record's words: who wrote it, the head, of what is not counselling the room."""
    if actor.user_id is not None and record.author_id == actor.user_id:
        return True
    scopes = scopes_of(actor, Subject.NOTE)
    return Scope.ALL in scopes or (Scope.NOTE_AS_AUTHOR in scopes and record.kind not in RESTRICTED)


def opens_words(actor: Actor) -> ColumnElement[bool]:
    """Return `reads_words` as a column of CareRecord, for lists of many kinds."""
    own = and_(col(CareRecord.author_id).is_not(None), col(CareRecord.author_id) == actor.user_id)
    scopes = scopes_of(actor, Subject.NOTE)
    if Scope.ALL in scopes:
        return true()
    if Scope.NOTE_AS_AUTHOR in scopes:
        return or_(own, col(CareRecord.kind).not_in(RESTRICTED))
    return own


def may_amend(actor: Actor, record: CareRecord) -> bool:
    """Say whether the actor may amend a record: who wrote it, and the head of the room."""
    is_own = actor.user_id is not None and record.author_id == actor.user_id
    return is_own or actor.has_role(Role.LEAD)


def stored_record(row: CareRecord, words: CareRecordWords) -> StoredRecord:
    """Return a record with its words, for whoever may read them."""
    said: dict[str, Any] = {name: unseal(words, f"{name}_sealed") for name in WORDS}
    return StoredRecord(**_facts(row), version=row.version, agreed_with_id=row.agreed_with_id, **said)


def writable_kinds(actor: Actor) -> list[CareKind]:
    """Return the kinds this actor may write: counselling is the care room's (H-07)."""
    is_care_room = actor.has_role(Role.LEAD, Role.COUNSELLOR)
    return [kind for kind in KINDS if is_care_room or kind not in RESTRICTED]


@permitted(Permission.RECORD_READ)
def list_child_records(
    session: Session, actor: Actor, *, student_id: int, page: int = 1, page_size: int = PAGE_SIZE
) -> RecordPage:
    """Return a child's records the actor may know of, the newest first, without a word of them; two statements."""
    of_child = (CareRecord.student_id == student_id, sees_records(actor))
    counted = select(func.count()).select_from(CareRecord).join(Student, _is_child()).where(*of_child)
    total = session.exec(counted).one()
    page = page_there(page, total=total, page_size=page_size)
    found = session.execute(
        _listed()
        .where(*of_child)
        .order_by(col(CareRecord.day).desc(), col(CareRecord.id).desc())
        .limit(page_size)
        .offset((page - 1) * page_size)
    )
    return RecordPage(tuple(_row(actor, each) for each in found), total)


@permitted(Permission.RECORD_READ)
def list_with_words(
    session: Session, actor: Actor, *, student_id: int
) -> tuple[tuple[RecordRow, StoredRecord | None], ...]:
    """Return a child's whole records, the oldest first, each with its words where the actor may read them.

    One statement, however many; what was withdrawn is left out. For papers: whoever asks notes it.
    """
    return _with_words(session, actor, col(CareRecord.student_id) == student_id)


@permitted(Permission.RECORD_READ)
def list_of_helper(
    session: Session, actor: Actor, *, student_id: int, helper: Helper, first: date, last: date
) -> tuple[tuple[RecordRow, StoredRecord | None], ...]:
    """Return what a helper, or who stood in for it, did with a child in these days, counselling left out; as above."""
    done = col(CareRecord.helper_id) == helper.id
    if helper.user_id is not None:
        stood_in = select(Deputy.deputy_id).where(
            Deputy.absent_id == helper.user_id,
            col(Deputy.from_day) <= col(CareRecord.day),
            col(Deputy.to_day) > col(CareRecord.day),
        )
        wrote = or_(col(CareRecord.author_id) == helper.user_id, col(CareRecord.author_id).in_(stood_in))
        done = or_(done, and_(col(CareRecord.helper_id).is_(None), wrote))
    return _with_words(
        session, actor, col(CareRecord.student_id) == student_id, col(CareRecord.day).between(first, last),
        col(CareRecord.kind).not_in(RESTRICTED), done,
    )  # fmt: skip


def _with_words(
    session: Session, actor: Actor, *wanted: ColumnElement[bool]
) -> tuple[tuple[RecordRow, StoredRecord | None], ...]:
    found = session.execute(
        _listed()
        .add_columns(CareRecordWords)
        .join(CareRecordWords, col(CareRecordWords.record_id) == col(CareRecord.id))
        .where(*wanted, col(CareRecord.withdrawn_at).is_(None), sees_records(actor))
        .order_by(col(CareRecord.day), col(CareRecord.id))
    )
    return tuple(
        (_row(actor, each[:-1]), stored_record(each[0], each[-1]) if reads_words(actor, each[0]) else None)
        for each in found
    )


@permitted(Permission.RECORD_READ)
def list_own_records(session: Session, actor: Actor, *, limit: int = RECENT) -> tuple[RecordRow, ...]:
    """Return what the actor wrote down last; one statement."""
    found = session.execute(
        _listed()
        .where(CareRecord.author_id == actor.user_id, written_at_the_time(), sees_records(actor))
        .order_by(col(CareRecord.recorded_at).desc(), col(CareRecord.id).desc())
        .limit(limit)
    )
    return tuple(_row(actor, each) for each in found)


@permitted(Permission.RECORD_READ)
def find_record(session: Session, actor: Actor, *, record_id: int) -> RecordView:
    """Return one record, with its words where the actor may read them. Note that with `note_opening`.

    Raises:
        NotFound: there is none this actor may know of.
    """
    found = session.execute(_listed().where(CareRecord.id == record_id, sees_records(actor))).first()
    if found is None:
        raise NotFound
    record: CareRecord = found[0]
    row = _row(actor, found)
    stored, agreed_with, imported_by = None, None, None
    if row.is_imported:
        importer = select(AppUser.display_name).join(ImportBatch, col(ImportBatch.imported_by_id) == col(AppUser.id))
        imported_by = session.exec(importer.where(ImportBatch.id == record.import_id)).first()
    earlier: tuple[EarlierText, ...] = ()
    if row.may_read:
        words = session.exec(select(CareRecordWords).where(CareRecordWords.record_id == record_id)).one()
        stored, earlier = stored_record(record, words), _earlier(session, record_id)
        agreed_with = session.exec(select(AppUser.display_name).where(AppUser.id == record.agreed_with_id)).first()
    return RecordView(
        row=row,
        stored=stored,
        agreed_with=agreed_with,
        earlier=earlier,
        may_amend=may_amend(actor, record) and not row.is_withdrawn,
        is_opening_noted=_is_own(actor, record)
        or is_noted(session, actor, audit.Action.RECORD_OPENED, record=(CareRecord, record_id)),
        imported_by=imported_by,
    )


@permitted(Permission.RECORD_READ)
def note_opening(session: Session, actor: Actor, *, record_id: int) -> None:
    """Note that the actor read the words of somebody else's record: once per person, record and 30 minutes.

    Raises:
        NotFound: there is none whose words this actor may read.
    """
    # The row is locked, so that two tabs of one person don't both note it.
    record = session.exec(
        select(CareRecord)
        .join(Student, _is_child())
        .where(CareRecord.id == record_id, sees_records(actor))
        .with_for_update(of=CareRecord)
    ).first()
    if record is None or not reads_words(actor, record):
        raise NotFound
    if _is_own(actor, record) or is_noted(session, actor, audit.Action.RECORD_OPENED, record=(CareRecord, record_id)):
        return
    grounds = grounds_for(session, actor, student_id=record.student_id)
    audit.record(
        session, actor, audit.Action.RECORD_OPENED, target=record, student_id=record.student_id, grounds=grounds
    )


@permitted(Permission.RECORD_WRITE)
def list_companions(
    session: Session, actor: Actor, *, class_id: int | None = None, student_ids: tuple[int, ...] = ()
) -> dict[int, str]:
    """Return the children of a class, and these, by name and class, as far as the actor may see them; one statement.

    Of no class there are none: graduates and others without one are found by name.
    """
    wanted: ColumnElement[bool] = col(Student.id).in_(student_ids)
    if class_id is not None:
        wanted = or_(col(ClassMembership.class_id) == class_id, wanted)
    found = session.execute(
        select(Student.id, Student.name, SchoolClass.grade, SchoolClass.number, Student.state)  # type: ignore[call-overload]
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .where(wanted, sees_students(actor))
        .order_by(col(SchoolClass.grade), col(SchoolClass.number), col(Student.name_order), col(Student.id))
    )
    return {number: f"{name}，{shown_class(grade, place, state)}" for number, name, grade, place, state in found}


def _is_child() -> ColumnElement[bool]:
    return col(Student.id) == col(CareRecord.student_id)


def _is_own(actor: Actor, record: CareRecord) -> bool:
    return actor.user_id is not None and record.author_id == actor.user_id


def _listed() -> Any:  # a select of more columns than the stubs know
    columns: list[Any] = [
        CareRecord,
        Student.name,
        SchoolClass.grade,
        SchoolClass.number,
        Student.state,
        AppUser.display_name,
        shown_helper().label("helper_name"),
    ]
    return (
        select(*columns)
        .select_from(CareRecord)
        .join(Student, _is_child())
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .join(AppUser, col(AppUser.id) == col(CareRecord.author_id), isouter=True)
    )


def shown_helper() -> Any:  # a scalar subquery of a name
    """Return what a record's helper is called, as a column; one of the staff may have got an account since."""
    account = aliased(AppUser)  # the author's stands beside it in many a statement
    return (
        select(func.coalesce(col(account.display_name), col(Helper.name)))
        .select_from(Helper)
        .join(account, col(account.id) == col(Helper.user_id), isouter=True)
        .where(col(Helper.id) == col(CareRecord.helper_id))
        .correlate(CareRecord)
        .scalar_subquery()
    )


def _row(actor: Actor, found: Any) -> RecordRow:
    record, child, grade, number, state, author, helper = found
    return RecordRow(
        **_facts(record),
        student_id=record.student_id,
        child=child,
        class_label=shown_class(grade, number, state),
        group_size=record.group_size,
        parts_filled=record.parts_filled,
        author_id=record.author_id,
        author_name=author or record.author_name,
        recorded_at=record.recorded_at,
        is_withdrawn=record.withdrawn_at is not None,
        may_read=reads_words(actor, record),
        is_imported=record.import_id is not None,
        helper_name=helper,
    )


def _facts(row: CareRecord) -> dict[str, Any]:
    return {"id": row.id or 0} | {
        each.name: getattr(row, each.name) for each in fields(RecordFacts) if each.name != "id"
    }


def _earlier(session: Session, record_id: int) -> tuple[EarlierText, ...]:
    found = session.exec(
        select(CareRecordVersion, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(CareRecordVersion.ended_by_id), isouter=True)
        .where(CareRecordVersion.record_id == record_id)
        .order_by(col(CareRecordVersion.number).desc())
    ).all()
    contents = [json.loads(unseal(row, "content_sealed") or "{}") for row, _ in found]
    helpers = _helper_names(session, {int(each["helper_id"]) for each in contents if "helper_id" in each})
    for each in contents:
        if "helper_id" in each:
            each["helper_id"] = helpers.get(int(each["helper_id"]), "")
    return tuple(
        EarlierText(row.ended_at, name, content, unseal(row, "reason_sealed"))
        for (row, name), content in zip(found, contents, strict=True)
    )


def _helper_names(session: Session, ids: Collection[int]) -> dict[int, str]:
    """Return what helpers are called; nothing is asked where there are none."""
    if not ids:
        return {}
    named = select(Helper.id, helper_name()).select_from(Helper)
    rows = session.exec(
        named.join(AppUser, col(AppUser.id) == col(Helper.user_id), isouter=True).where(col(Helper.id).in_(ids))
    )
    return {helper_id or 0: name for helper_id, name in rows}
