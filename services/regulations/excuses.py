"""Excuses: that a child, or a class, need not keep a clause, or kept it otherwise; asked by one, answered by another.

Who answers: a head of the room who did not ask; where there is none, whoever gives the second yes at this school.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, false, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, select

from db.locks import Turn, take_turn
from db.sealing import seal, unseal
from db.tables import (
    AppUser,
    ClassMembership,
    ClauseExcuse,
    ExcuseKind,
    ExcuseState,
    SchoolClass,
    Student,
)
from services import audit, clock, second_answers
from services.access import Permission, Scope, Subject, allows, permitted, scopes_of
from services.actors import Actor
from services.classes import class_label, label_order
from services.editing import last_editor, lock_version
from services.errors import DomainError, EditedMeanwhile, NotFound
from services.fields import LINE, Checker
from services.regulations.catalogue import clauses
from services.regulations.compliance import list_standings
from services.regulations.measures import measures
from services.regulations.standings import SubjectKind
from services.row_filters import classes_of, sees_students
from services.second_answers import Answerers, may_answer_for
from services.students import is_in_class, lock_named, shown_class

DAY = timedelta(days=1)
LONGEST = timedelta(days=366 * 2)


class NobodyToExcuse(DomainError):
    """Nobody at this school could say yes to what this person would ask."""


@dataclass(frozen=True, slots=True)
class ExcuseInput:
    """What somebody asks: of whom, for which clause and days (both included), and why."""

    kind: ExcuseKind
    clause_id: str
    part: str | None = None
    student_id: int | None = None
    class_id: int | None = None
    first_day: date | None = None
    last_day: date | None = None  # None: until further notice
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ExcuseLine:
    """One excuse as a list shows it, and as whoever answers it reads it."""

    id: int
    version: int
    kind: ExcuseKind
    clause_id: str
    clause_text: str
    part: str | None
    student_id: int | None
    child: str | None
    class_label: str
    first_day: date
    last_day: date | None
    reason: str | None
    state: ExcuseState
    asked_by: str | None
    asked_at: datetime
    answered_by: str | None
    answer: str | None
    may_answer: bool
    may_withdraw: bool


@dataclass(frozen=True, slots=True)
class ExcuseSubject:
    """A child, or a class, that a clause asks something of: whom an excuse may be asked for."""

    id: int
    is_class: bool
    label: str


@permitted(Permission.EXCUSE_ASK)
def list_subjects(session: Session, actor: Actor, *, clause_id: str) -> list[ExcuseSubject]:
    """Return whom a clause asks something of, children or else classes, by class and name; of one's own alone."""
    lines = list_standings(session, actor, clause_id=clause_id)
    kind = SubjectKind.CHILD if any(each.standing.subject is SubjectKind.CHILD for each in lines) else SubjectKind.CLASS
    found = {each.standing.subject_id: each for each in lines if each.standing.subject is kind}
    is_class = kind is SubjectKind.CLASS
    return [
        ExcuseSubject(each, is_class, line.class_label if is_class else f"{line.what} {line.class_label}")
        for each, line in sorted(
            found.items(), key=lambda pair: (label_order(pair[1].class_label), pair[1].what, pair[0])
        )
    ]


@permitted(Permission.EXCUSE_ASK)
def list_answerers(session: Session, actor: Actor) -> list[str]:
    """Return the names of who can answer what this person asks; nobody, where the school has no second person."""
    return [name for _, name in who_answers(session, actor, asked_by_id=actor.user_id)]


