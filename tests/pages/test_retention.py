"""The page of records that have reached their term: who sees what, asking, the second yes, carrying on."""

from datetime import date

import pytest
from sqlmodel import func, select

from db.tables import AppUser, EnrolmentState, RetentionHold, RetentionItem, Role, Student
from db.transactions import reading, transaction
from services import retention
from tests.pages.conftest import OpenPage, World, commit, words_on


@pytest.fixture
def left(world: World, session) -> World:
    """Two of the three left long ago; the leader gives second yeses."""
    session.get_one(AppUser, world.staff[Role.LEADERSHIP].user_id).is_protection_leader = True
    for child in world.students[:2]:
        child.state, child.left_on = EnrolmentState.GRADUATED, date(2022, 7, 1)
        session.add(child)
    commit(session)
    return world


def children() -> int:
    with reading() as session:
        return int(session.exec(select(func.count()).select_from(Student)).one())


def ask(left: World) -> int:
    lead = left.staff[Role.LEAD]
    with transaction() as session:
        return retention.propose_run(session, lead, digest=retention.find_retention(session, lead).digest)


def test_nothing_due_says_so(open_page: OpenPage, world: World):
    screen = open_page("retention", world.staff[Role.LEAD])

    assert "没有到期要清的记录" in words_on(screen)


def test_the_lead_sees_names_and_others_numbers(open_page: OpenPage, left: World):
    assert "江小满" in words_on(open_page("retention", left.staff[Role.LEAD]))
    for role in (Role.ADMIN, Role.LEADERSHIP):
        words = words_on(open_page("retention", left.staff[role]))
        assert "到期 2 个孩子：整个档案 几个（不显示），其中有受理、个案的 几个（不显示）；要留着 0 个" in words
        assert "江小满" not in words
        assert "最多再留 30 天" in words


def test_that_nobody_can_say_yes_is_said(open_page: OpenPage, left: World, session):
    session.get_one(AppUser, left.staff[Role.LEADERSHIP].user_id).is_protection_leader = False
    commit(session)
    screen = open_page("retention", left.staff[Role.LEAD])

    assert "没有第二个人能点头（现在没有定）" in words_on(screen)
    assert "retention_propose" not in {button.key for button in screen.button}


def test_one_asks_and_another_says_yes(open_page: OpenPage, left: World):
    screen = open_page("retention", left.staff[Role.LEAD])
    screen.button(key="retention_propose").click().run()
    screen.button(key="retention_propose_dialog_save").click().run()
    assert "等第二个人点头" in words_on(screen)
    assert "retention_agree" not in {button.key for button in screen.button}

    second = open_page("retention", left.staff[Role.LEADERSHIP])
    second.button(key="retention_agree").click().run()
    second.button(key="retention_agree_dialog_1_save").click().run()

    assert not second.exception
    assert children() == 1
    assert "清过一次：2 个孩子的记录" in words_on(second)


def test_a_new_record_refuses_the_yes(open_page: OpenPage, left: World):
    ask(left)
    screen = open_page("retention", left.staff[Role.LEADERSHIP])
    screen.button(key="retention_agree").click().run()
    with transaction() as session:
        retention.hold_child(session, left.staff[Role.LEAD], student_id=left.students[0].id or 0, reason="法院还在审")

    screen.button(key="retention_agree_dialog_1_save").click().run()

    assert "看过以后又有新的记录" in screen.error[0].value
    assert children() == 3


def test_what_was_broken_off_goes_on(open_page: OpenPage, left: World):
    run = ask(left)
    with transaction() as session:
        retention.agree_run(session, left.staff[Role.LEADERSHIP], run_id=run, version=1)
        retention.remove_next(session, left.staff[Role.LEADERSHIP], run_id=run)

    screen = open_page("retention", left.staff[Role.LEAD])
    assert "还没有清完" in words_on(screen)
    screen.button(key="retention_go_on").click().run()

    assert not screen.exception
    assert children() == 1
    with reading() as session:
        assert {item.state.value for item in session.exec(select(RetentionItem))} == {"removed"}


def test_a_child_is_kept_with_its_reason_and_let_go_again(open_page: OpenPage, left: World):
    child = left.students[0].id
    screen = open_page("retention", left.staff[Role.LEAD])
    screen.button(key=f"retention_hold_dialog_{child}").click().run()
    screen.button(key=f"retention_hold_dialog_{child}_save").click().run()
    assert "这一项要填" in words_on(screen)
    screen.text_input(key=f"retention_hold_dialog_{child}_reason").set_value("法院还在审")
    screen.button(key=f"retention_hold_dialog_{child}_save").click().run()
    assert "负责人要留着" in words_on(screen)

    screen.button(key=f"retention_lift_dialog_{child}").click().run()
    screen.button(key="retention_lift_save").click().run()
    with reading() as session:
        assert session.exec(select(RetentionHold)).one().lifted_at is not None


def test_asking_is_taken_back(open_page: OpenPage, left: World):
    ask(left)
    screen = open_page("retention", left.staff[Role.ADMIN])
    screen.button(key="retention_withdraw").click().run()
    screen.button(key="retention_withdraw_save").click().run()

    assert not screen.exception
    assert "等第二个人点头" not in words_on(screen)
