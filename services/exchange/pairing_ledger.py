"""Reading a pairing ledger: who helps whom, as what, from when to when, and what a guardian angel is paid (area J)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation

from . import classes, values
from .classes import ClassName
from .grids import Cell, Workbook
from .headers import Corrections, canonical
from .lists import Fault, Line, RowsRead, name_of
from .pairing_columns import OPEN_END, PAIRINGS, ROLES, WHY_ENDED
from .past_columns import SUMMED_UP
from .past_rows import EARLIEST, ChildListParser, ChildRow, joined, told, unknown_of
from .readings import ListReading, Position, nth_of
from .reasons import Reason
from .tables import DataRow, Table

LONGEST = 3660  # days ahead a pair may be agreed for
_HARD = re.compile(r"[、,;/\n]")
_BETWEEN = re.compile(r"[、,，;；/+和及与兼\s]")
_BEFORE_NAME = re.compile(r"^(.*班|\d{3})\s*([\u3400-\u9fff·]{2,})$")
_DAY = r"\d{4}\s*[-/.年]\s*\d{1,2}(?:\s*[-/.月]\s*\d{1,2}(?!\d)\s*[日号]?|\s*月)?"
_SPAN = re.compile(rf"^({_DAY}|\d{{8}})\s*(?:[-—–~～]+|至|到|起)\s*(.*)$")
_SHORT_DAY = re.compile(r"^(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?$")
_PHONE_AFTER = re.compile(r"[\s(:/]*(?:电话|手机)?[:\s]*\+?[\d\s-]{7,}\)?$")
_AMOUNT = re.compile(r"^[¥]?((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d{1,2})?)(万)?元?(?:[/每](?:学期|期|人))?$")  # of a term
_NOTHING = frozenset({"", "无", "-", "—", "/", "没有", "0", "0.0"})


@dataclass(slots=True, kw_only=True)
class PairingRow(ChildRow):
    """One child and one helper; `role` and `why_ended` are codes."""

    helper: str
    role: str
    start: date
    end: date | None = None
    phone: str | None = None
    why_ended: str | None = None
    subsidy_fen: int | None = None
    content: str = ""
    is_by_name: bool = False  # the table has no column of numbers: name and class are all it ever tells


PairingReading = ListReading[PairingRow]


def parse_pairings(
    workbook: Workbook, *, today: date, corrections: Corrections | None = None, progress: RowsRead | None = None
) -> PairingReading:
    """Read 结对帮扶登记表, every one of a workbook; whom a row means is found later, among the children stored.

    Raises:
        NoTableFound: no sheet has a header that names the children and who helps them.
    """
    reading = PairingReading(encoding=workbook.encoding)
    return _PairingParser(
        workbook, PAIRINGS, reading, today=today, corrections=corrections or {}, progress=progress
    ).run()


@dataclass
class _OneChild(Line):
    """A data row with one of the children it names."""

    own_class: str = ""  # written beside the child's name


class _PairingParser(ChildListParser[PairingRow]):
    rows_told = 0

    def lines(self, table: Table, data_row: DataRow) -> Iterable[Line]:
        """Yield a line for each child of a row: several may stand in one cell."""
        self.rows_told += 1
        whole = Line(table, data_row.row, data_row.titles, self._position_of(table, data_row))
        names = _split_names(whole.text("name"))
        for place, (name, own_class) in enumerate(names):
            row = data_row.row
            if len(names) > 1 or own_class:
                cells = list(row.cells)
                self._put(cells, table, "name", name)
                for key in ("class", "student_no", "id_number"):
                    if several := _one_each(whole.text(key), len(names)):
                        self._put(cells, table, key, several[place])
                row = replace(row, cells=tuple(cells))
            yield _OneChild(table, row, data_row.titles, nth_of(whole.position, place), own_class=own_class)

    def _position_of(self, table: Table, data_row: DataRow) -> Position:
        return self.rows_told if self.workbook.counts_data_rows else f"{table.sheet}!{data_row.row.number}"

    @staticmethod
    def _put(cells: list[Cell], table: Table, key: str, text: str) -> None:
        if (column := table.columns.get(key)) is not None and column.index < len(cells):
            cells[column.index] = text

    def class_or_none(self, line: Line) -> ClassName | None:
        """Return the class written beside the child's name, or else as in any list."""
        written = line.own_class if isinstance(line, _OneChild) else ""
        if written:
            years = self._years(self._places(line))
            return classes.read_class(written, **years) or classes.find_class(written, **years)
        return ChildListParser.class_or_none(self, line)

    def class_of(self, line: Line) -> ClassName:
        """Return the class of a row; refuse a row without one."""
        if isinstance(line, _OneChild) and line.own_class and (found := self.class_or_none(line)):
            return found
        return ChildListParser.class_of(self, line)

    def record(self, line: Line) -> PairingRow:
        helper, phone = self._helper(line)
        name = name_of(line)
        role = self._role(line)
        start, end = self._days(line)
        row = PairingRow(position=line.position, name=name, helper=helper, role=role, start=start, end=end, phone=phone)
        self.identify(line, row)
        row.is_by_name = not {"student_no", "id_number"} & line.table.columns.keys()
        row.why_ended = _why_ended(line) if end is not None else None
        row.subsidy_fen = self._subsidy(line, role)
        kept = [*told(line, ["content"]), *told(line, ["why_ended"]), *unknown_of(line)]
        kept += told(line, ["subsidy"]) if row.subsidy_fen is None and line.text("subsidy") not in _NOTHING else []
        row.content = joined(line, "content", kept, first_is_plain=bool(line.text("content")))
        return row

    def _helper(self, line: Line) -> tuple[str, str | None]:
        written = line.text("helper")
        phones = values.read_phones(line.cell("phone"))
        if phones.unusable:
            line.warn(Reason.PHONE_UNUSABLE, "phone")
        beside = values.read_phones(written).first if re.search(r"\d{7}", written) else ""
        name = values.read_name(_PHONE_AFTER.sub("", written))
        if not name:
            raise Fault(Reason.HELPER_MISSING, "helper", written)
        if len([each for each in _HARD.split(_PHONE_AFTER.sub("", written)) if each.strip()]) > 1:
            raise Fault(Reason.SEVERAL_HELPERS, "helper", written)
        if not values.is_name(name):
            raise Fault(Reason.HELPER_MISSING, "helper", written)
        return name, phones.first or beside or None

    def _role(self, line: Line) -> str:
        """Return the kind of pair a row names, or else its table's title, its sheet, or the header of its helpers."""
        if written := line.text("role"):
            if role := read_role(written):
                return role
            raise Fault(Reason.ROLE_UNKNOWN, "role", written)
        if "role" in line.table.columns:
            raise Fault(Reason.ROLE_UNKNOWN, "role")
        for place in (line.table.columns["helper"].header, *self._places(line)):
            named = {role for word, role in ROLES.items() if len(word) > 2 and word in place}
            if len(named) == 1:
                return named.pop()
        raise Fault(Reason.ROLE_UNKNOWN, "role")

    def _days(self, line: Line) -> tuple[date, date | None]:
        key = "span" if line.text("span") else "start"
        written = line.text(key)
        start, rest = values.read_date(line.cell(key)), ""
        if start is None and (found := _SPAN.match(written)):
            start, rest = _first_day(found[1]), found[2].strip()
        elif start is None:
            start = _first_day(written)
        if start is None or start < EARLIEST or (start - self.today).days > LONGEST:
            raise Fault(Reason.PAIR_DAY_UNREADABLE, key, written)
        end_key = "end" if line.text("end") else key
        end_text = line.text("end") or rest
        if OPEN_END.match(end_text.replace(" ", "")):
            return start, None
        end = (values.read_date(line.cell("end")) if end_key == "end" else None) or _last_day(end_text, start)
        if end is None or (end - self.today).days > LONGEST:
            raise Fault(Reason.PAIR_DAY_UNREADABLE, end_key, end_text)
        if end < start:
            raise Fault(Reason.END_BEFORE_START, end_key, end_text)
        return start, end

    def _subsidy(self, line: Line, role: str) -> int | None:
        """Return what is paid, in fen."""
        column = line.table.columns.get("subsidy")
        fen = read_fen(line.cell("subsidy"), in_wan="万元" in column.header if column else False)
        if fen is None and line.text("subsidy") not in _NOTHING:
            line.warn(Reason.SUBSIDY_UNREADABLE, "subsidy")
        elif role == "guardian_angel" and not fen and column is not None:
            line.warn(Reason.SUBSIDY_MISSING, "subsidy")
        elif role != "guardian_angel" and fen:
            line.warn(Reason.SUBSIDY_FOR_OTHER_ROLE, "subsidy")
        return fen or None


