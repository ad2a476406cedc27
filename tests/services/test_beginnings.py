"""What a school that has only been set up still has to bring in."""

import pytest

from db.tables import Role
from services import beginnings
from services.beginnings import Beginning
from services.errors import NotAllowed


def open_steps(session, lead) -> list[Beginning]:
    return [each.step for each in beginnings.list_first_steps(session, lead) if not each.is_done]


def test_the_steps_are_done_one_after_the_other(session, make_user, make_class, make_student, request):
    lead = make_user(Role.LEAD)
    make_user(Role.ADMIN)
    assert open_steps(session, lead) == [Beginning.TERM, Beginning.ROSTER, Beginning.STAFF]

    request.getfixturevalue("term")
    assert open_steps(session, lead) == [Beginning.ROSTER, Beginning.STAFF]
    make_student(in_class=make_class())
    assert open_steps(session, lead) == [Beginning.STAFF]

    make_user(Role.HOMEROOM)
    assert beginnings.list_first_steps(session, lead) == ()


def test_a_lead_who_counsels_too_still_needs_colleagues(session, make_user, term):
    lead = make_user(Role.LEAD, Role.COUNSELLOR)

    assert Beginning.STAFF in open_steps(session, lead)


@pytest.mark.parametrize("role", [Role.HOMEROOM, Role.ADMIN, Role.LEADERSHIP])
def test_they_are_for_who_brings_the_roster_in(session, make_user, role):
    with pytest.raises(NotAllowed):
        beginnings.list_first_steps(session, make_user(role))
