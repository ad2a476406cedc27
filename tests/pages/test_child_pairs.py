"""结对 on a child's page: who helps, for whoever reads the child's pairs, and the way to where pairs are changed."""

from datetime import date

import pytest

from bench.counting import counted
from bench.figures import STATEMENTS_LIMIT
from db import engine
from db.tables import Helper, HelperKind, Pairing, PairingRole, Role
from services import clock
from tests.pages.conftest import OpenPage, World, commit, words_on

TAB = {"child_tab": "结对"}


@pytest.fixture
def paired(session, world: World) -> Pairing:
    helper = Helper(
        kind=HelperKind.PARTY_CADRE, name="试干部", capacity=3, from_day=date(2026, 9, 1), recorded_at=clock.now()
    )
    session.add(helper)
    session.flush()
    found = Pairing(
        student_id=world.students[0].id, helper_id=helper.id, role=PairingRole.PARTY_CADRE,
        from_day=date(2026, 9, 1), recorded_at=clock.now(),
    )  # fmt: skip
    session.add(found)
    commit(session)
    return found


@pytest.mark.parametrize("role", [Role.LEAD, Role.COUNSELLOR, Role.HOMEROOM])
def test_who_reads_the_pairs_sees_them_and_opens_one(open_page: OpenPage, world: World, paired: Pairing, role: Role):
    screen = open_page("child", world.staff[role], student=world.students[0].id, **TAB)

    assert not screen.exception
    assert "党员干部：试干部" in words_on(screen)
    screen.button(key=f"child_pair_{paired.id}").click().run()
    assert screen.query_params["pair"] == str(paired.id)


@pytest.mark.parametrize("role", [Role.SUBJECT_TEACHER, Role.MENTOR])
def test_who_does_not_read_them_has_no_such_tab(open_page: OpenPage, world: World, paired: Pairing, role: Role):
    screen = open_page("child", world.staff[role], student=world.students[0].id, **TAB)

    assert "结对" not in {tab.label for tab in screen.tabs}
    assert "试干部" not in words_on(screen)


def test_a_child_with_nobody_is_said_to_have_nobody(open_page: OpenPage, world: World, paired: Pairing):
    screen = open_page("child", world.staff[Role.LEAD], student=world.students[1].id, **TAB)

    assert "现在没有人和这个孩子结对" in words_on(screen)


def test_the_tab_asks_no_more_than_any_page_may(open_page: OpenPage, session, world: World, paired: Pairing):
    screen = open_page("child", world.staff[Role.LEAD], student=world.students[0].id, **TAB)  # noted once

    with counted(engine.runtime().engine) as tally:
        screen.run()

    assert "党员干部：试干部" in words_on(screen)
    assert tally.total <= STATEMENTS_LIMIT
