"""New first passwords for an import's people: only those who have not chosen their own, all or none, once."""

from datetime import timedelta

import pytest
from sqlmodel import select

from db.audit_chain import append_collected
from db.tables import AppUser, AuditEvent, Role
from services import accounts, audit, clock, passwords, staff_imports, staff_reissues
from services.errors import NotAllowed
from services.staff_reissues import FirstPasswordsMeanwhile
from tests.services.test_staff_imports import imported

LINES = ["周砚田,G01,,,,", "苏念安,G02,,,,专职心理教师", "贺兰舟,G03,,,,"]


@pytest.fixture(autouse=True)
def _term(term):
    return term


@pytest.fixture
def admin(make_user):
    return make_user(Role.ADMIN)


@pytest.fixture
def slips(session, admin, monkeypatch):
    """Three people's first passwords; imported at a moment of its own, as anywhere but in a test."""
    later = clock.now() + timedelta(minutes=5)
    monkeypatch.setattr(staff_imports.clock, "now", lambda: later)
    found = {slip.name: slip for slip in imported(session, admin, *LINES).slips}
    monkeypatch.undo()
    return found


def user(session, name):
    return session.exec(select(AppUser).where(AppUser.display_name == name)).one()


def chose_own(session, name):
    found = user(session, name)
    found.must_change_password = False
    found.version += 1
    session.add(found)
    session.flush()


def reissue(session, actor, waiting):
    return staff_reissues.reissue_first_passwords(
        session, actor, waiting=waiting, prepared=passwords.first_passwords(len(waiting))
    )


def test_who_chose_a_password_keeps_it_and_the_others_get_a_new_first_one(session, admin, slips):
    chose_own(session, "苏念安")
    kept = user(session, "苏念安").password_hash
    [found] = staff_reissues.list_waiting_imports(session, admin)
    assert (found.total, len(found.waiting)) == (3, 2)

    new = reissue(session, admin, found.waiting)

    assert [slip.name for slip in new] == ["贺兰舟", "周砚田"]
    assert user(session, "苏念安").password_hash == kept
    for slip in new:
        stored = user(session, slip.name)
        assert stored.must_change_password
        assert passwords.matches(slip.password.password, stored.password_hash)
        assert not passwords.matches(slips[slip.name].password.password, stored.password_hash)


def test_each_reset_is_noted_and_no_password_with_it(session, admin, slips):
    [found] = staff_reissues.list_waiting_imports(session, admin)
    new = reissue(session, admin, found.waiting)
    append_collected(session)

    events = session.exec(select(AuditEvent).where(AuditEvent.action == audit.Action.PASSWORD_RESET)).all()
    assert {event.target_id for event in events} == {slip.password.user_id for slip in new}
    assert not [slip for slip in new for event in events if slip.password.password in event.details]


def test_a_list_seen_before_somebody_chose_a_password_resets_nobody(session, admin, slips):
    [found] = staff_reissues.list_waiting_imports(session, admin)
    chose_own(session, "周砚田")
    before = {name: user(session, name).password_hash for name in slips}

    with pytest.raises(FirstPasswordsMeanwhile):
        reissue(session, admin, found.waiting)

    assert {name: user(session, name).password_hash for name in slips} == before


def test_the_second_of_two_who_reissue_the_same_list_is_refused(session, admin, slips):
    [found] = staff_reissues.list_waiting_imports(session, admin)
    new = reissue(session, admin, found.waiting)

    with pytest.raises(FirstPasswordsMeanwhile):
        reissue(session, admin, found.waiting)

    assert passwords.matches(new[0].password.password, user(session, new[0].name).password_hash)


def test_who_was_disabled_gets_none(session, admin, slips):
    gone = user(session, "贺兰舟")
    accounts.set_active(session, admin, user_id=gone.id, version=gone.version, is_active=False)

    [found] = staff_reissues.list_waiting_imports(session, admin)

    assert gone.id not in found.waiting
    with pytest.raises(FirstPasswordsMeanwhile):
        reissue(session, admin, {gone.id: gone.version})


def test_the_head_of_the_room_resets_the_team_only(session, make_user, admin, slips):
    lead = make_user(Role.LEAD)
    finance = user(session, "贺兰舟")
    accounts.change_account(
        session, admin, user_id=finance.id, version=finance.version, display_name="贺兰舟", phone=None,
        roles=[Role.FINANCE],
    )  # fmt: skip
    session.refresh(finance)

    [found] = staff_reissues.list_waiting_imports(session, lead)

    assert finance.id not in found.waiting
    with pytest.raises(FirstPasswordsMeanwhile):
        reissue(session, lead, {finance.id: finance.version})


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMIN, Role.LEAD}))
def test_nobody_else_may(session, make_user, admin, slips, role):
    with pytest.raises(NotAllowed):
        staff_reissues.list_waiting_imports(session, make_user(role))
    with pytest.raises(NotAllowed):
        reissue(session, make_user(role), {})


def test_an_import_nobody_waits_of_is_not_listed(session, admin, slips):
    for name in slips:
        chose_own(session, name)

    assert staff_reissues.list_waiting_imports(session, admin) == []
