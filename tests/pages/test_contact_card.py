"""The contact card on screen: at the child's side, its form, its versions, on paper, and in the register."""

import zipfile
from dataclasses import replace
from io import BytesIO

import pytest
from sqlmodel import select

from db.location import Location
from db.tables import AuditEvent, ClassTeacher, GuardianKind, Role, Student, Whereabouts
from db.transactions import reading
from services import clock, contact_cards, drafts
from services.contact_cards import CardEntry
from tests.pages.conftest import OpenPage, World, commit, words_on
from ui import card_form, navigation
from ui.form_drafts import REMINDER
from ui.forms import CHANGED_SINCE
from ui.messages import CANNOT_BE_SEEN
from ui.session import NOT_FOR_YOU

ENTRY = CardEntry(
    home_address="望舒镇竹溪村2组9号", father_name="江远山", father_phone="15400000211",
    guardian_kind=GuardianKind.ENTRUSTED, guardian_name="顾兰亭", guardian_relation="外婆", guardian_age=67,
    guardian_health="腰不好", guardian_phone="15400000137",
)  # fmt: skip


def save(session, actor, student_id, entry=ENTRY):
    card = contact_cards.find_card(session, actor, student_id=student_id)
    contact_cards.save_card(session, actor, student_id=student_id, version=card.version, entry=entry)
    commit(session)


@pytest.fixture
def child(session, world: World) -> int:
    student_id = world.students[0].id
    save(session, world.staff[Role.LEAD], student_id)
    return student_id


def form(child: int, name: str) -> str:
    return f"card_edit_{child}_{name}"


def everything_on(screen) -> str:
    return "\n".join([words_on(screen), *[str(table.value.to_dict()) for table in screen.table]])


def stored(child: int) -> tuple[int, str]:
    with reading() as session:
        return session.exec(select(Student.card_parts_filled, Student.card_missing).where(Student.id == child)).one()


@pytest.mark.parametrize("role", [Role.LEAD, Role.COUNSELLOR, Role.HOMEROOM])
def test_the_card_names_what_it_lacks(open_page: OpenPage, world, child, role):
    screen = open_page("child", world.staff[role], student=child)

    words = everything_on(screen)
    assert not screen.exception
    assert "还缺 6 项" in words
    assert "还缺：父亲的工作单位；母亲的姓名、工作单位、电话；监护人的职业、住址。" in words
    assert "顾兰亭，67 岁，腰不好" in words


def test_a_subject_teacher_with_a_reason_reads_phones_only(open_page: OpenPage, world, child):
    screen = open_page("child", world.staff[Role.SUBJECT_TEACHER], student=child)
    screen.button(key="child_open_card").click().run()
    screen.text_input(key=f"child_contact_form_{child}_reason").set_value("体育课扭伤")
    screen.button(key=f"child_contact_form_{child}_save").click().run()

    words = everything_on(screen)
    assert "154\\-0000\\-0137" in words
    for hidden in ("还缺", "腰不好", "67 岁", "竹溪村"):
        assert hidden not in words
    assert not {"child_edit_card", "child_print_card", "child_card_versions"} & {each.key for each in screen.button}


@pytest.mark.parametrize("role", [Role.SUBJECT_TEACHER, Role.MENTOR, Role.ADMIN, Role.LEADERSHIP])
def test_the_form_is_for_who_may_write_the_child(open_page: OpenPage, world, child, role):
    screen = open_page("card_edit", world.staff[role], student=child)

    assert not screen.exception
    assert [error.value for error in screen.error] == [NOT_FOR_YOU]
    assert "顾兰亭" not in everything_on(screen)


def test_a_child_of_another_class_is_not_there(open_page: OpenPage, world, make_class, make_student):
    other = make_student("柳立夏", in_class=make_class(9, 9))

    screen = open_page("card_edit", world.staff[Role.HOMEROOM], student=other.id)

    assert [error.value for error in screen.error] == [CANNOT_BE_SEEN]
    assert not screen.text_input(key="care_find").value
    assert "柳立夏" not in everything_on(screen)


