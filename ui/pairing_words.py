"""Suggestions in words: why this helper, why nobody, and what stands against a pair."""

from collections.abc import Iterable, Mapping

from services.pairing.confirming import PairProblem, WhyNot
from services.pairing.fitting import Reason
from services.pairing.strips import DutyStrip
from services.pairing.suggestions import WhyNobody
from services.regulations.periods import Unit

NOBODY = "先不结对"
REASONS: Mapping[Reason, str] = {
    Reason.SAME_CLASS: "教这个班",
    Reason.SAME_GRADE: "教这个年级",
    Reason.SAME_SEX: "同性别",
    Reason.SUBJECT: "会教学得吃力的主科",
    Reason.HELPED_BEFORE: "以前结过对",
    Reason.NO_TIER_LOAD: "手上没有分级的孩子",
    Reason.NO_CHILD_YET: "手上还没有孩子",
    Reason.HAS_ROOM: "还带得了",
}
WHY_NOBODY: Mapping[WhyNobody, str] = {
    WhyNobody.NOBODY_MAY: "没有合适的人：性别不合要求，或以前不合适",
    WhyNobody.ALL_FULL: "能带的人都带满了",
}
_PROBLEMS: Mapping[WhyNot, str] = {
    WhyNot.CHILD_PAIRED: "{child}刚有了结对，或原来的结对刚改过。",
    WhyNot.CHILD_GONE: "{child}现在不在校。",
    WhyNot.HELPER_GONE: "{helper}现在不能带孩子：离开了，没有审核，或培训过期了。请换一个人。",
    WhyNot.HELPER_CHANGED: "{helper}的资料刚改过，请重新推荐一次再看。",
    WhyNot.HELPER_FULL: "{helper}只能再带 {room} 个孩子，这里选了 {wanted} 个。请把多的换给别人。",
}


_DUTIES: Mapping[str, str] = {"J-04": "结对日记", "J-15": "谈心", "J-18": "检查结对成效", "K-13": "联系监护人"}
"""What clauses that ask for one thing call it; of those that ask for several each part has its own word."""
_UNITS: Mapping[Unit, str] = {
    Unit.WEEK: "每周",
    Unit.MONTH: "每月",
    Unit.QUARTER: "每季度",
    Unit.TERM: "每学期",
    Unit.YEAR: "每学年",
}


def duty_words(strip: DutyStrip) -> str:
    """Return what is done in a pair and how often: 每月谈心."""
    return f"{_UNITS[strip.unit]}{strip.label or _DUTIES[strip.clause_id]}"


def reason_words(reasons: Iterable[Reason]) -> str:
    """Return what speaks for a pair: 教这个班，手上还没有孩子."""
    return "，".join(REASONS[each] for each in reasons)


def problem_words(problem: PairProblem) -> str:
    """Return why one pair, or all of one helper's, can't be made, and what to do."""
    return _PROBLEMS[problem.why].format(
        child=problem.child or "", helper=problem.helper, room=problem.room, wanted=problem.wanted
    )
