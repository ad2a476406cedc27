"""Home: one ranked list, different for everybody."""

from collections import Counter
from dataclasses import replace
from datetime import date, time, timedelta
from itertools import count, islice

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from db.tables import (
    AppUser,
    CaseConference,
    Referral,
    ReferralChannel,
    ReferralWay,
    Role,
    RoleGrant,
    Severity,
    Urgency,
)
from services import child_duties, classes, clock, figures, home, intake, referral_moves, safeguarding
from services.assessments import save_assessment
from services.duties import DutyGroup, DutyKind, DutyTarget
from services.figures import SMALLEST_GROUP
from tests.conftest import NOW
from tests.services.intake_makers import register
from tests.services.test_assessments import asked
from tests.services.test_plans import ordinary

OF_A_NEW_SCHOOL = {DutyKind.POST_VACANT, DutyKind.SECOND_PERSON, DutyKind.DOCUMENTS_WANTING}
WEEK_AGO = NOW - timedelta(days=7)


def duties_of(session, actor):
    """Home without its lines for posts and documents: nobody is appointed, nothing is filed in these small schools."""
    return [duty for duty in home.list_duties(session, actor) if duty.kind not in OF_A_NEW_SCHOOL]


def kinds(session, actor):
    return [duty.kind for duty in duties_of(session, actor)]


@pytest.fixture(autouse=True)
def _term(term):
    return term


def test_the_latest_first_then_today_then_waiting_then_upcoming(session, make_user, make_student):
    counsellor = make_user(Role.COUNSELLOR)
    upcoming = register(session, counsellor, student_id=make_student().id)
    waiting = register(session, counsellor, child_label="不知道名字", noticed_on=NOW.date())
    today = register(session, counsellor, student_id=make_student().id, urgency=Urgency.URGENT)
    late = register(
        session, counsellor, student_id=make_student().id, received_at=WEEK_AGO, noticed_on=date(2026, 11, 9)
    )
    later = register(
        session,
        counsellor,
        student_id=make_student().id,
        received_at=WEEK_AGO - timedelta(days=7),
        noticed_on=date(2026, 11, 2),
    )

    duties = home.list_duties(session, counsellor)

    ranked = [(duty.group, duty.target_id) for duty in duties]
    assert ranked[:4] == [
        (DutyGroup.LATE, later.id),
        (DutyGroup.LATE, late.id),
        (DutyGroup.TODAY, today.id),
        (DutyGroup.WAITING, waiting.id),
    ]
    assert {target for _, target in ranked[4:]} == {upcoming.id, waiting.id}


def test_a_parent_s_call_asks_for_assessment_and_reply(session, make_user, make_student):
    counsellor = make_user(Role.COUNSELLOR)
    register(session, counsellor, student_id=make_student().id, channel=ReferralChannel.PARENT, way=ReferralWay.PHONE)

    assert sorted(kinds(session, counsellor)) == [DutyKind.ASSESS, DutyKind.REPLY]


def test_done_work_is_gone(session, make_user, make_student):
    counsellor, homeroom = make_user(Role.COUNSELLOR), make_user(Role.HOMEROOM)
    referral = register(session, counsellor, student_id=make_student().id, referred_by_id=homeroom.user_id)
    assert kinds(session, counsellor) == [DutyKind.ASSESS, DutyKind.FEEDBACK]

    referral_moves.give_feedback(session, counsellor, referral_id=referral.id, version=1, feedback="多留意")
    referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=2)
    save_assessment(session, counsellor, request=asked(referral))

    assert kinds(session, counsellor) == [DutyKind.PLAN_WRITE]  # what follows
    assert kinds(session, homeroom) == [DutyKind.READ_FEEDBACK]
    referral_moves.mark_feedback_read(session, homeroom, referral_id=referral.id, version=referral.version)
    assert kinds(session, homeroom) == []


