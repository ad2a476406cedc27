"""The list of referrals, one referral and its acts, for every role; two people at once."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from sqlmodel import select

from db.sealing import unseal
from db.tables import (
    AppUser,
    AuditEvent,
    Case,
    Domain,
    Referral,
    ReferralChannel,
    ReferralState,
    ReferralWay,
    Role,
    SchoolDayException,
    Severity,
    Urgency,
)
from db.transactions import reading, transaction
from services import assessments, clock, drafts, intake, referral_moves, safeguarding
from services.assessments import AssessmentRequest
from services.intake import ReferralChange
from tests.conftest import NOW
from tests.pages.conftest import OpenPage, World, commit, words_on
from tests.services.intake_makers import FACTS, register
from ui.referral_words import due_words
from ui.session import acting

CARE = (Role.COUNSELLOR, Role.LEAD)


@pytest.fixture
def referral(session, world):
    """A referral by the homeroom teacher about her own child; the counsellor owns it."""
    homeroom = world.staff[Role.HOMEROOM]
    return register(session, homeroom, student_id=world.students[0].id, referred_by_id=homeroom.user_id)


def stored(referral) -> Referral:
    with reading() as session:
        return session.exec(select(Referral).where(Referral.id == referral.id)).one()


def acts_on(screen):
    return {button.label for button in screen.button if str(button.key).startswith("referral_act_")}


def act(screen, name, **typed):
    screen.button(key=f"referral_act_{name}").click().run()
    for field, value in typed.items():
        screen.text_area(key=f"referral_{name}_{field}").set_value(value)
    return screen.button(key=f"referral_{name}_submit").click().run()


@pytest.mark.parametrize("role", [Role.LEAD, Role.COUNSELLOR])
def test_the_care_room_finds_and_opens_it(open_page: OpenPage, world: World, referral, role):
    screen = open_page("referrals", world.staff[role])
    assert "江小满，七（3）班" in words_on(screen)

    screen.button(key=f"referrals_open_{referral.id}").click().run()

    assert not screen.exception
    assert FACTS in words_on(screen)
    assert {"开始评估", "写反馈", "不立案", "转给别人", "改一改"} <= acts_on(screen)


def test_the_homeroom_teacher_completes_the_own_referral_and_has_no_other_act(
    open_page: OpenPage, world: World, referral
):
    screen = open_page("referrals", world.staff[Role.HOMEROOM], referral=referral.id)

    assert FACTS in words_on(screen)
    assert acts_on(screen) == {"改一改"}
    assert "试专职" not in words_on(screen)

    act(screen, "change", background="父母在外，奶奶照看。")

    assert not screen.exception
    assert unseal(stored(referral), "background_sealed") == "父母在外，奶奶照看。"


@pytest.mark.parametrize("role", [Role.SUBJECT_TEACHER, Role.MENTOR])
def test_other_teachers_find_nothing_of_it(open_page: OpenPage, world: World, referral, role):
    listed = open_page("referrals", world.staff[role])
    opened = open_page("referrals", world.staff[role], referral=referral.id)

    for screen in (listed, opened):
        assert "江小满" not in words_on(screen)
        assert FACTS not in words_on(screen)
    assert len(opened.error) == 1


@pytest.mark.parametrize("asked", ["0", "999999", "x", "-1", "1e3", "9" * 40, "１"])
def test_addresses_that_mean_nothing_break_nothing(open_page: OpenPage, world: World, asked):
    for page in ("referrals", "assessment"):
        assert not open_page(page, world.staff[Role.LEAD], referral=asked).exception
    assert not open_page("cases", world.staff[Role.LEAD], case=asked).exception


def test_a_state_narrows_the_list(open_page: OpenPage, world: World, referral):
    screen = open_page("referrals", world.staff[Role.COUNSELLOR])

    screen.pills(key="referrals_states").set_value([ReferralState.DECLINED]).run()

    assert "这里还没有受理" in words_on(screen)


def test_it_is_declined_with_a_reason(open_page: OpenPage, world: World, referral):
    screen = open_page("referrals", world.staff[Role.COUNSELLOR], referral=referral.id)

    act(screen, "decline", reason="")
    assert "这一项要填。" in words_on(screen)
    screen.text_area(key="referral_decline_reason").set_value("和家长核实，是误会。")
    screen.button(key="referral_decline_submit").click().run()

    assert not screen.exception
    assert stored(referral).state is ReferralState.DECLINED
    assert "和家长核实，是误会。" in words_on(screen)


@pytest.mark.parametrize("typed", ["字" * 10_000, "  "])
def test_a_refused_answer_keeps_its_text(open_page: OpenPage, world: World, session, typed):
    by_parent = register(session, world.staff[Role.COUNSELLOR], student_id=world.students[0].id,
                         channel=ReferralChannel.PARENT, way=ReferralWay.PHONE)  # fmt: skip
    screen = open_page("referrals", world.staff[Role.COUNSELLOR], referral=by_parent.id)

    act(screen, "answer", answer=typed)

    assert screen.text_area(key="referral_answer_answer").value == typed
    assert stored(by_parent).answered_at is None


def test_feedback_reaches_the_referring_teacher(open_page: OpenPage, world: World, referral):
    counsellor, homeroom = world.staff[Role.COUNSELLOR], world.staff[Role.HOMEROOM]
    act(open_page("referrals", counsellor, referral=referral.id), "give_feedback", feedback="已经谈过，请多留意。")

    assert "看关爱室的反馈" in words_on(open_page("home", homeroom))
    assert stored(referral).feedback_read_at is None

    screen = open_page("referrals", homeroom, referral=referral.id)
    assert "已经谈过，请多留意。" in words_on(screen)

    assert stored(referral).feedback_read_at == NOW
    assert "referral_act_read_feedback" not in {button.key for button in screen.button}
    screen.run()
    assert "看关爱室的反馈" not in words_on(open_page("home", homeroom))
    with reading() as session:
        event = session.exec(select(AuditEvent).where(AuditEvent.action == "referral.feedback_read")).one()
    assert event.actor_id == homeroom.user_id


def test_feedback_somebody_else_opens_is_still_to_be_read(open_page: OpenPage, world: World, referral):
    counsellor, homeroom = world.staff[Role.COUNSELLOR], world.staff[Role.HOMEROOM]
    act(open_page("referrals", counsellor, referral=referral.id), "give_feedback", feedback="已经谈过，请多留意。")

    open_page("referrals", world.staff[Role.LEAD], referral=referral.id)

    assert stored(referral).feedback_read_at is None
    assert "看关爱室的反馈" in words_on(open_page("home", homeroom))


def test_a_child_in_danger_s_pages_carry_the_numbers_and_lead_to_its_file(open_page: OpenPage, world: World, session):
    counsellor, homeroom = world.staff[Role.COUNSELLOR], world.staff[Role.HOMEROOM]
    danger = register(session, homeroom, student_id=world.students[0].id, referred_by_id=homeroom.user_id,
                      urgency=Urgency.DANGER)  # fmt: skip
    assert "12356" in words_on(open_page("referrals", homeroom, referral=danger.id))
    screen = open_page("referrals", counsellor, referral=danger.id)
    assert "12356" in words_on(screen)
    screen.button(key="referral_act_start_assessment").click().run()
    assert "12356" in words_on(open_page("assessment", counsellor, referral=danger.id))

    screen = open_page("referrals", counsellor, referral=danger.id)
    screen.button(key="referral_child").click().run()

    assert not screen.exception
    assert "霍半夏" not in words_on(screen)
    assert screen.query_params["student"] == str(world.students[0].id)


def press_home(screen, label):
    """Press the one button of this label in the list of home."""
    [found] = [each for each in screen.button if str(each.key).startswith("home_") and each.label == label]
    return found.click().run()


def test_home_begins_the_assessment_itself(open_page: OpenPage, world: World, referral):
    screen = press_home(open_page("home", world.staff[Role.COUNSELLOR]), "开始评估")

    assert not screen.exception
    assert screen.text_area(key="assessment_nature").value == ""
    assert stored(referral).state is ReferralState.IN_ASSESSMENT


def test_home_says_why_an_assessment_can_not_begin_any_more(open_page: OpenPage, world: World, referral):
    counsellor = world.staff[Role.COUNSELLOR]
    screen = open_page("home", counsellor)
    with transaction() as session:
        referral_moves.decline(session, counsellor, referral_id=referral.id, version=1, reason="误会")

    screen = press_home(screen, "开始评估")

    assert not screen.exception
    assert stored(referral).state is ReferralState.DECLINED


def test_home_opens_the_form_of_a_feedback(open_page: OpenPage, world: World, referral):
    screen = press_home(open_page("home", world.staff[Role.COUNSELLOR]), "写反馈")

    assert not screen.exception
    screen.text_area(key="referral_give_feedback_feedback").set_value("已经谈过。")
    screen.button(key="referral_give_feedback_submit").click().run()
    assert stored(referral).feedback_at == NOW


def test_home_opens_the_search_for_a_child_with_the_name_that_was_said(open_page: OpenPage, world: World, session):
    unknown = register(session, world.staff[Role.COUNSELLOR], child_label="霍半夏")

    screen = press_home(open_page("home", world.staff[Role.COUNSELLOR]), "认出孩子")
    screen.button(key=f"referral_match_{unknown.id}_found_{world.students[1].id}").click().run()
    screen.button(key="referral_match_child_submit").click().run()

    assert stored(unknown).student_id == world.students[1].id


def drop_undrawn(screen, form):
    """Forget the fields of a form that isn't drawn, as the server does of a browser's session and AppTest doesn't."""
    assert form not in "".join(str(area.key) for area in screen.text_area)
    for name in [name for name in screen.session_state._state.filtered_state if str(name).startswith(f"{form}_")]:
        del screen.session_state[name]


