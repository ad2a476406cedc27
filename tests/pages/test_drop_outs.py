"""A child that stays away, on screen: noticed on its page, on home of whoever answers, its own page, to the end."""

import re
from datetime import date

import pytest
from sqlmodel import select

from db.tables import (
    DropOut,
    DropOutOutcome,
    DropOutReason,
    DropOutStep,
    DropOutStepKind,
    EnrolmentState,
    Post,
    PostHolder,
    Role,
    Student,
)
from db.transactions import reading, transaction
from services import clock, drop_outs
from services.drop_outs import DropOutEntry
from tests.conftest import NOW
from tests.pages.conftest import OpenPage, World, commit, words_on
from tests.services.intake_makers import register as register_referral
from ui.messages import CANNOT_BE_SEEN
from ui.problems import REQUIRED, SENTENCES
from ui.widget_kinds import FieldKind

TAB = "控辍保学"


@pytest.fixture
def away(session, world: World) -> int:
    """江小满 did not come on Wednesday; 试领导班子成员 holds the teaching office."""
    post = session.exec(select(Post).where(Post.code == "teaching")).one()
    session.add(
        PostHolder(
            post_id=post.id, user_id=world.staff[Role.LEADERSHIP].user_id, seat="school", is_sole=True,
            from_day=date(2026, 9, 1), recorded_at=NOW,
        )
    )  # fmt: skip
    child = world.students[0]
    number = drop_outs.register_drop_out(
        session, world.staff[Role.HOMEROOM], student_id=child.id, version=child.version,
        entry=DropOutEntry(
            noticed_on=date(2026, 11, 18), noticed_by="试班主任", reason=DropOutReason.STUDY, words="说不想读了"
        ),
    )  # fmt: skip
    commit(session)
    return number


def stored(number: int) -> DropOut:
    with reading() as session:
        return session.get_one(DropOut, number)


def on_tab(open_page: OpenPage, world: World, role: Role, place: int = 0):
    screen = open_page("child", world.staff[role], student=world.students[place].id)
    screen.session_state["child_tab"] = TAB
    return screen.run()


def press(screen, key: str):
    return screen.button(key=key).click().run()


@pytest.mark.parametrize("role", [Role.HOMEROOM, Role.COUNSELLOR, Role.LEAD])
def test_it_is_registered_on_the_child_s_page(open_page: OpenPage, world: World, role):
    child, form = world.students[1], f"drop_out_new_form_{world.students[1].id}"
    screen = on_tab(open_page, world, role, 1)
    assert "没有登记过没来上学" in words_on(screen)

    press(screen, "drop_out_new")
    screen.text_input(key=f"{form}_noticed_by").set_value("")
    screen.text_area(key=f"{form}_words").set_value("电话没人接")
    press(screen, f"{form}_save")
    assert SENTENCES["required"] in words_on(screen)
    assert screen.text_area(key=f"{form}_words").value == "电话没人接"
    screen.text_input(key=f"{form}_noticed_by").set_value("同桌")
    press(screen, f"{form}_save")

    assert not screen.exception
    with reading() as session:
        assert session.exec(select(DropOut)).one().student_id == child.id
    assert "没来上学" in words_on(screen)


@pytest.mark.parametrize("role", [Role.SUBJECT_TEACHER])
def test_a_teacher_of_the_class_has_no_such_tab(open_page: OpenPage, world: World, away, role):
    screen = open_page("child", world.staff[role], student=world.students[0].id)

    assert TAB not in [tab.label for tab in screen.tabs]
    assert "没来上学" not in words_on(screen)


def test_a_badge_says_so_at_the_top(open_page: OpenPage, world: World, away):
    screen = open_page("child", world.staff[Role.HOMEROOM], student=world.students[0].id)

    assert "没来上学" in words_on(screen)


def test_home_of_the_teaching_office_leads_there(open_page: OpenPage, world: World, away):
    screen = open_page("home", world.staff[Role.LEADERSHIP])
    assert "回来上学" in words_on(screen), words_on(screen)
    assert "帮江小满" in words_on(screen)
    assert "帮江小满" not in words_on(open_page("home", world.staff[Role.LEAD]))

    screen = open_page("drop_outs", world.staff[Role.LEADERSHIP], case=away)
    assert not screen.exception
    assert "说不想读了" in words_on(screen)
    assert "drop_outs_child" not in {button.key for button in screen.button}


@pytest.mark.parametrize("role", [Role.SUBJECT_TEACHER, Role.MENTOR])
@pytest.mark.parametrize("number", ["its", "999999", "abc", "-1"])
def test_one_not_to_be_seen_and_none_at_all_look_the_same(open_page: OpenPage, world: World, away, role, number):
    screen = open_page("drop_outs", world.staff[role], case=away if number == "its" else number)

    assert not screen.exception
    assert "江小满" not in words_on(screen)
    if number in {"its", "999999"}:
        assert [error.value for error in screen.error] == [CANNOT_BE_SEEN]


