"""Moving the school into a new year in one transaction, and taking it back as a whole."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Table, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from db.base import new_uid
from db.locks import Turn, take_turn
from db.sealing import seal_text
from db.tables import (
    ClassTeacherKind,
    EnrolmentState,
    ImportAction,
    YearChange,
    YearStep,
)
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import SchoolCalendar, current_school_year, load_calendar
from services.errors import DomainError, NotFound
from services.fields import Checker
from services.year_plans import build_plan, find_done, places_of
from services.year_rows import CHANGE, CLASS, NOTE, STAY, STUDENT, TEACHER, chunks
from services.year_steps import ChildStep, DoneChange, YearPlan
from services.year_undoing import Undoer

_STATE_AFTER = {YearStep.GRADUATES: EnrolmentState.GRADUATED, YearStep.LEAVES: EnrolmentState.TRANSFERRED}


class AlreadyChanged(DomainError):
    """The school has moved into this year already; `done` says when and by whom."""

    def __init__(self, done: DoneChange | None) -> None:
        super().__init__()
        self.done = done


class PlanChanged(DomainError):
    """Something changed since the plan was shown; `current` is the plan as it is now."""

    def __init__(self, current: YearPlan) -> None:
        super().__init__()
        self.current = current


class NothingToMove(DomainError):
    """No child is in a class of the year before, or the new year has not begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YearOptions:
    """What is decided for the whole school."""

    day: date | None  # the first day in the new classes
    leaving_day: date | None  # the last day of who graduates or leaves
    graduating: frozenset[int] | None = None
    keeps_homeroom: bool = True
    keeps_subjects: bool = True


@permitted(Permission.YEAR_CHANGE)
def change_year(session: Session, actor: Actor, *, digest: str, options: YearOptions) -> DoneChange:
    """Make the new year's classes from the old and move everybody as the plan of this digest says.

    Raises:
        AlreadyChanged: it was made already; nothing happens a second time.
        PlanChanged: something changed since the plan was shown; `current` is the plan now.
        NothingToMove: the new year has not begun, or nobody is left to move.
        FieldErrors: a day that can't be.
    """
    take_turn(session, Turn.SCHOOL)
    calendar = load_calendar(session)
    to_year = current_school_year(calendar, clock.today())
    if done := find_done(session, to_year):
        raise AlreadyChanged(done)
    _lock_children(session, to_year - 1)
    plan = build_plan(session, calendar, to_year=to_year, graduating=options.graduating)
    children = [child for found in plan.classes for child in found.children]
    if not children:
        raise NothingToMove
    if plan.digest != digest:
        raise PlanChanged(plan)
    day, leaving_day = _checked_days(calendar, plan, options, children)
    change = _open(session, actor, plan, day=day, leaving_day=leaving_day)
    writer = _Writer(session, change.id or 0)
    classes = writer.ensure_classes(to_year, _wanted_classes(plan))
    writer.move(children, classes, day=day, leaving_day=leaving_day)
    writer.let_go(actor, children, places_of(session, to_year), leaving_day=leaving_day)
    writer.carry_teachers(plan, classes, options, day=day)
    writer.save()
    session.expire_all()
    audit.record(session, actor, audit.Action.YEAR_CHANGED, target=change, count=len(children))
    for child in children:
        if state := _STATE_AFTER.get(child.step):
            audit.record(
                session, actor, audit.Action.STUDENT_STATE_CHANGED, student_id=child.student_id,
                before=child.state.value, state=state.value,
            )  # fmt: skip
    found = find_done(session, to_year)
    if found is None:  # it was just written; said again for the types
        raise NotFound
    return found


@permitted(Permission.YEAR_CHANGE)
def undo_year(session: Session, actor: Actor, *, change_id: int) -> None:
    """Take a change of year back as a whole: old classes, teachers and states as they were before.

    Raises:
        NotFound: there is no such change, or it was taken back already.
        YearUndoBlocked: a child has been moved or has left since; `names` says who.
    """
    take_turn(session, Turn.SCHOOL)
    change = session.get(YearChange, change_id, with_for_update=True)
    if change is None or change.undone_at is not None:
        raise NotFound
    Undoer(session, change).run()
    change.undone_at, change.undone_by_id = clock.now(), actor.user_id
    session.add(change)
    session.flush()
    audit.record(session, actor, audit.Action.YEAR_CHANGE_UNDONE, target=change)


