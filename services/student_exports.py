"""The register as a file: only what its maker may see, with who made it, when and for what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlmodel import Session

from db.base import Labelled
from db.tables import CategoryKind
from services import audit, clock
from services.access import Permission, acting_for, permitted
from services.actors import Actor
from services.errors import FieldErrors, Problem
from services.exchange.grids import Cell
from services.exchange.writing import write_csv, write_xlsx
from services.special_kinds import words_of_kinds
from services.student_lists import StudentFilters, StudentPage, StudentRow, count_students, list_students

ExportForm = Literal["xlsx", "csv"]
ROWS_AT_ONCE = 10_000


class ExportPurpose(Labelled):
    """What a list leaves the program for; stands in the file and in the audit event."""

    REGISTER_BOOK = "register_book", "班级或学校存档"
    AUTHORITY = "authority", "上级要求报送"
    VISIT = "visit", "家访、谈话前准备"
    MEETING = "meeting", "会议研究"
    CHECK = "check", "核对名册"
    REFERRAL = "referral", "转介给校外单位"


@dataclass(frozen=True, slots=True)
class StudentExport:
    """A list that may leave the program, already noted; `content` is slow, so it belongs outside the transaction."""

    rows: Sequence[Sequence[Cell]]
    titles: Sequence[str]
    notes: Sequence[str]
    form: ExportForm

    def content(self) -> bytes:
        """Return the file."""
        if self.form == "csv":
            return write_csv(self.rows, self.titles, notes=self.notes)
        return write_xlsx(self.rows, self.titles, sheet_name="学生名册", notes=self.notes)


@permitted(Permission.STUDENT_EXPORT)
def count_exported(session: Session, actor: Actor, *, filters: StudentFilters) -> int:
    """Return how many children a file of these filters would hold."""
    return count_students(session, acting_for(actor, Permission.STUDENT_EXPORT), filters=filters).total


@permitted(Permission.STUDENT_EXPORT)
def export_students(
    session: Session,
    actor: Actor,
    *,
    filters: StudentFilters | None = None,
    purpose: ExportPurpose | None,
    form: ExportForm = "xlsx",
) -> StudentExport:
    """Return the filtered register, ready to become a file; a homeroom teacher's holds the own class only.

    Raises:
        FieldErrors: no purpose is given.
    """
    if purpose is None:
        raise FieldErrors({"purpose": Problem("required")})
    exporter = acting_for(actor, Permission.STUDENT_EXPORT)
    first = list_students(session, exporter, filters=filters, page_size=ROWS_AT_ONCE)
    pages = [first]
    for number in range(2, -(-first.total // ROWS_AT_ONCE) + 1):
        pages.append(list_students(session, exporter, filters=filters, page=number, page_size=ROWS_AT_ONCE))
    columns = {name: title for page in pages for name, title in _columns(page).items()}
    words = words_of_kinds(session)
    rows = [[_cell(row, column, words) for column in columns] for page in pages for row in page.rows]
    audit.record(
        session,
        actor,
        audit.Action.EXPORT_MADE,
        list="students",
        purpose=purpose.value,
        form=form,
        count=len(rows),
        columns=sorted(columns),
    )
    return StudentExport(rows, list(columns.values()), export_notes(actor, purpose, len(rows)), form)


def _columns(page: StudentPage) -> Mapping[str, str]:
    columns = {"name": "姓名", "class": "班级", "gender": "性别", "student_no": "学号"}
    if any(row.birth_day for row in page.rows):
        columns["birth_day"] = "出生日期"
    if page.shows_categories:
        columns["categories"] = "类别"
    return columns | {"homeroom": "班主任", "state": "学籍"}


def _cell(row: StudentRow, column: str, words: Mapping[CategoryKind, str]) -> Cell:
    cells: dict[str, Cell] = {
        "name": row.name,
        "class": row.class_label,
        "gender": row.gender.label,
        "student_no": row.student_no,
        "birth_day": row.birth_day,
        "categories": "、".join(words[kind] for kind in row.categories) or None,
        "homeroom": row.homeroom_name,
        "state": row.state.label,
    }
    return cells[column]


def export_notes(actor: Actor, purpose: ExportPurpose, count: int) -> Sequence[str]:
    """Return what stands below every list that leaves the program: who, when, how many, what for."""
    at = clock.local(clock.now())
    who = f"{actor.display_name}（{actor.os_user}）" if actor.is_command_line else actor.display_name
    return (
        f"{who}于 {at:%Y-%m-%d %H:%M} 导出，共 {count} 人，用途：{purpose.label}。",
        "内含学生信息，只用于上面写的用途，用完请删除。",
    )
