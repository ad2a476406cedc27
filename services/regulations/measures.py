"""How each measured clause is measured, as clauses.toml says: of whom, by which records, how often, to which share."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from db.tables import CareKind
from services.regulations.catalogue import clauses
from services.regulations.parameters import parameters
from services.regulations.periods import Unit


class Evaluator(StrEnum):
    """The four ways of measuring."""

    PERIODIC = "periodic"
    DEADLINE = "deadline"
    THRESHOLD = "threshold"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class RecordDuty:
    """One thing that work records prove: which kinds count, by whom, how often in which period."""

    part: str | None
    label: str | None  # what people call it, where a clause asks for several
    unit: Unit
    kinds: frozenset[CareKind]  # empty: every kind
    by: str  # anyone, homeroom, or pair: whoever has the child in it
    times: str  # a name in parameters.toml
    minutes: str | None  # the parameter that says how long it lasts at least


@dataclass(frozen=True, slots=True)
class Measure:
    """How one clause is measured."""

    clause_id: str
    evaluator: Evaluator
    of: str  # a population: pupils, left_behind, four_special, or a pair's role
    source: str  # which facts it reads; `records` for work records
    duties: tuple[RecordDuty, ...]
    target: str | None  # the parameter with the share to be reached, in percent
    times: str | None
    unit: Unit | None

    @property
    def kinds(self) -> frozenset[CareKind]:
        """The work records it counts."""
        return frozenset().union(*(each.kinds or frozenset(CareKind) for each in self.duties))


@cache
def measures() -> Mapping[str, Measure]:
    """Return how each clause is measured that can be in force, by its id, in the catalogue's order."""
    return {name: each for name, each in every_measure().items() if each.evaluator is not Evaluator.COMPLETE}


@cache
def wholes() -> Mapping[str, Measure]:
    """Return how each clause is measured that asks for whole records; it is never in force, nothing of it is late."""
    return {name: each for name, each in every_measure().items() if each.evaluator is Evaluator.COMPLETE}


@cache
def every_measure() -> Mapping[str, Measure]:
    """Return how each clause is measured of which there are records, by its id, in the catalogue's order.

    Raises:
        KeyError, ValueError: the file names something that isn't declared.
    """
    found = {clause.id: _measure(clause.id, clause.measure) for clause in clauses().values() if clause.measure}
    for each in found.values():
        for name in (each.target, each.times, *(duty.times for duty in each.duties)):
            if name is not None and name not in parameters():
                raise ValueError(name)
    return found


def _measure(clause_id: str, entry: Mapping[str, Any]) -> Measure:  # Any: as TOML gives it
    return Measure(
        clause_id=clause_id,
        evaluator=Evaluator(entry["evaluator"]),
        of=entry.get("of", "pupils"),
        source=entry.get("source", "records"),
        duties=tuple(_duty(each) for each in entry.get("duties", ())),
        target=entry.get("target"),
        times=entry.get("times"),
        unit=Unit(entry["unit"]) if "unit" in entry else None,
    )


def _duty(entry: dict[str, Any]) -> RecordDuty:
    return RecordDuty(
        part=entry.get("part"),
        label=entry.get("label"),
        unit=Unit(entry["unit"]),
        kinds=frozenset(CareKind(each) for each in entry.get("kinds", ())),
        by=entry.get("by", "anyone"),
        times=entry["times"],
        minutes=entry.get("minutes"),
    )
