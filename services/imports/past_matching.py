"""Which child a past talk or visit was with, who did it, and whether it stands there already (F-09, K-02)."""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

from sqlmodel import Session, col, select

from db.sealing import open_text
from db.tables import (
    AppUser,
    CareKind,
    CareRecord,
    CareRecordVersion,
    CareRecordWords,
    Consent,
    ConsentAnswer,
    ConsentPurpose,
)
from services.exchange.past_records import PastRow
from services.exchange.reasons import Reason
from services.imports.matching import FieldChange, Outcome, PreviewRow
from services.imports.past_children import Found, find_past_child, refused, taken
from services.imports.stored import StoredChild, StoredChildren
from services.record_kinds import RESTRICTED, WORDS

Said = tuple[time | None, tuple[str, ...]]
"""When it began and every word of it: what makes two records of one child, day and kind the same."""
_Key = tuple[int, CareKind, date]


@dataclass(slots=True)
class PastMatch:
    """A row, what it would do, the remarks it gets, and who did it, where that is somebody's account."""

    row: PastRow
    shown: PreviewRow
    remarks: tuple[Reason, ...] = ()
    author_id: int | None = None


@dataclass(slots=True)
class StoredPast:
    """What of these kinds stands there, the accounts by name, and since when families refuse counselling."""

    records: dict[_Key, set[Said]] = field(default_factory=dict)
    authors: Mapping[str, int] = field(default_factory=dict)
    refusals: Mapping[int, date] = field(default_factory=dict)


def load_past(session: Session, rows: Sequence[PastRow], found: Sequence[tuple[Found, bool]]) -> StoredPast:
    """Read what a file may repeat, with its words, and who may have written it; `found` is whom each row means.

    Three statements, one for each five hundred records of the same child, day and kind, and one for each five hundred
    children, of whose imported records the earlier words are read; no others are opened.
    """
    stored = StoredPast(authors=_authors(session), refusals=_refusals(session))
    wanted = {
        (child.id, CareKind(row.kind), row.day)
        for row, ((child, _, _), _) in zip(rows, found, strict=True)
        if child is not None
    }
    if not wanted:
        return stored
    days = {day for _, _, day in wanted}
    known = session.execute(
        select(col(CareRecord.id), col(CareRecord.student_id), col(CareRecord.kind), col(CareRecord.day)).where(
            col(CareRecord.kind).in_({kind for _, kind, _ in wanted}),
            col(CareRecord.day) >= min(days),
            col(CareRecord.day) <= max(days),
        )
    )
    ids = [record_id for record_id, *key in known if tuple(key) in wanted]
    for start in range(0, len(ids), _AT_ONCE):
        _add_words(session, stored, ids[start : start + _AT_ONCE])
    children = sorted({child_id for child_id, _, _ in wanted if child_id is not None})
    for start in range(0, len(children), _AT_ONCE):
        _add_earlier(session, stored, children[start : start + _AT_ONCE])
    return stored


_AT_ONCE = 500


def _add_words(session: Session, stored: StoredPast, record_ids: Sequence[int | None]) -> None:
    words = [getattr(CareRecordWords, f"{name}_sealed") for name in WORDS]
    columns: list[Any] = [
        CareRecord.student_id, CareRecord.kind, CareRecord.day, CareRecord.start_time, CareRecordWords.uid, *words,
    ]  # fmt: skip
    found = session.execute(
        select(*columns)
        .join(CareRecordWords, col(CareRecordWords.record_id) == col(CareRecord.id))
        .where(col(CareRecord.id).in_(record_ids))
    )
    for student_id, kind, day, start, uid, *sealed in found:
        said = tuple(
            open_text(each, table="care_record_words", column=f"{name}_sealed", uid=uid) or ""
            for name, each in zip(WORDS, sealed, strict=True)
        )
        stored.records.setdefault((student_id, kind, day), set()).add((start, said))


