"""What a version of a plan says: goals and measures as typed, as stored, as a form names them, and how two differ."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from db.base import JsonObject
from db.sealing import unseal
from db.tables import MeasureDomain, MeasureRhythm, PlanVersion
from services.fields import clean

MOST_GOALS, MOST_MEASURES = 6, 12
GOAL_FIELDS = {"text": "目标", "sign": "怎么看出达到了"}
MEASURE_FIELDS = {
    "domain": "方面", "text": "做什么", "responsible_id": "谁做", "starts_on": "开始", "ends_on": "结束",
    "rhythm": "多久一次",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class GoalEntry:
    """One goal, as typed; `id` where the plan in force has it already."""

    text: str | None
    sign: str | None
    id: int | None = None
    line: str = "0"  # its place on the form

    @property
    def is_blank(self) -> bool:
        """Whether nothing of it was typed: a line nobody needed, or one taken out."""
        return clean(self.text) is None and clean(self.sign) is None


@dataclass(frozen=True, slots=True)
class MeasureEntry:
    """One measure, as typed; `id` where the plan in force has it already."""

    domain: MeasureDomain | None
    text: str | None
    responsible_id: int | None
    starts_on: date | None
    ends_on: date | None
    rhythm: MeasureRhythm | None
    id: int | None = None
    line: str = "0"

    @property
    def is_blank(self) -> bool:
        """Whether it says neither what nor by whom: what is only chosen is offered anew in every line."""
        return clean(self.text) is None and self.responsible_id is None


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """A plan as typed, the whole of it."""

    goals: tuple[GoalEntry, ...]
    measures: tuple[MeasureEntry, ...]
    review_on: date | None
    basis: str | None = None
    reason: str | None = None  # why it is changed, from the second version on


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that two versions have otherwise: of which part, and what stands there."""

    part: str
    field: str
    before: str
    after: str


def to_json(entry: PlanEntry) -> str:
    """Return goals, measures and basis as they are sealed; blank lines are left out."""
    content = {
        "basis": clean(entry.basis),
        "goals": [{"id": each.id, "text": clean(each.text), "sign": clean(each.sign)}
                  for each in entry.goals if not each.is_blank],
        "measures": [
            {
                "id": each.id,
                "domain": each.domain.value if each.domain else None,
                "text": clean(each.text),
                "responsible_id": each.responsible_id,
                "starts_on": each.starts_on.isoformat() if each.starts_on else None,
                "ends_on": each.ends_on.isoformat() if each.ends_on else None,
                "rhythm": each.rhythm.value if each.rhythm else None,
            }
            for each in entry.measures
            if not each.is_blank
        ],
    }  # fmt: skip
    return json.dumps(content, ensure_ascii=False)


def from_version(version: PlanVersion) -> PlanEntry:
    """Return what a stored version says."""
    content: JsonObject = json.loads(unseal(version, "content_sealed") or "{}")
    goals = tuple(GoalEntry(each["text"], each["sign"], each["id"]) for each in content.get("goals", ()))
    measures = tuple(
        MeasureEntry(
            MeasureDomain(each["domain"]),
            each["text"],
            each["responsible_id"],
            date.fromisoformat(each["starts_on"]),
            date.fromisoformat(each["ends_on"]),
            MeasureRhythm(each["rhythm"]),
            each["id"],
        )
        for each in content.get("measures", ())
    )
    return PlanEntry(goals, measures, version.review_on, content.get("basis"), unseal(version, "reason_sealed"))


def as_stored(plan_id: int | None, number: int, entry: PlanEntry | None) -> dict[str, object]:
    """Return a plan as its form names it; `number` is the one to save against.

    What the plan in force has stands on a line named by its id, so that no two editors mistake one for another; what
    is new on a line n0, n1, …, all of which are there.
    """
    stored: dict[str, object] = {
        "id": plan_id,
        "version": number,
        "basis": entry.basis if entry else None,
        "review_on": entry.review_on if entry else None,
        "reason": entry.reason if entry else None,
    }
    for what, fields, lines, most in (
        ("goal", GOAL_FIELDS, entry.goals if entry else (), MOST_GOALS),
        ("measure", MEASURE_FIELDS, entry.measures if entry else (), MOST_MEASURES),
    ):
        new = iter(range(most))
        for each in lines:
            line = f"m{each.id}" if each.id is not None else f"n{next(new)}"
            stored |= {f"{what}_{line}_{name}": getattr(each, name) for name in fields}
        stored |= {f"{what}_n{place}_{name}": None for place in new for name in fields}
    return stored


def differences(before: PlanEntry, after: PlanEntry, *, names: Mapping[int, str]) -> list[Difference]:
    """Return field by field what the later of two versions has otherwise; goals and measures are known by their id."""
    found = _of_fields("", {"basis": "为什么这样帮", "review_on": "复查日期"}, before, after, names)
    found += _of_lines("目标", GOAL_FIELDS, before.goals, after.goals, names)
    return found + _of_lines("措施", MEASURE_FIELDS, before.measures, after.measures, names)


def written(field: str, value: Any, names: Mapping[int, str]) -> str:  # any field's value
    """Write one field for a person; blank for nothing."""
    if value is None:
        return ""
    if field == "responsible_id":
        return names.get(value, "")
    if isinstance(value, date):
        return f"{value.year}年{value.month}月{value.day}日"
    label: str | None = getattr(value, "label", None)
    return str(value) if label is None else label


def _of_fields(part: str, fields: Mapping[str, str], before: Any, after: Any, names: Mapping[int, str]
               ) -> list[Difference]:  # fmt: skip
    found = []
    for name, label in fields.items():
        old, new = (written(name, getattr(each, name, None), names) for each in (before, after))
        if old != new:
            found.append(Difference(part, label, old, new))
    return found


def _of_lines(what: str, fields: Mapping[str, str], before: Any, after: Any, names: Mapping[int, str]
              ) -> list[Difference]:  # fmt: skip
    """Compare lines with the same id; without one they are new, and an id that is gone was taken out."""
    known = {each.id: each for each in before if each.id is not None}
    found: list[Difference] = []
    for place, line in enumerate(after, start=1):
        old = known.pop(line.id, None) if line.id is not None else None
        part = f"{what} {place}" if old is not None else f"{what} {place}（新加）"
        found += _of_fields(part, fields, old, line, names)
    for line in known.values():
        found += _of_fields(f"{what}（去掉了）", {"text": fields["text"]}, line, None, names)
    return found
