"""What a class returns in a round of checks: every child in a category confirmed, the others asked (E-02, E-07)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from db.sealing import seal, unseal
from db.tables import (
    AppUser,
    CategoryKind,
    CheckFinding,
    CheckResult,
    CheckReturn,
    CheckRound,
    ClassMembership,
    FoundBy,
    SchoolClass,
    Student,
    StudentCategory,
    Term,
)
from services import audit, categories, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.categories import LEVELS, CategoryDetails
from services.classes import class_label
from services.errors import EditedMeanwhile, NotFound
from services.fields import LONG, Checker, clean
from services.student_files import category_entry
from services.student_rights import writes_students
from services.students import LEFT_SCHOOL


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One child in one category, to be confirmed."""

    category_id: int
    student_id: int
    name: str
    kind: CategoryKind
    subkind: str | None
    level: int | None
    from_day: date
    result: CheckResult | None  # what the current return says
    note: str | None


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One line of a return that was made."""

    name: str
    kind: CategoryKind
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckAnswer:
    """What somebody says about one line."""

    category_id: int
    result: CheckResult | None
    level: int | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFinding:
    """A child the check found to be in a category it was not registered in."""

    student_id: int | None
    kind: CategoryKind | None
    level: int | None = None
    note: str | None = None
    row: int = 0  # which of the rows on screen it was typed into; its problems are named after it


@permitted(Permission.CHECK_RETURN)
def find_sheet(session: Session, actor: Actor, *, class_id: int) -> CheckSheet:
    """Return what a class has to go through in this term's round; six statements.

    Raises:
        NotFound: there is no such class in an open round, or it is not this actor's.
    """
    found, school_class = _open_round(session, actor, class_id)
    rows = session.exec(
        select(StudentCategory, Student.name)
        .join(Student, col(Student.id) == col(StudentCategory.student_id))
        .where(col(StudentCategory.to_day).is_(None), col(Student.id).in_(_in_class(class_id)))
        .order_by(col(Student.name_order), col(Student.id), col(StudentCategory.id))
    ).all()
    returns = _returns(session, found.id or 0, class_id)
    said = _said(session, returns[0][0].id) if returns else {}
    return CheckSheet(
        round_id=found.id or 0,
        class_id=class_id,
        class_label=class_label(school_class.grade, school_class.number),
        version=returns[0][0].revision if returns else 0,
        lines=tuple(_line(row, name, said.get(row.id or 0)) for row, name in rows),
        others=_children(session, class_id),
        returns=_views(session, returns),
    )


@permitted(Permission.CHECK_RETURN)
def return_check(
    session: Session,
    actor: Actor,
    *,
    class_id: int,
    version: int,
    answers: Sequence[CheckAnswer],
    found: Sequence[NewFinding] = (),
    has_asked_others: bool,
) -> int:
    """Return the check of a class: findings become categories, ended ones end today. Returns the revision.

    `version` 0 is the first return; the revision somebody saw puts that one right, and it is kept.

    Raises:
        NotFound: there is no such class in an open round, or it is not this actor's.
        EditedMeanwhile: somebody returned it, or put it right, meanwhile; `current` has the fields of that return.
        FieldErrors: a line is not answered, or something can't be.
    """
    checked, _class = _open_round(session, actor, class_id)
    # One return of a class at a time; on a server others wait here.
    session.exec(select(SchoolClass.id).where(SchoolClass.id == class_id).with_for_update()).one()
    before = _returns(session, checked.id or 0, class_id)
    if (before[0][0].revision if before else 0) != version:
        raise EditedMeanwhile(_fields_of(session, class_id, before), edited_by=before[0][1] if before else None)
    open_rows = {row.id: row for row in _open_categories(session, class_id)}
    children = _children(session, class_id)
    check = Checker()
    _check_answers(check, answers, open_rows)
    _check_found(check, found, children, open_rows.values())
    if not has_asked_others:
        check.add("has_asked_others", "required_tick")
    check.finish()
    earlier = _said(session, before[0][0].id) if before else {}
    made = _store(session, actor, checked, class_id, before[0][0] if before else None, len(children))
    for answer in answers:
        row = open_rows[answer.category_id]
        _apply(session, actor, row, answer)
        _note(session, made, row, _result(answer, earlier.get(answer.category_id)), answer)
    for each in found:
        _note(session, made, _register(session, actor, each), CheckResult.FOUND, each)
    session.flush()
    audit.record(
        session,
        actor,
        audit.Action.CHECK_RETURNED if version == 0 else audit.Action.CHECK_AMENDED,
        target=made,
        class_id=class_id,
        count=len(answers) + len(found),
    )
    return made.revision


def _open_round(session: Session, actor: Actor, class_id: int) -> tuple[CheckRound, SchoolClass]:
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


def _in_class(class_id: int) -> Any:  # a select of ids
    return (
        select(ClassMembership.student_id)
        .join(Student, col(Student.id) == col(ClassMembership.student_id))
        .where(
            ClassMembership.class_id == class_id,
            col(ClassMembership.to_day).is_(None),
            col(Student.state).not_in(LEFT_SCHOOL),
        )
    )


def _children(session: Session, class_id: int) -> dict[int, str]:
    rows = session.exec(
        select(Student.id, Student.name)
        .where(col(Student.id).in_(_in_class(class_id)))
        .order_by(col(Student.name_order), col(Student.id))
    ).all()
    return {student_id or 0: name for student_id, name in rows}


def _open_categories(session: Session, class_id: int) -> Sequence[StudentCategory]:
    return session.exec(
        select(StudentCategory).where(
            col(StudentCategory.to_day).is_(None), col(StudentCategory.student_id).in_(_in_class(class_id))
        )
    ).all()


def _returns(session: Session, round_id: int, class_id: int) -> list[tuple[CheckReturn, str | None]]:
    rows = session.exec(
        select(CheckReturn, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(CheckReturn.returned_by_id), isouter=True)
        .where(CheckReturn.round_id == round_id, CheckReturn.class_id == class_id)
        .order_by(col(CheckReturn.revision).desc())
    ).all()
    return [(row, name) for row, name in rows]


def _said(session: Session, return_id: int | None) -> dict[int, CheckFinding]:
    rows = session.exec(select(CheckFinding).where(CheckFinding.return_id == return_id)).all()
    return {row.category_id: row for row in rows}


def _views(session: Session, returns: Sequence[tuple[CheckReturn, str | None]]) -> tuple[ReturnView, ...]:
    ids = [row.id for row, _ in returns]
    lines: dict[int, list[FindingLine]] = {}
    for finding, name in session.exec(
        select(CheckFinding, Student.name)
        .join(Student, col(Student.id) == col(CheckFinding.student_id))
        .where(col(CheckFinding.return_id).in_(ids))
        .order_by(col(CheckFinding.id))
    ):
        lines.setdefault(finding.return_id, []).append(
            FindingLine(name, finding.kind, finding.result, finding.level, unseal(finding, "note_sealed"))
        )
    return tuple(
        ReturnView(row.revision, by, row.returned_at, row.children_count, tuple(lines.get(row.id or 0, ())))
        for row, by in returns
    )


def _line(row: StudentCategory, name: str, said: CheckFinding | None) -> CheckLine:
    entry = category_entry(row)
    return CheckLine(
        category_id=entry.id,
        student_id=row.student_id,
        name=name,
        kind=entry.kind,
        subkind=entry.subkind,
        level=entry.level,
        from_day=entry.from_day,
        # Found by this very return: on the sheet it stands as registered now, and still so.
        result=None if said is None else CheckResult.UNCHANGED if said.result is CheckResult.FOUND else said.result,
        note=unseal(said, "note_sealed") if said else None,
    )


def _fields_of(session: Session, class_id: int, returns: Sequence[tuple[CheckReturn, str | None]]) -> dict[str, object]:
    """Return the fields of a form as the current return has them, for who was slower."""
    fields: dict[str, object] = {"id": class_id, "version": returns[0][0].revision if returns else 0}
    said = _said(session, returns[0][0].id) if returns else {}
    for row in _open_categories(session, class_id):
        line = _line(row, "", said.get(row.id or 0))
        fields[f"result_{row.id}"], fields[f"note_{row.id}"] = line.result, line.note
    return fields


def _check_answers(
    check: Checker, answers: Sequence[CheckAnswer], open_rows: Mapping[int | None, StudentCategory]
) -> None:
    answered = {answer.category_id: answer for answer in answers}
    for category_id in open_rows:
        if category_id not in answered:
            check.add(f"result_{category_id}", "required")
    for answer in answers:
        name = f"result_{answer.category_id}"
        if answer.category_id not in open_rows:
            check.add(name, "category_gone")
        elif answer.result is None:
            check.add(name, "required")
        elif answer.result is CheckResult.FOUND:
            check.add(name, "unknown_choice")
        is_told = answer.result in {CheckResult.CHANGED, CheckResult.ENDED}
        check.text(f"note_{answer.category_id}", answer.note, limit=LONG, required=is_told)
        if answer.level is not None and answer.level not in LEVELS:
            check.add(f"level_{answer.category_id}", "out_of_range")


def _check_found(
    check: Checker, found: Sequence[NewFinding], children: Mapping[int, str], open_rows: Any
) -> None:  # open_rows: the categories registered already
    known = {(row.student_id, row.kind) for row in open_rows}
    for each in found:
        if each.student_id not in children:
            check.add(f"found_student_{each.row}", "required" if each.student_id is None else "unknown_choice")
        if each.kind is None:
            check.add(f"found_kind_{each.row}", "required")
        elif each.student_id is not None and (each.student_id, each.kind) in known:
            check.add(f"found_kind_{each.row}", "category_open")
        elif each.student_id is not None:
            known.add((each.student_id, each.kind))
        if each.level is not None and each.level not in LEVELS:
            check.add(f"found_level_{each.row}", "out_of_range")
        check.text(f"found_note_{each.row}", each.note, limit=LONG)


def _store(
    session: Session, actor: Actor, checked: CheckRound, class_id: int, before: CheckReturn | None, children: int
) -> CheckReturn:
    now = clock.now()
    if before is not None:
        before.replaced_at = now
        session.add(before)
        session.flush()  # at most one return of a class counts
    made = CheckReturn(
        round_id=checked.id or 0,
        class_id=class_id,
        revision=before.revision + 1 if before else 1,
        children_count=children,
        returned_by_id=actor.user_id,
        returned_at=now,
    )
    session.add(made)
    try:
        session.flush()
    except IntegrityError:  # returned by another process since it was looked up
        raise EditedMeanwhile({}) from None
    return made


def _apply(session: Session, actor: Actor, row: StudentCategory, answer: CheckAnswer) -> None:
    """Let the register follow what the check says."""
    if answer.result is CheckResult.ENDED:
        categories.end_category(
            session,
            actor,
            student_id=row.student_id,
            category_id=row.id or 0,
            version=row.version,
            day=clock.today(),
        )
    elif answer.result is CheckResult.CHANGED and answer.level is not None and answer.level != row.level:
        categories.change_category(
            session,
            actor,
            student_id=row.student_id,
            category_id=row.id or 0,
            version=row.version,
            details=replace(categories.details_of(row), level=answer.level),
        )


def _result(answer: CheckAnswer, earlier: CheckFinding | None) -> CheckResult:
    """What this round found stays found when the return is put right."""
    was_found = earlier is not None and earlier.result is CheckResult.FOUND
    result = answer.result or CheckResult.UNCHANGED
    return CheckResult.FOUND if was_found and result is not CheckResult.ENDED else result


def _register(session: Session, actor: Actor, found: NewFinding) -> StudentCategory:
    """Enter what a check found into the register, and say that a check found it."""
    category_id = categories.add_category(
        session,
        actor,
        student_id=found.student_id or 0,
        kind=found.kind,
        details=CategoryDetails(level=found.level, evidence=found.note),
        from_day=clock.today(),
    )
    row = session.get_one(StudentCategory, category_id)
    row.found_by = FoundBy.CHECK_ROUND
    session.add(row)
    return row


def _note(
    session: Session, made: CheckReturn, row: StudentCategory, result: CheckResult, said: CheckAnswer | NewFinding
) -> None:
    finding = CheckFinding(
        return_id=made.id or 0,
        student_id=row.student_id,
        category_id=row.id or 0,
        kind=row.kind,
        result=result,
        level=said.level,
    )
    seal(finding, "note_sealed", clean(said.note))
    session.add(finding)
