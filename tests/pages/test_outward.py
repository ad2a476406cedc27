"""Referring a child out on screen: the form with and without consent, a draft, and one from first day to its end."""

from datetime import timedelta

import pytest
from sqlmodel import select

from db.tables import (
    ConsentAnswer,
    ConsentPurpose,
    Draft,
    OutwardContact,
    OutwardOutcome,
    OutwardReferral,
    Role,
    Urgency,
)
from db.tables import OutwardTarget as Target
from db.transactions import reading
from services import clock, consents, outward_referrals
from services.outward_referrals import OutwardEntry
from tests.pages.conftest import OpenPage, World, commit, words_on
from ui.messages import CANNOT_BE_SEEN
from ui.problems import SENTENCES

WHY, NEW = "近一个月睡不着。", "outward_new"


def press(screen, key: str):
    return screen.button(key=key).click().run()


def stored() -> list[OutwardReferral]:
    with reading() as session:
        return list(session.exec(select(OutwardReferral)))


@pytest.fixture
def child(session, world: World) -> int:
    """江小满, whose family agrees."""
    made = world.students[0]
    consents.record_consent(
        session, world.staff[Role.COUNSELLOR], student_id=made.id, purpose=ConsentPurpose.REFERRAL,
        answer=ConsentAnswer.GIVEN, day=clock.today(), by_whom="外婆",
    )  # fmt: skip
    commit(session)
    return made.id


@pytest.fixture
def made(session, world: World, child) -> int:
    """江小满 is referred to a hospital."""
    entry = OutwardEntry(target_kind=Target.HOSPITAL, target="栖云市第三医院", reason=WHY, referred_on=clock.today())
    number = outward_referrals.refer_out(session, world.staff[Role.COUNSELLOR], student_id=child, entry=entry)
    commit(session)
    return number


def test_a_child_is_referred_out_from_its_page_with_an_error_on_the_way(open_page: OpenPage, world, child):
    screen = open_page("child", world.staff[Role.COUNSELLOR], student=child, child_tab="受理")
    assert "转介到校外" in {button.label for button in screen.button}
    screen = open_page(NEW, world.staff[Role.COUNSELLOR], student=child)
    press(screen, f"{NEW}_submit")
    assert SENTENCES["required"] in words_on(screen)
    screen.pills(key=f"{NEW}_target_kind").set_value(Target.HOSPITAL)
    screen.text_input(key=f"{NEW}_target").set_value("栖云市第三医院")
    screen.text_area(key=f"{NEW}_reason").set_value(WHY).run()
    press(screen, f"{NEW}_submit")

    assert not screen.exception
    (row,) = stored()
    assert (row.student_id, row.is_emergency, row.owner_id) == (child, False, world.staff[Role.COUNSELLOR].user_id)
    words = words_on(screen)
    assert "等回音" in words
    assert WHY in words


def test_without_consent_only_danger_is_let_through_and_the_draft_comes_back(open_page: OpenPage, world):
    counsellor, other = world.staff[Role.COUNSELLOR], world.students[1].id
    screen = open_page(NEW, counsellor, student=other)
    assert "还没问过家里" in words_on(screen)
    screen.pills(key=f"{NEW}_target_kind").set_value(Target.HOSPITAL)
    screen.text_input(key=f"{NEW}_target").set_value("栖云市第三医院")
    screen.text_area(key=f"{NEW}_reason").set_value(WHY).run()
    press(screen, f"{NEW}_submit")
    assert SENTENCES["no_consent"] in words_on(screen)
    assert stored() == []

    again = open_page(NEW, counsellor, student=other)
    assert again.text_area(key=f"{NEW}_reason").value == WHY
    again.segmented_control(key=f"{NEW}_urgency").set_value(Urgency.DANGER)
    again.text_area(key=f"{NEW}_emergency").set_value("有计划，家里电话打不通。").run()
    assert "120" in words_on(again)
    press(again, f"{NEW}_submit")

    assert [row.is_emergency for row in stored()] == [True]
    assert "事后还要问家里" in words_on(again)


def test_what_is_not_wanted_is_thrown_away_with_its_draft(open_page: OpenPage, world, child):
    counsellor = world.staff[Role.COUNSELLOR]
    screen = open_page(NEW, counsellor, student=child)
    screen.text_area(key=f"{NEW}_reason").set_value(WHY).run()
    with reading() as session:
        assert len(session.exec(select(Draft)).all()) == 1
    press(screen, f"{NEW}_drop")

    assert not screen.exception
    with reading() as session:
        assert session.exec(select(Draft)).all() == []
    assert open_page(NEW, counsellor, student=child).text_area(key=f"{NEW}_reason").value == ""


def test_it_is_asked_after_answered_and_ended(open_page: OpenPage, world, made):
    screen = open_page("outward", world.staff[Role.COUNSELLOR], outward=made)
    press(screen, "outward_follow")
    form = f"outward_follow_form_{made}_0"
    screen.pills(key=f"{form}_contact").set_value(OutwardContact.FAMILY)
    screen.text_area(key=f"{form}_words").set_value("家里说按时去了。")
    press(screen, f"{form}_save")
    assert SENTENCES["agreement_needed"] in words_on(screen)
    screen.selectbox(key=f"{form}_agreed_with_id").set_value(world.staff[Role.LEAD].user_id)
    press(screen, f"{form}_save")
    press(screen, "outward_answer")
    screen.text_area(key=f"outward_answer_form_{made}_answer").set_value("建议每周门诊。")
    press(screen, f"outward_answer_form_{made}_save")
    assert "建议每周门诊" in words_on(screen)
    press(screen, "outward_end")
    screen.selectbox(key=f"outward_end_form_{made}_outcome").set_value(OutwardOutcome.BACK)
    screen.text_area(key=f"outward_end_form_{made}_words").set_value("好些了。")
    press(screen, f"outward_end_form_{made}_save")

    assert not screen.exception
    assert [row.outcome for row in stored()] == [OutwardOutcome.BACK]
    words = words_on(screen)
    assert "家里说按时去了" in words
    assert "outward_follow" not in {button.key for button in screen.button}


