"""Children who wait for somebody of one kind, and who could help them: what suggestions are worked out from."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, case, distinct, false, or_
from sqlmodel import Session, col, func, select

from db.tables import (
    AppUser,
    ClassMembership,
    ClassTeacher,
    EnrolmentState,
    Gender,
    Helper,
    HelperKind,
    Pairing,
    PairingEnd,
    PairingRole,
    SchoolClass,
    Student,
    StudyLevel,
    Term,
    TermEntry,
    Tier,
)
from services import clock
from services.access import Permission, permitted
from services.actors import Actor
from services.classes import class_label
from services.errors import DomainError
from services.pairing.fitting import Candidate, ChildInNeed, PastHelp
from services.pairing.names import helper_name, helper_order
from services.pairing.roles import KINDS_FOR
from services.pairing.rules import holds_place
from services.pairing.suggestions import Suggestions, suggest
from services.pairing.waiting import in_group
from services.pairing.weight_settings import read_weights, weights_in_force
from services.pairing.weights import Weights
from services.row_filters import sees_students
from services.student_lists import CategoryGroup
from services.students import LEFT_SCHOOL
from services.tier_rows import raised_today

MOST_CHILDREN = 3_000
MAIN_SUBJECTS = frozenset({"语文", "数学", "英语"})


class TooManyChildren(DomainError):
    """More children wait than one assignment is worked out for: ask grade by grade."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count, self.most = count, MOST_CHILDREN


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalScope:
    """For whom somebody is looked for: those without a pair of this kind, or those of a helper who hands over."""

    role: PairingRole
    grade: int | None = None
    class_id: int | None = None
    also_others: bool = False  # also children in none of the groups that come first (J-01)
    from_helper_id: int | None = None


@dataclass(frozen=True, slots=True)
class AskedChild:
    """A child that somebody is looked for, as the table shows it; with the pair that is handed over, if one is."""

    need: ChildInNeed
    name: str
    class_label: str
    groups: tuple[CategoryGroup, ...]  # for which it comes first
    tier: str | None = None  # what its tier is called, the ordinary one not
    pairing_id: int | None = None
    pairing_version: int | None = None


@dataclass(frozen=True, slots=True)
class HelperThere:
    """Somebody who could help, as the table offers them; `version` is what a choice is drawn from."""

    candidate: Candidate
    name: str
    kind: HelperKind
    version: int


@dataclass(frozen=True, slots=True)
class Question:
    """Everything suggestions are worked out from: nothing more is read for them."""

    scope: ProposalScope
    children: tuple[AskedChild, ...]
    helpers: tuple[HelperThere, ...]
    weights: Weights

    def answer(self) -> Suggestions:
        """Work the suggestions out; takes seconds for thousands of children, so outside of any transaction."""
        return suggest([each.need for each in self.children], [each.candidate for each in self.helpers], self.weights)


@permitted(Permission.PAIRING_SUGGEST)
def find_question(session: Session, actor: Actor, *, scope: ProposalScope) -> Question:
    """Read who waits and who could help; four statements.

    Raises:
        TooManyChildren: more than `MOST_CHILDREN` wait.
    """
    today = clock.today()
    rows = _read_waiting(session, actor, scope, today)
    if len(rows) > MOST_CHILDREN:
        raise TooManyChildren(len(rows))
    pairs = _read_pairs(session, actor, scope, today)
    helpers, weights = _read_helpers(session, scope, today)
    pupils: dict[str, set[int]] = defaultdict(set)
    for each in helpers:
        if each.kind is HelperKind.PUPIL:
            pupils[each.name].add(each.candidate.id)
    children = [_child(row, pairs.get(row.id, ()), pupils, scope, today) for row in rows]
    return Question(scope, tuple(children), tuple(helpers), weights)


@dataclass(frozen=True, slots=True)
class HelperToReplace:
    """A helper whose children could be handed over, with how many there are of this kind."""

    id: int
    name: str
    children: int


@permitted(Permission.PAIRING_SUGGEST)
def list_helpers_to_replace(session: Session, actor: Actor, *, role: PairingRole) -> list[HelperToReplace]:
    """Return who has children in pairs of this kind now, those who have ended with us first; one statement."""
    today = clock.today()
    rows = session.exec(
        select(Helper.id, helper_name(), func.count(distinct(col(Pairing.student_id))))
        .join(Pairing, col(Pairing.helper_id) == col(Helper.id))
        .join(AppUser, col(AppUser.id) == col(Helper.user_id), isouter=True)
        .where(Pairing.role == role, holds_place(today))
        .group_by(col(Helper.id), helper_name(), helper_order(), col(Helper.to_day))
        .order_by(case((col(Helper.to_day).is_(None), 1), else_=0), helper_order(), col(Helper.id))
    ).all()
    return [HelperToReplace(helper_id, name, count) for helper_id, name, count in rows if helper_id is not None]