def test_what_is_typed_stays_while_another_act_is_looked_at(open_page: OpenPage, world: World, referral):
    screen = open_page("referrals", world.staff[Role.COUNSELLOR], referral=referral.id)
    screen.button(key="referral_act_give_feedback").click().run()
    screen.text_area(key="referral_give_feedback_feedback").set_value("已谈过一次。").run()
    screen.button(key="referral_act_hand_over").click().run()
    screen.button(key="referral_act_decline").click().run()
    drop_undrawn(screen, "referral_give_feedback")

    screen.button(key="referral_act_give_feedback").click().run()

    assert screen.text_area(key="referral_give_feedback_feedback").value == "已谈过一次。"
    screen.button(key="referral_give_feedback_cancel").click().run()
    screen.button(key="referral_act_give_feedback").click().run()
    assert screen.text_area(key="referral_give_feedback_feedback").value == ""


def test_what_was_set_aside_is_saved_against_the_version_it_was_drawn_from(open_page: OpenPage, world: World, referral):
    screen = open_page("referrals", world.staff[Role.COUNSELLOR], referral=referral.id)
    screen.button(key="referral_act_give_feedback").click().run()
    screen.text_area(key="referral_give_feedback_feedback").set_value("已谈过一次。").run()
    screen.button(key="referral_act_decline").click().run()
    drop_undrawn(screen, "referral_give_feedback")
    changed_by_the_lead(world, referral)

    screen.button(key="referral_act_give_feedback").click().run()
    screen.button(key="referral_give_feedback_submit").click().run()

    assert "刚改过这一条" in screen.error[0].value
    assert stored(referral).feedback_at is None


