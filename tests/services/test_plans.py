"""Support plans: written, approved by somebody else, changed with the reason, carried out, and what each may know."""

from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from db.tables import (
    AppUser,
    Case,
    GoalState,
    MeasureDomain,
    MeasureRhythm,
    MeasureState,
    PlanKind,
    PlanMeasure,
    PlanState,
    PlanVersion,
    Referral,
    Role,
    RoleGrant,
    SupportPlan,
    Tier,
)
from db.transactions import transaction
from services import (
    assessments,
    cases,
    child_support,
    clock,
    home,
    measures,
    plan_answers,
    plan_views,
    plans,
    referral_moves,
    safeguarding,
    tiers,
)
from services.case_stages import CaseStage
from services.duties import DutyGroup, DutyKind
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.measures import EndEntry, NoteEntry
from services.plan_contents import GoalEntry, MeasureEntry, PlanEntry
from services.plans import PlanWaits
from tests.conftest import NOW, codes
from tests.services.intake_makers import register
from tests.services.test_assessments import asked
from tests.services.test_conferences import called, write

TODAY = NOW.date()
SOON = TODAY + timedelta(days=30)


@pytest.fixture(autouse=True)
def _term(term):
    return term


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD, name="秦若谷")


@pytest.fixture
def counsellor(make_user):
    return make_user(Role.COUNSELLOR, name="何知微")


@pytest.fixture
def teacher(make_user):
    return make_user(Role.SUBJECT_TEACHER, name="周砚田")


@pytest.fixture
def case(session, counsellor, make_student):
    """An ordinary case of the counsellor's."""
    return ordinary(session, counsellor, make_student("江小满"))


@pytest.fixture
def severe(session, counsellor, lead, teacher, make_student):
    """A severe case of the counsellor's, discussed."""
    made = called(session, counsellor, make_student("江小满"), lead, teacher)
    write(session, counsellor, made)
    return made


def ordinary(session, actor, child):
    referral = register(session, actor, student_id=child.id)
    referral_moves.start_assessment(session, actor, referral_id=referral.id, version=1)
    return assessments.save_assessment(session, actor, request=asked(referral))


def help_by(doer, **values):
    fine = {
        "domain": MeasureDomain.MIND,
        "text": "每周谈一次，先谈睡眠。",
        "responsible_id": doer.user_id,
        "starts_on": TODAY,
        "ends_on": SOON,
        "rhythm": MeasureRhythm.WEEKLY,
    }
    return MeasureEntry(**(fine | values))


def typed(doer, **values):
    fine = {
        "goals": (GoalEntry("每天来上学", "一个月不缺课"),),
        "measures": (help_by(doer),),
        "review_on": SOON,
        "basis": None,
        "reason": None,
    }
    return PlanEntry(**(fine | values))


def save(session, actor, case, entry, *, version=0, is_final=True):
    return plans.save_case_plan(session, actor, case_id=case.id, version=version, entry=entry, is_final=is_final)


def seen(session, actor, case):
    return plan_views.find_plan(session, actor, case_id=case.id)


def answer(session, actor, plan_id, *, is_approved=True, words=None, version=None):
    plan = session.get_one(SupportPlan, plan_id)
    plan_answers.answer_plan(
        session, actor, plan_id=plan_id, version=version or plan.version, is_approved=is_approved, words=words
    )


def kinds(session, actor):
    return {duty.kind for duty in home.list_duties(session, actor)} & {
        DutyKind.PLAN_WRITE, DutyKind.PLAN_ANSWER, DutyKind.PLAN_RETURNED, DutyKind.PLAN_REVIEW, DutyKind.MEASURE,
    }  # fmt: skip


def stage(session, actor, case):
    return cases.find_case(session, actor, case_id=case.id).row.stage


