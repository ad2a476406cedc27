"""Categories of care: which, how grave, on what evidence, from when to when (E-01, E-18)."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from db.sealing import seal
from db.tables import CategoryKind, Student, StudentCategory
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.editing import last_editor, lock_version
from services.errors import EditedMeanwhile, FieldErrors, NotFound, Problem
from services.fields import LONG, SHORT, Checker
from services.student_files import category_entry
from services.student_rights import require_writable

LEVELS = (1, 2, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryDetails:
    """What somebody types about a category."""

    subkind: str | None = None
    level: int | None = None  # 1 the gravest
    evidence: str | None = None


@permitted(Permission.CATEGORY_WRITE)
def add_category(
    session: Session,
    actor: Actor,
    *,
    student_id: int,
    kind: CategoryKind | None,
    details: CategoryDetails,
    from_day: date | None,
) -> int:
    """Register a child in a category from a day on.

    Raises:
        NotFound, NotAllowed: the child is not this actor's to write.
        FieldErrors: something can't be saved as it is, or the category is registered already.
    """
    require_writable(session, actor, student_id, Permission.CATEGORY_WRITE)
    check = Checker()
    subkind, evidence = _checked(check, details)
    if kind is None:
        check.add("kind", "required")
    if from_day is None:
        check.add("from_day", "required")
    check.not_future("from_day", from_day, today=clock.today())
    if kind is not None and from_day is not None:
        _check_free(session, check, student_id, kind, from_day)
    check.finish()
    row = StudentCategory(
        student_id=student_id,
        kind=kind,  # type: ignore[arg-type]  # the check has refused None
        from_day=from_day,  # type: ignore[arg-type]
        subkind=subkind,
        level=details.level,
        recorded_at=clock.now(),
    )
    seal(row, "evidence_sealed", evidence)
    session.add(row)
    try:
        session.flush()
    except IntegrityError:  # registered by another process since it was checked
        raise FieldErrors({"kind": Problem("category_open")}) from None
    audit.record(session, actor, audit.Action.CATEGORY_SAVED, target=row, student_id=student_id, kind=row.kind.value)
    return row.id or 0


@permitted(Permission.CATEGORY_WRITE)
def change_category(
    session: Session, actor: Actor, *, student_id: int, category_id: int, version: int, details: CategoryDetails
) -> None:
    """Change what is said about a category in force.

    Raises:
        NotFound, NotAllowed: the child, or the category, is not this actor's to write.
        FieldErrors: something can't be saved as it is.
        EditedMeanwhile: somebody saved it since; `current` is a CategoryEntry.
    """
    require_writable(session, actor, student_id, Permission.CATEGORY_WRITE)
    row = _locked(session, student_id, category_id, version)
    check = Checker()
    subkind, evidence = _checked(check, details)
    check.finish()
    row.subkind, row.level = subkind, details.level
    seal(row, "evidence_sealed", evidence)
    session.add(row)
    session.flush()
    audit.record(session, actor, audit.Action.CATEGORY_SAVED, target=row, student_id=student_id, kind=row.kind.value)


@permitted(Permission.CATEGORY_WRITE)
def end_category(
    session: Session, actor: Actor, *, student_id: int, category_id: int, version: int, day: date | None
) -> None:
    """Say that a category no longer holds from a day on; the row stays.

    Raises:
        NotFound, NotAllowed, EditedMeanwhile: as `change_category`.
        FieldErrors: a day that can't be.
    """
    require_writable(session, actor, student_id, Permission.CATEGORY_WRITE)
    row = _locked(session, student_id, category_id, version)
    check = Checker()
    if day is None:
        check.add("day", "required")
    check.not_future("day", day, today=clock.today())
    if day is not None and day < row.from_day:
        check.add("day", "before_start")
    check.finish()
    row.to_day = day
    session.add(row)
    session.flush()
    audit.record(session, actor, audit.Action.CATEGORY_ENDED, target=row, student_id=student_id, kind=row.kind.value)


def _checked(check: Checker, details: CategoryDetails) -> tuple[str | None, str | None]:
    if details.level is not None and details.level not in LEVELS:
        check.add("level", "out_of_range")
    return (
        check.text("subkind", details.subkind, limit=SHORT),
        check.text("evidence", details.evidence, limit=LONG),
    )


def _check_free(session: Session, check: Checker, student_id: int, kind: CategoryKind, from_day: date) -> None:
    """Times of one category don't overlap."""
    before = select(StudentCategory).where(StudentCategory.student_id == student_id, StudentCategory.kind == kind)
    if session.exec(before.where(col(StudentCategory.to_day).is_(None))).first() is not None:
        check.add("kind", "category_open")
    last = session.exec(select(func.max(before.subquery().c.to_day))).one()
    if last is not None and from_day < last:
        check.add("from_day", "category_overlaps", day=last)
    if from_day < session.get_one(Student, student_id).birth_day:
        check.add("from_day", "too_early", day=from_day)


def _locked(session: Session, student_id: int, category_id: int, version: int) -> StudentCategory:
    row = session.get(StudentCategory, category_id)
    if row is None or row.student_id != student_id or row.to_day is not None:
        raise NotFound
    try:
        return lock_version(session, StudentCategory, category_id, version=version)
    except EditedMeanwhile as error:
        raise EditedMeanwhile(category_entry(error.current), edited_by=last_editor(session, error.current)) from None
