"""Packed workbooks (xlsx, xlsm, ods): measured before any parser unpacks them."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from .errors import ArchiveTooLarge, DamagedFile, NotASpreadsheet, PasswordProtected

MAX_UNPACKED = 200 * 1024 * 1024
MAX_RATIO = 250  # real sheets pack 10 to 60 times; deflate ends at about 1000
RATIO_COUNTS_FROM = 20 * 1024 * 1024
MAX_ENTRIES = 2_000

_LOCAL_HEADER = 30
_ENCRYPTED_FLAG = 0x1
_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Archive:
    """A zip whose entries were measured: unpacking it all is safe."""

    data: bytes
    kind: str
    entries: tuple[zipfile.ZipInfo, ...]

    def names(self) -> list[str]:
        """Return the entries' names."""
        return [entry.filename for entry in self.entries]

    def read(self, name: str) -> bytes:
        """Return one entry unpacked, empty when there is none."""
        for entry in self.entries:
            if entry.filename == name:
                return b"".join(_unpacked(self.data, entry))
        return b""


def open_archive(data: bytes) -> Archive:
    """Measure a zip, tell what it holds and refuse what may not be unpacked.

    Raises:
        DamagedFile: the archive is cut off, or its sizes are not what it says.
        ArchiveTooLarge: unpacked it would be a bomb.
        PasswordProtected: entries are encrypted.
        NotASpreadsheet: it is a zip of something else.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as packed:
            entries = tuple(packed.infolist())
    except (zipfile.BadZipFile, struct.error, ValueError, OverflowError, NotImplementedError, UnicodeError) as error:
        raise DamagedFile(kind="zip") from error
    if any(entry.flag_bits & _ENCRYPTED_FLAG for entry in entries):
        raise PasswordProtected
    _measure(data, entries)
    archive = Archive(data=data, kind="", entries=entries)
    return Archive(data=data, kind=_kind_of(archive), entries=entries)


def _measure(data: bytes, entries: tuple[zipfile.ZipInfo, ...]) -> None:
    """Add up the declared and then the real sizes; stop at the first byte too many."""
    if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise ArchiveTooLarge(limit=MAX_UNPACKED)
    total = 0
    for entry in entries:
        size = 0
        for chunk in _unpacked(data, entry):
            size += len(chunk)
            total += len(chunk)
            if total > MAX_UNPACKED or (size > RATIO_COUNTS_FROM and size > MAX_RATIO * entry.compress_size):
                raise ArchiveTooLarge(limit=MAX_UNPACKED)
        if size != entry.file_size:
            raise DamagedFile(kind="zip")


def _unpacked(data: bytes, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """Unpack one entry piece by piece without trusting the size it declares."""
    header = data[entry.header_offset : entry.header_offset + _LOCAL_HEADER]
    if len(header) < _LOCAL_HEADER or header[:4] != b"PK\x03\x04":
        raise DamagedFile(kind="zip")
    name_length, extra_length = struct.unpack("<HH", header[26:30])
    start = entry.header_offset + _LOCAL_HEADER + name_length + extra_length
    packed = data[start : start + entry.compress_size]
    if len(packed) < entry.compress_size:
        raise DamagedFile(kind="zip")
    if entry.compress_type == zipfile.ZIP_STORED:
        yield packed
    elif entry.compress_type == zipfile.ZIP_DEFLATED:
        yield from _inflated(packed)
    else:
        raise DamagedFile(kind="zip")


def _inflated(packed: bytes) -> Iterator[bytes]:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    rest = packed
    try:
        while not stream.eof:
            chunk = stream.decompress(rest, _CHUNK)
            rest = stream.unconsumed_tail
            if chunk:
                yield chunk
            elif not rest:
                break
    except zlib.error as error:
        raise DamagedFile(kind="zip") from error


def _kind_of(archive: Archive) -> str:
    """Tell xlsx from ods by what is inside, not by the file's name."""
    names = set(archive.names())
    if "xl/workbook.bin" in names:
        raise NotASpreadsheet(kind="xlsb")
    if any(name.startswith("xl/") for name in names):
        return "xlsx"
    if "content.xml" in names:
        mimetype = archive.read("mimetype")
        if b"encryption-data" in archive.read("META-INF/manifest.xml"):
            raise PasswordProtected
        if b"spreadsheet" in mimetype or b"office:spreadsheet" in archive.read("content.xml"):
            return "ods"
        raise NotASpreadsheet(kind="odt")
    for prefix, kind in (("word/", "docx"), ("ppt/", "pptx")):
        if any(name.startswith(prefix) for name in names):
            raise NotASpreadsheet(kind=kind)
    raise NotASpreadsheet(kind="zip")
