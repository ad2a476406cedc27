"""Work records: writing one down for a child or a group, amending it, withdrawing it (F-09, K-02, I-03)."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, time
from enum import Enum

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from db.base import new_uid
from db.sealing import seal
from db.tables import (
    CareChannel,
    CareKind,
    CarePlace,
    CareRecord,
    CareRecordVersion,
    CareRecordWords,
    ConsentPurpose,
    NotReached,
    Role,
    Student,
)
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.agreements import check_agreement
from services.consents import list_refusals
from services.editing import last_editor, lock_version
from services.errors import DomainError, EditedMeanwhile, FieldErrors, NotAllowed, NotFound, Problem
from services.fields import LINE, LONG, Checker
from services.pairing.outside_helpers import are_paired_on
from services.record_kinds import KINDS, PARTS, WORDS, KindSpec, count_parts
from services.record_views import StoredRecord, may_amend, sees_records, stored_record
from services.row_filters import sees_students
from services.student_rights import still_there

LONGEST_AGO_DAYS = 366 * 2
LONGEST_MINUTES = 720
LARGEST_GROUP = 60


class AlreadyRecorded(DomainError):
    """This very form was saved before, in another tab, with other words, days or children."""


class RecordWithdrawn(DomainError):
    """The record was withdrawn; what was written stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEntry:
    """One record as typed; what its kind doesn't ask for is not kept."""

    kind: CareKind | None = None
    day: date | None = None
    start_time: time | None = None
    minutes: float | None = None  # as typed; a whole number is kept
    place: CarePlace | None = None
    channel: CareChannel | None = None
    is_done: bool = True
    not_reached: NotReached | None = None
    agreed_with_id: int | None = None  # who of the care room's heads said yes, where it reaches the family
    helper_id: int | None = None  # who did it, where that is somebody without an account
    raised: str | None = None
    measures: str | None = None
    effect: str | None = None
    next_step: str | None = None


def reaches_family(kind: CareKind | None, place: CarePlace | None) -> bool:
    """Say whether a contact reaches the family: by its kind, or because it is at the child's home."""
    return kind is not None and (KINDS[kind].reaches_family or place is CarePlace.HOME)


@permitted(Permission.RECORD_WRITE)
def record_contact(
    session: Session, actor: Actor, *, student_ids: Iterable[int], entry: RecordEntry, form_uid: str | None = None
) -> tuple[int, ...]:
    """Write one contact down, for a group one record a child; return their ids in the order of the children (F-09).

    Sent twice, one filled-in form (`form_uid`) is saved once.

    Raises:
        NotFound: a child is not there, or the actor may not see it.
        FieldErrors: something is missing or can't be: a family reached without the care room's yes, whoever's child;
            counselling that the family refused; a helper who was not paired with every child that day.
        AlreadyRecorded: the form was saved with something else.
    """
    children = list(dict.fromkeys(student_ids))
    check = Checker()
    if not children:
        check.add("child", "child_not_chosen")
    if len(children) > LARGEST_GROUP:
        check.add("others", "too_many", limit=LARGEST_GROUP)
    checked = _checked(session, actor, check, entry, children=children)
    if checked.kind is None or checked.day is None:  # refused already; said again for the types
        raise NotFound
    entry_uid = form_uid or new_uid()
    if saved := _saved_before(session, actor, entry_uid, children, checked):
        return saved
    here = select(Student.id).where(col(Student.id).in_(children), sees_students(actor)).order_by(col(Student.id))
    if len(session.exec(still_there(session, here)).all()) != len(children):
        raise NotFound
    _respect_refusal(session, children, checked.kind, checked.day)
    rows = [_new_row(actor, checked, student_id, entry_uid, len(children)) for student_id in children]
    session.add_all(rows)
    try:
        session.flush()
    except IntegrityError:  # sent by another tab at the same moment
        raise AlreadyRecorded from None
    for row in rows:
        words = CareRecordWords(record_id=row.id or 0)
        _seal_words(words, checked)
        session.add(words)
        audit.record(
            session,
            actor,
            audit.Action.RECORD_SAVED,
            target=row,
            student_id=row.student_id,
            kind=checked.kind.value,
            day=checked.day.isoformat(),
            count=len(children),
            agreed_with_id=row.agreed_with_id,
            helper_id=row.helper_id,
        )
    session.flush()
    return tuple(row.id or 0 for row in rows)


