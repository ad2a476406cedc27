"""The documents page: what is missing, filing, opening, looking through, and what each role sees."""

from datetime import date

import pytest
from sqlmodel import select

from db.tables import AuditEvent, Document, Role
from db.transactions import reading
from services import documents
from services.document_kinds import DocumentState
from services.documents import DocumentEntry
from tests.pages.conftest import OpenPage, World, commit, words_on
from tests.services.files import DOCX, PDF


@pytest.fixture
def plan(world: World, session) -> Document:
    entry = DocumentEntry("emergency_plan", "应急预案（2026 年）", date(2026, 9, 1))
    found = documents.file_document(session, world.staff[Role.LEAD], entry=entry, content=PDF)
    commit(session)
    return found


def shown(screen, column: str) -> list[object]:
    return list(screen.dataframe[0].value[column])


def test_what_is_missing_stands_first_with_who_answers_for_it(open_page: OpenPage, world: World, plan):
    screen = open_page("documents", world.staff[Role.LEAD])

    assert shown(screen, "state")[0] == ["✕ 缺"]
    assert "应急预案" in shown(screen, "kind")[-2:]
    assert "六有 0 / 6" in words_on(screen)


def test_the_states_filter_the_table(open_page: OpenPage, world: World, plan):
    screen = open_page("documents", world.staff[Role.LEAD])

    screen.button_group(key="documents_states").set_value([DocumentState.CURRENT]).run()

    assert shown(screen, "kind") == ["应急预案"]


def test_a_document_is_filed_in_a_dialog_and_refused_at_its_field(open_page: OpenPage, world: World):
    screen = open_page("documents", world.staff[Role.LEAD])
    screen.button(key="documents_file").click().run()
    screen.button(key="document_new_save").click().run()
    assert [words_on(screen).count(each) for each in ("这一项要填", "这一项请选一个")] == [1, 1]
    screen.selectbox(key="document_new_kind").set_value("rules").run()
    screen.text_input(key="document_new_title").set_value("值班制度").run()
    screen.button(key="document_new_save").click().run()
    assert "还没有选文件" in words_on(screen)

    screen.file_uploader[0].set_value(("页面.pdf", b"<html>", "application/pdf")).run()
    screen.button(key="document_new_save").click().run()
    assert "内容和名字对不上，可能坏了" in words_on(screen)
    assert "请另存成其中一种" not in words_on(screen)
    assert screen.text_input(key="document_new_title").value == "值班制度"

    screen.file_uploader[0].set_value(("原名.docx", DOCX, "application/octet-stream")).run()
    screen.button(key="document_new_save").click().run()

    assert not screen.exception
    assert "值班制度" in words_on(screen)
    assert "原名" not in words_on(screen)
    with reading() as session:
        assert session.exec(select(Document.title)).all() == ["值班制度"]


def test_one_click_notes_that_it_was_looked_through(open_page: OpenPage, world: World, plan):
    screen = open_page("documents", world.staff[Role.LEADERSHIP], kind="emergency_plan")

    screen.button(key=f"document_look_{plan.id}").click().run()

    assert "11月20日看过" in words_on(screen)
    assert screen.button(key=f"document_look_{plan.id}").disabled


def test_a_new_edition_leaves_the_old_one_to_be_opened(open_page: OpenPage, world: World, plan):
    screen = open_page("documents", world.staff[Role.LEAD], kind="emergency_plan")
    screen.button(key=f"document_edition_{plan.id}").click().run()
    form = f"document_edition_of_{plan.id}"
    assert screen.text_input(key=f"{form}_title").value == "应急预案（2026 年）"
    screen.file_uploader[0].set_value(("x.pdf", PDF, "application/pdf")).run()

    screen.button(key=f"{form}_save").click().run()

    assert not screen.exception
    assert "旧的一版" in words_on(screen)
    assert screen.button(key=f"document_open_{plan.id}")


def test_opening_gives_the_file_and_leaves_one_event(open_page: OpenPage, world: World, plan):
    screen = open_page("documents", world.staff[Role.MENTOR], kind="emergency_plan")
    screen.button(key=f"document_open_{plan.id}").click().run()
    screen.run()
    assert screen.get("download_button")

    screen.button(key="document_close").click().run()

    with reading() as session:
        events = session.exec(select(AuditEvent).where(AuditEvent.action == "document.opened")).all()
    assert [(event.target_id, event.actor_id) for event in events] == [(plan.id, world.staff[Role.MENTOR].user_id)]


def test_a_mistake_is_taken_away_after_asking(open_page: OpenPage, world: World, plan):
    screen = open_page("documents", world.staff[Role.LEAD], kind="emergency_plan")
    screen.button(key=f"document_withdraw_{plan.id}").click().run()

    screen.button(key="document_withdraw_confirm").click().run()

    assert "还没有存过" in words_on(screen)


@pytest.mark.parametrize("role", [Role.HOMEROOM, Role.FINANCE, Role.MENTOR])
def test_others_read_the_rules_and_change_nothing(open_page: OpenPage, world: World, plan, role: Role):
    screen = open_page("documents", world.staff[role], kind="emergency_plan")

    assert "活动记录" not in shown(screen, "kind")
    keys = {button.key for button in screen.button}
    assert f"document_open_{plan.id}" in keys
    assert not keys & {"documents_file", f"document_look_{plan.id}", f"document_withdraw_{plan.id}"}


def test_a_kind_that_isn_t_theirs_opens_from_no_address(open_page: OpenPage, world: World, session):
    entry = DocumentEntry("feedback", "家长来信", date(2026, 10, 1))
    found = documents.file_document(session, world.staff[Role.LEAD], entry=entry, content=PDF)

    screen = open_page("documents", world.staff[Role.MENTOR], kind="feedback")

    assert "家长来信" not in words_on(screen)
    assert all(button.key != f"document_open_{found.id}" for button in screen.button)


def test_the_page_takes_twelve_statements_at_most(open_page: OpenPage, world: World, plan, statements):
    screen = open_page("documents", world.staff[Role.LEAD], kind="emergency_plan")
    statements.clear()

    screen.run()

    queries = [each for each in statements if each != "BEGIN"]
    assert len(queries) <= 12, "\n\n".join(queries)
