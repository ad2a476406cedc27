"""Reading results of screenings: whose, when, which scale, and the scores; who was away that day is told apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from services.screening.scales import Judgement, Makes, Scale, Scores, Span, judge

from . import values
from .errors import HeaderCandidate, NoScaleFound
from .grids import Cell, Workbook
from .headers import Corrections
from .lists import Fault, Line, ListParser, PassedOver, RowsRead, name_of
from .readings import ListReading, Position
from .reasons import Reason
from .screening_columns import Plan, plans_of, screening_spec
from .values import IdState

NOT_TESTED, NO_SCALE = "not_tested_rows", "rows_without_scale"
EARLIEST = date(2000, 1, 1)
_ID_FAULTS = {
    IdState.STORED_AS_NUMBER: Reason.ID_STORED_AS_NUMBER,
    IdState.BAD_FORMAT: Reason.ID_FORMAT,
    IdState.BAD_CHECKSUM: Reason.ID_CHECKSUM,
}
_SCORE = re.compile(r"^(-?\d{1,6}(?:\.\d{1,6})?)分?$")
_YES_NO = {"是": 1.0, "否": 0.0, "√": 1.0, "×": 0.0}
_NOT_TESTED = re.compile(
    "缺|未|没来|没测|没参|没做|没有|没到|假|病|休学|退学|转|免|弃|不在|不测|不参|无|空|^(?:n/?a|none|null|absent)$",
    re.IGNORECASE,
)
_CLOSE = 0.006  # a mean is written with two decimals


@dataclass(frozen=True, slots=True)
class ReadResult:
    """The scores of one scale in one row, with what the scale makes of them."""

    scale: Scale
    scores: Scores
    judgement: Judgement


@dataclass(slots=True, kw_only=True)
class ScreeningRow:
    """One child's row: a result for each scale it holds; none where the child was not tested that day."""

    position: Position
    name: str
    student_no: str | None = None
    id_number: str | None = None
    id_mask: str | None = None
    grade: int | None = None
    class_no: int | None = None
    day: date | None = None  # None: the file says no day
    results: tuple[ReadResult, ...] = ()
    header: tuple[str, ...] = ()
    original: list[str] = field(default_factory=list)


@dataclass
class ScreeningReading(ListReading[ScreeningRow]):
    """What one file gave; `absent` are the rows of children who were not tested, `scales` those any table holds.

    `corrects`: somebody has said that its scores count where others stand of the same day.
    """

    absent: list[ScreeningRow] = field(default_factory=list)
    scales: dict[str, Scale] = field(default_factory=dict)
    corrects: bool = False


def parse_screening(
    workbook: Workbook,
    *,
    scales: Mapping[str, Scale],
    today: date,
    corrections: Corrections | None = None,
    progress: RowsRead | None = None,
) -> ScreeningReading:
    """Read every table of results in a workbook; whom a row means is found later, among the children stored.

    Raises:
        NoTableFound: no sheet has a header that names the children.
        NoScaleFound: none of the tables holds a scale that is known.
    """
    reading = ScreeningReading(encoding=workbook.encoding)
    parser = _ScreeningParser(workbook, tuple(scales.values()), reading, today, corrections or {}, progress)
    parser.run()
    return reading


