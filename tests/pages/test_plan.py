"""A support plan as each role meets it: written with a draft, approved, changed, carried out, printed."""

from datetime import timedelta
from io import BytesIO

import pytest
from docx import Document
from sqlmodel import select

from db.tables import (
    AppUser,
    Draft,
    GoalState,
    MeasureDomain,
    MeasureRhythm,
    PlanMeasure,
    PlanState,
    PlanVersion,
    Role,
    SupportPlan,
)
from db.transactions import reading, transaction
from services import plan_answers, plans
from services.plan_contents import GoalEntry, MeasureEntry, PlanEntry
from services.student_exports import ExportPurpose
from tests.conftest import NOW
from tests.pages.conftest import OpenPage, World, commit, words_on
from tests.pages.test_conference import hold, serious
from tests.services.test_plans import ordinary
from ui.session import NOT_FOR_YOU

TODAY, SOON = NOW.date(), NOW.date() + timedelta(days=30)


@pytest.fixture
def case(session, world):
    """An ordinary case of the counsellor's."""
    made = ordinary(session, world.staff[Role.COUNSELLOR], world.students[0])
    commit(session)
    return made


@pytest.fixture
def severe(session, world):
    """A severe one, discussed."""
    made = serious(session, world, world.students[0])
    hold(session, world, made)
    commit(session)
    return made


def typed(world, **values):
    doer = world.staff[Role.HOMEROOM].user_id
    measure = MeasureEntry(MeasureDomain.MIND, "每周谈一次。", doer, TODAY, SOON, MeasureRhythm.WEEKLY)
    fine = {"goals": (GoalEntry("每天来上学", "四周不缺课"),), "measures": (measure,), "review_on": SOON}
    return PlanEntry(**(fine | values))


def planned(world, case, *, by=Role.COUNSELLOR, version=0, **values):
    with transaction() as session:
        entry = typed(world, **values)
        return plans.save_case_plan(
            session, world.staff[by], case_id=case.id, version=version, entry=entry, is_final=True
        )


def approved(world, plan_id):
    with transaction() as session:
        version = session.get_one(SupportPlan, plan_id).version
        plan_answers.answer_plan(
            session, world.staff[Role.LEAD], plan_id=plan_id, version=version, is_approved=True, words=None
        )


def fill(screen, form, world):
    screen.text_input(key=f"{form}_goal_n0_text").set_value("每天来上学")
    screen.text_input(key=f"{form}_goal_n0_sign").set_value("四周不缺课")
    screen.text_area(key=f"{form}_measure_n0_text").set_value("每周谈一次。")
    screen.selectbox(key=f"{form}_measure_n0_responsible_id").set_value(world.staff[Role.HOMEROOM].user_id)
    screen.date_input(key=f"{form}_measure_n0_ends_on").set_value(SOON)
    screen.date_input(key=f"{form}_review_on").set_value(SOON)
    return screen.run()


def versions(plan_id=1):
    with reading() as session:
        found = select(PlanVersion).where(PlanVersion.plan_id == plan_id).order_by(PlanVersion.number)
        return [each.state for each in session.exec(found)]


def keys(screen):
    return {str(button.key) for button in screen.button}


def test_a_plan_is_one_click_from_the_case_and_says_where_the_case_stands(open_page: OpenPage, world: World, case):
    screen = open_page("cases", world.staff[Role.COUNSELLOR], case=case.id)
    assert "待定方案" in words_on(screen)
    screen.button(key="case_plan_write").click().run()
    screen = open_page("plan_edit", world.staff[Role.COUNSELLOR], case=case.id)
    form = f"plan_{case.id}"
    fill(screen, form, world).button(key=f"{form}_save").click().run()

    assert not screen.exception
    words = words_on(screen)
    for expected in ("第 1 版在用", "每天来上学", "四周不缺课", "每周谈一次。", "每周一次"):
        assert expected in words
    screen = open_page("cases", world.staff[Role.COUNSELLOR], case=case.id)
    assert "帮扶中" in words_on(screen)
    assert "case_plan" in keys(screen)
    child = open_page("child", world.staff[Role.COUNSELLOR], student=world.students[0].id)
    assert "child_plan_1" in keys(child)


