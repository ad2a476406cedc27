"""Archives and tiers on screen: the list, one child, a change with an error on the way, a lowering answered on home."""

from datetime import date, timedelta

import pytest
from sqlmodel import col, select

from db.tables import PsychArchive, Role, Tier, TierChange, TierColour
from db.transactions import reading
from services import clock, tiers
from services.tiers import TierEntry
from tests.pages.conftest import OpenPage, World, commit, words_on
from ui.form_drafts import REMINDER
from ui.problems import SENTENCES

SECRET = "说过不想活了"
READERS = [Role.LEAD, Role.COUNSELLOR, Role.HOMEROOM]
NUMBERS = [Role.LEADERSHIP, Role.SUPERVISOR]


def tier(session, rank: int) -> int:
    return session.exec(select(Tier.id).where(Tier.rank == rank)).one()


def put(session, actor, child, rank: int, *, follows: int = 0, days_ago: int = 0) -> int:
    entry = TierEntry(tier_id=tier(session, rank), from_day=clock.today() - timedelta(days=days_ago), reason=SECRET)
    saved = tiers.set_tier(session, actor, student_id=child.id, follows=follows, entry=entry)
    commit(session)
    return saved.id


def press(screen, key: str):
    return screen.button(key=key).click().run()


@pytest.mark.parametrize("role", READERS)
def test_the_list_shows_the_own_children(session, open_page: OpenPage, world: World, role):
    put(session, world.staff[Role.LEAD], world.students[0], 3, days_ago=9)
    screen = open_page("archives", world.staff[role])

    assert not screen.exception
    table = screen.dataframe[0].value
    assert table["name"].iloc[0] == world.students[0].name
    assert table["tier"].iloc[0] == ["① 一级危机"]
    assert ("review" in table.columns) is (role is not Role.HOMEROOM)
    if role is not Role.HOMEROOM:
        assert table["review"].iloc[0] == "▲ 逾期 2 天"


@pytest.mark.parametrize("role", NUMBERS)
def test_numbers_hold_small_groups_back_and_name_nobody(session, open_page: OpenPage, world: World, role):
    put(session, world.staff[Role.LEAD], world.students[0], 3)
    screen = open_page("archives", world.staff[role])
    words = words_on(screen)

    assert not screen.exception
    assert "不单独说" in words
    assert "少于 5 人" not in words  # what is held back so that nobody can subtract may be more
    assert all(child.name not in words for child in world.students)
    for query in ({"student": world.students[0].id}, {"view": "list"}, {"view": "rates"}):
        words = words_on(open_page("archives", world.staff[role], **query))
        assert all(child.name not in words for child in world.students)


def test_the_homeroom_teacher_reads_the_tier_without_the_reason(session, open_page: OpenPage, world: World):
    put(session, world.staff[Role.LEAD], world.students[0], 2)
    words = words_on(open_page("archives", world.staff[Role.HOMEROOM], student=world.students[0].id))

    assert "二级重点" in words
    assert SECRET not in words
    assert "等级的经过" not in words


def test_what_was_typed_about_a_tier_is_there_after_a_reload_and_gone_once_saved(open_page: OpenPage, world: World):
    number, counsellor = world.students[0].id, world.staff[Role.COUNSELLOR]
    screen = open_page("archives", counsellor, student=number)
    press(screen, "archive_set_tier")
    screen.text_area(key=f"tier_form_{number}_reason").set_value(SECRET).run()

    again = open_page("archives", counsellor, student=number)
    press(again, "archive_set_tier")

    assert again.text_area(key=f"tier_form_{number}_reason").value == SECRET
    assert REMINDER in words_on(again)
    other = open_page("archives", counsellor, student=world.students[1].id)
    press(other, "archive_set_tier")
    assert SECRET not in words_on(other)
    with reading() as session:
        again.segmented_control(key=f"tier_form_{number}_tier_id").set_value(tier(session, 2))
    press(again, f"tier_form_{number}_save")
    third = open_page("archives", counsellor, student=number)
    press(third, "archive_set_tier")
    assert third.text_area(key=f"tier_form_{number}_reason").value == ""


def test_a_child_is_put_into_a_tier_with_an_error_on_the_way(open_page: OpenPage, world: World):
    screen = open_page("child", world.staff[Role.COUNSELLOR], student=world.students[0].id)
    press(screen, "child_archive")
    assert "江小满的心理档案" in words_on(screen)
    number = world.students[0].id
    screen = open_page("archives", world.staff[Role.COUNSELLOR], student=number)
    press(screen, "archive_set_tier")
    with reading() as session:
        orange = tier(session, 2)
    assert "一级危机 7 天，二级重点 14 天，三级关注 30 天" in words_on(screen)  # what follows, before it is saved
    assert "3 个上课日内要有预警干预小组" in words_on(screen)
    screen.segmented_control(key=f"tier_form_{number}_tier_id").set_value(orange)
    press(screen, f"tier_form_{number}_save")
    assert SENTENCES["required"] in words_on(screen)
    screen.text_area(key=f"tier_form_{number}_reason").set_value(SECRET)
    press(screen, f"tier_form_{number}_save")

    assert not screen.exception
    assert SECRET in words_on(screen)
    with reading() as session:
        assert session.exec(select(TierChange.tier_id)).all() == [orange]


