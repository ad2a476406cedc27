"""The categories of a child as its file and its forms show them."""

from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from db.sealing import unseal
from db.tables import (
    CareOption,
    CategoryKind,
    CheckFinding,
    CheckResult,
    CheckReturn,
    FoundBy,
    Guardianship,
    LeftBehindKind,
    SpecialKind,
    Student,
    StudentCategory,
)
from services import clock
from services.access import Permission, Subject, permitted
from services.actors import Actor
from services.row_filters import sees_students


@dataclass(frozen=True, slots=True)
class CategoryEntry:
    """A child in a category, half-open from–to."""

    id: int
    version: int
    kind: CategoryKind
    subkind: str | None
    level: int | None
    evidence: str | None
    from_day: date
    to_day: date | None
    level_name: str | None = None  # as the school calls it, of 四特
    kind_name: str | None = None  # the same of its kind
    left_behind_kind: LeftBehindKind | None = None
    guardianship: Guardianship | None = None
    difficulty_id: int | None = None
    difficulty: str | None = None
    document: str | None = None
    found_by: FoundBy | None = None
    confirmed_on: date | None = None  # last gone through in a class check
    is_imported: bool = False  # 补录: from the school's old ledger


@permitted(Permission.STUDENT_READ)
def list_current_categories(session: Session, actor: Actor, *, student_id: int) -> tuple[CategoryEntry, ...]:
    """Return the categories a child is in now, as far as this actor may see them; one statement."""
    current = _with_words().join(Student, col(Student.id) == col(StudentCategory.student_id))
    rows = session.exec(
        current.where(
            StudentCategory.student_id == student_id,
            col(StudentCategory.to_day).is_(None),
            sees_students(actor),
            sees_students(actor, Subject.CATEGORY),
        ).order_by(col(StudentCategory.from_day).desc())
    ).all()
    return tuple(category_entry(row, *words) for row, *words in rows)


def categories_of(session: Session, student_id: int) -> tuple[CategoryEntry, ...]:
    """Return every category of a child, those it is in now first."""
    rows = session.exec(_of_one_child(), params={"child": student_id}).all()
    return tuple(
        replace(category_entry(row, *words), confirmed_on=clock.local(at).date() if at else None)
        for row, *words, at in rows
    )


@cache  # the question alone, which nobody's rights are part of
def _of_one_child() -> Any:  # a select of more columns than the stubs know
    confirmed_at = (
        select(func.max(CheckReturn.returned_at))
        .join(CheckFinding, col(CheckFinding.return_id) == col(CheckReturn.id))
        .where(
            CheckFinding.student_id == StudentCategory.student_id,
            CheckFinding.kind == StudentCategory.kind,
            CheckFinding.result != CheckResult.NOT_SEEN,
        )
        .scalar_subquery()
    )
    return (
        _with_words()
        .add_columns(confirmed_at)
        .where(StudentCategory.student_id == bindparam("child"))
        .order_by(col(StudentCategory.to_day).is_not(None), col(StudentCategory.from_day).desc())
    )


def _with_words() -> Any:  # a select of the row and the words of its difficulty, its level and its kind
    difficulty, level = aliased(CareOption), aliased(CareOption)
    return (
        select(StudentCategory, difficulty.label, level.label, SpecialKind.label)
        .join(difficulty, col(difficulty.id) == col(StudentCategory.difficulty_id), isouter=True)
        .join(level, col(level.level) == col(StudentCategory.level), isouter=True)
        .join(SpecialKind, col(SpecialKind.kind) == col(StudentCategory.kind), isouter=True)
    )


def category_entry(
    row: StudentCategory, difficulty: str | None = None, level_name: str | None = None, kind_name: str | None = None
) -> CategoryEntry:
    """Return a category as the file and its form show it."""
    return CategoryEntry(
        id=row.id or 0,
        version=row.version,
        kind=row.kind,
        subkind=row.subkind,
        level=row.level,
        evidence=unseal(row, "evidence_sealed"),
        from_day=row.from_day,
        to_day=row.to_day,
        level_name=level_name,
        kind_name=kind_name or row.kind.label,
        left_behind_kind=row.left_behind_kind,
        guardianship=row.guardianship,
        difficulty_id=row.difficulty_id,
        difficulty=difficulty,
        document=unseal(row, "document_sealed"),
        found_by=row.found_by,
        is_imported=row.import_id is not None,
    )
