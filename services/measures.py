"""What became of a plan's goals and measures: judged, noted day by day, ended (I-02, I-03, F-11).

Whoever is responsible for a measure reads its own words, notes what came of it and says it is done, whatever the rest
of the plan is to them: of whether the child was marked afterwards nothing here depends (docs/decisions/0018, 0026).
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, false, func, or_, select

from db.sealing import seal, unseal
from db.tables import (
    AppUser,
    Case,
    GoalState,
    MeasureDomain,
    MeasureNote,
    MeasureRhythm,
    MeasureState,
    PlanGoal,
    PlanMeasure,
    PlanState,
    PlanVersion,
    Referral,
    Role,
    Student,
    SupportPlan,
)
from services import audit, clock
from services.access import Permission, allows, permitted
from services.actors import Actor
from services.editing import last_editor, lock_version
from services.errors import EditedMeanwhile, FieldErrors, NotFound, Problem
from services.fields import LONG, Checker
from services.row_filters import sees_plans, sees_students
from services.students import lock_named
from services.tier_rows import can_no_more


@dataclass(frozen=True, slots=True)
class NoteEntry:
    """What came of a measure on a day, as typed."""

    day: date | None
    text: str | None


@dataclass(frozen=True, slots=True)
class EndEntry:
    """How a measure or goal ended, as typed; of a goal `outcome` may also be that it goes on."""

    outcome: MeasureState | GoalState | None
    day: date | None
    text: str | None


@dataclass(frozen=True, slots=True)
class NoteLine:
    """What came of a measure on a day, as it is read."""

    day: date
    text: str | None
    author: str | None


@dataclass(frozen=True, slots=True)
class OwnMeasure:
    """One measure as whoever is responsible reads it: its words, their own notes, of the case what they may know."""

    id: int
    version: int
    domain: MeasureDomain
    text: str | None
    starts_on: date
    ends_on: date
    rhythm: MeasureRhythm
    state: MeasureState
    outcome: str | None
    child: str | None
    plan_id: int | None  # for who may open it
    responsible_name: str
    asked_by: str | None  # who wrote the version in force; the owner of a case changes with a mark, and would tell
    may_stop: bool
    notes: tuple[NoteLine, ...]


@permitted(Permission.MEASURE_FOLLOW)
def find_measure(session: Session, actor: Actor, *, measure_id: int) -> OwnMeasure:
    """Return one measure that is this person's to carry out or to answer for; two statements.

    Raises:
        NotFound: there is none.
    """
    found = _find(session, actor, measure_id)
    row: PlanMeasure = found[0]
    may_open = bool(found.may_open)
    return OwnMeasure(
        id=row.id or 0,
        version=row.version,
        domain=row.domain,
        text=unseal(row, "text_sealed"),
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        rhythm=row.rhythm,
        state=row.state,
        outcome=unseal(row, "outcome_sealed"),
        child=found.child if may_open or found.may_name else None,
        plan_id=row.plan_id if may_open else None,
        responsible_name=found.responsible_name,
        asked_by=found.asked_by,
        may_stop=may_open,
        notes=notes_of(session, [measure_id], by_id=None if may_open else actor.user_id).get(measure_id, ()),
    )


@permitted(Permission.MEASURE_FOLLOW)
def note_progress(session: Session, actor: Actor, *, measure_id: int, entry: NoteEntry) -> None:
    """Note what came of a measure on a day; a note stays as it was written.

    Raises:
        NotFound: there is none of a plan in force that is this person's to note something of.
        FieldErrors: day or words are missing or can't be.
    """
    _lock_child(session, PlanMeasure, measure_id)
    found = _find(session, actor, measure_id)
    row: PlanMeasure = found[0]
    check = Checker()
    text = check.required_text("text", entry.text, limit=LONG)
    day = _checked_day(check, entry.day, row.starts_on)
    check.finish()
    row = _lock(session, row, version=None)
    note = MeasureNote(measure_id=measure_id, day=day, written_by_id=actor.id_of_staff, recorded_at=clock.now())
    seal(note, "text_sealed", text)
    row.last_noted_on = max(filter(None, (row.last_noted_on, day)))
    session.add_all([note, row])
    audit.record(session, actor, audit.Action.MEASURE_NOTED, target=row, student_id=found.student_id)


@permitted(Permission.MEASURE_FOLLOW)
def end_measure(session: Session, actor: Actor, *, measure_id: int, version: int, entry: EndEntry) -> None:
    """Say that a measure was carried out, or, for who may open the plan, that it is no more needed; with its outcome.

    Raises:
        NotFound: there is none of a plan in force that is this person's to end.
        FieldErrors: day or words are missing or can't be.
        EditedMeanwhile: somebody changed or ended it since the form was drawn.
    """
    _lock_child(session, PlanMeasure, measure_id)
    found = _find(session, actor, measure_id)
    row: PlanMeasure = found[0]
    check = Checker()
    allowed = {MeasureState.DONE, MeasureState.STOPPED} if found.may_open else {MeasureState.DONE}
    if entry.outcome not in allowed:
        check.add("outcome", "unknown_choice")
    text = check.required_text("text", entry.text, limit=LONG)
    not_before = None if entry.outcome is MeasureState.STOPPED else row.starts_on  # what never began can be given up
    day = _checked_day(check, entry.day, not_before)
    check.finish()
    row = _lock(session, row, version=version)
    if row.state is not MeasureState.OPEN:
        raise NotFound
    row.state, row.ended_on, row.ended_by_id = MeasureState(entry.outcome or "done"), day, actor.id_of_staff
    seal(row, "outcome_sealed", text)
    session.add(row)
    audit.record(session, actor, audit.Action.MEASURE_ENDED, target=row, student_id=found.student_id)


@permitted(Permission.MEASURE_FOLLOW)
def reopen_measure(session: Session, actor: Actor, *, measure_id: int, version: int) -> None:
    """Take back that a measure has ended; what came of it stays until it ends again.

    Raises:
        NotFound: there is none that is this person's to end, or it has not ended.
        FieldErrors: only who may open the plan takes back that it is not needed.
        EditedMeanwhile: somebody changed it since it was seen.
    """
    _lock_child(session, PlanMeasure, measure_id)
    found = _find(session, actor, measure_id)
    if found[0].state is MeasureState.STOPPED and not found.may_open:
        raise FieldErrors({"outcome": Problem("unknown_choice")})
    row = _lock(session, found[0], version=version)
    if row.state is MeasureState.OPEN:
        raise NotFound
    row.state, row.ended_on, row.ended_by_id = MeasureState.OPEN, None, None
    session.add(row)
    audit.record(session, actor, audit.Action.MEASURE_REOPENED, target=row, student_id=found.student_id)


@permitted(Permission.CASE_READ)
def judge_goal(session: Session, actor: Actor, *, goal_id: int, version: int, entry: EndEntry) -> None:
    """Say whether a goal of the plan in force was reached, on which day and by what one sees it; or that it goes on.

    Raises:
        NotFound: there is none in a plan this actor may open.
        FieldErrors: a part is missing or can't be.
        EditedMeanwhile: somebody judged or changed it since the form was drawn.
    """
    _lock_child(session, PlanGoal, goal_id)
    found = session.exec(
        of_plans_in_force(select(PlanGoal, SupportPlan.student_id), PlanGoal).where(
            PlanGoal.id == goal_id, sees_plans(actor)
        )
    ).first()
    if found is None:
        raise NotFound
    check = Checker()
    state = entry.outcome if isinstance(entry.outcome, GoalState) else None
    if state is None:
        check.add("outcome", "choice_needed")
    is_judged = state is not GoalState.OPEN
    text = check.text("text", entry.text, limit=LONG, required=is_judged)
    day = _checked_day(check, entry.day, None) if is_judged else None
    check.finish()
    row = _lock(session, found[0], version=version)
    row.state, row.judged_on = state or GoalState.OPEN, day
    row.judged_by_id = actor.id_of_staff if is_judged else None
    seal(row, "note_sealed", text)
    session.add(row)
    audit.record(session, actor, audit.Action.GOAL_JUDGED, target=row, student_id=found.student_id)


def notes_of(session: Session, measure_ids: list[int], *, by_id: int | None = None) -> dict[int, tuple[NoteLine, ...]]:
    """Return what was noted of measures, the latest day first, of one author if given; for who has asked the rest."""
    wanted: list[ColumnElement[bool]] = [col(MeasureNote.measure_id).in_(measure_ids)]
    if by_id is not None:
        wanted.append(col(MeasureNote.written_by_id) == by_id)
    rows = session.exec(
        select(MeasureNote, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(MeasureNote.written_by_id), isouter=True)
        .where(*wanted)
        .order_by(col(MeasureNote.day).desc(), col(MeasureNote.id).desc())
    ).all()
    found: dict[int, tuple[NoteLine, ...]] = {}
    for row, author in rows:
        line = NoteLine(row.day, unseal(row, "text_sealed"), author)
        found[row.measure_id] = (*found.get(row.measure_id, ()), line)
    return found


def owes_measure(actor: Actor) -> ColumnElement[bool]:
    """Return the filter on open measures, joined as `of_plans_in_force`, that this person carries out.

    One whose responsible is gone falls to who answers for the plan.
    """
    gone = can_no_more(col(PlanMeasure.responsible_id), Permission.MEASURE_FOLLOW)
    mine = col(PlanMeasure.responsible_id) == actor.user_id
    return and_(col(PlanMeasure.state) == MeasureState.OPEN, or_(mine, and_(gone, answers_for_plan(actor))))


def answers_for_plan(actor: Actor) -> ColumnElement[bool]:
    """Return the filter on plans this person answers for: the own ones; of a case, its owner's."""
    if not allows(actor, Permission.CASE_READ):
        return false()
    owner = or_(
        and_(col(SupportPlan.case_id).is_(None), col(SupportPlan.owner_id) == actor.user_id),
        and_(col(SupportPlan.case_id).is_not(None), col(Case.owner_id) == actor.user_id),
    )
    if actor.has_role(Role.LEAD):
        answers = func.coalesce(col(Case.owner_id), col(SupportPlan.owner_id))
        owner = or_(owner, can_no_more(answers, Permission.CASE_READ))
    return and_(owner, sees_plans(actor))