def drafts_of(referral, actor):
    with reading() as session:
        return drafts.list_forms(session, actor, subject=f"referral:{referral.id}")


@pytest.mark.parametrize(
    ("name", "field", "typed"),
    [
        ("give_feedback", "feedback", "已谈过一次。"),
        ("decline", "reason", "是误会。"),
        ("change", "facts", "补充一句。"),
    ],
)
def test_what_is_typed_into_an_act_outlives_the_tab(open_page: OpenPage, world: World, referral, name, field, typed):
    counsellor = world.staff[Role.COUNSELLOR]
    key = f"referral_{name}_{field}"
    screen = open_page("referrals", counsellor, referral=referral.id)
    screen.button(key=f"referral_act_{name}").click().run()
    screen.text_area(key=key).set_value(typed).run()
    assert "草稿已在 09:41 保存" in words_on(screen)

    again = open_page("referrals", counsellor, referral=referral.id)
    assert not again.exception
    assert not again.error
    assert again.text_area(key=key).value == typed
    assert "草稿已在 09:41 保存" in words_on(again)
    again.button(key=f"referral_{name}_submit").click().run()

    assert not again.exception
    assert drafts_of(referral, counsellor) == []
    anew = open_page("referrals", counsellor, referral=referral.id)
    assert not anew.exception
    assert key not in {area.key for area in anew.text_area}


def test_a_draft_of_an_act_never_lands_on_another_referral_nor_with_somebody_else(
    open_page: OpenPage, world: World, session, referral
):
    counsellor, homeroom = world.staff[Role.COUNSELLOR], world.staff[Role.HOMEROOM]
    other = register(session, homeroom, student_id=world.students[0].id, referred_by_id=homeroom.user_id)
    screen = open_page("referrals", counsellor, referral=referral.id)
    screen.button(key="referral_act_give_feedback").click().run()
    screen.text_area(key="referral_give_feedback_feedback").set_value("已谈过一次。").run()

    beside = open_page("referrals", counsellor, referral=other.id)
    assert "referral_give_feedback_feedback" not in {area.key for area in beside.text_area}
    beside.button(key="referral_act_give_feedback").click().run()
    assert beside.text_area(key="referral_give_feedback_feedback").value == ""
    lead = open_page("referrals", world.staff[Role.LEAD], referral=referral.id)
    assert "referral_give_feedback_feedback" not in {area.key for area in lead.text_area}

    screen.button(key="referral_give_feedback_cancel").click().run()
    assert drafts_of(referral, counsellor) == []


def test_a_draft_about_a_referral_out_of_sight_is_not_offered(open_page: OpenPage, world: World, session, referral):
    counsellor = world.staff[Role.COUNSELLOR]
    screen = open_page("referrals", counsellor, referral=referral.id)
    screen.button(key="referral_act_give_feedback").click().run()
    screen.text_area(key="referral_give_feedback_feedback").set_value("已谈过一次。").run()
    session.expire_all()
    safeguarding.mark_suspected_abuse(
        session, world.staff[Role.LEAD], referral_id=referral.id, version=stored(referral).version
    )
    commit(session)

    again = open_page("referrals", counsellor, referral=referral.id)

    assert not again.exception
    assert "已谈过一次。" not in words_on(again)
    assert [area.key for area in again.text_area] == []


def test_a_person_who_can_not_take_it_any_more_is_not_put_back(open_page: OpenPage, world: World, session, referral):
    counsellor = world.staff[Role.COUNSELLOR]
    screen = open_page("referrals", counsellor, referral=referral.id)
    screen.button(key="referral_act_hand_over").click().run()
    screen.selectbox(key="referral_hand_over_to_user").select(world.staff[Role.LEAD].user_id).run()
    again = open_page("referrals", counsellor, referral=referral.id)
    assert again.selectbox(key="referral_hand_over_to_user").value == world.staff[Role.LEAD].user_id

    session.get_one(AppUser, world.staff[Role.LEAD].user_id).is_active = False
    commit(session)

    anew = open_page("referrals", counsellor, referral=referral.id)
    assert not anew.exception
    assert "有 1 处放不回来" in words_on(anew)


def test_when_the_police_was_told_is_kept_with_the_draft(open_page: OpenPage, world: World, session):
    unknown = register(session, world.staff[Role.COUNSELLOR], child_label="孟紫苏", is_suspected_abuse=True)
    lead = world.staff[Role.LEAD]
    screen = open_page("protection", lead, referral=unknown.id)
    screen.button(key="referral_act_report_abuse").click().run()
    screen.toggle(key="referral_report_abuse_police_told_at_is_told").set_value(True).run()
    screen.time_input(key="referral_report_abuse_police_told_at_time").set_value(time(8, 5)).run()

    again = open_page("protection", lead, referral=unknown.id)

    assert not again.exception
    assert again.toggle(key="referral_report_abuse_police_told_at_is_told").value
    assert again.time_input(key="referral_report_abuse_police_told_at_time").value == time(8, 5)
    assert again.date_input(key="referral_report_abuse_police_told_at_day").value == clock.today()


