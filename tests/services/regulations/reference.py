"""A slow evaluation of the fifty clauses, written apart from the program's: one child, one period, one day at a time.

It reads every row and asks the plainest questions; what it says must be what services.regulations.evaluation says.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from msgspec import structs

from db.tables import CareKind, CareRecord, ExcuseKind
from services import clock
from services.regulations.deadlines import DutyState
from services.regulations.standings import Standing, SubjectKind
from tests.services.regulations.reference_book import DAY, Book, days_of, holds

WEEK, MONTH, QUARTER, TERM, YEAR = "week", "month", "quarter", "term", "year"
LEAST_PRESENT = {
    WEEK: "A-06.present_in_week",
    MONTH: "A-06.present_in_month",
    QUARTER: "A-06.present_in_month",
    TERM: "A-06.present_in_term",
    YEAR: "A-06.present_in_term",
}
TALKS = (CareKind.TALK, CareKind.SHORT_TALK)
TO_THE_FAMILY = {
    CareKind.HOME_VISIT,
    CareKind.CALL,
    CareKind.FAMILY_VIDEO,
    CareKind.FAMILY_CALL,
    CareKind.GUARDIAN_NOTICE,
}
VISIT, CALL, NOTICE = CareKind.HOME_VISIT, CareKind.CALL, CareKind.GUARDIAN_NOTICE


@dataclass(frozen=True)
class Duty:
    """What records of work prove: of whom, by whom, what counts, how often in which period."""

    clause: str
    population: str
    unit: str
    times: str
    kinds: tuple[CareKind, ...]
    by: str = "anyone"
    part: str | None = None
    minutes: str | None = None

    @property
    def reaches_family(self) -> bool:
        return bool(self.kinds) and set(self.kinds) <= TO_THE_FAMILY


PROXY, MENTOR, CADRE, STUDY_HELPER = "pair:proxy_parent", "pair:mentor", "pair:party_cadre", "pair:excellent_student"
LBC = "left_behind"
DUTIES = (
    Duty("G-05", "four_special", MONTH, "G-05.visits_a_month", (VISIT,)),
    Duty("H-12", "pupils", TERM, "H-12.talks_a_term", (*TALKS, CareKind.COUNSELLING), minutes="H-12.talk_minutes"),
    Duty("J-03", PROXY, MONTH, "J-03.talks_a_month", TALKS, "pair", "talk"),
    Duty("J-03", PROXY, MONTH, "J-03.exchanges_a_month", (CareKind.HOMEROOM_EXCHANGE,), "pair", "exchange"),
    Duty("J-03", PROXY, TERM, "J-03.visits_a_term", (VISIT,), "pair", "visit"),
    Duty("J-03", PROXY, WEEK, "J-03.homework_a_week", (CareKind.HOMEWORK_CHECK,), "pair", "homework"),
    Duty("J-03", PROXY, MONTH, "J-03.calls_a_month", (CALL,), "pair", "call"),
    Duty("J-04", PROXY, MONTH, "J-04.diary_a_month", (), "pair"),
    Duty("J-13", MENTOR, MONTH, "J-13.talks_a_month", TALKS, "pair", "talk"),
    Duty("J-13", MENTOR, TERM, "J-13.visits_a_term", (VISIT,), "pair", "visit"),
    Duty("J-13", MENTOR, TERM, "J-13.messages_a_term", (CareKind.WRITTEN_MESSAGE,), "pair", "message"),
    Duty("J-15", CADRE, MONTH, "J-15.talks_a_month", TALKS, "pair"),
    Duty("J-18", STUDY_HELPER, MONTH, "J-18.checks_a_month", (CareKind.PAIR_CHECK,)),
    Duty("K-01", LBC, MONTH, "K-01.talks_a_month", TALKS, "homeroom"),
    Duty("K-03", "pupils", TERM, "H-12.talks_a_term", (*TALKS, CareKind.COUNSELLING)),
    Duty("K-04", LBC, TERM, "K-04.visits_a_term", (VISIT,), "homeroom"),
    Duty("K-05", "pupils", TERM, "K-05.visits_a_term", (VISIT,)),
    Duty("K-06", LBC, TERM, "K-04.visits_a_term", (VISIT,)),
    Duty("K-08", LBC, TERM, "K-08.notices_a_term", (NOTICE, VISIT, CALL)),
    Duty("K-09", LBC, MONTH, "K-09.contacts_a_month", (CALL, NOTICE, VISIT)),
    Duty("K-10", LBC, WEEK, "K-10.videos_a_week", (CareKind.FAMILY_VIDEO,)),
    Duty("K-11", LBC, MONTH, "K-11.calls_a_month", (CareKind.FAMILY_CALL, CareKind.FAMILY_VIDEO)),
    Duty("K-13", PROXY, TERM, "K-13.guardian_visits_a_term", (VISIT, CALL, NOTICE), "pair"),
)


@dataclass(frozen=True)
class Deed:
    """Something that was done, or tried, on a day, and whether it was written down in time."""

    id: int
    day: date
    is_in_time: bool
    is_done: bool = True


@dataclass(frozen=True)
class Period:
    """A stretch in which something is owed; what it asks for is due on a day of it."""

    unit: str
    first: date
    last: date
    due_on: date
    is_strict: bool = False


def apart(
    clause: str,
    part: str | None,
    subject: SubjectKind,
    subject_id: int,
    period: Period,
    state: DutyState,
    helper: int | None = None,
) -> Standing:
    """A duty nobody looks at any further: exempt, or done otherwise."""
    return Standing(
        clause, part, subject, subject_id, period.first, period.last, period.due_on, state, False, helper_id=helper
    )


class Reference:
    """A school on one day."""

    def __init__(self, book: Book, on: date) -> None:
        self.book, self.on = book, on
        begun = [term for term in book.calendar.terms if term.first_day <= on]
        self.term = max(begun, key=lambda term: term.first_day) if begun else None
        # Up to which steps count: all of the day, and nothing dated the next one.
        self.moment = min(clock.at_school(on + DAY, time(0)) - timedelta(microseconds=1), clock.now())

    @property
    def since(self) -> date:
        """The first day of the school year: no step that began before it is told in it."""
        return min(term.first_day for term in self.book.calendar.terms if term.school_year == self.term.school_year)

    # --- periods ---

    def school_days(self, first: date, last: date) -> list[date]:
        """The school days of a stretch, of this school year: what the next one brings belongs to its own classes."""
        year = self.term.school_year
        return self.book.school_days(max(first, date(year, 8, 1)), min(last, date(year + 1, 8, 31)))

    def periods(self, unit: str) -> list[Period]:
        """The periods that overlap the term reported and have begun, if there is school in them."""
        term, found = self.term, []
        for first, last in sorted({self._stretch(unit, day) for day in days_of(term.first_day, term.last_day)}):
            days = self.school_days(first, last)
            if first <= self.on and days:
                found.append(Period(unit, first, last, days[-1]))
        return found

    def _stretch(self, unit: str, day: date) -> tuple[date, date]:
        """The week, month, … a day lies in."""
        if unit == WEEK:
            monday = day - day.weekday() * DAY
            return monday, monday + 6 * DAY
        if unit in (MONTH, QUARTER):
            months = 1 if unit == MONTH else 3
            first = date(day.year, (day.month - 1) // months * months + 1, 1)
            last = first
            while (last.month - 1) // months == (first.month - 1) // months:
                last += DAY
            return first, last - DAY
        if unit == TERM:
            return self.term.first_day, self.term.last_day
        terms = [each for each in self.book.calendar.terms if each.school_year == self.term.school_year]
        return min(each.first_day for each in terms), max(each.last_day for each in terms)

    # --- what is owed in a period ---

    def is_owed(
        self, clause: str, part: str | None, child: int, population: str, period: Period, *, reaches_family: bool
    ) -> bool | None:
        """Whether a child was there on enough days of a period; None: not at all, False: but it is exempt."""
        book = self.book
        least = book.numbers.on(LEAST_PRESENT[period.unit], period.first)
        there = [
            day for day in self.school_days(period.first, period.last) if book.is_asked_about(child, population, day)
        ]
        if len(there) < least:
            return None
        asked = [
            day
            for day in there
            if not book.is_exempt(clause, part, child, day) and not (reaches_family and book.is_silenced(child, day))
        ]
        return len(asked) >= least

    def is_otherwise(self, clause: str, part: str | None, child: int, period: Period) -> bool:
        """Whether a period is touched by an agreement that it was kept in another way."""
        return any(
            self.book.excuses_child(row, child, day)
            for row in self.book.excuses(clause, part, ExcuseKind.DONE_OTHERWISE)
            for day in days_of(period.first, period.last)
        )

    def judge(self, period: Period, deeds: list[Deed], needed: int) -> tuple[DutyState, bool, list[Deed]]:
        """How a period stands by what was done in it; whether it is still open; what was counted."""
        inside = [each for each in deeds if period.first <= each.day <= period.last and each.day <= self.on]
        done = [each for each in inside if each.is_done]
        timely = [each for each in done if each.is_in_time and (not period.is_strict or each.day <= period.due_on)]
        if len(timely) >= needed:
            return DutyState.MET, False, inside
        if len(done) >= needed:
            return DutyState.MET_LATE, False, inside
        until = period.last if period.is_strict else self.book.in_time_until(period.last)
        is_open = self.on <= max(until, period.due_on)
        if len(inside) > len(done):
            return DutyState.TRIED, is_open, inside
        if self.on <= period.due_on:
            return DutyState.DUE, True, inside
        return (DutyState.OVERDUE if is_open else DutyState.MISSED), is_open, inside

    def period_standing(
        self,
        clause: str,
        child: int,
        population: str,
        period: Period,
        deeds: list[Deed],
        needed: int,
        *,
        part: str | None = None,
        reaches_family: bool = False,
        helper: int | None = None,
    ) -> Standing | None:
        """One child's duty in one period; None where it owes nothing."""
        owed = self.is_owed(clause, part, child, population, period, reaches_family=reaches_family)
        if owed is None or needed == 0:
            return None
        if not owed:
            return apart(clause, part, SubjectKind.CHILD, child, period, DutyState.EXEMPT, helper)
        if self.is_otherwise(clause, part, child, period):
            return apart(clause, part, SubjectKind.CHILD, child, period, DutyState.DONE_OTHERWISE, helper)
        return self.judged(clause, part, SubjectKind.CHILD, child, period, deeds, needed, helper)

    def judged(
        self,
        clause: str,
        part: str | None,
        subject: SubjectKind,
        subject_id: int,
        period: Period,
        deeds: list[Deed],
        needed: int,
        helper: int | None = None,
    ) -> Standing:
        """A duty that is to be kept, as it stands."""
        state, is_open, counted = self.judge(period, deeds, needed)
        return Standing(
            clause, part, subject, subject_id, period.first, period.last, period.due_on, state, is_open, needed,
            sum(each.is_done for each in counted), tuple(sorted(each.id for each in counted)), helper,
        )  # fmt: skip

    # --- records of work ---

    def deeds(self, duty: Duty, child: int, period: Period) -> list[Deed]:
        """The records of a child that count for a duty."""
        book, found = self.book, []
        for row in book.of(CareRecord, child):
            if row.withdrawn_at is not None or (duty.kinds and row.kind not in duty.kinds):
                continue
            least = book.numbers.on(duty.minutes, period.first) if duty.minutes else 0
            if row.is_done and row.minutes is not None and row.minutes < least:  # one imported says no minutes
                continue
            if self.is_by(duty, row, child):
                found.append(Deed(row.id, row.day, book.written_in_time(row.day, row.recorded_at), row.is_done))
        return found

    def is_by(self, duty: Duty, row: Any, child: int) -> bool:
        """Whether a record is by somebody who counts."""
        if duty.by == "homeroom":
            return row.helper_id is None and row.author_id in self.book.homeroom_of(child, row.day)
        if duty.by == "pair":
            for pair in self.book.pairs(child, row.day, duty.population.removeprefix("pair:")):
                helper = self.book.helpers[pair.helper_id]
                if row.helper_id == helper.id:
                    return True
                if row.helper_id is None and row.author_id is not None and helper.user_id is not None:
                    own = {helper.user_id}
                    if row.author_id in own | self.book.deputies_of(own, row.day):
                        return True
            return False
        return True

    def helper_of(self, duty: Duty, child: int, period: Period, state: DutyState) -> int | None:
        """Whose duty a pair's is: who has the child, else had it last before, else first after."""
        if not duty.population.startswith("pair:"):
            return None
        role = duty.population.removeprefix("pair:")
        is_apart = state in (DutyState.EXEMPT, DutyState.DONE_OTHERWISE)
        until = period.last if is_apart else min(period.last, self.on)
        days = [
            day for day in days_of(self.since - DAY, until) if self.book.is_asked_about(child, duty.population, day)
        ]
        if days:
            return self.book.pairs(child, days[-1], role)[-1].helper_id
        later = next(
            day for day in days_of(until, period.last) if self.book.is_asked_about(child, duty.population, day)
        )
        return self.book.pairs(child, later, role)[0].helper_id

    def of_records(self, clause: str) -> Iterator[Standing]:
        """Every duty of a clause that records of work prove."""
        for duty in (each for each in DUTIES if each.clause == clause):
            for period in self.periods(duty.unit):
                needed = self.book.numbers.on(duty.times, period.first)
                for child in self.book.children:
                    found = self.period_standing(
                        clause, child.id, duty.population, period, self.deeds(duty, child.id, period), needed,
                        part=duty.part, reaches_family=duty.reaches_family,
                    )  # fmt: skip
                    if found:
                        helper_id = self.helper_of(duty, child.id, period, found.state)
                        yield structs.replace(found, helper_id=helper_id)

    # --- steps ---

    def step(
        self,
        clause: str,
        subject: SubjectKind,
        subject_id: int,
        began_on: date,
        due_at: datetime,
        done_at: datetime | None,
        row_id: int,
        *,
        child: int | None = None,
        class_id: int | None = None,
        is_stopped: bool = False,
    ) -> Standing:
        """How a step stands: done in time or late, else due until its moment and overdue after it, for good."""
        is_done = done_at is not None and done_at <= self.moment
        due_on = clock.local(due_at).date()
        if is_done:
            state = DutyState.MET if done_at <= due_at else DutyState.MET_LATE
        elif is_stopped or self.is_excused(clause, ExcuseKind.EXEMPT, child, class_id, due_on, due_on):
            state = DutyState.EXEMPT
        elif self.is_excused(clause, ExcuseKind.DONE_OTHERWISE, child, class_id, began_on, due_on):
            state = DutyState.DONE_OTHERWISE
        else:
            state = DutyState.DUE if self.moment <= due_at else DutyState.OVERDUE
        return Standing(
            clause, None, subject, subject_id, began_on, None, due_on, state,
            state in (DutyState.DUE, DutyState.OVERDUE), 1, int(is_done), (row_id,) if row_id else (), due_at=due_at,
        )  # fmt: skip

    def is_excused(
        self, clause: str, kind: ExcuseKind, child: int | None, class_id: int | None, first: date, last: date
    ) -> bool:
        """Whether a child, or a class, is excused on any of these days."""
        for row in self.book.excuses(clause, None, kind):
            for day in days_of(first, last):
                if child is not None and self.book.excuses_child(row, child, day):
                    return True
                if class_id is not None and row.class_id == class_id and holds(row, day):
                    return True
        return False


