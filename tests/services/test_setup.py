"""First run: the one-time code, and a claim that only one can win."""

import threading
from dataclasses import replace
from datetime import date

import pytest
from sqlmodel import func, select

from db.tables import AppUser, Role, RoleGrant, Setting, SystemFact, Term
from db.transactions import reading, transaction
from services import setup, sign_in
from services.errors import FieldErrors
from services.setup import AlreadyClaimed, ClaimRequest, WrongClaimCode

REQUEST = ClaimRequest(
    school_name="青澜县望舒中心学校",
    school_year=2026,
    term_number=1,
    first_day=date(2026, 9, 1),
    last_day=date(2027, 1, 22),
    admin_name="方信",
    admin_username="fangxin",
    admin_password="Wangshu-2026",
    admin_password_again="Wangshu-2026",
    lead_name="何知微",
    lead_username="hezhiwei",
)
PREPARED = ("abcd-efgh-jkmn", "x" * 60)


@pytest.fixture
def code(location) -> str:
    found = setup.announce_claim_code(location)
    assert found
    return found


def claim(code: str, request: ClaimRequest = REQUEST):
    with transaction() as session:
        return setup.claim(session, code=code, request=request, admin_hash="y" * 60, lead_prepared=PREPARED)


def count(table) -> int:
    with reading() as session:
        return session.exec(select(func.count()).select_from(table)).one()


def test_the_code_opens_once_and_makes_everything(code):
    slip = claim(f" {code.lower()} ")

    assert (slip.username, slip.password) == ("hezhiwei", "abcd-efgh-jkmn")
    with reading() as session:
        assert setup.state(session) == setup.SetupState(True, "青澜县望舒中心学校")
        roles = session.exec(select(AppUser.username, RoleGrant.role).join(RoleGrant)).all()
        assert set(roles) == {("fangxin", Role.ADMIN), ("hezhiwei", Role.LEAD)}
        must = dict(session.exec(select(AppUser.username, AppUser.must_change_password)).all())
        assert must == {"fangxin": False, "hezhiwei": True}
        assert session.get(SystemFact, setup.CLAIM_CODE) is None
    with pytest.raises(AlreadyClaimed):
        claim(code)


def test_a_school_that_is_set_up_gets_no_new_code(code, location):
    claim(code)

    assert setup.announce_claim_code(location) is None
    with reading() as session, pytest.raises(AlreadyClaimed):
        setup.check_code(session, code=code, address=None)


def test_a_new_start_makes_a_new_code(code, location):
    newer = setup.announce_claim_code(location)

    with pytest.raises(WrongClaimCode):
        claim(code)
    assert claim(newer).username == "hezhiwei"


def test_the_code_is_stored_only_as_a_digest(code):
    with reading() as session:
        stored = session.get_one(SystemFact, setup.CLAIM_CODE).value

    assert code not in stored
    assert code.replace("-", "") not in stored


@pytest.mark.parametrize(
    "typed", ["AAAA-AAAA", "x" * 4_000, "🙂", "=HYPERLINK(1)", "<script>", "' OR 1=1 --"], ids=lambda text: text[:9]
)
def test_a_wrong_code_is_counted_until_the_address_waits(code, typed: str):
    for left in (4, 3, 2, 1, 0):
        with transaction() as session:
            missed = setup.check_code(session, code=typed, address="10.0.0.9")
        assert missed is not None
        assert missed.tries_left == left

    with transaction() as session, pytest.raises(sign_in.TooManyTries):
        setup.check_code(session, code=code, address="10.0.0.9")
    with transaction() as session:
        assert setup.check_code(session, code=code, address="10.0.0.7") is None


@pytest.mark.parametrize("typed", ["  ", "x" * 10_000], ids=["blank", "far too long"])
def test_what_can_be_no_code_is_not_counted(code, typed: str):
    with reading() as session, pytest.raises(FieldErrors):
        setup.check_code(session, code=typed, address=None)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"school_name": " "}, {"school_name": "required"}),
        ({"school_name": "长" * 10_000}, {"school_name": "too_long"}),
        ({"admin_name": ""}, {"admin_name": "required"}),
        ({"lead_name": "长" * 41}, {"lead_name": "too_long"}),
        ({"admin_username": "方信"}, {"admin_username": "username_shape"}),
        ({"lead_username": "=HYPERLINK(1)"}, {"lead_username": "username_shape"}),
        ({"lead_username": "<script>"}, {"lead_username": "username_shape"}),
        ({"lead_username": "x' OR 1=1"}, {"lead_username": "username_shape"}),
        ({"lead_username": "🙂🙂"}, {"lead_username": "username_shape"}),
        ({"lead_username": "FangXin"}, {"lead_username": "taken"}),
        (
            {"admin_password": "a1b2c3" * 12 + "x", "admin_password_again": "a1b2c3" * 12 + "x"},
            {"admin_password": "password_too_long"},
        ),
        ({"admin_password": "abc", "admin_password_again": "abc"}, {"admin_password": "password_too_short"}),
        ({"admin_password_again": "Wangshu-2062"}, {"admin_password_again": "password_differs"}),
        ({"first_day": None}, {"first_day": "required"}),
        ({"last_day": date(2026, 8, 1)}, {"last_day": "before_start"}),
    ],
)
def test_what_can_t_be_used_is_refused_and_nothing_is_written(code, changes, expected):
    with pytest.raises(FieldErrors) as refused:
        claim(code, replace(REQUEST, **changes))

    assert {name: problem.code for name, problem in refused.value.problems.items()} == expected
    assert [count(table) for table in (AppUser, Term, Setting)] == [0, 0, 0]


def test_of_two_claims_at_once_exactly_one_wins(code):
    gate, outcomes = threading.Barrier(2), []

    def race(name: str) -> None:
        gate.wait()
        try:
            claim(code, replace(REQUEST, admin_username=name, lead_username=f"{name}-lead"))
            outcomes.append("won")
        except (AlreadyClaimed, WrongClaimCode) as error:
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=race, args=(name,)) for name in ("first", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count("won") == 1
    assert count(AppUser) == 2
    assert count(Term) == 1
