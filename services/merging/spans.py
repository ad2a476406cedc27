"""Stretches of days, half-open; pure."""

from collections.abc import Iterable
from datetime import date

Span = tuple[date, date | None]
"""From a day up to, without it, another; no end: still going on."""


def overlap(one: Span, other: Span) -> bool:
    """Say whether two stretches have a day in common."""
    return not is_blank(one) and not is_blank(other) and _before(one[0], other[1]) and _before(other[0], one[1])


def subtract(span: Span, taken: Iterable[Span]) -> list[Span]:
    """Return what is left of a stretch beside others, in order; nothing where they cover it."""
    left = [] if is_blank(span) else [span]
    for other in taken:
        if not is_blank(other):
            left = [piece for each in left for piece in _beside(each, other)]
    return left


def is_blank(span: Span) -> bool:
    """Say whether a stretch has no day at all."""
    return span[1] is not None and span[1] <= span[0]


def _beside(span: Span, other: Span) -> list[Span]:
    if not overlap(span, other):
        return [span]
    pieces: list[Span] = []
    if span[0] < other[0]:
        pieces.append((span[0], other[0]))
    if other[1] is not None and _before(other[1], span[1]):
        pieces.append((other[1], span[1]))
    return pieces


def _before(day: date, end: date | None) -> bool:
    return end is None or day < end