def test_the_plan_of_an_ordinary_case_is_in_force_when_it_is_final(session, counsellor, teacher, case):
    assert stage(session, counsellor, case) is CaseStage.PLAN
    assert DutyKind.PLAN_WRITE in kinds(session, counsellor)

    save(session, counsellor, case, typed(teacher), is_final=False)
    assert (seen(session, counsellor, case).pending.state, stage(session, counsellor, case)) == (
        PlanState.DRAFT, CaseStage.PLAN,
    )  # fmt: skip
    save(session, counsellor, case, typed(teacher), version=1)

    view = seen(session, counsellor, case)
    assert (view.current.number, view.pending, view.goals[0].text) == (1, None, "每天来上学")
    assert view.measures[0].responsible_name == "周砚田"
    assert stage(session, counsellor, case) is CaseStage.SUPPORT
    assert kinds(session, counsellor) == set()


def test_a_severe_plan_waits_for_the_lead_and_counts_from_the_yes(session, counsellor, lead, teacher, severe):
    plan_id = save(session, counsellor, severe, typed(teacher))

    assert (stage(session, counsellor, severe), kinds(session, lead)) == (CaseStage.PLAN, {DutyKind.PLAN_ANSWER})
    with pytest.raises(NotFound):
        answer(session, counsellor_as_lead(session, counsellor), plan_id)
    answer(session, lead, plan_id, words="可以。")

    view = seen(session, counsellor, severe)
    assert (view.current.state, view.current.answered_by, view.current.answer) == (
        PlanState.IN_FORCE, "秦若谷", "可以。",
    )  # fmt: skip
    assert stage(session, lead, severe) is CaseStage.SUPPORT
    assert kinds(session, teacher) == {DutyKind.MEASURE}


def counsellor_as_lead(session, counsellor):
    """Who became the lead after writing it."""
    session.add(RoleGrant(user_id=counsellor.user_id, role=Role.LEAD, granted_at=NOW))
    session.flush()
    return replace(counsellor, roles=counsellor.roles | {Role.LEAD})


def test_a_returned_plan_keeps_what_it_said_and_why(session, counsellor, lead, teacher, severe):
    plan_id = save(session, counsellor, severe, typed(teacher))
    with pytest.raises(FieldErrors) as refused:
        answer(session, lead, plan_id, is_approved=False)
    assert codes(refused) == {"words": "required"}
    answer(session, lead, plan_id, is_approved=False, words="晚上谁照看没有写。")

    assert kinds(session, counsellor) == {DutyKind.PLAN_RETURNED}
    assert seen(session, counsellor, severe).pending.answer == "晚上谁照看没有写。"
    better = typed(teacher, goals=(GoalEntry("晚上有人在", "每天问一次"),), reason="照退回的话改了。")
    save(session, counsellor, severe, better, version=2)
    answer(session, lead, plan_id)

    view = seen(session, counsellor, severe)
    assert [(each.number, each.state) for each in view.versions] == [
        (2, PlanState.IN_FORCE), (1, PlanState.RETURNED),
    ]  # fmt: skip
    assert view.versions[1].entry.goals[0].text == "每天来上学"


def test_what_the_lead_wrote_is_for_the_second_person(session, make_user, counsellor, lead, teacher, severe):
    head = make_user(Role.LEADERSHIP, name="柳校长")
    plan_id = save(session, lead, severe, typed(teacher))
    assert seen(session, lead, severe).answerers == ()
    assert kinds(session, head) == set()

    session.get_one(AppUser, head.user_id).is_protection_leader = True
    session.flush()
    named = replace(head, is_protection_leader=True)
    with pytest.raises(NotFound):
        answer(session, lead, plan_id)
    assert (seen(session, lead, severe).answerers, kinds(session, named)) == (("柳校长",), {DutyKind.PLAN_ANSWER})
    view = plan_views.find_plan(session, named, plan_id=plan_id)
    assert (view.may_answer, view.may_write, view.versions[0].entry.goals[0].text) == (True, False, "每天来上学")
    answer(session, named, plan_id)

    assert stage(session, lead, severe) is CaseStage.SUPPORT
    with pytest.raises(NotFound):  # said; nothing more to read here
        plan_views.find_plan(session, named, plan_id=plan_id)


