"""Finding the tables in a sheet: headers by their words, data rows by what they hold, the rest passed over."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice

from .classes import find_class
from .errors import HeaderCandidate
from .grids import Row, Sheet
from .headers import IGNORED, Column, Corrections, Header, HeaderFinder, TableSpec, recognise
from .values import clean_text


@dataclass(frozen=True, slots=True)
class DataRow:
    """A row that tries to describe one record, with the titles above it, the nearest last."""

    row: Row
    titles: tuple[str, ...]


@dataclass
class Table:
    """One table: its recognised columns, the unknown ones by name, its data rows."""

    sheet: str
    header_row: int
    columns: dict[str, Column]
    unknown: list[Column]
    headers: list[str]
    rows: list[DataRow] = field(default_factory=list)

    def text(self, row: Row, key: str) -> str:
        """Return what a row says in a field's column as clean text."""
        column = self.columns.get(key)
        return "" if column is None else clean_text(row.at(column.index))


@dataclass
class SheetTables:
    """What was found in one sheet, and how many rows of which kind were passed over."""

    tables: list[Table] = field(default_factory=list)
    ignored_rows: Counter[str] = field(default_factory=Counter)
    candidate: HeaderCandidate | None = None


_SUBTOTAL = re.compile(r"^.{0,14}?(?:合计|小计|总计|共计|累计|平均|总人数|汇总)|^.{0,14}?共\d+[人名]|^\D{0,8}\d+人")
_NOTE = re.compile(
    r"^[(\[【*※●]*(?:注\d*[:.、]|注意|附注|备注|说明|填表|填写|填报|制表|审核|复核|审批|校长|负责人|分管|班主任(?:签|[:])|经办|统计[人时]|"
    r"上报|联系人[:]|日期|时间[:]|签字|签名|盖章|公章|年级组长|以下空白|以下无|以上|特此|打印|第\d+页|共\d+页|示例|范例|样例|例[:])"
    r"|^[-—–=*._~]{2,}"
)
_TITLE = re.compile(r"花名册|名册|名单|登记表|一览表|台账|统计表|信息表|学年|班级[:]")
_CODE = re.compile(r"^[^\u4e00-\u9fff]*\d[^\u4e00-\u9fff]*$")
_SHORT_NAME = re.compile(r"^[^\W\d_][^\d:;,。!?]{0,11}$")


def find_tables(sheet: Sheet, spec: TableSpec, *, corrections: Corrections | None = None) -> SheetTables:
    """Find every table of this kind in a sheet; titles, notes and subtotals are only counted."""
    return _Search(sheet, spec, corrections or {}).run()


class _Search:
    def __init__(self, sheet: Sheet, spec: TableSpec, corrections: Corrections) -> None:
        self.sheet = sheet
        self.spec = spec
        self.finder = HeaderFinder(sheet, spec, corrections)
        self.found = SheetTables()
        self.titles: tuple[str, ...] = ()
        self.after_blank = self.in_other_table = False

    def run(self) -> SheetTables:
        self._walk(forced=None)
        if not self.found.tables:
            best = self._likely_header()
            if best is not None and self.finder.chosen and self._is_chosen(best):
                self.found, self.titles = SheetTables(), ()
                self._walk(forced=best)
            elif best is not None:
                texts = tuple(clean_text(cell) for cell in self.sheet.rows[best].cells)
                self.found.candidate = HeaderCandidate(self.sheet.name, self.sheet.rows[best].number, texts)
        if not self.found.tables:
            self.found.ignored_rows.clear()
        return self.found

    def _walk(self, *, forced: int | None) -> None:
        index = 0
        while index < len(self.sheet.rows):
            row = self.sheet.rows[index]
            header = None
            if row.own():
                header = self.finder.forced(index) if index == forced else self.finder.at(index)
            if header is not None:
                self._take_header(row, header)
            else:
                self._take_row(row)
            index += header.span if header else 1

    def _take_header(self, row: Row, header: Header) -> None:
        self.after_blank = self.in_other_table = False
        last = self.found.tables[-1] if self.found.tables else None
        if last is not None and _same_columns(header, last):
            self.found.ignored_rows["repeated_header_rows"] += header.span
            return
        self.found.ignored_rows["header_rows"] += header.span
        self.found.tables.append(
            Table(self.sheet.name, row.number, dict(header.columns), list(header.unknown), list(header.headers))
        )

    def _take_row(self, row: Row) -> None:
        if not row.own():
            kind = "blank_rows"
        elif not self.found.tables:
            kind = "title_rows"
        else:
            kind = self._kind_under(self.found.tables[-1], row)
        self.after_blank = kind == "blank_rows"
        if kind == "data":
            self.found.tables[-1].rows.append(DataRow(row, self.titles))
            return
        self.found.ignored_rows[kind] += 1
        if kind == "title_rows":
            self.titles = (*self.titles[-9:], " ".join(clean_text(cell) for _, cell in row.own())[:300])

    def _kind_under(self, table: Table, row: Row) -> str:
        """Tell what a row under a header is; a small table of something else may follow after a blank row."""
        if _has_code(row, table, self.spec):
            self.in_other_table = False
        elif self.after_blank and self._begins_other_table(row):
            self.in_other_table = True
        return "note_rows" if self.in_other_table else _kind_of_row(row, table, self.spec)

    def _begins_other_table(self, row: Row) -> bool:
        """Tell a header that names no children, such as 班级, 人数, from a row that describes a child."""
        texts = [clean_text(cell) for _, cell in row.own()]
        return (
            len(texts) >= 2
            and bool(recognise(texts[0], self.spec.vocabulary))
            and not any(re.search(r"\d", text) for text in texts)
        )

    def _likely_header(self) -> int | None:
        """Return the row most like a header: by known words, else the first row of several short words."""
        rows = self.sheet.rows[:60]
        counts = [self.finder.count(row) for row in rows]
        if counts and max(counts) > 0:
            return counts.index(max(counts))
        return next((index for index, row in enumerate(rows) if _short_words(row)), None)

    def _is_chosen(self, index: int) -> bool:
        return self.spec.required <= self.finder.forced(index).columns.keys()


