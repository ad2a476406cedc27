"""Two at once, on both engines: an excuse is asked and answered once, a clause switched once, a week frozen once."""

from datetime import date, timedelta

import pytest
from sqlmodel import func, select

from db.tables import CategoryKind, ClauseExcuse, ClauseSwitch, ClauseWeek, ExcuseKind, Role, StudentCategory
from services import clock
from services.regulations import excuses, switching, weeks
from services.regulations.excuses import ExcuseInput
from tests.conftest import NOW
from tests.services.regulations.week_makers import note_use
from tests.services.test_races import chain_is_whole, count_of, crowd, race, settled
from tests.services.test_races import session as race_session

pytestmark = pytest.mark.long
session = race_session
TODAY = NOW.date()


@pytest.fixture
def seven(make_class):
    return make_class()


@pytest.fixture
def heads(make_user, term):
    return make_user(Role.LEAD, name="试甲"), make_user(Role.LEAD, name="试乙")


@pytest.fixture
def teacher(make_user, seven):
    return make_user(Role.HOMEROOM, homeroom_of=seven)


@pytest.fixture
def child(session, make_student, seven):
    found = make_student(in_class=seven)
    session.add(
        StudentCategory(
            student_id=found.id, kind=CategoryKind.LEFT_BEHIND, from_day=date(2026, 9, 1), recorded_at=clock.now()
        )
    )
    return found


def request_of(clause_id: str, **whom: int) -> ExcuseInput:
    return ExcuseInput(
        kind=ExcuseKind.EXEMPT, clause_id=clause_id, first_day=TODAY, last_day=TODAY + timedelta(days=9),
        reason="父母都在家", **whom,
    )  # fmt: skip


@pytest.mark.parametrize("of_class", [False, True])
def test_one_excuse_asked_twice_is_asked_once(session, heads, teacher, child, seven, of_class):
    request = request_of("G-01", class_id=seven.id) if of_class else request_of("K-10", student_id=child.id)
    settled(session)

    def asking(s):
        return excuses.ask_excuse(s, teacher, request=request)

    assert race(asking, asking) == ["done", "FieldErrors"]
    assert count_of(select(func.count()).select_from(ClauseExcuse)) == 1
    assert chain_is_whole()


def test_a_yes_and_a_no_at_once_leave_the_first(session, heads, teacher, child):
    row = excuses.ask_excuse(session, teacher, request=request_of("K-10", student_id=child.id))
    which = {"excuse_id": row.id, "version": row.version}
    settled(session)

    first, second = race(
        lambda s: excuses.answer_excuse(s, heads[0], agrees=True, **which),
        lambda s: excuses.answer_excuse(s, heads[1], agrees=False, note="视频能打", **which),
    )

    assert (first, second in ("EditedMeanwhile", "NotFound")) == ("done", True)
    assert chain_is_whole()


def test_a_yes_and_taking_back_at_once_leave_the_first(session, heads, teacher, child):
    row = excuses.ask_excuse(session, teacher, request=request_of("K-10", student_id=child.id))
    which = {"excuse_id": row.id, "version": row.version}
    settled(session)

    first, second = race(
        lambda s: excuses.answer_excuse(s, heads[0], agrees=True, **which),
        lambda s: excuses.withdraw_excuse(s, teacher, **which),
    )

    assert (first, second in ("EditedMeanwhile", "NotFound")) == ("done", True)


def test_a_clause_switched_by_two_is_switched_once(session, heads, child):
    settled(session)

    def switching_by(head):
        return lambda s: switching.switch_clause(
            s, head, clause_id="K-10", is_on=True, from_day=TODAY, reason=None, version=0
        )

    assert race(*map(switching_by, heads)) == ["done", "EditedMeanwhile"]
    assert count_of(select(func.count()).select_from(ClauseSwitch)) == 1


def test_the_first_dozen_switched_on_by_three_at_once_are_a_dozen(session, heads, child):
    settled(session)

    def dozen(head):
        return lambda s: switching.switch_on_together(s, head, clause_ids=switching.FIRST_DOZEN)

    assert crowd([dozen(heads[0]), dozen(heads[1]), dozen(heads[0])]) == ["done"] * 3
    assert count_of(select(func.count()).select_from(ClauseSwitch)) == len(switching.FIRST_DOZEN)


def test_four_who_come_after_the_week_freeze_it_once(session, heads, child):
    note_use(session, TODAY - timedelta(days=TODAY.weekday() + 5))
    session.add(ClauseSwitch(clause_id="K-10", number=1, is_on=True, from_day=date(2026, 9, 1), set_at=clock.now()))
    settled(session)

    outcomes = crowd([lambda s, who=who: weeks.freeze_week(s, who) for who in heads * 2])

    assert outcomes == ["done"] * 4
    assert count_of(select(func.count()).select_from(ClauseWeek)) == 1
    assert chain_is_whole()
