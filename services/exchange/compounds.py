"""Old binary files (xls and what shares its container): told apart and measured before they are parsed."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .errors import DamagedFile, NotASpreadsheet, PasswordProtected
from .grids import check_size

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END_OF_CHAIN = 0xFFFFFFF0  # this and everything above marks an end, a gap or a table
_ENTRY = 128
_SMALL_STREAM = 4096

_FILEPASS = 0x002F
_BOUNDS = 0x0009, 0x0209, 0x0409, 0x0809  # a sheet's stream begins
# Records that hold one filled cell: row and column come first in each.
_CELL_RECORDS = {0x0203, 0x0204, 0x0205, 0x0006, 0x0206, 0x0406, 0x00FD, 0x00D6, 0x027E, 0x007E, 0x0002, 0x0003, 0x0004}
_MANY_NUMBERS = 0x00BD
_DIMENSIONS = 0x0200, 0x0000
_LARGEST_SHEET = 65_536 * 256


@dataclass(frozen=True)
class _Compound:
    data: bytes
    sector: int
    table: list[int]
    small_table: list[int]
    entries: dict[str, tuple[int, int]]
    small_data: bytes

    def stream(self, name: str) -> bytes:
        start, size = self.entries[name]
        if size >= _SMALL_STREAM:
            return _chain(self.data, self.table, start, sector=self.sector, offset=self.sector)[:size]
        return _chain(self.small_data, self.small_table, start, sector=64, offset=0)[:size]


def check_xls(data: bytes) -> None:
    """Make sure the container holds a workbook that may be parsed.

    Raises:
        PasswordProtected: the workbook, old or new, is encrypted.
        NotASpreadsheet: it holds a text document or something else.
        DamagedFile: the container is broken.
        TooManyRows, TooManyColumns: a sheet is too large.
    """
    try:
        compound = _open(data)
        if "EncryptedPackage" in compound.entries:
            raise PasswordProtected
        name = next((name for name in ("Workbook", "Book", "WORKBOOK", "BOOK") if name in compound.entries), None)
        if name is None and not compound.entries:
            raise DamagedFile(kind="xls")
        if name is None:
            raise NotASpreadsheet(kind="doc" if "WordDocument" in compound.entries else "ole")
        _check_records(compound.stream(name))
    except (struct.error, IndexError, KeyError) as error:
        raise DamagedFile(kind="xls") from error


def _open(data: bytes) -> _Compound:
    shift, small_first, small_count = (
        struct.unpack_from("<H", data, 30)[0],
        struct.unpack_from("<I", data, 60)[0],
        struct.unpack_from("<I", data, 64)[0],
    )
    if shift not in (9, 12):
        raise DamagedFile(kind="xls")
    sector = 1 << shift
    table = _allocation_table(data, sector)
    directory = _chain(data, table, struct.unpack_from("<I", data, 48)[0], sector=sector, offset=sector)
    entries: dict[str, tuple[int, int]] = {}
    root = (0, 0)
    for position in range(0, len(directory) - _ENTRY + 1, _ENTRY):
        length, kind = struct.unpack_from("<HB", directory, position + 64)
        start, size = struct.unpack_from("<II", directory, position + 116)
        name = directory[position : position + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
        if kind == 5:
            root = (start, size)
        elif kind:
            entries[name] = (start, size)
    small_table = _numbers(_chain(data, table, small_first, sector=sector, offset=sector)) if small_count else []
    small_data = _chain(data, table, root[0], sector=sector, offset=sector)[: root[1]] if root[1] else b""
    return _Compound(data, sector, table, small_table, entries, small_data)


def _allocation_table(data: bytes, sector: int) -> list[int]:
    """Collect the table of sectors, whose own places stand in the header and in a chain after it."""
    places = list(struct.unpack_from("<109I", data, 76))
    following, seen = struct.unpack_from("<I", data, 68)[0], 0
    while following < _END_OF_CHAIN and seen <= len(data) // sector:
        more = _numbers(data[(following + 1) * sector : (following + 2) * sector])
        if not more:
            break
        places.extend(more[:-1])
        following, seen = more[-1], seen + 1
    table: list[int] = []
    for place in places:
        if place < _END_OF_CHAIN:
            table.extend(_numbers(data[(place + 1) * sector : (place + 2) * sector]))
    return table


def _chain(data: bytes, table: list[int], start: int, *, sector: int, offset: int) -> bytes:
    pieces: list[bytes] = []
    place = start
    while place < _END_OF_CHAIN:
        if len(pieces) > len(table):
            raise DamagedFile(kind="xls")  # the chain runs in a circle
        pieces.append(data[place * sector + offset : (place + 1) * sector + offset])
        place = table[place]
    return b"".join(pieces)


def _numbers(data: bytes) -> list[int]:
    whole = len(data) // 4
    return list(struct.unpack(f"<{whole}I", data[: whole * 4]))


def _check_records(stream: bytes) -> None:
    """Walk the records for the password mark and for the last filled cell of each sheet."""
    position = rows = columns = 0
    while position + 4 <= len(stream):
        record, length = struct.unpack_from("<HH", stream, position)
        if record == _FILEPASS:
            raise PasswordProtected
        if record in _DIMENSIONS:
            _check_dimensions(stream[position + 4 : position + 4 + length])
        if record in _BOUNDS:
            check_size("", rows=rows, columns=columns)
            rows = columns = 0
        elif (record in _CELL_RECORDS or record == _MANY_NUMBERS) and length >= 4:
            row, column = struct.unpack_from("<HH", stream, position + 4)
            last = struct.unpack_from("<H", stream, position + 2 + length)[0] if record == _MANY_NUMBERS else column
            rows, columns = max(rows, row + 1), max(columns, last + 1)
        position += 4 + length
    check_size("", rows=rows, columns=columns)


def _check_dimensions(record: bytes) -> None:
    """The parser reserves what a sheet declares, and a reservation that is refused ends the whole program."""
    if len(record) >= 14:
        top, bottom, left, right = struct.unpack_from("<IIHH", record)
    elif len(record) >= 8:
        top, bottom, left, right = struct.unpack_from("<HHHH", record)
    else:
        return
    if bottom < top or right < left or (bottom - top) * (right - left) > _LARGEST_SHEET:
        raise DamagedFile(kind="xls")
