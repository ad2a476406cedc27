"""One time line over everything: each role sees on it what its own pages show, no word, in one order, page by page."""

from datetime import date, datetime, timedelta

import pytest
from sqlmodel import select

from db.tables import (
    CareKind,
    CareRecord,
    Case,
    CaseClosure,
    CategoryKind,
    CheckFinding,
    CheckResult,
    CheckReturn,
    CheckRound,
    ClosingOutcome,
    ClosingState,
    ConsentAnswer,
    ConsentPurpose,
    EnrolmentState,
    FamilyEconomy,
    GuardianKind,
    OutwardTarget,
    PlanKind,
    PlanState,
    PlanVersion,
    Role,
    ScreeningResult,
    ScreeningRound,
    Severity,
    SupportPlan,
    TermEntry,
    Tier,
    TierChange,
)
from services import (
    assessments,
    cases,
    categories,
    clock,
    consents,
    family_surveys,
    guardians,
    outward_referrals,
    promises,
    record_views,
    referral_lists,
    referral_moves,
    safeguarding,
)
from services.categories import CategoryDetails
from services.enrolment import enrolment_change
from services.errors import NotAllowed
from services.evaluation_kinds import Voice
from services.family_surveys import SurveyEntry
from services.guardians import GuardianEntry
from services.outward_referrals import OutwardEntry
from services.referral_lists import ReferralFilters
from services.time_line import PAGE_SIZE, Source, list_time_line
from services.time_line.sources import SOURCES
from tests.conftest import NOW
from tests.services.intake_makers import FACTS, register
from tests.services.test_assessments import asked
from tests.services.test_drop_outs import notice
from tests.services.test_evaluations import evaluate, said
from tests.services.test_records import SECRET, write
from tests.services.test_summaries import sum_up
from ui.time_line_words import LOOKS, line_icon, line_says, line_word

TODAY = NOW.date()
EVERYTHING = set(Source)
SEEN = {
    Role.LEAD: EVERYTHING,
    Role.COUNSELLOR: EVERYTHING,
    Role.HOMEROOM: EVERYTHING
    - {
        Source.ASSESSMENT,
        Source.CASE,
        Source.CONFERENCE,
        Source.SUMMARY,
        Source.EVALUATION,
        Source.CLOSING,
        Source.PLAN,
        Source.TIER,
        Source.SCREENING,
        Source.OUTWARD,
    },
    Role.SUBJECT_TEACHER: {Source.SCHOOL_CLASS, Source.ENROLMENT},
    Role.MENTOR: set(),
}


@pytest.fixture
def people(make_user, make_class, term):
    own = make_class(7, 3)
    return {
        Role.LEAD: make_user(Role.LEAD, name="秦若谷"),
        Role.COUNSELLOR: make_user(Role.COUNSELLOR, name="何知微"),
        Role.HOMEROOM: make_user(Role.HOMEROOM, name="周砚田", homeroom_of=own),
        Role.SUBJECT_TEACHER: make_user(Role.SUBJECT_TEACHER, name="沈石英", teaches=own),
        Role.MENTOR: make_user(Role.MENTOR, name="柳青黛"),
        "class": own,
    }


