"""Pairs: one of most kinds a child, no helper over capacity on any day, ending, and handing over (J-01, J-06)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from db.tables import AppUser, EnrolmentState, Gender, HelperKind, Pairing, PairingEnd, PairingRole, Role
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.pairing import pairs
from services.pairing.pairs import HandOver, HandOverRefused, PairEnded, PairEntry
from services.pairing.rules import Days, most_at_once
from tests.conftest import codes
from tests.services.children import LONG, collected

TODAY = date(2026, 11, 20)
DAY = timedelta(days=1)
MENTOR, BUDDY = PairingRole.MENTOR, PairingRole.BUDDY


@pytest.fixture
def lead(make_user, term):
    return make_user(Role.LEAD)


@pytest.fixture
def mentor(make_user, make_helper):
    return make_helper(actor=make_user(Role.MENTOR, name="试导师"))


def start(session, actor, child, helper, role=MENTOR, **more):
    entry = PairEntry(student_id=child.id, helper_id=helper.id, role=role, **more)
    return pairs.start_pair(session, actor, entry=entry)


def end(session, actor, pairing_id, *, version=1, day=TODAY, reason=PairingEnd.CHANGED):
    pairs.end_pair(session, actor, pairing_id=pairing_id, version=version, day=day, reason=reason)


def test_a_pair_begins_today_with_what_it_is_about_sealed(session, lead, make_student, mentor):
    pairing_id = start(session, lead, make_student(), mentor, content="每周一起读书")

    row = session.get_one(Pairing, pairing_id)
    assert (row.from_day, row.to_day, row.recorded_by_id) == (TODAY, None, lead.user_id)
    assert "每周".encode() not in (row.content_sealed or b"")
    assert pairs.find_pair(session, lead, pairing_id=pairing_id).content == "每周一起读书"
    assert "pairing.started" in collected(session)


@pytest.mark.parametrize("role", list(PairingRole))
def test_of_most_kinds_a_child_has_one_and_of_the_same_person_never_two(
    session, lead, make_student, make_helper, make_user, role
):
    kinds = {PairingRole.BUDDY: HelperKind.PUPIL, PairingRole.EXCELLENT_STUDENT: HelperKind.PUPIL}
    kinds |= {PairingRole.VOLUNTEER: HelperKind.VOLUNTEER, PairingRole.PARTY_CADRE: HelperKind.PARTY_CADRE}
    kinds |= {PairingRole.PEER_PARENT: HelperKind.PARENT}
    kind = kinds.get(role, HelperKind.STAFF)
    ways = {"kind": kind, "vetted_on": TODAY - DAY}
    first, second = make_helper("试甲", **ways), make_helper("试乙", **ways)
    child = make_student()
    start(session, lead, child, first, role)

    with pytest.raises(FieldErrors) as same:
        start(session, lead, child, first, role)
    several = role in (PairingRole.BUDDY, PairingRole.VOLUNTEER, PairingRole.PEER_PARENT)
    if several:
        start(session, lead, child, second, role)
    else:
        with pytest.raises(FieldErrors) as other:
            start(session, lead, child, second, role)
        assert codes(other) == {"role": "pair_taken"}

    assert codes(same) == {"role": "pair_taken"}


def test_days_may_touch_and_must_not_overlap_also_ahead(session, lead, make_student, mentor, make_helper, make_user):
    child, other = make_student(), make_helper(actor=make_user(Role.MENTOR))
    first = start(session, lead, child, mentor, from_day=date(2026, 9, 1))
    end(session, lead, first, day=date(2026, 12, 1))  # agreed ahead

    with pytest.raises(FieldErrors) as overlapping:
        start(session, lead, child, other, from_day=date(2026, 11, 30))
    start(session, lead, child, other, from_day=date(2026, 12, 1))
    with pytest.raises(FieldErrors) as before_the_next:
        start(session, lead, child, mentor, from_day=date(2026, 8, 1))

    assert codes(overlapping) == {"role": "pair_taken"}
    assert "role" in codes(before_the_next)


def test_an_agreed_end_comes_sooner_and_not_later(session, lead, make_student, mentor):
    pairing_id = start(session, lead, make_student(), mentor, from_day=date(2026, 9, 1))
    end(session, lead, pairing_id, day=TODAY + 9 * DAY)

    with pytest.raises(FieldErrors) as raised:  # somebody else may follow
        end(session, lead, pairing_id, version=2, day=TODAY + 10 * DAY)

    assert codes(raised) == {"day": "after_agreed_end"}


def test_an_end_agreed_for_tomorrow_can_still_come_today(session, lead, make_student, mentor):
    pairing_id = start(session, lead, make_student(), mentor, from_day=date(2026, 9, 1))
    end(session, lead, pairing_id, day=TODAY + DAY)

    end(session, lead, pairing_id, version=2, day=TODAY)
    with pytest.raises(PairEnded):
        end(session, lead, pairing_id, version=3, day=TODAY)


@pytest.mark.parametrize(
    ("kind", "role", "values", "refused"),
    [
        (HelperKind.PARENT, PairingRole.PEER_PARENT, {"trained_until": TODAY}, {}),
        (HelperKind.PARENT, PairingRole.PEER_PARENT, {"trained_until": TODAY - DAY}, {"helper_id": "helper_untrained"}),
        (HelperKind.VOLUNTEER, PairingRole.VOLUNTEER, {"vetted_on": TODAY}, {}),
        (HelperKind.VOLUNTEER, PairingRole.VOLUNTEER, {"vetted_on": TODAY + DAY}, {"helper_id": "helper_not_vetted"}),
    ],
    ids=["trained to its last day", "training over", "vetted that day", "vetted later"],
)
def test_a_pair_begins_with_who_is_trained_and_vetted(
    session, lead, make_student, make_helper, kind, role, values, refused
):
    helper, found = make_helper(kind=kind, **values), {}
    try:
        start(session, lead, make_student(), helper, role)
    except FieldErrors as error:
        found = {name: problem.code for name, problem in error.problems.items()}

    assert found == refused


def test_a_mistake_ends_on_the_day_it_began_and_is_in_nobody_s_way(session, lead, make_student, mentor):
    child, began = make_student(), TODAY - 9 * DAY
    first = start(session, lead, child, mentor, from_day=began)

    end(session, lead, first, reason=PairingEnd.MISTAKE, day=None)

    assert session.get_one(Pairing, first).to_day == began
    start(session, lead, child, mentor, from_day=began)


def test_a_full_helper_gets_no_child_on_any_day_of_the_new_pair(session, lead, make_student, make_helper):
    helper = make_helper(capacity=2)
    for name, first in (("江一", TODAY), ("江二", TODAY + 10 * DAY)):
        start(session, lead, make_student(name), helper, PairingRole.PEER_PARENT, from_day=first)

    with pytest.raises(FieldErrors) as raised:  # full from the tenth day on
        start(session, lead, make_student("江三"), helper, PairingRole.PEER_PARENT, from_day=TODAY)

    assert codes(raised) == {"helper_id": "helper_full"}
    assert raised.value.problems["helper_id"].facts == {"capacity": 2, "count": 2}


def test_one_child_in_two_kinds_takes_one_place(session, lead, make_student, make_helper, make_user):
    helper, child = make_helper(actor=make_user(Role.MENTOR), capacity=1), make_student()

    start(session, lead, child, helper, PairingRole.MENTOR)
    start(session, lead, child, helper, PairingRole.PROXY_PARENT)

    assert len(session.exec(select(Pairing)).all()) == 2


@given(
    stints=st.lists(st.tuples(st.integers(1, 4), st.integers(0, 12), st.none() | st.integers(0, 12)), max_size=8),
    first=st.integers(0, 12),
    length=st.none() | st.integers(0, 6),
)
def test_most_at_once_counts_every_single_day(stints, first, length):
    def days(begin, end):
        return Days(TODAY + begin * DAY, TODAY + max(begin, end) * DAY if end is not None else None)

    known = [(child, days(begin, end)) for child, begin, end in stints]
    within = days(first, None if length is None else first + length)
    by_day = [
        len({child for child, stint in known if stint.meets(Days(day, day + DAY))})
        for day in (TODAY + at * DAY for at in range(30))
        if within.meets(Days(day, day + DAY))
    ]

    assert most_at_once(known, within=within) == max(by_day, default=0)


@pytest.mark.parametrize(
    ("overrides", "role", "refused"),
    [
        ({"kind": HelperKind.VOLUNTEER}, PairingRole.VOLUNTEER, {"helper_id": "helper_not_vetted"}),
        ({"trained_until": TODAY - DAY}, PairingRole.PEER_PARENT, {"helper_id": "helper_untrained"}),
        ({"to_day": TODAY + DAY}, PairingRole.PEER_PARENT, {"helper_id": "helper_left"}),
        ({"from_day": TODAY + DAY}, PairingRole.PEER_PARENT, {"from_day": "before_helper"}),
        ({"kind": HelperKind.PUPIL}, PairingRole.MENTOR, {"role": "helper_kind"}),
        ({"gender": Gender.MALE}, PairingRole.LOVE_MOTHER, {"role": "love_mother"}),
    ],
)
def test_who_can_not_be_asked_is_not(session, lead, make_student, make_helper, overrides, role, refused):
    with pytest.raises(FieldErrors) as raised:
        start(session, lead, make_student(), make_helper(**overrides), role)
    assert codes(raised) == refused


def test_a_closed_account_gets_no_child(session, lead, make_student, mentor):
    session.get_one(AppUser, mentor.user_id).is_active = False
    with pytest.raises(FieldErrors) as raised:
        start(session, lead, make_student(), mentor)
    assert codes(raised) == {"helper_id": "helper_account_closed"}


def test_what_is_typed_wrong_is_said_beside_its_field(session, lead, make_student, mentor):
    child = make_student()
    with pytest.raises(FieldErrors) as nothing:
        pairs.start_pair(session, lead, entry=PairEntry())
    with pytest.raises(FieldErrors) as early:
        start(session, lead, child, mentor, from_day=date(2012, 1, 1))
    with pytest.raises(FieldErrors) as late:
        start(session, lead, child, mentor, from_day=date(2028, 1, 1), content=LONG)

    assert codes(nothing) == {"student_id": "required", "helper_id": "required", "role": "required"}
    assert codes(early) == {"from_day": "too_early"}
    assert codes(late) == {"from_day": "too_far", "content": "too_long"}


def test_a_child_that_has_left_gets_nobody(session, lead, make_student, mentor):
    child = make_student(state=EnrolmentState.GRADUATED)
    with pytest.raises(FieldErrors) as raised:
        start(session, lead, child, mentor)
    assert codes(raised) == {"student_id": "not_here"}


def test_a_homeroom_teacher_pairs_the_own_class_and_no_other(
    session, make_user, make_class, make_student, mentor, term
):
    own = make_class(7, 1)
    teacher = make_user(Role.HOMEROOM, Role.SUBJECT_TEACHER, homeroom_of=own, teaches=(taught := make_class(7, 2)))

    pairing_id = start(session, teacher, make_student(in_class=own), mentor)
    with pytest.raises(NotAllowed):  # taught: known, not the own class
        start(session, teacher, make_student("江二", in_class=taught), mentor)
    with pytest.raises(NotFound):
        start(session, teacher, make_student("江三", in_class=make_class(7, 3)), mentor)

    end(session, teacher, pairing_id)


def test_others_neither_read_nor_write_pairs(session, lead, make_user, make_student, mentor):
    child = make_student()
    pairing_id = start(session, lead, child, mentor)
    for role in (Role.SUBJECT_TEACHER, Role.MENTOR, Role.LEADERSHIP, Role.FINANCE, Role.SUPERVISOR, Role.ADMIN):
        outsider = make_user(role)
        with pytest.raises(NotAllowed):
            start(session, outsider, child, mentor)
        with pytest.raises(NotAllowed):
            pairs.find_pair(session, outsider, pairing_id=pairing_id)
        with pytest.raises(NotAllowed):
            end(session, outsider, pairing_id)


def test_ending_asks_day_and_reason_and_knows_the_version(session, lead, make_student, mentor):
    pairing_id = start(session, lead, make_student(), mentor, from_day=date(2026, 9, 1))

    with pytest.raises(FieldErrors) as blank:
        pairs.end_pair(session, lead, pairing_id=pairing_id, version=1, day=None, reason=None)
    with pytest.raises(FieldErrors) as early:
        end(session, lead, pairing_id, day=date(2026, 8, 31))
    pairs.change_pair(session, lead, pairing_id=pairing_id, version=session.get_one(Pairing, pairing_id).version,
                      content="改了")  # fmt: skip
    with pytest.raises(EditedMeanwhile) as faster:
        end(session, lead, pairing_id, version=1)

    assert codes(blank) == {"day": "required", "reason": "required"}
    assert codes(early) == {"day": "before_pair"}
    assert faster.value.current.content == "改了"


def test_what_has_ended_stays_as_it_ended(session, lead, make_student, mentor):
    pairing_id = start(session, lead, make_student(), mentor, from_day=date(2026, 9, 1))
    end(session, lead, pairing_id, day=date(2026, 10, 1))

    with pytest.raises(PairEnded):
        end(session, lead, pairing_id, version=2, day=date(2026, 11, 1))


def test_a_leaving_helper_s_children_go_to_others_in_one_go(session, lead, make_student, make_helper, make_user):
    leaving, staying = (make_helper(actor=make_user(Role.MENTOR)) for _ in range(2))
    ids = [start(session, lead, make_student(f"江{n}"), leaving, from_day=date(2026, 9, 1)) for n in "一二三"]
    moves = [HandOver(pairing_id=each, version=1, to_helper_id=staying.id) for each in ids[:2]]
    moves.append(HandOver(pairing_id=ids[2], version=1, to_helper_id=None))

    count = pairs.hand_over(
        session, lead, from_helper_id=leaving.id, day=TODAY, reason=PairingEnd.HELPER_LEFT, moves=moves
    )

    rows = session.exec(select(Pairing).order_by(Pairing.id)).all()
    assert count == 2
    assert [(row.to_day, row.end_reason, row.version) for row in rows[:3]] == [(TODAY, PairingEnd.HELPER_LEFT, 2)] * 3
    assert [(row.helper_id, row.from_day, row.continues_id) for row in rows[3:]] == [
        (staying.id, TODAY, ids[0]),
        (staying.id, TODAY, ids[1]),
    ]


def test_nobody_is_handed_over_where_one_can_not_be(session, lead, make_student, make_helper, make_user):
    leaving, small = make_helper(actor=make_user(Role.MENTOR)), make_helper(actor=make_user(Role.MENTOR), capacity=1)
    ids = [start(session, lead, make_student(f"江{n}"), leaving) for n in "一二"]
    moves = [HandOver(pairing_id=each, version=1, to_helper_id=small.id) for each in ids]
    session.commit()

    with pytest.raises(HandOverRefused) as raised:
        pairs.hand_over(session, lead, from_helper_id=leaving.id, day=TODAY, reason=PairingEnd.HELPER_LEFT, moves=moves)
    session.rollback()

    assert {key: problem.code for key, problem in raised.value.problems.items()} == {ids[1]: "helper_full"}
    assert all(row.to_day is None for row in session.exec(select(Pairing)))


def test_a_child_who_has_gone_is_handed_to_nobody(session, lead, make_student, make_helper):
    leaving, staying = make_helper("试离任"), make_helper("试接手")
    child = make_student()
    pairing_id = start(session, lead, child, leaving, PairingRole.PEER_PARENT)
    child.state = EnrolmentState.TRANSFERRED
    moves = [HandOver(pairing_id=pairing_id, version=1, to_helper_id=staying.id)]
    session.commit()

    with pytest.raises(HandOverRefused) as raised:
        pairs.hand_over(session, lead, from_helper_id=leaving.id, day=TODAY, reason=PairingEnd.CHANGED, moves=moves)
    session.rollback()

    assert {key: problem.code for key, problem in raised.value.problems.items()} == {pairing_id: "not_here"}


def test_a_mistake_is_not_handed_over(session, lead, make_student, make_helper):
    leaving = make_helper("试离任")
    pairing_id = start(session, lead, make_student(), leaving, PairingRole.PEER_PARENT)
    moves = [HandOver(pairing_id=pairing_id, version=1, to_helper_id=None)]

    with pytest.raises(FieldErrors) as raised:
        pairs.hand_over(session, lead, from_helper_id=leaving.id, day=TODAY, reason=PairingEnd.MISTAKE, moves=moves)

    assert codes(raised) == {"reason": "required"}


def test_a_pair_is_handed_over_to_one_helper(session, lead, make_student, make_helper):
    leaving, one, other = (make_helper(name) for name in ("试离任", "试甲", "试乙"))
    pairing_id = start(session, lead, make_student(), leaving, PairingRole.PEER_PARENT)
    moves = [HandOver(pairing_id=pairing_id, version=1, to_helper_id=each.id) for each in (one, other)]

    with pytest.raises(NotFound):
        pairs.hand_over(session, lead, from_helper_id=leaving.id, day=TODAY, reason=PairingEnd.CHANGED, moves=moves)


def test_a_pair_is_not_handed_over_on_the_day_it_ends_anyway(session, lead, make_student, make_helper):
    leaving, staying = make_helper("试离任"), make_helper("试接手")
    pairing_id = start(session, lead, make_student(), leaving, PairingRole.PEER_PARENT)
    end(session, lead, pairing_id, day=TODAY + DAY)
    moves = [HandOver(pairing_id=pairing_id, version=2, to_helper_id=staying.id)]

    with pytest.raises(HandOverRefused) as raised:
        pairs.hand_over(
            session, lead, from_helper_id=leaving.id, day=TODAY + DAY, reason=PairingEnd.CHANGED, moves=moves
        )

    assert {key: problem.code for key, problem in raised.value.problems.items()} == {pairing_id: "pair_changed"}


def test_a_pair_that_ended_already_keeps_its_end(session, lead, make_student, make_helper, make_pair):
    leaving, staying = make_helper("试离任"), make_helper("试接手")
    pair = make_pair(
        make_student(), leaving, role=PairingRole.PEER_PARENT, to_day=TODAY - DAY, end_reason=PairingEnd.DONE
    )
    moves = [HandOver(pairing_id=pair.id, version=pair.version, to_helper_id=staying.id)]

    with pytest.raises(HandOverRefused) as raised:
        pairs.hand_over(
            session, lead, from_helper_id=leaving.id, day=TODAY - 20 * DAY, reason=PairingEnd.HELPER_LEFT, moves=moves
        )

    assert {problem.code for problem in raised.value.problems.values()} == {"pair_changed"}
    assert (pair.to_day, pair.end_reason) == (TODAY - DAY, PairingEnd.DONE)


def test_a_pair_that_changed_since_is_not_handed_over(session, lead, make_student, make_helper, make_user):
    leaving, staying = (make_helper(actor=make_user(Role.MENTOR)) for _ in range(2))
    pairing_id = start(session, lead, make_student(), leaving)
    pairs.change_pair(session, lead, pairing_id=pairing_id, version=1, content="新约定")

    with pytest.raises(HandOverRefused) as raised:
        pairs.hand_over(
            session, lead, from_helper_id=leaving.id, day=TODAY, reason=PairingEnd.HELPER_LEFT,
            moves=[HandOver(pairing_id=pairing_id, version=1, to_helper_id=staying.id)],
        )  # fmt: skip

    assert {problem.code for problem in raised.value.problems.values()} == {"pair_changed"}


def test_the_database_itself_refuses_a_second_open_pair_of_a_kind(session, make_student, mentor, make_pair):
    child = make_student()
    make_pair(child, mentor)
    with pytest.raises(IntegrityError):
        make_pair(child, mentor)
    session.rollback()
