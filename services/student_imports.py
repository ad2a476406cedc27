"""Importing a roster: read it, see what it would do, confirm it in one transaction, take it back as a whole."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from db.locks import Turn, take_turn
from db.sealing import seal, unseal
from db.statistics import count_rows_anew
from db.tables import AppUser, ImportBatch, ImportKind
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import current_school_year, load_calendar
from services.errors import NotFound
from services.exchange.readings import Kind, ListReading, Position, RosterReading
from services.exchange.reasons import Reason
from services.exchange.roster import parse_roster
from services.imports import undoing
from services.imports.matching import FieldChange, Match, MatchedBy, Outcome, PreviewRow, match_rows
from services.imports.previews import Counts, Preview, PreviewOvertaken, written_whole
from services.imports.reading import reader_of
from services.imports.returning import problem_of, put_in_file_order, returned_row
from services.imports.stored import load_children
from services.imports.undoing import BlockedRow, UndoBlocked
from services.imports.undoing_pairings import take_back_pairings
from services.imports.undoing_records import take_back_records
from services.imports.undoing_results import take_back_results
from services.imports.wanted import WantedChild, wanted_children
from services.imports.writing import Progress, write_matches

__all__ = [
    "BlockedRow",
    "FieldChange",
    "ImportListing",
    "ImportPreview",
    "ImportResult",
    "MatchedBy",
    "Outcome",
    "PreviewRow",
    "StalePreview",
    "UndoBlocked",
    "confirm_import",
    "list_imports",
    "preview_import",
    "read_roster",
    "undo_import",
]


MANY = 200  # rows written from which the database is told of them at once


class StalePreview(PreviewOvertaken):
    """Somebody changed the register since the preview was drawn; `current` is what the import would do now."""

    current: "ImportPreview"


@dataclass(frozen=True, slots=True)
class ImportPreview(Preview):
    """What an import would do, row by row."""

    reading: ListReading[Any]  # of rows of whatever list
    school_year: int
    rows: tuple[PreviewRow, ...]  # one for each row taken from the file, in its order
    wanted: tuple[WantedChild, ...] = field(repr=False, compare=False, default=())

    @property
    def planned(self) -> tuple[PreviewRow, ...]:
        """One for each row taken from the file, in its order."""
        return self.rows

    @property
    def to_tick(self) -> frozenset[Position]:
        """The rows matched by name and class only: preselected, to be ticked by a person."""
        return frozenset(row.position for row in self.rows if row.wants_tick)

    def refuse_if_overtaken(self, current: "ImportPreview") -> None:
        """Refuse to confirm what would now do something else.

        Raises:
            StalePreview: the register has changed since.
        """
        if (current.school_year, current.rows) != (self.school_year, self.rows):
            raise StalePreview(current)

    def full_reading(self) -> ListReading[Any]:
        """Return the reading with the conflicts among the rejected rows: for the list and the file to give back."""
        reasons = {row.position: row.reason for row in self.rows if row.reason is not None}
        ticks = self.to_tick
        taken, rejected = [], list(self.reading.rejected)
        problems = [
            problem
            for problem in self.reading.problems
            if problem.kind is not Kind.WARNING or problem.position not in reasons
        ]
        for row in self.reading.rows:
            reason = reasons.get(row.position)
            if reason is None:
                taken.append(row)
            else:
                rejected.append(returned_row(row, reason))
                problems.append(problem_of(row, reason, Kind.REJECTED))
            if row.position in ticks:
                problems.append(problem_of(row, Reason.MATCHED_BY_NAME_AND_CLASS, Kind.WARNING))
        put_in_file_order(self.reading, rejected, problems)
        return replace(self.reading, rows=taken, rejected=rejected, problems=problems)


@dataclass(frozen=True, slots=True)
class ImportResult(Counts):
    """What an import did; without a batch nothing had to be written."""

    batch_id: int | None = None

    @property
    def wrote_nothing(self) -> bool:
        """Whether everything in the file was stored already."""
        return self.batch_id is None


@dataclass(frozen=True, slots=True)
class ImportListing:
    """One import as the list of imports shows it."""

    id: int
    file_name: str | None
    imported_at: datetime
    imported_by: str | None  # None: the command line
    created: int
    changed: int
    unchanged: int
    rejected: int
    undone_at: datetime | None
    undone_by: str | None


read_roster = reader_of(parse_roster)
"""Read a spreadsheet of children."""


@permitted(Permission.STUDENT_IMPORT)
def preview_import(session: Session, actor: Actor, *, reading: RosterReading) -> ImportPreview:
    """Say what an import would do; writes nothing. Five statements, however long the list."""
    wanted = tuple(wanted_children(reading.rows))
    return _preview(reading, *_match(session, wanted))


@permitted(Permission.STUDENT_IMPORT)
def confirm_import(
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

    Of the rows matched by name and class, those not in `ticked` become children of their own; None ticks them all.

    Raises:
        StalePreview: the register has changed since, and the import would now do something else.
    """
    take_turn(session, Turn.IMPORT)
    matches, school_year = _match(session, preview.wanted, locking=True)
    current = _preview(preview.reading, matches, school_year)
    preview.refuse_if_overtaken(current)
    own = frozenset() if ticked is None else preview.to_tick - frozenset(ticked)
    result = _counted(preview, matches, own=own)
    if result.says_nothing_new:
        return result
    return write_import(
        session,
        actor,
        ImportKind.STUDENTS,
        result,
        current,
        new=[match.wanted for match in matches if match.shown.outcome is Outcome.NEW or match.shown.position in own],
        changed=[
            match for match in matches if match.shown.outcome is Outcome.CHANGED and match.shown.position not in own
        ],
        file_name=file_name,
        digest=digest,
        progress=progress,
    )


