"""Rows that only the stored children made impossible: given back like those the file itself ruled out."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.exchange.readings import Kind, ListReading, ReturnedRow, RosterRow, RowProblem, place_of
from services.exchange.reasons import Reason
from services.exchange.roster_columns import FLAG_CATEGORIES, ROSTER
from services.imports.matching import MatchedBy, PreviewRow

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


def merged_reading(
    reading: ListReading[Any],
    shown: Sequence[PreviewRow],
    remarks: Sequence[tuple[Reason, ...]],
    *,
    labels: Mapping[str, str],
    blamed: Mapping[Reason, str],
) -> ListReading[Any]:
    """Return the reading of a list that makes no children, with the rows whose child can't be told among the rejected.

    Rows that repeat one above stand among the duplicates; what a taken row is remarked for is a warning.
    """
    full: ListReading[Any] = ListReading(
        rejected=list(reading.rejected),
        duplicates=list(reading.duplicates),
        tables=reading.tables,
        ignored_rows=reading.ignored_rows,
        hidden_sheets=reading.hidden_sheets,
        unread_headers=reading.unread_headers,
        encoding=reading.encoding,
    )
    refused = {row.position for row in shown if row.reason is not None}
    full.problems += [each for each in reading.problems if each.position not in refused]

    def note(row: Any, reason: Reason, kind: Kind) -> None:
        key = blamed.get(reason, "name")
        value = str(getattr(row, key, None) or "")
        full.problems.append(RowProblem(row.position, labels[key], reason, kind, value, row.name))

    for row, planned, of_row in zip(reading.rows, shown, remarks, strict=True):
        if planned.reason is None:
            full.rows.append(row)
            if planned.matched_by is MatchedBy.NAME_AND_CLASS:
                of_row = (Reason.MATCHED_BY_NAME_AND_CLASS, *of_row)
            for reason in of_row:
                note(row, reason, Kind.WARNING)
            continue
        is_duplicate = planned.reason is Reason.DUPLICATE
        sheet = str(row.position).rpartition("!")[0] or "要核对的"
        returned = ReturnedRow(row.position, planned.reason, row.header, row.original, sheet)
        (full.duplicates if is_duplicate else full.rejected).append(returned)
        note(row, planned.reason, Kind.DUPLICATE if is_duplicate else Kind.REJECTED)
    put_in_file_order(reading, full.rejected, full.duplicates, full.problems)
    return full


def put_in_file_order(reading: ListReading[Any], *lists: list[ReturnedRow] | list[RowProblem]) -> None:
    """Sort what hangs on rows as the rows stand in the file."""
    sheets = {sheet: place for place, sheet in enumerate(dict.fromkeys(table.sheet for table in reading.tables))}

    def order(each: ReturnedRow | RowProblem) -> tuple[int, int, int]:
        sheet, row, nth = place_of(each.position)
        return sheets.get(sheet, len(sheets)) if sheet else 0, row, nth

    for listed in lists:
        listed.sort(key=order)


def _yes_no(value: bool | None) -> str:
    return "" if value is None else "是" if value else "否"
