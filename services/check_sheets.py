"""A class's check as the form shows it (E-02): who is in which category, what was returned so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from db.sealing import unseal
from db.tables import (
    AppUser,
    CategoryKind,
    CheckFinding,
    CheckResult,
    CheckReturn,
    CheckRound,
    ClassMembership,
    SchoolClass,
    Student,
    StudentCategory,
    Term,
)
from services import clock
from services.access import Permission, permitted
from services.actors import Actor
from services.category_lists import category_entry
from services.classes import class_label
from services.errors import NotFound
from services.special_kinds import list_offered_kinds, words_of_kinds
from services.student_rights import writes_students
from services.students import LEFT_SCHOOL


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One child in one category, to be confirmed."""

    category_id: int
    version: int  # of the category as it stands in the register
    student_id: int
    name: str
    kind_name: str
    subkind: str | None
    level: int | None
    from_day: date
    standing: str  # what the register says of it
    result: CheckResult | None  # what the current return says
    note: str | None


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One line of a return that was made."""

    name: str
    kind: CategoryKind
    kind_name: str  # as the school calls it today
    result: CheckResult
    level: int | None
    note: str | None


@dataclass(frozen=True, slots=True)
class ReturnView:
    """One return of a class; a replaced one is kept for who asks."""

    revision: int
    returned_by: str | None
    returned_at: datetime
    children_count: int
    lines: tuple[FindingLine, ...]


@dataclass(frozen=True, slots=True)
class CheckSheet:
    """What a class has to go through, and what it returned; `version` 0 where it has not yet."""

    round_id: int
    class_id: int
    class_label: str
    version: int
    lines: tuple[CheckLine, ...]
    others: Mapping[int, str]  # every child of the class by id: a check may find something new about any
    returns: tuple[ReturnView, ...]  # the current one first
    kinds: Mapping[CategoryKind, str]  # what a finding can be, in the school's words


@permitted(Permission.CHECK_RETURN)
def find_sheet(session: Session, actor: Actor, *, class_id: int) -> CheckSheet:
    """Return what a class has to go through in this term's round; eight statements.

    Raises:
        NotFound: there is no such class in an open round, or it is not this actor's.
    """
    found, school_class = open_round(session, actor, class_id)
    rows = session.exec(
        select(StudentCategory, Student.name)
        .join(Student, col(Student.id) == col(StudentCategory.student_id))
        .where(col(StudentCategory.to_day).is_(None), col(Student.id).in_(in_class(class_id)))
        .order_by(col(Student.name_order), col(Student.id), col(StudentCategory.id))
    ).all()
    returns = returns_of_class(session, found.id or 0, class_id)
    said, words = said_in(session, returns[0][0].id) if returns else {}, words_of_kinds(session)
    return CheckSheet(
        round_id=found.id or 0,
        class_id=class_id,
        class_label=class_label(school_class.grade, school_class.number),
        version=returns[0][0].revision if returns else 0,
        lines=tuple(_line(row, name, said.get(row.id or 0), words) for row, name in rows),
        others=children_of_class(session, class_id),
        returns=_views(session, returns, words),
        kinds=list_offered_kinds(session, actor),
    )


def open_round(session: Session, actor: Actor, class_id: int) -> tuple[CheckRound, SchoolClass]:
    """Return the round of the class's school year that is under way, the newest, if the class is the actor's."""
    row = session.exec(
        select(CheckRound, SchoolClass)
        .join(Term, col(Term.id) == col(CheckRound.term_id))
        .join(SchoolClass, col(SchoolClass.school_year) == col(Term.school_year))
        .where(SchoolClass.id == class_id, Term.first_day <= clock.today())
        .order_by(col(Term.first_day).desc())
    ).first()
    if row is None or not writes_students(actor, Permission.CHECK_RETURN).covers_class(session, class_id):
        raise NotFound
    return row[0], row[1]


def in_class(class_id: int) -> Any:  # a select of ids
    """Return the query of the children of a class now."""
    return (
        select(ClassMembership.student_id)
        .join(Student, col(Student.id) == col(ClassMembership.student_id))
        .where(
            ClassMembership.class_id == class_id,
            col(ClassMembership.to_day).is_(None),
            col(Student.state).not_in(LEFT_SCHOOL),
        )
    )


def children_of_class(session: Session, class_id: int) -> dict[int, str]:
    """Return the names of the children of a class now, by id."""
    rows = session.exec(
        select(Student.id, Student.name)
        .where(col(Student.id).in_(in_class(class_id)))
        .order_by(col(Student.name_order), col(Student.id))
    ).all()
    return {student_id or 0: name for student_id, name in rows}


def open_categories(session: Session, class_id: int, *, locking: bool = False) -> Sequence[StudentCategory]:
    """Return the categories the children of a class are in now; locked, nobody changes them until the end."""
    found = (
        select(StudentCategory)
        .where(col(StudentCategory.to_day).is_(None), col(StudentCategory.student_id).in_(in_class(class_id)))
        .order_by(col(StudentCategory.id))
    )
    if locking:
        found = found.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.exec(found).all()


def returns_of_class(session: Session, round_id: int, class_id: int) -> list[tuple[CheckReturn, str | None]]:
    """Return a class's returns in a round with who made them, the newest first."""
    rows = session.exec(
        select(CheckReturn, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(CheckReturn.returned_by_id), isouter=True)
        .where(CheckReturn.round_id == round_id, CheckReturn.class_id == class_id)
        .order_by(col(CheckReturn.revision).desc())
    ).all()
    return [(row, name) for row, name in rows]


