"""The stage of a case by its facts: one table, the same in Python and in a query."""

from dataclasses import fields
from itertools import product

import pytest
from sqlalchemy import literal
from sqlmodel import select

from services.case_stages import CaseFacts, CaseStage, StepState, stage_column, stage_of, stage_order, steps_of

FACTS = [each.name for each in fields(CaseFacts)]

TABLE = [
    # what the records say                                                             the stage
    ({}, CaseStage.PLAN),
    ({"calls_conference"}, CaseStage.CONFERENCE),
    ({"calls_conference", "is_discussed"}, CaseStage.PLAN),
    ({"calls_conference", "has_plan"}, CaseStage.CONFERENCE),  # a plan before the discussion is no way around it
    ({"calls_conference", "is_discussed", "has_plan"}, CaseStage.SUPPORT),
    ({"has_plan"}, CaseStage.SUPPORT),
    ({"has_plan", "is_review_due"}, CaseStage.REVIEW),
    ({"has_plan", "is_review_due", "is_closed"}, CaseStage.CLOSURE),
    ({"calls_conference", "is_closed"}, CaseStage.CLOSURE),
    ({"is_reopened"}, CaseStage.REOPENED),
    ({"is_reopened", "calls_conference", "is_discussed"}, CaseStage.REOPENED),
    ({"is_reopened", "has_plan"}, CaseStage.SUPPORT),
    ({"is_reopened", "has_plan", "is_review_due"}, CaseStage.REVIEW),
]


@pytest.mark.parametrize(("known", "stage"), TABLE)
def test_the_stage_follows_from_the_records(known, stage):
    assert stage_of(CaseFacts(**dict.fromkeys(known, True))) is stage


def test_a_query_says_the_same_for_whatever_the_records_say(session):
    every = [dict(zip(FACTS, values, strict=True)) for values in product((False, True), repeat=len(FACTS))]
    stages = [stage_column({name: literal(value) for name, value in facts.items()}) for facts in every]

    found = session.execute(select(*[stage.label(f"s{place}") for place, stage in enumerate(stages)])).one()

    assert list(found) == [stage_of(CaseFacts(**facts)).value for facts in every]


def test_lists_begin_with_what_waits_for_somebody(session):
    places = select(*[stage_order(literal(each.value)).label(each.value) for each in CaseStage])

    assert list(session.execute(places).one()) == list(range(len(CaseStage)))


def test_the_way_of_a_case_shows_where_it_is():
    done, now, later = StepState.DONE, StepState.NOW, StepState.NEXT
    assert [state for _, state in steps_of(CaseStage.CONFERENCE, calls_conference=True, plans_in_force=0)] == [
        done,
        now,
        *[later] * 4,
    ]
    assert [state for _, state in steps_of(CaseStage.SUPPORT, calls_conference=False, plans_in_force=1)] == [
        done, StepState.NOT_NEEDED, done, now, later, later,
    ]  # fmt: skip
    assert {state for _, state in steps_of(CaseStage.CLOSURE, calls_conference=True, plans_in_force=2)} == {done}


@pytest.mark.parametrize(
    ("versions", "left_out"), [(0, {"集体研讨", "帮扶方案", "复查"}), (1, {"集体研讨", "复查"}), (2, {"集体研讨"})]
)
def test_a_closed_case_says_of_no_step_that_it_was_done_which_was_not(versions, left_out):
    steps = steps_of(CaseStage.CLOSURE, calls_conference=False, plans_in_force=versions)

    assert {name for name, state in steps if state is StepState.NOT_NEEDED} == left_out
    assert {state for name, state in steps if name not in left_out} == {StepState.DONE}
