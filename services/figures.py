"""Numbers for people who may see numbers only: small groups are held back, also where subtraction would show them.

A group is small by its children, not by its records: seven referrals of one child are a group of one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

SMALLEST_GROUP = 5

_Name = TypeVar("_Name")
Records = Counter[int | None]
"""How many records each child has; None for children nobody has recognised yet, who may all be the same one."""


def hold_back_small(parts: Mapping[str, Records]) -> dict[str, int | None]:
    """Return how many records each part of a total has; None where too few children stand behind it.

    The next smallest parts are held back too, until what is missing from the total is no small group itself.
    Nobody is no group: 0 is told.
    """
    held = {name for name, records in parts.items() if _is_small(records)}
    others = sorted((len(records), name) for name, records in parts.items() if records and name not in held)
    while held and others and (len(held) < 2 or len(_together(parts[name] for name in held)) < SMALLEST_GROUP):
        held.add(others.pop(0)[1])
    return {name: None if name in held else records.total() for name, records in parts.items()}


def hold_back_sizes(sizes: Mapping[_Name, int]) -> dict[_Name, int | None]:
    """Return the parts of a total as `hold_back_small`, where each child stands in one of them."""
    parts: dict[str, Records] = {}
    seen = 0
    for name, size in sizes.items():
        parts[str(name)] = Counter(range(seen, seen + size))
        seen += size
    told = hold_back_small(parts)
    return {name: told[str(name)] for name in sizes}


@dataclass(frozen=True, slots=True)
class Within:
    """One part of a total, itself told in parts; None where a number would tell of too few children."""

    total: int | None
    parts: dict[str, int | None]


def hold_back_small_within(
    others: Mapping[str, Records], within: Mapping[str, Records]
) -> tuple[dict[str, int | None], Within]:
    """Return the parts of a total of which one is told in parts itself, no small group left by any subtraction.

    All are held back as parts of one total. The sum of the divided part would part what is held back in two: it is
    told only where neither side is a small group alone.
    """
    told = hold_back_small({**others, **within})
    sides = [_together(side[name] for name in side if told[name] is None) for side in (others, within)]
    total = None if any(map(_is_small, sides)) else total_of(within)
    return {name: told[name] for name in others}, Within(total, {name: told[name] for name in within})


def total_of(parts: Mapping[str, Records]) -> int | None:
    """Return the total beside such parts, or None where too few children stand behind all of it."""
    everything = _together(parts.values())
    return None if _is_small(everything) else everything.total()


def _is_small(records: Records) -> bool:
    return 0 < len(records) < SMALLEST_GROUP


def _together(parts: Iterable[Records]) -> Records:
    return sum(parts, Counter())