def test_a_colleague_s_work_is_not_mine(session, make_user, make_student):
    counsellor, colleague = make_user(Role.COUNSELLOR), make_user(Role.COUNSELLOR)
    register(session, counsellor, student_id=make_student().id)

    assert kinds(session, colleague) == []


def test_of_a_child_in_danger_only_what_looks_after_it_stands_on_top(session, make_user, make_student):
    counsellor, homeroom = make_user(Role.COUNSELLOR), make_user(Role.HOMEROOM)
    danger = register(
        session, counsellor, student_id=make_student().id, urgency=Urgency.DANGER, referred_by_id=homeroom.user_id
    )
    today = register(session, counsellor, student_id=make_student().id, urgency=Urgency.URGENT)

    found = [(duty.kind, duty.target_id) for duty in duties_of(session, counsellor)]

    assert found[:2] == [(DutyKind.ASSESS, danger.id), (DutyKind.ASSESS, today.id)]
    assert found.index((DutyKind.FEEDBACK, danger.id)) >= 2


def test_danger_stands_on_top_for_owner_and_lead(session, make_user, make_student):
    lead, counsellor = make_user(Role.LEAD), make_user(Role.COUNSELLOR, name="何知微")
    register(session, counsellor, student_id=make_student().id, received_at=WEEK_AGO, noticed_on=date(2026, 11, 9))
    danger = register(session, counsellor, student_id=make_student().id, urgency=Urgency.DANGER)

    first = home.list_duties(session, lead)[0]

    assert (first.kind, first.target_id, first.owner_name) == (DutyKind.DANGER, danger.id, "何知微")
    own = home.list_duties(session, counsellor)[0]
    assert (own.kind, own.target_id, own.group) == (DutyKind.ASSESS, danger.id, DutyGroup.TODAY)


def test_what_nobody_owns_is_the_lead_s_to_assign(session, make_user, make_student):
    lead, counsellor = make_user(Role.LEAD), make_user(Role.COUNSELLOR)
    referral = register(session, counsellor, student_id=make_student().id)
    assert kinds(session, lead) == []

    session.get_one(AppUser, counsellor.user_id).is_active = False
    session.flush()

    assert kinds(session, lead) == [DutyKind.ASSIGN]
    referral.owner_id = None
    session.add(referral)
    session.flush()
    assert kinds(session, lead) == [DutyKind.ASSIGN]


def test_suspected_abuse_asks_for_reporting_until_both_are_told(session, make_user, make_student):
    lead, counsellor = make_user(Role.LEAD), make_user(Role.COUNSELLOR)
    named = replace(make_user(Role.LEADERSHIP), is_protection_leader=True)
    referral = register(session, lead, student_id=make_student().id, is_suspected_abuse=True)
    clock.set_fixed(NOW + timedelta(minutes=40))

    first = home.list_duties(session, lead)[0]

    assert (first.kind, first.since, first.target) == (DutyKind.REPORT_ABUSE, NOW, DutyTarget.PROTECTION)
    assert kinds(session, named) == [DutyKind.REPORT_ABUSE]
    assert kinds(session, counsellor) == []
    safeguarding.report_abuse(
        session, lead, referral_id=referral.id, version=1, police_told_at=NOW, authority_told_at=NOW
    )
    assert kinds(session, lead) == [DutyKind.ASSESS]
    assert kinds(session, named) == []


def test_a_protected_child_s_parents_and_teacher_are_nobody_s_duty(session, make_user, make_student):
    lead, counsellor, student = make_user(Role.LEAD), make_user(Role.COUNSELLOR), make_student()
    register(session, counsellor, student_id=student.id, channel=ReferralChannel.PARENT, way=ReferralWay.PHONE)
    register(session, lead, student_id=student.id, is_suspected_abuse=True)

    assert kinds(session, counsellor) == [DutyKind.ASSESS]


