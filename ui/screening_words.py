"""The words of screening: levels, reasons, suggestions; a score is a hint, never a diagnosis."""

from dataclasses import replace
from datetime import date

from services import clock
from services.screening.scales import Judgement
from ui import formats
from ui.states import SCREENING_LEVEL

TIERS = {0: "不用定级", 1: "三级", 2: "二级", 3: "一级"}
"""The tier a result suggests, gravest last; a person decides."""

LEVEL_TINTS = [replace(look, word="") for look in SCREENING_LEVEL.values()]
"""For tables: a scale has words of its own for its levels, so the sign alone tells the tint."""


def level_words(judgement: Judgement) -> str:
    """Return the level in words; a void result has none."""
    return judgement.level.name if judgement.is_valid else "作废"


def reasons_of(judgement: Judgement) -> list[str]:
    """Say why a result asks for somebody, the gravest reason first."""
    reasons = [f"第 {number} 题" for number in judgement.danger]
    if judgement.is_valid and judgement.level.colour.rank:
        reasons.append(f"总分“{judgement.level.name}”")
    if not judgement.is_valid:
        reasons.append("效度不过关，要重测")
    if judgement.high:
        reasons.append(f"偏高：{'、'.join(each.name for each in judgement.high)}")
    return reasons


def day_of(day: date) -> str:
    """Return a day as lists show it."""
    return formats.day(day, today=clock.today())