def is_available(role: PairingRole, day: date) -> ColumnElement[bool]:
    """Return whether a helper, joined with the account, may be given children of this kind now.

    Volunteers are vetted before (J-17); whose training has run out is trained again first.
    """
    ways: list[ColumnElement[bool]] = [
        col(Helper.kind).in_(KINDS_FOR[role]),
        col(Helper.from_day) <= day,
        or_(col(Helper.to_day).is_(None), col(Helper.to_day) > day),
        or_(col(Helper.user_id).is_(None), col(AppUser.is_active)),
        or_(col(Helper.kind) != HelperKind.VOLUNTEER, col(Helper.vetted_on) <= day),
        or_(col(Helper.trained_until).is_(None), col(Helper.trained_until) >= day),
    ]
    if role is PairingRole.LOVE_MOTHER:
        ways.append(func.coalesce(col(Helper.gender), Gender.FEMALE) != Gender.MALE)
    return and_(*ways)


def stays() -> ColumnElement[bool]:
    """Return the filter on helpers nobody has said of that they will leave: a pair begun now has no end."""
    return col(Helper.to_day).is_(None)


def waits(actor: Actor, scope: ProposalScope, day: date) -> ColumnElement[bool]:
    """Return the row filter on Student: who is asked for, as far as the actor sees them."""
    own = select(Pairing.student_id).where(Pairing.role == scope.role, holds_place(day))
    if scope.from_helper_id is None:
        wanted = [col(Student.state) == EnrolmentState.ENROLLED, col(Student.id).not_in(own)]
    else:  # also of who is on leave: the helper goes all the same
        handed = own.where(Pairing.helper_id == scope.from_helper_id)
        wanted = [col(Student.state).not_in(LEFT_SCHOOL), col(Student.id).in_(handed)]
    wanted.append(sees_students(actor))
    if scope.grade is not None or scope.class_id is not None:
        of_class = select(ClassMembership.student_id).join(
            SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id)
        )
        of_class = of_class.where(
            col(ClassMembership.to_day).is_(None),
            SchoolClass.grade == scope.grade if scope.grade is not None else col(SchoolClass.id) == scope.class_id,
        )
        wanted.append(col(Student.id).in_(of_class))
    if not scope.also_others and scope.from_helper_id is None:
        wanted.append(in_group(*CategoryGroup))
    return and_(*wanted)


def _read_waiting(session: Session, actor: Actor, scope: ProposalScope, day: date) -> Sequence[Any]:
    held = raised_today()
    weak = (
        select(TermEntry.study)
        .join(Term, col(Term.id) == col(TermEntry.term_id))
        .where(TermEntry.student_id == Student.id, col(TermEntry.study).is_not(None))
        .order_by(col(Term.first_day).desc())
        .limit(1)
        .correlate(Student)
        .scalar_subquery()
    )
    columns: list[Any] = [  # more than the stubs of select can type
        Student.id,
        Student.name,
        Student.gender,
        SchoolClass.id.label("class_id"),  # type: ignore[union-attr]
        SchoolClass.grade,
        SchoolClass.number,
        func.coalesce(held.c.rank, 0).label("rank"),
        Tier.label.label("tier"),  # type: ignore[attr-defined]
        *(case((in_group(each), 1), else_=0).label(each.name) for each in CategoryGroup),
        weak.label("study"),
    ]
    rows: Sequence[Any] = session.exec(
        select(*columns)
        .join(
            ClassMembership,
            and_(col(ClassMembership.student_id) == col(Student.id), col(ClassMembership.to_day).is_(None)),
            isouter=True,
        )
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .join(held, held.c.student_id == Student.id, isouter=True)
        .join(Tier, col(Tier.id) == held.c.tier_id, isouter=True)
        .where(waits(actor, scope, day))
        .order_by(col(Student.name_order), col(Student.id))
    ).all()
    return rows


def _read_pairs(session: Session, actor: Actor, scope: ProposalScope, day: date) -> Mapping[int, Sequence[Pairing]]:
    rows = session.exec(
        select(Pairing)
        .join(Student, col(Student.id) == col(Pairing.student_id))
        .where(waits(actor, scope, day))
        .order_by(col(Pairing.id))
    ).all()
    found: dict[int, list[Pairing]] = defaultdict(list)
    for row in rows:
        found[row.student_id].append(row)
    return found


