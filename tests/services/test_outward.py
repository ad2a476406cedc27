"""Referring a child out: consent or the documented emergency, who sees it, what is due, what can't be, two editors."""

from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from db.sealing import unseal
from db.tables import (
    AppUser,
    CareKind,
    CareRecord,
    ConsentAnswer,
    ConsentPurpose,
    OutwardContact,
    OutwardFollowUp,
    OutwardOutcome,
    OutwardReferral,
    OutwardTarget,
    Referral,
    Role,
    RoleGrant,
    Urgency,
)
from db.transactions import transaction
from services import (
    assessments,
    consents,
    file_openings,
    home,
    outward_forms,
    outward_referrals,
    outward_views,
    records,
    referral_moves,
    safeguarding,
)
from services.duties import DutyGroup, DutyKind
from services.errors import EditedMeanwhile, NotAllowed, NotFound
from services.outward_referrals import FollowUpEntry, OutwardEnded, OutwardEnding, OutwardEntry
from tests.conftest import NOW
from tests.services.children import collected, problems_of
from tests.services.intake_makers import register
from tests.services.test_assessments import asked
from tests.services.test_plans import ordinary
from tests.services.test_records import entry as record_entry
from tests.services.test_records import write

TODAY = NOW.date()
DAY = timedelta(days=1)
WHY = "近一个月睡不着，家长也同意去看。"
ENTRY = OutwardEntry(
    target_kind=OutwardTarget.HOSPITAL, target="栖云市第三医院心理科", contact="门诊", reason=WHY,
    handed="转介信一份", referred_on=TODAY,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _term(term):
    return term


@pytest.fixture
def school_class(make_class):
    return make_class(7, 3)


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD, name="秦若谷")


@pytest.fixture
def counsellor(make_user):
    return make_user(Role.COUNSELLOR, name="何知微")


@pytest.fixture
def colleague(make_user):
    return make_user(Role.COUNSELLOR, name="苏念安")


@pytest.fixture
def child(session, counsellor, make_student, school_class):
    """江小满, whose family agrees to it."""
    made = make_student("江小满", in_class=school_class)
    say(session, counsellor, made, ConsentAnswer.GIVEN)
    return made


def say(session, actor, child, answer, *, purpose=ConsentPurpose.REFERRAL, day=TODAY):
    before = consents.current_consent(session, student_id=child.id, purpose=purpose)
    return consents.record_consent(
        session, actor, student_id=child.id, purpose=purpose, answer=answer, day=day, by_whom="外婆",
        replaces_id=before.id if before else None,
    )  # fmt: skip


def refer(session, actor, child, *, case_id=None, **overrides):
    entry = replace(ENTRY, **overrides)
    return outward_referrals.refer_out(session, actor, student_id=child.id, entry=entry, case_id=case_id)


def see(session, actor, outward_id):
    return outward_views.find_outward(session, actor, outward_id=outward_id)


def follow(session, actor, outward_id, contact=OutwardContact.BODY, day=TODAY, words="约了下周复诊。", **more):
    entry = FollowUpEntry(day=day, contact=contact, words=words, agreed_with_id=more.pop("agreed_with_id", None))
    return outward_referrals.save_follow_up(session, actor, outward_id=outward_id, entry=entry, **more)


def answer(session, actor, outward_id, *, on=TODAY, words="建议每周门诊一次。"):
    version = session.get_one(OutwardReferral, outward_id).version
    outward_referrals.record_answer(
        session, actor, outward_id=outward_id, version=version, answered_on=on, answer=words
    )


def end(session, actor, outward_id, outcome=OutwardOutcome.BACK, *, on=TODAY, words="好些了，回来每周谈一次。"):
    version = session.get_one(OutwardReferral, outward_id).version
    entry = OutwardEnding(outcome=outcome, ended_on=on, words=words)
    outward_referrals.end_outward(session, actor, outward_id=outward_id, version=version, entry=entry)


def due(session, actor):
    kinds = (DutyKind.OUTWARD_ANSWER, DutyKind.OUTWARD_FOLLOW_UP)
    return [each for each in home.list_duties(session, actor) if each.kind in kinds]