@pytest.fixture
def child(session, people, make_student, term):
    """江小满, of whom there is one of everything."""
    lead, counsellor, homeroom = (people[role] for role in (Role.LEAD, Role.COUNSELLOR, Role.HOMEROOM))
    made = make_student("江小满", in_class=people["class"])
    _worry(session, counsellor, lead, made)
    write(session, homeroom, made, day=TODAY - timedelta(days=3))
    write(session, counsellor, made, kind=CareKind.COUNSELLING, day=TODAY - timedelta(days=2))
    write(session, lead, made, kind=CareKind.COUNSELLING, day=TODAY - timedelta(days=1))  # no colleague reads it
    notice(session, homeroom, made, noticed_on=TODAY)
    people_of = ((GuardianKind.FATHER, "父亲甲"), (GuardianKind.MOTHER, "母亲乙"))
    for kind, who in people_of:  # the card as it stood before the second is kept
        guardians.save_guardian(
            session, lead, student_id=made.id,
            entry=GuardianEntry(kind=kind, name=who, phone="15400000137"),
        )  # fmt: skip
    consents.record_consent(
        session, homeroom, student_id=made.id, purpose=ConsentPurpose.PHOTO, answer=ConsentAnswer.REFUSED, day=TODAY,
        by_whom="外婆",
    )  # fmt: skip
    consents.record_consent(
        session, lead, student_id=made.id, purpose=ConsentPurpose.REFERRAL, answer=ConsentAnswer.GIVEN, day=TODAY,
        by_whom="外婆",
    )  # fmt: skip
    outward = OutwardEntry(target_kind=OutwardTarget.HOSPITAL, target="某医院", reason=SECRET, referred_on=TODAY)
    outward_referrals.refer_out(session, counsellor, student_id=made.id, entry=outward)
    promises.record_promise(session, homeroom, student_id=made.id, signed_on=TODAY, signer="外婆")
    survey = SurveyEntry(asked_on=TODAY, economy=FamilyEconomy.POOR, means=SECRET, needs=SECRET)
    family_surveys.record_survey(session, homeroom, student_id=made.id, entry=survey)
    session.add(TermEntry(student_id=made.id, term_id=term.id, recorded_at=NOW))
    session.add(
        enrolment_change(lead, student_id=made.id, before=None, after=EnrolmentState.ENROLLED, day=TODAY, place="青岚")
    )
    _plan_and_tier(session, counsellor, made)
    _category(session, lead, made, people["class"], term)
    session.flush()
    return made


def _worry(session, counsellor, lead, made):
    """A referral that became a serious case with a conference."""
    referral = register(session, counsellor, student_id=made.id)
    referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=1)
    people = frozenset({counsellor.user_id, lead.user_id})
    request = asked(referral, severity=Severity.SERIOUS, mentions_self_harm=True, participant_ids=people)
    case = assessments.save_assessment(session, counsellor, request=request)
    child, teacher = said(Voice.CHILD, 2, 2, 3, 3, words=SECRET), said(Voice.TEACHER, 3, 3, 3, 3, words=SECRET)
    evaluate(session, counsellor, case, child, teacher, conclusion=SECRET)
    sum_up(session, counsellor, case, changed=SECRET)
    session.add(
        CaseClosure(
            case_id=case.id, state=ClosingState.AGREED, outcome=ClosingOutcome.BETTER, follow_up_on=TODAY,
            asked_by_id=counsellor.user_id, asked_at=NOW, decided_by_id=lead.user_id, decided_at=NOW,
            reopened_by_id=lead.user_id, reopened_at=NOW,
        )
    )  # fmt: skip


def _plan_and_tier(session, counsellor, made):
    """The plan of its case in force, and a tier."""
    case = session.exec(select(Case).where(Case.student_id == made.id)).one()
    plan = SupportPlan(
        student_id=made.id, case_id=case.id, kind=PlanKind.CASE, owner_id=counsellor.user_id, begun_at=NOW
    )
    session.add(plan)
    session.flush()
    version = PlanVersion(
        plan_id=plan.id, number=1, state=PlanState.IN_FORCE, review_on=TODAY, written_at=NOW, in_force_at=NOW
    )
    orange = session.exec(select(Tier.id).where(Tier.rank == 2)).one()
    tier = TierChange(
        student_id=made.id, number=1, tier_id=orange, from_day=TODAY, author_id=counsellor.user_id, recorded_at=NOW
    )
    asked_round = ScreeningRound(school_year=2026, half=1, scale="mht", opened_at=NOW)
    session.add_all([version, tier, asked_round])
    session.flush()
    session.add(
        ScreeningResult(
            round_id=asked_round.id, student_id=made.id, taken_on=TODAY, is_valid=False, level="none", rank=0,
            recorded_at=NOW,
        )
    )  # fmt: skip


