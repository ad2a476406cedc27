"""Planning a conference, writing down what it found and decided, and what each of those it concerns may know of it."""

import json
from dataclasses import replace
from datetime import date, time, timedelta
from io import BytesIO
from threading import Barrier, Thread

import pytest
from docx import Document
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from db.audit_chain import COLLECTED
from db.sealing import unseal
from db.tables import (
    AppUser,
    CaseConference,
    CaseDecision,
    ConferenceParticipant,
    ConferenceVersion,
    DecisionState,
    Referral,
    Role,
    RoleGrant,
    Severity,
    Urgency,
)
from db.transactions import transaction
from services import (
    assessments,
    audit,
    cases,
    child_duties,
    clock,
    conference_prints,
    conference_views,
    conferences,
    decisions,
    home,
    paper,
    referral_moves,
    safeguarding,
)
from services.case_stages import CaseStage
from services.conferences import ConferenceHeld, PlanEntry, RecordEntry
from services.decisions import DecisionEntry, EndEntry
from services.duties import DutyGroup, DutyKind
from services.errors import DomainError, EditedMeanwhile, FieldErrors, NotAllowed, NotFound
from services.exchange.documents import fill_template
from services.regulations.deadlines import DutyState
from services.student_exports import ExportPurpose
from tests.conftest import NOW
from tests.services.intake_makers import register
from tests.services.test_assessments import asked

TODAY = NOW.date()
NEXT_WEEK = TODAY + timedelta(days=7)


@pytest.fixture(autouse=True)
def _term(term):
    return term


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD, name="秦若谷")


@pytest.fixture
def counsellor(make_user):
    return make_user(Role.COUNSELLOR, name="何知微")


@pytest.fixture
def teacher(make_user):
    return make_user(Role.SUBJECT_TEACHER, name="周砚田")


@pytest.fixture
def case(session, counsellor, lead, teacher, make_student):
    return called(session, counsellor, make_student("江小满"), lead, teacher)


def called(session, actor, child, *people, guests=("社区的柳主任",), **came):
    """A serious case of the actor's, whose conference these are asked to, the actor too."""
    referral = register(session, actor, student_id=child.id, **came)
    referral_moves.start_assessment(session, actor, referral_id=referral.id, version=1)
    everybody = frozenset(each.user_id for each in (actor, *people))
    request = replace(
        asked(referral), severity=Severity.SERIOUS, mentions_self_harm=True, participant_ids=everybody, guests=guests
    )
    return assessments.save_assessment(session, actor, request=request)


def seen(session, actor, case):
    return cases.find_case(session, actor, case_id=case.id).conference


def conference_of(session, case):
    return session.exec(select(CaseConference).where(CaseConference.case_id == case.id)).one()


def plan(**values):
    fine = {
        "planned_on": NEXT_WEEK,
        "planned_time": time(15, 30),
        "place": "三楼小会议室",
        "participant_ids": frozenset(),
        "guests": ("试甲", "试乙"),
    }
    return PlanEntry(**(fine | values))


def record(**values):
    fine = {
        "held_on": TODAY,
        "held_time": time(9, 0),
        "present_ids": frozenset(),
        "others": ("试甲", "试乙"),
        "findings": "近两周不说话，同桌说睡得少。",
        "conclusion": "先稳住，每周谈一次。",
    }
    return RecordEntry(**(fine | values))


def write(session, actor, case, *decided, **values):
    """Write the record of a case's conference."""
    conference = conference_of(session, case)
    entry = record(decisions=decided, **values)
    conferences.record_conference(session, actor, conference_id=conference.id, version=conference.version, entry=entry)
    return conference


def to_do(doer, text="家访一次", due_on=NEXT_WEEK):
    return DecisionEntry(text, doer.user_id, due_on)


def problems_of(call):
    with pytest.raises(FieldErrors) as refused:
        call()
    return {name: problem.code for name, problem in refused.value.problems.items()}


