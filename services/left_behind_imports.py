"""Importing a ledger of left-behind children: it adds to children of the roster, and makes none of its own (E-02)."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from db.locks import Turn, take_turn
from db.tables import ImportKind, LeftBehindKind
from services import clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import current_school_year, load_calendar
from services.card_parts import CardPart
from services.exchange.left_behind import LeftBehindReading, LeftBehindRow, parse_left_behind
from services.exchange.left_behind_columns import LEFT_BEHIND
from services.exchange.readings import ListReading, Position
from services.exchange.reasons import Reason
from services.imports.ledgers import LedgerMatch, match_ledger
from services.imports.matching import Outcome
from services.imports.reading import reader_of
from services.imports.returning import merged_reading
from services.imports.stored import load_children
from services.imports.writing import Progress
from services.student_imports import ImportPreview, ImportResult, write_import

_BLAMED = {Reason.NAME_ID_MISMATCH: "id_number"}


@dataclass(frozen=True, slots=True)
class LeftBehindPreview(ImportPreview):
    """What the import of a ledger would do, row by row; only children of the roster are changed."""

    remarks: tuple[tuple[Reason, ...], ...] = ()  # of each row

    def full_reading(self) -> ListReading[Any]:
        """Return the reading with the rows whose child can't be told among the rejected, repeated ones among those."""
        return merged_reading(self.reading, self.rows, self.remarks, labels=LEFT_BEHIND.labels, blamed=_BLAMED)

    def summary(self) -> dict[str, Any]:  # the counts are written to JSON as they are
        """Return the counts and positions of the whole import, and what the list itself says of its children."""
        taken: list[LeftBehindRow] = self.full_reading().rows
        missing = Counter(part.value for row in taken for part in missing_of_row(row))
        complete = sum(not missing_of_row(row) for row in taken)
        kinds = Counter(row.away.kind for row in taken if row.away.kind)
        outside = {
            row.position
            for row, remarks in zip(self.reading.rows, self.remarks, strict=True)
            if {Reason.OUTSIDE_STATE_DEFINITION, Reason.NO_PARENT_AWAY} & set(remarks) or row.away.kind is None
        }
        # Not super(): with slots the class is made anew, and the bare call would look for the first one.
        return ImportPreview.summary(self) | {
            "left_behind_type": {kind.value: kinds[kind.value] for kind in LeftBehindKind if kinds[kind.value]},
            "meets_state_definition": sum(row.position not in outside for row in taken),
            "contact_card_complete": complete,
            "contact_card_incomplete": len(taken) - complete,
            "missing_card_fields": dict(sorted(missing.items())),
        }


def missing_of_row(row: LeftBehindRow) -> tuple[CardPart, ...]:
    """Return what the contact card would lack if the list were all we had (E-08)."""
    filled = set(row.card_parts())
    return tuple(part for part in CardPart if part.value not in filled)


read_left_behind = reader_of(parse_left_behind)
"""Read a ledger of left-behind children."""


@permitted(Permission.STUDENT_IMPORT)
def preview_left_behind(session: Session, actor: Actor, *, reading: LeftBehindReading) -> LeftBehindPreview:
    """Say what the import of a ledger would do; writes nothing. Five statements, however long the list."""
    return _preview(reading, *_match(session, reading.rows))


@permitted(Permission.STUDENT_IMPORT)
def confirm_left_behind(
    session: Session,
    actor: Actor,
    *,
    preview: ImportPreview,
    file_name: str,
    digest: str,
    ticked: Collection[Position] | None = None,
    progress: Progress | None = None,
) -> ImportResult:
    """Do what the preview says, in the caller's one transaction; a list that says nothing new writes nothing.

    Rows matched by name and class that are not in `ticked` are left out; None ticks them all.

    Raises:
        StalePreview: the register has changed since, and the import would now do something else.
    """
    take_turn(session, Turn.IMPORT)
    matches, school_year = _match(session, preview.reading.rows, locking=True)
    current = _preview(preview.reading, matches, school_year)
    preview.refuse_if_overtaken(current)
    left_out = frozenset() if ticked is None else preview.to_tick - frozenset(ticked)
    taken = [each for each in matches if each.match is not None and each.row.position not in left_out]
    changed = [each.match for each in taken if each.match is not None and each.shown.outcome is Outcome.CHANGED]
    result = ImportResult(
        created=0,
        changed=len(changed),
        unchanged=len(taken) - len(changed),
        rejected=len(current.full_reading().rejected) + len(left_out),
    )
    if not changed:
        return result
    return write_import(
        session,
        actor,
        ImportKind.LEFT_BEHIND,
        result,
        current,
        new=[],
        changed=changed,
        file_name=file_name,
        digest=digest,
        progress=progress,
    )


def _match(session: Session, rows: Iterable[LeftBehindRow], *, locking: bool = False) -> tuple[list[LedgerMatch], int]:
    today = clock.today()
    school_year = current_school_year(load_calendar(session), today)
    stored = load_children(session, school_year=school_year, locking=locking)
    return match_ledger(list(rows), stored, school_year=school_year, today=today), school_year


def _preview(reading: ListReading[Any], matches: list[LedgerMatch], school_year: int) -> LeftBehindPreview:
    return LeftBehindPreview(
        reading, school_year, tuple(each.shown for each in matches), remarks=tuple(each.remarks for each in matches)
    )
