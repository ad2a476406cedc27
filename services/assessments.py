"""The first assessment (评估) and where it leads: a case, and for serious ones a conference (D-06 to D-08)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, func, select

from db.sealing import seal
from db.tables import (
    AppUser,
    Assessment,
    Case,
    CaseConference,
    CaseState,
    ConferenceParticipant,
    Domain,
    Referral,
    ReferralState,
    Role,
    RoleGrant,
    Severity,
)
from services import audit, clock
from services.access import Permission, permitted
from services.account_lists import StaffName, list_staff
from services.actors import Actor
from services.calendar import load_calendar
from services.errors import DomainError, NotFound
from services.fields import LONG, SHORT, Checker, clean
from services.referral_lists import follows_referrals
from services.referral_views import ReferralView, find_referral
from services.referrals import IllegalMove, knows_of_abuse, lock_referral, may_own, move
from services.regulations import deadlines
from services.severity import (
    EARLIER_CASE_DAYS,
    EARLIER_REFERRAL_DAYS,
    Signs,
    Suggestion,
    suggest_severity,
)

LEAST_PARTICIPANTS = 2
MOST_GUESTS = 20
MEETING_ROLES = frozenset(
    {Role.LEAD, Role.COUNSELLOR, Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.MENTOR, Role.LEADERSHIP}
)
"""Who may be asked to a conference (D-08): not who looks after computers or money, nor who checks the school."""
STAFF_WORDS = ("老师", "教师", "班主任")


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
        people=_people_to_ask(session, actor, is_suspected_abuse=signs.is_suspected_abuse),
        conference_due_at=deadlines.conference_due(called_at=clock.now(), calendar=load_calendar(session)),
    )


def _people_to_ask(session: Session, actor: Actor, *, is_suspected_abuse: bool) -> dict[int, StaffName]:
    may_know = set(session.exec(select(AppUser.id).where(knows_of_abuse())).all()) if is_suspected_abuse else None
    staff = list_staff(session, actor, roles=MEETING_ROLES)
    return {each.id: each for each in staff if may_know is None or each.id in may_know}


def _may_meet() -> ColumnElement[bool]:
    """Return the filter on accounts that `_people_to_ask` is on staff: who works with children, or leads who does."""
    grants = select(RoleGrant.user_id).where(col(RoleGrant.role).in_(MEETING_ROLES), col(RoleGrant.ended_at).is_(None))
    return and_(col(AppUser.is_active), col(AppUser.id).in_(grants))


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
    guests = _checked_people(session, check, request, is_suspected_abuse=referral.is_suspected_abuse)
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


def _checked_people(
    session: Session, check: Checker, request: AssessmentRequest, *, is_suspected_abuse: bool
) -> list[str]:
    """A conference needs people by name; about suspected abuse nobody of the school but those who may know (D-08)."""
    if request.severity is not Severity.SERIOUS:
        return []
    guests = [name for typed in request.guests if (name := clean(typed))]
    if (longest := max(map(len, guests), default=0)) > SHORT:
        check.add("guests", "name_too_long", length=longest, limit=SHORT)
    if len(guests) > MOST_GUESTS:
        check.add("guests", "too_many", limit=MOST_GUESTS)
    if len(request.participant_ids) + len(guests) < LEAST_PARTICIPANTS:
        check.add("participants", "too_few", limit=LEAST_PARTICIPANTS)
    if len(_people_who(session, request, _may_meet())) < len(request.participant_ids):
        check.add("participants", "unknown")
    if is_suspected_abuse:
        _check_protected(session, check, request, guests)
    return guests


def _check_protected(session: Session, check: Checker, request: AssessmentRequest, guests: list[str]) -> None:
    """Police and authorities are guests of the lead or a named leader; a colleague is no guest."""
    if len(_people_who(session, request, knows_of_abuse())) < len(request.participant_ids):
        check.add("participants", "leaders_only")
    if not request.participant_ids:
        check.add("participants", "leader_needed")
    staff = session.exec(select(AppUser.display_name)).all()
    if any(name in guest for guest in guests for name in (*STAFF_WORDS, *staff)):
        check.add("guests", "officials_only")


def _people_who(session: Session, request: AssessmentRequest, condition: ColumnElement[bool]) -> Sequence[int | None]:
    return session.exec(select(AppUser.id).where(col(AppUser.id).in_(request.participant_ids), condition)).all()


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
    is_serious = severity is Severity.SERIOUS
    case = Case(
        student_id=referral.student_id or 0,
        referral_id=referral.id or 0,
        severity=severity,
        owner_id=owner_id,
        state=CaseState.AWAITING_CONFERENCE if is_serious else CaseState.SUPPORTED,
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
