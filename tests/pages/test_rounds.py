"""The page of the class checks: opening, returning, putting right, two at once."""

from dataclasses import replace

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from db.tables import CategoryKind, CheckKind, CheckResult, CheckReturn, CheckRound, Role, StudentCategory
from db.transactions import reading, transaction
from services import categories, check_returns, check_rounds, clock, drafts
from services.check_returns import CheckAnswer
from tests.pages.conftest import OpenPage, World, commit, words_on
from ui.forms import CHANGED_SINCE
from ui.problems import REQUIRED, SENTENCES
from ui.widget_kinds import FieldKind


@pytest.fixture
def opened(world: World, session):
    """A round is open, and one child of the class is registered as left behind."""
    category = categories.add_category(
        session, world.staff[Role.LEAD], student_id=world.students[0].id, kind=CategoryKind.LEFT_BEHIND,
        details=categories.CategoryDetails(level=2), from_day=clock.today(),
    )  # fmt: skip
    round_id = check_rounds.open_round(session, world.staff[Role.LEAD])
    commit(session)
    return f"rounds_{round_id}_{world.school_class.id}", category


def returns() -> list[CheckReturn]:
    with reading() as session:
        return list(session.exec(select(CheckReturn).order_by(CheckReturn.id)).all())


def test_the_lead_opens_the_round(open_page: OpenPage, world: World):
    screen = open_page("rounds", world.staff[Role.LEAD])
    screen.button(key="rounds_open").click().run()
    screen.button(key="rounds_open_form_save").click().run()

    assert not screen.exception
    with reading() as session:
        assert session.exec(select(CheckRound)).one()
    assert f"交{'七（3）班'}的排查" in [button.label.replace("\\", "") for button in screen.button]


def test_a_homeroom_teacher_waits_until_it_is_open(open_page: OpenPage, world: World):
    screen = open_page("rounds", world.staff[Role.HOMEROOM])

    assert "还没有开始" in words_on(screen)
    assert "rounds_open" not in {button.key for button in screen.button}


def test_a_homeroom_teacher_confirms_finds_and_returns(open_page: OpenPage, world: World, opened):
    form, category = opened
    screen = open_page("rounds", world.staff[Role.HOMEROOM])
    screen.button(key=f"{form}_save").click().run()
    assert REQUIRED[FieldKind.CHOSEN] in words_on(screen)
    assert SENTENCES["required_tick"] in words_on(screen)

    screen.session_state[f"{form}_result_{category}"] = CheckResult.UNCHANGED
    screen.button(key=f"{form}_add_found").click().run()
    screen.selectbox(key=f"{form}_found_student_0").set_value(world.students[1].id)
    screen.selectbox(key=f"{form}_found_kind_0").set_value(CategoryKind.SPECIAL_FAMILY)
    screen.checkbox(key=f"{form}_has_asked_others").check().run()
    screen.button(key=f"{form}_save").click().run()

    assert not screen.exception
    assert [row.children_count for row in returns()] == [3]
    with reading() as session:
        assert len(session.exec(select(StudentCategory)).all()) == 2
    assert "霍半夏" in words_on(screen)


def test_a_note_is_asked_for_where_something_changed(open_page: OpenPage, world: World, opened):
    form, category = opened
    screen = open_page("rounds", world.staff[Role.HOMEROOM])
    screen.session_state[f"{form}_result_{category}"] = CheckResult.ENDED
    screen.run()
    screen.checkbox(key=f"{form}_has_asked_others").check().run()

    screen.button(key=f"{form}_save").click().run()

    assert SENTENCES["required"] in words_on(screen)
    assert returns() == []


