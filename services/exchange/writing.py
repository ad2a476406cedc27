"""Spreadsheets out: plain tables for people, and the rows of an import that have to be mended."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from io import BytesIO, StringIO
from typing import Any

from .grids import Cell
from .readings import ListReading, ReturnedRow
from .reasons import sentence
from .roster_columns import RETURNED_REMARK, ROSTER
from .values import show_cell

_LONGEST_CELL = 32_767
_LONGEST_SHEET_NAME = 31
_NOT_IN_SHEET_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
# Opened from a text file these would lose digits or their leading zero.
_LONG_OR_ZERO_LED = re.compile(r"^(?:0[0-9]+|[0-9]{12,}X?)$")


def neutral(cell: Cell) -> Cell:
    """Put a ' before text that a spreadsheet would take for a formula."""
    if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{cell}"
    return cell


def write_xlsx(
    rows: Iterable[Sequence[Cell]],
    columns: Sequence[str],
    *,
    sheet_name: str,
    notes: Sequence[str] = (),
) -> bytes:
    """Write one table: text stays text (ID and telephone numbers too), numbers stay numbers; notes stand below."""
    return write_sheets([(sheet_name, columns, list(rows), notes)])


def write_csv(rows: Iterable[Sequence[Cell]], columns: Sequence[str], *, notes: Sequence[str] = ()) -> bytes:
    """Write one table as UTF-8 text with a mark, which spreadsheet programs open without asking."""
    out = StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_csv_text(column) for column in columns])
    writer.writerows([_csv_text(cell) for cell in row] for row in rows)
    writer.writerows([[], *([_csv_text(note)] for note in notes)] if notes else [])
    return out.getvalue().encode("utf-8-sig", "replace")


def write_rejected(reading: ListReading[Any]) -> bytes:
    """Write the rejected rows as they came, each with what to mend; the file can be imported again as it is."""
    tables: dict[tuple[str, tuple[str, ...], bool], list[ReturnedRow]] = {}
    for row in reading.rejected:
        tables.setdefault((row.sheet, row.header, bool(row.class_name)), []).append(row)
    sheets: list[SheetOut] = []
    for (sheet, header, with_class), returned in tables.items():
        extra = [ROSTER.labels["class"]] if with_class else []
        columns = [*header, *extra, RETURNED_REMARK]
        rows = [[*row.original, *([row.class_name] if with_class else []), _what_to_mend(row)] for row in returned]
        sheets.append((sheet, columns, rows, ()))
    return write_sheets(sheets or [("没有要改的", [ROSTER.labels["name"], RETURNED_REMARK], [], ())])


def _what_to_mend(row: ReturnedRow) -> str:
    """Say what is wrong with a row; of several faults each with its column."""
    if len(row.faults) > 1:
        return "".join(f"{' '.join(header.split())}：{sentence(why, value)}" for header, why, value in row.faults)
    return sentence(row.reason, row.faults[0][2] if row.faults else "")


SheetOut = tuple[str, Sequence[str], Sequence[Sequence[Cell]], Sequence[str]]
"""One sheet: its name, its columns, its rows, and the notes below."""


def write_sheets(sheets: Iterable[SheetOut]) -> bytes:
    """Write several tables as the sheets of one file, in this order."""
    out = BytesIO()
    import xlsxwriter  # a tenth of a second, for whoever first makes a spreadsheet

    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        formats = {
            "head": book.add_format({"bold": True, "text_wrap": True, "num_format": "@", "bottom": 1}),
            "text": book.add_format({"num_format": "@"}),
            "day": book.add_format({"num_format": "yyyy-mm-dd"}),
            "instant": book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        }
        used: set[str] = set()
        for name, columns, rows, notes in sheets:
            _write_sheet(book.add_worksheet(_sheet_name(name, used)), columns, rows, notes, formats)
    return out.getvalue()


# The writer's sheets and formats have no types of their own, hence Any.
def _write_sheet(
    sheet: Any, columns: Sequence[str], rows: Sequence[Sequence[Cell]], notes: Sequence[str], formats: dict[str, Any]
) -> None:
    widths = [_width(column) for column in columns]
    for column, header in enumerate(columns):
        sheet.write_string(0, column, _safe(header), formats["head"])
    for number, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            _write_cell(sheet, number, column, cell, formats)
            if column < len(widths):
                widths[column] = max(widths[column], _width(show_cell(cell)))
    for number, note in enumerate(notes, start=len(rows) + 2):
        sheet.write_string(number, 0, _safe(note))
    for column, width in enumerate(widths):
        sheet.set_column(column, column, min(max(width, 6), 60) + 2, formats["text"])
    sheet.freeze_panes(1, 0)


def _write_cell(sheet: Any, row: int, column: int, cell: Cell, formats: dict[str, Any]) -> None:
    match cell:
        case None:
            pass
        case bool():
            sheet.write_string(row, column, "是" if cell else "否", formats["text"])
        case datetime() if cell.year >= 1900:
            sheet.write_datetime(row, column, cell.replace(tzinfo=None), formats["instant"])
        case date() if cell.year >= 1900:
            sheet.write_datetime(row, column, cell, formats["day"])
        case int() | float() if show_cell(cell) and abs(cell) < 10**15:
            sheet.write_number(row, column, cell)
        case _:
            sheet.write_string(row, column, _safe(show_cell(cell)), formats["text"])


def _safe(text: str) -> str:
    return str(neutral(_CONTROLS.sub("", text)[: _LONGEST_CELL - 1]) or "")


def _csv_text(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "是" if cell else "否"
    text = show_cell(cell)
    if not isinstance(cell, str):
        return text
    if _LONG_OR_ZERO_LED.match(text):
        return f"\t{text}"  # kept as text by spreadsheet programs, and not seen
    return str(neutral(text.replace("\0", "")) or "")


def _width(text: str) -> int:
    """Count the places a text takes; Chinese letters take two."""
    line = max(text[:200].splitlines(), key=len, default="")
    return sum(2 if letter > "\u2e7f" else 1 for letter in line)


def _sheet_name(name: str, used: set[str]) -> str:
    """Return the name as a sheet may have it, different from those used before."""
    plain = _NOT_IN_SHEET_NAME.sub(" ", name).strip(" '")[:_LONGEST_SHEET_NAME] or "表"
    number, free = 1, plain
    while free.casefold() in used or free.casefold() == "history":
        number += 1
        ending = f" ({number})"
        free = plain[: _LONGEST_SHEET_NAME - len(ending)] + ending
    used.add(free.casefold())
    return free
