"""A child's page, for every role: what stands there, what does not, and the trace it leaves."""

import re
from datetime import date, timedelta

import pytest
from sqlmodel import select

from db.tables import (
    Assessment,
    AuditEvent,
    Case,
    CategoryKind,
    EnrolmentState,
    GuardianKind,
    Role,
    Severity,
    Student,
    StudentCategory,
)
from db.transactions import reading
from services import categories, clock, guardians
from services.categories import CategoryDetails
from services.guardians import GuardianEntry
from services.students import LEFT_SCHOOL
from tests.pages.conftest import OpenPage, World, commit, words_on
from tests.services.intake_makers import FACTS, register
from ui.messages import CANNOT_BE_SEEN

PHONE = "154-0000-0137"


@pytest.fixture
def child(session, world: World) -> int:
    """江小满, with a grandmother and a category."""
    lead, student_id = world.staff[Role.LEAD], world.students[0].id
    guardians.save_guardian(
        session, lead, student_id=student_id,
        entry=GuardianEntry(kind=GuardianKind.ENTRUSTED, name="顾兰亭", relation="外婆", phone="15400000137"),
    )  # fmt: skip
    categories.add_category(
        session, lead, student_id=student_id, kind=CategoryKind.LEFT_BEHIND,
        details=CategoryDetails(subkind="父母都外出", level=2), from_day=date(2026, 9, 8),
    )  # fmt: skip
    commit(session)
    return student_id


def everything_on(screen) -> str:
    """The page with its tables, and its dialog, which is not in `main`."""
    tables = "\n".join(str(table.value.to_dict()) for table in screen.table)
    return "\n".join([words_on(screen), *[each.value for each in screen.markdown], tables])


@pytest.mark.parametrize("role", [Role.LEAD, Role.COUNSELLOR, Role.HOMEROOM])
def test_the_care_room_and_the_homeroom_teacher_see_the_whole_file(open_page: OpenPage, world, child, role):
    screen = open_page("child", world.staff[role], student=child)

    words = everything_on(screen)
    assert not screen.exception
    assert [title.value for title in screen.title] == ["江小满"]
    assert "七（3）班，女，13 岁，学号 T000001。班主任试班主任。" in words
    for seen in ("顾兰亭", "留守：父母都外出", "154\\-0000\\-0137"):
        assert seen in words
    assert "child_edit" in {button.key for button in screen.button}


def test_a_telephone_without_a_name_says_what_it_is_and_asks_for_the_name(open_page: OpenPage, session, world):
    lead, student_id = world.staff[Role.LEAD], world.students[0].id
    entry = GuardianEntry(kind=GuardianKind.OTHER, phone="15400000137", is_primary=True)
    made = guardians.save_guardian(session, lead, student_id=student_id, entry=entry)
    commit(session)

    screen = open_page("child", lead, student=student_id)

    assert "监护人（名册没写姓名）" in everything_on(screen)
    assert "其他家人" not in everything_on(screen)
    assert screen.button(key=f"child_guardian_{made}").label == "补上监护人姓名"
    screen.button(key=f"child_guardian_{made}").click().run()
    form = f"child_guardian_form_{student_id}_{made}"
    screen.text_input(key=f"{form}_name").set_value("顾兰亭")
    screen.button(key=f"{form}_save").click().run()
    assert "顾兰亭" in everything_on(screen)
    assert "名册没写姓名" not in everything_on(screen)


def test_a_subject_teacher_gets_phones_with_a_reason_only(open_page: OpenPage, world, child):
    screen = open_page("child", world.staff[Role.SUBJECT_TEACHER], student=child)
    words = everything_on(screen)
    assert "顾兰亭" not in words
    assert "留守" not in words
    assert "child_edit" not in {button.key for button in screen.button}

    screen.button(key="child_open_card").click().run()
    screen.button(key=f"child_contact_form_{child}_save").click().run()
    assert "这一项要填" in everything_on(screen)
    screen.text_input(key=f"child_contact_form_{child}_reason").set_value("体育课扭伤")
    screen.button(key=f"child_contact_form_{child}_save").click().run()

    assert not screen.exception
    assert "顾兰亭" in everything_on(screen)
    assert "归云村" not in everything_on(screen)


@pytest.mark.parametrize("role", [Role.MENTOR, Role.HOMEROOM, Role.SUBJECT_TEACHER])
@pytest.mark.parametrize("number", ["of another class", "999999", "abc", "", "-3", "9" * 40])
def test_a_child_not_to_be_seen_and_none_at_all_look_the_same(
    open_page: OpenPage, world, child, make_class, make_student, role, number
):
    other = make_student("柳立夏", in_class=make_class(9, 9))

    screen = open_page("child", world.staff[role], student=other.id if number == "of another class" else number)

    assert not screen.exception
    assert [error.value for error in screen.error] == [CANNOT_BE_SEEN]
    assert not screen.title
    assert "柳立夏" not in everything_on(screen)


