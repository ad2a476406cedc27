"""Whoever owns a referral can do what it asks, and somebody is always asked."""

from dataclasses import replace

import pytest

from db.tables import AppUser, Role
from services import home, referral_moves, referral_views, safeguarding
from services.errors import FieldErrors
from services.home import DutyKind
from services.referral_views import ReferralAct
from tests.services.intake_makers import register

LEADER_TOO = (Role.COUNSELLOR, Role.LEADERSHIP)


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
    return [duty.kind for duty in home.list_duties(session, actor)]


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
