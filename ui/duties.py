"""The words of home's lines: what a duty is called, why it stands there, and where its act leads."""

from dataclasses import dataclass
from datetime import datetime

from db.tables import ReferralChannel, Urgency
from services import clock
from services.home import Duty, DutyGroup, DutyKind, DutyTarget
from ui import formats
from ui.referral_words import CHANNELS, UNKNOWN_CHILD, child_with_class, due_words, elapsed, lateness
from ui.states import DUTY
from ui.states import Duty as State

GROUPS = {
    DutyGroup.LATE: "逾期",
    DutyGroup.TODAY: "今天",
    DutyGroup.WAITING: "等我",
    DutyGroup.UPCOMING: "以后",
}

BUTTONS = {
    DutyKind.REPORT_ABUSE: "记下报告",
    DutyKind.DANGER: "看受理",
    DutyKind.ASSIGN: "交给谁",
    DutyKind.ASSESS: "开始评估",
    DutyKind.REPLY: "写回复",
    DutyKind.FEEDBACK: "写反馈",
    DutyKind.MATCH_CHILD: "认一认",
    DutyKind.CONFERENCE: "看研讨单",
    DutyKind.READ_FEEDBACK: "看答复",
    DutyKind.HOMEROOM_MISSING: "去指定",
    DutyKind.HOLIDAYS_UNKNOWN: "去补上",
    DutyKind.FIRST_PASSWORDS: "看账号",
    DutyKind.UNENCRYPTED: "看设置",
}

SHOWN_NAMES = 6


@dataclass(frozen=True)
class Destination:
    """The page a duty's act opens, and what stands in its address."""

    page: str
    query: dict[str, str]


def title_of(duty: Duty) -> str:
    """Return what is to be done with whom, in one short sentence."""
    child = duty.child or UNKNOWN_CHILD
    match duty.kind:
        case DutyKind.ASSESS:
            return f"评估{child_with_class(duty.child, duty.class_label)}"
        case DutyKind.REPLY if duty.channel is ReferralChannel.PARENT:
            return f"回复{child}的家长"
        case DutyKind.REPLY:
            return f"回复{child}"
        case DutyKind.FEEDBACK:
            return f"把{child}的情况反馈给{duty.with_whom or '转介的老师'}"
        case DutyKind.MATCH_CHILD:
            return f"认一认是哪个孩子：{child}"
        case DutyKind.REPORT_ABUSE:
            return f"强制报告：{child_with_class(duty.child, duty.class_label)}"
        case DutyKind.DANGER:
            return f"有危险：{child_with_class(duty.child, duty.class_label)}"
        case DutyKind.ASSIGN:
            return f"还没有人接手：{child_with_class(duty.child, duty.class_label)}"
        case DutyKind.CONFERENCE:
            return f"集体研讨：{child}"
        case DutyKind.READ_FEEDBACK:
            return f"看关爱室对{child}的答复"
        case DutyKind.HOMEROOM_MISSING:
            return f"{len(duty.labels)} 个班还没有班主任"
        case DutyKind.HOLIDAYS_UNKNOWN:
            return f"{'、'.join(duty.labels)}年的放假和调休还不知道"
        case DutyKind.FIRST_PASSWORDS:
            return f"{len(duty.labels)} 个账号还在用第一次的密码"
        case DutyKind.UNENCRYPTED:
            return "浏览器到服务器这一段没有加密"