def test_opening_is_noted_once_and_shown(open_page: OpenPage, world, child):
    for _ in range(2):
        screen = open_page("child", world.staff[Role.COUNSELLOR], student=child)
        screen.run()
    with reading() as session:
        events = session.exec(select(AuditEvent).where(AuditEvent.action == "student.opened")).all()
    assert [(event.actor_id, event.student_id) for event in events] == [(world.staff[Role.COUNSELLOR].user_id, child)]

    screen = open_page("child", world.staff[Role.LEAD], student=child)
    screen.session_state["child_tab"] = "谁看过"
    screen.run()

    assert list(screen.dataframe[0].value["who"]) == ["试关爱室负责人", "试专职心理教师"]


def press(screen, key: str):
    return screen.button(key=key).click().run()


def test_a_guardian_is_added_in_a_dialog_that_keeps_what_was_typed(open_page: OpenPage, world, child):
    screen = open_page("child", world.staff[Role.HOMEROOM], student=child)
    form = f"child_guardian_form_{child}_0"
    press(screen, "child_add_guardian")
    screen.text_input(key=f"{form}_name").set_value("江远山")
    screen.text_input(key=f"{form}_phone").set_value("12345")
    press(screen, f"{form}_save")
    assert "电话要是手机号" in everything_on(screen)
    assert screen.text_input(key=f"{form}_name").value == "江远山"

    screen.selectbox(key=f"{form}_kind").select_index(0)
    screen.text_input(key=f"{form}_phone").set_value("15400000211")
    press(screen, f"{form}_save")

    assert not screen.exception
    assert "江远山" in everything_on(screen)
    assert not [field for field in screen.text_input if field.key.startswith(form)]  # the dialog is closed


def test_a_category_is_ended(open_page: OpenPage, world, child):
    screen = open_page("child", world.staff[Role.LEAD], student=child)
    with reading() as session:
        entry = session.exec(select(StudentCategory)).one()

    press(screen, f"child_end_category_{entry.id}")
    press(screen, f"child_end_category_form_{entry.id}_save")

    assert not screen.exception
    assert "没有登记在任何一类" in words_on(screen)
    with reading() as session:
        assert session.get_one(StudentCategory, entry.id).to_day == date(2026, 11, 20)


def test_a_child_leaves(open_page: OpenPage, world, child):
    screen = open_page("child", world.staff[Role.LEAD], student=child)
    press(screen, "child_state")
    screen.selectbox(key=f"child_state_form_{child}_state").select_index(2)
    press(screen, f"child_state_form_{child}_save")

    assert not screen.exception
    with reading() as session:
        assert session.get_one(Student, child).state is EnrolmentState.TRANSFERRED


@pytest.mark.parametrize("state", list(EnrolmentState))
def test_another_class_is_offered_to_who_can_be_in_one(open_page: OpenPage, world, session, child, state):
    session.get_one(Student, child).state = state

    screen = open_page("child", world.staff[Role.LEAD], student=child)

    assert ("child_move" in [button.key for button in screen.button]) == (state not in LEFT_SCHOOL)
    screen.session_state["care_dialog"] = ("move", child)  # opened before somebody else noted that it has left
    assert not screen.run().exception


def test_a_dialog_about_one_child_is_not_open_at_another(open_page: OpenPage, world, child):
    screen = open_page("child", world.staff[Role.LEAD], student=child)
    press(screen, "child_move")
    assert [box for box in screen.selectbox if box.key == f"child_move_form_{child}_class_id"]

    screen.query_params["student"] = str(world.students[1].id)
    screen.run()

    assert [title.value for title in screen.title] == ["霍半夏"]
    assert not screen.selectbox


def in_tab(screen, title: str):
    screen.session_state["child_tab"] = title
    return screen.run()


def test_what_is_due_for_the_child_stands_first(open_page: OpenPage, world, child, session):
    register(session, world.staff[Role.COUNSELLOR], student_id=child)

    screen = open_page("child", world.staff[Role.LEAD], student=child)

    assert not screen.exception
    words = everything_on(screen)
    assert words.index("该做的") < words.index("**类别**")
    assert "**评估**" in words
    assert "；试专职心理教师" in words
    for role in (Role.HOMEROOM, Role.SUBJECT_TEACHER):
        assert "该做的" not in everything_on(open_page("child", world.staff[role], student=child))


def test_the_referrals_of_the_child_hang_on_its_page(open_page: OpenPage, world, child, session):
    counsellor = world.staff[Role.COUNSELLOR]
    own = register(session, counsellor, student_id=child)
    register(session, counsellor, student_id=world.students[1].id)

    screen = in_tab(open_page("child", counsellor, student=child), "受理")
    assert "**教师转介**" in everything_on(screen)
    assert [button.key for button in screen.button if button.label == "打开"] == [f"child_referral_{own.id}"]
    press(screen, f"child_referral_{own.id}")

    assert not screen.exception
    assert FACTS in everything_on(screen)


