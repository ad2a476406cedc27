"""Finding the tables in a sheet: headers by their words, data rows by what they hold, the rest passed over."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice

from .classes import find_class
from .errors import HeaderCandidate
from .grids import Row, Sheet
from .values import clean_text

IGNORED = ""  # a known column that carries nothing: serial numbers, our own remarks in a returned file

# (sheet name, column counted from zero) → field, or IGNORED: what a person chose on screen.
Corrections = Mapping[tuple[str, int], str]


@dataclass(frozen=True)
class Field:
    """A thing an import looks for: its key, the header we write ourselves, the headers others write."""

    key: str
    label: str
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableSpec:
    """What a table of this kind is made of.

    A header must name every `required` field; a filled `identifying` field makes any row a data row;
    `context` fields alone (a class written down the whole page) do not.
    """

    fields: tuple[Field, ...]
    required: frozenset[str]
    identifying: frozenset[str]
    context: frozenset[str]
    ignored: tuple[str, ...] = ()

    @cached_property
    def vocabulary(self) -> dict[str, str]:
        """Return every known header word, in canonical form, with its field."""
        words = {canonical(word): IGNORED for word in self.ignored}
        for wanted in self.fields:
            words.update(dict.fromkeys(map(canonical, (wanted.label, *wanted.headers)), wanted.key))
        return words

    @cached_property
    def rank(self) -> dict[str, int]:
        """Return how closely each header word names its field: 监护人电话 before 电话."""
        words = [word for wanted in self.fields for word in (wanted.label, *wanted.headers)]
        return {canonical(word): place for place, word in enumerate(words)}

    @cached_property
    def labels(self) -> dict[str, str]:
        """Return the header we write for each field."""
        return {wanted.key: wanted.label for wanted in self.fields}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: where it stands, what its header says."""

    index: int
    header: str


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


# --- header words ------------------------------------------------------------------------------------------

