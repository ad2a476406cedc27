"""What is known of one school week: of today's results, or as it was frozen; who owes what, who stands in which tier.

The same facts either way: a week is frozen as it was shown, and read as it was frozen, never computed again.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from sqlmodel import Session

from services import tier_figures
from services.calendar import load_calendar
from services.regulations.catalogue import clauses
from services.regulations.compliance import FIGURES, Told, figure_of, told_of
from services.regulations.deadlines import DutyState
from services.regulations.evaluation import asked_for
from services.regulations.facts.children import Children, read_children
from services.regulations.facts.reach import WHOLE_SCHOOL
from services.regulations.owners import Owners, read_people, read_posts
from services.regulations.standings import ClauseResult, SubjectKind
from services.regulations.switches import load_beginning

BEHIND = ("overdue", "missed")
"""The figures whose lists are frozen with a week: what was not done."""

_T = TypeVar("_T")
_WEEK = "week"  # beside the clauses' ids: what a week knows that is of no clause
_NOBODY = Told(None, None, None, None, None, None, None)


class Behind(msgspec.Struct, frozen=True, gc=False):
    """One duty not done: of whom, in which period, and whose it was."""

    clause_id: str
    figure: str  # one of BEHIND
    subject: SubjectKind
    subject_id: int
    first: date | None = None
    last: date | None = None
    part: str | None = None
    owners: tuple[int, ...] = ()  # accounts; nobody where the post was vacant


@dataclass(frozen=True, slots=True)
class ClauseTold:
    """How a clause stood, its numbers, and the same as who sees numbers only may read them."""

    state: DutyState
    whole: Told
    held_back: Told


@dataclass(frozen=True, slots=True)
class WeekFacts:
    """One week: its clauses in force, what was not done, the tiers."""

    first_day: date
    told_on: date
    clauses: Mapping[str, ClauseTold]
    behind: tuple[Behind, ...] = ()
    tier_counts: Mapping[int, int] | None = None  # children in each tier, 0 for none; None: frozen before it was kept
    in_tiers: Mapping[int, tuple[int, ...]] = field(default_factory=dict)  # who stood in those above the ordinary one
    is_frozen: bool = False

    def behind_in(self, figure: str, clause_id: str | None = None) -> list[Behind]:
        """Return what was not done, overdue or missed for good; of one clause, where it is named."""
        return [each for each in self.behind if each.figure == figure and clause_id in (None, each.clause_id)]


def facts_of(
    session: Session,
    *,
    first_day: date,
    told_on: date,
    results: Mapping[str, ClauseResult],
    holds_back: bool = True,
    reads_tiers: bool = True,
) -> WeekFacts:
    """Return a week's facts as the whole school's results say them on a day; at most four statements.

    Without `holds_back` nothing is worked out for who sees numbers only, which takes a while in a large school.
    """
    found = {name: each for name, each in results.items() if each.state is not DutyState.NOT_IN_FORCE}
    counts, in_tiers = tier_figures.children_in_tiers(session, day=told_on) if reads_tiers else (None, {})
    return WeekFacts(
        first_day,
        told_on,
        {
            name: ClauseTold(each.state, told_of(each), _held_back(each) if holds_back else _NOBODY)
            for name, each in found.items()
        },
        tuple(_behind(session, told_on, found)),
        counts,
        in_tiers,
    )


_OWNERS_FROM = (
    "app_user",
    "care_case",
    "class_membership",
    "class_teacher",
    "helper",
    "post",
    "post_holder",
    "role_grant",
)
_MOST = 120  # as many as there are results kept
_Kept = tuple[ClauseResult, tuple[int, ...], tuple[Behind, ...]]
_lock = threading.Lock()
_behind_kept: OrderedDict[tuple[str, date], _Kept] = OrderedDict()
_told_kept: OrderedDict[tuple[str, date], tuple[ClauseResult, Told]] = OrderedDict()
"""Kept as long as the results they were made of, which change with whatever was written (`kept_results`)."""


def _behind(session: Session, on: date, results: Mapping[str, ClauseResult]) -> Iterator[Behind]:
    written = load_beginning(session).written
    versions = tuple(written.get(name, 0) for name in _OWNERS_FROM)
    with _lock:
        kept = {name: _behind_kept.get((name, on)) for name in results}
    old = {name: each[2] for name, each in kept.items() if each and each[0] is results[name] and each[1] == versions}
    fresh = _with_owners(session, on, {name: each for name, each in results.items() if name not in old})
    for name, found in fresh.items():
        _keep(_behind_kept, (name, on), (results[name], versions, found))
    for name in results:
        yield from old[name] if name in old else fresh[name]


def _with_owners(session: Session, on: date, results: Mapping[str, ClauseResult]) -> Mapping[str, tuple[Behind, ...]]:
    open_ones = {
        name: [(each, figure) for each in result.standings if (figure := figure_of(each)) in BEHIND]
        for name, result in results.items()
    }
    if not any(open_ones.values()):
        return dict.fromkeys(results, ())
    asked = asked_for(load_calendar(session), on=on, reach=WHOLE_SCHOOL)
    children = read_children(session, asked) if asked is not None else Children()
    owners = Owners(on, children, read_posts(session, on=on), read_people(session).case_owners)
    return {
        name: tuple(
            Behind(name, figure, each.subject, each.subject_id, each.first, each.last, each.part, owners.of(each))
            for each, figure in found
        )
        for name, found in open_ones.items()
    }


def _held_back(result: ClauseResult) -> Told:
    with _lock:
        kept = _told_kept.get((result.clause_id, result.on))
    if kept is not None and kept[0] is result:
        return kept[1]
    told = told_of(result, is_numbers=True)
    _keep(_told_kept, (result.clause_id, result.on), (result, told))
    return told


def _keep(where: OrderedDict[tuple[str, date], _T], key: tuple[str, date], found: _T) -> None:
    with _lock:
        where[key] = found
        where.move_to_end(key)
        while len(where) > _MOST:
            where.popitem(last=False)


def numbers_of(facts: WeekFacts) -> dict[str, dict[str, Any]]:
    """Return a week's numbers as they are frozen, no child in them."""
    clauses: dict[str, dict[str, Any]] = {
        name: {"state": each.state.value, **_counts(each.whole), "told": _counts(each.held_back)}
        for name, each in facts.clauses.items()
    }
    return clauses | {_WEEK: {"tiers": {str(name): count for name, count in (facts.tier_counts or {}).items()}}}


