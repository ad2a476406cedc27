"""What a conference decided: each with an owner and a due day, carried out or dropped with a word about it (D-08).

Whoever is to do it reads its own words and may say it is done, whatever the case's other words are to them: of whether
the child was marked afterwards nothing here depends (docs/decisions/0018, 0025).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, false, or_, select

from db.sealing import seal, unseal
from db.tables import AppUser, Case, CaseConference, CaseDecision, DecisionState, Referral, Role, Student
from services import audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.case_stages import require_open
from services.conference_people import check_doer
from services.conference_views import decision_step, leads_case
from services.editing import last_editor, lock_version
from services.errors import EditedMeanwhile, FieldErrors, NotFound, Problem
from services.fields import LINE, LONG, Checker, clean
from services.regulations.deadlines import Deadline
from services.row_filters import sees_cases, sees_students
from services.tier_rows import can_no_more

MOST_AT_ONCE = 20
FURTHEST_DAYS = 366


@dataclass(frozen=True, slots=True)
class DecisionEntry:
    """One thing decided, as typed."""

    text: str | None
    owner_id: int | None
    due_on: date | None

    @property
    def is_blank(self) -> bool:
        """Whether nothing of it was typed: a line of the form nobody needed."""
        return clean(self.text) is None and self.owner_id is None and self.due_on is None


@dataclass(frozen=True, slots=True)
class EndEntry:
    """How a decision ended, as typed."""

    outcome: DecisionState | None
    ended_on: date | None
    note: str | None


@dataclass(frozen=True, slots=True)
class OwnDecision:
    """One decision as whoever carries it out reads it: its own words, and of the case only what they may know."""

    id: int
    version: int
    text: str | None
    due_on: date
    step: Deadline
    state: DecisionState
    child: str | None
    case_id: int | None
    held_at: datetime | None
    owner_name: str
    decided_by: str | None  # whom to ask; the owner of the case changes when the child is marked, and would tell
    may_drop: bool
    note: str | None


def check_entries(
    session: Session,
    check: Checker,
    entries: Sequence[DecisionEntry],
    *,
    not_before: date | None,
    is_suspected_abuse: bool,
) -> None:
    """Check the decisions of one record; the fields of the n-th are called `decision_n_…`, from 0; blank ones pass."""
    if len(entries) > MOST_AT_ONCE:
        check.add("decision_0_text", "too_many_decisions", limit=MOST_AT_ONCE)
    for place, entry in enumerate(entries[:MOST_AT_ONCE]):
        if not entry.is_blank:
            _check(session, check, f"decision_{place}_", entry, not_before, is_suspected_abuse=is_suspected_abuse)


def _check(
    session: Session,
    check: Checker,
    prefix: str,
    entry: DecisionEntry,
    not_before: date | None,
    *,
    is_suspected_abuse: bool,
) -> str:
    """Check one decision and return its words, tidied."""
    text = check.required_text(f"{prefix}text", entry.text, limit=LONG)
    check_doer(session, check, f"{prefix}owner_id", entry.owner_id, is_suspected_abuse=is_suspected_abuse)
    if entry.due_on is None:
        check.add(f"{prefix}due_on", "required")
    elif not_before is not None and entry.due_on < not_before:
        check.add(f"{prefix}due_on", "before_held", day=not_before)
    elif entry.due_on > clock.today() + timedelta(days=FURTHEST_DAYS):
        check.add(f"{prefix}due_on", "too_far", day=entry.due_on)
    return text


def add_decision(
    session: Session, actor: Actor, case: Case, conference: CaseConference, entry: DecisionEntry
) -> CaseDecision:
    """Add one decision that was checked."""
    decision = CaseDecision(
        conference_id=conference.id or 0,
        owner_id=entry.owner_id or 0,
        due_on=entry.due_on or clock.today(),
        decided_by_id=actor.user_id,
        recorded_at=clock.now(),
    )
    seal(decision, "text_sealed", Checker().text("text", entry.text, limit=LONG))
    session.add(decision)
    session.flush()  # the event names it
    _note(session, actor, audit.Action.DECISION_SAVED, decision, case)
    return decision


@permitted(Permission.CASE_READ)
def save_decision(
    session: Session,
    actor: Actor,
    *,
    conference_id: int,
    entry: DecisionEntry,
    decision_id: int | None = None,
    version: int | None = None,
) -> None:
    """Add a decision to a conference that was held, or change one that is still open.

    Raises:
        NotFound: there is no such conference in a case this actor may open, or no such open decision of it.
        CaseClosed: the case is closed.
        FieldErrors: words, owner or day are missing or can't be.
        EditedMeanwhile: somebody changed or ended it since the form was drawn.
    """
    found = session.exec(
        select(Case, Referral.is_suspected_abuse, CaseConference)
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .join(CaseConference, col(CaseConference.case_id) == col(Case.id))
        .where(CaseConference.id == conference_id, col(CaseConference.held_at).is_not(None), sees_cases(actor))
        .with_for_update(of=Case)  # it may be closed in this moment
    ).first()
    if found is None:
        raise NotFound
    case, is_protected, conference = found
    require_open(case)
    check = Checker()
    held_on = clock.local(conference.held_at).date() if conference.held_at else None
    text = _check(session, check, "", entry, held_on, is_suspected_abuse=is_protected)
    check.finish()
    if decision_id is None:
        add_decision(session, actor, case, conference, entry)
        return
    decision = _lock(session, decision_id, version=version or 0)
    if decision.conference_id != conference_id or decision.state is not DecisionState.OPEN:
        raise NotFound
    seal(decision, "text_sealed", text)
    decision.owner_id, decision.due_on = entry.owner_id or 0, entry.due_on or decision.due_on
    session.add(decision)
    _note(session, actor, audit.Action.DECISION_SAVED, decision, case)


@permitted(Permission.DECISION_FOLLOW)
def find_decision(session: Session, actor: Actor, *, decision_id: int) -> OwnDecision:
    """Return one decision that is this person's to end, with its words; one statement.

    Raises:
        NotFound: there is none.
    """
    found = session.exec(_to_end(actor, decision_id)).first()
    if found is None:
        raise NotFound
    decision: CaseDecision = found[0]
    return OwnDecision(
        id=decision.id or 0,
        version=decision.version,
        text=unseal(decision, "text_sealed"),
        due_on=decision.due_on,
        step=decision_step(due_on=decision.due_on, state=decision.state, ended_on=decision.ended_on),
        state=decision.state,
        child=found.child if found.may_name or found.may_open else None,
        case_id=found[1].id if found.may_open else None,
        held_at=found.held_at,
        owner_name=found.owner_name,
        decided_by=found.decided_by,
        may_drop=bool(found.may_open) and leads_case(actor, found[1]),
        note=unseal(decision, "note_sealed"),
    )


@permitted(Permission.DECISION_FOLLOW)
def end_decision(session: Session, actor: Actor, *, decision_id: int, version: int, entry: EndEntry) -> None:
    """Say that a decision was carried out, or, for who answers for the case, that it need not be any more.

    Raises:
        NotFound: there is none that is this person's to end.
        FieldErrors: the day or the word about it is missing or can't be.
        EditedMeanwhile: somebody changed or ended it since the form was drawn.
    """
    found = _find_to_end(session, actor, decision_id)
    case, held_at = found[1], found.held_at
    check = Checker()
    allowed = {DecisionState.DONE, DecisionState.DROPPED} if found.may_open and leads_case(actor, case) else {
        DecisionState.DONE
    }  # fmt: skip
    if entry.outcome not in allowed:
        check.add("outcome", "unknown_choice")
    note = check.required_text("note", entry.note, limit=LINE)
    if entry.ended_on is None:
        check.add("ended_on", "required")
    else:
        check.not_future("ended_on", entry.ended_on, today=clock.today())
        if held_at is not None and entry.ended_on < (held_on := clock.local(held_at).date()):
            check.add("ended_on", "before_held", day=held_on)
    check.finish()
    decision = _lock(session, decision_id, version=version)
    if decision.state is not DecisionState.OPEN:
        raise NotFound
    decision.state, decision.ended_on = entry.outcome or DecisionState.DONE, entry.ended_on
    decision.ended_by_id, decision.ended_at = actor.id_of_staff, clock.now()
    seal(decision, "note_sealed", note)
    session.add(decision)
    _note(session, actor, audit.Action.DECISION_ENDED, decision, case)


@permitted(Permission.DECISION_FOLLOW)
def reopen_decision(session: Session, actor: Actor, *, decision_id: int, version: int) -> None:
    """Take back that a decision has ended; the word about it stays until it ends again.

    Raises:
        NotFound: there is none that is this person's to end, or it has not ended.
        FieldErrors: only who answers for the case takes back that it need not be done.
        EditedMeanwhile: somebody changed it since it was seen.
    """
    found = _find_to_end(session, actor, decision_id)
    if found[0].state is DecisionState.DROPPED and not (found.may_open and leads_case(actor, found[1])):
        raise FieldErrors({"outcome": Problem("unknown_choice")})
    decision = _lock(session, decision_id, version=version)
    if decision.state is DecisionState.OPEN:
        raise NotFound
    decision.state, decision.ended_on, decision.ended_by_id, decision.ended_at = DecisionState.OPEN, None, None, None
    session.add(decision)
    _note(session, actor, audit.Action.DECISION_REOPENED, decision, found[1])


def owes_decision(actor: Actor) -> ColumnElement[bool]:
    """Return the filter on open decisions, joined with Case and Referral, that this person is to carry out.

    One whose owner is gone falls to who answers for the case. That the case itself was closed changes
    nothing: what was decided is carried out or dropped, not forgotten.
    """
    gone = can_no_more(col(CaseDecision.owner_id), Permission.DECISION_FOLLOW)
    mine = col(CaseDecision.owner_id) == actor.user_id
    return and_(col(CaseDecision.state) == DecisionState.OPEN, or_(mine, and_(gone, _answers_for(actor))))


def _answers_for(actor: Actor) -> ColumnElement[bool]:
    if actor.has_role(Role.LEAD):
        return sees_cases(actor)
    if not actor.has_role(Role.COUNSELLOR):
        return false()
    return and_(col(Case.owner_id) == actor.user_id, sees_cases(actor))


def _to_end(actor: Actor, decision_id: int) -> Any:  # a Select of more columns than its stubs can type
    owner, writer = aliased(AppUser), aliased(AppUser)
    columns: list[Any] = [
        CaseDecision,
        Case,
        CaseConference.held_at,
        col(Student.name).label("child"),
        col(owner.display_name).label("owner_name"),
        col(writer.display_name).label("decided_by"),
        sees_students(actor).label("may_name"),
        sees_cases(actor).label("may_open"),
    ]
    return (
        select(*columns)
        .select_from(CaseDecision)
        .join(CaseConference, col(CaseConference.id) == col(CaseDecision.conference_id))
        .join(Case, col(Case.id) == col(CaseConference.case_id))
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .join(Student, col(Student.id) == col(Case.student_id))
        .join(owner, col(owner.id) == col(CaseDecision.owner_id))
        .join(writer, col(writer.id) == col(CaseDecision.decided_by_id), isouter=True)
        .where(CaseDecision.id == decision_id, or_(col(CaseDecision.owner_id) == actor.user_id, _answers_for(actor)))
    )


def _find_to_end(session: Session, actor: Actor, decision_id: int) -> Any:  # a row of `_to_end`
    found = session.exec(_to_end(actor, decision_id)).first()
    if found is None:
        raise NotFound
    return found


def _lock(session: Session, decision_id: int, *, version: int) -> CaseDecision:
    try:
        return lock_version(session, CaseDecision, decision_id, version=version)
    except EditedMeanwhile as error:
        row: CaseDecision = error.current
        stored = {
            "id": row.id,
            "version": row.version,
            "text": unseal(row, "text_sealed"),
            "owner_id": row.owner_id,
            "due_on": row.due_on,
            "state": row.state,
            "ended_on": row.ended_on,
            "note": unseal(row, "note_sealed"),
        }
        raise EditedMeanwhile(stored, edited_by=last_editor(session, row)) from None


def _note(session: Session, actor: Actor, action: audit.Action, decision: CaseDecision, case: Case) -> None:
    audit.record(session, actor, action, target=decision, student_id=case.student_id)
