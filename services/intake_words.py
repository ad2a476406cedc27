"""What the channels, urgencies, domains and the like of intake are called, on screen and on paper."""

from collections.abc import Mapping

from db.tables import Domain, ParentsInformed, ReferralChannel, ReferralState, ReferralWay, Severity, Urgency

CHANNELS: Mapping[ReferralChannel, str] = {
    ReferralChannel.SELF: "学生来访",
    ReferralChannel.TEACHER: "教师转介",
    ReferralChannel.PARENT: "家长反馈",
    ReferralChannel.SCREENING: "筛查发现",
    ReferralChannel.OBSERVATION: "值班观察",
}
WAYS: Mapping[ReferralWay, str] = {
    ReferralWay.PHONE: "电话",
    ReferralWay.WECHAT: "微信",
    ReferralWay.VISIT: "来访",
}
URGENCIES: Mapping[Urgency, str] = {
    Urgency.ORDINARY: "一般",
    Urgency.URGENT: "着急",
    Urgency.DANGER: "有危险",
}
PARENTS: Mapping[ParentsInformed, str] = {
    ParentsInformed.YES: "知道",
    ParentsInformed.NO: "不知道",
    ParentsInformed.UNCLEAR: "不清楚",
}
DOMAINS: Mapping[Domain, str] = {
    Domain.MIND: "情绪心理",
    Domain.STUDY: "学习",
    Domain.LIFE: "生活",
    Domain.FAMILY: "家庭",
    Domain.PEERS: "同伴",
    Domain.SAFETY: "安全",
    Domain.CONDUCT: "行为",
}
SEVERITIES: Mapping[Severity, str] = {Severity.ORDINARY: "一般", Severity.SERIOUS: "严重或多方面"}
STATES: Mapping[ReferralState, str] = {
    ReferralState.RECEIVED: "已收到",
    ReferralState.IN_ASSESSMENT: "评估中",
    ReferralState.ANSWERED: "已答复",
    ReferralState.ROUTED: "已转个案",
    ReferralState.DECLINED: "不立案",
    ReferralState.MERGED: "已合并",
}