@permitted(Permission.RECORD_WRITE)
def is_recorded(session: Session, actor: Actor, *, form_uid: str) -> bool:
    """Say whether the actor saved this form already: a late click needs no draft of it."""
    found = select(CareRecord.id).where(CareRecord.entry_uid == form_uid, CareRecord.author_id == actor.user_id)
    return session.exec(found).first() is not None


@permitted(Permission.RECORD_WRITE)
def amend_record(session: Session, actor: Actor, *, record_id: int, version: int, entry: RecordEntry) -> None:
    """Put a record right or complete it; how it stood before is kept. Its kind and its child stay.

    Raises:
        NotFound: there is none this actor sees.
        NotAllowed: somebody else wrote it.
        RecordWithdrawn: it was withdrawn.
        FieldErrors: something is missing or can't be: counselling moved to a day by which the family refused it, what
            a helper did to one on which the two were not paired.
        EditedMeanwhile: somebody amended it since; `current` is a StoredRecord.
    """
    row, words = _locked(session, actor, record_id, version)
    before = stored_record(row, words)
    check = Checker()
    checked = _checked(session, actor, check, replace(entry, kind=row.kind), children=[row.student_id], drawn=before)
    changed = [name for name in _kept_fields() if getattr(before, name) != getattr(checked, name)]
    if "day" in changed and checked.day is not None:
        _respect_refusal(session, [row.student_id], row.kind, checked.day, named="day")
    _keep_version(session, actor, row, before, reason=None)
    for name in changed:
        if name not in WORDS:
            setattr(row, name, getattr(checked, name))
    row.parts_filled = _parts(checked)
    _seal_words(words, checked)
    session.add_all([row, words])
    session.flush()
    audit.record(
        session, actor, audit.Action.RECORD_AMENDED, target=row, student_id=row.student_id, fields=changed,
        agreed_with_id=row.agreed_with_id, helper_id=row.helper_id,
    )  # fmt: skip


@permitted(Permission.RECORD_WRITE)
def withdraw_record(session: Session, actor: Actor, *, record_id: int, version: int, reason: str | None) -> None:
    """Say that a record counts for nothing, with the reason: of another child, or written twice. It stays readable.

    Raises:
        NotFound, NotAllowed, RecordWithdrawn, EditedMeanwhile: as `amend_record`.
        FieldErrors: the reason is blank or too long.
    """
    check = Checker()
    text = check.required_text("reason", reason, limit=LINE)
    row, words = _locked(session, actor, record_id, version)
    check.finish()
    _keep_version(session, actor, row, stored_record(row, words), reason=text)
    row.withdrawn_at = clock.now()
    session.add(row)
    session.flush()
    audit.record(session, actor, audit.Action.RECORD_WITHDRAWN, target=row, student_id=row.student_id)


# --- what can be saved ---


def _respect_refusal(
    session: Session, children: Collection[int], kind: CareKind, day: date, *, named: str = "child"
) -> None:
    """Refuse counselling that a family refused by then (H-07); what was said in danger is written down as a talk."""
    if kind is not CareKind.COUNSELLING:
        return
    refused = list_refusals(session, student_ids=children, purpose=ConsentPurpose.COUNSELLING, on=day)
    if refused:
        raise FieldErrors({named: Problem("counselling_refused", day=refused[0])})


def _kept_fields() -> tuple[str, ...]:
    return (
        "day", "start_time", "minutes", "place", "channel", "is_done", "not_reached", "agreed_with_id", "helper_id",
        *WORDS,
    )  # fmt: skip


