"""Importing a ledger of left-behind children: who is meant, what is written, and taking it back."""

import json
from pathlib import Path

import pytest
from sqlmodel import func, select

from db.sealing import unseal
from db.tables import (
    CategoryKind,
    EnrolmentState,
    FoundBy,
    Guardian,
    GuardianKind,
    Guardianship,
    ImportBatch,
    ImportKind,
    LeftBehindKind,
    Role,
    Student,
    StudentCategory,
    Whereabouts,
)
from services import student_imports
from services.categories import CategoryDetails, add_category
from services.contact_cards import list_versions
from services.errors import NotAllowed
from services.exchange.reasons import Reason
from services.guardians import GuardianEntry, save_guardian
from services.left_behind_imports import confirm_left_behind, preview_left_behind, read_left_behind
from services.student_imports import MatchedBy, Outcome, StalePreview, UndoBlocked, list_imports, undo_import
from services.student_keys import id_number_hash
from services.students import change_state
from tests.services.children import id_number
from tests.services.test_student_imports import dump

COLUMNS = [
    "姓名", "学号", "身份证号", "班级", "性别", "家庭详细地址", "父亲姓名", "父亲务工单位", "父亲联系电话", "母亲姓名",
    "母亲联系电话", "留守类型", "监护人", "与学生关系", "监护人年龄", "监护人职业", "监护人身体状况", "监护人住址",
    "监护人联系电话", "监护情况", "户口性质", "代理家长", "备注",
]  # fmt: skip
ROW = {"姓名": "江小满", "班级": "七（1）班", "留守类型": "父母均外出"}
FULL = ROW | {
    "家庭详细地址": "望舒镇竹溪村2组9号",
    "父亲姓名": "江远山", "父亲务工单位": "栖云市星河厂", "父亲联系电话": "15400000211",
    "母亲姓名": "林初雪", "母亲联系电话": "不详", "监护人": "顾兰亭", "与学生关系": "外婆", "监护人年龄": "67岁",
    "监护人职业": "无", "监护人身体状况": "良好", "监护人住址": "竹溪村2组9号", "监护人联系电话": "15400000137",
    "监护情况": "一般", "户口性质": "农业", "代理家长": "温如璞", "备注": "寄宿",
}  # fmt: skip
SAMPLES = Path(__file__).parents[1] / "exchange" / "samples"


def ledger(*rows):
    lines = [",".join(COLUMNS), *(",".join((ROW | row).get(column, "") for column in COLUMNS) for row in rows)]
    return read_left_behind("\n".join(lines).encode(), file_name="留守.csv")


def preview(session, actor, *rows):
    return preview_left_behind(session, actor, reading=ledger(*rows))


def take(session, actor, *rows, ticked=None):
    seen = preview(session, actor, *rows)
    return confirm_left_behind(session, actor, preview=seen, ticked=ticked, file_name="留守.csv", digest="0" * 64)


def only(session, actor, **row):
    (found,) = preview(session, actor, row).rows
    return found


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD)


@pytest.fixture
def school_class(make_class, term):
    return make_class(7, 1)


@pytest.fixture
def child(make_student, school_class):
    return make_student(in_class=school_class)


# --- the sample ---


@pytest.fixture
def sampled(session, lead, term):
    roster = student_imports.read_roster((SAMPLES / "roster_grade_messy.xlsx").read_bytes(), file_name="名册.xlsx")
    seen = student_imports.preview_import(session, lead, reading=roster)
    student_imports.confirm_import(session, lead, preview=seen, file_name="名册.xlsx", digest="1" * 64)
    name = "left_behind_ledger.xlsx"
    return read_left_behind((SAMPLES / name).read_bytes(), file_name=name)


def test_the_sample_is_matched_counted_and_stored_row_by_row(session, lead, sampled):
    wanted = json.loads((SAMPLES / "left_behind_ledger.xlsx.json").read_text("utf-8"))
    seen = preview_left_behind(session, lead, reading=sampled)
    counts = seen.summary()

    for key in wanted.keys() - {"file", "records"}:
        assert counts[key] == wanted[key], key
    confirm_left_behind(session, lead, preview=seen, file_name="留守.xlsx", digest="2" * 64)
    stored = dict(
        session.exec(
            select(Student.student_no, StudentCategory.left_behind_kind)
            .join(StudentCategory, StudentCategory.student_id == Student.id)
            .where(StudentCategory.kind == CategoryKind.LEFT_BEHIND)
        ).all()
    )
    assert stored == {record["sno"]: LeftBehindKind(record["left_behind_type"]) for record in wanted["records"]}
    # The roster had some of what the ledger lacks, so the stored cards are never less complete than the list.
    lacking = dict(session.exec(select(Student.student_no, Student.card_missing)).all())
    for record in wanted["records"]:
        assert set(filter(None, lacking[record["sno"]].split(","))) <= set(record["missing_card_fields"])


