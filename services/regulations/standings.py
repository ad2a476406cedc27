"""How duties stand: one for each subject and period, counted together for a clause; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import msgspec

from services.regulations.deadlines import DutyState


class SubjectKind(StrEnum):
    """About whom, or what, something is owed."""

    CHILD = "child"
    CLASS = "class"
    TEACHER = "teacher"
    CASE = "case"
    REFERRAL = "referral"
    GROUP = "group"  # a warning group
    SCHOOL = "school"


class Standing(msgspec.Struct, frozen=True, gc=False):
    """One duty: of whom, in which period, by when, how it stands, and the records that prove it.

    A hundred thousand of them are kept for a large school, and no cycle can go through any: left out of garbage
    collection, which Streamlit has done after each run of a page, 50 to 90 ms with them (measured).
    """

    clause_id: str
    part: str | None  # which of a clause's duties; None where it has one
    subject: SubjectKind
    subject_id: int
    first: date  # the first day of its period, or the day its step began
    last: date | None  # the last day of its period; None for a step
    due_on: date | None  # None: at once, and for good
    state: DutyState
    is_open: bool  # whether doing it now would still keep it, in time or late
    needed: int = 1
    done: int = 0
    proof: tuple[int, ...] = ()  # numbers of the rows that were counted, in the table its clause reads
    helper_id: int | None = None  # of a pair: whose duty it is
    due_at: datetime | None = None  # of a step: the very moment

    @property
    def is_kept(self) -> bool:
        """Whether it was done, in whatever way."""
        return self.state in KEPT


KEPT = frozenset({DutyState.MET, DutyState.MET_LATE, DutyState.DONE_OTHERWISE})
RED = frozenset({DutyState.OVERDUE, DutyState.MISSED, DutyState.TRIED})
"""A clause in one of these is red: something is late, or was not done and can't be any more."""

WORST_FIRST = (
    DutyState.OVERDUE,
    DutyState.MISSED,
    DutyState.TRIED,
    DutyState.DUE,
    DutyState.MET_LATE,
    DutyState.DONE_OTHERWISE,
    DutyState.MET,
)
"""A clause stands as its worst duty: as the first of these that there is."""


@dataclass(frozen=True, slots=True)
class Totals:
    """A clause's duties counted; `required` = done + due + overdue + missed, and exempt stands apart."""

    required: int = 0
    done: int = 0
    late: int = 0  # of those done
    due: int = 0
    overdue: int = 0
    missed: int = 0
    exempt: int = 0

    @property
    def share(self) -> int | None:
        """How many of a hundred that could be done by now are done; None where there were none."""
        return share_of(done=self.done, undone=self.overdue + self.missed)


def share_of(*, done: int, undone: int) -> int | None:
    """Return how many of a hundred are done, rounded down; None where there are none."""
    counted = done + undone
    return done * 100 // counted if counted else None


@dataclass(frozen=True, slots=True)
class ClauseResult:
    """One clause on one day: its state, its duties counted, and each of them."""

    clause_id: str
    on: date
    state: DutyState
    totals: Totals
    standings: tuple[Standing, ...] = ()

    @property
    def stands_until(self) -> datetime | None:
        """When the first of its steps becomes overdue by itself; None: not on this day."""
        running = (each.due_at for each in self.standings if each.state is DutyState.DUE)
        return min(filter(None, running), default=None)


def _is_due(standing: Standing) -> bool:
    """Say whether somebody still has time, an attempt included."""
    return standing.state is DutyState.DUE or (standing.state is DutyState.TRIED and standing.is_open)


def totals_of(standings: Iterable[Standing]) -> Totals:
    """Count duties by how they stand; an attempt is due while it can still be done, and missed afterwards."""
    done = late = due = overdue = missed = exempt = 0
    for each in standings:
        state = each.state
        if state in KEPT:
            done += 1
            late += state is DutyState.MET_LATE
        elif state is DutyState.EXEMPT:
            exempt += 1
        elif state is DutyState.OVERDUE:
            overdue += 1
        elif each.is_open:
            due += 1
        else:
            missed += 1
    return Totals(done + due + overdue + missed, done, late, due, overdue, missed, exempt)


def state_of(standings: Sequence[Standing]) -> DutyState:
    """Return how a clause stands: as its worst duty; without any duty there is no data, and that is never green.

    What was tried and can still be done is due.
    """
    there = {DutyState.DUE if _is_due(each) else each.state for each in standings}
    for state in WORST_FIRST:
        if state in there:
            return state
    return DutyState.EXEMPT if there else DutyState.NO_DATA


def state_of_share(standings: Sequence[Standing], *, target: int) -> DutyState:
    """Return how a clause stands that asks for a share, in percent: kept once it is reached, whoever is missing."""
    counted = [each for each in standings if each.state is not DutyState.EXEMPT]
    if not counted:
        return DutyState.EXEMPT if standings else DutyState.NO_DATA
    kept = sum(each.is_kept for each in counted)
    if kept * 100 >= target * len(counted):
        return DutyState.MET
    due = sum(_is_due(each) for each in counted)
    return DutyState.DUE if (kept + due) * 100 >= target * len(counted) else state_of(counted)
