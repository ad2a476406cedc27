"""The table of a class's entries, and what of it is shown on the child's page."""

from datetime import date

import pytest
from sqlmodel import select

from db.tables import Consent, ConsentAnswer, ParentsPromise, Role, StudyLevel, TermEntry
from db.transactions import reading, transaction
from services import term_entries
from services.term_entries import EntryInput, EntryRow, EntryValues
from tests.pages.conftest import OpenPage, World, commit, words_on
from ui import entry_table
from ui.problems import SENTENCES


def typed(monkeypatch, edits):
    """AppTest can't type into a table: what the browser would have sent stands here."""
    monkeypatch.setattr(entry_table, "_typed", lambda _key: edits)


def entries():
    with reading() as session:
        return session.exec(select(TermEntry).order_by(TermEntry.id)).all()


@pytest.mark.parametrize("role", [Role.LEAD, Role.COUNSELLOR, Role.HOMEROOM])
def test_the_class_stands_in_a_table(open_page: OpenPage, world: World, role):
    screen = open_page("class_entries", world.staff[role])

    assert not screen.exception
    assert list(screen.dataframe[0].value["name"]) == ["霍半夏", "江小满", "孟紫苏"]
    assert screen.button(key="entries_save").disabled
    assert "3 人，3 人还没记学业" in words_on(screen)


def test_what_was_typed_is_saved_as_a_whole(open_page: OpenPage, world: World, monkeypatch):
    screen = open_page("class_entries", world.staff[Role.HOMEROOM])
    typed(monkeypatch, {0: {"study": "良", "height_cm": 150.0, "checked_up_on": "2026-10-09"}, 2: {"health": "一般"}})
    screen.run()
    screen.button(key="entries_save").click().run()

    assert not screen.exception
    first, second = sorted(entries(), key=lambda row: row.study is None)
    assert (first.study, first.height_cm, first.checked_up_on) == (StudyLevel.GOOD, 150, date(2026, 10, 9))
    assert second.study is None


def test_a_refusal_names_child_and_column(open_page: OpenPage, world: World, monkeypatch):
    screen = open_page("class_entries", world.staff[Role.HOMEROOM])
    typed(monkeypatch, {1: {"height_cm": 15}})
    screen.run()
    screen.button(key="entries_save").click().run()

    assert "江小满，身高：要在 60 到 230 之间" in screen.error[0].value
    assert entries() == []


def test_the_slower_of_two_sees_both_and_decides(open_page: OpenPage, world: World, monkeypatch):
    child = world.students[0].id
    screen = open_page("class_entries", world.staff[Role.HOMEROOM])
    typed(monkeypatch, {1: {"study": "待及格"}})
    screen.run()
    with reading() as session:
        terms = term_entries.list_entry_terms(session, world.staff[Role.LEAD])
    with transaction() as other:
        term_entries.save_class_entries(
            other, world.staff[Role.LEAD], class_id=world.school_class.id, term_id=terms[0].id,
            rows=[EntryInput(student_id=child, version=0, values=EntryValues(study=StudyLevel.GOOD))],
        )  # fmt: skip

    screen.button(key="entries_save").click().run()
    assert "别人刚改过江小满" in screen.error[0].value
    assert [row.study for row in entries()] == [StudyLevel.GOOD]

    screen.button(key="entries_mine").click().run()
    screen.button(key="entries_save").click().run()
    assert not screen.exception
    assert [row.study for row in entries()] == [StudyLevel.BELOW]


def test_inputs_are_read_by_position_in_what_was_drawn():
    rows = [EntryRow(5, 2, "江小满", EntryValues(study=StudyLevel.GOOD, note="旧"), None)]

    found = entry_table.inputs(rows, {0: {"study": None, "weight_kg": 40.5}, 7: {"note": "不在表里"}})

    assert found == [
        EntryInput(student_id=5, version=2, values=EntryValues(weight_kg=40.5, note="旧")),
    ]


# --- the child's page --------------------------------------------------------------------------------------


def child_page(open_page, world, role, tab):
    screen = open_page("child", world.staff[role], student=world.students[0].id)
    screen.session_state["child_tab"] = tab
    return screen.run()


def test_the_years_stand_on_the_childs_page(open_page: OpenPage, world: World, session):
    terms = term_entries.list_entry_terms(session, world.staff[Role.LEAD])
    term_entries.save_class_entries(
        session, world.staff[Role.LEAD], class_id=world.school_class.id, term_id=terms[0].id,
        rows=[EntryInput(student_id=world.students[0].id, version=0,
                         values=EntryValues(study=StudyLevel.GOOD, weight_kg=43.5, note="这学期爱说话了"))],
    )  # fmt: skip
    commit(session)

    words = words_on(child_page(open_page, world, Role.HOMEROOM, "学期记录")).replace("\\", "")

    assert "学业良，体重 43.5 公斤" in words
    assert "这学期爱说话了" in words


def test_a_subject_teacher_has_neither_entries_nor_consents(open_page: OpenPage, world: World):
    screen = open_page("child", world.staff[Role.SUBJECT_TEACHER], student=world.students[0].id)

    assert not {"学期记录", "同意和承诺"} & {tab.label for tab in screen.tabs}


def test_a_consent_is_recorded(open_page: OpenPage, world: World):
    screen = child_page(open_page, world, Role.HOMEROOM, "同意和承诺")
    form = f"child_consent_form_{world.students[0].id}_photo"
    screen.button(key="child_consent_photo").click().run()
    screen.button(key=f"{form}_save").click().run()
    assert SENTENCES["required"] in " ".join(each.value for each in screen.markdown)

    screen.session_state[f"{form}_answer"] = ConsentAnswer.REFUSED
    screen.text_input(key=f"{form}_by_whom").set_value("母亲")
    screen.button(key=f"{form}_save").click().run()

    assert not screen.exception
    with reading() as session:
        assert session.exec(select(Consent)).one().answer is ConsentAnswer.REFUSED
    assert "不同意" in words_on(screen)


def test_a_promise_is_recorded(open_page: OpenPage, world: World):
    screen = child_page(open_page, world, Role.HOMEROOM, "同意和承诺")
    form = f"child_promise_form_{world.students[0].id}"
    screen.button(key="child_promise").click().run()
    screen.text_input(key=f"{form}_signer").set_value("江远山")
    screen.button(key=f"{form}_save").click().run()

    assert not screen.exception
    with reading() as session:
        assert session.exec(select(ParentsPromise)).one()
    assert "江远山" in words_on(screen)