def test_an_unknown_child_is_matched(open_page: OpenPage, world: World, session):
    unknown = register(session, world.staff[Role.COUNSELLOR], child_label="三班的高个子")
    screen = open_page("referrals", world.staff[Role.COUNSELLOR], referral=unknown.id)

    screen.button(key="referral_act_match_child").click().run()
    assert screen.text_input(key=f"referral_match_{unknown.id}_typed").value == "三班的高个子"
    screen.text_input(key=f"referral_match_{unknown.id}_typed").set_value("霍半夏").run()
    screen.button(key=f"referral_match_{unknown.id}_found_{world.students[1].id}").click().run()
    screen.button(key="referral_match_child_submit").click().run()

    assert not screen.exception
    assert stored(unknown).student_id == world.students[1].id


def test_matching_nobody_asks_for_a_child_and_says_when_none_is_found(open_page: OpenPage, world: World, session):
    unknown = register(session, world.staff[Role.COUNSELLOR], child_label="谷雨家的小儿子")
    screen = open_page("referrals", world.staff[Role.COUNSELLOR], referral=unknown.id)
    screen.button(key="referral_act_match_child").click().run()
    assert "没有找到" in words_on(screen)

    screen.button(key="referral_match_child_submit").click().run()
    assert "请选一个孩子。" in words_on(screen)
    assert "这里看不了" not in words_on(screen) + screen.error[0].value

    screen.text_input(key=f"referral_match_{unknown.id}_typed").set_value(world.students[0].name).run()
    assert not screen.error
    assert "请选一个孩子。" not in words_on(screen)


def test_the_second_of_two_editors_sees_both_versions_and_loses_nothing(open_page: OpenPage, world: World, referral):
    first = open_page("referrals", world.staff[Role.COUNSELLOR], referral=referral.id)
    second = open_page("referrals", world.staff[Role.LEAD], referral=referral.id)
    for screen in (first, second):
        screen.button(key="referral_act_change").click().run()

    first.text_area(key="referral_change_facts").set_value("第一个人写的")
    first.button(key="referral_change_submit").click().run()
    second.text_area(key="referral_change_facts").set_value("第二个人写的")
    second.button(key="referral_change_submit").click().run()

    assert unseal(stored(referral), "facts_sealed") == "第一个人写的"
    assert "刚改过这一条" in second.error[0].value
    both = second.table[0].value.to_string()
    assert "第一个人写的" in both
    assert "第二个人写的" in both
    second.button(key="referral_change_keep_mine").click().run()
    second.button(key="referral_change_submit").click().run()
    assert unseal(stored(referral), "facts_sealed") == "第二个人写的"


def test_of_two_who_begin_at_once_the_second_is_told(open_page: OpenPage, world: World, referral):
    first = open_page("referrals", world.staff[Role.COUNSELLOR], referral=referral.id)
    second = open_page("referrals", world.staff[Role.LEAD], referral=referral.id)

    first.button(key="referral_act_start_assessment").click().run()
    second.button(key="referral_act_start_assessment").click().run()

    assert not second.exception
    assert "刚改过这一条" in second.error[0].value
    assert stored(referral).owner_id == world.staff[Role.COUNSELLOR].user_id


def assessed(screen):
    screen.text_area(key="assessment_nature").set_value("和同桌闹别扭，近两周不说话。")
    screen.pills(key="assessment_domains").set_value(["peers"])
    screen.text_area(key="assessment_measures").set_value("每周谈一次。")
    return screen


@pytest.fixture
def begun(session, world, referral):
    counsellor = world.staff[Role.COUNSELLOR]
    return referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=1)


def test_an_ordinary_assessment_opens_a_case(open_page: OpenPage, world: World, begun):
    screen = assessed(open_page("assessment", world.staff[Role.COUNSELLOR], referral=begun.id)).run()

    assert screen.button(key="assessment_submit").label == "保存江小满的评估"
    screen.button(key="assessment_submit").click().run()

    assert not screen.exception
    assert stored(begun).state is ReferralState.ROUTED
    assert "和同桌闹别扭，近两周不说话。" in words_on(screen)


def test_a_serious_one_names_who_meets(open_page: OpenPage, world: World, begun):
    screen = assessed(open_page("assessment", world.staff[Role.COUNSELLOR], referral=begun.id))
    screen.checkbox(key="assessment_mentions_self_harm").check().run()
    screen.segmented_control(key="assessment_severity").set_value("serious").run()
    assert "说过或做过伤害自己的事" in words_on(screen)

    screen.button(key="assessment_submit").click().run()
    assert "集体研讨至少要 2 个人。请再加人。" in words_on(screen)
    assert screen.multiselect(key="assessment_participants").proto.select_all == 0  # no bulk choice, nor its English
    people = [world.staff[Role.LEAD].user_id, world.staff[Role.HOMEROOM].user_id]
    screen.multiselect(key="assessment_participants").set_value(people).run()
    screen.button(key="assessment_submit").click().run()

    assert not screen.exception
    with reading() as session:
        case_id = session.exec(select(Case.id)).one()
    screen = open_page("cases", world.staff[Role.COUNSELLOR], case=case_id)
    assert world.staff[Role.HOMEROOM].display_name in words_on(screen)

    invited = open_page("home", world.staff[Role.HOMEROOM])
    assert "请您参加集体研讨：江小满" in words_on(invited)
    assert f"日子还没定；问{world.staff[Role.COUNSELLOR].display_name}" in words_on(invited)
    assert "说过或做过伤害自己的事" not in words_on(invited)


