"""Every row that belongs to one child, found by the tables' own references: fingerprinted, counted, removed.

A table that points at a child, or at a row of its, stands in OWNED or, with the reason, in STAYS. A test reads the
metadata: a new table that stands in neither fails it.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Table, delete, or_, select, update
from sqlmodel import Session, col

from db.base import JsonObject
from db.sealing import unseal
from db.tables import (
    METADATA,
    Attachment,
    Draft,
    HandoverChild,
    HandoverPackage,
    ImportedRow,
    ListDifference,
    ListExchange,
    Student,
    YearChangeRow,
)


class RecordKind(StrEnum):
    """For which of the school's terms a table counts."""

    REGISTER = "register"  # who the child is: name, classes, guardians, categories, entries, consents
    CARE = "care"  # what was worked on: referrals, assessments, cases


OWNED: Mapping[str, RecordKind] = {
    "student": RecordKind.REGISTER,
    "class_membership": RecordKind.REGISTER,
    "guardian": RecordKind.REGISTER,
    "contact_card_version": RecordKind.REGISTER,
    "contact_opening": RecordKind.REGISTER,
    "student_category": RecordKind.REGISTER,
    "check_finding": RecordKind.REGISTER,
    "term_entry": RecordKind.REGISTER,
    "parents_promise": RecordKind.REGISTER,
    "family_survey": RecordKind.REGISTER,
    "consent": RecordKind.REGISTER,
    "year_exception": RecordKind.REGISTER,
    "enrolment_change": RecordKind.REGISTER,
    "list_difference": RecordKind.REGISTER,
    "retention_hold": RecordKind.REGISTER,
    "drop_out": RecordKind.REGISTER,
    "drop_out_step": RecordKind.REGISTER,
    "referral": RecordKind.CARE,
    "referral_move": RecordKind.CARE,
    "assessment": RecordKind.CARE,
    "care_case": RecordKind.CARE,
    "case_conference": RecordKind.CARE,
    "conference_participant": RecordKind.CARE,
    "care_record": RecordKind.CARE,
    "care_record_words": RecordKind.CARE,
    "care_record_version": RecordKind.CARE,
    "screening_result": RecordKind.CARE,
    "screening_absence": RecordKind.CARE,
    "case_closure": RecordKind.CARE,
    "stage_summary": RecordKind.CARE,
    "stage_summary_version": RecordKind.CARE,
    "effect_evaluation": RecordKind.CARE,
    "effect_evaluation_version": RecordKind.CARE,
    "conference_version": RecordKind.CARE,
    "case_decision": RecordKind.CARE,
    "tier_change": RecordKind.CARE,
    "tier_suggestion": RecordKind.CARE,
    "psych_archive": RecordKind.CARE,
    "archive_look": RecordKind.CARE,
    "support_plan": RecordKind.CARE,
    "plan_version": RecordKind.CARE,
    "plan_author": RecordKind.CARE,
    "plan_goal": RecordKind.CARE,
    "plan_measure": RecordKind.CARE,
    "measure_note": RecordKind.CARE,
    "outward_referral": RecordKind.CARE,
    "outward_follow_up": RecordKind.CARE,
    "warning_group": RecordKind.CARE,
    "warning_member": RecordKind.CARE,
    "handover_child": RecordKind.CARE,
    "clause_excuse": RecordKind.CARE,
    "pairing": RecordKind.CARE,
    "pairing_subsidy": RecordKind.CARE,
}
"""Tables whose rows are a child's own and go with it."""

STAYS: Mapping[str, str] = {
    "audit_event": "the chain: that something was done, by whom; a number, no name",
    "retention_item": "that this number's records were removed",
}
"""Tables that keep a child's number after it is gone."""

ENTERED_LATE = timedelta(days=366)
"""That a child has left may be entered so much later; until then lists take it for one of the school's."""

_STUDENT: Table = Student.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
_AT_ONCE = 500


