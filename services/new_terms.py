"""What a new term needs: a list computed from the records, each line with how it stands.

An area is one entry of AREAS. Whatever areas there are, all their facts come in one statement; shifts, pairs and
clauses in force will add an entry each.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from sqlmodel import Session

from services import clock
from services.access import Permission, permitted
from services.actors import Actor
from services.asking_together import ask, together
from services.calendar import load_calendar
from services.new_term_areas import AREAS
from services.term_lines import Line, LineState, Situation
from services.terms_ahead import TermAhead, term_to_prepare


@dataclass(frozen=True, slots=True)
class Checklist:
    """What the term ahead needs."""

    ahead: TermAhead
    lines: tuple[Line, ...]

    def of(self, *states: LineState) -> list[Line]:
        """Return the lines in these states, in their order."""
        return [line for line in self.lines if line.state in states]


@permitted(Permission.SCHOOL_WRITE)
def find_checklist(session: Session, actor: Actor) -> Checklist:
    """Return the list of the term to prepare; one statement beside the calendar, however many areas there are."""
    calendar, today = load_calendar(session), clock.today()
    ahead = term_to_prepare(calendar, today)
    situation = Situation(ahead, calendar, today, ask(session, _question(ahead, today)))
    return Checklist(ahead, tuple(line for area in AREAS for line in area.lines(situation)))


@lru_cache(maxsize=8)  # the question alone, which nobody's rights are part of: it takes longer to make than to answer
def _question(ahead: TermAhead, today: date) -> Any:  # a union of facts
    return together([part for area in AREAS for part in area.parts(ahead, today)])
