"""The words of intake: channels, urgency, parents, domains, severity, acts."""

from datetime import date, datetime, time, timedelta
from typing import Any

from services import clock
from services.calendar import END_OF_SCHOOL_DAY
from services.intake_words import CHANNELS as CHANNELS
from services.intake_words import DOMAINS as DOMAINS
from services.intake_words import PARENTS as PARENTS
from services.intake_words import SEVERITIES as SEVERITIES
from services.intake_words import URGENCIES as URGENCIES
from services.intake_words import WAYS as WAYS
from services.regulations.deadlines import Deadline, DutyState
from ui import formats
from ui.forms import shown
from ui.session import school_calendar
from ui.states import DUTY, REFERRAL, Duty

STEPS = {"D-06": "评估", "D-05": "答复", "C-09": "反馈转介教师", "D-08": "集体研讨", "F-05": "帮扶方案"}
CLAUSES = {"D-01": "三条渠道受理", "D-03": "受理记录三项齐全", "D-04": "当场答复"}
UNKNOWN_CHILD = "还没认出的孩子"
WRITTEN = {
    "facts": "看到、听到了什么",
    "child_words": "孩子的原话",
    "background": "背景情况",
    "tried": "已经做过什么",
}
FACTS = WRITTEN | {
    "noticed_on": "哪天发现",
    "parents_informed": "家里知道吗",
    "urgency": "急不急",
    "child": "是哪个孩子",
    "state": "办到哪一步",
    "owner_name": "谁接手",
    "answer": "答复了什么",
    "feedback": "给转介教师的反馈",
    "is_suspected_abuse": "疑似侵害",
    "police_told_at": "报警 110",
    "authority_told_at": "报告教育局",
}
"""What a referral consists of, as conflicts name it."""
DANGER_NUMBERS = "110　120　12356"


def show_fact(name: str, value: Any) -> str:
    """Write one of a referral's facts for a person."""
    match name:
        case "state":
            return REFERRAL[value.value].word
        case "urgency" if value:
            return URGENCIES[value]
        case "parents_informed" if value:
            return PARENTS[value]
    return shown(value)


def child_with_class(child: str | None, class_label: str | None) -> str:
    """霍半夏，八（2）班."""
    name = child or UNKNOWN_CHILD
    return f"{name}，{class_label}" if class_label else name


def moment(at: datetime) -> str:
    """11月20日 09:40, and 今天 09:40."""
    local, today = clock.local(at), clock.today()
    day = "今天" if local.date() == today else formats.day(local.date(), today=today)
    return f"{day} {formats.clock(local.time())}"


def meeting_words(at: datetime) -> str:
    """11月25日 周三 15:30, and 今天 15:30."""
    local = clock.local(at)
    return f"{_day_words(local.date())} {formats.clock(local.time())}"


def due_words(at: datetime) -> str:
    """今天放学前, 11月24日 周二放学前; by the clock where there is no school, by midnight where it had ended."""
    local = clock.local(at)
    if local.time() == time(0):
        return f"{_day_words(local.date() - timedelta(days=1))} 24:00 前"
    if local.time() == END_OF_SCHOOL_DAY and school_calendar().is_school_day(local.date()):
        return f"{_day_words(local.date())}放学前"
    return f"{_day_words(local.date())} {formats.clock(local.time())} 前"


def _day_words(day: date) -> str:
    today = clock.today()
    return "今天" if day == today else formats.day_and_weekday(day, today=today)


def lateness(due_at: datetime) -> str:
    """逾期 3 天; hours or minutes where it is less than a day."""
    late = clock.now() - due_at
    days = (clock.today() - clock.local(due_at).date()).days
    if days >= 1 and late.total_seconds() >= 0:
        return f"逾期 {days} 天"
    minutes = max(int(late.total_seconds() // 60), 1)
    return f"逾期 {minutes // 60} 小时" if minutes >= 60 else f"逾期 {minutes} 分钟"


def elapsed(since: datetime) -> str:
    """已过 1 小时 20 分钟."""
    minutes = max(int((clock.now() - since).total_seconds() // 60), 0)
    hours, rest = divmod(minutes, 60)
    if hours >= 48:
        return f"已过 {hours // 24} 天"
    return f"已过 {hours} 小时 {rest} 分钟" if hours else f"已过 {rest} 分钟"


def step_badge(step: Deadline) -> str:
    """Return a step's state as a badge: 逾期 2 天, 今天, 待做, 已完成."""
    if step.state is DutyState.OVERDUE:
        return DUTY[Duty.OVERDUE].badge(lateness(step.due_at))
    if step.state is DutyState.DUE and clock.local(step.due_at).date() == clock.today():
        return DUTY[Duty.TODAY].badge()
    return DUTY[step.state.value].badge()