def test_what_a_plan_lacks_stands_under_its_field(open_page: OpenPage, world: World, case):
    screen, form = open_page("plan_edit", world.staff[Role.COUNSELLOR], case=case.id), f"plan_{case.id}"
    screen.text_area(key=f"{form}_measure_n0_text").set_value("每周谈一次。").run()
    screen.button(key=f"{form}_save").click().run()

    words = words_on(screen)
    for expected in ("请至少写一个目标。", "请定复查的日子", "这一项请选一个。"):
        assert expected in words
    assert screen.text_area(key=f"{form}_measure_n0_text").value == "每周谈一次。"


def test_a_draft_outlives_the_tab_and_never_lands_on_another_case(open_page: OpenPage, world: World, session, case):
    other = ordinary(session, world.staff[Role.COUNSELLOR], world.students[1])
    counsellor, form = world.staff[Role.COUNSELLOR], f"plan_{case.id}"
    screen = open_page("plan_edit", counsellor, case=case.id)
    screen.button(key=f"{form}_more_measure").click().run()
    screen.text_area(key=f"{form}_measure_n2_text").set_value("第三条").run()
    screen.selectbox(key=f"{form}_measure_n2_rhythm").set_value(MeasureRhythm.MONTHLY).run()
    screen.date_input(key=f"{form}_measure_n2_ends_on").set_value(SOON).run()
    assert "草稿已在" in words_on(screen)

    again = open_page("plan_edit", counsellor, case=case.id)
    assert again.text_area(key=f"{form}_measure_n2_text").value == "第三条"
    assert again.selectbox(key=f"{form}_measure_n2_rhythm").value is MeasureRhythm.MONTHLY
    assert again.date_input(key=f"{form}_measure_n2_ends_on").value == SOON
    elsewhere = open_page("plan_edit", counsellor, case=other.id)
    assert "第三条" not in words_on(elsewhere)
    again.text_area(key=f"{form}_measure_n2_text").set_value("").run()
    fill(again, form, world).button(key=f"{form}_save").click().run()
    assert not again.exception
    with reading() as session_after:
        assert session_after.exec(select(Draft)).all() == []
        assert len(session_after.exec(select(PlanMeasure)).all()) == 1


def test_of_two_who_change_a_plan_the_second_sees_both_and_keeps_the_words(open_page: OpenPage, world: World, case):
    plan_id = planned(world, case)
    form, number = f"plan_{case.id}", 1
    screen = open_page("plan_edit", world.staff[Role.COUNSELLOR], plan=plan_id)
    screen.text_input(key=f"{form}_goal_m{number}_sign").set_value("我写的").run()
    screen.text_area(key=f"{form}_reason").set_value("我的理由").run()
    with transaction() as session:
        entry = typed(world, goals=(GoalEntry("每天来上学", "别人写的", number),), reason="别人的理由")
        lead = world.staff[Role.LEAD]
        plans.save_case_plan(session, lead, case_id=case.id, version=1, entry=entry, is_final=True)
    screen.button(key=f"{form}_save").click().run()

    told = "\n".join(table.value.to_string() for table in screen.table)
    assert "别人写的" in told
    assert "我写的" in told
    assert f"{world.staff[Role.LEAD].display_name}刚改过" in words_on(screen)
    screen.button(key=f"{form}_keep_mine").click().run()
    screen.button(key=f"{form}_save").click().run()
    assert not screen.exception
    assert versions() == [PlanState.REPLACED, PlanState.REPLACED, PlanState.IN_FORCE]


