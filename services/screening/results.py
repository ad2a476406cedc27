"""Results as the care room reads them: those that stand out, those to follow up, and one child's over time (H-04)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from db.aliases import shared_alias
from db.base import Labelled
from db.sealing import unseal
from db.tables import (
    AppUser,
    CareRecord,
    ClassMembership,
    Consent,
    ConsentAnswer,
    ConsentPurpose,
    SchoolClass,
    ScreeningResult,
    ScreeningRound,
    Student,
    TierSuggestion,
)
from services import audit, clock
from services.access import Permission, Scope, Subject, permitted, scopes_of
from services.actors import Actor
from services.calendar import SchoolCalendar, load_calendar
from services.errors import NotFound
from services.openings import is_noted
from services.paging import page_there
from services.regulations import deadlines
from services.regulations.deadlines import DutyState, state_at
from services.row_filters import classes_of, sees_students
from services.screening.corrections import is_corrected
from services.screening.known import known_scales
from services.screening.matching import scores_from_text
from services.screening.rounds import Term
from services.screening.scales import Judgement, Scale, Scores, judge, level_name
from services.students import GONE_FOR_GOOD, is_in_class, shown_class

PAGE_SIZE = 15
_Contact, _Owner = shared_alias(CareRecord), shared_alias(AppUser)


class ResultKind(Labelled):
    """Which results of a round."""

    FLAGGED = "flagged", "要谈的"
    HIGH = "high", "单项偏高"
    VOID = "void", "作废，要重测"
    ALL = "all", "全部"


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One result as lists show it."""

    id: int
    version: int
    student_id: int
    child: str
    class_label: str
    term: Term
    scale: str
    scale_name: str
    taken_on: date
    is_valid: bool
    level_name: str
    is_all_well: bool  # valid, and of its scale's lowest level
    rank: int
    is_urgent: bool
    needs_contact: bool
    high_count: int
    owner_id: int | None
    owner_name: str | None
    due_at: datetime | None  # None: it asks for nobody
    state: DutyState | None
    contact_id: int | None
    waits_for_decision: bool  # somebody has talked with the child; what tier it is, nobody has said yet
    asks_homeroom: bool
    consent: ConsentAnswer | None
    is_corrected: bool  # a later one of the same day counts

    @property
    def is_met(self) -> bool:
        """Whether somebody has talked with the child about it; an attempt, or a talk taken back, is none."""
        return self.state in (DutyState.MET, DutyState.MET_LATE)


