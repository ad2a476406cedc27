"""Support plans of the last school year's cases: in force, waiting for a yes, returned, changed, to be reviewed."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from db.base import JsonObject
from db.tables import (
    GoalState,
    MeasureDomain,
    MeasureNote,
    MeasureRhythm,
    MeasureState,
    PlanAuthor,
    PlanGoal,
    PlanKind,
    PlanMeasure,
    PlanState,
    PlanVersion,
    Role,
    SupportPlan,
)
from services import clock
from services.audit import Action
from services.demonstration.plan import Child, Plan
from services.demonstration.writer import Writer

OPEN_DAYS = 150  # what began longer ago has ended
MISSING, WAITING, RETURNED, CHANGED, DONE = 0.12, 0.15, 0.12, 0.3, 0.35
REVIEW_EVERY = (28, 42, 56)
GOALS = (
    ("每天来上学", "连着四周不缺课"),
    ("晚上睡够八小时", "自己记的睡眠表"),
    ("和同桌说得上话", "课间有人一起走"),
    ("作业交得上", "每周交齐四天"),
    ("愿意和家里通电话", "每周视频一次，说够十分钟"),
)
MEASURES = {
    MeasureDomain.MIND: ("每周谈一次，先谈睡得好不好。", "教三种放松的办法，一起练。"),
    MeasureDomain.STUDY: ("把落下的作业排一张表，一天补一样。", "课后辅导数学，先补分数。"),
    MeasureDomain.LIFE: ("早上在校门口看一眼，问问吃了没有。", "联系社区，问清能不能申请临时救助。"),
}
RHYTHMS = (MeasureRhythm.WEEKLY, MeasureRhythm.FORTNIGHTLY, MeasureRhythm.MONTHLY)
NOTES = ("谈过了，比上次愿意说。", "没有来，改到明天。", "作业交了三天。", "家里答应早点叫他睡。", "说晚上还是醒。")


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """A case as the plan's area needs it."""

    id: int
    child: Child
    owner_id: int
    is_serious: bool
    since: datetime  # opened, or discussed
    closed_at: datetime | None


def add_plan(plan: Plan, writer: Writer, case: CaseFacts) -> None:
    """Write the plan of one case, or leave it still to be written; of a closed one it has ended."""
    inventor = plan.inventor
    if case.closed_at is None and inventor.chance(MISSING):
        return
    number, wrote_at = 1, _later(plan, case.since, 1, 4)
    plan_id = writer.add(
        SupportPlan, student_id=case.child.id, case_id=case.id, kind=PlanKind.CASE, owner_id=case.owner_id,
        begun_at=wrote_at,
    )  # fmt: skip
    if case.closed_at is not None:
        _add_version(plan, writer, case, plan_id, number, wrote_at, PlanState.ENDED, ended_at=case.closed_at)
        return
    if case.is_serious and inventor.chance(WAITING + RETURNED):
        is_returned = inventor.chance(RETURNED / (WAITING + RETURNED))
        _add_version(plan, writer, case, plan_id, number, wrote_at,
                     PlanState.RETURNED if is_returned else PlanState.SUBMITTED)  # fmt: skip
        return
    changed_at = _later(plan, wrote_at, 20, 40)
    is_changed = changed_at < clock.now() and inventor.chance(CHANGED)
    if is_changed:
        _add_version(plan, writer, case, plan_id, number, wrote_at, PlanState.REPLACED, ended_at=changed_at)
        number, wrote_at = 2, changed_at
    _add_version(plan, writer, case, plan_id, number, wrote_at, PlanState.IN_FORCE)


