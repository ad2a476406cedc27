"""The settings page: the school's name, terms, days, classes."""

from datetime import date

import pytest
from sqlmodel import select

from db.tables import AppUser, CategoryKind, Role, SpecialKind
from db.transactions import reading, transaction
from services import bell_times, classes, parameter_versions, schools, special_kinds
from tests.pages.conftest import SCHOOL, OpenPage, World, words_on

VIEWS = ["school", "terms", "days", "bells", "classes", "numbers"]


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

    assert "2027 年的放假和调休" in words_on(screen)
    assert "把放假和补课的日子写在下面" in words_on(screen)


def test_a_year_is_said_to_be_complete_and_taken_back(open_page: OpenPage, world: World, session):
    schools.save_day_exception(session, world.staff[Role.LEAD], day=date(2027, 1, 1), is_school_day=False, label="元旦")
    screen = open_page("settings", world.staff[Role.LEAD], view="days")
    screen.button(key="year_2027").click().run()
    screen.button(key="year_complete_save").click().run()
    assert "11月20日确认" in words_on(screen)
    assert "还没写齐" in [button.label for button in screen.button]

    screen.button(key="year_2027").click().run()
    screen.button(key="year_reopen_save").click().run()

    assert not screen.exception
    assert "写齐了" in [button.label for button in screen.button]


def test_a_year_with_no_day_off_is_refused_in_words(open_page: OpenPage, world: World):
    screen = open_page("settings", world.staff[Role.ADMIN], view="days")
    screen.button(key="year_2027").click().run()
    screen.button(key="year_complete_save").click().run()

    assert "一天放假都还没写" in screen.error[0].value


def test_a_day_off_is_written_and_taken_back_after_asking(open_page: OpenPage, world: World):
    screen = open_page("settings", world.staff[Role.LEAD], view="days")
    screen.date_input(key="day_day").set_value(date(2026, 11, 26))
    screen.date_input(key="day_last_day").set_value(date(2026, 11, 27))
    screen.text_input(key="day_label").set_value("秋季运动会").run()
    screen.button(key="day_save").click().run()
    assert "11月26日–27日" in words_on(screen)

    screen.button(key="day_2026-11-26").click().run()
    screen.button(key="day_remove").click().run()

    assert "秋季运动会" not in words_on(screen)


def test_bell_times_are_begun_written_line_by_line_and_refused_by_the_line(open_page: OpenPage, world: World):
    screen = open_page("settings", world.staff[Role.LEAD], view="bells")
    assert "还没有作息时间" in words_on(screen)
    assert "settings_bells" not in [button.key for button in screen.button]  # nothing twice, nothing to change yet
    screen.button(key="bells_first").click().run()
    assert "不要了" in [button.label for button in screen.button]
    assert "从某天起换作息" not in words_on(screen)
    assert screen.date_input(key="bells_begin_from_day").value == date(2026, 9, 1)
    screen.button(key="bells_begin_save").click().run()

    screen.button(key="bells_add_kind").click().run()
    screen.text_area(key="bell_kind_new_periods").set_value("第一节 08:00-08:40\n第二节 08:30-09:10").run()
    screen.button(key="bell_kind_new_save").click().run()
    assert "第 2 行和前面的重叠了" in words_on(screen)

    screen.text_area(key="bell_kind_new_periods").set_value("第一节 08:00-08:40\n第二节 08:50-09:30").run()
    screen.button(key="bell_kind_new_save").click().run()

    assert not screen.exception
    assert "周一、周二、周三、周四、周五，2 节课" in words_on(screen)
    with reading() as session:
        (kind,) = bell_times.find_bells(session, world.staff[Role.LEAD]).timetables[0].kinds
    assert kind.weekdays == (0, 1, 2, 3, 4)


@pytest.fixture
def bells(world: World, session) -> int:
    lead = world.staff[Role.LEAD]
    timetable = bell_times.begin_timetable(session, lead, from_day=date(2026, 9, 1))
    kind = bell_times.save_day_kind(
        session, lead, timetable_id=timetable.id, name="平日", weekdays=[0, 1, 2, 3], periods="第一节 08:00-08:40"
    )
    return kind.id


