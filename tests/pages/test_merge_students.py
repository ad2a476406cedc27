"""Merging two entries on screen: finding the other, comparing, the last question, and where the old address leads."""

from datetime import date

import pytest
from sqlmodel import select

from db.tables import GuardianKind, Role, Student
from db.transactions import reading, transaction
from services import drafts, guardians, merges
from services.guardians import GuardianEntry
from tests.pages.conftest import OpenPage, World, commit, words_on
from ui.forms import CHANGED_SINCE
from ui.messages import CANNOT_BE_SEEN
from ui.problems import SENTENCES
from ui.session import NOT_FOR_YOU


@pytest.fixture
def double(session, world: World, make_student) -> int:
    """江小满 once more, under another number."""
    child = make_student("江小满", student_no="D000009", birth_day=date(2013, 5, 22))
    commit(session)
    return child.id or 0


def opened(open_page: OpenPage, world: World, double: int, role: Role = Role.LEAD):
    return open_page("merge_students", world.staff[role], student=world.students[0].id, other=double)


def form_of(world: World, double: int) -> str:
    return f"merge_form_{world.students[0].id}_{double}"


def press(screen, key: str):
    return screen.button(key=key).click().run()


def merged_into(double: int) -> int | None:
    with reading() as session:
        return session.get_one(Student, double).merged_into_id


def test_the_child_s_page_leads_there(open_page: OpenPage, world: World, double):
    keys = {
        role: {button.key for button in open_page("child", world.staff[role], student=world.students[0].id).button}
        for role in (Role.LEAD, Role.COUNSELLOR, Role.HOMEROOM)
    }

    assert [role for role, found in keys.items() if "child_merge" in found] == [Role.LEAD]


def test_a_namesake_is_offered_and_compared(open_page: OpenPage, world: World, double):
    screen = open_page("merge_students", world.staff[Role.LEAD], student=world.students[0].id)
    press(screen, f"merge_alike_{double}")

    assert not screen.exception
    assert [radio.label for radio in screen.radio] == ["出生日期", "学号"]
    assert str(double) in screen.query_params["other"]


def test_it_asks_before_and_then_it_is_done(open_page: OpenPage, world: World, session, double):
    guardians.save_guardian(
        session, world.staff[Role.LEAD], student_id=double, entry=GuardianEntry(kind=GuardianKind.FATHER, name="江远山")
    )
    commit(session)
    kept, form = world.students[0].id, form_of(world, double)
    screen = opened(open_page, world, double)
    press(screen, f"{form}_ask")  # told at once what is missing: the last question comes last
    assert SENTENCES["one_child_tick"] in words_on(screen)
    assert "合并以后分不开" not in words_on(screen)
    assert merged_into(double) is None

    screen.checkbox(key=f"{form}_is_one_child").check()
    screen.radio(key=f"{form}_student_no").set_value("other")
    press(screen, f"{form}_ask")
    assert "合并以后分不开" in words_on(screen)
    assert merged_into(double) is None
    press(screen, "merge_confirmed")

    assert not screen.exception
    assert merged_into(double) == kept
    with reading() as reader:
        assert reader.get_one(Student, kept).student_no == "D000009"
    old = open_page("child", world.staff[Role.HOMEROOM], student=double)
    assert [title.value for title in old.title] == ["江小满"]
    assert "和另一份合并了" in words_on(old)
    assert "江远山" in words_on(old) + str([table.value.to_dict() for table in old.table])


def test_keeping_both_merges_nothing(open_page: OpenPage, world: World, double):
    form = form_of(world, double)
    screen = opened(open_page, world, double)
    screen.checkbox(key=f"{form}_is_one_child").check()
    press(screen, f"{form}_ask")
    press(screen, "merge_keep")

    assert merged_into(double) is None


def test_what_changed_meanwhile_is_looked_at_anew(open_page: OpenPage, world: World, double):
    form = form_of(world, double)
    screen = opened(open_page, world, double)
    screen.checkbox(key=f"{form}_is_one_child").check()
    press(screen, f"{form}_ask")
    with transaction() as session:
        child = session.exec(select(Student).where(Student.id == double)).one()
        child.ethnicity, child.version = "苗", child.version + 1
        session.add(child)

    press(screen, "merge_confirmed")
    assert merged_into(double) is None
    assert "民族" in [radio.label for radio in screen.radio]
    screen.checkbox(key=f"{form}_is_one_child").check()
    press(screen, f"{form}_ask")
    press(screen, "merge_confirmed")

    assert merged_into(double) == world.students[0].id


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.HOMEROOM, Role.ADMIN])
def test_others_do_not_get_there(open_page: OpenPage, world: World, double, role):
    assert [error.value for error in opened(open_page, world, double, role).error] == [NOT_FOR_YOU]


@pytest.mark.parametrize("number", ["999999", "itself"])
def test_nothing_to_merge_with_is_said(open_page: OpenPage, world: World, number):
    child = world.students[0].id
    other = child if number == "itself" else number
    screen = open_page("merge_students", world.staff[Role.LEAD], student=child, other=other)

    assert [error.value for error in screen.error] == [CANNOT_BE_SEEN]


def test_what_was_half_changed_of_either_is_shown_beside_the_record_of_the_kept_one(
    open_page: OpenPage, world: World, session, double
):
    lead, kept = world.staff[Role.LEAD], world.students[0].id or 0
    for child, fields in ((kept, {"note": "换了照看的人"}), (double, {"note": "外婆住院", "residence": "归云村"})):
        content = {"version": 1, "fields": fields}
        drafts.save_draft(session, lead, form="student_edit", subject=f"student:{child}", content=content)
    shown = merges.compare_entries(session, lead, kept_id=kept, other_id=double)
    merges.merge_entries(
        session, lead, kept_id=kept, other_id=double, digest=shown.digest, choices={}, is_one_child=True
    )
    commit(session)

    screen = open_page("student_edit", lead, student=kept)

    assert not screen.exception
    assert CHANGED_SINCE in [error.value for error in screen.error]
    form = f"student_edit_{kept}"
    assert screen.text_area(key=f"{form}_note").value == "换了照看的人"
    assert screen.text_input(key=f"{form}_residence").value == "归云村"
    assert "有 1 处两份学生条目里写得不一样" in words_on(screen)
    screen.button(key=f"{form}_keep_mine").click().run()
    screen.button(key=f"{form}_save").click().run()
    with reading() as reader:
        assert drafts.list_drafts(reader, lead, form="student_edit") == []