def _add_version(
    plan: Plan, writer: Writer, case: CaseFacts, plan_id: int, number: int, at: datetime, state: PlanState,
    *, ended_at: datetime | None = None,
) -> None:  # fmt: skip
    inventor, wrote_on = plan.inventor, clock.local(at).date()
    review_on = wrote_on + timedelta(days=inventor.random.choice(REVIEW_EVERY))
    if state is PlanState.IN_FORCE and review_on < plan.today and not inventor.chance(MISSING):
        review_on = plan.today + timedelta(days=inventor.random.choice(REVIEW_EVERY))  # reviewed since
    goals = inventor.random.sample(GOALS, inventor.random.randint(1, 2))
    measures = [_measure(plan, case, domain, wrote_on, review_on) for domain in inventor.random.sample(
        list(MeasureDomain), inventor.random.randint(1, 3))]  # fmt: skip
    lead = plan.of_role(Role.LEAD)[0]
    is_counted = state in {PlanState.IN_FORCE, PlanState.REPLACED, PlanState.ENDED}
    is_answered = case.is_serious and state is not PlanState.SUBMITTED
    content: JsonObject = {
        "basis": inventor.narrative(40, 120),
        "goals": [{"id": None, "text": text, "sign": sign} for text, sign in goals],
        "measures": measures,
    }
    if state is PlanState.IN_FORCE:
        _add_parts(plan, writer, case, plan_id, content)
    version_id = writer.add(
        PlanVersion,
        plan_id=plan_id,
        number=number,
        state=state,
        review_on=review_on,
        content_sealed=json.dumps(content, ensure_ascii=False),
        reason_sealed=inventor.narrative(20, 60) if number > 1 else None,
        written_by_id=case.owner_id,
        written_at=at,
        submitted_by_id=case.owner_id if case.is_serious else None,
        submitted_at=at if case.is_serious else None,
        answered_by_id=lead.id if is_answered else None,
        answered_at=at if is_answered else None,
        answer_sealed="晚上谁照看没有写，请补上。" if state is PlanState.RETURNED else None,
        in_force_at=at if is_counted else None,
        ended_at=ended_at,
        ended_by_id=case.owner_id if ended_at else None,
        end_reason_sealed="好转了，结案。" if state is PlanState.ENDED else None,
    )
    writer.add(PlanAuthor, plan_version_id=version_id, user_id=case.owner_id, first_at=at)
    action = Action.PLAN_IN_FORCE if is_counted else Action.PLAN_SUBMITTED
    plan.did(at, case.owner_id, action, ("support_plan", plan_id), case.child.id)


def _measure(plan: Plan, case: CaseFacts, domain: MeasureDomain, begun: date, review_on: date) -> dict[str, object]:
    inventor = plan.inventor
    doer = case.owner_id if domain is MeasureDomain.MIND else case.child.homeroom_id
    ends_on = max(begun + timedelta(days=7), review_on + timedelta(days=inventor.random.choice((-28, 0, 7))))
    return {
        "id": None,
        "domain": domain.value,
        "text": inventor.random.choice(MEASURES[domain]),
        "responsible_id": doer,
        "starts_on": begun.isoformat(),
        "ends_on": ends_on.isoformat(),
        "rhythm": inventor.random.choice(RHYTHMS).value,
    }


def _add_parts(plan: Plan, writer: Writer, case: CaseFacts, plan_id: int, content: JsonObject) -> None:
    """Write goals and measures one works by, with what was noted of them; the content learns their numbers."""
    inventor = plan.inventor
    for place, goal in enumerate(content["goals"]):
        is_reached = inventor.chance(DONE / 2)
        goal["id"] = writer.add(
            PlanGoal, plan_id=plan_id, place=place, text_sealed=goal["text"], sign_sealed=goal["sign"],
            state=GoalState.PARTLY if is_reached else GoalState.OPEN, judged_on=plan.today if is_reached else None,
            judged_by_id=case.owner_id if is_reached else None,
            note_sealed="比上个月好，还不稳。" if is_reached else None,
        )  # fmt: skip
    for place, measure in enumerate(content["measures"]):
        measure["id"] = _add_measure(plan, writer, plan_id, place, measure)


def _add_measure(plan: Plan, writer: Writer, plan_id: int, place: int, measure: JsonObject) -> int:
    inventor = plan.inventor
    starts_on, ends_on = date.fromisoformat(measure["starts_on"]), date.fromisoformat(measure["ends_on"])
    days = [day for day in plan.school_days() if starts_on <= day <= min(ends_on, plan.today)]
    noted = sorted({*inventor.random.sample(days, min(len(days), 2)), *([days[-1]] if inventor.chance(0.9) else [])}
                   ) if days else []  # fmt: skip
    is_done = bool(noted) and (ends_on < plan.today and not inventor.chance(MISSING))
    number = writer.add(
        PlanMeasure, plan_id=plan_id, place=place, domain=MeasureDomain(measure["domain"]),
        text_sealed=measure["text"], responsible_id=measure["responsible_id"], starts_on=starts_on, ends_on=ends_on,
        rhythm=MeasureRhythm(measure["rhythm"]), last_noted_on=noted[-1] if noted else None,
        state=MeasureState.DONE if is_done else MeasureState.OPEN, ended_on=noted[-1] if is_done else None,
        ended_by_id=measure["responsible_id"] if is_done else None,
        outcome_sealed="做到了，孩子自己也说好些。" if is_done else None,
    )  # fmt: skip
    for day in noted:
        writer.add(MeasureNote, measure_id=number, day=day, text_sealed=inventor.random.choice(NOTES),
                   written_by_id=measure["responsible_id"], recorded_at=plan.moment(day))  # fmt: skip
    return number


def _later(plan: Plan, at: datetime, least: int, most: int) -> datetime:
    day = clock.local(at).date() + timedelta(days=plan.inventor.random.randint(least, most))
    return min(plan.moment(day), clock.now()) if day <= plan.today else clock.now()