def _category(session, lead, made, school_class, term):
    """One category that began and ended, and that a check found again."""
    category_id = categories.add_category(
        session, lead, student_id=made.id, kind=CategoryKind.SPECIAL_FAMILY,
        details=CategoryDetails(level=2), from_day=date(2026, 9, 8),
    )  # fmt: skip
    categories.end_category(
        session, lead, student_id=made.id, category_id=category_id, version=1, day=date(2026, 10, 8)
    )
    checked = CheckRound(term_id=term.id, due_day=TODAY, opened_at=NOW)
    session.add(checked)
    session.flush()
    given = CheckReturn(round_id=checked.id, class_id=school_class.id, children_count=1, returned_at=NOW)
    session.add(given)
    session.flush()
    session.add(
        CheckFinding(
            return_id=given.id, student_id=made.id, category_id=category_id, kind=CategoryKind.SPECIAL_FAMILY,
            result=CheckResult.ENDED,
        )
    )  # fmt: skip


def see(session, actor, child, **asked_for):
    return list_time_line(session, actor, student_id=child.id, **({"page_size": 500} | asked_for))


def sources(shown):
    return {row.source for row in shown.rows}


@pytest.mark.parametrize("role", SEEN)
def test_each_role_sees_on_it_what_its_own_pages_show(session, people, child, role):
    actor = people[role]

    shown = see(session, actor, child)

    assert sources(shown) == SEEN[role]
    assert shown.total == len(shown.rows) == sum(each.count for each in shown.kinds)
    records = record_views.list_child_records(session, actor, student_id=child.id).rows
    listed = {row.record_id: row.may_open for row in shown.rows if row.source is Source.RECORD}
    assert listed == {each.id: each.may_read for each in records}
    referrals = referral_lists.list_referrals(session, actor, filters=ReferralFilters(student_id=child.id)).rows
    assert [row.state for row in shown.rows if row.source is Source.REFERRAL] == [each.state for each in referrals]


@pytest.mark.parametrize("role", [Role.LEAD, Role.COUNSELLOR, Role.HOMEROOM])
def test_a_line_tells_that_it_was_and_no_word_of_it(session, people, child, role):
    shown = see(session, people[role], child)

    told = "\n".join(f"{row} {line_icon(row)} {line_word(row.source, row.kind)} {line_says(row)}" for row in shown.rows)
    for word in (SECRET, FACTS, "同桌", "青岚", "外婆", "某医院", "父亲甲", "母亲乙", "15400000137"):
        assert word not in told
    assert "心理辅导" in told
    assert ("内容，只有记录人和负责人能看" in told) == (role is not Role.LEAD)


def test_the_lines_say_what_happened(session, people, child):
    shown = see(session, people[Role.LEAD], child)

    told = {f"{line_word(row.source, row.kind)} {line_says(row)}" for row in shown.rows}
    assert {
        "谈心谈话 办公室，20 分钟（周砚田）",
        "受理 教师转介，已转个案",
        "评估 严重或多方面（何知微）",
        "开个案 转成个案，负责人（何知微）",
        "集体研讨 要开，还没有记录",
        "帮扶方案 个案帮扶方案，第 1 版开始用（何知微）",
        "阶段性总结 写了总结（何知微）",
        "效果评估 中途，听了 2 方（何知微）",
        "心理筛查 MHT，作废，要重测",
        "分级 定为二级重点（何知微）",
        "转介出去 转到医院、心理门诊（何知微）",
        "控辍保学 没来上学，厌学、跟不上（周砚田）",
        "类别 登记上：特殊家庭，年级关注",
        "类别 不再登记：特殊家庭，年级关注",
        "排查 特殊家庭，不再是了",
        "学籍 入学（秦若谷）",
        "编班 在七（3）班",
        "同意 拍照和公开照片：不同意（周砚田）",
        "承诺书 父母承诺书签了（周砚田）",
        "学期记录 2026–2027学年第一学期的",
    } <= told


def test_a_draft_that_was_given_up_ends_no_plan(session, people, child):
    plan = session.exec(select(SupportPlan).where(SupportPlan.student_id == child.id)).one()
    session.add(
        PlanVersion(plan_id=plan.id, number=2, state=PlanState.ENDED, review_on=TODAY, written_at=NOW, ended_at=NOW)
    )
    session.flush()

    def states():
        shown = list_time_line(session, people[Role.LEAD], student_id=child.id, kind="plan")
        return [(row.state, row.number) for row in shown.rows]

    assert states() == [("began", 1)]

    first = session.exec(select(PlanVersion).where(PlanVersion.plan_id == plan.id, PlanVersion.number == 1)).one()
    first.state, first.ended_at = PlanState.ENDED, NOW + timedelta(days=1)
    session.flush()
    assert states() == [("ended", 1), ("began", 1)]


