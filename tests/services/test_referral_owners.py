"""Whoever owns a referral can do what it asks, and somebody is always asked."""

from dataclasses import replace

import pytest

from db.tables import AppUser, ReferralChannel, ReferralWay, Role
from services import cases, home, referral_moves, referral_views, safeguarding
from services.assessments import save_assessment
from services.duties import DutyKind
from services.errors import FieldErrors
from services.referral_views import ReferralAct
from services.referrals import IllegalMove
from tests.conftest import NOW
from tests.services.intake_makers import register
from tests.services.test_assessments import asked
from tests.services.test_home import OF_A_NEW_SCHOOL

LEADER_TOO = (Role.COUNSELLOR, Role.LEADERSHIP)
BY_PHONE = {"channel": ReferralChannel.PARENT, "way": ReferralWay.PHONE}


@pytest.fixture
def make_named(session, make_user):
    """Make a leader who is named for suspected abuse, in the database and as an actor."""

    def make(*roles):
        leader = make_user(*roles or [Role.LEADERSHIP])
        session.get_one(AppUser, leader.user_id).is_protection_leader = True
        session.flush()
        return replace(leader, is_protection_leader=True)

    return make


@pytest.fixture
def lead(make_user, term):
    return make_user(Role.LEAD)


@pytest.fixture
def marked(session, lead, make_student):
    return register(session, lead, student_id=make_student().id, is_suspected_abuse=True)


def kinds(session, actor):
    """What is asked of somebody about children; this school has not filled its posts."""
    return [duty.kind for duty in home.list_duties(session, actor) if duty.kind not in OF_A_NEW_SCHOOL]


def test_a_named_leader_who_can_not_assess_does_not_take_a_protected_referral(session, lead, marked, make_named):
    named = make_named()

    assert named.user_id not in referral_moves.list_takers(session, lead, is_suspected_abuse=True)
    with pytest.raises(FieldErrors):
        referral_moves.hand_over(session, lead, referral_id=marked.id, version=1, to_user_id=named.user_id)


def test_a_counsellor_who_is_a_named_leader_takes_it_and_can_assess(session, lead, marked, make_named):
    both = make_named(*LEADER_TOO)
    assert both.user_id in referral_moves.list_takers(session, lead, is_suspected_abuse=True)

    referral_moves.hand_over(session, lead, referral_id=marked.id, version=1, to_user_id=both.user_id)
    referral_moves.start_assessment(session, both, referral_id=marked.id, version=2)

    assert marked.owner_id == both.user_id


@pytest.mark.parametrize("roles", [LEADER_TOO, (Role.COUNSELLOR,)], ids=["not named", "no leader"])
def test_others_of_the_care_room_take_no_protected_referral(session, lead, marked, make_user, roles):
    other = make_user(*roles)

    assert other.user_id not in referral_moves.list_takers(session, lead, is_suspected_abuse=True)
    with pytest.raises(FieldErrors):
        referral_moves.hand_over(session, lead, referral_id=marked.id, version=1, to_user_id=other.user_id)


@pytest.mark.parametrize("is_marked", [True, False])
def test_the_list_of_takers_is_exactly_who_may_take(session, lead, make_user, make_named, make_student, is_marked):
    everybody = [make_user(role) for role in Role] + [make_named(), make_named(*LEADER_TOO), make_user(*LEADER_TOO)]
    gone = make_user(Role.LEAD)
    session.get_one(AppUser, gone.user_id).is_active = False
    session.flush()
    listed = referral_moves.list_takers(session, lead, is_suspected_abuse=is_marked)

    for person in [*everybody, gone]:
        referral = register(session, lead, student_id=make_student().id, is_suspected_abuse=is_marked)
        try:
            referral_moves.hand_over(session, lead, referral_id=referral.id, version=1, to_user_id=person.user_id)
        except FieldErrors:
            assert person.user_id not in listed
        else:
            assert person.user_id in listed


def test_a_protected_referral_left_with_a_leader_is_the_lead_s_to_assign(session, lead, marked, make_named):
    marked.owner_id = make_named().user_id  # as an earlier version allowed
    session.add(marked)
    session.flush()

    assert DutyKind.ASSIGN in kinds(session, lead)


