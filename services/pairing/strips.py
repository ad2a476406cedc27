"""A pair's duties month by month, as the regulations' evaluation has them: laid out here, judged there."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlmodel import Session

from db.tables import CareKind, PairingRole
from services.calendar import SchoolCalendar
from services.record_kinds import KINDS
from services.regulations.deadlines import DutyState
from services.regulations.evaluation import evaluate
from services.regulations.facts.reach import Reach
from services.regulations.measures import Measure, RecordDuty, measures
from services.regulations.periods import Unit, term_counted
from services.regulations.populations import PAIR
from services.regulations.standings import Standing, state_of
from services.regulations.switches import Switches

_SOON = (DutyState.OVERDUE, DutyState.DUE, DutyState.TRIED)
Days = Mapping[int, tuple[date, bool]]
"""Of records: their day, and whether it came to pass."""


@dataclass(frozen=True, slots=True)
class MonthCell:
    """How a duty stands in one month: in the one period it has there, or in all of them together."""

    state: DutyState
    kept: int
    periods: int  # exempt ones left out


@dataclass(frozen=True, slots=True)
class DutyStrip:
    """One duty of a pair through the school year."""

    clause_id: str
    part: str | None
    label: str | None  # what the clause calls it, where it asks for several
    unit: Unit
    kind: CareKind  # what is written down for it first of all
    cells: Mapping[date, MonthCell]  # by the month's first day
    standings: tuple[Standing, ...]  # the earliest first

    @property
    def is_excused(self) -> bool:
        """Whether nobody may, or need, do it now."""
        return bool(self.standings) and self.standings[-1].state is DutyState.EXEMPT

    @property
    def next_due(self) -> Standing | None:
        """The first of its periods that doing it now would still keep."""
        still = [each for each in self.standings if each.is_open and each.state in _SOON]
        return min(still, key=_due, default=None)


@dataclass(frozen=True, slots=True)
class Year:
    """What is known of the pairs asked about: each clause's standings in this school year, and its months."""

    months: tuple[date, ...] = ()  # of the school year, to the end of the term that is reported; the first of each
    in_force: frozenset[str] = frozenset()
    standings: Mapping[tuple[str, int, int], Sequence[Standing]] = field(default_factory=dict)

    def strips_of(self, *, student_id: int, helper_id: int, role: PairingRole, days: Days) -> tuple[DutyStrip, ...]:
        """Return each duty that is in force of a child's pair with a helper."""
        found = []
        for measure in clauses_of(role):
            if measure.clause_id not in self.in_force:
                continue
            own = self.standings.get((measure.clause_id, student_id, helper_id), ())
            for duty in measure.duties:
                of_duty = tuple(sorted((each for each in own if each.part == duty.part), key=_first))
                found.append(_strip(measure, duty, of_duty, days))
        return tuple(found)


def clauses_of(role: PairingRole) -> list[Measure]:
    """Return the clauses that say how often something is done in a pair of this kind (J-03, J-04, J-13 …)."""
    return [each for each in measures().values() if each.of == f"{PAIR}{role.value}"]


def read_year(
    session: Session,
    *,
    calendar: SchoolCalendar,
    switches: Switches,
    on: date,
    student_ids: Collection[int],
) -> Year:
    """Evaluate the duties of these children's pairs in the school year of a day; two statements a term.

    A term that is over is told as it stands now; a month that two terms share is the same in both.
    """
    term = term_counted(calendar, on)
    if term is None:
        return Year()
    wanted = {each.clause_id for role in PairingRole for each in clauses_of(role)}
    terms = [each for each in calendar.terms if each.school_year == term.school_year and each.first_day <= on]
    reach = Reach(children=tuple(sorted(student_ids)))
    latest: dict[tuple[str, str | None, int, int, date], Standing] = {}
    for each_term in terms:
        results = evaluate(
            session, calendar=calendar, switches=switches, on=on, clause_ids=wanted, reach=reach, term=each_term
        )
        for result in results.values():
            for each in result.standings:
                latest[each.clause_id, each.part, each.subject_id, each.helper_id or 0, each.first] = each
    found: dict[tuple[str, int, int], list[Standing]] = defaultdict(list)
    for each in latest.values():
        found[each.clause_id, each.subject_id, each.helper_id or 0].append(each)
    in_force = frozenset(each for each in wanted if switches.counts(each, on))
    return Year(tuple(_months(terms[0].first_day, term.last_day)), in_force, found)


def _months(first: date, last: date) -> Iterator[date]:
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = (month + timedelta(days=31)).replace(day=1)


def _strip(measure: Measure, duty: RecordDuty, standings: tuple[Standing, ...], days: Days) -> DutyStrip:
    by_month: dict[date, list[Standing]] = defaultdict(list)
    for each in standings:
        by_month[month_of(each, duty.unit, days)].append(each)
    cells = {month: _cell(of_month) for month, of_month in by_month.items()}
    return DutyStrip(measure.clause_id, duty.part, duty.label, duty.unit, _kind(duty), cells, standings)


def month_of(standing: Standing, unit: Unit, days: Days) -> date:
    """Return under which month a period is told, by its first day: its own, of a week the one it ends in.

    A term's duty that was kept stands where it was done, else in the month by which it is to be done.
    """
    told_on = standing.due_on or standing.first
    if unit in (Unit.TERM, Unit.YEAR) and standing.is_kept:
        done = sorted(days[each][0] for each in standing.proof if each in days and days[each][1])
        told_on = done[min(standing.needed, len(done)) - 1] if done else told_on
    return told_on.replace(day=1)


def _cell(standings: Sequence[Standing]) -> MonthCell:
    state = standings[0].state if len(standings) == 1 else state_of(standings)
    counted = [each for each in standings if each.state is not DutyState.EXEMPT]
    return MonthCell(state, sum(each.is_kept for each in counted), len(counted))


def _kind(duty: RecordDuty) -> CareKind:
    """Return what one writes down for a duty in the first place: of several kinds the plainest."""
    return next(kind for kind in KINDS if not duty.kinds or kind in duty.kinds)


def _first(standing: Standing) -> date:
    return standing.first


def _due(standing: Standing) -> date:
    return standing.due_on or standing.first