def test_blank_lines_come_neither_back_with_a_draft_nor_into_a_conflict(open_page: OpenPage, world: World, case):
    plan_id = planned(world, case)
    counsellor, form = world.staff[Role.COUNSELLOR], f"plan_{case.id}"
    screen = open_page("plan_edit", counsellor, plan=plan_id)
    screen.text_area(key=f"{form}_reason").set_value("我的理由").run()
    screen = open_page("plan_edit", counsellor, plan=plan_id)
    assert [each.key for each in screen.text_area if "_measure_" in str(each.key)] == [f"{form}_measure_m1_text"]

    screen.button(key=f"{form}_more_measure").click().run()
    with transaction() as session:
        entry = typed(world, goals=(GoalEntry("每天来上学", "别人写的", 1),), reason="别人的理由")
        plans.save_case_plan(session, world.staff[Role.LEAD], case_id=case.id, version=1, entry=entry, is_final=True)
    screen.button(key=f"{form}_save").click().run()
    (told,) = (table.value.to_string() for table in screen.table)
    assert "别人写的" in told
    assert "措施 2" not in told


def test_the_lead_answers_a_severe_plan_and_the_writer_reads_why_it_came_back(
    open_page: OpenPage, world: World, severe
):
    plan_id = planned(world, severe)
    screen = open_page("plan", world.staff[Role.COUNSELLOR], plan=plan_id)
    assert f"等{world.staff[Role.LEAD].display_name}点头" in words_on(screen)
    assert "plan_answer" not in keys(screen)
    assert "方案等您点头：江小满" in words_on(open_page("home", world.staff[Role.LEAD]))
    screen = open_page("plan", world.staff[Role.LEAD], plan=plan_id)
    screen.button(key="plan_answer").click().run()
    form = f"plan_answer_{plan_id}"
    screen.button(key=f"{form}_save").click().run()
    assert "这一项请选一个。" in words_on(screen)
    screen.segmented_control(key=f"{form}_answer").set_value(False)
    screen.text_area(key=f"{form}_words").set_value("晚上谁照看没有写。")
    screen.button(key=f"{form}_save").click().run()

    assert not screen.exception
    assert versions() == [PlanState.RETURNED]
    assert "方案退回来了：江小满" in words_on(open_page("home", world.staff[Role.COUNSELLOR]))
    assert "晚上谁照看没有写。" in words_on(open_page("plan_edit", world.staff[Role.COUNSELLOR], plan=plan_id))


def test_the_second_person_s_yes_ends_on_no_refusal(open_page: OpenPage, world: World, session, severe):
    leader = world.staff[Role.LEADERSHIP]
    session.get_one(AppUser, leader.user_id).is_protection_leader = True
    commit(session)
    plan_id = planned(world, severe, by=Role.LEAD)
    screen = open_page("plan", leader, plan=plan_id)
    screen.button(key="plan_answer").click().run()
    form = f"plan_answer_{plan_id}"
    screen.segmented_control(key=f"{form}_answer").set_value(True)
    screen.button(key=f"{form}_save").click().run()

    assert versions() == [PlanState.IN_FORCE]
    assert not screen.exception
    assert [error.value for error in screen.error] == []


def test_a_submitted_plan_is_taken_back_in_a_dialog(open_page: OpenPage, world: World, severe):
    plan_id = planned(world, severe)
    assert "收回来改" in words_on(open_page("plan_edit", world.staff[Role.COUNSELLOR], plan=plan_id))
    screen = open_page("plan", world.staff[Role.COUNSELLOR], plan=plan_id)
    screen.button(key="plan_take_back").click().run()
    screen.button(key=f"plan_take_back_{plan_id}_save").click().run()

    assert not screen.exception
    assert versions() == [PlanState.DRAFT]
    screen.button(key="plan_drop").click().run()
    screen.button(key=f"plan_drop_{plan_id}_save").click().run()
    assert versions() == [PlanState.ENDED]


