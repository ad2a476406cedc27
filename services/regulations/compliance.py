"""How the clauses stand, for who reads them: the school's totals, or those of the own classes; each opens its list.

One number, one function: a figure here is the length of the list that `list_standings` returns for it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Integer, String, cast, literal, null, select, union_all
from sqlmodel import Session, col

from db.tables import AppUser, ClassMembership, SchoolClass, Student
from db.transactions import kept_for_one_run
from services import clock
from services.access import Permission, Scope, Subject, permitted, scopes_of
from services.actors import Actor
from services.calendar import load_calendar
from services.classes import class_label, label_order
from services.errors import NotFound
from services.figures import Records, hold_back_small_within
from services.regulations.catalogue import POST_NAMES, Clause, ClausePost, clauses
from services.regulations.deadlines import DutyState
from services.regulations.evaluation import asked_for, result_of
from services.regulations.facts.children import read_children
from services.regulations.facts.reach import WHOLE_SCHOOL, Reach
from services.regulations.kept_results import whole_school
from services.regulations.measures import every_measure
from services.regulations.owners import CaseOwners, Owners, Posts, read_case_owners, read_posts
from services.regulations.standings import KEPT, WORST_FIRST, ClauseResult, Standing, SubjectKind, share_of
from services.regulations.switches import Switches, load_switches
from services.row_filters import classes_of

FIGURES = ("done", "due", "overdue", "missed", "exempt")
"""The parts a clause's duties are counted in, each the length of a list."""


@dataclass(frozen=True, slots=True)
class Told:
    """A clause's numbers as somebody may read them; None where too few children stand behind one to tell it."""

    required: int | None
    done: int | None
    late: int | None
    due: int | None
    overdue: int | None
    missed: int | None
    exempt: int | None

    @property
    def share(self) -> int | None:
        """How many of a hundred that could be done by now are done; None where there were none, or it isn't told."""
        if self.done is None or self.overdue is None or self.missed is None:
            return None
        return share_of(done=self.done, undone=self.overdue + self.missed)


@dataclass(frozen=True, slots=True)
class ClauseRow:
    """One clause as the list shows it."""

    clause: Clause
    state: DutyState | None  # None: it isn't measured, or its records are still to come
    totals: Told | None
    responsible: str
    since: date | None = None  # in force


@dataclass(frozen=True, slots=True)
class StandingLine:
    """One duty with names, for who may see them."""

    standing: Standing
    what: str  # the child, class, teacher it is about
    class_label: str
    owners: tuple[str, ...]


@permitted(Permission.REGULATION_READ)
def list_clauses(
    session: Session, actor: Actor, *, on: date | None = None, with_wholes: bool = False
) -> list[ClauseRow]:
    """Return every clause with how it stands on a day, in the catalogue's order; in statements that never grow.

    `with_wholes` also has those counted that ask for whole records, which takes a statement each.
    """
    day = on or clock.today()
    found = results_for(session, actor, day, every_measure() if with_wholes else None)
    posts, switches = read_posts(session, on=day), load_switches(session)
    return [_row(each, found.get(each.id), posts, switches, actor, day) for each in clauses().values()]


@permitted(Permission.REGULATION_READ)
def find_row(session: Session, actor: Actor, *, clause_id: str) -> ClauseRow:
    """Return one clause with how it stands today, as the list tells it.

    Raises:
        NotFound: there is no such clause.
    """
    if clause_id not in clauses():
        raise NotFound
    day = clock.today()
    found, posts = results_for(session, actor, day, [clause_id]), read_posts(session, on=day)
    return _row(clauses()[clause_id], found.get(clause_id), posts, load_switches(session), actor, day)


def _row(
    clause: Clause, result: ClauseResult | None, posts: Posts, switches: Switches, actor: Actor, day: date
) -> ClauseRow:
    return ClauseRow(
        clause=clause,
        state=result.state if result is not None else None,
        totals=told_of(result, is_numbers=sees_numbers_only(actor)) if result is not None else None,
        responsible=posts.name_of(clause.post),
        since=switches.in_force_from(clause.id, day),
    )


def results_for(
    session: Session, actor: Actor, day: date, clause_ids: Iterable[str] | None = None
) -> dict[str, ClauseResult]:
    """Return these clauses as far as the actor reads them: of the whole school, or of the own classes alone."""
    wanted = None if clause_ids is None else frozenset(clause_ids)
    found = whole_school(session, on=day, clause_ids=wanted)
    return found if reads_whole_school(actor) else _of_own(session, actor, found)