def _lock_children(session: Session, school_year: int) -> None:
    """Lock who is in a class of the year before, so that nobody is moved meanwhile by somebody else."""
    here = (
        select(STAY.c.student_id)
        .join(CLASS, CLASS.c.id == STAY.c.class_id)
        .where(STAY.c.to_day.is_(None), CLASS.c.school_year == school_year)
    )
    session.execute(select(STUDENT.c.id).where(STUDENT.c.id.in_(here)).order_by(STUDENT.c.id).with_for_update())


def _checked_days(
    calendar: SchoolCalendar, plan: YearPlan, options: YearOptions, children: Sequence[ChildStep]
) -> tuple[date, date]:
    check, today = Checker(), clock.today()
    day, leaving_day = options.day, options.leaving_day
    if day is None:
        check.add("day", "required")
    if leaving_day is None:
        check.add("leaving_day", "required")
    check.not_future("day", day, today=today)
    check.not_future("leaving_day", leaving_day, today=today)
    latest = max(child.in_class_since for child in children)
    if day is not None and day < latest:
        check.add("day", "before_entry", day=latest)
    if day is not None and current_school_year(calendar, day) != plan.to_year:
        check.add("day", "other_school_year")
    if day is not None and leaving_day is not None and leaving_day > day:
        check.add("leaving_day", "after_change", day=day)
    if leaving_day is not None and current_school_year(calendar, leaving_day) < plan.to_year - 1:
        check.add("leaving_day", "other_school_year")
    check.finish()
    return day or today, leaving_day or today  # None was refused above


def _open(session: Session, actor: Actor, plan: YearPlan, *, day: date, leaving_day: date) -> YearChange:
    change = YearChange(
        school_year=plan.to_year,
        day=day,
        leaving_day=leaving_day,
        made_by_id=actor.user_id,
        made_at=clock.now(),
        moved_count=plan.count(YearStep.MOVES_UP, YearStep.OTHER_CLASS),
        repeated_count=plan.count(YearStep.REPEATS),
        graduated_count=plan.count(YearStep.GRADUATES),
        left_count=plan.count(YearStep.LEAVES),
    )
    session.add(change)
    try:
        session.flush()
    except IntegrityError:  # made by another process since it was looked up
        raise AlreadyChanged(None) from None
    return change


def _wanted_classes(plan: YearPlan) -> set[tuple[int, int]]:
    """Return the classes there have to be: also those whose children all leave them."""
    own = {found.target for found in plan.classes if found.target}
    return own | {child.target for found in plan.classes for child in found.children if child.target}


