"""Importing the old ledger of 四特: it registers children of the roster, and overwrites nothing (G-01, G-02)."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session

from db.base import new_uid
from db.locks import Turn, take_turn
from db.sealing import seal_text
from db.tables import FoundBy, ImportBatch, ImportKind
from services import clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import current_school_year, load_calendar
from services.exchange.past_columns import SPECIAL
from services.exchange.readings import ListReading, Position
from services.exchange.reasons import Reason
from services.exchange.special_ledger import SpecialReading, parse_special
from services.import_rows import rows_taken, write_batch
from services.imports.reading import reader_of
from services.imports.returning import merged_reading
from services.imports.special_matching import (
    TABLE,
    NewSpecial,
    SpecialMatch,
    load_special,
    load_words,
    match_special,
)
from services.imports.stored import CATEGORY, load_children
from services.imports.writing import Progress, Written, update_rows
from services.student_imports import ImportPreview, ImportResult

_BLAMED = {
    Reason.NAME_ID_MISMATCH: "id_number",
    Reason.PAST_DAY_UNREADABLE: "day",
    Reason.SPECIAL_KIND_UNKNOWN: "categories",
    Reason.SPECIAL_DIFFERS: "level",
}

read_special = reader_of(parse_special)
"""Read a ledger of 四特."""


@dataclass(frozen=True, slots=True)
class SpecialPreview(ImportPreview):
    """What the import of a ledger would do, row by row; only children of the roster are registered."""

    matches: tuple[SpecialMatch, ...] = field(repr=False, compare=False, default=())

    def full_reading(self) -> ListReading[Any]:
        """Return the reading with the rows whose child can't be told among the rejected, repeated ones among those."""
        remarks = tuple(each.remarks for each in self.matches)
        return merged_reading(self.reading, self.rows, remarks, labels=SPECIAL.labels, blamed=_BLAMED)

    def summary(self) -> dict[str, Any]:  # the counts are written to JSON as they are
        """Return the counts and positions of the whole import, and how many it would register in which kind."""
        kinds = Counter(new.kind.value for match in self.matches for new in match.new)
        return ImportPreview.summary(self) | {"new_by_kind": dict(sorted(kinds.items()))}


@permitted(Permission.STUDENT_IMPORT)
def preview_special(session: Session, actor: Actor, *, reading: SpecialReading) -> SpecialPreview:
    """Say what the import of a ledger would do; writes nothing. Eight statements, however long the list."""
    return _preview(session, reading)


@permitted(Permission.STUDENT_IMPORT)
def confirm_special(
    session: Session,
    actor: Actor,
    *,
    preview: ImportPreview,
    file_name: str,
    digest: str,
    ticked: Collection[Position] | None = None,
    progress: Progress | None = None,
) -> ImportResult:
    """Register what the preview says, in the caller's one transaction; a list that says nothing new writes nothing.

    Rows matched by name and class that are not in `ticked` are left out; None ticks them all.

    Raises:
        StalePreview: the register has changed since, and the import would now do something else.
    """
    take_turn(session, Turn.IMPORT)
    current = _preview(session, preview.reading, locking=True)
    taken = rows_taken(preview, current, current.matches, ticked=ticked)
    if taken.counts.says_nothing_new:
        return taken.counts

    def write(batch: ImportBatch) -> None:
        written = _write(session, taken.rows, batch_id=batch.id or 0, now=batch.imported_at, progress=progress)
        written.save(session, batch.id or 0)

    return write_batch(
        session, actor, ImportKind.SPECIAL, taken.counts, current, file_name=file_name, digest=digest, write=write
    )  # fmt: skip


def _preview(session: Session, reading: SpecialReading, *, locking: bool = False) -> SpecialPreview:
    today = clock.today()
    school_year = current_school_year(load_calendar(session), today)
    children = load_children(session, school_year=school_year, locking=locking)
    matches = match_special(
        reading.rows,
        children,
        load_special(session, locking=locking),
        load_words(session),
        school_year=school_year,
        today=today,
    )
    rows = tuple(each.shown for each in matches)
    return SpecialPreview(reading, school_year, rows, matches=tuple(matches))


def _write(
    session: Session, matches: Sequence[SpecialMatch], *, batch_id: int, now: datetime, progress: Progress | None
) -> Written:
    written, rows = Written(), [_row(new, batch_id, now) for match in matches for new in match.new]
    if progress is not None:
        progress(0, len(rows))
    if rows:
        statement = insert(CATEGORY).returning(CATEGORY.c.id, sort_by_parameter_order=True)
        written.created(CATEGORY, session.execute(statement, rows).scalars())
    updates = []
    for filled in (each for match in matches for each in match.filled):
        row_id, version = filled.stored.id or 0, filled.stored.version + 1
        written.changed(CATEGORY, row_id, dict(filled.before), version=version)
        updates.append({"of_row": row_id, "version": version, **filled.values()})
    update_rows(session, CATEGORY, updates)
    if progress is not None:
        progress(len(rows), len(rows))
    return written


def _row(new: NewSpecial, batch_id: int, now: datetime) -> dict[str, Any]:
    uid = new_uid()
    return {
        "uid": uid,
        "student_id": new.student_id,
        "kind": new.kind,
        "level": new.level,
        "evidence_sealed": seal_text(new.evidence or None, table=TABLE, column="evidence_sealed", uid=uid),
        "found_by": FoundBy(new.found_by) if new.found_by else FoundBy.LIST,
        "from_day": new.from_day,
        "to_day": new.to_day,
        "import_id": batch_id,
        "recorded_at": now,
        "version": 1,
    }