def test_the_slower_of_two_keeps_the_words_and_decides(open_page: OpenPage, world: World, opened):
    form, category = opened
    screen = open_page("rounds", world.staff[Role.HOMEROOM])
    screen.session_state[f"{form}_result_{category}"] = CheckResult.CHANGED
    screen.run()
    screen.text_input(key=f"{form}_note_{category}").set_value("母亲也外出了")
    screen.checkbox(key=f"{form}_has_asked_others").check().run()
    with transaction() as other:
        check_returns.return_check(
            other, world.staff[Role.LEAD], class_id=world.school_class.id, version=0, has_asked_others=True,
            answers=[CheckAnswer(category_id=category, version=1, result=CheckResult.UNCHANGED)],
        )  # fmt: skip

    screen.button(key=f"{form}_save").click().run()
    assert "刚改过这一条" in screen.error[0].value
    assert screen.text_input(key=f"{form}_note_{category}").value == "母亲也外出了"

    screen.button(key=f"{form}_keep_mine").click().run()
    screen.button(key=f"{form}_save").click().run()
    assert not screen.exception
    assert [row.revision for row in returns()] == [1, 2]


def test_a_return_is_put_right_and_the_one_before_stays(open_page: OpenPage, world: World, opened, session):
    form, category = opened
    check_returns.return_check(
        session, world.staff[Role.HOMEROOM], class_id=world.school_class.id, version=0, has_asked_others=True,
        answers=[CheckAnswer(category_id=category, version=1, result=CheckResult.UNCHANGED)],
    )  # fmt: skip
    commit(session)
    screen = open_page("rounds", world.staff[Role.HOMEROOM])
    screen.button(key="rounds_amend").click().run()
    assert screen.session_state[f"{form}_result_{category}"] is CheckResult.UNCHANGED
    screen.session_state[f"{form}_result_{category}"] = CheckResult.ENDED
    screen.run()
    screen.text_input(key=f"{form}_note_{category}").set_value("父亲回来了")
    screen.checkbox(key=f"{form}_has_asked_others").check().run()
    screen.button(key=f"{form}_save").click().run()

    assert not screen.exception
    assert [row.revision for row in returns()] == [1, 2]
    assert "父亲回来了" in words_on(screen)
    assert "改之前的第 1 份" in [box.label for box in screen.expander]


# What is typed outlives the tab


def kept(actor):
    with reading() as session:
        return drafts.list_drafts(session, actor, form="rounds")


def test_half_a_sheet_comes_back_after_a_reload_and_goes_when_it_is_returned(open_page: OpenPage, world: World, opened):
    form, category = opened
    homeroom = world.staff[Role.HOMEROOM]
    screen = open_page("rounds", homeroom)
    assert "草稿已在" not in words_on(screen)
    screen.segmented_control(key=f"{form}_result_{category}").set_value(CheckResult.CHANGED).run()
    screen.text_input(key=f"{form}_note_{category}").set_value("母亲也外出了").run()
    screen.segmented_control(key=f"{form}_level_{category}").set_value(1).run()
    for _ in range(2):
        screen.button(key=f"{form}_add_found").click().run()
    screen.button(key=f"{form}_drop_0").click().run()
    screen.selectbox(key=f"{form}_found_student_1").set_value(world.students[1].id).run()
    screen.selectbox(key=f"{form}_found_kind_1").set_value(CategoryKind.SPECIAL_FAMILY).run()
    screen.text_input(key=f"{form}_found_note_1").set_value("外婆住院").run()

    again = open_page("rounds", homeroom)
    assert not again.exception
    assert not again.error
    assert "草稿已在 09:41 保存" in words_on(again)
    assert again.text_input(key=f"{form}_note_{category}").value == "母亲也外出了"
    assert again.text_input(key=f"{form}_found_note_1").value == "外婆住院"
    assert f"{form}_found_note_0" not in {each.key for each in again.text_input}
    again.checkbox(key=f"{form}_has_asked_others").check().run()
    again.button(key=f"{form}_save").click().run()

    assert [row.revision for row in returns()] == [1]
    assert "母亲也外出了" in words_on(again)
    assert "外婆住院" in words_on(again)
    assert kept(homeroom) == []


