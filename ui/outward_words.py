"""Referrals out of the school in words: how one stands, when it was, what is due."""

from typing import Any

from db.base import Labelled
from db.tables import Urgency
from services import clock
from services.outward_views import OutwardRow
from services.regulations.deadlines import DutyState
from ui import formats
from ui.forms import shown
from ui.referral_words import URGENCIES, due_words, step_badge
from ui.states import OUTWARD

STEPS = {"C-08": "要有回音", "C-09": "再问一次"}
NO_CONSENT = ":orange-badge[:material/emergency: 紧急，没有等家里同意]"


def row_badge(row: OutwardRow) -> str:
    """Return how it stands, and what is late or due today."""
    if row.outcome is not None:
        return OUTWARD[row.outcome.value].badge()
    badges = [OUTWARD["followed" if row.answered_on else "waiting"].badge()]
    if row.next_step and (row.next_step.state is DutyState.OVERDUE or _is_today(row)):
        badges.append(step_badge(row.next_step))
    if row.urgency is Urgency.DANGER:
        badges.append(f":red-badge[:material/emergency: {URGENCIES[row.urgency]}]")
    return " ".join(badges)


def row_words(row: OutwardRow) -> str:
    """11月12日转到医院、心理门诊；何知微跟进，11月26日 周四放学前要有回音."""
    today = clock.today()
    said = f"{formats.day(row.referred_on, today=today)}转到{row.target_kind.label}"
    if row.ended_on is not None:
        return f"{said}；{formats.day(row.ended_on, today=today)}结束"
    who = "我跟进" if row.is_mine else f"{row.owner_name}跟进"
    step = row.next_step
    return f"{said}；{who}，{due_words(step.due_at)}{STEPS[step.clause_id]}" if step else f"{said}；{who}"


def show_value(_name: str, value: Any) -> str:  # any field's value
    """Write any field of one for a person."""
    if isinstance(value, Urgency):
        return URGENCIES[value]
    return value.label if isinstance(value, Labelled) else shown(value)


def _is_today(row: OutwardRow) -> bool:
    return row.next_step is not None and clock.local(row.next_step.due_at).date() == clock.today()
