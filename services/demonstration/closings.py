"""How cases ended: closed with a second person's yes, looked after, some opened again."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from db.tables import CaseClosure, ClosingOutcome, ClosingState, Role
from services import clock
from services.audit import Action
from services.demonstration.plan import Plan
from services.demonstration.writer import Writer

REOPENED, UNFOLLOWED, ASKED = 0.06, 0.05, 0.12
TO_BE_CLOSED_DAYS = 60
FOLLOW_UP = timedelta(days=30)
_REASONS = ("连着六周每天来上学，睡得好了，同桌也说他爱说话了。", "妈妈回来住了，成绩稳住了，自己说不用再来。",
            "作业交得上，和同学合得来，班主任看了一个月都好。")  # fmt: skip
_AFTERWARDS = ("班主任说每天来，课间有人一起玩。", "自己说还好，期末考得比上次好。")
_AGAIN = "这两周又不愿意来，妈妈又出去打工了。"


@dataclass(frozen=True, slots=True)
class Ending:
    """When a case was closed, if it was, and opened again."""

    closed_at: datetime | None = None
    reopened_at: datetime | None = None
    is_asked: bool = False  # it waits for the head's answer

    @property
    def closed_now(self) -> datetime | None:
        """Since when it is closed."""
        return self.closed_at if self.reopened_at is None else None


def ending_of(plan: Plan, case_number: int, *, opened_at: datetime, closed_at: datetime | None) -> Ending:
    """Say what became of a case after it was closed; of those that have gone on for long a few are to be closed.

    By dice of its own, so that nothing else of the school moves.
    """
    chance = Random(case_number)  # noqa: S311  invented
    if closed_at is None:
        has_gone_on = clock.now() - opened_at > timedelta(days=TO_BE_CLOSED_DAYS)
        return Ending(is_asked=has_gone_on and chance.random() < ASKED)
    again_on = plan.today - timedelta(days=chance.randint(3, 25))
    is_reopened = chance.random() < REOPENED and again_on > clock.local(closed_at).date()
    return Ending(closed_at, _at(again_on) if is_reopened else None)


def add(plan: Plan, writer: Writer, *, case_id: int, student_id: int, owner_id: int, ending: Ending) -> None:
    """Write down how a case was closed, asked by its owner and agreed to by the head; else that it is asked for."""
    chance, lead_id = Random(case_id), plan.of_role(Role.LEAD)[0].id  # noqa: S311  invented
    closed_at = ending.closed_at
    if closed_at is None:
        if ending.is_asked:
            _ask(plan, writer, case_id=case_id, student_id=student_id, owner_id=owner_id)
        return
    closed_on = clock.local(closed_at).date()
    followed_on = closed_on + FOLLOW_UP + timedelta(days=chance.randint(0, 5))
    is_followed = followed_on <= plan.today and (ending.reopened_at is not None or chance.random() >= UNFOLLOWED)
    asked_at = closed_at - timedelta(days=chance.randint(1, 3))
    writer.add(
        CaseClosure,
        case_id=case_id,
        state=ClosingState.AGREED,
        outcome=chance.choice((ClosingOutcome.SOLVED, ClosingOutcome.BETTER)),
        reason_sealed=chance.choice(_REASONS),
        missing="archive",
        despite_sealed="学习情况要等期末成绩，班主任补。",
        follow_up_on=closed_on + FOLLOW_UP,
        asked_by_id=owner_id,
        asked_at=asked_at,
        decided_by_id=lead_id,
        decided_at=closed_at,
        followed_on=followed_on if is_followed else None,
        followed_by_id=owner_id if is_followed else None,
        follow_up_sealed=chance.choice(_AFTERWARDS) if is_followed else None,
        reopened_at=ending.reopened_at,
        reopened_by_id=owner_id if ending.reopened_at else None,
        reopen_reason_sealed=_AGAIN if ending.reopened_at else None,
    )
    about = ("care_case", case_id)
    plan.did(asked_at, owner_id, Action.CASE_CLOSING_ASKED, about, student_id)
    plan.did(closed_at, lead_id, Action.CASE_CLOSED, about, student_id)
    if ending.reopened_at:
        plan.did(ending.reopened_at, owner_id, Action.CASE_REOPENED, about, student_id)


def _ask(plan: Plan, writer: Writer, *, case_id: int, student_id: int, owner_id: int) -> None:
    """Have a case that went on too long wait for the head's answer."""
    asked_at = _at(plan.today - timedelta(days=2))
    writer.add(
        CaseClosure,
        case_id=case_id,
        outcome=ClosingOutcome.BETTER,
        reason_sealed=_REASONS[0],
        missing="goals,measures",
        despite_sealed="剩下的一个目标由班主任看着，不用再专门帮。",
        follow_up_on=plan.today + FOLLOW_UP,
        asked_by_id=owner_id,
        asked_at=asked_at,
    )
    plan.did(asked_at, owner_id, Action.CASE_CLOSING_ASKED, ("care_case", case_id), student_id)


def _at(day: date) -> datetime:
    return clock.at_school(day, time(9, 20))