def test_a_lead_who_wrote_at_a_draft_does_not_say_yes_to_it(session, make_user, counsellor, lead, teacher, severe):
    other = make_user(Role.LEAD, name="试甲")
    plan_id = save(session, lead, severe, typed(teacher), is_final=False)
    save(session, counsellor, severe, typed(teacher), version=1)

    assert seen(session, lead, severe).answerers == ("试甲",)
    assert (kinds(session, lead), kinds(session, other)) == (set(), {DutyKind.PLAN_ANSWER})
    with pytest.raises(NotFound):
        answer(session, lead, plan_id)


def test_what_the_lead_wrote_stays_theirs_when_somebody_else_submits_it_again(
    session, make_user, counsellor, lead, teacher, severe
):
    other = make_user(Role.LEAD, name="试甲")
    plan_id = save(session, lead, severe, typed(teacher))
    answer(session, other, plan_id, is_approved=False, words="晚上谁照看没有写。")
    save(session, counsellor, severe, typed(teacher, reason="照退回的话改了。"), version=2)

    assert seen(session, counsellor, severe).answerers == ("试甲",)
    assert (kinds(session, lead), kinds(session, other)) == (set(), {DutyKind.PLAN_ANSWER})
    with pytest.raises(NotFound):
        answer(session, lead, plan_id)
    answer(session, other, plan_id)


def test_a_submitted_plan_is_taken_back_to_go_on(session, counsellor, lead, teacher, severe):
    plan_id = save(session, counsellor, severe, typed(teacher))
    with pytest.raises(PlanWaits):
        save(session, counsellor, severe, typed(teacher), version=1)

    plans.take_back(session, counsellor, plan_id=plan_id, version=1)

    assert (seen(session, counsellor, severe).pending.state, kinds(session, lead)) == (PlanState.DRAFT, set())
    with pytest.raises(NotFound):
        answer(session, lead, plan_id)


def test_a_change_is_a_new_version_with_its_reason_and_its_differences(session, counsellor, teacher, lead, case):
    plan_id = save(session, counsellor, case, typed(teacher))
    view = seen(session, counsellor, case)
    first = view.current.entry
    changed = replace(
        first,
        goals=(replace(first.goals[0], sign="两周不缺课"), GoalEntry("睡够八小时", "自己记")),
        measures=(replace(first.measures[0], responsible_id=lead.user_id),),
    )
    with pytest.raises(FieldErrors) as refused:
        save(session, counsellor, case, changed, version=1)
    assert codes(refused) == {"reason": "required"}
    save(session, counsellor, case, replace(changed, reason="复查：好些了。"), version=1)

    view = seen(session, counsellor, case)
    told = [(each.part, each.field, each.before, each.after) for each in plan_views.compare(view, 1, 2)]
    assert told == [
        ("目标 1", "怎么看出达到了", "一个月不缺课", "两周不缺课"),
        ("目标 2（新加）", "目标", "", "睡够八小时"),
        ("目标 2（新加）", "怎么看出达到了", "", "自己记"),
        ("措施 1", "谁做", "周砚田", "秦若谷"),
    ]
    assert [(each.state, each.ended_at is None) for each in view.versions] == [
        (PlanState.IN_FORCE, True), (PlanState.REPLACED, False),
    ]  # fmt: skip
    assert (len(view.goals), view.measures[0].id, plan_id) == (2, first.measures[0].id, view.id)


