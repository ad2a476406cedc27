"""Assessing a referral and what it leads to."""

from dataclasses import replace

import pytest
from sqlmodel import select

from db.audit_chain import COLLECTED, append_collected
from db.sealing import unseal
from db.tables import Assessment, Case, CaseConference, Domain, ReferralState, Role, Severity
from services import assessments, audit, cases, file_openings, intake, referral_moves, safeguarding
from services.assessments import AssessmentRequest, ChildUnknown
from services.case_stages import CaseStage
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.referrals import IllegalMove
from services.severity import Reason
from tests.conftest import NOW
from tests.services.intake_makers import register


@pytest.fixture
def counsellor(make_user):
    return make_user(Role.COUNSELLOR, name="何知微")


@pytest.fixture
def begun(session, counsellor, make_student):
    """A referral whose assessment was begun; its version is 2."""
    referral = register(session, counsellor, student_id=make_student().id)
    return referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=1)


def asked(referral, **overrides):
    values = {
        "referral_id": referral.id,
        "version": referral.version,
        "nature": "和同桌闹别扭，近两周不愿说话。",
        "measures": "每周谈一次。",
        "severity": Severity.ORDINARY,
        "domains": frozenset({Domain.PEERS}),
    }
    return AssessmentRequest(**(values | overrides))


def serious(referral, people, **overrides):
    values = {
        "severity": Severity.SERIOUS,
        "mentions_self_harm": True,
        "participant_ids": frozenset(person.user_id for person in people),
    }
    return asked(referral, **(values | overrides))


def test_an_ordinary_one_becomes_a_case_of_a_counsellor(session, counsellor, begun):
    case = assessments.save_assessment(session, counsellor, request=asked(begun))

    assert (case.owner_id, case.severity) == (counsellor.user_id, Severity.ORDINARY)
    assert begun.state is ReferralState.ROUTED
    assessment = session.exec(select(Assessment)).one()
    assert (assessment.parts_filled, assessment.domains, assessment.is_overridden) == (3, "peers", False)
    assert unseal(assessment, "nature_sealed") == "和同桌闹别扭，近两周不愿说话。"
    assert session.exec(select(CaseConference)).all() == []


def test_a_serious_one_calls_a_conference_by_name(session, counsellor, make_user, begun, term):
    people = [make_user(Role.HOMEROOM, name="周砚田"), make_user(Role.LEAD, name="秦若谷")]

    case = assessments.save_assessment(session, counsellor, request=serious(begun, people, guests=("社区的柳主任",)))

    view = cases.find_case(session, counsellor, case_id=case.id)
    names = tuple(each.name for each in view.conference.people)
    assert (view.row.stage, names) == (CaseStage.CONFERENCE, ("周砚田", "秦若谷", "社区的柳主任"))
    assert view.row.conference.due_at.isoformat() == "2026-11-27T09:00:00+00:00"
    assert view.reasons == ("说过或做过伤害自己的事",)


def test_everything_that_is_missing_is_said_at_once(session, counsellor, begun):
    request = asked(begun, nature="", measures="", domains=frozenset(), mentions_self_harm=True)  # not as suggested
    with pytest.raises(FieldErrors) as refused:
        assessments.save_assessment(session, counsellor, request=request)

    assert set(refused.value.problems) == {"nature", "measures", "domains", "override_reason"}


def test_fewer_than_two_people_are_no_conference(session, counsellor, make_user, begun):
    with pytest.raises(FieldErrors) as refused:
        assessments.save_assessment(session, counsellor, request=serious(begun, [make_user(Role.HOMEROOM)]))

    assert refused.value.problems["participants"].code == "too_few"
    assert session.exec(select(Case)).all() == []
    assert begun.state is ReferralState.IN_ASSESSMENT


@pytest.mark.parametrize(
    ("field", "overrides", "code"),
    [
        ("nature", {"nature": ""}, "required"),
        ("nature", {"nature": "字" * 10_000}, "too_long"),
        ("measures", {"measures": " "}, "required"),
        ("measures", {"measures": "字" * 10_000}, "too_long"),
        ("domains", {"domains": frozenset()}, "choice_needed"),
        ("severity", {"severity": None}, "choice_needed"),
        ("override_reason", {"mentions_self_harm": True}, "required"),
        ("override_reason", {"mentions_self_harm": True, "override_reason": "字" * 10_000}, "too_long"),
        ("owner", {"owner_id": 999_999}, "cannot_take"),
        ("participants", {"severity": Severity.SERIOUS, "stays_away": True,
                          "participant_ids": frozenset({999_998, 999_999})}, "unknown"),
        ("guests", {"severity": Severity.SERIOUS, "guests": ("字" * 10_000, "乙", "丙")}, "name_too_long"),
    ],
)  # fmt: skip
def test_what_can_not_be_saved_is_named_by_field(session, counsellor, begun, field, overrides, code):
    with pytest.raises(FieldErrors) as refused:
        assessments.save_assessment(session, counsellor, request=asked(begun, **overrides))

    assert refused.value.problems[field].code == code
    assert session.exec(select(Assessment)).all() == []


