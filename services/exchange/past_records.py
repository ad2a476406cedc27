"""Reading talks and home visits the school kept in spreadsheets: whose, when, who, and what was written (F-09)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time

from . import values
from .grids import Workbook
from .headers import Corrections
from .lists import Fault, Line, RowsRead
from .past_columns import COUNSELLING, FACE, PHONE, PLACES, PLAIN_PLACES, TALKS, VIDEO, VISITS, WRITTEN
from .past_rows import ChildListParser, ChildRow, joined, one_name_of, told, unknown_of
from .readings import ListReading
from .reasons import Reason

_LONGEST_MINUTES = 720
_CLOCK = re.compile(r"(?<![\d-])([01]?\d|2[0-3])\s*[:时点]\s*([0-5]\d)?")
_MINUTES = re.compile(r"^(\d{1,3})(?:\.0)?\s*(?:分钟|分|min)?$", re.IGNORECASE)
_OF_STAFF = re.compile(r"[\u3400-\u9fff]{2,5}|[^\d]{2,20}·[^\d]{1,20}|[A-Za-z][A-Za-z .'-]{1,39}")  # else: words
_AFTER_NAME = re.compile(r"[/、,(\s;|]")
_NOTHING = re.compile(r"^(?:否|不|无|不需|不需要|不用|没有|-|—|——|/)$")
Pieces = list[tuple[str, str]]


@dataclass(slots=True, kw_only=True)
class PastRow(ChildRow):
    """One contact with one child as the sheet tells of it; `kind`, `place` and `channel` are codes of work records."""

    day: date
    kind: str = "talk"
    start: time | None = None
    minutes: int | None = None
    place: str | None = None
    channel: str | None = None
    author: str | None = None
    words: Mapping[str, str] = field(default_factory=dict)  # raised, measures, effect, next_step, as far as written


PastReading = ListReading[PastRow]


def parse_talks(
    workbook: Workbook, *, today: date, corrections: Corrections | None = None, progress: RowsRead | None = None
) -> PastReading:
    """Read 谈心谈话记录表, every one of a workbook; whom a row means is found later, among the children stored.

    Raises:
        NoTableFound: no sheet has a header that names the children.
    """
    reading = PastReading(encoding=workbook.encoding)
    return _TalkParser(workbook, TALKS, reading, today=today, corrections=corrections or {}, progress=progress).run()


def parse_visits(
    workbook: Workbook, *, today: date, corrections: Corrections | None = None, progress: RowsRead | None = None
) -> PastReading:
    """Read 家访记录表 the same way.

    Raises:
        NoTableFound: no sheet has a header that names the children.
    """
    reading = PastReading(encoding=workbook.encoding)
    return _VisitParser(workbook, VISITS, reading, today=today, corrections=corrections or {}, progress=progress).run()


class _PastParser(ChildListParser[PastRow]):
    def record(self, line: Line) -> PastRow:
        name, day = one_name_of(line), self.day_of(line, "day")
        if day is None:
            raise Fault(Reason.PAST_DAY_MISSING, "day")
        row = PastRow(position=line.position, name=name, day=day)
        self.identify(line, row)
        row.start, row.minutes = _start(line), _minutes(line)
        said = _author(line, row)
        self.tell(line, row, [*said, *unknown_of(line)])
        if not row.words:
            line.warn(Reason.PAST_WORDS_MISSING, "content")
        return row

    def tell(self, line: Line, row: PastRow, more: Pieces) -> None:
        """Fill in what was done and what was said; `more` is what no field takes."""
        raise NotImplementedError


class _TalkParser(_PastParser):
    def tell(self, line: Line, row: PastRow, more: Pieces) -> None:
        way = line.text("way")
        row.kind = "counselling" if COUNSELLING.search(f"{way} {line.text('topic')}") else "talk"
        row.channel = _channel(way) or "face"
        row.place = _place(line.text("place")) or ("remote" if row.channel in ("phone", "video") else None)
        has_cause = bool(line.text("cause"))
        again = [(label, text) for label, text in told(line, ["again"]) if not _NOTHING.match(text)]
        row.words = _words(
            line,
            raised=[
                *told(line, ["cause" if has_cause else "content"]),
                *told(line, ["topic", *_more_than_codes(line, way)]),
                *more,
            ],
            measures=told(line, ["content", "measures"] if has_cause else ["measures"]),
            effect=told(line, ["effect", "reaction"]),
            next_step=[*told(line, ["next_step"]), *again],
        )


class _VisitParser(_PastParser):
    def tell(self, line: Line, row: PastRow, more: Pieces) -> None:
        way = line.text("way")
        row.channel = _channel(way) or "face"
        # A call is no visit (domain §9): it is kept as the call it was.
        row.kind, row.place = ("home_visit", "home") if row.channel == "face" else ("call", "remote")
        rest = ["guardian", "address", "companion", "filed", *_more_than_codes(line, way)]
        row.words = _words(
            line,
            raised=[*told(line, ["family", *rest]), *more],
            measures=told(line, ["content", "school", "measures"]),
            effect=told(line, ["opinion", "effect"]),
            next_step=told(line, ["next_step"]),
        )


def _more_than_codes(line: Line, way: str) -> list[str]:
    """Return the columns whose words say more than the place and the means they are read as."""
    keys = [] if line.text("place") in PLAIN_PLACES else ["place"]
    return keys if _channel(way) else [*keys, "way"]


_PRINCIPAL = frozenset({"cause", "content", "family", "measures", "effect", "opinion", "next_step"})
"""What needs no header before it where it stands first."""


def _words(line: Line, **fields: Pieces) -> Mapping[str, str]:
    plain = {line.table.columns[key].header for key in _PRINCIPAL if key in line.table.columns}
    plain = {" ".join(header.split()) for header in plain}
    return {
        name: joined(line, "content", pieces, first_is_plain=pieces[0][0] in plain)
        for name, pieces in fields.items()
        if pieces
    }


def _author(line: Line, row: PastRow) -> Pieces:
    """Read who did it, the first of several; return the whole cell where more than a name stands in it."""
    written = line.text("author") or line.text("recorder")
    name = values.read_name(_AFTER_NAME.split(written)[0]) if written else ""
    is_one = values.is_name(name) and _OF_STAFF.fullmatch(name) is not None if name else False
    row.author = name if is_one else None
    keys = ["author"] if line.text("author") else ["recorder"]
    whole = told(line, keys) if written and (not is_one or written.replace(" ", "") != name) else []
    recorder = line.text("recorder")
    return [*whole, *(told(line, ["recorder"]) if recorder and recorder != written else [])]


def _start(line: Line) -> time | None:
    cell = line.cell("start")
    if isinstance(cell, time):
        return cell.replace(second=0, microsecond=0)
    cell = line.cell("day") if not line.text("start") else cell
    if isinstance(cell, datetime):
        return cell.time().replace(second=0, microsecond=0) if cell.time() != time() else None
    text = values.clean_text(cell)
    found = _CLOCK.search(text)
    hour = int(found[1]) if found else 0
    if found and "下午" in text and 1 <= hour < 12:
        hour += 12
    return time(hour, int(found[2] or 0)) if found else None


def _minutes(line: Line) -> int | None:
    found = _MINUTES.match(line.text("minutes"))
    return int(found[1]) if found and 0 < int(found[1]) <= _LONGEST_MINUTES else None


def _channel(way: str) -> str | None:
    """Return by what means; None where the words say none of them."""
    ways = (("face", FACE), ("video", VIDEO), ("phone", PHONE), ("written", WRITTEN))
    return next((code for code, words in ways if words.search(way)), None)


def _place(written: str) -> str | None:
    if not written:
        return None
    return next((code for code, words in PLACES if words.search(written)), None)