_BRACKETS = re.compile(r"\(([^()]*)\)")
_PERSON = re.compile(r"[父母爷奶爸妈师人任]")
_GROUP_WORDS = re.compile(r"(?:基本|详细|主要)?(?:信息|情况|资料|概况)$")
_CHILD_GROUPS = frozenset({"", "学生", "个人", "基本", "学籍", "孩子", "儿童", "在校", "身份"})
_LONGEST_HEADER = 40


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """Return a header's letters and digits only: `*班  级` is 班级."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text) if letter.isalnum()).upper()


def recognise(header: str, vocabulary: Mapping[str, str]) -> str | None:
    """Return the field a header names, None for an unknown one."""
    if len(header) > _LONGEST_HEADER:
        return None
    if (key := vocabulary.get(canonical(header))) is not None:
        return key
    plain = unicodedata.normalize("NFKC", header)
    inside = "".join(_BRACKETS.findall(plain))
    outside = _BRACKETS.sub("", plain)
    if not inside:
        return None
    if (key := vocabulary.get(canonical(inside + outside))) is not None:
        return key
    # 出生日期（年月日） is a birth date, but 电话（母亲） must not become anybody's telephone.
    return None if _PERSON.search(inside) else vocabulary.get(canonical(outside))


@dataclass(frozen=True)
class _Header:
    columns: dict[str, Column]
    unknown: tuple[Column, ...]
    headers: tuple[str, ...]
    span: int

    def same_columns(self, table: Table) -> bool:
        return {key: column.index for key, column in self.columns.items()} == {
            key: column.index for key, column in table.columns.items()
        }


class _HeaderFinder:
    """Recognises headers of one or two rows in one sheet, with the person's corrections."""

    def __init__(self, sheet: Sheet, spec: TableSpec, corrections: Corrections) -> None:
        self.rows = sheet.rows
        self.spec = spec
        self.chosen = {column: key for (name, column), key in corrections.items() if name == sheet.name}

    def at(self, index: int) -> _Header | None:
        """Return the header beginning in this row, if one does."""
        row = self.rows[index]
        if not self._may_be_header(row):
            return None
        single = self._header([clean_text(cell) for cell in row.cells], span=1)
        below = self.rows[index + 1] if index + 1 < len(self.rows) else None
        if below is not None and _looks_like_words(below):
            double = self._header(self._joined(row, below), span=2)
            lower = self._header([clean_text(cell) for cell in below.cells], span=1)
            if self._accepts(double) and len(double.columns) > max(len(single.columns), len(lower.columns)):
                return double
        return single if self._accepts(single) else None

    def forced(self, index: int) -> _Header:
        """Take this row as the header, because a person chose columns under it."""
        return self._header([clean_text(cell) for cell in self.rows[index].cells], span=1)

    def count(self, row: Row) -> int:
        """Return how many cells of a row are known header words."""
        return sum(
            1 for _, cell in row.own() if isinstance(cell, str) and recognise(clean_text(cell), self.spec.vocabulary)
        )

    def _may_be_header(self, row: Row) -> bool:
        """Tell quickly whether a row holds words at all; nearly all data rows end here."""
        return any(isinstance(cell, str) and len(cell) <= _LONGEST_HEADER and self._is_word(cell) for cell in row.cells)

    def _is_word(self, cell: str) -> bool:
        text = canonical(cell)
        return text in self.spec.vocabulary or text in self._group_words or bool(_GROUP_WORDS.search(text))

    @cached_property
    def _group_words(self) -> frozenset[str]:
        """Return the beginnings of known headers that may stand alone over a group: 父亲, 监护人 …"""
        ends = ("姓名", "电话", "联系电话")
        words = self.spec.vocabulary
        return frozenset(word.removesuffix(end) for word in words for end in ends if word.endswith(end)) - {""}

    def _joined(self, top: Row, below: Row) -> list[str]:
        """Put the words of a group (父亲) before those under it (姓名, 电话)."""
        own = dict(below.own())
        texts: list[str] = []
        group = ""
        for column in range(max(len(top.cells), len(below.cells))):
            upper, lower = clean_text(top.at(column)), clean_text(own.get(column))
            group = upper or (group if lower else "")
            texts.append(self._join(group, lower, carried=not upper))
        return texts

    def _join(self, group: str, lower: str, *, carried: bool) -> str:
        if not lower or canonical(group) == canonical(lower):
            return group
        bare = _GROUP_WORDS.sub("", canonical(group))
        for joined in (group + lower, bare + lower):
            if recognise(joined, self.spec.vocabulary) is not None:
                return joined
        known = recognise(lower, self.spec.vocabulary) is not None
        return lower if known and (carried or bare in _CHILD_GROUPS) else group + lower

    def _header(self, texts: list[str], *, span: int) -> _Header:
        keys = {index: self._key(index, text) for index, text in enumerate(texts)}
        found: dict[str, Column] = {}
        for index in sorted(keys, key=lambda index: self._order(index, texts[index])):
            key = keys[index]
            if key and found.setdefault(key, Column(index, texts[index])).index != index:
                keys[index] = None  # another column names the same field better
        unknown = [Column(index, text) for index, text in enumerate(texts) if keys[index] is None and text]
        in_order = dict(sorted(found.items(), key=lambda item: item[1].index))
        return _Header(in_order, tuple(unknown), tuple(texts), span)

    def _key(self, index: int, text: str) -> str | None:
        chosen = self.chosen.get(index)
        return recognise(text, self.spec.vocabulary) if chosen is None else chosen

    def _order(self, index: int, text: str) -> tuple[bool, int, int]:
        """What a person chose comes first, then the closest word, then the column further left."""
        return index not in self.chosen, self.spec.rank.get(canonical(text), len(self.spec.rank)), index

    def _accepts(self, header: _Header) -> bool:
        by_words = sum(1 for column in header.columns.values() if column.index not in self.chosen)
        return by_words >= 2 and self.spec.required <= header.columns.keys()


def _looks_like_words(row: Row) -> bool:
    own = row.own()
    return bool(own) and all(isinstance(cell, str) and len(cell) <= 24 for _, cell in own)


# --- rows --------------------------------------------------------------------------------------------------

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
        self.finder = _HeaderFinder(sheet, spec, corrections)
        self.found = SheetTables()
        self.titles: tuple[str, ...] = ()

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

    def _take_header(self, row: Row, header: _Header) -> None:
        last = self.found.tables[-1] if self.found.tables else None
        if last is not None and header.same_columns(last):
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
            kind = _kind_of_row(row, self.found.tables[-1], self.spec)
        if kind == "data":
            self.found.tables[-1].rows.append(DataRow(row, self.titles))
            return
        self.found.ignored_rows[kind] += 1
        if kind == "title_rows":
            self.titles = (*self.titles[-9:], " ".join(clean_text(cell) for _, cell in row.own())[:300])

    def _likely_header(self) -> int | None:
        """Return the row most like a header: by known words, else the first row of several short words."""
        rows = self.sheet.rows[:60]
        counts = [self.finder.count(row) for row in rows]
        if counts and max(counts) > 0:
            return counts.index(max(counts))
        return next((index for index, row in enumerate(rows) if _short_words(row)), None)

    def _is_chosen(self, index: int) -> bool:
        return self.spec.required <= self.finder.forced(index).columns.keys()


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
    if any(by_column.get(column) in spec.identifying and _CODE.match(text) for column, text in own):
        return "note_rows" if re.match(r"示例|范例|样例|例如|例:", leading) else "data"
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


__all__ = [
    "IGNORED",
    "Column",
    "Corrections",
    "DataRow",
    "Field",
    "SheetTables",
    "Table",
    "TableSpec",
    "canonical",
    "find_tables",
    "recognise",
]