def test_a_serious_case_asks_owner_and_lead_for_the_conference(session, make_user, make_student):
    lead, counsellor = make_user(Role.LEAD), make_user(Role.COUNSELLOR, name="何知微")
    referral = register(session, counsellor, student_id=make_student().id)
    referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=1)
    request = replace(
        asked(referral),
        severity=Severity.SERIOUS,
        mentions_self_harm=True,
        participant_ids=frozenset({lead.user_id, counsellor.user_id}),
    )
    case = save_assessment(session, counsellor, request=request)

    for actor in (lead, counsellor):
        [duty] = duties_of(session, actor)
        assert (duty.kind, duty.target, duty.target_id, duty.owner_name) == (
            DutyKind.CONFERENCE,
            DutyTarget.CASE,
            case.id,
            "何知微",
        )


def conference(session, counsellor, child, *people):
    """Call a conference about a child; who is asked to it, by account."""
    referral = register(session, counsellor, student_id=child.id)
    referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=1)
    everybody = frozenset(each.user_id for each in (counsellor, *people))
    request = replace(asked(referral), severity=Severity.SERIOUS, mentions_self_harm=True, participant_ids=everybody)
    return save_assessment(session, counsellor, request=request)


def test_who_is_named_is_named_with_the_class(session, make_user, make_class, make_student, monkeypatch):
    own = make_class(7, 3)
    lead, counsellor, teacher = make_user(Role.LEAD), make_user(Role.COUNSELLOR), make_user(Role.HOMEROOM)
    for channel in (ReferralChannel.PARENT, ReferralChannel.TEACHER):
        way = ReferralWay.PHONE if channel is ReferralChannel.PARENT else None
        ways = {"way": way} if way else {"referred_by_id": teacher.user_id}
        register(session, counsellor, student_id=make_student(in_class=own).id, channel=channel, **ways)
    conference(session, counsellor, make_student(in_class=own), lead)
    ordinary(session, counsellor, make_student(in_class=own))
    lines = [*home.list_duties(session, counsellor), *home.list_duties(session, lead)]
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=60))
    lines += home.list_duties(session, counsellor)

    named = [each for each in lines if each.child]
    wanted = {DutyKind.REPLY, DutyKind.FEEDBACK, DutyKind.CONFERENCE, DutyKind.PLAN_WRITE, DutyKind.CASE_STALLED}
    assert wanted <= {each.kind for each in named}
    assert {each.class_label for each in named} == {"七（3）班"}


@pytest.mark.parametrize("role", [Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.LEADERSHIP])
def test_who_is_asked_to_a_conference_reads_of_it_and_no_more(session, make_user, make_class, make_student, role):
    own = make_class(7, 3)
    counsellor = make_user(Role.COUNSELLOR, name="何知微")
    asked_one = make_user(role, homeroom_of=own) if role is Role.HOMEROOM else make_user(role)
    conference(session, counsellor, make_student("江小满", in_class=own), asked_one)

    [duty] = duties_of(session, asked_one)

    known = "江小满" if role is Role.HOMEROOM else None  # the others may not see this child
    assert (duty.kind, duty.child, duty.owner_name, duty.target_id) == (DutyKind.INVITED, known, "何知微", None)
    assert duty.class_label == ("七（3）班" if known else None)
    assert duty.due_at > NOW
    assert kinds(session, make_user(role)) == []


def test_a_member_of_the_care_room_opens_the_case_a_conference_is_about(session, make_user, make_student):
    counsellor, member = make_user(Role.COUNSELLOR), make_user(Role.COUNSELLOR)
    case = conference(session, counsellor, make_student(), member)

    assert [(duty.kind, duty.target_id) for duty in duties_of(session, member)] == [(DutyKind.INVITED, case.id)]