def _child(
    row: Any, pairs: Sequence[Pairing], pupils: Mapping[str, set[int]], scope: ProposalScope, day: date
) -> AskedChild:
    ended = [each for each in pairs if each.to_day is not None and each.to_day <= day]
    running = [each for each in pairs if each not in ended and each.role is scope.role]
    barred = {each.helper_id for each in running} | {
        each.helper_id for each in ended if each.end_reason is PairingEnd.NOT_FITTING
    }
    barred |= pupils.get(row.name, set())  # a namesake may be the child itself
    groups = tuple(each for each in CategoryGroup if getattr(row, each.name))
    need = ChildInNeed(
        id=row.id,
        class_id=row.class_id,
        grade=row.grade,
        gender=row.gender,
        comes_first=bool(groups),
        tier_rank=row.rank,
        subjects=MAIN_SUBJECTS if row.study is StudyLevel.BELOW else frozenset(),
        past=tuple(
            PastHelp(each.helper_id, each.role is scope.role, (day - each.to_day).days)
            for each in ended
            if each.to_day is not None and each.end_reason is not PairingEnd.MISTAKE
        ),
        barred=frozenset(barred),
    )
    label = class_label(row.grade, row.number) if row.grade is not None else ""
    handed = next((each for each in running if each.helper_id == scope.from_helper_id), None)
    return AskedChild(
        need,
        row.name,
        label,
        groups,
        tier=row.tier if row.rank else None,
        pairing_id=handed.id if handed else None,
        pairing_version=handed.version if handed else None,
    )


def _read_helpers(session: Session, scope: ProposalScope, day: date) -> tuple[list[HelperThere], Weights]:
    """Return who could help, with how many each has; the weights come in the same statement, a page asks few."""
    is_leaving = col(Helper.id) == scope.from_helper_id if scope.from_helper_id is not None else false()
    loads = _loads(day)
    columns: list[Any] = [  # more than the stubs of select can type
        Helper,
        helper_name(),
        func.coalesce(loads.c.children, 0),
        func.coalesce(loads.c.tier_load, 0),
        weights_in_force(),
    ]
    rows: Sequence[Any] = session.exec(
        select(*columns)
        .join(AppUser, col(AppUser.id) == col(Helper.user_id), isouter=True)
        .join(loads, loads.c.helper_id == col(Helper.id), isouter=True)
        .where(is_available(scope.role, day), stays(), ~is_leaving)
        .order_by(helper_order(), col(Helper.id))
    ).all()
    taught = _read_taught(session, [helper.user_id for helper, *_ in rows])
    found = [
        _helper(helper, name, children=children, tier_load=tier_load, lessons=taught.get(helper.user_id, ()))
        for helper, name, children, tier_load, _ in rows
    ]
    return found, read_weights(rows[0][-1] if rows else None)


def _loads(day: date) -> Any:  # a subquery whose columns have no common public type
    """Return how many children each helper has, in whatever pairs, and the sum of the ranks of their tiers."""
    held = raised_today(name="loads_held")
    each = (
        select(Pairing.helper_id, Pairing.student_id, func.max(func.coalesce(held.c.rank, 0)).label("rank"))
        .join(held, held.c.student_id == col(Pairing.student_id), isouter=True)
        .where(holds_place(day))
        .group_by(col(Pairing.helper_id), col(Pairing.student_id))
        .subquery("paired")
    )
    return (
        select(each.c.helper_id, func.count().label("children"), func.sum(each.c.rank).label("tier_load"))
        .group_by(each.c.helper_id)
        .subquery("loads")
    )


def _helper(helper: Helper, name: str, *, children: int, tier_load: int, lessons: Sequence[Any]) -> HelperThere:
    candidate = Candidate(
        id=helper.id or 0,
        room=max(0, helper.capacity - children),
        gender=helper.gender,
        class_ids=frozenset(each.class_id for each in lessons),
        grades=frozenset(each.grade for each in lessons),
        subjects=frozenset({*helper.subjects.split(","), *(each.subject or "" for each in lessons)} - {""}),
        children=children,
        tier_load=tier_load,
    )
    return HelperThere(candidate, name, helper.kind, helper.version)


def _read_taught(session: Session, user_ids: Sequence[int | None]) -> Mapping[int | None, Sequence[Any]]:
    rows: Sequence[Any] = session.exec(
        select(ClassTeacher.user_id, ClassTeacher.class_id, ClassTeacher.subject, SchoolClass.grade)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassTeacher.class_id))
        .where(col(ClassTeacher.user_id).in_([each for each in user_ids if each]), col(ClassTeacher.to_day).is_(None))
        .order_by(col(ClassTeacher.id))
    ).all()
    found: dict[int | None, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.user_id].append(row)
    return found
