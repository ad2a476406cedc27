"""What the clauses in force ask of one reader, for home and the lists behind its lines: their own duties alone.

Of a class or a pair the own children are evaluated and nobody else; what a post of the whole school answers for comes
from the results that are kept. One number, one function: a line's figures are the lengths of the lists it opens.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import or_
from sqlmodel import Session, col, select

from db.tables import ClassMembership, Deputy, Post, PostHolder, Student
from services import clock
from services.access import Permission, Scope, Subject, allows, permitted, scopes_of
from services.actors import Actor
from services.asking_together import Fact, asked
from services.calendar import load_calendar
from services.kept_statements import kept_for_asker
from services.regulations.catalogue import DERIVED, HELD_BY_ROLE, Clause, ClausePost, clauses
from services.regulations.compliance import StandingLine, figure_of, lines_of, told_of
from services.regulations.evaluation import asked_for, judged, kinds_of
from services.regulations.facts.gathering import Facts
from services.regulations.facts.reach import WHOLE_SCHOOL, Reach
from services.regulations.facts.staff import TEACHING
from services.regulations.kept_results import find_kept, whole_school
from services.regulations.measures import Measure, measures
from services.regulations.owners import CaseOwners, Owners, Posts
from services.regulations.standings import KEPT, ClauseResult, Standing, SubjectKind
from services.regulations.switches import Beginning, Switches, load_beginning_with
from services.row_filters import classes_of, is_or_stands_in, students_of_pairs

TOLD_BY_STEP = frozenset({"D-04", "D-05", "D-09", "E-02", "E-07", "F-12", "G-01", "H-04", "I-04", "S-04"})
"""Home tells their steps one by one, each with the act that gets it done: there is no second number for them."""

NOTICE = timedelta(days=7)
"""So long before it is due a clause stands on a line of its own; until then all of them share one."""


@dataclass(frozen=True, slots=True)
class OwnDuty:
    """One clause with what of it is the reader's to do now, in numbers."""

    clause: Clause
    overdue: int | None  # None, as due: too few children stand behind it to tell who sees no child's name
    due: int | None
    due_on: date | None  # the first day by which some of what is due must be done; None: nothing is due
    is_of_pairs: bool = False  # asked of the helper of a pair
    is_counted: bool = True  # else something was written since it was, and the page of the clauses counts it anew

    @property
    def is_late(self) -> bool:
        """Whether something is overdue, or may be where that isn't told."""
        return self.overdue is None or self.overdue > 0

    @property
    def is_near(self) -> bool:
        """Whether something is overdue, or due soon."""
        return self.is_late or (self.due_on is not None and self.due_on <= clock.today() + NOTICE)


@permitted(Permission.HOME_READ)
def list_own_duties(session: Session, actor: Actor) -> list[OwnDuty]:
    """Return what the clauses in force ask of this person now: what is overdue first, then by the day it is due.

    One statement where nothing is; else six more for own classes and pairs at most, none growing with rows. A post's
    clauses are not evaluated for it: right after something was written their numbers are not known here, until
    `count_for_posts` was asked.
    """
    found = _open_standings(session, actor)
    lines = [_line(clause_id, standings) for clause_id, standings in found.by_clause.items() if standings]
    lines += [line for result in found.in_numbers if (line := _in_numbers(result)) is not None]
    lines += [OwnDuty(clauses()[each], 0, 0, None, is_counted=False) for each in found.uncounted]
    return sorted(lines, key=_order)


def _order(line: OwnDuty) -> tuple[bool, bool, date, str]:
    return not line.is_counted, not line.is_late, line.due_on or date.min, line.clause.id


@permitted(Permission.HOME_READ)
def count_for_posts(session: Session, actor: Actor, *, clause_ids: Collection[str]) -> None:
    """Evaluate these clauses as far as a post of this person answers for them; they are kept for whoever asks next."""
    _open_standings(session, actor, clause_ids)


@permitted(Permission.HOME_READ)
def list_own_standings(
    session: Session, actor: Actor, *, clause_id: str, which: str | None = None
) -> list[StandingLine]:
    """Return the duties behind one of a line's figures (overdue, due), or both, with names; the worst first."""
    found = _open_standings(session, actor, [clause_id])
    wanted = [each for each in found.by_clause.get(clause_id, ()) if which is None or figure_of(each) == which]
    return lines_of(session, actor, clock.today(), wanted, reach=found.reach)