def test_a_homeroom_teacher_fills_the_card(open_page: OpenPage, world, child):
    screen = open_page("card_edit", world.staff[Role.HOMEROOM], student=child)
    for name, text in (
        ("father_workplace", "栖云市星河厂"), ("mother_name", "林初雪"), ("mother_phone", "15400000212"),
        ("mother_workplace", "栖云市星河厂"), ("guardian_occupation", "务农"), ("guardian_address", "竹溪村2组9号"),
    ):  # fmt: skip
        screen.text_input(key=form(child, name)).set_value(text)
    screen.button(key=form(child, "save")).click().run()

    assert not screen.exception
    assert stored(child) == (14, "")


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(open_page: OpenPage, world, child):
    screen = open_page("card_edit", world.staff[Role.HOMEROOM], student=child)
    screen.text_input(key=form(child, "mother_phone")).set_value("12345")
    screen.number_input(key=form(child, "guardian_age")).set_value(7)
    screen.button(key=form(child, "save")).click().run()

    words = everything_on(screen)
    assert "有 2 处要改" in words
    assert "电话要是手机号" in words
    assert "年龄要在 16 到 110 岁之间" in words
    assert screen.text_input(key=form(child, "mother_phone")).value == "12345"
    assert stored(child)[0] == 8


def test_the_second_of_two_editors_sees_both_cards(open_page: OpenPage, world, child):
    first = open_page("card_edit", world.staff[Role.LEAD], student=child)
    second = open_page("card_edit", world.staff[Role.HOMEROOM], student=child)
    first.text_input(key=form(child, "guardian_health")).set_value("好多了")
    first.button(key=form(child, "save")).click().run()
    second.text_input(key=form(child, "guardian_health")).set_value("住院了")
    second.button(key=form(child, "save")).click().run()

    words = everything_on(second)
    assert "试关爱室负责人刚改过这一条" in words
    assert "好多了" in words
    assert second.text_input(key=form(child, "guardian_health")).value == "住院了"
    second.button(key=form(child, "keep_mine")).click().run()
    second.button(key=form(child, "save")).click().run()
    with reading() as session:
        assert contact_cards.find_card(session, world.staff[Role.LEAD], student_id=child).guardian_health == "住院了"


def test_cards_before_are_shown_with_who_changed_them(open_page: OpenPage, world, child, session):
    save(session, world.staff[Role.COUNSELLOR], child, CardEntry(home_address="望舒镇灯塔村1组"))

    screen = open_page("child", world.staff[Role.HOMEROOM], student=child)
    screen.button(key="child_card_versions").click().run()

    words = everything_on(screen)
    assert not screen.exception
    assert "试专职心理教师改了" in "\n".join(each.label for each in screen.expander)
    assert "15400000137" in words
    assert "改了：父亲姓名、父亲电话、家庭住址" in words


def test_the_card_is_printed_with_a_purpose_and_noted(open_page: OpenPage, world, child):
    screen = open_page("child", world.staff[Role.HOMEROOM], student=child)
    screen.button(key="child_print_card").click().run()
    screen.button(key=f"child_print_card_{child}_make").click().run()
    assert "这一项请选一个" in everything_on(screen)

    screen.selectbox(key=f"child_print_card_{child}_purpose").select_index(2)
    screen.button(key=f"child_print_card_{child}_make").click().run()

    assert not screen.exception
    name, content = screen.session_state[f"care_word_child_print_card_{child}"]
    assert name == "联系卡 七（3）班 江小满.docx"
    text = zipfile.ZipFile(BytesIO(content)).read("word/document.xml").decode()
    for words in ("江小满", "顾兰亭", "1959 年生", "试班主任于 2026-11-20 09:41 打印", "母亲姓名"):
        assert words in text
    assert "{{" not in text
    with reading() as session:
        event = session.exec(select(AuditEvent).where(AuditEvent.action == "export.made")).one()
    assert (event.student_id, event.actor_id) == (child, world.staff[Role.HOMEROOM].user_id)


def test_a_school_lays_its_own_template_and_a_broken_one_is_said(open_page: OpenPage, world, child, location: Location):
    folder = location.data_dir / "templates"
    folder.mkdir()
    (folder / "contact_card.docx").write_bytes(b"this is no document")
    screen = open_page("child", world.staff[Role.LEAD], student=child)
    screen.button(key="child_print_card").click().run()
    screen.selectbox(key=f"child_print_card_{child}_purpose").select_index(0)
    screen.button(key=f"child_print_card_{child}_make").click().run()

    assert not screen.exception
    assert [error.value for error in screen.error if "学校自己的模板" in error.value]