# --- consent, or danger ---


def test_with_consent_it_is_written_sealed_and_names_the_day_it_rests_upon(session, counsellor, child):
    number = refer(session, counsellor, child)

    row, view = session.get_one(OutwardReferral, number), see(session, counsellor, number)
    assert (row.consent_on, row.is_emergency, row.owner_id) == (TODAY, False, counsellor.user_id)
    assert unseal(row, "reason_sealed") == WHY
    assert WHY.encode() not in (row.reason_sealed or b"")
    assert (view.stored.target, view.row.child, view.row.next_step.clause_id) == (ENTRY.target, "江小满", "C-08")
    assert "outward.made" in collected(session)


@pytest.mark.parametrize(
    ("said", "problem"),
    [(None, "no_consent"), (ConsentAnswer.REFUSED, "consent_refused"), (ConsentAnswer.WITHDRAWN, "consent_refused")],
)
def test_a_refusal_is_respected_but_for_a_child_in_danger(
    session, counsellor, make_student, school_class, said, problem
):
    child = make_student("霍半夏", in_class=school_class)
    if said is ConsentAnswer.WITHDRAWN:
        say(session, counsellor, child, ConsentAnswer.GIVEN)
    if said is not None:
        say(session, counsellor, child, said)

    assert problems_of(lambda: refer(session, counsellor, child)) == {"emergency": problem}
    assert problems_of(lambda: refer(session, counsellor, child, emergency="联系不上")) == {
        "urgency": "exception_needs_danger"
    }
    number = refer(session, counsellor, child, emergency="有计划，电话打不通", urgency=Urgency.DANGER)

    row = session.get_one(OutwardReferral, number)
    assert (row.is_emergency, row.consent_on) == (True, None)
    assert see(session, counsellor, number).stored.emergency == "有计划，电话打不通"


def test_a_consent_given_later_is_none_for_that_day(session, counsellor, child):
    assert problems_of(lambda: refer(session, counsellor, child, referred_on=TODAY - DAY)) == {
        "referred_on": "before_consent"
    }


def test_the_database_asks_for_a_consent_or_an_emergency(session, counsellor, child):
    number = refer(session, counsellor, child)

    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(update(OutwardReferral).where(col(OutwardReferral.id) == number).values(consent_on=None))


def test_a_consent_taken_back_is_told_on_what_goes_on(session, counsellor, child):
    number = refer(session, counsellor, child)
    say(session, counsellor, child, ConsentAnswer.WITHDRAWN)

    view = see(session, counsellor, number)

    assert (view.consent_on, view.consent_now) == (TODAY, ConsentAnswer.WITHDRAWN)


def test_counselling_that_a_family_refused_is_not_recorded_and_a_talk_is(session, counsellor, child):
    write(session, counsellor, child, kind=CareKind.COUNSELLING, day=TODAY - DAY)
    say(session, counsellor, child, ConsentAnswer.REFUSED, purpose=ConsentPurpose.COUNSELLING)

    refused = problems_of(lambda: write(session, counsellor, child, kind=CareKind.COUNSELLING))
    assert refused == {"child": "counselling_refused"}
    assert write(session, counsellor, child, kind=CareKind.COUNSELLING, day=TODAY - DAY)  # before they refused
    assert write(session, counsellor, child)
    say(session, counsellor, child, ConsentAnswer.GIVEN, purpose=ConsentPurpose.COUNSELLING)
    assert write(session, counsellor, child, kind=CareKind.COUNSELLING)


def test_an_answer_since_does_not_allow_what_was_refused_on_the_day(session, counsellor, child):
    say(session, counsellor, child, ConsentAnswer.REFUSED, purpose=ConsentPurpose.COUNSELLING, day=TODAY - 9 * DAY)
    say(session, counsellor, child, ConsentAnswer.GIVEN, purpose=ConsentPurpose.COUNSELLING, day=TODAY - 2 * DAY)

    told = problems_of(lambda: write(session, counsellor, child, kind=CareKind.COUNSELLING, day=TODAY - 5 * DAY))
    assert told == {"child": "counselling_refused"}
    for day in (TODAY - 10 * DAY, TODAY - 2 * DAY, TODAY):
        assert write(session, counsellor, child, kind=CareKind.COUNSELLING, day=day)