def owned_tables() -> list[Table]:
    """Return the tables of OWNED, those that others point at first."""
    return [table for table in METADATA.sorted_tables if table.name in OWNED]


def fingerprints(session: Session, student_ids: Collection[int]) -> dict[int, str]:
    """Return a digest of everything each child has, so that a row added, changed or taken away shows."""
    digests = {student_id: hashlib.sha256() for student_id in student_ids}
    for table in owned_tables():
        for student_id, row in _rows(session, table, student_ids):
            digests[student_id].update(f"{table.name}:{row!r}\n".encode())
    return {student_id: digest.hexdigest() for student_id, digest in digests.items()}


def hold_rows(session: Session, student_id: int) -> bool:
    """Hold every row a child has to the end of the transaction; False where somebody is at work on one of them.

    Nobody is waited for: whoever has a row may be waiting for another of these. The child's own row comes first;
    once it is held, nothing new can point at it. On SQLite a writing transaction holds everything anyway.
    """
    merged = session.execute(select(col(Student.id)).where(col(Student.merged_into_id) == student_id)).scalars().all()
    if not all(hold_rows(session, other_id or 0) for other_id in merged):
        return False
    for table in owned_tables():
        keys = {int(row[0]) for _, row in _rows(session, table, [student_id], columns=table.primary_key.columns)}
        free = select(table.c.id).where(table.c.id.in_(keys)).with_for_update(skip_locked=True)
        if keys and set(session.execute(free).scalars()) != keys:
            return False
    return True


def remove_rows(session: Session, student_id: int, *, is_whole: bool) -> int:
    """Remove a child's care records, or the child with everything; return how many rows.

    Raises:
        IntegrityError: a row of somebody else points at one of these.
    """
    merged = select(col(Student.id)).where(col(Student.merged_into_id) == student_id)
    before = list(session.execute(merged).scalars()) if is_whole else []
    count = sum(remove_rows(session, other_id or 0, is_whole=True) for other_id in before)
    count += _remove_beside(session, student_id) if is_whole else _remove_drafts(session, student_id)
    count += _remove_signed_lists(session, student_id)
    for table in reversed(owned_tables()):
        if is_whole or OWNED[table.name] is RecordKind.CARE:
            count += _delete(session, table, student_id)
    return count


def _rows(
    session: Session, table: Table, student_ids: Collection[int], columns: Iterable[Column[Any]] | None = None
) -> Iterator[tuple[int, list[Any]]]:
    """Yield each child's rows of a table, by the primary key; a row reached by two ways comes once."""
    wanted = list(columns or table.columns)
    ids = sorted(student_ids)
    for start in range(0, len(ids), _AT_ONCE):
        for way in _ways(table):
            owner, joined = way
            query = select(owner, *wanted).select_from(joined).where(owner.in_(ids[start : start + _AT_ONCE]))
            for student_id, *values in session.execute(query.order_by(*table.primary_key.columns)):
                yield student_id, [_plain(value) for value in values]


def _ways(table: Table) -> Iterator[tuple[Column[Any], Any]]:
    """Yield how a table's rows are known to be a child's: its own column, or else that of what it points at."""
    if table is _STUDENT:
        yield table.c.id, table
        return
    direct = [key.parent for key in table.foreign_keys if key.column.table is _STUDENT]
    if direct:
        yield direct[0], table
        return
    for key in sorted(table.foreign_keys, key=lambda key: key.parent.name):
        parent = key.column.table
        if parent is not table and parent.name in OWNED:
            for owner, joined in _ways(parent):
                yield owner, joined.join(table, key.parent == key.column)
            return


def _plain(value: Any) -> Any:  # a cell of any type
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else str(value)


