"""The file somebody is importing: what was read of it and what was chosen, kept for this one browser tab.

Kept in session state and nowhere else: a reload of the page loses it, and the page then asks for the file again.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from db.tables import ImportKind
from db.transactions import reading, transaction
from services.actors import Actor
from services.errors import DomainError
from services.exchange.errors import NoTableFound, UnreadableFile
from services.exchange.headers import IGNORED
from services.exchange.lists import RowsRead
from services.exchange.readings import Kind, ListReading, Position, RowProblem, TableColumns
from services.exchange.refusals import refusal_sentence
from services.exchange.screening import ScreeningReading
from services.exchange.writing import write_rejected
from services.screening_imports import as_correction, with_days
from services.student_imports import (
    ImportPreview,
    ImportResult,
    Outcome,
    PreviewRow,
    StalePreview,
)
from ui.import_lists import LISTS, ImportList
from ui.import_words import PASSED_OVER, warnings_file
from ui.layout import progress_line
from ui.messages import explain

_TAKEN, _DONE, _ROUND = "care_import_taken", "care_import_done", "care_import_round"
_CHOSEN = "file"  # in the address: a file was chosen here, so that a reload can say what became of it


@dataclass
class View:
    """A preview with what is drawn of it, worked out once."""

    preview: ImportPreview
    own: set[Position] = field(default_factory=set)  # matched by name and class, but ticked off
    unticked: Outcome = Outcome.NEW  # what becomes of those: other children, or rows left out

    @cached_property
    def reading(self) -> ListReading[Any]:
        """The reading with the conflicts among its rejected rows."""
        return self.preview.full_reading()

    @cached_property
    def rejected_file(self) -> bytes:
        """The rejected rows as a spreadsheet to mend."""
        return write_rejected(self.reading)

    @cached_property
    def warnings_file(self) -> bytes:
        """What to look at in the rows that are taken, as a spreadsheet."""
        classes = {row.position: row.class_label for row in self.preview.rows}
        return warnings_file(self.problems(Kind.WARNING), classes)

    def problems(self, kind: Kind) -> list[RowProblem]:
        """Return the problems of one kind, without those that stand in the list to tick."""
        found = [problem for problem in self.reading.problems if problem.kind is kind]
        return found if kind is not Kind.WARNING else [each for each in found if each.position not in self._ticks(each)]

    @property
    def changed(self) -> list[PreviewRow]:
        """The rows that change a stored child."""
        return [row for row in self.preview.rows if self.outcome(row) is Outcome.CHANGED]

    @property
    def matched(self) -> list[PreviewRow]:
        """The rows somebody has to look at: known by name and class only."""
        return [row for row in self.preview.rows if row.wants_tick]

    def outcome(self, row: PreviewRow) -> Outcome:
        """Return what becomes of a row as things are ticked."""
        return self.unticked if row.position in self.own else row.outcome

    def count(self, outcome: Outcome) -> int:
        """Return how many rows have this outcome as things are ticked."""
        return sum(self.outcome(row) is outcome for row in self.preview.rows)

    @property
    def to_write(self) -> int:
        """How many children confirming would write."""
        return self.count(Outcome.NEW) + self.count(Outcome.CHANGED)

    @property
    def data_rows(self) -> int:
        """How many rows of the file describe a child."""
        reading = self.preview.reading
        return len(reading.rows) + len(reading.rejected) + len(reading.duplicates) + sum(self.passed_over.values())

    @property
    def passed_over(self) -> dict[str, int]:
        """Rows of children that hold nothing to import, by what they are: in no other count."""
        ignored = self.preview.reading.ignored_rows
        return {said: ignored[kind] for kind, said in PASSED_OVER.items() if ignored[kind]}

    def _ticks(self, problem: RowProblem) -> frozenset[Position]:
        return self.preview.to_tick if problem.reason.value == "matched_by_name_and_class" else frozenset()


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """One column of the file that somebody may correct; `key` is the field its header names, None if unknown."""

    sheet: str
    index: int
    header: str
    key: str | None


@dataclass(kw_only=True)
class Correctable:
    """A file whose columns somebody may correct: what the headers alone say, and what was chosen instead."""

    digest: str
    columns: tuple[SheetColumn, ...] = ()  # as the headers alone say
    corrections: dict[tuple[str, int], str] = field(default_factory=dict)
    revision: int = 0  # counts the corrections: fields drawn before are others than those drawn after
    is_read: bool = False
    refusal: str | None = None
    _before: dict[tuple[str, int], str] = field(default_factory=dict)

    @property
    def labels(self) -> Mapping[str, str]:
        """The fields a column may be, by their keys."""
        raise NotImplementedError

    @property
    def tables(self) -> Sequence[TableColumns] | None:
        """The columns as they are read now; None while nothing could be read."""
        raise NotImplementedError

    def correct(self, column: SheetColumn, key: str | None) -> None:
        """Note what somebody says a column is; None takes a correction back. The next run reads the file anew."""
        self._before = dict(self.corrections)
        if key is None or key == column.key:
            self.corrections.pop((column.sheet, column.index), None)
        if key is not None and (key != column.key or self._now(column) != key):
            self.corrections[column.sheet, column.index] = key
        self.revision += 1
        self.is_read = False

    def keys(self) -> dict[tuple[str, int], str | None]:
        """Return the field of every column as it is read now: a better named one takes it from another."""
        if self.tables is None:
            return {(each.sheet, each.index): self.corrections.get((each.sheet, each.index)) for each in self.columns}
        found: dict[tuple[str, int], str | None] = dict.fromkeys(
            (table.sheet, column.index) for table in self.tables for column in table.unknown
        )
        found |= {(table.sheet, column.index): key for table in self.tables for key, column in table.recognised.items()}
        return {(each.sheet, each.index): found.get((each.sheet, each.index), IGNORED) for each in self.columns}

    def _now(self, column: SheetColumn) -> str | None:
        return self.keys().get((column.sheet, column.index))

    def refuse(self, error: UnreadableFile) -> None:
        """Keep why the file can't be read; a correction that took the names away is not followed."""
        if self.tables is not None:
            self.corrections = self._before
            self.refusal = "没有照改：这样就没有“姓名”这一列了。请另选一列作姓名。"
            return
        self.refusal = refusal_sentence(error)
        if isinstance(error, NoTableFound):
            self.columns = tuple(
                SheetColumn(candidate.sheet, index, header, None)
                for candidate in error.candidates
                for index, header in enumerate(candidate.headers)
                if header
            )