def test_of_two_who_assess_at_once_one_wins_and_the_other_keeps_the_text(open_page: OpenPage, world: World, begun):
    first = assessed(open_page("assessment", world.staff[Role.COUNSELLOR], referral=begun.id)).run()
    second = assessed(open_page("assessment", world.staff[Role.LEAD], referral=begun.id)).run()

    first.button(key="assessment_submit").click().run()
    second.button(key="assessment_submit").click().run()

    assert not second.exception
    assert "刚改过这一条" in second.error[0].value
    assert second.text_area(key="assessment_measures").value == "每周谈一次。"
    with reading() as session:
        assert len(session.exec(select(Case)).all()) == 1


@pytest.mark.parametrize("name", ["nature", "measures"])
@pytest.mark.parametrize("typed", ["", "字" * 10_000])
def test_what_an_assessment_lacks_stands_under_its_field(open_page: OpenPage, world: World, begun, name, typed):
    screen = assessed(open_page("assessment", world.staff[Role.COUNSELLOR], referral=begun.id))
    screen.text_area(key=f"assessment_{name}").set_value(typed).run()

    screen.button(key="assessment_submit").click().run()

    assert screen.error[0].value.startswith("没有存上：有 1 处要改。")
    assert screen.text_area(key=f"assessment_{name}").value == typed


def test_an_unfinished_assessment_comes_back(open_page: OpenPage, world: World, begun):
    screen = open_page("assessment", world.staff[Role.COUNSELLOR], referral=begun.id)
    screen.text_area(key="assessment_nature").set_value("写到一半").run()
    assert "草稿已在 09:41 保存" in words_on(screen)

    again = open_page("assessment", world.staff[Role.COUNSELLOR], referral=begun.id)

    assert again.text_area(key="assessment_nature").value == "写到一半"


def test_what_was_ticked_and_chosen_comes_back_with_the_words(open_page: OpenPage, world: World, begun):
    counsellor, lead = world.staff[Role.COUNSELLOR], world.staff[Role.LEAD]
    screen = open_page("assessment", counsellor, referral=begun.id)
    screen.pills(key="assessment_domains").set_value(["peers", "family"]).run()
    screen.checkbox(key="assessment_mentions_self_harm").check().run()
    screen.segmented_control(key="assessment_severity").set_value("serious").run()
    screen.multiselect(key="assessment_participants").set_value([lead.user_id]).run()

    again = open_page("assessment", counsellor, referral=begun.id)

    assert "草稿已在 09:41 保存" in words_on(again)
    assert again.pills(key="assessment_domains").value == ["peers", "family"]
    assert again.checkbox(key="assessment_mentions_self_harm").value
    assert not again.checkbox(key="assessment_stays_away").value
    assert again.multiselect(key="assessment_participants").value == [lead.user_id]


def test_the_severity_follows_the_suggestion_until_somebody_chooses_otherwise(open_page: OpenPage, world: World, begun):
    screen = open_page("assessment", world.staff[Role.COUNSELLOR], referral=begun.id)
    assert screen.segmented_control(key="assessment_severity").value == "ordinary"
    screen.checkbox(key="assessment_mentions_self_harm").check().run()
    assert screen.segmented_control(key="assessment_severity").value == "serious"
    assert "assessment_override_reason" not in {area.key for area in screen.text_area}

    screen.segmented_control(key="assessment_severity").set_value("ordinary").run()
    screen.checkbox(key="assessment_stays_away").check().run()

    assert screen.segmented_control(key="assessment_severity").value == "ordinary"
    assert "assessment_override_reason" in {area.key for area in screen.text_area}
    again = open_page("assessment", world.staff[Role.COUNSELLOR], referral=begun.id)
    assert again.segmented_control(key="assessment_severity").value == "ordinary"


def test_danger_that_was_registered_is_ticked_until_somebody_unticks_it(open_page: OpenPage, world: World, session):
    counsellor = world.staff[Role.COUNSELLOR]
    urgent = register(session, counsellor, student_id=world.students[0].id, urgency=Urgency.DANGER)
    referral_moves.start_assessment(session, counsellor, referral_id=urgent.id, version=1)

    screen = open_page("assessment", counsellor, referral=urgent.id)
    assert screen.checkbox(key="assessment_is_in_danger").value
    screen.checkbox(key="assessment_is_in_danger").uncheck().run()

    again = open_page("assessment", counsellor, referral=urgent.id)
    assert not again.checkbox(key="assessment_is_in_danger").value


@pytest.fixture
def marked(session, world, make_student):
    """A referral about suspected abuse, registered by the homeroom teacher."""
    homeroom = world.staff[Role.HOMEROOM]
    return register(session, homeroom, student_id=world.students[2].id, referred_by_id=homeroom.user_id,
                    is_suspected_abuse=True)  # fmt: skip