@pytest.mark.parametrize("typed", ["😀", '=HYPERLINK("x")', "<script>x</script>", "'; DROP TABLE care_case; --"])
def test_odd_texts_are_kept_as_typed(session, counsellor, begun, typed):
    case = assessments.save_assessment(session, counsellor, request=asked(begun, nature=typed, measures=typed))

    view = cases.find_case(session, counsellor, case_id=case.id)
    assert (view.nature, view.measures) == (typed, typed)


def test_overriding_the_suggestion_keeps_the_reason(session, counsellor, begun):
    request = asked(begun, mentions_self_harm=True, override_reason="是歌词，已核实。")

    case = assessments.save_assessment(session, counsellor, request=request)

    assessment = session.exec(select(Assessment)).one()
    assert (assessment.is_overridden, assessment.suggestion_reasons) == (True, Reason.SELF_HARM)
    assert cases.find_case(session, counsellor, case_id=case.id).override_reason == "是歌词，已核实。"


def test_an_earlier_case_speaks_for_serious(session, counsellor, begun, make_user):
    assessments.save_assessment(session, counsellor, request=asked(begun))
    again = register(session, counsellor, student_id=begun.student_id)
    referral_moves.start_assessment(session, counsellor, referral_id=again.id, version=1)

    form = assessments.open_form(session, counsellor, referral_id=again.id)

    assert (form.signs.has_earlier_case, form.signs.earlier_referrals) == (True, 1)
    assert form.conference_due_at > NOW


def test_an_unknown_child_can_not_become_a_case(session, counsellor):
    referral = register(session, counsellor, child_label="不知道名字")
    referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=1)

    with pytest.raises(ChildUnknown):
        assessments.save_assessment(session, counsellor, request=asked(referral))


def test_of_two_who_assess_at_once_one_wins(session, counsellor, make_user, begun):
    version = begun.version
    assessments.save_assessment(session, counsellor, request=asked(begun))
    append_collected(session)

    with pytest.raises(EditedMeanwhile) as refused:
        assessments.save_assessment(session, make_user(Role.COUNSELLOR), request=replace(asked(begun), version=version))

    assert refused.value.edited_by == "何知微"
    assert len(session.exec(select(Case)).all()) == 1


def test_the_signs_of_a_protected_child_are_for_leaders(session, counsellor, make_user, begun):
    lead = make_user(Role.LEAD)
    safeguarding.mark_suspected_abuse(session, lead, referral_id=begun.id, version=2)

    with pytest.raises(NotFound):
        assessments.open_form(session, counsellor, referral_id=begun.id)
    assert assessments.open_form(session, lead, referral_id=begun.id).signs.is_suspected_abuse


def test_what_was_not_begun_is_not_assessed(session, counsellor, make_student):
    referral = register(session, counsellor, student_id=make_student().id)

    with pytest.raises(IllegalMove):
        assessments.save_assessment(session, counsellor, request=asked(referral))


@pytest.mark.parametrize("role", [Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.LEADERSHIP, Role.ADMIN])
def test_outsiders_assess_nothing(session, make_user, begun, role):
    outsider = make_user(role)

    with pytest.raises(NotAllowed):
        assessments.save_assessment(session, outsider, request=asked(begun))
    with pytest.raises(NotAllowed):
        assessments.open_form(session, outsider, referral_id=begun.id)


def test_about_suspected_abuse_only_leaders_meet(session, make_user, make_student):
    lead, counsellor = make_user(Role.LEAD), make_user(Role.COUNSELLOR)
    referral = register(session, lead, student_id=make_student().id, is_suspected_abuse=True)
    referral_moves.start_assessment(session, lead, referral_id=referral.id, version=1)

    with pytest.raises(FieldErrors) as refused:
        assessments.save_assessment(session, lead, request=serious(referral, [lead, counsellor]))
    assert refused.value.problems["participants"].code == "leaders_only"

    case = assessments.save_assessment(session, lead, request=serious(referral, [lead], guests=("派出所的联系人",)))
    assert cases.list_cases(session, lead).total == 1
    assert cases.list_cases(session, counsellor).total == 0
    with pytest.raises(NotFound):
        cases.find_case(session, counsellor, case_id=case.id)


def test_a_counsellor_is_not_told_that_what_she_registered_about_abuse_became_a_case(
    session, counsellor, make_user, make_student
):
    lead, student = make_user(Role.LEAD), make_student()
    hidden = register(session, counsellor, student_id=student.id, is_suspected_abuse=True)
    referral_moves.start_assessment(session, lead, referral_id=hidden.id, version=1)
    assessments.save_assessment(session, lead, request=asked(hidden, override_reason="先保护"))
    again = register(session, counsellor, student_id=student.id)

    signs = assessments.open_form(session, counsellor, referral_id=again.id).signs
    assert (signs.has_earlier_case, signs.earlier_referrals) == (False, 0)
    signs = assessments.open_form(session, lead, referral_id=again.id).signs
    assert (signs.has_earlier_case, signs.earlier_referrals) == (True, 1)


