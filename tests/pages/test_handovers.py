"""The page of archives handed over: who may, making a package whose password is shown once, up to the receipt."""

from datetime import date

import pytest
from sqlmodel import select

from db.tables import (
    AppUser,
    CategoryKind,
    EnrolmentState,
    HandoverPackage,
    HandoverReason,
    HandoverWay,
    Role,
    StudentCategory,
)
from db.transactions import reading
from services import archives, clock
from services.exchange.packages import open_package
from services.handover_rules import path_of
from tests.pages.conftest import OpenPage, World, commit, words_on

MAKE, NOT_NEEDED = "handover_make", "handover_not_needed"


@pytest.fixture
def left(world: World, session) -> World:
    """Two of the three graduated yesterday; all have an archive."""
    archives.begin_archives(session, world.staff[Role.LEAD], student_ids=[each.id for each in world.students])
    for child in world.students[:2]:
        child.state, child.left_on = EnrolmentState.GRADUATED, clock.today()
        session.add(child)
    commit(session)
    return world


def package() -> HandoverPackage:
    with reading() as session:
        return session.exec(select(HandoverPackage)).one()


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.HOMEROOM, Role.ADMIN, Role.LEADERSHIP, Role.MENTOR])
def test_it_is_the_head_s_page(open_page: OpenPage, left: World, role):
    words = words_on(open_page("handovers", left.staff[role]))

    assert all(child.name not in words for child in left.students)


def test_nobody_to_hand_over_says_so(open_page: OpenPage, world: World):
    screen = open_page("handovers", world.staff[Role.LEAD])

    assert not screen.exception
    assert "没有要移交的档案" in words_on(screen)


def test_from_the_list_to_the_receipt(open_page: OpenPage, left: World):
    lead = left.staff[Role.LEAD]
    screen = open_page("handovers", lead)
    assert not screen.exception
    screen.button(key=MAKE).click().run()
    form = f"{MAKE}_form_0"
    assert screen.button(key=f"{form}_save").label == "做包"  # for nobody yet
    screen.button(key=f"{form}_save").click().run()
    assert "请选，至少选一项" in words_on(screen)
    names = screen.multiselect(key=f"{form}_student_ids").options
    screen.multiselect(key=f"{form}_student_ids").set_value(names).run()
    screen.pills(key=f"{form}_reason").set_value(HandoverReason.GRADUATION).run()
    screen.text_input(key=f"{form}_to").set_value("栖云高中 杜仲老师").run()
    screen.button(key=f"{form}_save").click().run()

    assert not screen.exception
    password = screen.code[0].value
    assert len(open_package(path_of(package().uid), password=password).files) >= 5
    screen.button(key="handover_noted").click().run()
    assert password not in words_on(screen)
    assert not screen.code

    number = package().id
    screen.button(key="handover_handed").click().run()
    form = f"handover_handed_form_{number}"
    screen.pills(key=f"{form}_way").set_value(HandoverWay.BY_HAND)
    screen.text_input(key=f"{form}_receiver").set_value("杜仲")
    screen.button(key=f"{form}_save").click().run()
    screen.button(key="handover_receipt").click().run()
    form = f"handover_receipt_form_{number}"
    screen.text_input(key=f"{form}_receipt").set_value("杜仲签收").run()
    screen.button(key=f"{form}_save").click().run()

    assert not screen.exception
    assert "有回执" in words_on(screen)
    assert not path_of(package().uid).exists()
    screen = open_page("archives", lead, student=left.students[0].id)
    assert "已移交，对方签收了" in words_on(screen)


def test_somebody_else_is_asked_that_an_archive_need_not_be_handed_over(open_page: OpenPage, left: World, session):
    child, lead = left.students[0], left.staff[Role.LEAD]
    session.add(
        StudentCategory(
            student_id=child.id, kind=CategoryKind.SPECIAL_FAMILY, from_day=date(2026, 3, 1), recorded_at=clock.now()
        )
    )
    commit(session)
    screen = open_page("handovers", lead)
    screen.button(key=NOT_NEEDED).click().run()
    assert "现在没有人能答复" in words_on(screen)  # the only head can't say yes to what they ask themselves
    session.get_one(AppUser, left.staff[Role.LEADERSHIP].user_id).is_protection_leader = True
    commit(session)

    screen = open_page("handovers", lead)
    screen.button(key=NOT_NEEDED).click().run()
    form = f"{NOT_NEEDED}_form"
    assert len(screen.selectbox(key=f"{form}_student_id").options) == 1
    screen.selectbox(key=f"{form}_student_id").select(child.id)
    screen.button(key=f"{form}_save").click().run()
    assert "这一项要填" in words_on(screen)
    screen.text_input(key=f"{form}_reason").set_value("跟父母出国了")
    screen.button(key=f"{form}_save").click().run()

    assert not screen.exception
    assert "已请第二个人同意" in words_on(screen)
    assert "不用移交，等第二个人同意" in screen.dataframe[0].value.to_string()
    assert NOT_NEEDED not in [each.key for each in screen.button]  # nobody is left to ask for


def test_a_wrong_address_is_refused(open_page: OpenPage, left: World):
    screen = open_page("handovers", left.staff[Role.LEAD], package=99)

    assert not screen.exception
    assert len(screen.error) or "没有" in words_on(screen)
