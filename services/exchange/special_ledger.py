"""Reading the school's old ledger of 四特: which kind, which level, since when, and what was written (G-01, G-02)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from . import values
from .grids import Workbook
from .headers import Corrections
from .lists import Fault, Line, RowsRead
from .past_columns import ENDED, NOT_ENDED, SOURCES, SPECIAL, SUMMED_UP
from .past_rows import EARLIEST, ChildListParser, ChildRow, joined, one_name_of, told, unknown_of
from .readings import ListReading
from .reasons import Reason
from .roster_columns import FLAG_CATEGORIES

_FLAGS = tuple(key for key in FLAG_CATEGORIES if key != "in_difficulty")


@dataclass(slots=True, kw_only=True)
class SpecialRow(ChildRow):
    """One child of the ledger; kinds and level in the sheet's own words, which the school's settings may know."""

    kinds: tuple[str, ...] = ()  # words, or the codes of ticked columns
    level: str = ""
    day: date | None = None  # since when; None: not written
    ended: date | None = None  # until when, where the row says it no longer holds
    updated: date | None = None
    found_by: str | None = None  # code
    evidence: str = ""


SpecialReading = ListReading[SpecialRow]


def parse_special(
    workbook: Workbook, *, today: date, corrections: Corrections | None = None, progress: RowsRead | None = None
) -> SpecialReading:
    """Read 四特学生台账, every one of a workbook; whom a row means is found later, among the children stored.

    Raises:
        NoTableFound: no sheet has a header that names the children.
    """
    reading = SpecialReading(encoding=workbook.encoding)
    return _SpecialParser(
        workbook, SPECIAL, reading, today=today, corrections=corrections or {}, progress=progress
    ).run()


class _SpecialParser(ChildListParser[SpecialRow]):
    def record(self, line: Line) -> SpecialRow:
        row = SpecialRow(position=line.position, name=one_name_of(line))
        self.identify(line, row)
        row.kinds, said = _kinds(line)
        if not row.kinds:
            raise Fault(Reason.SPECIAL_KIND_UNKNOWN, "categories", line.text("categories"))
        row.level = line.text("level").replace(" ", "")
        row.day, row.updated = self._since(line), self.day_of(line, "updated")
        if _has_ended(line.text("change")):
            if row.day is None or row.updated is None or row.updated < row.day:
                raise Fault(Reason.SPECIAL_DAYS_MISSING, "updated", line.text("updated"))
            row.ended = row.updated
        way = line.text("way")
        row.found_by = next((code for code, words in SOURCES if words.search(way)), None)
        kept = [*told(line, ["signs"]), *said, *told(line, ["change"])]
        kept += told(line, ["way"]) if way and row.found_by is None else []
        kept += unknown_of(line)
        row.evidence = joined(line, "signs", kept, first_is_plain=bool(line.text("signs")))
        return row

    def _since(self, line: Line) -> date | None:
        """Return since when; of a month without a day its first, which a person should look at."""
        cell = line.cell("day")
        found = SUMMED_UP.match(line.text("day")) if isinstance(cell, str) else None
        if found and 1 <= int(found[2]) <= 12 and EARLIEST.year <= int(found[1]):
            first = date(int(found[1]), int(found[2]), 1)
            if first <= self.today:
                line.warn(Reason.SPECIAL_DAY_MONTH, "day")
                return first
        return self.day_of(line, "day")


def _kinds(line: Line) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    """Return the kinds a row names or ticks, and what stands in a ticked column besides."""
    found, said = list(values.split_words(line.cell("categories"))), []
    for key in _FLAGS:
        text = line.text(key)
        answer = values.read_yes_no(line.cell(key))
        if not text or answer is False:
            continue
        found.append(key)
        if answer is None:
            said += told(line, [key])
    return tuple(dict.fromkeys(word.replace(" ", "") for word in found)), said


def _has_ended(change: str) -> bool:
    return bool(ENDED.search(change)) and not NOT_ENDED.search(change)