def test_what_a_version_leaves_out_is_owed_by_nobody_and_stays(session, counsellor, teacher, lead, case):
    save(session, counsellor, case, typed(teacher))
    gone = seen(session, counsellor, case).measures[0]
    save(session, counsellor, case, typed(lead, reason="换一种做法。"), version=1)

    assert kinds(session, teacher) == set()
    with pytest.raises(NotFound):
        measures.note_progress(session, teacher, measure_id=gone.id, entry=NoteEntry(TODAY, "谈过了。"))
    assert session.get_one(PlanMeasure, gone.id).left_at is not None


def test_the_second_of_two_editors_sees_both(session, counsellor, lead, teacher, case):
    save(session, counsellor, case, typed(teacher))
    save(session, lead, case, typed(lead, reason="换人。"), version=1)

    with pytest.raises(EditedMeanwhile) as refused:
        save(session, counsellor, case, typed(teacher, reason="加一条。"), version=1)

    number = seen(session, lead, case).measures[0].id
    theirs = refused.value.current
    assert (theirs["version"], theirs[f"measure_m{number}_responsible_id"]) == (2, lead.user_id)
    with pytest.raises(EditedMeanwhile):  # and so does who thought there was none yet
        save(session, counsellor, case, typed(teacher), version=0)


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"review_on": None}, {"review_on": "review_needed"}),
        ({"review_on": TODAY}, {"review_on": "review_past"}),
        ({"review_on": TODAY + timedelta(days=400)}, {"review_on": "too_far"}),
        ({"goals": ()}, {"goal_0_text": "goal_needed"}),
        ({"goals": (GoalEntry("每天来上学", ""),)}, {"goal_0_sign": "required"}),
        ({"measures": ()}, {"measure_0_text": "measure_needed"}),
    ],
)
def test_a_plan_has_goals_measures_and_a_review_date(session, counsellor, teacher, case, values, wrong):
    with pytest.raises(FieldErrors) as refused:
        save(session, counsellor, case, typed(teacher, **values))
    assert codes(refused) == wrong


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"responsible_id": None}, {"measure_0_responsible_id": "required"}),
        ({"responsible_id": 999}, {"measure_0_responsible_id": "unknown"}),
        ({"ends_on": TODAY - timedelta(days=1)}, {"measure_0_ends_on": "before_start"}),
        ({"ends_on": TODAY + timedelta(days=500)}, {"measure_0_ends_on": "too_far"}),
        ({"rhythm": None}, {"measure_0_rhythm": "required"}),
        ({"text": " "}, {"measure_0_text": "required"}),
    ],
)
def test_a_measure_says_who_does_what_when_and_how_often(session, counsellor, teacher, case, values, wrong):
    with pytest.raises(FieldErrors) as refused:
        save(session, counsellor, case, typed(teacher, measures=(help_by(teacher, **values),)))
    assert codes(refused) == wrong


def test_a_measure_that_is_carried_over_keeps_its_first_day_however_long_ago(session, counsellor, teacher, case):
    save(session, counsellor, case, typed(teacher))
    clock.set_fixed(clock.now() + timedelta(days=400))
    ends_on = clock.today() + timedelta(days=30)
    later = {"review_on": clock.today() + timedelta(days=20), "reason": "接着帮。"}

    def again(starts_on):
        return typed(teacher, measures=(help_by(teacher, starts_on=starts_on, ends_on=ends_on),), **later)

    save(session, counsellor, case, again(TODAY), version=1)
    with pytest.raises(FieldErrors) as refused:
        save(session, counsellor, case, again(TODAY - timedelta(days=1)), version=2)
    assert "too_long_ago" in codes(refused).values()


def test_nobody_else_reads_or_writes_a_plan(session, make_user, counsellor, lead, teacher, case):
    plan_id = save(session, counsellor, case, typed(teacher))
    stranger = make_user(Role.COUNSELLOR)

    for act in (
        lambda actor: plan_views.find_plan(session, actor, plan_id=plan_id),
        lambda actor: save(session, actor, case, typed(teacher, reason="试"), version=1),
        lambda actor: plans.end_plan(session, actor, plan_id=plan_id, version=1, reason="试"),
    ):
        with pytest.raises(NotFound):
            act(stranger)
        with pytest.raises((NotAllowed, NotFound)):
            act(teacher)
    assert child_support.list_support(session, stranger, case_id=case.id).plans == ()