def _add_earlier(session: Session, stored: StoredPast, student_ids: Sequence[int]) -> None:
    """Add how imported records of some children stood before they were amended: the same file says that once more."""
    found = session.exec(
        select(CareRecord, CareRecordVersion)
        .join(CareRecordVersion, col(CareRecordVersion.record_id) == col(CareRecord.id))
        .where(col(CareRecord.import_id).is_not(None), col(CareRecord.student_id).in_(student_ids))
    )
    for record, version in found:
        text = open_text(version.content_sealed, table="care_record_version", column="content_sealed", uid=version.uid)
        content: dict[str, str] = json.loads(text or "{}")
        if "day" in content:
            start = time.fromisoformat(content["start_time"]) if "start_time" in content else None
            key = (record.student_id, record.kind, date.fromisoformat(content["day"]))
            said = (start, tuple(content.get(name, "") for name in WORDS))
            stored.records.setdefault(key, set()).add(said)


def _authors(session: Session) -> dict[str, int]:
    """Return the accounts by name, in use or not; a name two have is nobody's."""
    users = session.exec(select(AppUser.display_name, AppUser.id)).all()
    times = Counter(name for name, _ in users)
    return {name: user_id or 0 for name, user_id in users if times[name] == 1}


def _refusals(session: Session) -> dict[int, date]:
    rows = session.exec(
        select(col(Consent.student_id), col(Consent.day)).where(
            Consent.purpose == ConsentPurpose.COUNSELLING,
            col(Consent.answer).in_((ConsentAnswer.REFUSED, ConsentAnswer.WITHDRAWN)),
            col(Consent.replaced_at).is_(None),
        )
    )
    return dict(rows.all())


def match_past(
    session: Session, rows: Sequence[PastRow], children: StoredChildren, *, school_year: int
) -> list[PastMatch]:
    """Say of every row whom it means and whether it is new; the same again, in the file or stored, is not."""
    found = [find_past_child(row, children, day=row.day, school_year=school_year) for row in rows]
    stored = load_past(session, rows, found)
    in_file: set[tuple[_Key, Said]] = set()
    return [_match(row, each, stored, in_file, school_year) for row, each in zip(rows, found, strict=True)]


def _match(
    row: PastRow,
    found: tuple[Found, bool],
    stored: StoredPast,
    in_file: set[tuple[_Key, Said]],
    school_year: int,
) -> PastMatch:
    (child, by, reason), is_of_today = found
    if child is None or by is None:
        return PastMatch(row, refused(row, reason or Reason.STUDENT_NOT_IN_ROSTER))
    kind = CareKind(row.kind)
    if reason := _cannot_be(row, kind, child, stored):
        return PastMatch(row, refused(row, reason))
    key, said = (child.id, kind, row.day), said_of(row)
    if (key, said) in in_file:
        return PastMatch(row, refused(row, Reason.DUPLICATE))
    in_file.add((key, said))
    known = stored.records.get(key, ())
    is_new = said not in known
    author_id = stored.authors.get(row.author) if row.author else None
    remarks = []
    if is_of_today:
        remarks.append(Reason.CLASS_OF_TODAY)
    if is_new and known:
        remarks.append(Reason.PAST_SAME_DAY)
    if is_new and row.author and author_id is None:
        remarks.append(Reason.AUTHOR_KEPT_AS_NAME)
    changes = (FieldChange("record", f"{row.day.isoformat()} {kind.label}", "", row.author or ""),) if is_new else ()
    shown = taken(row, child, by, Outcome.NEW if is_new else Outcome.UNCHANGED, changes, school_year=school_year)
    return PastMatch(row, shown, tuple(remarks), author_id)


def said_of(row: PastRow) -> Said:
    """Return what makes a row the same as another."""
    return row.start, tuple(row.words.get(name, "") for name in WORDS)


def _cannot_be(row: PastRow, kind: CareKind, child: StoredChild, stored: StoredPast) -> Reason | None:
    if row.day <= child.birth_day:
        return Reason.PAST_DAY_UNREADABLE
    since = stored.refusals.get(child.id)
    if kind in RESTRICTED and since is not None and since <= row.day:
        return Reason.COUNSELLING_REFUSED
    return None


def kinds_of(matches: Collection[PastMatch]) -> Counter[CareKind]:
    """Count what would be new by kind."""
    return Counter(CareKind(each.row.kind) for each in matches if each.shown.outcome is Outcome.NEW)
