"""The page of the regulations: who sees how clauses are kept, switching them on, excuses with a second yes."""

from datetime import date

import pytest
from sqlmodel import select

from bench.counting import counted
from db import engine
from db.tables import (
    AppUser,
    CategoryKind,
    ClauseExcuse,
    ClauseSwitch,
    ExcuseState,
    Role,
    Student,
    StudentCategory,
)
from db.transactions import reading
from services import clock, parameter_versions
from services.regulations import kept_results, switching
from services.regulations.sources import SOURCES
from tests.pages.conftest import OpenPage, World, commit, words_on
from tests.pages.test_record import write
from ui.navigation import has_page
from ui.rules_evidence import PLACES


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    kept_results.forget_all()


@pytest.fixture
def counting(world: World, session) -> World:
    """K-01 and K-10 count since September, and the first child is left behind."""
    for clause_id in ("K-01", "K-10"):
        session.add(
            ClauseSwitch(clause_id=clause_id, number=1, is_on=True, from_day=date(2026, 9, 1), set_at=clock.now())
        )
    session.add(
        StudentCategory(
            student_id=world.students[0].id, kind=CategoryKind.LEFT_BEHIND, from_day=date(2026, 9, 1),
            recorded_at=clock.now(),
        )
    )  # fmt: skip
    session.get_one(AppUser, world.staff[Role.LEADERSHIP].user_id).is_protection_leader = True
    commit(session)
    return world


def test_a_school_that_has_none_is_offered_a_dozen_to_begin_with(open_page: OpenPage, world: World):
    screen = open_page("rules", world.staff[Role.LEAD])
    assert "还没有一条算起来" in words_on(screen)

    screen.button(key="rules_begin").click().run()
    next(each for each in screen.button if "启用 12 条" in each.label).click().run()

    assert not screen.exception
    with reading() as now:
        assert set(now.exec(select(ClauseSwitch.clause_id)).all()) == set(switching.FIRST_DOZEN)


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.HOMEROOM, Role.LEADERSHIP, Role.SUPERVISOR])
def test_others_are_not_offered_to_switch(open_page: OpenPage, world: World, role: Role):
    screen = open_page("rules", world.staff[role])

    assert not screen.exception
    assert "挑几条开始" not in words_on(screen)


def test_a_clause_opens_to_who_owes_what(open_page: OpenPage, counting: World):
    screen = open_page("rules", counting.staff[Role.LEAD], clause="K-01")

    words = words_on(screen)
    assert "本学期到今天应做" in words
    assert "江小满" in screen.dataframe[0].value.to_string()


def test_the_names_of_facts_stay_on_one_line_beside_long_values(open_page: OpenPage, counting: World):
    screen = open_page("rules", counting.staff[Role.LEAD], clause="K-01")

    names = list(screen.table[0].value["name"])
    assert "谁\u2060负\u2060责" in names[0]


def test_what_was_done_opens_the_record_that_proves_it(open_page: OpenPage, counting: World, session):
    talk_id = write(session, counting.staff[Role.HOMEROOM], counting.students[0])
    kept_results.forget_all()

    screen = open_page("rules", counting.staff[Role.LEAD], clause="K-01", list="done")
    assert list(screen.dataframe[0].value["proof"]) == ["看凭据"]
    screen.session_state["rules_proof_open"] = {"row": 0}
    screen.run()

    assert not screen.exception
    assert screen.query_params["record"] == str(talk_id)
    missed = open_page("rules", counting.staff[Role.LEAD], clause="K-01", list="missed").dataframe[0].value
    assert "proof" not in missed


@pytest.mark.parametrize("name", sorted({place.page for place in PLACES.values()}))
def test_every_place_of_a_proof_is_a_page(name: str):
    assert has_page(name)
    assert PLACES.keys() <= SOURCES.keys()


@pytest.mark.parametrize("role", [Role.LEADERSHIP, Role.SUPERVISOR])
def test_who_sees_numbers_only_reads_no_name_and_no_small_number(open_page: OpenPage, counting: World, role: Role):
    screen = open_page("rules", counting.staff[role], clause="K-01")

    words = words_on(screen)
    assert "不到 5 个孩子，数字不显示" in words
    assert "江小满" not in words
    assert not screen.dataframe