def test_with_the_mark_gone_somebody_sees_the_referral_who_can_do_it(session, lead, marked, make_named, make_user):
    counsellor = make_user(Role.COUNSELLOR)
    marked.owner_id = make_named().user_id  # as an earlier version allowed
    session.add(marked)
    session.flush()

    safeguarding.unmark_suspected_abuse(session, lead, referral_id=marked.id, version=1, reason="查清是摔伤")

    assert marked.owner_id == counsellor.user_id
    assert kinds(session, counsellor) == [DutyKind.ASSESS]


def test_an_unmarked_referral_of_a_leader_is_the_lead_s_to_assign(session, lead, make_named, make_student):
    referral = register(session, lead, student_id=make_student().id)
    referral.owner_id = make_named().user_id
    session.add(referral)
    session.flush()

    assert kinds(session, lead) == [DutyKind.ASSIGN]


def test_with_the_mark_gone_the_lead_keeps_what_was_the_lead_s(session, lead, marked, make_user):
    make_user(Role.COUNSELLOR)

    safeguarding.unmark_suspected_abuse(session, lead, referral_id=marked.id, version=1, reason="查清是摔伤")

    assert marked.owner_id == lead.user_id


def test_a_leader_who_owns_by_an_earlier_version_is_offered_no_act_that_is_refused(session, marked, make_named):
    named = make_named()
    marked.owner_id = named.user_id
    session.add(marked)
    session.flush()

    assert DutyKind.ASSESS not in kinds(session, named)
    acts = referral_views.find_referral(session, named, referral_id=marked.id).acts
    assert acts == {ReferralAct.REPORT_ABUSE, ReferralAct.HAND_OVER}


def test_the_case_goes_with_its_referral(session, lead, make_user, make_student):
    counsellor, colleague = make_user(Role.COUNSELLOR), make_user(Role.COUNSELLOR)
    referral = register(session, counsellor, student_id=make_student().id)
    referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=1)
    case = save_assessment(session, counsellor, request=asked(referral))

    referral_moves.hand_over(
        session, counsellor, referral_id=referral.id, version=referral.version, to_user_id=colleague.user_id
    )

    assert (referral.owner_id, case.owner_id, case.version) == (colleague.user_id, colleague.user_id, 2)
    assert [row.is_mine for row in cases.list_cases(session, colleague).rows] == [True]


def test_what_is_over_is_not_handed_over(session, lead, make_user, make_student):
    counsellor, student = make_user(Role.COUNSELLOR), make_student()
    declined, part, target = (register(session, counsellor, student_id=student.id) for _ in range(3))
    referral_moves.decline(session, counsellor, referral_id=declined.id, version=1, reason="是误会")
    referral_moves.merge(session, counsellor, referral_id=part.id, version=1, into_id=target.id)

    for each in (declined, part):
        acts = referral_views.find_referral(session, counsellor, referral_id=each.id).acts
        assert ReferralAct.HAND_OVER not in acts
        with pytest.raises(IllegalMove):
            referral_moves.hand_over(
                session, counsellor, referral_id=each.id, version=each.version, to_user_id=lead.user_id
            )


def test_a_declined_one_whose_parent_still_waits_can_be_handed_over(session, lead, make_user, make_student):
    counsellor = make_user(Role.COUNSELLOR)
    referral = register(session, counsellor, student_id=make_student().id, **BY_PHONE)
    referral_moves.decline(session, counsellor, referral_id=referral.id, version=1, reason="是误会")
    session.get_one(AppUser, counsellor.user_id).is_active = False
    session.flush()
    assert kinds(session, lead) == [DutyKind.ASSIGN]

    assert ReferralAct.HAND_OVER in referral_views.find_referral(session, lead, referral_id=referral.id).acts
    referral_moves.hand_over(session, lead, referral_id=referral.id, version=referral.version, to_user_id=lead.user_id)

    assert kinds(session, lead) == [DutyKind.REPLY]


@pytest.fixture
def merged(session, make_user, make_student):
    """Make one referral and merge it into another of the same child; the counsellor owns both."""
    counsellor, student = make_user(Role.COUNSELLOR), make_student()

    def make(part, target):
        first, second = (register(session, counsellor, student_id=student.id, **each) for each in (part, target))
        referral_moves.merge(session, counsellor, referral_id=first.id, version=1, into_id=second.id)
        return counsellor, first, second

    return make


