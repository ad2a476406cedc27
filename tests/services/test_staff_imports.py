"""Importing staff: accounts with first passwords, existing ones completed, nothing twice, nothing half."""

import time

import pytest
from sqlmodel import col, func, select

from db.sealing import unseal
from db.tables import AppUser, AuditEvent, ClassTeacher, ClassTeacherKind, Post, PostHolder, Role, RoleGrant
from db.transactions import reading, transaction
from services import accounts, passwords, posts, sign_in, staff_imports
from services.exchange.reasons import Reason
from services.imports.matching import Outcome
from services.staff_imports import StaleStaffPreview
from services.staff_slips import write_slips
from tests.conftest import NOW

HEADER = "姓名,工号,电话,班主任班级,任教班级,岗位"


@pytest.fixture(autouse=True)
def _term(term):
    return term


@pytest.fixture
def admin(make_user):
    return make_user(Role.ADMIN)


def list_of(*lines):
    content = "\n".join([HEADER, *lines]).encode()
    return staff_imports.read_staff(content, file_name="教职工.csv")


def preview_of(session, actor, *lines):
    return staff_imports.preview_staff(session, actor, reading=list_of(*lines))


def imported(session, actor, *lines):
    preview = preview_of(session, actor, *lines)
    prepared = passwords.first_passwords(preview.count(Outcome.NEW))
    return staff_imports.confirm_staff(session, actor, preview=preview, prepared=prepared)


def user_called(session, name):
    return session.exec(select(AppUser).where(AppUser.display_name == name)).one()


def reasons(preview):
    return {plan.position: plan.reason for plan in preview.plans if plan.reason}


def test_a_new_teacher_gets_an_account_a_class_and_a_first_password(session, admin, make_class):
    seven_one, seven_two = make_class(7, 1), make_class(7, 2)

    result = imported(session, admin, "周砚田,G01,15400000001,七（1）班,七（2）班语文,安全信息员")

    user = user_called(session, "周砚田")
    [slip] = result.slips
    assert (user.username, user.staff_no, user.must_change_password) == ("zhouyantian", "G01", True)
    assert unseal(user, "phone_sealed") == "15400000001"
    assert passwords.matches(slip.password.password, user.password_hash)
    held = session.exec(select(RoleGrant.role).where(RoleGrant.user_id == user.id)).all()
    assert set(held) == {Role.HOMEROOM, Role.SUBJECT_TEACHER}
    taught = session.exec(select(ClassTeacher).where(ClassTeacher.user_id == user.id)).all()
    assert {(row.class_id, row.kind, row.subject) for row in taught} == {
        (seven_one.id, ClassTeacherKind.HOMEROOM, None),
        (seven_two.id, ClassTeacherKind.SUBJECT, "语文"),
    }
    assert session.exec(select(PostHolder.user_id)).all() == [user.id]


def test_the_same_file_twice_changes_nothing(session, admin, make_class):
    make_class(7, 1)
    lines = ["周砚田,G01,15400000001,七（1）班,七（1）班语文,安全信息员、领导小组办公室联络人",
             "苏念安,,15400000002,,,专职心理教师", "苏念安,,15400000003,,,", "贺兰舟,,,,七（1）班,"]  # fmt: skip
    imported(session, admin, *lines)
    events = session.exec(select(func.count()).select_from(AuditEvent)).one()

    preview = preview_of(session, admin, *lines)
    result = staff_imports.confirm_staff(session, admin, preview=preview, prepared=[])

    assert preview.is_empty
    assert [plan.outcome for plan in preview.plans] == [Outcome.UNCHANGED] * 4
    assert (result.created, result.changed, result.unchanged) == (0, 0, 4)
    assert session.exec(select(func.count()).select_from(AuditEvent)).one() == events


