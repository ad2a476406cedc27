"""The leadership group's week on screen: who sees what, the lists, the weeks that are over, the paper."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from db.tables import CareKind, ClauseSwitch, Post, PostHolder, Role
from db.transactions import transaction
from services import clock
from services.regulations import kept_results, weeks
from services.student_exports import ExportPurpose
from tests.pages.conftest import OpenPage, World, commit, words_on
from tests.pages.test_charts import checked_charts
from tests.services.regulations.week_makers import note_use
from tests.services.test_reviews import at, left_behind, talk

LAST_WEEK = date(2026, 11, 9)


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    kept_results.forget_all()


@pytest.fixture
def counting(world: World, session) -> World:
    """Three left-behind children without pairs; the week before last is frozen, the last one is owed."""
    for clause_id in ("J-01", "K-10"):
        session.add(
            ClauseSwitch(clause_id=clause_id, number=1, is_on=True, from_day=date(2026, 9, 1), set_at=clock.now())
        )
    for child in world.students:
        left_behind(session, child)
        for number in range(9):
            talk(session, child, CareKind.FAMILY_VIDEO, date(2026, 9, 9) + timedelta(weeks=number))
    session.flush()
    note_use(session, LAST_WEEK - timedelta(days=4), LAST_WEEK)
    at(LAST_WEEK)
    assert weeks.freeze_week(session, world.staff[Role.LEAD]) is not None
    at(date(2026, 11, 20))
    commit(session)
    return world


def badges(screen) -> str:
    return "\n".join(each.value for each in screen.markdown)


@pytest.mark.parametrize("role", [Role.LEAD, Role.COUNSELLOR])
def test_the_care_room_sees_numbers_and_opens_their_lists(open_page: OpenPage, counting: World, role: Role):
    screen = open_page("weekly", counting.staff[role])
    assert not screen.exception
    assert "3 人" in badges(screen)
    assert "试班主任" in screen.dataframe[0].value.to_string() + screen.dataframe[1].value.to_string()

    screen.button(key="weekly_unpaired").click().run()

    assert not screen.exception
    assert screen.title[0].value == "没有结对的留守孩子"
    assert "江小满" in screen.dataframe[0].value.to_string()
    screen.button(key="weekly_back").click().run()
    assert screen.title[0].value == "领导小组周例会"


@pytest.mark.parametrize("role", [Role.LEAD, Role.LEADERSHIP])
def test_each_clause_that_is_red_opens(open_page: OpenPage, counting: World, role: Role):
    screen = open_page("weekly", counting.staff[role])
    (red,) = [each.value for each in screen.dataframe if "id" in each.value]

    screen.session_state["weekly_red_open"] = {"row": list(red["id"]).index("J-01")}
    screen.run()

    assert not screen.exception
    if role is Role.LEAD:
        assert "没做到的每一件" in screen.title[0].value
        assert screen.query_params["list"] == "clause.J-01"
    else:  # numbers only: the clause, without a child
        assert "条款 J" in screen.title[0].value
        assert "江小满" not in words_on(screen)


@pytest.mark.parametrize("role", [Role.LEADERSHIP, Role.SUPERVISOR])
def test_who_sees_numbers_only_reads_no_name_no_small_number_and_opens_no_list(
    open_page: OpenPage, counting: World, role: Role
):
    screen = open_page("weekly", counting.staff[role])

    assert not screen.exception
    assert "人少，不显示" in badges(screen)
    assert "3 人" not in badges(screen)
    assert "看名单" not in [each.label for each in screen.button]
    for what in ("unpaired", "overdue", "clause.K-10", "tier.3", "owner.1", "nonsense"):
        shown = open_page("weekly", counting.staff[role], list=what)
        assert not shown.exception
        assert "江小满" not in words_on(shown)
        assert not shown.dataframe


@pytest.mark.parametrize("role", [Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.MENTOR, Role.FINANCE, Role.ADMIN])
def test_nobody_else_opens_it(open_page: OpenPage, counting: World, role: Role):
    screen = open_page("weekly", counting.staff[role])

    assert "领导小组周例会" not in [each.value for each in screen.title]


def test_opening_it_freezes_the_week_that_is_over_and_it_can_be_chosen(open_page: OpenPage, counting: World):
    screen = open_page("weekly", counting.staff[Role.LEADERSHIP])
    chosen = screen.selectbox(key="weekly_week")
    assert len(chosen.options) == 3  # this week, the last, the one frozen before

    chosen.select(LAST_WEEK).run()

    assert not screen.exception
    assert screen.query_params["week"] == LAST_WEEK.isoformat()
    assert "那一周过完时定格的数" in words_on(screen)


@pytest.mark.parametrize("asked", ["2026-13-45", "nonsense", "2020-01-06"])
def test_nonsense_in_the_address_is_this_week(open_page: OpenPage, counting: World, asked: str):
    screen = open_page("weekly", counting.staff[Role.LEAD], week=asked)

    assert not screen.exception
    assert "到今天" in words_on(screen)


def test_a_school_that_counts_nothing_yet_has_a_calm_page(open_page: OpenPage, world: World):
    screen = open_page("weekly", world.staff[Role.LEAD])

    assert not screen.exception
    assert "没有启用" in badges(screen)
    assert "有两周以后才画得出变化" in words_on(screen)
    assert checked_charts(screen) == []


def test_what_later_areas_count_has_a_sentence_and_no_number(open_page: OpenPage, counting: World):
    words = words_on(open_page("weekly", counting.staff[Role.LEAD]))

    assert "先看门口的登记本" in words
    assert "先问财务" in words
    assert "议程、决定和纪要" in words


def test_its_chart_keeps_to_the_schema(open_page: OpenPage, counting: World):
    screen = open_page("weekly", counting.staff[Role.SUPERVISOR])

    assert checked_charts(screen) == ["各领域做到的条款（%）"]


@pytest.mark.parametrize("role", [Role.LEAD, Role.LEADERSHIP])
def test_it_is_printed_as_word(open_page: OpenPage, counting: World, role: Role):
    screen = open_page("weekly", counting.staff[role])
    screen.button(key="weekly_print").click().run()
    screen.selectbox(key="weekly_print_form_purpose").set_value(ExportPurpose.MEETING).run()
    screen.button(key="weekly_print_form_make").click().run()

    assert not screen.exception
    assert screen.get("download_button")


def test_whose_duties_are_late_follows_who_holds_the_post(open_page: OpenPage, counting: World, session):
    """What is kept of the week must not outlive a post that changed hands."""
    session.add(ClauseSwitch(clause_id="J-12", number=1, is_on=True, from_day=date(2026, 9, 1), set_at=clock.now()))
    commit(session)
    lead = counting.staff[Role.LEAD]
    assert "德育处负责人（空缺）" in open_page("weekly", lead).dataframe[1].value.to_string()

    with transaction() as now:
        post_id = now.exec(select(Post.id).where(Post.code == "moral_education")).one()
        now.add(
            PostHolder(
                post_id=post_id, user_id=counting.staff[Role.COUNSELLOR].user_id, seat="school", is_sole=True,
                from_day=date(2026, 9, 1), recorded_at=clock.now(),
            )
        )  # fmt: skip

    owners = open_page("weekly", lead).dataframe[1].value.to_string()
    assert "德育处负责人（空缺）" not in owners
    assert "试专职心理教师" in owners
