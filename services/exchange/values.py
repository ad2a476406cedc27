"""What stands in a cell and what it means: text, names, ID numbers, dates, genders, telephones, yes and no."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from .grids import Cell

YOUNGEST, OLDEST = 3, 25  # years a pupil can have
STUDENT_NO = re.compile(r"[\w.\-/]{1,40}")

# --- text --------------------------------------------------------------------------------------------------

_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_SPACES = dict.fromkeys(
    [9, 11, 12, 0xA0, 0xAD, 0x1680, *range(0x2000, 0x2010), 0x2028, 0x2029, 0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF], " "
)
_CONTROLS = dict.fromkeys([*(code for code in range(32) if code not in (9, 10, 11, 12)), *range(0x7F, 0xA0)])
_LINE_BREAKS = {0x85: "\n", 0x2028: "\n", 0x2029: "\n"}
# A direction mark changes nothing but what one sees.
_DIRECTIONS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_IN_NO_XML = dict.fromkeys([0xFFFE, 0xFFFF])
_PLAIN = {**_HALF_WIDTH, **_SPACES, **_CONTROLS, **_LINE_BREAKS, **_DIRECTIONS, **_IN_NO_XML}
_WRAPPED = re.compile(r'^="([^"]*)"$')
_GUARDED = re.compile(r"^'(?=[=+\-@\t\r])")
_LARGEST = 10**300
_ONLY_DIGITS_KEPT = 10**15  # a spreadsheet keeps 15 digits of a number


def clean_text(cell: Cell) -> str:
    """Return what the cell says as plain text: half-width, ordinary spaces, trimmed, no control characters."""
    if isinstance(cell, str):
        return _clean_string(cell)
    return show_cell(cell)


def show_cell(cell: Cell) -> str:
    """Return a cell as a person would see it, text untouched."""
    match cell:
        case None:
            return ""
        case bool():
            return "TRUE" if cell else "FALSE"
        case str():
            return cell
        case int() | float():
            return _show_number(cell)
        case datetime():
            return cell.isoformat(sep=" ", timespec="seconds")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell)


def _show_number(number: int | float) -> str:
    if isinstance(number, float) and (number != number or number in (float("inf"), float("-inf"))):
        return ""
    if abs(number) >= _ONLY_DIGITS_KEPT:
        return f"{float(number):.14E}" if abs(number) < _LARGEST else str(number)
    return str(int(number)) if number == int(number) else repr(number)


def _clean_string(text: str) -> str:
    if text.isascii() and text.isprintable():
        plain = text.strip()
    else:
        plain = text.replace("\r\n", "\n").replace("\r", "\n").translate(_PLAIN).strip()
    if plain[:1] in ("=", "'"):
        plain = _GUARDED.sub("", plain)
        if wrapped := _WRAPPED.match(plain):
            plain = wrapped.group(1).strip()
    return plain


# --- names -------------------------------------------------------------------------------------------------

MAX_NAME = 40
_DOTS = str.maketrans(dict.fromkeys("・•‧∙⋅･·●ᐧ⸱᛫˙∘⸳", "·"))
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff〇]")
_DOT_INSIDE = re.compile(r"(?<=[\u3400-\u9fff\U00020000-\U0003ffff])\s*[.]\s*(?=[\u3400-\u9fff\U00020000-\U0003ffff])")
_NO_NAME = re.compile(r"^[-—–_/\\.·*?()\s]*$")


def read_name(cell: Cell) -> str:
    """Return a person's name; a Chinese one without inner spaces and with `·` for every middle dot."""
    text = " ".join(clean_text(cell).split())
    if not _HAN.search(text):
        return "" if _NO_NAME.match(text) else text
    return _DOT_INSIDE.sub("·", text.translate(_DOTS)).replace(" ", "")