def noted(session, action):
    return [note for note in session.info.get(COLLECTED, []) if note.action == action.value]


# --- before ---


def test_who_is_asked_reads_day_time_and_place_and_no_word(session, counsellor, lead, teacher, case):
    conference = conference_of(session, case)
    people = frozenset({counsellor.user_id, lead.user_id, teacher.user_id})

    conferences.plan_conference(
        session, counsellor, conference_id=conference.id, version=1, entry=plan(participant_ids=people, guests=())
    )

    [duty] = home.list_duties(session, teacher)
    assert (duty.kind, duty.place, duty.child, duty.target_id) == (DutyKind.INVITED, "三楼小会议室", None, None)
    assert duty.meets_at == duty.due_at == clock.at_school(NEXT_WEEK, time(15, 30))
    assert unseal(conference, "place_sealed") == "三楼小会议室"
    assert "三楼" not in str(conference.place_sealed)
    assert [note.details["participants"] for note in noted(session, audit.Action.CONFERENCE_PLANNED)] == [3]


def test_who_is_asked_can_be_changed_and_who_stays_keeps_the_row(session, counsellor, lead, teacher, make_user, case):
    conference, other = conference_of(session, case), make_user(Role.HOMEROOM, name="柏云栖")
    before = {each.user_id: each.id for each in seen(session, counsellor, case).people}

    people = frozenset({counsellor.user_id, lead.user_id, other.user_id})
    entry = plan(participant_ids=people, guests=("民政所的柳主任",))
    conferences.plan_conference(session, lead, conference_id=conference.id, version=1, entry=entry)

    after = seen(session, counsellor, case).people
    assert [each.name for each in after] == ["何知微", "秦若谷", "柏云栖", "民政所的柳主任"]
    assert {each.user_id: each.id for each in after}[lead.user_id] == before[lead.user_id]
    assert home.list_duties(session, teacher) == []
    assert [duty.kind for duty in home.list_duties(session, other)] == [DutyKind.INVITED]


def test_a_day_without_time_a_gone_one_and_one_alone_are_refused(session, counsellor, case):
    number = conference_of(session, case).id

    def attempt(**values):
        return problems_of(
            lambda: conferences.plan_conference(
                session, counsellor, conference_id=number, version=1, entry=plan(**values)
            )
        )

    assert attempt(planned_time=None) == {"planned_time": "required"}
    assert attempt(planned_on=None) == {"planned_on": "required"}
    assert attempt(planned_on=TODAY, planned_time=time(9, 0)) == {"planned_on": "planned_past"}
    assert attempt(planned_on=date(2099, 1, 1)) == {"planned_on": "too_far"}
    assert attempt(guests=("试甲",)) == {"participants": "too_few"}
    assert attempt(place="长" * 300) == {"place": "too_long"}


def test_neither_day_nor_place_need_be_known_yet(session, counsellor, case):
    number = conference_of(session, case).id
    entry = plan(planned_on=None, planned_time=None, place=None)
    conferences.plan_conference(session, counsellor, conference_id=number, version=1, entry=entry)

    view = seen(session, counsellor, case)
    assert (view.planned_at, view.place) == (None, None)


def test_who_is_asked_is_not_late_while_it_goes_on(session, teacher, case):
    conference_of(session, case).planned_at = NOW - timedelta(minutes=20)
    session.flush()

    assert [duty.group for duty in home.list_duties(session, teacher)] == [DutyGroup.TODAY]


def test_a_day_gone_by_invites_nobody_any_more(session, counsellor, teacher, case):
    conference_of(session, case).planned_at = NOW - timedelta(days=1)
    session.flush()

    assert home.list_duties(session, teacher) == []
    assert [duty.kind for duty in home.list_duties(session, counsellor)] == [DutyKind.CONFERENCE]


