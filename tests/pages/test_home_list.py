"""Home's list: the first rows at once, every row reachable, as many open after a reload."""

from db.tables import Role
from tests.pages.conftest import OpenPage, World, commit
from tests.services.intake_makers import register

MANY = 34


def rows_of(screen) -> int:
    return sum((each.key or "").startswith("home_assess_") for each in screen.button)


def test_a_long_list_shows_the_gravest_first_and_the_rest_on_a_click(open_page: OpenPage, world: World, session):
    counsellor = world.staff[Role.COUNSELLOR]
    for _ in range(MANY):
        register(session, counsellor, student_id=world.students[0].id)
    commit(session)

    screen = open_page("home", counsellor)
    more = screen.button(key="home_more")
    left = int("".join(filter(str.isdecimal, more.label)))
    shown = rows_of(screen)
    more.click().run()

    assert not screen.exception
    assert rows_of(screen) == shown + left
    assert [each.key for each in screen.button if each.key == "home_more"] == []
    again = open_page("home", counsellor, rows=60)
    assert rows_of(again) == shown + left
