"""The first assessment (评估) and where it leads: a case, and for serious ones a conference (D-06 to D-08)."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from db.sealing import seal
from db.tables import (
    Assessment,
    Case,
    CaseConference,
    ConferenceParticipant,
    Domain,
    Referral,
    ReferralState,
    Severity,
)
from services import audit, clock
from services.access import Permission, permitted
from services.account_lists import StaffName
from services.actors import Actor
from services.calendar import load_calendar
from services.conference_people import check_people, people_to_ask
from services.errors import DomainError, NotFound
from services.fields import LONG, Checker
from services.referral_lists import follows_referrals
from services.referral_views import ReferralView, find_referral
from services.referrals import IllegalMove, lock_referral, may_own, move
from services.regulations import deadlines
from services.severity import (
    EARLIER_CASE_DAYS,
    EARLIER_REFERRAL_DAYS,
    Signs,
    Suggestion,
    suggest_severity,
)


class ChildUnknown(DomainError):
    """Only a referral of a child of the register can become a case."""


@dataclass(frozen=True, slots=True)
class AssessmentRequest:
    """What the form of an assessment holds, as typed."""

    referral_id: int
    version: int
    nature: str | None
    measures: str | None
    severity: Severity | None
    domains: frozenset[Domain] = frozenset()
    is_in_danger: bool = False
    mentions_self_harm: bool = False
    harms_others: bool = False
    stays_away: bool = False
    override_reason: str | None = None
    owner_id: int | None = None
    participant_ids: frozenset[int] = frozenset()
    guests: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class AssessmentForm:
    """A referral to be assessed, and what the records say about the child."""

    referral: ReferralView
    signs: Signs  # what is known before anything is ticked
    conference_due_at: datetime
    people: dict[int, StaffName]  # who may be asked to the conference, by id


@permitted(Permission.REFERRAL_HANDLE)
def open_form(session: Session, actor: Actor, *, referral_id: int) -> AssessmentForm:
    """Return what the assessment page needs.

    Raises:
        NotFound: there is no such referral whose words this actor may read.
    """
    view = find_referral(session, actor, referral_id=referral_id)
    if not view.has_words:  # of a protected one, the signs alone would tell why
        raise NotFound
    signs = _known_signs(session, actor, referral_id)
    return AssessmentForm(
        referral=view,
        signs=signs,
        people=people_to_ask(session, actor, is_suspected_abuse=signs.is_suspected_abuse),
        conference_due_at=deadlines.conference_due(called_at=clock.now(), calendar=load_calendar(session)),
    )


def with_ticks(signs: Signs, request: AssessmentRequest) -> Signs:
    """Add what was ticked to what the records say."""
    return replace(
        signs,
        domains=request.domains,
        is_in_danger=request.is_in_danger,
        mentions_self_harm=request.mentions_self_harm,
        harms_others=request.harms_others,
        stays_away=request.stays_away,
    )


@permitted(Permission.REFERRAL_HANDLE)
def save_assessment(session: Session, actor: Actor, *, request: AssessmentRequest) -> Case:
    """Keep the assessment, route the referral and open the case; a serious one calls a conference.

    Raises:
        NotFound: there is no such referral for this actor.
        EditedMeanwhile: somebody saved or assessed it since the form was drawn.
        IllegalMove: its assessment was not begun, or it is closed.
        ChildUnknown: the child was not matched with the register yet.
        FieldErrors: a part is missing or too long, or names the wrong people.
    """
    referral = lock_referral(session, actor, request.referral_id, version=request.version)
    if referral.state is not ReferralState.IN_ASSESSMENT:
        raise IllegalMove(referral.state, ReferralState.ROUTED)
    if referral.student_id is None:
        raise ChildUnknown
    suggestion = suggest_severity(with_ticks(_known_signs(session, actor, request.referral_id), request))
    severity = request.severity or suggestion.severity
    check = Checker()
    nature, measures = _checked_parts(check, request)
    reason = check.text(
        "override_reason", request.override_reason, limit=LONG, required=severity is not suggestion.severity
    )
    guests: list[str] = []
    if request.severity is Severity.SERIOUS:
        guests = check_people(
            session, check, request.participant_ids, request.guests, is_suspected_abuse=referral.is_suspected_abuse
        )
    owner_id = _checked_owner(session, check, actor, referral, request.owner_id)
    check.finish()

    assessment = _new_assessment(actor, referral, request, suggestion)
    seal(assessment, "nature_sealed", nature)
    seal(assessment, "measures_sealed", measures)
    seal(assessment, "override_reason_sealed", reason if assessment.is_overridden else None)
    session.add(assessment)
    move(session, actor, referral, ReferralState.ROUTED)
    case = _open_case(session, referral, severity, owner_id)
    _note(session, actor, assessment, case)
    if severity is Severity.SERIOUS:
        _call_conference(session, actor, case, request.participant_ids, guests)
    return case


def _checked_parts(check: Checker, request: AssessmentRequest) -> tuple[str, str]:
    """Return nature and measures, tidied; severity and domains are there too (D-06)."""
    nature = check.required_text("nature", request.nature, limit=LONG)
    measures = check.required_text("measures", request.measures, limit=LONG)
    if not request.domains:
        check.add("domains", "choice_needed")
    if request.severity is None:
        check.add("severity", "choice_needed")
    return nature, measures


def _note(session: Session, actor: Actor, assessment: Assessment, case: Case) -> None:
    audit.record(
        session,
        actor,
        audit.Action.ASSESSMENT_SAVED,
        target=assessment,
        student_id=case.student_id,
        severity=assessment.severity.value,
        overridden=assessment.is_overridden,
    )
    audit.record(session, actor, audit.Action.CASE_OPENED, target=case, student_id=case.student_id)


def _known_signs(session: Session, actor: Actor, referral_id: int) -> Signs:
    """Return what the records say, in one statement; of other referrals only those this actor follows."""
    this, now = aliased(Referral), clock.now()
    earlier_case = (
        select(Case.id)
        .join(Referral, col(Referral.id) == col(Case.referral_id))
        .where(
            Case.student_id == this.student_id,
            Case.opened_at > now - timedelta(days=EARLIER_CASE_DAYS),
            follows_referrals(actor),
        )
    )
    earlier_referrals = (
        select(func.count())
        .select_from(Referral)
        .where(
            Referral.student_id == this.student_id,
            Referral.id != this.id,
            Referral.received_at > now - timedelta(days=EARLIER_REFERRAL_DAYS),
            col(Referral.state) != ReferralState.MERGED,
            follows_referrals(actor),
        )
    )
    referral, has_earlier_case, count = session.exec(
        select(this, earlier_case.exists(), earlier_referrals.scalar_subquery()).where(this.id == referral_id)
    ).one()
    return Signs(
        is_suspected_abuse=referral.is_suspected_abuse,
        urgency=referral.urgency,
        parents_informed=referral.parents_informed,
        has_earlier_case=has_earlier_case,
        earlier_referrals=count,
    )


def _checked_owner(session: Session, check: Checker, actor: Actor, referral: Referral, owner_id: int | None) -> int:
    """The case is followed by full-time staff: whoever was named, else who owns the referral, else the assessor."""
    for candidate in (owner_id, referral.owner_id, actor.id_of_staff):
        if candidate is None:
            continue
        if may_own(session, candidate, is_suspected_abuse=referral.is_suspected_abuse):
            return candidate
        if candidate == owner_id:
            check.add("owner", "cannot_take")
    return actor.id_of_staff


def _new_assessment(actor: Actor, referral: Referral, request: AssessmentRequest, suggestion: Suggestion) -> Assessment:
    severity = request.severity or suggestion.severity
    return Assessment(
        referral_id=referral.id or 0,
        student_id=referral.student_id or 0,
        assessed_by_id=actor.id_of_staff,
        assessed_at=clock.now(),
        domains=",".join(domain.value for domain in Domain if domain in request.domains),
        suggested_severity=suggestion.severity,
        suggestion_reasons=",".join(suggestion.reasons),
        severity=severity,
        is_overridden=severity is not suggestion.severity,
        parts_filled=3,  # nature, severity, measures: all required (D-06)
    )


def _open_case(session: Session, referral: Referral, severity: Severity, owner_id: int) -> Case:
    case = Case(
        student_id=referral.student_id or 0,
        referral_id=referral.id or 0,
        severity=severity,
        owner_id=owner_id,
        opened_at=clock.now(),
    )
    session.add(case)
    session.flush()  # conference and event name case.id
    return case


def _call_conference(
    session: Session, actor: Actor, case: Case, participant_ids: frozenset[int], guests: list[str]
) -> None:
    conference = CaseConference(case_id=case.id or 0, called_at=clock.now())
    session.add(conference)
    session.flush()
    for user_id in sorted(participant_ids):
        session.add(ConferenceParticipant(conference_id=conference.id or 0, user_id=user_id))
    for name in guests:
        guest = ConferenceParticipant(conference_id=conference.id or 0)
        seal(guest, "guest_sealed", name)
        session.add(guest)
    session.flush()
    audit.record(
        session,
        actor,
        audit.Action.CONFERENCE_CALLED,
        target=conference,
        student_id=case.student_id,
        participants=len(participant_ids) + len(guests),
    )