@dataclass(frozen=True, slots=True)
class ResultPage:
    """One page of results."""

    rows: tuple[ResultRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class FullResult:
    """One result with its scores and what its scale makes of them; without them where the scale's file is gone."""

    row: ResultRow
    scale: Scale | None
    scores: Scores
    judgement: Judgement | None


@dataclass(frozen=True, slots=True)
class ChildResults:
    """One child's results, the newest first."""

    student_id: int
    child: str
    class_label: str
    results: tuple[FullResult, ...]
    is_opening_noted: bool


@dataclass(frozen=True, slots=True)
class LookAfter:
    """A child the homeroom teacher is asked to look after: no scale, no score."""

    student_id: int
    name: str
    class_label: str
    since: date


@permitted(Permission.SCREENING_WRITE)
def list_to_follow_up(session: Session, actor: Actor) -> list[ResultRow]:
    """Return with whom somebody still has to talk, or decide about, of any round, those due first; two statements.

    Of those due at the same moment the graver ones stand first. Of one child the result that is due first stands for
    the others, the oldest of those: one talk covers them all.
    """
    undecided = and_(col(TierSuggestion.id).is_not(None), col(TierSuggestion.ended_at).is_(None))
    wanted = [col(ScreeningResult.needs_contact), or_(is_open(), undecided)]
    rows = session.execute(listed(actor).where(*wanted, col(Student.state).not_in(GONE_FOR_GOOD)))
    found = rows_of(rows, calendar=load_calendar(session), now=clock.now())
    first: dict[tuple[int, bool], ResultRow] = {}
    for row in sorted(found, key=_due_first):
        first.setdefault((row.student_id, row.waits_for_decision), row)
    return sorted(first.values(), key=_gravest_of_a_day)


@permitted(Permission.SCREENING_WRITE)
def list_results(
    session: Session, actor: Actor, *, round_id: int, kind: ResultKind, page: int = 1, page_size: int = PAGE_SIZE
) -> ResultPage:
    """Return one page of a round's results, those that stand out most first; three statements."""
    conditions = [col(ScreeningResult.round_id) == round_id, *_of_kind(kind), sees_students(actor, Subject.SCREENING)]
    counted = select(func.count()).select_from(ScreeningResult).join(Student, _is_child()).where(*conditions)
    total = session.exec(counted).one()
    page = page_there(page, total=total, page_size=page_size)
    rows = session.execute(
        listed(actor)
        .where(*conditions)
        .order_by(
            col(ScreeningResult.is_urgent).desc(),
            col(ScreeningResult.rank).desc(),
            col(ScreeningResult.high_count).desc(),
            col(Student.name_order),
            col(ScreeningResult.id),
        )
        .limit(page_size)
        .offset((page - 1) * page_size)
    )
    return ResultPage(tuple(rows_of(rows, calendar=load_calendar(session), now=clock.now())), total)


@permitted(Permission.SCREENING_WRITE)
def find_child_results(session: Session, actor: Actor, *, student_id: int) -> ChildResults:
    """Return one child's results with their scores. Note that with `note_opening`.

    Raises:
        NotFound: there is no such child, or none whose scores this actor reads.
    """
    child = _child(session, actor, student_id)
    found = session.execute(
        listed(actor)
        .where(col(ScreeningResult.student_id) == student_id)
        .order_by(col(ScreeningResult.taken_on).desc(), col(ScreeningResult.id).desc())
    ).all()
    rows = rows_of(found, calendar=load_calendar(session), now=clock.now())
    scales = known_scales()
    return ChildResults(
        student_id=student_id,
        child=child.name,
        class_label=shown_class(child.grade, child.number, child.state),
        results=tuple(_full(result, row, scales.get(row.scale)) for (result, *_), row in zip(found, rows, strict=True)),
        is_opening_noted=is_noted(session, actor, audit.Action.SCREENING_OPENED, student_id=student_id),
    )


@permitted(Permission.SCREENING_WRITE)
def note_opening(session: Session, actor: Actor, *, student_id: int) -> None:
    """Note that the actor read a child's scores: once per person, child and 30 minutes.

    Raises:
        NotFound: there is no such child for this actor.
    """
    _child(session, actor, student_id)
    if not is_noted(session, actor, audit.Action.SCREENING_OPENED, student_id=student_id):
        audit.record(session, actor, audit.Action.SCREENING_OPENED, student_id=student_id)


@permitted(Permission.SCREENING_READ)
def list_to_look_after(session: Session, actor: Actor) -> list[LookAfter]:
    """Return the children of the own class whom the care room asks to look after; one statement.

    That somebody asked is all it tells: a score alone asks the homeroom teacher for nothing.
    """
    if Scope.PLEASE_LOOK_AFTER not in scopes_of(actor, Subject.SCREENING):
        return []
    rows = session.exec(
        select(Student, SchoolClass.grade, SchoolClass.number, func.max(ScreeningResult.homeroom_asked_at))
        .join(ScreeningResult, _is_child())
        .join(ClassMembership, is_in_class())
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id))
        .where(
            col(ScreeningResult.homeroom_asked_at).is_not(None),
            col(ClassMembership.class_id).in_(classes_of(actor)),
            col(Student.merged_into_id).is_(None),
        )
        .group_by(col(Student.id), col(SchoolClass.id))
        .order_by(col(SchoolClass.grade), col(SchoolClass.number), col(Student.name_order), col(Student.id))
    )
    return [
        LookAfter(child.id or 0, child.name, shown_class(grade, number, child.state), clock.local(since).date())
        for child, grade, number, since in rows
        if since is not None
    ]