@dataclass(kw_only=True)
class Taken(Correctable):
    """One chosen file."""

    file_id: str
    file_name: str
    list: ImportList = LISTS[ImportKind.STUDENTS]
    view: View | None = None
    days: dict[Position, date] = field(default_factory=dict)  # of rows of results that name none, as somebody said
    day_problem: str | None = None
    corrects: bool = False  # scores that differ from those of the same day count, as somebody said

    @property
    def labels(self) -> Mapping[str, str]:
        """The fields of this kind of list."""
        return self.list.spec().labels

    @property
    def tables(self) -> Sequence[TableColumns] | None:
        """The columns as the preview has them."""
        return self.view.preview.reading.tables if self.view else None

    def read(self, actor: Actor, data: bytes, progress: RowsRead | None = None) -> None:
        """Read the file with the corrections so far, and see what importing it would do."""
        try:
            roster = self.list.read(data, file_name=self.file_name, corrections=self.corrections, progress=progress)
            if isinstance(roster, ScreeningReading):
                roster = with_days(roster, self.days)
                roster = as_correction(roster) if self.corrects else roster
            with reading() as session:
                preview = self.list.preview(session, actor, reading=roster)
        except UnreadableFile as error:
            self.refuse(error)
        except DomainError as error:
            self.refusal = explain(error)
        else:
            self.columns = self.columns or columns_of(roster)
            self.view, self.refusal = View(preview, unticked=self.list.unticked), None
        self.is_read = True

    def date_rows(self, undated: frozenset[Position], day: date) -> None:
        """Note on which day these rows were tested. The next run reads the file anew."""
        self.days |= dict.fromkeys(undated, day)
        self.day_problem, self.is_read = None, False

    def count_these(self, *, corrects: bool) -> None:
        """Note whether the file's scores count where others stand of the same day. The next run reads it anew."""
        self.corrects, self.is_read = corrects, False

    def confirm(self, actor: Actor) -> None:
        """Import it in one transaction; nothing is drawn inside. Afterwards the result, or a refusal, is kept."""
        view = self.view
        if view is None:
            return
        preview = view.preview
        try:
            with transaction() as session:
                result = self.list.confirm(
                    session,
                    actor,
                    preview=preview,
                    file_name=self.file_name,
                    digest=self.digest,
                    ticked=preview.to_tick - view.own,
                )
        except StalePreview as error:
            self.view, self.refusal = View(error.current, unticked=self.list.unticked), explain(error)
        except DomainError as error:
            self.refusal = explain(error)
        else:
            file = view.rejected_file if view.reading.rejected else None
            warnings = view.problems(Kind.WARNING)
            st.session_state[_DONE] = Done(
                self.list,
                result,
                self.file_name,
                len(view.reading.duplicates),
                file,
                len(warnings),
                view.warnings_file if warnings else None,
            )
            forget()


