"""Tiers on screen: badge and table sign, when one is looked at again, and the words of its states."""

from collections.abc import Mapping
from datetime import date

from db.tables import TierState
from services import clock
from services.tier_kinds import TierKind, TierOrder
from ui import formats
from ui.states import DUTY, Colour, Duty, Look

_SIGNS = "①②③④⑤⑥⑦⑧"
NO_TIER = Look("help", "还没定级", "gray", "？")
REQUEST: Mapping[TierState, Look] = {
    TierState.WAITING: Look("hourglass_top", "等第二个人", "violet", "◷"),
    TierState.DECLINED: Look("undo", "没有同意", "orange", "－"),
    TierState.WITHDRAWN: Look("block", "撤回", "gray", "－"),
}
_COLOURS: dict[str, Colour] = {
    "gray": "gray", "blue": "blue", "green": "green", "yellow": "yellow", "orange": "orange", "red": "red",
    "violet": "violet",
}  # fmt: skip


def tier_look(tier: TierKind | None, order: TierOrder) -> Look:
    """Return how a tier looks: the figure is its place from the gravest; the ordinary one has none."""
    if tier is None:
        return NO_TIER
    place = order.place(tier.rank)
    colour = _COLOURS[tier.colour.value]
    if tier.rank == 0:
        return Look("circle", tier.label, colour)
    return Look(f"counter_{min(place, 9)}", tier.label, colour, _SIGNS[min(place, len(_SIGNS)) - 1])


def tier_word(tier_id: int | None, order: TierOrder) -> str:
    """Return what a tier is called; what was never put into one says so."""
    tier = order.of(tier_id)
    return tier.label if tier else NO_TIER.word


def review_badge(due_on: date | None) -> str:
    """Return the badge of the day a tier is looked at again: late by how much, today, in how many days."""
    if due_on is None:
        return ""
    days = (due_on - clock.today()).days
    if days < 0:
        return DUTY[Duty.OVERDUE].badge(f"复核逾期 {-days} 天")
    return DUTY[Duty.TODAY].badge("今天复核") if days == 0 else DUTY[Duty.DUE].badge(f"{days} 天后复核")


def review_cell(due_on: date | None) -> str | None:
    """Return the same for a table."""
    if due_on is None:
        return None
    days = (due_on - clock.today()).days
    if days < 0:
        return f"▲ 逾期 {-days} 天"
    return "◷ 今天" if days == 0 else f"◷ {formats.day(due_on, today=clock.today())}"
