"""The words of a child that stays away: how it stands, since when, whose it is."""

from db.tables import DropOutReason
from services import clock
from services.drop_out_views import DropOutRow
from services.regulations.deadlines import DutyState, state_at
from services.students import GONE_FOR_GOOD
from ui import formats
from ui.referral_words import due_words, lateness
from ui.states import DROP_OUT, DUTY
from ui.states import Duty as DutyLook


def row_badge(row: DropOutRow) -> str:
    """Return how it stands: what is owed while it lasts, how it ended afterwards."""
    if row.outcome is not None:
        return DROP_OUT[row.outcome.value].badge()
    if row.due_at is not None and state_at(due_at=row.due_at, done_at=None, now=clock.now()) is DutyState.OVERDUE:
        return DUTY[DutyLook.OVERDUE].badge(lateness(row.due_at))
    return DROP_OUT["open"].badge()


def row_words(row: DropOutRow) -> str:
    """11月18日没来，厌学、跟不上；贺兰舟负责，做过 2 步，11月27日前再做一步."""
    today = clock.today()
    said = f"{formats.day(row.noticed_on, today=today)}没来，{_reason(row)}"
    if row.ended_on is not None:
        return f"{said}；{formats.day(row.ended_on, today=today)}结束"
    done = f"做过 {row.steps} 步" if row.steps else "还没有人去找"
    left = f"学籍已改成“{row.state.label}”，" if row.state in GONE_FOR_GOOD else ""
    return f"{said}；{left}{whose(row)}，{done}，{formats.spaced('下一步应在', _due(row))}"


def whose(row: DropOutRow) -> str:
    """Say who brings the child back."""
    if row.owner_name is None:
        return "关爱室负责人负责"
    return f"{row.owner_name}负责" if row.is_named else f"教务处{row.owner_name}负责"


def _reason(row: DropOutRow) -> str:
    return f"原因{row.reason.label}" if row.reason is DropOutReason.UNKNOWN else row.reason.label


def _due(row: DropOutRow) -> str:
    words = due_words(row.due_at) if row.due_at else ""
    return f" {words}" if words[:1].isdigit() else words