def reason_of(duty: Duty) -> str:
    """Return why the line stands here: the area, what is known, and by when."""
    match duty.kind:
        case DutyKind.ASSESS | DutyKind.REPLY | DutyKind.FEEDBACK | DutyKind.ASSIGN | DutyKind.DANGER:
            return _referral_reason(duty)
        case DutyKind.REPORT_ABUSE:
            return "先打 110，再报教育部门；不要先通知家长"
        case DutyKind.MATCH_CHILD:
            return "受理：名册里还没有对上这个孩子"
        case DutyKind.CONFERENCE:
            return f"个案：{duty.owner_name or '负责人'}负责，应在 {_due(duty)}开"
        case DutyKind.READ_FEEDBACK:
            return "受理：您转介的孩子有答复了"
        case DutyKind.HOMEROOM_MISSING | DutyKind.FIRST_PASSWORDS:
            return _names(duty.labels)
        case DutyKind.HOLIDAYS_UNKNOWN:
            return "学校日历：先按周一到周五算，公布以后请补上"
        case DutyKind.UNENCRYPTED:
            return "请信息老师用 --https 重新启动"


def badge_of(duty: Duty) -> str:
    """Return the state as a badge: how late, today, or how long it has waited."""
    if duty.kind is DutyKind.REPORT_ABUSE and duty.since:
        return DUTY[State.OVERDUE].badge(elapsed(duty.since))
    if duty.group is DutyGroup.LATE and duty.due_at:
        return DUTY[State.OVERDUE].badge(lateness(duty.due_at))
    if duty.group is DutyGroup.TODAY:
        return DUTY[State.TODAY].badge()
    if duty.group is DutyGroup.UPCOMING and duty.due_at:
        return DUTY[State.DUE].badge(f"还有 {_days_until(duty.due_at)} 天")
    return DUTY[State.WAITING].badge(_waiting(duty.since))


def button_of(duty: Duty) -> str:
    """Return the verb on the line's one button."""
    return "接着评估" if duty.kind is DutyKind.ASSESS and duty.has_begun else BUTTONS[duty.kind]


def destination_of(duty: Duty) -> Destination:
    """Return where the line's act leads."""
    number = str(duty.target_id or "")
    match duty.target:
        case DutyTarget.REFERRAL:
            return Destination("referrals", {"referral": number})
        case DutyTarget.ASSESSMENT:
            return Destination("assessment", {"referral": number})
        case DutyTarget.PROTECTION:
            return Destination("protection", {"referral": number})
        case DutyTarget.CASE:
            return Destination("cases", {"case": number})
        case DutyTarget.CLASSES:
            return Destination("settings", {"view": "classes"})
        case DutyTarget.SCHOOL_DAYS:
            return Destination("settings", {"view": "calendar"})
        case DutyTarget.ACCOUNTS:
            return Destination("accounts", {})
        case DutyTarget.NOTHING:
            return Destination("settings", {})


def _referral_reason(duty: Duty) -> str:
    parts = [f"受理：{CHANNELS[duty.channel]}" if duty.channel else "受理"]
    if duty.urgency is Urgency.URGENT:
        parts.append("标为着急")
    elif duty.urgency is Urgency.DANGER and duty.kind is not DutyKind.DANGER:
        parts.append("有危险")
    if not duty.is_mine and duty.owner_name:
        parts.append(f"{duty.owner_name}接手")
    if duty.due_at:
        parts.append(f"应在 {_due(duty)}")
    return "，".join(parts)


def _due(duty: Duty) -> str:
    return due_words(duty.due_at) if duty.due_at else ""


def _names(labels: tuple[str, ...]) -> str:
    shown = "、".join(labels[:SHOWN_NAMES])
    return f"{shown} 等" if len(labels) > SHOWN_NAMES else shown


def _days_until(due_at: datetime) -> int:
    return (clock.local(due_at).date() - clock.today()).days


def _waiting(since: datetime | None) -> str | None:
    if since is None:
        return None
    days = (clock.today() - clock.local(since).date()).days
    return f"等我 {days} 天" if days > 0 else None


def today_line(week: int | None) -> str:
    """Return home's line under the title: 11月20日 周五，第12周。先做逾期的……"""
    today = formats.day_and_weekday(clock.today(), today=clock.today())
    of_term = f"，{formats.week(week)}" if week else ""
    return f"{today}{of_term}。先做逾期的，再做今天的，等我点头的排在后面。"