@pytest.mark.parametrize(
    ("with_lead", "guests", "field", "code"),
    [
        (True, ("班主任王老师",), "guests", "officials_only"),
        (True, ("七（3）班的周砚田",), "guests", "officials_only"),
        (False, ("派出所的民警", "民政所的柳主任"), "participants", "leader_needed"),
    ],
    ids=["a teacher", "a colleague by name", "no leader"],
)
def test_no_colleague_learns_of_suspected_abuse_as_a_guest(
    session, make_user, make_student, with_lead, guests, field, code
):
    lead = make_user(Role.LEAD)
    make_user(Role.HOMEROOM, name="周砚田")
    referral = register(session, lead, student_id=make_student().id, is_suspected_abuse=True)
    referral_moves.start_assessment(session, lead, referral_id=referral.id, version=1)

    request = serious(referral, [lead] if with_lead else [], guests=guests)
    with pytest.raises(FieldErrors) as refused:
        assessments.save_assessment(session, lead, request=request)

    assert refused.value.problems[field].code == code
    assert session.exec(select(Case)).all() == []


def test_only_who_may_know_is_offered_for_the_conference(session, counsellor, make_user, make_student, begun):
    lead, leader = make_user(Role.LEAD, name="秦若谷"), make_user(Role.LEADERSHIP)
    marked = register(session, lead, student_id=make_student().id, is_suspected_abuse=True)

    for role in (Role.ADMIN, Role.FINANCE, Role.SUPERVISOR):
        make_user(role)
    offered = assessments.open_form(session, lead, referral_id=marked.id).people
    assert [(each.display_name, each.roles) for each in offered.values()] == [("秦若谷", (Role.LEAD,))]
    people = assessments.open_form(session, lead, referral_id=begun.id).people
    assert {lead.user_id, leader.user_id, counsellor.user_id} == people.keys()


@pytest.mark.parametrize("role", [Role.ADMIN, Role.FINANCE, Role.SUPERVISOR])
def test_who_works_with_no_child_is_not_asked_to_a_conference(session, counsellor, make_user, begun, role):
    request = serious(begun, [make_user(Role.LEAD), make_user(role)])

    with pytest.raises(FieldErrors) as refused:
        assessments.save_assessment(session, counsellor, request=request)

    assert refused.value.problems["participants"].code == "unknown"


def test_cases_are_seen_by_owner_and_participants(session, counsellor, make_user, begun):
    member, stranger = make_user(Role.COUNSELLOR), make_user(Role.COUNSELLOR)
    case = assessments.save_assessment(session, counsellor, request=serious(begun, [member, make_user(Role.LEAD)]))

    assert [row.id for row in cases.list_cases(session, counsellor).rows] == [case.id]
    assert [row.is_mine for row in cases.list_cases(session, member).rows] == [False]
    assert cases.list_cases(session, stranger).rows == []
    with pytest.raises(NotFound):
        cases.find_case(session, stranger, case_id=case.id)
    with pytest.raises(NotAllowed):
        cases.list_cases(session, make_user(Role.HOMEROOM))


def test_an_unknown_child_matched_in_time_can_be_assessed(session, counsellor, make_student):
    referral = register(session, counsellor, child_label="不知道名字")
    referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=1)
    intake.match_child(session, counsellor, referral_id=referral.id, version=2, student_id=make_student().id)

    assert assessments.save_assessment(session, counsellor, request=asked(referral)).student_id == referral.student_id


def test_opening_a_case_is_noted_once_in_half_an_hour_and_stands_with_the_child(session, counsellor, make_user, begun):
    case = assessments.save_assessment(session, counsellor, request=asked(begun))
    assert not cases.find_case(session, counsellor, case_id=case.id).is_opening_noted

    for _ in range(2):
        cases.note_opening(session, counsellor, case_id=case.id)

    assert cases.find_case(session, counsellor, case_id=case.id).is_opening_noted
    noted = [note for note in session.info[COLLECTED] if note.action == audit.Action.CASE_READ]
    assert [(note.target_id, note.student_id) for note in noted] == [(case.id, case.student_id)]
    append_collected(session)
    [opening] = file_openings.list_openings(session, make_user(Role.LEAD), student_id=case.student_id).rows
    assert (opening.who, opening.what) == ("何知微", file_openings.OpenedWhat.CASE)


def test_a_case_nobody_showed_them_leaves_no_line(session, counsellor, make_user, begun):
    case = assessments.save_assessment(session, counsellor, request=asked(begun))

    with pytest.raises(NotFound):
        cases.note_opening(session, make_user(Role.COUNSELLOR), case_id=case.id)