def test_the_register_filters_incomplete_cards_and_counts_by_class(open_page: OpenPage, world, child, session):
    whole = dict.fromkeys(("father_workplace", "mother_name", "mother_workplace", "guardian_occupation"), "试")
    entry = CardEntry(
        **{name: getattr(ENTRY, name) for name in CardEntry.__dataclass_fields__}
        | whole | {"mother_phone": "15400000212", "guardian_address": "竹溪村"}
    )  # fmt: skip
    save(session, world.staff[Role.LEAD], child, entry)

    screen = open_page("students", world.staff[Role.HOMEROOM], card="incomplete")
    assert not screen.exception
    assert sorted(screen.dataframe[0].value["name"]) == ["孟紫苏", "霍半夏"]
    screen.session_state["students_card"] = None
    screen.session_state["students_cards"] = True
    screen.run()
    assert len(screen.dataframe[0].value) == 3
    assert list(screen.dataframe[1].value["done"]) == ["1 / 3 人"]


@pytest.mark.parametrize("role", [Role.SUBJECT_TEACHER, Role.MENTOR])
def test_who_reads_no_cards_can_not_ask_for_them_by_the_address(open_page: OpenPage, world, child, role):
    screen = open_page("students", world.staff[role], card="incomplete")

    assert not screen.exception
    assert not screen.dataframe
    assert "students_card" not in {each.key for each in screen.button_group}


def test_the_form_is_reached_from_the_child(open_page: OpenPage, world, child):
    screen = open_page("child", world.staff[Role.LEAD], student=child)
    screen.button(key="child_edit_card").click().run()

    assert not screen.exception
    assert navigation.has_page("card_edit")
    assert [title.value for title in screen.title] == ["江小满的联系卡"]


@pytest.mark.parametrize(
    ("age", "sentence"), [(200, "年龄要在 16 到 110 岁之间"), (-3, "年龄要在 16 到 110 岁之间"), (40.5, "请写整数")]
)
def test_an_age_that_can_not_be_is_refused_under_its_field_and_stays(open_page: OpenPage, world, child, age, sentence):
    homeroom = world.staff[Role.HOMEROOM]
    screen = open_page("card_edit", homeroom, student=child)
    screen.number_input(key=form(child, "guardian_age")).set_value(age).run()
    screen.button(key=form(child, "save")).click().run()
    assert sentence in words_on(screen)

    again = open_page("card_edit", homeroom, student=child)  # and the draft has it too
    assert not again.exception
    assert again.number_input(key=form(child, "guardian_age")).value == age


def test_an_age_is_drawn_without_bounds_the_browser_would_refuse_in_english(open_page: OpenPage, world, child):
    drawn = open_page("card_edit", world.staff[Role.HOMEROOM], student=child).number_input[0].proto
    assert not drawn.has_min
    assert not drawn.has_max
    assert drawn.data_type == drawn.FLOAT  # of whole numbers the browser cuts a fraction off


# What is typed outlives the tab


def kept(actor):
    with reading() as session:
        return drafts.list_drafts(session, actor, form=card_form.DRAFT)


def test_half_a_card_comes_back_after_a_reload_and_goes_when_it_is_saved(open_page: OpenPage, world, child):
    homeroom = world.staff[Role.HOMEROOM]
    screen = open_page("card_edit", homeroom, student=child)
    assert "草稿已在" not in words_on(screen)
    screen.text_input(key=form(child, "mother_name")).set_value("林初雪").run()
    screen.selectbox(key=form(child, "mother_whereabouts")).set_value(Whereabouts.AT_HOME).run()
    screen.number_input(key=form(child, "guardian_age")).set_value(68).run()
    screen.text_input(key=form(child, "guardian_health")).set_value("").run()
    assert "草稿已在 09:41 保存" in words_on(screen)
    assert REMINDER not in words_on(screen)

    again = open_page("card_edit", homeroom, student=child)
    assert not again.exception
    assert not again.error
    assert "草稿已在 09:41 保存" in words_on(again)
    assert REMINDER in words_on(again)
    assert again.text_input(key=form(child, "mother_name")).value == "林初雪"
    assert again.text_input(key=form(child, "guardian_health")).value == ""
    assert again.text_input(key=form(child, "father_name")).value == "江远山"
    again.button(key=form(child, "save")).click().run()

    with reading() as session:
        card = contact_cards.find_card(session, homeroom, student_id=child)
    assert (card.mother_name, card.mother_whereabouts, card.guardian_age) == ("林初雪", Whereabouts.AT_HOME, 68)
    assert card.guardian_health is None
    assert kept(homeroom) == []


