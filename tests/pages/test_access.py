"""Every page, every role and nobody at all: what the menu offers, what opens, and what stays out of sight."""

import pytest
from sqlmodel import col, delete
from streamlit.testing.v1 import AppTest

from db.tables import AppUser, Role, RoleGrant
from services import sign_in
from tests.conftest import token_for
from tests.pages.conftest import OpenPage, World, commit
from tests.roles import may_open
from ui import navigation
from ui.navigation import PageEntry
from ui.session import NOT_FOR_YOU

ENTRIES = navigation.existing_entries()
TOP_BAR = {"care_find", "care_hide"}
each_page = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
each_role = pytest.mark.parametrize("role", Role, ids=lambda role: role.value)


def offered(screen: AppTest) -> list[str]:
    """The addresses in the menu; home's is empty."""
    return [link.proto.page or navigation.HOME for link in screen.sidebar.get("page_link")]


def drawn_by_the_page(screen: AppTest) -> list[str]:
    """What stands in the main part beside the top bar, by kind."""
    elements = (node for node in screen.main if not hasattr(node, "children"))
    return [element.type for element in elements if getattr(element, "key", None) not in TOP_BAR]


@each_role
def test_the_menu_offers_what_the_role_may_open_and_nothing_else(open_page: OpenPage, world: World, role: Role):
    screen = open_page("home", world.staff[role])

    assert offered(screen) == [entry.name for entry in ENTRIES if entry.section and may_open(role, entry)]


@each_role
@each_page
def test_a_page_opens_for_who_may_and_is_not_there_for_others(
    open_page: OpenPage, world: World, role: Role, entry: PageEntry
):
    screen = open_page(entry.name, world.staff[role])

    assert not screen.exception
    if may_open(role, entry):
        assert NOT_FOR_YOU not in [error.value for error in screen.error]
        assert drawn_by_the_page(screen)
    else:
        assert [error.value for error in screen.error] == [NOT_FOR_YOU]
        assert drawn_by_the_page(screen) == ["error"]


@each_page
def test_a_page_shows_only_the_sign_in_form_to_a_visitor(open_page: OpenPage, world: World, entry: PageEntry):
    screen = open_page(entry.name)

    assert not screen.exception
    assert [button.label for button in screen.button] == ["登录"]
    assert [field.label for field in screen.text_input] == ["账号", "密码"]
    assert [title.value for title in screen.title] == ["关爱室"]
    assert not screen.sidebar.get("page_link")
    assert not screen.dataframe
    assert not screen.error


@each_page
def test_somebody_without_a_role_sees_nothing(open_page: OpenPage, world: World, make_user, session, entry: PageEntry):
    nobody = make_user(Role.MENTOR, name="试无岗位")
    session.exec(delete(RoleGrant).where(col(RoleGrant.user_id) == nobody.user_id))

    screen = open_page(entry.name, nobody)

    assert not screen.exception
    assert not screen.dataframe
    if entry.permissions:
        assert [error.value for error in screen.error] == [NOT_FOR_YOU]


def test_nothing_of_the_last_person_stays_when_another_signs_in_in_the_same_tab(
    open_page: OpenPage, world: World, session
):
    lead, mentor = world.staff[Role.LEAD], world.staff[Role.MENTOR]
    screen = open_page("intake", lead)
    screen.text_area(key="intake_facts").set_value("只有负责人写过的话").run()
    sign_in.end_sessions_of(session, lead.user_id or 0)
    token = token_for(session, mentor)
    commit(session)

    screen.session_state["care_token"] = token
    screen.run()

    assert not screen.exception
    assert not screen.text_area(key="intake_facts").value


@each_page
def test_a_first_password_lets_nobody_past_its_page(open_page: OpenPage, world: World, session, entry: PageEntry):
    lead = world.staff[Role.LEAD]
    session.get_one(AppUser, lead.user_id).must_change_password = True

    screen = open_page(entry.name, lead)

    assert not screen.exception
    assert not screen.dataframe
    assert not screen.sidebar.get("page_link")