def test_a_lowering_waits_on_the_head_s_home_until_answered(session, open_page: OpenPage, world: World):
    counsellor, lead, child = world.staff[Role.COUNSELLOR], world.staff[Role.LEAD], world.students[0]
    put(session, counsellor, child, 3)
    change_id = put(session, counsellor, child, 2, follows=1)
    assert "降级，等您答复" not in words_on(open_page("home", counsellor))
    screen = open_page("home", lead)
    assert f"降级，等您答复：{child.name}" in words_on(screen)
    assert SECRET not in words_on(screen)
    (key,) = [each.key for each in screen.button if each.key and "answer_tier" in each.key]
    press(screen, key)
    assert SECRET in words_on(screen)
    press(screen, f"tier_answer_form_{change_id}_agree")

    assert not screen.exception
    assert "降级，等您答复" not in words_on(open_page("home", lead))
    with reading() as own:
        assert own.exec(select(TierChange.number).order_by(col(TierChange.id))).all() == [1, 2]


def test_two_editors_of_one_tier_see_both(session, open_page: OpenPage, world: World):
    child = world.students[0]
    number = child.id
    screen = open_page("archives", world.staff[Role.COUNSELLOR], student=number)
    press(screen, "archive_set_tier")
    screen.text_area(key=f"tier_form_{number}_reason").set_value("第一位写的")
    put(session, world.staff[Role.LEAD], child, 3)
    screen.segmented_control(key=f"tier_form_{number}_tier_id").set_value(tier(session, 1))
    commit(session)
    press(screen, f"tier_form_{number}_save")

    assert not screen.exception
    assert "一级危机" in words_on(screen)
    assert screen.text_area(key=f"tier_form_{number}_reason").value == "第一位写的"
    with reading() as own:
        assert len(own.exec(select(TierChange.id)).all()) == 1


def test_archives_are_begun_for_a_class_at_once(open_page: OpenPage, world: World):
    screen = open_page("archives", world.staff[Role.COUNSELLOR])
    press(screen, "archives_begin")
    press(screen, "archives_begin_form_save")

    assert not screen.exception
    with reading() as session:
        assert len(session.exec(select(PsychArchive.id)).all()) == len(world.students)
        assert session.exec(select(TierChange.tier_id)).all() == [tier(session, 0)] * len(world.students)
    assert "建档率 100%" in words_on(open_page("archives", world.staff[Role.COUNSELLOR], view="rates")).replace(
        "\\", ""
    )


def test_filters_come_from_the_address(session, open_page: OpenPage, world: World):
    put(session, world.staff[Role.LEAD], world.students[1], 1)
    screen = open_page("archives", world.staff[Role.COUNSELLOR], tier=tier(session, 1))
    assert list(screen.dataframe[0].value["name"]) == [world.students[1].name]
    screen = open_page("archives", world.staff[Role.COUNSELLOR], tier="nonsense", review="late")
    assert "没有这样的孩子" in words_on(screen)


def test_the_flows_over_a_range(session, open_page: OpenPage, world: World):
    put(session, world.staff[Role.LEAD], world.students[0], 1, days_ago=60)
    put(session, world.staff[Role.LEAD], world.students[0], 3, follows=1, days_ago=5)
    first = (clock.today() - timedelta(days=20)).isoformat()
    screen = open_page("archives", world.staff[Role.COUNSELLOR], view="tiers", first=first)

    assert not screen.exception
    moved = screen.dataframe[-1].value
    assert moved.to_dict("records") == [{"from": "三级关注", "to": "一级危机", "children": 1}]
    assert "请选开始和结束" in words_on(
        open_page("archives", world.staff[Role.COUNSELLOR], view="tiers", first=date(2030, 1, 1).isoformat())
    )


def test_the_school_renames_and_adds_tiers(open_page: OpenPage, world: World):
    screen = open_page("settings", world.staff[Role.ADMIN], view="lists")
    press(screen, "tier_kind_new")
    screen.text_input(key="tier_kind_add_form_label").set_value("橙色预警")
    press(screen, "tier_kind_add_form_save")
    assert SENTENCES["choice_needed"] in words_on(screen)
    with reading() as session:
        yellow = tier(session, 1)
    screen.selectbox(key="tier_kind_add_form_above_id").set_value(yellow)
    screen.segmented_control(key="tier_kind_add_form_colour").set_value(TierColour.ORANGE)
    press(screen, "tier_kind_add_form_save")
    press(screen, f"tier_kind_{yellow}")
    screen.text_input(key=f"tier_kind_form_{yellow}_label").set_value("黄色关注")
    press(screen, f"tier_kind_form_{yellow}_save")

    assert not screen.exception
    with reading() as session:
        rows = session.exec(select(Tier).order_by(col(Tier.rank).desc())).all()
    assert [row.label for row in rows] == ["一级危机", "二级重点", "橙色预警", "黄色关注", "一般"]
