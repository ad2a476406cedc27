"""Under which month a duty stands in a helper's strip."""

from datetime import date

import pytest

from services.pairing.strips import month_of
from services.regulations.deadlines import DutyState
from services.regulations.periods import Unit
from services.regulations.standings import Standing, SubjectKind

DAYS = {
    1: (date(2026, 11, 9), True),
    2: (date(2026, 9, 10), True),
    3: (date(2026, 10, 5), True),
    4: (date(2026, 9, 2), False),  # tried, and not done
}


def standing(state: DutyState, *, needed: int = 1, proof: tuple[int, ...] = ()) -> Standing:
    return Standing(
        "J-03", None, SubjectKind.CHILD, 1, date(2026, 9, 1), date(2027, 1, 22), date(2027, 1, 22), state,
        is_open=False, needed=needed, done=len(proof), proof=proof,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("needed", "proof", "month"),
    [
        (1, (1, 2, 3), date(2026, 9, 1)),
        (2, (1, 2, 3), date(2026, 10, 1)),  # kept only with the second
        (3, (1, 2, 3, 4), date(2026, 11, 1)),
        (4, (2, 3), date(2026, 10, 1)),  # the rest was done in a way that leaves no record
        (1, (4,), date(2027, 1, 1)),
    ],
)
def test_a_term_s_duty_stands_in_the_month_in_which_it_was_kept(needed, proof, month):
    assert month_of(standing(DutyState.MET, needed=needed, proof=proof), Unit.TERM, DAYS) == month


@pytest.mark.parametrize("unit", [Unit.TERM, Unit.MONTH])
def test_what_is_not_kept_stands_in_the_month_by_which_it_is_to_be_done(unit):
    assert month_of(standing(DutyState.DUE, proof=(2,)), unit, DAYS) == date(2027, 1, 1)