def test_counselling_is_not_moved_to_a_day_by_which_the_family_refused_it(session, counsellor, child):
    before = write(session, counsellor, child, kind=CareKind.COUNSELLING, day=TODAY - DAY)
    talk = write(session, counsellor, child, day=TODAY - DAY)
    say(session, counsellor, child, ConsentAnswer.REFUSED, purpose=ConsentPurpose.COUNSELLING)

    def amend(record_id: int, **changes) -> None:
        records.amend_record(session, counsellor, record_id=record_id, version=1, entry=record_entry(**changes))

    assert problems_of(lambda: amend(before, day=TODAY)) == {"day": "counselling_refused"}
    session.expire_all()
    amend(talk, day=TODAY)  # a talk is none
    moved = session.exec(select(CareRecord.day).where(CareRecord.id == before)).one()
    assert moved == TODAY - DAY


# --- what can't be ---


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"target_kind": None}, {"target_kind": "required"}),
        ({"target": " "}, {"target": "required"}),
        ({"reason": None}, {"reason": "required"}),
        ({"referred_on": None}, {"referred_on": "required"}),
        ({"referred_on": TODAY + DAY}, {"referred_on": "future"}),
        ({"urgency": None}, {"urgency": "required"}),
        ({"owner_id": 999}, {"owner_id": "unknown_choice"}),
        ({"target": "长" * 201}, {"target": "too_long"}),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(session, counsellor, child, wrong, problem):
    assert problems_of(lambda: refer(session, counsellor, child, **wrong)) == problem


def test_a_teacher_follows_none(session, counsellor, child, make_user, school_class):
    teacher = make_user(Role.HOMEROOM, homeroom_of=school_class)

    assert problems_of(lambda: refer(session, counsellor, child, owner_id=teacher.user_id)) == {
        "owner_id": "unknown_choice"
    }
    assert teacher.user_id not in outward_forms.list_followers(session, counsellor)


def test_what_comes_after_is_not_before_it(session, counsellor, child):
    number = refer(session, counsellor, child)
    early = {"answered_on": "before_referred"}

    assert problems_of(lambda: answer(session, counsellor, number, on=TODAY - DAY)) == early
    assert problems_of(lambda: follow(session, counsellor, number, day=TODAY - DAY)) == {"day": "before_referred"}
    assert problems_of(lambda: end(session, counsellor, number, OutwardOutcome.TAKEN_OVER)) == {
        "outcome": "not_answered_yet"
    }


def test_none_ends_before_the_last_that_was_heard_of_it(session, counsellor, child):
    number = refer(
        session, counsellor, child, referred_on=TODAY - 3 * DAY, emergency="当天就要去", urgency=Urgency.DANGER
    )
    answer(session, counsellor, number, on=TODAY - 2 * DAY)
    early = {"ended_on": "before_step"}

    assert problems_of(lambda: end(session, counsellor, number, on=TODAY - 3 * DAY)) == early
    follow(session, counsellor, number, day=TODAY - DAY)
    assert problems_of(lambda: end(session, counsellor, number, on=TODAY - 2 * DAY)) == early
    end(session, counsellor, number, on=TODAY - DAY)


def test_reaching_the_family_is_agreed_whoever_s_child_it_is(session, counsellor, lead, child):
    number = refer(session, counsellor, child)

    missing = problems_of(lambda: follow(session, counsellor, number, OutwardContact.FAMILY))
    assert missing == {"agreed_with_id": "agreement_needed"}
    follow(session, counsellor, number, OutwardContact.FAMILY, agreed_with_id=lead.user_id)
    assert see(session, counsellor, number).follow_ups[0].agreed_with == "秦若谷"
    follow(session, lead, number, OutwardContact.FAMILY)


# --- what is due ---


