"""The quarter's check of the 四特 children with several at once, on both engines."""

from datetime import date

import pytest
from sqlmodel import func, select

from db.tables import CategoryKind, CheckFinding, CheckKind, CheckResult, CheckReturn, CheckRound, Role, StudentCategory
from services import categories, check_returns, check_rounds, clock
from services.check_sight import CheckAnswer, NewFinding
from tests.services.test_races import chain_is_whole, count_of, crowd, race, settled
from tests.services.test_races import session as race_session

pytestmark = pytest.mark.long
session = race_session
SPECIAL = CheckKind.SPECIAL_CHECK


@pytest.fixture
def quarter(session, make_user, term, make_class, make_student):
    """An open round, three classes with a 四特 child and a homeroom teacher each."""
    lead, sheets = make_user(Role.LEAD), []
    for number in (1, 2, 3):
        found = make_class(7, number)
        teacher = make_user(Role.HOMEROOM, homeroom_of=found)
        child = make_student(f"试{number}", in_class=found)
        category = categories.add_category(
            session, lead, student_id=child.id, kind=CategoryKind.SPECIAL_FAMILY,
            details=categories.CategoryDetails(), from_day=date(2026, 9, 1),
        )  # fmt: skip
        sheets.append((teacher, found.id, child.id, category))
    check_rounds.open_round(session, lead, kind=SPECIAL)
    settled(session)
    return lead, sheets


def returning(actor, sheet):
    _teacher, class_id, child_id, category_id = sheet
    seen = {"seen_on": clock.today(), "seen_by_id": actor.user_id}
    answer = CheckAnswer(category_id=category_id, version=1, result=CheckResult.UNCHANGED, level=2, **seen)
    new = NewFinding(student_id=child_id, kind=CategoryKind.SPECIAL_CONDUCT, level=3, note="常逃课", **seen)
    return lambda s: check_returns.return_check(
        s, actor, class_id=class_id, version=0, answers=[answer], found=[new], has_asked_others=True, kind=SPECIAL
    )


def test_three_homeroom_teachers_return_at_once(quarter):
    _lead, sheets = quarter

    assert crowd([returning(sheet[0], sheet) for sheet in sheets]) == ["done"] * 3
    assert count_of(select(func.count()).select_from(CheckReturn)) == 3
    assert count_of(select(func.count()).where(CheckFinding.seen_on.is_not(None))) == 6
    assert count_of(select(func.count()).where(StudentCategory.level.is_(None))) == 0
    assert chain_is_whole()


def test_two_who_return_one_class_at_once_do_it_once(quarter):
    lead, sheets = quarter

    ended = race(returning(sheets[0][0], sheets[0]), returning(lead, sheets[0]))

    assert ended == ["done", "EditedMeanwhile"]
    assert count_of(select(func.count()).select_from(StudentCategory)) == 4


def test_a_quarter_opened_by_two_at_once_is_opened_once(session, make_user, term):
    leads = [make_user(Role.LEAD) for _ in range(2)]
    settled(session)

    ended = crowd([lambda s, lead=lead: check_rounds.open_round(s, lead, kind=SPECIAL) for lead in leads])

    assert sorted(ended) == ["RoundOpened", "done"]
    assert count_of(select(func.count()).select_from(CheckRound)) == 1