SOURCES: dict[str, Callable[[Reference], Iterator[Standing]]] = {
    clause: (lambda reference, clause=clause: reference.of_records(clause))
    for clause in sorted({each.clause for each in DUTIES})
}


def local_day(moment: Any) -> date | None:
    """The day of a moment at the school."""
    return None if moment is None else clock.local(moment).date()


def days(number: int) -> timedelta:
    return timedelta(days=number)


# --- a clause as a whole ---

TARGETS = {
    "E-11": "E-11.archive_share", "E-12": "E-12.enrolled_share", "E-13": "E-13.retained_share",
    "E-14": "E-14.immunised_share", "F-03": "F-03.archive_share", "F-05": "F-05.covered_share",
    "G-04": "G-04.paired_share", "H-01": "H-01.pupils_share", "J-01": "J-01.paired_share",
    "J-05": "J-01.paired_share", "J-09": "J-09.teachers_paired_share", "J-10": "J-01.paired_share",
    "J-12": "J-12.tutored_share",
}  # fmt: skip
"""The clauses that ask for a share, and the number that says which."""
DONE = (DutyState.MET, DutyState.MET_LATE, DutyState.DONE_OTHERWISE)
WORST_FIRST = (
    DutyState.OVERDUE, DutyState.MISSED, DutyState.TRIED, DutyState.DUE, DutyState.MET_LATE,
    DutyState.DONE_OTHERWISE, DutyState.MET, DutyState.EXEMPT,
)  # fmt: skip