def test_the_answer_is_due_then_the_next_question_and_nothing_after_the_end(session, counsellor, child):
    number = refer(session, counsellor, child)
    (first,) = due(session, counsellor)
    assert (first.kind, first.group, first.child, first.due_at.date()) == (
        DutyKind.OUTWARD_ANSWER, DutyGroup.UPCOMING, "江小满", TODAY + 14 * DAY,
    )  # fmt: skip
    answer(session, counsellor, number)
    assert [each.kind for each in due(session, counsellor)] == [DutyKind.OUTWARD_FOLLOW_UP]
    end(session, counsellor, number)
    assert due(session, counsellor) == []
    assert see(session, counsellor, number).row.next_step is None


def test_each_follow_up_moves_the_next_one(session, counsellor, lead, make_student):
    child = make_student("孟紫苏")
    say(session, lead, child, ConsentAnswer.GIVEN, day=date(2026, 10, 1))
    number = refer(session, counsellor, child, referred_on=date(2026, 10, 1))
    assert due(session, counsellor)[0].group is DutyGroup.LATE
    answer(session, counsellor, number, on=date(2026, 10, 8))
    follow(session, counsellor, number, day=TODAY - DAY)
    (next_one,) = due(session, counsellor)

    assert next_one.due_at.date() == TODAY + 13 * DAY
    assert due(session, lead) == []


@pytest.mark.parametrize("change", ["account disabled", "post given up"])
def test_who_is_gone_leaves_it_to_the_head_of_the_room(session, counsellor, lead, child, change):
    refer(session, counsellor, child)
    assert due(session, lead) == []

    if change == "account disabled":
        session.get_one(AppUser, counsellor.user_id).is_active = False
    else:
        session.exec(select(RoleGrant).where(RoleGrant.user_id == counsellor.user_id)).one().ended_at = NOW
    session.flush()

    assert [(each.is_mine, each.owner_name) for each in due(session, lead)] == [(False, "何知微")]


# --- who sees it ---


@pytest.fixture
def case(session, counsellor, child):
    referral = register(session, counsellor, student_id=child.id)
    referral_moves.start_assessment(session, counsellor, referral_id=referral.id, version=1)
    return assessments.save_assessment(session, counsellor, request=asked(referral))


def test_the_head_sees_all_a_counsellor_the_own_and_those_of_the_own_cases(
    session, counsellor, colleague, lead, child, case
):
    own = refer(session, counsellor, child)
    of_case = refer(session, lead, child, case_id=case.id, owner_id=lead.user_id)

    def listed(actor):
        shown = outward_views.list_outward(session, actor, student_id=child.id)
        assert shown.total == len(shown.rows)
        return {row.id for row in shown.rows}

    assert listed(lead) == {own, of_case} == listed(counsellor)
    assert listed(colleague) == set()
    assert see(session, counsellor, of_case).case_id == case.id
    for number in (own, of_case):
        with pytest.raises(NotFound):
            see(session, colleague, number)
    with pytest.raises(NotFound):
        refer(session, colleague, child, case_id=case.id)