def test_an_account_is_known_by_number_then_by_name_and_only_completed(session, admin, make_user, make_class):
    in_class = make_class(7, 1)
    old = make_user(Role.MENTOR, name="周砚田")
    make_user(Role.HOMEROOM, name="旧班主任", homeroom_of=in_class)

    preview = preview_of(session, admin, "周砚田,G01,15400000001,七（1）班,,")
    [plan] = preview.plans
    assert (plan.outcome, plan.user_id) == (Outcome.CHANGED, old.user_id)
    assert [(change.label, change.stored, change.new) for change in plan.changes] == [
        ("工号", "", "G01"),
        ("电话", "", "15400000001"),
        ("岗位", "结对教师", "班主任、结对教师"),
        ("七（1）班班主任", "旧班主任", "周砚田"),
    ]
    assert Reason.STAFF_HOMEROOM_REPLACED in {problem.reason for problem in preview.full_reading().problems}
    imported(session, admin, "周砚田,G01,15400000001,七（1）班,,")
    assert imported(session, admin, "周砚田,G01,,,,").unchanged == 1  # a blank cell erases nothing
    user = user_called(session, "周砚田")
    assert (user.username, unseal(user, "phone_sealed")) == ("user2", "15400000001")


def test_an_account_of_that_name_with_another_number_is_somebody_else(session, admin):
    imported(session, admin, "周砚田,G01,,,,")

    [plan] = preview_of(session, admin, "周砚田,G02,,,,").plans

    assert (plan.outcome, plan.username) == (Outcome.NEW, "zhouyantian2")


def test_whoever_gains_a_role_signs_in_again(session, admin, make_user, make_class):
    from tests.conftest import token_for

    make_class(7, 1)
    token = token_for(session, make_user(Role.MENTOR, name="周砚田"))

    imported(session, admin, "周砚田,,,七（1）班,,")

    assert sign_in.resolve(session, token) is None


def test_rows_that_can_not_be_taken_say_why_and_hold_nobody_up(session, admin, make_user, make_class):
    make_class(7, 1)
    make_user(Role.MENTOR, name="陆衡之"), make_user(Role.MENTOR, name="陆衡之")
    gone = make_user(Role.MENTOR, name="丁用之")
    session.get_one(AppUser, gone.user_id).is_active = False
    principal = session.exec(select(Post).where(Post.code == "principal")).one()
    posts.appoint(session, admin, post_id=principal.id, user_id=admin.user_id, from_day=NOW.date())

    preview = preview_of(
        session, admin,
        "周砚田,G01,,九（9）班,,", "贺兰舟,G02,,,,飞行员", "陆衡之,,,,,", "丁用之,,,,,", "温若虚,G05,,,,校长",
        "何一,G06,,七（1）班,,", "何二,G07,,七（1）班,,", "何三,G08,,,,年级组长",
        "何四,G09,,,,分管校领导", "何五,G10,,,,分管校领导",
    )  # fmt: skip

    assert reasons(preview) == {
        1: Reason.STAFF_CLASS_UNKNOWN,
        2: Reason.STAFF_POST_UNKNOWN,
        3: Reason.STAFF_AMBIGUOUS,
        4: Reason.STAFF_DISABLED,
        5: Reason.STAFF_POST_TAKEN,
        7: Reason.STAFF_HOMEROOM_TWICE,
        8: Reason.STAFF_POST_UNKNOWN,
        10: Reason.STAFF_POST_TAKEN,
    }
    assert preview.summary()["rejected"] == 8
    assert preview.count(Outcome.NEW) == 2
    assert len(preview.full_reading().rejected) == 8


def test_a_grade_head_is_named_with_the_grade(session, admin, make_class):
    make_class(7, 1), make_class(8, 1)

    imported(session, admin, "周砚田,,,,,七年级组长", "贺兰舟,,,,,八年级组长")

    assert sorted(session.exec(select(PostHolder.grade)).all()) == [7, 8]