def test_the_teacher_of_a_merged_referral_is_waited_on_and_reads_the_feedback_of_the_other(session, merged, make_user):
    one, other = make_user(Role.HOMEROOM), make_user(Role.SUBJECT_TEACHER)
    counsellor, part, target = merged({"referred_by_id": one.user_id}, {"referred_by_id": other.user_id})
    assert kinds(session, counsellor).count(DutyKind.FEEDBACK) == 2

    referral_moves.give_feedback(session, counsellor, referral_id=target.id, version=1, feedback="请多留意")

    assert DutyKind.FEEDBACK not in kinds(session, counsellor)
    for teacher, referral in ((one, part), (other, target)):
        assert kinds(session, teacher) == [DutyKind.READ_FEEDBACK]
        assert referral_views.find_referral(session, teacher, referral_id=referral.id).feedback == "请多留意"


def test_feedback_can_be_given_on_the_merged_one_where_the_other_has_no_teacher(session, merged, make_user):
    teacher = make_user(Role.HOMEROOM)
    counsellor, part, _ = merged({"referred_by_id": teacher.user_id}, {"channel": ReferralChannel.SELF})
    assert ReferralAct.GIVE_FEEDBACK in referral_views.find_referral(session, counsellor, referral_id=part.id).acts

    referral_moves.give_feedback(session, counsellor, referral_id=part.id, version=part.version, feedback="请多留意")

    assert kinds(session, teacher) == [DutyKind.READ_FEEDBACK]
    acts = referral_views.find_referral(session, counsellor, referral_id=part.id).acts
    assert ReferralAct.GIVE_FEEDBACK not in acts


def test_what_was_merged_by_way_of_another_hears_of_it_too(session, make_user, make_student):
    counsellor, student = make_user(Role.COUNSELLOR), make_student()
    teachers = [make_user(Role.HOMEROOM) for _ in range(3)]
    first, second, third = (
        register(session, counsellor, student_id=student.id, referred_by_id=each.user_id) for each in teachers
    )
    referral_moves.merge(session, counsellor, referral_id=first.id, version=1, into_id=second.id)
    referral_moves.merge(session, counsellor, referral_id=second.id, version=1, into_id=third.id)

    referral_moves.give_feedback(session, counsellor, referral_id=third.id, version=1, feedback="请多留意")

    assert [each.feedback_at for each in (first, second, third)] == [NOW] * 3


def test_one_parent_is_not_answered_by_what_another_was_told(session, merged):
    counsellor, part, target = merged(BY_PHONE, BY_PHONE)

    referral_moves.answer_referral(session, counsellor, referral_id=target.id, version=1, answer="已说明")

    assert (target.answered_at, part.answered_at) == (NOW, None)
    assert DutyKind.REPLY in kinds(session, counsellor)
    referral_moves.answer_referral(session, counsellor, referral_id=part.id, version=part.version, answer="也说明了")
    assert DutyKind.REPLY not in kinds(session, counsellor)
    with pytest.raises(IllegalMove):
        referral_moves.answer_referral(
            session, counsellor, referral_id=part.id, version=part.version, answer="再说一次"
        )


def test_a_child_who_came_twice_is_answered_by_one_talk(session, merged):
    counsellor, part, target = merged({"channel": ReferralChannel.SELF}, {"channel": ReferralChannel.SELF})

    referral_moves.answer_referral(session, counsellor, referral_id=target.id, version=1, answer="明天再谈")

    assert (target.answered_at, part.answered_at) == (NOW, NOW)


def test_whoever_takes_a_referral_takes_what_was_merged_into_it(session, merged, make_user):
    counsellor, part, target = merged(BY_PHONE, BY_PHONE)
    colleague = make_user(Role.COUNSELLOR)

    referral_moves.hand_over(session, counsellor, referral_id=target.id, version=1, to_user_id=colleague.user_id)

    assert (part.owner_id, target.owner_id) == (colleague.user_id, colleague.user_id)
    assert kinds(session, counsellor) == []
