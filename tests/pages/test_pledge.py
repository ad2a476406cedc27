"""The pledge on screen: nothing else before it is accepted, and who is not asked."""

import pytest
from sqlmodel import col, delete, select

from db.tables import Pledge, Role
from db.transactions import reading, transaction
from services import pledges
from tests.pages.conftest import words_on
from ui import navigation

ACCEPT = "care_pledge_accept"


@pytest.fixture
def newcomer(session, world, make_user):
    return make_user(Role.HOMEROOM, name="试新来", pledged=False)


@pytest.mark.parametrize("entry", navigation.existing_entries(), ids=lambda entry: entry.name)
def test_whoever_has_not_accepted_sees_the_pledge_and_no_child(open_page, world, newcomer, entry):
    screen = open_page(entry.name, newcomer)

    assert not screen.exception
    assert not screen.dataframe
    assert not screen.sidebar.get("page_link")
    assert not any(child.name in words_on(screen) for child in world.students)


def test_accepting_leads_home_and_is_kept(open_page, world, newcomer):
    screen = open_page("pledge", newcomer)

    screen.button(key=ACCEPT).click().run()

    assert not screen.exception
    assert screen.sidebar.get("page_link")
    with reading() as session:
        assert session.exec(select(Pledge).where(Pledge.user_id == newcomer.user_id)).one().school_year == 2026


def test_a_wording_changed_while_it_was_read_is_read_again(open_page, world, newcomer):
    screen = open_page("pledge", newcomer)
    with transaction() as session:
        version = pledges.find_wording(session, world.staff[Role.LEAD]).version
        pledges.change_wording(session, world.staff[Role.LEAD], body="新的承诺", version=version)

    screen.button(key=ACCEPT).click().run()

    assert "请再看一遍" in "".join(info.value for info in screen.info)
    assert "新的承诺" in words_on(screen)
    screen.button(key=ACCEPT).click().run()
    with reading() as session:
        assert session.exec(select(Pledge).where(Pledge.user_id == newcomer.user_id)).one()


@pytest.mark.parametrize("role", [Role.ADMIN, Role.FINANCE, Role.SUPERVISOR], ids=lambda role: role.value)
def test_who_sees_no_child_is_not_asked(open_page, world, session, role):
    session.exec(delete(Pledge).where(col(Pledge.user_id) == world.staff[role].user_id))

    assert open_page("home", world.staff[role]).sidebar.get("page_link")
    screen = open_page("pledge", world.staff[role])
    assert "不用承诺" in words_on(screen)
    assert ACCEPT not in [button.key for button in screen.button]


def test_the_lead_words_the_pledge_and_sees_who_is_missing(open_page, world, newcomer):
    screen = open_page("settings", world.staff[Role.LEAD], view="pledge")
    assert "试新来" in words_on(screen)

    screen.text_area(key="pledge_text_body").set_value("新的承诺").run()
    screen.button(key="pledge_text_save").click().run()

    with reading() as session:
        assert pledges.find_wording(session, world.staff[Role.LEAD]).body == "新的承诺"


def test_two_who_word_it_meet(open_page, world):
    screen = open_page("settings", world.staff[Role.ADMIN], view="pledge")
    screen.text_area(key="pledge_text_body").set_value("我的承诺").run()
    with transaction() as session:
        version = pledges.find_wording(session, world.staff[Role.LEAD]).version
        pledges.change_wording(session, world.staff[Role.LEAD], body="别人的承诺", version=version)

    screen.button(key="pledge_text_save").click().run()

    assert "刚改过这一条" in "".join(error.value for error in screen.error)
    assert screen.text_area(key="pledge_text_body").value == "我的承诺"
