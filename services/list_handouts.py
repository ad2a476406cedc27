"""Our own list for civil affairs and the like: as little of each child as they need to find it (S-04, X-11)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, select

from db.sealing import unseal
from db.tables import (
    CareOption,
    CategoryKind,
    ClassMembership,
    Consent,
    ConsentAnswer,
    ConsentPurpose,
    ExchangeBody,
    ExchangeDirection,
    ListExchange,
    SchoolClass,
    Student,
    StudentCategory,
)
from services import attachments, audit, clock
from services.access import Permission, Subject, permitted
from services.actors import Actor
from services.classes import class_label
from services.errors import DomainError
from services.exchange.grids import Cell
from services.exchange.writing import write_xlsx
from services.fields import SHORT, Checker
from services.imports.authorities import EXCHANGED, Scope
from services.row_filters import sees_students
from services.student_exports import ExportPurpose, export_notes
from services.students import LEFT_SCHOOL, NO_CLASS

_COLUMNS = {
    "name": "姓名",
    "gender": "性别",
    "birth_day": "出生日期",
    "class": "班级",
    "kind": "类别",
    "from_day": "从哪天起",
}
_ID_NUMBER = {"id_number": "身份证号"}


class NobodyToGive(DomainError):
    """No child stands in this category now."""


@dataclass(frozen=True, slots=True)
class Handout:
    """A list that was given out: its file, how many children, and how many families don't want their data given."""

    exchange_id: int
    content: bytes = field(repr=False)
    children: int = 0
    without_consent: int = 0


@permitted(Permission.LIST_EXCHANGE)
def give_list(
    session: Session,
    actor: Actor,
    *,
    body: ExchangeBody | None,
    body_name: str | None,
    scope: Scope | None,
    with_id_numbers: bool = False,
) -> Handout:
    """Make our list of a category for a body outside, and keep it as given; five statements.

    Name, gender, birthday, class, kind, from when; the ID number only where it is asked for. No telephone, address,
    evidence or level leaves. A family that refused the use of its data is left out.

    Raises:
        FieldErrors: body or category are missing, or the category is not one that is exchanged.
        NobodyToGive: there is nobody in it.
    """
    check = Checker()
    if body is None:
        check.add("body", "required")
    name = check.text("body_name", body_name, limit=SHORT, required=body is ExchangeBody.OTHER)
    if scope is None:
        check.add("scope", "required")
    elif scope.kind not in EXCHANGED or (scope.difficulty_id and scope.kind is not CategoryKind.IN_DIFFICULTY):
        check.add("scope", "unknown_choice")
    check.finish()
    if scope is None or body is None:  # refused above; said again for the types
        raise NobodyToGive
    found = _children(session, actor, scope)
    refused = _refusing(session)
    rows = [row for row in found if row.Student.id not in refused]
    if not rows:
        raise NobodyToGive
    columns = _COLUMNS | (_ID_NUMBER if with_id_numbers else {})
    content = write_xlsx(
        [[_cell(row, column) for column in columns] for row in rows],
        list(columns.values()),
        sheet_name=scope.kind.label,
        notes=export_notes(actor, ExportPurpose.AUTHORITY, len(rows)),
    )
    exchange = _store(session, actor, body, name, scope, content, len(rows))
    audit.record(
        session,
        actor,
        audit.Action.EXPORT_MADE,
        target=exchange,
        list="authority",
        purpose=ExportPurpose.AUTHORITY.value,
        form="xlsx",
        count=len(rows),
        columns=sorted(columns),
    )
    audit.record(session, actor, audit.Action.LIST_GIVEN, target=exchange, kind=scope.kind.value, row_count=len(rows))
    return Handout(exchange.id or 0, content, len(rows), len(found) - len(rows))


def _children(session: Session, actor: Actor, scope: Scope) -> Sequence[Any]:
    """Return the children in the category now, in the order of the register."""
    columns: list[Any] = [Student, StudentCategory, CareOption.label, SchoolClass.grade, SchoolClass.number]
    statement = (
        select(*columns)
        .select_from(StudentCategory)
        .join(Student, col(Student.id) == col(StudentCategory.student_id))
        .join(CareOption, col(CareOption.id) == col(StudentCategory.difficulty_id), isouter=True)
        .join(
            ClassMembership,
            (col(ClassMembership.student_id) == col(Student.id)) & col(ClassMembership.to_day).is_(None),
            isouter=True,
        )
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .where(
            StudentCategory.kind == scope.kind,
            col(StudentCategory.to_day).is_(None),
            col(Student.state).not_in(LEFT_SCHOOL),
            sees_students(actor, Subject.CATEGORY),
        )
        .order_by(col(SchoolClass.grade), col(SchoolClass.number), col(Student.name_pinyin), col(Student.id))
    )
    if scope.difficulty_id is not None:
        statement = statement.where(StudentCategory.difficulty_id == scope.difficulty_id)
    return session.execute(statement).all()


def _refusing(session: Session) -> set[int]:
    """Return the children whose family refused, or withdrew, that its data are used."""
    rows = session.exec(
        select(Consent.student_id).where(
            Consent.purpose == ConsentPurpose.DATA,
            col(Consent.replaced_at).is_(None),
            col(Consent.answer).in_([ConsentAnswer.REFUSED, ConsentAnswer.WITHDRAWN]),
        )
    )
    return set(rows.all())


def _cell(row: Any, column: str) -> Cell:
    student, category, difficulty, grade, number = row
    match column:
        case "name":
            return str(student.name)
        case "gender":
            return str(student.gender.label)
        case "birth_day":
            return student.birth_day  # type: ignore[no-any-return]
        case "class":
            return class_label(grade, number) if grade is not None else NO_CLASS
        case "kind":
            said = category.left_behind_kind.label if category.left_behind_kind else difficulty or category.subkind
            return str(said or category.kind.label)
        case "from_day":
            return category.from_day  # type: ignore[no-any-return]
        case _:
            return unseal(student, "id_number_sealed")


def _store(
    session: Session,
    actor: Actor,
    body: ExchangeBody,
    body_name: str | None,
    scope: Scope,
    content: bytes,
    count: int,
) -> ListExchange:
    exchange = ListExchange(
        direction=ExchangeDirection.GIVEN,
        body=body,
        body_name=body_name,
        kind=scope.kind,
        difficulty_id=scope.difficulty_id,
        day=clock.today(),
        attachment_id=attachments.keep_file(session, actor, content=content).id,
        file_digest=hashlib.sha256(content).hexdigest(),
        rows_count=count,
        matched_count=count,
        recorded_by_id=actor.user_id,
        recorded_at=clock.now(),
    )
    session.add(exchange)
    session.flush()
    return exchange
