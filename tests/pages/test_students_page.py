"""The register's page and the form about a child, for every role."""

from datetime import date

import pytest
from sqlmodel import select
from streamlit.testing.v1 import AppTest

from db.tables import AuditEvent, CategoryKind, ClassMembership, Gender, Role, Student, StudentCategory
from db.transactions import reading
from services import audit, clock, drafts
from tests.pages.conftest import OpenPage, World, words_on
from ui.form_drafts import REMINDER
from ui.messages import CANNOT_BE_SEEN
from ui.problems import REQUIRED, SENTENCES
from ui.widget_kinds import FieldKind

BAD = ['=HYPERLINK("http://x")', "<script>alert(1)</script>", "😀😀"]


def names(screen) -> list[str]:
    return [name for table in screen.dataframe for name in table.value["name"]] if screen.dataframe else []


def keys_of(screen) -> set[str]:
    return {button.key for button in screen.button}


@pytest.mark.parametrize(
    ("role", "acts"),
    [
        (Role.LEAD, {"students_export", "students_add"}),
        (Role.COUNSELLOR, {"students_export", "students_add"}),
        (Role.HOMEROOM, {"students_export", "students_add"}),
        (Role.SUBJECT_TEACHER, set()),
    ],
)
def test_the_register_shows_the_children_and_the_acts_of_the_role(open_page: OpenPage, world: World, role, acts):
    screen = open_page("students", world.staff[role])

    assert not screen.exception
    assert names(screen) == ["霍半夏", "江小满", "孟紫苏"]
    assert keys_of(screen) & {"students_export", "students_add"} == acts
    assert ("groups" in screen.dataframe[0].value) == (role is not Role.SUBJECT_TEACHER)
    assert [caption.value for caption in screen.caption][-1] == "3 人。"


def test_a_mentor_without_children_is_told_so(open_page: OpenPage, world: World):
    screen = open_page("students", world.staff[Role.MENTOR])

    assert "还没有归您看的学生" in words_on(screen)


def test_an_empty_register_says_what_to_do(open_page: OpenPage, claimed, make_user):
    screen = open_page("students", make_user(Role.LEAD))

    assert "名册里还没有学生" in words_on(screen)
    assert {"students_import_first", "students_add_first"} <= keys_of(screen)
    assert not {"students_add", "students_export", "students_lists"} & keys_of(screen)  # nothing twice, nothing idle
    assert [button.label for button in screen.button if button.proto.type == "primary"] == ["导入名册"]


def test_filters_stay_in_the_address(open_page: OpenPage, world: World, session):
    session.add(
        StudentCategory(
            student_id=world.students[0].id, kind=CategoryKind.LEFT_BEHIND, from_day=date(2026, 9, 1),
            recorded_at=clock.now(),
        )
    )  # fmt: skip
    screen = open_page("students", world.staff[Role.LEAD], category="left_behind", order="name", grade="nonsense")

    assert names(screen) == ["江小满"]
    screen.session_state["students_category"] = None  # the pill pressed again
    screen.run()
    assert names(screen) == ["霍半夏", "江小满", "孟紫苏"]
    assert "category" not in screen.query_params


def test_filters_that_leave_nobody_offer_the_way_back(open_page: OpenPage, world: World):
    screen = open_page("students", world.staff[Role.LEAD], state="transferred")
    assert "没有这样的学生" in words_on(screen)

    screen.button(key="students_clear").click().run()

    assert names(screen) == ["霍半夏", "江小满", "孟紫苏"]


def test_an_export_needs_a_purpose(open_page: OpenPage, world: World):
    screen = open_page("students", world.staff[Role.LEAD])
    screen.button(key="students_export").click().run()
    screen.button(key="students_export_save").click().run()
    assert REQUIRED[FieldKind.CHOSEN] in " ".join(each.value for each in screen.markdown)  # a dialog is not in `main`
    assert not screen.get("download_button")

    screen.selectbox(key="students_export_purpose").select_index(0)
    screen.button(key="students_export_save").click().run()

    assert screen.download_button(key="students_download")
    assert not screen.error
    assert REQUIRED[FieldKind.CHOSEN] not in " ".join(each.value for each in screen.markdown)
    with reading() as session:
        assert "export.made" in session.exec(select(AuditEvent.action)).all()


# --- the form about a child --------------------------------------------------------------------------------


def fill(screen, key="student_edit_0", **fields):
    for name, value in fields.items():
        if name in {"birth_day", "entered_on"}:
            screen.date_input(key=f"{key}_{name}").set_value(value)
        elif name == "note":
            screen.text_area(key=f"{key}_{name}").set_value(value)
        else:
            screen.text_input(key=f"{key}_{name}").set_value(value)
    return screen


