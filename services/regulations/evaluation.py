"""Clauses evaluated for a day: each by its measure, over the whole school or whoever is asked about."""

from collections.abc import Collection, Iterable
from datetime import date

from sqlmodel import Session

from db.tables import CareKind
from services.calendar import SchoolCalendar, TermDates
from services.regulations.deadlines import DutyState
from services.regulations.evaluators import Frame
from services.regulations.facts.gathering import Facts
from services.regulations.facts.reach import WHOLE_SCHOOL, Asked, Reach
from services.regulations.measures import Evaluator, Measure, every_measure, measures
from services.regulations.parameters import Numbers
from services.regulations.periods import school_days_around, term_counted
from services.regulations.sources import SOURCES
from services.regulations.standings import ClauseResult, Standing, state_of, state_of_share, totals_of
from services.regulations.switches import Switches


def evaluate(
    session: Session,
    *,
    calendar: SchoolCalendar,
    switches: Switches,
    on: date,
    clause_ids: Collection[str] | None = None,
    reach: Reach = WHOLE_SCHOOL,
    term: TermDates | None = None,
) -> dict[str, ClauseResult]:
    """Return these clauses as they stand on a day, by their ids; all that can be in force, where none are named.

    `term` is an earlier one of the same school year, where not the one that is reported on that day is asked about.
    One or two statements a clause, none growing with what there is; what several clauses count is read once.
    """
    wanted = list(measures().values() if clause_ids is None else named(clause_ids))
    asked = asked_for(calendar, on=on, reach=reach, term=term)
    counting = [
        each for each in wanted if asked is not None and (_is_whole(each) or switches.counts(each.clause_id, on))
    ]
    found = {each.clause_id: _not_in_force(each.clause_id, on) for each in wanted}
    if asked is not None and counting:
        facts = Facts(session, asked, kinds=kinds_of(counting))
        found |= {each.clause_id: judged(facts, each, switches) for each in counting}
    return found


def named(clause_ids: Collection[str]) -> Iterable[Measure]:
    """Return how these clauses are measured, in the catalogue's order; those that aren't are left out."""
    return (each for each in every_measure().values() if each.clause_id in clause_ids)


def _is_whole(measure: Measure) -> bool:
    """Say whether a clause asks for whole records: it counts without having been switched on."""
    return measure.evaluator is Evaluator.COMPLETE


def judged(facts: Facts, measure: Measure, switches: Switches) -> ClauseResult:
    """Return one clause that counts as these facts show it."""
    since = None if _is_whole(measure) else switches.in_force_from(measure.clause_id, facts.asked.on)
    return _result(facts, measure, SOURCES[measure.source](facts, measure), since)


def kinds_of(wanted: Iterable[Measure]) -> frozenset[CareKind]:
    """Return which work records any of these clauses counts."""
    return frozenset().union(*(each.kinds for each in wanted))


def asked_for(calendar: SchoolCalendar, *, on: date, reach: Reach, term: TermDates | None = None) -> Asked | None:
    """Return what is evaluated on a day, of the term that is reported then; None before the school's first term."""
    term = term or term_counted(calendar, on)
    if term is None:
        return None
    frame = Frame(on, calendar.numbers, school_days_around(calendar, term))
    return Asked(reach, frame, calendar, term)


def _result(facts: Facts, measure: Measure, standings: Iterable[Standing], since: date | None) -> ClauseResult:
    kept = tuple(each for each in standings if since is None or _counts_from(each, since, measure))
    return result_of(measure.clause_id, kept, on=facts.asked.on, numbers=facts.asked.frame.numbers)


def result_of(clause_id: str, standings: tuple[Standing, ...], *, on: date, numbers: Numbers) -> ClauseResult:
    """Return how a clause in force stands whose duties stand so."""
    target = every_measure()[clause_id].target
    state = state_of(standings) if target is None else state_of_share(standings, target=numbers.on(target, on))
    return ClauseResult(clause_id, on, state, totals_of(standings), standings)


def _counts_from(standing: Standing, since: date, measure: Measure) -> bool:
    """Say whether a duty belongs to the time since its clause is in force: a period as a whole, a step as it began."""
    return measure.evaluator is Evaluator.THRESHOLD or standing.first >= since


def _not_in_force(clause_id: str, on: date) -> ClauseResult:
    return ClauseResult(clause_id, on, DutyState.NOT_IN_FORCE, totals_of(()))