def test_who_carries_a_measure_out_notes_it_on_home_and_opens_nothing_else(open_page: OpenPage, world: World, severe):
    plan_id = planned(world, severe, goals=(GoalEntry("别人不能看的目标", "看"),))
    approved(world, plan_id)
    homeroom = world.staff[Role.HOMEROOM]
    screen = open_page("home", homeroom)
    assert "帮扶措施：江小满" in words_on(screen)
    key = next(key for key in keys(screen) if key.startswith("home_measure_"))
    screen.button(key=key).click().run()
    assert "每周谈一次。" in words_on(screen)
    assert "别人不能看的目标" not in words_on(screen)
    screen.text_area(key="measure_1_text").set_value("谈过一次，愿意说了。")
    screen.button(key="measure_1_save").click().run()

    assert not screen.exception
    assert "谈过一次，愿意说了。" in words_on(open_page("plan", world.staff[Role.COUNSELLOR], plan=plan_id))
    assert NOT_FOR_YOU in words_on(open_page("plan", homeroom, plan=plan_id))


def test_a_goal_is_judged_and_differences_are_read_field_by_field(open_page: OpenPage, world: World, case):
    plan_id = planned(world, case)
    counsellor = world.staff[Role.COUNSELLOR]
    screen = open_page("plan", counsellor, plan=plan_id)
    screen.button(key="plan_goal_1").click().run()
    screen.segmented_control(key="plan_goal_1_outcome").set_value(GoalState.REACHED)
    screen.text_area(key="plan_goal_1_text").set_value("全勤。")
    screen.button(key="plan_goal_1_save").click().run()
    assert "达到了" in words_on(screen)

    changed = typed(world, goals=(GoalEntry("每天来上学", "八周不缺课", 1),), reason="复查：再看一个月。")
    with transaction() as session:
        plans.save_case_plan(session, counsellor, case_id=case.id, version=1, entry=changed, is_final=True)
    screen = open_page("plan", counsellor, plan=plan_id)
    told = "\n".join(table.value.to_string() for table in screen.table)
    assert "四周不缺课" in told
    assert "八周不缺课" in told
    assert "复查：再看一个月。" in words_on(screen)


def test_a_plan_is_printed_with_its_purpose(open_page: OpenPage, world: World, case):
    plan_id = planned(world, case)
    screen = open_page("plan", world.staff[Role.COUNSELLOR], plan=plan_id)
    screen.button(key="plan_print").click().run()
    form = f"plan_print_{plan_id}"
    screen.selectbox(key=f"{form}_purpose").set_value(ExportPurpose.MEETING).run()
    screen.button(key=f"{form}_make").click().run()

    assert not screen.exception
    name, content = screen.session_state[f"care_word_{form}"]
    assert name == "帮扶方案 七（3）班 江小满.docx"
    told = "\n".join(
        cell.text for table in Document(BytesIO(content)).tables for row in table.rows for cell in row.cells
    )
    for expected in ("每天来上学", "四周不缺课", "每周谈一次。", "心理", "2026年12月20日", "不用审批"):
        assert expected in told


def test_a_child_without_a_case_gets_a_plan_from_its_page(open_page: OpenPage, world: World):
    child, counsellor = world.students[0], world.staff[Role.COUNSELLOR]
    screen = open_page("child", counsellor, student=child.id)
    assert "child_plan_care" in keys(screen)
    screen = open_page("plan_edit", counsellor, student=child.id, kind="care")
    form = f"plan_care_{child.id}"
    fill(screen, form, world).button(key=f"{form}_save").click().run()

    assert not screen.exception
    assert versions() == [PlanState.IN_FORCE]


@pytest.mark.parametrize("role", [Role.FINANCE, Role.SUPERVISOR, Role.ADMIN, Role.LEADERSHIP])
def test_a_plan_is_no_one_elses(open_page: OpenPage, world: World, case, role):
    plan_id = planned(world, case)
    assert "每天来上学" not in words_on(open_page("plan", world.staff[role], plan=plan_id))