# --- for the services of this package ---


def is_open(result: type[ScreeningResult] = ScreeningResult) -> ColumnElement[bool]:
    """Return the filter on results: somebody still has to talk with the child; an attempt is no contact (H-04)."""
    contacted = select(_Contact.id).where(
        col(_Contact.id) == col(result.contact_id),
        col(_Contact.is_done),
        col(_Contact.withdrawn_at).is_(None),
        col(_Contact.day) >= col(result.taken_on),  # it may have been amended since
    )
    return and_(
        col(result.needs_contact),
        or_(col(result.contact_id).is_(None), ~contacted.correlate(result).exists()),
    )


def was_tried() -> ColumnElement[bool]:
    """Return the filter on results nobody has talked about: somebody tried to; a record taken back is no attempt."""
    tried = select(_Contact.id).where(
        col(_Contact.id) == col(ScreeningResult.contact_id),
        col(_Contact.withdrawn_at).is_(None),
        col(_Contact.day) >= col(ScreeningResult.taken_on),
    )
    return tried.correlate(ScreeningResult).exists()


def is_talked_about() -> ColumnElement[bool]:
    """Return the filter on proposed tiers: the talk one was proposed after still counts (H-04)."""
    result = aliased(ScreeningResult)
    open_again = select(result.id).where(col(result.suggestion_id) == col(TierSuggestion.id), is_open(result))
    return ~open_again.correlate(TierSuggestion).exists()


def listed(actor: Actor) -> Any:  # a select of more columns than the stubs know
    """Return the query of results with everything a row shows of them, of children this actor reads scores of."""
    said = and_(
        col(Consent.student_id) == col(ScreeningResult.student_id),
        col(Consent.purpose) == ConsentPurpose.SCREENING,
        col(Consent.replaced_at).is_(None),
    )
    columns: list[Any] = [
        ScreeningResult,
        ScreeningRound,
        col(Student.name).label("child"),
        col(Student.state).label("child_state"),
        col(SchoolClass.grade).label("grade"),
        col(SchoolClass.number).label("number"),
        col(_Owner.display_name).label("owner_name"),
        col(_Contact.is_done).label("is_done"),
        col(_Contact.withdrawn_at).label("withdrawn_at"),
        col(_Contact.day).label("contact_day"),
        col(Consent.answer).label("consent"),
        col(TierSuggestion.id).label("suggestion_id"),
        col(TierSuggestion.ended_at).label("suggestion_ended_at"),
        is_corrected().label("is_corrected"),
    ]
    return (
        select(*columns)
        .select_from(ScreeningResult)
        .join(ScreeningRound, col(ScreeningRound.id) == col(ScreeningResult.round_id))
        .join(Student, _is_child())
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .join(_Owner, col(_Owner.id) == col(ScreeningResult.owner_id), isouter=True)
        .join(_Contact, col(_Contact.id) == col(ScreeningResult.contact_id), isouter=True)
        .join(Consent, said, isouter=True)
        .join(TierSuggestion, col(TierSuggestion.id) == col(ScreeningResult.suggestion_id), isouter=True)
        .where(sees_students(actor, Subject.SCREENING) if _reads_scores(actor) else col(Student.id).is_(None))
    )


def rows_of(found: Iterable[Any], *, calendar: SchoolCalendar, now: datetime) -> list[ResultRow]:
    """Return the rows of `listed` as lists show them."""
    scales = known_scales()
    return [_row(each, scales, calendar=calendar, now=now) for each in found]


def _due_first(row: ResultRow) -> tuple[bool, bool, datetime, date, int]:
    """Order what is to be followed up; what became known at the same moment by the day it was taken on."""
    due_at = row.due_at or datetime.max.replace(tzinfo=UTC)
    return row.waits_for_decision, not row.is_urgent, due_at, row.taken_on, row.id