def test_half_a_sheet_is_its_writers_own_and_goes_when_not_wanted(open_page: OpenPage, world: World, opened):
    form, category = opened
    homeroom = world.staff[Role.HOMEROOM]
    screen = open_page("rounds", homeroom)
    screen.segmented_control(key=f"{form}_result_{category}").set_value(CheckResult.ENDED).run()
    screen.text_input(key=f"{form}_note_{category}").set_value("父亲回来了").run()

    assert "父亲回来了" not in {each.value for each in open_page("rounds", world.staff[Role.LEAD]).text_input}
    screen.button(key=f"{form}_cancel").click().run()

    assert not screen.exception
    assert kept(homeroom) == []
    assert screen.segmented_control(key=f"{form}_result_{category}").value is None


def test_half_a_correction_opens_again_and_says_when_somebody_was_faster(
    open_page: OpenPage, world: World, opened, session
):
    form, category = opened
    homeroom = world.staff[Role.HOMEROOM]
    give = {"class_id": world.school_class.id, "has_asked_others": True}
    unchanged = [CheckAnswer(category_id=category, version=1, result=CheckResult.UNCHANGED)]
    check_returns.return_check(session, homeroom, version=0, answers=unchanged, **give)
    commit(session)
    screen = open_page("rounds", homeroom)
    screen.button(key="rounds_amend").click().run()
    screen.segmented_control(key=f"{form}_result_{category}").set_value(CheckResult.CHANGED).run()
    screen.text_input(key=f"{form}_note_{category}").set_value("换了照看的人").run()

    again = open_page("rounds", homeroom)
    assert not again.error
    assert again.text_input(key=f"{form}_note_{category}").value == "换了照看的人"
    changed = [CheckAnswer(category_id=category, version=1, result=CheckResult.CHANGED, note="父亲换了厂")]
    check_returns.return_check(session, world.staff[Role.LEAD], version=1, answers=changed, **give)
    commit(session)

    later = open_page("rounds", homeroom)
    assert CHANGED_SINCE in [error.value for error in later.error]
    assert {"父亲换了厂", "换了照看的人"} <= {
        cell for table in later.table for cell in table.value.to_numpy().flatten()
    }
    later.button(key=f"{form}_keep_mine").click().run()
    later.checkbox(key=f"{form}_has_asked_others").check().run()
    later.button(key=f"{form}_save").click().run()
    assert [row.revision for row in returns()] == [1, 2, 3]
    assert kept(homeroom) == []


def test_a_line_that_is_gone_is_said_and_the_rest_comes_back(open_page: OpenPage, world: World, opened, session):
    form, category = opened
    homeroom, lead = world.staff[Role.HOMEROOM], world.staff[Role.LEAD]
    screen = open_page("rounds", homeroom)
    screen.segmented_control(key=f"{form}_result_{category}").set_value(CheckResult.UNCHANGED).run()
    screen.checkbox(key=f"{form}_has_asked_others").check().run()
    row = session.get_one(StudentCategory, category)
    categories.end_category(
        session, lead, student_id=row.student_id, category_id=category, version=row.version, day=clock.today()
    )
    commit(session)

    again = open_page("rounds", homeroom)

    assert not again.exception
    assert "有 1 处放不回来" in words_on(again)
    assert again.checkbox(key=f"{form}_has_asked_others").value


# Somebody else changes a category while the sheet is open


def set_level(world: World, category: int, level: int):
    """The lead looks at the child meanwhile, and writes another level."""
    with transaction() as other:
        row = other.get_one(StudentCategory, category)
        categories.change_category(
            other, world.staff[Role.LEAD], student_id=row.student_id, category_id=category, version=row.version,
            details=replace(categories.details_of(row), level=level),
        )  # fmt: skip


def level_of(category: int) -> int | None:
    with reading() as session:
        return session.get_one(StudentCategory, category).level


def cells_of(screen) -> set[str]:
    return {str(cell) for table in screen.table for cell in table.value.to_numpy().flatten()}


