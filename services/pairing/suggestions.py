"""Who could help whom: the best assignment of all, not one child after the other."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from db.tables import Gender
from services.pairing.fitting import (
    TERMS,
    Candidate,
    ChildInNeed,
    Reason,
    by_past,
    may_help,
    points_of,
    reasons_of,
    sex_allows,
)
from services.pairing.weights import Weights

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    Flags = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

MOST_CELLS = 10_000_000  # of the table that is solved, 8 bytes each; places beyond are opened as they are wanted


class WhyNobody(StrEnum):
    """Why a child is left without a suggestion."""

    NOBODY_MAY = "nobody_may"  # each candidate is barred, or of the other sex where the same is a must
    ALL_FULL = "all_full"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A helper for a child, and why; points tell how it compares, nothing else."""

    child_id: int
    candidate_id: int
    points: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A child for whom nobody is left."""

    child_id: int
    why: WhyNobody


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What is suggested for every child asked about: those in greater need first, then by id."""

    pairs: tuple[Suggestion, ...]
    left_out: tuple[LeftOut, ...]


def suggest(children: Iterable[ChildInNeed], candidates: Sequence[Candidate], weights: Weights) -> Suggestions:
    """Suggest one helper for each child, nobody beyond their room: of all assignments one that nothing beats.

    First as many children as can be get a helper; where they can't all, those in greater need do; of what is left, the
    most points in all, a helper's next child taking off `evenness` for each one they have by then. The same input in
    any order gives the same answer.

    Points are of one pair, or of how many children a helper has. So two children in a grave tier may both come to one
    helper who has nobody in a tier yet: what one new child weighs can't count for the other. Nor can siblings be kept
    together, or two children apart.
    """
    waiting = sorted(children, key=lambda child: (not child.comes_first, -child.tier_rank, child.id))
    helpers = sorted((each for each in candidates if each.room > 0), key=lambda candidate: candidate.id)
    chosen = _solve(waiting, helpers, weights) if waiting and helpers else {}
    return Suggestions(
        pairs=tuple(_suggestion(waiting[row], helpers[column], weights) for row, column in sorted(chosen.items())),
        left_out=tuple(
            LeftOut(child.id, _why_nobody(child, candidates, weights))
            for row, child in enumerate(waiting)
            if row not in chosen
        ),
    )


def _suggestion(child: ChildInNeed, candidate: Candidate, weights: Weights) -> Suggestion:
    return Suggestion(
        child.id, candidate.id, points_of(child, candidate, weights), reasons_of(child, candidate, weights)
    )


def _why_nobody(child: ChildInNeed, candidates: Iterable[Candidate], weights: Weights) -> WhyNobody:
    is_allowed = any(may_help(child, each, weights) for each in candidates)
    return WhyNobody.ALL_FULL if is_allowed else WhyNobody.NOBODY_MAY


def _solve(children: Sequence[ChildInNeed], helpers: Sequence[Candidate], weights: Weights) -> dict[int, int]:
    """Return which helper each child gets, both by position.

    Each helper stands as often as children may come. If these places are too many for memory, each helper begins with
    fewer and gets more where all are taken: a helper with a place left over lacks nothing by having no second one.
    """
    values, allowed = _values(children, helpers, weights)
    rooms = [min(each.room, len(children)) for each in helpers]
    first = max(1, MOST_CELLS // values.size)
    places = [min(room, first) for room in rooms]
    while True:
        chosen = _assign(values, allowed, places, _steps(helpers, places, weights))
        taken = Counter(chosen.values())
        short = [at for at, (room, open_) in enumerate(zip(rooms, places, strict=True)) if taken[at] == open_ < room]
        if not short:
            return chosen
        for at in short:
            places[at] = min(rooms[at], 2 * places[at])


def _steps(helpers: Sequence[Candidate], places: Sequence[int], weights: Weights) -> list[int]:
    """Return what each place takes off: the more, the more children the helper has by then."""
    return [
        weights.evenness * (each.children + at)
        for each, count in zip(helpers, places, strict=True)
        for at in range(count)
    ]


def _values(children: Sequence[ChildInNeed], helpers: Sequence[Candidate], weights: Weights) -> "tuple[Numbers, Flags]":
    """Return each pair's value, and whether it may be.

    Need outweighs all points there are. One unit a step of need is enough: which children can be helped at all makes a
    matroid, where giving up one child in greater need never makes room for two. Whole numbers far below 2**53: exact.
    """
    import numpy as np

    values, allowed = _points(children, helpers, weights), _allowed(children, helpers, weights)
    most_taken_off = weights.evenness * max(each.children + min(each.room, len(children)) for each in helpers)
    values += most_taken_off - values.min() + 1  # above zero, whatever place is taken
    outweighing = len(children) * values.max() + 1
    levels = {need: at for at, need in enumerate(sorted({child.need for child in children}), 1)}
    values += outweighing * np.array([levels[child.need] for child in children])[:, np.newaxis]
    return values, allowed


def _points(children: Sequence[ChildInNeed], helpers: Sequence[Candidate], weights: Weights) -> "Numbers":
    """Return `points_of` for every pair, each term worked out once for all children who are alike in it."""
    import numpy as np

    points = np.zeros((len(children), len(helpers)))
    for key, gain in TERMS:
        keys = [key(child) for child in children]
        rows = {each: at for at, each in enumerate(dict.fromkeys(keys))}
        table = np.array([[gain(each, helper, weights).points for helper in helpers] for each in rows])
        points += table[[rows[each] for each in keys]]
    columns = {helper.id: at for at, helper in enumerate(helpers)}
    for row, child in enumerate(children):
        for at in {columns[past.candidate_id] for past in child.past if past.candidate_id in columns}:
            points[row, at] += by_past(child.past, helpers[at], weights).points
    return points


def _allowed(children: Sequence[ChildInNeed], helpers: Sequence[Candidate], weights: Weights) -> "Flags":
    import numpy as np

    genders = {each: [sex_allows(each, helper, weights) for helper in helpers] for each in (None, *Gender)}
    allowed = np.array([genders[child.gender] for child in children])
    columns = {helper.id: at for at, helper in enumerate(helpers)}
    for row, child in enumerate(children):
        allowed[row, [columns[each] for each in child.barred if each in columns]] = False
    return allowed


def _assign(values: "Numbers", allowed: "Flags", places: Sequence[int], taken_off: Sequence[int]) -> dict[int, int]:
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    helper_of = np.repeat(np.arange(len(places)), places)
    costs = values[:, helper_of]
    np.subtract(taken_off, costs, out=costs)
    costs *= allowed[:, helper_of]  # what may not be is worth nothing, as is nobody
    return {
        int(row): int(helper_of[column])
        for row, column in zip(*linear_sum_assignment(costs), strict=True)
        if allowed[row, helper_of[column]]
    }