@permitted(Permission.EXCUSE_ASK)
def ask_excuse(session: Session, actor: Actor, *, request: ExcuseInput) -> ClauseExcuse:
    """Ask that a clause need not be kept, or was kept otherwise; it counts once a second person says yes.

    Raises:
        NotFound: there is no such clause, or nobody this actor looks after is meant.
        FieldErrors: nobody is named, days or reason are missing or can't be, or the same was asked already.
        NobodyToExcuse: it would wait for ever.
    """
    if request.clause_id not in measures():
        raise NotFound
    first, last, reason = _checked(request)
    if request.class_id is not None:
        take_turn(session, Turn.SCHOOL)  # of a class nothing is asked twice; of a child, behind its lock
    lock_named(session, select(Student.id).where(Student.id == request.student_id, sees_students(actor)))
    _must_be_theirs(session, actor, request)
    if session.exec(_same(request, first)).first() is not None:
        check = Checker()
        check.add("first_day", "asked_already")
        check.finish()
    if not who_answers(session, actor, asked_by_id=actor.user_id):
        raise NobodyToExcuse
    row = ClauseExcuse(
        kind=request.kind, clause_id=request.clause_id, part=request.part, student_id=request.student_id,
        class_id=request.class_id, from_day=first, to_day=last + DAY if last else None,
        asked_by_id=actor.user_id, asked_at=clock.now(),
    )  # fmt: skip
    seal(row, "reason_sealed", reason)
    session.add(row)
    session.flush()
    audit.record(
        session, actor, audit.Action.EXCUSE_ASKED, target=row, student_id=row.student_id, kind=row.clause_id,
        after=row.kind.value,
    )  # fmt: skip
    return row


def _checked(request: ExcuseInput) -> tuple[date, date | None, str]:
    check, today = Checker(), clock.today()
    if request.student_id is None and request.class_id is None:
        check.add("student_id", "required")
    if request.first_day is None:
        check.add("first_day", "required")
    elif not today - LONGEST <= request.first_day <= today + LONGEST:
        check.add("first_day", "out_of_range")
    if request.last_day is None and request.kind is ExcuseKind.DONE_OTHERWISE:
        check.add("last_day", "required")
    elif request.last_day is not None and request.first_day is not None:
        if request.last_day < request.first_day:
            check.add("last_day", "before_first")
        elif request.last_day > request.first_day + LONGEST:
            check.add("last_day", "out_of_range")
    reason = check.required_text("reason", request.reason, limit=LINE)
    check.finish()
    if request.first_day is None:  # refused above; said again for the types
        raise NotFound
    return request.first_day, request.last_day, reason


def _must_be_theirs(session: Session, actor: Actor, request: ExcuseInput) -> None:
    if request.student_id is not None and request.class_id is not None:
        raise NotFound
    if request.student_id is not None:
        wanted = select(Student.id).where(
            Student.id == request.student_id, col(Student.merged_into_id).is_(None), sees_students(actor)
        )
    else:
        wanted = select(SchoolClass.id).where(SchoolClass.id == request.class_id)
        if not _is_care(actor):
            wanted = wanted.where(col(SchoolClass.id).in_(classes_of(actor)))
    if session.exec(wanted).first() is None:
        raise NotFound


def _is_care(actor: Actor) -> bool:
    return Scope.ALL in scopes_of(actor, Subject.IDENTITY)


def _same(request: ExcuseInput, first: date) -> Any:  # a select
    return select(ClauseExcuse.id).where(
        ClauseExcuse.clause_id == request.clause_id,
        col(ClauseExcuse.part).is_not_distinct_from(request.part),
        col(ClauseExcuse.student_id).is_not_distinct_from(request.student_id),
        col(ClauseExcuse.class_id).is_not_distinct_from(request.class_id),
        col(ClauseExcuse.state).in_([ExcuseState.WAITING, ExcuseState.STANDING]),
        col(ClauseExcuse.from_day) <= first,
        or_(col(ClauseExcuse.to_day).is_(None), col(ClauseExcuse.to_day) > first),
    )