def _same_columns(header: Header, table: Table) -> bool:
    return {key: column.index for key, column in header.columns.items()} == {
        key: column.index for key, column in table.columns.items()
    }


def _short_words(row: Row) -> bool:
    texts = [cell for _, cell in row.own()]
    return (
        len(texts) >= 3
        and len(set(texts)) == len(texts)
        and all(isinstance(cell, str) and len(cell) <= 16 and not re.search(r"\d", cell) for cell in texts)
    )


def _kind_of_row(row: Row, table: Table, spec: TableSpec) -> str:
    """Tell a data row from the subtotals, notes and titles that stand between and under data rows."""
    by_column = {column.index: key for key, column in table.columns.items()}
    own = [(column, clean_text(cell).replace(" ", "")) for column, cell in row.own()]
    own = [(column, text) for column, text in own if text]
    if not own:
        return "blank_rows"
    leading = own[0][1]
    if _has_code(row, table, spec):
        return "note_rows" if re.match(r"示例|范例|样例|例如|例:", leading) else "data"
    if len(own) == 1 and spec.closing_total and spec.closing_total.match(leading):
        return "note_rows"
    if spec.summary and any(spec.summary.match(text) for _, text in islice(own, 3)):
        return "summary_rows"
    if any(_SUBTOTAL.match(text) for _, text in islice(own, 3)):
        return "subtotal_rows"
    if _NOTE.match(leading):
        return "note_rows"
    if len(own) == 1:
        return _kind_of_single_cell(*own[0], by_column, spec)
    known = {by_column[column] for column, _ in own if column in by_column}
    unnamed = {column for column, _ in own if column not in by_column}
    if known <= spec.context and unnamed <= _ignored_columns(table, spec):
        return "blank_rows"  # numbers and classes were printed for children still to be filled in
    return "data"


def _has_code(row: Row, table: Table, spec: TableSpec) -> bool:
    """Tell whether a row carries a student's or an ID number, however faulty."""
    columns = [table.columns[key].index for key in spec.identifying if key in table.columns]
    return any(
        column not in row.inherited and _CODE.match(clean_text(row.at(column)).replace(" ", "")) for column in columns
    )


def _kind_of_single_cell(column: int, text: str, by_column: dict[int, str], spec: TableSpec) -> str:
    key = by_column.get(column)
    if key in spec.required and _SHORT_NAME.match(text) and not _TITLE.search(text) and find_class(text) is None:
        return "data"
    if _TITLE.search(text) or find_class(text) is not None:
        return "blank_rows" if key in spec.context else "title_rows"
    if key in spec.context or text.isdigit():
        return "blank_rows"
    return "data" if key is not None and column > 0 and len(text) <= 20 else "note_rows"


def _ignored_columns(table: Table, spec: TableSpec) -> set[int]:
    return {
        index
        for index, header in enumerate(table.headers)
        if not header or recognise(header, spec.vocabulary) == IGNORED
    }