class _ScreeningParser(ListParser[ScreeningRow]):
    reading: ScreeningReading

    def __init__(
        self,
        workbook: Workbook,
        scales: tuple[Scale, ...],
        reading: ScreeningReading,
        today: date,
        corrections: Corrections,
        progress: RowsRead | None,
    ) -> None:
        spec = screening_spec(scales)
        super().__init__(workbook, spec, reading, today=today, corrections=corrections, progress=progress)
        self.scales = scales
        self.plans: dict[int, tuple[Plan, ...]] = {}

    def run(self) -> ListReading[ScreeningRow]:
        super().run()
        if not self.reading.scales:
            raise NoScaleFound(tuple(_candidates(self.reading)))
        return self.reading

    def record(self, line: Line) -> ScreeningRow:
        plans = self._plans(line)
        if not plans:
            raise PassedOver(NO_SCALE)
        is_tested = any(_is_filled(line, plan) for plan in plans)
        if not is_tested:
            self.reading.absent.extend(self._absent(line))
            raise PassedOver(NOT_TESTED)
        row = self._child(line)
        row.results = _results(line, [plan for plan in plans if _is_filled(line, plan)])
        row.day = self._day_of(line, row)
        _warn(line, row, plans)
        width = max(len(line.table.headers), len(line.row.cells))
        row.header = self._returned_header(line.table, width)
        row.original = [values.show_cell(line.row.at(column)) for column in range(width)]
        return row

    def _plans(self, line: Line) -> tuple[Plan, ...]:
        known = self.plans.get(id(line.table))
        if known is None:
            known = plans_of(line.table, self.scales, self._places(line))
            self.plans[id(line.table)] = known
            self.reading.scales.update({plan.scale.code: plan.scale for plan in known})
        return known

    def _child(self, line: Line) -> ScreeningRow:
        row = ScreeningRow(position=line.position, name=name_of(line))
        row.student_no = values.read_code(line.cell("student_no")) or None
        identity = values.read_id_number(line.cell("id_number"))
        if row.student_no is None and (reason := _ID_FAULTS.get(identity.state)):
            raise Fault(reason, "id_number", line.text("id_number"))
        row.id_number = identity.number if identity.valid else None
        tells = row.student_no is not None or row.id_number is not None
        found = self.class_or_none(line) if tells else self.class_of(line)
        if found is not None:
            row.grade, row.class_no = found.grade, found.class_no
        return row

    def _absent(self, line: Line) -> list[ScreeningRow]:
        """Return who was not tested, if the row says who it is; else it is passed over like any other."""
        try:
            row = self._child(line)
            row.day = self._day(line)
        except Fault:
            return []
        line.warnings.clear()
        return [row]

    def _day_of(self, line: Line, row: ScreeningRow) -> date | None:
        """Return the day of a result; of a crisis item also where the cell can't be read: it is due all the same."""
        try:
            return self._day(line)
        except Fault as fault:
            if not any(each.judgement.danger for each in row.results):
                raise
            line.warn(fault.reason, fault.key)
            return None

    def _day(self, line: Line) -> date | None:
        cell = line.cell("day")
        day = values.read_date(cell)
        if day is None and not values.clean_text(cell):
            return None
        if day is not None and day > self.today:
            raise Fault(Reason.TEST_DAY_AHEAD, "day", line.text("day"))
        if day is None or day < EARLIEST:
            raise Fault(Reason.TEST_DAY_UNREADABLE, "day", line.text("day"))
        return day


def _candidates(reading: ListReading[Any]) -> list[HeaderCandidate]:
    found = []
    for table in reading.tables:
        columns = sorted([*table.recognised.values(), *table.unknown], key=lambda column: column.index)
        texts = [""] * (columns[-1].index + 1 if columns else 0)
        for column in columns:
            texts[column.index] = column.header
        found.append(HeaderCandidate(table.sheet, table.header_row, tuple(texts)))
    return found


def _is_filled(line: Line, plan: Plan) -> bool:
    """Whether a child has any score of a scale; 缺考 in its place is none, but words that can't be read may be one."""
    return any(_read(line.cell(key)) is not None or _is_riddle(line.text(key)) for key in plan.keys)


def _is_riddle(text: str) -> bool:
    """Whether a cell says something other than that the child wasn't tested: its row is shown, never passed over."""
    words = values.clean_text(text)
    return any(each.isalnum() for each in words) and not _NOT_TESTED.search(words)


def _read(cell: Cell) -> float | None:
    """Read a score: 66, 66分, 2.15; None for a blank cell and for words."""
    if isinstance(cell, bool):
        return float(cell)
    if isinstance(cell, int | float):
        return float(cell) if abs(cell) < 10**6 else None
    text = values.clean_text(cell).replace(" ", "")
    if found := _SCORE.match(text):
        return float(found[1])
    return _YES_NO.get(text)


def _results(line: Line, plans: Sequence[Plan]) -> tuple[ReadResult, ...]:
    """Read each scale of a row; a fault in one refuses all of it, unless a crisis item stands in another."""
    found, faults = [], []
    for plan in plans:
        try:
            found.append(_result(line, plan))
        except Fault as fault:
            faults.append(fault)
    if faults and not any(result.judgement.danger for result in found):
        raise _as_one(faults)
    for each in faults:
        _warn_of(line, each)
    return tuple(found)


def _result(line: Line, plan: Plan) -> ReadResult:
    """Read one scale's scores; what is wrong with them refuses the row, but for a crisis item that can be read.

    Of such a row everything else that can be read is taken, and what is wrong is noted: it outranks every total (0028).
    A total that can't be trusted is none, and no level follows: a few items' sum would call a child well that is not.
    """
    found = {key: _read(line.cell(key)) for key in plan.keys}
    try:
        total: float | None = _total(line, plan, found)
    except Fault as fault:
        found = {key: score for key, score in found.items() if score is not None and _may_be(plan, key, score)}
        if not _tells_danger(plan, found):
            raise
        _warn_of(line, fault)
        total = None
    scores = Scores(
        total=total,
        validity=found.get(plan.validity) if plan.validity else None,
        subscales=_there(plan.subscales, found),
        items=_there(plan.items, found),
    )
    return ReadResult(plan.scale, scores, judge(plan.scale, scores))