@permitted(Permission.EXCUSE_ASK, Permission.EXCUSE_AGREE)
def list_excuses(
    session: Session, actor: Actor, *, clause_id: str | None = None, student_id: int | None = None
) -> list[ExcuseLine]:
    """Return excuses this actor may know of: those that wait first, then the newest; ten statements at most."""
    asker, answerer = aliased(AppUser), aliased(AppUser)
    own_class = aliased(SchoolClass)
    columns: list[Any] = [
        ClauseExcuse, Student.name, Student.state, SchoolClass.grade, SchoolClass.number, own_class.grade,
        own_class.number, asker.display_name, answerer.display_name, _knows_of(actor).label("is_known"),
    ]  # fmt: skip
    wanted = (
        select(*columns)
        .select_from(ClauseExcuse)
        .join(Student, col(Student.id) == col(ClauseExcuse.student_id), isouter=True)
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .join(own_class, col(own_class.id) == col(ClauseExcuse.class_id), isouter=True)
        .join(asker, col(asker.id) == col(ClauseExcuse.asked_by_id), isouter=True)
        .join(answerer, col(answerer.id) == col(ClauseExcuse.answered_by_id), isouter=True)
        .where(or_(_knows_of(actor), _may_wait_for(actor)))
        .order_by((col(ClauseExcuse.state) != ExcuseState.WAITING), col(ClauseExcuse.id).desc())
    )
    if clause_id is not None:
        wanted = wanted.where(ClauseExcuse.clause_id == clause_id)
    if student_id is not None:
        wanted = wanted.where(ClauseExcuse.student_id == student_id)
    rows = session.execute(wanted).all()
    answerers = read_answerers(session, actor) if any(_waits(row[0]) for row in rows) else None
    lines = [(_line(actor, row, answerers), bool(row.is_known)) for row in rows]
    return [line for line, is_known in lines if is_known or line.may_answer]


def _may_wait_for(actor: Actor) -> ColumnElement[bool]:
    """Return the filter on excuses that may wait for this person's answer; `may_answer` says which do."""
    return col(ClauseExcuse.state) == ExcuseState.WAITING if allows(actor, Permission.EXCUSE_AGREE) else false()


def _knows_of(actor: Actor) -> ColumnElement[bool]:
    """Return the filter on excuses: of the children and classes one follows, and what one asked oneself."""
    of_children = and_(col(ClauseExcuse.student_id).is_not(None), sees_students(actor))
    of_classes: ColumnElement[bool] = col(ClauseExcuse.class_id).in_(classes_of(actor))
    if _is_care(actor):
        of_classes = col(ClauseExcuse.class_id).is_not(None)
    return or_(of_children, of_classes, col(ClauseExcuse.asked_by_id) == actor.user_id)


def _waits(excuse: ClauseExcuse) -> bool:
    return excuse.state is ExcuseState.WAITING


def _line(actor: Actor, row: Any, answerers: Answerers | None) -> ExcuseLine:
    excuse: ClauseExcuse = row[0]
    asked_of = answerers.of(excuse.asked_by_id) if answerers and _waits(excuse) else ()
    label = shown_class(row[3], row[4], row[2]) if row[1] is not None else _class(row[5], row[6])
    is_own = excuse.asked_by_id == actor.user_id
    return ExcuseLine(
        id=excuse.id or 0,
        version=excuse.version,
        kind=excuse.kind,
        clause_id=excuse.clause_id,
        clause_text=clauses()[excuse.clause_id].text,
        part=excuse.part,
        student_id=excuse.student_id,
        child=row[1],
        class_label=label,
        first_day=excuse.from_day,
        last_day=excuse.to_day - DAY if excuse.to_day else None,
        reason=unseal(excuse, "reason_sealed"),
        state=excuse.state,
        asked_by=row[7],
        asked_at=excuse.asked_at,
        answered_by=row[8],
        answer=unseal(excuse, "answer_sealed"),
        may_answer=any(user_id == actor.user_id for user_id, _ in asked_of),
        may_withdraw=_may_end(excuse, clock.today()) and (is_own or _is_care(actor)),
    )


def _class(grade: int | None, number: int | None) -> str:
    return class_label(grade, number) if grade is not None and number is not None else ""


