"""Subsidies of guardian angels: written down for a term, paid, taken back with a reason (J-14)."""

from datetime import date, timedelta

import pytest

from db.tables import PairingEnd, PairingRole, PairingSubsidy, Role, Term
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.pairing import subsidies
from services.pairing.subsidies import SubsidyFilters, SubsidyPaid, SubsidyState, SubsidyTakenBack
from tests.conftest import codes
from tests.services.children import collected

TODAY = date(2026, 11, 20)
ANGEL = PairingRole.GUARDIAN_ANGEL


@pytest.fixture
def lead(make_user, term):
    return make_user(Role.LEAD)


@pytest.fixture
def pair(lead, make_student, make_helper, make_pair):
    return make_pair(make_student("江一"), make_helper("试守护"), role=ANGEL)


def save(session, actor, pair, term, *, amount="300", version=0, **more):
    return subsidies.save_subsidy(
        session, actor, pairing_id=pair.id, term_id=term.id, version=version, amount=amount, **more
    )


def listed(session, actor, term, state=None):
    filters = SubsidyFilters(term.id, state)
    total = subsidies.count_subsidies(session, actor, filters=filters).total
    rows = subsidies.list_subsidies(session, actor, filters=filters, page=1, total=total, page_size=50)
    assert len(rows) == total
    return [(row.child, row.state, row.amount_fen) for row in rows]


def sums(session, actor, term):
    count = subsidies.count_subsidies(session, actor, filters=SubsidyFilters(term.id))
    return count.owed_fen, count.paid_fen


def test_who_is_a_guardian_angel_this_term_and_has_none_is_shown_as_missing(
    session, lead, term, pair, make_student, make_helper, make_pair
):
    helper = make_helper("试别人", capacity=9)
    make_pair(make_student("江二"), helper, role=PairingRole.MENTOR)
    make_pair(
        make_student("江三"), helper, role=ANGEL, from_day=date(2026, 1, 5), to_day=date(2026, 6, 1),
        end_reason=PairingEnd.DONE,
    )  # fmt: skip

    assert listed(session, lead, term) == [("江一", SubsidyState.MISSING, None)]


def test_it_is_owed_then_paid_and_adds_up_in_fen(session, lead, term, pair):
    number = save(session, lead, pair, term, amount="300.50", note="按学期")
    assert listed(session, lead, term) == [("江一", SubsidyState.OWED, 30050)]
    assert sums(session, lead, term) == (30050, 0)

    subsidies.pay_subsidy(session, lead, subsidy_id=number, version=1, day=TODAY)

    assert listed(session, lead, term, SubsidyState.PAID) == [("江一", SubsidyState.PAID, 30050)]
    assert sums(session, lead, term) == (0, 30050)
    row = session.get_one(PairingSubsidy, number)
    assert (row.paid_on, row.recorded_by_id) == (TODAY, lead.user_id)
    assert "按学期".encode() not in (row.note_sealed or b"")
    assert {"pairing.subsidy_saved", "pairing.subsidy_paid"} <= set(collected(session))
    with pytest.raises(SubsidyPaid):
        save(session, lead, pair, term, amount="200", version=2)
    with pytest.raises(SubsidyPaid):
        subsidies.pay_subsidy(session, lead, subsidy_id=number, version=3, day=TODAY)


def test_what_is_taken_back_counts_no_more_and_can_be_written_down_anew(session, lead, term, pair):
    number = save(session, lead, pair, term)
    subsidies.pay_subsidy(session, lead, subsidy_id=number, version=1, day=TODAY)

    with pytest.raises(FieldErrors):
        subsidies.take_back_subsidy(session, lead, subsidy_id=number, version=2, reason=" ")
    subsidies.take_back_subsidy(session, lead, subsidy_id=number, version=2, reason="发给了别人")

    assert listed(session, lead, term) == [("江一", SubsidyState.MISSING, None)]
    assert sums(session, lead, term) == (0, 0)
    row = subsidies.find_subsidy(session, lead, pairing_id=pair.id, term_id=term.id)
    assert (row.taken_back_on, row.taken_back_why) == (TODAY, "发给了别人")
    with pytest.raises(SubsidyTakenBack):
        subsidies.take_back_subsidy(session, lead, subsidy_id=number, version=3, reason="再来")
    session.expire_all()
    save(session, lead, pair, term, amount="200", version=session.get_one(PairingSubsidy, number).version)
    assert listed(session, lead, term) == [("江一", SubsidyState.OWED, 20000)]


