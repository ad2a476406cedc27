"""The new term on screen: from home and settings to the list, and from the list to where each thing is done."""

from datetime import date, datetime

import pytest
from sqlmodel import col, select

from db.tables import Post, PostHolder, Role, Term
from db.transactions import reading, transaction
from services import carrying_over, clock
from services.answers import seat_of
from services.carrying_over import Chosen
from tests.pages.conftest import commit, words_on

FIRST_DAY = date(2027, 2, 22)


@pytest.fixture
def holidays(world):
    """The winter holidays; nobody is kept from it by last year's pledge, the school year is the same."""
    clock.set_fixed(datetime(2027, 2, 8, 9, tzinfo=clock.SCHOOL_ZONE))


@pytest.fixture
def spring(session, world):
    session.add(Term(school_year=2026, number=2, first_day=FIRST_DAY, last_day=date(2027, 7, 2)))
    commit(session)


@pytest.fixture
def ending(session, world):
    """The office, held by a teacher until the term's last day."""
    post = session.exec(select(Post).where(Post.code == "office")).one()
    teacher = world.staff[Role.HOMEROOM]
    held = PostHolder(
        post_id=post.id, user_id=teacher.user_id, seat=seat_of(), is_sole=True, from_day=date(2026, 9, 1),
        to_day=date(2027, 1, 23), recorded_at=clock.now(),
    )  # fmt: skip
    session.add(held)
    commit(session)
    return held


def open_holders():
    with reading() as session:
        return session.exec(select(PostHolder).where(col(PostHolder.to_day).is_(None))).all()


@pytest.mark.parametrize("role", [Role.LEAD, Role.ADMIN], ids=lambda role: role.value)
def test_home_leads_to_the_list_and_the_list_to_the_dates(open_page, world, holidays, role):
    screen = open_page("home", world.staff[role])
    assert "准备2026–2027学年第二学期" in words_on(screen)

    screen = open_page("new_term", world.staff[role])
    assert "起止日子还没有写" in words_on(screen)
    screen.button(key="new_term_dates").click().run()

    assert not screen.exception
    assert [found.key for found in screen.date_input] == ["term_form_new_first_day", "term_form_new_last_day"]
    assert screen.query_params["view"] == "terms"


def test_settings_lead_to_the_list(open_page, world):
    screen = open_page("settings", world.staff[Role.LEAD], view="terms")

    screen.button(key="settings_new_term").click().run()

    assert not screen.exception
    assert [title.value for title in screen.title] == ["新学期准备"]


def test_no_child_and_no_number_of_children_is_told(open_page, world, holidays):
    screen = open_page("new_term", world.staff[Role.ADMIN])

    assert not any(child.name in words_on(screen) for child in world.students)


def test_what_only_the_lead_does_has_no_button_for_the_administrator(open_page, world, spring, holidays):
    clock.set_fixed(datetime(2027, 2, 23, 9, tzinfo=clock.SCHOOL_ZONE))
    offered = {
        role: {button.key for button in open_page("new_term", world.staff[role]).button}
        for role in (Role.LEAD, Role.ADMIN)
    }

    assert "new_term_checks" in offered[Role.LEAD]
    assert "new_term_checks" not in offered[Role.ADMIN]


@pytest.mark.parametrize(
    "line", ["dates", "holidays", "bells", "homeroom", "subjects", "checks", "class_lists", "documents"]
)
def test_every_act_opens_its_page(open_page, world, spring, line):
    clock.set_fixed(datetime(2027, 2, 23, 9, tzinfo=clock.SCHOOL_ZONE))
    screen = open_page("new_term", world.staff[Role.LEAD])

    screen.button(key=f"new_term_{line}").click().run()

    assert not screen.exception
    assert screen.title[0].value != "新学期准备"


def test_a_post_is_carried_over_with_its_tick(open_page, world, spring, holidays, ending):
    screen = open_page("new_term", world.staff[Role.LEAD])
    screen.button(key="new_term_posts").click().run()
    assert "任到1月22日" in "".join(box.label for box in screen.checkbox)
    assert screen.date_input(key="new_term_posts_from_day").value == FIRST_DAY
    screen.button(key="new_term_posts_save").click().run()

    assert not screen.exception
    [held] = open_holders()
    assert (held.user_id, held.from_day) == (world.staff[Role.HOMEROOM].user_id, FIRST_DAY)
    assert "没有在开学以前到期的" in words_on(screen)


def test_nobody_ticked_is_said_and_nothing_is_done(open_page, world, spring, holidays, ending):
    screen = open_page("new_term", world.staff[Role.LEAD])
    screen.button(key="new_term_posts").click().run()
    screen.checkbox(key=f"new_term_posts_tick_{ending.id}").uncheck().run()
    screen.button(key="new_term_posts_save").click().run()

    assert "还没有勾一个" in words_on(screen)
    assert open_holders() == []


def test_two_who_carry_over_the_second_is_told(open_page, world, spring, holidays, ending):
    screen = open_page("new_term", world.staff[Role.LEAD])
    screen.button(key="new_term_posts").click().run()
    with transaction() as other:
        carrying_over.carry_posts_over(
            other, world.staff[Role.ADMIN], chosen=[Chosen(ending.id, ending.version)], from_day=FIRST_DAY
        )

    screen.button(key="new_term_posts_save").click().run()

    assert "刚有人动过" in words_on(screen)
    assert len(open_holders()) == 1
