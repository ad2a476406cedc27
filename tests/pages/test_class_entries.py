"""The table of a class's entries, and what of it is shown on the child's page."""

from datetime import date

import pytest
from sqlmodel import select

from db.tables import Consent, ConsentAnswer, FamilyEconomy, ParentsPromise, Role, StudyLevel, Term, TermEntry
from db.transactions import reading, transaction
from services import drafts, merges, term_entries
from services.term_entries import EntryInput, EntryRow, EntryValues
from tests.pages.conftest import OpenPage, World, commit, words_on
from ui import entry_drafts, entry_table
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


def test_what_is_known_of_the_family_stands_beside_them_and_where_a_plan_is_written(
    open_page: OpenPage, world: World, session
):
    child = world.students[0]
    screen = child_page(open_page, world, Role.HOMEROOM, "学期记录")
    assert "还没有问过" in words_on(screen)
    screen.button(key="child_family").click().run()
    form = f"child_family_form_{child.id}"
    screen.button(key=f"{form}_save").click().run()
    assert "这一项要填" in words_on(screen) or "这一项请选一个" in words_on(screen)
    screen.session_state[f"{form}_economy"] = FamilyEconomy.POOR
    screen.text_area(key=f"{form}_needs").set_value("数学要补 <b>")
    screen.button(key=f"{form}_save").click().run()

    assert not screen.exception
    assert "经济**困难**" in words_on(screen)
    assert "数学要补" in words_on(open_page("plan_edit", world.staff[Role.LEAD], student=child.id, kind="care"))


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


# What is typed outlives the tab


def term_of(session, year=2026):
    return session.exec(select(Term.id).where(Term.school_year == year)).one()


def draft(session, world, child, cells, *, version=0, owner=Role.HOMEROOM):
    subject = entry_drafts.subject_of(world.school_class.id, term_of(session))
    content = {str(child.id): {"version": version, "cells": cells}}
    drafts.save_draft(session, world.staff[owner], form=entry_drafts.FORM, subject=subject, content=content)
    commit(session)


def kept(actor):
    with reading() as session:
        return drafts.list_drafts(session, actor, form=entry_drafts.FORM)


def test_what_was_typed_is_offered_again_and_saved(open_page: OpenPage, world: World, session):
    child, homeroom = world.students[0], world.staff[Role.HOMEROOM]
    draft(session, world, child, {"study": "良", "height_cm": 150, "checked_up_on": "2026-10-09"})

    screen = open_page("class_entries", homeroom)
    row = list(screen.dataframe[0].value["name"]).index(child.name)
    assert screen.dataframe[0].value["height_cm"][row] == 150
    assert "改了 1 人，还没保存" in words_on(screen)
    assert "草稿已在 09:41 保存" in words_on(screen)
    screen.button(key="entries_save").click().run()

    assert not screen.exception
    [saved] = entries()
    assert (saved.student_id, saved.study, saved.height_cm) == (child.id, StudyLevel.GOOD, 150)
    assert kept(homeroom) == []


def test_it_is_thrown_away_when_not_wanted(open_page: OpenPage, world: World, session):
    draft(session, world, world.students[0], {"study": "良"})
    screen = open_page("class_entries", world.staff[Role.HOMEROOM])

    screen.button(key="entries_cancel").click().run()

    assert not screen.exception
    assert "还没保存" not in words_on(screen)
    assert kept(world.staff[Role.HOMEROOM]) == []
    assert entries() == []


def test_it_stays_with_who_typed(open_page: OpenPage, world: World, session):
    draft(session, world, world.students[0], {"study": "良"})

    screen = open_page("class_entries", world.staff[Role.LEAD])

    assert "还没保存" not in words_on(screen)
    assert screen.button(key="entries_save").disabled


