"""The one reader of spreadsheets: whatever a school sends becomes sheets of typed cells, or one clear refusal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import PurePath

import python_calamine as calamine

from . import compounds, delimited, markups
from .archives import Archive, open_archive
from .errors import (
    ArchiveTooLarge,
    DamagedFile,
    EmptyFile,
    FileTooLarge,
    NoTableFound,
    NotASpreadsheet,
    PasswordProtected,
    UnreadableFile,
)
from .extents import MAX_TEXT, check_xlsx_extent
from .grids import Cell, MergedRange, Row, Sheet, Workbook, build_sheet

__all__ = ["Cell", "MergedRange", "Row", "Sheet", "Workbook", "build_sheet", "read_workbook"]

MAX_BYTES = 20 * 1024 * 1024

# What people pick by mistake, told by its first bytes.
_OTHER_KINDS = (
    (b"%PDF", "pdf"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"BM", "image"),
    (b"II*\0", "image"),
    (b"MM\0*", "image"),
    (b"RIFF", "media"),
    (b"ID3", "media"),
    (b"MZ", "exe"),
    (b"\x7fELF", "exe"),
    (b"Rar!", "archive"),
    (b"7z\xbc\xaf", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"SQLite format 3\0", "database"),
    (b"{\\rtf", "rtf"),
)
_SPREADSHEETS = {".xlsx", ".xlsm", ".xls", ".ods", ".et"}
_WEB_PAGE = re.compile(r"<(?:!doctype\s+html|html|head|body|table|meta|style|div)\b", re.IGNORECASE)
_BEFORE_A_PAGE = (("<!--", "-->"), ("<?xml", "?>"))
_BLANKS = re.compile(r"\s*")
_DECLARED_CHARSET = re.compile(rb"charset=[\"']?\s*([\w-]+)", re.IGNORECASE)


def read_workbook(data: bytes, *, file_name: str, max_bytes: int = MAX_BYTES) -> Workbook:
    """Read a spreadsheet; its content decides what it is, not the end of its name.

    Raises:
        UnreadableFile: one subclass for each kind of refusal, see `errors`.
    """
    if len(data) > max_bytes:
        raise FileTooLarge(size=len(data), limit=max_bytes)
    if not data.strip(b"\0 \t\r\n"):
        raise EmptyFile
    try:
        workbook = _read(data, file_name)
    except (RecursionError, OverflowError) as error:
        raise DamagedFile(kind=PurePath(file_name).suffix.lstrip(".").lower()) from error
    if not any(sheet.rows for sheet in workbook.sheets):
        raise NoTableFound
    if _length_of_text(workbook) > MAX_TEXT:
        raise ArchiveTooLarge(limit=MAX_TEXT)
    return workbook


def _length_of_text(workbook: Workbook) -> int:
    """Return how many characters all cells hold, one that is repeated as often as it stands there."""
    cells = (cell for sheet in workbook.sheets for row in sheet.rows for cell in row.cells)
    return sum(len(cell) for cell in cells if isinstance(cell, str))


def _read(data: bytes, file_name: str) -> Workbook:
    if data.startswith(b"PK\x03\x04"):
        archive = open_archive(data)
        return Workbook(file_name, archive.kind, _read_archive(archive))
    if data.startswith(b"PK\x05\x06"):
        raise NotASpreadsheet(kind="zip")
    if data.startswith(compounds.SIGNATURE):
        compounds.check_xls(data)
        return Workbook(file_name, "xls", _read_with_calamine(data, kind="xls"))
    for start, kind in _OTHER_KINDS:
        if data.startswith(start) and (len(start) > 2 or b"\0" in data[:64]):  # "MZ" may also begin a text
            raise NotASpreadsheet(kind=kind)
    workbook = _read_text(data, file_name)
    named = PurePath(file_name).suffix.lower() in _SPREADSHEETS
    if (
        named
        and workbook.encoding is not None
        and workbook.counts_data_rows
        and all(sum(cell not in (None, "") for cell in row.cells) < 2 for row in _rows(workbook))
    ):
        raise NotASpreadsheet(kind="text")  # it says it is a spreadsheet, and there is no table in it
    return workbook


def _rows(workbook: Workbook) -> Iterator[Row]:
    return (row for sheet in workbook.sheets for row in sheet.rows)


def _read_archive(archive: Archive) -> tuple[Sheet, ...]:
    if archive.kind == "ods":
        return markups.read_ods(archive.read("content.xml"))
    check_xlsx_extent(archive)
    return _read_with_calamine(archive.data, kind="xlsx")


def _read_with_calamine(data: bytes, *, kind: str) -> tuple[Sheet, ...]:
    """Read the stored values; formulas are never computed, links and macros never followed."""
    try:
        book = calamine.CalamineWorkbook.from_object(BytesIO(data))
        hidden = {meta.name: meta.visible != calamine.SheetVisibleEnum.Visible for meta in book.sheets_metadata}
        worksheets = [meta.name for meta in book.sheets_metadata if meta.typ == calamine.SheetTypeEnum.WorkSheet]
        return tuple(_sheet(book.get_sheet_by_name(name), hidden=hidden[name]) for name in worksheets)
    except UnreadableFile:
        raise
    except calamine.PasswordError as error:
        raise PasswordProtected from error
    except Exception as error:  # the parser has no common base for what a broken file makes it raise
        raise DamagedFile(kind=kind) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # a panic in the parser derives from BaseException
            raise
        raise DamagedFile(kind=kind) from error


def _sheet(source: calamine.CalamineSheet, *, hidden: bool) -> Sheet:
    """Keep the spreadsheet's own row numbers also when its table starts at B3."""
    known: dict[str, str] = {}  # the same word in a thousand rows is kept once
    rows: list[list[Cell]] = []
    if source.start is not None:
        first_row, first_column = source.start
        rows.extend([] for _ in range(first_row))
        margin: list[Cell] = [None] * first_column
        for cells in source.to_python(skip_empty_area=True):
            rows.append(margin + [known.setdefault(cell, cell) if isinstance(cell, str) else cell for cell in cells])
    merged = [MergedRange(top, left, bottom, right) for (top, left), (bottom, right) in source.merged_cell_ranges or ()]
    return build_sheet(source.name, rows, merged=sorted(merged, key=lambda area: (area.top, area.left)), hidden=hidden)


