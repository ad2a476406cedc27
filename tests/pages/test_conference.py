"""A case's conference as each role meets it: planned, written down, decided, done, printed."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from sqlmodel import select

from db.sealing import unseal
from db.tables import AppUser, Case, CaseConference, CaseDecision, DecisionState, Draft, Referral, Role, Severity
from db.transactions import reading, transaction
from services import assessments, conferences, decisions, referral_moves
from services.conferences import PlanEntry, RecordEntry
from services.decisions import DecisionEntry
from services.student_exports import ExportPurpose
from tests.conftest import NOW
from tests.pages.conftest import OpenPage, World, commit, words_on
from tests.services.intake_makers import register
from tests.services.test_assessments import asked
from ui.session import NOT_FOR_YOU

TODAY, NEXT_WEEK = NOW.date(), NOW.date() + timedelta(days=7)
FINDINGS = "近两周不说话，同桌说睡得少。"


@pytest.fixture
def case(session, world):
    """A serious case of the counsellor's; asked are the lead and the homeroom teacher."""
    made = serious(session, world, world.students[0])
    commit(session)
    return made


def serious(session, world, child):
    counsellor = world.staff[Role.COUNSELLOR]
    referral = register(session, counsellor, student_id=child.id)
    referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=1)
    people = frozenset(world.staff[role].user_id for role in (Role.COUNSELLOR, Role.LEAD, Role.HOMEROOM))
    request = replace(asked(referral), severity=Severity.SERIOUS, mentions_self_harm=True, participant_ids=people)
    return assessments.save_assessment(session, counsellor, request=request)


@pytest.fixture
def decided(session, world, case):
    """Held; the homeroom teacher is to visit the family by next Friday."""
    return hold(session, world, case)


def hold(session, world, case):
    conference = session.exec(select(CaseConference).where(CaseConference.case_id == case.id)).one()
    visit = DecisionEntry("家访一次，带上联系卡。", world.staff[Role.HOMEROOM].user_id, NEXT_WEEK)
    entry = RecordEntry(TODAY, time(9, 0), frozenset(), ("试甲", "试乙"), FINDINGS, "先稳住。", (visit,))
    conferences.record_conference(
        session, world.staff[Role.COUNSELLOR], conference_id=conference.id, version=1, entry=entry
    )
    return session.exec(select(CaseDecision).where(CaseDecision.conference_id == conference.id)).one()


def stored(table, row_id):
    with reading() as session:
        return session.get_one(table, row_id)


def keys(screen):
    return {str(button.key) for button in screen.button}


def filled(screen, number=1, **typed):
    """Fill the record's form; two guests came."""
    values = {"others": "试甲、试乙", "findings": FINDINGS, "conclusion": "先稳住。"} | typed
    for name, value in values.items():
        field = screen.text_input if name == "others" else screen.text_area
        field(key=f"conference_{number}_{name}").set_value(value)
    return screen.run()


def number_of(case):
    with reading() as session:
        return session.exec(select(CaseConference.id).where(CaseConference.case_id == case.id)).one()


# --- planning ---


def test_a_plan_reaches_the_invited_home(open_page: OpenPage, world: World, case):
    screen = open_page("cases", world.staff[Role.COUNSELLOR], case=case.id)
    assert "还没定哪天开" in words_on(screen)
    screen.button(key="conference_plan").click().run()
    form = f"conference_plan_form_{number_of(case)}"
    screen.date_input(key=f"{form}_planned_on").set_value(NEXT_WEEK)
    screen.time_input(key=f"{form}_planned_time").set_value(time(15, 30))
    screen.text_input(key=f"{form}_place").set_value("三楼小会议室")
    screen.button(key=f"{form}_save").click().run()

    assert not screen.exception
    assert "11月27日 周五 15:30，三楼小会议室" in words_on(screen)
    invited = words_on(open_page("home", world.staff[Role.HOMEROOM]))
    assert "研讨：11月27日 周五 15:30，三楼小会议室" in invited
    assert "说过或做过伤害自己的事" not in invited


def test_what_cannot_be_planned_is_said_in_the_dialog(open_page: OpenPage, world: World, case):
    screen = open_page("cases", world.staff[Role.LEAD], case=case.id)
    screen.button(key="conference_plan").click().run()
    form = f"conference_plan_form_{number_of(case)}"
    screen.date_input(key=f"{form}_planned_on").set_value(TODAY - timedelta(days=1))
    screen.time_input(key=f"{form}_planned_time").set_value(time(15, 30))
    screen.multiselect(key=f"{form}_participants").set_value([])
    screen.button(key=f"{form}_save").click().run()

    assert "这个时间已经过了" in words_on(screen)
    assert "集体研讨至少要 2 个人。请再加人。" in words_on(screen)


