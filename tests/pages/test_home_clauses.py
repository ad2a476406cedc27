"""Home's lines of what the clauses ask: each opens where it is done; the badge in the menu counts the steps alone."""

from datetime import date, timedelta

import pytest

from db.tables import (
    CategoryKind,
    ClauseSwitch,
    Helper,
    HelperKind,
    Pairing,
    PairingRole,
    Role,
    StudentCategory,
)
from services import clock
from services import home as home_service
from services.duties import DutyGroup
from services.regulations import kept_results
from tests.conftest import NOW
from tests.pages.conftest import OpenPage, World, commit, words_on
from tests.services.intake_makers import register

SINCE = date(2026, 9, 1)


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    kept_results.forget_all()


@pytest.fixture
def left_behind(world: World, session) -> World:
    """J-01, J-10 and J-13 count since September; nobody helps the first child, which is left behind."""
    clock.set_fixed(NOW + timedelta(days=7))
    for clause_id in ("J-01", "J-10", "J-13"):
        session.add(ClauseSwitch(clause_id=clause_id, number=1, is_on=True, from_day=SINCE, set_at=clock.now()))
    session.add(
        StudentCategory(
            student_id=world.students[0].id, kind=CategoryKind.LEFT_BEHIND, from_day=SINCE, recorded_at=clock.now()
        )
    )
    commit(session)
    return world


def pair(session, world: World, role: Role) -> None:
    helper = Helper(
        kind=HelperKind.STAFF, user_id=world.staff[role].user_id, capacity=15, from_day=SINCE, recorded_at=clock.now()
    )
    session.add(helper)
    session.flush()
    session.add(
        Pairing(
            student_id=world.students[0].id, helper_id=helper.id, role=PairingRole.MENTOR, from_day=SINCE,
            recorded_at=clock.now(),
        )
    )  # fmt: skip
    commit(session)


def test_a_child_without_anybody_is_found_somebody_where_pairs_are_made(open_page: OpenPage, left_behind: World):
    screen = open_page("home", left_behind.staff[Role.HOMEROOM])

    assert screen.button(key="home_clause_J-01").label == "去结对"
    screen.button(key="home_clause_J-01").click().run()

    assert not screen.exception
    assert [each.value for each in screen.title] == ["结对帮扶"]
    assert screen.query_params["group"] == "left_behind"
    assert "江小满" in screen.dataframe[0].value.to_string()


def test_what_only_the_clause_s_list_tells_opens_that(open_page: OpenPage, left_behind: World):
    screen = open_page("home", left_behind.staff[Role.HOMEROOM])

    screen.button(key="home_clause_J-10").click().run()

    assert [each.value for each in screen.title] == ["条款 J\\-10"]
    assert "江小满" in screen.dataframe[0].value.to_string()


@pytest.mark.parametrize("role", [Role.HOMEROOM, Role.COUNSELLOR, Role.MENTOR])
def test_what_a_pair_owes_is_written_down_among_the_own_children(
    open_page: OpenPage, left_behind: World, session, role: Role
):
    pair(session, left_behind, role)

    screen = open_page("home", left_behind.staff[role])
    screen.button(key="home_clause_J-13").click().run()

    assert not screen.exception
    assert [each.value for each in screen.title] == ["我结对的孩子"]
    assert "江小满" in words_on(screen)


def test_the_clauses_stay_one_click_away(open_page: OpenPage, left_behind: World):
    screen = open_page("home", left_behind.staff[Role.HOMEROOM])
    leads = [each for each in screen.button if each.label == "看条款"]

    assert len(leads) == 1
    leads[0].click().run()

    assert [each.value for each in screen.title] == ["制度执行"]


def test_the_badge_in_the_menu_is_what_home_s_list_calls_late_and_home_says_what_it_leaves_out(
    open_page: OpenPage, left_behind: World, session
):
    counsellor = left_behind.staff[Role.COUNSELLOR]
    for _ in range(2):
        register(session, counsellor, student_id=left_behind.students[0].id)
    pair(session, left_behind, Role.COUNSELLOR)
    clock.set_fixed(NOW + timedelta(days=11))

    home = open_page("home", counsellor)

    counts = home.segmented_control(key="home_view").options
    [menu] = [each.proto.label for each in home.sidebar.get("page_link") if "工作台" in each.proto.label]
    late = len([each for each in home_service.list_duties(session, counsellor) if each.group is DutyGroup.LATE])
    assert late > 0
    assert f"逾期 {late}" in menu
    assert f"逾期 {late}" in counts
    assert "不算在左边菜单" in words_on(home)
