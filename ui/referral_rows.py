"""Referrals and cases as rows of a list: badges and the line below the name."""

from db.tables import Urgency
from services import clock
from services.cases import CaseRow
from services.referral_lists import ReferralRow
from services.referral_moves import MergeTarget
from ui import formats
from ui.referral_words import CHANNELS, SEVERITIES, STEPS, URGENCIES, due_words, moment, step_badge
from ui.states import CASE, CLOSING, REFERRAL

DANGER_BADGE = f":red-badge[:material/emergency: {URGENCIES[Urgency.DANGER]}]"


def row_badge(row: ReferralRow) -> str:
    """Return the state, and what is late or due today."""
    badges = [REFERRAL[row.state.value].badge()]
    if row.is_suspected_abuse:
        badges.append(":red-badge[:material/shield_person: 疑似侵害]")
    if row.urgency is Urgency.DANGER and row.next_step:
        badges.append(DANGER_BADGE)
    if row.next_step:
        badges.append(step_badge(row.next_step))
    return " ".join(badges)


def reason_of(row: ReferralRow, *, with_channel: bool = True) -> str:
    """Return how it came, who has it, and what is next."""
    received = f"{moment(row.received_at)} 收到"
    parts = [f"{CHANNELS[row.channel]}，{received}" if with_channel else received]
    if row.owner_name:
        parts.append("我接手" if row.is_mine else f"{row.owner_name}接手")
    if row.next_step:
        parts.append(f"{STEPS[row.next_step.clause_id]}：{due_words(row.next_step.due_at)}")
    return "，".join(parts)


def merge_target_words(target: MergeTarget) -> str:
    """11月18日，教师转介，周砚田：课间独自坐在楼梯口…"""
    day = formats.day(clock.local(target.received_at).date(), today=clock.today())
    parts = [day, CHANNELS[target.channel], *([target.said_by] if target.said_by else [])]
    return f"{'，'.join(parts)}：{target.first_words}"


def case_badge(row: CaseRow) -> str:
    """Return a case's state, whether its conference is late, and whether closing it waits for a yes."""
    badges = [DANGER_BADGE] if row.is_danger else []
    badges.append(CASE[row.stage.value].badge())
    if row.conference and row.conference.is_open:
        badges.append(step_badge(row.conference))
    elif row.plan:
        badges.append(step_badge(row.plan))
    if row.is_closing_asked:
        badges.append(CLOSING["waiting"].badge("结案等第二个人同意"))
    return " ".join(badges)


def case_reason(row: CaseRow) -> str:
    """Return how serious it is, who follows it, since when, and the conference."""
    parts = [SEVERITIES[row.severity], f"{row.owner_name}负责", f"{moment(row.opened_at)} 开的"]
    if row.closed_at:
        parts.append(f"{moment(row.closed_at)} 结案")
    elif row.conference and row.conference.is_open:
        parts.append(f"集体研讨：{due_words(row.conference.due_at)}")
    elif row.plan:
        parts.append(f"方案：{due_words(row.plan.due_at)}")
    elif row.review_on:
        parts.append(f"{formats.day(row.review_on, today=clock.today())}复查")
    return "，".join(parts)
