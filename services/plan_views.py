"""A support plan as its page shows it: what is in force, what waits, what became of it, and every version before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, func, select

from db.sealing import unseal
from db.tables import (
    AppUser,
    Case,
    ClassMembership,
    GoalState,
    MeasureDomain,
    MeasureRhythm,
    MeasureState,
    PlanGoal,
    PlanKind,
    PlanMeasure,
    PlanState,
    PlanVersion,
    Referral,
    Role,
    SchoolClass,
    Severity,
    Student,
    SupportPlan,
)
from services import audit, plan_answers, plan_contents
from services.access import Permission, allows, permitted
from services.actors import Actor
from services.classes import class_label
from services.errors import NotFound
from services.measures import NoteLine, notes_of
from services.openings import is_noted, noted_of, waits_to_be_noted
from services.plan_contents import Difference, PlanEntry
from services.plans import Place
from services.referrals import knows_of_abuse
from services.row_filters import grounds_for, sees_plans, sees_students
from services.students import is_in_class


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version: what it says, by whom, and what became of it."""

    number: int
    state: PlanState
    entry: PlanEntry
    written_by: str | None
    written_at: datetime
    submitted_at: datetime | None
    answered_by: str | None
    answered_at: datetime | None
    answer: str | None
    in_force_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None


@dataclass(frozen=True, slots=True)
class GoalView:
    """One goal of the plan in force."""

    id: int
    version: int
    text: str | None
    sign: str | None
    state: GoalState
    judged_on: date | None
    note: str | None


