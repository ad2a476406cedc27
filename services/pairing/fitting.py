"""How well a child and a helper fit: one definition, of points and of the reasons a person reads."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from db.tables import Gender
from services.pairing.weights import SexWish, Weights

LONG_AGO_DAYS = 366  # what ended longer ago than this counts half


class Reason(StrEnum):
    """Why this helper for this child; the sentence is the screen's."""

    SAME_CLASS = "same_class"
    SAME_GRADE = "same_grade"
    SAME_SEX = "same_sex"
    SUBJECT = "subject"
    HELPED_BEFORE = "helped_before"
    NO_CHILD_YET = "no_child_yet"
    NO_TIER_LOAD = "no_tier_load"  # the child is in a tier, and of the helper's children nobody is
    HAS_ROOM = "has_room"  # nothing else speaks for this helper


class Gain(NamedTuple):
    """Points, and what they are for; a reason to read where they are above zero."""

    reason: Reason
    points: int


@dataclass(frozen=True, slots=True)
class PastHelp:
    """A pair that ended: who helped, in the role asked for or another, and how long ago."""

    candidate_id: int
    is_same_role: bool
    days_ago: int

    @property
    def halvings(self) -> int:
        """Return how often the points for having helped before are halved."""
        return (not self.is_same_role) + (self.days_ago > LONG_AGO_DAYS)


@dataclass(frozen=True, slots=True)
class ChildInNeed:
    """A child that somebody is looked for; `barred` may not be suggested: the child itself, who helps it already."""

    id: int
    class_id: int | None
    grade: int | None
    gender: Gender | None = None
    comes_first: bool = False  # left behind, of the four special groups, or in difficulty
    tier_rank: int = 0  # 0: no tier
    subjects: frozenset[str] = frozenset()
    past: tuple[PastHelp, ...] = ()
    barred: frozenset[int] = frozenset()

    @property
    def need(self) -> tuple[bool, int]:
        """Return what decides who gets a helper where there are too few: the greater, the sooner."""
        return self.comes_first, self.tier_rank


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who could help: with how many more children, and what those present weigh."""

    id: int
    room: int  # how many more children
    gender: Gender | None = None
    class_ids: frozenset[int] = frozenset()
    grades: frozenset[int] = frozenset()
    subjects: frozenset[str] = frozenset()
    children: int = 0  # how many the helper has
    tier_load: int = 0  # sum of the ranks of their tiers


def may_help(child: ChildInNeed, candidate: Candidate, weights: Weights) -> bool:
    """Tell whether this helper could be suggested at all; where the same sex is a must, not knowing it is a no."""
    return candidate.id not in child.barred and sex_allows(child.gender, candidate, weights)


def sex_allows(gender: Gender | None, candidate: Candidate, weights: Weights) -> bool:
    """Tell whether the school's wish about the sex leaves this helper to a child."""
    return weights.sex is not SexWish.REQUIRE or _is_same(gender, candidate)


def points_of(child: ChildInNeed, candidate: Candidate, weights: Weights) -> int:
    """Return what the pair is worth by itself; how many children the helper has is counted with the others."""
    return sum(gain.points for gain in _gains(child, candidate, weights))


def reasons_of(child: ChildInNeed, candidate: Candidate, weights: Weights) -> tuple[Reason, ...]:
    """Return what speaks for the pair, as far as the school's weights count it; never nothing."""
    reasons = [gain.reason for gain in _gains(child, candidate, weights) if gain.points > 0]
    if weights.evenness and not candidate.children:
        reasons.append(Reason.NO_CHILD_YET)
    elif weights.tier_load and child.tier_rank and not candidate.tier_load:
        reasons.append(Reason.NO_TIER_LOAD)
    return tuple(reasons) or (Reason.HAS_ROOM,)


def _gains(child: ChildInNeed, candidate: Candidate, weights: Weights) -> list[Gain]:
    gains = [gain(key(child), candidate, weights) for key, gain in TERMS]
    return [*gains, by_past(child.past, candidate, weights)]


def _is_same(gender: Gender | None, candidate: Candidate) -> bool:
    return gender is not None and gender is candidate.gender


_NOT_NEAR = Gain(Reason.SAME_GRADE, 0)


def _by_place(place: tuple[int | None, int | None], candidate: Candidate, weights: Weights) -> Gain:
    class_id, grade = place
    if class_id in candidate.class_ids:
        return Gain(Reason.SAME_CLASS, max(weights.same_class, weights.same_grade))
    return Gain(Reason.SAME_GRADE, weights.same_grade) if grade in candidate.grades else _NOT_NEAR


def _by_sex(gender: Gender | None, candidate: Candidate, weights: Weights) -> Gain:
    counts = weights.sex is not SexWish.NEVER and _is_same(gender, candidate)
    return Gain(Reason.SAME_SEX, weights.same_sex if counts else 0)


def _by_subjects(subjects: frozenset[str], candidate: Candidate, weights: Weights) -> Gain:
    return Gain(Reason.SUBJECT, weights.subject * len(subjects & candidate.subjects))


def _by_tier(tier_rank: int, candidate: Candidate, weights: Weights) -> Gain:
    return Gain(Reason.NO_TIER_LOAD, -weights.tier_load * tier_rank * candidate.tier_load)


def by_past(past: tuple[PastHelp, ...], candidate: Candidate, weights: Weights) -> Gain:
    """Return what it is worth that the helper had the child before: the best of the pairs they were."""
    worth = [weights.continuity >> each.halvings for each in past if each.candidate_id == candidate.id]
    return Gain(Reason.HELPED_BEFORE, max(worth, default=0))


# What a pair is worth: of the child, and what it is worth with a helper. A pair's past stands apart, few have one.
TERMS: tuple[tuple[Callable[[ChildInNeed], Any], Callable[[Any, Candidate, Weights], Gain]], ...] = (
    (lambda child: (child.class_id, child.grade), _by_place),
    (lambda child: child.gender, _by_sex),
    (lambda child: child.subjects, _by_subjects),
    (lambda child: child.tier_rank, _by_tier),
)
