"""How far an evaluation reaches: the whole school, some classes, or some children; pushed into every query."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, true
from sqlmodel import Session, col

from services.calendar import SchoolCalendar, TermDates
from services.regulations.evaluators import Frame


@dataclass(frozen=True, slots=True)
class Reach:
    """Of whom facts are read; None: of everybody."""

    children: Any = None  # a select of their numbers
    classes: Any = None  # a select of their numbers

    def of_child(self, column: Any) -> ColumnElement[bool]:
        """Return the filter on a column with a child's number."""
        return true() if self.children is None else col(column).in_(self.children)

    def of_class(self, column: Any) -> ColumnElement[bool]:
        """Return the filter on a column with a class's number."""
        return true() if self.classes is None else col(column).in_(self.classes)


WHOLE_SCHOOL = Reach()


def plain_rows(session: Session, statement: Any) -> Iterable[Any]:
    """Return a question's rows without the ORM in between: of tens of thousands that spares a tenth of the time."""
    session.flush()  # the session does so by itself, its connection doesn't
    return session.connection().execute(statement)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is evaluated: of whom, on which day, in which term."""

    reach: Reach
    frame: Frame
    calendar: SchoolCalendar
    term: TermDates

    @property
    def on(self) -> date:
        """The day it is evaluated for."""
        return self.frame.on

    @property
    def since(self) -> date:
        """The first day of the school year of its term: nothing before it is owed in it."""
        return min(each.first_day for each in self.calendar.terms if each.school_year == self.term.school_year)
