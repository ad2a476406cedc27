"""Registering a referral on its page."""

from datetime import date, time, timedelta

import pytest
from sqlmodel import select

from db.sealing import unseal
from db.tables import CategoryKind, Draft, ParentsInformed, Referral, Role, Urgency
from db.transactions import reading
from services import categories, clock, drafts
from services.categories import CategoryDetails
from tests.conftest import NOW
from tests.pages.conftest import OpenPage, World, words_on
from tests.services.intake_makers import register
from ui.referral_form import NO_ACCOUNT

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


def test_a_teacher_without_account_is_registered_by_name(open_page: OpenPage, world: World):
    screen = fill(open_page("intake", world.staff[Role.COUNSELLOR]), world)
    assert "intake_speaker" not in {field.key for field in screen.text_input}
    screen.selectbox(key="intake_referred_by_id").select(NO_ACCOUNT).run()
    screen.button(key="intake_submit").click().run()
    assert "请写是谁说的。" in words_on(screen)

    screen.text_input(key="intake_speaker").set_value("代课的岳老师").run()
    again = open_page("intake", world.staff[Role.COUNSELLOR], draft=stored_drafts()[0].subject)
    assert again.text_input(key="intake_speaker").value == "代课的岳老师"
    again.button(key="intake_submit").click().run()

    assert not again.exception
    [referral] = stored()
    assert (referral.referred_by_id, unseal(referral, "speaker_sealed")) == (None, "代课的岳老师")
    assert "代课的岳老师说的" in words_on(again)


def test_a_second_tab_that_marks_abuse_is_not_told_that_it_was_saved(open_page: OpenPage, world: World):
    homeroom = world.staff[Role.HOMEROOM]
    first = fill(open_page("intake", homeroom), world)
    second = open_page("intake", homeroom, draft=stored_drafts()[0].subject)
    first.button(key="intake_submit").click().run()

    second.toggle(key="intake_is_suspected_abuse").set_value(True).run()
    second.button(key="intake_submit").click().run()

    assert "已经登记过了" in second.error[0].value
    assert second.toggle(key="intake_is_suspected_abuse").value
    [referral] = stored()
    assert not referral.is_suspected_abuse


def test_an_unknown_child_is_registered_as_typed(open_page: OpenPage, world: World):
    screen = open_page("intake", world.staff[Role.HOMEROOM])
    screen.text_input(key="intake_child_typed").set_value("八年级的高个子").run()
    screen.text_area(key="intake_facts").set_value(FACTS).run()

    screen.button(key="intake_submit").click().run()

    [referral] = stored()
    assert (referral.student_id, unseal(referral, "child_label_sealed")) == (None, "八年级的高个子")


def typed_child(screen, name):
    screen.text_input(key="intake_child_typed").set_value(name).run()
    screen.text_area(key="intake_facts").set_value(FACTS).run()
    return screen


def test_the_full_name_of_one_child_means_that_child_without_a_click(open_page: OpenPage, world: World):
    child = world.students[0]
    screen = typed_child(open_page("intake", world.staff[Role.HOMEROOM]), child.name)
    assert "名册里找不到" not in words_on(screen)

    screen.button(key="intake_submit").click().run()

    assert not screen.exception
    assert [referral.student_id for referral in stored()] == [child.id]


def test_a_child_of_the_same_name_can_be_said_not_to_be_meant(open_page: OpenPage, world: World):
    child = world.students[0]
    screen = typed_child(open_page("intake", world.staff[Role.HOMEROOM]), child.name)
    screen.button(key="intake_child_other").click().run()
    assert "请点一下" in words_on(screen)

    screen.button(key="intake_submit").click().run()

    [referral] = stored()
    assert (referral.student_id, unseal(referral, "child_label_sealed")) == (None, child.name)


def test_of_two_children_of_one_name_none_is_taken_unasked(open_page: OpenPage, world: World, make_student):
    make_student(world.students[0].name)
    screen = typed_child(open_page("intake", world.staff[Role.COUNSELLOR]), world.students[0].name)
    screen.selectbox(key="intake_referred_by_id").select(world.staff[Role.HOMEROOM].user_id).run()

    screen.button(key="intake_submit").click().run()

    assert [referral.student_id for referral in stored()] == [None]