def test_an_invitation_is_gone_once_abuse_is_suspected_or_the_conference_was_held(session, make_user, make_student):
    counsellor, teacher = make_user(Role.COUNSELLOR), make_user(Role.SUBJECT_TEACHER)
    first = conference(session, counsellor, make_student(), teacher)
    second = conference(session, counsellor, make_student(), teacher)
    assert kinds(session, teacher) == [DutyKind.INVITED] * 2

    marked = session.get_one(Referral, first.referral_id)
    safeguarding.mark_suspected_abuse(session, counsellor, referral_id=marked.id, version=marked.version)
    session.exec(select(CaseConference).where(CaseConference.case_id == second.id)).one().held_at = NOW

    assert kinds(session, teacher) == []


def test_the_lead_is_told_of_classes_without_homeroom_teacher(session, make_user, make_class):
    lead = make_user(Role.LEAD)
    make_user(Role.HOMEROOM, homeroom_of=make_class(7, 1))
    make_class(7, 2)
    make_class(6, 1, school_year=2025)

    [duty] = duties_of(session, lead)

    assert (duty.kind, duty.labels) == (DutyKind.HOMEROOM_MISSING, ("七（2）班",))


@pytest.mark.parametrize("change", ["account disabled", "post given up"])
def test_a_homeroom_teacher_who_is_gone_leaves_the_class_without_one(session, make_user, make_class, change):
    lead, seven = make_user(Role.LEAD), make_class(7, 1)
    gone = make_user(Role.HOMEROOM, homeroom_of=seven)
    assert kinds(session, lead) == []

    if change == "account disabled":
        session.get_one(AppUser, gone.user_id).is_active = False
    else:
        session.exec(select(RoleGrant).where(RoleGrant.user_id == gone.user_id)).one().ended_at = NOW
    session.flush()

    [duty] = duties_of(session, lead)
    assert (duty.kind, duty.labels) == (DutyKind.HOMEROOM_MISSING, ("七（1）班",))
    [row] = classes.list_classes(session, lead)
    assert (row.homeroom_id, row.has_homeroom) == (gone.user_id, False)


def test_the_administrator_is_told_what_the_system_needs(session, make_user, monkeypatch):
    admin = make_user(Role.ADMIN)
    newcomer = make_user(Role.HOMEROOM, name="岳青岚")
    session.get_one(AppUser, newcomer.user_id).must_change_password = True
    session.flush()
    monkeypatch.setenv("CARE_UNENCRYPTED", "1")

    duties = home.list_duties(session, admin)

    assert [(duty.kind, duty.labels) for duty in duties] == [
        (DutyKind.UNENCRYPTED, ()),
        (DutyKind.HOLIDAYS_UNKNOWN, ("2027",)),
        (DutyKind.FIRST_PASSWORDS, ("岳青岚",)),
    ]


def test_the_head_of_the_room_without_a_password_of_her_own_is_told_apart_and_led_to(session, make_user):
    admin, lead, newcomer = make_user(Role.ADMIN), make_user(Role.LEAD, name="何知微"), make_user(name="岳青岚")
    for each in (lead, newcomer):
        session.get_one(AppUser, each.user_id).must_change_password = True
    session.flush()

    found = [duty for duty in home.list_duties(session, admin) if duty.kind is DutyKind.FIRST_PASSWORDS]

    assert {(duty.labels, duty.target_id) for duty in found} == {(("何知微",), lead.user_id), (("岳青岚",), None)}


@pytest.mark.parametrize("role", [Role.SUBJECT_TEACHER, Role.MENTOR, Role.LEADERSHIP, Role.FINANCE, Role.SUPERVISOR])
def test_others_have_nothing_on_the_list(session, make_user, make_student, role):
    lead = make_user(Role.LEAD)
    register(session, lead, student_id=make_student().id, urgency=Urgency.DANGER)
    register(session, lead, student_id=make_student().id, is_suspected_abuse=True)

    assert kinds(session, make_user(role)) == []


def test_the_list_takes_at_most_eight_statements_however_long_it_is(session, make_user, make_student, statements):
    everybody = make_user(*Role)
    for number in range(15):
        register(session, everybody, child_label=f"孩子{number}")

    statements.clear()
    duties = home.list_duties(session, everybody)

    assert len(duties) > 15
    assert len(statements) <= 8