def test_half_a_card_is_seen_by_nobody_else_and_by_nobody_who_may_not_see_the_child_any_more(
    open_page: OpenPage, world, child, session
):
    homeroom = world.staff[Role.HOMEROOM]
    screen = open_page("card_edit", homeroom, student=child)
    screen.text_input(key=form(child, "guardian_health")).set_value("住院了").run()

    lead = open_page("card_edit", world.staff[Role.LEAD], student=child)
    assert lead.text_input(key=form(child, "guardian_health")).value == "腰不好"
    held = select(ClassTeacher).where(ClassTeacher.user_id == homeroom.user_id)
    session.exec(held).one().to_day = clock.today()
    commit(session)
    own = open_page("card_edit", homeroom, student=child)
    assert "住院了" not in everything_on(own)
    assert form(child, "guardian_health") not in {each.key for each in own.text_input}


def test_typing_back_what_stood_there_and_not_wanting_it_leave_no_draft(open_page: OpenPage, world, child):
    homeroom = world.staff[Role.HOMEROOM]
    screen = open_page("card_edit", homeroom, student=child)
    screen.text_input(key=form(child, "guardian_health")).set_value("住院了").run()
    assert len(kept(homeroom)) == 1
    screen.text_input(key=form(child, "guardian_health")).set_value("腰不好").run()
    assert kept(homeroom) == []
    assert "草稿已在" not in words_on(screen)

    screen.text_input(key=form(child, "guardian_health")).set_value("住院了").run()
    screen.button(key=form(child, "cancel")).click().run()
    assert kept(homeroom) == []
    again = open_page("card_edit", homeroom, student=child)
    assert again.text_input(key=form(child, "guardian_health")).value == "腰不好"


@pytest.mark.parametrize("choice", ["take_theirs", "keep_mine"])
def test_half_a_card_over_one_changed_since_says_so_and_shows_both(open_page: OpenPage, world, child, session, choice):
    homeroom = world.staff[Role.HOMEROOM]
    screen = open_page("card_edit", homeroom, student=child)
    screen.text_input(key=form(child, "guardian_health")).set_value("住院了").run()
    save(session, world.staff[Role.LEAD], child, replace(ENTRY, guardian_health="好多了", mother_name="林初雪"))

    again = open_page("card_edit", homeroom, student=child)
    assert CHANGED_SINCE in [error.value for error in again.error]
    assert {"好多了", "住院了"} <= {cell for table in again.table for cell in table.value.to_numpy().flatten()}
    assert again.text_input(key=form(child, "mother_name")).value == "林初雪"
    again.button(key=form(child, choice)).click().run()
    assert not again.error
    assert len(kept(homeroom)) == (choice == "keep_mine")

    once_more = open_page("card_edit", homeroom, student=child)
    assert not once_more.error
    once_more.button(key=form(child, "save")).click().run()
    with reading() as session:
        card = contact_cards.find_card(session, homeroom, student_id=child)
    assert (card.guardian_health, card.mother_name) == ("好多了" if choice == "take_theirs" else "住院了", "林初雪")
    assert kept(homeroom) == []


def test_a_draft_with_what_the_form_does_not_know_says_that_something_is_lost(
    open_page: OpenPage, world, child, session
):
    homeroom = world.staff[Role.HOMEROOM]
    fields = {"father_whereabouts": "on_the_moon", "hat": "red", "mother_name": "林初雪"}
    content = {"version": contact_cards.find_card(session, homeroom, student_id=child).version, "fields": fields}
    drafts.save_draft(session, homeroom, form=card_form.DRAFT, subject=f"student:{child}", content=content)

    screen = open_page("card_edit", homeroom, student=child)

    assert not screen.exception
    assert "有 2 处放不回来" in words_on(screen)
    assert screen.text_input(key=form(child, "mother_name")).value == "林初雪"