def test_a_step_is_written_down_and_put_right(open_page: OpenPage, world: World, away):
    screen = open_page("drop_outs", world.staff[Role.LEADERSHIP], case=away)
    form = f"drop_out_step_form_{away}_0"
    press(screen, "drop_out_step")
    press(screen, f"{form}_save")
    assert REQUIRED[FieldKind.CHOSEN] in words_on(screen)
    screen.session_state[f"{form}_kind"] = DropOutStepKind.HOME_VISIT
    screen.text_area(key=f"{form}_words").set_value("见到外婆")
    press(screen, f"{form}_save")
    assert SENTENCES["agreement_needed"] in words_on(screen)
    assert screen.text_area(key=f"{form}_words").value == "见到外婆"
    screen.selectbox(key=f"{form}_agreed_with_id").set_value(world.staff[Role.LEAD].user_id)
    press(screen, f"{form}_save")
    assert "事先和试关爱室负责人说好" in words_on(screen)

    with reading() as session:
        step = session.exec(select(DropOutStep)).one()
    press(screen, f"drop_out_step_{step.id}")
    again = f"drop_out_step_form_{away}_{step.id}"
    assert screen.text_area(key=f"{again}_words").value == "见到外婆"
    screen.text_area(key=f"{again}_words").set_value("见到外婆和父亲")
    press(screen, f"{again}_save")

    assert not screen.exception
    assert "见到外婆和父亲" in words_on(screen)


@pytest.mark.parametrize("role", [Role.LEADERSHIP, Role.HOMEROOM, Role.COUNSELLOR])
def test_no_screen_tells_which_child_is_suspected_to_be_abused(session, open_page: OpenPage, world: World, away, role):
    """Every word, button and choice, before a step is refused and after: the same for two children, one marked."""
    marked = world.students[1]
    number = drop_outs.register_drop_out(
        session, world.staff[Role.HOMEROOM], student_id=marked.id, version=marked.version,
        entry=DropOutEntry(
            noticed_on=date(2026, 11, 18), noticed_by="试班主任", reason=DropOutReason.STUDY, words="说不想读了"
        ),
    )  # fmt: skip
    register_referral(session, world.staff[Role.LEAD], student_id=marked.id, is_suspected_abuse=True)
    cases = {away: world.students[0], number: marked}

    shown = [screens_of(open_page, world.staff[role], case, child) for case, child in cases.items()]

    assert shown[0] == shown[1]
    assert SENTENCES["agreement_needed"] in shown[0][2]["words"]
    lead = open_page("drop_outs", world.staff[Role.LEAD], case=number)
    assert "疑似侵害" in words_on(lead)
    assert "疑似侵害" not in words_on(open_page("drop_outs", world.staff[Role.LEAD], case=away))


def screens_of(open_page: OpenPage, actor, case: int, child: Student) -> list[dict]:
    """Return the page of a case, its dialog for a step and what each kind is answered, without its own numbers."""
    form = f"drop_out_step_form_{case}_0"
    screen = open_page("drop_outs", actor, case=case)
    seen = [everything_on(screen, case, child)]
    seen.append(everything_on(press(screen, "drop_out_step"), case, child))
    for kind in (DropOutStepKind.CALL, DropOutStepKind.HOME_VISIT, DropOutStepKind.NOTICE, DropOutStepKind.TALK):
        screen.session_state[f"{form}_kind"] = kind
        seen.append(everything_on(press(screen, f"{form}_save"), case, child))
        assert not screen.exception
    seen.append(everything_on(open_page("drop_outs", actor, case=case), case, child))
    return seen


def everything_on(screen, case: int, child: Student) -> dict:
    def plain(text: object) -> str:
        return re.sub(rf"{child.name}|_{case}(?=_|$)|_{child.id}$|step_\d+$", "·", str(text))

    widgets = [*screen.button, *screen.selectbox, *screen.text_area]
    return {
        "words": plain(words_on(screen)),
        "widgets": [(plain(each.key), plain(each.label), each.disabled) for each in widgets],
        "choices": [(plain(each.key), each.options) for each in screen.selectbox],
    }


