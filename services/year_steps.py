"""What becomes of a class and of a child in a change of year, as far as no question to the database is needed."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from db.tables import EnrolmentState, YearException, YearStep
from services.classes import class_label

TOP_GRADE = 12
LAST_OF_SCHOOLS = frozenset({6, 9, TOP_GRADE})
"""The grades with which primary, junior and senior schools end."""


class ChildStep(NamedTuple):  # of all the children of a school at once: quicker made than a frozen dataclass
    """What becomes of one child."""

    student_id: int
    name: str
    state: EnrolmentState
    membership_id: int
    in_class_since: date
    is_followed: bool  # does not come to school, and how that ends is open (E-16)
    step: YearStep
    target: tuple[int, int] | None  # grade and number of the class it enters

    @property
    def leaves_followed(self) -> bool:
        """Whether the register lets it go though nobody has said where it is."""
        return self.is_followed and self.target is None

    @property
    def target_label(self) -> str | None:
        """The class it enters, as the school writes it."""
        return class_label(*self.target) if self.target else None


@dataclass(frozen=True)
class ClassPlan:
    """What becomes of one class."""

    class_id: int
    grade: int
    number: int
    homeroom_name: str | None
    graduates: bool
    children: tuple[ChildStep, ...]  # in an outline those alone who are noted, or followed for staying away
    others: int = 0  # the rest, who do what their class does
    others_on_leave: int = 0

    @property
    def label(self) -> str:
        """The class as the school writes it."""
        return class_label(self.grade, self.number)

    @property
    def target(self) -> tuple[int, int] | None:
        """Grade and number of the class it becomes; None where it graduates."""
        return None if self.graduates else (self.grade + 1, self.number)

    @property
    def target_label(self) -> str | None:
        """The class it becomes, as the school writes it."""
        return class_label(*self.target) if self.target else None

    @property
    def on_leave(self) -> int:
        """How many are away for a while: somebody should look whether they really move up."""
        return sum(child.state is EnrolmentState.ON_LEAVE for child in self.children) + self.others_on_leave

    @property
    def size(self) -> int:
        """How many children there are in it."""
        return len(self.children) + self.others

    @cached_property
    def counts(self) -> Mapping[YearStep, int]:
        """How many children do what."""
        usual, _ = _step_of(None, self.grade, self.number, graduates=self.graduates)
        return Counter(child.step for child in self.children) + Counter({usual: self.others})

    def count(self, *steps: YearStep) -> int:
        """How many children do one of these."""
        return sum(self.counts.get(step, 0) for step in steps)


@dataclass(frozen=True, slots=True)
class DoneChange:
    """A change of year that was made and not taken back."""

    id: int
    school_year: int
    day: date
    made_by: str | None
    moved: int
    repeated: int
    graduated: int
    left: int


@dataclass(frozen=True, slots=True)
class YearPlan:
    """What a change of year would do as things stand; `digest` names exactly this plan, and no outline has one."""

    to_year: int
    classes: tuple[ClassPlan, ...]
    graduating: frozenset[int]
    without_class: int  # children of the school in no class, whom nothing moves
    can_run: bool  # the school year it leads into has begun
    done: DoneChange | None  # this year's own change, already made
    digest: str | None

    @property
    def size(self) -> int:
        """How many children there are in its classes."""
        return sum(found.size for found in self.classes)

    @property
    def grades(self) -> list[int]:
        """The grades there are."""
        return sorted({found.grade for found in self.classes})

    @property
    def leaving_followed(self) -> tuple[str, ...]:
        """The names of who leaves or graduates though it is still followed for staying away (E-16)."""
        return tuple(child.name for found in self.classes for child in found.children if child.leaves_followed)

    def count(self, *steps: YearStep) -> int:
        """How many children do one of these."""
        return sum(found.count(*steps) for found in self.classes)


def leaving_grades(grades: set[int], graduating: frozenset[int] | None) -> Set[int]:
    """Return the grades that leave the school, as chosen, or as schools end with them."""
    return (_usual_last_grade(grades) if graduating is None else graduating) | {TOP_GRADE}


def plan_of_class(
    found: tuple[int, int, int, str | None],
    rows: Iterable[Any],  # as `year_plans` reads children, each beginning with `found`
    *,
    leaving: Set[int],
    noted: Mapping[int, YearException],
) -> ClassPlan:
    """Return what becomes of a class and of these children of it."""
    class_id, grade, number, homeroom_name = found
    graduates = grade in leaving
    usual = _step_of(None, grade, number, graduates=graduates)

    def step_of(student_id: int) -> tuple[YearStep, tuple[int, int] | None]:
        if student_id not in noted:
            return usual
        return _step_of(noted[student_id], grade, number, graduates=graduates)

    children = tuple(ChildStep._make((*row[len(found) :], *step_of(row[len(found)]))) for row in rows)
    return ClassPlan(class_id, grade, number, homeroom_name, graduates, children)


def _step_of(
    noted: YearException | None, grade: int, number: int, *, graduates: bool
) -> tuple[YearStep, tuple[int, int] | None]:
    if noted is not None and noted.step is YearStep.LEAVES:
        return YearStep.LEAVES, None
    if noted is not None and noted.step is YearStep.REPEATS:
        return YearStep.REPEATS, (grade, noted.class_number or number)
    if graduates:
        return YearStep.GRADUATES, None
    if noted is not None and noted.step is YearStep.OTHER_CLASS:
        return YearStep.OTHER_CLASS, (grade + 1, noted.class_number or number)
    return YearStep.MOVES_UP, (grade + 1, number)


def _usual_last_grade(grades: set[int]) -> frozenset[int]:
    return frozenset({max(grades)} & LAST_OF_SCHOOLS) if grades else frozenset()


def digest_of(plans: Sequence[ClassPlan], to_year: int) -> str:
    """Name a plan: another child, another step or another class gives another name."""
    steps = sorted(
        f"{child.student_id}:{child.membership_id}:{child.step.value}:{child.target}:{child.leaves_followed}"
        for found in plans
        for child in found.children
    )
    return hashlib.sha256("\n".join([str(to_year), *steps]).encode()).hexdigest()