def _of_own(session: Session, actor: Actor, found: Mapping[str, ClauseResult]) -> dict[str, ClauseResult]:
    """Return results of the own classes and their children alone; one statement."""
    own = _own(session, actor)
    numbers = load_calendar(session).numbers
    kept = {}
    for clause_id, result in found.items():
        standings = tuple(each for each in result.standings if each.subject_id in own.get(each.subject, ()))
        is_in_force = result.state is not DutyState.NOT_IN_FORCE
        kept[clause_id] = result_of(clause_id, standings, on=result.on, numbers=numbers) if is_in_force else result
    return kept


def _own(session: Session, actor: Actor) -> Mapping[SubjectKind, frozenset[int]]:
    """Return the own classes and the children in them; one statement in the whole run of a page."""
    kept = kept_for_one_run(session)
    if kept is not None and _OWN in kept:
        found: Mapping[SubjectKind, frozenset[int]] = kept[_OWN]
        return found
    rows = session.execute(
        select(col(ClassMembership.class_id), col(ClassMembership.student_id)).where(
            col(ClassMembership.class_id).in_(classes_of(actor)), col(ClassMembership.to_day).is_(None)
        )
    ).all()
    own = {
        SubjectKind.CLASS: frozenset(row[0] for row in rows),
        SubjectKind.CHILD: frozenset(row[1] for row in rows),
    }
    if kept is not None:
        kept[_OWN] = own
    return own


_OWN = "own_classes_of_who_asks"


def own_reach(actor: Actor) -> Reach:
    """Return the children of the classes an actor leads, or stands in for."""
    ids = classes_of(actor)
    children = select(col(ClassMembership.student_id)).where(col(ClassMembership.class_id).in_(ids))
    return Reach(children=children, classes=ids)


def reads_whole_school(actor: Actor) -> bool:
    """Say whether somebody is told of the whole school, with names or in numbers alone."""
    return Scope.ALL in scopes_of(actor, Subject.CATEGORY) or sees_numbers_only(actor)


def sees_numbers_only(actor: Actor) -> bool:
    """Say whether somebody reads the school's numbers and no child's name."""
    scopes = scopes_of(actor, Subject.CATEGORY)
    return Scope.NUMBERS in scopes and Scope.ALL not in scopes


def told_of(result: ClauseResult, *, is_numbers: bool = False) -> Told:
    """Return a clause's numbers; to who sees numbers only none that a small group of children stands behind.

    Another clause about the same children tells how many they are with the exempt: so the number required, without
    them, is told only where it leaves no small group of exempt children to be subtracted.
    """
    if not is_numbers or all(each.subject not in _OF_CHILDREN for each in result.standings):
        return Told(**asdict(result.totals))
    parts: dict[str, Records] = {name: Counter() for name in FIGURES}
    for each in result.standings:
        parts[figure_of(each)][each.subject_id if each.subject in _OF_CHILDREN else None] += 1
    exempt = {"exempt": parts.pop("exempt")}
    apart, kept = hold_back_small_within(exempt, parts)
    return Told(required=kept.total, late=None, exempt=apart["exempt"], **kept.parts)


_OF_CHILDREN = frozenset({SubjectKind.CHILD, SubjectKind.CASE, SubjectKind.REFERRAL, SubjectKind.GROUP})
"""What a child stands behind; each teacher beside them counts as the same one child, see J-12."""


@permitted(Permission.REGULATION_READ)
def list_standings(
    session: Session, actor: Actor, *, clause_id: str, on: date | None = None, which: str | None = None
) -> list[StandingLine]:
    """Return the duties behind one of a clause's figures (done, due, overdue, missed, exempt), or all of them.

    Who may see numbers only gets none. The worst first, then by class and name; statements never grow with them.
    """
    if clause_id not in every_measure() or sees_numbers_only(actor):
        return []
    day = on or clock.today()
    result = results_for(session, actor, day, [clause_id])[clause_id]
    wanted = [each for each in result.standings if which is None or figure_of(each) == which]
    return lines_of(session, actor, day, wanted)


def figure_of(standing: Standing) -> str:
    """Return in which of FIGURES a duty is counted, as `totals_of` counts it."""
    state = standing.state
    if state in KEPT:
        return "done"
    if state is DutyState.EXEMPT:
        return "exempt"
    if state is DutyState.OVERDUE:
        return "overdue"
    return "due" if standing.is_open else "missed"


