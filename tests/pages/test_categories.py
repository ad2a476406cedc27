"""Categories on screen: what is asked for each, the State's judgement, and the lists in settings."""

import pytest
from sqlmodel import select

from db.tables import CareOption, CategoryKind, FoundBy, LeftBehindKind, Role, StudentCategory
from db.transactions import reading
from tests.pages.conftest import OpenPage, World, words_on


def form(child: int, name: str) -> str:
    return f"child_category_form_{child}_0_{name}"


def everything_on(screen) -> str:
    return "\n".join([words_on(screen), *[each.value for each in screen.markdown]])


def choose(screen, child: int, kind: CategoryKind):
    screen.button(key="child_add_category").click().run()
    screen.selectbox(key=form(child, "kind")).select(kind).run()
    return screen


def keys_of(screen) -> set[str]:
    return {each.key.rpartition("_0_")[2] for each in (*screen.selectbox, *screen.text_input, *screen.button_group)
            if each.key and "category_form" in each.key}  # fmt: skip


def only() -> StudentCategory:
    with reading() as session:
        return session.exec(select(StudentCategory)).one()


@pytest.fixture
def child(world: World) -> int:
    return world.students[0].id


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        (CategoryKind.LEFT_BEHIND, {"kind", "left_behind_kind", "guardianship", "found_by"}),
        (CategoryKind.IN_DIFFICULTY, {"kind", "difficulty_id", "document", "found_by"}),
        (CategoryKind.SPECIAL_FAMILY, {"kind", "level", "found_by"}),
    ],
)
def test_each_category_asks_what_belongs_to_it(open_page: OpenPage, world, child, kind, asked):
    screen = choose(open_page("child", world.staff[Role.LEAD], student=child), child, kind)

    assert not screen.exception
    assert keys_of(screen) == asked


def test_a_homeroom_teacher_registers_a_left_behind_child_and_reads_the_state_s_judgement(
    open_page: OpenPage, world, child
):
    screen = choose(open_page("child", world.staff[Role.HOMEROOM], student=child), child, CategoryKind.LEFT_BEHIND)
    screen.selectbox(key=form(child, "left_behind_kind")).select(LeftBehindKind.BOTH_AWAY)
    screen.selectbox(key=form(child, "found_by")).select(FoundBy.HOME_VISIT)
    screen.button(key=form(child, "save")).click().run()

    words = everything_on(screen)
    assert not screen.exception
    assert "留守：父母都外出" in words
    assert "家访发现" in words
    assert "符合国家留守儿童口径。户口没有写，按农村算。" in words
    assert only().left_behind_kind is LeftBehindKind.BOTH_AWAY


def test_a_difficulty_is_chosen_from_the_list_with_its_document(open_page: OpenPage, world, child):
    screen = choose(open_page("child", world.staff[Role.LEAD], student=child), child, CategoryKind.IN_DIFFICULTY)
    with reading() as session:
        option = session.exec(select(CareOption.id).where(CareOption.label == "孤儿")).one()
    screen.selectbox(key=form(child, "difficulty_id")).select(option)
    screen.text_input(key=form(child, "document")).set_value("12号")
    screen.button(key=form(child, "save")).click().run()

    assert not screen.exception
    assert "困境：孤儿" in everything_on(screen)
    assert "文号：12号" in everything_on(screen)


def test_a_special_child_without_a_level_is_said_so_and_graded_by_the_school_s_names(open_page: OpenPage, world, child):
    screen = choose(open_page("child", world.staff[Role.LEAD], student=child), child, CategoryKind.SPECIAL_CONDUCT)
    screen.button(key=form(child, "save")).click().run()
    assert "还没有定级" in everything_on(screen)

    entry = only()
    screen.button(key=f"child_category_{entry.id}").click().run()
    level = f"child_category_form_{child}_{entry.id}_level"
    box = next(each for each in screen.button_group if each.key == level)
    assert [option.content for option in box.proto.options] == ["重点关注", "年级关注", "日常关注"]
    box.set_value(1)
    screen.button(key=f"child_category_form_{child}_{entry.id}_save").click().run()

    assert not screen.exception
    assert only().level == 1
    assert "重点关注" in everything_on(screen)


def test_a_problem_stands_only_as_long_as_what_was_refused(open_page: OpenPage, world, child):
    screen = open_page("child", world.staff[Role.LEAD], student=child)
    screen.button(key="child_add_category").click().run()
    screen.button(key=form(child, "save")).click().run()
    words = everything_on(screen)
    assert "有 1 处要改" in screen.error[0].value
    assert "这一项请选一个" in words
    assert "这一项要填" not in words + screen.error[0].value

    screen.selectbox(key=form(child, "kind")).select(CategoryKind.IN_DIFFICULTY).run()

    words = everything_on(screen)
    assert not screen.error
    assert "这一项请选一个" not in words
    assert "这一项要填" not in words


@pytest.mark.parametrize("role", [Role.SUBJECT_TEACHER, Role.MENTOR])
def test_who_sees_no_categories_sees_neither_kind_nor_judgement(open_page: OpenPage, world, child, session, role):
    from tests.pages.conftest import commit

    session.add(
        StudentCategory(
            student_id=child, kind=CategoryKind.LEFT_BEHIND, left_behind_kind=LeftBehindKind.BOTH_AWAY,
            from_day=world.students[0].recorded_at.date(), recorded_at=world.students[0].recorded_at,
        )
    )  # fmt: skip
    commit(session)

    words = everything_on(open_page("child", world.staff[role], student=child))
    assert "父母都外出" not in words
    assert "口径" not in words


def test_the_lead_adds_renames_and_retires_words(open_page: OpenPage, world):
    screen = open_page("settings", world.staff[Role.LEAD], settings_view="lists")
    screen.session_state["settings_view"] = "lists"
    screen.run()
    screen.text_input(key="option_new_label").set_value("特困").run()
    screen.button(key="option_add").click().run()
    assert "已经有人用了" in everything_on(screen)
    screen.text_input(key="option_new_label").set_value("父母重病").run()
    screen.button(key="option_add").click().run()
    with reading() as session:
        option = session.exec(select(CareOption).where(CareOption.label == "父母重病")).one()
    screen.button(key=f"option_{option.id}").click().run()
    screen.checkbox(key=f"option_form_{option.id}_is_offered").uncheck().run()
    screen.button(key=f"option_form_{option.id}_save").click().run()

    assert not screen.exception
    with reading() as session:
        assert session.get_one(CareOption, option.id).is_offered is False
