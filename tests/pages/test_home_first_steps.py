"""Home of a lead whose school has only been set up."""

from datetime import date

import pytest

from db.tables import Role, Term, Urgency
from tests.pages.conftest import OpenPage, World, commit, words_on
from tests.services.intake_makers import register


@pytest.fixture
def new_lead(session, make_user):
    """A lead with a term and nothing else: just set up."""
    lead = make_user(Role.LEAD)
    session.add(Term(school_year=2026, number=1, first_day=date(2026, 9, 1), last_day=date(2027, 1, 22)))
    commit(session)
    return lead


def test_a_new_lead_reads_what_to_do_first(open_page: OpenPage, new_lead):
    screen = open_page("home", new_lead)

    assert not screen.exception
    words = words_on(screen)
    places = [words.index(part) for part in ("写上学期的起止日子", "导入学生名册", "加上心理教师")]
    assert places == sorted(places)
    assert "现在没有要做的事" not in words
    acts = {button.key: button.label for button in screen.button if str(button.key).startswith("home_first_")}
    assert acts == {"home_first_roster": "去导入", "home_first_staff": "去加人"}  # the term is there already


@pytest.mark.parametrize(("act", "title"), [("roster", "导入名册"), ("staff", "账号")])
def test_each_step_leads_to_its_page(open_page: OpenPage, new_lead, act, title):
    screen = open_page("home", new_lead)

    screen.button(key=f"home_first_{act}").click().run()

    assert [each.value for each in screen.title] == [title]


@pytest.mark.parametrize("role", [Role.LEAD, Role.COUNSELLOR, Role.ADMIN])
def test_a_school_at_work_is_spared(open_page: OpenPage, world: World, role):
    assert "先做这三步" not in words_on(open_page("home", world.staff[role]))


def test_a_child_in_danger_stands_above_the_steps(open_page: OpenPage, session, new_lead):
    register(session, new_lead, student_id=None, child_label="谷雨", urgency=Urgency.DANGER)
    commit(session)

    words = words_on(open_page("home", new_lead))

    assert words.index("有危险") < words.index("先做这三步")