class _Writer:
    """Writes the change in few statements for any number of children, and notes each row for taking it back."""

    def __init__(self, session: Session, change_id: int) -> None:
        self.session = session
        self.notes: list[dict[str, Any]] = []
        self.change_id = change_id

    def ensure_classes(self, school_year: int, wanted: set[tuple[int, int]]) -> dict[tuple[int, int], int]:
        """Return the classes of the new year by grade and number, adding what is missing."""
        known = self._classes(school_year)
        missing = [
            {"school_year": school_year, "grade": grade, "number": number}
            for grade, number in sorted(wanted - known.keys())
        ]
        if missing:
            self._insert(CLASS, missing)
        return self._classes(school_year)

    def move(
        self, children: Sequence[ChildStep], classes: dict[tuple[int, int], int], *, day: date, leaving_day: date
    ) -> None:
        """End every old membership and begin the new ones, half-open."""
        staying = [child for child in children if child.target]
        leaving = [child for child in children if not child.target]
        ends = {child.membership_id: day for child in staying}
        # Somebody who came late in the term does not leave before having come.
        ends |= {child.membership_id: max(leaving_day, child.in_class_since) for child in leaving}
        self._end(STAY, ends)
        self._insert(
            STAY,
            [
                {"student_id": child.student_id, "class_id": classes[child.target], "from_day": day}
                for child in staying
                if child.target
            ],
        )

    def let_go(
        self, actor: Actor, children: Sequence[ChildStep], places: Mapping[int, str | None], *, leaving_day: date
    ) -> None:
        """Let the graduates and the leavers go."""
        lines = []
        for step, state in _STATE_AFTER.items():
            gone = [child for child in children if child.step is step]
            for chunk in chunks([child.student_id for child in gone]):
                self.session.execute(
                    update(STUDENT)
                    .where(STUDENT.c.id.in_(chunk))
                    .values(state=state, left_on=leaving_day, version=STUDENT.c.version + 1)
                )
            lines += [_line(actor, child, state, places.get(child.student_id), leaving_day) for child in gone]
        self._insert(CHANGE, lines)

    def carry_teachers(
        self, plan: YearPlan, classes: dict[tuple[int, int], int], options: YearOptions, *, day: date
    ) -> None:
        """End the teachers' time in the old classes; where wanted, they go on in the class it becomes."""
        becomes = {found.class_id: classes[found.target] for found in plan.classes if found.target}
        taken = set(
            self.session.execute(
                select(TEACHER.c.class_id).where(
                    TEACHER.c.kind == ClassTeacherKind.HOMEROOM, TEACHER.c.to_day.is_(None)
                )
            ).scalars()
        )
        rows = self.session.execute(
            select(TEACHER)
            .join(CLASS, CLASS.c.id == TEACHER.c.class_id)
            .where(CLASS.c.school_year == plan.to_year - 1, TEACHER.c.to_day.is_(None))
        ).all()
        kept = {ClassTeacherKind.HOMEROOM: options.keeps_homeroom, ClassTeacherKind.SUBJECT: options.keeps_subjects}
        new = [
            {
                "class_id": becomes[row.class_id], "user_id": row.user_id, "kind": row.kind,
                "subject": row.subject, "from_day": day,
            }
            for row in rows
            if kept[ClassTeacherKind(row.kind)] and row.class_id in becomes
            # somebody named for the new class by hand stays
            and not (row.kind == ClassTeacherKind.HOMEROOM and becomes[row.class_id] in taken)
        ]  # fmt: skip
        self._end(TEACHER, {row.id: max(day, row.from_day) for row in rows})
        self._insert(TEACHER, new)

    def save(self) -> None:
        """Write the notes."""
        if self.notes:
            self.session.execute(insert(NOTE), [note | {"change_id": self.change_id} for note in self.notes])

    def _classes(self, school_year: int) -> dict[tuple[int, int], int]:
        rows = self.session.execute(
            select(CLASS.c.id, CLASS.c.grade, CLASS.c.number).where(CLASS.c.school_year == school_year)
        )
        return {(row.grade, row.number): row.id for row in rows}

    def _insert(self, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            ids = self.session.execute(insert(table).returning(table.c.id), list(rows)).scalars().all()
            self._note(table, ids, ImportAction.CREATED)

    def _end(self, table: Table, days: Mapping[int, date]) -> None:
        """End rows, each on its day; most end on the same."""
        for day in sorted(set(days.values())):
            for chunk in chunks([row_id for row_id, end in days.items() if end == day]):
                self.session.execute(update(table).where(table.c.id.in_(chunk)).values(to_day=day))
        self._note(table, days, ImportAction.CHANGED)

    def _note(self, table: Table, ids: Iterable[int], action: ImportAction) -> None:
        self.notes += [{"table_name": table.name, "row_id": row_id, "action": action} for row_id in ids]


def _line(
    actor: Actor, child: ChildStep, state: EnrolmentState, place: str | None, leaving_day: date
) -> dict[str, Any]:
    uid = new_uid()
    return {
        "uid": uid, "student_id": child.student_id, "from_state": child.state, "to_state": state, "day": leaving_day,
        "place_sealed": seal_text(place, table=CHANGE.name, column="place_sealed", uid=uid),
        "recorded_by_id": actor.user_id, "recorded_at": clock.now(),
    }  # fmt: skip