def of_plans_in_force(query: Any, part: type[PlanMeasure] | type[PlanGoal] = PlanMeasure) -> Any:  # a Select
    """Join a query of goals or measures with the plan they belong to; only those of a version in force."""
    return (
        query.join(SupportPlan, col(SupportPlan.id) == col(part.plan_id))
        .join(
            PlanVersion,
            and_(col(PlanVersion.plan_id) == col(SupportPlan.id), col(PlanVersion.state) == PlanState.IN_FORCE),
        )
        .join(Case, col(Case.id) == col(SupportPlan.case_id), isouter=True)
        .join(Referral, col(Referral.id) == col(Case.referral_id), isouter=True)
        .where(col(part.left_at).is_(None), col(Case.closed_at).is_(None))
    )


def _find(session: Session, actor: Actor, measure_id: int) -> Any:  # a row of these columns
    writer, responsible = aliased(AppUser), aliased(AppUser)
    columns: list[Any] = [
        PlanMeasure,
        SupportPlan.student_id,
        col(Student.name).label("child"),
        col(responsible.display_name).label("responsible_name"),
        col(writer.display_name).label("asked_by"),
        sees_students(actor).label("may_name"),
        _may_open(actor).label("may_open"),
    ]
    found = session.exec(
        of_plans_in_force(select(*columns).select_from(PlanMeasure))
        .join(Student, col(Student.id) == col(SupportPlan.student_id))
        .join(responsible, col(responsible.id) == col(PlanMeasure.responsible_id))
        .join(writer, col(writer.id) == col(PlanVersion.written_by_id), isouter=True)
        .where(
            PlanMeasure.id == measure_id,
            or_(col(PlanMeasure.responsible_id) == actor.user_id, _may_open(actor)),
        )
    ).first()
    if found is None:
        raise NotFound
    return found


