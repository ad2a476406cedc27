"""Registering a worry about a child (受理登记), completing it, and saying which child it is (clauses D-01 to D-05)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, or_, select

from db.base import new_uid
from db.sealing import seal, unseal
from db.tables import (
    AppUser,
    ParentsInformed,
    Referral,
    ReferralChannel,
    ReferralState,
    ReferralWay,
    Student,
    Urgency,
)
from services import audit, clock
from services.access import Permission, allows, permitted
from services.actors import Actor
from services.errors import DomainError, FieldErrors, NotFound, Problem
from services.fields import LINE, LONG, SHORT, Checker, clean
from services.referrals import (
    IllegalMove,
    StoppedForProtection,
    find_owner,
    goes_outside,
    is_stopped,
    lock_referral,
    may_complete,
    may_settle,
    note_move,
    visible_student,
)
from services.row_filters import sees_students
from services.students import lock_named

NOTICED_AT_MOST_DAYS_AGO = 365
WORD_FIELDS = {"facts": LONG, "child_words": LONG, "background": LONG, "tried": LONG}
"""The narrative fields and how long they may be."""


@dataclass(frozen=True, slots=True)
class ReferralRequest:
    """What the form of a referral holds, as typed."""

    channel: ReferralChannel | None
    facts: str | None
    noticed_on: date | None
    received_at: datetime | None
    student_id: int | None = None
    child_label: str | None = None  # a child not found in the register
    way: ReferralWay | None = None
    referred_by_id: int | None = None
    speaker: str | None = None  # who said it, when that is not a member of staff
    child_words: str | None = None
    background: str | None = None
    tried: str | None = None
    parents_informed: ParentsInformed = ParentsInformed.UNCLEAR
    urgency: Urgency = Urgency.ORDINARY
    is_answered: bool = False
    answer: str | None = None
    is_suspected_abuse: bool = False
    form_uid: str | None = None  # one filled-in form is one referral, however often it is sent


@dataclass(frozen=True, slots=True)
class ReferralChange:
    """The typed facts of a referral, as an edit wants them."""

    facts: str | None
    noticed_on: date | None
    child_words: str | None = None
    background: str | None = None
    tried: str | None = None
    parents_informed: ParentsInformed = ParentsInformed.UNCLEAR
    urgency: Urgency = Urgency.ORDINARY


class AlreadyRegistered(DomainError):
    """This very form was saved before, in another tab, with other words, marks or days."""


@permitted(Permission.REFERRAL_REGISTER)
def register_referral(session: Session, actor: Actor, *, request: ReferralRequest) -> Referral:
    """Register a referral; its owner and due times follow from it.

    Raises:
        FieldErrors: something is missing, too long, or lies in the future.
        NotFound: the child is not one the actor may see.
        StoppedForProtection: abuse is suspected, and a parent is to be answered.
        AlreadyRegistered: the same form was saved and says something else; if not, that referral is returned.
    """
    words = _checked(session, actor, request)
    if saved := _saved_before(session, actor, request, words):
        return saved
    if request.student_id is not None:
        visible_student(session, sees_students(actor), request.student_id)

    referral = _new_referral(actor, request)
    owner = find_owner(session, is_suspected_abuse=request.is_suspected_abuse)
    referral.owner_id = owner.user_id if owner else None
    answer = words.pop("answer", None)
    for name, text in words.items():
        seal(referral, f"{name}_sealed", text)
    if answer is not None:
        _answer_on_the_spot(session, referral, answer)
    referral.parts_filled = _parts_filled(referral)
    try:
        with session.begin_nested():
            session.add(referral)  # flushed: the step and the event name referral.id
    except IntegrityError:  # on PostgreSQL a second click gets this far
        if saved := _saved_before(session, actor, request, words):
            return saved
        raise
    note_move(session, actor, referral, from_state=None)
    audit.record(
        session,
        actor,
        audit.Action.REFERRAL_REGISTERED,
        target=referral,
        student_id=referral.student_id,
        channel=referral.channel.value,
        urgency=referral.urgency.value,
        is_marked=referral.is_suspected_abuse,  # no event of its own, which would tell by being there
    )
    return referral


@permitted(Permission.REFERRAL_REGISTER)
def is_settled(session: Session, actor: Actor, *, form_uid: str, words: Mapping[str, str]) -> bool:
    """Say whether this form was registered by the actor and holds these words already: no draft of it is needed."""
    saved = session.exec(
        select(Referral).where(Referral.uid == form_uid, Referral.registered_by_id == actor.user_id)
    ).first()
    return saved is not None and all(
        (unseal(saved, f"{name}_sealed") or "") == (clean(text) or "")
        for name, text in words.items()
        if name in WORD_FIELDS and name != "answer"
    )


def _saved_before(
    session: Session, actor: Actor, request: ReferralRequest, words: dict[str, str | None]
) -> Referral | None:
    """Return the referral a double click made a moment ago.

    Raises:
        AlreadyRegistered: it holds other words, marks or days, and what is typed now must not be lost silently.
    """
    if request.form_uid is None:
        return None
    saved = session.exec(select(Referral).where(Referral.uid == request.form_uid)).first()
    if saved is None:
        return None
    if saved.registered_by_id != actor.user_id or not _says_all_of(saved, request, words):
        raise AlreadyRegistered
    return saved


def _says_all_of(saved: Referral, request: ReferralRequest, words: dict[str, str | None]) -> bool:
    """Whether nothing that was typed would be lost: words, child, marks, days, and what was answered."""
    told = (
        unseal(saved, "feedback_sealed") if saved.channel is ReferralChannel.TEACHER else unseal(saved, "answer_sealed")
    )
    has_answer = not request.is_answered or told == words.get("answer")
    same_words = all(unseal(saved, f"{name}_sealed") == text for name, text in words.items() if name != "answer")
    same_child = request.student_id in (None, saved.student_id)
    has_mark = saved.is_suspected_abuse or not request.is_suspected_abuse
    facts = ("channel", "noticed_on", "received_at", "urgency", "parents_informed")
    same_facts = all(getattr(saved, name) == getattr(request, name) for name in facts)
    return has_answer and same_words and same_child and has_mark and same_facts and _same_source(saved, request)


def _same_source(saved: Referral, request: ReferralRequest) -> bool:
    same_way = request.channel is not ReferralChannel.PARENT or saved.way is request.way
    return same_way and request.referred_by_id in (None, saved.referred_by_id)


def _checked(session: Session, actor: Actor, request: ReferralRequest) -> dict[str, str | None]:
    """Return the texts to seal, tidied; refuse everything else that can't be saved, all at once."""
    check = Checker()
    words = {name: check.text(name, getattr(request, name), limit=limit) for name, limit in WORD_FIELDS.items()}
    if words["facts"] is None:
        check.add("facts", "facts_needed")
    words["speaker"] = check.text("speaker", request.speaker, limit=LINE)
    words["child_label"] = None
    if request.student_id is None:
        words["child_label"] = check.text("child", request.child_label, limit=SHORT)
        if words["child_label"] is None:
            check.add("child", "child_needed")
    if request.channel is None:
        check.add("channel", "required")
    if request.channel is ReferralChannel.PARENT and request.way is None:
        check.add("way", "required")
    _check_speaker(session, actor, check, request, words["speaker"])
    _check_received(check, request.received_at)
    _check_noticed(check, request.noticed_on, received_at=request.received_at)
    if request.is_answered:
        words["answer"] = check.text("answer", request.answer, limit=LONG, required=True)
        if not allows(actor, Permission.REFERRAL_HANDLE):
            check.add("answer", "not_yours")
    check.finish()
    return words