def drafts_of(actor):
    with reading() as session:
        return drafts.list_drafts(session, actor, form="student_edit")


def test_a_half_typed_new_child_comes_back_after_a_reload_and_goes_when_it_is_saved(open_page: OpenPage, world: World):
    lead = world.staff[Role.LEAD]
    screen = open_page("student_edit", lead)
    assert "草稿已在" not in words_on(screen)
    fill(screen, name="方惊蛰", birth_day=date(2013, 3, 5), note="外婆照看").run()
    screen.session_state["student_edit_0_gender"] = Gender.MALE
    screen.session_state["student_edit_0_is_boarding"] = False
    screen.selectbox(key="student_edit_0_class_id").select_index(0).run()
    assert "草稿已在 09:41 保存" in words_on(screen)

    again = open_page("student_edit", lead)
    assert not again.exception
    assert REMINDER in words_on(again)
    state = again.session_state
    assert [state[f"student_edit_0_{each}"] for each in ("name", "birth_day", "note", "gender", "is_boarding")] == [
        "方惊蛰", date(2013, 3, 5), "外婆照看", Gender.MALE, False,
    ]  # fmt: skip
    assert state["student_edit_0_class_id"] == world.school_class.id
    again.button(key="student_edit_0_save").click().run()

    assert not again.exception
    assert drafts_of(lead) == []
    with reading() as session:
        assert session.exec(select(Student).where(Student.name == "方惊蛰")).one().is_boarding is False


def test_what_was_half_changed_of_a_child_is_the_typists_own_and_is_thrown_away_on_purpose(open_page: OpenPage, world):
    child, homeroom = world.students[0], world.staff[Role.HOMEROOM]
    key = f"student_edit_{child.id}"
    screen = open_page("student_edit", homeroom, student=child.id)
    screen.text_input(key=f"{key}_address").set_value("望舒镇竹溪村9号").run()
    assert [each.subject for each in drafts_of(homeroom)] == [f"student:{child.id}"]

    other = open_page("student_edit", world.staff[Role.LEAD], student=child.id)
    assert "竹溪村9号" not in str(other.session_state)
    screen.button(key=f"{key}_cancel").click().run()

    assert drafts_of(homeroom) == []
    assert "竹溪村9号" not in str(open_page("student_edit", homeroom, student=child.id).session_state)


def test_a_new_child_is_entered_and_opened(open_page: OpenPage, world: World):
    screen = open_page("student_edit", world.staff[Role.LEAD])
    fill(screen, name="方惊蛰", birth_day=date(2013, 3, 5), student_no="S000901")
    screen.session_state["student_edit_0_gender"] = Gender.MALE
    screen.selectbox(key="student_edit_0_class_id").select_index(0)

    screen.button(key="student_edit_0_save").click().run()

    assert not screen.exception
    with reading() as session:
        stored = session.exec(select(Student).where(Student.name == "方惊蛰")).one()
        stay = session.exec(select(ClassMembership).where(ClassMembership.student_id == stored.id)).one()
    assert (stored.name_initials, stay.class_id) == ("fjz", world.school_class.id)


def test_an_empty_form_says_at_each_field_what_is_missing(open_page: OpenPage, world: World):
    screen = open_page("student_edit", world.staff[Role.LEAD])

    screen.button(key="student_edit_0_save").click().run()

    assert [words_on(screen).count(each) for each in (SENTENCES["required"], REQUIRED[FieldKind.CHOSEN])] == [2, 1]
    assert "有 3 处要改" in words_on(screen)


@pytest.mark.parametrize("field", ["name", "student_no", "id_number", "ethnicity", "address", "residence", "note"])
@pytest.mark.parametrize("text", ["长" * 10_000, *BAD], ids=["long", "formula", "script", "emoji"])
def test_bad_input_never_crashes_and_keeps_what_was_typed(open_page: OpenPage, world: World, field, text):
    screen = open_page("student_edit", world.staff[Role.LEAD])
    fill(screen, **{field: text})

    screen.button(key="student_edit_0_save").click().run()

    assert not screen.exception
    assert screen.session_state[f"student_edit_0_{field}"] == text
    with reading() as session:
        assert len(session.exec(select(Student)).all()) == 3


def test_a_date_to_come_is_told_at_its_field(open_page: OpenPage, world: World):
    screen = open_page("student_edit", world.staff[Role.LEAD])
    fill(screen, name="方惊蛰", birth_day=date(2026, 12, 1))

    screen.button(key="student_edit_0_save").click().run()

    assert "2026年12月1日还没到" in words_on(screen)


