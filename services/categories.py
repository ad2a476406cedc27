"""Categories of care: which, how grave, on what evidence, from when to when (E-01, E-18)."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from db.sealing import seal, unseal
from db.tables import (
    CareOption,
    CategoryKind,
    FoundBy,
    Guardianship,
    LeftBehindKind,
    OptionList,
    Student,
    StudentCategory,
)
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.category_lists import CategoryEntry, category_entry
from services.editing import last_editor, lock_version
from services.errors import EditedMeanwhile, FieldErrors, NotFound, Problem
from services.fields import LINE, LONG, SHORT, Checker
from services.special_kinds import is_retired, words_of_kinds
from services.student_rights import require_writable

LEVELS = (1, 2, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryDetails:
    """What somebody types about a category."""

    subkind: str | None = None
    level: int | None = None  # 1 the gravest
    evidence: str | None = None
    left_behind_kind: LeftBehindKind | None = None
    guardianship: Guardianship | None = None
    difficulty_id: int | None = None
    document: str | None = None  # number of the document that says so
    found_by: FoundBy | None = None


def details_of(row: StudentCategory) -> CategoryDetails:
    """Return what is stored about a category, for whoever changes a part of it."""
    return CategoryDetails(
        subkind=row.subkind,
        level=row.level,
        evidence=unseal(row, "evidence_sealed"),
        left_behind_kind=row.left_behind_kind,
        guardianship=row.guardianship,
        difficulty_id=row.difficulty_id,
        document=unseal(row, "document_sealed"),
        found_by=row.found_by,
    )


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
    texts = _checked(session, check, kind, details, stored=None)
    if kind is None:
        check.add("kind", "required")
    elif is_retired(session, kind):
        check.add("kind", "kind_retired")
    if from_day is None:
        check.add("from_day", "required")
    check.not_future("from_day", from_day, today=clock.today())
    if kind is not None and from_day is not None:
        _check_free(session, check, student_id, kind, from_day, difficulty_id=details.difficulty_id)
    check.finish()
    row = StudentCategory(
        student_id=student_id,
        kind=kind,  # type: ignore[arg-type]  # the check has refused None
        from_day=from_day,  # type: ignore[arg-type]
        recorded_at=clock.now(),
    )
    _put(row, details, texts)
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
    texts = _checked(session, check, row.kind, details, stored=row)
    check.finish()
    try:
        with session.begin_nested():
            _put(row, details, texts)
            session.add(row)
            session.flush()
    except IntegrityError:  # the child is registered under that difficulty already
        raise FieldErrors({"difficulty_id": Problem("category_open")}) from None
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


@dataclass(frozen=True, slots=True)
class _Texts:
    """The texts of a category, tidied."""

    subkind: str | None
    evidence: str | None
    document: str | None


def _checked(
    session: Session,
    check: Checker,
    kind: CategoryKind | None,
    details: CategoryDetails,
    *,
    stored: StudentCategory | None,
) -> _Texts:
    """Return the texts; note what does not belong to the kind, and a difficulty that no list offers."""
    if details.level is not None and details.level not in LEVELS:
        check.add("level", "out_of_range")
    if kind is not CategoryKind.LEFT_BEHIND:
        for field in ("left_behind_kind", "guardianship"):
            if getattr(details, field) is not None:
                check.add(field, "unknown_choice")
    texts = _Texts(
        check.text("subkind", details.subkind, limit=SHORT),
        check.text("evidence", details.evidence, limit=LONG),
        check.text("document", details.document, limit=LINE),
    )
    if kind is CategoryKind.IN_DIFFICULTY and texts.subkind is not None:
        check.add("subkind", "from_list")  # poverty labels come from civil affairs, never typed
    if details.difficulty_id is not None and details.difficulty_id != (stored.difficulty_id if stored else None):
        option = session.get(CareOption, details.difficulty_id)
        is_offered = option is not None and option.list_name is OptionList.DIFFICULTY and option.is_offered
        if kind is not CategoryKind.IN_DIFFICULTY or not is_offered:
            check.add("difficulty_id", "unknown_choice")
    return texts


def _put(row: StudentCategory, details: CategoryDetails, texts: _Texts) -> None:
    row.subkind, row.level = texts.subkind, details.level
    row.left_behind_kind, row.guardianship = details.left_behind_kind, details.guardianship
    row.difficulty_id, row.found_by = details.difficulty_id, details.found_by
    seal(row, "evidence_sealed", texts.evidence)
    seal(row, "document_sealed", texts.document)


def _check_free(
    session: Session,
    check: Checker,
    student_id: int,
    kind: CategoryKind,
    from_day: date,
    *,
    difficulty_id: int | None,
) -> None:
    """Times of one category don't overlap; a child may be in difficulty in several ways, once in each."""
    before = select(StudentCategory).where(StudentCategory.student_id == student_id, StudentCategory.kind == kind)
    if kind is CategoryKind.IN_DIFFICULTY:
        before = before.where(col(StudentCategory.difficulty_id).is_not_distinct_from(difficulty_id))
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
        raise EditedMeanwhile(_entry(session, error.current), edited_by=last_editor(session, error.current)) from None


def _entry(session: Session, row: StudentCategory) -> CategoryEntry:
    option = session.get(CareOption, row.difficulty_id) if row.difficulty_id else None
    return category_entry(row, option.label if option else None, kind_name=words_of_kinds(session)[row.kind])
