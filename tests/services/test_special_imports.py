"""Importing the old ledger of 四特: what it registers, what it never overwrites, and taking it back (G-01, G-02)."""

from datetime import date

import pytest
from sqlmodel import select

from db.sealing import unseal
from db.tables import CategoryKind, FoundBy, ImportKind, Role, SpecialKind, StudentCategory
from services import clock
from services.categories import CategoryDetails, add_category, change_category, details_of
from services.category_lists import list_current_categories
from services.errors import NotAllowed
from services.exchange.reasons import Reason
from services.imports.undoing import UndoBlocked
from services.special_imports import confirm_special, preview_special, read_special
from services.student_imports import MatchedBy, Outcome, StalePreview, list_imports, undo_import
from services.time_line import IMPORTED, list_time_line
from tests.services.test_student_imports import dump

COLUMNS = ["姓名", "学号", "班级", "类别", "具体表现", "等级", "发现时间", "发现途径", "帮扶措施", "变化", "更新日期"]
ROW = {
    "姓名": "江小满", "班级": "七（1）班", "类别": "特殊家庭", "具体表现": "父母离异", "等级": "二级",
    "发现时间": "2025-09-10", "发现途径": "班级排查", "帮扶措施": "每周谈话",
}  # fmt: skip
ENDED = {"变化": "解除", "更新日期": "2026-03-01"}


def preview(session, actor, *rows):
    lines = [COLUMNS, *([(ROW | row).get(column, "") for column in COLUMNS] for row in rows)]
    data = "\n".join(",".join(line) for line in lines).encode()
    return preview_special(session, actor, reading=read_special(data, file_name="四特.csv"))


def take(session, actor, *rows, **options):
    seen = preview(session, actor, *rows)
    return confirm_special(session, actor, preview=seen, file_name="四特.csv", digest="0" * 64, **options)


def only(session, actor, **row):
    (found,) = preview(session, actor, row).matches
    return found


def stored(session):
    return session.exec(select(StudentCategory).order_by(StudentCategory.id)).all()


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD)


@pytest.fixture
def school_class(make_class, term):
    return make_class(7, 1)


@pytest.fixture
def child(make_student, school_class):
    return make_student(in_class=school_class)


def register(session, actor, child, *, level=2, evidence="父母离异\n帮扶措施：每周谈话", day=date(2025, 9, 10)):
    details = CategoryDetails(level=level, evidence=evidence)
    return add_category(
        session, actor, student_id=child.id, kind=CategoryKind.SPECIAL_FAMILY, details=details, from_day=day
    )


def test_a_row_registers_each_kind_with_level_day_and_words_marked_as_entered_later(session, lead, child):
    before = dump(session)
    result = take(session, lead, ROW | {"类别": "特殊家庭、心理", "学号": child.student_no})
    family, mind = stored(session)

    assert (result.created, family.kind, mind.kind) == (
        1, CategoryKind.SPECIAL_FAMILY, CategoryKind.SPECIAL_PSYCHOLOGY,
    )  # fmt: skip
    assert (family.level, family.from_day, family.to_day, family.found_by) == (
        2, date(2025, 9, 10), None, FoundBy.CHECK_ROUND,
    )  # fmt: skip
    assert unseal(family, "evidence_sealed") == "父母离异\n帮扶措施：每周谈话"
    assert all(each.is_imported for each in list_current_categories(session, lead, student_id=child.id))
    lines = [each for each in list_time_line(session, lead, student_id=child.id).rows if each.source == "category"]
    assert {(each.state, str(each.day)) for each in lines} == {(IMPORTED, "2025-09-10")}

    again = take(session, lead, ROW | {"类别": "特殊家庭、心理"}, ROW)
    assert (again.wrote_nothing, again.unchanged, again.rejected) == (True, 1, 0)  # the second only repeats
    undo_import(session, lead, batch_id=result.batch_id)
    assert dump(session) == before


def test_what_no_longer_holds_is_a_stretch_of_days_of_its_own(session, lead, child):
    take(session, lead, ROW | ENDED)
    take(session, lead, ROW | {"发现时间": "2026-09-03"})

    assert [(str(each.from_day), str(each.to_day)) for each in stored(session)] == [
        ("2025-09-10", "2026-03-01"), ("2026-09-03", "None"),
    ]  # fmt: skip
    assert take(session, lead, ROW | ENDED).wrote_nothing
    assert only(session, lead, **ENDED, 发现时间="2025-12-01").shown.reason is Reason.SPECIAL_DIFFERS  # overlaps