def test_it_never_lands_on_another_class_or_term_but_says_where_it_is(
    open_page: OpenPage, world: World, session, make_class, make_student
):
    other = make_class(7, 4)
    make_student("陆青黛", in_class=other)
    session.add(Term(school_year=2025, number=2, first_day=date(2026, 2, 23), last_day=date(2026, 7, 3)))
    session.flush()
    here, earlier = term_of(session), term_of(session, 2025)
    draft(session, world, world.students[0], {"study": "良"}, owner=Role.LEAD)

    for class_id, term_id in ((other.id, here), (world.school_class.id, earlier)):
        screen = open_page("class_entries", world.staff[Role.LEAD], **{"class": class_id, "term": term_id})
        assert screen.button(key="entries_save").disabled
        assert "还有写了没保存的：七（3）班（2026–2027学年第一学期）" in words_on(screen)


def test_a_child_who_left_the_class_is_left_out(open_page: OpenPage, world: World, session, make_student):
    draft(session, world, make_student("陆青黛"), {"study": "良"})

    screen = open_page("class_entries", world.staff[Role.HOMEROOM])

    assert not screen.exception
    assert screen.button(key="entries_save").disabled


def test_a_row_saved_by_somebody_else_since_is_shown_with_both(open_page: OpenPage, world: World, session):
    child = world.students[0]
    draft(session, world, child, {"study": "待及格"})
    term_entries.save_class_entries(
        session, world.staff[Role.LEAD], class_id=world.school_class.id, term_id=term_of(session),
        rows=[EntryInput(student_id=child.id, version=0, values=EntryValues(study=StudyLevel.GOOD))],
    )  # fmt: skip
    commit(session)
    screen = open_page("class_entries", world.staff[Role.HOMEROOM])

    screen.button(key="entries_save").click().run()

    assert "别人刚改过江小满" in screen.error[0].value
    assert [row.study for row in entries()] == [StudyLevel.GOOD]
    assert len(kept(world.staff[Role.HOMEROOM])) == 1


def test_a_draft_of_another_version_of_the_program_breaks_nothing(open_page: OpenPage, world: World, session):
    draft(session, world, world.students[0], {"unknown": 1, "study": "没有这一项"})

    assert not open_page("class_entries", world.staff[Role.HOMEROOM]).exception


def test_what_has_no_row_any_more_is_counted_and_can_be_thrown_away(open_page: OpenPage, world: World, session):
    """Cells of a child that left, or typed for both of two entries that became one (0020: nothing goes unsaid)."""
    homeroom = world.staff[Role.HOMEROOM]
    subject = entry_drafts.subject_of(world.school_class.id, term_of(session))
    content = {
        "999999": {"version": 0, "cells": {"note": "孩子的话", "study": "良"}},
        str(world.students[0].id): {"version": 0, "cells": {"height_cm": 150}},
    }
    drafts.save_draft(session, homeroom, form=entry_drafts.FORM, subject=subject, content=content)
    commit(session)

    screen = open_page("class_entries", homeroom)
    assert not screen.exception
    assert "有 2 处放不回来" in words_on(screen)
    screen.button(key="entries_cancel").click().run()

    assert "放不回来" not in words_on(screen)
    assert kept(homeroom) == []


def test_a_draft_goes_with_the_entry_that_was_merged(open_page: OpenPage, world: World, session, make_student):
    lead, homeroom = world.staff[Role.LEAD], world.staff[Role.HOMEROOM]
    child, double = world.students[0], make_student("江小满", in_class=world.school_class)
    draft(session, world, double, {"height_cm": 151})
    shown = merges.compare_entries(session, lead, kept_id=child.id, other_id=double.id)
    merges.merge_entries(
        session, lead, kept_id=child.id, other_id=double.id, digest=shown.digest, choices={}, is_one_child=True
    )
    commit(session)

    screen = open_page("class_entries", homeroom)
    screen.button(key="entries_save").click().run()

    assert not screen.exception
    [saved] = entries()
    assert (saved.student_id, saved.height_cm) == (child.id, 151)
