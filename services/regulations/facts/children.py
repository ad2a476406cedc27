"""Who is where: children in their classes, away, in categories and pairs, excused; one statement for all of it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Date, Integer, String, cast, func, literal, null, or_, select, union_all
from sqlmodel import Session, col

from db.tables import (
    CategoryKind,
    ClassMembership,
    ClassTeacher,
    ClassTeacherKind,
    ClauseExcuse,
    Deputy,
    EnrolmentChange,
    EnrolmentState,
    ExcuseKind,
    ExcuseState,
    Helper,
    Pairing,
    PairingRole,
    Referral,
    Student,
    StudentCategory,
)
from services.regulations.evaluators import Excuse, Stint
from services.regulations.facts.reach import Asked, Reach, plain_rows
from services.time_line.parts import LocalDay

FOUR_SPECIAL = frozenset(
    {
        CategoryKind.SPECIAL_FAMILY,
        CategoryKind.SPECIAL_PHYSIQUE,
        CategoryKind.SPECIAL_PSYCHOLOGY,
        CategoryKind.SPECIAL_CONDUCT,
    }
)


class _About(StrEnum):
    CHILD = "child"
    CLASS = "class"
    STATE = "state"
    CATEGORY = "category"
    PAIR = "pair"
    HELPER = "helper"
    TEACHER = "teacher"
    DEPUTY = "deputy"
    EXCUSE = "excuse"
    PROTECTED = "protected"
    ENTERED = "entered"


class Span(NamedTuple):
    """From–to, half-open, with what it is about."""

    from_day: date
    to_day: date | None
    what: int

    def holds_on(self, day: date) -> bool:
        """Say whether a day lies in it."""
        return self.from_day <= day and (self.to_day is None or day < self.to_day)


class CategorySpan(NamedTuple):
    """A child in a category, from–to, half-open."""

    from_day: date
    to_day: date | None
    kind: CategoryKind
    level: int | None


@dataclass(slots=True)
class Children:
    """What was read of the children asked about, each fact by its child's number."""

    classes: dict[int, list[Span]] = field(default_factory=lambda: defaultdict(list))  # what: the class
    present: dict[int, list[Stint]] = field(default_factory=dict)
    categories: dict[int, list[CategorySpan]] = field(default_factory=lambda: defaultdict(list))
    pairs: dict[PairingRole, dict[int, list[Stint]]] = field(default_factory=lambda: defaultdict(dict))
    helper_accounts: dict[int, int | None] = field(default_factory=dict)
    homeroom: dict[int, list[Span]] = field(default_factory=lambda: defaultdict(list))  # of a class; what: the account
    deputies: dict[int, list[Span]] = field(default_factory=lambda: defaultdict(list))  # of who is absent
    excuses: dict[tuple[str, str | None], dict[int, list[Excuse]]] = field(default_factory=lambda: defaultdict(dict))
    excused_classes: dict[tuple[str, str | None], dict[int, list[Excuse]]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    protected: dict[int, list[Excuse]] = field(default_factory=dict)  # whose family must not be told
    entered: dict[int, date] = field(default_factory=dict)
    states: dict[int, EnrolmentState] = field(default_factory=dict)  # on the day

    def came_on(self, student_id: int) -> date:
        """Return when a child came to this school, as far as it is known."""
        spans = self.classes.get(student_id, ())
        first = min((each.from_day for each in spans), default=date.min)
        return self.entered.get(student_id, first)

    def registered_since(self, student_id: int, kinds: Collection[CategoryKind], day: date) -> date:
        """Return since when a child has been in one of these categories without a break; the day, if it is in none."""
        spans = joined(Stint(each.from_day, each.to_day) for each in self.categories[student_id] if each.kind in kinds)
        return next((each.from_day for each in spans if each.to_day is None or day < each.to_day), day)

    def is_protected(self, student_id: int | None, day: date) -> bool:
        """Say whether abuse is suspected by a day, so that nothing may reach the child's family."""
        return any(each.from_day <= day for each in self.protected.get(student_id or 0, ()))

    def in_categories(self, kinds: Collection[CategoryKind]) -> dict[int, list[Stint]]:
        """Return when each child was here and in one of these categories."""
        found: dict[int, list[Stint]] = {}
        for student_id, spans in self.categories.items():
            wanted = [Stint(each.from_day, each.to_day) for each in spans if each.kind in kinds]
            if wanted and (both := overlap(joined(wanted), self.present.get(student_id, ()))):
                found[student_id] = both
        return found

    def paired(self, role: PairingRole) -> dict[int, list[Stint]]:
        """Return when each child was here and in a pair of this kind, with whom."""
        found = {}
        for student_id, stints in self.pairs.get(role, {}).items():
            if both := overlap(stints, self.present.get(student_id, ())):
                found[student_id] = both
        return found

    def class_on(self, student_id: int, day: date) -> int | None:
        """Return the class a child was in on a day, else its last one before, else its first."""
        spans = self.classes.get(student_id)
        if not spans:
            return None
        if len(spans) == 1:
            return spans[0].what
        begun = [each for each in spans if each.from_day <= day]
        return (max(begun, key=_begin) if begun else min(spans, key=_begin)).what

    def excused(self, clause_id: str, part: str | None) -> Mapping[int, Sequence[Excuse]]:
        """Return the excuses of each child from one duty of a clause, and from the clause as a whole."""
        whole = self.excuses.get((clause_id, None), {})
        own = self.excuses.get((clause_id, part), {}) if part is not None else {}
        if not own:
            return whole
        return {key: [*whole.get(key, ()), *own.get(key, ())] for key in whole.keys() | own.keys()}


GONE_ON = frozenset({EnrolmentState.TRANSFERRED, EnrolmentState.GRADUATED})
"""Who went on to another school: of whom no school keeps count here."""


def _begin(span: Span) -> date:
    return span.from_day


def joined(spans: Iterable[Stint]) -> list[Stint]:
    """Return stretches of one subject as the fewest that cover the same days, the earliest first."""
    found: list[Stint] = []
    for span in sorted(spans, key=lambda each: each.from_day):
        last = found[-1] if found else None
        if last is not None and (last.to_day is None or span.from_day <= last.to_day):
            to_day = None if last.to_day is None or span.to_day is None else max(last.to_day, span.to_day)
            found[-1] = Stint(last.from_day, to_day)
        elif span.to_day is None or span.to_day > span.from_day:
            found.append(Stint(span.from_day, span.to_day))
    return found


def overlap(spans: Iterable[Stint], others: Iterable[Stint]) -> list[Stint]:
    """Return the days that lie in a stretch of both; who is paired is kept from the first."""
    found = []
    for each in spans:
        for other in others:
            first = max(each.from_day, other.from_day)
            ends = [day for day in (each.to_day, other.to_day) if day is not None]
            last = min(ends) if ends else None
            if last is None or first < last:
                found.append(Stint(first, last, each.helper_id))
    return found


def read_children(session: Session, asked: Asked) -> Children:
    """Read everything about the children within reach; one statement, however many clauses ask for it."""
    found = Children()
    states: dict[int, list[tuple[date, int, EnrolmentState]]] = defaultdict(list)
    now: dict[int, tuple[EnrolmentState, date | None]] = {}
    for about, child, ref, first, last, word, other in plain_rows(session, _asked_for(asked)):
        if about == _About.CLASS:
            found.classes[child].append(Span(first, last, ref))
        elif about == _About.CHILD:
            now[child] = EnrolmentState(word), last
        elif about == _About.ENTERED:
            if first is not None:
                found.entered[child] = first
        elif about == _About.PROTECTED:
            found.protected.setdefault(child, []).append(Excuse(ExcuseKind.EXEMPT, first, None))
        elif about == _About.STATE:
            states[child].append((first, ref, EnrolmentState(word)))
        elif about == _About.CATEGORY:
            found.categories[child].append(CategorySpan(first, last, CategoryKind(word), ref))
        elif about == _About.PAIR:
            found.pairs[PairingRole(word)].setdefault(child, []).append(Stint(first, last, ref))
        elif about == _About.HELPER:
            found.helper_accounts[ref] = other
        elif about == _About.TEACHER:
            found.homeroom[ref].append(Span(first, last, other))
        elif about == _About.DEPUTY:
            found.deputies[ref].append(Span(first, last, other))
        else:
            clause_id, part, kind = word.split("|")
            whose = found.excuses if child is not None else found.excused_classes
            key = child if child is not None else ref
            excuse = Excuse(ExcuseKind(kind), first, last)
            whose[clause_id, part or None].setdefault(key, []).append(excuse)
    _spread_class_excuses(found)
    for child, (state, left_on) in now.items():
        changes = sorted(states.get(child, ()))
        was_there = left_on is not None and asked.on < left_on
        found.states[child] = changes[-1][2] if changes else EnrolmentState.ENROLLED if was_there else state
        if here := _present(found.classes.get(child, ()), changes, state, left_on):
            found.present[child] = here
    return found


def _spread_class_excuses(found: Children) -> None:
    """Let what excuses a class excuse its children, on the days they were in it."""
    for key, by_class in found.excused_classes.items():
        for child, spans in found.classes.items():
            for span in spans:
                for excuse in by_class.get(span.what, ()):
                    for cut in overlap([Stint(span.from_day, span.to_day)], [Stint(excuse.from_day, excuse.to_day)]):
                        own = Excuse(excuse.kind, cut.from_day, cut.to_day)
                        found.excuses[key].setdefault(child, []).append(own)


def _present(
    classes: Iterable[Span],
    changes: Sequence[tuple[date, int, EnrolmentState]],
    state: EnrolmentState,
    left_on: date | None,
) -> list[Stint]:
    """Return when a child was at school: in a class, and neither on leave nor gone."""
    in_class = joined(Stint(each.from_day, each.to_day) for each in classes)
    if not changes:
        if state is EnrolmentState.ENROLLED:
            return in_class
        return overlap(in_class, [Stint(date.min, left_on)]) if left_on is not None else []
    here, since = [], date.min
    was: EnrolmentState | None = EnrolmentState.ENROLLED
    for day, _, became in changes:
        if was is EnrolmentState.ENROLLED and since < day:
            here.append(Stint(since, day))
        was, since = became, day
    if was is EnrolmentState.ENROLLED:
        here.append(Stint(since, None))
    return overlap(in_class, joined(here))


def _asked_for(asked: Asked) -> Any:  # the question below
    """Return the question; kept for one reader's children, where putting it together takes longer than the answer."""
    is_readers = isinstance(asked.reach.children, tuple)
    return (_kept_question if is_readers else _question)(asked.since, asked.on, asked.reach)


def _question(since: date, until: date, reach: Reach) -> Any:  # a union of selects has no row type
    of_child = reach.of_child

    def lasts(from_day: Any, to_day: Any) -> Any:
        return (col(from_day) <= until) & or_(col(to_day).is_(None), col(to_day) > since)

    return union_all(
        _row(_About.CHILD, child=Student.id, last=Student.left_on, word=Student.state).where(
            col(Student.merged_into_id).is_(None), of_child(Student.id)
        ),
        _row(_About.ENTERED, child=Student.id, first=func.coalesce(Student.entered_on, _first_class_day())).where(
            col(Student.merged_into_id).is_(None), of_child(Student.id)
        ),
        _row(
            _About.CLASS, child=ClassMembership.student_id, ref=ClassMembership.class_id,
            first=ClassMembership.from_day, last=ClassMembership.to_day,
        ).where(of_child(ClassMembership.student_id), lasts(ClassMembership.from_day, ClassMembership.to_day)),
        _row(
            _About.STATE, child=EnrolmentChange.student_id, ref=EnrolmentChange.id, first=EnrolmentChange.day,
            word=EnrolmentChange.to_state,
        ).where(of_child(EnrolmentChange.student_id), col(EnrolmentChange.day) <= until),
        _row(
            _About.CATEGORY, child=StudentCategory.student_id, ref=StudentCategory.level,
            first=StudentCategory.from_day, last=StudentCategory.to_day, word=StudentCategory.kind,
        ).where(of_child(StudentCategory.student_id), col(StudentCategory.from_day) <= until),
        _row(
            _About.PAIR, child=Pairing.student_id, ref=Pairing.helper_id,
            first=Pairing.from_day, last=Pairing.to_day, word=Pairing.role,
        ).where(of_child(Pairing.student_id), lasts(Pairing.from_day, Pairing.to_day)),
        _row(
            _About.PROTECTED, child=Referral.student_id, first=LocalDay(col(Referral.abuse_marked_at))
        ).where(col(Referral.is_suspected_abuse), col(Referral.student_id).is_not(None), of_child(Referral.student_id)),
        _row(_About.HELPER, ref=Helper.id, other=Helper.user_id).where(
            col(Helper.id).in_(select(col(Pairing.helper_id)).where(of_child(Pairing.student_id)))
        ),
        _row(
            _About.TEACHER, ref=ClassTeacher.class_id, other=ClassTeacher.user_id,
            first=ClassTeacher.from_day, last=ClassTeacher.to_day,
        ).where(
            col(ClassTeacher.kind) == ClassTeacherKind.HOMEROOM,
            reach.of_class(ClassTeacher.class_id),
            lasts(ClassTeacher.from_day, ClassTeacher.to_day),
        ),
        _row(
            _About.DEPUTY, ref=Deputy.absent_id, other=Deputy.deputy_id, first=Deputy.from_day, last=Deputy.to_day
        ).where(lasts(Deputy.from_day, Deputy.to_day)),
        _row(
            _About.EXCUSE, child=ClauseExcuse.student_id, ref=ClauseExcuse.class_id,
            first=ClauseExcuse.from_day, last=ClauseExcuse.to_day,
            word=col(ClauseExcuse.clause_id) + "|" + func.coalesce(col(ClauseExcuse.part), "") + "|"
            + cast(col(ClauseExcuse.kind), String),
        ).where(
            col(ClauseExcuse.state) == ExcuseState.STANDING,
            or_(
                col(ClauseExcuse.student_id).is_(None) & reach.of_class(ClauseExcuse.class_id),
                of_child(ClauseExcuse.student_id),
            ),
        ),
    )  # fmt: skip


_kept_question = lru_cache(maxsize=256)(_question)


def _first_class_day() -> Any:  # a scalar subquery of a day
    return (
        select(func.min(col(ClassMembership.from_day)))
        .where(col(ClassMembership.student_id) == col(Student.id))
        .correlate(Student)
        .scalar_subquery()
    )


def _row(
    about: _About,
    *,
    child: Any = None,
    ref: Any = None,
    first: Any = None,
    last: Any = None,
    word: Any = None,
    other: Any = None,
) -> Any:  # a select whose columns have no common public type
    """Return a query of rows in the one shape that all of them have; columns left out are empty."""
    return select(
        literal(about.value, String),
        *(cast(null() if each is None else col(each), Integer) for each in (child, ref)),
        *(cast(null(), Date) if each is None else each for each in (first, last)),
        cast(null() if word is None else word, String),
        cast(null() if other is None else col(other), Integer),
    )