def test_of_two_who_plan_the_second_sees_both(open_page: OpenPage, world: World, case):
    screen = open_page("cases", world.staff[Role.COUNSELLOR], case=case.id)
    screen.button(key="conference_plan").click().run()
    number = number_of(case)
    with transaction() as session:
        people = frozenset(world.staff[role].user_id for role in (Role.LEAD, Role.COUNSELLOR))
        entry = PlanEntry(NEXT_WEEK, time(16, 0), "德育处", people)
        conferences.plan_conference(session, world.staff[Role.LEAD], conference_id=number, version=1, entry=entry)
    screen.text_input(key=f"conference_plan_form_{number}_place").set_value("三楼小会议室")
    screen.button(key=f"conference_plan_form_{number}_save").click().run()

    told = "\n".join(table.value.to_string() for table in screen.table)
    assert "德育处" in told
    assert "三楼小会议室" in told
    assert unseal(stored(CaseConference, number), "place_sealed") == "德育处"


# --- the record ---


def test_a_record_is_written_with_what_was_decided(open_page: OpenPage, world: World, case):
    screen = open_page("cases", world.staff[Role.COUNSELLOR], case=case.id)
    screen.button(key="conference_write").click().run()
    assert "保存江小满的研讨记录" in {button.label for button in screen.button}
    screen = open_page("conference", world.staff[Role.COUNSELLOR], case=case.id)
    number, homeroom = number_of(case), world.staff[Role.HOMEROOM]
    filled(screen, number, decision_1_text="家访一次。")
    screen.selectbox(key=f"conference_{number}_decision_1_owner_id").set_value(homeroom.user_id)
    screen.date_input(key=f"conference_{number}_decision_1_due_on").set_value(NEXT_WEEK)
    screen.button(key=f"conference_{number}_save").click().run()

    assert not screen.exception
    words = words_on(screen)
    for expected in (
        FINDINGS,
        "先稳住。",
        "家访一次。",
        f"{homeroom.display_name}做，11月27日 周五放学前",
        "没请也来了",
    ):
        assert expected in words
    assert "还有 1 件没做完" in words
    assert "研讨定的事：江小满" in words_on(open_page("home", homeroom))


def test_what_a_record_lacks_stands_under_its_field(open_page: OpenPage, world: World, case):
    screen = open_page("conference", world.staff[Role.COUNSELLOR], case=case.id)
    number = number_of(case)
    screen.text_area(key=f"conference_{number}_decision_0_text").set_value("家访").run()
    screen.button(key=f"conference_{number}_save").click().run()

    words = words_on(screen)
    assert "到会的至少要有 2 个人" in words
    assert "有 5 处要改" in words  # findings, conclusion, who came, and owner and day of what was decided
    assert screen.text_area(key=f"conference_{number}_decision_0_text").value == "家访"


def test_a_draft_outlives_the_tab_and_never_lands_on_another_case(open_page: OpenPage, world: World, session, case):
    other = serious(session, world, world.students[1])
    counsellor, number = world.staff[Role.COUNSELLOR], number_of(case)
    screen = open_page("conference", counsellor, case=case.id)
    screen.button(key=f"conference_{number}_more").click().run()
    screen.text_area(key=f"conference_{number}_findings").set_value(FINDINGS).run()
    screen.text_area(key=f"conference_{number}_decision_2_text").set_value("第三件").run()
    screen.time_input(key=f"conference_{number}_held_time").set_value(time(8, 5)).run()
    assert "草稿已在" in words_on(screen)

    again = open_page("conference", counsellor, case=case.id)
    assert again.text_area(key=f"conference_{number}_findings").value == FINDINGS
    assert again.text_area(key=f"conference_{number}_decision_2_text").value == "第三件"
    assert again.time_input(key=f"conference_{number}_held_time").value == time(8, 5)
    elsewhere = open_page("conference", counsellor, case=other.id)
    assert elsewhere.text_area(key=f"conference_{number_of(other)}_findings").value == ""
    assert FINDINGS not in words_on(open_page("conference", world.staff[Role.LEAD], case=case.id))

    filled(again, number, decision_2_text="").button(key=f"conference_{number}_save").click().run()
    assert not again.exception
    with reading() as session_after:
        assert session_after.exec(select(Draft)).all() == []
        assert unseal(session_after.get_one(CaseConference, number), "findings_sealed") == FINDINGS