def _check_speaker(
    session: Session, actor: Actor, check: Checker, request: ReferralRequest, speaker: str | None
) -> None:
    """A teacher or parent has a name; teachers outside the care room refer in their own."""
    handles = allows(actor, Permission.REFERRAL_HANDLE)
    if request.channel is ReferralChannel.TEACHER and not handles and request.referred_by_id != actor.user_id:
        check.add("speaker", "own_name_only")
    elif request.referred_by_id is not None:
        user = session.get(AppUser, request.referred_by_id)
        if user is None or not user.is_active:
            check.add("speaker", "unknown")
        elif request.referred_by_id != actor.user_id and not handles:
            check.add("speaker", "own_name_only")
    elif request.channel in {ReferralChannel.TEACHER, ReferralChannel.PARENT} and speaker is None:
        check.add("speaker", "speaker_needed")


def _check_received(check: Checker, received_at: datetime | None) -> None:
    if received_at is None:
        check.add("received_at", "required")
    elif received_at > clock.now():
        check.add("received_at", "future", day=clock.local(received_at).date())
    elif received_at < clock.now() - timedelta(days=NOTICED_AT_MOST_DAYS_AGO):
        check.add("received_at", "too_long_ago", day=clock.local(received_at).date())


def _check_noticed(check: Checker, noticed_on: date | None, *, received_at: datetime | None) -> None:
    """Nothing is noticed after it was told, nor more than a year before; measured from then, whenever it is typed."""
    told_on = clock.today() if received_at is None else min(clock.local(received_at).date(), clock.today())
    if noticed_on is None:
        check.add("noticed_on", "required")
    elif noticed_on > clock.today():
        check.add("noticed_on", "future", day=noticed_on)
    elif noticed_on > told_on:
        check.add("noticed_on", "after_received", day=told_on)
    elif (told_on - noticed_on).days > NOTICED_AT_MOST_DAYS_AGO:
        check.add("noticed_on", "too_long_ago", day=noticed_on)


def _new_referral(actor: Actor, request: ReferralRequest) -> Referral:
    if request.channel is None or request.noticed_on is None or request.received_at is None:
        raise NotFound  # _checked has refused this; said again for the types
    observed_ourselves = request.channel in {ReferralChannel.SCREENING, ReferralChannel.OBSERVATION}
    return Referral(
        uid=request.form_uid or new_uid(),
        student_id=request.student_id,
        channel=request.channel,
        way=request.way if request.channel is ReferralChannel.PARENT else None,
        referred_by_id=request.referred_by_id or (actor.user_id if observed_ourselves else None),
        registered_by_id=actor.id_of_staff,
        noticed_on=request.noticed_on,
        received_at=request.received_at,
        recorded_at=clock.now(),
        urgency=request.urgency,
        parents_informed=request.parents_informed,
        is_suspected_abuse=request.is_suspected_abuse,
        abuse_marked_at=clock.now() if request.is_suspected_abuse else None,
    )


