"""Reading a referral's words leaves one line in the chain, and stands under 谁看过 of the child."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from db.audit_chain import append_collected
from db.tables import AuditEvent, Domain, Role, Severity
from services import assessments, cases, clock, file_openings, intake, referral_moves, referral_views, student_files
from services.assessments import AssessmentRequest
from services.errors import NotFound
from services.row_filters import Grounds
from tests.conftest import NOW
from tests.services.intake_makers import register


def open_words(session, actor, referral):
    referral_views.note_opening(session, actor, referral_id=referral.id)
    append_collected(session)


def noted(session):
    return session.exec(select(AuditEvent).where(AuditEvent.action == "referral.opened")).all()


def test_it_is_noted_once_per_person_referral_and_half_hour(session, make_user, make_student):
    counsellor, lead, student = make_user(Role.COUNSELLOR), make_user(Role.LEAD), make_student()
    one, other = (register(session, counsellor, student_id=student.id) for _ in range(2))

    for actor, referral in ((counsellor, one), (counsellor, one), (lead, one), (counsellor, other)):
        open_words(session, actor, referral)
    assert len(noted(session)) == 3
    assert referral_views.find_referral(session, counsellor, referral_id=one.id).is_opening_noted

    clock.set_fixed(NOW + timedelta(minutes=31))
    assert not referral_views.find_referral(session, counsellor, referral_id=one.id).is_opening_noted
    open_words(session, counsellor, one)
    assert len(noted(session)) == 4


def test_twice_in_one_transaction_is_noted_once(session, make_user, make_student):
    counsellor = make_user(Role.COUNSELLOR)
    referral = register(session, counsellor, student_id=make_student().id)

    for _ in range(2):
        referral_views.note_opening(session, counsellor, referral_id=referral.id)
    append_collected(session)

    assert len(noted(session)) == 1


def test_a_referral_opened_is_no_file_opened(session, make_user, make_student):
    counsellor, student = make_user(Role.COUNSELLOR), make_student()
    open_words(session, counsellor, register(session, counsellor, student_id=student.id))

    assert not student_files.find_student(session, counsellor, student_id=student.id).is_opening_noted


def test_who_may_not_read_the_words_leaves_no_line(session, make_user, make_class, make_student):
    seven = make_class()
    homeroom, outsider = make_user(Role.HOMEROOM, homeroom_of=seven), make_user(Role.HOMEROOM)
    referral = register(session, make_user(Role.COUNSELLOR), student_id=make_student(in_class=seven).id)

    for actor in (homeroom, outsider):
        with pytest.raises(NotFound):
            referral_views.note_opening(session, actor, referral_id=referral.id)


def test_it_stands_under_who_has_seen_the_child_also_when_matched_later(session, make_user, make_student):
    lead, counsellor, student = make_user(Role.LEAD), make_user(Role.COUNSELLOR, name="何知微"), make_student()
    unknown = register(session, counsellor, child_label="二班高个子")
    open_words(session, counsellor, unknown)
    intake.match_child(session, counsellor, referral_id=unknown.id, version=1, student_id=student.id)

    [opening] = file_openings.list_openings(session, lead, student_id=student.id).rows

    assert (opening.who, opening.what) == ("何知微", file_openings.OpenedWhat.REFERRAL)
    assert file_openings.list_openings(session, make_user(Role.COUNSELLOR), student_id=student.id).rows == ()


def test_the_grounds_are_kept(session, make_user, make_student):
    lead, student = make_user(Role.LEAD), make_student()
    leader = replace(make_user(Role.LEADERSHIP), is_protection_leader=True)
    referral = register(session, lead, student_id=student.id, is_suspected_abuse=True)
    for actor in (lead, leader):
        open_words(session, actor, referral)

    found = file_openings.list_openings(session, lead, student_id=student.id).rows

    assert [opening.grounds for opening in found] == [None, Grounds.CARE_ROOM]


def test_a_case_opened_stands_under_who_has_seen_the_child_once_in_half_an_hour(session, make_user, make_student, term):
    lead, child = make_user(Role.LEAD, name="何知微"), make_student()
    referral = register(session, lead, student_id=child.id)
    referral_moves.start_assessment(session, lead, referral_id=referral.id, version=1)
    request = AssessmentRequest(
        referral_id=referral.id, version=2, nature="相处", measures="谈话", severity=Severity.ORDINARY,
        domains=frozenset({Domain.PEERS}),
    )  # fmt: skip
    case = assessments.save_assessment(session, lead, request=request)
    assert not cases.find_case(session, lead, case_id=case.id).is_opening_noted
    for _ in range(3):
        cases.note_opening(session, lead, case_id=case.id)
        append_collected(session)

    found = file_openings.list_openings(session, lead, student_id=child.id).rows

    assert [(each.what, each.grounds) for each in found] == [(file_openings.OpenedWhat.CASE, Grounds.CARE_ROOM)]
    assert cases.find_case(session, lead, case_id=case.id).is_opening_noted
    with pytest.raises(NotFound):
        cases.note_opening(session, make_user(Role.COUNSELLOR), case_id=case.id)