def _line(clause_id: str, standings: Sequence[Standing]) -> OwnDuty:
    due = [each for each in standings if figure_of(each) == "due"]
    return OwnDuty(
        clause=clauses()[clause_id],
        overdue=len(standings) - len(due),
        due=len(due),
        due_on=min((each.due_on for each in due if each.due_on is not None), default=None),
        is_of_pairs=clauses()[clause_id].post is ClausePost.HELPER,
    )


def _in_numbers(result: ClauseResult) -> OwnDuty | None:
    """Return what a post owes for who sees no child's name: as such a reader may be told it."""
    standings, told = _of_post(result), told_of(result, is_numbers=True)
    if not standings:
        return None
    return replace(_line(result.clause_id, standings), overdue=told.overdue, due=told.due)


@dataclass(frozen=True, slots=True)
class _Found:
    by_clause: Mapping[str, tuple[Standing, ...]]
    in_numbers: tuple[ClauseResult, ...]
    uncounted: tuple[str, ...]  # of a post, and something was written since they were evaluated
    reach: Reach  # of whom they were read


def _open_standings(session: Session, actor: Actor, clause_ids: Collection[str] | None = None) -> _Found:
    """Return the duties of each clause that this person owes and can still do, as of today."""
    if actor.user_id is None:
        return _Found({}, (), (), WHOLE_SCHOOL)
    day = clock.today()
    beginning, rows = load_beginning_with(session, _asked_of_reader(actor))
    me, switches = _reader_of(actor, rows), beginning.switches
    counting = [
        each
        for each in measures().values()
        if each.clause_id not in TOLD_BY_STEP
        and (clause_ids is None or each.clause_id in clause_ids)
        and switches.counts(each.clause_id, day)
    ]
    own = [each for each in counting if clauses()[each.clause_id].post in me.asks_children]
    of_post = [each.clause_id for each in counting if me.holds(clauses()[each.clause_id].post, actor)]
    found = _of_children(session, me, own, switches, day) if own else {}
    if not me.has_pairs and actor.has_role(*TEACHING):
        teachers = [each.clause_id for each in counting if each.clause_id in _OF_TEACHERS]
        for clause_id, result in whole_school(session, on=day, clause_ids=teachers).items() if teachers else ():
            found[clause_id] = tuple(each for each in result.standings if _is_of(me, each))
    is_list = clause_ids is not None
    results = _results_of_post(session, actor, of_post, day, beginning, is_list=is_list) if of_post else {}
    uncounted = tuple(each for each in of_post if each not in results)
    if Scope.ALL not in scopes_of(actor, Subject.CATEGORY):
        return _Found(found, tuple(results.values()), uncounted, me.reach)
    found |= {clause_id: _of_post(result) for clause_id, result in results.items()}
    return _Found(found, (), uncounted, WHOLE_SCHOOL if results else me.reach)


def _results_of_post(
    session: Session, actor: Actor, of_post: Sequence[str], day: date, beginning: Beginning, *, is_list: bool
) -> dict[str, ClauseResult]:
    """Return how the clauses of a post stand: what is kept of them, where the reader can open the page that counts."""
    if is_list or not allows(actor, Permission.REGULATION_READ):
        return whole_school(session, on=day, clause_ids=of_post)
    return find_kept(beginning.written, on=day, clause_ids=of_post)


_OF_CHILDREN = frozenset({ClausePost.HOMEROOM, ClausePost.HELPER})
"""Whose duties follow from the classes and pairs of a reader."""


_OF_TEACHERS = frozenset({"J-09"})
"""Each teacher's own, whoever else keeps it; the only ones that ask for no child's facts."""


def _is_of(me: "_Reader", standing: Standing) -> bool:
    return standing.is_open and standing.subject is SubjectKind.TEACHER and standing.subject_id in me.accounts


def _of_post(result: ClauseResult) -> tuple[Standing, ...]:
    """Return what a post of the whole school owes; nothing once a share is reached, whoever is missing."""
    if result.state in KEPT:
        return ()
    return tuple(each for each in result.standings if each.is_open and each.subject is not SubjectKind.TEACHER)