def test_numbers_are_for_leadership_and_hold_small_groups_back(session, make_user, make_student):
    counsellor = make_user(Role.COUNSELLOR)
    for _ in range(3):
        register(session, counsellor, student_id=make_student().id)

    numbers = home.find_numbers(session, make_user(Role.LEADERSHIP))

    assert (numbers.total, numbers.by_channel["teacher"], numbers.open_cases) == (None, None, 0)
    assert home.find_numbers(session, counsellor) is None


def test_the_numbers_are_this_term_s_by_the_day_the_room_was_told(session, make_user, make_student, term):
    counsellor, leader = make_user(Role.COUNSELLOR), make_user(Role.LEADERSHIP)
    first = clock.at_school(term.first_day, time(0))
    for _ in range(6):  # noticed in the holidays, told on the third day of school
        register(session, counsellor, student_id=make_student().id, received_at=first + timedelta(days=2, hours=8),
                 noticed_on=term.first_day - timedelta(days=1))  # fmt: skip
    for received_at in (first - timedelta(seconds=1), first - timedelta(days=60)):  # last term's
        register(session, counsellor, student_id=make_student().id, received_at=received_at,
                 noticed_on=clock.local(received_at).date())  # fmt: skip

    numbers = home.find_numbers(session, leader)

    assert (numbers.since, numbers.total, numbers.by_channel["teacher"]) == (term.first_day, 6, 6)


def test_my_figures_count_what_lies_with_me(session, make_user, make_student):
    counsellor = make_user(Role.COUNSELLOR)
    register(session, counsellor, student_id=make_student().id, channel=ReferralChannel.SELF)

    found = home.find_my_figures(session, counsellor)

    assert (found.open_referrals, found.unanswered, found.cases) == (1, 1, 0)
    assert home.find_my_figures(session, make_user(Role.HOMEROOM)) is None


def test_a_case_i_may_not_open_is_not_counted_as_mine(session, make_user, make_student):
    make_user(Role.LEAD)
    counsellor = make_user(Role.COUNSELLOR)
    referral = register(session, counsellor, student_id=make_student().id)
    referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=1)
    save_assessment(session, counsellor, request=asked(referral))
    assert home.find_my_figures(session, counsellor).cases == 1

    referral.is_suspected_abuse, referral.abuse_marked_at = True, NOW
    session.flush()

    assert home.find_my_figures(session, counsellor).cases == 0


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"a": 20, "b": 7}, {"a": 20, "b": 7}),
        ({"a": 20, "b": 3}, {"a": None, "b": None}),
        ({"a": 20, "b": 3, "c": 6}, {"a": 20, "b": None, "c": None}),
        ({"a": 20, "b": 3, "c": 4}, {"a": 20, "b": None, "c": None}),
        ({"a": 20, "b": 1, "c": 2}, {"a": None, "b": None, "c": None}),
        ({"a": 20, "b": 0}, {"a": 20, "b": 0}),
    ],
    ids=["large", "only one small", "the next smallest too", "two small that are enough", "two too small", "nobody"],
)
def test_small_groups_are_held_back_also_by_subtraction(parts, told):
    ids = count(1)
    assert figures.hold_back_small({name: Counter(islice(ids, size)) for name, size in parts.items()}) == told


@pytest.mark.parametrize(
    ("parts", "told", "total"),
    [
        ({"a": {1: 4, 2: 3}}, {"a": None}, None),
        ({"a": dict.fromkeys(range(5), 2)}, {"a": 10}, 10),
        ({"a": {None: 9}}, {"a": None}, None),
        ({"a": {None: 3, **dict.fromkeys(range(4), 1)}}, {"a": 7}, 7),
        (
            {"a": dict.fromkeys(range(8), 1), "b": {90: 3, 91: 3}, "c": {90: 2, 91: 2}},
            {"a": None, "b": None, "c": None},
            18,
        ),
    ],
    ids=["7 of two", "10 of five", "who knows who", "at least five", "the same two in both"],
)
def test_a_group_is_small_by_its_children_not_by_its_records(parts, told, total):
    records = {name: Counter(each) for name, each in parts.items()}

    assert (figures.hold_back_small(records), figures.total_of(records)) == (told, total)


