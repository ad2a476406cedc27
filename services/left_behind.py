"""Who is left behind by the State's definition (State Council 2016 no. 13), beside the kind schools register (X-02)."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_
from sqlmodel import col

from db.base import Labelled
from db.tables import CategoryKind, LeftBehindKind, Student, StudentCategory

STATE_AGE = 16
"""Whoever is this old on the day is no longer counted."""
STATE_KINDS = (LeftBehindKind.BOTH_AWAY, LeftBehindKind.ONE_AWAY_OTHER_UNABLE)


class Outside(Labelled):
    """Why the State does not count a child."""

    KIND = "kind", "有一方在家照看"
    AGE = "age", f"满 {STATE_AGE} 岁"
    URBAN = "urban", "不是农村户口"


@dataclass(frozen=True, slots=True)
class StateMarker:
    """Whether the State counts a child as left behind; if not, why. A household nobody wrote down counts as rural."""

    outside: tuple[Outside, ...]
    presumes_rural: bool = False

    @property
    def meets(self) -> bool:
        """Whether the definition is met."""
        return not self.outside


def state_marker(
    kind: LeftBehindKind | None, *, birth_day: date, is_rural: bool | None, today: date
) -> StateMarker | None:
    """Judge a child on a day; None where nobody has said which parents are away."""
    if kind is None:
        return None
    outside = []
    if kind not in STATE_KINDS:
        outside.append(Outside.KIND)
    if turns(birth_day, STATE_AGE) <= today:
        outside.append(Outside.AGE)
    if is_rural is False:
        outside.append(Outside.URBAN)
    return StateMarker(tuple(outside), presumes_rural=is_rural is None)


def turns(birth_day: date, age: int) -> date:
    """Return the day on which somebody completes so many years; a 29 February comes on 1 March in a common year."""
    try:
        return birth_day.replace(year=birth_day.year + age)
    except ValueError:
        return date(birth_day.year + age, 3, 1)


def meets_state_definition(today: date) -> ColumnElement[bool]:
    """Return the same rule as a filter on Student joined with its open category."""
    youngest_out = _born_up_to(today)
    return and_(
        col(StudentCategory.kind) == CategoryKind.LEFT_BEHIND,
        col(StudentCategory.left_behind_kind).in_(STATE_KINDS),
        col(Student.birth_day) > youngest_out,
        col(Student.is_rural).is_not(False),
    )


def _born_up_to(today: date) -> date:
    """Return the latest birthday of those who are old enough to be out."""
    try:
        return today.replace(year=today.year - STATE_AGE)
    except ValueError:  # 29 February, and no leap year then
        return date(today.year - STATE_AGE, 2, 28)
