"""Registering a referral on its page."""

from datetime import timedelta

import pytest
from sqlmodel import select

from db.sealing import unseal
from db.tables import Draft, Referral, Role
from db.transactions import reading
from services import clock
from tests.conftest import NOW
from tests.pages.conftest import OpenPage, World, words_on

FACTS = "课间独自坐在楼梯口，问话不答。"


def stored():
    with reading() as session:
        return session.exec(select(Referral).order_by(Referral.id)).all()


def fill(screen, world, **typed):
    child = world.students[0]
    screen.text_input(key="intake_child_typed").set_value(child.name).run()
    screen.button(key=f"intake_child_found_{child.id}").click().run()
    for name, value in ({"facts": FACTS} | typed).items():
        screen.text_area(key=f"intake_{name}").set_value(value)
    return screen.run()


@pytest.mark.parametrize("role", [Role.LEAD, Role.COUNSELLOR, Role.HOMEROOM, Role.SUBJECT_TEACHER])
def test_a_referral_is_registered(open_page: OpenPage, world: World, role):
    screen = fill(open_page("intake", world.staff[role]), world)
    if role in (Role.LEAD, Role.COUNSELLOR):
        screen.selectbox(key="intake_referred_by_id").select(world.staff[Role.HOMEROOM].user_id).run()

    assert screen.button(key="intake_submit").label == "登记江小满的受理"
    screen.button(key="intake_submit").click().run()

    assert not screen.exception
    [referral] = stored()
    assert unseal(referral, "facts_sealed") == FACTS
    assert referral.student_id == world.students[0].id
    with reading() as session:
        assert session.exec(select(Draft)).all() == []


def test_an_unknown_child_is_registered_as_typed(open_page: OpenPage, world: World):
    screen = open_page("intake", world.staff[Role.HOMEROOM])
    screen.text_input(key="intake_child_typed").set_value("八年级的高个子").run()
    screen.text_area(key="intake_facts").set_value(FACTS).run()

    screen.button(key="intake_submit").click().run()

    [referral] = stored()
    assert (referral.student_id, unseal(referral, "child_label_sealed")) == (None, "八年级的高个子")


def test_what_is_missing_stands_under_its_field_and_the_text_stays(open_page: OpenPage, world: World):
    screen = open_page("intake", world.staff[Role.COUNSELLOR])
    screen.text_area(key="intake_child_words").set_value("不想回家。").run()

    screen.button(key="intake_submit").click().run()

    assert [error.value for error in screen.error] == ["没有存上：有 3 处要改。写的字还在，请看标红的地方。"]
    assert screen.text_area(key="intake_child_words").value == "不想回家。"
    for sentence in ("请选一个孩子", "请写是谁说的。", "请至少写一句看到或听到的事，才能登记。"):
        assert sentence in words_on(screen)
    assert stored() == []


@pytest.mark.parametrize("name", ["facts", "child_words", "background", "tried"])
@pytest.mark.parametrize(
    "typed", ["😀", '=HYPERLINK("http://x","y")', "<script>alert(1)</script>", "'; DROP TABLE referral; --"]
)
def test_odd_texts_are_kept(open_page: OpenPage, world: World, name, typed):
    screen = fill(open_page("intake", world.staff[Role.HOMEROOM]), world, **{name: typed})

    screen.button(key="intake_submit").click().run()

    assert not screen.exception
    assert unseal(stored()[0], f"{name}_sealed") == typed


@pytest.mark.parametrize("name", ["facts", "child_words", "background", "tried"])
def test_ten_thousand_characters_are_too_many_and_stay(open_page: OpenPage, world: World, name):
    screen = fill(open_page("intake", world.staff[Role.HOMEROOM]), world, **{name: "字" * 10_000})

    screen.button(key="intake_submit").click().run()

    assert "太长了：最多 5,000 字，现在 10,000 字。" in words_on(screen).replace("\\", "")
    assert screen.text_area(key=f"intake_{name}").value == "字" * 10_000
    assert stored() == []


@pytest.mark.parametrize("name", ["noticed_on", "received_day"])
def test_days_to_come_are_refused(open_page: OpenPage, world: World, name):
    screen = fill(open_page("intake", world.staff[Role.HOMEROOM]), world)
    screen.date_input(key=f"intake_{name}").set_value(clock.today() + timedelta(days=3)).run()

    screen.button(key="intake_submit").click().run()

    assert "2026年11月23日还没到" in words_on(screen)
    assert stored() == []


def test_leaving_a_long_field_keeps_a_draft_that_can_be_taken_up(open_page: OpenPage, world: World):
    homeroom = world.staff[Role.HOMEROOM]
    screen = fill(open_page("intake", homeroom), world)
    assert "草稿已在 09:41 保存" in words_on(screen)

    again = open_page("intake", homeroom)
    [draft] = stored_drafts()
    again.button(key=f"intake_take_{draft.subject}").click().run()

    assert again.text_area(key="intake_facts").value == FACTS
    assert again.button(key="intake_submit").label == "登记江小满的受理"


def test_nobody_else_is_offered_the_draft(open_page: OpenPage, world: World):
    fill(open_page("intake", world.staff[Role.HOMEROOM]), world)

    screen = open_page("intake", world.staff[Role.COUNSELLOR])

    assert FACTS not in words_on(screen)
    assert not [button for button in screen.button if str(button.key).startswith("intake_take_")]


def test_what_is_not_wanted_is_gone(open_page: OpenPage, world: World):
    screen = fill(open_page("intake", world.staff[Role.HOMEROOM]), world)

    screen.button(key="intake_discard").click().run()

    assert screen.text_area(key="intake_facts").value == ""
    assert stored_drafts() == []


def test_what_follows_stands_beside_the_form(open_page: OpenPage, world: World):
    screen = fill(open_page("intake", world.staff[Role.HOMEROOM]), world)

    told = "\n".join(str(table.value.to_string()) for table in screen.table)
    assert world.staff[Role.COUNSELLOR].display_name in told
    assert "110" in words_on(screen)


def test_the_address_chooses_the_child_but_no_stranger(open_page: OpenPage, world: World, make_student):
    stranger = make_student("顾芒种")

    own = open_page("intake", world.staff[Role.HOMEROOM], student=world.students[1].id)
    other = open_page("intake", world.staff[Role.HOMEROOM], student=stranger.id)

    assert own.button(key="intake_submit").label == "登记霍半夏的受理"
    assert other.button(key="intake_submit").label == "登记受理"
    assert "顾芒种" not in words_on(other)


def stored_drafts():
    with reading() as session:
        return session.exec(select(Draft)).all()


def test_the_clock_of_these_tests_stands_still():
    assert clock.now() == NOW
