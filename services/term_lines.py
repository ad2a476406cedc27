"""The lines of a new term's list, and what an area contributes: the facts it asks for, and the lines made of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from services.asking_together import Fact
from services.calendar import SchoolCalendar
from services.terms_ahead import TermAhead


class LineKind(StrEnum):
    """What a line is about; `ui/new_term.py` has its words and what its act opens."""

    DATES = "dates"
    HOLIDAYS = "holidays"
    BELLS = "bells"
    PROMOTION = "promotion"
    HOMEROOM = "homeroom"
    SUBJECTS = "subjects"
    POSTS = "posts"
    POSTS_CLOSED = "posts_closed"
    GROUPS = "groups"
    GROUP_MEMBERS = "group_members"
    DEPUTIES = "deputies"
    CHECKS = "checks"
    CLASS_LISTS = "class_lists"
    PLEDGES = "pledges"
    DOCUMENTS = "documents"


class LineState(StrEnum):
    """How a line stands."""

    OPEN = "open"
    LOOK = "look"  # nobody can compute whether it is right: somebody looks
    LATER = "later"  # its turn comes after another line, or when the term has begun
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing a new term needs."""

    kind: LineKind
    state: LineState
    why: str = ""  # which of a kind's reasons, where it has several
    labels: tuple[str, ...] = ()
    count: int = 0
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """What every area may ask beside its own facts."""

    ahead: TermAhead
    calendar: SchoolCalendar
    today: date
    facts: Sequence[Fact]

    def rows(self, about: str) -> list[Fact]:
        """Return the facts of one part."""
        return [fact for fact in self.facts if fact.about == about]

    def count(self, about: str) -> int:
        """Return the number a part of one row tells in its first column."""
        return next((fact.first or 0 for fact in self.rows(about)), 0)

    @property
    def has_begun(self) -> bool:
        """Whether the term's first day is known and has come."""
        return self.ahead.dates is not None and self.ahead.dates.first_day <= self.today


@dataclass(frozen=True, slots=True)
class Area:
    """One area's part of the list."""

    lines: Callable[[Situation], Iterator[Line]]
    parts: Callable[[TermAhead, date], Sequence[Any]] = lambda _ahead, _today: ()  # queries of asking_together
