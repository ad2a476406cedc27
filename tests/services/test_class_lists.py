"""The five lists of a class: what stands in them, for whom, and that they carry who made them (E-10)."""

from datetime import date
from io import BytesIO
from types import SimpleNamespace

import pytest
from python_calamine import CalamineWorkbook

from db.audit_chain import COLLECTED
from db.tables import CategoryKind, CheckResult, Gender, Guardian, GuardianKind, LeftBehindKind, Role, StudentCategory
from services import categories, check_returns, check_rounds, class_lists, promises
from services.check_returns import CheckAnswer
from services.errors import FieldErrors, NotAllowed, NotFound
from services.student_exports import ExportPurpose
from tests.conftest import codes

SHEETS = ["留守儿童档案", "联系卡", "统计表", "基本情况登记", "手拉手登记"]


@pytest.fixture
def school(session, term, make_user, make_class, make_student):
    one, two = make_class(7, 1), make_class(7, 2)
    lead = make_user(Role.LEAD)
    child = make_student("江小满", in_class=one)
    boy = make_student("霍半夏", in_class=one, gender=Gender.MALE)
    other = make_student("柳立夏", in_class=two)
    rows = [
        categories.add_category(
            session, lead, student_id=each.id, kind=CategoryKind.LEFT_BEHIND,
            details=categories.CategoryDetails(level=2), from_day=date(2026, 9, 1),
        )
        for each in (child, other)
    ]  # fmt: skip
    session.get(StudentCategory, rows[0]).left_behind_kind = LeftBehindKind.BOTH_AWAY
    session.add(Guardian(student_id=child.id, kind=GuardianKind.FATHER, name="=HYPERLINK(1)"))
    session.flush()
    return SimpleNamespace(
        one=one, two=two, lead=lead, child=child, boy=boy, category=rows[0],
        teacher=make_user(Role.HOMEROOM, name="周砚田", homeroom_of=one),
    )  # fmt: skip


def export(session, actor, class_id=None, purpose=ExportPurpose.REGISTER_BOOK):
    return class_lists.export_class_lists(session, actor, class_id=class_id, purpose=purpose)


def opened(lists):
    book = CalamineWorkbook.from_filelike(BytesIO(lists.content()))
    return {
        name: [[None if cell == "" else cell for cell in line] for line in book.get_sheet_by_name(name).to_python()]
        for name in book.sheet_names
    }


def row_of(book, sheet, name):
    lines = book[sheet]
    line = next(line for line in lines if name in line)
    return dict(zip(lines[0], line, strict=True))


def test_the_five_lists_are_five_sheets_of_one_file(session, school):
    book = opened(export(session, school.lead, school.one.id))

    assert list(book) == SHEETS
    assert row_of(book, "留守儿童档案", "江小满")["留守情况"] == "父母都外出"
    assert row_of(book, "手拉手登记", "江小满")["手拉手的同学或老师"] is None
    assert all("柳立夏" not in str(book[name]) for name in SHEETS)


def test_the_lists_know_what_was_kept(session, school):
    check_rounds.open_round(session, school.lead)
    check_returns.return_check(
        session, school.teacher, class_id=school.one.id, version=0, has_asked_others=True,
        answers=[CheckAnswer(category_id=school.category, version=1, result=CheckResult.UNCHANGED)],
    )  # fmt: skip
    promises.record_promise(
        session, school.teacher, student_id=school.child.id, signed_on=date(2026, 9, 5), signer="江远山"
    )

    line = row_of(opened(export(session, school.teacher, school.one.id)), "留守儿童档案", "江小满")

    assert line["承诺书"] == "已交"
    assert line["最近一次核对"] == date(2026, 11, 20)


def test_the_statistics_count_what_the_other_lists_show(session, school):
    book = opened(export(session, school.lead))
    lines = book["统计表"]
    by_class = {line[0]: dict(zip(lines[0], line, strict=True)) for line in lines[1:4]}

    assert {name: (row["在册人数"], row["留守"], row["父母都外出"]) for name, row in by_class.items()} == {
        "七（1）班": (2, 1, 1), "七（2）班": (1, 1, 0), "合计": (3, 2, 1),
    }  # fmt: skip
    assert by_class["合计"]["情况没写"] == 1


def test_formulas_are_text_and_the_maker_stands_below(session, school):
    book = opened(export(session, school.teacher, school.one.id))

    assert row_of(book, "联系卡", "江小满")["父亲姓名"] == "'=HYPERLINK(1)"
    for name in SHEETS:
        assert any("周砚田于 2026-11-20 09:41 导出" in str(line[0]) for line in book[name])


def test_what_leaves_is_noted_with_its_purpose(session, school):
    export(session, school.teacher, school.one.id)

    note = session.info[COLLECTED][-1]
    assert (note.action, note.details["list"], note.details["purpose"], note.details["count"]) == (
        "export.made", "class_lists", "register_book", 1,
    )  # fmt: skip


def test_a_homeroom_teacher_exports_the_own_class_only(session, school):
    assert export(session, school.teacher).children == 1
    with pytest.raises(NotFound):
        export(session, school.teacher, school.two.id)


def test_a_purpose_is_asked(session, school):
    with pytest.raises(FieldErrors) as refused:
        export(session, school.lead, purpose=None)

    assert codes(refused) == {"purpose": "required"}


@pytest.mark.parametrize("role", [Role.SUBJECT_TEACHER, Role.MENTOR, Role.LEADERSHIP, Role.ADMIN])
def test_others_may_not(session, school, make_user, role):
    with pytest.raises(NotAllowed):
        export(session, make_user(role))


def test_a_school_without_left_behind_children_gets_empty_lists(session, term, make_user, make_class, make_student):
    make_student(in_class=make_class(8, 1))

    book = opened(export(session, make_user(Role.LEAD)))

    assert list(book) == SHEETS
    assert book["留守儿童档案"][1][0] is None


def test_the_lists_take_as_many_statements_for_many(session, school, make_student, statements):
    export(session, school.lead)
    few = len(statements)
    for place in range(30):
        child = make_student(f"试{place}", in_class=school.one)
        session.add(StudentCategory(student_id=child.id, kind=CategoryKind.LEFT_BEHIND, from_day=date(2026, 9, 1),
                                    recorded_at=child.recorded_at))  # fmt: skip
    session.flush()
    statements.clear()

    assert export(session, school.lead).children == 32
    assert len(statements) == few <= 10
