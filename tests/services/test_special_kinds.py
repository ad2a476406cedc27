"""The kinds of 四特 in the school's own words: renamed everywhere, retired for new children only."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlmodel import select

from db.tables import CategoryKind, ClassMembership, Role
from db.transactions import reading, transaction
from services import categories, check_rounds, check_sheets, special_kinds, student_exports, student_files
from services.categories import CategoryDetails
from services.errors import EditedMeanwhile, FieldErrors, NotFound
from services.student_exports import ExportPurpose
from services.student_lists import StudentFilters
from tests.conftest import codes
from ui.categories import category_words

CONDUCT = CategoryKind.SPECIAL_CONDUCT


@pytest.fixture
def lead(make_user, term):
    return make_user(Role.LEAD, name="何知微")


@pytest.fixture
def child(session, lead, make_class, make_student):
    """A child registered under 特殊言行."""
    found = make_student(in_class=make_class(7, 3))
    register(session, lead, found)
    return found


def register(session, actor, child, kind=CONDUCT):
    return categories.add_category(
        session, actor, student_id=child.id, kind=kind, details=CategoryDetails(level=2), from_day=date(2026, 9, 7)
    )


def kind_of(session, actor, kind=CONDUCT):
    return next(each for each in special_kinds.list_special_kinds(session, actor) if each.kind is kind)


def change(session, actor, *, label="特殊行为", is_offered=True, kind=CONDUCT, version=None):
    found = kind_of(session, actor, kind)
    special_kinds.change_special_kind(
        session, actor, kind_id=found.id, version=version or found.version, label=label, is_offered=is_offered
    )


def test_the_four_are_there_as_shipped(session, lead):
    assert [each.label for each in special_kinds.list_special_kinds(session, lead)] == [
        "特殊家庭", "特殊体质", "特殊心理", "特殊言行",
    ]  # fmt: skip


def test_a_new_word_stands_on_file_check_and_export_also_for_what_was_registered_before(session, lead, child):
    check_rounds.open_round(session, lead)
    change(session, lead)

    [entry] = student_files.find_student(session, lead, student_id=child.id).categories
    sheet = check_sheets.find_sheet(session, lead, class_id=session_class(session, child))
    exported = (
        student_exports.export_students(
            session, lead, filters=StudentFilters(), form="csv", purpose=ExportPurpose.CHECK
        )
        .content()
        .decode("utf-8-sig")
    )

    assert entry.kind is CONDUCT
    assert "特殊行为" in category_words(entry)
    assert [line.kind_name for line in sheet.lines] == ["特殊行为"]
    assert sheet.kinds[CONDUCT] == "特殊行为"
    assert "特殊行为" in exported
    assert "特殊言行" not in exported


def session_class(session, child):
    return session.exec(select(ClassMembership.class_id).where(ClassMembership.student_id == child.id)).one()


def test_a_retired_kind_takes_no_new_child_and_keeps_the_ones_it_has(session, lead, child, make_student):
    change(session, lead, label="特殊言行", is_offered=False)

    with pytest.raises(FieldErrors) as refused:
        register(session, lead, make_student())

    assert codes(refused) == {"kind": "kind_retired"}
    assert CONDUCT not in special_kinds.list_offered_kinds(session, lead)
    assert CategoryKind.LEFT_BEHIND in special_kinds.list_offered_kinds(session, lead)
    assert len(student_files.find_student(session, lead, student_id=child.id).categories) == 1
    change(session, lead, label="特殊言行", is_offered=True)
    register(session, lead, make_student())


@pytest.mark.parametrize(
    ("label", "code"),
    [("", "required"), (" \u3000", "required"), ("长" * 41, "too_long"), ("特殊家庭", "taken"), ("留守", "taken")],
    ids=["blank", "only blanks", "too long", "another kind's", "another category's"],
)
def test_a_word_that_cannot_be_is_said_under_the_field(session, lead, label, code):
    with pytest.raises(FieldErrors) as refused:
        change(session, lead, label=label)

    assert codes(refused) == {"label": code}


def test_two_kinds_never_have_one_word(session, lead):
    change(session, lead, label="自己的叫法")

    with pytest.raises(FieldErrors) as refused:
        change(session, lead, label="自己的叫法", kind=CategoryKind.SPECIAL_FAMILY)

    assert codes(refused) == {"label": "taken"}


def test_the_slower_of_two_editors_is_told(session, lead):
    change(session, lead, version=1)

    with pytest.raises(EditedMeanwhile) as refused:
        change(session, lead, label="又一个", version=1)

    assert refused.value.current.label == "特殊行为"
    with pytest.raises(NotFound):
        special_kinds.change_special_kind(session, lead, kind_id=99, version=1, label="x", is_offered=True)


def test_of_two_at_once_one_gets_a_word(location, session, lead):
    session.commit()

    def rename(kind):
        try:
            with transaction() as own:
                change(own, lead, label="同一个叫法", kind=kind)
        except FieldErrors:
            return "taken"
        return "saved"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(rename, [CONDUCT, CategoryKind.SPECIAL_FAMILY])) == ["saved", "taken"]
    with reading() as other:
        assert sum(each.label == "同一个叫法" for each in special_kinds.list_special_kinds(other, lead)) == 1