def test_a_child_that_is_hidden_has_no_lines_for_who_spoke_of_it(session, people, child, make_user, make_class):
    other = make_user(Role.HOMEROOM, name="孟紫苏", homeroom_of=make_class(9, 9))
    register(session, people[Role.COUNSELLOR], student_id=child.id, referred_by_id=other.user_id)

    assert see(session, other, child).rows == ()


def test_what_is_suspected_is_on_nobody_else_s_line(session, people, child):
    counsellor, lead = people[Role.COUNSELLOR], people[Role.LEAD]
    case_id = next(row.record_id for row in see(session, lead, child).rows if row.source is Source.CASE)
    referral_id = cases.find_case(session, lead, case_id=case_id).referral_id
    view = referral_lists.list_referrals(session, lead, filters=ReferralFilters(student_id=child.id)).rows[0]
    safeguarding.mark_suspected_abuse(session, lead, referral_id=referral_id, version=view.version)

    hidden = {Source.ASSESSMENT, Source.CASE, Source.CONFERENCE, Source.CLOSING, Source.PLAN}
    hidden |= {Source.SUMMARY, Source.EVALUATION}
    assert sources(see(session, lead, child)) == EVERYTHING
    assert sources(see(session, counsellor, child)).isdisjoint(hidden)
    own = [row.state for row in see(session, counsellor, child).rows if row.source is Source.REFERRAL]
    assert own in ([], ["received"])


@pytest.mark.parametrize("role", [Role.LEADERSHIP, Role.FINANCE, Role.SUPERVISOR, Role.ADMIN])
def test_who_sees_no_child_sees_no_line(session, make_user, child, role):
    with pytest.raises(NotAllowed):
        see(session, make_user(role), child)


def test_three_hundred_lines_are_paged_newest_first_in_one_statement(session, people, make_student, statements):
    made, homeroom = make_student("霍半夏", in_class=people["class"]), people[Role.HOMEROOM]
    for number in range(300):
        kind = CareKind.HOME_VISIT if number % 10 == 0 else CareKind.TALK
        day = TODAY - timedelta(days=number // 2)
        session.add(CareRecord(student_id=made.id, kind=kind, day=day, recorded_at=NOW, author_id=homeroom.user_id))
    session.flush()

    statements.clear()
    first = see(session, homeroom, made, page_size=PAGE_SIZE)
    assert len(statements) == 1
    pages = [see(session, homeroom, made, page=number, page_size=PAGE_SIZE).rows for number in range(1, 17)]

    everything = [row for page in pages for row in page]
    assert (first.total, len(first.rows), len(everything)) == (301, PAGE_SIZE, 301)
    assert len({(row.source, row.record_id) for row in everything}) == 301
    assert [row.day for row in everything] == sorted((row.day for row in everything), reverse=True)
    visits = see(session, homeroom, made, kind="home_visit")
    assert (visits.total, {row.kind for row in visits.rows}) == (30, {"home_visit"})
    assert see(session, homeroom, made, kind="nonsense").total == 301
    assert see(session, homeroom, made, page=99, page_size=PAGE_SIZE).rows == first.rows


def test_an_instant_stands_on_the_school_s_day(session, people, make_student):
    made, lead = make_student("孟紫苏", in_class=people["class"]), people[Role.LEAD]
    late = datetime(2026, 11, 19, 0, 30, tzinfo=clock.SCHOOL_ZONE)  # the evening before, in UTC
    register(session, lead, student_id=made.id, received_at=late, noticed_on=date(2026, 11, 18))

    (row,) = see(session, lead, made, kind="referral").rows

    assert (row.day, row.at) == (date(2026, 11, 19), late)


def test_every_source_has_a_look_and_an_entry():
    assert {spec.source for spec in SOURCES} == set(LOOKS) == set(Source)