def test_of_two_who_plan_at_once_the_second_is_told(session, counsellor, lead, case):
    number = conference_of(session, case).id
    conferences.plan_conference(session, lead, conference_id=number, version=1, entry=plan())

    with pytest.raises(EditedMeanwhile) as refused:
        conferences.plan_conference(session, counsellor, conference_id=number, version=1, entry=plan(place="操场"))

    stored = refused.value.current
    assert (stored["place"], stored["guests"], stored["version"]) == ("三楼小会议室", "试甲、试乙", 2)


def test_what_was_held_is_not_planned_any_more(session, counsellor, case):
    conference = write(session, counsellor, case)

    with pytest.raises(ConferenceHeld):
        conferences.plan_conference(
            session, counsellor, conference_id=conference.id, version=conference.version, entry=plan()
        )


def test_of_a_child_who_may_be_abused_only_who_may_know_is_asked(session, lead, teacher, make_user, make_student):
    case = called(session, lead, make_student())
    marked = session.get_one(Referral, case.referral_id)
    safeguarding.mark_suspected_abuse(session, lead, referral_id=marked.id, version=marked.version)
    number = conference_of(session, case).id
    offered = conference_views.list_people_to_ask(session, lead, conference_id=number)

    def attempt(**values):
        return problems_of(
            lambda: conferences.plan_conference(session, lead, conference_id=number, version=1, entry=plan(**values))
        )

    assert set(offered) == {lead.user_id}
    assert attempt(participant_ids=frozenset({lead.user_id, teacher.user_id}), guests=()) == {
        "participants": "leaders_only"
    }
    assert attempt(participant_ids=frozenset({lead.user_id}), guests=("班主任王老师",)) == {"guests": "officials_only"}
    assert attempt() == {"participants": "leader_needed"}


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.LEADERSHIP, Role.HOMEROOM, Role.SUPERVISOR, Role.ADMIN])
def test_who_may_not_open_the_case_plans_records_and_decides_nothing(session, counsellor, make_user, case, role):
    stranger, number = make_user(role), conference_of(session, case).id
    acts = (
        lambda: conferences.plan_conference(session, stranger, conference_id=number, version=1, entry=plan()),
        lambda: conferences.record_conference(session, stranger, conference_id=number, version=1, entry=record()),
        lambda: decisions.save_decision(session, stranger, conference_id=number, entry=to_do(stranger)),
        lambda: conference_views.list_people_to_ask(session, stranger, conference_id=number),
        lambda: conference_views.list_record_versions(session, stranger, conference_id=number),
        lambda: conference_prints.print_minutes(session, stranger, case_id=case.id, purpose=ExportPurpose.MEETING),
    )
    for act in acts:
        with pytest.raises((NotFound, NotAllowed)):
            act()


# --- held ---


def test_a_record_says_who_came_what_was_found_and_decided(session, counsellor, lead, teacher, case):
    people = {each.name: each.id for each in seen(session, counsellor, case).people}

    write(session, counsellor, case, to_do(teacher), to_do(counsellor, "谈一次"), DecisionEntry(" ", None, None),
          present_ids=frozenset({people["何知微"], people["社区的柳主任"]}), others=("派出所的方警官",))  # fmt: skip

    view = seen(session, counsellor, case)
    assert (view.findings, view.conclusion) == ("近两周不说话，同桌说睡得少。", "先稳住，每周谈一次。")
    assert {each.name: (each.is_invited, each.is_present) for each in view.people} == {
        "何知微": (True, True),
        "秦若谷": (True, False),
        "周砚田": (True, False),
        "社区的柳主任": (True, True),
        "派出所的方警官": (False, True),
    }
    assert [(each.text, each.owner_name, each.due_on) for each in view.decisions] == [
        ("家访一次", "周砚田", NEXT_WEEK),
        ("谈一次", "何知微", NEXT_WEEK),
    ]
    assert cases.find_case(session, counsellor, case_id=case.id).row.stage is CaseStage.PLAN
    assert len(noted(session, audit.Action.CONFERENCE_HELD)) == 1
    assert len(noted(session, audit.Action.DECISION_SAVED)) == 2
    told = json.dumps([note.details for note in session.info[COLLECTED]], ensure_ascii=False)
    assert "家访" not in told
    assert "不说话" not in told