def test_a_level_somebody_set_since_is_shown_beside_what_was_typed(open_page: OpenPage, world: World, opened):
    form, category = opened
    screen = open_page("rounds", world.staff[Role.HOMEROOM])
    screen.segmented_control(key=f"{form}_result_{category}").set_value(CheckResult.CHANGED).run()
    screen.segmented_control(key=f"{form}_level_{category}").set_value(3).run()
    screen.text_input(key=f"{form}_note_{category}").set_value("母亲回来了")
    screen.checkbox(key=f"{form}_has_asked_others").check().run()
    set_level(world, category, 1)

    screen.button(key=f"{form}_save").click().run()

    assert not screen.exception
    assert returns() == []
    assert level_of(category) == 1
    assert {"一级", "三级", "1 级", "2 级"} <= cells_of(screen)
    assert screen.text_input(key=f"{form}_note_{category}").value == "母亲回来了"
    screen.button(key=f"{form}_keep_mine").click().run()
    screen.button(key=f"{form}_save").click().run()
    assert [row.revision for row in returns()] == [1]
    assert level_of(category) == 3


def test_an_end_over_what_was_changed_since_is_asked_again(open_page: OpenPage, world: World, opened):
    form, category = opened
    screen = open_page("rounds", world.staff[Role.HOMEROOM])
    screen.segmented_control(key=f"{form}_result_{category}").set_value(CheckResult.ENDED).run()
    screen.text_input(key=f"{form}_note_{category}").set_value("父亲回来了")
    screen.checkbox(key=f"{form}_has_asked_others").check().run()
    set_level(world, category, 1)
    screen.run()  # anything on the page draws the sheet anew; what was seen first still counts

    screen.button(key=f"{form}_save").click().run()

    assert returns() == []
    assert {"1 级", "2 级"} <= cells_of(screen)
    assert screen.text_input(key=f"{form}_note_{category}").value == "父亲回来了"
    with reading() as session:
        assert session.get_one(StudentCategory, category).to_day is None


def test_half_a_sheet_over_what_was_changed_since_says_so(open_page: OpenPage, world: World, opened):
    form, category = opened
    homeroom = world.staff[Role.HOMEROOM]
    screen = open_page("rounds", homeroom)
    screen.segmented_control(key=f"{form}_result_{category}").set_value(CheckResult.CHANGED).run()
    screen.text_input(key=f"{form}_note_{category}").set_value("母亲也外出了").run()
    set_level(world, category, 1)

    again = open_page("rounds", homeroom)

    assert not again.exception
    assert "刚改过这一条" in again.error[0].value
    assert {"1 级", "2 级"} <= cells_of(again)
    assert again.text_input(key=f"{form}_note_{category}").value == "母亲也外出了"
    again.checkbox(key=f"{form}_has_asked_others").check().run()
    again.button(key=f"{form}_save").click().run()
    assert returns() == []
    again.button(key=f"{form}_keep_mine").click().run()
    again.button(key=f"{form}_save").click().run()
    assert [row.revision for row in returns()] == [1]
    assert kept(homeroom) == []


def test_a_category_registered_while_the_sheet_is_open_is_answered_as_it_stands(
    open_page: OpenPage, world: World, opened, session
):
    form, category = opened
    screen = open_page("rounds", world.staff[Role.HOMEROOM])
    screen.segmented_control(key=f"{form}_result_{category}").set_value(CheckResult.UNCHANGED).run()
    new = categories.add_category(
        session, world.staff[Role.LEAD], student_id=world.students[1].id, kind=CategoryKind.SPECIAL_FAMILY,
        details=categories.CategoryDetails(level=2), from_day=clock.today(),
    )  # fmt: skip
    commit(session)
    screen.run()
    screen.segmented_control(key=f"{form}_result_{new}").set_value(CheckResult.UNCHANGED).run()
    screen.checkbox(key=f"{form}_has_asked_others").check().run()
    screen.button(key=f"{form}_save").click().run()

    assert not screen.exception
    assert [row.revision for row in returns()] == [1]