def test_of_suspected_abuse_the_counsellor_finds_nothing_and_the_teacher_only_that_it_was_received(
    open_page: OpenPage, world: World, marked
):
    counsellors = open_page("referrals", world.staff[Role.COUNSELLOR], referral=marked.id)
    teachers = open_page("referrals", world.staff[Role.HOMEROOM], referral=marked.id)

    assert "孟紫苏" not in words_on(counsellors)
    assert "疑似侵害" not in words_on(counsellors)
    assert FACTS not in words_on(teachers)
    assert "疑似侵害" not in words_on(teachers)
    assert "已收到" in words_on(teachers)


def test_a_report_of_nothing_says_what_to_switch_on(open_page: OpenPage, world: World, marked):
    screen = open_page("protection", world.staff[Role.LEAD], referral=marked.id)

    screen = act(screen, "report_abuse")

    assert "请打开“已报警”或“已报告教育局”" in words_on(screen)


def test_the_lead_reports_it(open_page: OpenPage, world: World, marked):
    screen = open_page("protection", world.staff[Role.LEAD], referral=marked.id)
    assert FACTS in words_on(screen)

    screen.button(key="referral_act_report_abuse").click().run()
    screen.toggle(key="referral_report_abuse_police_told_at_is_told").set_value(True).run()
    screen.button(key="referral_report_abuse_submit").click().run()

    assert not screen.exception
    assert (stored(marked).police_told_at, stored(marked).authority_told_at) == (NOW.replace(second=0), None)


def test_only_named_leaders_see_the_protected(open_page: OpenPage, world: World, marked, session):
    leader = world.staff[Role.LEADERSHIP]
    assert "孟紫苏" not in words_on(open_page("protection", leader, referral=marked.id))

    session.get_one(AppUser, leader.user_id).is_protection_leader = True
    session.flush()

    assert FACTS in words_on(open_page("protection", replace(leader, is_protection_leader=True), referral=marked.id))


def test_home_is_different_for_everybody(open_page: OpenPage, world: World, session, referral, marked):
    register(session, world.staff[Role.COUNSELLOR], student_id=world.students[1].id, urgency=Urgency.DANGER)
    register(session, world.staff[Role.COUNSELLOR], child_label="三班的高个子", received_at=NOW - timedelta(days=10),
             noticed_on=NOW.date() - timedelta(days=10))  # fmt: skip

    seen = {role: words_on(open_page("home", world.staff[role])) for role in Role}

    assert "评估江小满，七（3）班" in seen[Role.COUNSELLOR]
    assert "逾期" in seen[Role.COUNSELLOR]
    assert "报告疑似侵害：孟紫苏" in seen[Role.LEAD]
    assert "有危险：霍半夏" in seen[Role.LEAD]
    assert "2027 年的放假和调休还不知道" in seen[Role.ADMIN]
    for role in (Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.MENTOR, Role.LEADERSHIP, Role.FINANCE, Role.SUPERVISOR):
        assert "现在没有要做的事" in seen[role]
    for role in set(Role) - {Role.LEAD}:
        assert "孟紫苏" not in seen[role]
    for role in (Role.LEADERSHIP, Role.SUPERVISOR, Role.FINANCE, Role.ADMIN):
        assert not any(student.name in seen[role] for student in world.students)


def test_an_act_on_home_leads_to_its_page(open_page: OpenPage, world: World, referral):
    screen = open_page("home", world.staff[Role.COUNSELLOR])
    [button] = [each for each in screen.button if each.label == "开始评估"]

    button.click().run()

    assert not screen.exception
    assert FACTS in words_on(screen)


def test_the_list_takes_twelve_statements_at_most(open_page: OpenPage, world: World, referral, statements):
    screen = open_page("referrals", world.staff[Role.COUNSELLOR])
    statements.clear()

    screen.run()

    assert "江小满，七（3）班" in words_on(screen)
    queries = [each for each in statements if each != "BEGIN"]
    assert len(queries) <= 12, "\n\n".join(queries)


def test_a_page_beyond_the_last_shows_the_first(open_page: OpenPage, world: World, referral):
    screen = open_page("referrals", world.staff[Role.COUNSELLOR], referrals_page=9)

    assert "江小满，七（3）班" in words_on(screen)


def test_one_referral_is_told_from_another_before_they_are_merged(open_page: OpenPage, world: World, session, referral):
    register(
        session,
        world.staff[Role.COUNSELLOR],
        student_id=referral.student_id,
        facts="上课一直趴着，中午也没有去吃饭，同桌说他哭过。",
    )
    screen = open_page("referrals", world.staff[Role.COUNSELLOR], referral=referral.id)

    screen.button(key="referral_act_merge").click().run()

    assert screen.selectbox(key="referral_merge_into").options == [
        "11月20日，教师转介，代课的岳老师：上课一直趴着，中午也没有去吃饭…"
    ]


def test_a_named_leader_reaches_case_and_conference_of_a_protected_child(
    open_page: OpenPage, world: World, marked, session
):
    lead, leader = world.staff[Role.LEAD], world.staff[Role.LEADERSHIP]
    session.get_one(AppUser, leader.user_id).is_protection_leader = True
    referral_moves.start_assessment(session, lead, referral_id=marked.id, version=1)
    people = frozenset({lead.user_id or 0, leader.user_id or 0})
    request = AssessmentRequest(
        marked.id, 2, "身上有伤", "先保护", Severity.SERIOUS, frozenset({Domain.SAFETY}), participant_ids=people
    )
    case = assessments.save_assessment(session, lead, request=request)
    assert "孟紫苏" not in words_on(open_page("cases", world.staff[Role.FINANCE], case=case.id))

    screen = open_page("protection", leader, referral=marked.id)
    screen.button(key="referral_act_open_case").click().run()

    assert not screen.exception
    assert "身上有伤" in words_on(screen)
    assert "集体研讨" in words_on(screen)
    assert "conference_write" not in {button.key for button in screen.button}


