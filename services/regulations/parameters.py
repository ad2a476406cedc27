"""The numbers of the regulations: the catalogue read once from parameters.toml, and which value counts on a day."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("parameters.toml")


class Origin(StrEnum):
    """Whether a number stands in the regulation or was chosen for this program."""

    GIVEN = "given"
    CHOSEN = "chosen"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number of a clause: what it counts, what it starts with, and how far a school may go."""

    name: str
    label: str
    unit: str
    unit_label: str
    default: int
    least: int
    most: int
    origin: Origin
    is_used: bool  # something in the program counts with it already

    @property
    def clause_id(self) -> str:
        """The clause it belongs to."""
        return self.name.partition(".")[0]

    @property
    def area(self) -> str:
        """The letter of its clause's area."""
        return self.clause_id[0]


@cache
def parameters() -> Mapping[str, Parameter]:
    """Return every parameter by its name, in the catalogue's order.

    Raises:
        KeyError, ValueError: the file names something that isn't declared, or a default outside its bounds.
    """
    data = _read()
    found = {name: _parameter(name, entry, data) for name, entry in data["parameters"].items()}
    for each in found.values():
        if not each.least <= each.default <= each.most or each.area not in data["areas"]:
            raise ValueError(each.name)
    return found


@cache
def areas() -> Mapping[str, str]:
    """Return the areas of the catalogue, letter → Chinese name."""
    named: dict[str, str] = _read()["areas"]
    return named


def _read() -> dict[str, Any]:  # Any: as TOML gives it
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def _parameter(name: str, entry: dict[str, Any], data: dict[str, Any]) -> Parameter:
    return Parameter(
        name=name,
        label=entry["label"],
        unit=entry["unit"],
        unit_label=data["units"][entry["unit"]],
        default=int(entry["default"]),
        least=int(entry["min"]),
        most=int(entry["max"]),
        origin=Origin(entry["origin"]),
        is_used=bool(entry.get("used", False)),
    )


@dataclass(frozen=True, slots=True)
class Change:
    """A value a school set, in force from a day; the later `number` of two for the same day counts."""

    in_force_from: date
    number: int
    value: int


@dataclass(frozen=True, slots=True)
class Span:
    """The days on which a value counts: from the first up to, but not on, the last."""

    first: date
    until: date
    value: int


@dataclass(frozen=True)
class Numbers:
    """Every number of the regulations, by date: what the school set, and before that the catalogue's default."""

    changes: Mapping[str, Sequence[Change]] = field(default_factory=dict)

    def on(self, name: str, day: date) -> int:
        """Return the value in force on a day.

        Raises:
            KeyError: there is no such parameter.
        """
        default = parameters()[name].default
        begun = [each for each in self.changes.get(name, ()) if each.in_force_from <= day]
        return max(begun, key=_order).value if begun else default

    def spans(self, name: str) -> list[Span]:
        """Return every value there was and will be with its days, the default first; for conditions on many rows.

        Raises:
            KeyError: there is no such parameter.
        """
        by_day = {each.in_force_from: each.value for each in sorted(self.changes.get(name, ()), key=_order)}
        values = {date.min: parameters()[name].default} | by_day
        ends = [*list(values)[1:], date.max]
        return [Span(first, until, value) for (first, value), until in zip(values.items(), ends, strict=True)]

    def since(self, name: str, day: date) -> date | None:
        """Return from when the value of a day is in force; None for the default."""
        begun = [each for each in self.changes.get(name, ()) if each.in_force_from <= day]
        return max(begun, key=_order).in_force_from if begun else None

    def next_change(self, name: str, day: date) -> Change | None:
        """Return the first change that comes into force after a day."""
        later = [each for each in self.changes.get(name, ()) if each.in_force_from > day]
        if not later:
            return None
        first = min(each.in_force_from for each in later)
        return max((each for each in later if each.in_force_from == first), key=_order)


def _order(change: Change) -> tuple[date, int]:
    return change.in_force_from, change.number
