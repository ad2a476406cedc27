"""The words of screening: levels, reasons, suggestions; a score is a hint, never a diagnosis."""

from dataclasses import replace
from datetime import date

from services import clock
from services.screening.results import ResultRow
from services.screening.scales import INCOMPLETE, Judgement
from ui import formats
from ui.states import SCREENING_LEVEL, Look

TIERS = {0: "不用定级", 1: "三级", 2: "二级", 3: "一级"}
"""The tier a result suggests, gravest last; a person decides."""

LEVEL_TINTS = [replace(look, word="") for look in SCREENING_LEVEL.values()]
"""For tables: a scale has words of its own for its levels, so the sign alone tells the tint."""


def level_words(name: str, *, is_valid: bool, is_urgent: bool) -> str:
    """Return the level in words, after what outranks it: a crisis item, or a level as grave; a void result has none."""
    if not is_valid:
        return "有紧急提示，作废" if is_urgent else "作废"
    if not is_urgent:
        return name
    return f"有紧急提示，{name if name == INCOMPLETE else f'总分{name}'}"


def words_of(row: ResultRow) -> str:
    """Return the level of a stored result in words."""
    words = level_words(row.level_name, is_valid=row.is_valid, is_urgent=row.is_urgent)
    return f"{words}，以后来的一份为准" if row.is_corrected else words


def look_of(row: ResultRow) -> Look:
    """Return how a stored result looks: what asks for nobody has the sign of all well only where it is."""
    return SCREENING_LEVEL[row.rank or (0 if row.is_all_well else -1)]


def total_words(total: float | None) -> str:
    """Return a total; 不全 where it can't be told."""
    return "不全" if total is None else f"{total:g}"


def reasons_of(judgement: Judgement) -> list[str]:
    """Say why a result asks for somebody, the gravest reason first."""
    reasons = [f"第 {number} 题" for number in judgement.danger]
    if judgement.level is None:
        reasons.append(INCOMPLETE)
    elif judgement.is_valid and judgement.level.colour.rank:
        reasons.append(f"总分“{judgement.level.name}”")
    if not judgement.is_valid:
        reasons.append("效度不过关，要重测")
    if judgement.high:
        reasons.append(f"偏高：{'、'.join(each.name for each in judgement.high)}")
    return reasons


def day_of(day: date) -> str:
    """Return a day as lists show it."""
    return formats.day(day, today=clock.today())
