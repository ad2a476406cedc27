"""Numbers typed by hand: of a child that isn't theirs a role is told no more than of one that doesn't exist."""

import dataclasses
import inspect
import types
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from datetime import date
from enum import Enum
from random import Random
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from sqlmodel import Session, select

from db.tables import (
    AppUser,
    Assessment,
    CareRecord,
    Case,
    CaseClosure,
    CaseConference,
    ClauseExcuse,
    DropOut,
    EffectEvaluation,
    OutwardReferral,
    Pairing,
    PlanGoal,
    PlanMeasure,
    PlanVersion,
    Referral,
    Role,
    RoleGrant,
    ScreeningResult,
    StageSummary,
    Student,
    StudentCategory,
    SupportPlan,
    TierChange,
    WarningGroup,
)
from services.actors import Actor
from services.demonstration.filling import fill
from services.errors import DomainError, FieldErrors, NotAllowed
from services.row_filters import sees_students
from tests.services.test_access import PERMITTED

TABLES: Mapping[str, Any] = {
    "student_id": Student, "case_id": Case, "referral_id": Referral, "record_id": CareRecord, "plan_id": SupportPlan,
    "version_id": PlanVersion, "conference_id": CaseConference, "measure_id": PlanMeasure, "goal_id": PlanGoal,
    "summary_id": StageSummary, "evaluation_id": EffectEvaluation, "closing_id": CaseClosure,
    "outward_id": OutwardReferral, "group_id": WarningGroup, "result_id": ScreeningResult, "pair_id": Pairing,
    "excuse_id": ClauseExcuse, "change_id": TierChange, "assessment_id": Assessment, "drop_out_id": DropOut,
    "category_id": StudentCategory,
}  # fmt: skip
NOBODY, EACH = 10**9, 4
PEOPLE = ("banzhuren", "renke", "jiedui", "lingdao", "caiwu", "jiandu", "xinxi")  # the care room reads every child


class CannotMake(Exception):
    """A parameter of a kind this test can't invent."""


def invented(kind: Any) -> Any:
    """Return the emptiest value of a kind; what a form sends before anything is typed."""
    plain = {int: 1, str: "字", bool: False, date: date(2026, 11, 20), bytes: b""}
    if kind in plain:
        return plain[kind]
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return None if type(None) in parts else invented(parts[0])
    if origin in (Sequence, tuple, Collection, list, frozenset, set, Set, Mapping, dict):
        return {} if origin in (Mapping, dict) else ()
    if inspect.isclass(kind) and issubclass(kind, Enum):
        return next(iter(kind))
    if dataclasses.is_dataclass(kind):
        hints, nothing = get_type_hints(kind), dataclasses.MISSING
        asked = [each for each in dataclasses.fields(kind) if each.default is each.default_factory is nothing]
        return kind(**{each.name: invented(hints[each.name]) for each in asked})
    raise CannotMake(str(kind))


def parameters(function: Callable[..., Any]) -> dict[str, Any]:
    """Invent what a function must be given beside its session and actor."""
    hints = get_type_hints(inspect.unwrap(function))
    asked = list(inspect.signature(function).parameters.values())[2:]
    return {each.name: invented(hints[each.name]) for each in asked if each.default is inspect.Parameter.empty}


def answer(session: Session, function: Callable[..., Any], actor: Actor, given: Mapping[str, Any]) -> tuple[str, str]:
    """Return what comes back, or how it is refused; nothing of it stays."""
    apart = session.begin_nested()
    try:
        return "told", repr(function(session, actor, **given))
    except FieldErrors as error:
        return "FieldErrors", repr(sorted((name, each.code) for name, each in error.problems.items()))
    except DomainError as error:
        return type(error).__name__, ""
    finally:
        apart.rollback()


@pytest.fixture
def people(session) -> list[Actor]:
    fill(session, students=80, seed=7)
    found = []
    for name in PEOPLE:
        user = session.exec(select(AppUser).where(AppUser.username == name)).one()
        roles = session.exec(select(RoleGrant.role).where(RoleGrant.user_id == user.id)).all()
        found.append(Actor(user.id, user.display_name, frozenset(Role(each) for each in roles)))
    return found


def children_of(session: Session) -> dict[str, dict[int, int]]:
    """Return of each kind of number whose child it is."""
    cases = dict(session.exec(select(Case.id, Case.student_id)).all())
    plans = dict(session.exec(select(SupportPlan.id, SupportPlan.student_id)).all())
    found: dict[str, dict[int, int]] = {"student_id": {each: each for each in session.exec(select(Student.id)).all()}}
    for name, table in TABLES.items():
        if hasattr(table, "student_id"):
            found[name] = dict(session.exec(select(table.id, table.student_id)).all())
        elif name != "student_id":
            through, column = (cases, "case_id") if hasattr(table, "case_id") else (plans, "plan_id")
            rows = session.exec(select(table.id, getattr(table, column))).all()
            found[name] = {row_id: through[other] for row_id, other in rows if other is not None}
    return found


def doors() -> Iterator[tuple[str, Callable[..., Any], str, dict[str, Any]]]:
    """Yield every service function with each of its numbers that belongs to a child."""
    for name, function in PERMITTED.items():
        try:
            given = parameters(function)
        except CannotMake:
            continue
        for number in inspect.signature(function).parameters:
            if number in TABLES:
                yield name, function, number, given


@pytest.mark.long
def test_a_number_that_is_not_theirs_is_answered_like_one_that_does_not_exist(session, people):
    whose, chance, asked = children_of(session), Random(7), set()
    seen = {each: set(session.exec(select(Student.id).where(sees_students(each))).all()) for each in people}
    for name, function, number, given in doors():
        for actor in people:
            unknown = answer(session, function, actor, given | {number: NOBODY})
            if unknown[0] == NotAllowed.__name__:
                continue
            others = [row_id for row_id, child in whose[number].items() if child not in seen[actor]]
            for row_id in chance.sample(others, min(EACH, len(others))):
                asked.add(name)
                told = answer(session, function, actor, given | {number: row_id})
                assert told == unknown, (name, number, row_id, actor.roles)
    assert len(asked) > 30