def test_what_is_missing_stands_under_its_field_and_the_text_stays(open_page: OpenPage, world: World):
    screen = open_page("intake", world.staff[Role.COUNSELLOR])
    screen.text_area(key="intake_child_words").set_value("不想回家。").run()

    screen.button(key="intake_submit").click().run()

    assert [error.value for error in screen.error] == ["没有存上：有 3 处要改。写的字还在，请看标红的地方。"]
    assert screen.text_area(key="intake_child_words").value == "不想回家。"
    for sentence in ("请选一个孩子", "请写是谁说的。", "请至少写一句看到或听到的事，才能登记。"):
        assert sentence in words_on(screen)
    assert stored() == []


def test_a_child_that_is_chosen_is_no_longer_asked_for(open_page: OpenPage, world: World):
    screen = open_page("intake", world.staff[Role.HOMEROOM])
    screen.button(key="intake_submit").click().run()
    assert "请选一个孩子" in words_on(screen)
    before = screen.error[0].value

    screen.text_input(key="intake_child_typed").set_value(world.students[0].name).run()

    assert "请选一个孩子" not in words_on(screen)
    assert screen.error[0].value != before  # one place less to mend
    screen.text_area(key="intake_facts").set_value(FACTS).run()
    assert not screen.error


def test_a_day_of_receipt_is_refused_beside_its_field(open_page: OpenPage, world: World):
    screen = fill(open_page("intake", world.staff[Role.HOMEROOM]), world)
    screen.date_input(key="intake_received_day").set_value(clock.today() + timedelta(days=2)).run()
    screen.button(key="intake_submit").click().run()

    beside = [column for column in screen.columns if any("还没到" in each.value for each in column.markdown)]
    assert beside
    assert all(any(each.key == "intake_received_day" for each in column.date_input) for column in beside)

    screen.date_input(key="intake_received_day").set_value(clock.today()).run()
    assert "还没到" not in words_on(screen)


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


@pytest.mark.parametrize("day", [date(2027, 11, 24), None])
def test_a_wrong_day_of_receipt_is_one_problem_and_none_is_hidden(open_page: OpenPage, world: World, day):
    screen = fill(open_page("intake", world.staff[Role.HOMEROOM]), world)
    screen.date_input(key="intake_received_day").set_value(day).run()

    screen.button(key="intake_submit").click().run()

    assert [error.value for error in screen.error] == ["没有存上：有 1 处要改。写的字还在，请看标红的地方。"]
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


def everything_typed(world):
    """A counsellor's form with every field moved from where it began."""
    return {
        "text_area": {"facts": FACTS, "child_words": "不想回家。", "background": "父母都外出。", "tried": "谈过一次",
                      "answer": "约了明天再谈。"},
        "segmented_control": {"urgency": Urgency.URGENT, "parents_informed": ParentsInformed.NO},
        "selectbox": {"referred_by_id": world.staff[Role.SUBJECT_TEACHER].user_id},
        "date_input": {"noticed_on": date(2026, 11, 18), "received_day": date(2026, 11, 19)},
        "time_input": {"received_time": time(8, 5)},
        "toggle": {"is_answered": True, "is_suspected_abuse": True},
    }  # fmt: skip


def type_everything(screen, world):
    screen.toggle(key="intake_is_answered").set_value(True).run()
    fill(screen, world)
    for kind, fields in everything_typed(world).items():
        for name, value in fields.items():
            getattr(screen, kind)(key=f"intake_{name}").set_value(value).run()
    return screen


def test_a_reload_half_way_restores_everything(open_page: OpenPage, world: World):
    counsellor = world.staff[Role.COUNSELLOR]
    type_everything(open_page("intake", counsellor), world)
    [draft] = stored_drafts()

    again = open_page("intake", counsellor, draft=draft.subject)

    assert not again.exception
    for kind, fields in everything_typed(world).items():
        for name, value in fields.items():
            assert getattr(again, kind)(key=f"intake_{name}").value == value, name
    assert again.button(key="intake_submit").label == "登记江小满的受理"
    assert "草稿已在 09:41 保存" in words_on(again)
    assert [each.subject for each in stored_drafts()] == [draft.subject]


