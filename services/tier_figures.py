"""How many children stand in which tier on a day, and how they moved over a range; by the tier held (F-04)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_
from sqlmodel import Session, col, func, select

from db.tables import ClassMembership, SchoolClass, Student
from services.access import Permission, Scope, Subject, permitted, scopes_of
from services.actors import Actor
from services.classes import class_label, grade_label
from services.figures import hold_back_sizes
from services.row_filters import sees_students
from services.tier_rows import held_on

NO_TIER = 0
"""Stands for “never put into one”."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """How many children of a class, a grade or the school stand in each tier, by the tier's id; None: held back."""

    label: str
    counts: Mapping[int, int | None]


@dataclass(frozen=True, slots=True)
class Distributions:
    """All of it on one day; who sees numbers only gets the school's alone."""

    day: date
    school: Distribution
    grades: tuple[Distribution, ...]
    classes: tuple[Distribution, ...]
    is_held_back: bool


@dataclass(frozen=True, slots=True)
class Flow:
    """How many children stood in one tier before a range and in another on its last day; 0: in none."""

    from_tier_id: int
    to_tier_id: int
    children: int


@permitted(Permission.ARCHIVE_READ, Permission.TIER_NUMBERS)
def find_distribution(session: Session, actor: Actor, *, day: date) -> Distributions:
    """Return how many children in a class on a day stood in which tier at its end; one statement.

    Who sees numbers only is told the end of the last week up to that day: two neighbouring days would tell one child's.
    """
    day = told_day(actor, day)
    held = held_on(day)
    tier_id = func.coalesce(held.c.tier_id, NO_TIER)
    rows = session.execute(
        _on_rolls(select(SchoolClass.grade, SchoolClass.number, tier_id, func.count()), _counts_in(actor), day)
        .join(held, held.c.student_id == Student.id, isouter=True)
        .group_by(SchoolClass.grade, SchoolClass.number, tier_id)
    ).all()
    if _sees_children(actor):
        whole = _counted(rows)
        grades = sorted({row[0] for row in rows})
        classes = sorted({(row[0], row[1]) for row in rows})
        return Distributions(
            day,
            Distribution("全校", whole),
            tuple(Distribution(grade_label(each), _counted(r for r in rows if r[0] == each)) for each in grades),
            tuple(
                Distribution(class_label(*each), _counted(r for r in rows if (r[0], r[1]) == each)) for each in classes
            ),
            is_held_back=False,
        )
    told = hold_back_sizes(_counted(rows))
    return Distributions(day, Distribution("全校", told), (), (), is_held_back=None in told.values())


def told_day(actor: Actor, day: date) -> date:
    """Return the day whose tiers somebody is told who asks for a day: for numbers only, the last Sunday up to it."""
    return day if _sees_children(actor) else day - timedelta(days=day.isoweekday() % 7)


def children_in_tiers(session: Session, *, day: date) -> tuple[dict[int, int], dict[int, tuple[int, ...]]]:
    """Return how many children in a class stood in each tier on a day, and who did in those above the ordinary one.

    One statement, whose numbers are those of `find_distribution`; 0 stands for none, as there.
    """
    counts: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    for found, student_id, count in session.execute(_tier_question(day)):
        counts[found] = counts.get(found, 0) + count
        if student_id is not None:
            children.setdefault(found, []).append(student_id)
    return counts, {found: tuple(sorted(ids)) for found, ids in children.items()}


@lru_cache(maxsize=8)
def _tier_question(day: date) -> Any:  # a select has no public type of more columns
    """Put the question together once a day; a line a tier, one a child in those above the ordinary one."""
    held = held_on(day)
    tier_id, child = func.coalesce(held.c.tier_id, NO_TIER), case((held.c.rank > 0, col(Student.id)))
    return (
        select(tier_id, child, func.count())
        .select_from(Student)
        .join(ClassMembership, and_(col(ClassMembership.student_id) == col(Student.id), _was_there(day)))
        .join(held, held.c.student_id == Student.id, isouter=True)
        .where(col(Student.merged_into_id).is_(None))
        .group_by(tier_id, child)
    )


@permitted(Permission.ARCHIVE_READ)
def list_flows(session: Session, actor: Actor, *, first_day: date, last_day: date) -> tuple[Flow, ...]:
    """Return from which tier to which children moved between the eve of a range and its last day; one statement.

    Those who stayed where they were come too; who was in no class on the last day does not.
    """
    before, after = held_on(first_day - timedelta(days=1), name="held_before"), held_on(last_day, name="held_after")
    was, now = func.coalesce(before.c.tier_id, NO_TIER), func.coalesce(after.c.tier_id, NO_TIER)
    rows = session.execute(
        _on_rolls(select(was, now, func.count()), _counts_in(actor), last_day)
        .join(before, before.c.student_id == Student.id, isouter=True)
        .join(after, after.c.student_id == Student.id, isouter=True)
        .group_by(was, now)
        .order_by(was, now)
    ).all()
    return tuple(Flow(*row) for row in rows)


def _on_rolls(statement: Any, is_seen: ColumnElement[bool], day: date) -> Any:
    """Narrow a select to children who were in a class on a day, of those that may be counted."""
    return (
        statement.select_from(Student)
        .join(ClassMembership, and_(col(ClassMembership.student_id) == col(Student.id), _was_there(day)))
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id))
        .where(is_seen)
    )


def _was_there(day: date) -> ColumnElement[bool]:
    return and_(
        col(ClassMembership.from_day) <= day,
        or_(col(ClassMembership.to_day).is_(None), col(ClassMembership.to_day) > day),
    )


def _counts_in(actor: Actor) -> ColumnElement[bool]:
    return sees_students(actor, Subject.TIER) if _sees_children(actor) else col(Student.merged_into_id).is_(None)


def _sees_children(actor: Actor) -> bool:
    return bool(scopes_of(actor, Subject.TIER) & {Scope.ALL, Scope.TIER_WITHOUT_REASON})


def _counted(rows: Any) -> dict[int, int]:
    found: Counter[int] = Counter()
    for row in rows:
        found[row[2]] += row[3]
    return dict(found)
