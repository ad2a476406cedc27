"""Text files with separators: which encoding, which separator, and then the rows."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from io import StringIO

from .errors import DamagedFile, EmptyFile, NotASpreadsheet, UnknownEncoding
from .grids import Sheet, build_sheet

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEPARATORS = ",\t;|"
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_SAMPLE_CHARACTERS = 65_536
_MOST_LINES_IN_A_CELL = 60
_FEWEST_BROKEN = 0.02  # share of broken characters under which a text still is UTF-8, only damaged


def decode(data: bytes) -> tuple[str, str]:
    """Return the text and the name of its encoding.

    Raises:
        UnknownEncoding: none of the encodings schools use fits.
        NotASpreadsheet: the bytes are not text at all.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data, encoding), encoding
    if b"\0" in data:
        encoding = _byte_order(data)
        try:
            return _strict(data, encoding), encoding
        except UnknownEncoding as error:  # bytes with zeros that are no text either
            raise NotASpreadsheet(kind="binary") from error
    try:
        return _printable(data.decode("utf-8")), "utf-8"
    except UnicodeDecodeError:
        _refuse_damaged_utf8(data)
    return _strict(data, "gb18030"), "gb18030"


def read_delimited(text: str, *, name: str) -> Sheet:
    """Read the rows; a quoted line break does not start a new one.

    Raises:
        EmptyFile: there is nothing but blank space.
        DamagedFile: a quotation mark is never closed, so that rows would be swallowed.
    """
    if not text.strip("\ufeff\0 \t\r\n\u3000"):
        raise EmptyFile
    separator = None
    if declared := _SEPARATOR_LINE.match(text):
        separator, text = declared.group(1), text[declared.end() :]
    return build_sheet(name, _rows(text, separator or find_separator(text)))


def find_separator(text: str) -> str:
    """Return the separator that cuts most rows into the same number of cells."""
    sample = text[:_SAMPLE_CHARACTERS]

    def evenness(separator: str) -> int:
        try:
            widths = Counter(len(row) for row in csv.reader(StringIO(sample, newline=""), delimiter=separator) if row)
        except csv.Error:
            return 0
        return max((count * min(width - 1, 40) for width, count in widths.items()), default=0)

    return max(_SEPARATORS, key=evenness)


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    try:
        rows = list(csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise DamagedFile(kind="csv") from error
        rows = _lenient_rows(text, separator)
    yield from rows


def _lenient_rows(text: str, separator: str) -> list[list[str]]:
    """Read rows whose quotation marks are not quite right, but never let one cell swallow the rest."""
    try:
        rows = list(csv.reader(StringIO(text, newline=""), delimiter=separator))
    except csv.Error as error:
        raise DamagedFile(kind="csv") from error
    if any(cell.count("\n") > _MOST_LINES_IN_A_CELL for row in rows for cell in row):
        raise DamagedFile(kind="csv")
    return rows


def _strict(data: bytes, encoding: str) -> str:
    try:
        return _printable(data.decode(encoding))
    except UnicodeDecodeError as error:
        raise UnknownEncoding from error


def _printable(text: str) -> str:
    controls = sum(1 for character in text[:_SAMPLE_CHARACTERS] if character < " " and character not in "\t\r\n\f\v")
    if controls > 8 and controls * 50 > min(len(text), _SAMPLE_CHARACTERS):
        raise NotASpreadsheet(kind="binary")
    return text


def _byte_order(data: bytes) -> str:
    """Tell UTF-16 without a mark by where its line breaks, separators and digits have their zero byte."""
    even, odd = data[0::2].count(0), data[1::2].count(0)
    if len(data) % 2 or max(even, odd) < 4 * min(even, odd):
        raise NotASpreadsheet(kind="binary")
    return "utf-16-le" if odd > even else "utf-16-be"


def _refuse_damaged_utf8(data: bytes) -> None:
    """A UTF-8 text with a few broken bytes would read as nonsense in GB18030, and nobody would notice."""
    guess = data.decode("utf-8", "replace")
    foreign = sum(1 for character in guess if character > "\x7f")
    if foreign > 50 and guess.count("\ufffd") < _FEWEST_BROKEN * foreign:
        raise UnknownEncoding
