"""The contact card on paper, one child's or a whole class's: from a template the school can replace (E-08, E-10)."""

from typing import Any

from sqlmodel import Session, col, select

from db.tables import AppUser, CategoryKind, ClassMembership, ClassTeacher, SchoolClass, Student, StudentCategory
from services import audit
from services.access import Permission, Subject, acting_for, permitted
from services.actors import Actor
from services.card_history import CardState, read_cards
from services.card_parts import CardPart
from services.classes import class_label, teaches_as_homeroom
from services.errors import FieldErrors, NotFound, Problem
from services.paper import WordFile, give_out, printed_by, template_for, written_day
from services.row_filters import sees_students
from services.schools import school_name
from services.student_exports import ExportPurpose
from services.student_files import find_student
from services.students import is_in_class

PAPER = "contact_card"
_PARENTS = {"father": "父亲", "mother": "母亲"}


@permitted(Permission.STUDENT_EXPORT)
def print_card(session: Session, actor: Actor, *, student_id: int, purpose: ExportPurpose | None) -> WordFile:
    """Return a child's contact card, ready to become a Word document; for whoever may read it by right.

    Raises:
        NotFound: there is no such child, or the actor may not read its card.
        FieldErrors: no purpose is given.
    """
    file = find_student(session, actor, student_id=student_id)
    if file.card is None or file.card.open_until is not None:
        raise NotFound
    card = read_cards(session, [file.id])[file.id]
    values = _values(session.get_one(Student, file.id), file.class_label, file.homeroom_name, card)
    title = f"联系卡 {file.class_label} {file.name}"
    return give_out(session, actor, paper=PAPER, title=title, values=values, purpose=purpose, student_id=file.id)


@permitted(Permission.STUDENT_EXPORT)
def print_class_cards(
    session: Session, actor: Actor, *, class_id: int | None, only_left_behind: bool, purpose: ExportPurpose | None
) -> WordFile:
    """Return the cards of a class's children in one document, a page each; five statements.

    Raises:
        NotFound: the class has no child whose card this actor may read by right.
        FieldErrors: no purpose is given, or the class has no such child.
    """
    if purpose is None:
        raise FieldErrors({"purpose": Problem("required")})
    pupils = session.execute(_pupils(acting_for(actor, Permission.STUDENT_EXPORT), class_id)).all()
    if not pupils:
        raise NotFound
    if only_left_behind:
        counted = _left_behind(session, [each.Student.id for each in pupils])
        pupils = [each for each in pupils if each.Student.id in counted]
    if not pupils:
        raise FieldErrors({"only_left_behind": Problem("nobody_left_behind")})
    cards = read_cards(session, [each.Student.id for each in pupils])
    label = class_label(pupils[0].grade, pupils[0].number)
    around = {"学校": school_name(session) or "", "导出": printed_by(actor, purpose)}
    first, *further = (
        _values(each.Student, label, each.display_name, cards[each.Student.id]) | around for each in pupils
    )
    audit.record(
        session, actor, audit.Action.EXPORT_MADE, list="class_cards", purpose=purpose.value, form="docx",
        count=len(pupils), class_id=class_id,
    )  # fmt: skip
    name = f"联系卡 {label} {len(pupils)}人.docx"
    return WordFile(name, first, template_for(f"{PAPER}.docx"), actor.display_name, tuple(further))


def _pupils(exporter: Actor, class_id: int | None) -> Any:  # a Select of more columns than its stubs can type
    columns: list[Any] = [Student, SchoolClass.grade, SchoolClass.number, AppUser.display_name]
    return (
        select(*columns)
        .select_from(Student)
        .join(ClassMembership, is_in_class())
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id))
        .join(ClassTeacher, teaches_as_homeroom(), isouter=True)
        .join(AppUser, col(AppUser.id) == col(ClassTeacher.user_id), isouter=True)
        .where(SchoolClass.id == class_id, sees_students(exporter), sees_students(exporter, Subject.CONTACT))
        .order_by(col(Student.name_order), col(Student.id))
    )


def _left_behind(session: Session, ids: list[int]) -> set[int]:
    wanted = select(StudentCategory.student_id).where(
        col(StudentCategory.student_id).in_(ids),
        StudentCategory.kind == CategoryKind.LEFT_BEHIND,
        col(StudentCategory.to_day).is_(None),
    )
    return set(session.exec(wanted).all())


def _values(student: Student, label: str, homeroom_name: str | None, card: CardState) -> dict[str, str]:
    values = {
        "姓名": student.name,
        "性别": student.gender.label,
        "出生日期": written_day(student.birth_day),
        "民族": student.ethnicity or "",
        "班级": label,
        "学号": student.student_no or "",
        "班主任": homeroom_name or "",
        "还缺": "、".join(part.label for part in card.missing) or "没有",
    }
    values |= {part.label: card.words.get(part.value, "") for part in CardPart}
    return values | {f"{title}去向": card.words.get(f"{who}_whereabouts", "") for who, title in _PARENTS.items()}