def test_an_excuse_is_asked_by_one_and_answered_by_another(open_page: OpenPage, counting: World):
    screen = open_page("rules", counting.staff[Role.LEAD], clause="K-10")
    screen.button(key="rules_ask").click().run()
    screen.selectbox[-1].select(counting.students[0].id)
    next(each for each in screen.text_input if each.label == "为什么").set_value("父母都不在了")
    next(each for each in screen.button if each.label == "请第二个人同意").click().run()
    assert not screen.exception

    other = open_page("rules", counting.staff[Role.LEADERSHIP])
    next(each for each in other.button if each.label == "看一看").click().run()
    assert "父母都不在了" in words_on(other)
    next(each for each in other.button if each.label == "答复").click().run()

    with reading() as now:
        assert now.exec(select(ClauseExcuse.state)).one() is ExcuseState.STANDING
    assert "生效" in words_on(open_page("rules", counting.staff[Role.LEAD], clause="K-10"))


def test_an_excuse_of_nobody_is_refused_at_its_field(open_page: OpenPage, counting: World):
    screen = open_page("rules", counting.staff[Role.LEAD], clause="K-10")
    screen.button(key="rules_ask").click().run()
    assert f"由{counting.staff[Role.LEADERSHIP].display_name}答复" in words_on(screen)
    next(each for each in screen.text_input if each.label == "为什么").set_value("父母都不在了")
    next(each for each in screen.button if each.label == "请第二个人同意").click().run()

    assert not screen.exception
    assert "这一项请选一个" in words_on(screen)
    with reading() as now:
        assert now.exec(select(ClauseExcuse.id)).all() == []


def test_who_asks_is_told_that_nobody_can_answer_yet(open_page: OpenPage, counting: World, session):
    session.get_one(AppUser, counting.staff[Role.LEADERSHIP].user_id).is_protection_leader = False
    commit(session)

    screen = open_page("rules", counting.staff[Role.LEAD], clause="K-10")
    screen.button(key="rules_ask").click().run()

    assert "现在没有人能答复" in words_on(screen)
    assert "请第二个人同意" not in [each.label for each in screen.button]  # no form to fill in for nothing
    screen.button(key="rules_ask_close").click().run()
    assert "现在没有人能答复" not in words_on(screen)


def test_nobody_answers_their_own(open_page: OpenPage, counting: World, session):
    lead = counting.staff[Role.LEAD]
    session.add(
        ClauseExcuse(
            kind="exempt", clause_id="K-10", student_id=counting.students[0].id, from_day=date(2026, 9, 1),
            asked_by_id=lead.user_id, asked_at=clock.now(),
        )
    )  # fmt: skip
    commit(session)

    assert "看一看" not in [each.label for each in open_page("rules", lead).button]


def test_a_clause_nobody_knows_is_said_to_be_unknown(open_page: OpenPage, world: World):
    screen = open_page("rules", world.staff[Role.LEAD], clause="Z-99")

    assert not screen.exception


def test_home_tells_a_homeroom_teacher_and_opens_just_that(open_page: OpenPage, counting: World):
    screen = open_page("home", counting.staff[Role.HOMEROOM])

    assert "制度要您做的" in words_on(screen)
    assert "K\\-10 留守儿童每周和父母亲情视频一次" in words_on(screen)

    of_own = open_page("rules", counting.staff[Role.HOMEROOM], clause="K-10", own=1)
    assert "只列该您做" in words_on(of_own)
    assert [each.label for each in of_own.button if each.label == "看这一条的全部"]
    assert len(of_own.dataframe[0].value) == 1


@pytest.mark.parametrize("role", [Role.FINANCE, Role.ADMIN, Role.SUPERVISOR, Role.LEADERSHIP])
def test_home_tells_nobody_of_what_is_others_to_do(open_page: OpenPage, counting: World, role: Role):
    assert "制度要您做的" not in words_on(open_page("home", counting.staff[role]))