def test_who_types_while_another_saves_keeps_the_words_and_what_was_decided(open_page: OpenPage, world: World, case):
    number, screen = number_of(case), open_page("conference", world.staff[Role.COUNSELLOR], case=case.id)
    filled(screen, number, findings="我写的情况。", decision_0_text="我写的事。")
    screen.selectbox(key=f"conference_{number}_decision_0_owner_id").set_value(world.staff[Role.LEAD].user_id)
    screen.date_input(key=f"conference_{number}_decision_0_due_on").set_value(NEXT_WEEK)
    with transaction() as session:
        entry = RecordEntry(TODAY, time(9, 0), frozenset(), ("试甲", "试乙"), "负责人写的情况。", "先稳住。")
        conferences.record_conference(session, world.staff[Role.LEAD], conference_id=number, version=1, entry=entry)
    screen.button(key=f"conference_{number}_save").click().run()

    told = "\n".join(table.value.to_string() for table in screen.table)
    assert "负责人写的情况。" in told
    assert "我写的情况。" in told
    screen.button(key=f"conference_{number}_keep_mine").click().run()
    assert screen.text_area(key=f"conference_{number}_decision_0_text").value == "我写的事。"
    screen.button(key=f"conference_{number}_save").click().run()
    assert "我写的事。" in words_on(screen)
    screen = open_page("cases", world.staff[Role.LEAD], case=case.id)
    screen.button(key="conference_versions").click().run()
    assert "负责人写的情况。" in words_on(screen)


def test_an_amendment_keeps_what_stood_there(open_page: OpenPage, world: World, decided):
    screen = open_page("conference", world.staff[Role.LEAD], case=1)
    number = decided.conference_id
    assert screen.text_area(key=f"conference_{number}_findings").value == FINDINGS
    assert f"conference_{number}_decision_0_text" not in {area.key for area in screen.text_area}
    screen.text_area(key=f"conference_{number}_findings").set_value("和同桌和好了。").run()
    screen.button(key=f"conference_{number}_save").click().run()

    assert "和同桌和好了。" in words_on(screen)
    assert FINDINGS not in words_on(screen)
    screen = open_page("cases", world.staff[Role.LEAD], case=1)
    screen.button(key="conference_versions").click().run()
    assert FINDINGS in words_on(screen)


def test_a_case_without_conference_says_so(open_page: OpenPage, world: World, session):
    counsellor = world.staff[Role.COUNSELLOR]
    referral = register(session, counsellor, student_id=world.students[0].id)
    referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=1)
    plain = assessments.save_assessment(session, counsellor, request=asked(referral))

    assert "这个个案没有研讨" in words_on(open_page("conference", counsellor, case=plain.id))


@pytest.mark.parametrize("role", [each for each in Role if each not in {Role.LEAD, Role.COUNSELLOR}])
def test_no_other_role_opens_the_record(open_page: OpenPage, world: World, decided, role):
    screen = open_page("conference", world.staff[role], case=1)

    assert NOT_FOR_YOU in words_on(screen)
    assert FINDINGS not in words_on(screen)


def test_another_counsellor_opens_neither_record_nor_decision(open_page: OpenPage, make_user, decided):
    other = make_user(Role.COUNSELLOR, name="试另一位")

    for page in ("conference", "cases"):
        screen = open_page(page, other, case=1)
        assert FINDINGS not in words_on(screen)
        assert "家访一次" not in words_on(screen)
    assert "研讨定的事" not in words_on(open_page("home", other))


# --- what was decided ---


def test_it_is_done_on_home_in_one_act(open_page: OpenPage, world: World, decided):
    homeroom = world.staff[Role.HOMEROOM]
    screen = open_page("home", homeroom)
    assert "研讨定的事：江小满" in words_on(screen)
    assert "家访一次" not in words_on(screen)  # a list others may glance at; its words where it is opened
    [button] = [each for each in screen.button if str(each.key).startswith("home_decision_")]
    button.click().run()
    assert "家访一次，带上联系卡。" in words_on(screen)
    assert FINDINGS not in words_on(screen)
    assert "打开个案" not in words_on(screen)
    form = f"decision_end_{decided.id}"
    screen.button(key=f"{form}_save").click().run()
    assert "这一项要填。" in words_on(screen)
    screen.text_area(key=f"{form}_note").set_value("去过了，奶奶在家。")
    screen.button(key=f"{form}_save").click().run()

    assert not screen.exception
    row = stored(CaseDecision, decided.id)
    assert (row.state, row.ended_on, row.ended_by_id) == (DecisionState.DONE, TODAY, homeroom.user_id)
    assert "研讨定的事" not in words_on(screen)
    assert "去过了，奶奶在家。" in words_on(open_page("cases", world.staff[Role.COUNSELLOR], case=1))


def test_a_late_one_says_how_late_and_stands_on_the_childs_page(open_page: OpenPage, world: World, session, decided):
    decided.due_on = date(2026, 11, 18)
    session.add(decided)

    assert "逾期 2 天" in words_on(open_page("home", world.staff[Role.HOMEROOM]))
    screen = open_page("child", world.staff[Role.COUNSELLOR], student=world.students[0].id)
    assert "研讨定的事" in words_on(screen)
    [button] = [each for each in screen.button if str(each.key).startswith("child_due_decision_")]
    button.click().run()
    assert "家访一次，带上联系卡。" in words_on(screen)


