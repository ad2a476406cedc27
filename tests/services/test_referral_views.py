"""Who sees what of a referral."""

from datetime import timedelta

import pytest

from db.tables import ReferralChannel, ReferralState, Role, Urgency
from services import referral_lists, referral_moves, referral_views, safeguarding
from services.errors import NotAllowed, NotFound
from services.referral_lists import ReferralFilters
from services.referral_views import ReferralAct
from services.regulations.deadlines import DutyState
from tests.conftest import NOW
from tests.services.intake_makers import FACTS, register


def states_of(page):
    return [row.state for row in page.rows]


def test_the_care_room_sees_words_owner_and_due_times(session, make_user, make_class, make_student, term):
    counsellor = make_user(Role.COUNSELLOR, name="何知微")
    student = make_student(in_class=make_class(8, 2))
    referral = register(
        session,
        counsellor,
        student_id=student.id,
        received_at=NOW - timedelta(days=7),
        noticed_on=NOW.date() - timedelta(days=7),
    )

    view = referral_views.find_referral(session, make_user(Role.LEAD), referral_id=referral.id)

    assert (view.child, view.class_label, view.facts, view.owner_name) == ("江小满", "八（2）班", FACTS, "何知微")
    assert [(step.clause_id, step.state) for step in view.deadlines] == [("D-06", DutyState.OVERDUE)]
    assert {ReferralAct.START_ASSESSMENT, ReferralAct.DECLINE} <= view.acts


def test_the_homeroom_teacher_sees_the_own_words_and_feedback_no_more(
    session, make_user, make_class, make_student, term
):
    counsellor, seven = make_user(Role.COUNSELLOR), make_class()
    homeroom = make_user(Role.HOMEROOM, homeroom_of=seven)
    referral = register(session, homeroom, student_id=make_student(in_class=seven).id, referred_by_id=homeroom.user_id)
    referral_moves.give_feedback(session, counsellor, referral_id=referral.id, version=1, feedback="多留意")

    view = referral_views.find_referral(session, homeroom, referral_id=referral.id)

    assert (view.facts, view.feedback, view.state) == (FACTS, "多留意", ReferralState.RECEIVED)
    assert (view.owner_name, view.deadlines, view.answer) == (None, (), None)
    assert view.acts == {ReferralAct.READ_FEEDBACK, ReferralAct.CHANGE}


def test_the_homeroom_teacher_sees_only_the_state_of_another_s_referral(session, make_user, make_class, make_student):
    counsellor, seven = make_user(Role.COUNSELLOR), make_class()
    homeroom = make_user(Role.HOMEROOM, homeroom_of=seven)
    referral = register(session, counsellor, student_id=make_student(in_class=seven).id)
    referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=1)

    view = referral_views.find_referral(session, homeroom, referral_id=referral.id)

    assert (view.child, view.state) == ("江小满", ReferralState.IN_ASSESSMENT)
    assert (view.facts, view.noticed_on, view.speaker, view.acts) == (None, None, None, frozenset())


@pytest.mark.parametrize("role", [Role.SUBJECT_TEACHER, Role.MENTOR])
def test_other_teachers_see_only_that_it_was_received(session, make_user, role):
    counsellor, teacher = make_user(Role.COUNSELLOR), make_user(role)
    referral = register(session, teacher, child_label="二班高个子", referred_by_id=teacher.user_id)
    referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=1)

    view = referral_views.find_referral(session, teacher, referral_id=referral.id)
    page = referral_lists.list_referrals(session, teacher)

    assert (view.child, view.state, view.facts) == ("二班高个子", ReferralState.RECEIVED, None)
    assert states_of(page) == [ReferralState.RECEIVED]
    steps = referral_views.list_moves(session, teacher, referral_id=referral.id)
    assert [step.to_state for step in steps] == [ReferralState.RECEIVED]


def test_a_name_matched_later_stays_with_who_may_know_it(session, make_user, make_student):
    from services import intake

    counsellor, mentor = make_user(Role.COUNSELLOR), make_user(Role.MENTOR)
    referral = register(session, mentor, child_label="二班高个子", referred_by_id=mentor.user_id)
    intake.match_child(session, counsellor, referral_id=referral.id, version=1, student_id=make_student("霍半夏").id)

    view = referral_views.find_referral(session, mentor, referral_id=referral.id)

    assert (view.child, view.student_id) == ("二班高个子", None)


def test_of_a_protected_referral_who_registered_it_sees_only_that_it_was_received(
    session, make_user, make_class, make_student
):
    lead, counsellor, seven = make_user(Role.LEAD), make_user(Role.COUNSELLOR), make_class()
    homeroom = make_user(Role.HOMEROOM, homeroom_of=seven)
    referral = register(session, homeroom, student_id=make_student(in_class=seven).id, referred_by_id=homeroom.user_id)
    referral_moves.give_feedback(session, counsellor, referral_id=referral.id, version=1, feedback="多留意")
    referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=2)
    safeguarding.mark_suspected_abuse(session, lead, referral_id=referral.id, version=3)

    view = referral_views.find_referral(session, homeroom, referral_id=referral.id)
    page = referral_lists.list_referrals(session, homeroom)

    assert (view.state, view.facts, view.feedback) == (ReferralState.RECEIVED, None, None)
    assert (view.is_suspected_abuse, view.is_stopped, view.abuse_marked_at) == (False, False, None)
    assert (view.acts, view.deadlines, view.owner_name) == (frozenset(), (), None)
    assert (states_of(page), page.rows[0].is_suspected_abuse) == ([ReferralState.RECEIVED], False)
    assert page.by_state == {ReferralState.RECEIVED: 1}
    in_assessment = ReferralFilters(states=frozenset({ReferralState.IN_ASSESSMENT}))
    assert referral_lists.list_referrals(session, homeroom, filters=in_assessment).rows == []


