"""Stage summaries and evaluations of the cases: every so often, a few of them late, at the end before closing."""

import json
from datetime import date, datetime, time, timedelta
from random import Random

from db.base import JsonObject
from db.tables import EffectEvaluation, EvaluationMoment, StageSummary
from services import clock
from services.audit import Action
from services.demonstration.plan import Child, Plan
from services.demonstration.plans import CaseFacts
from services.demonstration.writer import Writer
from services.evaluation_kinds import LEAST, MOST, Dimension, Voice

EVERY, FIRST_AFTER, BEFORE_CLOSING = timedelta(days=60), timedelta(days=10), timedelta(days=6)
LATE, UNASKED, OTHERS = 0.1, 0.25, 0.6
_CHANGED = (
    "来上学的日子多了，上课还是走神。每周谈一次有用，作业表没有坚持下来。",
    "和同桌说得上话了，晚上睡得早些。数学还跟不上，课后辅导换了时间就没来。",
    "情绪比上个月稳，爸爸视频以后会高兴一两天。早上还是叫不起来。",
)
_NEXT = (
    "照旧每周谈一次，作业表改成一天一样。",
    "请班主任换座位，和外婆说好晚上几点睡。",
    "下个月家访一次，把视频定在周日晚上。",
)
_WORDS = {
    Voice.CHILD: ("比以前好一点，就是数学听不懂。", "晚上睡得着了，课间有人一起走。"),
    Voice.TEACHER: ("上课举过手，作业交得上一半。", "还是一个人坐着，叫他会应。"),
    Voice.PARENT: ("在家话多了些，手机还是放不下。", "外婆说吃饭香了，周末肯出门。"),
    Voice.QUESTIONNAIRE: ("比上一次低了三分，睡眠两题还高。", "情绪的分下来了，学习的没有变。"),
}
_WHO = {Voice.TEACHER: "班主任", Voice.PARENT: "外婆", Voice.QUESTIONNAIRE: "SDQ 自评，总分 14"}
_ADJUSTED = "谈话照旧，数学改成和同学一起补。"


def add(plan: Plan, writer: Writer, case: CaseFacts, *, opened_at: datetime) -> None:
    """Write the summaries and evaluations of one case; by dice of its own, so that nothing else of the school moves."""
    chance = Random(case.id)  # noqa: S311  invented
    begun_on = clock.local(opened_at).date()
    ended_on = clock.local(case.closed_at).date() if case.closed_at else plan.today
    _add_summaries(plan, writer, case, chance, begun_on, ended_on)
    _add_evaluations(plan, writer, case, chance, begun_on, ended_on)


def _add_summaries(plan: Plan, writer: Writer, case: CaseFacts, chance: Random, begun_on: date, ended_on: date) -> None:
    from_on, to_on = begun_on, begun_on + EVERY - timedelta(days=chance.randint(1, 8))
    while to_on <= ended_on:
        is_last = to_on + EVERY > ended_on
        if case.closed_at is None and is_last and chance.random() < LATE:
            return
        written_at = _evening(to_on)
        number = writer.add(
            StageSummary, case_id=case.id, from_on=from_on, to_on=to_on, next_on=to_on + EVERY,
            changed_sealed=chance.choice(_CHANGED), next_sealed=chance.choice(_NEXT), written_by_id=case.owner_id,
            written_at=written_at,
        )  # fmt: skip
        plan.did(written_at, case.owner_id, Action.SUMMARY_WRITTEN, ("stage_summary", number), case.child.id)
        from_on, to_on = to_on + timedelta(days=1), to_on + EVERY - timedelta(days=chance.randint(1, 8))


def _add_evaluations(
    plan: Plan, writer: Writer, case: CaseFacts, chance: Random, begun_on: date, ended_on: date
) -> None:
    """At the beginning, once or twice on the way, and at the end of what was closed; each a little better."""
    days = [(EvaluationMoment.BEGINNING, begun_on + FIRST_AFTER)]
    middle = begun_on + timedelta(days=75)
    while middle < ended_on - timedelta(days=30) and len(days) < 3:
        days.append((EvaluationMoment.MIDWAY, middle))
        middle += timedelta(days=90)
    if case.closed_at is not None:
        days = [each for each in days if each[1] < ended_on - BEFORE_CLOSING]
        days.append((EvaluationMoment.END, ended_on - BEFORE_CLOSING))
    elif chance.random() < UNASKED:
        days = days[:-1]
    state = {each: chance.randint(LEAST, 3) for each in Dimension}
    for moment, held_on in days:
        if held_on > ended_on:
            continue
        _add_evaluation(plan, writer, case, chance, moment, held_on, state)
        for each in Dimension:
            state[each] = min(MOST, max(LEAST, state[each] + chance.choice((0, 1, 1))))


def _add_evaluation(
    plan: Plan, writer: Writer, case: CaseFacts, chance: Random, moment: EvaluationMoment, held_on: date,
    state: dict[Dimension, int],
) -> None:  # fmt: skip
    others = (each for each in (Voice.PARENT, Voice.QUESTIONNAIRE) if chance.random() < OTHERS)
    voices = [Voice.CHILD, Voice.TEACHER, *others]
    said = [_said(chance, case.child, each, held_on, state, case.owner_id) for each in voices]
    written_at = _evening(held_on)
    number = writer.add(
        EffectEvaluation, case_id=case.id, moment=moment, held_on=held_on, voices=len(voices),
        dimensions=len(Dimension), written_by_id=case.owner_id, written_at=written_at,
        content_sealed=json.dumps({"voices": said, "conclusion": _ADJUSTED}, ensure_ascii=False),
    )  # fmt: skip
    plan.did(written_at, case.owner_id, Action.EVALUATION_WRITTEN, ("effect_evaluation", number), case.child.id)


def _said(
    chance: Random, child: Child, voice: Voice, day: date, state: dict[Dimension, int], owner_id: int
) -> JsonObject:
    told = [each for each in Dimension if voice is not Voice.QUESTIONNAIRE or each is Dimension.MIND]
    scores = {each.value: min(MOST, max(LEAST, state[each] + chance.choice((-1, 0, 0, 1)))) for each in told}
    return {
        "voice": voice.value,
        "who": _WHO.get(voice, child.name),
        "said_on": day.isoformat(),
        "scores": scores,
        "words": chance.choice(_WORDS[voice]),
        "written_by_id": owner_id,
    }


def _evening(day: date) -> datetime:
    return min(clock.at_school(day, time(16, 30)), clock.now())