def test_a_leader_who_is_not_named_finds_no_case(open_page: OpenPage, world: World, marked, session):
    lead = world.staff[Role.LEAD]
    referral_moves.start_assessment(session, lead, referral_id=marked.id, version=1)
    request = AssessmentRequest(marked.id, 2, "身上有伤", "先保护", Severity.SERIOUS, frozenset({Domain.SAFETY}),
                                participant_ids=frozenset({lead.user_id or 0}), guests=("派出所民警",))  # fmt: skip
    case = assessments.save_assessment(session, lead, request=request)

    for screen in (
        open_page("cases", world.staff[Role.LEADERSHIP]),
        open_page("cases", world.staff[Role.LEADERSHIP], case=case.id),
    ):
        assert "孟紫苏" not in words_on(screen)
        assert "身上有伤" not in words_on(screen)


def test_what_is_dangerous_or_settled_offers_no_end_by_an_answer(open_page: OpenPage, world: World, session):
    counsellor, child = world.staff[Role.COUNSELLOR], world.students[0].id
    plain = register(session, counsellor, student_id=child, channel=ReferralChannel.SELF)
    danger = register(session, counsellor, student_id=child, channel=ReferralChannel.SELF, urgency=Urgency.DANGER)
    settled = register(session, counsellor, student_id=child, channel=ReferralChannel.SELF, is_answered=True,
                       answer="告诉了他换座位找谁。")  # fmt: skip

    offered = []
    for each in (plain, danger, settled):
        screen = open_page("referrals", counsellor, referral=each.id)
        screen.button(key="referral_act_answer").click().run()
        offered.append([toggle.label for toggle in screen.toggle])

    assert offered == [["事情到此解决，不用再评估"], [], []]


def test_a_named_leader_s_home_opens_only_pages_the_leader_may_open(open_page: OpenPage, world: World, marked, session):
    leader = world.staff[Role.LEADERSHIP]
    session.get_one(AppUser, leader.user_id).is_protection_leader = True
    marked.owner_id = leader.user_id  # as an earlier version allowed
    session.add(marked)
    session.flush()

    screen = open_page("home", leader)

    acts = [button for button in screen.button if str(button.key).startswith("home_") and button.label == "开始评估"]
    assert acts == []
    assert "报告疑似侵害：孟紫苏" in words_on(screen)


def test_the_conference_about_suspected_abuse_offers_only_who_may_know(open_page: OpenPage, world: World, marked):
    lead = world.staff[Role.LEAD]
    opened = open_page("protection", lead, referral=marked.id)
    opened.button(key="referral_act_start_assessment").click().run()
    screen = assessed(open_page("assessment", lead, referral=marked.id)).run()

    assert screen.multiselect(key="assessment_participants").options == [f"{lead.display_name}（{Role.LEAD.label}）"]
    screen.multiselect(key="assessment_participants").set_value([lead.user_id])
    screen.text_input(key="assessment_guests").set_value("班主任王老师").run()
    screen.button(key="assessment_submit").click().run()
    assert "这里只写公安、民政这些办案的人" in words_on(screen)

    screen.text_input(key="assessment_guests").set_value("派出所的民警").run()
    screen.button(key="assessment_submit").click().run()
    assert not screen.exception
    assert stored(marked).state is ReferralState.ROUTED


def test_a_merged_referral_still_offers_the_feedback_its_teacher_waits_for(
    open_page: OpenPage, world: World, session, referral
):
    counsellor = world.staff[Role.COUNSELLOR]
    target = register(session, counsellor, student_id=referral.student_id, channel=ReferralChannel.SELF)
    referral_moves.merge(session, counsellor, referral_id=referral.id, version=1, into_id=target.id)

    screen = open_page("referrals", counsellor, referral=referral.id)
    assert acts_on(screen) == {"写反馈", "转给别人"}
    act(screen, "give_feedback", feedback="已经谈过，请多留意。")

    assert "已经谈过，请多留意。" in words_on(open_page("referrals", world.staff[Role.HOMEROOM], referral=referral.id))


def changed_by_the_lead(world, referral):
    """Somebody else mends what was said, while a form about it is open."""
    with transaction() as session:
        stored_now = session.get_one(Referral, referral.id)
        change = ReferralChange("手臂上有新的伤。", NOW.date(), urgency=Urgency.DANGER)
        intake.change_referral(
            session, world.staff[Role.LEAD], referral_id=referral.id, version=stored_now.version, change=change
        )


def told_by_tables(screen) -> str:
    return "\n".join(table.value.to_string() for table in screen.table)


def test_whoever_assesses_what_was_changed_meanwhile_is_told_what(open_page: OpenPage, world: World, begun):
    screen = assessed(open_page("assessment", world.staff[Role.COUNSELLOR], referral=begun.id)).run()
    changed_by_the_lead(world, begun)

    screen.button(key="assessment_submit").click().run()

    assert "两份写得一样" not in words_on(screen)
    told = told_by_tables(screen)
    for words in (FACTS, "手臂上有新的伤。", "急不急", "有危险", "我打开时"):
        assert words in told
    screen.button(key="assessment_keep_mine").click().run()
    screen.segmented_control(key="assessment_severity").set_value("ordinary").run()
    assert screen.text_area(key="assessment_measures").value == "每周谈一次。"