@pytest.mark.parametrize(
    ("days_off", "words", "said"),
    [
        (None, "建议门诊。", SENTENCES["required"]),
        (1, "建议门诊。", "还没到"),
        (-40_000, "建议门诊。", "不能早于转介的日子"),
        (0, "", SENTENCES["required"]),
        (0, " \u200b\n\t", SENTENCES["required"]),
        (0, "好" * 5_001, "现在 5,001 字"),
    ],
    ids=["no day", "tomorrow", "a century ago", "no words", "nothing one could see", "a whole book"],
)
@pytest.mark.parametrize(("act", "day"), [("answer", "answered_on"), ("end", "ended_on")])
def test_an_absurd_answer_or_ending_is_said_at_its_field_and_kept_as_typed(
    open_page: OpenPage, world, made, act, day, days_off, words, said
):
    screen = open_page("outward", world.staff[Role.COUNSELLOR], outward=made)
    press(screen, f"outward_{act}")
    form = f"outward_{act}_form_{made}"
    screen.date_input(key=f"{form}_{day}").set_value(None if days_off is None else clock.today() + timedelta(days_off))
    if act == "end":
        screen.selectbox(key=f"{form}_outcome").set_value(OutwardOutcome.BACK)
    field = f"{form}_{'answer' if act == 'answer' else 'words'}"
    screen.text_area(key=field).set_value(words)
    press(screen, f"{form}_save")

    assert not screen.exception
    assert said in words_on(screen)
    assert screen.text_area(key=field).value == words
    assert [(row.answered_on, row.ended_on) for row in stored()] == [(None, None)]


def test_what_was_refused_is_put_right_and_saved(open_page: OpenPage, world, made):
    screen = open_page("outward", world.staff[Role.COUNSELLOR], outward=made)
    press(screen, "outward_end")
    form = f"outward_end_form_{made}"
    press(screen, f"{form}_save")
    assert SENTENCES["choice_needed"] in words_on(screen)
    screen.text_area(key=f"{form}_words").set_value("医院接着看。")
    screen.selectbox(key=f"{form}_outcome").set_value(OutwardOutcome.TAKEN_OVER)
    press(screen, f"{form}_save")
    assert SENTENCES["not_answered_yet"] in words_on(screen)  # taken over by whom nothing was heard of
    screen.selectbox(key=f"{form}_outcome").set_value(OutwardOutcome.BACK)
    press(screen, f"{form}_save")

    assert not screen.exception
    assert [(row.outcome, row.ended_on) for row in stored()] == [(OutwardOutcome.BACK, clock.today())]


def test_two_editors_of_one_see_both(open_page: OpenPage, world, made):
    first = open_page("outward", world.staff[Role.COUNSELLOR], outward=made)
    second = open_page("outward", world.staff[Role.LEAD], outward=made)
    form = f"outward_edit_form_{made}"
    for screen, target in ((first, "栖云市第一医院"), (second, "栖云市第二医院")):
        press(screen, "outward_edit")
        screen.text_input(key=f"{form}_target").set_value(target)
    press(first, f"{form}_save")
    press(second, f"{form}_save")

    shown = "\n".join(str(each.value.to_dict()) for each in second.table)
    assert "栖云市第一医院" in shown
    assert "栖云市第二医院" in shown


def test_home_says_when_the_answer_is_due_and_opens_it(open_page: OpenPage, session, world, made):
    session.get_one(OutwardReferral, made).referred_on = clock.today().replace(day=1)
    commit(session)

    screen = open_page("home", world.staff[Role.COUNSELLOR])

    assert "问转介的回音：江小满" in words_on(screen)
    next(each for each in screen.button if each.label == "去问问").click().run()
    assert WHY in words_on(screen)


@pytest.mark.parametrize("number", ["of nobody", "999999", "abc"])
def test_one_that_is_not_there_and_one_of_a_colleague_look_the_same(
    open_page: OpenPage, world, made, make_user, number
):
    screen = open_page("outward", make_user(Role.COUNSELLOR), outward=made if number == "of nobody" else number)

    assert not screen.exception
    assert WHY not in words_on(screen)
    assert number == "abc" or [error.value for error in screen.error] == [CANNOT_BE_SEEN]


def test_counselling_that_was_refused_is_said_at_the_child(open_page: OpenPage, session, world):
    counsellor, other = world.staff[Role.COUNSELLOR], world.students[1].id
    consents.record_consent(
        session, counsellor, student_id=other, purpose=ConsentPurpose.COUNSELLING, answer=ConsentAnswer.REFUSED,
        day=clock.today(), by_whom="母亲",
    )  # fmt: skip
    screen = open_page("record", counsellor, kind="counselling", student=other)
    screen.time_input(key="record_start_time").set_value(clock.local(clock.now()).time().replace(second=0))
    screen.text_area(key="record_raised").set_value("睡不着").run()
    screen.text_area(key="record_measures").set_value("放松练习").run()
    press(screen, "record_submit")

    assert "不同意心理辅导并记录" in words_on(screen)
