"""The confidentiality pledge: asked of whoever sees children, once a school year, in the wording that was read."""

from datetime import datetime

import pytest

from db.tables import Role
from services import clock, pledges, sign_in
from services.access import PLEDGED_ROLES
from services.actors import command_line
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed
from tests.conftest import codes, token_for


def resolved(session, actor):
    return sign_in.resolve(session, token_for(session, actor))


def test_whoever_sees_children_is_asked_and_nobody_else():
    assert Role(Role.LEAD) in PLEDGED_ROLES
    assert {Role.COUNSELLOR, Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.MENTOR} <= PLEDGED_ROLES
    assert PLEDGED_ROLES.isdisjoint({Role.ADMIN, Role.FINANCE, Role.SUPERVISOR})


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_signing_in_tells_whether_the_pledge_is_open(session, make_user, role):
    actor = make_user(role, pledged=False)

    assert resolved(session, actor).must_pledge is (role in PLEDGED_ROLES)


def test_accepting_opens_the_door_for_this_school_year(session, make_user):
    teacher = make_user(Role.HOMEROOM, pledged=False)
    own = pledges.find_own_pledge(session, teacher)
    assert own.is_asked
    assert own.accepted_at is None

    pledges.accept_pledge(session, teacher, version=own.wording.version)
    pledges.accept_pledge(session, teacher, version=own.wording.version)

    assert not resolved(session, teacher).must_pledge
    clock.set_fixed(datetime(2027, 9, 1, 8, tzinfo=clock.SCHOOL_ZONE))
    assert resolved(session, teacher).must_pledge


def test_what_was_read_is_what_is_accepted(session, make_user):
    lead, teacher = make_user(Role.LEAD), make_user(Role.HOMEROOM, pledged=False)
    read = pledges.find_own_pledge(session, teacher).wording
    pledges.change_wording(session, lead, body="新的承诺", version=read.version)

    with pytest.raises(EditedMeanwhile):
        pledges.accept_pledge(session, teacher, version=read.version)

    again = pledges.find_own_pledge(session, teacher).wording
    pledges.accept_pledge(session, teacher, version=again.version)
    pledges.change_wording(session, lead, body="再新的承诺", version=again.version)
    own = pledges.find_own_pledge(session, teacher)
    assert (own.accepted_body, own.wording.body) == ("新的承诺", "再新的承诺")


def test_the_lead_sees_who_is_missing(session, make_user):
    lead = make_user(Role.LEAD)
    make_user(Role.HOMEROOM, name="周砚田", pledged=False)
    make_user(Role.ADMIN, name="方信", pledged=False)

    found = pledges.list_pledges(session, lead)

    assert (found.accepted, found.waiting) == (1, ("周砚田",))


def test_the_wording_has_two_editors_and_is_never_empty(session, make_user):
    lead = make_user(Role.LEAD)
    version = pledges.find_wording(session, lead).version
    with pytest.raises(FieldErrors) as refused:
        pledges.change_wording(session, lead, body="  ", version=version)
    assert codes(refused) == {"body": "required"}
    pledges.change_wording(session, lead, body="新的承诺", version=version)

    with pytest.raises(EditedMeanwhile) as theirs:
        pledges.change_wording(session, lead, body="别的承诺", version=version)

    assert theirs.value.current.body == "新的承诺"


def test_the_command_line_is_nobody_in_particular_and_is_not_asked(session):
    assert not command_line().must_pledge
    with pytest.raises(NotAllowed):
        pledges.accept_pledge(session, command_line(), version=1)