def _warn_of(line: Line, fault: Fault) -> None:
    for each in fault.all:
        line.warn(each.reason, each.key)


Number = TypeVar("Number", str, int)


def _there(keys: Mapping[Number, str], found: Mapping[str, float | None]) -> tuple[tuple[Number, float], ...]:
    return tuple((each, score) for each, key in keys.items() if (score := found.get(key)) is not None)


def _total(line: Line, plan: Plan, found: Mapping[str, float | None]) -> float:
    """Return the total; missing comes before out of range, that before a total that doesn't add up."""
    scale = plan.scale
    optional = set(plan.items.values()) if scale.makes is not Makes.ITEMS or plan.total else set()
    if faults := [*_wanting(line, found, optional), *_out_of_range(line, plan, found)]:
        raise _as_one(faults)
    computed = _computed(plan, found)
    total = found[plan.total] if plan.total else None
    if total is not None and computed is not None and abs(total - computed) > (_CLOSE if scale.step < 1 else 0):
        raise Fault(Reason.TOTAL_MISMATCH, plan.total or "total", line.text(plan.total or "total"))
    total = computed if total is None else total
    if total is None:
        raise Fault(Reason.SCORE_MISSING, plan.total or "total")
    return total


def _wanting(line: Line, found: Mapping[str, float | None], optional: set[str]) -> Iterator[Fault]:
    """Yield the scores that can't be read, each, and the first of those that are blank."""
    keys = [key for key, score in found.items() if score is None and key not in optional]
    for key in [*(key for key in keys if line.text(key)), *[key for key in keys if not line.text(key)][:1]]:
        yield Fault(Reason.SCORE_MISSING, key, line.text(key))


def _out_of_range(line: Line, plan: Plan, found: Mapping[str, float | None]) -> Iterator[Fault]:
    for key, score in found.items():
        if score is not None and not _may_be(plan, key, score):
            yield Fault(Reason.SCORE_OUT_OF_RANGE, key, line.text(key))


def _as_one(faults: Sequence[Fault]) -> Fault:
    """Return the first of several faults, with the others."""
    first, *others = (each for fault in faults for each in fault.all)
    return Fault(first.reason, first.key, first.value, others)


def _may_be(plan: Plan, key: str, score: float) -> bool:
    span = _spans(plan).get(key)
    return span is None or (span.holds(score) and _is_on_step(score, plan.scale.step))


def _tells_danger(plan: Plan, found: Mapping[str, float | None]) -> bool:
    items = plan.scale.items
    return items is not None and any(
        number in items.danger and score >= items.danger_from for number, score in _there(plan.items, found)
    )


def _spans(plan: Plan) -> dict[str, Span]:
    scale = plan.scale
    spans = {plan.subscales[each.code]: each.span for each in scale.subscales if each.code in plan.subscales}
    if plan.total:
        spans[plan.total] = scale.total
    if plan.validity and scale.validity:
        spans[plan.validity] = scale.validity.span
    if scale.items:
        spans |= dict.fromkeys(plan.items.values(), scale.items.span)
    return spans


def _is_on_step(score: float, step: float) -> bool:
    return step < 1 or score == int(score)


def _computed(plan: Plan, found: Mapping[str, float | None]) -> float | None:
    """Return the total the parts make, None where not all of them are there."""
    scale = plan.scale
    if scale.makes is Makes.ITEMS:
        keys = [plan.items.get(number) for number in (scale.items.numbers if scale.items else ())]
    elif scale.makes is Makes.APART:
        return None
    else:
        keys = [plan.subscales.get(each.code) for each in scale.subscales if each.in_total]
    parts = [found.get(key) if key else None for key in keys]
    scores = [score for score in parts if score is not None]
    if not parts or len(scores) < len(parts):
        return None
    return round(sum(scores) / len(scores), 2) if scale.makes is Makes.MEAN else sum(scores)


def _warn(line: Line, row: ScreeningRow, plans: tuple[Plan, ...]) -> None:
    """Note what a person should look at: a void result, a level the file says otherwise, a day it doesn't say."""
    of_scale = {plan.scale.code: plan for plan in plans}
    for each in row.results:
        plan = of_scale[each.scale.code]
        if not each.judgement.is_valid:
            line.warn(Reason.VALIDITY_FAILED, plan.validity or "validity")
            continue
        said = each.scale.level_called(line.text(plan.level)) if plan.level else None
        if said is not None and each.judgement.level is not None and said.code != each.judgement.level.code:
            line.warn(Reason.LEVEL_IN_FILE_DIFFERS, plan.level or "level")
    if row.day is None:
        line.warn(Reason.TEST_DAY_MISSING, "day")