@pytest.mark.parametrize("amount", [None, "", "0", "-3", "三百", "1.005", "100001"])
def test_an_amount_is_yuan_with_two_decimals_at_most(session, lead, term, pair, amount):
    with pytest.raises(FieldErrors) as raised:
        save(session, lead, pair, term, amount=amount)

    assert set(codes(raised)) == {"amount"}


def test_a_day_to_come_is_no_day_of_payment(session, lead, term, pair):
    number = save(session, lead, pair, term)

    for day in (None, date(2026, 11, 21)):
        with pytest.raises(FieldErrors) as raised:
            subsidies.pay_subsidy(session, lead, subsidy_id=number, version=1, day=day)
        assert set(codes(raised)) == {"paid_on"}


@pytest.mark.parametrize("day", [date(1900, 1, 1), date(2026, 8, 31)], ids=["far off", "the day before"])
def test_nobody_is_paid_before_the_pair_began(session, lead, term, pair, day):
    number = save(session, lead, pair, term)

    with pytest.raises(FieldErrors) as raised:
        subsidies.pay_subsidy(session, lead, subsidy_id=number, version=1, day=day)

    assert codes(raised) == {"paid_on": "before_pair"}


def test_the_pair_ran_in_the_term(session, lead, term, pair):
    spring = Term(school_year=2025, number=2, first_day=date(2026, 2, 20), last_day=date(2026, 7, 5))
    session.add(spring)
    session.flush()

    with pytest.raises(FieldErrors) as raised:
        save(session, lead, pair, spring)

    assert codes(raised) == {"term_id": "pair_not_in_term"}


@pytest.mark.parametrize(("days_in", "is_in"), [(0, False), (1, True)])
def test_a_pair_that_ends_as_the_term_begins_is_not_of_it(session, lead, term, pair, days_in, is_in):
    pair.from_day, pair.end_reason = term.first_day - timedelta(days=30), PairingEnd.DONE
    pair.to_day = term.first_day + timedelta(days=days_in)
    session.flush()

    assert bool(listed(session, lead, term)) is is_in
    if is_in:
        save(session, lead, pair, term)
    else:
        with pytest.raises(FieldErrors) as raised:
            save(session, lead, pair, term)
        assert codes(raised) == {"term_id": "pair_not_in_term"}


def test_a_pair_written_down_by_mistake_is_owed_nothing(session, lead, term, pair):
    pair.from_day = pair.to_day = TODAY
    pair.end_reason = PairingEnd.MISTAKE
    session.flush()

    assert listed(session, lead, term) == []


def test_the_slower_of_two_is_told(session, lead, term, pair):
    save(session, lead, pair, term)

    with pytest.raises(EditedMeanwhile) as raised:
        save(session, lead, pair, term, amount="200")

    assert raised.value.current.amount_fen == 30000


@pytest.mark.parametrize("role", [Role.HOMEROOM, Role.MENTOR, Role.LEADERSHIP, Role.FINANCE, Role.ADMIN])
def test_only_the_care_room_writes_subsidies_down(session, term, make_user, pair, role):
    with pytest.raises(NotAllowed):
        save(session, make_user(role), pair, term)


def test_a_pair_nobody_knows_is_not_found(session, lead, term):
    with pytest.raises(NotFound):
        subsidies.find_subsidy(session, lead, pairing_id=99, term_id=term.id)
    with pytest.raises(NotFound):
        subsidies.pay_subsidy(session, lead, subsidy_id=99, version=1, day=TODAY)