def _counts(told: Told) -> dict[str, int | None]:
    return {name: count for name, count in asdict(told).items() if name != "late"}


def lists_of(facts: WeekFacts) -> dict[str, Any]:
    """Return whom a week's numbers of what was not done counted, by numbers: names are looked up when read."""
    lists: dict[str, Any] = {
        name: {
            figure: [
                [each.subject.value, each.subject_id, _text(each.first), _text(each.last), each.part, each.owners]
                for each in facts.behind_in(figure, name)
            ]
            for figure in BEHIND
        }
        for name in facts.clauses
    }
    return lists | {_WEEK: {"tiers": {str(name): children for name, children in facts.in_tiers.items()}}}


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def as_frozen(first_day: date, told_on: date, *, numbers: str, lists: str | None = None) -> WeekFacts:
    """Return a frozen week's facts again; without its lists, if they aren't given. Read once, while they stay the same.

    The lists of a large school take a while: those of the weeks looked at last are kept.
    """
    read = _with_lists if lists else _without_lists
    return read(first_day, told_on, numbers, lists)


@lru_cache(maxsize=4)
def _with_lists(first_day: date, told_on: date, numbers: str, lists: str | None) -> WeekFacts:
    return _read(first_day, told_on, numbers, lists)


@lru_cache(maxsize=64)
def _without_lists(first_day: date, told_on: date, numbers: str, lists: str | None) -> WeekFacts:
    return _read(first_day, told_on, numbers, lists)


def _read(first_day: date, told_on: date, numbers: str, lists: str | None) -> WeekFacts:
    counted: dict[str, Any] = json.loads(numbers)
    listed: dict[str, Any] = json.loads(lists) if lists else {}
    of_week, lists_of_week = counted.get(_WEEK, {}), listed.get(_WEEK, {})
    tiers = of_week.get("tiers")
    return WeekFacts(
        first_day,
        told_on,
        {name: _clause(each) for name, each in counted.items() if name in clauses()},
        tuple(_entries(listed)),
        {int(name): count for name, count in tiers.items()} if tiers is not None else None,
        {int(name): tuple(children) for name, children in lists_of_week.get("tiers", {}).items()},
        is_frozen=True,
    )


def _clause(said: Mapping[str, Any]) -> ClauseTold:
    whole = Told(late=None, **{name: said[name] for name in ("required", *FIGURES)})
    held_back = Told(late=None, **said["told"]) if "told" in said else _NOBODY
    return ClauseTold(DutyState(said["state"]), whole, held_back)


def _entries(listed: Mapping[str, Any]) -> Iterator[Behind]:
    for clause_id in clauses().keys() & listed.keys():
        for figure, entries in listed[clause_id].items():
            for subject, subject_id, *more in entries:  # two of them, in weeks frozen before owners were kept
                first, last, part, owners = more or (None, None, None, ())
                yield Behind(
                    clause_id, figure, SubjectKind(subject), subject_id, _day(first), _day(last), part, tuple(owners)
                )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