def test_the_office_names_somebody_and_ends_it(open_page: OpenPage, world: World, away):
    screen = open_page("drop_outs", world.staff[Role.LEADERSHIP], case=away)
    press(screen, "drop_out_owner")
    screen.selectbox(key=f"drop_out_owner_form_{away}_owner_id").set_value(world.staff[Role.HOMEROOM].user_id)
    press(screen, f"drop_out_owner_form_{away}_save")
    assert stored(away).owner_id == world.staff[Role.HOMEROOM].user_id

    form = f"drop_out_end_form_{away}"
    press(screen, "drop_out_end")
    screen.session_state[f"{form}_outcome"] = DropOutOutcome.TRANSFERRED
    screen.run()
    press(screen, f"{form}_save")
    assert SENTENCES["required"] in words_on(screen)
    screen.text_input(key=f"{form}_place").set_value("栖云市第二中学")
    press(screen, f"{form}_save")

    assert not screen.exception
    assert stored(away).outcome is DropOutOutcome.TRANSFERRED
    with reading() as session:
        assert session.get_one(Student, world.students[0].id).state is EnrolmentState.TRANSFERRED
    assert "drop_out_step" not in {button.key for button in screen.button}


def test_a_change_of_state_says_before_that_the_child_stays_followed(open_page: OpenPage, world: World, away):
    said, child = "改了学籍，跟进不会跟着结束", world.students[0].id
    other = open_page("child", world.staff[Role.LEAD], student=world.students[1].id)
    assert said not in words_on(press(other, "child_state"))
    screen = press(open_page("child", world.staff[Role.LEAD], student=child), "child_state")
    assert said in words_on(screen)
    screen.selectbox(key=f"child_state_form_{child}_state").set_value(EnrolmentState.GRADUATED)
    press(screen, f"child_state_form_{child}_save")

    assert "问清去向：江小满" in words_on(open_page("home", world.staff[Role.LEAD]))
    screen = open_page("drop_outs", world.staff[Role.LEAD], case=away)
    assert "学籍已改成“已毕业”" in words_on(screen)
    press(screen, "drop_out_end")
    screen.session_state[f"drop_out_end_form_{away}_outcome"] = DropOutOutcome.RETURNED
    screen.run()
    assert "学籍还是“已毕业”" in words_on(screen)
    press(screen, f"drop_out_end_form_{away}_save")
    assert not screen.exception
    assert stored(away).outcome is DropOutOutcome.RETURNED


def test_keeping_it_ends_nothing(open_page: OpenPage, world: World, away):
    screen = open_page("drop_outs", world.staff[Role.LEAD], case=away)
    press(screen, "drop_out_end")
    press(screen, f"drop_out_end_form_{away}_cancel")

    assert stored(away).closed_at is None


def test_a_homeroom_teacher_is_not_offered_the_end(open_page: OpenPage, world: World, away):
    screen = open_page("drop_outs", world.staff[Role.HOMEROOM], case=away)

    keys = {button.key for button in screen.button}
    assert {"drop_out_step", "drop_out_edit"} <= keys
    assert not {"drop_out_end", "drop_out_owner"} & keys


def test_two_editors_see_both_versions(open_page: OpenPage, world: World, away):
    form = f"drop_out_edit_form_{away}"
    screen = open_page("drop_outs", world.staff[Role.LEAD], case=away)
    press(screen, "drop_out_edit")
    with transaction() as session:
        drop_outs.change_drop_out(
            session, world.staff[Role.COUNSELLOR], drop_out_id=away, version=1,
            entry=DropOutEntry(
                noticed_on=date(2026, 11, 18), noticed_by="试", reason=DropOutReason.FAMILY, words="父亲病了"
            ),
        )  # fmt: skip

    screen.text_area(key=f"{form}_words").set_value("我写的")
    press(screen, f"{form}_save")
    assert "刚改过这一条" in words_on(screen)
    press(screen, f"{form}_keep_mine")
    press(screen, f"{form}_save")

    assert not screen.exception
    assert stored(away).version == 3


def test_the_register_shows_who_stays_away(open_page: OpenPage, world: World, away):
    screen = open_page("students", world.staff[Role.HOMEROOM], away="staying_away")

    assert list(screen.dataframe[0].value["name"]) == ["江小满"]
    assert "没来上学" not in words_on(open_page("students", world.staff[Role.SUBJECT_TEACHER], away="staying_away"))


def test_nothing_to_follow_says_what_to_do(open_page: OpenPage, world: World):
    screen = open_page("drop_outs", world.staff[Role.MENTOR])

    assert "没有归您跟进的孩子" in words_on(screen)
    assert clock.today() == NOW.date()


@pytest.mark.parametrize("role", [Role.HOMEROOM, Role.LEADERSHIP, Role.MENTOR])
def test_only_who_may_register_is_sent_to_the_child_s_file(open_page: OpenPage, world: World, role: Role):
    words = words_on(open_page("drop_outs", world.staff[role]))

    assert ("在孩子的档案里" in words) == (role is Role.HOMEROOM)
    assert ("请告诉班主任" in words) == (role is not Role.HOMEROOM)
