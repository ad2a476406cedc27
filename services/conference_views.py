"""A case's conference as the case shows it: who is asked and who came, what was found, what was decided (D-08)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from db.base import JsonObject
from db.sealing import unseal
from db.tables import (
    AppUser,
    Case,
    CaseConference,
    CaseDecision,
    ConferenceParticipant,
    ConferenceVersion,
    DecisionState,
    Referral,
    Role,
)
from services import clock
from services.access import Permission, allows, permitted
from services.account_lists import StaffName
from services.actors import Actor
from services.calendar import END_OF_SCHOOL_DAY
from services.conference_people import people_to_ask
from services.errors import NotFound
from services.referrals import knows_of_abuse
from services.regulations.deadlines import Deadline, DutyState, state_at
from services.row_filters import sees_cases


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody who was asked to a conference, or came without; a guest has no account."""

    id: int
    name: str
    user_id: int | None
    is_invited: bool
    is_present: bool | None


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing a conference decided."""

    id: int
    version: int
    text: str | None
    owner_id: int
    owner_name: str
    owner_knows: bool  # else it was given to somebody before abuse was suspected
    due_on: date
    state: DecisionState
    step: Deadline
    ended_on: date | None
    ended_by: str | None
    note: str | None
    may_end: bool  # by this reader


@dataclass(frozen=True, slots=True)
class ConferenceView:
    """A conference as whoever may open its case reads it; `stored` is how its forms name its fields."""

    id: int
    version: int
    called_at: datetime
    planned_at: datetime | None
    place: str | None
    held_at: datetime | None
    findings: str | None
    conclusion: str | None
    recorded_at: datetime | None
    is_protected: bool
    may_write: bool
    may_decide: bool  # drops decisions, and ends those of others
    people: tuple[Attendee, ...]
    decisions: tuple[Decision, ...]
    stored: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RecordVersion:
    """How a record stood before somebody amended it."""

    held_at: datetime | None
    present: tuple[str, ...]
    findings: str | None
    conclusion: str | None
    ended_at: datetime
    ended_by: str | None


def read_conference(
    session: Session, actor: Actor, case: Case, conference: CaseConference, *, is_protected: bool
) -> ConferenceView:
    """Return the conference of a case the actor may open, two statements; for who has asked that."""
    people = read_people(session, conference.id or 0)
    return ConferenceView(
        id=conference.id or 0,
        version=conference.version,
        called_at=conference.called_at,
        planned_at=conference.planned_at,
        place=unseal(conference, "place_sealed"),
        held_at=conference.held_at,
        findings=unseal(conference, "findings_sealed"),
        conclusion=unseal(conference, "conclusion_sealed"),
        recorded_at=conference.recorded_at,
        is_protected=is_protected,
        may_write=allows(actor, Permission.CASE_READ),
        may_decide=leads_case(actor, case),
        people=people,
        decisions=_decisions(session, actor, case, conference, is_protected=is_protected),
        stored=as_stored(conference, people),
    )


def leads_case(actor: Actor, case: Case) -> bool:
    """Say whether somebody who may open a case answers for what it decided: its owner, or the head of the room."""
    return allows(actor, Permission.CASE_READ) and (actor.has_role(Role.LEAD) or case.owner_id == actor.user_id)


def read_people(session: Session, conference_id: int) -> tuple[Attendee, ...]:
    """Return who was asked to a conference and who came, those with accounts first; for who has asked the rest."""
    found = session.exec(
        select(ConferenceParticipant, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(ConferenceParticipant.user_id), isouter=True)
        .where(ConferenceParticipant.conference_id == conference_id)
        .order_by(col(ConferenceParticipant.id))
    ).all()
    people = [
        Attendee(row.id or 0, name or unseal(row, "guest_sealed") or "", row.user_id, row.is_invited, row.is_present)
        for row, name in found
    ]
    return tuple(sorted(people, key=lambda each: (not each.is_invited, each.user_id is None)))


def as_stored(conference: CaseConference, people: Sequence[Attendee]) -> dict[str, object]:
    """Return a conference as its forms name its fields: what they are drawn from, and the other side of a conflict."""
    planned = clock.local(conference.planned_at) if conference.planned_at else None
    held = clock.local(conference.held_at) if conference.held_at else None
    return {
        "id": conference.id,
        "version": conference.version,
        "planned_on": planned.date() if planned else None,
        "planned_time": planned.time() if planned else None,
        "place": unseal(conference, "place_sealed"),
        "participants": [each.user_id for each in people if each.is_invited and each.user_id is not None],
        "guests": "、".join(each.name for each in people if each.is_invited and each.user_id is None) or None,
        "held_on": held.date() if held else None,
        "held_time": held.time() if held else None,
        "present": [each.id for each in people if each.is_invited and each.is_present],
        "others": "、".join(each.name for each in people if not each.is_invited) or None,
        "findings": unseal(conference, "findings_sealed"),
        "conclusion": unseal(conference, "conclusion_sealed"),
    }


def decision_step(*, due_on: date, state: DecisionState, ended_on: date | None) -> Deadline:
    """Return a decision as a deadline: due when school ends on its day; done on that day still counts as in time."""
    due_at = clock.at_school(due_on, END_OF_SCHOOL_DAY)
    if state is DecisionState.DROPPED:
        return Deadline("D-08", due_at, DutyState.EXEMPT)
    done_at = clock.at_school(ended_on, END_OF_SCHOOL_DAY) if ended_on else None
    return Deadline("D-08", due_at, state_at(due_at=due_at, done_at=done_at, now=clock.now()))


def _decisions(
    session: Session, actor: Actor, case: Case, conference: CaseConference, *, is_protected: bool
) -> tuple[Decision, ...]:
    """Return what was decided: what is open by its due day, then what has ended; one statement."""
    owner, ender = aliased(AppUser), aliased(AppUser)
    knows = knows_of_abuse(user=owner).label("owner_knows")
    found: Sequence[Any] = session.exec(
        select(CaseDecision, col(owner.display_name).label("owner_name"), col(ender.display_name).label("ender"), knows)
        .join(owner, col(owner.id) == col(CaseDecision.owner_id))
        .join(ender, col(ender.id) == col(CaseDecision.ended_by_id), isouter=True)
        .where(CaseDecision.conference_id == conference.id)
        .order_by(col(CaseDecision.due_on), col(CaseDecision.id))
    ).all()
    answers_for = leads_case(actor, case)
    rows = [
        Decision(
            id=row.id or 0,
            version=row.version,
            text=unseal(row, "text_sealed"),
            owner_id=row.owner_id,
            owner_name=owner_name,
            owner_knows=bool(owner_knows) or not is_protected,
            due_on=row.due_on,
            state=row.state,
            step=decision_step(due_on=row.due_on, state=row.state, ended_on=row.ended_on),
            ended_on=row.ended_on,
            ended_by=ender_name,
            note=unseal(row, "note_sealed"),
            may_end=answers_for or row.owner_id == actor.user_id,
        )
        for row, owner_name, ender_name, owner_knows in found
    ]
    return tuple(sorted(rows, key=lambda each: each.state is not DecisionState.OPEN))


@permitted(Permission.CASE_READ)
def list_people_to_ask(session: Session, actor: Actor, *, conference_id: int) -> dict[int, StaffName]:
    """Return who may be asked to a conference, and be given what it decides, by id.

    Raises:
        NotFound: there is none in a case this actor may open.
    """
    found = session.exec(_of_conference(actor, conference_id)).first()
    if found is None:
        raise NotFound
    return people_to_ask(session, actor, is_suspected_abuse=found.is_suspected_abuse)


@permitted(Permission.CASE_READ, Permission.ABUSE_HANDLE)
def list_record_versions(session: Session, actor: Actor, *, conference_id: int) -> list[RecordVersion]:
    """Return how a conference's record stood before each amendment, the latest first; two statements.

    Raises:
        NotFound: there is none in a case this actor may open.
    """
    if session.exec(_of_conference(actor, conference_id)).first() is None:
        raise NotFound
    found = session.exec(
        select(ConferenceVersion, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(ConferenceVersion.ended_by_id), isouter=True)
        .where(ConferenceVersion.conference_id == conference_id)
        .order_by(col(ConferenceVersion.number).desc())
    ).all()
    return [_version(row, name) for row, name in found]


def _of_conference(actor: Actor, conference_id: int) -> Any:  # a Select of a case, and of the mark on it
    return (
        select(Case.id, Referral.is_suspected_abuse)
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .join(CaseConference, col(CaseConference.case_id) == col(Case.id))
        .where(CaseConference.id == conference_id, sees_cases(actor))
    )


def _version(row: ConferenceVersion, ended_by: str | None) -> RecordVersion:
    content: JsonObject = json.loads(unseal(row, "content_sealed") or "{}")
    held_at = content.get("held_at")
    return RecordVersion(
        held_at=datetime.fromisoformat(held_at) if held_at else None,
        present=tuple(content.get("present") or ()),
        findings=content.get("findings"),
        conclusion=content.get("conclusion"),
        ended_at=row.ended_at,
        ended_by=ended_by,
    )
