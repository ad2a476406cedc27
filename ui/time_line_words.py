"""A child's time line in words: for each source its icon, what a line says, and what it opens."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from db.tables import (
    CareKind,
    CarePlace,
    CategoryKind,
    CheckResult,
    ClosingOutcome,
    ConsentAnswer,
    ConsentPurpose,
    DropOutReason,
    EnrolmentState,
    EvaluationMoment,
    FamilyEconomy,
    NotReached,
    OutwardOutcome,
    OutwardTarget,
    PlanKind,
    ReferralChannel,
    Severity,
)
from services.calendar import TERM_NAMES, school_year_label
from services.classes import class_label
from services.screening.known import ScalesUnusable, known_scales, name_of
from services.screening.scales import level_name
from services.time_line import IMPORTED, Source, TimeLineRow
from ui.card_words import code_words
from ui.categories import LEVELS
from ui.record_words import closed_line
from ui.referral_words import CHANNELS, SEVERITIES
from ui.states import DROP_OUT, RECORD, REFERRAL

Says = Callable[[TimeLineRow], str]


@dataclass(frozen=True, slots=True)
class Opens:
    """What one click on a line opens: a page with its record, a tab of the child's page, or a dialog on it."""

    page: str = ""
    parameter: str = ""
    tab: str = ""
    dialog: str = ""


@dataclass(frozen=True, slots=True)
class LineLook:
    """How the lines of one source look."""

    word: str
    icon: str  # Material Symbols
    says: Says
    opens: Opens


def line_word(source: Source, kind: str) -> str:
    """Return what kind of thing a line tells: 家访, 受理, 联系卡."""
    return CareKind(kind).label if source is Source.RECORD else LOOKS[source].word


def line_icon(row: TimeLineRow) -> str:
    """Return the icon of a line; of an attempt and of what only its author reads it says so."""
    if row.source is not Source.RECORD:
        return LOOKS[row.source].icon
    if row.state in ("tried", "withdrawn"):
        return RECORD[row.state].icon
    return _RECORD_ICONS.get(CareKind(row.kind), LOOKS[Source.RECORD].icon)


def line_says(row: TimeLineRow) -> str:
    """Return what happened, as far as the reader may know, and who wrote it down."""
    said = LOOKS[row.source].says(row)
    return f"{said}（{row.person}）" if row.person else said


_TOLD_AT_MOST = 4
_RECORD_ICONS = {
    CareKind.COUNSELLING: "lock",
    CareKind.HOME_VISIT: "home",
    CareKind.CALL: "call",
    CareKind.FAMILY_CALL: "call",
    CareKind.FAMILY_VIDEO: "videocam",
    CareKind.GUARDIAN_NOTICE: "mail",
    CareKind.WRITTEN_MESSAGE: "mail",
    CareKind.HOMEWORK_CHECK: "menu_book",
    CareKind.TUTORING: "menu_book",
    CareKind.GROUP_ACTIVITY: "groups",
    CareKind.AID: "redeem",
    CareKind.AID_APPLICATION: "redeem",
    CareKind.PAIR_CHECK: "fact_check",
    CareKind.SICK_CARE: "healing",
}


def _record(row: TimeLineRow) -> str:
    parts = []
    if row.state != "done":
        parts.append(RECORD[row.state or "tried"].word)
    if row.label:
        parts.append(CarePlace(row.label).label if row.label in set(CarePlace) else NotReached(row.label).label)
    if row.number:
        parts.append(f"{row.number} 分钟")
    if row.detail == IMPORTED:
        parts.append(RECORD["imported"].word)
    said = "，".join(parts) or RECORD["done"].word
    return said if row.may_open else f"{said}；{closed_line(CareKind(row.kind)).rstrip('。')}"


def _referral(row: TimeLineRow) -> str:
    return f"{CHANNELS[ReferralChannel(row.what or '')]}，{REFERRAL[row.state or ''].word}"


def _category(row: TimeLineRow) -> str:
    """登记上：特殊家庭，二级."""
    verb = "不再登记" if row.state == "ended" else "登记上"
    return f"{verb}：{_category_name(row)}{'，补录' if row.state == IMPORTED else ''}"


def _check(row: TimeLineRow) -> str:
    return f"{_category_name(row)}，{CheckResult(row.state or '').label}"


def _category_name(row: TimeLineRow) -> str:
    kind = CategoryKind(row.what or "")
    name = row.label or kind.label
    if kind is CategoryKind.IN_DIFFICULTY and row.label:
        name = f"{kind.label}，{row.label}"
    return f"{name}，{row.detail or LEVELS[row.number]}" if row.number else name


def _card(row: TimeLineRow) -> str:
    """改了父亲电话、家庭住址; of more parts than can be read at a glance only how many."""
    codes = (row.what or "").split(",")
    return f"改了{code_words(codes)}" if len(codes) <= _TOLD_AT_MOST else f"改了 {len(codes)} 项"