def test_who_carries_a_measure_out_reads_its_words_and_nothing_else(session, counsellor, lead, teacher, severe):
    two = typed(teacher, measures=(help_by(teacher), help_by(counsellor, text="每周辅导。")))
    answer(session, lead, save(session, counsellor, severe, two))
    own, others = seen(session, counsellor, severe).measures
    measures.note_progress(session, counsellor, measure_id=own.id, entry=NoteEntry(TODAY, "和老师说好了。"))
    measures.note_progress(session, teacher, measure_id=own.id, entry=NoteEntry(TODAY, "谈过一次。"))

    found = measures.find_measure(session, teacher, measure_id=own.id)
    assert (found.text, found.child, found.plan_id, found.asked_by) == ("每周谈一次，先谈睡眠。", None, None, "何知微")
    assert [each.text for each in found.notes] == ["谈过一次。"]
    assert len(seen(session, counsellor, severe).measures[0].notes) == 2
    with pytest.raises(NotFound):
        measures.find_measure(session, teacher, measure_id=others.id)
    stop = EndEntry(MeasureState.STOPPED, TODAY, "不用了。")
    with pytest.raises(FieldErrors):
        measures.end_measure(session, teacher, measure_id=own.id, version=found.version, entry=stop)


def test_a_mark_changes_nothing_for_who_carries_a_measure_out(session, counsellor, lead, teacher, severe):
    answer(session, lead, save(session, counsellor, severe, typed(teacher)))
    number = seen(session, lead, severe).measures[0].id
    before = (home.list_duties(session, teacher), measures.find_measure(session, teacher, measure_id=number))
    referral = session.get_one(Referral, severe.referral_id)

    safeguarding.mark_suspected_abuse(session, lead, referral_id=referral.id, version=referral.version)

    assert (home.list_duties(session, teacher), measures.find_measure(session, teacher, measure_id=number)) == before
    assert not seen(session, lead, severe).measures[0].responsible_knows
    with pytest.raises(NotFound):
        seen(session, counsellor, severe)
    with pytest.raises(FieldErrors) as refused:
        save(session, lead, severe, typed(teacher, reason="试"), version=2)
    assert codes(refused) == {"measure_0_responsible_id": "leaders_only"}


def test_a_measure_is_due_in_its_rhythm_and_when_it_ends(session, counsellor, teacher, case):
    save(session, counsellor, case, typed(teacher, measures=(help_by(teacher, ends_on=TODAY + timedelta(days=20)),)))
    duty = one_measure(session, teacher)
    assert (duty.group, duty.due_at.date()) == (DutyGroup.UPCOMING, TODAY + timedelta(days=7))
    clock.set_fixed(NOW + timedelta(days=10))
    assert one_measure(session, teacher).group is DutyGroup.LATE
    note = NoteEntry(TODAY + timedelta(days=10), "谈了。")
    measures.note_progress(session, teacher, measure_id=duty.target_id, entry=note)
    assert one_measure(session, teacher).group is DutyGroup.UPCOMING
    clock.set_fixed(NOW + timedelta(days=21))
    over = one_measure(session, teacher)
    assert (over.group, over.labels) == (DutyGroup.LATE, ("每周", "over"))

    found = measures.find_measure(session, teacher, measure_id=duty.target_id)
    done = EndEntry(MeasureState.DONE, TODAY + timedelta(days=20), "能睡着了。")
    measures.end_measure(session, teacher, measure_id=found.id, version=found.version, entry=done)
    assert kinds(session, teacher) == set()
    measures.reopen_measure(session, teacher, measure_id=found.id, version=found.version + 1)
    assert kinds(session, teacher) == {DutyKind.MEASURE}