@dataclass(frozen=True, slots=True)
class Done:
    """An import that was just made."""

    list: ImportList
    result: ImportResult
    file_name: str
    duplicates: int
    rejected_file: bytes | None
    warnings: int
    warnings_file: bytes | None


def done() -> Done | None:
    """Return the import that was just made, until somebody goes on."""
    found: Done | None = st.session_state.get(_DONE)
    return found


def forget_done() -> None:
    """Go on after an import. For a button's `on_click`."""
    st.session_state.pop(_DONE, None)


def forget() -> None:
    """Drop the chosen file and what was read of it. For a button's `on_click`."""
    st.session_state.pop(_TAKEN, None)
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
    st.query_params.pop(_CHOSEN, None)


def uploader_key(chosen: ImportKind) -> str:
    """Return the key of the field for the file: another one after each import, so that it stands empty."""
    return f"import_file_{chosen.value}_{st.session_state.get(_ROUND, 0)}"


def was_lost() -> bool:
    """Whether a file was chosen here before the page was reloaded."""
    return _CHOSEN in st.query_params and _TAKEN not in st.session_state


def taken(actor: Actor, file: UploadedFile | None, chosen: ImportList) -> Taken | None:
    """Return what was read of the chosen file, reading it if it is new or its columns were corrected."""
    if file is None:
        if st.session_state.pop(_TAKEN, None) is not None:
            st.query_params.pop(_CHOSEN, None)
        return None
    found: Taken | None = st.session_state.get(_TAKEN)
    if found is None or found.file_id != file.file_id:
        data = file.getvalue()
        digest = hashlib.sha256(data).hexdigest()
        found = Taken(file_id=file.file_id, file_name=file.name, digest=digest, list=chosen)
        st.session_state[_TAKEN] = found
        st.query_params[_CHOSEN] = "1"
    if not found.is_read:
        with progress_line("正在读这份表，请等一等。") as tell:
            found.read(actor, file.getvalue(), tell)
    return found


def columns_of(roster: ListReading[Any]) -> tuple[SheetColumn, ...]:
    """Return the columns of every sheet, each once: corrections count for all tables of a sheet."""
    found: dict[tuple[str, int], SheetColumn] = {}
    for table in roster.tables:
        named = [(column, key) for key, column in table.recognised.items()]
        unnamed = [(column, None) for column in table.unknown]
        for column, key in sorted([*named, *unnamed], key=lambda pair: pair[0].index):
            found.setdefault((table.sheet, column.index), SheetColumn(table.sheet, column.index, column.header, key))
    return tuple(found.values())