SIZES = st.lists(st.integers(0, 12), min_size=2, max_size=5)


@given(beside=SIZES, inside=SIZES)
@example(beside=[0, 3], inside=[5, 7])
@example(beside=[9, 9], inside=[3, 9])
@settings(max_examples=60, deadline=None)
def test_no_subtraction_from_a_part_told_in_parts_leaves_a_small_group(beside, inside):
    assume(sum(beside + inside) >= 5)  # else all of it is one small group
    ids = count(1)
    others, within = (
        {f"{side}{place}": Counter(islice(ids, size)) for place, size in enumerate(sizes)}
        for side, sizes in (("o", beside), ("w", inside))
    )
    told, part = figures.hold_back_small_within(others, within)

    def unknown(shown, sizes):  # what is left when all that is shown is taken away
        return [size for value, size in zip(shown.values(), sizes, strict=True) if value is None]

    lefts = [unknown(told, beside) + unknown(part.parts, inside)]  # from everybody
    if part.total is not None:
        lefts += [unknown(told, beside), unknown(part.parts, inside)]
    assert [left for left in lefts if 0 < sum(left) < 5] == []
    assert all(value in (None, size) for value, size in zip(told.values(), beside, strict=True))


def test_many_referrals_of_few_children_are_not_told(session, make_user, make_student):
    counsellor, child = make_user(Role.COUNSELLOR), make_student()
    for _ in range(SMALLEST_GROUP + 1):
        register(session, counsellor, student_id=child.id)

    numbers = home.find_numbers(session, make_user(Role.LEADERSHIP))

    assert (numbers.total, numbers.by_channel["teacher"]) == (None, None)


def test_a_matched_child_is_no_longer_waited_for(session, make_user, make_student):
    counsellor = make_user(Role.COUNSELLOR)
    referral = register(session, counsellor, child_label="不知道名字")
    assert DutyKind.MATCH_CHILD in kinds(session, counsellor)

    intake.match_child(session, counsellor, referral_id=referral.id, version=1, student_id=make_student().id)

    assert DutyKind.MATCH_CHILD not in kinds(session, counsellor)


def test_what_is_due_for_a_child_is_shown_whoever_owes_it(session, make_user, make_student, term):
    counsellor, colleague, student = make_user(Role.COUNSELLOR), make_user(Role.COUNSELLOR), make_student()
    make_user(Role.LEAD)
    register(session, colleague, student_id=student.id)
    register(session, colleague, student_id=make_student("霍半夏").id)
    register(session, colleague, student_id=student.id, is_suspected_abuse=True)

    seen = child_duties.list_child_duties(session, colleague, student_id=student.id)

    assert [(duty.kind, duty.is_mine, duty.owner_name) for duty in seen] == [
        (DutyKind.ASSESS, False, counsellor.display_name)
    ]


@pytest.mark.parametrize("role", [Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.MENTOR])
def test_due_times_of_a_child_are_for_the_care_room(session, make_user, make_student, term, role):
    student = make_student()
    register(session, make_user(Role.COUNSELLOR), student_id=student.id)

    assert child_duties.list_child_duties(session, make_user(role), student_id=student.id) == []


def test_what_is_due_for_a_child_takes_four_statements(session, make_user, make_student, term, statements):
    counsellor, student = make_user(Role.COUNSELLOR), make_student()
    for _ in range(5):
        register(session, counsellor, student_id=student.id)
    statements.clear()

    assert len(child_duties.list_child_duties(session, counsellor, student_id=student.id)) == 5
    assert len(statements) <= 4
