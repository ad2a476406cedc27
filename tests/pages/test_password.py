"""One's own password."""

import pytest

from db.tables import AppUser, Role
from db.transactions import reading
from services import passwords
from tests.conftest import PASSWORD
from tests.pages.conftest import OpenPage, World, words_on


def fill(screen, old=PASSWORD, new="Xin-mima-2027", again=None):
    screen.text_input(key="care_password_old_password").set_value(old)
    screen.text_input(key="care_password_new_password").set_value(new)
    screen.text_input(key="care_password_again").set_value(new if again is None else again)
    return screen.button(key="care_password_save").click().run()


def stored_hash(actor) -> str:
    with reading() as session:
        return session.get_one(AppUser, actor.user_id).password_hash


def test_a_new_password_counts_at_once_and_leads_home(open_page: OpenPage, world: World):
    mentor = world.staff[Role.MENTOR]

    screen = fill(open_page("password", mentor))

    assert not screen.exception
    assert screen.title[0].value == "工作台"
    assert passwords.matches("Xin-mima-2027", stored_hash(mentor))


def test_a_first_password_must_be_changed_before_anything_else(open_page: OpenPage, world: World, session):
    lead = world.staff[Role.LEAD]
    session.get_one(AppUser, lead.user_id).must_change_password = True
    screen = open_page("home", lead)
    assert screen.title[0].value == "先换一个自己的密码"
    assert not screen.sidebar.get("page_link")
    assert "care_password_sign_out" in {button.key for button in screen.button}

    fill(screen)

    assert screen.title[0].value == "工作台"
    assert screen.sidebar.get("page_link")


def test_who_must_change_the_password_may_sign_out_instead(open_page: OpenPage, world: World, session):
    lead = world.staff[Role.LEAD]
    session.get_one(AppUser, lead.user_id).must_change_password = True

    screen = open_page("home", lead)
    screen.button(key="care_password_sign_out").click().run()

    assert not screen.exception
    assert "先换一个自己的密码" not in words_on(screen)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"old": "cuowu-mima"}, "原来的密码不对。再错 4 次"),
        ({"old": ""}, "这一项要填"),
        ({"new": ""}, "这一项要填"),
        ({"new": "好" * 24 + "x"}, "密码太长了"),
        ({"new": "a" * 73}, "密码太长了"),
        ({"new": "duan1"}, "密码太短了"),
        ({"new": "aaaaaaaaaa"}, "太好猜"),
        ({"new": PASSWORD}, "和原来的密码一样"),
        ({"again": "Bie-de-2027"}, "两次写的不一样"),
        ({"new": "x" * 10_000}, "密码太长了"),
        ({"old": "' OR 1=1 --"}, "原来的密码不对"),
    ],
)
def test_a_password_that_can_t_be_used_is_told_at_its_field(open_page: OpenPage, world: World, typed, sentence):
    mentor = world.staff[Role.MENTOR]

    screen = fill(open_page("password", mentor), **typed)

    assert not screen.exception
    assert sentence in words_on(screen)
    assert passwords.matches(PASSWORD, stored_hash(mentor))


def test_guessing_the_old_password_runs_into_the_waiting(open_page: OpenPage, world: World):
    screen = open_page("password", world.staff[Role.MENTOR])
    for _ in range(5):
        fill(screen, old="cuowu-mima")

    fill(screen)

    assert "试的次数多了" in screen.error[0].value
