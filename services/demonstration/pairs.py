"""Pairing in two school years: who helps whom, with the gaps a school has, and what pairs did this year (area J)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from db.base import new_uid
from db.tables import (
    CareKind,
    CarePlace,
    CareRecord,
    CareRecordWords,
    Gender,
    Helper,
    HelperKind,
    NotReached,
    Pairing,
    PairingEnd,
    PairingRole,
    PairingSubsidy,
    Role,
)
from services.audit import Action
from services.demonstration.plan import Child, Plan
from services.demonstration.writer import Writer
from services.record_kinds import KINDS, count_parts
from services.student_keys import name_keys

TUTORED, MISSING, HANDED_OVER = 15, 0.05, 0.02  # children a tutor; children nobody took on; pairs that changed hands
IDLE = 30  # every so manyth teacher has nobody
NOT_BEGUN = 15  # every so manyth subject teacher, and party member, has children and has done nothing yet
OUTSIDE = {HelperKind.VOLUNTEER: (25, 3), HelperKind.PARTY_CADRE: (20, 3), HelperKind.PARENT: (15, 2)}
"""How many of a kind help in a school of a thousand, and how many children each takes on."""
CARED_FOR: Mapping[PairingRole, float] = {
    PairingRole.PROXY_PARENT: 0.9,
    PairingRole.EXCELLENT_STUDENT: 0.85,
    PairingRole.BUDDY: 0.9,
    PairingRole.LOVE_MOTHER: 0.12,
    PairingRole.GUARDIAN_ANGEL: 0.1,
    PairingRole.PARTY_CADRE: 0.15,
    PairingRole.VOLUNTEER: 0.1,
    PairingRole.PEER_PARENT: 0.08,
}
"""Which share of the left-behind children and of 四特 has somebody of a kind."""
KINDS_FOR = {
    PairingRole.LOVE_MOTHER: HelperKind.VOLUNTEER,
    PairingRole.GUARDIAN_ANGEL: HelperKind.VOLUNTEER,
    PairingRole.PARTY_CADRE: HelperKind.PARTY_CADRE,
    PairingRole.VOLUNTEER: HelperKind.VOLUNTEER,
    PairingRole.PEER_PARENT: HelperKind.PARENT,
}
MONTHLY: Mapping[PairingRole, tuple[CareKind, ...]] = {
    PairingRole.MENTOR: (CareKind.TALK,),
    PairingRole.PROXY_PARENT: (CareKind.HOMEROOM_EXCHANGE, CareKind.CALL, CareKind.HOMEWORK_CHECK),
    PairingRole.PARTY_CADRE: (CareKind.TALK,),
    PairingRole.EXCELLENT_STUDENT: (CareKind.PAIR_CHECK,),
}
ONCE_A_TERM: Mapping[PairingRole, tuple[CareKind, ...]] = {
    PairingRole.MENTOR: (CareKind.WRITTEN_MESSAGE,),
    PairingRole.PROXY_PARENT: (CareKind.HOME_VISIT,),
}
DONE, TRIED, LATE = 0.9, 0.04, 0.06
SUBSIDY_FEN, UNPAID, UNVETTED = 30_000, 0.2, 0.06
_DID = ("听了听这个月的情况，记在心里。", "一起看了作业本，改了三处。", "问了家里，都好。", "约好下个月还来。")


@dataclass(slots=True)
class _Helper:
    id: int
    account_id: int | None
    room: int
    has_begun: bool = True
    children: set[int] = field(default_factory=set)

    def has_room_for(self, child: Child) -> bool:
        return child.id in self.children or len(self.children) < self.room


@dataclass(slots=True)
class _School:
    """Who there is to help."""

    plan: Plan
    writer: Writer
    staff: dict[int, _Helper] = field(default_factory=dict)
    outside: dict[HelperKind, list[_Helper]] = field(default_factory=dict)
    pupils: dict[int, list[_Helper]] = field(default_factory=dict)  # by class


def fill(plan: Plan, writer: Writer) -> None:
    """Write helpers, their pairs of two school years, what is paid, and what was done this term."""
    school = _School(plan, writer)
    _add_staff(school)
    _add_outside(school)
    _add_pupils(school)
    tutors = [each for number, each in enumerate(school.staff.values(), start=1) if number % IDLE]
    for child in plan.children:
        if plan.inventor.chance(MISSING):
            continue
        mentor = _pair_with_mentor(school, child, tutors)
        if child.is_left_behind or child.is_special:
            _pair_in_care(school, child, mentor)


def _add_staff(school: _School) -> None:
    plan = school.plan
    for person in plan.of_role(Role.LEAD, Role.COUNSELLOR, Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.MENTOR):
        helper = _add_helper(school, HelperKind.STAFF, TUTORED, user_id=person.id)
        school.staff[person.id] = helper
    for person in plan.of_role(Role.SUBJECT_TEACHER)[1::NOT_BEGUN]:
        school.staff[person.id].has_begun = False


def _add_outside(school: _School) -> None:
    plan, chance = school.plan, school.plan.inventor.chance
    for kind, (per_thousand, room) in OUTSIDE.items():
        for _ in range(max(2, plan.count_of(per_thousand))):
            vetted = None if kind is HelperKind.VOLUNTEER and chance(UNVETTED) else plan.first_day
            helper = _add_helper(
                school,
                kind,
                room,
                name=plan.inventor.name(),
                phone_sealed=plan.inventor.phone(),
                gender=Gender.FEMALE if kind is HelperKind.VOLUNTEER else None,
                vetted_on=vetted if kind is HelperKind.VOLUNTEER else None,
                vetted_by_id=plan.of_role(Role.LEAD)[0].id if kind is HelperKind.VOLUNTEER and vetted else None,
                trained_until=plan.today + timedelta(days=plan.inventor.random.choice((-20, 30, 200, 300))),
                pledged_on=plan.first_day,
            )
            if kind is not HelperKind.VOLUNTEER or vetted is not None:
                school.outside.setdefault(kind, []).append(helper)
    for helper in school.outside[HelperKind.PARTY_CADRE][::NOT_BEGUN]:
        helper.has_begun = False


def _add_pupils(school: _School) -> None:
    """Let a third of the children who need no care themselves help in their class."""
    for child in school.plan.children:
        if child.is_left_behind or child.is_special or not school.plan.inventor.chance(0.33):
            continue
        helper = _add_helper(school, HelperKind.PUPIL, 2, name=child.name)
        school.pupils.setdefault(child.class_id, []).append(helper)


def _add_helper(school: _School, kind: HelperKind, room: int, **values: object) -> _Helper:
    plan = school.plan
    name, user_id = values.get("name"), values.get("user_id")
    at = plan.moment(plan.first_day, first_hour=8, last_hour=9)
    helper_id = school.writer.add(
        Helper,
        kind=kind,
        capacity=room,
        from_day=plan.first_day,
        name_order=name_keys(name).order if isinstance(name, str) else "",
        recorded_by_id=plan.of_role(Role.LEAD)[0].id,
        recorded_at=at,
        **values,
    )
    return _Helper(helper_id, user_id if isinstance(user_id, int) else None, room)


def _pair_with_mentor(school: _School, child: Child, tutors: list[_Helper]) -> _Helper | None:
    """Pair a child with a tutor, the homeroom teacher first; some changed hands within the month, some have nobody."""
    plan, inventor = school.plan, school.plan.inventor
    own = [each for each in tutors if each.account_id == child.homeroom_id and each.has_room_for(child)]
    free = (each for each in tutors if each.has_room_for(child))
    helper = own[0] if own else min(free, key=lambda each: len(each.children), default=None)
    if helper is None:
        return None
    year = date(plan.school_year, 9, 1)
    before = None
    if child.came_on < year:
        end = (year, PairingEnd.DONE)
        before = _pair(school, child, inventor.random.choice(tutors), PairingRole.MENTOR, child.came_on, end=end)
    since = year + timedelta(days=inventor.random.randrange(0, 12))
    other = next((each for each in tutors if each is not helper and each.has_room_for(child)), None)
    if other is not None and inventor.chance(HANDED_OVER):
        day = inventor.day_between(year + timedelta(days=20), max(plan.today, year + timedelta(days=21)))
        handed = _pair(
            school, child, other, PairingRole.MENTOR, since, end=(day, PairingEnd.HELPER_LEFT), continues_id=before
        )
        before, since = handed, day
    helper.children.add(child.id)
    _pair(school, child, helper, PairingRole.MENTOR, since, continues_id=before)
    _act(school, child, helper, PairingRole.MENTOR, since)
    return helper


def _pair_in_care(school: _School, child: Child, mentor: _Helper | None) -> None:
    plan, inventor = school.plan, school.plan.inventor
    year = date(plan.school_year, 9, 1)
    for role, share in CARED_FOR.items():
        if not inventor.chance(share):
            continue
        helper = mentor if role is PairingRole.PROXY_PARENT else _somebody(school, child, role)
        if helper is None:
            continue
        helper.children.add(child.id)
        first = year if role in (PairingRole.EXCELLENT_STUDENT, PairingRole.BUDDY) else child.came_on
        since = first + timedelta(days=inventor.random.randrange(0, 25))
        pairing_id = _pair(school, child, helper, role, since)
        if role is PairingRole.GUARDIAN_ANGEL:
            _pay(school, pairing_id, since)
        _act(school, child, helper, role, max(since, year))


def _somebody(school: _School, child: Child, role: PairingRole) -> _Helper | None:
    among = school.pupils.get(child.class_id, []) if role not in KINDS_FOR else school.outside[KINDS_FOR[role]]
    free = [each for each in among if child.id not in each.children and len(each.children) < each.room]
    return school.plan.inventor.random.choice(free) if free else None


def _pair(
    school: _School,
    child: Child,
    helper: _Helper,
    role: PairingRole,
    since: date,
    *,
    end: tuple[date, PairingEnd] | None = None,
    continues_id: int | None = None,
) -> int:
    plan = school.plan
    at = plan.moment(min(since, plan.today))
    to_day, reason = end or (None, None)
    pairing_id = school.writer.add(
        Pairing,
        student_id=child.id,
        helper_id=helper.id,
        role=role,
        from_day=since,
        to_day=to_day,
        end_reason=reason,
        continues_id=continues_id,
        content_sealed="每月谈一次心，看一次作业。",
        recorded_by_id=child.homeroom_id,
        recorded_at=at,
        ended_by_id=child.homeroom_id if end else None,
    )
    plan.did(at, child.homeroom_id, Action.PAIRING_STARTED, ("pairing", pairing_id), child.id)
    if to_day is not None and to_day <= plan.today:
        plan.did(
            max(at, plan.moment(to_day)), child.homeroom_id, Action.PAIRING_ENDED, ("pairing", pairing_id), child.id
        )
    return pairing_id


def _pay(school: _School, pairing_id: int, since: date) -> None:
    """Write what a guardian angel is paid for each term begun; some of it is still owed."""
    plan = school.plan
    for number, term in enumerate(plan.terms, start=1):
        if term.last_day < since or term.first_day > plan.today:
            continue
        paid_on = min(term.first_day + timedelta(days=40), plan.today)
        school.writer.add(
            PairingSubsidy,
            pairing_id=pairing_id,
            term_id=number,
            amount_fen=SUBSIDY_FEN,
            paid_on=None if plan.inventor.chance(UNPAID) else paid_on,
            recorded_by_id=plan.of_role(Role.LEAD)[0].id,
            recorded_at=plan.moment(paid_on),
        )


def _act(school: _School, child: Child, helper: _Helper, role: PairingRole, since: date) -> None:
    """Write what the pair did this school year, month by month, mostly in time."""
    if not helper.has_begun:
        return
    plan, inventor = school.plan, school.plan.inventor
    days = [day for day in plan.school_days() if day >= since]
    months: dict[int, list[date]] = {}
    for day in days:
        months.setdefault(day.month, []).append(day)
    for of_month in months.values():
        for kind in MONTHLY.get(role, ()):
            if inventor.chance(DONE):
                _record(school, child, helper, kind, inventor.random.choice(of_month))
    for kind in ONCE_A_TERM.get(role, ()) if days else ():
        if inventor.chance(0.6):
            _record(school, child, helper, kind, inventor.random.choice(days))


def _record(school: _School, child: Child, helper: _Helper, kind: CareKind, day: date) -> None:
    plan, spec, inventor = school.plan, KINDS[kind], school.plan.inventor
    is_done = not (spec.tells_attempt and inventor.chance(TRIED))
    at = plan.moment(day)
    later = at + timedelta(days=9 if inventor.chance(LATE) else 0)
    author_id = helper.account_id or child.homeroom_id
    recorded_at = max(at, min(later, plan.moment(plan.today)))
    checked = kind is CareKind.PAIR_CHECK  # the teacher's own: how the pair does
    place = spec.place or (CarePlace.OFFICE if "place" in spec.fields else None)
    raised = inventor.random.choice(_DID) if is_done else None
    record_id = school.writer.add(
        CareRecord,
        entry_uid=new_uid(),
        student_id=child.id,
        kind=kind,
        day=day,
        minutes=spec.minutes or (20 if "minutes" in spec.fields else None),
        place=place,
        channel=spec.channel,
        is_done=is_done,
        not_reached=None if is_done else NotReached.NO_ANSWER,
        parts_filled=count_parts(place, raised),
        author_id=author_id,
        helper_id=None if helper.account_id is not None or checked else helper.id,
        agreed_with_id=plan.of_role(Role.LEAD)[0].id if spec.reaches_family else None,
        recorded_at=recorded_at,
    )
    school.writer.add(CareRecordWords, record_id=record_id, raised_sealed=raised)
    plan.did(recorded_at, author_id, Action.RECORD_SAVED, ("care_record", record_id), child.id)
