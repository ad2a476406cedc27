"""The lists behind the numbers of the leadership group's week, with names for who may read them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from sqlalchemy import or_, select
from sqlmodel import Session, col

from db.tables import ClassMembership, SchoolClass, Student
from services.access import Permission, permitted
from services.actors import Actor
from services.classes import class_label, label_order
from services.paging import page_there
from services.regulations.catalogue import clauses
from services.regulations.compliance import sees_numbers_only
from services.regulations.owners import read_posts
from services.regulations.standings import SubjectKind
from services.regulations.week_facts import Behind
from services.review_numbers import list_entries, owner_keys
from services.reviews import owner_names, read_frozen, running_week
from services.tier_kinds import tier_order

_AT_ONCE = 500  # engines limit how many values one statement may carry
_GONE = "名册里已经没有的孩子"
Subject = tuple[SubjectKind, int]


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """One of those a number counted: a duty not done, or a child in a tier."""

    entry: Behind
    what: str  # the child, class, teacher it is about
    class_label: str
    student_id: int | None  # whose page opens; None where it is about no child, or it is gone
    owners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReviewList:
    """The list behind one number: whose it is, where it is somebody's, a clause's or a tier's; a page of it."""

    whose: str
    lines: tuple[ReviewLine, ...]
    total: int
    page: int = 1


@dataclass(frozen=True, slots=True)
class _Child:
    name: str
    order: str  # by which names are sorted
    opens: int  # the entry it was merged into, else its own


@permitted(Permission.REVIEW_READ)
def list_lines(
    session: Session, actor: Actor, *, what: str, first_day: date | None = None, page: int = 1, page_size: int = 50
) -> ReviewList:
    """Return a page of whom one of a week's numbers counted, in the words of `list_entries`; the first where it isn't.

    Of today's week where none is frozen. Who may see numbers only gets none. By class and name; statements never grow
    with them.
    """
    if sees_numbers_only(actor):
        return ReviewList("", (), 0)
    opened = read_frozen(session, until=first_day).opened.get(first_day) if first_day else None
    facts = opened[0] if opened else running_week(session, reads_tiers=what.startswith("tier."))
    entries = list_entries(facts, what)
    labels = _labels(session, facts.told_on, entries)
    number = page_there(page, total=len(entries), page_size=page_size)
    first, last = (number - 1) * page_size, number * page_size
    near, before = _of_shown_classes(entries, labels, first, last)
    children = _children(session, [each.subject_id for each in near if each.subject is SubjectKind.CHILD])
    names = owner_names(session, read_posts(session, on=facts.told_on))
    lines = sorted((_line(each, labels, children, names) for each in near), key=partial(_order, children))
    return ReviewList(_whose(session, what, names), tuple(lines[first - before : last - before]), len(entries), number)


def _of_shown_classes(
    entries: Sequence[Behind], labels: Mapping[Subject, str], first: int, last: int
) -> tuple[list[Behind], int]:
    """Return what is about the classes a page touches, and how many come before it: only there names are asked for."""
    by_class: dict[str, list[Behind]] = defaultdict(list)
    for each in entries:
        by_class[labels.get((each.subject, each.subject_id), "")].append(each)
    shown: list[Behind] = []
    before = seen = 0
    for _, group in sorted(by_class.items(), key=lambda pair: label_order(pair[0])):
        if seen + len(group) <= first:
            before += len(group)
        elif seen < last:
            shown += group
        seen += len(group)
    return shown, before


def _whose(session: Session, what: str, names: Mapping[str, str]) -> str:
    kind, _, which = what.partition(".")
    if kind == "tier" and which.isdecimal():
        tier = tier_order(session).of(int(which))
        return tier.label if tier else ""
    return which if kind == "clause" and which in clauses() else names.get(what, "")


def _line(
    entry: Behind, labels: Mapping[Subject, str], children: Mapping[int, _Child], names: Mapping[str, str]
) -> ReviewLine:
    owners = tuple(names.get(key, "账号已删") for key in owner_keys(entry)) if entry.clause_id else ()
    label = labels.get((entry.subject, entry.subject_id), "")
    child = children.get(entry.subject_id) if entry.subject is SubjectKind.CHILD else None
    if child is not None:
        return ReviewLine(entry, child.name, label, child.opens, owners)
    what = {
        SubjectKind.CHILD: _GONE,
        SubjectKind.CLASS: label or "以前的班",
        SubjectKind.TEACHER: names.get(f"owner.{entry.subject_id}", "账号已删"),
        SubjectKind.CASE: f"个案 {entry.subject_id}",
        SubjectKind.SCHOOL: "全校",
    }[entry.subject]
    return ReviewLine(entry, what, label, None, owners)


def _order(
    children: Mapping[int, _Child], line: ReviewLine
) -> tuple[tuple[int, int, str], str, str, str, date, int, str]:
    each = line.entry
    child = children.get(each.subject_id) if each.subject is SubjectKind.CHILD else None
    place, name = label_order(line.class_label), child.order if child else ""
    return place, name, line.what, each.clause_id, each.first or date.min, each.subject_id, each.part or ""


def _labels(session: Session, day: date, entries: Sequence[Behind]) -> dict[Subject, str]:
    """Return in which class each child was that week, and what the classes are called; two statements at most."""
    kinds = {each.subject for each in entries}
    if kinds.isdisjoint({SubjectKind.CHILD, SubjectKind.CLASS}):
        return {}
    classes = _classes(session)
    labels = {(SubjectKind.CLASS, class_id): label for class_id, label in classes.items()}
    if SubjectKind.CHILD not in kinds:
        return labels
    was_in = select(col(ClassMembership.student_id), col(ClassMembership.class_id)).where(
        col(ClassMembership.from_day) <= day,
        or_(col(ClassMembership.to_day).is_(None), col(ClassMembership.to_day) > day),
    )
    ids = {each.subject_id for each in entries if each.subject is SubjectKind.CHILD}
    if len(ids) <= _AT_ONCE:
        was_in = was_in.where(col(ClassMembership.student_id).in_(ids))
    return labels | {(SubjectKind.CHILD, child): classes[class_id] for child, class_id in session.execute(was_in)}


def _children(session: Session, ids: Sequence[int]) -> dict[int, _Child]:
    """Return who those children are; one that was removed is gone."""
    rows = select(col(Student.id), col(Student.name), col(Student.name_order), col(Student.merged_into_id))
    if len(set(ids)) <= _AT_ONCE:
        rows = rows.where(col(Student.id).in_(set(ids)))
    return {row.id: _Child(row.name, row.name_order, row.merged_into_id or row.id) for row in session.execute(rows)}


def _classes(session: Session) -> dict[int, str]:
    rows = session.execute(select(col(SchoolClass.id), col(SchoolClass.grade), col(SchoolClass.number)))
    return {row[0]: class_label(row[1], row[2]) for row in rows}