def test_the_lead_changes_a_number_from_its_clause_and_reads_its_versions(open_page: OpenPage, counting: World):
    name = "K-01.talks_a_month"
    screen = open_page("rules", counting.staff[Role.LEAD], clause="K-01")
    screen.button(key="rules_number_0").click().run()
    screen.number_input(key=f"parameter_{name}_value").set_value(2)
    screen.text_input(key=f"parameter_{name}_reason").set_value("领导小组定的").run()
    screen.button(key=f"parameter_{name}_save").click().run()

    assert not screen.exception
    words = words_on(open_page("rules", counting.staff[Role.HOMEROOM], clause="K-01"))
    assert "最早 1 次，11月20日起 2 次" in words
    assert "改这个数" not in words
    with reading() as now:
        assert parameter_versions.parameter_on(now, name, date(2026, 11, 19)) == 1


def test_a_planned_number_is_taken_back_from_its_clause(open_page: OpenPage, counting: World, session):
    lead, name = counting.staff[Role.LEAD], "K-01.talks_a_month"
    row = parameter_versions.set_parameter(
        session, lead, name=name, value=2, in_force_from=date(2027, 3, 1), reason="下学期起", version=0
    )
    commit(session)
    screen = open_page("rules", lead, clause="K-01")
    screen.button(key="rules_number_0").click().run()

    screen.button(key=f"parameter_withdraw_{row.id}").click().run()
    screen.button(key="parameter_withdraw_confirm").click().run()

    assert not screen.exception
    with reading() as now:
        assert parameter_versions.parameter_on(now, name, date(2027, 3, 1)) == 1


def lacking_card(world: World, session) -> None:
    """The first child's card lacks two parts."""
    child = session.get_one(Student, world.students[0].id)
    child.card_missing, child.card_parts_filled = "father_phone,guardian_health", 12
    commit(session)


def test_a_clause_that_asks_for_whole_records_counts_them_and_names_what_is_lacking(
    open_page: OpenPage, counting: World, session
):
    lacking_card(counting, session)

    screen = open_page("rules", counting.staff[Role.LEAD], clause="E-08")

    assert not screen.exception
    assert "一共 **1** 份，写全 **0**，还缺 **1**" in words_on(screen)
    told = screen.dataframe[0].value.to_string()
    assert "江小满" in told
    assert "父亲电话、监护人身体状况" in told
    assert "启用" not in [each.label for each in screen.button]  # nothing to switch on


def test_they_are_listed_apart_with_what_is_lacking(open_page: OpenPage, counting: World, session):
    lacking_card(counting, session)

    screen = open_page("rules", counting.staff[Role.LEAD], which="whole")

    assert not screen.exception
    rows = screen.dataframe[0].value
    assert len(rows) == 19
    assert rows[rows["id"] == "E-08"]["due"].item() == 1
    assert "不用启用，一直数着" in words_on(screen)


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.HOMEROOM, Role.LEADERSHIP, Role.SUPERVISOR])
def test_each_role_reads_the_whole_records_it_may(open_page: OpenPage, counting: World, session, role: Role):
    lacking_card(counting, session)
    for address in ({"which": "whole"}, {"clause": "E-08"}, {"clause": "G-07"}, {"clause": "C-14"}):
        screen = open_page("rules", counting.staff[role], **address)

        assert not screen.exception
        names = [each.value.to_string() for each in screen.dataframe]
        is_numbers = role in (Role.LEADERSHIP, Role.SUPERVISOR)
        if is_numbers:
            assert not any("江小满" in each for each in names)
        if address.get("which"):
            assert ("点编号看缺哪几份" in words_on(screen)) is not is_numbers  # they find no names behind it
            assert ("空着的数背后不到五个孩子" in words_on(screen)) is is_numbers


@pytest.mark.parametrize("address", [{"which": "whole"}, {"clause": "E-08"}, {"clause": "G-07"}])
def test_whole_records_take_no_more_statements_than_a_page_may(
    open_page: OpenPage, counting: World, address: dict[str, str]
):
    screen = open_page("rules", counting.staff[Role.LEAD], **address)

    with counted(engine.runtime().engine) as tally:
        screen.run()

    assert tally.total <= 12
    assert tally.for_rights <= 2
