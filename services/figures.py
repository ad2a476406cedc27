"""Numbers for people who may see numbers only: small groups are held back, also where subtraction would show them."""

from collections.abc import Mapping

SMALLEST_GROUP = 5


def hold_back_small(parts: Mapping[str, int]) -> dict[str, int | None]:
    """Return the parts of a total that is shown beside them; None where a group is too small to be told.

    The next smallest groups are held back too, until what is missing from the total is no small group itself.
    Nobody is no group: 0 is told.
    """
    held = {name for name, count in parts.items() if 0 < count < SMALLEST_GROUP}
    others = sorted((count, name) for name, count in parts.items() if count >= SMALLEST_GROUP)
    while held and others and (len(held) < 2 or sum(parts[name] for name in held) < SMALLEST_GROUP):
        held.add(others.pop(0)[1])
    return {name: None if name in held else count for name, count in parts.items()}


def total_of(parts: Mapping[str, int]) -> int | None:
    """Return the total beside such parts, or None where it is itself too small to be told."""
    total = sum(parts.values())
    return None if 0 < total < SMALLEST_GROUP else total