def test_a_draft_of_somebody_else_is_not_opened_by_its_address(open_page: OpenPage, world: World):
    fill(open_page("intake", world.staff[Role.HOMEROOM]), world)
    [draft] = stored_drafts()

    screen = open_page("intake", world.staff[Role.LEAD], draft=draft.subject)

    assert FACTS not in words_on(screen)
    assert screen.text_area(key="intake_facts").value == ""


def test_a_draft_never_lands_on_another_child(open_page: OpenPage, world: World):
    homeroom, other = world.staff[Role.HOMEROOM], world.students[1]
    fill(open_page("intake", homeroom), world)

    screen = open_page("intake", homeroom, student=other.id)
    assert screen.button(key="intake_submit").label == "登记霍半夏的受理"
    assert screen.text_area(key="intake_facts").value == ""
    screen.text_area(key="intake_facts").set_value("另一件事").run()

    assert len(stored_drafts()) == 2
    screen.button(key="intake_submit").click().run()
    [referral], [kept] = stored(), stored_drafts()
    assert (referral.student_id, unseal(referral, "facts_sealed")) == (other.id, "另一件事")
    with reading() as session:
        [left] = drafts.list_drafts(session, homeroom, form="intake")
    assert (kept.subject, left.content["facts"]) == (left.subject, FACTS)
    assert left.content["student_id"] == world.students[0].id


def test_a_draft_taken_up_brings_nothing_of_what_stood_there(open_page: OpenPage, world: World):
    counsellor = world.staff[Role.COUNSELLOR]
    fill(open_page("intake", counsellor), world)
    [draft] = stored_drafts()
    screen = open_page("intake", counsellor)
    screen.toggle(key="intake_is_suspected_abuse").set_value(True).run()

    screen.button(key=f"intake_take_{draft.subject}").click().run()

    assert screen.toggle(key="intake_is_suspected_abuse").value is False
    assert screen.text_area(key="intake_facts").value == FACTS


def test_leaving_and_coming_back_offers_what_was_typed(open_page: OpenPage, world: World):
    counsellor = world.staff[Role.COUNSELLOR]
    screen = fill(open_page("intake", counsellor), world)
    [draft] = stored_drafts()
    screen.button(key="intake_list").click().run()

    screen.button(key="referrals_register").click().run()

    assert screen.button(key="intake_submit").label == "登记受理"
    screen.button(key=f"intake_take_{draft.subject}").click().run()
    assert screen.text_area(key="intake_facts").value == FACTS
    assert screen.button(key="intake_submit").label == "登记江小满的受理"


def test_another_child_can_be_chosen_than_the_address_says(open_page: OpenPage, world: World):
    screen = open_page("intake", world.staff[Role.HOMEROOM], student=world.students[1].id)

    screen.button(key="intake_child_change").click().run()

    assert screen.button(key="intake_submit").label == "登记受理"


def test_two_tabs_of_one_draft_register_once(open_page: OpenPage, world: World):
    counsellor = world.staff[Role.HOMEROOM]
    first = fill(open_page("intake", counsellor), world)
    [draft] = stored_drafts()
    second = open_page("intake", counsellor, draft=draft.subject)

    for screen in (first, second):
        screen.button(key="intake_submit").click().run()
        assert not screen.exception
        assert not screen.error

    assert len(stored()) == 1


def test_a_second_tab_with_other_words_is_told_and_keeps_them(open_page: OpenPage, world: World):
    homeroom = world.staff[Role.HOMEROOM]
    first = fill(open_page("intake", homeroom), world)
    second = open_page("intake", homeroom, draft=stored_drafts()[0].subject)
    first.button(key="intake_submit").click().run()

    second.text_area(key="intake_facts").set_value("别的话").run()
    second.button(key="intake_submit").click().run()

    assert "已经登记过了" in second.error[0].value
    assert second.text_area(key="intake_facts").value == "别的话"
    assert len(stored()) == 1


def test_the_next_form_is_another_referral(open_page: OpenPage, world: World):
    for _ in range(2):
        fill(open_page("intake", world.staff[Role.HOMEROOM]), world).button(key="intake_submit").click().run()

    assert len(stored()) == 2


