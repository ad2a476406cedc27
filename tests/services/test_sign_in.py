"""Signing in: throttle, sessions that end, the hidden screen."""

import contextlib
from datetime import timedelta

import pytest

from db.audit_chain import COLLECTED
from db.tables import AppUser, Role
from services import accounts, audit, clock, sign_in
from services.sign_in import Missed, SignedIn, TooManyTries
from tests.conftest import NOW, PASSWORD, token_for


def sign(session, name, password, address="10.0.0.5"):
    account = sign_in.find_account(session, name=name, address=address)
    return sign_in.start_session(session, account, is_right=sign_in.is_right(account, password), address=address)


def test_the_right_password_starts_a_session(session, make_user):
    counsellor = make_user(Role.COUNSELLOR, name="何知微")

    signed_in = sign(session, " USER1 ", PASSWORD)

    assert isinstance(signed_in, SignedIn)
    actor = sign_in.resolve(session, signed_in.token)
    assert actor is not None
    assert (actor.user_id, actor.roles) == (counsellor.user_id, frozenset({Role.COUNSELLOR}))


def test_an_unknown_name_and_a_wrong_password_look_the_same(session, make_user):
    make_user()

    assert sign(session, "user1", "wrong-one") == sign(session, "nobody", "wrong-one") == Missed(4, 0)


def test_five_misses_wait_a_minute_then_twice_as_long(session, make_user):
    make_user()
    for _ in range(4):
        sign(session, "user1", "wrong-one")

    assert sign(session, "user1", "wrong-one") == Missed(0, 60)
    with pytest.raises(TooManyTries):
        sign(session, "user1", PASSWORD)
    clock.set_fixed(NOW + timedelta(seconds=61))
    assert sign(session, "user1", "wrong-one") == Missed(0, 120)


def test_waiting_of_one_address_does_not_lock_the_teacher_out_elsewhere(session, make_user):
    make_user()
    for _ in range(5):
        sign(session, "user1", "wrong-one", address="10.0.0.66")

    assert isinstance(sign(session, "user1", PASSWORD, address="10.0.0.5"), SignedIn)


def test_a_guess_already_being_checked_does_not_get_past_the_waiting(session, make_user):
    make_user()
    account = sign_in.find_account(session, name="user1", address="10.0.0.5")
    for _ in range(5):
        sign(session, "user1", "wrong-one")

    with pytest.raises(TooManyTries):
        sign_in.start_session(session, account, is_right=True, address="10.0.0.5")


def test_a_password_reset_while_it_was_checked_does_not_open_the_door(session, make_user):
    user = make_user()
    account = sign_in.find_account(session, name="user1", address="10.0.0.5")
    session.get_one(AppUser, user.user_id).password_hash = "another"  # no password, its hash
    session.flush()

    assert isinstance(sign_in.start_session(session, account, is_right=True, address="10.0.0.5"), Missed)


@pytest.mark.parametrize("later", [timedelta(minutes=31), timedelta(hours=12, seconds=1)], ids=["idle", "absolute"])
def test_a_session_ends_by_itself(session, make_user, later):
    token = token_for(session, make_user())

    clock.set_fixed(NOW + later)

    assert sign_in.resolve(session, token) is None


def test_a_session_that_is_used_stays(session, make_user):
    token = token_for(session, make_user())
    clock.set_fixed(NOW + timedelta(minutes=29))
    actor = sign_in.resolve(session, token)
    assert actor is not None
    assert sign_in.needs_touch(actor)
    sign_in.touch(session, actor)

    clock.set_fixed(NOW + timedelta(minutes=58))

    assert sign_in.resolve(session, token) is not None


def test_fifty_people_behind_one_address_who_mistype_now_and_then_never_wait(session):
    for number in range(200):
        clock.set_fixed(NOW + timedelta(minutes=40 * number))

        assert sign_in._count_miss(session, f"user{number % 50}", "10.0.0.1").wait_seconds == 0


def test_one_typo_every_morning_never_adds_up(session):
    for day in range(60):
        clock.set_fixed(NOW + timedelta(days=day))

        assert sign_in._count_miss(session, "zhouyantian", "10.0.0.1").wait_seconds == 0