def test_the_sample_twice_changes_nothing_and_is_taken_back_whole(session, lead, sampled):
    before = dump(session, without={"version", "card_version"})
    seen = preview_left_behind(session, lead, reading=sampled)
    result = confirm_left_behind(session, lead, preview=seen, file_name="留守.xlsx", digest="2" * 64)
    after = dump(session)
    again = preview_left_behind(session, lead, reading=sampled)
    second = confirm_left_behind(session, lead, preview=again, file_name="留守.xlsx", digest="2" * 64)

    assert (result.created, result.changed, result.rejected) == (0, 70, 9)
    assert second.wrote_nothing
    assert dump(session) == after
    undo_import(session, lead, batch_id=result.batch_id)
    assert dump(session, without={"version", "card_version"}) == before


# --- who is meant ---


def test_by_student_number_by_id_number_and_by_name_and_class(session, lead, child):
    child.id_number_hash = id_number_hash(id_number())
    session.flush()

    assert only(session, lead, 学号=child.student_no, 班级="").matched_by is MatchedBy.NUMBER
    assert only(session, lead, 身份证号=id_number(), 班级="").matched_by is MatchedBy.ID
    by_name = only(session, lead)
    assert by_name.matched_by is MatchedBy.NAME_AND_CLASS
    assert by_name.wants_tick


def test_a_number_of_a_child_of_another_name_is_refused(session, lead, child):
    child.id_number_hash = id_number_hash(id_number())
    session.flush()

    assert only(session, lead, 姓名="霍半夏", 身份证号=id_number()).reason is Reason.NAME_ID_MISMATCH
    assert only(session, lead, 姓名="霍半夏", 学号=child.student_no).reason is Reason.NAME_ID_MISMATCH


def test_a_whole_number_nobody_has_means_a_child_without_one(session, lead, child):
    assert only(session, lead, 身份证号=id_number()).matched_by is MatchedBy.NAME_AND_CLASS
    child.id_number_hash = id_number_hash(id_number(order=4))
    session.flush()

    assert only(session, lead, 身份证号=id_number()).reason is Reason.STUDENT_NOT_IN_ROSTER


def test_two_of_one_name_in_a_class_cannot_be_told_by_a_masked_number(session, lead, child, make_student, school_class):
    make_student(in_class=school_class)

    assert only(session, lead).reason is Reason.STUDENT_AMBIGUOUS
    assert only(session, lead, 身份证号="329900********0022").reason is Reason.STUDENT_AMBIGUOUS
    assert only(session, lead, 学号=child.student_no).matched_by is MatchedBy.NUMBER


def test_a_masked_number_that_does_not_fit_the_child_is_refused(session, lead, child):
    from db.sealing import seal

    seal(child, "id_number_sealed", id_number())
    child.id_number_hash = id_number_hash(id_number())
    session.flush()
    fitting = f"{id_number()[:6]}********{id_number()[14:]}"

    assert only(session, lead, 身份证号=fitting).matched_by is MatchedBy.NAME_AND_CLASS
    assert only(session, lead, 身份证号="329902********0022").reason is Reason.NAME_ID_MISMATCH


def test_a_child_that_left_is_in_no_roster(session, lead, child):
    change_state(
        session, lead, student_id=child.id, version=child.version, state=EnrolmentState.TRANSFERRED,
        day=child.recorded_at.date(),
    )  # fmt: skip

    assert only(session, lead, 学号=child.student_no).reason is Reason.STUDENT_NOT_IN_ROSTER


def test_a_second_row_of_the_same_child_is_skipped(session, lead, child):
    seen = preview(session, lead, {}, {"学号": child.student_no})

    assert [row.reason for row in seen.rows] == [None, Reason.DUPLICATE]
    assert seen.summary()["duplicates_skipped"] == 1


def test_what_differs_from_the_roster_is_said_and_the_roster_stays(session, lead, child, make_class):
    make_class(7, 2)
    seen = preview(session, lead, {"学号": child.student_no, "班级": "七（2）班", "性别": "男"})

    assert seen.summary()["imported_with_warning"] == {"roster_differs": 1}
    assert [change.key for change in seen.rows[0].changes] == [
        "category.left_behind",
        "category.left_behind.left_behind_kind",
    ]


# --- what is written ---


def test_a_whole_row_fills_the_card_the_category_and_loses_no_column(session, lead, child):
    result = take(session, lead, FULL)

    assert (result.changed, result.created) == (1, 0)
    session.expire_all()
    assert set(child.card_missing.split(",")) == {"mother_phone", "mother_workplace"}
    row = session.exec(select(StudentCategory)).one()
    assert (row.left_behind_kind, row.guardianship, row.found_by) == (
        LeftBehindKind.BOTH_AWAY, Guardianship.FAIR, FoundBy.LIST,
    )  # fmt: skip
    people = {each.kind: each for each in session.exec(select(Guardian))}
    guardian = people[GuardianKind.ENTRUSTED]
    assert (guardian.name, guardian.relation, guardian.birth_year, guardian.is_primary) == (
        "顾兰亭",
        "外婆",
        1959,
        True,
    )
    assert [unseal(guardian, f"{part}_sealed") for part in ("occupation", "health")] == ["无", "良好"]
    assert people[GuardianKind.FATHER].whereabouts is Whereabouts.AWAY
    assert child.is_rural is True
    assert json.loads(unseal(child, "extra_sealed")) == {"代理家长": "温如璞", "留守台账备注": "寄宿"}
    (batch,) = session.exec(select(ImportBatch)).all()
    assert batch.kind is ImportKind.LEFT_BEHIND


