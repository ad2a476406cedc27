"""The page of a class's plan and summary."""

from datetime import date

import pytest
from sqlmodel import select

from db.tables import CategoryKind, ClassPaper, ClauseSwitch, Role, StudentCategory
from db.transactions import reading
from services import clock
from services.regulations import kept_results
from tests.pages.conftest import OpenPage, World, commit, words_on


@pytest.fixture
def left_behind(world: World, session) -> World:
    """The first child is left behind, so that its class owes a plan."""
    kept_results.forget_all()
    session.add(ClauseSwitch(clause_id="I-05", number=1, is_on=True, from_day=date(2026, 9, 1), set_at=clock.now()))
    session.add(
        StudentCategory(
            student_id=world.students[0].id, kind=CategoryKind.LEFT_BEHIND, from_day=date(2026, 9, 1),
            recorded_at=clock.now(),
        )
    )  # fmt: skip
    commit(session)
    return world


def button(screen, word):
    return next(each for each in screen.button if word in each.label)


def papers():
    with reading() as session:
        return session.exec(select(ClassPaper)).all()


@pytest.mark.parametrize("role", [Role.LEAD, Role.COUNSELLOR, Role.HOMEROOM])
def test_both_papers_stand_there(open_page: OpenPage, left_behind: World, role):
    screen = open_page("class_papers", left_behind.staff[role])

    assert not screen.exception
    assert len(screen.text_area) == 2
    assert "班级帮扶小结" in words_on(screen)


def test_a_plan_is_filed_and_put_right(open_page: OpenPage, left_behind: World):
    screen = open_page("class_papers", left_behind.staff[Role.HOMEROOM])
    screen.text_area[0].set_value("每周谈一次").run()
    button(screen, "班级帮扶计划").click().run()

    assert not screen.exception
    assert len(papers()) == 1
    screen.text_area[0].set_value("每周谈两次").run()
    button(screen, "保存修改").click().run()
    assert [each.version for each in papers()] == [2]


def test_an_empty_one_is_not_filed(open_page: OpenPage, left_behind: World):
    screen = open_page("class_papers", left_behind.staff[Role.HOMEROOM])
    button(screen, "班级帮扶小结").click().run()

    assert papers() == []
    assert "内容" in words_on(screen) or screen.error


def test_what_is_half_written_comes_back(open_page: OpenPage, left_behind: World):
    screen = open_page("class_papers", left_behind.staff[Role.HOMEROOM])
    screen.text_area[0].set_value("写到一半").run()
    again = open_page("class_papers", left_behind.staff[Role.HOMEROOM])

    assert again.text_area[0].value == "写到一半"


def test_a_class_without_left_behind_children_owes_nothing(open_page: OpenPage, world: World):
    screen = open_page("class_papers", world.staff[Role.HOMEROOM])

    assert "不用交" in words_on(screen)
    assert not screen.text_area


def test_home_leads_to_where_it_is_written(open_page: OpenPage, left_behind: World):
    screen = open_page("home", left_behind.staff[Role.HOMEROOM])

    assert button(screen, "去写").key == "home_clause_I-05"


@pytest.mark.parametrize("role", [Role.MENTOR, Role.LEADERSHIP, Role.ADMIN])
def test_others_are_told_it_is_not_theirs(open_page: OpenPage, world: World, role):
    screen = open_page("class_papers", world.staff[role])

    assert not screen.text_area
