"""The numbers of the leadership group's week: each the length of the list behind it, or held back; pure.

Who sees numbers only reads sums of what each clause tells such a reader, and no number of anybody alone: another way of
cutting the same duties would tell by subtraction what a clause holds back.
"""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from services.figures import hold_back_sizes
from services.regulations.catalogue import ClausePost, clauses
from services.regulations.deadlines import DutyState
from services.regulations.parameters import areas
from services.regulations.standings import KEPT, RED, SubjectKind
from services.regulations.week_facts import Behind, WeekFacts

UNPAIRED = "J-01"
"""The clause whose overdue duties are the left-behind children without a pair."""


class Gap(StrEnum):
    """Why there is no number."""

    HELD_BACK = "held_back"  # too few children stand behind it
    NOT_COUNTED = "not_counted"  # its clause is not in force
    NOT_KEPT = "not_kept"  # frozen before this number was
    NO_WEEK = "no_week"  # no week before is frozen
    RUNS = "runs"  # told once the week is over


Number = int | Gap


@dataclass(frozen=True, slots=True)
class Count:
    """A week's number and that of the week before."""

    now: Number
    before: Number


@dataclass(frozen=True, slots=True)
class AreaShare:
    """Of the clauses of an area that can be judged in a week, how many are kept."""

    area: str
    kept: int
    judged: int

    @property
    def percent(self) -> int | None:
        """How many of a hundred; None where no clause could be judged."""
        return self.kept * 100 // self.judged if self.judged else None


def turned_red(now: WeekFacts, before: WeekFacts | None) -> tuple[str, ...]:
    """Return the clauses that are red and were not the week before, in the catalogue's order."""
    was = red_clauses(before) if before is not None else ()
    return tuple(name for name in red_clauses(now) if name not in was)


def red_clauses(facts: WeekFacts) -> tuple[str, ...]:
    """Return every clause that is red, in the catalogue's order."""
    return tuple(name for name in clauses() if name in facts.clauses and facts.clauses[name].state in RED)


def list_entries(facts: WeekFacts, what: str) -> list[Behind]:
    """Return whom a number counted: `overdue`, `unpaired`, `owner.7`, `vacant.homeroom`, `clause.K-10`, `tier.3`."""
    kind, _, which = what.partition(".")
    if kind == "clause":
        return [each for each in facts.behind if each.clause_id == which]
    if kind == "tier" and which.isdecimal():
        children = facts.in_tiers.get(int(which), ())
        return [Behind("", "tier", SubjectKind.CHILD, student_id) for student_id in children]
    if kind == "unpaired":
        return facts.behind_in("overdue", UNPAIRED)
    overdue = facts.behind_in("overdue")
    return overdue if what == "overdue" else [each for each in overdue if what in owner_keys(each)]


def owner_keys(entry: Behind) -> tuple[str, ...]:
    """Return whose a duty was: accounts, or the vacant post; the words `list_entries` knows them by.

    Nobody's where it was frozen before owners were kept: nothing is known then, least of all that a post was vacant.
    """
    return () if entry.first is None else _keys(entry.owners, entry.clause_id)


def _keys(owners: tuple[int, ...], clause_id: str) -> tuple[str, ...]:
    return tuple(f"owner.{each}" for each in owners) or (f"vacant.{clauses()[clause_id].post.value}",)


def count_overdue(facts: WeekFacts, *, numbers_only: bool) -> Number:
    """Return how many duties are overdue; for numbers only, those of the clauses that tell such a reader."""
    if not numbers_only:
        return len(list_entries(facts, "overdue"))
    told = _told_overdue(facts)
    return sum(told.values()) if told or not facts.clauses else Gap.HELD_BACK


def count_by_owner(facts: WeekFacts) -> Counter[str]:
    """Return how many duties are overdue of each account or vacant post; thousands have the same few owners."""
    alike = Counter(
        (each.first is None, each.owners, "" if each.owners else each.clause_id)
        for each in facts.behind
        if each.figure == "overdue"
    )
    found: Counter[str] = Counter()
    for (is_old, owners, clause_id), count in alike.items():
        for key in () if is_old else _keys(owners, clause_id):
            found[key] += count
    return found


def count_by_post(facts: WeekFacts) -> Counter[ClausePost]:
    """Return how many duties are overdue by their clauses' post, as who sees numbers only may read it."""
    found: Counter[ClausePost] = Counter()
    for name, count in _told_overdue(facts).items():
        found[clauses()[name].post] += count
    return +found


def is_overdue_held_back(facts: WeekFacts) -> bool:
    """Say whether any clause holds its overdue duties back from who sees numbers only."""
    return any(each.held_back.overdue is None for each in facts.clauses.values())


def _told_overdue(facts: WeekFacts) -> dict[str, int]:
    told = ((name, each.held_back.overdue) for name, each in facts.clauses.items())
    return {name: count for name, count in told if count is not None}


def count_unpaired(facts: WeekFacts, *, numbers_only: bool) -> Number:
    """Return how many left-behind children have no pair (J-01)."""
    clause = facts.clauses.get(UNPAIRED)
    if clause is None:
        return Gap.NOT_COUNTED
    if not numbers_only:
        return len(list_entries(facts, "unpaired"))
    return Gap.HELD_BACK if clause.held_back.overdue is None else clause.held_back.overdue


def count_in_tier(facts: WeekFacts, *, tier_id: int, numbers_only: bool) -> Number:
    """Return how many children stood in a tier above the ordinary one (F-04).

    For numbers only at the week's end: from one day to the next it would be one child's.
    """
    if facts.tier_counts is None:
        return Gap.NOT_KEPT
    if not numbers_only:
        return len(list_entries(facts, f"tier.{tier_id}"))
    if not facts.is_frozen:
        return Gap.RUNS
    told = hold_back_sizes(facts.tier_counts).get(tier_id, 0)
    return Gap.HELD_BACK if told is None else told


def shares_of(facts: WeekFacts) -> tuple[AreaShare, ...]:
    """Return how far each area's clauses are kept, of those that can be judged: neither due, nor exempt."""
    kept: Counter[str] = Counter()
    judged: Counter[str] = Counter()
    for name, each in facts.clauses.items():
        kept[clauses()[name].area] += each.state in KEPT
        judged[clauses()[name].area] += each.state in KEPT | RED or each.state is DutyState.NO_DATA
    return tuple(AreaShare(area, kept[area], judged[area]) for area in areas() if area in judged)