def said_in(session: Session, return_id: int | None) -> dict[int, CheckFinding]:
    """Return what a return said, by category."""
    rows = session.exec(select(CheckFinding).where(CheckFinding.return_id == return_id)).all()
    return {row.category_id: row for row in rows}


def _views(
    session: Session, returns: Sequence[tuple[CheckReturn, str | None]], words: Mapping[CategoryKind, str]
) -> tuple[ReturnView, ...]:
    ids = [row.id for row, _ in returns]
    lines: dict[int, list[FindingLine]] = {}
    for finding, name in session.exec(
        select(CheckFinding, Student.name)
        .join(Student, col(Student.id) == col(CheckFinding.student_id))
        .where(col(CheckFinding.return_id).in_(ids))
        .order_by(col(CheckFinding.id))
    ):
        lines.setdefault(finding.return_id, []).append(
            FindingLine(
                name,
                finding.kind,
                words[finding.kind],
                finding.result,
                finding.level,
                unseal(finding, "note_sealed"),
            )
        )
    return tuple(
        ReturnView(row.revision, by, row.returned_at, row.children_count, tuple(lines.get(row.id or 0, ())))
        for row, by in returns
    )


def _line(row: StudentCategory, name: str, said: CheckFinding | None, words: Mapping[CategoryKind, str]) -> CheckLine:
    entry = category_entry(row)
    return CheckLine(
        category_id=entry.id,
        version=row.version,
        student_id=row.student_id,
        name=name,
        kind_name=words[entry.kind],
        subkind=entry.subkind,
        level=entry.level,
        from_day=entry.from_day,
        standing=_standing(row),
        # Found by this very return: on the sheet it stands as registered now, and still so.
        result=None if said is None else CheckResult.UNCHANGED if said.result is CheckResult.FOUND else said.result,
        note=unseal(said, "note_sealed") if said else None,
    )


def fields_of_return(
    session: Session, class_id: int, returns: Sequence[tuple[CheckReturn, str | None]]
) -> dict[str, object]:
    """Return the fields of a form as the current return has them, for who was slower."""
    fields: dict[str, object] = {"id": class_id, "version": returns[0][0].revision if returns else 0}
    said, words = said_in(session, returns[0][0].id) if returns else {}, words_of_kinds(session)
    for row in open_categories(session, class_id):
        line = _line(row, "", said.get(row.id or 0), words)
        fields[f"result_{row.id}"], fields[f"note_{row.id}"] = line.result, line.note
        fields |= fields_of_category(row)
    return fields


def fields_of_category(row: StudentCategory) -> dict[str, object]:
    """Return what a form about a line was drawn from: the category as it stands, and which version that is."""
    return {f"standing_{row.id}": _standing(row), f"version_{row.id}": row.version}


def _standing(row: StudentCategory) -> str:
    """Say in a few words what is registered."""
    said = [
        row.left_behind_kind.label if row.left_behind_kind else None,
        row.subkind,
        f"{row.level} 级" if row.level else "没写程度",
        f"监护{row.guardianship.label}" if row.guardianship else None,
    ]
    return "，".join(each for each in said if each)
