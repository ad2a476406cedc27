"""Two who pair at once, on both engines: no helper gets more than there is room for, no child two of one kind."""

import pytest
from sqlmodel import func, select

from db.tables import Pairing, PairingEnd, PairingRole, Role
from services.pairing import pairs
from services.pairing.confirming import confirm_pairs
from services.pairing.pairs import HandOver
from services.pairing.proposals import ProposalScope, find_question
from tests.conftest import NOW
from tests.services.pairing.test_proposals import wanted, wanted_of
from tests.services.test_races import chain_is_whole, count_of, crowd, race, settled
from tests.services.test_races import session as race_session

pytestmark = pytest.mark.long
session = race_session
SCOPE = ProposalScope(role=PairingRole.MENTOR, also_others=True)


@pytest.fixture
def lead(make_user, term):
    return make_user(Role.LEAD)


def confirming(lead, chosen):
    return lambda s: confirm_pairs(s, lead, scope=SCOPE, wanted=chosen)


def test_one_suggestion_confirmed_twice_is_written_once(session, lead, make_user, make_helper, make_student):
    make_helper(actor=make_user(name="试老师"))
    for name in ("江一", "江二"):
        make_student(name)
    settled(session)
    chosen = wanted_of(find_question(session, lead, scope=SCOPE))
    settled(session)

    assert race(confirming(lead, chosen), confirming(lead, chosen)) == ["done", "PairsRefused"]
    assert count_of(select(func.count()).select_from(Pairing)) == 2
    assert chain_is_whole()


def test_many_who_want_the_last_places_of_one_helper(session, lead, make_user, make_helper, make_student):
    make_helper(actor=make_user(name="试老师"), capacity=3)
    for at in range(8):
        make_student(f"江{'一二三四五六七八'[at]}")
    settled(session)
    question = find_question(session, lead, scope=SCOPE)
    acts = [confirming(lead, [wanted(each, question.helpers[0])]) for each in question.children]
    settled(session)

    outcomes = crowd(acts)

    assert sorted(outcomes) == ["PairsRefused"] * 5 + ["done"] * 3
    assert count_of(select(func.count()).select_from(Pairing)) == 3
    assert chain_is_whole()


def test_two_who_name_children_and_helpers_in_other_orders_do_not_wait_for_each_other(
    session, lead, make_user, make_helper, make_student
):
    for name in ("试甲", "试乙"):
        make_helper(actor=make_user(name=name), capacity=9)
    for at in "一二三四":
        make_student(f"江{at}")
    settled(session)
    question = find_question(session, lead, scope=SCOPE)
    first, second = question.helpers
    children = question.children
    settled(session)

    outcomes = race(
        confirming(lead, [wanted(children[0], first), wanted(children[1], second)]),
        confirming(lead, [wanted(children[3], second), wanted(children[2], first)]),
    )

    assert outcomes == ["done", "done"]
    assert count_of(select(func.count()).select_from(Pairing)) == 4


def test_one_child_given_to_two_helpers_at_once_gets_one(session, lead, make_user, make_helper, make_student):
    for name in ("试甲", "试乙"):
        make_helper(actor=make_user(name=name))
    make_student("江一")
    settled(session)
    question = find_question(session, lead, scope=SCOPE)
    acts = [confirming(lead, [wanted(question.children[0], helper)]) for helper in question.helpers]
    settled(session)

    assert race(*acts) == ["done", "PairsRefused"]
    assert count_of(select(func.count()).select_from(Pairing)) == 1


def test_one_pair_handed_to_two_helpers_at_once_goes_to_the_first(session, lead, make_helper, make_student, make_pair):
    leaving, one, other = (make_helper(name) for name in ("试离任", "试甲", "试乙"))
    pair = make_pair(make_student("江一"), leaving, role=PairingRole.PEER_PARENT)
    pairing_id, version, from_helper_id, to = pair.id, pair.version, leaving.id, (one.id, other.id)
    settled(session)

    def handing(to_helper_id):
        moves = [HandOver(pairing_id=pairing_id, version=version, to_helper_id=to_helper_id)]
        return lambda s: pairs.hand_over(
            s, lead, from_helper_id=from_helper_id, day=NOW.date(), reason=PairingEnd.HELPER_LEFT, moves=moves
        )

    assert race(*map(handing, to)) == ["done", "HandOverRefused"]
    assert count_of(select(func.count()).select_from(Pairing).where(Pairing.to_day.is_(None))) == 1
    assert chain_is_whole()