def read_role(text: str) -> str | None:
    """Return the code of a kind of pair as people write it, None where the words fit none or several."""
    plain = canonical(re.sub(r"\([^()]*\)", "", text)) or canonical(text)
    if plain in ROLES:
        return ROLES[plain]
    named = {role for word, role in ROLES.items() if len(word) > 2 and word in plain}
    named |= {ROLES[each] for each in map(canonical, _BETWEEN.split(text)) if each in ROLES}
    return named.pop() if len(named) == 1 else None


def read_fen(cell: Cell, *, in_wan: bool = False) -> int | None:
    """Return an amount of money in fen, None where there is none or it can't be read."""
    found = _AMOUNT.match(values.clean_text(cell).replace(" ", "").replace("￥", "¥"))
    if not found:
        return None
    try:
        yuan = Decimal(found[1].replace(",", ""))
    except InvalidOperation:
        return None
    fen = yuan * 100 * (10_000 if in_wan or found[2] else 1)
    return int(fen) if fen == int(fen) and fen <= 10**9 else None


def _split_names(written: str) -> list[tuple[str, str]]:
    """Return the children of a cell, each with the class written beside it; spaces part only what can't be one name."""
    pieces = [each.strip() for each in _HARD.split(written) if each.strip()]
    found: list[tuple[str, str]] = []
    for piece in pieces:
        parts = piece.split()
        if len(parts) > 1 and "·" not in piece and len("".join(parts)) > 4 and all(len(part) > 1 for part in parts):
            whole = _with_class(piece)
            found += [whole] if whole[1] else [_with_class(part) for part in parts]
        else:
            found.append(_with_class(piece))
    return found or [("", "")]


