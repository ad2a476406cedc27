"""Every state with its icon, word and colour, on badges and in tables. The only such table."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Colour = Literal["red", "orange", "yellow", "green", "blue", "violet", "gray"]


@dataclass(frozen=True)
class Look:
    """How one state looks. Icon and word carry it; the colour only speeds the eye."""

    icon: str  # Material Symbols
    word: str
    colour: Colour
    sign: str = ""  # for canvas tables, which can't draw icons

    def badge(self, text: str | None = None) -> str:
        """Return the badge as markdown; a text may say more (逾期 3 天), never less than the word."""
        return f":{self.colour}-badge[:material/{self.icon}: {text or self.word}]"

    def plain_badge(self, text: str) -> str:
        """Return the badge without its icon, for menus."""
        return f":{self.colour}-badge[{text}]"

    def cell(self, text: str | None = None) -> str:
        """Return the state for a table: sign and word."""
        return f"{self.sign} {text or self.word}".strip()


class Duty(StrEnum):
    """States of one duty of one person."""

    DUE = "due"
    TODAY = "today"
    OVERDUE = "overdue"
    MET = "met"
    MET_LATE = "met_late"
    MISSED = "missed"
    TRIED = "tried"
    DONE_OTHERWISE = "done_otherwise"
    EXEMPT = "exempt"
    WAITING = "waiting"
    NO_DATA = "no_data"
    NOT_IN_FORCE = "not_in_force"


DUTY: dict[str, Look] = {
    Duty.DUE: Look("schedule", "待做", "blue", "◷"),
    Duty.TODAY: Look("today", "今天", "blue", "◷"),
    Duty.OVERDUE: Look("alarm", "逾期", "orange", "▲"),
    Duty.MET: Look("check_circle", "已完成", "green", "✓"),
    Duty.MET_LATE: Look("history", "补做", "green", "✓"),
    Duty.MISSED: Look("cancel", "漏做", "red", "✕"),
    Duty.TRIED: Look("call_missed", "已尝试", "yellow", "↩"),
    Duty.DONE_OTHERWISE: Look("alt_route", "另法完成", "violet", "✓"),
    Duty.EXEMPT: Look("remove_done", "免做", "gray", "－"),
    Duty.WAITING: Look("hourglass_top", "等我", "violet", "◷"),
    Duty.NO_DATA: Look("data_alert", "无数据", "gray", "？"),
    Duty.NOT_IN_FORCE: Look("toggle_off", "未启用", "gray", "－"),
}

SEEN_IN_CHECK: dict[bool, Look] = {
    True: Look("check_circle", "见到了", "green", "✓"),
    False: Look("schedule", "还没见到", "blue", "◷"),
}

TERM_LINE: dict[str, Look] = {
    "open": Look("schedule", "待做", "blue"),
    "look": Look("visibility", "看一眼", "yellow"),
    "later": Look("hourglass_top", "还不到时候", "gray"),
    "done": Look("check_circle", "已完成", "green"),
}

REFERRAL: dict[str, Look] = {
    "received": Look("inbox", "已收到", "blue"),
    "in_assessment": Look("psychology", "评估中", "blue"),
    "answered": Look("reply", "已答复", "green"),
    "routed": Look("volunteer_activism", "已转个案", "green"),
    "declined": Look("do_not_disturb_on", "不立案", "gray"),
    "merged": Look("merge", "已合并", "gray"),
}

CASE: dict[str, Look] = {
    "conference": Look("groups", "待研讨", "violet"),
    "reopened": Look("replay", "重开", "blue"),
    "plan": Look("assignment_add", "待定方案", "violet"),
    "review": Look("event_repeat", "待复查", "orange"),
    "support": Look("volunteer_activism", "帮扶中", "green"),
    "closure": Look("task_alt", "已结案", "gray"),
}

CLOSING: dict[str, Look] = {
    "waiting": Look("hourglass_top", "等第二个人同意", "violet"),
    "agreed": Look("task_alt", "已结案", "gray"),
    "declined": Look("undo", "没有同意", "orange"),
    "withdrawn": Look("remove", "撤回了", "gray"),
    "reopened": Look("replay", "重开", "blue"),
}

CASE_STEP: dict[str, Look] = {
    "done": Look("check", "做过了", "green"),
    "now": Look("adjust", "现在", "blue"),
    "next": Look("circle", "还没到", "gray"),
    "not_needed": Look("remove", "不用", "gray"),
}

PLAN: dict[str, Look] = {
    "draft": Look("edit", "草稿", "gray"),
    "submitted": Look("hourglass_top", "等审批", "violet"),
    "returned": Look("undo", "退回", "orange"),
    "in_force": Look("verified", "在用", "green"),
    "replaced": Look("history", "换成新的一版", "gray"),
    "ended": Look("task_alt", "结束", "gray"),
}

GOAL: dict[str, Look] = {
    "open": Look("flag", "在努力", "blue"),
    "partly": Look("timelapse", "部分达到", "yellow"),
    "reached": Look("check_circle", "达到了", "green"),
    "missed": Look("do_not_disturb_on", "没达到", "gray"),
}

MEASURE: dict[str, Look] = {
    "open": Look("schedule", "在做", "blue"),
    "done": Look("check_circle", "做完了", "green"),
    "stopped": Look("do_not_disturb_on", "不做了", "gray"),
}

DECISION: dict[str, Look] = {
    "done": Look("check_circle", "做完了", "green"),
    "dropped": Look("do_not_disturb_on", "不用做了", "gray"),
}

PAIR: dict[str, Look] = {
    "running": Look("diversity_1", "结着", "green", "✓"),
    "child_gone": Look("person_off", "孩子走了，要结束", "orange", "▲"),
    "ahead": Look("schedule", "说好以后开始", "blue", "◷"),
    "ended": Look("task_alt", "结束了", "gray", "－"),
}

SUBSIDY: dict[str, Look] = {
    "missing": Look("edit", "还没登记", "orange", "▲"),
    "owed": Look("schedule", "还没发", "blue", "◷"),
    "paid": Look("paid", "发了", "green", "✓"),
}

HELPER: dict[str, Look] = {
    "not_vetted": Look("shield_question", "没审核", "red", "✕"),
    "untrained": Look("school", "培训没有或过期", "orange", "▲"),
    "no_pledge": Look("draw", "没签承诺", "orange", "▲"),
    "full": Look("group", "带满了", "gray", "－"),
    "no_child": Look("person", "还没带孩子", "blue", "◷"),
}

KEEPING_UP: dict[str, Look] = {
    "never_begun": Look("cancel", "还没有开始", "red", "✕"),
    "behind": Look("alarm", "落下了", "orange", "▲"),
    "on_time": Look("check_circle", "都跟上了", "green", "✓"),
}

CASE_OF_CHILD = Look("volunteer_activism", "个案", "green")

DRAFT = Look("edit", "草稿", "gray")

RECORD: dict[str, Look] = {
    "done": Look("check_circle", "做了", "green", "✓"),
    "tried": Look("call_missed", "没做成", "yellow", "↩"),
    "withdrawn": Look("block", "作废", "gray", "－"),
    "imported": Look("history", "补录", "gray", "↺"),
}

HANDOVER: dict[str, Look] = {
    "made": Look("inventory_2", "还没交出去", "orange", "◷"),
    "handed": Look("hourglass_top", "等回执", "blue", "◷"),
    "received": Look("check_circle", "有回执", "green", "✓"),
    "withdrawn": Look("block", "作废", "gray", "－"),
    "late": Look("warning", "逾期", "red", "▲"),
    "owed": Look("schedule", "要移交", "orange", "◷"),
}

OUTWARD: dict[str, Look] = {
    "waiting": Look("hourglass_top", "等回音", "blue", "◷"),
    "followed": Look("visibility", "跟进中", "green", "◷"),
    "taken_over": Look("output", "对方接下了", "green", "✓"),
    "back": Look("check_circle", "回校内帮扶", "green", "✓"),
    "no_need": Look("check_circle", "不用再去", "gray", "✓"),
    "not_gone": Look("person_off", "家里没有去", "orange", "▲"),
    "not_taken": Look("do_not_disturb_on", "对方没有接", "orange", "▲"),
    "mistake": Look("block", "登记错了", "gray", "－"),
}


SCREENING_LEVEL: dict[int, Look] = {
    3: Look("priority_high", "马上谈", "red", "①"),
    2: Look("error", "要谈", "orange", "②"),
    1: Look("info", "要谈", "yellow", "③"),
    0: Look("check_circle", "没有提示", "green", "✓"),
    -1: Look("trending_flat", "不用谈", "gray", "○"),
}
"""A result by the tier it suggests, the gravest first; the number is the shape. -1: of no tier, yet not all well."""

DROP_OUT: dict[str, Look] = {
    "open": Look("directions_walk", "没来上学", "orange", "▲"),
    "returned": Look("check_circle", "回来上学了", "green", "✓"),
    "transferred": Look("output", "转到别的学校", "gray", "－"),
    "still_out": Look("report", "还没有回来", "red", "✕"),
}

DOCUMENT: dict[str, Look] = {
    "current": Look("check_circle", "有", "green", "✓"),
    "expiring": Look("schedule", "快到期", "yellow", "◷"),
    "review_due": Look("visibility", "该看一遍了", "orange", "▲"),
    "not_yet": Look("event_upcoming", "还没生效", "blue", "◷"),
    "expired": Look("alarm", "过期", "orange", "▲"),
    "missing": Look("cancel", "缺", "red", "✕"),
    "not_needed": Look("toggle_off", "用到再存", "gray", "－"),
}

ACCOUNT: dict[str, Look] = {
    "active": Look("check_circle", "在用", "green", "✓"),
    "first_password": Look("key", "还没换密码", "yellow", "◷"),
    "disabled": Look("block", "停用", "gray", "－"),
}

BACKUP: dict[str, Look] = {
    "proven": Look("verified", "已验证", "green", "✓"),
    "unproven": Look("help", "未验证", "yellow", "？"),
    "running": Look("hourglass_top", "正在做", "blue", "◷"),
    "failed": Look("cancel", "没做成", "red", "✕"),
    "removed": Look("delete", "过期清掉", "gray", "－"),
    "late": Look("alarm", "逾期", "red", "▲"),
}

POST: dict[str, Look] = {
    "held": Look("person", "有人", "green", "✓"),
    "deputised": Look("swap_horiz", "有人代", "violet", "◷"),
    "vacant": Look("person_off", "还没有人", "orange", "▲"),
}

GROUP: dict[str, Look] = {
    "complete": Look("groups", "齐了", "green", "✓"),
    "incomplete": Look("person_add", "还缺人", "orange", "▲"),
}

EXCHANGE: dict[str, Look] = {
    "open": Look("rule", "还有", "orange", "▲"),
    "decided": Look("check_circle", "都定了", "green", "✓"),
}

DIFFERENCE: dict[str, Look] = {
    "open": Look("schedule", "还没定", "blue", "◷"),
    "adopted": Look("check_circle", "照名单改了", "green", "✓"),
    "left": Look("do_not_disturb_on", "留着没改", "gray", "－"),
    "not_ours": Look("person_off", "不是我们的学生", "gray", "－"),
}

RETENTION: dict[str, Look] = {
    "asked": Look("hourglass_top", "等点头", "violet", "◷"),
    "running": Look("history", "没清完", "orange", "▲"),
}

IMPORT: dict[str, Look] = {
    "made": Look("check_circle", "已导入", "green"),
    "undone": Look("undo", "已撤回", "gray"),
}
