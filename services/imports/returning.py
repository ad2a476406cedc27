"""Rows that only the stored children made impossible: given back like those the file itself ruled out."""

from typing import Any

from services.exchange.readings import Kind, ListReading, ReturnedRow, RosterRow, RowProblem
from services.exchange.reasons import Reason
from services.exchange.roster_columns import FLAG_CATEGORIES, ROSTER

_BLAMED = {Reason.ID_CONFLICT: "id_number", Reason.NUMBER_CONFLICT: "student_no"}
_PLAIN = (
    "student_no", "national_no", "name", "gender", "birth_day", "id_number", "guardian_name", "guardian_relation",
    "guardian_phone", "guardian_second_phone", "father_name", "father_phone", "mother_name", "mother_phone", "address",
    "residence", "note",
)  # fmt: skip


def returned_row(row: RosterRow, reason: Reason) -> ReturnedRow:
    """Write a row as it was understood, under our own headers; the cells as they came are not kept for rows taken."""
    cells = {ROSTER.labels[key]: str(getattr(row, key) or "") for key in _PLAIN}
    cells[ROSTER.labels["class"]] = f"{row.grade}年级{row.class_no}班"
    cells[ROSTER.labels["ethnic"]] = row.ethnic or ""
    cells[ROSTER.labels["boarding"]] = _yes_no(row.boarding)
    cells[ROSTER.labels["left_behind"]] = _yes_no(row.left_behind)
    cells |= {ROSTER.labels[key]: "是" if key in row.categories else "" for key in FLAG_CATEGORIES}
    cells |= {header: text for header, text in row.unknown.items() if header not in cells}
    sheet, _, _ = str(row.position).rpartition("!")
    return ReturnedRow(row.position, reason, tuple(cells), list(cells.values()), sheet or "要核对的")


def problem_of(row: RosterRow, reason: Reason, kind: Kind) -> RowProblem:
    """Say which cell of the row to look at."""
    key = _BLAMED.get(reason, "name")
    return RowProblem(row.position, ROSTER.labels[key], reason, kind, str(getattr(row, key) or ""), row.name)


def put_in_file_order(reading: ListReading[Any], *lists: list[ReturnedRow] | list[RowProblem]) -> None:
    """Sort what hangs on rows as the rows stand in the file."""
    sheets = {sheet: place for place, sheet in enumerate(dict.fromkeys(table.sheet for table in reading.tables))}

    def order(each: ReturnedRow | RowProblem) -> tuple[int, int]:
        if isinstance(each.position, int):
            return 0, each.position
        sheet, _, number = each.position.rpartition("!")
        return sheets.get(sheet, len(sheets)), int(number)

    for listed in lists:
        listed.sort(key=order)


def _yes_no(value: bool | None) -> str:
    return "" if value is None else "是" if value else "否"