def worst(standings: list[Standing]) -> DutyState:
    """The state of a clause: its worst duty's; what was tried and can still be done is due."""
    states = [DutyState.DUE if each.state is DutyState.TRIED and each.is_open else each.state for each in standings]
    return next((state for state in WORST_FIRST if state in states), DutyState.NO_DATA)


def evaluate(book: Book, clause: str) -> tuple[DutyState, dict[str, int], list[Standing]]:
    """A clause on a book's day: its state, its duties counted, and each of them."""
    reference = Reference(book, book.on)
    if reference.term is None or not book.is_in_force(clause, book.on):
        return DutyState.NOT_IN_FORCE, count([]), []
    since = book.in_force_since(clause, book.on)
    is_share = clause in TARGETS and clause != "H-01"
    found = [each for each in SOURCES[clause](reference) if is_share or each.first >= since]
    state = worst(found)
    if clause in TARGETS:
        counted = [each for each in found if each.state is not DutyState.EXEMPT]
        target = book.numbers.on(TARGETS[clause], book.on)
        done = len([each for each in counted if each.state in DONE])
        possible = done + len([each for each in counted if worst([each]) is DutyState.DUE])
        if counted and done * 100 >= target * len(counted):
            state = DutyState.MET
        elif counted and possible * 100 >= target * len(counted):
            state = DutyState.DUE
        elif counted:
            state = worst(counted)
    return state, count(found), found


def count(standings: list[Standing]) -> dict[str, int]:
    """How many stand how; an attempt is due while it can still be done, and missed afterwards."""
    by = {"done": 0, "late": 0, "due": 0, "overdue": 0, "missed": 0, "exempt": 0}
    for each in standings:
        if each.state in DONE:
            by["done"] += 1
            by["late"] += each.state is DutyState.MET_LATE
        elif each.state is DutyState.EXEMPT:
            by["exempt"] += 1
        elif each.state is DutyState.OVERDUE:
            by["overdue"] += 1
        elif each.state is DutyState.DUE or each.is_open:
            by["due"] += 1
        else:
            by["missed"] += 1
    return by | {"required": by["done"] + by["due"] + by["overdue"] + by["missed"]}
