"""Headers of tables: what an import looks for, and which columns of a row or two name it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice

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
    closing_total: re.Pattern[str] | None = None  # a line at the end that totals the whole list: a note, no subtotal
    summary: re.Pattern[str] | None = None  # a line of figures over all rows, such as 最高分

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
class Header:
    """A header of one or two rows: its recognised columns, the unknown ones, all its texts."""

    columns: dict[str, Column]
    unknown: tuple[Column, ...]
    headers: tuple[str, ...]
    span: int


class HeaderFinder:
    """Recognises headers of one or two rows in one sheet, with the person's corrections."""

    def __init__(self, sheet: Sheet, spec: TableSpec, corrections: Corrections) -> None:
        self.rows = sheet.rows
        self.spec = spec
        self.chosen = {column: key for (name, column), key in corrections.items() if name == sheet.name}

    def at(self, index: int) -> Header | None:
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

    def forced(self, index: int) -> Header:
        """Take this row as the header, because a person chose columns under it."""
        return self._header([clean_text(cell) for cell in self.rows[index].cells], span=1)

    def count(self, row: Row) -> int:
        """Return how many cells of a row are known header words."""
        return sum(
            1 for _, cell in row.own() if isinstance(cell, str) and recognise(clean_text(cell), self.spec.vocabulary)
        )

    def _may_be_header(self, row: Row) -> bool:
        """Tell quickly whether a row holds two words of headers; nearly all data rows end here."""
        words = (
            column
            for column, cell in enumerate(row.cells)
            if isinstance(cell, str) and len(cell) <= _LONGEST_HEADER and self._is_word(cell)
        )
        return len(list(islice(words, 2))) == 2

    def _is_word(self, cell: str) -> bool:
        text = canonical(cell)
        if text in self.spec.vocabulary or text in self._group_words or _GROUP_WORDS.search(text):
            return True
        return ("(" in cell or "（" in cell) and recognise(cell, self.spec.vocabulary) is not None

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

    def _header(self, texts: list[str], *, span: int) -> Header:
        keys = {index: self._key(index, text) for index, text in enumerate(texts)}
        found: dict[str, Column] = {}
        for index in sorted(keys, key=lambda index: self._order(index, texts[index])):
            key = keys[index]
            if key and found.setdefault(key, Column(index, texts[index])).index != index:
                keys[index] = None  # another column names the same field better
        unknown = [Column(index, text) for index, text in enumerate(texts) if keys[index] is None and text]
        in_order = dict(sorted(found.items(), key=lambda item: item[1].index))
        return Header(in_order, tuple(unknown), tuple(texts), span)

    def _key(self, index: int, text: str) -> str | None:
        chosen = self.chosen.get(index)
        return recognise(text, self.spec.vocabulary) if chosen is None else chosen

    def _order(self, index: int, text: str) -> tuple[bool, int, int]:
        """What a person chose comes first, then the closest word, then the column further left."""
        return index not in self.chosen, self.spec.rank.get(canonical(text), len(self.spec.rank)), index

    def _accepts(self, header: Header) -> bool:
        by_words = sum(1 for column in header.columns.values() if column.index not in self.chosen)
        return by_words >= 2 and self.spec.required <= header.columns.keys()


def _looks_like_words(row: Row) -> bool:
    own = row.own()
    return bool(own) and all(isinstance(cell, str) and len(cell) <= 24 for _, cell in own)
