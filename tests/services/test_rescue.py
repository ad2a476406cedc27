"""A new first password for an administrator, from the server's console."""

import pytest
from sqlmodel import select

from db.tables import AppUser, Role, SignInSession
from services import accounts, rescue
from services.actors import command_line
from services.errors import NotAllowed
from services.rescue import WhichAdministrator

PREPARED = ("abcd-efgh-jkmn", "x" * 60)


def reset(session, username=None, actor=None):
    return rescue.reset_administrator(session, actor or command_line(), username=username, prepared=PREPARED)


def test_the_only_administrator_gets_back_in(session, make_user):
    admin = make_user(Role.ADMIN)
    make_user(Role.LEAD)
    before = session.get_one(AppUser, admin.user_id).version

    slip = reset(session)

    user = session.get_one(AppUser, admin.user_id)
    assert (slip.user_id, slip.password) == (admin.user_id, PREPARED[0])
    assert (user.password_hash, user.must_change_password, user.is_active) == (PREPARED[1], True, True)
    assert user.version == before + 1
    sessions = session.exec(select(SignInSession).where(SignInSession.user_id == user.id)).all()
    assert [each for each in sessions if each.ended_at is None] == []


def test_among_several_the_name_is_asked_for(session, make_user):
    first, second = make_user(Role.ADMIN), make_user(Role.ADMIN)
    names = sorted(session.get_one(AppUser, each.user_id).username for each in (first, second))

    with pytest.raises(WhichAdministrator) as unclear:
        reset(session)
    assert unclear.value.usernames == names
    assert reset(session, f" {names[1].upper()} ").username == names[1]


def test_a_disabled_administrator_is_enabled_only_where_no_other_is_left(session, make_user):
    active, disabled = make_user(Role.ADMIN), make_user(Role.ADMIN)
    stored = session.get_one(AppUser, disabled.user_id)
    accounts.set_active(session, active, user_id=disabled.user_id, version=stored.version, is_active=False)

    assert reset(session).user_id == active.user_id
    assert not session.get_one(AppUser, disabled.user_id).is_active
    assert reset(session, stored.username).user_id == disabled.user_id
    assert session.get_one(AppUser, disabled.user_id).is_active


def test_nobody_else_s_password_is_reset_this_way(session, make_user):
    admin, lead = make_user(Role.ADMIN), make_user(Role.LEAD)
    username = session.get_one(AppUser, lead.user_id).username

    with pytest.raises(WhichAdministrator):
        reset(session, username)
    for actor in (admin, lead):
        with pytest.raises(NotAllowed):
            reset(session, actor=actor)


def test_a_school_without_accounts_has_no_administrator(session):
    with pytest.raises(WhichAdministrator) as unclear:
        reset(session)
    assert unclear.value.usernames == []