def test_what_a_record_lacks_is_said_field_by_field(session, counsellor, teacher, case):
    def attempt(*decided, **values):
        return problems_of(lambda: write(session, counsellor, case, *decided, **values))

    assert attempt(findings=" ", conclusion=None) == {"findings": "required", "conclusion": "required"}
    assert attempt(held_on=None) == {"held_on": "required"}
    assert attempt(held_time=None) == {"held_time": "required"}
    assert attempt(held_time=time(9, 42)) == {"held_on": "future"}
    assert attempt(held_on=TODAY - timedelta(days=1)) == {"held_on": "before_called"}
    assert attempt(others=("试甲",)) == {"present": "too_few_there"}
    assert attempt(present_ids=frozenset({9999})) == {"present": "unknown"}
    nothing_typed, half = DecisionEntry(None, None, None), DecisionEntry("家访", None, TODAY - timedelta(days=1))
    assert attempt(nothing_typed, half) == {"decision_1_owner_id": "required", "decision_1_due_on": "before_held"}
    assert attempt(DecisionEntry("家访", 9999, date(2199, 1, 1))) == {
        "decision_0_owner_id": "unknown",
        "decision_0_due_on": "too_far",
    }
    assert session.exec(select(CaseDecision)).all() == []


def test_an_amendment_keeps_the_earlier_text_and_who_was_there(session, counsellor, lead, case):
    write(session, counsellor, case)

    write(session, lead, case, findings="和同桌已经和好。", others=("试甲", "试丙"))

    view = seen(session, lead, case)
    [before] = conference_views.list_record_versions(session, lead, conference_id=view.id)
    assert view.findings == "和同桌已经和好。"
    assert (before.findings, before.present, before.ended_by) == (
        "近两周不说话，同桌说睡得少。",
        ("试甲", "试乙"),
        "秦若谷",
    )
    assert len(noted(session, audit.Action.CONFERENCE_HELD)) == 1
    assert len(noted(session, audit.Action.CONFERENCE_AMENDED)) == 1
    stored = session.exec(select(ConferenceVersion)).one()
    assert (stored.number, b"\xe5" not in (stored.content_sealed or b"")[:3]) == (2, True)


def test_of_two_who_write_at_once_the_second_is_told_and_adds_nothing(session, counsellor, lead, teacher, case):
    number = conference_of(session, case).id
    conferences.record_conference(session, lead, conference_id=number, version=1, entry=record(findings="先写的"))

    entry = record(findings="后写的", decisions=(to_do(teacher),))
    with pytest.raises(EditedMeanwhile) as refused:
        conferences.record_conference(session, counsellor, conference_id=number, version=1, entry=entry)

    assert (refused.value.current["findings"], refused.value.current["others"]) == ("先写的", "试甲、试乙")
    assert session.exec(select(CaseDecision)).all() == []


def test_a_conference_noted_before_there_were_records_gets_one_without_a_version(session, counsellor, case):
    conference = conference_of(session, case)
    conference.held_at = NOW - timedelta(minutes=5)
    session.flush()

    write(session, counsellor, case, held_time=time(9, 30))

    assert session.exec(select(ConferenceVersion)).all() == []
    assert conference.recorded_at == NOW