def test_namesakes_get_user_names_of_their_own(session, admin, make_user):
    make_user(Role.MENTOR, name="甲")
    session.exec(select(AppUser).where(AppUser.display_name == "甲")).one().username = "zhouyantian"
    session.flush()

    imported(session, admin, "周砚田,G01,,,,", "周砚甜,G02,,,,", "单雄信,G03,,,,", "Ли,G04,,,,", "田,G05,,,,")

    names = session.exec(select(AppUser.username).where(col(AppUser.staff_no).is_not(None)).order_by(AppUser.staff_no))
    found = list(names)
    assert found[:3] == ["zhouyantian2", "zhouyantian3", "shanxiongxin"]
    assert all(accounts.USERNAME.fullmatch(name) for name in found)


def test_a_lead_imports_the_team_and_leaves_the_rest_to_the_administrator(session, make_user):
    lead = make_user(Role.LEAD)
    make_user(Role.FINANCE, name="钱算清")

    preview = preview_of(session, lead, "周砚田,,,,,班主任", "温若虚,,,,,领导小组", "钱算清,G09,,,,")

    assert reasons(preview) == {2: Reason.STAFF_NOT_YOURS, 3: Reason.STAFF_NOT_YOURS}


def test_what_changed_since_the_preview_is_seen_first(session, admin, make_user):
    preview = preview_of(session, admin, "周砚田,G01,,,,")
    make_user(Role.MENTOR, name="周砚田")

    with pytest.raises(StaleStaffPreview) as refused:
        staff_imports.confirm_staff(session, admin, preview=preview, prepared=passwords.first_passwords(1))

    assert refused.value.current.count(Outcome.CHANGED) == 1


def test_passwords_are_in_no_event_no_column_and_no_repr(session, admin):
    result = imported(session, admin, "周砚田,G01,,,,")
    [slip] = result.slips
    secret = slip.password.password

    assert secret not in repr(result)
    assert secret not in repr(slip)
    assert secret.encode() in write_slips(result.slips) or write_slips(result.slips)[:2] == b"PK"
    for user in session.exec(select(AppUser)):
        assert secret not in repr(user)


def test_three_hundred_accounts_with_duplicates_and_bad_phones_in_one_go(location, make_user, make_class, session):
    admin = make_user(Role.ADMIN)
    for grade in (7, 8, 9):
        for number in range(1, 11):
            make_class(grade, number)
    session.commit()
    surnames, given = "江霍沈孟柳陆白方郑顾", "春夏秋冬雨雪霜露风云山石竹兰梅菊松柏荷桂棠槐柳杨桐榆枫桦杉"
    people = [f"{surnames[number % 10]}{given[number % 29]}{given[number // 29]}" for number in range(300)]
    lines = [
        f"{name},G{number:04d},{'1540' if number % 25 == 0 else 15400000000 + number},"
        f"{f'{7 + number // 10}（{number % 10 + 1}）班' if number < 30 else ''},"
        f"{7 + number % 3}年级{number % 10 + 1}班数学,"
        for number, name in enumerate(people)
    ]
    lines += lines[:10]  # ten people twice
    roster = list_of(*lines)
    with reading() as looking:
        preview = staff_imports.preview_staff(looking, admin, reading=roster)
    counts = preview.summary()
    assert (counts["imported"], counts["duplicates_skipped"], counts["rejected"]) == (300, 10, 0)
    assert counts["imported_with_warning"]["phone_unusable"] == 12
    seen: list[int] = []
    prepared = passwords.first_passwords(300, lambda done, _overall: seen.append(done))

    began = time.monotonic()
    with transaction() as writing:
        result = staff_imports.confirm_staff(writing, admin, preview=preview, prepared=prepared)
    took = time.monotonic() - began

    assert (result.created, len({slip.password.username for slip in result.slips}), seen[-1]) == (300, 300, 300)
    assert took < 20, took
    with reading() as looking:
        again = staff_imports.preview_staff(looking, admin, reading=roster)
    assert again.is_empty