def test_the_owner_of_the_case_changes_adds_drops_and_takes_back(open_page: OpenPage, world: World, decided):
    screen = open_page("cases", world.staff[Role.COUNSELLOR], case=1)
    number = decided.conference_id
    screen.button(key=f"decision_{decided.id}").click().run()
    form = f"decision_edit_{number}_{decided.id}"
    assert screen.text_area(key=f"{form}_text").value == "家访一次，带上联系卡。"
    screen.selectbox(key=f"{form}_owner_id").set_value(world.staff[Role.LEADERSHIP].user_id)
    screen.button(key=f"{form}_save").click().run()
    assert f"{world.staff[Role.LEADERSHIP].display_name}做" in words_on(screen)

    screen.button(key="decision_add").click().run()
    form = f"decision_edit_{number}_0"
    screen.text_area(key=f"{form}_text").set_value("谈一次。")
    screen.button(key=f"{form}_save").click().run()
    assert "这一项请选一个。" in words_on(screen)
    screen.selectbox(key=f"{form}_owner_id").set_value(world.staff[Role.COUNSELLOR].user_id)
    screen.date_input(key=f"{form}_due_on").set_value(TODAY)
    screen.button(key=f"{form}_save").click().run()
    assert "还有 2 件没做完" in words_on(screen)

    screen.button(key=f"decision_end_{decided.id}").click().run()
    form = f"decision_end_{decided.id}"
    screen.segmented_control(key=f"{form}_outcome").set_value(DecisionState.DROPPED)
    screen.text_area(key=f"{form}_note").set_value("奶奶来过学校了。")
    screen.button(key=f"{form}_save").click().run()
    assert "不用做了" in words_on(screen)
    screen.button(key=f"decision_reopen_{decided.id}").click().run()
    assert "还有 2 件没做完" in words_on(screen)


def test_leadership_reads_of_the_own_task_only_its_words(open_page: OpenPage, world: World, session, decided):
    leader = world.staff[Role.LEADERSHIP]
    entry = DecisionEntry("和教育局联系一次。", leader.user_id, NEXT_WEEK)
    decisions.save_decision(session, world.staff[Role.LEAD], conference_id=decided.conference_id, entry=entry)
    screen = open_page("home", leader)

    [button] = [each for each in screen.button if str(each.key).startswith("home_decision_")]
    button.click().run()
    words = words_on(screen)
    assert "和教育局联系一次。" in words
    assert "江小满" not in words


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.FINANCE, Role.ADMIN, Role.MENTOR])
def test_who_has_nothing_to_do_reads_of_nothing(open_page: OpenPage, world: World, decided, role):
    words = words_on(open_page("home", world.staff[role]))

    assert "研讨定的事" not in words
    assert "家访一次" not in words


def test_a_named_leader_reads_the_record_and_writes_none(open_page: OpenPage, world: World, session, decided):
    leader = world.staff[Role.LEADERSHIP]
    session.get_one(AppUser, leader.user_id).is_protection_leader = True
    case = session.exec(select(Case)).one()
    marked = session.get_one(Referral, case.referral_id)
    marked.is_suspected_abuse, marked.abuse_marked_at = True, NOW
    session.add(marked)

    screen = open_page("cases", leader, case=case.id)

    assert FINDINGS in words_on(screen)
    assert keys(screen).isdisjoint({"conference_write", "conference_plan", "conference_print", "decision_add"})
    told = words_on(open_page("cases", world.staff[Role.LEAD], case=case.id))
    assert f"标记疑似侵害以前交给{world.staff[Role.HOMEROOM].display_name}的事还开着" in told
    assert "研讨定的事：江小满" in words_on(open_page("home", world.staff[Role.HOMEROOM]))


def test_the_minutes_are_made_with_a_purpose(open_page: OpenPage, world: World, decided):
    screen = open_page("cases", world.staff[Role.COUNSELLOR], case=1)
    screen.button(key="conference_print").click().run()
    form = f"conference_print_form_{decided.conference_id}"
    screen.button(key=f"{form}_make").click().run()
    assert "这一项请选一个。" in words_on(screen)
    screen.selectbox(key=f"{form}_purpose").set_value(ExportPurpose.MEETING).run()
    screen.button(key=f"{form}_make").click().run()

    assert not screen.exception
    name, content = screen.session_state[f"care_word_{form}"]
    assert name == "会议记录 七（3）班 江小满.docx"
    assert content[:2] == b"PK"