def test_a_protected_referral_does_not_exist_for_the_counsellor(session, make_user, make_student):
    lead, counsellor = make_user(Role.LEAD), make_user(Role.COUNSELLOR)
    referral = register(session, lead, student_id=make_student().id, is_suspected_abuse=True)

    assert referral_lists.list_referrals(session, counsellor).total == 0
    for read in (referral_views.find_referral, referral_views.list_moves):
        with pytest.raises(NotFound):
            read(session, counsellor, referral_id=referral.id)


def test_named_leaders_see_protected_referrals_and_no_others(session, make_user, make_student):
    from dataclasses import replace

    lead, leader = make_user(Role.LEAD), make_user(Role.LEADERSHIP)
    named = replace(leader, is_protection_leader=True)
    marked = register(session, lead, student_id=make_student().id, is_suspected_abuse=True)
    register(session, lead, student_id=make_student("霍半夏").id)

    page = referral_lists.list_referrals(session, named)

    assert [row.id for row in page.rows] == [marked.id]
    assert referral_views.find_referral(session, named, referral_id=marked.id).facts == FACTS
    with pytest.raises(NotAllowed):
        referral_lists.list_referrals(session, leader)


@pytest.mark.parametrize("role", [Role.FINANCE, Role.SUPERVISOR, Role.ADMIN])
def test_outsiders_read_nothing(session, make_user, make_student, role):
    referral = register(session, make_user(Role.COUNSELLOR), student_id=make_student().id)
    outsider = make_user(role)

    with pytest.raises(NotAllowed):
        referral_lists.list_referrals(session, outsider)
    for read in (referral_views.find_referral, referral_views.list_moves):
        with pytest.raises(NotAllowed):
            read(session, outsider, referral_id=referral.id)


def test_the_homeroom_teacher_of_another_class_finds_nothing(session, make_user, make_class, make_student):
    referral = register(session, make_user(Role.COUNSELLOR), student_id=make_student(in_class=make_class(7, 1)).id)
    outsider = make_user(Role.HOMEROOM, homeroom_of=make_class(7, 2))

    assert referral_lists.list_referrals(session, outsider).rows == []
    with pytest.raises(NotFound):
        referral_views.find_referral(session, outsider, referral_id=referral.id)


def test_open_and_urgent_ones_come_first_and_pages_add_up(session, make_user, make_student):
    counsellor = make_user(Role.COUNSELLOR)
    old = register(session, counsellor, child_label="甲", noticed_on=NOW.date() - timedelta(days=2),
                   received_at=NOW - timedelta(days=1))  # fmt: skip
    new = register(session, counsellor, child_label="乙")
    urgent = register(session, counsellor, child_label="丙", urgency=Urgency.URGENT)
    danger = register(session, counsellor, child_label="丁", urgency=Urgency.DANGER)
    closed = register(session, counsellor, child_label="戊", urgency=Urgency.DANGER)
    referral_moves.decline(session, counsellor, referral_id=closed.id, version=1, reason="误报")

    pages = [referral_lists.list_referrals(session, counsellor, page=number, page_size=2) for number in (1, 2, 3)]

    assert [row.id for page in pages for row in page.rows] == [danger.id, urgent.id, old.id, new.id, closed.id]
    assert pages[0].total == 5
    assert pages[0].by_state == {ReferralState.RECEIVED: 4, ReferralState.DECLINED: 1}


def test_lists_can_be_narrowed(session, make_user, make_student):
    counsellor, colleague = make_user(Role.COUNSELLOR), make_user(Role.COUNSELLOR)
    student = make_student()
    known = register(session, counsellor, student_id=student.id)
    unknown = register(session, counsellor, child_label="不知道名字")

    def ids(**filters):
        page = referral_lists.list_referrals(session, counsellor, filters=ReferralFilters(**filters))
        return [row.id for row in page.rows]

    assert ids(unknown_child_only=True) == [unknown.id]
    assert ids(student_id=student.id) == [known.id]
    assert ids(mine_only=True) == [known.id]
    assert colleague.user_id == unknown.owner_id


def test_the_list_takes_the_same_number_of_statements_however_long_it_is(session, make_user, statements):
    counsellor = make_user(Role.COUNSELLOR)
    for number in range(12):
        register(session, counsellor, child_label=f"孩子{number}", channel=ReferralChannel.SELF)

    statements.clear()
    page = referral_lists.list_referrals(session, counsellor)

    assert len(page.rows) == 12
    assert len(statements) <= 5


def test_merging_is_offered_where_there_is_something_to_merge_into_and_leads_there(session, make_user, make_student):
    lead, counsellor, child = make_user(Role.LEAD), make_user(Role.COUNSELLOR), make_student()
    one = register(session, counsellor, student_id=child.id)
    register(session, lead, student_id=child.id, is_suspected_abuse=True)
    assert ReferralAct.MERGE not in referral_views.find_referral(session, counsellor, referral_id=one.id).acts
    assert ReferralAct.MERGE in referral_views.find_referral(session, lead, referral_id=one.id).acts

    other = register(session, counsellor, student_id=child.id)
    assert ReferralAct.MERGE in referral_views.find_referral(session, counsellor, referral_id=one.id).acts
    referral_moves.merge(session, counsellor, referral_id=one.id, version=one.version, into_id=other.id)
    assert referral_views.find_referral(session, counsellor, referral_id=one.id).merged_into_id == other.id

    safeguarding.mark_suspected_abuse(session, lead, referral_id=other.id, version=other.version)
    assert referral_views.find_referral(session, counsellor, referral_id=one.id).merged_into_id is None