@pytest.mark.parametrize("number", ["999999", "abc", "-1", "9" * 30, "１", "1' OR 1=1"])
def test_an_address_that_names_no_child_says_so(open_page: OpenPage, world: World, number):
    screen = open_page("student_edit", world.staff[Role.HOMEROOM], student=number)

    assert not screen.exception
    if number == "999999":
        assert [error.value for error in screen.error] == [CANNOT_BE_SEEN]
    else:  # no number at all: the form for a new child
        assert [title.value for title in screen.title] == ["新增学生"]


def test_two_editors_see_each_other(open_page: OpenPage, world: World, session):
    child = world.students[0]
    key = f"student_edit_{child.id}"
    first = open_page("student_edit", world.staff[Role.LEAD], student=child.id)
    second = open_page("student_edit", world.staff[Role.HOMEROOM], student=child.id)
    fill(first, key, ethnicity="汉族", address="归云村").button(key=f"{key}_save").click().run()
    assert not first.exception

    fill(second, key, ethnicity="苗族").button(key=f"{key}_save").click().run()

    assert not second.exception
    assert "试关爱室负责人刚改过这一条" in words_on(second)
    assert second.text_input(key=f"{key}_ethnicity").value == "苗族"
    with reading() as database:
        assert database.get_one(Student, child.id).ethnicity == "汉族"

    second.button(key=f"{key}_save").click().run()  # pressing again without choosing overwrites nothing
    with reading() as database:
        assert database.get_one(Student, child.id).ethnicity == "汉族"

    second.button(key=f"{key}_keep_mine").click().run()
    second.button(key=f"{key}_save").click().run()
    with reading() as database:
        assert database.get_one(Student, child.id).ethnicity == "苗族"


def test_the_second_editor_can_take_what_is_stored(open_page: OpenPage, world: World):
    child = world.students[0]
    key = f"student_edit_{child.id}"
    first = open_page("student_edit", world.staff[Role.LEAD], student=child.id)
    second = open_page("student_edit", world.staff[Role.COUNSELLOR], student=child.id)
    fill(first, key, ethnicity="汉族").button(key=f"{key}_save").click().run()
    fill(second, key, ethnicity="苗族", address="归云村").button(key=f"{key}_save").click().run()

    second.button(key=f"{key}_take_theirs").click().run()

    assert (second.text_input(key=f"{key}_ethnicity").value, second.text_input(key=f"{key}_address").value) == (
        "汉族",
        "",
    )


def test_opening_the_form_of_a_child_s_particulars_is_noted(open_page: OpenPage, world: World):
    student_id = world.students[0].id
    for _ in range(2):
        open_page("student_edit", world.staff[Role.LEAD], student=student_id)

    with reading() as session:
        opened = select(AuditEvent.actor_id).where(AuditEvent.action == audit.Action.STUDENT_OPENED.value)
        assert session.exec(opened).all() == [world.staff[Role.LEAD].user_id]


def test_the_five_lists_need_a_purpose_and_are_made(open_page: OpenPage, world: World):
    screen = open_page("students", world.staff[Role.HOMEROOM])
    screen.button(key="students_lists").click().run()
    screen.button(key="class_lists_save").click().run()
    assert REQUIRED[FieldKind.CHOSEN] in " ".join(each.value for each in screen.markdown)

    screen.selectbox(key="class_lists_purpose").select_index(0)
    screen.button(key="class_lists_save").click().run()

    assert not screen.exception
    assert screen.download_button(key="class_lists_download")
    with reading() as session:
        assert "export.made" in session.exec(select(AuditEvent.action)).all()


@pytest.mark.parametrize("field", ["category", "state", "order", "card", "grade", "class"])
def test_a_choice_that_was_never_offered_counts_as_none(field):
    def script() -> None:
        from ui.register_filters import is_filtered, read_filters

        filters, order = read_filters([])
        assert not is_filtered(filters)
        assert order == "class"

    screen = AppTest.from_function(script)
    screen.session_state[f"students_{field}"] = "<script>"

    assert not screen.run().exception


@pytest.mark.parametrize(("children", "is_said"), [(8, False), (9, True)])
def test_the_find_box_says_when_there_are_more_than_it_lists(
    open_page: OpenPage, world, session, make_student, children, is_said
):
    for number in range(children):
        make_student(f"冬青{number}", name_initials=f"dq{number}", name_pinyin=f"dongqing{number}")
    screen = open_page("home", world.staff[Role.LEAD])

    screen.text_input(key="care_find").set_value("冬青").run()

    assert len([each for each in screen.button if str(each.key).startswith("care_found_")]) == 8
    assert ("还有别的" in words_on(screen)) is is_said
