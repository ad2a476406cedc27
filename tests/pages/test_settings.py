"""The settings page: the school's name, terms, days, classes."""

from datetime import date

import pytest

from db.tables import Role
from db.transactions import reading
from services import classes, schools
from tests.pages.conftest import SCHOOL, OpenPage, World, words_on

VIEWS = ["school", "terms", "days", "classes"]


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_opens_from_its_address(open_page: OpenPage, world: World, view: str):
    screen = open_page("settings", world.staff[Role.LEAD], view=view)

    assert not screen.exception
    assert screen.button_group(key="settings_view").value == view


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_opens_in_a_school_that_has_nothing_yet(open_page: OpenPage, make_user, view: str):
    screen = open_page("settings", make_user(Role.ADMIN), view=view)

    assert not screen.exception


def test_the_new_name_stands_in_the_menu_at_once(open_page: OpenPage, world: World):
    screen = open_page("settings", world.staff[Role.ADMIN])
    assert SCHOOL in str([line.value for line in screen.sidebar.markdown])
    screen.text_input(key="school_school_name").set_value("望舒第二小学")

    screen.button(key="school_save").click().run()

    assert "望舒第二小学" in str([line.value for line in screen.sidebar.markdown])


def test_the_second_editor_of_the_name_sees_the_first_one_s(open_page: OpenPage, world: World):
    first, second = (open_page("settings", world.staff[role]) for role in (Role.LEAD, Role.ADMIN))
    first.text_input(key="school_school_name").set_value("第一个名字")
    first.button(key="school_save").click().run()
    second.text_input(key="school_school_name").set_value("第二个名字")

    second.button(key="school_save").click().run()

    assert "刚改过这一条" in second.error[0].value
    assert second.text_input(key="school_school_name").value == "第二个名字"
    with reading() as session:
        assert schools.school_name(session) == "第一个名字"


def test_a_term_is_added_in_a_dialog_and_refused_at_its_field(open_page: OpenPage, world: World):
    screen = open_page("settings", world.staff[Role.LEAD], view="terms")
    screen.button(key="settings_add_term").click().run()
    screen.date_input(key="term_form_new_first_day").set_value(date(2027, 1, 10))
    screen.date_input(key="term_form_new_last_day").set_value(date(2027, 7, 9)).run()
    screen.button(key="term_form_new_save").click().run()
    assert "和别的学期重叠了" in words_on(screen)

    screen.date_input(key="term_form_new_first_day").set_value(date(2027, 2, 22)).run()
    screen.button(key="term_form_new_save").click().run()

    assert not screen.exception
    with reading() as session:
        assert [term.number for term in schools.list_terms(session, world.staff[Role.LEAD])] == [2, 1]


def test_years_whose_holidays_nobody_knows_are_told_with_what_to_do(open_page: OpenPage, world: World):
    screen = open_page("settings", world.staff[Role.LEAD], view="days")

    assert "2027 年的放假和调休还不知道" in screen.warning[0].value
    assert "请把放假的日子" in screen.warning[0].value


def test_a_day_off_is_written_and_taken_back_after_asking(open_page: OpenPage, world: World):
    screen = open_page("settings", world.staff[Role.LEAD], view="days")
    screen.date_input(key="day_day").set_value(date(2026, 11, 26))
    screen.date_input(key="day_last_day").set_value(date(2026, 11, 27))
    screen.text_input(key="day_label").set_value("秋季运动会").run()
    screen.button(key="day_save").click().run()
    assert "11月26日–27日" in words_on(screen)

    screen.button(key="day_2026-11-26").click().run()
    screen.button(key="day_remove").click().run()

    assert "11月26日–27日" not in words_on(screen)


def test_a_class_gets_its_homeroom_and_subject_teachers(open_page: OpenPage, world: World, session, make_user):
    other = make_user(Role.HOMEROOM, name="陆衡之")
    class_id = world.school_class.id
    screen = open_page("settings", world.staff[Role.LEAD], view="classes", **{"class": class_id})
    screen.selectbox(key=f"class_{class_id}_user_id").set_value(other.user_id).run()
    screen.button(key=f"class_{class_id}_save").click().run()

    with reading() as database:
        assert classes.list_classes(database, world.staff[Role.LEAD])[0].homeroom_name == "陆衡之"
    teacher = world.staff[Role.SUBJECT_TEACHER].user_id
    screen.button(key=f"teaches_{class_id}_{teacher}").click().run()
    screen.button(key=f"teaches_{class_id}_save").click().run()
    assert "这一项要填" in words_on(screen)


def test_the_second_who_names_a_homeroom_teacher_sees_whom_the_first_named(
    open_page: OpenPage, world: World, session, make_user
):
    others = [make_user(Role.HOMEROOM, name=name) for name in ("陆衡之", "贺兰舟")]
    session.commit()
    class_id = world.school_class.id
    screens = [
        open_page("settings", world.staff[role], view="classes", **{"class": class_id})
        for role in (Role.LEAD, Role.ADMIN)
    ]
    for screen, other in zip(screens, others, strict=True):
        screen.selectbox(key=f"class_{class_id}_user_id").set_value(other.user_id).run()
        screen.button(key=f"class_{class_id}_save").click().run()

    second = screens[1]
    assert "刚改过这一条" in second.error[0].value
    assert "陆衡之" in words_on(second)
    second.button(key=f"class_{class_id}_keep_mine").click().run()
    second.button(key=f"class_{class_id}_save").click().run()
    with reading() as database:
        assert classes.list_classes(database, world.staff[Role.LEAD])[0].homeroom_name == "贺兰舟"


@pytest.mark.parametrize(
    ("role", "value", "is_told"),
    [(Role.ADMIN, "1", True), (Role.LEAD, "1", False), (Role.ADMIN, "", False)],
    ids=["administrator", "lead", "encrypted"],
)
def test_the_administrator_is_told_that_nothing_is_encrypted(
    open_page: OpenPage, world: World, monkeypatch, role: Role, value: str, is_told: bool
):
    monkeypatch.setenv("CARE_UNENCRYPTED", value)

    screen = open_page("settings", world.staff[role])

    assert ("未加密" in str([line.value for line in screen.sidebar.markdown])) == is_told
    assert ("装上学校的证书" in words_on(screen)) == is_told