def _enrolment(row: TimeLineRow) -> str:
    after = EnrolmentState(row.state or "")
    if after is not EnrolmentState.ENROLLED:
        return after.label
    if row.what is None:
        return "入学"
    return "复学" if row.what == EnrolmentState.ON_LEAVE.value else "转入"


def _term(row: TimeLineRow) -> str:
    return f"{school_year_label(int(row.what or 0))}{TERM_NAMES[row.number or 1]}的"


def _plan(row: TimeLineRow) -> str:
    done = f"第 {row.number} 版开始用" if row.state == "began" else "结束"
    return f"{PlanKind(row.what or '').label}，{done}"


def _screening(row: TimeLineRow) -> str:
    """MHT，很高，当天要谈; by its codes where the school's own scale files can't be read."""
    name, state = name_of(row.what or ""), row.state or ""
    if state == "void":
        return f"{name}，作废，要重测"
    try:
        scale = known_scales().get(row.what or "")
    except ScalesUnusable:
        scale = None
    said = f"{name}，{level_name(scale, state)}"
    return f"{said}，当天要谈" if row.detail == "urgent" else said


def _closing(row: TimeLineRow) -> str:
    """同意结案：问题解决了; 结案以后回访; 重开."""
    if row.state == "closed":
        return f"同意结案：{ClosingOutcome(row.what or '').label}"
    return "重开了" if row.state == "reopened" else "结案以后回访"


def _evaluation(row: TimeLineRow) -> str:
    return f"{EvaluationMoment(row.what or '').label}，听了 {row.number} 方"


def _outward(row: TimeLineRow) -> str:
    target = OutwardTarget(row.what or "").label
    return f"转到{target}" if row.state == "began" else f"{target}，结束：{OutwardOutcome(row.state or '').label}"


def _drop_out(row: TimeLineRow) -> str:
    said = DROP_OUT[row.state or "open"].word
    return f"{said}，{DropOutReason(row.what or '').label}"


def _severity(row: TimeLineRow) -> str:
    return SEVERITIES[Severity(row.what or "")]


LOOKS: Mapping[Source, LineLook] = {
    Source.RECORD: LineLook("工作记录", "forum", _record, Opens("record", "record")),
    Source.REFERRAL: LineLook("受理", "inbox", _referral, Opens("referrals", "referral")),
    Source.ASSESSMENT: LineLook("评估", "psychology", _severity, Opens("cases", "case")),
    Source.CASE: LineLook(
        "开个案", "volunteer_activism", lambda row: "转成个案，负责人", Opens("cases", "case")
    ),
    Source.CONFERENCE: LineLook(
        "集体研讨", "groups", lambda row: "开了" if row.state == "held" else "要开，还没有记录", Opens("cases", "case")
    ),
    Source.PLAN: LineLook("帮扶方案", "assignment", _plan, Opens("plan", "plan")),
    Source.TIER: LineLook(
        "分级", "stacked_bar_chart", lambda row: f"定为{row.label or ''}", Opens("archives", "student")
    ),
    Source.SCREENING: LineLook("心理筛查", "fact_check", _screening, Opens("screening", "student")),
    Source.SUMMARY: LineLook("阶段性总结", "summarize", lambda row: "写了总结", Opens("cases", "case")),
    Source.EVALUATION: LineLook("效果评估", "trending_up", _evaluation, Opens("evaluation", "case")),
    Source.CLOSING: LineLook("结案", "task_alt", _closing, Opens("cases", "case")),
    Source.OUTWARD: LineLook("转介出去", "output", _outward, Opens("outward", "outward")),
    Source.DROP_OUT: LineLook("控辍保学", "directions_walk", _drop_out, Opens("drop_outs", "case")),
    Source.CATEGORY: LineLook("类别", "sell", _category, Opens(tab="概况")),
    Source.CHECK: LineLook("排查", "checklist", _check, Opens(tab="概况")),
    Source.CARD: LineLook(
        "联系卡", "contact_page", _card, Opens(dialog="card_versions")
    ),
    Source.ENROLMENT: LineLook("学籍", "badge", _enrolment, Opens(tab="概况")),
    Source.SCHOOL_CLASS: LineLook(
        "编班", "meeting_room", lambda row: f"在{class_label(int(row.what or 0), row.number or 0)}", Opens(tab="概况")
    ),
    Source.CONSENT: LineLook(
        "同意", "handshake",
        lambda row: f"{ConsentPurpose(row.what or '').label}：{ConsentAnswer(row.state or '').label}",
        Opens(tab="同意和承诺"),
    ),
    Source.PROMISE: LineLook("承诺书", "history_edu", lambda row: "父母承诺书签了", Opens(tab="同意和承诺")),
    Source.SURVEY: LineLook(
        "家庭调查", "family_home", lambda row: f"家里经济{FamilyEconomy(row.state or '').label}", Opens(tab="学期记录")
    ),
    Source.TERM_ENTRY: LineLook("学期记录", "monitor_heart", _term, Opens(tab="学期记录")),
}  # fmt: skip
"""Every source as it is shown; a test asks for each of `services.time_line.sources`."""