def _read_text(data: bytes, file_name: str) -> Workbook:
    name = PurePath(file_name.replace("\\", "/")).stem or "表"
    head = data[:4096]
    if b"urn:schemas-microsoft-com:office:spreadsheet" in head and b"<?xml" in head[:200]:
        return Workbook(file_name, "xml", markups.read_spreadsheet_ml(data))
    text, encoding = _decode(data)
    if _is_web_page(text.lstrip("\ufeff")):
        return Workbook(file_name, "html", markups.read_web_page(text, name=name), encoding=encoding)
    return Workbook(
        file_name,
        "csv",
        (delimited.read_delimited(text.lstrip("\ufeff"), name=name),),
        encoding=encoding,
        counts_data_rows=True,
    )


def _is_web_page(text: str) -> bool:
    """Tell by the first tag, whatever comments stand before it; in one pass, however long they are."""
    start = 0
    while True:
        start = _BLANKS.match(text, start).end()  # type: ignore[union-attr]  # no blank at all is a match too
        ends = next((end for begins, end in _BEFORE_A_PAGE if text.startswith(begins, start)), None)
        if ends is None or (found := text.find(ends, start)) < 0:
            return _WEB_PAGE.match(text, start) is not None
        start = found + len(ends)


def _decode(data: bytes) -> tuple[str, str]:
    """Decode text; a web page's own word about its encoding is believed only when our own guess fails."""
    try:
        return delimited.decode(data)
    except UnreadableFile:
        declared = _DECLARED_CHARSET.search(data[:2048])
        if declared is None:
            raise
        try:
            return data.decode(declared.group(1).decode()), declared.group(1).decode().lower()
        except (LookupError, UnicodeDecodeError):
            pass
        raise
