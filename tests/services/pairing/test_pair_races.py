"""Pairing, changing and handing over at once, on both engines: no helper over capacity, no child with two of a kind."""

import pytest
from sqlmodel import func, select

from db.tables import HelperKind, Pairing, PairingEnd, PairingRole, PairingSubsidy, Role
from services.pairing import helpers, pairs, subsidies
from services.pairing.helpers import HelperEntry
from services.pairing.pairs import HandOver, PairEntry
from tests.conftest import NOW
from tests.services.test_races import chain_is_whole, count_of, crowd, race, settled
from tests.services.test_races import session as race_session

pytestmark = pytest.mark.long
session = race_session
ROLE = PairingRole.PEER_PARENT
OPEN = select(func.count()).select_from(Pairing).where(Pairing.to_day.is_(None))


@pytest.fixture
def lead(make_user, term):
    return make_user(Role.LEAD)


def starting(lead, child, helper, role=ROLE):
    entry = PairEntry(student_id=child.id, helper_id=helper.id, role=role)
    return lambda s: pairs.start_pair(s, lead, entry=entry)


def test_many_at_once_fill_a_helper_to_the_last_place_and_no_further(session, lead, make_student, make_helper):
    helper = make_helper(capacity=3)
    children = [make_student(f"江{n}") for n in "一二三四五六七八"]
    acts = [starting(lead, child, helper) for child in children]
    settled(session)

    assert sorted(crowd(acts)) == ["FieldErrors"] * 5 + ["done"] * 3
    assert count_of(OPEN) == 3
    assert chain_is_whole()


def test_a_child_paired_twice_at_once_has_one_of_the_kind(session, lead, make_student, make_helper):
    child = make_student()
    teachers = [make_helper(f"试{n}", kind=HelperKind.STAFF) for n in "甲乙"]
    acts = [starting(lead, child, each, PairingRole.MENTOR) for each in teachers]
    settled(session)

    assert sorted(race(*acts)) == ["FieldErrors", "done"]
    assert count_of(OPEN) == 1


def test_places_taken_away_while_a_child_comes_are_still_enough(session, lead, make_student, make_helper, make_pair):
    helper = make_helper(capacity=2)
    make_pair(make_student("江一"), helper, role=ROLE)
    act = starting(lead, make_student("江二"), helper)
    entry, helper_id = HelperEntry(name="试帮手", capacity=1), helper.id
    settled(session)

    def lessen(s):
        return helpers.change_helper(s, lead, helper_id=helper_id, version=1, entry=entry)

    assert sorted(race(act, lessen)) == ["FieldErrors", "done"]


def test_who_leaves_while_a_child_comes_has_no_child_afterwards(session, lead, make_student, make_helper):
    helper = make_helper()
    act, helper_id = starting(lead, make_student(), helper), helper.id
    settled(session)

    def leave(s):
        return helpers.end_helper(s, lead, helper_id=helper_id, version=1, day=NOW.date())

    outcomes = sorted(race(act, leave))
    assert outcomes in (["FieldErrors", "done"], ["HelperHasChildren", "done"])


def test_two_who_hand_over_to_each_other_do_not_wait_for_ever(session, lead, make_student, make_helper, make_pair):
    first, second = make_helper("试甲", capacity=9), make_helper("试乙", capacity=9)
    pair_of = {each.id: make_pair(make_student(f"江{each.id}"), each, role=ROLE).id for each in (first, second)}
    ids = (first.id, second.id)
    settled(session)

    def handing(giver, taker):
        move = HandOver(pairing_id=pair_of[giver], version=1, to_helper_id=taker)
        return lambda s: pairs.hand_over(
            s, lead, from_helper_id=giver, day=NOW.date(), reason=PairingEnd.CHANGED, moves=[move]
        )

    assert race(handing(*ids), handing(*reversed(ids))) == ["done", "done"]
    assert count_of(OPEN) == 2
    assert chain_is_whole()


def test_one_pair_ended_and_handed_over_at_once_changes_once(session, lead, make_student, make_helper, make_pair):
    first, second = make_helper("试甲"), make_helper("试乙")
    pairing_id = make_pair(make_student(), first, role=ROLE).id
    ids = (first.id, second.id)
    settled(session)
    move = HandOver(pairing_id=pairing_id, version=1, to_helper_id=ids[1])

    outcomes = race(
        lambda s: pairs.end_pair(s, lead, pairing_id=pairing_id, version=1, day=NOW.date(), reason=PairingEnd.DONE),
        lambda s: pairs.hand_over(
            s, lead, from_helper_id=ids[0], day=NOW.date(), reason=PairingEnd.HELPER_LEFT, moves=[move]
        ),
    )

    assert sum(each == "done" for each in outcomes) == 1


def test_one_subsidy_written_down_twice_at_once_stands_once(session, lead, term, make_student, make_helper, make_pair):
    pairing_id = make_pair(make_student(), make_helper(), role=PairingRole.GUARDIAN_ANGEL).id
    term_id = term.id
    settled(session)

    def writing(amount):
        return lambda s: subsidies.save_subsidy(
            s, lead, pairing_id=pairing_id, term_id=term_id, version=0, amount=amount
        )

    assert sorted(race(writing("300"), writing("200"))) == ["EditedMeanwhile", "done"]
    assert count_of(select(func.count()).select_from(PairingSubsidy)) == 1
    assert chain_is_whole()


def test_one_subsidy_paid_and_taken_back_at_once_changes_once(
    session, lead, term, make_student, make_helper, make_pair
):
    pair = make_pair(make_student(), make_helper(), role=PairingRole.GUARDIAN_ANGEL)
    number = subsidies.save_subsidy(session, lead, pairing_id=pair.id, term_id=term.id, version=0, amount="300")
    settled(session)

    outcomes = race(
        lambda s: subsidies.pay_subsidy(s, lead, subsidy_id=number, version=1, day=NOW.date()),
        lambda s: subsidies.take_back_subsidy(s, lead, subsidy_id=number, version=1, reason="登记错了"),
    )

    assert sorted(outcomes) == ["EditedMeanwhile", "done"]