def _delete(session: Session, table: Table, student_id: int) -> int:
    """Delete a child's rows; of a table that points at itself those first that nothing points at."""
    keys = [row[0] for _, row in _rows(session, table, [student_id], columns=table.primary_key.columns)]
    wanted = table.c.id.in_([int(key) for key in keys])
    itself = [key.parent for key in table.foreign_keys if key.column.table is table]
    if not itself:
        session.execute(delete(table).where(wanted))
        return len(keys)
    count = 0
    while True:
        pointed = select(itself[0]).where(itself[0].is_not(None))
        gone = int(session.execute(delete(table).where(wanted, table.c.id.not_in(pointed))).rowcount)  # type: ignore[attr-defined]
        count += gone
        if not gone:
            return count


def _remove_beside(session: Session, student_id: int) -> int:
    """Remove what points at a child without a foreign key, and what outside lists of its time say of anybody."""
    count = _remove_lists(session, student_id) + _remove_drafts(session, student_id)
    for table in owned_tables():
        keys = [int(row[0]) for _, row in _rows(session, table, [student_id], columns=table.primary_key.columns)]
        for notes in (ImportedRow, YearChangeRow):
            session.execute(delete(notes).where(col(notes.table_name) == table.name, col(notes.row_id).in_(keys)))
    return count


def _remove_lists(session: Session, student_id: int) -> int:
    """Remove the files of the outside lists that may name a child, and whom they name that nobody here knows.

    A child stands on a list without a difference too: where both sides agree, or on one the school gave. So the lists
    of its whole time here go; what was decided about other children stays with them.
    """
    named = select(col(ListDifference.exchange_id)).where(col(ListDifference.student_id) == student_id)
    left_on = session.execute(select(col(Student.left_on)).where(col(Student.id) == student_id)).scalar()
    may_name: Any = col(ListExchange.id).in_(named)
    if left_on is not None:
        may_name = or_(may_name, col(ListExchange.day) <= left_on + ENTERED_LATE)
    rows = session.execute(select(col(ListExchange.id), col(ListExchange.attachment_id)).where(may_name)).all()
    exchanges, files = [row[0] for row in rows], [row[1] for row in rows if row[1] is not None]
    session.execute(update(ListExchange).where(col(ListExchange.id).in_(exchanges)).values(attachment_id=None))
    session.execute(delete(Attachment).where(col(Attachment.id).in_(files)))
    strangers = delete(ListDifference).where(
        col(ListDifference.exchange_id).in_(exchanges), col(ListDifference.student_id).is_(None)
    )
    return len(files) + int(session.execute(strangers).rowcount)  # type: ignore[attr-defined]


def _remove_signed_lists(session: Session, student_id: int) -> int:
    """Remove the signed lists that name a child whose archive was handed over; one can't be removed in part."""
    packed = select(col(HandoverChild.package_id)).where(col(HandoverChild.student_id) == student_id)
    named = (col(HandoverPackage.id).in_(packed), col(HandoverPackage.attachment_id).is_not(None))
    files = session.execute(select(col(HandoverPackage.attachment_id)).where(*named)).scalars().all()
    session.execute(update(HandoverPackage).where(*named).values(attachment_id=None))
    session.execute(delete(Attachment).where(col(Attachment.id).in_(files)))
    return len(files)


def _remove_drafts(session: Session, student_id: int) -> int:
    """Remove half-typed words about a child: by their subject, or by the children they name inside."""
    referrals = {int(row[0]) for _, row in _rows(session, METADATA.tables["referral"], [student_id])}
    subjects = {f"student:{student_id}", *(f"referral:{each}" for each in referrals)}
    gone = [
        draft.id
        for draft in session.execute(select(Draft)).scalars()
        if draft.subject in subjects or _names(json.loads(unseal(draft, "content_sealed") or "{}"), student_id)
    ]
    session.execute(delete(Draft).where(col(Draft.id).in_(gone)))
    return len(gone)


def _names(content: JsonObject, student_id: int) -> bool:
    """Whether a draft is about a child: an intake of it, a check of its class, or a row in a class's table."""
    return (
        content.get("student_id") == student_id or student_id in content.get("about", ()) or str(student_id) in content
    )
