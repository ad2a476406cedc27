"""How far the sheets of an xlsx reach, measured before the parser reserves room for them.

The parser reserves the whole rectangle between the first and the last filled cell, and as many strings as are
declared. A reservation that the system refuses ends the whole program, not only the import.
"""

from __future__ import annotations

import re
from xml.parsers import expat

from .archives import Archive
from .errors import ArchiveTooLarge, DamagedFile
from .grids import check_size

MAX_TEXT = 20 * 1024 * 1024  # characters, after every cell of every sheet got its own copy of a shared string
_MAX_SHEETS = 200
_MAX_DECLARED_STRINGS = 5_000_000
_CELL_NAME = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_NAMED_SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^>]*\b(?:\w+:)?id=")
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")  # XML of two bytes a letter, which we could not search


def check_xlsx_extent(archive: Archive) -> None:
    """Refuse workbooks whose few bytes spread over millions of cells or repeat one long text everywhere.

    Any part may be a sheet, whatever its name, so all are looked at.

    Raises:
        TooManyRows: a sheet is too long.
        TooManyColumns: a sheet is too wide.
        ArchiveTooLarge: the text of all cells is too much.
        DamagedFile: a part is not well formed, declares entities or absurd sizes.
    """
    shared = _SharedStrings()
    sheets: list[str] = []
    named = 0
    for name in archive.names():
        content = archive.read(name)
        if content.startswith(_WIDE_MARKS):
            raise DamagedFile(kind="xlsx")
        named += len(_NAMED_SHEET.findall(content))
        if b"sheetData" in content:
            sheets.append(name)
        elif re.search(rb"<(?:\w+:)?sst\b", content):
            _parse(content, shared)
        elif content.lstrip().startswith(b"<") and (b"<!DOCTYPE" in content or b"<!ENTITY" in content):
            raise DamagedFile(kind="xlsx")
    if named > max(len(sheets), 1) or named > _MAX_SHEETS:  # one part under many names would be read as often
        raise DamagedFile(kind="xlsx")
    text = 0
    for name in sheets:
        _parse(archive.read(name), sheet := _SheetExtent(shared.sizes))
        text += sheet.text
        if text > MAX_TEXT:
            raise ArchiveTooLarge(limit=MAX_TEXT)
        check_size("", rows=sheet.last_row, columns=sheet.last_column)  # its name stands in another part


class _SharedStrings:
    """Collects the length of each shared string."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def start(self, tag: str, given: dict[str, str]) -> None:
        match tag.rpartition(":")[2]:
            case "sst":
                declared = (_whole(given.get(name, "")) for name in ("count", "uniqueCount"))
                if any(number > _MAX_DECLARED_STRINGS for number in declared):
                    raise DamagedFile(kind="xlsx")
            case "si":
                self.sizes.append(0)

    def end(self, tag: str) -> None:
        """Nothing ends that matters."""

    def data(self, text: str) -> None:
        if self.sizes:
            self.sizes[-1] += len(text)


class _SheetExtent:
    """Follows the filled cells of one sheet; a cell without content, only coloured, does not count."""

    def __init__(self, shared: list[int]) -> None:
        self.shared = shared
        self.last_row = self.last_column = self.text = 0
        self.row = self.column = 0
        self.in_cell = self.is_shared = False
        self.value: list[str] | None = None

    def start(self, tag: str, given: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "row":
            self.row, self.column = _whole(given["r"]) if "r" in given else self.row + 1, 0
        elif name == "c":
            self.in_cell, self.is_shared = True, given.get("t") == "s"
            self.column += 1
            if "r" in given:
                self.row, self.column = _place(given["r"])
        elif self.in_cell:
            self.last_row = max(self.last_row, self.row)
            self.last_column = max(self.last_column, self.column)
            self.value = [] if name == "v" and self.is_shared else None

    def end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if name == "c":
            self.in_cell = False
        elif name == "v" and self.value is not None:
            index = _whole("".join(self.value))
            self.text += self.shared[index] if index < len(self.shared) else 0
            self.value = None

    def data(self, text: str) -> None:
        if self.value is not None:
            self.value.append(text)


def _parse(content: bytes, reader: _SharedStrings | _SheetExtent) -> None:
    def refuse(*_: object) -> None:
        raise DamagedFile(kind="xlsx")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.buffer_text = True
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise DamagedFile(kind="xlsx") from error


def _whole(text: str) -> int:
    """Read a count; anything but digits is taken for damage."""
    plain = text.strip() or "0"
    if not (plain.isascii() and plain.isdigit()):
        raise DamagedFile(kind="xlsx")
    return int(plain[:12])


def _place(reference: str) -> tuple[int, int]:
    found = _CELL_NAME.fullmatch(reference.strip())
    if found is None:
        raise DamagedFile(kind="xlsx")
    column = 0
    for letter in found[1].upper():
        column = column * 26 + ord(letter) - 64
    return int(found[2]), column
