"""Excuses: asked by one, answered by another, taken back from a day on."""

from datetime import date, datetime, timedelta

import pytest
from sqlmodel import select

from db.tables import ClauseExcuse, ExcuseKind, ExcuseState, Role
from services import clock
from services.errors import FieldErrors, NotFound
from services.regulations import excuses
from services.regulations.excuses import ExcuseInput, NobodyToExcuse
from tests.conftest import codes
from tests.services.regulations.test_evaluation import left_behind

TODAY = date(2026, 11, 20)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def lead(session, term, make_user):
    clock.set_fixed(datetime(2026, 11, 20, 18, tzinfo=clock.SCHOOL_ZONE))
    return make_user(Role.LEAD, name="试负责")


@pytest.fixture
def seven(make_class):
    return make_class()


@pytest.fixture
def teacher(make_user, seven):
    return make_user(Role.HOMEROOM, homeroom_of=seven)


@pytest.fixture
def child(session, make_student, seven):
    found = make_student("江小满", in_class=seven)
    left_behind(session, found)
    return found


def ask(session, actor, child, first_day: date = TODAY, **values):
    request = ExcuseInput(
        **({"kind": ExcuseKind.EXEMPT, "clause_id": "K-10", "student_id": child.id, "first_day": first_day,
            "last_day": first_day + 9 * DAY, "reason": "父母都在家"} | values)
    )  # fmt: skip
    return excuses.ask_excuse(session, actor, request=request)


def agree(session, actor, row):
    excuses.answer_excuse(session, actor, excuse_id=row.id, version=row.version, agrees=True)


def test_it_stands_once_the_head_says_yes(session, lead, teacher, child):
    row = ask(session, teacher, child)

    agree(session, lead, row)

    assert (row.state, row.answered_by_id, row.to_day) == (ExcuseState.STANDING, lead.user_id, TODAY + 10 * DAY)


def test_who_asked_does_not_answer(session, lead, make_user, child):
    other = make_user(Role.LEAD, name="试副手")
    row = ask(session, lead, child)
    with pytest.raises(NotFound):
        agree(session, lead, row)

    agree(session, other, row)

    assert row.state is ExcuseState.STANDING


def test_nobody_asks_where_nobody_could_say_yes(session, lead, child):
    with pytest.raises(NobodyToExcuse):
        ask(session, lead, child)

    assert session.exec(select(ClauseExcuse.id)).all() == []


def test_a_no_says_why(session, lead, teacher, child):
    row = ask(session, teacher, child)

    with pytest.raises(FieldErrors) as raised:
        excuses.answer_excuse(session, lead, excuse_id=row.id, version=row.version, agrees=False)
    excuses.answer_excuse(session, lead, excuse_id=row.id, version=row.version, agrees=False, note="视频能打")

    assert codes(raised) == {"note": "required"}
    assert row.state is ExcuseState.DECLINED


def test_the_same_days_are_asked_for_once(session, teacher, child):
    ask(session, teacher, child)

    with pytest.raises(FieldErrors) as raised:
        ask(session, teacher, child, TODAY + 9 * DAY)
    ask(session, teacher, child, TODAY + 10 * DAY)
    ask(session, teacher, child, clause_id="K-01")

    assert codes(raised) == {"first_day": "asked_already"}


def test_a_child_of_another_class_is_nobody_one_asks_for(session, teacher, make_student, make_class):
    other = make_student("江别班", in_class=make_class(7, 2))

    with pytest.raises(NotFound):
        ask(session, teacher, other)


@pytest.mark.parametrize(
    ("first_day", "state", "to_day"),
    [(TODAY - DAY, ExcuseState.STANDING, TODAY), (TODAY, ExcuseState.WITHDRAWN, TODAY + 10 * DAY)],
    ids=["what it covered before today stays", "of today on nothing is left"],
)
def test_taken_back_the_clause_is_to_be_kept_from_today_on(session, lead, teacher, child, first_day, state, to_day):
    row = ask(session, teacher, child, first_day, last_day=TODAY + 9 * DAY)
    agree(session, lead, row)

    excuses.withdraw_excuse(session, teacher, excuse_id=row.id, version=row.version)

    assert (row.state, row.to_day) == (state, to_day)


def test_more_people_who_asked_take_no_more_statements(session, lead, child, make_user, statements):
    taken = []
    for clause_id in ("K-10", "K-01", "K-04"):
        ask(session, make_user(Role.COUNSELLOR), child, clause_id=clause_id)
        statements.clear()
        assert all(each.may_answer for each in excuses.list_excuses(session, lead))
        taken.append(len(statements))

    assert len(set(taken)) == 1
    assert taken[0] <= 10


def test_what_is_over_is_not_taken_back(session, lead, teacher, child):
    over = ask(session, teacher, child, TODAY - 20 * DAY, last_day=TODAY - DAY)
    agree(session, lead, over)
    running = ask(session, teacher, child, TODAY - 20 * DAY, clause_id="K-01", last_day=None)
    agree(session, lead, running)
    excuses.withdraw_excuse(session, teacher, excuse_id=running.id, version=running.version)

    for row in (over, running):
        with pytest.raises(NotFound):
            excuses.withdraw_excuse(session, teacher, excuse_id=row.id, version=row.version)
        assert row.state is ExcuseState.STANDING
    assert not any(each.may_withdraw for each in excuses.list_excuses(session, teacher))