@dataclass(frozen=True, slots=True)
class MeasureView:
    """One measure of the plan in force, with what was noted of it."""

    id: int
    version: int
    domain: MeasureDomain
    text: str | None
    responsible_id: int
    responsible_name: str
    responsible_knows: bool  # else it was given to somebody before abuse was suspected
    starts_on: date
    ends_on: date
    rhythm: MeasureRhythm
    state: MeasureState
    ended_on: date | None
    outcome: str | None
    notes: tuple[NoteLine, ...]


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan as its reader may know it; who is only asked to approve it reads the version that waits, and no more."""

    id: int
    version: int
    kind: PlanKind
    student_id: int
    case_id: int | None
    child: str | None
    class_label: str | None
    owner_name: str
    severity: Severity | None
    is_protected: bool
    current: VersionView | None
    pending: VersionView | None  # a draft, submitted, or just returned
    versions: tuple[VersionView, ...]  # the latest first
    goals: tuple[GoalView, ...]
    measures: tuple[MeasureView, ...]
    names: Mapping[int, str]  # of who is named in any version
    answerers: tuple[str, ...]  # who is asked for the yes
    may_write: bool
    may_answer: bool
    may_end: bool
    asks_reason: bool
    is_opening_noted: bool

    @property
    def needs_approval(self) -> bool:
        """Whether somebody else has to say yes to it."""
        return self.severity is Severity.SERIOUS

    @property
    def latest(self) -> VersionView | None:
        """What a form goes on from."""
        return self.pending or self.current or (self.versions[0] if self.versions else None)


@permitted(Permission.CASE_READ, Permission.ABUSE_HANDLE, Permission.PLAN_ANSWER)
def find_plan(
    session: Session,
    actor: Actor,
    *,
    plan_id: int | None = None,
    case_id: int | None = None,
    with_parts: bool = True,
) -> PlanView:
    """Return a plan by its own number or its case's; `with_parts`: with what came of its goals and measures.

    Six statements, and who answers it where it waits. Note the opening with `note_opening`.

    Raises:
        NotFound: there is none this actor may open, or is asked to approve.
    """
    about = SupportPlan.id == plan_id if plan_id is not None else SupportPlan.case_id == case_id
    found = session.exec(_detailed(actor).where(about)).first()
    if found is None:
        raise NotFound
    plan, case = found[0], found[1]
    place = Place(plan.student_id, case, bool(found.is_protected), plan)
    may_read = bool(found.may_read)
    versions = _versions(session, plan.id or 0)
    waiting = next((row for row, _ in versions if row.state is PlanState.SUBMITTED), None)
    answerers = plan_answers.who_answers(session, actor, waiting, place) if waiting else ()
    may_answer = any(user_id == actor.user_id for user_id, _ in answerers)
    if not (may_read or may_answer):
        raise NotFound
    if not may_read:  # the request shows exactly what the yes needs
        versions = [each for each in versions if each[0] is waiting]
    return _view(session, actor, found, place, versions, answerers, may_read=may_read, with_parts=with_parts)


def _view(
    session: Session, actor: Actor, found: Any, place: Place, versions: "_Versions",
    answerers: Sequence[tuple[int, str]], *, may_read: bool, with_parts: bool,
) -> PlanView:  # fmt: skip
    plan, case = found[0], found[1]
    entries = {row.number: plan_contents.from_version(row) for row, _ in versions}
    names = _names(session, versions, entries.values())
    views = tuple(_version(row, author, entries[row.number], names) for row, author in versions)
    current = next((each for each in views if each.state is PlanState.IN_FORCE), None)
    pending = views[0] if views and views[0].state in _PENDING else None
    is_open = case is None or case.closed_at is None
    may_write = may_read and is_open and allows(actor, Permission.CASE_READ)
    is_serious = place.needs_approval
    shows_parts = with_parts and may_read and current is not None
    return PlanView(
        id=plan.id or 0,
        version=plan.version,
        kind=plan.kind,
        student_id=plan.student_id,
        case_id=plan.case_id if may_read else None,
        child=found.child if may_read or found.may_name else None,
        class_label=class_label(found.grade, found.number) if found.grade and (may_read or found.may_name) else None,
        owner_name=found.owner_name,
        severity=case.severity if case else None,
        is_protected=place.is_protected and may_read,
        current=current,
        pending=pending,
        versions=views,
        goals=_goals(session, plan.id or 0) if shows_parts else (),
        measures=_measures(session, plan.id or 0, is_protected=place.is_protected) if shows_parts else (),
        names=names,
        answerers=tuple(name for _, name in answerers),
        may_write=may_write,
        may_answer=any(user_id == actor.user_id for user_id, _ in answerers),
        may_end=may_write and current is not None and (not is_serious or actor.has_role(Role.LEAD)),
        asks_reason=any(each.in_force_at or each.answered_at for each in views),
        is_opening_noted=bool(found.is_noted)
        or waits_to_be_noted(session, actor, audit.Action.PLAN_OPENED, record=(SupportPlan, plan.id or 0)),
    )


_PENDING = frozenset({PlanState.DRAFT, PlanState.SUBMITTED, PlanState.RETURNED})
_Versions = list[tuple[PlanVersion, str | None]]


@permitted(Permission.CASE_READ, Permission.ABUSE_HANDLE, Permission.PLAN_ANSWER)
def note_opening(session: Session, actor: Actor, *, plan_id: int) -> None:
    """Note that the actor opened a plan's words: once per person, plan and 30 minutes.

    Raises:
        NotFound: there is none this actor may open, or is asked to approve.
    """
    # The row is locked, so that two tabs of one person don't both note it.
    plan = session.exec(select(SupportPlan).where(SupportPlan.id == plan_id).with_for_update(of=SupportPlan)).first()
    if plan is None:
        raise NotFound
    if session.exec(_detailed(actor).where(SupportPlan.id == plan_id)).one().may_read is not True:
        plan_answers.find_waiting(session, actor, plan_id)
    if not is_noted(session, actor, audit.Action.PLAN_OPENED, record=(SupportPlan, plan_id)):
        grounds = grounds_for(session, actor, student_id=plan.student_id)
        audit.record(session, actor, audit.Action.PLAN_OPENED, target=plan, student_id=plan.student_id, grounds=grounds)


def compare(view: PlanView, before: int, after: int) -> list[Difference]:
    """Return what the later of two versions of a plan has otherwise, field by field."""
    entries = {each.number: each.entry for each in view.versions}
    return plan_contents.differences(entries[before], entries[after], names=view.names)


def _owner() -> Any:  # a column
    """Return who answers for a plan: the owner of its case, else who made it."""
    return func.coalesce(col(Case.owner_id), col(SupportPlan.owner_id))


def _detailed(actor: Actor) -> Any:  # a Select of more columns than its stubs can type
    columns: list[Any] = [
        SupportPlan,
        Case,
        col(Student.name).label("child"),
        SchoolClass.grade,
        SchoolClass.number,
        col(AppUser.display_name).label("owner_name"),
        col(Referral.is_suspected_abuse).label("is_protected"),
        sees_students(actor).label("may_name"),
        sees_plans(actor).label("may_read"),
        noted_of(actor, audit.Action.PLAN_OPENED, SupportPlan, col(SupportPlan.id)).label("is_noted"),
    ]
    return (
        select(*columns)
        .select_from(SupportPlan)
        .join(Case, col(Case.id) == col(SupportPlan.case_id), isouter=True)
        .join(Referral, col(Referral.id) == col(Case.referral_id), isouter=True)
        .join(Student, col(Student.id) == col(SupportPlan.student_id))
        .join(AppUser, col(AppUser.id) == _owner())
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
    )


def _versions(session: Session, plan_id: int) -> _Versions:
    found = session.exec(
        select(PlanVersion, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(PlanVersion.written_by_id), isouter=True)
        .where(PlanVersion.plan_id == plan_id)
        .order_by(col(PlanVersion.number).desc())
    )
    return [(row, name) for row, name in found]


def _names(session: Session, versions: "_Versions", entries: Iterable[PlanEntry]) -> dict[int, str]:
    """Return who is named in any version, by id."""
    named = {row.answered_by_id for row, _ in versions}
    named |= {measure.responsible_id for entry in entries for measure in entry.measures}
    found = session.exec(select(AppUser).where(col(AppUser.id).in_(named - {None})))
    return {user.id or 0: user.display_name for user in found}


def _version(row: PlanVersion, author: str | None, entry: PlanEntry, names: Mapping[int, str]) -> VersionView:
    return VersionView(
        number=row.number,
        state=row.state,
        entry=entry,
        written_by=author,
        written_at=row.written_at,
        submitted_at=row.submitted_at,
        answered_by=names.get(row.answered_by_id or 0),
        answered_at=row.answered_at,
        answer=unseal(row, "answer_sealed"),
        in_force_at=row.in_force_at,
        ended_at=row.ended_at,
        end_reason=unseal(row, "end_reason_sealed"),
    )


def _goals(session: Session, plan_id: int) -> tuple[GoalView, ...]:
    rows = session.exec(
        select(PlanGoal)
        .where(PlanGoal.plan_id == plan_id, col(PlanGoal.left_at).is_(None))
        .order_by(col(PlanGoal.place), col(PlanGoal.id))
    )
    return tuple(
        GoalView(row.id or 0, row.version, unseal(row, "text_sealed"), unseal(row, "sign_sealed"), row.state,
                 row.judged_on, unseal(row, "note_sealed"))
        for row in rows
    )  # fmt: skip


def _measures(session: Session, plan_id: int, *, is_protected: bool) -> tuple[MeasureView, ...]:
    rows = session.exec(
        select(PlanMeasure, AppUser.display_name, knows_of_abuse().label("knows"))
        .join(AppUser, col(AppUser.id) == col(PlanMeasure.responsible_id))
        .where(PlanMeasure.plan_id == plan_id, col(PlanMeasure.left_at).is_(None))
        .order_by(col(PlanMeasure.place), col(PlanMeasure.id))
    ).all()
    notes = notes_of(session, [row.id or 0 for row, _, _ in rows])
    return tuple(
        MeasureView(
            id=row.id or 0,
            version=row.version,
            domain=row.domain,
            text=unseal(row, "text_sealed"),
            responsible_id=row.responsible_id,
            responsible_name=name,
            responsible_knows=bool(knows) or not is_protected,
            starts_on=row.starts_on,
            ends_on=row.ends_on,
            rhythm=row.rhythm,
            state=row.state,
            ended_on=row.ended_on,
            outcome=unseal(row, "outcome_sealed"),
            notes=notes.get(row.id or 0, ()),
        )
        for row, name, knows in rows
    )
