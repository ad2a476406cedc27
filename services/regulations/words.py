"""What the states of duties are called, in one place for page, paper and command."""

from collections.abc import Mapping

from services.regulations.deadlines import DutyState

STATE_WORDS: Mapping[DutyState, str] = {
    DutyState.MET: "已完成",
    DutyState.MET_LATE: "补做",
    DutyState.TRIED: "已尝试",
    DutyState.DUE: "待做",
    DutyState.OVERDUE: "逾期",
    DutyState.MISSED: "漏做",
    DutyState.DONE_OTHERWISE: "另法完成",
    DutyState.EXEMPT: "免做",
    DutyState.NO_DATA: "无数据",
    DutyState.NOT_IN_FORCE: "未启用",
}
