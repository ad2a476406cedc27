"""Closing a case as each role meets it: asked beside the case, answered on home, looked after, opened again."""

from datetime import timedelta

import pytest
from sqlmodel import select

from db.tables import Case, CaseClosure, ClosingOutcome, ClosingState, Role
from db.transactions import reading, transaction
from services import closings
from services.closings import ClosingEntry
from tests.conftest import NOW
from tests.pages.conftest import OpenPage, World, commit, words_on
from tests.services.test_plans import ordinary

TODAY = NOW.date()


@pytest.fixture
def case(session, world):
    """An ordinary case of the counsellor's, about 江小满."""
    made = ordinary(session, world.staff[Role.COUNSELLOR], world.students[0])
    commit(session)
    return made


def stored():
    with reading() as session:
        return session.exec(select(Case)).one(), session.exec(select(CaseClosure)).all()


def ask(world, case):
    entry = ClosingEntry(ClosingOutcome.BETTER, "连着六周每天来。", TODAY + timedelta(days=30), "已在纸上。")
    with transaction() as session:
        version = session.get_one(Case, case.id).version
        return closings.ask_to_close(
            session, world.staff[Role.COUNSELLOR], case_id=case.id, version=version, entry=entry
        )


def close(world, case):
    number = ask(world, case)
    with transaction() as session:
        closings.answer_closing(
            session, world.staff[Role.LEAD], closing_id=number, version=1, is_agreed=True, note=None
        )
    return number


def keys(screen):
    return {str(button.key) for button in screen.button}


def test_closing_is_asked_beside_the_case_and_what_lacks_stands_under_its_field(
    open_page: OpenPage, world: World, case
):
    screen = open_page("cases", world.staff[Role.COUNSELLOR], case=case.id)
    assert "没做完] 帮扶方案" in words_on(screen)
    screen.button(key="case_closing_ask").click().run()
    form = f"case_closing_{case.id}"
    screen.button(key=f"{form}_save").click().run()
    assert words_on(screen).count("这一项") >= 3
    screen.segmented_control(key=f"{form}_outcome").set_value(ClosingOutcome.BETTER)
    screen.text_area(key=f"{form}_reason").set_value("连着六周每天来。")
    screen.text_area(key=f"{form}_despite").set_value("方案在纸上。")
    screen.button(key=f"{form}_save").click().run()

    assert not screen.exception
    kept, asked = stored()
    assert (kept.closed_at, [row.state for row in asked]) == (None, [ClosingState.WAITING])
    assert "结案等第二个人同意" in words_on(open_page("cases", world.staff[Role.COUNSELLOR]))
    words = words_on(screen)
    assert f"等{world.staff[Role.LEAD].display_name}答复" in words
    assert "case_closing_answer" not in keys(screen)


@pytest.mark.parametrize("is_agreed", [True, False])
def test_the_head_answers_on_home(open_page: OpenPage, world: World, case, is_agreed):
    number = ask(world, case)
    screen = open_page("home", world.staff[Role.LEAD])
    assert "结案，等您答复：江小满" in words_on(screen)
    act = next(key for key in keys(screen) if key.startswith("home_closing_answer"))
    screen.button(key=act).click().run()
    assert "连着六周每天来。" in words_on(screen)
    form = f"case_closing_answer_{number}"
    screen.text_area(key=f"{form}_note").set_value("看过了")
    screen.button(key=f"{form}_{'agree' if is_agreed else 'decline'}").click().run()

    assert not screen.exception
    kept, rows = stored()
    assert (kept.closed_at is not None) is is_agreed
    assert rows[0].state is (ClosingState.AGREED if is_agreed else ClosingState.DECLINED)


def test_a_closed_case_is_looked_after_and_opened_again(open_page: OpenPage, world: World, case):
    number = close(world, case)
    counsellor = world.staff[Role.COUNSELLOR]
    assert "江小满" not in words_on(open_page("cases", counsellor))
    assert "江小满" in words_on(open_page("cases", counsellor, which="closed"))
    screen = open_page("cases", counsellor, case=case.id)
    assert "case_plan_write" not in keys(screen)
    screen.button(key="case_follow_up").click().run()
    form = f"case_follow_up_{number}"
    screen.text_area(key=f"{form}_words").set_value("课间一个人")
    screen.button(key=f"{form}_save").click().run()
    assert "课间一个人" in words_on(screen)
    screen.button(key="case_reopen").click().run()
    form = f"case_reopen_{case.id}"
    screen.text_area(key=f"{form}_reason").set_value("又不来了")
    screen.button(key=f"{form}_save").click().run()

    assert not screen.exception
    kept, rows = stored()
    assert (kept.closed_at, rows[0].reopened_at is not None) == (None, True)
    assert "重开" in words_on(screen)


def test_of_two_who_ask_the_second_is_told_and_keeps_the_words(open_page: OpenPage, world: World, case):
    screen = open_page("cases", world.staff[Role.COUNSELLOR], case=case.id)
    screen.button(key="case_closing_ask").click().run()
    form = f"case_closing_{case.id}"
    with transaction() as session:
        session.get_one(Case, case.id).version += 1
    screen.segmented_control(key=f"{form}_outcome").set_value(ClosingOutcome.BETTER)
    screen.text_area(key=f"{form}_reason").set_value("连着六周每天来。")
    screen.text_area(key=f"{form}_despite").set_value("方案在纸上。")
    screen.button(key=f"{form}_save").click().run()

    assert not screen.exception
    assert stored()[1] == []
    assert screen.text_area(key=f"{form}_reason").value == "连着六周每天来。"


@pytest.mark.parametrize("role", [Role.HOMEROOM, Role.LEADERSHIP, Role.ADMIN])
def test_closing_is_no_one_elses(open_page: OpenPage, world: World, case, role):
    ask(world, case)

    screen = open_page("home", world.staff[role])

    assert "结案" not in words_on(screen)
