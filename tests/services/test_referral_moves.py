"""What happens to a referral after it was registered."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from db.sealing import unseal
from db.tables import Referral, ReferralChannel, ReferralMove, ReferralState, ReferralWay, Role, Urgency
from services import home, referral_moves, referral_views, safeguarding
from services.duties import DutyKind
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.referral_moves import CannotMerge
from services.referral_views import ReferralAct
from services.referrals import LEGAL_MOVES, IllegalMove, MustBeAssessed, StoppedForProtection, move
from tests.conftest import NOW
from tests.services.intake_makers import register

OUTSIDE_CARE_ROOM = [Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.MENTOR, Role.LEADERSHIP, Role.FINANCE, Role.ADMIN]

ACTS = {
    "start": lambda session, actor, each: referral_moves.start_assessment(session, actor, **each),
    "answer": lambda session, actor, each: referral_moves.answer_referral(session, actor, **each, answer="已说明"),
    "feedback": lambda session, actor, each: referral_moves.give_feedback(session, actor, **each, feedback="多留意"),
    "decline": lambda session, actor, each: referral_moves.decline(session, actor, **each, reason="已解决"),
    "merge": lambda session, actor, each: referral_moves.merge(session, actor, **each, into_id=1),
    "mark": lambda session, actor, each: safeguarding.mark_suspected_abuse(session, actor, **each),
    "hand over": lambda session, actor, each: referral_moves.hand_over(session, actor, **each, to_user_id=1),
}


@pytest.mark.parametrize("role", OUTSIDE_CARE_ROOM)
@pytest.mark.parametrize("act", ACTS)
def test_outsiders_move_nothing(session, make_user, make_student, role, act):
    referral = register(session, make_user(Role.COUNSELLOR), student_id=make_student().id)

    with pytest.raises((NotAllowed, NotFound)):
        ACTS[act](session, make_user(role), {"referral_id": referral.id, "version": 1})

    assert (referral.state, referral.version) == (ReferralState.RECEIVED, 1)


@pytest.mark.parametrize("act", ACTS)
def test_a_counsellor_moves_nothing_of_a_protected_child(session, make_user, make_student, act):
    make_user(Role.LEAD)
    counsellor = make_user(Role.COUNSELLOR)
    referral = register(session, counsellor, student_id=make_student().id, is_suspected_abuse=True)

    with pytest.raises(NotFound):
        ACTS[act](session, counsellor, {"referral_id": referral.id, "version": 1})


@pytest.mark.parametrize("act", ["start", "answer", "decline", "mark", "hand over"])
def test_the_second_of_two_comes_too_late(session, make_user, make_student, act):
    counsellor = make_user(Role.COUNSELLOR)
    referral = register(session, counsellor, student_id=make_student().id, channel=ReferralChannel.SELF)
    referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=1)

    with pytest.raises(EditedMeanwhile):
        ACTS[act](session, counsellor, {"referral_id": referral.id, "version": 1})


def test_starting_the_assessment_takes_the_referral(session, make_user, make_student):
    counsellor, colleague = make_user(Role.COUNSELLOR), make_user(Role.COUNSELLOR)
    referral = register(session, counsellor, student_id=make_student().id)

    referral_moves.start_assessment(session, colleague, referral_id=referral.id, version=1)

    assert (referral.state, referral.owner_id) == (ReferralState.IN_ASSESSMENT, colleague.user_id)


def test_every_move_is_kept_with_its_reason(session, make_user, make_student):
    counsellor = make_user(Role.COUNSELLOR)
    referral = register(session, counsellor, student_id=make_student().id)

    referral_moves.decline(session, counsellor, referral_id=referral.id, version=1, reason="只是借东西，已归还。")

    steps = referral_views.list_moves(session, counsellor, referral_id=referral.id)
    assert [(step.to_state, step.reason) for step in steps] == [
        (ReferralState.RECEIVED, None),
        (ReferralState.DECLINED, "只是借东西，已归还。"),
    ]
    assert referral.closed_at == NOW


@pytest.mark.parametrize("typed", ["", "  ", "字" * 10_000])
def test_a_reason_an_answer_and_feedback_need_words(session, make_user, make_student, typed):
    counsellor = make_user(Role.COUNSELLOR)
    referral = register(
        session, counsellor, student_id=make_student().id, referred_by_id=make_user(Role.HOMEROOM).user_id
    )
    each = {"referral_id": referral.id, "version": 1}

    for act in (
        lambda: referral_moves.decline(session, counsellor, **each, reason=typed),
        lambda: referral_moves.answer_referral(session, counsellor, **each, answer=typed),
        lambda: referral_moves.give_feedback(session, counsellor, **each, feedback=typed),
    ):
        with pytest.raises(FieldErrors):
            act()
    assert referral.version == 1


def test_an_answer_may_settle_a_fresh_referral(session, make_user, make_student):
    counsellor = make_user(Role.COUNSELLOR)
    referral = register(
        session, counsellor, student_id=make_student().id, channel=ReferralChannel.PARENT, way=ReferralWay.PHONE
    )

    referral_moves.answer_referral(
        session, counsellor, referral_id=referral.id, version=1, answer="已说明", settles=True
    )

    assert (referral.state, referral.answered_at) == (ReferralState.ANSWERED, NOW)


@pytest.mark.parametrize(
    "overrides",
    [{"urgency": Urgency.DANGER}, {"urgency": Urgency.URGENT}, {"is_suspected_abuse": True}],
    ids=["danger", "urgent", "suspected abuse"],
)
def test_no_answer_settles_what_somebody_must_look_at(session, make_user, make_student, overrides):
    lead = make_user(Role.LEAD)
    typed = {"student_id": make_student().id, "channel": ReferralChannel.SELF} | overrides
    referral = register(session, lead, **typed)

    assert ReferralAct.SETTLE not in referral_views.find_referral(session, lead, referral_id=referral.id).acts
    with pytest.raises(MustBeAssessed):
        referral_moves.answer_referral(session, lead, referral_id=referral.id, version=1, answer="好", settles=True)

    assert referral.state is ReferralState.RECEIVED


def test_what_is_settled_is_not_settled_again(session, make_user, make_student):
    counsellor = make_user(Role.COUNSELLOR)
    referral = register(session, counsellor, student_id=make_student().id, channel=ReferralChannel.SELF)
    assert ReferralAct.SETTLE in referral_views.find_referral(session, counsellor, referral_id=referral.id).acts
    referral_moves.answer_referral(session, counsellor, referral_id=referral.id, version=1, answer="好", settles=True)

    acts = referral_views.find_referral(session, counsellor, referral_id=referral.id).acts

    assert ReferralAct.ANSWER in acts
    assert ReferralAct.SETTLE not in acts
    with pytest.raises(IllegalMove):
        referral_moves.answer_referral(
            session, counsellor, referral_id=referral.id, version=2, answer="好", settles=True
        )


def test_an_answer_alone_leaves_the_state(session, make_user, make_student):
    counsellor = make_user(Role.COUNSELLOR)
    referral = register(session, counsellor, student_id=make_student().id, channel=ReferralChannel.SELF)
    referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=1)

    referral_moves.answer_referral(session, counsellor, referral_id=referral.id, version=2, answer="正在了解")

    assert referral.state is ReferralState.IN_ASSESSMENT


def test_feedback_is_for_a_teacher_with_an_account(session, make_user, make_student):
    counsellor = make_user(Role.COUNSELLOR)
    referral = register(session, counsellor, student_id=make_student().id)

    with pytest.raises(NotFound):
        referral_moves.give_feedback(session, counsellor, referral_id=referral.id, version=1, feedback="多留意")


def test_the_referring_teacher_reads_the_feedback_once(session, make_user, make_student):
    counsellor, homeroom = make_user(Role.COUNSELLOR), make_user(Role.HOMEROOM)
    referral = register(session, counsellor, student_id=make_student().id, referred_by_id=homeroom.user_id)
    referral_moves.give_feedback(session, counsellor, referral_id=referral.id, version=1, feedback="多留意")

    for _ in range(2):
        referral_moves.mark_feedback_read(session, homeroom, referral_id=referral.id, version=2)

    assert (referral.feedback_read_at, referral.version) == (NOW, 2)
    with pytest.raises(NotFound):
        referral_moves.mark_feedback_read(session, make_user(Role.HOMEROOM), referral_id=referral.id, version=2)


def test_feedback_that_was_written_anew_meanwhile_stays_to_be_read(session, make_user, make_student):
    counsellor, homeroom = make_user(Role.COUNSELLOR), make_user(Role.HOMEROOM)
    referral = register(session, counsellor, student_id=make_student().id, referred_by_id=homeroom.user_id)
    referral_moves.give_feedback(session, counsellor, referral_id=referral.id, version=1, feedback="多留意")
    referral_moves.give_feedback(session, counsellor, referral_id=referral.id, version=2, feedback="先不要找他谈")

    referral_moves.mark_feedback_read(session, homeroom, referral_id=referral.id, version=2)

    assert referral.feedback_read_at is None
    assert [duty.kind for duty in home.list_duties(session, homeroom)] == [DutyKind.READ_FEEDBACK]


def test_who_registered_for_a_teacher_does_not_read_the_feedback_in_her_place(session, make_user, make_student):
    counsellor, homeroom = make_user(Role.COUNSELLOR), make_user(Role.HOMEROOM)
    referral = register(session, counsellor, student_id=make_student().id, referred_by_id=homeroom.user_id)
    referral_moves.give_feedback(session, counsellor, referral_id=referral.id, version=1, feedback="多留意")

    acts = referral_views.find_referral(session, counsellor, referral_id=referral.id).acts
    assert ReferralAct.READ_FEEDBACK not in acts
    with pytest.raises(NotFound):
        referral_moves.mark_feedback_read(session, counsellor, referral_id=referral.id, version=2)

    assert referral.feedback_read_at is None
    assert [duty.kind for duty in home.list_duties(session, homeroom)] == [DutyKind.READ_FEEDBACK]


@pytest.mark.parametrize("role", [Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.LEADERSHIP])
def test_only_the_care_room_takes_over(session, make_user, make_student, role):
    counsellor = make_user(Role.COUNSELLOR)
    referral = register(session, counsellor, student_id=make_student().id)

    with pytest.raises(FieldErrors):
        referral_moves.hand_over(
            session, counsellor, referral_id=referral.id, version=1, to_user_id=make_user(role).user_id
        )


def test_a_referral_is_handed_to_a_colleague(session, make_user, make_student):
    counsellor, colleague = make_user(Role.COUNSELLOR), make_user(Role.COUNSELLOR)
    referral = register(session, counsellor, student_id=make_student().id)

    referral_moves.hand_over(session, counsellor, referral_id=referral.id, version=1, to_user_id=colleague.user_id)

    assert referral.owner_id == colleague.user_id


def test_two_referrals_of_one_child_become_one(session, make_user, make_student):
    counsellor, student = make_user(Role.COUNSELLOR), make_student()
    one, other = (register(session, counsellor, student_id=student.id) for _ in range(2))

    [target] = referral_moves.list_merge_targets(session, counsellor, referral_id=one.id)
    assert (target.id, target.received_at, target.said_by) == (other.id, NOW, "代课的岳老师")
    assert target.first_words == "课间独自坐在楼梯口，问话不答。"
    referral_moves.merge(session, counsellor, referral_id=one.id, version=1, into_id=other.id)

    assert (one.state, one.merged_into_id) == (ReferralState.MERGED, other.id)


def test_what_does_not_belong_together_stays_apart(session, make_user, make_student):
    counsellor, student = make_user(Role.COUNSELLOR), make_student()
    one, closed = (register(session, counsellor, student_id=student.id) for _ in range(2))
    of_another = register(session, counsellor, student_id=make_student("霍半夏").id)
    unknown = register(session, counsellor, child_label="不知道名字")
    referral_moves.decline(session, counsellor, referral_id=closed.id, version=1, reason="已解决")

    for target in (one, closed, of_another, unknown):
        with pytest.raises(CannotMerge):
            referral_moves.merge(session, counsellor, referral_id=one.id, version=one.version, into_id=target.id)


def test_a_protected_duplicate_is_invisible(session, make_user, make_student):
    lead, counsellor, student = make_user(Role.LEAD), make_user(Role.COUNSELLOR), make_student()
    hidden = register(session, lead, student_id=student.id, is_suspected_abuse=True)
    one = register(session, counsellor, student_id=student.id)

    assert referral_moves.list_merge_targets(session, counsellor, referral_id=one.id) == []
    assert [each.id for each in referral_moves.list_merge_targets(session, lead, referral_id=one.id)] == [hidden.id]
    with pytest.raises(NotFound):
        referral_moves.merge(session, counsellor, referral_id=one.id, version=1, into_id=hidden.id)
    with pytest.raises(CannotMerge):
        referral_moves.merge(session, lead, referral_id=hidden.id, version=1, into_id=one.id)


def test_nothing_is_merged_into_a_protected_one_by_who_only_registered_it(session, make_user, make_student):
    counsellor, student = make_user(Role.COUNSELLOR), make_student()
    make_user(Role.LEAD)
    hidden = register(session, counsellor, student_id=student.id, is_suspected_abuse=True)
    one = register(session, counsellor, student_id=student.id)

    assert referral_moves.list_merge_targets(session, counsellor, referral_id=one.id) == []
    with pytest.raises(NotFound):
        referral_moves.merge(session, counsellor, referral_id=one.id, version=1, into_id=hidden.id)


def test_merge_targets_are_for_the_care_room(session, make_user):
    with pytest.raises(NotAllowed):
        referral_moves.list_merge_targets(session, make_user(Role.HOMEROOM), referral_id=1)


def test_protection_stops_answers_to_parents_and_feedback_for_the_whole_child(session, make_user, make_student):
    lead, counsellor, homeroom = make_user(Role.LEAD), make_user(Role.COUNSELLOR), make_user(Role.HOMEROOM)
    student = make_student()
    by_parent = register(
        session, counsellor, student_id=student.id, channel=ReferralChannel.PARENT, way=ReferralWay.WECHAT
    )
    by_teacher = register(session, counsellor, student_id=student.id, referred_by_id=homeroom.user_id)
    by_child = register(session, counsellor, student_id=student.id, channel=ReferralChannel.SELF)
    register(session, lead, student_id=student.id, is_suspected_abuse=True)

    with pytest.raises(StoppedForProtection):
        referral_moves.answer_referral(
            session, counsellor, referral_id=by_parent.id, version=by_parent.version, answer="已说明"
        )
    with pytest.raises(StoppedForProtection):
        referral_moves.give_feedback(
            session, counsellor, referral_id=by_teacher.id, version=by_teacher.version, feedback="多留意"
        )
    referral_moves.answer_referral(session, counsellor, referral_id=by_child.id, version=1, answer="我在。")
    assert by_child.answered_at == NOW


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(ReferralState), min_size=1, max_size=6))
def test_only_declared_moves_ever_happen(session, make_user, make_student, steps):
    counsellor, student = make_user(Role.COUNSELLOR), make_student()
    referral, other = (register(session, counsellor, student_id=student.id) for _ in range(2))
    walked = [ReferralState.RECEIVED]

    for to_state in steps:
        if to_state in LEGAL_MOVES[referral.state]:
            referral.merged_into_id = other.id if to_state is ReferralState.MERGED else None
            with session.no_autoflush:
                move(session, counsellor, referral, to_state)
            walked.append(to_state)
        else:
            with pytest.raises(IllegalMove) as refused:
                move(session, counsellor, referral, to_state)
            assert (refused.value.from_state, refused.value.to_state) == (walked[-1], to_state)
        session.flush()

    kept = session.exec(
        select(ReferralMove).where(ReferralMove.referral_id == referral.id).order_by(ReferralMove.id)
    ).all()
    assert [step.to_state for step in kept] == walked
    assert session.get(Referral, referral.id).state == walked[-1]
    assert (referral.closed_at is None) == (walked[-1] in {ReferralState.RECEIVED, ReferralState.IN_ASSESSMENT})


def test_answers_are_sealed(session, make_user, make_student):
    counsellor = make_user(Role.COUNSELLOR)
    referral = register(session, counsellor, student_id=make_student().id, channel=ReferralChannel.SELF)

    referral_moves.answer_referral(session, counsellor, referral_id=referral.id, version=1, answer="已说明")

    assert unseal(referral, "answer_sealed") == "已说明"
