"""What of a clause's numbers is told to who may see numbers only: no subtraction leaves a small group."""

from collections import defaultdict
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.regulations.compliance import FIGURES, told_of
from services.regulations.deadlines import DutyState
from services.regulations.standings import ClauseResult, Standing, SubjectKind, totals_of

DAY = date(2026, 11, 2)
STATES = {
    "done": DutyState.MET, "due": DutyState.DUE, "overdue": DutyState.OVERDUE, "missed": DutyState.MISSED,
    "exempt": DutyState.EXEMPT,
}  # fmt: skip
OWED = [name for name in FIGURES if name != "exempt"]


def clause(groups: dict[str, list[int]], subject: SubjectKind = SubjectKind.CHILD) -> ClauseResult:
    """Return a clause of which the children with these numbers have these figures."""
    standings = tuple(
        Standing("K-01", None, subject, child, DAY, None, DAY, STATES[name], is_open=name in ("due", "overdue"))
        for name, children in groups.items()
        for child in children
    )
    return ClauseResult("K-01", DAY, DutyState.DUE, totals_of(standings), standings)


def groups_of(**sizes: int) -> dict[str, list[int]]:
    first, found = 1, {}
    for name, size in sizes.items():
        found[name] = list(range(first, first + size))
        first += size
    return found


def drawn_from(**sizes: int) -> list[tuple[str, int]]:
    return [(name, child) for name, children in groups_of(**sizes).items() for child in children]


CHILDREN = st.lists(st.tuples(st.sampled_from(FIGURES), st.integers(1, 25)), min_size=5, max_size=60)


@given(drawn=CHILDREN)
@example(
    drawn=[(name, child) for name, children in groups_of(done=144, overdue=5, exempt=10).items() for child in children]
)
@example(drawn=[(name, child) for name, children in groups_of(done=40, due=9, exempt=3).items() for child in children])
@settings(max_examples=300, deadline=None)
def test_nothing_held_back_can_be_computed_from_what_is_shown(drawn):
    groups: dict[str, list[int]] = defaultdict(list)
    for name, child in drawn:
        groups[name].append(child)
    told = told_of(clause(groups), is_numbers=True)
    hidden = {name for name in FIGURES if getattr(told, name) is None}

    # The children of another clause about them, exempt or not, are known from its numbers: what is left of them,
    # and of the number required, when all that is shown is taken away.
    lefts = [hidden]
    if told.required is not None:
        lefts += [hidden & set(OWED), hidden & {"exempt"}]
    for left in lefts:
        behind = {child for name in left for child in groups[name]}
        assert not 0 < len(behind) < 5 or (left == hidden and len({child for _, child in drawn}) < 5)
    if told.required is not None:
        assert told.required == sum(len(groups[name]) for name in OWED)
    for name in set(FIGURES) - hidden:
        assert getattr(told, name) == len(groups[name])


def test_exempt_children_stand_apart_from_what_is_held_back():
    told = told_of(clause(groups_of(done=144, due=3, overdue=7, exempt=10)), is_numbers=True)

    assert (told.required, told.done, told.due, told.overdue, told.exempt) == (154, 144, None, None, 10)


def test_few_exempt_children_take_the_number_required_with_them():
    told = told_of(clause(groups_of(done=144, due=12, exempt=3)), is_numbers=True)

    assert (told.required, told.done, told.due, told.exempt) == (None, 144, None, None)


@pytest.mark.parametrize("subject", [SubjectKind.CASE, SubjectKind.REFERRAL, SubjectKind.GROUP])
def test_a_child_stands_behind_a_case_a_referral_and_a_group(subject):
    assert told_of(clause(groups_of(overdue=3), subject), is_numbers=True).overdue is None


def test_no_child_stands_behind_a_class():
    assert told_of(clause(groups_of(overdue=3), SubjectKind.CLASS), is_numbers=True).overdue == 3
