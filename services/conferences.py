"""Planning a conference and writing down what it found: by two editors' rule, with the earlier text kept (D-08)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlmodel import Session, col, select

from db.sealing import seal, unseal
from db.tables import Case, CaseConference, ConferenceParticipant, ConferenceVersion, Referral
from services import audit, clock, decisions
from services.access import Permission, permitted
from services.actors import Actor
from services.case_stages import require_open
from services.conference_people import LEAST_PARTICIPANTS, check_guests, check_people
from services.conference_views import Attendee, as_stored, read_people
from services.decisions import DecisionEntry
from services.editing import last_editor, lock_version
from services.errors import DomainError, EditedMeanwhile, NotFound
from services.fields import LINE, LONG, Checker
from services.row_filters import sees_cases

FURTHEST_DAYS = 366


class ConferenceHeld(DomainError):
    """It was held already: who is asked to it, and when, is settled."""


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """When and where a conference is to be, and who is asked; the whole list of them."""

    planned_on: date | None
    planned_time: time | None
    place: str | None
    participant_ids: frozenset[int]
    guests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordEntry:
    """What was written down of a conference: who came of those asked, who else, what was found and concluded."""

    held_on: date | None
    held_time: time | None
    present_ids: frozenset[int]  # of participants, not of accounts
    others: tuple[str, ...]
    findings: str | None
    conclusion: str | None
    decisions: tuple[DecisionEntry, ...] = ()


@permitted(Permission.CASE_READ)
def plan_conference(session: Session, actor: Actor, *, conference_id: int, version: int, entry: PlanEntry) -> None:
    """Settle day, time and place of a conference, and who is asked to it (D-08).

    Raises:
        NotFound: there is none in a case this actor may open.
        CaseClosed: the case is closed.
        ConferenceHeld: it was held already.
        FieldErrors: the moment is gone or half given, the place is too long, or the wrong people are named.
        EditedMeanwhile: somebody changed it since the form was drawn.
    """
    case, is_protected, before = _find(session, actor, conference_id)
    require_open(case)
    check = Checker()
    planned_at = _planned_at(check, before, entry)
    place = check.text("place", entry.place, limit=LINE)
    guests = check_people(session, check, entry.participant_ids, entry.guests, is_suspected_abuse=is_protected)
    check.finish()
    conference = _lock(session, conference_id, version=version)
    if conference.held_at is not None:
        raise ConferenceHeld
    conference.planned_at = planned_at
    seal(conference, "place_sealed", place)
    session.add(conference)
    _ask(session, conference_id, entry.participant_ids, guests)
    audit.record(
        session,
        actor,
        audit.Action.CONFERENCE_PLANNED,
        target=conference,
        student_id=case.student_id,
        participants=len(entry.participant_ids) + len(guests),
    )


@permitted(Permission.CASE_READ)
def record_conference(session: Session, actor: Actor, *, conference_id: int, version: int, entry: RecordEntry) -> None:
    """Write down that a conference was held and what it found, or amend that (D-08).

    What stood there before an amendment is kept. What was decided is added to what is there.

    Raises:
        NotFound: there is none in a case this actor may open.
        CaseClosed: the case is closed, and this would be new to it.
        FieldErrors: a part is missing or too long, the moment can't be, or nobody was there.
        EditedMeanwhile: somebody changed it since the form was drawn.
    """
    case, is_protected, before = _find(session, actor, conference_id)
    if before.recorded_at is None or any(not each.is_blank for each in entry.decisions):
        require_open(case)  # what was written before can be put right; nothing new begins
    check = Checker()
    held_at = _held_at(check, before, entry)
    findings = check.required_text("findings", entry.findings, limit=LONG)
    conclusion = check.required_text("conclusion", entry.conclusion, limit=LONG)
    people = read_people(session, conference_id)
    others = check_guests(session, check, "others", entry.others, is_suspected_abuse=is_protected)
    _check_present(check, people, entry.present_ids, len(others))
    decisions.check_entries(session, check, entry.decisions, not_before=entry.held_on, is_suspected_abuse=is_protected)
    check.finish()
    conference = _lock(session, conference_id, version=version)
    is_amended = conference.recorded_at is not None
    if is_amended:
        _keep(session, actor, conference, people)
    conference.held_at = held_at
    if not is_amended:
        conference.recorded_by_id, conference.recorded_at = actor.id_of_staff, clock.now()
    seal(conference, "findings_sealed", findings)
    seal(conference, "conclusion_sealed", conclusion)
    _note_present(session, conference_id, entry.present_ids, others)
    session.add(conference)
    action = audit.Action.CONFERENCE_AMENDED if is_amended else audit.Action.CONFERENCE_HELD
    audit.record(session, actor, action, target=conference, student_id=case.student_id)
    for decision in entry.decisions:
        if not decision.is_blank:
            decisions.add_decision(session, actor, case, conference, decision)


def _find(session: Session, actor: Actor, conference_id: int) -> tuple[Case, bool, CaseConference]:
    """Return the case of a conference, whether abuse is suspected, and the conference as it stands."""
    found = session.exec(
        select(Case, Referral.is_suspected_abuse, CaseConference)
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .join(CaseConference, col(CaseConference.case_id) == col(Case.id))
        .where(CaseConference.id == conference_id, sees_cases(actor))
        .with_for_update(of=Case)  # its stage follows from this
    ).first()
    if found is None:
        raise NotFound
    return found[0], found[1], found[2]


def _lock(session: Session, conference_id: int, *, version: int) -> CaseConference:
    try:
        return lock_version(session, CaseConference, conference_id, version=version)
    except EditedMeanwhile as error:
        stored = as_stored(error.current, read_people(session, conference_id))
        raise EditedMeanwhile(stored, edited_by=last_editor(session, error.current)) from None


def _planned_at(check: Checker, before: CaseConference, entry: PlanEntry) -> datetime | None:
    """Return when it is to be; nothing where neither day nor time is known yet."""
    if entry.planned_on is None and entry.planned_time is None:
        return None
    if entry.planned_on is None or entry.planned_time is None:
        check.add("planned_on" if entry.planned_on is None else "planned_time", "required")
        return None
    planned_at = clock.at_school(entry.planned_on, entry.planned_time)
    if planned_at != before.planned_at and planned_at < clock.now():
        check.add("planned_on", "planned_past")
    if entry.planned_on > clock.today() + timedelta(days=FURTHEST_DAYS):
        check.add("planned_on", "too_far", day=entry.planned_on)
    return planned_at


def _held_at(check: Checker, before: CaseConference, entry: RecordEntry) -> datetime | None:
    if entry.held_on is None or entry.held_time is None:
        check.add("held_on" if entry.held_on is None else "held_time", "required")
        return None
    held_at = clock.at_school(entry.held_on, entry.held_time)
    called_on = clock.local(before.called_at).date()
    if held_at > clock.now():
        check.add("held_on", "future", day=entry.held_on)
    elif entry.held_on < called_on:
        check.add("held_on", "before_called", day=called_on)
    return held_at


def _check_present(check: Checker, people: Sequence[Attendee], present_ids: frozenset[int], others: int) -> None:
    """One alone does not confer; who is ticked was asked."""
    if not present_ids <= {each.id for each in people if each.is_invited}:
        check.add("present", "unknown")
    if len(present_ids) + others < LEAST_PARTICIPANTS:
        check.add("present", "too_few_there", limit=LEAST_PARTICIPANTS)


def _ask(session: Session, conference_id: int, participant_ids: frozenset[int], guests: Sequence[str]) -> None:
    """Let exactly these be asked; who stays keeps the row."""
    rows = _participants(session, conference_id)
    for row in rows:
        if row.user_id not in participant_ids if row.user_id is not None else True:
            session.delete(row)
    session.flush()
    for user_id in sorted(participant_ids - {row.user_id for row in rows}):
        session.add(ConferenceParticipant(conference_id=conference_id, user_id=user_id))
    _add_guests(session, conference_id, guests, is_invited=True)
    session.flush()


def _note_present(session: Session, conference_id: int, present_ids: frozenset[int], others: Sequence[str]) -> None:
    for row in _participants(session, conference_id):
        if row.is_invited:
            row.is_present = row.id in present_ids
            session.add(row)
        else:
            session.delete(row)
    session.flush()
    _add_guests(session, conference_id, others, is_invited=False)
    session.flush()


def _participants(session: Session, conference_id: int) -> Sequence[ConferenceParticipant]:
    return session.exec(
        select(ConferenceParticipant)
        .where(ConferenceParticipant.conference_id == conference_id)
        .order_by(col(ConferenceParticipant.id))
    ).all()


def _add_guests(session: Session, conference_id: int, names: Sequence[str], *, is_invited: bool) -> None:
    for name in names:
        guest = ConferenceParticipant(
            conference_id=conference_id, is_invited=is_invited, is_present=None if is_invited else True
        )
        seal(guest, "guest_sealed", name)
        session.add(guest)


def _keep(session: Session, actor: Actor, conference: CaseConference, people: Sequence[Attendee]) -> None:
    """Keep the record as it stood until now."""
    content = {
        "held_at": conference.held_at.isoformat() if conference.held_at else None,
        "present": [each.name for each in people if each.is_present],
        "findings": unseal(conference, "findings_sealed"),
        "conclusion": unseal(conference, "conclusion_sealed"),
    }
    version = ConferenceVersion(
        conference_id=conference.id or 0,
        number=conference.version - 1,  # locking it has raised it
        ended_at=clock.now(),
        ended_by_id=actor.user_id,
    )
    seal(version, "content_sealed", json.dumps(content, ensure_ascii=False))
    session.add(version)
