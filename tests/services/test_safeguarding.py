"""Suspected abuse: who may mark it, and the duty to report."""

from dataclasses import replace
from datetime import timedelta

import pytest

from db.sealing import unseal
from db.tables import Role
from services import home, referral_lists, referral_moves, referral_views, safeguarding
from services.assessments import save_assessment
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.referrals import StoppedForProtection
from tests.conftest import NOW
from tests.services.intake_makers import register
from tests.services.test_assessments import asked


@pytest.fixture
def marked(session, make_user, make_student):
    """A referral about suspected abuse, with its lead."""
    lead = make_user(Role.LEAD, name="秦若谷")
    return lead, register(session, lead, student_id=make_student().id, is_suspected_abuse=True)


def test_a_counsellor_marks_and_sees_it_no_more(session, make_user, make_student):
    lead, counsellor = make_user(Role.LEAD), make_user(Role.COUNSELLOR)
    referral = register(session, counsellor, student_id=make_student().id)

    safeguarding.mark_suspected_abuse(session, counsellor, referral_id=referral.id, version=1)

    assert (referral.owner_id, referral.abuse_marked_at) == (lead.user_id, NOW)
    assert referral_views.find_referral(session, counsellor, referral_id=referral.id).facts is None


def test_the_case_of_a_marked_referral_goes_to_a_leader(session, make_user, make_student, term):
    lead, counsellor = make_user(Role.LEAD), make_user(Role.COUNSELLOR)
    referral = register(session, counsellor, student_id=make_student().id)
    referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=1)
    case = save_assessment(session, counsellor, request=asked(referral))

    safeguarding.mark_suspected_abuse(session, counsellor, referral_id=referral.id, version=referral.version)

    assert case.owner_id == lead.user_id
    assert home.find_my_figures(session, counsellor).cases == 0


def test_police_and_authority_are_noted_one_by_one(session, marked):
    lead, referral = marked
    told = NOW - timedelta(minutes=20)

    safeguarding.report_abuse(session, lead, referral_id=referral.id, version=1, police_told_at=told)
    safeguarding.report_abuse(session, lead, referral_id=referral.id, version=2, authority_told_at=NOW)

    assert (referral.police_told_at, referral.authority_told_at) == (told, NOW)


@pytest.mark.parametrize(
    ("moments", "code"),
    [
        ({}, "report_needed"),
        ({"police_told_at": NOW + timedelta(minutes=1)}, "future"),
        ({"police_told_at": NOW - timedelta(days=2)}, "before_noticed"),
    ],
)
def test_impossible_moments_are_refused(session, marked, moments, code):
    lead, referral = marked

    with pytest.raises(FieldErrors) as refused:
        safeguarding.report_abuse(session, lead, referral_id=referral.id, version=1, **moments)

    assert refused.value.problems["police_told_at"].code == code


def test_only_what_is_marked_is_reported(session, make_user, make_student):
    lead = make_user(Role.LEAD)
    referral = register(session, lead, student_id=make_student().id)

    with pytest.raises(NotFound):
        safeguarding.report_abuse(session, lead, referral_id=referral.id, version=1, police_told_at=NOW)
    with pytest.raises(NotFound):
        safeguarding.unmark_suspected_abuse(
            session, lead, referral_id=referral.id, version=referral.version, reason="误会"
        )


def test_only_the_lead_takes_the_mark_back_with_a_reason(session, make_user, marked):
    lead, referral = marked
    named = replace(make_user(Role.LEADERSHIP), is_protection_leader=True)

    with pytest.raises(NotAllowed):
        safeguarding.unmark_suspected_abuse(session, named, referral_id=referral.id, version=1, reason="误会")
    with pytest.raises(FieldErrors):
        safeguarding.unmark_suspected_abuse(session, lead, referral_id=referral.id, version=1, reason=" ")
    safeguarding.unmark_suspected_abuse(session, lead, referral_id=referral.id, version=1, reason="查清是摔伤")

    assert not referral.is_suspected_abuse
    assert referral_views.list_moves(session, lead, referral_id=referral.id)[-1].reason == "查清是摔伤"
    seen = referral_views.list_moves(session, make_user(Role.COUNSELLOR), referral_id=referral.id)
    assert [(each.from_state, each.reason) for each in seen] == [(None, None)]


def test_a_named_leader_reports_too_others_of_the_leadership_do_not(session, make_user, marked):
    _, referral = marked
    leader = make_user(Role.LEADERSHIP)

    with pytest.raises(NotAllowed):
        safeguarding.report_abuse(session, leader, referral_id=referral.id, version=1, police_told_at=NOW)
    named = replace(leader, is_protection_leader=True)
    safeguarding.report_abuse(session, named, referral_id=referral.id, version=1, police_told_at=NOW)

    with pytest.raises(NotAllowed):
        referral_lists.list_marked(session, leader)
    assert [row.id for row in referral_lists.list_marked(session, named)] == [referral.id]


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.HOMEROOM, Role.FINANCE, Role.ADMIN])
def test_outsiders_handle_no_abuse(session, make_user, marked, role):
    _, referral = marked
    outsider = make_user(role)

    for act in (
        lambda: safeguarding.report_abuse(session, outsider, referral_id=referral.id, version=1, police_told_at=NOW),
        lambda: safeguarding.unmark_suspected_abuse(session, outsider, referral_id=referral.id, version=1, reason="无"),
        lambda: safeguarding.mark_suspected_abuse(session, outsider, referral_id=referral.id, version=1),
        lambda: referral_lists.list_marked(session, outsider),
    ):
        with pytest.raises((NotAllowed, NotFound)):
            act()


def test_marking_needs_the_version_that_was_seen(session, make_user, make_student):
    counsellor = make_user(Role.COUNSELLOR)
    referral = register(session, counsellor, student_id=make_student().id)
    referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=1)

    with pytest.raises(EditedMeanwhile):
        safeguarding.mark_suspected_abuse(session, counsellor, referral_id=referral.id, version=1)


def test_a_marked_referral_is_not_simply_declined(session, marked):
    lead, referral = marked

    with pytest.raises(StoppedForProtection):
        referral_moves.decline(session, lead, referral_id=referral.id, version=1, reason="误会")


def test_a_marked_referral_is_handed_to_leaders_only(session, make_user, marked):
    lead, referral = marked

    with pytest.raises(FieldErrors):
        referral_moves.hand_over(
            session, lead, referral_id=referral.id, version=1, to_user_id=make_user(Role.COUNSELLOR).user_id
        )


def test_the_words_of_a_marked_referral_stay_sealed(session, marked):
    _, referral = marked

    assert unseal(referral, "facts_sealed")
    assert "楼梯口".encode() not in referral.facts_sealed