def _may_open(actor: Actor) -> ColumnElement[bool]:
    """Return the filter on plans whose words this person may read and write; a column that is never NULL."""
    return func.coalesce(sees_plans(actor), False) if allows(actor, Permission.CASE_READ) else false()


def _checked_day(check: Checker, day: date | None, not_before: date | None) -> date:
    if day is None:
        check.add("day", "required")
        return clock.today()
    check.not_future("day", day, today=clock.today())
    if not_before is not None and day < not_before:
        check.add("day", "before_measure", day=not_before)
    return day


def _lock_child(session: Session, part: type[PlanMeasure] | type[PlanGoal], part_id: int) -> None:
    """Lock the child first, as whoever closes its case does: what is found after it is of a plan still in force."""
    of_part = select(SupportPlan.student_id).join(part, col(part.plan_id) == col(SupportPlan.id))
    lock_named(session, of_part.where(part.id == part_id))


def _lock(session: Session, row: Any, *, version: int | None) -> Any:  # a goal or a measure
    """Lock a goal or measure at the version its form was drawn from; a further note needs none."""
    if version is None:
        session.refresh(row, with_for_update={"key_share": True})
        return row
    try:
        return lock_version(session, type(row), row.id, version=version)
    except EditedMeanwhile as error:
        now = error.current
        words = "outcome_sealed" if isinstance(now, PlanMeasure) else "note_sealed"
        stored = {
            "id": now.id,
            "version": now.version,
            "outcome": now.state,
            "day": now.ended_on if isinstance(now, PlanMeasure) else now.judged_on,
            "text": unseal(now, words),
            "words": unseal(now, "text_sealed"),
        }
        raise EditedMeanwhile(stored, edited_by=last_editor(session, now)) from None