def test_two_threads_never_both_write_the_first_record(session, counsellor, lead, case):
    number = conference_of(session, case).id
    session.commit()
    done, barrier = [], Barrier(2)

    def act(actor, words):
        barrier.wait()
        try:
            with transaction() as own:
                conferences.record_conference(own, actor, conference_id=number, version=1, entry=record(findings=words))
            done.append(words)
        except EditedMeanwhile:
            pass

    threads = [Thread(target=act, args=pair) for pair in ((counsellor, "甲写的"), (lead, "乙写的"))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    session.expire_all()
    assert [unseal(conference_of(session, case), "findings_sealed")] == done


# --- decisions ---


@pytest.fixture
def decided(session, counsellor, teacher, case):
    """What the teacher is to do by next Friday; the teacher may not open the case."""
    write(session, counsellor, case, to_do(teacher))
    return session.exec(select(CaseDecision)).one()


def test_who_is_to_do_it_reads_its_words_and_no_other(session, teacher, decided):
    [duty] = home.list_duties(session, teacher)
    found = decisions.find_decision(session, teacher, decision_id=decided.id)

    assert (duty.kind, duty.group, duty.child, duty.target_id) == (
        DutyKind.DECISION,
        DutyGroup.UPCOMING,
        None,
        decided.id,
    )
    assert (found.text, found.child, found.case_id, found.may_drop) == ("家访一次", None, None, False)
    assert found.decided_by == "何知微"


def test_a_homeroom_teacher_reads_which_of_the_own_children_it_is_about(
    session, counsellor, make_user, make_class, make_student
):
    own = make_class(7, 3)
    homeroom = make_user(Role.HOMEROOM, homeroom_of=own)
    write(session, counsellor, called(session, counsellor, make_student("江小满", in_class=own)), to_do(homeroom))

    assert [duty.child for duty in home.list_duties(session, homeroom) if duty.kind is DutyKind.DECISION] == ["江小满"]


@pytest.mark.parametrize(("days", "group"), [(-1, DutyGroup.LATE), (0, DutyGroup.TODAY), (1, DutyGroup.UPCOMING)])
def test_a_decision_is_late_due_today_or_to_come(session, teacher, decided, days, group):
    decided.due_on = TODAY + timedelta(days=days)
    session.flush()

    assert [duty.group for duty in home.list_duties(session, teacher)] == [group]


def test_it_is_done_with_a_word_and_leaves_home(session, counsellor, teacher, case, decided):
    entry = EndEntry(DecisionState.DONE, TODAY, "去过了，奶奶在家。")
    decisions.end_decision(session, teacher, decision_id=decided.id, version=1, entry=entry)

    assert home.list_duties(session, teacher) == []
    [row] = seen(session, counsellor, case).decisions
    assert (row.state, row.ended_by, row.note, row.step.state) == (
        DecisionState.DONE,
        "周砚田",
        "去过了，奶奶在家。",
        DutyState.MET,
    )
    assert len(noted(session, audit.Action.DECISION_ENDED)) == 1


def test_an_end_needs_day_word_and_a_way_that_is_the_persons(session, counsellor, teacher, decided):
    def attempt(actor, *entry):
        return problems_of(
            lambda: decisions.end_decision(session, actor, decision_id=decided.id, version=1, entry=EndEntry(*entry))
        )

    assert attempt(teacher, DecisionState.DONE, None, " ") == {"ended_on": "required", "note": "required"}
    assert attempt(teacher, DecisionState.DONE, NEXT_WEEK, "做了") == {"ended_on": "future"}
    assert attempt(teacher, DecisionState.DONE, TODAY - timedelta(days=1), "做了") == {"ended_on": "before_held"}
    assert attempt(teacher, DecisionState.DROPPED, TODAY, "不想去") == {"outcome": "unknown_choice"}
    assert attempt(counsellor, DecisionState.OPEN, TODAY, "还没") == {"outcome": "unknown_choice"}
    entry = EndEntry(DecisionState.DROPPED, TODAY, "奶奶来过学校了。")
    decisions.end_decision(session, counsellor, decision_id=decided.id, version=1, entry=entry)
    assert decided.state is DecisionState.DROPPED


def test_a_member_and_a_stranger_end_nothing_of_others(session, make_user, make_student, counsellor, teacher):
    member, stranger = make_user(Role.COUNSELLOR), make_user(Role.COUNSELLOR)
    case = called(session, counsellor, make_student(), member)
    write(session, counsellor, case, to_do(teacher))
    row = session.exec(select(CaseDecision)).one()

    assert [each.may_end for each in seen(session, member, case).decisions] == [False]
    for actor in (member, stranger, make_user(Role.HOMEROOM), make_user(Role.LEADERSHIP)):
        with pytest.raises(NotFound):
            decisions.find_decision(session, actor, decision_id=row.id)
        entry = EndEntry(DecisionState.DONE, TODAY, "做了")
        with pytest.raises(NotFound):
            decisions.end_decision(session, actor, decision_id=row.id, version=1, entry=entry)
    for role in (Role.SUPERVISOR, Role.FINANCE, Role.ADMIN):
        with pytest.raises(NotAllowed):
            decisions.find_decision(session, make_user(role), decision_id=row.id)


def test_what_ended_by_mistake_is_open_again_with_its_word_kept(session, counsellor, teacher, decided):
    done = EndEntry(DecisionState.DONE, TODAY, "记错了")
    decisions.end_decision(session, teacher, decision_id=decided.id, version=1, entry=done)
    decisions.reopen_decision(session, teacher, decision_id=decided.id, version=2)

    assert [duty.kind for duty in home.list_duties(session, teacher)] == [DutyKind.DECISION]
    assert decisions.find_decision(session, teacher, decision_id=decided.id).note == "记错了"
    with pytest.raises(NotFound):
        decisions.reopen_decision(session, teacher, decision_id=decided.id, version=3)
    dropped = EndEntry(DecisionState.DROPPED, TODAY, "不用了")
    decisions.end_decision(session, counsellor, decision_id=decided.id, version=decided.version, entry=dropped)
    with pytest.raises(FieldErrors):
        decisions.reopen_decision(session, teacher, decision_id=decided.id, version=decided.version)


def test_of_two_who_end_it_at_once_the_second_is_told(session, counsellor, teacher, decided):
    decisions.end_decision(
        session, counsellor, decision_id=decided.id, version=1, entry=EndEntry(DecisionState.DROPPED, TODAY, "不用了")
    )
    entry = EndEntry(DecisionState.DONE, TODAY, "做了")
    with pytest.raises(EditedMeanwhile) as refused:
        decisions.end_decision(session, teacher, decision_id=decided.id, version=1, entry=entry)

    assert (refused.value.current["state"], refused.value.current["note"]) == (DecisionState.DROPPED, "不用了")


def test_an_open_one_can_be_given_to_somebody_else_a_closed_one_stays(session, counsellor, lead, teacher, decided):
    number = decided.conference_id
    decisions.save_decision(
        session, counsellor, conference_id=number, decision_id=decided.id, version=1, entry=to_do(lead, "请家长来一次")
    )
    assert home.list_duties(session, teacher) == []
    with pytest.raises(NotFound):
        decisions.find_decision(session, teacher, decision_id=decided.id)

    done = EndEntry(DecisionState.DONE, TODAY, "来过了")
    decisions.end_decision(session, lead, decision_id=decided.id, version=2, entry=done)
    with pytest.raises(NotFound):
        decisions.save_decision(
            session, counsellor, conference_id=number, decision_id=decided.id, version=3, entry=to_do(lead)
        )


def test_nothing_is_decided_before_it_was_held(session, counsellor, teacher, case):
    number = conference_of(session, case).id
    with pytest.raises(NotFound):
        decisions.save_decision(session, counsellor, conference_id=number, entry=to_do(teacher))


def test_a_closed_case_leaves_none_open_silently(session, counsellor, teacher, case, decided):
    case.closed_at = NOW
    session.flush()

    assert [duty.kind for duty in home.list_duties(session, teacher)] == [DutyKind.DECISION]
    assert [each.state for each in seen(session, counsellor, case).decisions] == [DecisionState.OPEN]


@pytest.mark.parametrize("change", ["account disabled", "post given up"])
def test_what_somebody_leaves_undone_who_is_gone_falls_to_who_answers_for_the_case(
    session, counsellor, lead, teacher, make_user, decided, change
):
    assert DutyKind.DECISION not in [duty.kind for duty in home.list_duties(session, counsellor)]
    if change == "account disabled":
        session.get_one(AppUser, teacher.user_id).is_active = False
    else:
        session.exec(select(RoleGrant).where(RoleGrant.user_id == teacher.user_id)).one().ended_at = NOW
    session.flush()

    for actor in (counsellor, lead):
        found = [duty for duty in home.list_duties(session, actor) if duty.kind is DutyKind.DECISION]
        assert [(duty.owner_name, duty.is_mine) for duty in found] == [("周砚田", False)]
    assert home.list_duties(session, make_user(Role.COUNSELLOR)) == []


def test_a_mark_set_afterwards_changes_nothing_for_who_is_to_do_it(session, counsellor, lead, teacher, case, decided):
    """As 0018 says: else the day on which it goes tells of the mark."""

    def told():
        return (home.list_duties(session, teacher), decisions.find_decision(session, teacher, decision_id=decided.id))

    before = told()
    marked = session.get_one(Referral, case.referral_id)
    safeguarding.mark_suspected_abuse(session, lead, referral_id=marked.id, version=marked.version)

    assert told() == before
    assert [each.owner_knows for each in seen(session, lead, case).decisions] == [False]
    with pytest.raises(NotFound):
        cases.find_case(session, counsellor, case_id=case.id)
    number = decided.conference_id
    assert problems_of(lambda: decisions.save_decision(session, lead, conference_id=number, entry=to_do(teacher))) == {
        "owner_id": "leaders_only"
    }
    entry = EndEntry(DecisionState.DONE, TODAY, "去过了")
    decisions.end_decision(session, teacher, decision_id=decided.id, version=1, entry=entry)


def test_the_childs_page_lists_what_was_decided_once_each(session, counsellor, lead, teacher, case, make_user):
    write(session, counsellor, case, to_do(teacher), to_do(counsellor, "谈一次", TODAY))

    found = child_duties.list_child_duties(session, counsellor, student_id=case.student_id)

    told = [(duty.owner_name, duty.is_mine) for duty in found if duty.kind is DutyKind.DECISION]
    assert told == [("何知微", True), ("周砚田", False)]
    assert len([duty for duty in found if duty.kind is DutyKind.FEEDBACK]) <= 1
    assert child_duties.list_child_duties(session, teacher, student_id=case.student_id) == []
    stranger = make_user(Role.COUNSELLOR)
    others = child_duties.list_child_duties(session, stranger, student_id=case.student_id)
    assert [duty for duty in others if duty.kind is DutyKind.DECISION] == []


def test_home_asks_no_more_for_more_decisions(session, statements, counsellor, teacher, case):
    def asked_for():
        statements.clear()
        home.list_duties(session, counsellor)
        return len(statements)

    write(session, counsellor, case, to_do(counsellor))
    few = asked_for()
    write(session, counsellor, case, *(to_do(counsellor, f"第 {n} 件") for n in range(9)))

    assert asked_for() == few


def test_an_open_decision_has_no_end_and_an_ended_one_has(session, decided):
    wrong = update(CaseDecision).where(col(CaseDecision.id) == decided.id).values(ended_on=TODAY)
    with session.begin_nested() as nested:
        with pytest.raises(IntegrityError):
            session.execute(wrong)
        nested.rollback()


STEP = st.sampled_from(["done", "dropped", "reopen", "change", "stale"])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=8))
def test_whatever_is_done_it_stands_on_home_exactly_while_it_is_open(session, counsellor, teacher, case, steps):
    """Ending, taking back and changing in any order, with stale versions between."""
    write(session, counsellor, case, to_do(teacher))
    row = session.exec(select(CaseDecision).order_by(col(CaseDecision.id).desc())).first()
    for step in steps:
        version = row.version - 1 if step == "stale" else row.version
        state = DecisionState.DROPPED if step == "dropped" else DecisionState.DONE
        about = {"decision_id": row.id, "version": version}
        with session.begin_nested():
            try:
                if step == "reopen":
                    decisions.reopen_decision(session, counsellor, **about)
                elif step == "change":
                    decisions.save_decision(
                        session, counsellor, conference_id=row.conference_id, entry=to_do(teacher, "别的"), **about
                    )
                else:
                    entry = EndEntry(state, TODAY, "说一句")
                    decisions.end_decision(session, counsellor, entry=entry, **about)
            except DomainError:
                pass
        is_open = row.state is DecisionState.OPEN
        assert (row.ended_on is None) is is_open
        stands = row.id in {duty.target_id for duty in home.list_duties(session, teacher)}
        assert stands is is_open


