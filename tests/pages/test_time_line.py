"""The time line on a child's page: filtered in the address, one click to the record, and few statements."""

import pytest

from bench.counting import counted
from bench.figures import STATEMENTS_LIMIT
from db import engine
from db.tables import CareKind, CareRecord, Role
from services import clock
from tests.pages.conftest import OpenPage, World, commit, words_on
from tests.services.intake_makers import register
from tests.services.test_records import SECRET, write

TAB = {"child_tab": "时间线"}
READERS = [Role.LEAD, Role.COUNSELLOR, Role.HOMEROOM, Role.SUBJECT_TEACHER]


@pytest.fixture
def child(session, world: World) -> int:
    """江小满, referred by the counsellor, talked with by the homeroom teacher, and counselled."""
    homeroom, counsellor, made = world.staff[Role.HOMEROOM], world.staff[Role.COUNSELLOR], world.students[0]
    register(session, counsellor, student_id=made.id)
    write(session, homeroom, made)
    write(session, counsellor, made, kind=CareKind.COUNSELLING)
    commit(session)
    return made.id


def openings(screen) -> list:
    return [each for each in screen.button if (each.key or "").startswith("line_")]


@pytest.mark.parametrize("role", READERS)
def test_everybody_reads_what_is_theirs_and_opens_it_with_one_click(open_page: OpenPage, world, child, role):
    screen = open_page("child", world.staff[role], student=child, **TAB)

    words = words_on(screen)
    assert not screen.exception
    assert SECRET not in words
    assert ("谈心谈话" in words, "心理辅导" in words, "受理" in words) == ((role is not Role.SUBJECT_TEACHER,) * 3)
    assert len(openings(screen)) == {Role.LEAD: 4, Role.COUNSELLOR: 4, Role.HOMEROOM: 3, Role.SUBJECT_TEACHER: 1}[role]
    if role is Role.HOMEROOM:
        talk = next(each for each in openings(screen) if "record" in each.key)
        talk.click().run()
        assert SECRET in words_on(screen)  # it is this reader's own


def test_a_kind_is_chosen_in_the_address_and_stays(open_page: OpenPage, world, child):
    screen = open_page("child", world.staff[Role.LEAD], student=child, kind="counselling", **TAB)
    assert len(openings(screen)) == 1

    screen.pills(key="child_line_kind").set_value("talk").run()
    assert screen.query_params["kind"] in ("talk", ["talk"])
    screen.pills(key="child_line_kind").set_value(None).run()
    assert "kind" not in screen.query_params
    assert len(openings(screen)) == 4


def test_what_stands_on_the_page_itself_is_opened_there(open_page: OpenPage, world, child):
    screen = open_page("child", world.staff[Role.LEAD], student=child, kind="class", **TAB)

    openings(screen)[0].click().run()

    assert not screen.exception
    assert "班级和学籍" in words_on(screen)


def test_three_hundred_lines_ask_no_more_than_few(open_page: OpenPage, session, world, child):
    for _ in range(300):
        session.add(
            CareRecord(
                student_id=child, kind=CareKind.TALK, day=clock.today(), recorded_at=clock.now(),
                author_id=world.staff[Role.HOMEROOM].user_id,
            )
        )  # fmt: skip
    screen = open_page("child", world.staff[Role.COUNSELLOR], student=child, **TAB)
    with counted(engine.runtime().engine) as tally:
        screen.run()

    assert "304 件，第 1 页，共 16 页" in words_on(screen).replace("\\", "")
    assert tally.total <= STATEMENTS_LIMIT
