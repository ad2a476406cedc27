"""What a class returns in a check: every child in a category confirmed, the others asked (E-02, E-07; G-01)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from db.sealing import seal
from db.tables import (
    CheckFinding,
    CheckKind,
    CheckResult,
    CheckReturn,
    CheckRound,
    FoundBy,
    SchoolClass,
    StudentCategory,
)
from services import audit, categories, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import load_calendar
from services.categories import LEVELS, CategoryDetails
from services.check_kinds import ANSWERS, COVERED, STAYS, TOLD, needs_level, period_of
from services.check_sheets import (
    children_of_class,
    fields_of_category,
    fields_of_return,
    in_class,
    open_categories,
    open_round,
    people_who_see,
    returns_of_class,
    said_in,
)
from services.check_sight import CheckAnswer, NewFinding, check_sight
from services.editing import last_editor
from services.errors import EditedMeanwhile
from services.fields import LONG, Checker, clean
from services.students import lock_named


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
    kind: CheckKind = CheckKind.CLASS_CHECK,
) -> int:
    """Return the check of a class: findings become categories, ended ones end today. Returns the revision.

    `version` 0 is the first return; the revision somebody saw puts that one right, and it is kept. Of 四特 every child
    is named with its level, who saw it and on which day; whoever nobody has seen stays owed.

    Raises:
        NotFound: there is no such class in an open round, or it is not this actor's.
        EditedMeanwhile: somebody returned it, or put it right, meanwhile; `current` has the fields of that return.
            Or somebody changed one of the categories since the sheet was drawn: `current` has how they stand.
        FieldErrors: a line is not answered, or something can't be.
    """
    checked, _class = open_round(session, actor, class_id, kind)
    # One return of a class at a time; on a server others wait here. Not those who put a child into the class.
    session.exec(select(SchoolClass.id).where(SchoolClass.id == class_id).with_for_update(key_share=True)).one()
    lock_named(session, in_class(class_id))
    before = returns_of_class(session, checked.id or 0, class_id)
    if (before[0][0].revision if before else 0) != version:
        raise EditedMeanwhile(
            fields_of_return(session, class_id, kind, before), edited_by=before[0][1] if before else None
        )
    open_rows = {row.id: row for row in open_categories(session, class_id, kind, locking=True)}
    children = children_of_class(session, class_id)
    earlier = said_in(session, before[0][0].id) if before else {}
    check = Checker()
    _check_answers(check, answers, open_rows, kind)
    _check_found(check, found, children, open_rows.values(), kind)
    if kind is CheckKind.SPECIAL_CHECK:
        people = people_who_see(session, actor, class_id, earlier.values())
        check_sight(check, answers, found, people=people, first_day=period_of(load_calendar(session), kind).first_day)
    if not has_asked_others:
        check.add("has_asked_others", "required_tick")
    check.finish()
    _refuse_changed(session, class_id, version, answers, open_rows)
    made = _store(session, actor, checked, class_id, before[0][0] if before else None, len(children))
    for answer in answers:
        row = open_rows[answer.category_id]
        _apply(session, actor, row, answer)
        _note(session, made, row, _result(answer, earlier.get(answer.category_id)), answer, kind)
    for each in found:
        _note(session, made, _register(session, actor, each), CheckResult.FOUND, each, kind)
    session.flush()
    audit.record(
        session,
        actor,
        audit.Action.CHECK_RETURNED if version == 0 else audit.Action.CHECK_AMENDED,
        target=made,
        class_id=class_id,
        count=len(answers) + len(found),
        kind=kind.value,
    )
    return made.revision


def _refuse_changed(
    session: Session,
    class_id: int,
    version: int,
    answers: Sequence[CheckAnswer],
    open_rows: Mapping[int | None, StudentCategory],
) -> None:
    """Refuse what was said over a category that somebody has changed since: it was confirmed as it stood then."""
    stale = [answer for answer in answers if open_rows[answer.category_id].version != answer.version]
    if not stale:
        return
    current: dict[str, object] = {"id": class_id, "version": version}
    for row in open_rows.values():
        current |= fields_of_category(row)
    for answer in stale:
        if answer.result is CheckResult.CHANGED and answer.level is not None:
            current[f"level_{answer.category_id}"] = open_rows[answer.category_id].level
    editors = {last_editor(session, open_rows[answer.category_id]) for answer in stale}
    raise EditedMeanwhile(current, edited_by=editors.pop() if len(editors) == 1 else None)


def _check_answers(
    check: Checker,
    answers: Sequence[CheckAnswer],
    open_rows: Mapping[int | None, StudentCategory],
    kind: CheckKind,
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
        elif answer.result not in ANSWERS[kind]:
            check.add(name, "unknown_choice")
        elif needs_level(kind, answer.result, open_rows[answer.category_id].level) and answer.level is None:
            check.add(f"level_{answer.category_id}", "required")
        is_told = answer.result in TOLD
        check.text(f"note_{answer.category_id}", answer.note, limit=LONG, required=is_told)
        if answer.level is not None and answer.level not in LEVELS:
            check.add(f"level_{answer.category_id}", "out_of_range")


def _check_found(
    check: Checker,
    found: Sequence[NewFinding],
    children: Mapping[int, str],
    open_rows: Iterable[StudentCategory],  # the categories registered already
    kind: CheckKind,
) -> None:
    is_special = kind is CheckKind.SPECIAL_CHECK
    known = {(row.student_id, row.kind) for row in open_rows}
    for each in found:
        if each.student_id not in children:
            check.add(f"found_student_{each.row}", "required" if each.student_id is None else "unknown_choice")
        if each.kind is None:
            check.add(f"found_kind_{each.row}", "required")
        elif each.kind not in COVERED[kind]:
            check.add(f"found_kind_{each.row}", "unknown_choice")
        elif each.student_id is not None and (each.student_id, each.kind) in known:
            check.add(f"found_kind_{each.row}", "category_open")
        elif each.student_id is not None:
            known.add((each.student_id, each.kind))
        if each.level is None and is_special:  # each of 四特 is given a level (G-02), for a reason
            check.add(f"found_level_{each.row}", "required")
        elif each.level is not None and each.level not in LEVELS:
            check.add(f"found_level_{each.row}", "out_of_range")
        check.text(f"found_note_{each.row}", each.note, limit=LONG, required=is_special)


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
    elif answer.result in STAYS and answer.level is not None and answer.level != row.level:
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
    return CheckResult.FOUND if was_found and result in STAYS else result


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
    session: Session,
    made: CheckReturn,
    row: StudentCategory,
    result: CheckResult,
    said: CheckAnswer | NewFinding,
    made_for: CheckKind,
) -> None:
    finding = CheckFinding(
        return_id=made.id or 0,
        student_id=row.student_id,
        category_id=row.id or 0,
        kind=row.kind,
        result=result,
        level=row.level if made_for is CheckKind.SPECIAL_CHECK else said.level,  # 四特: each with its level (G-02)
        seen_on=None if result is CheckResult.NOT_SEEN else said.seen_on,
        seen_by_id=None if result is CheckResult.NOT_SEEN else said.seen_by_id,
    )
    seal(finding, "note_sealed", clean(said.note))
    session.add(finding)