def _gravest_of_a_day(row: ResultRow) -> tuple[bool, bool, datetime, int, date, int]:
    waits, is_calm, due_at, taken_on, number = _due_first(row)
    return waits, is_calm, due_at, -row.rank, taken_on, number


def _row(found: Any, scales: dict[str, Scale], *, calendar: SchoolCalendar, now: datetime) -> ResultRow:
    result: ScreeningResult = found[0]
    round_: ScreeningRound = found[1]
    scale = scales.get(round_.scale)
    due_at = due_of(result, calendar)
    state = _state(found, due_at, now)
    is_undecided = found.suggestion_id is not None and found.suggestion_ended_at is None
    return ResultRow(
        id=result.id or 0,
        version=result.version,
        student_id=result.student_id,
        child=found.child,
        class_label=shown_class(found.grade, found.number, found.child_state),
        term=Term(round_.school_year, round_.half),
        scale=round_.scale,
        scale_name=scale.short if scale else round_.scale,
        taken_on=result.taken_on,
        is_valid=result.is_valid,
        level_name=level_name(scale, result.level),
        is_all_well=result.is_valid and scale is not None and result.level == scale.levels[0].code,
        rank=result.rank,
        is_urgent=result.is_urgent,
        needs_contact=result.needs_contact,
        high_count=result.high_count,
        owner_id=result.owner_id,
        owner_name=found.owner_name,
        due_at=due_at,
        state=state,
        contact_id=result.contact_id,
        waits_for_decision=is_undecided and state in (DutyState.MET, DutyState.MET_LATE),
        asks_homeroom=result.homeroom_asked_at is not None,
        consent=found.consent,
        is_corrected=bool(found.is_corrected),
    )


def due_of(result: ScreeningResult, calendar: SchoolCalendar) -> datetime | None:
    """Return until when somebody has talked with the child; None where nobody has to."""
    if not result.needs_contact:
        return None
    return deadlines.screening_contact_due(known_at=result.recorded_at, is_urgent=result.is_urgent, calendar=calendar)


def _state(found: Any, due_at: datetime | None, now: datetime) -> DutyState | None:
    if due_at is None:
        return None
    is_made = found.contact_day is not None and found.withdrawn_at is None and found.contact_day >= found[0].taken_on
    if is_made and found.is_done:
        # A talk on the day it is due was in time, at whatever hour it is said to have been, and written down.
        return state_at(due_at=due_at, done_at=clock.at_school(found.contact_day, time(0)), now=now)
    if is_made and now <= due_at:
        return DutyState.TRIED
    return state_at(due_at=due_at, done_at=None, now=now)


def _of_kind(kind: ResultKind) -> list[ColumnElement[bool]]:
    match kind:
        case ResultKind.FLAGGED:
            return [col(ScreeningResult.needs_contact).is_(True)]
        case ResultKind.HIGH:
            return [
                col(ScreeningResult.is_valid).is_(True),
                col(ScreeningResult.needs_contact).is_(False),
                col(ScreeningResult.high_count) > 0,
                ~is_corrected(),
            ]
        case ResultKind.VOID:
            return [col(ScreeningResult.is_valid).is_(False), ~is_corrected()]
        case _:
            return []


def _full(result: ScreeningResult, row: ResultRow, scale: Scale | None) -> FullResult:
    scores = scores_from_text(unseal(result, "scores_sealed") or '{"total": 0}')
    judgement = judge(scale, scores) if scale else None
    return FullResult(row, scale, scores, judgement)


def _is_child() -> ColumnElement[bool]:
    return col(Student.id) == col(ScreeningResult.student_id)


def _reads_scores(actor: Actor) -> bool:
    return Scope.ALL in scopes_of(actor, Subject.SCREENING)


def _child(session: Session, actor: Actor, student_id: int) -> Any:
    found = session.execute(
        select(Student.name, Student.state, SchoolClass.grade, SchoolClass.number)
        .select_from(Student)
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .where(Student.id == student_id, sees_students(actor, Subject.SCREENING))
    ).first()
    if found is None or not _reads_scores(actor):
        raise NotFound
    return found
