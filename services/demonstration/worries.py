"""Worries about children over two school years: referred, answered, assessed, routed, discussed."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TypeVar

from db.tables import (
    Assessment,
    Case,
    CaseConference,
    CaseDecision,
    ConferenceParticipant,
    DecisionState,
    Domain,
    ParentsInformed,
    Referral,
    ReferralChannel,
    ReferralMove,
    ReferralState,
    ReferralWay,
    Role,
    Severity,
    Urgency,
)
from services import clock
from services.audit import Action
from services.demonstration import closings, outward, papers, plans
from services.demonstration.plan import Child, Plan
from services.demonstration.plans import CaseFacts, add_plan
from services.demonstration.writer import Writer
from services.regulations import deadlines

Choice = TypeVar("Choice")

PER_THOUSAND = 240
OF_CHILDREN_IN_CARE = 0.7
LATE, MISSING = 0.05, 0.05
FRESH = 4  # of the last two school days, so that home has something to show
OPEN_DAYS = 4  # what came in so lately may still wait
CHANNELS = {
    ReferralChannel.TEACHER: 55,
    ReferralChannel.SELF: 15,
    ReferralChannel.PARENT: 14,
    ReferralChannel.OBSERVATION: 10,
    ReferralChannel.SCREENING: 6,
}
URGENCIES = {Urgency.ORDINARY: 88, Urgency.URGENT: 10, Urgency.DANGER: 2}
ENDS = {ReferralState.ROUTED: 45, ReferralState.ANSWERED: 43, ReferralState.DECLINED: 12}
SERIOUS = 0.25
PLANNED = 0.7
HOURS = (time(12, 30), time(15, 30), time(16, 0))
ROOMS = ("三楼小会议室", "关爱室", "德育处", "二楼会议室")
DECISIONS = (
    "家访一次，看看家里谁在照看，带上联系卡。",
    "每天早上和孩子说一句话，连着两周，有变化告诉关爱室。",
    "请家长来学校谈一次，说好在家里怎么配合。",
    "帮孩子把落下的作业排一张表，一周补完。",
    "每周谈一次，先谈睡得好不好。",
    "和各科老师说好：不当众叫孩子回答，交不上作业先问原因。",
    "换座位，和愿意帮忙的同学坐在一起。",
    "联系社区，问清能不能申请临时救助。",
)


@dataclass(frozen=True, slots=True)
class _Worry:
    """One worry on its way through the care room."""

    id: int
    child: Child
    owner_id: int
    received_at: datetime
    urgency: Urgency


def fill(plan: Plan, writer: Writer) -> None:
    """Write referrals with their steps, and what became of them."""
    days = plan.school_days()
    in_care = [child for child in plan.children if child.is_left_behind or child.is_special] or plan.children
    inventor, wanted = plan.inventor, plan.count_of(PER_THOUSAND)
    for number in range(wanted + max(FRESH, plan.count_of(FRESH))):
        child = inventor.random.choice(in_care if inventor.chance(OF_CHILDREN_IN_CARE) else plan.children)
        day = inventor.random.choice(days if number < wanted else days[-2:])
        if day < child.came_on:
            continue
        _add_worry(plan, writer, child, plan.moment(day))


def _add_worry(plan: Plan, writer: Writer, child: Child, received_at: datetime) -> None:
    inventor = plan.inventor
    channel = _one_of(plan, CHANNELS)
    urgency = _one_of(plan, URGENCIES)
    owner = inventor.random.choice(plan.of_role(Role.COUNSELLOR))
    teacher_id = child.homeroom_id if channel is ReferralChannel.TEACHER else None
    registrar_id = teacher_id or owner.id
    is_recent = clock.now() - received_at < timedelta(days=OPEN_DAYS)
    is_forgotten = inventor.chance(MISSING)
    end = None if is_recent or is_forgotten else _one_of(plan, ENDS)
    state = end or (ReferralState.IN_ASSESSMENT if inventor.chance(0.4) else ReferralState.RECEIVED)
    done_at = None if end is None else _done(plan, received_at, urgency)
    referral_id = writer.add(
        Referral,
        student_id=child.id,
        channel=channel,
        way=inventor.random.choice(list(ReferralWay)) if channel is ReferralChannel.PARENT else None,
        referred_by_id=teacher_id,
        speaker_sealed="孩子的家里人" if channel is ReferralChannel.PARENT else None,
        registered_by_id=registrar_id,
        owner_id=owner.id,
        noticed_on=clock.local(received_at).date(),
        received_at=received_at,
        recorded_at=received_at,
        urgency=urgency,
        parents_informed=inventor.random.choice(list(ParentsInformed)),
        facts_sealed=inventor.narrative(),
        child_words_sealed=inventor.narrative(20, 80) if inventor.chance(0.5) else None,
        background_sealed=inventor.narrative(80, 160) if inventor.chance(0.6) else None,
        tried_sealed=inventor.narrative(20, 80) if inventor.chance(0.6) else None,
        parts_filled=3,
        state=state,
        answered_at=done_at if channel in {ReferralChannel.SELF, ReferralChannel.PARENT} else None,
        answer_sealed=inventor.narrative(40, 120) if done_at else None,
        feedback_at=done_at if channel is ReferralChannel.TEACHER else None,
        feedback_sealed=inventor.narrative(40, 120) if done_at and teacher_id else None,
        feedback_read_at=done_at if teacher_id and inventor.chance(0.8) else None,
        closed_at=done_at,
    )
    worry = _Worry(referral_id, child, owner.id, received_at, urgency)
    plan.did(received_at, registrar_id, Action.REFERRAL_REGISTERED, ("referral", referral_id), child.id)
    _add_steps(plan, writer, worry, registrar_id, state=state, done_at=done_at)
    if state is ReferralState.ROUTED and done_at is not None:
        _add_case(plan, writer, worry, done_at)


def _done(plan: Plan, received_at: datetime, urgency: Urgency) -> datetime:
    """Return when it was dealt with: mostly in time, some late, never in the future."""
    due_at = deadlines.assessment_due(received_at=received_at, urgency=urgency, calendar=plan.calendar)
    share = 1.5 if plan.inventor.chance(LATE) else plan.inventor.random.uniform(0.1, 0.95)
    return min(received_at + (due_at - received_at) * share, clock.now())


def _add_steps(
    plan: Plan, writer: Writer, worry: _Worry, registrar_id: int, *, state: ReferralState, done_at: datetime | None
) -> None:
    writer.add(
        ReferralMove,
        referral_id=worry.id,
        to_state=ReferralState.RECEIVED,
        by_id=registrar_id,
        at=worry.received_at,
    )
    begun_at = worry.received_at + ((done_at or clock.now()) - worry.received_at) * 0.6
    before = ReferralState.RECEIVED
    if state in {ReferralState.IN_ASSESSMENT, ReferralState.ROUTED, ReferralState.DECLINED}:
        _add_step(plan, writer, worry, (before, ReferralState.IN_ASSESSMENT), begun_at)
        before = ReferralState.IN_ASSESSMENT
    if done_at is not None and state is not before:
        _add_step(plan, writer, worry, (before, state), done_at)


def _add_step(
    plan: Plan, writer: Writer, worry: _Worry, states: tuple[ReferralState, ReferralState], at: datetime
) -> None:
    reason = plan.inventor.narrative(20, 80) if states[1] is ReferralState.DECLINED else None
    writer.add(
        ReferralMove,
        referral_id=worry.id,
        from_state=states[0],
        to_state=states[1],
        by_id=worry.owner_id,
        at=at,
        reason_sealed=reason,
    )
    plan.did(at, worry.owner_id, Action.REFERRAL_OPENED, ("referral", worry.id), worry.child.id)


def _add_case(plan: Plan, writer: Writer, worry: _Worry, at: datetime) -> None:
    inventor = plan.inventor
    is_serious = worry.urgency is not Urgency.ORDINARY or inventor.chance(SERIOUS)
    severity = Severity.SERIOUS if is_serious else Severity.ORDINARY
    domains = sorted(inventor.random.sample(list(Domain), inventor.random.randint(1, 3)), key=list(Domain).index)
    assessment_id = writer.add(
        Assessment,
        referral_id=worry.id,
        student_id=worry.child.id,
        assessed_by_id=worry.owner_id,
        assessed_at=at,
        domains=",".join(domains),
        suggested_severity=severity,
        suggestion_reasons="",
        severity=severity,
        nature_sealed=inventor.narrative(),
        measures_sealed=inventor.narrative(),
        parts_filled=3,
    )
    is_held = is_serious and not inventor.chance(LATE + MISSING)
    closed_at = _closed(plan, at) if is_held or not is_serious else None
    ending = closings.ending_of(plan, worry.id, opened_at=at, closed_at=closed_at)
    case_id = writer.add(
        Case,
        student_id=worry.child.id,
        referral_id=worry.id,
        severity=severity,
        owner_id=worry.owner_id,
        opened_at=at,
        closed_at=ending.closed_now,
    )
    plan.did(at, worry.owner_id, Action.ASSESSMENT_SAVED, ("assessment", assessment_id), worry.child.id)
    plan.did(at, worry.owner_id, Action.CASE_OPENED, ("care_case", case_id), worry.child.id)
    closings.add(plan, writer, case_id=case_id, student_id=worry.child.id, owner_id=worry.owner_id, ending=ending)
    held_at = _add_conference(plan, writer, worry, case_id, at, is_held=is_held) if is_serious else at
    if is_serious:
        outward.add(plan, writer, student_id=worry.child.id, case_id=case_id, owner_id=worry.owner_id, at=at)
    facts = CaseFacts(case_id, worry.child, worry.owner_id, is_serious, held_at or at, closed_at)
    if held_at is not None:
        add_plan(plan, writer, facts)
    papers.add(plan, writer, facts, opened_at=at)


def _closed(plan: Plan, opened_at: datetime) -> datetime | None:
    """Return when a case that began long ago was closed."""
    if clock.now() - opened_at < timedelta(days=plans.OPEN_DAYS):
        return None
    return opened_at + timedelta(days=plan.inventor.random.randint(60, plans.OPEN_DAYS - 10))


def _add_conference(
    plan: Plan, writer: Writer, worry: _Worry, case_id: int, called_at: datetime, *, is_held: bool
) -> datetime | None:
    """Call a conference; return when it was held."""
    due_at = deadlines.conference_due(called_at=called_at, calendar=plan.calendar)
    inventor = plan.inventor
    day = clock.local(called_at + (due_at - called_at) * inventor.random.uniform(0.2, 1.0)).date()
    day = day if plan.calendar.is_school_day(day) else clock.local(due_at).date()
    meets_at = max(clock.at_school(day, inventor.random.choice(HOURS)), called_at)
    held_at = meets_at if is_held and meets_at <= clock.now() else None
    is_planned = held_at is not None or inventor.chance(PLANNED)
    conference_id = writer.add(
        CaseConference,
        case_id=case_id,
        called_at=called_at,
        planned_at=meets_at if is_planned else None,
        place_sealed=inventor.random.choice(ROOMS) if is_planned else None,
        held_at=held_at,
        findings_sealed=inventor.narrative(80, 200) if held_at else None,
        conclusion_sealed=inventor.narrative(40, 120) if held_at else None,
        recorded_by_id=worry.owner_id if held_at else None,
        recorded_at=held_at,
    )
    lead = plan.of_role(Role.LEAD)[0]
    people = sorted({lead.id, worry.owner_id, worry.child.homeroom_id})
    for user_id in people:
        is_present = None if held_at is None else user_id == worry.owner_id or not inventor.chance(MISSING)
        writer.add(ConferenceParticipant, conference_id=conference_id, user_id=user_id, is_present=is_present)
    plan.did(called_at, worry.owner_id, Action.CONFERENCE_CALLED, ("case_conference", conference_id), worry.child.id)
    if held_at is not None:
        about = ("case_conference", conference_id)
        plan.did(held_at, worry.owner_id, Action.CONFERENCE_HELD, about, worry.child.id)
        for doer_id in inventor.random.sample(people, inventor.random.randint(1, len(people))):
            _add_decision(plan, writer, worry, conference_id, held_at, doer_id)
    return held_at


def _add_decision(
    plan: Plan, writer: Writer, worry: _Worry, conference_id: int, held_at: datetime, doer_id: int
) -> None:
    """Decide one thing: long ago mostly done, some of it late; of the last weeks still open, a little of it late."""
    inventor, held_on, today = plan.inventor, clock.local(held_at).date(), clock.today()
    due_on = held_on + timedelta(days=inventor.random.choice((5, 7, 10, 14)))
    took = timedelta(days=inventor.random.randint(1, 4)) + (due_on - held_on if inventor.chance(LATE) else timedelta(0))
    ended_on = held_on + took if held_on + took <= today else None
    if ended_on is not None and today - due_on < timedelta(days=OPEN_DAYS) and inventor.chance(0.5):
        ended_on = None
    state = DecisionState.OPEN
    if ended_on is not None:
        state = DecisionState.DROPPED if inventor.chance(MISSING) else DecisionState.DONE
    ender_id = worry.owner_id if state is DecisionState.DROPPED else doer_id
    decision_id = writer.add(
        CaseDecision,
        conference_id=conference_id,
        text_sealed=inventor.random.choice(DECISIONS),
        owner_id=doer_id,
        due_on=due_on,
        decided_by_id=worry.owner_id,
        recorded_at=held_at,
        state=state,
        ended_on=ended_on,
        ended_by_id=ender_id if ended_on else None,
        ended_at=plan.moment(ended_on) if ended_on else None,
        note_sealed=inventor.narrative(20, 60) if ended_on else None,
    )
    about = ("case_decision", decision_id)
    plan.did(held_at, worry.owner_id, Action.DECISION_SAVED, about, worry.child.id)
    if ended_on is not None:
        plan.did(plan.moment(ended_on), ender_id, Action.DECISION_ENDED, about, worry.child.id)


def _one_of(plan: Plan, weights: dict[Choice, int]) -> Choice:
    return plan.inventor.random.choices(list(weights), weights=list(weights.values()))[0]