def is_name(text: str) -> bool:
    """Tell whether the text can be a name at all: not too long, with letters, and no formula."""
    return (
        len(text) <= MAX_NAME
        and any(letter.isalpha() for letter in text)
        and text[0] not in "=+@"
        and not any(sign in text for sign in "|<>{}[]:\\")
    )


# --- ID numbers --------------------------------------------------------------------------------------------


class IdState(StrEnum):
    """What became of a cell that should hold an ID number."""

    MISSING = "missing"
    VALID = "valid"
    STORED_AS_NUMBER = "stored_as_number"
    BAD_FORMAT = "bad_format"
    BAD_CHECKSUM = "bad_checksum"


@dataclass(frozen=True, slots=True)
class IdReading:
    """An ID number and whether it may be trusted."""

    state: IdState
    number: str = ""

    @property
    def valid(self) -> bool:
        """Tell whether birth date and gender may be taken from the number."""
        return self.state is IdState.VALID

    @property
    def birth_day(self) -> date | None:
        """Return the date inside a valid number."""
        return _date_inside(self.number) if self.valid else None

    @property
    def gender(self) -> str | None:
        """Return 男 or 女 from a valid number."""
        return ("女", "男")[int(self.number[16]) % 2] if self.valid else None


_ID_NOISE = re.compile(r"[\s\-—–‐‑‒―−]+")
_ID_FORMAT = re.compile(r"^[0-9]{17}[0-9X]$")
_NO_ID = {"", "无", "暂无"}
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"


def read_id_number(cell: Cell) -> IdReading:
    """Read an ID number by GB 11643; a number cell has lost digits and is never trusted."""
    if isinstance(cell, int | float):
        return IdReading(IdState.STORED_AS_NUMBER)
    text = _ID_NOISE.sub("", clean_text(cell)).lstrip("'‘’`").upper()
    if wrapped := _WRAPPED.match(text):
        text = wrapped.group(1)
    if text in _NO_ID:
        return IdReading(IdState.MISSING)
    if not _ID_FORMAT.match(text):
        return IdReading(IdState.BAD_FORMAT)
    if _date_inside(text) is None or text[17] != check_digit(text):
        return IdReading(IdState.BAD_CHECKSUM)
    return IdReading(IdState.VALID, text)


def check_digit(number: str) -> str:
    """Return the digit or X that must follow the first 17 digits."""
    return _CHECK_DIGITS[sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number, strict=False)) % 11]


def _date_inside(number: str) -> date | None:
    return _date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


# --- dates -------------------------------------------------------------------------------------------------

_WRITTEN_DATE = re.compile(
    r"^(\d{4})\s*[-/.年、\\—–]\s*(\d{1,2})\s*[-/.月、\\—–]\s*(\d{1,2})\s*[日号]?"
    r"(?:[\sT]*\d{1,2}[:时]\d{1,2}(?:[:分]\d{1,2}(?:\.\d+)?秒?)?Z?)?$"
)
_EIGHT_DIGITS = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:\.0+)?$")
_SERIAL = re.compile(r"^\d{5}(?:\.\d+)?$")
_SERIAL_ZERO = date(1899, 12, 30)
_SERIALS = range(7_000, 80_000)  # 1919 to 2119


