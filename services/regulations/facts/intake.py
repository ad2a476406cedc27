"""Referrals as steps: answered on the spot, answered, referred in time; and whose family may not be told."""

from collections.abc import Callable, Iterator
from datetime import date, time

from sqlalchemy import select
from sqlmodel import Session, col

from db.tables import Referral, ReferralChannel, ReferralState
from services import clock
from services.regulations import deadlines
from services.regulations.evaluators import Step
from services.regulations.facts.reach import Asked
from services.time_line.parts import LocalDay

_WAITS = (ReferralChannel.SELF, ReferralChannel.PARENT)


def read_answers(
    session: Session, asked: Asked, *, on_the_spot: bool, is_protected: Callable[[int | None, date], bool]
) -> Iterator[Step]:
    """Yield what pupils and parents who came are owed (D-05), or what an answer alone settled (D-04); one statement.

    While abuse of a child is suspected, whatever it was told by, its parents are owed none.
    """
    wanted = select(
        col(Referral.id), col(Referral.student_id), col(Referral.received_at), col(Referral.channel),
        col(Referral.answered_at), col(Referral.is_suspected_abuse), LocalDay(col(Referral.abuse_marked_at)),
    ).where(
        col(Referral.channel).in_(_WAITS),
        col(Referral.state) != ReferralState.MERGED,
        col(Referral.received_at) >= clock.at_school(asked.since, time(0)),
        col(Referral.received_at) < clock.at_school(asked.on, time.max),
        asked.reach.of_child(Referral.student_id),
    )  # fmt: skip
    if on_the_spot:
        wanted = wanted.where(col(Referral.state) == ReferralState.ANSWERED)
    for row_id, student_id, received_at, channel, answered_at, is_abuse, marked_on in session.execute(wanted):
        if on_the_spot:
            due_at = asked.calendar.due_same_day(received_at)
        else:
            due = deadlines.reply_due(received_at=received_at, channel=channel, calendar=asked.calendar)
            due_at = due if due is not None else received_at
        is_known = is_protected(student_id, asked.on) or (is_abuse and marked_on <= asked.on)
        is_stopped = is_known and channel is ReferralChannel.PARENT
        yield Step(student_id or 0, row_id, received_at, due_at, answered_at, is_stopped)


def read_noticed(session: Session, asked: Asked) -> Iterator[Step]:
    """Yield what teachers noticed and when they referred it (D-09); one statement."""
    rows = session.execute(
        select(col(Referral.id), col(Referral.student_id), col(Referral.noticed_on), col(Referral.received_at)).where(
            col(Referral.channel) == ReferralChannel.TEACHER,
            col(Referral.state) != ReferralState.MERGED,
            col(Referral.received_at) >= clock.at_school(asked.since, time(0)),
            col(Referral.received_at) < clock.at_school(asked.on, time.max),
            asked.reach.of_child(Referral.student_id),
        )
    )
    for row_id, student_id, noticed_on, received_at in rows:
        due_at = deadlines.teacher_referral_due(noticed_on=noticed_on, calendar=asked.calendar)
        yield Step(student_id or 0, row_id, clock.at_school(noticed_on, time(12)), due_at, received_at)
