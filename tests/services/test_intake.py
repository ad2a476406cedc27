"""Registering a referral: what is kept, who takes it, what is refused."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from db.sealing import unseal
from db.tables import (
    ParentsInformed,
    Referral,
    ReferralChannel,
    ReferralMove,
    ReferralState,
    ReferralWay,
    Role,
    Urgency,
)
from services import clock, intake, intake_side, referral_moves, safeguarding
from services.errors import EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.intake import ReferralChange
from services.intake_side import ParentsStep
from services.referrals import IllegalMove, StoppedForProtection
from tests.conftest import NOW
from tests.services.intake_makers import FACTS, register, request


def test_a_referral_keeps_what_was_said_sealed(session, make_user, make_student):
    homeroom_child, counsellor = make_student(), make_user(Role.COUNSELLOR)

    referral = register(session, counsellor, student_id=homeroom_child.id, child_words="不想回家。", background="留守")

    assert unseal(referral, "facts_sealed") == FACTS
    assert FACTS.encode() not in (referral.facts_sealed or b"")
    assert (referral.state, referral.owner_id) == (ReferralState.RECEIVED, counsellor.user_id)
    assert referral.parts_filled == 3


def test_registering_is_the_first_step(session, make_user, make_student):
    referral = register(session, make_user(Role.COUNSELLOR), student_id=make_student().id)

    steps = session.exec(select(ReferralMove).where(ReferralMove.referral_id == referral.id)).all()
    assert [(step.from_state, step.to_state) for step in steps] == [(None, ReferralState.RECEIVED)]


def test_an_unknown_child_is_entered_by_name_and_matched_later(session, make_user, make_student):
    counsellor = make_user(Role.COUNSELLOR)
    referral = register(session, counsellor, child_label="七年级高个子，姓霍")

    intake.match_child(session, counsellor, referral_id=referral.id, version=1, student_id=make_student().id)

    assert referral.student_id is not None
    assert unseal(referral, "child_label_sealed") == "七年级高个子，姓霍"
    assert referral.parts_filled == 2


def test_a_child_can_not_be_matched_once_the_referral_is_part_of_another(session, make_user, make_student):
    counsellor, student = make_user(Role.COUNSELLOR), make_student()
    one, other = (register(session, counsellor, student_id=student.id) for _ in range(2))
    referral_moves.merge(session, counsellor, referral_id=one.id, version=1, into_id=other.id)

    with pytest.raises(IllegalMove):
        intake.match_child(session, counsellor, referral_id=one.id, version=2, student_id=student.id)


def test_the_counsellor_with_the_fewest_open_referrals_takes_it(session, make_user, make_student):
    make_user(Role.LEAD)
    first, second = make_user(Role.COUNSELLOR), make_user(Role.COUNSELLOR)

    owners = [register(session, first, student_id=make_student().id).owner_id for _ in range(3)]

    assert owners == [first.user_id, second.user_id, first.user_id]


def test_the_lead_takes_it_where_there_is_no_counsellor(session, make_user, make_class, make_student):
    lead, seven = make_user(Role.LEAD), make_class()
    homeroom = make_user(Role.HOMEROOM, homeroom_of=seven)

    referral = register(session, homeroom, student_id=make_student(in_class=seven).id, referred_by_id=homeroom.user_id)

    assert referral.owner_id == lead.user_id


def test_suspected_abuse_goes_to_the_lead(session, make_user, make_student):
    lead, counsellor = make_user(Role.LEAD), make_user(Role.COUNSELLOR)

    referral = register(session, counsellor, student_id=make_student().id, is_suspected_abuse=True)

    assert (referral.owner_id, referral.abuse_marked_at) == (lead.user_id, NOW)


def test_nobody_to_take_it_leaves_it_without_owner(session, make_user, make_class, make_student):
    seven = make_class()
    homeroom = make_user(Role.HOMEROOM, homeroom_of=seven)

    referral = register(session, homeroom, student_id=make_student(in_class=seven).id, referred_by_id=homeroom.user_id)

    assert referral.owner_id is None


def test_a_child_of_another_class_can_only_be_named(session, make_user, make_class, make_student):
    homeroom = make_user(Role.HOMEROOM, homeroom_of=make_class(7, 1))
    stranger = make_student(in_class=make_class(7, 2))

    with pytest.raises(NotFound):
        register(session, homeroom, student_id=stranger.id, referred_by_id=homeroom.user_id)

    assert register(session, homeroom, child_label="二班的江小满", referred_by_id=homeroom.user_id).id


@pytest.mark.parametrize("role", [Role.LEADERSHIP, Role.FINANCE, Role.SUPERVISOR, Role.ADMIN])
def test_outsiders_register_nothing(session, make_user, make_student, role):
    outsider = make_user(role)

    with pytest.raises(NotAllowed):
        register(session, outsider, student_id=make_student().id)
    with pytest.raises(NotAllowed):
        intake_side.what_follows(session, outsider, request=request())
    with pytest.raises(NotAllowed):
        intake_side.find_earlier(session, outsider, student_id=1)


@pytest.mark.parametrize("role", [Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.MENTOR, Role.ADMIN])
def test_only_the_care_room_changes_and_matches(session, make_user, make_student, role):
    referral = register(session, make_user(Role.COUNSELLOR), child_label="一个孩子")
    outsider = make_user(role)

    with pytest.raises((NotAllowed, NotFound)):
        intake.change_referral(session, outsider, referral_id=referral.id, version=1, change=change())
    with pytest.raises(NotAllowed):
        intake.match_child(session, outsider, referral_id=referral.id, version=1, student_id=make_student().id)


@pytest.mark.parametrize(
    ("field", "overrides", "code"),
    [
        ("channel", {"channel": None}, "required"),
        ("facts", {"facts": ""}, "facts_needed"),
        ("facts", {"facts": " \n\t"}, "facts_needed"),
        ("facts", {"facts": "字" * 10_000}, "too_long"),
        ("child_words", {"child_words": "字" * 10_000}, "too_long"),
        ("background", {"background": "字" * 10_000}, "too_long"),
        ("tried", {"tried": "字" * 10_000}, "too_long"),
        ("speaker", {"speaker": "字" * 10_000}, "too_long"),
        ("speaker", {"speaker": ""}, "speaker_needed"),
        ("speaker", {"referred_by_id": 999_999}, "unknown"),
        ("child", {"student_id": None}, "child_needed"),
        ("child", {"student_id": None, "child_label": "字" * 10_000}, "too_long"),
        ("way", {"channel": ReferralChannel.PARENT}, "required"),
        ("noticed_on", {"noticed_on": None}, "required"),
        ("noticed_on", {"noticed_on": date(2026, 11, 21)}, "future"),
        ("noticed_on", {"noticed_on": date(2025, 11, 19)}, "too_long_ago"),
        ("noticed_on", {"received_at": NOW - timedelta(days=3)}, "after_received"),
        ("received_at", {"received_at": None}, "required"),
        ("received_at", {"received_at": NOW + timedelta(minutes=1)}, "future"),
        ("received_at", {"received_at": NOW - timedelta(days=366)}, "too_long_ago"),
        ("answer", {"is_answered": True}, "required"),
        ("answer", {"is_answered": True, "answer": "字" * 10_000}, "too_long"),
    ],
)
def test_what_can_not_be_saved_is_named_by_field(session, make_user, make_student, field, overrides, code):
    counsellor = make_user(Role.COUNSELLOR)

    with pytest.raises(FieldErrors) as refused:
        register(session, counsellor, **({"student_id": make_student().id} | overrides))

    assert refused.value.problems[field].code == code
    assert session.exec(select(Referral)).all() == []


@pytest.mark.parametrize(
    "typed",
    ["😀😀", '=HYPERLINK("http://x","y")', "<script>alert(1)</script>", "'; DROP TABLE referral; --", "第一行\n第二行"],
)
def test_odd_texts_are_kept_as_typed(session, make_user, typed):
    referral = register(
        session,
        make_user(Role.COUNSELLOR),
        child_label=typed,
        facts=typed,
        child_words=typed,
        tried=typed,
        speaker=typed,
    )

    for column in ("child_label_sealed", "facts_sealed", "child_words_sealed", "tried_sealed", "speaker_sealed"):
        assert unseal(referral, column) == typed


def test_teachers_refer_in_their_own_name(session, make_user, make_class, make_student):
    seven = make_class()
    homeroom, colleague = make_user(Role.HOMEROOM, homeroom_of=seven), make_user(Role.HOMEROOM)

    with pytest.raises(FieldErrors) as refused:
        register(session, homeroom, student_id=make_student(in_class=seven).id, referred_by_id=colleague.user_id)

    assert refused.value.problems["speaker"].code == "own_name_only"


@pytest.mark.parametrize("role", [Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.MENTOR])
def test_teachers_do_not_refer_in_a_name_they_type(session, make_user, role):
    with pytest.raises(FieldErrors) as refused:
        register(session, make_user(role), child_label="江小满", speaker="班主任周砚田")

    assert refused.value.problems["speaker"].code == "own_name_only"
    assert session.exec(select(Referral)).all() == []


def test_teachers_do_not_answer_for_the_care_room(session, make_user):
    homeroom = make_user(Role.HOMEROOM)

    with pytest.raises(FieldErrors) as refused:
        register(
            session, homeroom, child_label="江小满", referred_by_id=homeroom.user_id, is_answered=True, answer="好"
        )

    assert refused.value.problems["answer"].code == "not_yours"


def test_what_is_answered_on_the_spot_is_settled(session, make_user, make_student):
    referral = register(
        session,
        make_user(Role.COUNSELLOR),
        student_id=make_student().id,
        channel=ReferralChannel.SELF,
        is_answered=True,
        answer="告诉了他换座位找谁。",
    )

    assert (referral.state, referral.answered_at) == (ReferralState.ANSWERED, NOW)
    assert unseal(referral, "answer_sealed") == "告诉了他换座位找谁。"


@pytest.mark.parametrize("urgency", [Urgency.URGENT, Urgency.DANGER])
def test_what_is_urgent_is_looked_at_even_if_answered(session, make_user, make_student, urgency):
    referral = register(
        session,
        make_user(Role.COUNSELLOR),
        student_id=make_student().id,
        channel=ReferralChannel.SELF,
        urgency=urgency,
        is_answered=True,
        answer="先陪着。",
    )

    assert (referral.state, referral.answered_at) == (ReferralState.RECEIVED, NOW)


def test_a_teacher_told_on_the_spot_has_the_feedback(session, make_user, make_student):
    homeroom = make_user(Role.HOMEROOM)

    referral = register(
        session,
        make_user(Role.COUNSELLOR),
        student_id=make_student().id,
        referred_by_id=homeroom.user_id,
        is_answered=True,
        answer="先多留意。",
    )

    assert (referral.feedback_at, referral.answered_at) == (NOW, None)
    assert unseal(referral, "feedback_sealed") == "先多留意。"


def test_a_parent_is_not_answered_when_abuse_is_suspected(session, make_user, make_student):
    with pytest.raises(StoppedForProtection):
        register(
            session,
            make_user(Role.COUNSELLOR),
            student_id=make_student().id,
            channel=ReferralChannel.PARENT,
            way=ReferralWay.PHONE,
            is_answered=True,
            answer="已说明",
            is_suspected_abuse=True,
        )


def test_what_follows_is_told_before_saving(session, make_user, make_student, term):
    counsellor = make_user(Role.COUNSELLOR, name="何知微")

    told = intake_side.what_follows(
        session, counsellor, request=request(student_id=make_student().id, facts="", speaker=None)
    )

    assert (told.owner_name, told.owner_is_lead, told.parents) == ("何知微", False, ParentsStep.AFTER_ASSESSMENT)
    assert clock.local(told.assessment_due_at).strftime("%m-%d %H:%M") == "11-25 17:00"
    assert clock.local(told.feedback_due_at).strftime("%m-%d %H:%M") == "11-27 17:00"
    assert told.reply_due_at is None
    assert told.proves == ("D-01",)
    assert told.proves_not == ("D-03", "D-04")


def test_what_follows_from_a_parent_s_call(session, make_user, term):
    told = intake_side.what_follows(
        session,
        make_user(Role.COUNSELLOR),
        request=request(channel=ReferralChannel.PARENT, urgency=Urgency.URGENT),
    )

    assert told.parents is ParentsStep.REPLY
    assert clock.local(told.assessment_due_at).strftime("%m-%d %H:%M") == "11-20 17:00"
    assert clock.local(told.reply_due_at).strftime("%m-%d %H:%M") == "11-24 17:00"


def test_what_follows_from_suspected_abuse(session, make_user, term):
    make_user(Role.LEAD, name="秦若谷")

    told = intake_side.what_follows(session, make_user(Role.COUNSELLOR), request=request(is_suspected_abuse=True))

    assert (told.owner_name, told.owner_is_lead, told.parents) == ("秦若谷", True, ParentsStep.STOPPED)
    assert (told.reply_due_at, told.feedback_due_at) == (None, None)


def test_a_teacher_who_waited_too_long_is_told(session, make_user, term):
    told = intake_side.what_follows(session, make_user(Role.COUNSELLOR), request=request(noticed_on=date(2026, 11, 16)))

    assert told.noticed_late


def change(**overrides) -> ReferralChange:
    return ReferralChange(**({"facts": "改过的事实", "noticed_on": date(2026, 11, 19)} | overrides))


def test_facts_can_be_mended(session, make_user, make_student):
    counsellor = make_user(Role.COUNSELLOR)
    referral = register(session, counsellor, student_id=make_student().id)

    intake.change_referral(
        session, counsellor, referral_id=referral.id, version=1, change=change(urgency=Urgency.URGENT)
    )

    assert unseal(referral, "facts_sealed") == "改过的事实"
    assert (referral.version, referral.urgency) == (2, Urgency.URGENT)


@pytest.fixture
def teacher_s(session, make_user, make_class, make_student):
    """A homeroom teacher and her referral of a child of her class."""
    make_user(Role.COUNSELLOR, name="何知微")
    own = make_class(7, 3)
    teacher, child = make_user(Role.HOMEROOM, homeroom_of=own), make_student(in_class=own)
    return teacher, register(session, teacher, student_id=child.id, referred_by_id=teacher.user_id)


def test_who_referred_completes_it_while_it_is_received_or_in_assessment(session, make_user, teacher_s):
    teacher, referral = teacher_s
    intake.change_referral(
        session, teacher, referral_id=referral.id, version=1, change=change(background="父母在外，奶奶照看。")
    )
    assert (unseal(referral, "background_sealed"), referral.parts_filled) == ("父母在外，奶奶照看。", 3)

    counsellor = make_user(Role.COUNSELLOR)
    referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=referral.version)
    intake.change_referral(
        session, teacher, referral_id=referral.id, version=referral.version, change=change(urgency=Urgency.URGENT)
    )
    with pytest.raises(FieldErrors) as refused:
        intake.change_referral(session, teacher, referral_id=referral.id, version=referral.version, change=change())
    assert refused.value.problems["urgency"].code == "not_less_urgent"

    referral_moves.decline(session, counsellor, referral_id=referral.id, version=referral.version, reason="误会")
    with pytest.raises(IllegalMove):
        intake.change_referral(
            session, teacher, referral_id=referral.id, version=referral.version, change=change(urgency=Urgency.URGENT)
        )


def test_who_referred_learns_nothing_of_protection_by_completing(session, make_user, teacher_s):
    teacher, referral = teacher_s
    lead = make_user(Role.LEAD)
    register(session, lead, student_id=referral.student_id, is_suspected_abuse=True)

    told = change(parents_informed=ParentsInformed.YES)
    intake.change_referral(session, teacher, referral_id=referral.id, version=1, change=told)
    with pytest.raises(EditedMeanwhile) as stale:
        intake.change_referral(session, teacher, referral_id=referral.id, version=1, change=told)
    assert stale.value.edited_by is None
    assert (stale.value.current["owner_name"], stale.value.current["answer"]) == (None, None)

    safeguarding.mark_suspected_abuse(session, lead, referral_id=referral.id, version=2)
    with pytest.raises(NotFound):
        intake.change_referral(session, teacher, referral_id=referral.id, version=3, change=told)


def test_a_typo_is_mended_long_after_without_moving_the_day(session, make_user, make_student):
    counsellor = make_user(Role.COUNSELLOR)
    referral = register(session, counsellor, student_id=make_student().id, noticed_on=date(2026, 11, 19))
    clock.set_fixed(NOW + timedelta(days=800))

    intake.change_referral(session, counsellor, referral_id=referral.id, version=1, change=change())

    assert unseal(referral, "facts_sealed") == "改过的事实"
    moved = change(noticed_on=date(2026, 11, 18))  # still within a year of the day it was told
    intake.change_referral(session, counsellor, referral_id=referral.id, version=2, change=moved)
    assert referral.noticed_on == date(2026, 11, 18)


@pytest.mark.parametrize(
    ("noticed_on", "code"),
    [
        (date(2026, 11, 13), "after_received"),
        (date(2026, 11, 20), "after_received"),
        (date(2026, 11, 21), "future"),
        (date(2025, 11, 11), "too_long_ago"),
        (None, "required"),
    ],
)
def test_a_change_asks_of_the_day_what_registration_asks(session, make_user, make_student, noticed_on, code):
    counsellor = make_user(Role.COUNSELLOR)
    referral = register(session, counsellor, student_id=make_student().id,
                        received_at=NOW - timedelta(days=8), noticed_on=date(2026, 11, 12))  # fmt: skip

    with pytest.raises(FieldErrors) as refused:
        intake.change_referral(
            session, counsellor, referral_id=referral.id, version=1, change=change(noticed_on=noticed_on)
        )

    assert refused.value.problems["noticed_on"].code == code


def test_the_second_editor_gets_both_versions(session, make_user, make_student):
    counsellor = make_user(Role.COUNSELLOR, name="何知微")
    referral = register(session, counsellor, student_id=make_student().id)
    intake.change_referral(session, counsellor, referral_id=referral.id, version=1, change=change())

    with pytest.raises(EditedMeanwhile) as refused:
        intake.change_referral(session, counsellor, referral_id=referral.id, version=1, change=change(facts="我写的"))

    assert refused.value.current["facts"] == "改过的事实"
    assert refused.value.current["version"] == 2


def test_parents_of_a_protected_child_are_not_marked_as_told(session, make_user, make_student):
    lead, counsellor, student = make_user(Role.LEAD), make_user(Role.COUNSELLOR), make_student()
    register(session, lead, student_id=student.id, is_suspected_abuse=True)
    other = register(session, counsellor, student_id=student.id)

    with pytest.raises(StoppedForProtection):
        intake.change_referral(
            session,
            counsellor,
            referral_id=other.id,
            version=1,
            change=change(parents_informed=ParentsInformed.YES),
        )


def test_the_last_referral_of_a_child_is_found_but_not_a_protected_one(session, make_user, make_student):
    lead, counsellor, student = make_user(Role.LEAD), make_user(Role.COUNSELLOR), make_student()
    plain = register(session, counsellor, student_id=student.id)
    marked = register(session, lead, student_id=student.id, is_suspected_abuse=True, received_at=NOW)

    assert intake_side.find_earlier(session, counsellor, student_id=student.id).id == plain.id
    assert intake_side.find_earlier(session, lead, student_id=student.id).id in (plain.id, marked.id)