def read_date(cell: Cell) -> date | None:
    """Read a day however it is written; None when empty or unreadable."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, bool | time | timedelta):
        return None
    text = clean_text(cell)
    if written := _WRITTEN_DATE.match(text) or _EIGHT_DIGITS.match(text):
        year, month, day = (int(part) for part in written.groups()[:3])
        return _date(year, month, day)
    if _SERIAL.match(text) and int(float(text)) in _SERIALS:
        return _SERIAL_ZERO + timedelta(days=int(float(text)))
    return None


def _date(year: int, month: int, day: int) -> date | None:
    if not 1900 <= year <= 2200:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def can_be_pupil(birth_day: date, *, today: date) -> bool:
    """Say whether somebody born on a day can be at a school: the youngest three, the oldest twenty-five."""
    return YOUNGEST <= age_in_years(birth_day, today=today) <= OLDEST


def age_in_years(birth_day: date, *, today: date) -> int:
    """Return the completed years, negative for a day to come."""
    return today.year - birth_day.year - ((today.month, today.day) < (birth_day.month, birth_day.day))


# --- gender, yes and no ------------------------------------------------------------------------------------

_GENDERS = {
    **dict.fromkeys(("男", "男生", "男性", "男孩", "M", "MALE", "1"), "男"),
    **dict.fromkeys(("女", "女生", "女性", "女孩", "F", "FEMALE", "2"), "女"),
}
_YES = {"是", "Y", "YES", "TRUE", "T", "1", "√", "✓", "✔", "☑", "有", "对"}
_NO = {"否", "N", "NO", "FALSE", "F", "0", "×", "✗", "✕", "X", "☐", "无", "不是", "没有", "-", "—", "——"}


def read_gender(cell: Cell) -> str | None:
    """Return 男 or 女, None when the cell says neither."""
    return None if isinstance(cell, bool) else _GENDERS.get(_word(cell))


def read_yes_no(cell: Cell, *, yes: frozenset[str] = frozenset(), no: frozenset[str] = frozenset()) -> bool | None:
    """Return whether the cell says yes or no; a column may have words of its own. None: neither."""
    word = _word(cell)
    if word in no or word in _NO:
        return False
    return True if word in yes or word in _YES else None


def _word(cell: Cell) -> str:
    return clean_text(cell).replace(" ", "").removesuffix(".0").upper()


# --- telephones and student numbers ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PhoneReading:
    """The first two usable numbers of a cell; `unusable` when something is written but no number."""

    first: str = ""
    second: str = ""
    unusable: bool = False


_MOBILE = re.compile(r"^1[3-9][0-9]{9}$")
_LANDLINE = re.compile(r"^0[0-9]{2,3}[0-9]{7,8}$")
_PREFIX = re.compile(r"^(?:\+|00)86|^86(?=1[3-9][0-9]{9}$)|^86(?=0[0-9]{9,11}$)")
_PHONE_NOISE = re.compile(r"[\s\-—–‐‑‒―−()]+")
_NOT_IN_PHONE = re.compile(r"[^0-9+\s\-—–‐‑‒―−().]+|\n")
_MOBILE_INSIDE = re.compile(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])")


def read_phones(cell: Cell) -> PhoneReading:
    """Read the telephone numbers of a cell: mobiles, and landlines with their area code."""
    text = clean_text(cell)
    if not text:
        return PhoneReading()
    usable: list[str] = []
    for piece in (text, *_NOT_IN_PHONE.split(text)):
        for number in _numbers_in(piece):
            if number not in usable:
                usable.append(number)
    first, second = (*usable, "", "")[:2]
    return PhoneReading(first, second, unusable=not usable)


def _numbers_in(piece: str) -> list[str]:
    joined = _PREFIX.sub("", _PHONE_NOISE.sub("", piece.strip().lstrip("'").removesuffix(".0")))
    if _MOBILE.match(joined) or _LANDLINE.match(joined):
        return [joined]
    return _MOBILE_INSIDE.findall(piece)


def read_code(cell: Cell) -> str:
    """Return a student number or another code as text: 2026070101.0 is 2026070101."""
    text = clean_text(cell).replace(" ", "").lstrip("'").upper()
    return text.removesuffix(".0") if text.removesuffix(".0").isdigit() else text


# --- lists of words ----------------------------------------------------------------------------------------

_BETWEEN_WORDS = re.compile(r"[,;、/|\n\\+&]+")


def split_words(cell: Cell) -> list[str]:
    """Split a cell at any of the separators people use; full-width ones are half-width by now."""
    words = (word.strip() for word in _BETWEEN_WORDS.split(clean_text(cell)))
    return [word for word in words if word]
