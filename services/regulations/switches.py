"""Which clauses count, and since when: what the school switched on, each with its day."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Integer, cast
from sqlmodel import Session, col

from db.tables import ClauseSwitch, TableVersion
from db.transactions import kept_for_one_run
from services.asking_together import Fact, ask, asked, together


@dataclass(frozen=True, slots=True)
class Switched:
    """A clause put into force, or out of it, from a day."""

    from_day: date
    number: int
    is_on: bool


@dataclass(frozen=True, slots=True)
class Switches:
    """Every switch by its clause; a clause nobody has switched on does not count."""

    by_clause: Mapping[str, tuple[Switched, ...]] = field(default_factory=dict)

    def counts(self, clause_id: str, day: date) -> bool:
        """Say whether a clause is in force on a day."""
        newest = self._newest(clause_id, day)
        return newest is not None and newest.is_on

    def is_on(self, clause_id: str) -> bool:
        """Say whether a clause's last switch puts it into force, now or from a day to come."""
        switched = self.by_clause.get(clause_id, ())
        return bool(switched) and max(switched, key=lambda each: each.number).is_on

    def in_force_from(self, clause_id: str, day: date) -> date | None:
        """Return since when a clause that counts on a day has counted without a break."""
        since = None
        of_day = {each.from_day: each for each in sorted(self.by_clause.get(clause_id, ()), key=_order)}
        for each in of_day.values():  # of two for one day the later counts, as if the other had never been
            if each.from_day <= day:
                since = (since or each.from_day) if each.is_on else None
        return since

    def _newest(self, clause_id: str, day: date) -> Switched | None:
        begun = [each for each in self.by_clause.get(clause_id, ()) if each.from_day <= day]
        return max(begun, key=_order) if begun else None


def _order(switched: Switched) -> tuple[date, int]:
    return switched.from_day, switched.number


@dataclass(frozen=True, slots=True)
class Beginning:
    """What every evaluation begins with: which clauses count, and how often each table was written to."""

    switches: Switches
    written: Mapping[str, int]


def load_switches(session: Session) -> Switches:
    """Read what the school switched on and off; one statement in the whole run of a page."""
    return load_beginning(session).switches


def load_beginning(session: Session) -> Beginning:
    """Read switches and how often each table was written to; one statement in the whole run of a page."""
    kept = kept_for_one_run(session)
    if kept is None:
        return _read(session)
    if _KEPT not in kept:
        kept[_KEPT] = _read(session)
    found: Beginning = kept[_KEPT]
    return found


_KEPT = "clause_switches"
_SWITCHED, _WRITTEN = "switched", "written"


def load_beginning_with(session: Session, parts: Sequence[Any]) -> tuple[Beginning, list[Fact]]:
    """Read what every evaluation begins with and, in the same statement, what else is asked in asking_together's shape.

    What is read is there for the whole run of a page.
    """
    found, others = _read_with(session, parts)
    kept = kept_for_one_run(session)
    if kept is not None:
        kept[_KEPT] = found
    return found, others


def _read(session: Session) -> Beginning:
    return _read_with(session, ())[0]


def _read_with(session: Session, parts: Sequence[Any]) -> tuple[Beginning, list[Fact]]:
    found: dict[str, list[Switched]] = defaultdict(list)
    written: dict[str, int] = {}
    others = []
    for row in ask(session, together([*_parts(), *parts])):
        if row.about == _WRITTEN:
            written[row.label] = row.first or 0
        elif row.about == _SWITCHED and row.day is not None:
            found[row.label].append(Switched(row.day, row.first or 0, bool(row.second)))
        else:
            others.append(row)
    switches = Switches({clause_id: tuple(each) for clause_id, each in found.items()})
    return Beginning(switches, written), others


@cache
def _parts() -> tuple[Any, ...]:
    switched = asked(
        _SWITCHED, label=col(ClauseSwitch.clause_id), first=col(ClauseSwitch.number),
        second=cast(col(ClauseSwitch.is_on), Integer), day=col(ClauseSwitch.from_day),
    ).where(col(ClauseSwitch.withdrawn_at).is_(None))  # fmt: skip
    return switched, asked(_WRITTEN, label=col(TableVersion.name), first=col(TableVersion.version))
