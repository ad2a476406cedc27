"""Tables written as mark-up: web pages called .xls, SpreadsheetML of 2003, and the content of an ods."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from html.parser import HTMLParser
from xml.parsers import expat

from .errors import DamagedFile, TooManyRows
from .grids import MAX_COLUMNS, MAX_ROWS, Cell, MergedRange, Sheet, build_sheet


@dataclass
class _Grid:
    """Cells as they are laid out one after the other; tall cells push those of the next rows aside."""

    name: str
    rows: list[list[Cell]] = field(default_factory=list)
    merged: list[MergedRange] = field(default_factory=list)
    _taken: dict[int, int] = field(default_factory=dict)  # column → last row that a tall cell covers

    def next_row(self, *, index: int | None = None) -> None:
        if index is not None and index > MAX_ROWS:
            raise TooManyRows(sheet=self.name, limit=MAX_ROWS)
        while index is not None and len(self.rows) < index - 1:
            self.rows.append([])
        self.rows.append([])
        if len(self.rows) > 3 * MAX_ROWS:
            raise TooManyRows(sheet=self.name, limit=MAX_ROWS)

    def put(self, value: Cell, *, across: int = 1, down: int = 1, column: int | None = None) -> None:
        if not self.rows:
            self.next_row()
        row, top = self.rows[-1], len(self.rows) - 1
        left = len(row) if column is None else column
        while column is None and self._taken.get(left, -1) >= top:
            left += 1
        if left > MAX_COLUMNS:
            return
        across, down = min(max(across, 1), MAX_COLUMNS), min(max(down, 1), MAX_ROWS)
        row.extend([None] * (left + across - len(row)))
        row[left] = value
        if across > 1 or down > 1:
            self.merged.append(MergedRange(top, left, top + down - 1, left + across - 1))
        for covered in range(left, left + across if down > 1 else left):
            self._taken[covered] = top + down - 1

    def sheet(self) -> Sheet:
        return build_sheet(self.name, self.rows, merged=self.merged)


def _count(text: str | None) -> int:
    return int(text[:9]) if text and text.isascii() and text.isdigit() else 1


# --- web pages -------------------------------------------------------------------------------------------


class _WebTables(HTMLParser):
    def __init__(self, name: str) -> None:
        super().__init__(convert_charrefs=True)
        self.name = name
        self.done: list[_Grid] = []
        self.open: list[tuple[_Grid, list[str] | None, tuple[int, int]]] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "head"):
            self.silent += 1
        elif tag == "table":
            self.open.append((_Grid(self.name), None, (1, 1)))
            if len(self.open) > 20:
                raise DamagedFile(kind="html")
        elif self.open and tag == "tr":
            self._close_cell()
            self.open[-1][0].next_row()
        elif self.open and tag in ("td", "th", "caption"):
            self._close_cell()
            given = dict(attrs)
            spans = (_count(given.get("colspan")), _count(given.get("rowspan")))
            self.open[-1] = (self.open[-1][0], [], spans)
        elif tag in ("br", "p", "div"):
            self.handle_data("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "head"):
            self.silent = max(0, self.silent - 1)
        elif self.open and tag in ("td", "th", "tr", "caption"):
            self._close_cell()
        elif self.open and tag == "table":
            self._close_cell()
            self.done.append(self.open.pop()[0])

    def handle_data(self, data: str) -> None:
        if self.open and not self.silent and (text := self.open[-1][1]) is not None:
            text.append(data)

    def _close_cell(self) -> None:
        grid, text, (across, down) = self.open[-1]
        if text is not None:
            lines = (" ".join(line.split()) for line in "".join(text).split("\n"))
            grid.put("\n".join(line for line in lines if line), across=across, down=down)
            self.open[-1] = (grid, None, (1, 1))

    def grids(self) -> list[_Grid]:
        while self.open:
            self._close_cell()
            self.done.append(self.open.pop()[0])
        return [grid for grid in self.done if any(cell for row in grid.rows for cell in row)]


def read_web_page(text: str, *, name: str) -> tuple[Sheet, ...]:
    """Read every table of a web page as a sheet; rows are counted within each table.

    Raises:
        TooManyRows, TooManyColumns: a table is too large.
        DamagedFile: tables stand in one another without end.
    """
    page = _WebTables(name)
    page.feed(text)
    page.close()
    grids = page.grids()
    for number, grid in enumerate(grids, start=1):
        grid.name = name if len(grids) == 1 else f"{name}-{number}"
    return tuple(grid.sheet() for grid in grids)


# --- XML: one streaming reader, two dialects ---------------------------------------------------------------


class _XmlSheets:
    """Fed by the parser with starts, ends and text; subclasses know one dialect each."""

    def __init__(self) -> None:
        self.grids: list[_Grid] = []
        self.text: list[str] | None = None

    def start(self, tag: str, given: dict[str, str]) -> None:
        raise NotImplementedError

    def end(self, tag: str) -> None:
        raise NotImplementedError

    def data(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text)


def _parse(data: bytes, reader: _XmlSheets, *, kind: str) -> tuple[Sheet, ...]:
    def refuse(*_: object) -> None:
        raise DamagedFile(kind=kind)

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.buffer_text = True
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise DamagedFile(kind=kind) from error
    return tuple(grid.sheet() for grid in reader.grids)


def _typed(kind: str, value: str) -> Cell:
    """Turn the written value of a typed cell into the value it stands for."""
    try:
        match kind:
            case "float" | "number" | "percentage" | "currency":
                return float(value)
            case "boolean":
                return value in ("true", "1")
            case "date" | "datetime":
                return _instant(value)
    except ValueError:
        pass
    return value


def _instant(value: str) -> date | datetime:
    instant = datetime.fromisoformat(value.rstrip("Z"))
    return instant.date() if instant.time().isoformat() == "00:00:00" else instant


class _OdsSheets(_XmlSheets):
    def __init__(self) -> None:
        super().__init__()
        self.cell: dict[str, str] | None = None
        self.notes = 0
        self.row_repeats = 1

    def start(self, tag: str, given: dict[str, str]) -> None:
        if tag == "table:table":
            self.grids.append(_Grid(given.get("table:name", "")))
        elif tag == "table:table-row" and self.grids:
            self.grids[-1].next_row()
            self.row_repeats = _count(given.get("table:number-rows-repeated"))
        elif tag in ("table:table-cell", "table:covered-table-cell"):
            self.cell, self.text = given, None
        elif tag == "office:annotation":
            self.notes += 1
        elif tag == "text:p" and self.cell is not None and not self.notes:
            self.text = [*self.text, "\n"] if self.text else []
        elif self.text is not None and tag in ("text:s", "text:tab", "text:line-break"):
            self.text.append("\n" if tag == "text:line-break" else " ")

    def end(self, tag: str) -> None:
        if tag == "office:annotation":
            self.notes -= 1
        elif tag in ("table:table-cell", "table:covered-table-cell") and self.cell is not None and self.grids:
            self._put(self.cell, covered=tag == "table:covered-table-cell")
            self.cell = self.text = None
        elif tag == "table:table-row" and self.grids:
            self._repeat_row()

    def data(self, text: str) -> None:
        if not self.notes:
            super().data(text)

    def _put(self, given: dict[str, str], *, covered: bool) -> None:
        kind = given.get("office:value-type", "string")
        written = given.get("office:value") or given.get("office:date-value") or given.get("office:boolean-value")
        value = _typed(kind, written) if written is not None else ("".join(self.text or ()) or None)
        if covered:
            value = None
        grid = self.grids[-1]
        across = _count(given.get("table:number-columns-spanned"))
        down = _count(given.get("table:number-rows-spanned"))
        left = len(grid.rows[-1])
        for _ in range(min(_count(given.get("table:number-columns-repeated")), MAX_COLUMNS + 1)):
            if len(grid.rows[-1]) > MAX_COLUMNS and value is None:
                break
            grid.put(value, column=len(grid.rows[-1]))
        if down > 1 or across > 1:
            top = len(grid.rows) - 1
            grid.merged.append(MergedRange(top, left, top + down - 1, left + across - 1))

    def _repeat_row(self) -> None:
        rows = self.grids[-1].rows
        if self.row_repeats > 1 and any(cell is not None for cell in rows[-1]):
            if len(rows) + self.row_repeats > 2 * MAX_ROWS:
                raise TooManyRows(sheet=self.grids[-1].name, limit=MAX_ROWS)
            rows.extend(list(rows[-1]) for _ in range(self.row_repeats - 1))
        elif self.row_repeats > 1:
            rows.extend([] for _ in range(min(self.row_repeats - 1, 3 * MAX_ROWS - len(rows))))
        self.row_repeats = 1


def read_ods(content: bytes) -> tuple[Sheet, ...]:
    """Read the content of an OpenDocument spreadsheet.

    Raises:
        DamagedFile: the content is broken or declares entities.
        TooManyRows, TooManyColumns: a sheet is too large.
    """
    return _parse(content, _OdsSheets(), kind="ods")


class _SpreadsheetMl(_XmlSheets):
    def __init__(self) -> None:
        super().__init__()
        self.given: dict[str, str] = {}
        self.kind = ""

    def start(self, tag: str, given: dict[str, str]) -> None:
        plain = {name.rpartition(":")[2]: value for name, value in given.items()}
        match tag.rpartition(":")[2]:
            case "Worksheet":
                self.grids.append(_Grid(plain.get("Name", "")))
            case "Row" if self.grids:
                self.grids[-1].next_row(index=_count(plain.get("Index")) if "Index" in plain else None)
            case "Cell" if self.grids:
                self.given, self.kind, self.text = plain, "", None
            case "Data" if self.grids:
                self.kind, self.text = plain.get("Type", "String"), []

    def end(self, tag: str) -> None:
        if tag.rpartition(":")[2] != "Cell" or not self.grids:
            return
        value = _typed(self.kind.lower(), "".join(self.text or ())) or None
        self.grids[-1].put(
            value,
            across=_count(self.given.get("MergeAcross", "0")) + ("MergeAcross" in self.given),
            down=_count(self.given.get("MergeDown", "0")) + ("MergeDown" in self.given),
            column=_count(self.given["Index"]) - 1 if "Index" in self.given else None,
        )
        self.text = None


def read_spreadsheet_ml(data: bytes) -> tuple[Sheet, ...]:
    """Read the XML a spreadsheet program of 2003 saves.

    Raises:
        DamagedFile: the XML is broken or declares entities.
        TooManyRows, TooManyColumns: a sheet is too large.
    """
    return _parse(data, _SpreadsheetMl(), kind="xml")