def test_a_measure_that_has_not_begun_can_be_stopped_but_not_done(session, counsellor, teacher, case):
    begins_on = TODAY + timedelta(days=7)
    save(session, counsellor, case, typed(teacher, measures=(help_by(teacher, starts_on=begins_on),)))
    own = seen(session, counsellor, case).measures[0]

    def end(outcome, day=TODAY) -> None:
        entry = EndEntry(outcome, day, "家里已经请到人照看，用不着了。")
        measures.end_measure(session, counsellor, measure_id=own.id, version=own.version, entry=entry)

    with pytest.raises(FieldErrors) as refused:
        end(MeasureState.DONE)
    assert codes(refused) == {"day": "before_measure"}
    with pytest.raises(FieldErrors) as refused:
        end(MeasureState.STOPPED, begins_on)
    assert codes(refused) == {"day": "future"}
    end(MeasureState.STOPPED)

    row = session.get_one(PlanMeasure, own.id)
    assert (row.state, row.ended_on) == (MeasureState.STOPPED, TODAY)


def one_measure(session, actor):
    return next(duty for duty in home.list_duties(session, actor) if duty.kind is DutyKind.MEASURE)


@pytest.mark.parametrize("change", ["account disabled", "post given up"])
def test_a_measure_of_somebody_who_left_falls_to_the_owner(session, counsellor, teacher, case, change):
    save(session, counsellor, case, typed(teacher))
    if change == "account disabled":
        session.get_one(AppUser, teacher.user_id).is_active = False
    else:
        session.exec(select(RoleGrant).where(RoleGrant.user_id == teacher.user_id)).one().ended_at = NOW
    session.flush()

    assert not one_measure(session, counsellor).is_mine


def test_what_the_owner_of_a_plan_owes_falls_to_the_head_with_the_role(session, counsellor, lead, case):
    save(session, counsellor, case, typed(counsellor))
    session.exec(select(RoleGrant).where(RoleGrant.user_id == counsellor.user_id)).one().ended_at = NOW
    session.flush()

    assert not one_measure(session, lead).is_mine


def test_a_review_that_is_due_stands_with_the_owner(session, counsellor, teacher, case):
    save(session, counsellor, case, typed(teacher, measures=(help_by(counsellor, ends_on=SOON),)))
    clock.set_fixed(NOW + timedelta(days=30))

    assert DutyKind.PLAN_REVIEW in kinds(session, counsellor)
    assert stage(session, counsellor, case) is CaseStage.REVIEW
    again = typed(teacher, review_on=SOON + timedelta(days=30), reason="复查：照旧，再看一个月。")
    save(session, counsellor, case, again, version=1)
    assert stage(session, counsellor, case) is CaseStage.SUPPORT


def test_goals_are_judged_and_the_judgement_outlives_a_change(session, counsellor, teacher, case):
    save(session, counsellor, case, typed(teacher))
    goal = seen(session, counsellor, case).goals[0]
    with pytest.raises(FieldErrors):
        judge(session, counsellor, goal, GoalState.REACHED, None)
    judge(session, counsellor, goal, GoalState.REACHED, "全勤。")
    first = seen(session, counsellor, case).current.entry
    save(session, counsellor, case, replace(first, review_on=SOON + timedelta(days=3), reason="试"), version=1)

    found = seen(session, counsellor, case).goals[0]
    assert (found.state, found.note, found.judged_on) == (GoalState.REACHED, "全勤。", TODAY)
    with pytest.raises(EditedMeanwhile):
        judge(session, counsellor, goal, GoalState.OPEN, None)


def judge(session, actor, goal, state, words):
    entry = EndEntry(state, TODAY, words)
    measures.judge_goal(session, actor, goal_id=goal.id, version=goal.version, entry=entry)


