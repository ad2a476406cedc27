"""The leadership group's weeks that are over, frozen as if somebody had opened each when it ended."""

from datetime import date, timedelta

from db.tables import Role
from services import clock
from services.actors import Actor
from services.calendar import SchoolCalendar, load_calendar, monday_of
from services.demonstration.plan import Plan
from services.demonstration.writer import Writer
from services.regulations import weeks
from services.regulations.evaluation import evaluate
from services.regulations.switches import load_switches
from services.regulations.week_facts import facts_of

WEEKS, WEEKS_OF_MANY, MANY = 6, 2, 5_000
"""So many school weeks are frozen; fewer in a school of more children, where each takes ten seconds."""


def fill(plan: Plan, writer: Writer) -> int:
    """Freeze the last school weeks, the oldest first; returns how many."""
    session, lead = writer.session, plan.of_role(Role.LEAD)[0]
    actor = Actor(lead.id, lead.display_name, frozenset({Role.LEAD}))
    calendar, switches = load_calendar(session), load_switches(session)
    mondays = last_weeks(calendar, clock.today(), count=WEEKS if plan.students <= MANY else WEEKS_OF_MANY)
    for monday in mondays:
        sunday = monday + timedelta(days=6)
        results = evaluate(session, calendar=calendar, switches=switches, on=sunday)
        weeks.write_week(session, actor, facts_of(session, first_day=monday, told_on=sunday, results=results))
    return len(mondays)


def last_weeks(calendar: SchoolCalendar, today: date, *, count: int) -> list[date]:
    """Return the Mondays of the last school weeks of this term that are over, the oldest first."""
    found: list[date] = []
    day, term = today, calendar.latest_term(today)
    while len(found) < count and (monday := next(weeks.weeks_over(calendar, day), None)) is not None:
        if term is None or monday < monday_of(term.first_day):
            break
        found.insert(0, monday)
        day = monday
    return found