def test_whoever_hands_over_what_was_changed_meanwhile_is_told_what(open_page: OpenPage, world: World, referral):
    screen = open_page("referrals", world.staff[Role.COUNSELLOR], referral=referral.id)
    screen.button(key="referral_act_hand_over").click().run()
    changed_by_the_lead(world, referral)

    screen.button(key="referral_hand_over_submit").click().run()

    assert "两份写得一样" not in words_on(screen)
    assert "您写的都在；请看看改了什么" in screen.error[0].value
    assert "手臂上有新的伤。" in told_by_tables(screen)
    assert "referral_hand_over_take_theirs" not in {button.key for button in screen.button}
    assert stored(referral).owner_id == world.staff[Role.COUNSELLOR].user_id


def test_two_who_changed_it_to_the_same_are_told_so(open_page: OpenPage, world: World, referral):
    first, second = (open_page("referrals", world.staff[role], referral=referral.id) for role in CARE)
    for screen in (first, second):
        screen.button(key="referral_act_change").click().run()
        screen.text_area(key="referral_change_facts").set_value("都这样写")

    first.button(key="referral_change_submit").click().run()
    second.button(key="referral_change_submit").click().run()

    assert "两份写得一样。" in words_on(second)


def test_a_click_that_comes_too_late_says_that_nothing_was_done(open_page: OpenPage, world: World, referral):
    first, second = (open_page("referrals", world.staff[role], referral=referral.id) for role in CARE)

    first.button(key="referral_act_start_assessment").click().run()
    second.button(key="referral_act_start_assessment").click().run()

    assert "这一步没有做" in second.error[0].value
    assert "两份" not in second.error[0].value


def test_what_somebody_called_a_child_never_becomes_a_link(open_page: OpenPage, world: World, session):
    counsellor = world.staff[Role.COUNSELLOR]
    unknown = register(session, counsellor, child_label="[点这里](http://evil.example) :red[急]")
    opened = open_page("referrals", counsellor, referral=unknown.id)
    labels = []
    for name in ("decline", "hand_over", "mark_abuse"):
        opened.button(key=f"referral_act_{name}").click().run()
        labels.append(opened.button(key=f"referral_{name}_submit").label)
        opened.button(key=f"referral_{name}_cancel").click().run()
    opened.button(key="referral_act_start_assessment").click().run()
    screen = open_page("assessment", counsellor, referral=unknown.id)
    labels.append(screen.button(key="assessment_submit").label)
    shown = [element.value for element in screen.markdown] + labels

    assert len([words for words in shown if "点这里" in words]) == 5
    assert not [words for words in shown if "[点这里]" in words or ":red[急" in words]


@pytest.mark.parametrize("asked", [0, 9, 10**9])
def test_a_page_of_cases_that_is_not_there_shows_the_first(open_page: OpenPage, world: World, session, begun, asked):
    request = AssessmentRequest(begun.id, 2, "和同桌闹别扭", "每周谈一次", Severity.ORDINARY, frozenset({Domain.PEERS}))
    assessments.save_assessment(session, world.staff[Role.COUNSELLOR], request=request)

    screen = open_page("cases", world.staff[Role.COUNSELLOR], cases_page=asked)

    assert not screen.exception
    assert "江小满，七（3）班" in words_on(screen)


def test_what_is_not_marked_is_not_opened_as_suspected_abuse(open_page: OpenPage, world: World, referral, marked):
    lead = world.staff[Role.LEAD]

    plain = open_page("protection", lead, referral=referral.id)

    assert len(plain.error) == 1
    assert FACTS not in words_on(plain)
    assert "孟紫苏" in words_on(open_page("protection", lead))


@pytest.mark.parametrize(
    ("due", "words"),
    [
        ((20, 17), "今天放学前"),
        ((24, 17), "11月24日 周二放学前"),
        ((22, 17), "11月22日 周日 17:00 前"),  # urgent, and came in on a Sunday
        ((28, 17), "11月28日 周六放学前"),  # made up for
        ((27, 17), "11月27日 周五 17:00 前"),  # and off
        ((21, 0), "今天 24:00 前"),
        ((20, 0), "11月19日 周四 24:00 前"),
    ],
    ids=str,
)
def test_a_deadline_is_worded_by_its_instant_and_the_school_s_days(world: World, session, due, words):
    session.add_all([
        SchoolDayException(day=date(2026, 11, 28), is_school_day=True, label="调休"),
        SchoolDayException(day=date(2026, 11, 27), is_school_day=False, label="放假"),
    ])  # fmt: skip
    commit(session)

    with acting(world.staff[Role.COUNSELLOR]):
        assert due_words(clock.at_school(date(2026, 11, due[0]), time(due[1]))) == words


def test_on_a_sunday_nothing_is_due_when_school_ends(open_page: OpenPage, world: World, session):
    clock.set_fixed(NOW + timedelta(days=2))
    register(session, world.staff[Role.COUNSELLOR], student_id=world.students[0].id, urgency=Urgency.URGENT,
             received_at=clock.now())  # fmt: skip

    words = words_on(open_page("home", world.staff[Role.COUNSELLOR]))

    assert "今天 17:00 前" in words
    assert "今天放学前" not in words