def _of_children(
    session: Session, me: "_Reader", wanted: Sequence[Measure], switches: Switches, day: date
) -> dict[str, tuple[Standing, ...]]:
    """Return what is owed to the children of the own classes and pairs, and by nobody else than this reader."""
    evaluated = asked_for(load_calendar(session), on=day, reach=me.reach)
    if evaluated is None:
        return {}
    facts = Facts(session, evaluated, kinds=kinds_of(wanted))
    found = {each.clause_id: judged(facts, each, switches).standings for each in wanted}
    owners = Owners(day, facts.children, Posts(), CaseOwners())
    return {
        clause_id: tuple(each for each in standings if each.is_open and not me.accounts.isdisjoint(owners.of(each)))
        for clause_id, standings in found.items()
    }


@dataclass(frozen=True, slots=True)
class _Reader:
    """For whom somebody answers today: in their own name, and for those they stand in for."""

    accounts: frozenset[int]
    posts: frozenset[str]
    children: tuple[int, ...]  # of the own classes and pairs
    leads_class: bool
    has_pairs: bool

    def holds(self, post: ClausePost, actor: Actor) -> bool:
        """Say whether a post of the whole school is this reader's."""
        if post in HELD_BY_ROLE:
            return actor.has_role(*HELD_BY_ROLE[post])
        return post not in DERIVED and post.value in self.posts

    @property
    def asks_children(self) -> frozenset[ClausePost]:
        """Whose duties towards children are this reader's: of a class they lead, of a pair, or nobody's."""
        if self.leads_class:
            return _OF_CHILDREN
        return frozenset({ClausePost.HELPER}) if self.has_pairs else frozenset()

    @property
    def reach(self) -> Reach:
        """The children, with every class they were in: who led it then may have kept what is asked."""
        return Reach(children=self.children, classes=_classes_of(self.children))


@lru_cache(maxsize=256)  # one object for the same children, so that the statements it is part of can be kept
def _classes_of(children: tuple[int, ...]) -> Any:  # a select
    return select(ClassMembership.class_id).where(col(ClassMembership.student_id).in_(children))


_STANDS_IN, _OF_CLASS, _OF_PAIR, _POST = "stands_in", "of_class", "of_pair", "post"


def _reader_of(actor: Actor, rows: Sequence[Fact]) -> _Reader:
    of_class, of_pair = _ids(rows, _OF_CLASS), _ids(rows, _OF_PAIR)
    return _Reader(
        accounts=frozenset({*_ids(rows, _STANDS_IN), actor.id_of_staff}),
        posts=frozenset(row.label for row in rows if row.about == _POST),
        children=tuple(sorted({*of_class, *of_pair})),
        leads_class=bool(of_class),
        has_pairs=bool(of_pair),
    )


def _ids(rows: Sequence[Fact], about: str) -> list[int]:
    return [row.id for row in rows if row.about == about and row.id is not None]


@kept_for_asker
def _asked_of_reader(actor: Actor) -> tuple[Any, ...]:  # queries in asking_together's shape
    today = clock.today()
    of_class = col(ClassMembership.class_id).in_(classes_of(actor)) & col(ClassMembership.to_day).is_(None)
    return (
        asked(_OF_CLASS, of_id=col(ClassMembership.student_id)).where(of_class),
        asked(_OF_PAIR, of_id=col(Student.id)).where(col(Student.id).in_(students_of_pairs(actor))),
        asked(_STANDS_IN, of_id=col(Deputy.absent_id)).where(
            Deputy.deputy_id == actor.user_id, col(Deputy.from_day) <= today, col(Deputy.to_day) > today
        ),
        asked(_POST, label=col(Post.code)).where(col(Post.role).in_(sorted(actor.roles))),
        asked(_POST, label=col(Post.code))
        .join(PostHolder, col(PostHolder.post_id) == col(Post.id))
        .where(
            is_or_stands_in(actor, col(PostHolder.user_id)),
            col(PostHolder.from_day) <= today,
            or_(col(PostHolder.to_day).is_(None), col(PostHolder.to_day) > today),
        ),
    )