@permitted(Permission.EXCUSE_AGREE)
def answer_excuse(
    session: Session, actor: Actor, *, excuse_id: int, version: int, agrees: bool, note: str | None = None
) -> None:
    """Say yes, and it counts; or no, with the reason. Nobody answers their own.

    Raises:
        NotFound: there is no such request that is this person's to answer, or it was answered or taken back.
        EditedMeanwhile: somebody was faster.
        FieldErrors: a no without a reason.
    """
    check = Checker()
    text = check.text("note", note, limit=LINE, required=not agrees)
    check.finish()
    asked_by = session.exec(
        select(ClauseExcuse.asked_by_id).where(ClauseExcuse.id == excuse_id, ClauseExcuse.state == ExcuseState.WAITING)
    ).all()
    if not asked_by or not may_answer(session, actor, asked_by[0]):
        raise NotFound
    row = _locked(session, excuse_id, version)
    if row.state is not ExcuseState.WAITING:
        raise NotFound
    row.state = ExcuseState.STANDING if agrees else ExcuseState.DECLINED
    row.answered_by_id, row.answered_at = actor.user_id, clock.now()
    seal(row, "answer_sealed", text)
    session.add(row)
    action = audit.Action.EXCUSE_AGREED if agrees else audit.Action.EXCUSE_DECLINED
    audit.record(session, actor, action, target=row, student_id=row.student_id, kind=row.clause_id)


@permitted(Permission.EXCUSE_ASK)
def withdraw_excuse(session: Session, actor: Actor, *, excuse_id: int, version: int) -> None:
    """Take an excuse back; from today on the clause is to be kept again, what it covered before stays excused.

    Raises:
        NotFound: there is none that this actor may take back, or it ended already.
        EditedMeanwhile: somebody was faster.
    """
    found = session.exec(
        select(ClauseExcuse.asked_by_id)
        .select_from(ClauseExcuse)
        .join(Student, col(Student.id) == col(ClauseExcuse.student_id), isouter=True)
        .where(ClauseExcuse.id == excuse_id, _knows_of(actor))
    ).all()
    if not found or (found[0] != actor.user_id and not _is_care(actor)):
        raise NotFound
    row, today = _locked(session, excuse_id, version), clock.today()
    if row.state is ExcuseState.STANDING and row.from_day < today and _may_end(row, today):
        row.to_day = today
    elif _may_end(row, today):
        row.state, row.answered_at, row.answered_by_id = ExcuseState.WITHDRAWN, None, None
    else:
        raise NotFound
    row.withdrawn_at, row.withdrawn_by_id = clock.now(), actor.user_id
    session.add(row)
    audit.record(
        session, actor, audit.Action.EXCUSE_WITHDRAWN, target=row, student_id=row.student_id, kind=row.clause_id
    )


def _may_end(excuse: ClauseExcuse, today: date) -> bool:
    """Say whether there is anything to take back: days that are over stay excused as they were told."""
    if excuse.state is ExcuseState.STANDING:
        return excuse.to_day is None or excuse.to_day > today
    return _waits(excuse)


def may_answer(session: Session, actor: Actor, asked_by_id: int | None) -> bool:
    """Say whether what somebody asked waits for this person."""
    return any(user_id == actor.user_id for user_id, _ in who_answers(session, actor, asked_by_id=asked_by_id))


def who_answers(session: Session, actor: Actor, *, asked_by_id: int | None) -> Sequence[tuple[int, str]]:
    """Return who can answer, by id and name: heads that did not ask, else the second person."""
    return read_answerers(session, actor).of(asked_by_id)


def read_answerers(session: Session, actor: Actor) -> Answerers:
    """Return who answers excuses, of whoever asked."""
    return second_answers.read_answerers(session, actor, allowed=may_answer_for(Permission.EXCUSE_AGREE))


def _locked(session: Session, excuse_id: int, version: int) -> ClauseExcuse:
    lock_named(session, select(ClauseExcuse.student_id).where(ClauseExcuse.id == excuse_id))
    try:
        return lock_version(session, ClauseExcuse, excuse_id, version=version)
    except EditedMeanwhile as error:
        raise EditedMeanwhile({}, edited_by=last_editor(session, error.current)) from None
