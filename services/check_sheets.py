"""A class's check as the form shows it (E-02, G-01): who is in which category, what was returned so far."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, true
from sqlmodel import Session, col, or_, select

from db.sealing import unseal
from db.tables import (
    AppUser,
    CategoryKind,
    CheckFinding,
    CheckKind,
    CheckResult,
    CheckReturn,
    CheckRound,
    ClassMembership,
    ClassTeacher,
    Role,
    RoleGrant,
    SchoolClass,
    Student,
    StudentCategory,
    Term,
)
from services import clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import load_calendar
from services.category_lists import category_entry
from services.check_kinds import COVERED, period_of
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
    seen_on: date | None = None
    seen_by_id: int | None = None


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One line of a return that was made."""

    name: str
    kind: CategoryKind
    kind_name: str  # as the school calls it today
    result: CheckResult
    level: int | None
    note: str | None
    seen_on: date | None = None
    seen_by: str | None = None


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
    kind: CheckKind = CheckKind.CLASS_CHECK
    people: Mapping[int, str] = field(default_factory=dict)  # of 四特: who may have seen a child, by id
    first_day: date | None = None  # of 四特: no child was seen for this check before


@permitted(Permission.CHECK_RETURN)
def find_sheet(session: Session, actor: Actor, *, class_id: int, kind: CheckKind = CheckKind.CLASS_CHECK) -> CheckSheet:
    """Return what a class has to go through in the round under way; nine statements.

    Raises:
        NotFound: there is no such class in an open round, or it is not this actor's.
    """
    found, school_class = open_round(session, actor, class_id, kind)
    rows = session.exec(
        select(StudentCategory, Student.name)
        .join(Student, col(Student.id) == col(StudentCategory.student_id))
        .where(
            col(StudentCategory.to_day).is_(None),
            col(StudentCategory.kind).in_(COVERED[kind]),
            col(Student.id).in_(in_class(class_id)),
        )
        .order_by(col(Student.name_order), col(Student.id), col(StudentCategory.id))
    ).all()
    returns = returns_of_class(session, found.id or 0, class_id)
    said, words = said_in(session, returns[0][0].id) if returns else {}, words_of_kinds(session)
    offered = list_offered_kinds(session, actor)
    is_special = kind is CheckKind.SPECIAL_CHECK
    return CheckSheet(
        round_id=found.id or 0,
        class_id=class_id,
        class_label=class_label(school_class.grade, school_class.number),
        version=returns[0][0].revision if returns else 0,
        lines=tuple(_line(row, name, said.get(row.id or 0), words) for row, name in rows),
        others=children_of_class(session, class_id),
        returns=_views(session, returns, words),
        kinds={each: word for each, word in offered.items() if each in COVERED[kind]},
        kind=kind,
        people=people_who_see(session, actor, class_id, said.values()) if is_special else {},
        first_day=period_of(load_calendar(session), kind).first_day if is_special else None,
    )


def open_round(
    session: Session, actor: Actor, class_id: int, kind: CheckKind = CheckKind.CLASS_CHECK
) -> tuple[CheckRound, SchoolClass]:
    """Return the round of the class's school year that is under way, the newest, if the class is the actor's."""
    under_way: ColumnElement[bool] = true()
    if kind is CheckKind.SPECIAL_CHECK:  # a quarter that is over is not gone through any more
        under_way = period_of(load_calendar(session), kind).is_of_round
    row = session.exec(
        select(CheckRound, SchoolClass)
        .join(Term, col(Term.id) == col(CheckRound.term_id))
        .join(SchoolClass, col(SchoolClass.school_year) == col(Term.school_year))
        .where(SchoolClass.id == class_id, Term.first_day <= clock.today(), CheckRound.kind == kind, under_way)
        .order_by(col(Term.first_day).desc())
    ).first()
    if row is None or not writes_students(actor, Permission.CHECK_RETURN).covers_class(session, class_id):
        raise NotFound
    return row[0], row[1]


def people_who_see(session: Session, actor: Actor, class_id: int, said: Iterable[CheckFinding] = ()) -> dict[int, str]:
    """Return who may have seen a child of a class: its teachers, the care room, who returns, who is named already."""
    named = {actor.user_id, *(each.seen_by_id for each in said)} - {None}
    care = select(RoleGrant.user_id).where(
        col(RoleGrant.role).in_((Role.LEAD, Role.COUNSELLOR)), col(RoleGrant.ended_at).is_(None)
    )
    teachers = select(ClassTeacher.user_id).where(ClassTeacher.class_id == class_id, col(ClassTeacher.to_day).is_(None))
    is_there = col(AppUser.is_active) & or_(col(AppUser.id).in_(care), col(AppUser.id).in_(teachers))
    rows = session.exec(
        select(AppUser.id, AppUser.display_name)
        .where(or_(col(AppUser.id).in_(named), is_there))
        .order_by(col(AppUser.name_order), col(AppUser.id))
    ).all()
    return {user_id or 0: name for user_id, name in rows}


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


def open_categories(
    session: Session, class_id: int, kind: CheckKind, *, locking: bool = False
) -> Sequence[StudentCategory]:
    """Return the categories a check goes through in a class; locked, nobody changes them until the end."""
    found = (
        select(StudentCategory)
        .where(
            col(StudentCategory.to_day).is_(None),
            col(StudentCategory.kind).in_(COVERED[kind]),
            col(StudentCategory.student_id).in_(in_class(class_id)),
        )
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
    for finding, name, seen_by in session.exec(
        select(CheckFinding, Student.name, AppUser.display_name)
        .join(Student, col(Student.id) == col(CheckFinding.student_id))
        .join(AppUser, col(AppUser.id) == col(CheckFinding.seen_by_id), isouter=True)
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
                finding.seen_on,
                seen_by,
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
        seen_on=said.seen_on if said else None,
        seen_by_id=said.seen_by_id if said else None,
    )


def fields_of_return(
    session: Session, class_id: int, kind: CheckKind, returns: Sequence[tuple[CheckReturn, str | None]]
) -> dict[str, object]:
    """Return the fields of a form as the current return has them, for who was slower."""
    fields: dict[str, object] = {"id": class_id, "version": returns[0][0].revision if returns else 0}
    said, words = said_in(session, returns[0][0].id) if returns else {}, words_of_kinds(session)
    for row in open_categories(session, class_id, kind):
        line = _line(row, "", said.get(row.id or 0), words)
        fields[f"result_{row.id}"], fields[f"note_{row.id}"] = line.result, line.note
        if kind is CheckKind.SPECIAL_CHECK:
            fields[f"seen_on_{row.id}"], fields[f"seen_by_{row.id}"] = line.seen_on, line.seen_by_id
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
