"""The leadership group's week: what turned red, what is overdue and whose, who has no pair, the tiers, beside the last.

The week that runs is today's results; one that is over is read as it was frozen, and never computed again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import case, func, null, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from db.errors import SealBroken
from db.frozen_weeks import digest_of
from db.sealing import open_text
from db.tables import ClauseWeek
from services import clock
from services.access import Permission, permitted
from services.actors import Actor
from services.calendar import SchoolCalendar, load_calendar, monday_of
from services.regulations import weeks
from services.regulations.catalogue import DERIVED, Clause, clauses
from services.regulations.compliance import Told, sees_numbers_only
from services.regulations.deadlines import DutyState
from services.regulations.kept_results import whole_school
from services.regulations.owners import Posts, read_people, read_posts
from services.regulations.week_facts import WeekFacts, as_frozen, facts_of
from services.review_numbers import (
    AreaShare,
    Count,
    Gap,
    Number,
    count_by_owner,
    count_by_post,
    count_in_tier,
    count_overdue,
    count_unpaired,
    is_overdue_held_back,
    red_clauses,
    shares_of,
    turned_red,
)
from services.tier_kinds import TierKind, tier_order

_LOOKED_BACK = timedelta(days=200)  # a term and its holidays: as far as the weeks beside each other go


@dataclass(frozen=True, slots=True)
class RedClause:
    """A clause that is red, with its numbers as the reader may read them."""

    clause: Clause
    state: DutyState
    is_new: bool  # it was not red the week before
    told: Told
    responsible: str


@dataclass(frozen=True, slots=True)
class OwnerLine:
    """Whose duties are overdue, and how many."""

    key: str | None  # what `list_lines` knows the list by; None for who sees numbers only
    name: str
    count: Count


@dataclass(frozen=True, slots=True)
class TierLine:
    """How many stand in a tier."""

    tier: TierKind
    count: Count


@dataclass(frozen=True, slots=True)
class WeekShares:
    """How far each area's clauses were kept in a week."""

    first_day: date
    number: int | None  # the school week
    areas: tuple[AreaShare, ...]


@dataclass(frozen=True, slots=True)
class Review:
    """One school week as the leadership group looks at it."""

    first_day: date
    told_on: date  # the last day that was counted
    number: int | None  # the school week
    is_frozen: bool
    before_day: date | None  # the Monday of the week it is compared with
    frozen: tuple[date, ...]  # the Mondays of the weeks that can be looked at, the newest first
    is_owed: bool  # the last week is over and not yet frozen
    red: tuple[RedClause, ...]
    turned_count: Count
    red_count: Count
    overdue: Count
    owners: tuple[OwnerLine, ...]
    is_held_back: bool  # some clauses' overdue duties are not in these numbers: too few children
    unpaired: Count
    tiers: tuple[TierLine, ...]
    weeks: tuple[WeekShares, ...]
    shows_names: bool
    is_whole: bool = True  # what is frozen still says what it said

    @property
    def turned(self) -> tuple[RedClause, ...]:
        """The clauses that are red and were not the week before."""
        return tuple(each for each in self.red if each.is_new)


@dataclass(frozen=True, slots=True)
class Frozen:
    """The frozen weeks: when they were, what the recent ones say, and those that are opened with their lists."""

    days: tuple[date, ...]
    recent: tuple[WeekFacts, ...]  # without their lists
    opened: Mapping[date, tuple[WeekFacts, bool]]  # and whether each still says what it said

    def before(self, day: date) -> date | None:
        """Return the Monday of the last week frozen before a day."""
        return max((each for each in self.days if each < day), default=None)

    def facts_before(self, day: date) -> WeekFacts | None:
        """Return what the last week before a day says, without its lists."""
        wanted = self.before(day)
        return next((each for each in self.recent if each.first_day == wanted), None)


@permitted(Permission.REVIEW_READ)
def find_review(session: Session, actor: Actor, *, first_day: date | None = None) -> Review:
    """Return a week as it was frozen, by its Monday; today's, where none is named or it isn't frozen.

    Twelve statements at most, beside the evaluation of what was written to since.
    """
    running = monday_of(clock.today())
    frozen = read_frozen(session, until=first_day or running)
    if first_day is not None and first_day not in frozen.opened:
        first_day, frozen = None, read_frozen(session, until=running)
    before_day = frozen.before(first_day or running)
    now = frozen.opened[first_day][0] if first_day else running_week(session, holds_back=sees_numbers_only(actor))
    before = frozen.opened[before_day][0] if before_day else None
    found = _review(session, actor, frozen, now, before)
    return replace(found, is_whole=all(is_whole for _, is_whole in frozen.opened.values()))


def running_week(session: Session, *, holds_back: bool = False, reads_tiers: bool = True) -> WeekFacts:
    """Return the facts of the week that runs, as they are today; as far as they are asked for."""
    today = clock.today()
    return facts_of(
        session, first_day=monday_of(today), told_on=today, results=whole_school(session, on=today),
        holds_back=holds_back, reads_tiers=reads_tiers,
    )  # fmt: skip


def read_frozen(session: Session, *, until: date) -> Frozen:
    """Read when weeks were frozen, what they say in a term up to a Monday, its lists and those of the week before.

    One statement.
    """
    day, week = col(ClauseWeek.first_day), aliased(ClauseWeek)
    before = select(func.max(col(week.first_day))).where(col(week.first_day) < until).scalar_subquery()
    is_opened = or_(day == until, day == before)
    is_read = or_(is_opened, day.between(until - _LOOKED_BACK, until))
    rows: Any = session.execute(
        select(
            day, col(ClauseWeek.told_on), col(ClauseWeek.uid), col(ClauseWeek.digest),
            case((is_read, col(ClauseWeek.numbers)), else_=null()).label("numbers"),
            case((is_opened, col(ClauseWeek.lists_sealed)), else_=null()).label("lists"),
        )
        .where(day <= clock.today())  # none that a clock running ahead froze
        .order_by(day)
    ).all()  # fmt: skip
    return Frozen(
        days=tuple(row.first_day for row in rows),
        recent=tuple(_without_lists(row) for row in rows if row.numbers is not None),
        opened={row.first_day: _open(*row) for row in rows if row.lists is not None},
    )


