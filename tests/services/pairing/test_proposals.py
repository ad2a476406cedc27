"""Who waits, who could help, and what is made of it: all of it or nothing."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlmodel import col, select

from db.audit_chain import append_collected
from db.tables import (
    AuditEvent,
    CategoryKind,
    EnrolmentState,
    Gender,
    HelperKind,
    Pairing,
    PairingEnd,
    PairingRole,
    Role,
    StudentCategory,
    StudyLevel,
    Term,
    TermEntry,
    Tier,
    TierChange,
)
from db.transactions import reading
from services import clock
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed
from services.pairing import helpers, proposals
from services.pairing.confirming import NothingChosen, PairsRefused, PairWanted, WhyNot, confirm_pairs
from services.pairing.fitting import PastHelp, Reason
from services.pairing.pairs import PairEntry, find_pair, start_pair
from services.pairing.proposals import ProposalScope, TooManyChildren, find_question, list_helpers_to_replace
from services.pairing.weight_settings import POINTS, find_weights, save_weights
from services.pairing.weights import SexWish, Weights
from tests.conftest import codes

MENTORS = ProposalScope(role=PairingRole.MENTOR, also_others=True)
TODAY = date(2026, 11, 20)
DAY = timedelta(days=1)


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD)


@pytest.fixture
def school_class(make_class):
    return make_class(7, 3)


@pytest.fixture
def child(make_student, school_class):
    return make_student("江小满", in_class=school_class)


@pytest.fixture
def teacher(make_user, school_class):
    return make_user(Role.SUBJECT_TEACHER, name="试老师", teaches=school_class)


def put_into_category(session, child, kind=CategoryKind.LEFT_BEHIND, **overrides):
    session.add(
        StudentCategory(student_id=child.id, kind=kind, from_day=date(2026, 9, 1), recorded_at=clock.now(), **overrides)
    )
    session.flush()


def put_into_tier(session, child, actor, rank):
    tier = session.exec(select(Tier).where(Tier.rank == rank)).one()
    session.add(
        TierChange(
            student_id=child.id, number=1, tier_id=tier.id, author_id=actor.user_id,
            from_day=date(2026, 9, 10), recorded_at=clock.now(),
        )
    )  # fmt: skip
    session.flush()


def wanted_of(question, answer=None):
    """Every suggestion as the page sends it."""
    children = {each.need.id: each for each in question.children}
    helpers = {each.candidate.id: each for each in question.helpers}
    return [wanted(children[pair.child_id], helpers[pair.candidate_id]) for pair in (answer or question.answer()).pairs]


def wanted(child, helper, **overrides):
    values = {
        "student_id": child.need.id, "child": child.name, "helper_id": helper.candidate.id, "helper": helper.name,
        "helper_version": helper.version, "pairing_id": child.pairing_id, "pairing_version": child.pairing_version,
    }  # fmt: skip
    return PairWanted(**(values | overrides))


def pairs_of(session, **named):
    return session.exec(select(Pairing).filter_by(**named).order_by(col(Pairing.id))).all()


def names(question):
    return [each.name for each in question.children]


def test_a_suggestion_becomes_a_pair_and_leaves_an_event(session, lead, child, teacher, make_helper):
    helper = make_helper(actor=teacher)
    question = find_question(session, lead, scope=MENTORS)

    made = confirm_pairs(session, lead, scope=MENTORS, wanted=wanted_of(question))

    (pair,) = pairs_of(session)
    assert made == 1
    assert (pair.student_id, pair.helper_id, pair.role, pair.from_day) == (child.id, helper.id, MENTORS.role, TODAY)
    assert question.answer().pairs[0].reasons == (Reason.SAME_CLASS, Reason.NO_CHILD_YET)
    assert find_question(session, lead, scope=MENTORS).children == ()


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.LEAD, Role.COUNSELLOR}])
def test_only_the_care_room_is_told_who_could_help(session, make_user, role):
    outsider = make_user(role)

    with pytest.raises(NotAllowed):
        find_question(session, outsider, scope=MENTORS)
    with pytest.raises(NotAllowed):
        confirm_pairs(session, outsider, scope=MENTORS, wanted=[])
    with pytest.raises(NotAllowed):
        list_helpers_to_replace(session, outsider, role=PairingRole.MENTOR)


def test_only_the_head_sets_what_counts(session, lead, make_user, make_helper):
    make_helper(actor=lead)
    points = dict.fromkeys(POINTS, 7)

    with pytest.raises(NotAllowed):
        save_weights(session, make_user(Role.COUNSELLOR), sex=SexWish.NEVER, points=points, version=0)
    save_weights(session, lead, sex=SexWish.REQUIRE, points=points, version=0)

    stored = find_weights(session, lead)
    assert (stored.version, stored.weights.sex, stored.weights.subject) == (1, SexWish.REQUIRE, 7)
    assert find_question(session, lead, scope=MENTORS).weights == stored.weights
    with pytest.raises(EditedMeanwhile):
        save_weights(session, lead, sex=SexWish.NEVER, points=points, version=0)


@pytest.mark.parametrize(
    ("value", "code"), [(None, "required"), (2.5, "not_whole"), (-1, "beyond_bounds"), (101, "beyond_bounds")]
)
def test_weights_are_whole_numbers_up_to_a_hundred(session, lead, value, code):
    with pytest.raises(FieldErrors) as refused:
        save_weights(session, lead, sex=SexWish.NEVER, points=dict.fromkeys(POINTS, 1) | {"subject": value}, version=0)

    assert codes(refused) == {"subject": code}


def test_the_left_behind_and_the_special_are_asked_for_first_and_others_only_if_wanted(
    session, lead, make_student, school_class
):
    for name, kind in (("江一", CategoryKind.LEFT_BEHIND), ("江二", CategoryKind.SPECIAL_CONDUCT), ("江三", None),
                       ("江五", CategoryKind.IN_DIFFICULTY)):  # fmt: skip
        made = make_student(name, in_class=school_class)
        if kind:
            put_into_category(session, made, kind)
    ended = make_student("江四", in_class=school_class)
    put_into_category(session, ended, to_day=TODAY)

    assert set(names(find_question(session, lead, scope=ProposalScope(role=PairingRole.MENTOR)))) == {
        "江一", "江二", "江五",
    }  # fmt: skip
    everybody = find_question(session, lead, scope=MENTORS)
    assert {each.name: each.need.comes_first for each in everybody.children} == {
        "江一": True, "江二": True, "江三": False, "江四": False, "江五": True,
    }  # fmt: skip


def test_whoever_has_a_pair_of_this_kind_now_or_agreed_for_later_does_not_wait(
    session, lead, make_student, school_class, make_helper, make_pair
):
    helper = make_helper(capacity=9)
    other, now, later, over, gone = (make_student(f"江{at}", in_class=school_class) for at in "一二三四五")
    make_pair(other, helper, role=PairingRole.BUDDY)
    make_pair(now, helper)
    make_pair(later, helper, from_day=TODAY + 9 * DAY)
    make_pair(over, helper, to_day=TODAY, end_reason=PairingEnd.DONE)
    gone.state = EnrolmentState.ON_LEAVE
    session.flush()

    assert set(names(find_question(session, lead, scope=MENTORS))) == {"江一", "江四"}


def test_a_grade_or_a_class_is_asked_for_alone(session, lead, make_class, make_student):
    places = {name: make_class(*place) for name, place in {"江一": (7, 1), "江二": (7, 2), "江三": (8, 1)}.items()}
    for name, place in places.items():
        make_student(name, in_class=place)

    def asked(**part):
        return set(
            names(find_question(session, lead, scope=ProposalScope(role=PairingRole.MENTOR, also_others=True, **part)))
        )

    assert asked(grade=7) == {"江一", "江二"}
    assert asked(class_id=places["江三"].id) == {"江三"}


@pytest.mark.parametrize(
    ("overrides", "is_offered"),
    [
        ({}, True),
        ({"to_day": TODAY}, False),
        ({"from_day": TODAY + DAY}, False),
        ({"trained_until": TODAY - DAY}, False),
        ({"trained_until": TODAY}, True),
        ({"kind": HelperKind.VOLUNTEER}, False),
        ({"kind": HelperKind.VOLUNTEER, "vetted_on": TODAY}, True),
        ({"kind": HelperKind.PUPIL}, False),
        ({"gender": Gender.MALE}, False),
    ],
    ids=["there", "has left", "comes later", "training over", "last day of it", "not vetted", "vetted", "pupil", "man"],
)
def test_a_love_mother_is_somebody_who_may_be_one(session, lead, child, make_helper, overrides, is_offered):
    make_helper(**overrides)

    question = find_question(session, lead, scope=ProposalScope(role=PairingRole.LOVE_MOTHER, also_others=True))

    assert bool(question.helpers) is is_offered


def test_what_is_known_of_child_and_helper_weighs(
    session, lead, child, teacher, school_class, make_helper, make_pair, make_student, term
):
    helper = make_helper(actor=teacher, capacity=5, gender=Gender.FEMALE, subjects="数学,书法")
    put_into_category(session, child)
    put_into_tier(session, child, lead, 2)
    session.add(TermEntry(student_id=child.id, term_id=term.id, study=StudyLevel.BELOW, recorded_at=clock.now()))
    make_pair(child, helper, role=PairingRole.BUDDY, to_day=date(2026, 10, 1), end_reason=PairingEnd.DONE)
    grave = make_student("江大", in_class=school_class)
    put_into_tier(session, grave, lead, 3)
    make_pair(grave, helper)
    make_pair(grave, helper, role=PairingRole.LOVE_MOTHER)

    question = find_question(session, lead, scope=MENTORS)

    (asked,), (there,) = question.children, question.helpers
    assert (asked.need.comes_first, asked.need.tier_rank, asked.need.grade) == (True, 2, 7)
    assert asked.tier == session.exec(select(Tier.label).where(Tier.rank == 2)).one()
    assert asked.need.past == (PastHelp(helper.id, False, 50),)
    assert there.candidate.class_ids == {school_class.id}
    assert there.candidate.grades == {7}
    assert there.candidate.subjects == {"数学", "书法"}
    assert (there.candidate.children, there.candidate.tier_load, there.candidate.room) == (1, 3, 4)
    assert asked.need.subjects & there.candidate.subjects == {"数学"}


def test_who_did_not_fit_and_a_namesake_among_the_pupils_are_not_suggested(
    session, lead, child, make_helper, make_pair
):
    not_fitting, mistake = (make_helper(name, kind=HelperKind.PUPIL) for name in ("试甲", "试乙"))
    itself = make_helper(child.name, kind=HelperKind.PUPIL)
    for helper, why in ((not_fitting, PairingEnd.NOT_FITTING), (mistake, PairingEnd.MISTAKE)):
        make_pair(child, helper, role=PairingRole.BUDDY, to_day=date(2026, 10, 1), end_reason=why)

    question = find_question(session, lead, scope=ProposalScope(role=PairingRole.BUDDY, also_others=True))

    (asked,) = question.children
    assert asked.need.barred == {not_fitting.id, itself.id}
    assert [past.candidate_id for past in asked.need.past] == [not_fitting.id]


def test_too_many_children_are_asked_for_part_by_part(session, lead, make_student, monkeypatch):
    monkeypatch.setattr(proposals, "MOST_CHILDREN", 1)
    make_student("江一"), make_student("江二")

    with pytest.raises(TooManyChildren) as refused:
        find_question(session, lead, scope=MENTORS)

    assert refused.value.count == 2


def test_nothing_is_written_if_one_helper_is_full_by_now(
    session, lead, make_student, school_class, make_helper, make_pair, make_user
):
    helpers = [make_helper(actor=make_user(name=name), capacity=1) for name in ("试甲", "试乙")]
    for name in ("江一", "江二"):
        make_student(name, in_class=school_class)
    chosen = wanted_of(find_question(session, lead, scope=MENTORS))
    make_pair(make_student("江三", in_class=school_class), helpers[0])

    with pytest.raises(PairsRefused) as refused:
        confirm_pairs(session, lead, scope=MENTORS, wanted=chosen)

    (problem,) = refused.value.problems
    assert (problem.why, problem.helper, problem.room, problem.wanted) == (WhyNot.HELPER_FULL, "试甲", 0, 1)
    assert len(pairs_of(session)) == 1


def test_a_child_the_helper_has_already_takes_no_second_place(session, lead, child, teacher, make_helper, make_pair):
    helper = make_helper(actor=teacher, capacity=1)
    (asked,), (there,) = (lambda found: (found.children, found.helpers))(find_question(session, lead, scope=MENTORS))
    make_pair(child, helper, role=PairingRole.PROXY_PARENT)

    assert confirm_pairs(session, lead, scope=MENTORS, wanted=[wanted(asked, there)]) == 1


def gone(session, child, helper):
    child.state = EnrolmentState.TRANSFERRED


def paired(session, child, helper):
    session.add(
        Pairing(
            student_id=child.id, helper_id=helper.id, role=MENTORS.role, from_day=TODAY + DAY, recorded_at=clock.now()
        )
    )


def left(session, child, helper):
    helper.to_day = TODAY


def changed(session, child, helper):
    helper.version += 1


@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [
        (gone, WhyNot.CHILD_GONE),
        (paired, WhyNot.CHILD_PAIRED),
        (left, WhyNot.HELPER_GONE),
        (changed, WhyNot.HELPER_CHANGED),
    ],
    ids=["the child has gone", "somebody was faster", "the helper has left", "the helper was changed"],
)
def test_what_changed_since_it_was_shown_is_told(session, lead, child, teacher, make_helper, meanwhile, why):
    helper = make_helper(actor=teacher)
    chosen = wanted_of(find_question(session, lead, scope=MENTORS))
    meanwhile(session, child, helper)
    session.flush()
    before = len(pairs_of(session))

    with pytest.raises(PairsRefused) as refused:
        confirm_pairs(session, lead, scope=MENTORS, wanted=chosen)

    assert [problem.why for problem in refused.value.problems] == [why]
    assert len(pairs_of(session)) == before


def test_a_child_is_given_to_one_only(session, lead, child, teacher, make_user, make_helper):
    make_helper(actor=teacher), make_helper(actor=make_user(name="试乙"))
    question = find_question(session, lead, scope=MENTORS)
    twice = [wanted(question.children[0], helper) for helper in question.helpers]

    with pytest.raises(PairsRefused):
        confirm_pairs(session, lead, scope=MENTORS, wanted=twice)
    with pytest.raises(NothingChosen):
        confirm_pairs(session, lead, scope=MENTORS, wanted=[])


def test_the_children_of_one_helper_go_to_others_and_who_has_nobody_stays(
    session, lead, make_student, school_class, make_user, make_helper, make_pair
):
    leaving, one = (make_helper(actor=make_user(name=name), capacity=2) for name in ("试离任", "试接手"))
    children = [make_student(name, in_class=school_class) for name in ("江一", "江二")]
    old = [make_pair(each, leaving) for each in children]
    one.capacity = 1
    session.flush()
    scope = ProposalScope(role=PairingRole.MENTOR, from_helper_id=leaving.id)

    question = find_question(session, lead, scope=scope)
    made = confirm_pairs(session, lead, scope=scope, wanted=wanted_of(question))

    assert [(each.name, each.children) for each in list_helpers_to_replace(session, lead, role=scope.role)] == [
        ("试接手", 1), ("试离任", 1),
    ]  # fmt: skip
    (new,) = pairs_of(session, helper_id=one.id)
    ended = next(each for each in old if each.student_id == new.student_id)
    assert made == 1
    assert (new.continues_id, new.from_day) == (ended.id, TODAY)
    assert (ended.to_day, ended.end_reason, ended.version) == (TODAY, PairingEnd.HELPER_LEFT, 2)
    assert [each.to_day for each in old if each is not ended] == [None]
    append_collected(session)
    session.commit()
    with reading() as other:
        actions = other.exec(select(AuditEvent.action).where(col(AuditEvent.action).like("pairing.%"))).all()
    assert sorted(actions) == ["pairing.ended", "pairing.started"]


def test_who_goes_on_with_a_child_goes_on_with_the_same(session, lead, child, make_user, make_helper):
    leaving = make_helper(actor=make_user(name="试离任"))
    make_helper(actor=make_user(name="试接手"))
    entry = PairEntry(
        student_id=child.id, helper_id=leaving.id, role=MENTORS.role, from_day=TODAY - DAY, content="每周谈一次心"
    )
    start_pair(session, lead, entry=entry)
    scope = ProposalScope(role=MENTORS.role, from_helper_id=leaving.id)

    confirm_pairs(session, lead, scope=scope, wanted=wanted_of(find_question(session, lead, scope=scope)))

    assert [find_pair(session, lead, pairing_id=each.id or 0).content for each in pairs_of(session)] == [
        "每周谈一次心", "每周谈一次心",
    ]  # fmt: skip
    append_collected(session)
    session.commit()
    with reading() as other:
        told = json.loads(other.exec(select(AuditEvent.details).where(AuditEvent.action == "pairing.ended")).one())
    assert (told["day"], told["state"]) == (TODAY.isoformat(), PairingEnd.HELPER_LEFT.value)


def test_a_pair_agreed_for_later_is_carried_on_from_the_day_it_was_to_begin(
    session, lead, child, make_user, make_helper, make_pair
):
    leaving, next_one = (make_helper(actor=make_user(name=name)) for name in ("试离任", "试接手"))
    old = make_pair(child, leaving, from_day=TODAY + 9 * DAY)
    scope = ProposalScope(role=MENTORS.role, from_helper_id=leaving.id)

    confirm_pairs(session, lead, scope=scope, wanted=wanted_of(find_question(session, lead, scope=scope)))

    (new,) = pairs_of(session, helper_id=next_one.id)
    assert (old.from_day, old.to_day, new.from_day) == (TODAY + 9 * DAY,) * 3


def test_nobody_hands_a_child_over_to_themselves(session, lead, child, make_user, make_helper, make_pair):
    leaving, other = (make_helper(actor=make_user(name=name)) for name in ("试离任", "试接手"))
    make_pair(child, leaving)
    scope = ProposalScope(role=MENTORS.role, from_helper_id=leaving.id)
    (chosen,) = wanted_of(find_question(session, lead, scope=scope))
    assert chosen.helper_id == other.id

    with pytest.raises(PairsRefused) as refused:
        confirm_pairs(session, lead, scope=scope, wanted=[replace(chosen, helper_id=leaving.id, helper="试离任")])

    assert [problem.why for problem in refused.value.problems] == [WhyNot.HELPER_GONE]


@pytest.mark.parametrize(
    ("earlier", "latest", "needs_help"),
    [(StudyLevel.BELOW, StudyLevel.GOOD, False), (StudyLevel.GOOD, StudyLevel.BELOW, True)],
)
def test_who_fell_behind_in_the_latest_term_needs_help(session, lead, child, term, earlier, latest, needs_help):
    before = Term(school_year=2025, number=2, first_day=date(2026, 2, 23), last_day=date(2026, 7, 3))
    session.add(before)
    session.flush()
    for each, study in ((term, latest), (before, earlier)):
        session.add(TermEntry(student_id=child.id, term_id=each.id, study=study, recorded_at=clock.now()))
    session.flush()

    (asked,) = find_question(session, lead, scope=MENTORS).children

    assert asked.need.subjects == (proposals.MAIN_SUBJECTS if needs_help else frozenset())


def test_a_pair_handed_over_must_be_the_one_that_was_shown(session, lead, child, make_user, make_helper, make_pair):
    leaving = make_helper(actor=make_user(name="试离任"))
    make_helper(actor=make_user(name="试接手"))
    pair = make_pair(child, leaving)
    scope = ProposalScope(role=PairingRole.MENTOR, from_helper_id=leaving.id)
    chosen = wanted_of(find_question(session, lead, scope=scope))
    pair.version += 1
    session.flush()

    with pytest.raises(PairsRefused) as refused:
        confirm_pairs(session, lead, scope=scope, wanted=chosen)

    assert [problem.why for problem in refused.value.problems] == [WhyNot.CHILD_PAIRED]


def test_every_namesake_may_be_the_child_itself(session, lead, make_student, make_class, make_helper):
    ids = {make_helper("张小满", kind=HelperKind.PUPIL).id for _ in range(2)}
    child = make_student("张小满", in_class=make_class(8, 1))
    scope = ProposalScope(role=PairingRole.EXCELLENT_STUDENT, also_others=True)

    [asked] = [each for each in find_question(session, lead, scope=scope).children if each.need.id == child.id]

    assert asked.need.barred == ids


def test_who_will_leave_is_given_nobody(session, lead, child, teacher, make_helper):
    helper = make_helper(actor=teacher)
    scope = ProposalScope(role=PairingRole.MENTOR, also_others=True)
    before = find_question(session, lead, scope=scope)
    helpers.end_helper(
        session, lead, helper_id=helper.id, version=helper.version, day=clock.today() + timedelta(days=5)
    )

    assert helper.id not in {each.candidate.id for each in find_question(session, lead, scope=scope).helpers}
    with pytest.raises(PairsRefused):
        confirm_pairs(session, lead, scope=scope, wanted=wanted_of(before))


def test_a_child_on_leave_is_handed_over_too(session, lead, make_student, make_class, make_helper, make_pair):
    helper, seven = make_helper("试志愿", kind=HelperKind.VOLUNTEER), make_class(8, 1)
    children = [make_student(name, in_class=seven) for name in ("江一满", "江二满")]
    for each in children:
        make_pair(each, helper, role=PairingRole.VOLUNTEER)
    children[1].state = EnrolmentState.ON_LEAVE
    session.flush()
    scope = ProposalScope(role=PairingRole.VOLUNTEER, from_helper_id=helper.id)

    [listed] = list_helpers_to_replace(session, lead, role=PairingRole.VOLUNTEER)

    assert listed.children == len(find_question(session, lead, scope=scope).children) == 2


def test_reading_takes_four_statements(session, lead, child, teacher, make_helper, statements):
    make_helper(actor=teacher)
    statements.clear()

    find_question(session, lead, scope=MENTORS)

    assert len(statements) == 4


def test_the_defaults_are_the_weights_of_a_school_that_set_none(session, lead):
    assert find_weights(session, lead).weights == Weights()


def test_no_pair_ends_that_is_not_handed_over(session, lead, child, teacher, make_student, make_helper, make_pair):
    make_helper(actor=teacher)
    pair = make_pair(make_student("江别人"), make_helper("试别人"), role=PairingRole.PEER_PARENT)
    question = find_question(session, lead, scope=MENTORS)
    asked = next(each for each in question.children if each.need.id == child.id)
    (there,) = question.helpers
    foreign = wanted(asked, there, pairing_id=pair.id, pairing_version=pair.version)

    with pytest.raises(PairsRefused):
        confirm_pairs(session, lead, scope=MENTORS, wanted=[foreign])

    assert (pair.to_day, [row.id for row in pairs_of(session)]) == (None, [pair.id])