def _with_class(piece: str) -> tuple[str, str]:
    """Part a name from a class in brackets behind it, or before it."""
    if piece.endswith(")") and "(" in piece:
        name, _, inside = piece[:-1].partition("(")
        if classes.find_class(inside) or classes.read_class(inside):
            return name.strip(), inside
    if (found := _BEFORE_NAME.match(piece)) and (classes.find_class(found[1]) or classes.read_class(found[1])):
        return found[2], found[1]
    return piece, ""


def _one_each(text: str, count: int) -> list[str]:
    """Return the parts of a cell that has one for every child of its row."""
    parts = [each.strip() for each in _HARD.split(text) if each.strip()]
    if len(parts) != count:
        parts = text.split()
    return parts if count > 1 and len(parts) == count else []


def _first_day(text: str) -> date | None:
    """Return a day, of a month without a day its first."""
    plain = text.strip()
    if (day := values.read_date(plain.removesuffix("起"))) is not None:
        return day
    found = SUMMED_UP.match(plain.removesuffix("起"))
    return _day(int(found[1]), int(found[2]), 1) if found else None


def _last_day(text: str, start: date) -> date | None:
    """Return a day, of a month without a day its last; without a year it is the next one after the start."""
    if (day := values.read_date(text)) is not None:
        return day
    if found := SUMMED_UP.match(text):
        year, month = int(found[1]), int(found[2])
        following = _day(year + month // 12, month % 12 + 1, 1) if 1 <= month <= 12 else None
        return date.fromordinal(following.toordinal() - 1) if following else None
    if found := _SHORT_DAY.match(text):
        day = _day(start.year, int(found[1]), int(found[2]))
        return _day(start.year + 1, int(found[1]), int(found[2])) if day is not None and day < start else day
    return None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _why_ended(line: Line) -> str:
    said = " ".join([line.text("why_ended"), *(text for _, text in unknown_of(line))])
    return next((code for code, words in WHY_ENDED if words.search(said)), "done")