_DAMAGED = (SealBroken, ValueError, KeyError, TypeError, AttributeError)
"""What reading a week raises that somebody changed: it is shown empty, with a warning, and the others as ever."""


def _without_lists(row: Any) -> WeekFacts:
    try:
        return as_frozen(row.first_day, row.told_on, numbers=row.numbers)
    except _DAMAGED:
        return WeekFacts(row.first_day, row.told_on, {}, is_frozen=True)


@lru_cache(maxsize=8)
def _open(first_day: date, told_on: date, uid: str, digest: str, numbers: str, sealed: bytes) -> tuple[WeekFacts, bool]:
    """Return a week with its lists; kept by every byte of it, for opening one of a large school takes 15 ms."""
    try:
        lists = open_text(sealed, table="clause_week", column="lists_sealed", uid=uid) or ""
        facts = as_frozen(first_day, told_on, numbers=numbers, lists=lists)
    except _DAMAGED:
        return WeekFacts(first_day, told_on, {}, is_frozen=True), False
    return facts, digest_of(numbers, lists) == digest


def _review(session: Session, actor: Actor, frozen: Frozen, now: WeekFacts, before: WeekFacts | None) -> Review:
    calendar, posts = load_calendar(session), read_posts(session, on=now.told_on)
    numbers_only = sees_numbers_only(actor)
    before_that = frozen.facts_before(before.first_day) if before else None

    def both(count: Callable[[WeekFacts], Number]) -> Count:
        return Count(count(now), count(before) if before else Gap.NO_WEEK)

    return Review(
        first_day=now.first_day,
        told_on=now.told_on,
        number=calendar.week_of(now.told_on),
        is_frozen=now.is_frozen,
        before_day=before.first_day if before else None,
        frozen=tuple(reversed(frozen.days)),
        is_owed=weeks.is_owed(session, frozen=frozen.days),
        red=_red(now, before, posts, numbers_only=numbers_only),
        turned_count=both(lambda facts: len(turned_red(facts, before if facts is now else before_that))),
        red_count=both(lambda facts: len(red_clauses(facts))),
        overdue=both(lambda facts: count_overdue(facts, numbers_only=numbers_only)),
        owners=_posts(now, before, posts) if numbers_only else _owners(session, now, before, posts),
        is_held_back=numbers_only and is_overdue_held_back(now),
        unpaired=both(lambda facts: count_unpaired(facts, numbers_only=numbers_only)),
        tiers=tuple(
            TierLine(each, both(partial(count_in_tier, tier_id=each.id, numbers_only=numbers_only)))
            for each in tier_order(session).kinds
            if each.rank > 0 and (each.is_offered or (now.tier_counts or {}).get(each.id))
        ),
        weeks=_weeks_beside(calendar, frozen, now),
        shows_names=not numbers_only,
    )


def _red(now: WeekFacts, before: WeekFacts | None, posts: Posts, *, numbers_only: bool) -> tuple[RedClause, ...]:
    turned, found = turned_red(now, before), []
    for name in red_clauses(now):
        clause, each = clauses()[name], now.clauses[name]
        told = each.held_back if numbers_only else each.whole
        found.append(RedClause(clause, each.state, name in turned, told, posts.name_of(clause.post)))
    return tuple(found)


def _posts(now: WeekFacts, before: WeekFacts | None, posts: Posts) -> tuple[OwnerLine, ...]:
    was = count_by_post(before) if before else None
    return tuple(
        OwnerLine(None, posts.name_of(post), Count(count, Gap.NO_WEEK if was is None else was[post]))
        for post, count in sorted(count_by_post(now).items(), key=lambda pair: (-pair[1], pair[0].value))
    )


def _owners(session: Session, now: WeekFacts, before: WeekFacts | None, posts: Posts) -> tuple[OwnerLine, ...]:
    counts, was = count_by_owner(now), count_by_owner(before) if before else None
    names = owner_names(session, posts)
    return tuple(
        OwnerLine(key, names.get(key, "账号已删"), Count(count, Gap.NO_WEEK if was is None else was[key]))
        for key, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    )


def owner_names(session: Session, posts: Posts) -> Mapping[str, str]:
    """Return what the owners of duties are called, accounts and vacant posts, by their keys; one statement."""
    vacant = {
        f"vacant.{each.post.value}": f"{posts.name_of(each.post)}（{'还没有人' if each.post in DERIVED else '空缺'}）"
        for each in clauses().values()
    }
    return {f"owner.{user_id}": name for user_id, name in read_people(session).names.items()} | vacant


def _weeks_beside(calendar: SchoolCalendar, frozen: Frozen, now: WeekFacts) -> tuple[WeekShares, ...]:
    """Return the weeks of the term up to this one; a week whose Sunday lies in the holidays is its term's, too."""
    term = calendar.latest_term(now.told_on)
    if term is None:
        return ()
    of_term = [each for each in frozen.recent if each.first_day < now.first_day and each.told_on >= term.first_day]
    return tuple(
        WeekShares(each.first_day, calendar.week_of(max(each.first_day, term.first_day)), shares_of(each))
        for each in [*of_term, now]
    )