# --- on paper ---


def test_the_minutes_carry_the_record_and_are_noted(session, counsellor, teacher, case):
    invited = {each.name: each.id for each in seen(session, counsellor, case).people}
    number = conference_of(session, case).id
    entry = plan(participant_ids=frozenset(filter(None, [counsellor.user_id, teacher.user_id])), guests=())
    conferences.plan_conference(session, counsellor, conference_id=number, version=1, entry=entry)
    write(session, counsellor, case, to_do(teacher), present_ids=frozenset({invited["何知微"]}), others=("方警官",))

    made = conference_prints.print_minutes(session, counsellor, case_id=case.id, purpose=ExportPurpose.MEETING)

    assert made.file_name == "会议记录 江小满.docx"
    words = text_of(made.content())
    for expected in ("江小满", "三楼小会议室", "何知微、方警官", "周砚田", "近两周不说话", "家访一次", "2026年11月27日",
                     "还没做", "用途：会议研究"):  # fmt: skip
        assert expected in words
    [event] = noted(session, audit.Action.EXPORT_MADE)
    assert (event.details["list"], event.student_id) == ("conference_minutes", case.student_id)


def text_of(content):
    document = Document(BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(each.text for each in document.paragraphs), *cells])


def test_minutes_take_a_purpose_and_a_record(session, counsellor, case):
    with pytest.raises(NotFound):
        conference_prints.print_minutes(session, counsellor, case_id=case.id, purpose=ExportPurpose.MEETING)
    write(session, counsellor, case)
    assert problems_of(lambda: conference_prints.print_minutes(session, counsellor, case_id=case.id, purpose=None)) == {
        "purpose": "required"
    }


def test_what_is_written_stays_text_on_paper():
    template = paper.template_for(f"{conference_prints.PAPER}.docx")
    content = fill_template(template, {"情况": "{{ 结论 }} <b>&\n第二行", "结论": "不该出现", "决定": []}, author="试")

    assert "{{ 结论 }} <b>&\n第二行" in text_of(content)


def test_participants_stand_once_each(session, counsellor, case):
    rows = session.exec(select(ConferenceParticipant)).all()
    assert len({row.user_id for row in rows if row.user_id}) == len([row for row in rows if row.user_id])


def test_that_a_child_came_in_danger_is_told_until_its_conference_was_held(session, lead, counsellor, make_student):
    case = called(session, counsellor, make_student("江小满"), lead, urgency=Urgency.DANGER)

    def told():
        duties = [each for each in home.list_duties(session, lead) if each.kind is DutyKind.CONFERENCE]
        row = cases.find_case(session, lead, case_id=case.id).row
        return [each.urgency for each in duties], row.is_danger

    assert told() == ([Urgency.DANGER], True)
    write(session, counsellor, case)
    assert told() == ([], False)