def lines_of(
    session: Session, actor: Actor, day: date, standings: Sequence[Standing], *, reach: Reach | None = None
) -> list[StandingLine]:
    """Return duties with names, for who has been found to read them: the worst first, then by class and name.

    `reach` says of whom they were evaluated, where that isn't all that the actor reads.
    """
    calendar = load_calendar(session)
    if reach is None:
        reach = WHOLE_SCHOOL if reads_whole_school(actor) else own_reach(actor)
    asked = asked_for(calendar, on=day, reach=_narrowed(reach, standings))
    if asked is None or not standings:
        return []
    children = read_children(session, asked)
    posts = read_posts(session, on=day)
    owners = Owners(day, children, posts, read_case_owners(session) if _ask_of_cases(standings) else CaseOwners())
    words = _read_words(session, standings)
    lines = []
    for each in standings:
        class_id = each.subject_id if each.subject is SubjectKind.CLASS else None
        if each.subject is SubjectKind.CHILD:
            class_id = children.class_on(each.subject_id, day)
        label = words.labels.get(class_id or 0, "")
        what = _what(each, words, label)
        lines.append(StandingLine(each, what, label, _owners_of(each, owners, words.people)))
    return sorted(lines, key=partial(_order, words.orders))


def _owners_of(standing: Standing, owners: Owners, people: Mapping[int, str]) -> tuple[str, ...]:
    if (post := clauses()[standing.clause_id].post) is ClausePost.RECORD_OWNER:
        return (POST_NAMES[post],)
    return tuple(people[user] for user in owners.of(standing) if user in people)


def _ask_of_cases(standings: Sequence[Standing]) -> bool:
    """Say whether any of these duties is owed by who owns a case."""
    return any(each.subject is SubjectKind.CASE for each in standings) or any(
        clauses()[clause_id].post is ClausePost.CASE_OWNER for clause_id in {each.clause_id for each in standings}
    )


_MOST_NAMED = 500  # engines limit how many values one statement may carry; of more, all come along


def _narrowed(reach: Reach, standings: Sequence[Standing]) -> Reach:
    """Return a reach to these duties' children alone, where they are few."""
    ids = {each.subject_id for each in standings if each.subject is SubjectKind.CHILD}
    return replace(reach, children=sorted(ids)) if len(ids) <= _MOST_NAMED else reach


_RANK = {state: rank for rank, state in enumerate((*WORST_FIRST, DutyState.EXEMPT))}


def _order(orders: Mapping[int, str], line: StandingLine) -> tuple[int, date, tuple[int, int, str], str, str, int, str]:
    each = line.standing
    name = orders.get(each.subject_id, "") if each.subject is SubjectKind.CHILD else ""
    place = label_order(line.class_label)
    return _RANK[each.state], each.first, place, name, line.what, each.subject_id, each.part or ""


def _what(standing: Standing, words: "_Words", label: str) -> str:
    if standing.subject is SubjectKind.CHILD:
        return words.names.get(standing.subject_id, "名册里还没有的孩子")
    if standing.subject is SubjectKind.TEACHER:
        return words.people.get(standing.subject_id, "")
    if standing.subject is SubjectKind.CLASS:
        return label
    return _OTHERS[standing.subject].format(standing.subject_id)


_OTHERS = {
    SubjectKind.SCHOOL: "全校",
    SubjectKind.CASE: "个案 {}",
    SubjectKind.REFERRAL: "受理 {}",
    SubjectKind.GROUP: "预警干预小组 {}",
}


class _Words(NamedTuple):
    """What is called how, by number; `orders`: by what children's names are sorted."""

    names: dict[int, str]
    people: dict[int, str]
    labels: dict[int, str]
    orders: dict[int, str]


def _read_words(session: Session, standings: Sequence[Standing]) -> _Words:
    """Return the names of children and of accounts, and what classes are called; one statement."""
    ids = {each.subject_id for each in standings if each.subject is SubjectKind.CHILD}
    no_number, no_word = cast(null(), Integer), cast(null(), String)
    child = col(Student.id), col(Student.name), col(Student.name_order), no_number, no_number
    children: Any = select(literal(_CHILD, String), *child)
    if len(ids) <= _MOST_NAMED:
        children = children.where(col(Student.id).in_(ids))
    person = col(AppUser.id), col(AppUser.display_name), no_word, no_number, no_number
    school_class = col(SchoolClass.id), no_word, no_word, col(SchoolClass.grade), col(SchoolClass.number)
    people: Any = select(literal(_PERSON, String), *person)
    classes: Any = select(literal(_CLASS, String), *school_class)
    found: dict[str, dict[int, str]] = {_CHILD: {}, _PERSON: {}, _CLASS: {}}
    orders = {}
    for about, number, name, order, grade, place in session.execute(union_all(children, people, classes)):
        found[about][number] = class_label(grade, place) if about == _CLASS else name
        if about == _CHILD:
            orders[number] = order
    return _Words(found[_CHILD], found[_PERSON], found[_CLASS], orders)


_CHILD, _PERSON, _CLASS = "child", "person", "class"
