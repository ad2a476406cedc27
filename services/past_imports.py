"""Importing talks and home visits the school kept before the program, as work records marked 补录 (F-09, K-02)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, col, select

from db.base import new_uid
from db.locks import Turn, take_turn
from db.sealing import seal_text
from db.tables import CareChannel, CareKind, CarePlace, CareRecord, CareRecordWords, ImportBatch, ImportKind
from services import clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import current_school_year, load_calendar
from services.exchange.past_columns import TALKS, VISITS
from services.exchange.past_records import PastReading, parse_talks, parse_visits
from services.exchange.readings import ListReading, Position
from services.exchange.reasons import Reason
from services.import_rows import rows_taken, write_batch
from services.imports.matching import Outcome
from services.imports.past_matching import PastMatch, kinds_of, match_past
from services.imports.reading import reader_of
from services.imports.returning import merged_reading
from services.imports.stored import load_children
from services.imports.writing import Progress
from services.record_kinds import PARTS, WORDS, count_parts
from services.student_imports import ImportPreview, ImportResult

_BLAMED = {Reason.NAME_ID_MISMATCH: "id_number", Reason.PAST_DAY_UNREADABLE: "day"}
_LABELS = {ImportKind.TALKS: TALKS.labels, ImportKind.VISITS: VISITS.labels}
_AT_ONCE = 500

read_talks = reader_of(parse_talks)
"""Read a spreadsheet of talks."""
read_visits = reader_of(parse_visits)
"""Read a spreadsheet of home visits."""


@dataclass(frozen=True, slots=True)
class PastPreview(ImportPreview):
    """What the import of talks or visits would do, row by row; it makes records, and no child."""

    kind: ImportKind = ImportKind.TALKS
    matches: tuple[PastMatch, ...] = field(repr=False, compare=False, default=())

    def full_reading(self) -> ListReading[Any]:
        """Return the reading with the rows whose child can't be told among the rejected, repeated ones among those."""
        remarks = tuple(each.remarks for each in self.matches)
        return merged_reading(self.reading, self.rows, remarks, labels=_LABELS[self.kind], blamed=_BLAMED)

    def summary(self) -> dict[str, Any]:  # the counts are written to JSON as they are
        """Return the counts and positions of the whole import, and how many records of which kind it would write."""
        kinds = kinds_of(self.matches)
        return ImportPreview.summary(self) | {"new_by_kind": {kind.value: kinds[kind] for kind in sorted(kinds)}}


@permitted(Permission.STUDENT_IMPORT)
def preview_past(session: Session, actor: Actor, *, reading: PastReading, kind: ImportKind) -> PastPreview:
    """Say what the import of talks or visits would do; writes nothing. Statements grow with what it may repeat only."""
    return _preview(session, reading, kind)


@permitted(Permission.STUDENT_IMPORT)
def confirm_past(
    session: Session,
    actor: Actor,
    *,
    preview: ImportPreview,
    file_name: str,
    digest: str,
    ticked: Collection[Position] | None = None,
    progress: Progress | None = None,
) -> ImportResult:
    """Write the records, in the caller's one transaction; a list that says nothing new writes nothing.

    Rows matched by name and class that are not in `ticked` are left out; None ticks them all.

    Raises:
        StalePreview: register or records have changed since, and the import would now do something else.
    """
    if not isinstance(preview, PastPreview):
        raise TypeError(preview)
    take_turn(session, Turn.IMPORT)
    current = _preview(session, preview.reading, preview.kind, locking=True)
    taken = rows_taken(preview, current, current.matches, ticked=ticked)
    if taken.counts.says_nothing_new:
        return taken.counts

    def write(batch: ImportBatch) -> None:
        new = [each for each in taken.rows if each.shown.outcome is Outcome.NEW]
        _write(session, new, batch_id=batch.id or 0, now=batch.imported_at, progress=progress)

    return write_batch(
        session, actor, preview.kind, taken.counts, current, file_name=file_name, digest=digest, write=write
    )  # fmt: skip


preview_talks = partial(preview_past, kind=ImportKind.TALKS)
preview_visits = partial(preview_past, kind=ImportKind.VISITS)


def _preview(session: Session, reading: PastReading, kind: ImportKind, *, locking: bool = False) -> PastPreview:
    school_year = current_school_year(load_calendar(session), clock.today())
    children = load_children(session, school_year=school_year, locking=locking)
    matches = match_past(session, reading.rows, children, school_year=school_year)
    rows = tuple(each.shown for each in matches)
    return PastPreview(reading, school_year, rows, kind=kind, matches=tuple(matches))


def _write(
    session: Session, matches: Sequence[PastMatch], *, batch_id: int, now: datetime, progress: Progress | None
) -> None:
    # Child by child: the records' index is by child, and each of its pages is encrypted anew.
    matches = sorted(matches, key=lambda match: (match.shown.student_id or 0, match.row.day))
    for start in range(0, len(matches), _AT_ONCE):
        if progress is not None:
            progress(start, len(matches))
        part = matches[start : start + _AT_ONCE]
        rows = [_row(each, batch_id, now) for each in part]
        session.execute(insert(CareRecord), rows)
        uids = [row["entry_uid"] for row in rows]
        found = session.exec(
            select(CareRecord.entry_uid, CareRecord.id).where(col(CareRecord.entry_uid).in_(uids))
        ).all()
        ids = dict(found)
        words = [_words(each, ids[uid] or 0) for each, uid in zip(part, uids, strict=True)]
        session.execute(insert(CareRecordWords), words)
    if progress is not None:
        progress(len(matches), len(matches))


def _row(match: PastMatch, batch_id: int, now: datetime) -> dict[str, Any]:
    row = match.row
    place = CarePlace(row.place) if row.place else None
    return {
        "entry_uid": new_uid(),
        "student_id": match.shown.student_id,
        "kind": CareKind(row.kind),
        "day": row.day,
        "start_time": row.start,
        "minutes": row.minutes,
        "place": place,
        "channel": CareChannel(row.channel) if row.channel else None,
        "is_done": True,
        "group_size": 1,
        "parts_filled": count_parts(place, *(row.words.get(name) for name in PARTS[1:])),
        "author_id": match.author_id,
        "author_name": row.author if match.author_id is None else None,
        "import_id": batch_id,
        "recorded_at": now,
        "version": 1,
    }


def _words(match: PastMatch, record_id: int) -> dict[str, Any]:
    uid, words = new_uid(), match.row.words
    sealed = {
        f"{name}_sealed": seal_text(words.get(name), table="care_record_words", column=f"{name}_sealed", uid=uid)
        for name in WORDS
    }
    return {"uid": uid, "record_id": record_id, **sealed}
