"""Who is suggested for whom: against trying everything, and without a database."""

import itertools
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.tables import Gender
from services.pairing import suggestions
from services.pairing.fitting import Candidate, ChildInNeed, PastHelp, Reason, may_help, points_of, reasons_of
from services.pairing.suggestions import LeftOut, WhyNobody, suggest
from services.pairing.weights import SexWish, Weights

GIRL, BOY = Gender.FEMALE, Gender.MALE
GENDERS = st.sampled_from([None, *Gender])
SUBJECTS = st.frozensets(st.sampled_from(["数学", "英语"]))
POINTS = st.integers(0, 20)
WEIGHTS = st.builds(
    Weights,
    same_class=POINTS,
    same_grade=POINTS,
    sex=st.sampled_from(SexWish),
    same_sex=POINTS,
    subject=POINTS,
    tier_load=POINTS,
    continuity=POINTS,
    evenness=st.integers(0, 10),
)
PAST = st.builds(
    PastHelp, candidate_id=st.integers(1, 4), is_same_role=st.booleans(), days_ago=st.sampled_from([10, 800])
)


def child(child_id=1, **values):
    return ChildInNeed(**({"id": child_id, "class_id": 1, "grade": 7} | values))


def candidate(candidate_id=1, **values):
    return Candidate(**({"id": candidate_id, "room": 5} | values))


@st.composite
def schools(draw):
    """At most five children and four helpers: few enough to try every assignment."""
    children = [
        draw(
            st.builds(
                ChildInNeed,
                id=st.just(100 + at),
                class_id=st.sampled_from([None, 1, 2, 3]),
                grade=st.sampled_from([None, 7, 8]),
                gender=GENDERS,
                comes_first=st.booleans(),
                tier_rank=st.integers(0, 3),
                subjects=SUBJECTS,
                past=st.lists(PAST, max_size=2).map(tuple),
                barred=st.frozensets(st.integers(1, 4), max_size=3),
            )
        )
        for at in range(draw(st.integers(0, 5)))
    ]
    helpers = [
        draw(
            st.builds(
                Candidate,
                id=st.just(1 + at),
                room=st.integers(0, 3),
                gender=GENDERS,
                class_ids=st.frozensets(st.sampled_from([1, 2, 3]), max_size=2),
                grades=st.frozensets(st.sampled_from([7, 8])),
                subjects=SUBJECTS,
                children=st.integers(0, 4),
                tier_load=st.integers(0, 6),
            )
        )
        for at in range(draw(st.integers(0, 4)))
    ]
    return children, helpers, draw(WEIGHTS)


def worth(children, helpers, weights, chosen):
    """What an assignment is worth: how many have somebody, how many at each need, then the points."""
    helped = [(child, helper) for child, helper in zip(children, chosen, strict=True) if helper is not None]
    needs = sorted({child.need for child in children}, reverse=True)
    by_need = Counter(child.need for child, _ in helped)
    load = Counter(helper.id for _, helper in helped)
    spread = sum(weights.evenness * (each.children + at) for each in helpers for at in range(load[each.id]))
    points = sum(points_of(child, helper, weights) for child, helper in helped) - spread
    return len(helped), [by_need[need] for need in needs], points


def best_by_trying(children, helpers, weights):
    choices = [[None, *(each for each in helpers if may_help(child, each, weights))] for child in children]
    return max(
        worth(children, helpers, weights, chosen)
        for chosen in itertools.product(*choices)
        if all(count <= helper.room for helper, count in Counter(filter(None, chosen)).items())
    )


@pytest.mark.parametrize("cells", [suggestions.MOST_CELLS, 1], ids=["all places at once", "places as wanted"])
def test_nothing_beats_what_is_suggested(monkeypatch, cells):
    monkeypatch.setattr(suggestions, "MOST_CELLS", cells)

    @settings(max_examples=150, deadline=None)
    @given(schools())
    def check(school):
        children, helpers, weights = school
        by_id = {each.id: each for each in helpers}

        found = suggest(children, helpers, weights)

        chosen = {pair.child_id: by_id[pair.candidate_id] for pair in found.pairs}
        assert sorted([*chosen, *(each.child_id for each in found.left_out)]) == [each.id for each in children]
        assert all(may_help(each, chosen[each.id], weights) for each in children if each.id in chosen)
        assert all(count <= by_id[one].room for one, count in Counter(each.id for each in chosen.values()).items())
        drawn = [chosen.get(each.id) for each in children]
        assert worth(children, helpers, weights, drawn) == best_by_trying(children, helpers, weights)

    check()


@settings(max_examples=40, deadline=None)
@given(schools(), st.randoms())
def test_the_order_of_what_is_read_changes_nothing(school, random):
    children, helpers, weights = school
    before = suggest(children, helpers, weights)

    random.shuffle(children)
    random.shuffle(helpers)

    assert suggest(children, helpers, weights) == before


def test_among_equals_the_lowest_number_comes_first():
    children, helpers = [child(at) for at in (3, 1, 2)], [candidate(at, room=1) for at in (5, 6, 4)]

    found = suggest(children, helpers, Weights())

    assert [(pair.child_id, pair.candidate_id) for pair in found.pairs] == [(1, 4), (2, 5), (3, 6)]