def _answer_on_the_spot(session: Session, referral: Referral, answer: str) -> None:
    """What was answered on the spot is settled (D-04), unless it is urgent: then somebody still looks at it."""
    if goes_outside(referral) and is_stopped(session, referral):
        raise StoppedForProtection
    if referral.channel is ReferralChannel.TEACHER:  # the one who was told is the teacher (C-09)
        seal(referral, "feedback_sealed", answer)
        referral.feedback_at = referral.feedback_read_at = clock.now()
    else:
        seal(referral, "answer_sealed", answer)
        referral.answered_at = clock.now()
    if may_settle(state=referral.state, urgency=referral.urgency, is_suspected_abuse=referral.is_suspected_abuse):
        referral.state, referral.closed_at = ReferralState.ANSWERED, clock.now()


def _parts_filled(referral: Referral) -> int:
    """Count basic data, description and background (D-03)."""
    return sum(part is not None for part in (referral.student_id, referral.facts_sealed, referral.background_sealed))


@permitted(Permission.REFERRAL_HANDLE, Permission.REFERRAL_REGISTER)
def change_referral(
    session: Session, actor: Actor, *, referral_id: int, version: int, change: ReferralChange
) -> Referral:
    """Change the typed facts of a referral; who referred it completes it until it is assessed (D-03).

    Raises:
        NotFound: there is none the actor may handle, or referred.
        IllegalMove: who referred it comes after it was assessed or closed.
        FieldErrors: something is missing, too long, lies in the future, or makes it less urgent for the care room.
        EditedMeanwhile: somebody saved it since the form was drawn.
        StoppedForProtection: parents of a protected child would be marked as told.
    """
    check = Checker()
    words = {
        name: check.text(name, getattr(change, name), limit=limit, required=name == "facts")
        for name, limit in WORD_FIELDS.items()
    }
    referral = lock_referral(session, actor, referral_id, version=version)
    handles = allows(actor, Permission.REFERRAL_HANDLE)
    if not handles and not may_complete(referral):
        raise IllegalMove(referral.state, referral.state)
    if not handles and change.urgency in list(Urgency)[: list(Urgency).index(referral.urgency)]:
        check.add("urgency", "not_less_urgent")
    if change.noticed_on != referral.noticed_on:  # a typo of long ago is mended without moving the day
        _check_noticed(check, change.noticed_on, received_at=referral.received_at)
    check.finish()
    newly_told = change.parents_informed is ParentsInformed.YES and referral.parents_informed is not ParentsInformed.YES
    # Refused to a teacher, this would tell of a protected referral; registration takes the word for it just so.
    if handles and newly_told and is_stopped(session, referral):
        raise StoppedForProtection

    changed = _write_change(referral, change, words)
    session.add(referral)
    audit.record(
        session,
        actor,
        audit.Action.REFERRAL_CHANGED,
        target=referral,
        student_id=referral.student_id,
        fields=changed,
    )
    return referral


def _write_change(referral: Referral, change: ReferralChange, words: dict[str, str | None]) -> list[str]:
    """Put what is typed into the referral; return the names of what is another now."""
    changed = [name for name, text in words.items() if unseal(referral, f"{name}_sealed") != text]
    for name in changed:
        seal(referral, f"{name}_sealed", words[name])
    for name in ("noticed_on", "parents_informed", "urgency"):
        if getattr(referral, name) != (value := getattr(change, name)):
            changed.append(name)
            setattr(referral, name, value)
    referral.parts_filled = _parts_filled(referral)
    return changed


@permitted(Permission.REFERRAL_HANDLE)
def match_child(session: Session, actor: Actor, *, referral_id: int, version: int, student_id: int | None) -> Referral:
    """Say which child of the register an unknown child is; what was first said of it stays.

    Raises:
        FieldErrors: no child was chosen.
        NotFound: there is no such referral or child for the actor.
        IllegalMove: the referral already became a case, or part of another one.
        EditedMeanwhile: somebody saved it since it was shown.
    """
    if student_id is None:
        raise FieldErrors({"child": Problem("child_not_chosen")})
    known = select(Referral.student_id).where(Referral.id == referral_id)
    lock_named(session, select(Student.id).where(or_(Student.id == student_id, col(Student.id).in_(known))))
    referral = lock_referral(session, actor, referral_id, version=version)
    if referral.state in {ReferralState.ROUTED, ReferralState.MERGED}:
        raise IllegalMove(referral.state, referral.state)
    visible_student(session, sees_students(actor), student_id)
    referral.student_id = student_id
    referral.parts_filled = _parts_filled(referral)
    session.add(referral)
    audit.record(session, actor, audit.Action.REFERRAL_MATCHED, target=referral, student_id=student_id)
    return referral