def test_the_second_editor_of_the_periods_sees_both(open_page: OpenPage, world: World, bells: int):
    first, second = (open_page("settings", world.staff[role], view="bells") for role in (Role.LEAD, Role.ADMIN))
    for screen in (first, second):
        screen.button(key=f"bell_kind_{bells}").click().run()
    first.text_area(key=f"bell_kind_{bells}_periods").set_value("第一节 08:10-08:50").run()
    first.button(key=f"bell_kind_{bells}_save").click().run()
    second.text_area(key=f"bell_kind_{bells}_periods").set_value("第一节 08:05-08:45").run()

    second.button(key=f"bell_kind_{bells}_save").click().run()

    assert "刚改过这一条" in words_on(second)
    assert second.text_area(key=f"bell_kind_{bells}_periods").value == "第一节 08:05-08:45"
    second.button(key=f"bell_kind_{bells}_keep_mine").click().run()
    second.button(key=f"bell_kind_{bells}_save").click().run()
    with reading() as session:
        (kind,) = bell_times.find_bells(session, world.staff[Role.LEAD]).timetables[0].kinds
    assert bell_times.kind_values(kind)["periods"] == "第一节 08:05-08:45"


def test_days_without_periods_are_told_and_a_single_day_is_settled(open_page: OpenPage, world: World, bells: int):
    screen = open_page("settings", world.staff[Role.LEAD], view="bells")
    assert "11月20日 周五、11月27日 周五" in screen.warning[0].value
    screen.date_input(key="bell_date_day").set_value(date(2026, 11, 20)).run()
    screen.selectbox(key="bell_date_goes_by").set_value("w3").run()

    screen.button(key="bell_date_save").click().run()

    assert "按周四的课上" in words_on(screen)
    assert "11月20日 周五、" not in screen.warning[0].value
    screen.button(key="bell_date_2026-11-20").click().run()
    assert "按周四的课上" not in words_on(screen)


def test_a_kind_of_day_goes_only_after_asking(open_page: OpenPage, world: World, bells: int):
    screen = open_page("settings", world.staff[Role.LEAD], view="bells")
    screen.button(key=f"bell_kind_{bells}").click().run()
    screen.button(key=f"bell_kind_{bells}_remove").click().run()
    assert "都删掉？" in words_on(screen)

    screen.button(key="bells_confirm").click().run()

    assert "还没有节次" in words_on(screen)


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
    assert "这一项请选一个" in words_on(screen)


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


NUMBER = "D-06.assessment_school_days"


def test_a_number_is_changed_from_today_and_refused_beyond_its_bounds(open_page: OpenPage, world: World):
    screen = open_page("settings", world.staff[Role.LEAD], view="numbers", parameter=NUMBER)
    assert "还没有改过" in words_on(screen)
    screen.number_input(key=f"parameter_{NUMBER}_value").set_value(50)
    screen.text_input(key=f"parameter_{NUMBER}_reason").set_value("领导小组定的").run()
    screen.button(key=f"parameter_{NUMBER}_save").click().run()
    assert "可以填 0 到 20 个上课日" in words_on(screen)

    screen.number_input(key=f"parameter_{NUMBER}_value").set_value(5).run()
    screen.button(key=f"parameter_{NUMBER}_save").click().run()

    assert not screen.exception
    assert "11月20日起 5 个上课日" in words_on(screen)
    assert "现在用的" in words_on(screen)
    assert "领导小组定的" in words_on(screen)
    with reading() as session:
        assert parameter_versions.parameter_on(session, NUMBER, date(2026, 11, 19)) == 3


def test_a_fraction_is_refused_where_a_whole_number_is_asked_for(open_page: OpenPage, world: World):
    screen = open_page("settings", world.staff[Role.LEAD], view="numbers", parameter=NUMBER)
    assert screen.number_input(key=f"parameter_{NUMBER}_value").proto.data_type == 1  # whole ones are cut off
    screen.number_input(key=f"parameter_{NUMBER}_value").set_value(1.5)
    screen.text_input(key=f"parameter_{NUMBER}_reason").set_value("领导小组定的").run()
    screen.button(key=f"parameter_{NUMBER}_save").click().run()

    assert "请写整数" in words_on(screen)
    assert screen.number_input(key=f"parameter_{NUMBER}_value").value == 1.5
    with reading() as session:
        assert parameter_versions.parameter_on(session, NUMBER, date(2026, 11, 20)) == 3