def test_reset_role_change_and_disabling_end_every_session(session, make_user):
    admin, other = make_user(Role.ADMIN), make_user(Role.COUNSELLOR)
    acts = [
        lambda: accounts.reset_password(session, admin, user_id=other.user_id, version=1, prepared=("x", "y")),
        lambda: accounts.set_active(session, admin, user_id=other.user_id, version=2, is_active=False),
        lambda: accounts.change_account(
            session,
            admin,
            user_id=other.user_id,
            version=session.get_one(AppUser, other.user_id).version,
            display_name="试教师",
            roles=[Role.MENTOR],
        ),
    ]
    for act in acts:
        session.get_one(AppUser, other.user_id).is_active = True
        token = token_for(session, other)
        assert sign_in.resolve(session, token) is not None
        act()
        session.expire_all()
        assert sign_in.resolve(session, token) is None


def test_signing_out_ends_the_session_in_every_tab(session, make_user):
    token = token_for(session, make_user())
    actor = sign_in.resolve(session, token)

    sign_in.sign_out(session, actor)

    assert sign_in.resolve(session, token) is None


def test_a_screen_hidden_for_long_takes_the_password(session, make_user):
    token = token_for(session, make_user())
    sign_in.hide(session, sign_in.resolve(session, token))
    clock.set_fixed(NOW + timedelta(minutes=6))
    session.expire_all()
    hidden = sign_in.resolve(session, token)

    with pytest.raises(sign_in.PasswordNeeded):
        sign_in.unhide(session, hidden)
    account = sign_in.find_own_account(session, hidden, address=None)
    assert isinstance(sign_in.unhide(session, hidden, account=account, is_right=False), Missed)
    assert session.info[COLLECTED][-1].action == audit.Action.SIGN_IN_MISSED
    assert sign_in.unhide(session, hidden, account=account, is_right=True) is None
    session.expire_all()
    assert sign_in.resolve(session, token).hidden_since is None


def miss_from(session, address, times):
    """Let different names be guessed at from one address."""
    for number in range(times):
        with contextlib.suppress(TooManyTries):
            account = sign_in.find_account(session, name=f"guess{number}", address=address)
            sign_in.start_session(session, account, is_right=False, address=address)


def test_guesses_from_one_address_shut_out_only_who_never_signed_in_there(session, make_user):
    make_user(Role.ADMIN), make_user(Role.COUNSELLOR)
    sign(session, "user1", PASSWORD)
    miss_from(session, "10.0.0.5", 60)

    assert sign(session, "user1", "wrong-one") == Missed(tries_left=4, wait_seconds=0)
    assert isinstance(sign(session, "user1", PASSWORD), SignedIn)
    with pytest.raises(TooManyTries):
        sign(session, "user2", PASSWORD)


def test_guesses_at_a_name_from_everywhere_don_t_shut_out_its_owner_at_home(session, make_user):
    make_user(Role.ADMIN)
    sign(session, "user1", PASSWORD)
    for number in range(30):
        account = sign_in.find_account(session, name="user1", address=f"10.0.1.{number}")
        sign_in.start_session(session, account, is_right=False, address=f"10.0.1.{number}")

    assert isinstance(sign(session, "user1", PASSWORD), SignedIn)
    with pytest.raises(TooManyTries):
        sign(session, "user1", PASSWORD, address="10.0.2.1")


def test_who_is_known_at_an_address_still_has_five_tries_there(session, make_user):
    make_user(Role.ADMIN)
    sign(session, "user1", PASSWORD)
    for _ in range(5):
        sign_in.start_session(
            session, sign_in.find_account(session, name="user1", address="10.0.0.5"), is_right=False, address="10.0.0.5"
        )

    with pytest.raises(TooManyTries):
        sign(session, "user1", PASSWORD)


def test_a_name_is_known_for_thirty_days(session, make_user):
    make_user(Role.ADMIN)
    sign(session, "user1", PASSWORD)
    clock.set_fixed(NOW + sign_in.KNOWN_FOR)
    miss_from(session, "10.0.0.5", 60)

    with pytest.raises(TooManyTries):
        sign(session, "user1", PASSWORD)
