"""What a spreadsheet is to us once it is read: sheets of typed cells that know their row number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from .errors import TooManyColumns, TooManyRows

# None is a blank cell. Numbers stay numbers, because a number where text belongs is a fault to report.
Cell = str | int | float | bool | date | datetime | time | timedelta | None

MAX_ROWS = 50_000
MAX_COLUMNS = 256
MAX_CELLS = 2_500_000  # rows × columns: the parsers below us reserve room for the whole rectangle

NOTHING_INHERITED: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class MergedRange:
    """A merged cell, both corners included, counted from zero."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `number` is the spreadsheet's own, `inherited` the columns filled from a merged cell above."""

    number: int
    cells: tuple[Cell, ...]
    inherited: frozenset[int] = NOTHING_INHERITED

    def at(self, column: int) -> Cell:
        """Return the cell in this column, blank where the row is shorter."""
        return self.cells[column] if 0 <= column < len(self.cells) else None

    def own(self) -> list[tuple[int, Cell]]:
        """Return the filled cells that stand in this very row, with their columns."""
        return [
            (column, cell)
            for column, cell in enumerate(self.cells)
            if cell is not None and column not in self.inherited
        ]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of one sheet from its first to its last filled one, blank rows between them included."""

    name: str
    rows: tuple[Row, ...]
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Workbook:
    """A file that was read; `counts_data_rows` says that positions are data rows, not rows of a sheet."""

    file_name: str
    kind: str
    sheets: tuple[Sheet, ...]
    encoding: str | None = None
    counts_data_rows: bool = False


def check_size(sheet: str, *, rows: int, columns: int) -> None:
    """Refuse a rectangle no school's list fills.

    Raises:
        TooManyRows: the sheet is too long.
        TooManyColumns: the sheet is too wide, or too wide for its length.
    """
    if rows > MAX_ROWS:
        raise TooManyRows(sheet=sheet, limit=MAX_ROWS)
    if columns > MAX_COLUMNS or rows * columns > MAX_CELLS:
        raise TooManyColumns(sheet=sheet, limit=min(MAX_COLUMNS, MAX_CELLS // max(rows, 1)))


def build_sheet(
    name: str,
    rows: Iterable[Sequence[Cell]],
    *,
    merged: Iterable[MergedRange] = (),
    hidden: bool = False,
) -> Sheet:
    """Lay out rows counted from 1, let merged cells count for all their rows, and cut blank ends off.

    Raises:
        TooManyRows: the sheet is too long.
        TooManyColumns: the sheet is too wide.
    """
    grid: list[list[Cell]] = []
    for cells in rows:
        grid.append(_trimmed(cells))
        if len(grid) > MAX_ROWS + 1 and grid[-1]:
            raise TooManyRows(sheet=name, limit=MAX_ROWS)
    while grid and not grid[-1]:
        grid.pop()
    check_size(name, rows=len(grid), columns=max((len(cells) for cells in grid), default=0))
    inherited = _fill_down(grid, merged)
    return Sheet(
        name=name,
        rows=tuple(
            Row(number=index + 1, cells=tuple(cells), inherited=inherited.get(index, NOTHING_INHERITED))
            for index, cells in enumerate(grid)
        ),
        hidden=hidden,
    )


def _trimmed(cells: Sequence[Cell]) -> list[Cell]:
    """Return the cells without blanks at the end; text of nothing but blank space is a blank."""
    trimmed: list[Cell] = [
        None if isinstance(cell, str) and not cell.strip("\u200b\ufeff \t\r\n\u3000\xa0") else cell for cell in cells
    ]
    while trimmed and trimmed[-1] is None:
        trimmed.pop()
    return trimmed


def _fill_down(grid: list[list[Cell]], merged: Iterable[MergedRange]) -> dict[int, frozenset[int]]:
    """Copy the text of tall merged cells into the rows below, and tell which cells were filled."""
    inherited: dict[int, set[int]] = {}
    budget = MAX_CELLS
    for area in merged:
        if area.bottom <= area.top or area.top >= len(grid) or area.left >= len(grid[area.top]):
            continue
        value = grid[area.top][area.left]
        for index in range(area.top + 1, min(area.bottom, len(grid) - 1, area.top + budget) + 1):
            cells = grid[index]
            if value is None or (area.left < len(cells) and cells[area.left] is not None):
                continue
            cells.extend([None] * (area.left + 1 - len(cells)))
            cells[area.left] = value
            inherited.setdefault(index, set()).add(area.left)
        budget = max(0, budget - (area.bottom - area.top))
    return {index: frozenset(columns) for index, columns in inherited.items()}