def test_blank_cells_and_words_for_unknown_never_erase(session, lead, child):
    take(session, lead, FULL)
    blanks = {
        name: "不详" for name in FULL if name not in ROW and name not in ("户口性质", "监护情况", "代理家长", "备注")
    }

    (row,) = preview(session, lead, blanks).rows
    assert row.changes == ()


def test_a_change_is_told_field_by_field_with_the_card_before_it_kept(session, lead, child):
    take(session, lead, FULL)
    changed = FULL | {"监护人联系电话": "15400000999", "留守类型": "父亲外出", "监护人年龄": "68"}

    (row,) = preview(session, lead, changed).rows
    told = {change.key: (change.stored, change.new) for change in row.changes}
    take(session, lead, changed)

    assert told == {
        "category.left_behind.left_behind_kind": ("父母都外出", "一方外出"),
        "entrusted.phone": ("15400000137", "15400000999"),
        "mother.whereabouts": ("外出务工", "在家"),
    }
    assert list_versions(session, lead, student_id=child.id)[0].changed == ("guardian_phone", "mother_whereabouts")


def test_the_telephone_of_a_roster_becomes_the_guardian_s(session, lead, child):
    listed = GuardianEntry(kind=GuardianKind.OTHER, phone="15400000137", is_primary=True)
    save_guardian(session, lead, student_id=child.id, entry=listed)
    take(session, lead, FULL | {"监护人联系电话": ""})

    (guardian,) = session.exec(select(Guardian).where(Guardian.kind.not_in([GuardianKind.FATHER, GuardianKind.MOTHER])))
    assert (guardian.kind, guardian.name, unseal(guardian, "phone_sealed")) == (
        GuardianKind.ENTRUSTED, "顾兰亭", "15400000137",
    )  # fmt: skip


def test_a_father_who_looks_after_the_child_is_one_person(session, lead, child):
    take(session, lead, FULL | {"监护人": "江远山", "与学生关系": "父亲", "留守类型": "母亲外出"})

    father = session.exec(select(Guardian).where(Guardian.kind == GuardianKind.FATHER)).one()
    assert (father.birth_year, father.is_primary, father.whereabouts) == (1959, True, Whereabouts.AT_HOME)
    assert session.exec(select(func.count()).select_from(Guardian)).one() == 2


def test_a_kind_already_registered_by_hand_is_filled_in_and_restored_by_undoing(session, lead, child):
    add_category(
        session, lead, student_id=child.id, kind=CategoryKind.LEFT_BEHIND, details=CategoryDetails(),
        from_day=child.recorded_at.date(),
    )  # fmt: skip
    result = take(session, lead, FULL)
    assert session.exec(select(StudentCategory.left_behind_kind)).one() is LeftBehindKind.BOTH_AWAY

    undo_import(session, lead, batch_id=result.batch_id)
    assert session.exec(select(StudentCategory.left_behind_kind)).one() is None


def test_an_edit_since_stands_in_the_way_of_undoing(session, lead, child):
    result = take(session, lead, FULL)
    guardian = session.exec(select(Guardian).where(Guardian.kind == GuardianKind.ENTRUSTED)).one()
    save_guardian(
        session, lead, student_id=child.id, guardian_id=guardian.id, version=guardian.version,
        entry=GuardianEntry(kind=GuardianKind.ENTRUSTED, name="顾兰亭", phone="15400000998"),
    )  # fmt: skip

    with pytest.raises(UndoBlocked):
        undo_import(session, lead, batch_id=result.batch_id)


def test_a_row_somebody_ticked_off_is_left_out(session, lead, child, make_student, school_class):
    other = make_student("霍半夏", in_class=school_class)
    result = take(session, lead, FULL, {"姓名": "霍半夏", "学号": other.student_no}, ticked=[])

    assert (result.changed, result.rejected) == (1, 1)
    assert session.exec(select(StudentCategory.student_id)).all() == [other.id]


def test_a_register_changed_since_the_preview_is_said(session, lead, child):
    seen = preview(session, lead, FULL)
    take(session, lead, FULL)

    with pytest.raises(StalePreview) as stale:
        confirm_left_behind(session, lead, preview=seen, file_name="留守.csv", digest="0" * 64)
    assert stale.value.current.count(Outcome.UNCHANGED) == 1


def test_lists_of_both_kinds_stand_apart(session, lead, child):
    take(session, lead, FULL)

    assert list_imports(session, lead) == []
    assert len(list_imports(session, lead, kind=ImportKind.LEFT_BEHIND)) == 1


@pytest.mark.parametrize("role", [Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.ADMIN, Role.LEADERSHIP])
def test_only_the_care_room_imports(session, make_user, role):
    with pytest.raises(NotAllowed):
        preview(session, make_user(role), FULL)