def _checked(
    session: Session,
    actor: Actor,
    check: Checker,
    entry: RecordEntry,
    *,
    children: Collection[int],
    drawn: StoredRecord | None = None,
) -> RecordEntry:
    """Return the entry as it is kept: texts tidied, without what its kind doesn't ask for; refuse the rest at once."""
    if entry.kind is None:
        check.add("kind", "required")
        check.finish()
        raise NotFound
    spec = KINDS[entry.kind]
    if drawn is None and spec.is_restricted and not actor.has_role(Role.LEAD, Role.COUNSELLOR):
        check.add("kind", "unknown_choice")
    kept = replace(
        entry,
        start_time=entry.start_time if "start_time" in spec.fields else None,
        minutes=check.whole_number("minutes", entry.minutes) if "minutes" in spec.fields else None,
        place=entry.place if "place" in spec.fields else spec.place,
        channel=entry.channel if "channel" in spec.fields else spec.channel,
        not_reached=None if entry.is_done else entry.not_reached,
        helper_id=entry.helper_id if spec.is_for_helpers else None,
        raised=check.text("raised", entry.raised, limit=LONG),
        measures=check.text("measures", entry.measures, limit=LONG),
        effect=check.text("effect", entry.effect, limit=LONG),
        next_step=check.text("next_step", entry.next_step, limit=LONG),
    )
    _check_when(check, kept, drawn)
    _check_required(check, kept, spec)
    _check_helper(session, actor, check, kept, children, drawn)
    kept = replace(kept, agreed_with_id=_agreed(session, actor, check, kept, drawn))
    check.finish()
    return kept


def _check_when(check: Checker, entry: RecordEntry, drawn: StoredRecord | None) -> None:
    today = clock.today()
    check.not_future("day", entry.day, today=today)
    is_as_drawn = drawn is not None and drawn.day == entry.day  # of an old spreadsheet, it may be years ago
    if entry.day is not None and not is_as_drawn and (today - entry.day).days > LONGEST_AGO_DAYS:
        check.add("day", "too_early", day=entry.day)
    if entry.day == today and entry.start_time and entry.start_time > clock.local(clock.now()).time():
        check.add("start_time", "later_than_now")
    if entry.minutes is not None and not 0 < entry.minutes <= LONGEST_MINUTES:
        check.add("minutes", "outside", least=1, most=LONGEST_MINUTES)


def _check_required(check: Checker, entry: RecordEntry, spec: KindSpec) -> None:
    """An attempt needs its day and why it stayed one; what was done, what its kind asks for."""
    if not entry.is_done and entry.not_reached is None:
        check.add("not_reached", "required")
    for name in sorted(spec.requires if entry.is_done else {"day"}):
        if getattr(entry, name) is None and name not in check.problems:
            check.add(name, "required")


def _check_helper(
    session: Session,
    actor: Actor,
    check: Checker,
    entry: RecordEntry,
    children: Collection[int],
    drawn: StoredRecord | None,
) -> None:
    """Note a helper who was not paired with every child on the day; what stood in the record already may stay."""
    if entry.helper_id is None or entry.day is None or not children:
        return
    is_known = drawn is not None and drawn.helper_id == entry.helper_id
    if is_known and drawn is not None and drawn.day == entry.day:
        return
    if not are_paired_on(
        session, actor, helper_id=entry.helper_id, student_ids=children, day=entry.day, is_known=is_known
    ):
        check.add("helper_id", "helper_not_paired", day=entry.day)


def _agreed(
    session: Session, actor: Actor, check: Checker, entry: RecordEntry, drawn: StoredRecord | None
) -> int | None:
    if not reaches_family(entry.kind, entry.place):
        return None
    was_contact = drawn is not None and reaches_family(drawn.kind, drawn.place)
    return check_agreement(
        session,
        actor,
        check,
        agreed_with_id=entry.agreed_with_id,
        before_id=drawn.agreed_with_id if drawn else None,
        is_same_contact=was_contact and drawn is not None and drawn.day == entry.day,
    )