def _counted(preview: ImportPreview, matches: Sequence[Match], *, own: Collection[Position]) -> ImportResult:
    """Count what an import will write; `own` are rows that become children of their own."""
    outcomes = Counter(Outcome.NEW if match.shown.position in own else match.shown.outcome for match in matches)
    return ImportResult(
        created=outcomes[Outcome.NEW],
        changed=outcomes[Outcome.CHANGED],
        unchanged=outcomes[Outcome.UNCHANGED],
        rejected=len(preview.reading.rejected) + outcomes[Outcome.CONFLICT],
    )


def write_import(
    session: Session,
    actor: Actor,
    kind: ImportKind,
    result: ImportResult,
    preview: ImportPreview,
    *,
    new: Sequence[WantedChild],
    changed: Sequence[Match],
    file_name: str,
    digest: str,
    progress: Progress | None = None,
) -> ImportResult:
    """Write what an import of any kind has matched, with its batch and its event; for the services that matched it.

    Raises:
        StalePreview: somebody entered the same child by hand in this very moment.
    """
    with written_whole(session, otherwise=StalePreview(preview)):
        written = write_matches(
            session,
            actor,
            new,
            changed,
            school_year=preview.school_year,
            today=clock.today(),
            in_class_since=_in_class_since(session, preview.school_year),
            now=clock.now(),
            progress=progress,
        )
    batch = save_batch(session, actor, kind, result, file_name=file_name, digest=digest)
    written.save(session, batch.id or 0)
    return replace(result, batch_id=batch.id)


def _in_class_since(session: Session, school_year: int) -> date:
    """Return the day a child counts as in its class that a roster enters for the first time.

    A roster says who is in a class this term, not who came today: it is the term's first day, in the holidays today.
    """
    today = clock.today()
    term = load_calendar(session).term_of(today)
    return term.first_day if term is not None and term.school_year == school_year else today


@permitted(Permission.STUDENT_IMPORT)
def undo_import(session: Session, actor: Actor, *, batch_id: int) -> None:
    """Take an import back as a whole: its children go, what it changed is as before.

    Raises:
        NotFound: there is no such import, or it was taken back already.
        UndoBlocked: somebody has worked with what it wrote; `rows` says whom somebody edited.
    """
    take_turn(session, Turn.IMPORT)
    batch = session.get(ImportBatch, batch_id, with_for_update=True, populate_existing=True)
    if batch is None or batch.undone_at is not None:
        raise NotFound
    if batch.kind is ImportKind.SCREENING:
        take_back_results(session, batch)
    elif batch.kind in (ImportKind.TALKS, ImportKind.VISITS):
        take_back_records(session, batch)
    elif batch.kind is ImportKind.PAIRINGS:
        take_back_pairings(session, batch)
    else:
        undoing.take_back(session, actor, batch_id)
    batch.undone_at, batch.undone_by_id = clock.now(), actor.user_id
    session.add(batch)
    session.flush()
    audit.record(
        session,
        actor,
        audit.Action.IMPORT_UNDONE,
        target=batch,
        list=batch.kind.value,
        created=batch.created_count,
        changed=batch.changed_count,
    )


@permitted(Permission.STUDENT_IMPORT)
def list_imports(
    session: Session, actor: Actor, *, kind: ImportKind = ImportKind.STUDENTS, limit: int = 50
) -> list[ImportListing]:
    """Return the imports of one kind of list, the newest first."""
    batches = session.exec(
        select(ImportBatch).where(ImportBatch.kind == kind).order_by(col(ImportBatch.id).desc()).limit(limit)
    ).all()
    people = {batch.imported_by_id for batch in batches} | {batch.undone_by_id for batch in batches}
    names = dict(
        session.exec(select(AppUser.id, AppUser.display_name).where(col(AppUser.id).in_(people - {None}))).all()
    )
    return [
        ImportListing(
            id=batch.id or 0,
            file_name=unseal(batch, "file_name_sealed"),
            imported_at=batch.imported_at,
            imported_by=names.get(batch.imported_by_id),
            created=batch.created_count,
            changed=batch.changed_count,
            unchanged=batch.unchanged_count,
            rejected=batch.rejected_count,
            undone_at=batch.undone_at,
            undone_by=names.get(batch.undone_by_id),
        )
        for batch in batches
    ]


def _match(session: Session, wanted: Sequence[WantedChild], *, locking: bool = False) -> tuple[list[Match], int]:
    school_year = current_school_year(load_calendar(session), clock.today())
    stored = load_children(session, school_year=school_year, locking=locking)
    return match_rows(wanted, stored, school_year=school_year), school_year


def _preview(reading: RosterReading, matches: list[Match], school_year: int) -> ImportPreview:
    rows, wanted = (tuple(getattr(match, part) for match in matches) for part in ("shown", "wanted"))
    return ImportPreview(reading, school_year, rows, wanted)


def save_batch(
    session: Session, actor: Actor, kind: ImportKind, result: ImportResult, *, file_name: str, digest: str
) -> ImportBatch:
    """Keep that an import was made, with its counts and its event; for the services that wrote it."""
    batch = ImportBatch(
        kind=kind,
        file_digest=digest,
        imported_by_id=actor.user_id,
        imported_at=clock.now(),
        created_count=result.created,
        changed_count=result.changed,
        unchanged_count=result.unchanged,
        rejected_count=result.rejected,
    )
    seal(batch, "file_name_sealed", file_name)
    session.add(batch)
    session.flush()
    audit.record(
        session,
        actor,
        audit.Action.IMPORT_CONFIRMED,
        target=batch,
        list=kind.value,
        created=result.created,
        changed=result.changed,
        unchanged=result.unchanged,
        rejected=result.rejected,
    )
    if result.created + result.changed >= MANY:
        count_rows_anew(session)
    return batch