def test_a_mark_set_afterwards_changes_nothing_for_who_follows_it(session, counsellor, lead, child, case):
    """Nothing somebody may not know decides what they are shown or owed (0018); only the way to the case goes."""
    number = refer(session, counsellor, child, case_id=case.id)
    before, owed = see(session, counsellor, number), due(session, counsellor)
    referral = safeguarding.mark_suspected_abuse(session, lead, referral_id=case.referral_id, version=3)
    assert referral.is_suspected_abuse

    after = see(session, counsellor, number)

    assert replace(after, case_id=case.id) == before
    assert due(session, counsellor) == owed
    assert follow(session, counsellor, number)


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.LEAD, Role.COUNSELLOR)])
def test_nobody_else_refers_out_or_reads_of_it(session, counsellor, child, make_user, role):
    number, actor = refer(session, counsellor, child), make_user(role)

    for act in (
        lambda: refer(session, actor, child),
        lambda: see(session, actor, number),
        lambda: outward_views.list_outward(session, actor),
        lambda: follow(session, actor, number),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_reading_somebody_else_s_is_noted_once(session, counsellor, lead, child):
    number = refer(session, counsellor, child)

    for _ in range(2):
        outward_views.note_opening(session, lead, outward_id=number)
        outward_views.note_opening(session, counsellor, outward_id=number)

    assert collected(session).count("outward.opened") == 1
    assert file_openings.OpenedWhat.OUTWARD in file_openings._WHAT.values()


# --- two editors, and the end ---


def test_a_form_drawn_before_somebody_saved_is_a_conflict(session, counsellor, lead, child):
    number = refer(session, counsellor, child)
    drawn = see(session, counsellor, number).stored.version
    changed = replace(ENTRY, target="栖云市第一医院")
    outward_referrals.change_outward(session, lead, outward_id=number, version=drawn, entry=changed)

    with pytest.raises(EditedMeanwhile) as refused:
        outward_referrals.change_outward(session, counsellor, outward_id=number, version=drawn, entry=ENTRY)

    assert refused.value.current["target"] == "栖云市第一医院"
    step = follow(session, counsellor, number)
    follow(session, lead, number, words="改过", follow_up_id=step, version=1)
    with pytest.raises(EditedMeanwhile):
        follow(session, counsellor, number, words="又改", follow_up_id=step, version=1)


def test_one_that_has_ended_stays_as_it_is(session, counsellor, child):
    number = refer(session, counsellor, child)
    end(session, counsellor, number, OutwardOutcome.NOT_GONE)

    for act in (
        lambda: follow(session, counsellor, number),
        lambda: answer(session, counsellor, number),
        lambda: end(session, counsellor, number),
    ):
        with pytest.raises(OutwardEnded):
            act()
    assert see(session, counsellor, number).row.outcome is OutwardOutcome.NOT_GONE


@pytest.mark.long
def test_of_two_who_end_it_at_once_one_is_told(session, counsellor, lead, child):
    number = refer(session, counsellor, child)
    session.commit()
    start, told = Barrier(2), []

    def act(actor):
        start.wait()
        try:
            with transaction() as own:
                outward_referrals.end_outward(
                    own, actor, outward_id=number, version=1,
                    entry=OutwardEnding(outcome=OutwardOutcome.NOT_GONE, ended_on=TODAY, words=actor.display_name),
                )  # fmt: skip
        except (EditedMeanwhile, OutwardEnded) as error:
            told.append(error)

    threads = [Thread(target=act, args=(actor,)) for actor in (counsellor, lead)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(told) == 1
    with transaction() as own:
        assert len(own.exec(select(OutwardReferral).where(col(OutwardReferral.ended_on).is_not(None))).all()) == 1
        assert own.exec(select(OutwardFollowUp)).all() == []


def test_out_of_a_marked_case_only_who_may_know_follows_it(session, lead, counsellor, colleague, child):
    case = ordinary(session, counsellor, child)
    before = refer(session, lead, child, case_id=case.id)
    handed = refer(session, lead, child, case_id=case.id, owner_id=counsellor.user_id)
    version = session.get_one(Referral, case.referral_id).version
    safeguarding.mark_suspected_abuse(session, lead, referral_id=case.referral_id, version=version)

    asked_for = replace(ENTRY, owner_id=colleague.user_id)
    for act in (
        lambda: refer(session, lead, child, case_id=case.id, owner_id=colleague.user_id),
        lambda: outward_referrals.change_outward(session, lead, outward_id=before, version=1, entry=asked_for),
    ):
        assert problems_of(act) == {"owner_id": "leaders_only"}
    assert outward_views.list_outward(session, lead, case_id=case.id).total == 2
    # Who followed one before the mark is refused nothing by it, and told of no case (0018).
    assert outward_views.list_outward(session, counsellor, case_id=case.id).total == 0
    assert outward_views.list_outward(session, counsellor).total == 1
    outward_referrals.change_outward(session, counsellor, outward_id=handed, version=1, entry=asked_for)


def test_its_day_moves_to_none_before_the_consent(session, counsellor, child):
    number = refer(session, counsellor, child)
    moved = replace(ENTRY, referred_on=TODAY - 60 * DAY)

    def change():
        outward_referrals.change_outward(session, counsellor, outward_id=number, version=1, entry=moved)

    assert problems_of(change) == {"referred_on": "before_consent"}