def test_the_second_editor_of_a_number_sees_both(open_page: OpenPage, world: World):
    first, second = (
        open_page("settings", world.staff[role], view="numbers", parameter=NUMBER) for role in (Role.LEAD, Role.ADMIN)
    )
    for screen, value in ((first, 5), (second, 7)):
        screen.number_input(key=f"parameter_{NUMBER}_value").set_value(value)
        screen.text_input(key=f"parameter_{NUMBER}_reason").set_value("会议定的").run()
    first.button(key=f"parameter_{NUMBER}_save").click().run()

    second.button(key=f"parameter_{NUMBER}_save").click().run()

    assert "刚改过这一条" in words_on(second)
    assert second.number_input(key=f"parameter_{NUMBER}_value").value == 7
    second.button(key=f"parameter_{NUMBER}_keep_mine").click().run()
    second.button(key=f"parameter_{NUMBER}_save").click().run()
    with reading() as session:
        assert parameter_versions.parameter_on(session, NUMBER, date(2026, 11, 20)) == 7


def test_a_planned_change_is_taken_back_after_asking(open_page: OpenPage, world: World, session):
    lead = world.staff[Role.LEAD]
    row = parameter_versions.set_parameter(
        session, lead, name=NUMBER, value=5, in_force_from=date(2027, 2, 22), reason="下学期起", version=0
    )
    screen = open_page("settings", lead, view="numbers", parameter=NUMBER)
    screen.button(key=f"parameter_withdraw_{row.id}").click().run()

    screen.button(key="parameter_withdraw_confirm").click().run()

    assert "撤回了" in words_on(screen)
    with reading() as database:
        assert parameter_versions.parameter_on(database, NUMBER, date(2027, 3, 1)) == 3


def test_an_address_with_a_number_nobody_declared_says_so(open_page: OpenPage, world: World):
    screen = open_page("settings", world.staff[Role.LEAD], view="numbers", parameter="x")

    assert not screen.exception
    assert "没有这一条" in screen.error[0].value


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_takes_twelve_statements_at_most(open_page: OpenPage, world: World, statements, view: str):
    screen = open_page("settings", world.staff[Role.LEAD], view=view, parameter=NUMBER)
    statements.clear()

    screen.run()

    queries = [each for each in statements if each != "BEGIN"]
    assert len(queries) <= 12, "\n\n".join(queries)


def test_a_class_whose_homeroom_teacher_is_gone_says_so(open_page: OpenPage, world: World, session):
    homeroom = world.staff[Role.HOMEROOM]
    session.get_one(AppUser, homeroom.user_id).is_active = False
    session.flush()

    screen = open_page("settings", world.staff[Role.LEAD], view="classes")

    assert "1 个班，1 个班没有在岗的班主任。" in words_on(screen)
    table = screen.dataframe[0].value
    assert table["homeroom"].tolist() == [f"{homeroom.display_name}（不在岗）"]


def special_kind(kind):
    with reading() as session:
        return session.exec(select(SpecialKind).where(SpecialKind.kind == kind)).one()


def test_a_kind_of_the_four_is_renamed_and_retired_and_no_longer_offered(open_page: OpenPage, world: World):
    number = special_kind(CategoryKind.SPECIAL_CONDUCT).id
    screen = open_page("settings", world.staff[Role.LEAD], view="lists")
    screen.button(key=f"kind_{number}").click().run()
    screen.text_input(key=f"kind_form_{number}_label").set_value("特殊行为")
    screen.checkbox(key=f"kind_form_{number}_is_offered").uncheck().run()
    screen.button(key=f"kind_form_{number}_save").click().run()

    assert not screen.exception
    assert "原来叫特殊言行" in words_on(screen)
    assert not special_kind(CategoryKind.SPECIAL_CONDUCT).is_offered
    child = open_page("child", world.staff[Role.LEAD], student=world.students[0].id)
    child.button(key="child_add_category").click().run()
    [asked] = [box for box in child.selectbox if box.label == "哪一类"]
    assert "特殊心理" in asked.options
    assert not {"特殊行为", "特殊言行"} & set(asked.options)


def test_the_slower_of_two_who_rename_a_kind_sees_both(open_page: OpenPage, world: World):
    number = special_kind(CategoryKind.SPECIAL_CONDUCT).id
    screen = open_page("settings", world.staff[Role.LEAD], view="lists")
    screen.button(key=f"kind_{number}").click().run()
    with transaction() as other:
        special_kinds.change_special_kind(
            other, world.staff[Role.ADMIN], kind_id=number, version=1, label="别的叫法", is_offered=True
        )

    screen.text_input(key=f"kind_form_{number}_label").set_value("特殊行为").run()
    screen.button(key=f"kind_form_{number}_save").click().run()

    assert "刚改过这一条" in words_on(screen)
    assert special_kind(CategoryKind.SPECIAL_CONDUCT).label == "别的叫法"