def test_what_is_registered_is_never_overwritten(session, lead, child):
    register(session, lead, child)

    assert only(session, lead).shown.outcome is Outcome.UNCHANGED
    assert only(session, lead, 等级="一级").shown.reason is Reason.SPECIAL_DIFFERS
    assert only(session, lead, **ENDED).shown.reason is Reason.SPECIAL_DIFFERS
    kept = only(session, lead, 具体表现="随父亲生活", 发现时间="2025-10-01")
    assert (kept.shown.outcome, kept.remarks) == (Outcome.UNCHANGED, (Reason.SPECIAL_KEPT,))
    assert take(session, lead, ROW | {"等级": "一级"}).rejected == 1


def test_blanks_are_filled_and_stand_as_before_when_it_is_taken_back(session, lead, child):
    register(session, lead, child, level=None, evidence=None)
    (row,) = stored(session)
    before = (row.version, row.level, row.evidence_sealed)
    result = take(session, lead, ROW)
    session.refresh(row)

    assert (result.changed, row.level, unseal(row, "evidence_sealed")) == (1, 2, "父母离异\n帮扶措施：每周谈话")
    assert (row.version, row.from_day) == (2, date(2025, 9, 10))
    undo_import(session, lead, batch_id=result.batch_id)
    session.refresh(row)
    assert (row.version, row.level, row.evidence_sealed) == (3, *before[1:])


def test_the_school_s_own_words_and_kinds_it_no_longer_uses(session, lead, child):
    kinds = {each.kind: each for each in session.exec(select(SpecialKind))}
    kinds[CategoryKind.SPECIAL_CONDUCT].label = "特殊学业"
    kinds[CategoryKind.SPECIAL_PHYSIQUE].is_offered = False
    session.flush()

    seen = preview(session, lead, {"类别": "特殊学业", "等级": "重点关注"}, {"类别": "特异功能"}, {"类别": "特殊体质"})
    assert [each.reason for each in seen.rows] == [None, Reason.SPECIAL_KIND_UNKNOWN, Reason.SPECIAL_KIND_UNKNOWN]
    (new,) = seen.matches[0].new
    assert (new.kind, new.level) == (CategoryKind.SPECIAL_CONDUCT, 1)
    unread = only(session, lead, 等级="待定", 发现时间="")
    assert set(unread.remarks) == {Reason.SPECIAL_LEVEL_UNREADABLE, Reason.SPECIAL_DAY_TODAY}
    assert (unread.new[0].level, unread.new[0].from_day) == (None, clock.today())
    assert unread.new[0].evidence.endswith("等级：待定")


def test_the_same_child_twice_in_one_file(session, lead, child):
    seen = preview(session, lead, ROW, ROW, ROW | {"等级": "一级"}, ROW | {"类别": "特殊心理、没有这一类"})

    assert [each.reason for each in seen.rows] == [
        None, Reason.DUPLICATE, Reason.SPECIAL_DIFFERS, Reason.SPECIAL_KIND_UNKNOWN,
    ]  # fmt: skip
    mixed = preview(session, lead, {"等级": "一级"}, {"类别": "特殊心理、特殊家庭"}, {"类别": "特殊心理"})
    assert [each.reason for each in mixed.rows] == [None, Reason.SPECIAL_DIFFERS, None]  # the second left nothing


def test_whom_a_row_means_and_rows_ticked_off(session, lead, child, make_student, school_class):
    (row,) = preview(session, lead, ROW).rows
    assert (row.matched_by, row.wants_tick) == (MatchedBy.NAME_AND_CLASS, True)
    assert take(session, lead, ROW, ticked=[]).rejected == 1
    assert only(session, lead, 姓名="霍半夏").shown.reason is Reason.STUDENT_NOT_IN_ROSTER
    make_student(in_class=school_class)
    assert only(session, lead).shown.reason is Reason.STUDENT_AMBIGUOUS


def test_an_import_somebody_worked_with_is_not_taken_back(session, lead, child):
    result = take(session, lead, ROW)
    (row,) = stored(session)
    change_category(
        session, lead, student_id=child.id, category_id=row.id, version=1,
        details=CategoryDetails(level=1, evidence=details_of(row).evidence),
    )  # fmt: skip

    with pytest.raises(UndoBlocked) as refused:
        undo_import(session, lead, batch_id=result.batch_id)
    assert [each.name for each in refused.value.rows] == ["江小满"]
    assert [each.created for each in list_imports(session, lead, kind=ImportKind.SPECIAL)] == [1]


def test_a_register_changed_since_the_preview_is_said(session, lead, child):
    seen = preview(session, lead, ROW)
    register(session, lead, child, level=1)

    with pytest.raises(StalePreview) as stale:
        confirm_special(session, lead, preview=seen, file_name="四特.csv", digest="0" * 64)
    assert stale.value.current.rows[0].reason is Reason.SPECIAL_DIFFERS


@pytest.mark.parametrize("role", [Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.ADMIN, Role.LEADERSHIP])
def test_only_the_care_room_imports(session, make_user, role):
    with pytest.raises(NotAllowed):
        preview(session, make_user(role), ROW)