def test_a_plan_ends_with_a_reason_and_a_severe_one_by_the_lead(session, counsellor, lead, teacher, severe):
    plan_id = save(session, counsellor, severe, typed(teacher))
    answer(session, lead, plan_id)
    with pytest.raises(NotAllowed):
        plans.end_plan(session, counsellor, plan_id=plan_id, version=2, reason="好了。")
    plans.end_plan(session, lead, plan_id=plan_id, version=2, reason="换个办法。")

    assert (stage(session, lead, severe), kinds(session, teacher)) == (CaseStage.PLAN, set())
    assert seen(session, lead, severe).versions[0].end_reason == "换个办法。"


def test_a_draft_that_is_given_up_leaves_what_is_in_force(session, counsellor, teacher, case):
    plan_id = save(session, counsellor, case, typed(teacher))
    save(session, counsellor, case, typed(teacher, reason="试"), version=1, is_final=False)
    plans.drop_draft(session, counsellor, plan_id=plan_id, version=2)

    view = seen(session, counsellor, case)
    assert (view.current.number, view.pending, view.versions[0].state) == (1, None, PlanState.ENDED)


def test_a_child_without_a_case_has_a_plan_of_its_own(session, make_user, make_student, counsellor, lead, teacher):
    child = make_student("江小满")
    plan_id = plans.save_child_plan(
        session, counsellor, student_id=child.id, kind=PlanKind.CARE, version=0, entry=typed(teacher), is_final=True
    )

    view = plan_views.find_plan(session, lead, plan_id=plan_id)
    assert (view.current.number, view.needs_approval, view.owner_name) == (1, False, "何知微")
    stranger = make_user(Role.COUNSELLOR)
    assert child_support.list_support(session, stranger, student_id=child.id).plans == ()
    plans.save_child_plan(  # what one may not see is not in one's way
        session, stranger, student_id=child.id, kind=PlanKind.CARE, version=0, entry=typed(teacher)
    )
    with pytest.raises(EditedMeanwhile):
        plans.save_child_plan(
            session, counsellor, student_id=child.id, kind=PlanKind.CARE, version=0, entry=typed(teacher)
        )


def test_the_database_holds_one_in_force_and_one_on_its_way(session, counsellor, teacher, case):
    plan_id = save(session, counsellor, case, typed(teacher))
    for state in (PlanState.IN_FORCE, PlanState.DRAFT):
        with pytest.raises(IntegrityError), session.begin_nested():
            two_versions(session, plan_id, state)


def two_versions(session, plan_id, state):
    for number in (7, 8):
        values = {"review_on": SOON, "written_at": NOW, "in_force_at": NOW}
        session.add(PlanVersion(plan_id=plan_id, number=number, state=state, **values))
    session.flush()


def test_two_who_write_the_first_plan_at_once_make_one(session, counsellor, lead, case):
    case_id = case.id
    session.commit()
    start, told = Barrier(2), []

    def act(actor):
        start.wait()
        try:
            with transaction() as own:
                save(own, actor, own.get_one(Case, case_id), typed(actor))
            told.append("saved")
        except EditedMeanwhile:
            told.append("told")

    threads = [Thread(target=act, args=(actor,)) for actor in (counsellor, lead)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sorted(told) == ["saved", "told"]


def test_a_child_s_tier_says_how_soon_the_plan_is_looked_at_again(session, counsellor, lead, teacher, case):
    gravest = session.exec(select(Tier.id).order_by(col(Tier.rank).desc())).first()
    entry = tiers.TierEntry(tier_id=gravest, from_day=TODAY, reason="说过不想活。", evidence="筛查、面谈。")
    tiers.set_tier(session, lead, student_id=case.student_id, follows=0, entry=entry)

    with pytest.raises(FieldErrors) as refused:
        save(session, counsellor, case, typed(teacher))
    assert codes(refused) == {"review_on": "review_too_late"}
    save(session, counsellor, case, typed(teacher, review_on=TODAY + timedelta(days=7)))
