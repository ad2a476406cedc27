"""The lines of who a child is: categories and checks, contact card, enrolment, consents, term entries."""

from sqlalchemy import case, literal
from sqlalchemy.orm import aliased
from sqlmodel import col, func, select

from db.tables import (
    CareOption,
    CheckFinding,
    CheckReturn,
    ClassMembership,
    Consent,
    ContactCardVersion,
    EnrolmentChange,
    FamilySurvey,
    ParentsPromise,
    SchoolClass,
    SpecialKind,
    Student,
    StudentCategory,
    Term,
    TermEntry,
)
from services.access import Subject
from services.actors import Actor
from services.row_filters import sees_students
from services.time_line.parts import IMPORTED, Lines, LocalDay, Source, line_columns, name_of


def categories(actor: Actor, student_id: int) -> Lines:
    """That a category began; the same row says that it ended, and when it did that is a line of its own."""
    state = case((col(StudentCategory.import_id).is_not(None), IMPORTED), else_="began")
    began = _category_lines(actor, student_id, day=col(StudentCategory.from_day), state=state)
    return began.where(func.coalesce(col(StudentCategory.to_day) > col(StudentCategory.from_day), True))


def ended_categories(actor: Actor, student_id: int) -> Lines:
    """That a category has ended."""
    ended = _category_lines(actor, student_id, day=col(StudentCategory.to_day), state=literal("ended"))
    return ended.where(col(StudentCategory.to_day) > col(StudentCategory.from_day))


def _category_lines(actor: Actor, student_id: int, *, day: object, state: object) -> Lines:
    row, difficulty, level = StudentCategory, aliased(CareOption), aliased(CareOption)
    columns = line_columns(
        Source.CATEGORY,
        record_id=col(row.id),
        day=day,
        at=col(row.recorded_at),
        what=row.kind,
        state=state,
        label=func.coalesce(difficulty.label, SpecialKind.label),
        detail=level.label,
        number=col(row.level),
    )
    return (
        select(*columns)
        .join(Student, col(Student.id) == col(row.student_id))
        .join(SpecialKind, col(SpecialKind.kind) == col(row.kind), isouter=True)
        .join(difficulty, col(difficulty.id) == col(row.difficulty_id), isouter=True)
        .join(level, col(level.level) == col(row.level), isouter=True)
        .where(row.student_id == student_id, sees_students(actor, Subject.CATEGORY))
    )


def checks(actor: Actor, student_id: int) -> Lines:
    """What class checks said of the child."""
    row = CheckFinding
    columns = line_columns(
        Source.CHECK,
        record_id=col(row.category_id),
        day=func.coalesce(row.seen_on, LocalDay(col(CheckReturn.returned_at))),
        at=col(CheckReturn.returned_at),
        what=row.kind,
        state=row.result,
        label=SpecialKind.label,
        detail=CareOption.label,
        number=col(row.level),
        person=name_of(func.coalesce(col(row.seen_by_id), col(CheckReturn.returned_by_id))),
    )
    return (
        select(*columns)
        .join(CheckReturn, col(CheckReturn.id) == col(row.return_id))
        .join(Student, col(Student.id) == col(row.student_id))
        .join(SpecialKind, col(SpecialKind.kind) == col(row.kind), isouter=True)
        .join(CareOption, col(CareOption.level) == col(row.level), isouter=True)
        .where(
            row.student_id == student_id,
            col(CheckReturn.replaced_at).is_(None),
            sees_students(actor, Subject.CATEGORY),
        )
    )


def cards(actor: Actor, student_id: int) -> Lines:
    """That the contact card was changed; which parts."""
    row = ContactCardVersion
    columns = line_columns(
        Source.CARD,
        record_id=col(row.id),
        day=LocalDay(col(row.ended_at)),
        at=col(row.ended_at),
        what=row.changed,
        person=name_of(row.ended_by_id),
    )
    return (
        select(*columns)
        .join(Student, col(Student.id) == col(row.student_id))
        .where(row.student_id == student_id, sees_students(actor, Subject.CONTACT))
    )


def enrolment(actor: Actor, student_id: int) -> Lines:
    """That the child came, paused, came back or left."""
    row = EnrolmentChange
    columns = line_columns(
        Source.ENROLMENT,
        record_id=col(row.id),
        day=col(row.day),
        at=col(row.recorded_at),
        what=row.from_state,
        state=row.to_state,
        person=name_of(row.recorded_by_id),
    )
    return select(*columns).where(row.student_id == student_id)


def classes(actor: Actor, student_id: int) -> Lines:
    """From when it was in which class."""
    row = ClassMembership
    columns = line_columns(
        Source.SCHOOL_CLASS,
        record_id=col(row.id),
        day=col(row.from_day),
        at=col(Student.recorded_at),  # when it was written down is not kept
        what=SchoolClass.grade,
        number=col(SchoolClass.number),
    )
    return (
        select(*columns)
        .join(SchoolClass, col(SchoolClass.id) == col(row.class_id))
        .join(Student, col(Student.id) == col(row.student_id))
        .where(row.student_id == student_id, func.coalesce(col(row.to_day) > col(row.from_day), True))
    )


def consents(actor: Actor, student_id: int) -> Lines:
    """What the family agreed to or refused."""
    row = Consent
    columns = line_columns(
        Source.CONSENT,
        record_id=col(row.id),
        day=col(row.day),
        at=col(row.recorded_at),
        what=row.purpose,
        state=row.answer,
        person=name_of(row.recorded_by_id),
    )
    return (
        select(*columns)
        .join(Student, col(Student.id) == col(row.student_id))
        .where(row.student_id == student_id, sees_students(actor, Subject.CATEGORY))
    )


def promises(actor: Actor, student_id: int) -> Lines:
    """That the parents signed."""
    row = ParentsPromise
    columns = line_columns(
        Source.PROMISE,
        record_id=col(row.id),
        day=col(row.signed_on),
        at=col(row.recorded_at),
        person=name_of(row.recorded_by_id),
    )
    return (
        select(*columns)
        .join(Student, col(Student.id) == col(row.student_id))
        .where(row.student_id == student_id, sees_students(actor, Subject.CATEGORY))
    )


def surveys(actor: Actor, student_id: int) -> Lines:
    """That somebody found out about the family."""
    row = FamilySurvey
    columns = line_columns(
        Source.SURVEY,
        record_id=col(row.id),
        day=col(row.asked_on),
        at=col(row.recorded_at),
        state=row.economy,
        person=name_of(row.recorded_by_id),
    )
    return (
        select(*columns)
        .join(Student, col(Student.id) == col(row.student_id))
        .where(row.student_id == student_id, sees_students(actor, Subject.CATEGORY))
    )


def term_entries(actor: Actor, student_id: int) -> Lines:
    """That a term's results and state were kept."""
    row = TermEntry
    columns = line_columns(
        Source.TERM_ENTRY,
        record_id=col(row.id),
        day=LocalDay(col(row.recorded_at)),
        at=col(row.recorded_at),
        what=Term.school_year,
        number=col(Term.number),
        person=name_of(row.recorded_by_id),
    )
    return (
        select(*columns)
        .join(Term, col(Term.id) == col(row.term_id))
        .join(Student, col(Student.id) == col(row.student_id))
        .where(row.student_id == student_id, sees_students(actor, Subject.CATEGORY))
    )
