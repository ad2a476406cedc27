"""The two kinds of checks: the term's of everybody (E-02), the quarter's of the 四特 children (G-01, G-02)."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement
from sqlmodel import and_, col

from db.tables import CategoryKind, CheckKind, CheckResult, CheckRound
from services import clock
from services.calendar import SchoolCalendar, TermDates
from services.errors import DomainError
from services.regulations import deadlines
from services.student_lists import GROUP_OF, CategoryGroup

COVERED: dict[CheckKind, Set[CategoryKind]] = {
    CheckKind.CLASS_CHECK: frozenset(CategoryKind),
    CheckKind.SPECIAL_CHECK: frozenset(kind for kind in CategoryKind if GROUP_OF[kind] is CategoryGroup.FOUR_SPECIAL),
}
"""The categories whose children a check goes through one by one."""

TOLD = frozenset({CheckResult.CHANGED, CheckResult.ENDED, CheckResult.NOT_SEEN})
"""Answers that need a word why."""

STAYS = frozenset({CheckResult.UNCHANGED, CheckResult.CHANGED})
"""Answers by which a child stays registered, at a level that may be another."""

_ALL = (CheckResult.UNCHANGED, CheckResult.CHANGED, CheckResult.ENDED)
ANSWERS: dict[CheckKind, tuple[CheckResult, ...]] = {
    CheckKind.CLASS_CHECK: _ALL,
    CheckKind.SPECIAL_CHECK: (*_ALL, CheckResult.NOT_SEEN),
}
"""What can be said of a child that is registered."""

_QUARTERS = "一二三四"


class NoTerm(DomainError):
    """No term is entered yet, so there is nothing a round could belong to."""


def needs_level(kind: CheckKind, result: CheckResult | None, level: int | None) -> bool:
    """Say whether an answer must give a level: of 四特, where the register has none yet (G-02)."""
    return kind is CheckKind.SPECIAL_CHECK and level is None and result in STAYS


@dataclass(frozen=True, slots=True)
class Period:
    """What one round is for: a term, or a calendar quarter of a school year."""

    kind: CheckKind
    term: TermDates  # under way; the classes of its school year are gone through
    first_day: date  # nobody is asked before
    quarter_from: date | None
    label: str

    @property
    def is_of_round(self) -> ColumnElement[bool]:
        """Say of a round in a query whether it is this period's."""
        if self.quarter_from is not None:
            return col(CheckRound.quarter_from) == self.quarter_from
        return and_(col(CheckRound.kind) == self.kind, col(CheckRound.term_id) == self.term.id)

    def due_day(self, calendar: SchoolCalendar) -> date:
        """Return the day by which every class has returned, if the round is opened today."""
        if self.quarter_from is None:
            return deadlines.class_check_due(term=self.term, opened_on=clock.today(), calendar=calendar)
        return deadlines.special_check_due(first_day=self.first_day, opened_on=clock.today(), calendar=calendar)


def period_of(calendar: SchoolCalendar, kind: CheckKind) -> Period:
    """Return the period under way.

    The quarter from July on belongs to the school year that begins in it: until its classes are there, in the summer,
    the one before is still looked at.

    Raises:
        NoTerm: no term is entered.
    """
    today = clock.today()
    term = calendar.latest_term(today)
    if term is None:
        raise NoTerm
    if kind is CheckKind.CLASS_CHECK:
        return Period(kind, term, term.first_day, None, term.label)
    year = term.school_year
    quarter = min(max(_quarter_of(today), date(year, 7, 1)), date(year + 1, 4, 1))
    begins = min(each.first_day for each in calendar.terms if each.school_year == year)
    label = f"{quarter.year} 年第{_QUARTERS[(quarter.month - 1) // 3]}季度"
    return Period(kind, term, max(quarter, begins), quarter, label)


def _quarter_of(day: date) -> date:
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