def test_one_child_gives_way_where_that_is_better_for_both():
    """Going child by child, the first would take the helper the second needs."""
    both, only_first = candidate(1, room=1, class_ids=frozenset({1, 2})), candidate(2, room=1, grades=frozenset({7}))
    children = [child(1, class_id=1), child(2, class_id=2, grade=8)]

    found = suggest(children, [both, only_first], Weights())

    assert [(pair.child_id, pair.candidate_id) for pair in found.pairs] == [(1, 2), (2, 1)]


def test_more_children_helped_come_before_all_points():
    picky = child(2, barred=frozenset({2}))
    dear, other = candidate(1, room=1, class_ids=frozenset({1})), candidate(2, room=1)

    found = suggest([child(1, past=(PastHelp(1, True, 10),)), picky], [dear, other], Weights(continuity=100))

    assert {pair.child_id: pair.candidate_id for pair in found.pairs} == {1: 2, 2: 1}


def test_one_more_child_helped_comes_before_the_points_of_many():
    """Each sits in the class the next one's helper teaches: for the last to have anybody, all move one on."""
    helpers = [candidate(at, room=1, class_ids=frozenset({at + 1})) for at in range(1, 7)]
    asked = [child(at, class_id=at, grade=8, barred=frozenset(range(1, 7)) - {at - 1, at}) for at in range(1, 7)]

    found = suggest(asked, helpers, Weights(same_class=100))

    assert {pair.child_id: pair.candidate_id for pair in found.pairs} == {at: at for at in range(1, 7)}


def test_who_teaches_the_class_teaches_the_grade():
    there = candidate(class_ids=frozenset({1}))

    assert points_of(child(), there, Weights(same_class=10, same_grade=30)) == 30


def test_those_in_greater_need_get_the_last_places():
    children = [child(1), child(2, tier_rank=3), child(3, comes_first=True), child(4, comes_first=True, tier_rank=1)]

    found = suggest(children, [candidate(room=2, tier_load=40)], Weights(tier_load=100))

    assert [pair.child_id for pair in found.pairs] == [4, 3]
    assert found.left_out == (LeftOut(2, WhyNobody.ALL_FULL), LeftOut(1, WhyNobody.ALL_FULL))


def test_a_wish_counts_and_a_must_forbids():
    helpers = [candidate(1, gender=BOY), candidate(2, gender=GIRL)]
    girl, unknown = child(1, gender=GIRL), child(2, gender=None)

    wished = suggest([girl, unknown], helpers, Weights(sex=SexWish.PREFER))
    must = suggest([girl, unknown], helpers, Weights(sex=SexWish.REQUIRE))

    assert wished.pairs[0].candidate_id == 2
    assert Reason.SAME_SEX in wished.pairs[0].reasons
    assert not wished.left_out
    assert must.left_out == (LeftOut(2, WhyNobody.NOBODY_MAY),)


def test_children_are_spread_and_whoever_has_none_comes_first():
    helpers = [candidate(1, children=2), candidate(2), candidate(3)]

    found = suggest([child(at) for at in range(1, 5)], helpers, Weights(evenness=1))

    assert Counter(pair.candidate_id for pair in found.pairs) == {2: 2, 3: 2}


@pytest.mark.parametrize(
    ("helper", "reasons"),
    [
        ({"class_ids": frozenset({1}), "grades": frozenset({7})}, {Reason.SAME_CLASS}),
        ({"grades": frozenset({7})}, {Reason.SAME_GRADE}),
        ({"subjects": frozenset({"数学", "英语"})}, {Reason.SUBJECT}),
        ({"id": 9}, {Reason.HELPED_BEFORE}),
        ({"tier_load": 0}, {Reason.NO_TIER_LOAD}),
        ({"children": 0}, {Reason.NO_CHILD_YET}),
        ({}, {Reason.HAS_ROOM}),
    ],
    ids=["class", "grade", "subject", "before", "tier", "none yet", "nothing else"],
)
def test_a_suggestion_says_why(helper, reasons):
    asked = child(subjects=frozenset({"数学"}), tier_rank=2, past=(PastHelp(9, True, 10),))

    assert set(reasons_of(asked, candidate(**({"children": 1, "tier_load": 3} | helper)), Weights())) == reasons


def test_what_does_not_count_is_no_reason():
    nothing = Weights(0, 0, SexWish.PREFER, 0, 0, 0, 0, 0)
    asked = child(gender=BOY, subjects=frozenset({"数学"}), tier_rank=2, past=(PastHelp(1, True, 10),))
    fits = candidate(gender=BOY, class_ids=frozenset({1}), subjects=frozenset({"数学"}))

    assert reasons_of(asked, fits, nothing) == (Reason.HAS_ROOM,)
    assert points_of(asked, fits, nothing) == 0


@pytest.mark.parametrize(
    ("past", "points"),
    [
        (PastHelp(1, True, 10), 40),
        (PastHelp(1, True, 366), 40),
        (PastHelp(1, True, 367), 20),
        (PastHelp(1, False, 10), 20),
        (PastHelp(2, True, 1), 0),
    ],
    ids=["same role", "a year ago", "long ago", "another role", "somebody else"],
)
def test_who_helped_before_counts_by_role_and_time(past, points):
    assert points_of(child(past=(past,)), candidate(1), Weights(continuity=40)) == points


def test_nobody_to_help_and_nobody_who_helps():
    assert suggest([], [candidate()], Weights()).pairs == ()
    assert suggest([child()], [], Weights()).left_out == (LeftOut(1, WhyNobody.NOBODY_MAY),)
    assert suggest([child()], [candidate(room=0)], Weights()).left_out == (LeftOut(1, WhyNobody.ALL_FULL),)
