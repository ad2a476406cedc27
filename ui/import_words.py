"""Words of an import: where a row stands, and what stands in it without the numbers that tell who a child is."""

import re
from collections.abc import Iterable, Mapping

from services.exchange.readings import Position, RowProblem, place_of
from services.exchange.reasons import Reason, sentence
from services.exchange.screening import NO_SCALE, NOT_TESTED
from services.exchange.writing import write_xlsx
from services.student_imports import FieldChange
from ui.formats import masked_id, masked_phone

PASSED_OVER = {NOT_TESTED: "没来测", NO_SCALE: "没有分数的表"}
"""Rows of a list of results that bring none."""

_ID_REASONS = frozenset(
    {Reason.ID_STORED_AS_NUMBER, Reason.ID_FORMAT, Reason.ID_CHECKSUM, Reason.ID_CONFLICT, Reason.ID_MISSING}
)
_LONG_NUMBER = re.compile(r"(?:[0-9０-９*][- ]?){10,}[0-9０-９xX]")  # an ID number or a telephone, wherever it stands


def place_words(position: Position) -> str:
    """七（1-3）班，第 9 行; in a text file the number of the data row."""
    sheet, row, nth = place_of(position)
    words = (f"第 {row} 行" if sheet else f"第 {row:,} 行") + (f"第 {nth} 个" if nth > 1 else "")
    return f"{sheet}，{words}" if sheet else words


def problem_value(problem: RowProblem) -> str:
    """Return what stands in the cell; of numbers that tell who a child is, only the ends."""
    if problem.reason in _ID_REASONS:
        return masked_id(problem.value)
    return _without_numbers(problem.value)


def change_value(change: FieldChange, text: str) -> str:
    """Return one side of a change, telephones and long numbers masked."""
    is_phone = change.key.rpartition(".")[2] in {"phone", "second_phone"}
    return masked_phone(text) if is_phone and text else _without_numbers(text)


def _without_numbers(text: str) -> str:
    return _LONG_NUMBER.sub(lambda found: masked_phone(found[0]) if len(found[0]) < 15 else masked_id(found[0]), text)


def warnings_file(problems: Iterable[RowProblem], classes: Mapping[Position, str]) -> bytes:
    """Write what to look at in the rows that are taken, as it stands on screen; classes by position, where known."""
    rows = [
        [
            place_words(each.position),
            each.name,
            classes.get(each.position, ""),
            " ".join(each.header.split()),
            problem_value(each),
            sentence(each.reason, problem_value(each)),
        ]
        for each in problems
    ]
    columns = ["在哪里", "姓名", "班级", "栏", "文件里写着", "为什么，怎么改"]
    return write_xlsx(rows, columns, sheet_name="要留意的")