def test_who_met_somebody_else_at_the_same_moment_is_asked_to_press_again(
    open_page: OpenPage, world: World, opened, monkeypatch
):
    form, category = opened
    screen = open_page("rounds", world.staff[Role.HOMEROOM])
    screen.segmented_control(key=f"{form}_result_{category}").set_value(CheckResult.ENDED).run()
    screen.text_input(key=f"{form}_note_{category}").set_value("父亲回来了")
    screen.checkbox(key=f"{form}_has_asked_others").check().run()

    class DeadlockDetected(Exception):
        sqlstate = "40P01"

    def meet(*_args, **_more):
        raise OperationalError("UPDATE", {}, DeadlockDetected())

    with monkeypatch.context() as patched:
        patched.setattr(categories, "end_category", meet)
        screen.button(key=f"{form}_save").click().run()

    assert not screen.exception
    assert "请再按一次" in screen.error[0].value
    assert screen.text_input(key=f"{form}_note_{category}").value == "父亲回来了"
    assert returns() == []
    screen.button(key=f"{form}_save").click().run()
    assert [row.revision for row in returns()] == [1]


# The quarter's check of the 四特 children (G-01)


@pytest.fixture
def quarter(world: World, session):
    """The quarter's round is open; one child of the class is of 四特, without a level yet."""
    category = categories.add_category(
        session, world.staff[Role.LEAD], student_id=world.students[0].id, kind=CategoryKind.SPECIAL_FAMILY,
        details=categories.CategoryDetails(), from_day=clock.today(),
    )  # fmt: skip
    round_id = check_rounds.open_round(session, world.staff[Role.LEAD], kind=CheckKind.SPECIAL_CHECK)
    commit(session)
    return f"rounds_{round_id}_{world.school_class.id}", category


def test_the_lead_opens_the_quarter_s_check_on_its_own_view(open_page: OpenPage, world: World):
    screen = open_page("rounds", world.staff[Role.LEAD], view="special")
    assert "第四季度" in words_on(screen)
    screen.button(key="rounds_open").click().run()
    screen.button(key="rounds_open_form_save").click().run()

    assert not screen.exception
    with reading() as session:
        assert session.exec(select(CheckRound)).one().kind is CheckKind.SPECIAL_CHECK
    assert "没有四特的孩子，也没有新怀疑的" in screen.checkbox[0].label  # ticked, where the class has nobody


def test_a_homeroom_teacher_says_who_saw_the_child_when_and_how_grave_it_is(open_page: OpenPage, world: World, quarter):
    form, category = quarter
    homeroom = world.staff[Role.HOMEROOM]
    screen = open_page("rounds", homeroom, view="special")
    screen.segmented_control(key=f"{form}_result_{category}").set_value(CheckResult.UNCHANGED).run()
    screen.checkbox(key=f"{form}_has_asked_others").check().run()
    screen.button(key=f"{form}_save").click().run()
    assert REQUIRED[FieldKind.CHOSEN] in words_on(screen)
    assert screen.selectbox(key=f"{form}_seen_by_{category}").value == homeroom.user_id
    screen.segmented_control(key=f"{form}_level_{category}").set_value(2).run()
    screen.date_input(key=f"{form}_seen_on_{category}").set_value(clock.today()).run()

    again = open_page("rounds", homeroom, view="special")  # after a reload
    assert "草稿已在" in words_on(again)
    assert again.date_input(key=f"{form}_seen_on_{category}").value == clock.today()
    again.button(key=f"{form}_save").click().run()

    assert not again.exception
    assert [row.children_count for row in returns()] == [3]
    assert level_of(category) == 2
    assert f"{homeroom.display_name}见的" in words_on(again)


def test_who_was_not_seen_is_named_with_why_and_stays_owed(open_page: OpenPage, world: World, quarter):
    form, category = quarter
    screen = open_page("rounds", world.staff[Role.HOMEROOM], view="special")
    screen.segmented_control(key=f"{form}_result_{category}").set_value(CheckResult.NOT_SEEN).run()
    assert f"{form}_seen_on_{category}" not in {each.key for each in screen.date_input}
    screen.text_input(key=f"{form}_note_{category}").set_value("住院，出院再见")
    screen.checkbox(key=f"{form}_has_asked_others").check().run()
    screen.button(key=f"{form}_save").click().run()

    assert not screen.exception
    assert "住院，出院再见" in words_on(screen)
    assert "四特排查七（3）班" in words_on(open_page("home", world.staff[Role.HOMEROOM])).replace("\\", "")
