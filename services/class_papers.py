"""What a class files each term for its left-behind children: a plan at the beginning, a summary at the end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from db.sealing import seal, unseal
from db.tables import (
    AppUser,
    CareKind,
    CareRecord,
    CategoryKind,
    ClassMembership,
    ClassPaper,
    ClassPaperKind,
    Student,
    StudentCategory,
)
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import SchoolCalendar, TermDates, load_calendar
from services.editing import last_editor, lock_version
from services.errors import EditedMeanwhile, NotFound
from services.fields import LONG, Checker
from services.record_views import sees_records
from services.regulations.deadlines import class_paper_due
from services.student_lists import list_writable_classes
from services.students import LEFT_SCHOOL


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperView:
    """A class's plan or summary of one term; without id it isn't filed yet."""

    id: int | None
    version: int | None
    kind: ClassPaperKind
    words: str | None
    due_on: date
    filed_on: date | None
    filed_by: str | None

    @property
    def is_late(self) -> bool:
        """Whether it was, or still is, filed after its day."""
        return (self.filed_on or clock.today()) > self.due_on


@dataclass(frozen=True, slots=True)
class ClassPapers:
    """Both papers of a class in a term, with whom they are about and what was done for them."""

    class_id: int
    class_label: str
    term: TermDates
    children: tuple[tuple[int, str], ...]  # left-behind children in the class today
    done: tuple[tuple[CareKind, int], ...]  # records of them within the term, as far as the actor may know of them
    papers: tuple[PaperView, ...]


@permitted(Permission.ENTRY_WRITE)
def find_class_papers(session: Session, actor: Actor, *, class_id: int, term_id: int) -> ClassPapers:
    """Return a class's plan and summary of a term (I-05, I-06); four statements.

    Raises:
        NotFound: there is no such class or term, or it is not this actor's.
    """
    label, term = _mine(session, actor, class_id, term_id)
    children = _children(session, class_id)
    return ClassPapers(
        class_id, label, term, children,
        _done(session, actor, [child_id for child_id, _ in children], term),
        _papers(session, class_id, term, load_calendar(session)),
    )  # fmt: skip


@permitted(Permission.ENTRY_WRITE)
def file_paper(
    session: Session, actor: Actor, *, class_id: int, term_id: int, kind: ClassPaperKind, words: str | None,
    version: int | None,
) -> None:  # fmt: skip
    """File a class's plan or summary, or put it right: the day it was filed first stays (I-05, I-06).

    Raises:
        NotFound: there is no such class or term, or it is not this actor's.
        FieldErrors: nothing is written, or too much.
        EditedMeanwhile: somebody filed or changed it since the form was drawn.
    """
    _mine(session, actor, class_id, term_id)
    check = Checker()
    text = check.required_text("words", words, limit=LONG)
    check.finish()
    stored = session.exec(_of(class_id, term_id).where(ClassPaper.kind == kind)).first()
    if stored is None:
        _file(session, actor, ClassPaper(class_id=class_id, term_id=term_id, kind=kind, recorded_at=clock.now()), text)
    else:
        _amend(session, actor, stored, text, version=version or 0)


def _file(session: Session, actor: Actor, row: ClassPaper, text: str) -> None:
    row.recorded_by_id = actor.user_id
    seal(row, "words_sealed", text)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # another process filed it since it was looked up
        there = session.exec(_of(row.class_id, row.term_id).where(ClassPaper.kind == row.kind)).one()
        raise _edited(session, there) from None
    audit.record(session, actor, audit.Action.CLASS_PAPER_FILED, target=row)


def _amend(session: Session, actor: Actor, stored: ClassPaper, text: str, *, version: int) -> None:
    try:
        row = lock_version(session, ClassPaper, stored.id or 0, version=version)
    except EditedMeanwhile as error:
        current: Any = error.current
        raise _edited(session, current) from None
    if unseal(row, "words_sealed") == text:
        return
    seal(row, "words_sealed", text)
    session.add(row)
    session.flush()
    audit.record(session, actor, audit.Action.CLASS_PAPER_AMENDED, target=row)


def as_stored(row: ClassPaper) -> dict[str, object]:
    """Return a paper as its form names its fields."""
    return {"id": row.id, "version": row.version, "words": unseal(row, "words_sealed")}


def _edited(session: Session, row: ClassPaper) -> EditedMeanwhile:
    return EditedMeanwhile(as_stored(row), edited_by=last_editor(session, row))


def _mine(session: Session, actor: Actor, class_id: int, term_id: int) -> tuple[str, TermDates]:
    """Return what the class is called, and the term; one statement."""
    labels = {each.id: each.label for each in list_writable_classes(session, actor)}
    terms = {each.id: each for each in load_calendar(session).terms if each.first_day <= clock.today()}
    if class_id not in labels or term_id not in terms:
        raise NotFound
    return labels[class_id], terms[term_id]


def _of(class_id: int, term_id: int) -> Any:  # a select of papers
    return select(ClassPaper).where(ClassPaper.class_id == class_id, ClassPaper.term_id == term_id)


def _papers(session: Session, class_id: int, term: TermDates, calendar: SchoolCalendar) -> tuple[PaperView, ...]:
    names = select(AppUser.display_name).where(col(AppUser.id) == col(ClassPaper.recorded_by_id)).scalar_subquery()
    rows = session.execute(_of(class_id, term.id).add_columns(names)).all()
    there: Mapping[ClassPaperKind, tuple[ClassPaper, str | None]] = {row.kind: (row, name) for row, name in rows}
    return tuple(_view(kind, there.get(kind), class_paper_due(kind, term=term, calendar=calendar))
                 for kind in ClassPaperKind)  # fmt: skip


def _view(kind: ClassPaperKind, found: tuple[ClassPaper, str | None] | None, due_on: date) -> PaperView:
    if found is None:
        return PaperView(id=None, version=None, kind=kind, words=None, due_on=due_on, filed_on=None, filed_by=None)
    row, name = found
    return PaperView(
        id=row.id, version=row.version, kind=kind, words=unseal(row, "words_sealed"), due_on=due_on,
        filed_on=clock.local(row.recorded_at).date(), filed_by=name,
    )  # fmt: skip


def _children(session: Session, class_id: int) -> tuple[tuple[int, str], ...]:
    left_behind = select(StudentCategory.student_id).where(
        StudentCategory.kind == CategoryKind.LEFT_BEHIND, col(StudentCategory.to_day).is_(None)
    )
    rows = session.exec(
        select(Student.id, Student.name)
        .join(ClassMembership, col(ClassMembership.student_id) == col(Student.id))
        .where(
            ClassMembership.class_id == class_id,
            col(ClassMembership.to_day).is_(None),
            col(Student.state).not_in(LEFT_SCHOOL),
            col(Student.id).in_(left_behind),
        )
        .order_by(col(Student.name_order), col(Student.id))
    )
    return tuple((child_id or 0, name) for child_id, name in rows)


def _done(session: Session, actor: Actor, children: Sequence[int], term: TermDates) -> tuple[tuple[CareKind, int], ...]:
    rows = session.execute(
        select(CareRecord.kind, func.count().label("number"))
        .join(Student, col(Student.id) == col(CareRecord.student_id))
        .where(
            col(CareRecord.student_id).in_(children),
            col(CareRecord.day).between(term.first_day, term.last_day),
            col(CareRecord.withdrawn_at).is_(None),
            col(CareRecord.is_done),
            sees_records(actor),
        )
        .group_by(CareRecord.kind)
    )
    found = {each.kind: each.number for each in rows}
    return tuple((kind, found[kind]) for kind in CareKind if kind in found)
