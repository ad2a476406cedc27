"""The four ways in which clauses are measured: pure functions of dated facts, the calendar and a day."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, Protocol

from db.tables import ExcuseKind
from services import clock
from services.regulations.deadlines import DutyState
from services.regulations.parameters import Numbers
from services.regulations.periods import DAY, PRESENT_DAYS, Period, SchoolDays
from services.regulations.standings import Standing, SubjectKind


class Stint(NamedTuple):
    """Somebody belongs to those a clause is about, from–to, half-open; `helper_id` says to whom, in a pair."""

    from_day: date
    to_day: date | None
    helper_id: int | None = None


class Deed(NamedTuple):
    """Something done, or tried, on a day, and when it was written down."""

    day: date
    recorded_on: date
    is_done: bool
    row_id: int


class DeedLike(Protocol):
    """A deed, or a record that can stand for one."""

    @property
    def day(self) -> date: ...
    @property
    def recorded_on(self) -> date: ...
    @property
    def is_done(self) -> bool: ...
    @property
    def row_id(self) -> int: ...


class Excuse(NamedTuple):
    """Days, half-open, on which somebody need not keep a clause, or for which it was kept otherwise."""

    kind: ExcuseKind
    from_day: date
    to_day: date | None


NOTHING: Mapping[int, Sequence[Excuse]] = {}


@dataclass(frozen=True, slots=True)
class Duty:
    """What a periodic clause asks for, or one of its parts: how often in each period, in which number."""

    clause_id: str
    part: str | None
    subject: SubjectKind
    times: str | None  # a name in parameters.toml; None: once


@dataclass(frozen=True, slots=True)
class Frame:
    """What every evaluator needs beside the facts: the day, the numbers in force, the school days."""

    on: date
    numbers: Numbers
    days: SchoolDays


def periodic(
    duty: Duty,
    frame: Frame,
    *,
    periods: Sequence[Period],
    stints: Mapping[int, Sequence[Stint]],
    deeds: Mapping[int, Sequence[DeedLike]],
    excuses: Mapping[int, Sequence[Excuse]] = NOTHING,
) -> Iterator[Standing]:
    """Yield each period a subject owes: one it was present in for long enough, and not excused from.

    Deeds may come in any order. Those after the day don't count; those recorded since do.
    """
    for period in periods:
        wanted = _wanted(duty, frame, period)
        if wanted is None:
            continue
        for subject_id, spans in stints.items():
            there = wanted.days if _is_there_throughout(spans, period) else _days_there(spans, period, frame.days)
            if there < wanted.presence:
                continue
            excused = excuses.get(subject_id, ())
            if excused and there - _days_excused(spans, excused, period, frame.days) < wanted.presence:
                yield _apart(duty, subject_id, period, DutyState.EXEMPT, spans)
                continue
            if excused and _was_done_otherwise(excused, period):
                yield _apart(duty, subject_id, period, DutyState.DONE_OTHERWISE, spans)
                continue
            yield _kept(duty, frame, period, wanted, subject_id, deeds.get(subject_id, ()), spans)


class _Wanted(NamedTuple):
    """What a period asks for, as the numbers stood when it began."""

    times: int
    presence: int
    days: int  # the school days in it
    ends_on: date  # until then it can still be kept: strict, or written down without being late


def _wanted(duty: Duty, frame: Frame, period: Period) -> _Wanted | None:
    times = frame.numbers.on(duty.times, period.first) if duty.times else 1
    if times == 0:  # a school may ask for none
        return None
    presence = frame.numbers.on(PRESENT_DAYS[period.unit], period.first)
    ends_on = period.last if period.is_strict else frame.days.in_time_until(period.last)
    return _Wanted(times, presence, frame.days.count(period.first, period.last), ends_on)


def _is_there_throughout(spans: Sequence[Stint], period: Period) -> bool:
    """Say whether one stint alone holds the whole period, as most do: nothing is to be counted then."""
    if len(spans) != 1:
        return False
    span = spans[0]
    return span.from_day <= period.first and (span.to_day is None or span.to_day > period.last)


def _days_there(spans: Sequence[Stint], period: Period, days: SchoolDays) -> int:
    total = 0
    for span in spans:
        first = max(span.from_day, period.first)
        last = period.last if span.to_day is None else min(span.to_day - DAY, period.last)
        if first <= last:
            total += days.count(first, last)
    return total


def _days_excused(spans: Sequence[Stint], excuses: Sequence[Excuse], period: Period, days: SchoolDays) -> int:
    """Count the days somebody was there and exempt; each day once, however many excuses lie over it."""
    total, counted_until = 0, period.first - DAY
    for excuse in sorted((each for each in excuses if each.kind is ExcuseKind.EXEMPT), key=_begin):
        first = max(excuse.from_day, counted_until + DAY)
        last = period.last if excuse.to_day is None else min(excuse.to_day - DAY, period.last)
        if first <= last:
            total += sum(days.count(*cut) for span in spans if (cut := _overlap(span, first, last)))
            counted_until = last
    return total


def _overlap(span: Stint, first: date, last: date) -> tuple[date, date] | None:
    first = max(first, span.from_day)
    last = last if span.to_day is None else min(last, span.to_day - DAY)
    return (first, last) if first <= last else None


def _was_done_otherwise(excuses: Sequence[Excuse], period: Period) -> bool:
    return any(each.kind is ExcuseKind.DONE_OTHERWISE and _touches(each, period.first, period.last) for each in excuses)


def _apart(duty: Duty, subject_id: int, period: Period, state: DutyState, spans: Sequence[Stint]) -> Standing:
    return Standing(
        duty.clause_id, duty.part, duty.subject, subject_id, period.first, period.last, period.due_on, state,
        is_open=False, helper_id=_helper(spans, period.last),
    )  # fmt: skip


def _kept(
    duty: Duty,
    frame: Frame,
    period: Period,
    wanted: _Wanted,
    subject_id: int,
    deeds: Sequence[DeedLike],
    spans: Sequence[Stint],
) -> Standing:
    first, until = period.first, min(period.last, frame.on)
    within = [each for each in deeds if first <= each.day <= until] if deeds else []
    done = [each for each in within if each.is_done] if within else []
    if len(done) >= wanted.times:
        in_time = sum(_is_in_time(each, period, frame.days) for each in done)
        state, is_open = DutyState.MET if in_time >= wanted.times else DutyState.MET_LATE, False
    else:
        state, is_open = _unkept(frame.on, period, wanted.ends_on, was_tried=len(within) > len(done))
    return Standing(
        duty.clause_id, duty.part, duty.subject, subject_id, period.first, period.last, period.due_on, state,
        is_open, wanted.times, len(done), tuple(each.row_id for each in within), _helper(spans, until),
    )  # fmt: skip


def _is_in_time(deed: DeedLike, period: Period, days: SchoolDays) -> bool:
    if period.is_strict and deed.day > period.due_on:
        return False
    return deed.recorded_on <= days.in_time_until(deed.day)


def _unkept(on: date, period: Period, ends_on: date, *, was_tried: bool) -> tuple[DutyState, bool]:
    is_open = on <= ends_on
    if was_tried:
        return DutyState.TRIED, is_open
    if on <= period.due_on:
        return DutyState.DUE, True
    return (DutyState.OVERDUE, True) if is_open else (DutyState.MISSED, False)


def _helper(spans: Sequence[Stint], day: date) -> int | None:
    """Return who had the pair on a day, else who had it last before, else first after it."""
    if len(spans) == 1:
        return spans[0].helper_id
    begun = [each for each in spans if each.from_day <= day]
    return (max(begun, key=_begin) if begun else min(spans, key=_begin)).helper_id


def _begin(span: Stint | Excuse) -> date:
    return span.from_day


class Step(NamedTuple):
    """Something that must follow an event: of whom, since when, by when, done when."""

    subject_id: int
    row_id: int
    began_at: datetime
    due_at: datetime
    done_at: datetime | None
    is_stopped: bool = False  # nobody may do it any more, or now: suspected abuse, a refused consent
    excused_as: int | None = None  # whose excuses count, where that is not its subject: the child of a case


def deadline(
    clause_id: str,
    subject: SubjectKind,
    steps: Iterable[Step],
    *,
    now: datetime,
    excuses: Mapping[int, Sequence[Excuse]] = NOTHING,
) -> Iterator[Standing]:
    """Yield each step; one that was never done stays overdue, for it can still be done.

    Exempt is what falls due on an exempt day; an agreement that it was done otherwise covers the steps it touches.
    """
    for step in steps:
        done_at = step.done_at if step.done_at is not None and step.done_at <= now else None
        if done_at is not None:
            state = DutyState.MET if done_at <= step.due_at else DutyState.MET_LATE
        else:
            excused = excuses.get(step.subject_id if step.excused_as is None else step.excused_as, ())
            state = _undone(step, excused, now)
        yield Standing(
            clause_id, None, subject, step.subject_id, clock.local(step.began_at).date(), None,
            clock.local(step.due_at).date(), state, is_open=state in (DutyState.DUE, DutyState.OVERDUE),
            done=int(done_at is not None), proof=(step.row_id,) if step.row_id else (), due_at=step.due_at,
        )  # fmt: skip


def _undone(step: Step, excuses: Sequence[Excuse], now: datetime) -> DutyState:
    began_on, due_on = clock.local(step.began_at).date(), clock.local(step.due_at).date()
    if step.is_stopped or excuse_on(excuses, due_on) is ExcuseKind.EXEMPT:
        return DutyState.EXEMPT
    if any(each.kind is ExcuseKind.DONE_OTHERWISE and _touches(each, began_on, due_on) for each in excuses):
        return DutyState.DONE_OTHERWISE
    return DutyState.DUE if now <= step.due_at else DutyState.OVERDUE


def excuse_on(excuses: Sequence[Excuse], day: date) -> ExcuseKind | None:
    """Return which excuse holds on a day; exempt, where both do."""
    found = {each.kind for each in excuses if _touches(each, day, day)}
    return ExcuseKind.EXEMPT if ExcuseKind.EXEMPT in found else next(iter(found), None)


def _touches(excuse: Excuse, first: date, last: date) -> bool:
    return excuse.from_day <= last and (excuse.to_day is None or excuse.to_day > first)


class Member(NamedTuple):
    """One of those a share is counted over: whether they have what is asked for, and until when they may lack it."""

    subject_id: int
    since: date
    has_it: bool
    due_on: date | None = None
    row_id: int | None = None
    excuse: ExcuseKind | None = None  # on the day


def threshold(
    clause_id: str, subject: SubjectKind, members: Iterable[Member], *, on: date, part: str | None = None
) -> Iterator[Standing]:
    """Yield each of those counted: who has it, who still has time, who lacks it."""
    for each in members:
        if each.has_it:
            state = DutyState.MET
        elif each.excuse is not None:
            state = DutyState.EXEMPT if each.excuse is ExcuseKind.EXEMPT else DutyState.DONE_OTHERWISE
        else:
            state = DutyState.DUE if each.due_on is not None and on <= each.due_on else DutyState.OVERDUE
        yield Standing(
            clause_id, part, subject, each.subject_id, each.since, None, each.due_on, state,
            is_open=state in (DutyState.DUE, DutyState.OVERDUE),
            done=int(each.has_it), proof=() if each.row_id is None else (each.row_id,),
        )  # fmt: skip


class Whole(NamedTuple):
    """A record that must have all its parts: how many it has, and which it lacks where that is known."""

    subject_id: int
    row_id: int
    day: date
    filled: int
    needed: int
    lacks: str | None = None


def complete(clause_id: str, subject: SubjectKind, records: Iterable[Whole]) -> Iterator[Standing]:
    """Yield each record: with all its parts, or still to be completed; no clause says by when, so none is late."""
    for each in records:
        is_whole = each.filled >= each.needed
        yield Standing(
            clause_id, each.lacks, subject, each.subject_id, each.day, None, None,
            DutyState.MET if is_whole else DutyState.DUE, is_open=not is_whole,
            needed=each.needed, done=each.filled, proof=(each.row_id,) if each.row_id else (),
        )  # fmt: skip