def test_a_protected_referral_is_not_on_the_child_s_page(open_page: OpenPage, world, child, session):
    register(session, world.staff[Role.LEAD], student_id=child, is_suspected_abuse=True)

    for role in (Role.COUNSELLOR, Role.HOMEROOM, Role.SUBJECT_TEACHER):
        screen = in_tab(open_page("child", world.staff[role], student=child), "受理")
        assert "没有您能看到的受理" in everything_on(screen)
        assert "还没有受理" not in everything_on(screen)
        assert "疑似侵害" not in everything_on(screen)
    leads = in_tab(open_page("child", world.staff[Role.LEAD], student=child), "受理")
    assert "疑似侵害" in everything_on(leads)


@pytest.fixture
def cases(session, world, child):
    """Two open cases, the second of suspected abuse, and a closed one."""
    lead, counsellor = world.staff[Role.LEAD], world.staff[Role.COUNSELLOR]

    def make(owner, *, days: int, is_closed: bool = False, **referral):
        found = register(session, lead, student_id=child, facts=f"{FACTS}{days}", **referral)
        case = Case(
            student_id=child, referral_id=found.id, severity=Severity.ORDINARY, owner_id=owner.user_id,
            opened_at=clock.now() - timedelta(days=days),
            closed_at=clock.now() if is_closed else None,
        )  # fmt: skip
        assessment = Assessment(
            referral_id=found.id, student_id=child, assessed_by_id=owner.user_id, assessed_at=clock.now(), domains="",
            suggested_severity=Severity.ORDINARY, suggestion_reasons="", severity=Severity.ORDINARY,
        )  # fmt: skip
        session.add_all([case, assessment])
        session.flush()
        return case

    return (
        make(counsellor, days=3), make(lead, days=2, is_suspected_abuse=True), make(counsellor, days=9, is_closed=True)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("role", "owners"),
    [
        (Role.LEAD, ["试关爱室负责人", "试专职心理教师"]), (Role.COUNSELLOR, ["试专职心理教师"]),
        (Role.HOMEROOM, []), (Role.SUBJECT_TEACHER, []),
    ],
)  # fmt: skip
def test_who_follows_the_child_stands_in_the_header_for_whoever_may_open_the_case(
    open_page: OpenPage, world, child, cases, role, owners
):
    words = everything_on(open_page("child", world.staff[role], student=child))

    assert list(dict.fromkeys(re.findall(r"个案 · (\w+)\]", words))) == owners


def test_another_counsellor_learns_of_no_case(open_page: OpenPage, world, child, cases, make_user):
    screen = open_page("child", make_user(Role.COUNSELLOR), student=child)

    assert "个案 ·" not in everything_on(screen)
    assert "child_case_" not in " ".join(str(each.key) for each in in_tab(screen, "受理").button)


def test_the_case_is_opened_from_the_tab(open_page: OpenPage, world, child, cases):
    screen = in_tab(open_page("child", world.staff[Role.COUNSELLOR], student=child), "受理")
    keys = {str(each.key) for each in screen.button}
    assert {key for key in keys if key.startswith("child_case_")} == {f"child_case_{cases[0].id}"}

    press(screen, f"child_case_{cases[0].id}")

    assert not screen.exception
    assert screen.query_params["case"] in ([str(cases[0].id)], str(cases[0].id))


def test_the_homeroom_teacher_sees_state_but_neither_owner_nor_words(open_page: OpenPage, world, child, session):
    register(session, world.staff[Role.COUNSELLOR], student_id=child)

    words = everything_on(in_tab(open_page("child", world.staff[Role.HOMEROOM], student=child), "受理"))

    assert "已收到" in words
    assert "试专职心理教师接手" not in words
    assert FACTS not in words


@pytest.mark.parametrize("role", [Role.LEAD, Role.COUNSELLOR, Role.HOMEROOM, Role.SUBJECT_TEACHER])
def test_a_referral_is_registered_from_the_child_s_page(open_page: OpenPage, world, child, role):
    screen = open_page("child", world.staff[role], student=child)

    press(screen, "child_register")

    assert not screen.exception
    assert screen.button(key="intake_submit").label == "登记江小满的受理"


def test_reading_a_referral_is_noted_and_shown(open_page: OpenPage, world, child, session):
    counsellor = world.staff[Role.COUNSELLOR]
    referral = register(session, counsellor, student_id=child)
    for _ in range(2):
        open_page("referrals", counsellor, referral=referral.id).run()

    screen = in_tab(open_page("child", world.staff[Role.LEAD], student=child), "谁看过")

    seen = screen.dataframe[0].value
    assert list(zip(seen["who"], seen["what"], strict=True)) == [
        ("试关爱室负责人", "打开档案"),
        ("试专职心理教师", "看了受理"),
    ]