def test_the_plain_form_asks_few_things_and_hides_the_rest(open_page: OpenPage, world: World):
    screen = open_page("intake", world.staff[Role.COUNSELLOR])

    kinds = ("segmented_control", "text_input", "selectbox", "date_input", "time_input", "text_area")
    [more] = screen.expander
    fields = [field.label for kind in kinds for field in getattr(screen, kind)]
    hidden = {field.label for kind in kinds for field in getattr(more, kind)}
    asked = ["怎么来的", "哪个孩子", "谁说的", "哪天收到", "几点", "看到、听到了什么", "孩子的原话"]
    asked += ["已经做过什么", "家里知道吗", "急不急"]
    assert sorted(set(fields) - hidden - {"找学生"}) == sorted(asked)
    assert hidden == {"背景：家庭、学习、以前的情况", "什么时候发现的（空着就是收到那天）"}


def test_home_leads_to_the_form_in_one_click(open_page: OpenPage, world: World):
    screen = open_page("home", world.staff[Role.COUNSELLOR])

    screen.button(key="home_register").click().run()

    assert screen.button(key="intake_submit").label == "登记受理"


def test_the_side_tells_of_the_child_and_leads_to_its_file(open_page: OpenPage, world: World, session):
    lead, child = world.staff[Role.LEAD], world.students[0]
    categories.add_category(session, lead, student_id=child.id, kind=CategoryKind.LEFT_BEHIND,
                            details=CategoryDetails(subkind="父母都外出"), from_day=date(2026, 9, 8))  # fmt: skip
    register(session, lead, student_id=child.id)

    teachers = words_on(open_page("intake", world.staff[Role.SUBJECT_TEACHER], student=child.id))
    screen = open_page("intake", world.staff[Role.COUNSELLOR], student=child.id)

    assert "留守：父母都外出" in words_on(screen)
    assert "上次受理在 11月20日，教师转介，已收到。" in words_on(screen)
    assert "留守" not in teachers
    assert "以前没有受理过" in teachers
    screen.button(key="intake_open_child").click().run()
    assert [title.value for title in screen.title] == ["江小满"]


def test_what_was_refused_and_then_written_anew_is_no_draft_any_more(open_page: OpenPage, world: World):
    homeroom = world.staff[Role.HOMEROOM]
    screen = open_page("intake", homeroom)
    screen.text_input(key="intake_child_typed").set_value(world.students[0].name).run()
    screen.text_area(key="intake_facts").set_value("课间独自坐着。").run()
    screen.date_input(key="intake_received_day").set_value(clock.today() + timedelta(days=3)).run()
    screen.button(key="intake_submit").click().run()
    assert "没有存上" in screen.error[0].value

    again = fill(open_page("intake", homeroom), world, facts="课间独自坐着。问话不答。")
    assert len(stored_drafts()) == 2
    again.button(key="intake_submit").click().run()

    assert len(stored()) == 1
    assert stored_drafts() == []


def test_other_words_about_the_child_stay_a_draft(open_page: OpenPage, world: World):
    homeroom = world.staff[Role.HOMEROOM]
    fill(open_page("intake", homeroom), world, facts="另一件事。")

    again = fill(open_page("intake", homeroom), world)
    again.button(key="intake_submit").click().run()

    assert (len(stored()), len(stored_drafts())) == (1, 1)


def test_a_change_that_comes_after_the_save_leaves_no_draft(open_page: OpenPage, world: World):
    """Such as a field that is left in the very moment of the click."""
    homeroom = world.staff[Role.HOMEROOM]
    first = fill(open_page("intake", homeroom), world)
    late = open_page("intake", homeroom, draft=stored_drafts()[0].subject)
    first.button(key="intake_submit").click().run()

    late.segmented_control(key="intake_urgency").set_value(Urgency.URGENT).run()

    assert stored_drafts() == []


@pytest.mark.parametrize(
    ("role", "may_complete"),
    [
        (Role.LEAD, True), (Role.COUNSELLOR, True), (Role.HOMEROOM, True),
        (Role.SUBJECT_TEACHER, False), (Role.MENTOR, False),
    ],
)  # fmt: skip
def test_only_who_can_complete_a_referral_is_told_so(open_page: OpenPage, world: World, role, may_complete):
    words = words_on(open_page("intake", world.staff[role]))

    assert ("其余评估以前都能补" in words) is may_complete
    assert ("内容不再显示" in words) is not may_complete