def _parts(entry: RecordEntry) -> int:
    return count_parts(*(getattr(entry, name) for name in PARTS))


def _new_row(actor: Actor, entry: RecordEntry, student_id: int, entry_uid: str, group_size: int) -> CareRecord:
    if entry.kind is None or entry.day is None:
        raise NotFound
    return CareRecord(
        entry_uid=entry_uid,
        student_id=student_id,
        kind=entry.kind,
        day=entry.day,
        start_time=entry.start_time,
        minutes=int(entry.minutes) if entry.minutes is not None else None,
        place=entry.place,
        channel=entry.channel,
        is_done=entry.is_done,
        not_reached=entry.not_reached,
        group_size=group_size,
        parts_filled=_parts(entry),
        author_id=actor.id_of_staff,
        agreed_with_id=entry.agreed_with_id,
        helper_id=entry.helper_id,
        recorded_at=clock.now(),
    )


def _seal_words(words: CareRecordWords, entry: RecordEntry) -> None:
    for name in WORDS:
        seal(words, f"{name}_sealed", getattr(entry, name))


def _saved_before(
    session: Session, actor: Actor, entry_uid: str, children: list[int], entry: RecordEntry
) -> tuple[int, ...] | None:
    """Return the records a double click made a moment ago.

    Raises:
        AlreadyRecorded: they hold something else, and what is typed now must not be lost silently.
    """
    found = session.exec(
        select(CareRecord, CareRecordWords)
        .join(CareRecordWords, col(CareRecordWords.record_id) == col(CareRecord.id))
        .where(CareRecord.entry_uid == entry_uid)
    ).all()
    if not found:
        return None
    ids = {row.student_id: row.id or 0 for row, _ in found}
    says_the_same = all(
        row.author_id == actor.user_id
        and row.kind is entry.kind
        and all(getattr(stored_record(row, words), name) == getattr(entry, name) for name in _kept_fields())
        for row, words in found
    )
    if not says_the_same or set(ids) != set(children):
        raise AlreadyRecorded
    return tuple(ids[child] for child in children)


# --- which rows, and who ---


def _locked(session: Session, actor: Actor, record_id: int, version: int) -> tuple[CareRecord, CareRecordWords]:
    seen = session.exec(
        select(CareRecord)
        .join(Student, col(Student.id) == col(CareRecord.student_id))
        .where(CareRecord.id == record_id, sees_records(actor))
    ).first()
    if seen is None:
        raise NotFound
    if not may_amend(actor, seen):
        raise NotAllowed
    try:
        row = lock_version(session, CareRecord, record_id, version=version)
    except EditedMeanwhile as error:
        current = stored_record(error.current, _words(session, record_id))
        raise EditedMeanwhile(current, edited_by=last_editor(session, error.current)) from None
    if row.withdrawn_at is not None:
        raise RecordWithdrawn
    return row, _words(session, record_id)


def _words(session: Session, record_id: int) -> CareRecordWords:
    return session.exec(select(CareRecordWords).where(CareRecordWords.record_id == record_id)).one()


def _keep_version(session: Session, actor: Actor, row: CareRecord, stood: StoredRecord, *, reason: str | None) -> None:
    """Keep how a record stood; `row.version` was raised already."""
    content = {name: value for name in _kept_fields() if (value := getattr(stood, name)) not in (None, "")}
    version = CareRecordVersion(
        record_id=row.id or 0, number=stood.version - 1, ended_at=clock.now(), ended_by_id=actor.user_id
    )
    seal(version, "content_sealed", json.dumps(content, ensure_ascii=False, default=_plain))
    seal(version, "reason_sealed", reason)
    session.add(version)


def _plain(value: object) -> str:
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value.value if isinstance(value, Enum) else value)
