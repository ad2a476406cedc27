"""Every field of every form against everything people, pastes and modified clients send: a sentence, or plain text."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import SessionTransaction
from sqlmodel import Session, func, select

from db.audit_chain import COLLECTED
from db.tables import (
    CareKind,
    CaseDecision,
    CategoryKind,
    CheckResult,
    ConsentAnswer,
    ConsentPurpose,
    DecisionState,
    DifferenceSide,
    Domain,
    DropOutOutcome,
    DropOutStepKind,
    EnrolmentState,
    EvaluationMoment,
    ExchangeBody,
    FamilyEconomy,
    Gender,
    GoalState,
    GroupKind,
    GroupRole,
    GuardianKind,
    MeasureDomain,
    MeasureRhythm,
    MeasureState,
    OptionList,
    ParentsInformed,
    PlanGoal,
    PlanKind,
    PlanMeasure,
    PostSpan,
    ReferralChannel,
    Role,
    Severity,
    YearStep,
)
from services import (
    accounts,
    assessments,
    audit_lists,
    bell_times,
    care_options,
    cases,
    categories,
    check_returns,
    check_rounds,
    classes,
    clock,
    conferences,
    consents,
    contact_cards,
    decisions,
    deputies,
    documents,
    drafts,
    drop_out_views,
    drop_outs,
    evaluations,
    family_surveys,
    file_openings,
    groups,
    guardians,
    intake,
    intake_side,
    list_decisions,
    list_exchanges,
    list_handouts,
    list_receipts,
    measures,
    parameter_versions,
    plan_contents,
    plans,
    pledges,
    posts,
    promises,
    record_views,
    records,
    referral_moves,
    referral_views,
    retention,
    safeguarding,
    schools,
    setup,
    sign_in,
    student_files,
    student_lists,
    students,
    summaries,
    term_entries,
    year_changes,
    year_plans,
)
from services.actors import Actor
from services.errors import DomainError, FieldErrors
from services.evaluation_kinds import Dimension, Voice
from services.family_surveys import SurveyEntry
from services.imports.authorities import Scope
from services.list_decisions import Chosen
from services.student_entries import StudentEntry
from services.student_lists import StudentFilters
from ui.messages import explain
from ui.problems import SENTENCES, problem_sentence

pytestmark = pytest.mark.long

TEXTS = [
    "",
    " \u3000\t\n",
    "长" * 10_000,
    "👩‍👧‍👦🫶🏽" * 3,
    '=HYPERLINK("http://evil.example","点我")',
    "<script>alert(1)</script>",
    "'; DROP TABLE student; --",
    "%' OR 1=1 --",
    "\x00\x01\x1b[2J\x7f",
    "试\x00学",
    "\ud800",
    "试\udfff学",
    "\u202e明小试",
    "试\u200b\u2060\ufeff学",
    "{0}{day}%s%(name)s",
    "\uffff\ue000",
    "İ" * 20,  # longer in lower case
    "ｘ＝１",
]
DAYS = [None, date.min, date(1, 1, 2), date(1899, 12, 31), date(2026, 11, 21), date(9999, 12, 30), date.max]
MOMENTS = [
    None,
    datetime.min.replace(tzinfo=clock.SCHOOL_ZONE),
    datetime(1, 1, 1, 9, tzinfo=clock.SCHOOL_ZONE),
    datetime(2026, 11, 21, 9, tzinfo=clock.SCHOOL_ZONE),
    datetime(9999, 12, 31, 23, tzinfo=clock.SCHOOL_ZONE),
    datetime.max.replace(tzinfo=clock.SCHOOL_ZONE),
]
NUMBERS = [0, -1, 13, 2**31 - 1]  # ids: an address is cut to as much, a list gives only what stands in it
TYPED = [2**31, 2**63 - 1, -(2**63), 10**30]  # what a field for a number can send as well

Call = Callable[..., object]


@dataclass
class Form:
    """One service function, the values that are fine, and what is put into which field."""

    call: Call
    fine: dict[str, Any]
    texts: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    moments: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    typed: tuple[str, ...] = ()
    more: dict[str, list[Any]] = field(default_factory=dict)

    def bad(self) -> Iterator[tuple[str, object]]:
        lists = [
            (self.texts, TEXTS),
            (self.days, DAYS),
            (self.moments, MOMENTS),
            (self.numbers, NUMBERS),
            (self.typed, TYPED),
        ]
        for names, values in lists:
            yield from ((name, value) for name in names for value in values)
        yield from ((name, value) for name, values in self.more.items() for value in values)


@dataclass
class World:
    session: Session
    lead: Actor
    admin: Actor
    child: int
    in_class: int
    other_class: int
    term: int


@pytest.fixture
def world(session, term, make_user, make_class, make_student) -> World:
    in_class, other = make_class(7, 3), make_class(7, 4)
    child = make_student(in_class=in_class)
    return World(session, make_user(Role.LEAD), make_user(Role.ADMIN), child.id, in_class.id, other.id, term.id)


def list_of_civil_affairs(world: World, **values: Any) -> int:
    scope = Scope(CategoryKind.LEFT_BEHIND, values.pop("difficulty_id", None))
    file = list_receipts.read_authority("姓名,班级,留守类型\n江小满,七（3）班,父亲外出".encode(), file_name="试.csv")
    seen = list_receipts.preview_receipt(world.session, world.lead, file=file, scope=scope)
    fine: dict[str, Any] = {"body": ExchangeBody.WOMEN, "day": date(2026, 11, 18)}
    details = list_receipts.ReceiptDetails(**(fine | values))
    return list_receipts.confirm_receipt(
        world.session, world.lead, preview=seen, details=details, ticked=seen.comparison.to_tick
    )


def difference(world: World, *, exchange_id: int | None = None, row_id: int | None = None) -> dict[str, Any]:
    exchange = list_of_civil_affairs(world)
    page = list_exchanges.list_differences(world.session, world.lead, exchange_id=exchange, side=DifferenceSide.LIST)
    return {
        "exchange_id": exchange if exchange_id is None else exchange_id,
        "chosen": [Chosen(page.lines[0].id if row_id is None else row_id, 1)],
    }


def referral(world: World) -> Any:
    return intake.register_referral(world.session, world.lead, request=referral_request(student_id=world.child))


def referral_request(**values: Any) -> intake.ReferralRequest:
    fine: dict[str, Any] = {
        "channel": ReferralChannel.PARENT,
        "way": "phone",
        "speaker": "试家长",
        "facts": "课间一个人坐着",
        "noticed_on": date(2026, 11, 19),
        "received_at": clock.now() - timedelta(minutes=5),
    }
    return intake.ReferralRequest(**(fine | values))


def marked(world: World) -> int:
    found = referral(world)
    safeguarding.mark_suspected_abuse(world.session, world.lead, referral_id=found.id, version=1)
    return int(found.id)


def in_assessment(world: World) -> int:
    found = referral(world)
    referral_moves.start_assessment(world.session, world.lead, referral_id=found.id, version=1)
    return int(found.id)


def conference(world: World) -> int:
    found = in_assessment(world)
    request = assessment_request(found, severity=Severity.SERIOUS, override_reason="试", guests=("试甲", "试乙"))
    case = assessments.save_assessment(world.session, world.lead, request=request)
    found = cases.find_case(world.session, world.lead, case_id=case.id or 0).conference
    return found.id if found else 0


def case_of(world: World) -> int:
    request = assessment_request(in_assessment(world), severity=Severity.ORDINARY, override_reason="试")
    return assessments.save_assessment(world.session, world.lead, request=request).id or 0


def evaluation(**values: Any) -> evaluations.EvaluationEntry:
    scores = {Dimension.PROBLEM: values.pop("score", 3)}
    fine: dict[str, Any] = {"voice": Voice.CHILD, "who": "试", "said_on": clock.today(), "words": "好些"}
    conclusion = values.pop("conclusion", None)
    said = evaluations.VoiceEntry(**(fine | values), scores=scores)
    return evaluations.EvaluationEntry(EvaluationMoment.MIDWAY, (said,), conclusion)


def held(world: World) -> int:
    number = conference(world)
    conferences.record_conference(world.session, world.lead, conference_id=number, version=1, entry=minutes())
    return number


def minutes(**values: Any) -> conferences.RecordEntry:
    today = clock.local(clock.now())
    fine: dict[str, Any] = {
        "held_on": today.date(),
        "held_time": today.time(),
        "present_ids": frozenset(),
        "others": ("试甲", "试乙"),
        "findings": "相处",
        "conclusion": "谈话",
    }
    return conferences.RecordEntry(**(fine | values))


def plan(**values: Any) -> conferences.PlanEntry:
    fine: dict[str, Any] = {
        "planned_on": None,
        "planned_time": None,
        "place": None,
        "participant_ids": frozenset(),
        "guests": ("试甲", "试乙"),
    }
    return conferences.PlanEntry(**(fine | values))


def decided(world: World) -> int:
    entry = decisions.DecisionEntry("谈一次", world.lead.user_id, clock.today())
    decisions.save_decision(world.session, world.lead, conference_id=held(world), entry=entry)
    return int(world.session.exec(select(func.max(CaseDecision.id))).one() or 0)


def plan_entry(**values: Any) -> plan_contents.PlanEntry:
    soon = clock.today() + timedelta(days=30)
    fine: dict[str, Any] = {"text": "谈一次", "sign": "看", "responsible_id": None, "starts_on": clock.today(),
                            "ends_on": soon, "review_on": soon, "basis": None, "reason": "试"}  # fmt: skip
    fine |= values
    goal = plan_contents.GoalEntry(fine["text"], fine["sign"])
    measure = plan_contents.MeasureEntry(
        MeasureDomain.MIND, fine["text"], fine["responsible_id"], fine["starts_on"], fine["ends_on"],
        MeasureRhythm.WEEKLY,
    )  # fmt: skip
    return plan_contents.PlanEntry((goal,), (measure,), fine["review_on"], fine["basis"], fine["reason"])


def child_plan(world: World, *, is_final: bool = True, **values: Any) -> int:
    return plans.save_child_plan(
        world.session, world.lead, student_id=world.child, kind=PlanKind.CARE, version=0,
        entry=plan_entry(**({"responsible_id": world.lead.user_id} | values)), is_final=is_final,
    )  # fmt: skip


def measure(world: World) -> int:
    return _last(world, child_plan(world), PlanMeasure)


def goal(world: World) -> int:
    return _last(world, child_plan(world), PlanGoal)


def _last(world: World, plan_id: int, table: Any) -> int:
    return int(world.session.exec(select(func.max(table.id)).where(table.plan_id == plan_id)).one() or 0)


def assessment_request(referral_id: int, **values: Any) -> assessments.AssessmentRequest:
    fine: dict[str, Any] = {
        "version": 2,
        "nature": "相处",
        "measures": "谈话",
        "severity": Severity.ORDINARY,
        "domains": frozenset({Domain.PEERS}),
    }
    return assessments.AssessmentRequest(referral_id=referral_id, **(fine | values))


def category(world: World) -> int:
    return categories.add_category(
        world.session, world.lead, student_id=world.child, kind=CategoryKind.LEFT_BEHIND,
        details=categories.CategoryDetails(level=2), from_day=date(2026, 9, 1),
    )  # fmt: skip


def timetable(world: World) -> int:
    found = bell_times.find_bells(world.session, world.lead).timetables
    return (
        found[0].id
        if found
        else int(bell_times.begin_timetable(world.session, world.lead, from_day=date(2026, 9, 1)).id or 0)
    )


def kind_of_day(world: World) -> int:
    kind = bell_times.save_day_kind(
        world.session, world.lead, timetable_id=timetable(world), name="考试", weekdays=[], periods="语文 8:00-10:00"
    )
    return int(kind.id or 0)


def check_of_class(world: World, **values: Any) -> int:
    """A class's check with one line and one new finding, each field of which may be anything."""
    check_rounds.open_round(world.session, world.lead)
    line = check_returns.CheckAnswer(
        category_id=category(world), version=1, result=CheckResult.CHANGED, note=values["note"], level=values["level"]
    )
    found = check_returns.NewFinding(
        student_id=values["student_id"], kind=CategoryKind.SPECIAL_FAMILY, note=values["found_note"]
    )
    return check_returns.return_check(
        world.session, world.lead, class_id=values["class_id"], version=values["version"], answers=[line],
        found=[found], has_asked_others=True,
    )  # fmt: skip


def drop_out(world: World) -> int:
    """One that is open, about a child of its own."""
    if listed := drop_out_views.list_drop_outs(world.session, world.lead):
        return listed[0].id
    entry = StudentEntry(name="试远", gender=Gender.MALE, birth_day=date(2013, 5, 21))
    child = students.create_student(world.session, world.lead, entry=entry, class_id=world.in_class)
    return drop_outs.register_drop_out(
        world.session, world.lead, student_id=child.id, version=child.version,
        entry=drop_outs.DropOutEntry(noticed_on=date(2026, 11, 18), noticed_by="试"),
    )  # fmt: skip


def record(world: World) -> int:
    entry = records.RecordEntry(kind=CareKind.TALK, day=date(2026, 11, 19), raised="试")
    return records.record_contact(world.session, world.lead, student_ids=[world.child], entry=entry)[0]


def entries_of_class(world: World, *, class_id: int, term_id: int, student_id: int, **values: Any) -> int:
    """One row of a class's entries, each cell of which may be anything."""
    row = term_entries.EntryInput(student_id=student_id, version=0, values=term_entries.EntryValues(**values))
    return term_entries.save_class_entries(world.session, world.lead, class_id=class_id, term_id=term_id, rows=[row])


def claim_request(**values: Any) -> setup.ClaimRequest:
    fine: dict[str, Any] = {
        "school_name": "试验学校",
        "school_year": 2030,
        "term_number": 1,
        "first_day": date(2030, 9, 1),
        "last_day": date(2031, 1, 20),
        "admin_name": "试甲",
        "admin_username": "shijia",
        "admin_password": "Wangshu-2026",
        "admin_password_again": "Wangshu-2026",
        "lead_name": "试乙",
        "lead_username": "shiyi",
    }
    return setup.ClaimRequest(**(fine | values))


def forms(world: World) -> dict[str, Form]:
    s, lead, admin, child = world.session, world.lead, world.admin, world.child
    words = ("facts", "child_words", "background", "tried")
    return {
        "child that stays away": Form(
            lambda **values: drop_outs.register_drop_out(
                s,
                lead,
                student_id=values.pop("student_id"),
                version=values.pop("version"),
                entry=drop_outs.DropOutEntry(**values),
            ),
            {
                "student_id": world.child,
                "version": 1,
                "noticed_on": date(2026, 11, 18),
                "noticed_by": "试",
                "last_seen_on": None,
                "words": None,
            },
            texts=("noticed_by", "words"),
            days=("noticed_on", "last_seen_on"),
            numbers=("student_id", "version"),
        ),
        "step for a child that stays away": Form(
            lambda **values: drop_outs.save_step(
                s, lead, drop_out_id=values.pop("drop_out_id"), entry=drop_outs.StepEntry(**values)
            ),
            {
                "drop_out_id": drop_out(world),
                "kind": DropOutStepKind.CALL,
                "day": date(2026, 11, 19),
                "words": None,
                "agreed_with_id": lead.user_id,
            },
            texts=("words",),
            days=("day",),
            numbers=("drop_out_id", "agreed_with_id"),
            more={"kind": [None]},
        ),
        "work record": Form(
            lambda **values: records.record_contact(
                s,
                lead,
                student_ids=[values.pop("student_id")],
                form_uid=values.pop("form_uid"),
                entry=records.RecordEntry(**values),
            ),
            {
                "student_id": world.child,
                "form_uid": None,
                "kind": CareKind.HOME_VISIT,
                "day": date(2026, 11, 19),
                "minutes": 20,
                "raised": "试",
                "measures": None,
                "effect": None,
                "next_step": None,
                "agreed_with_id": lead.user_id,
            },
            texts=("raised", "measures", "effect", "next_step"),
            days=("day",),
            numbers=("student_id", "minutes", "agreed_with_id"),
            typed=("minutes",),
            more={"kind": [None]},
        ),
        "amended record": Form(
            lambda **values: records.amend_record(
                s,
                lead,
                record_id=values.pop("record_id"),
                version=values.pop("version"),
                entry=records.RecordEntry(**values),
            ),
            {
                "record_id": record(world),
                "version": 1,
                "day": date(2026, 11, 19),
                "raised": "试",
                "effect": None,
            },
            texts=("raised", "effect"),
            days=("day",),
            numbers=("record_id", "version"),
        ),
        "withdrawn record": Form(
            lambda **values: records.withdraw_record(s, lead, **values),
            {"record_id": record(world), "version": 1, "reason": "写错了孩子"},
            texts=("reason",),
            numbers=("record_id", "version"),
        ),
        "opened record": Form(
            lambda **values: record_views.find_record(s, lead, **values),
            {"record_id": record(world)},
            numbers=("record_id",),
        ),
        "records of a child": Form(
            lambda **values: record_views.list_child_records(s, lead, **values),
            {"student_id": world.child, "page": 1},
            numbers=("student_id", "page"),
        ),
        "end of staying away": Form(
            lambda **values: drop_outs.end_drop_out(
                s,
                lead,
                drop_out_id=values.pop("drop_out_id"),
                version=1,
                entry=drop_outs.EndingEntry(**values),
            ),
            {
                "drop_out_id": drop_out(world),
                "outcome": DropOutOutcome.TRANSFERRED,
                "ended_on": date(2026, 11, 20),
                "words": None,
                "place": "试中学",
                "class_id": None,
            },
            texts=("words", "place"),
            days=("ended_on",),
            numbers=("drop_out_id", "class_id"),
            more={"outcome": [None, *DropOutOutcome]},
        ),
        "who brings a child back": Form(
            lambda **values: drop_outs.name_owner(s, lead, **values),
            {"drop_out_id": drop_out(world), "version": 1, "owner_id": None},
            numbers=("drop_out_id", "version", "owner_id"),
        ),
        "referral": Form(
            lambda **v: intake.register_referral(s, lead, request=referral_request(**v)),
            {"student_id": None, "child_label": "试小孩", "is_answered": True, "answer": "已答复"},
            texts=(*words, "child_label", "speaker", "answer"),
            days=("noticed_on",),
            moments=("received_at",),
            numbers=("student_id", "referred_by_id"),
        ),
        "what follows": Form(
            lambda **v: intake_side.what_follows(s, lead, request=referral_request(**v)),
            {},
            texts=words,
            days=("noticed_on",),
            moments=("received_at",),
        ),
        "change of a referral": Form(
            lambda **v: intake.change_referral(
                s, lead, referral_id=referral(world).id, version=1, change=intake.ReferralChange(**v)
            ),
            {"facts": "试", "noticed_on": date(2026, 11, 19), "parents_informed": ParentsInformed.NO},
            texts=words,
            days=("noticed_on",),
        ),
        "answer": Form(
            lambda **v: referral_moves.answer_referral(s, lead, referral_id=referral(world).id, version=1, **v),
            {"answer": "试"},
            texts=("answer",),
        ),
        "end of a referral": Form(
            lambda **v: referral_moves.decline(s, lead, referral_id=referral(world).id, version=1, **v),
            {"reason": "试"},
            texts=("reason",),
        ),
        "other owner": Form(
            lambda **v: referral_moves.hand_over(s, lead, referral_id=referral(world).id, version=1, **v),
            {},
            numbers=("to_user_id",),
        ),
        "merging": Form(
            lambda **v: referral_moves.merge(s, lead, referral_id=referral(world).id, version=1, **v),
            {},
            numbers=("into_id",),
        ),
        "matching": Form(
            lambda **v: intake.match_child(s, lead, referral_id=referral(world).id, version=1, **v),
            {},
            numbers=("student_id",),
        ),
        "any referral": Form(
            lambda **v: referral_moves.start_assessment(s, lead, **v),
            {"referral_id": 1, "version": 1},
            numbers=("referral_id", "version"),
        ),
        "opened referral": Form(lambda **v: referral_views.find_referral(s, lead, **v), {}, numbers=("referral_id",)),
        "mark taken back": Form(
            lambda **v: safeguarding.unmark_suspected_abuse(
                s,
                lead,
                referral_id=marked(world),
                version=2,
                **v,
            ),
            {"reason": "试"},
            texts=("reason",),
        ),
        "report": Form(
            lambda **v: safeguarding.report_abuse(
                s,
                lead,
                referral_id=marked(world),
                version=2,
                **v,
            ),
            {},
            moments=("police_told_at", "authority_told_at"),
        ),
        "assessment": Form(
            lambda **v: assessments.save_assessment(s, lead, request=assessment_request(in_assessment(world), **v)),
            {"severity": Severity.SERIOUS, "override_reason": "试", "guests": ("试甲", "试乙")},
            texts=("nature", "measures", "override_reason"),
            numbers=("owner_id",),
            more={
                "guests": [("试甲", text) for text in TEXTS] + [("试",) * 30],
                "participant_ids": [frozenset({number}) for number in NUMBERS],
                "domains": [frozenset()],
            },
        ),
        "conference": Form(
            lambda **v: conferences.record_conference(
                s, lead, conference_id=conference(world), version=1, entry=minutes(**v)
            ),
            {},
            texts=("findings", "conclusion"),
            days=("held_on",),
            more={
                "others": [("试甲", text) for text in TEXTS] + [("试",) * 30],
                "present_ids": [frozenset({number}) for number in NUMBERS],
            },
        ),
        "plan of a conference": Form(
            lambda **v: conferences.plan_conference(
                s, lead, conference_id=conference(world), version=1, entry=plan(**v)
            ),
            {},
            texts=("place",),
            days=("planned_on",),
            more={
                "guests": [("试甲", text) for text in TEXTS] + [("试",) * 30],
                "participant_ids": [frozenset({number}) for number in NUMBERS],
            },
        ),
        "stage summary": Form(
            lambda **v: summaries.write_summary(s, lead, case_id=case_of(world), entry=summaries.SummaryEntry(**v)),
            {
                "from_on": clock.today(),
                "to_on": clock.today(),
                "changed": "好些",
                "next_steps": "再谈",
                "next_on": clock.today() + timedelta(days=30),
            },
            texts=("changed", "next_steps"),
            days=("from_on", "to_on", "next_on"),
        ),
        "evaluation": Form(
            lambda **v: evaluations.write_evaluation(s, lead, case_id=case_of(world), entry=evaluation(**v)),
            {},
            texts=("who", "words", "conclusion"),
            days=("said_on",),
            typed=("score",),
        ),
        "support plan": Form(
            lambda **v: child_plan(world, **v),
            {},
            texts=("text", "sign", "basis", "reason"),
            days=("starts_on", "ends_on", "review_on"),
            numbers=("responsible_id",),
        ),
        "note of a measure": Form(
            lambda **v: measures.note_progress(s, lead, measure_id=measure(world), entry=measures.NoteEntry(**v)),
            {"day": clock.today(), "text": "谈了"},
            texts=("text",),
            days=("day",),
        ),
        "end of a measure": Form(
            lambda **v: measures.end_measure(
                s, lead, measure_id=measure(world), version=1, entry=measures.EndEntry(**v)
            ),
            {"outcome": MeasureState.DONE, "day": clock.today(), "text": "谈了"},
            texts=("text",),
            days=("day",),
        ),
        "goal judged": Form(
            lambda **v: measures.judge_goal(s, lead, goal_id=goal(world), version=1, entry=measures.EndEntry(**v)),
            {"outcome": GoalState.REACHED, "day": clock.today(), "text": "看到了"},
            texts=("text",),
            days=("day",),
        ),
        "end of a plan": Form(
            lambda **v: plans.end_plan(s, lead, plan_id=child_plan(world), version=1, **v),
            {"reason": "好了"},
            texts=("reason",),
        ),
        "decision": Form(
            lambda **v: decisions.save_decision(s, lead, conference_id=held(world), entry=decisions.DecisionEntry(**v)),
            {"text": "谈一次", "owner_id": lead.user_id, "due_on": clock.today()},
            texts=("text",),
            days=("due_on",),
            numbers=("owner_id",),
        ),
        "end of a decision": Form(
            lambda **v: decisions.end_decision(
                s, lead, decision_id=decided(world), version=1, entry=decisions.EndEntry(**v)
            ),
            {"outcome": DecisionState.DONE, "ended_on": clock.today(), "note": "谈了"},
            texts=("note",),
            days=("ended_on",),
        ),
        "list of cases": Form(
            lambda **v: cases.list_cases(s, lead, **v), {}, numbers=("page", "student_id"), typed=("page",)
        ),
        "child": Form(
            lambda **v: students.create_student(
                s, lead, class_id=v.pop("class_id"), from_day=v.pop("from_day"), entry=StudentEntry(**v)
            ),
            {
                "name": "试小孩",
                "gender": Gender.MALE,
                "birth_day": date(2013, 5, 1),
                "class_id": world.in_class,
                "from_day": None,
            },
            texts=("name", "student_no", "id_number", "ethnicity", "address", "residence", "note"),
            days=("birth_day", "entered_on", "from_day"),
            numbers=("class_id",),
        ),
        "class of a child": Form(
            lambda **v: students.move_to_class(s, lead, student_id=child, version=1, **v),
            {"class_id": world.other_class, "day": date(2026, 11, 1)},
            days=("day",),
            numbers=("class_id",),
        ),
        "state of a child": Form(
            lambda **v: students.change_state(s, lead, student_id=child, version=1, **v),
            {"state": EnrolmentState.TRANSFERRED, "day": date(2026, 11, 1)},
            days=("day",),
            more={"state": [None]},
        ),
        "guardian": Form(
            lambda **v: guardians.save_guardian(s, lead, student_id=child, entry=guardians.GuardianEntry(**v)),
            {"kind": GuardianKind.MOTHER, "name": "试母", "phone": "13000000000"},
            texts=(
                "name",
                "relation",
                "phone",
                "second_phone",
                "workplace",
                "address",
                "occupation",
                "health",
            ),
            numbers=("age",),
            typed=("age",),
            more={"kind": [None]},
        ),
        "contact card": Form(
            lambda **v: contact_cards.save_card(
                s, lead, student_id=child, version=1, entry=contact_cards.CardEntry(**v)
            ),
            {"guardian_kind": GuardianKind.ENTRUSTED, "guardian_name": "试外婆", "guardian_age": 60},
            texts=(
                "home_address",
                "father_name",
                "father_phone",
                "father_workplace",
                "mother_name",
                "mother_phone",
                "mother_workplace",
                "guardian_name",
                "guardian_relation",
                "guardian_occupation",
                "guardian_health",
                "guardian_address",
                "guardian_phone",
            ),
            numbers=("guardian_age",),
            typed=("guardian_age",),
            more={"guardian_kind": [None, *GuardianKind]},
        ),
        "entry of a list": Form(
            lambda **v: care_options.add_option(s, lead, list_name=OptionList.DIFFICULTY, **v),
            {"label": "试"},
            texts=("label",),
        ),
        "category": Form(
            lambda **v: categories.add_category(
                s,
                lead,
                student_id=child,
                kind=v.pop("kind"),
                from_day=v.pop("from_day"),
                details=categories.CategoryDetails(**v),
            ),
            {
                "kind": CategoryKind.SPECIAL_FAMILY,
                "from_day": date(2026, 9, 1),
                "level": 2,
                "subkind": "试",
                "evidence": "试",
            },
            texts=("subkind", "evidence", "document"),
            days=("from_day",),
            numbers=("level", "difficulty_id"),
            typed=("level",),
            more={"kind": [None, *CategoryKind]},
        ),
        "end of a category": Form(
            lambda **v: categories.end_category(s, lead, student_id=child, category_id=category(world), version=1, **v),
            {},
            days=("day",),
        ),
        "any child": Form(lambda **v: student_files.find_student(s, lead, **v), {}, numbers=("student_id",)),
        "opening of a child": Form(lambda **v: student_files.note_opening(s, lead, **v), {}, numbers=("student_id",)),
        "find box": Form(lambda **v: students.find_students(s, lead, **v), {}, texts=("text",)),
        "register": Form(
            lambda **v: student_lists.list_students(s, lead, filters=StudentFilters(**v)),
            {},
            texts=("text",),
            numbers=("grade", "class_id"),
        ),
        "page of the register": Form(
            lambda **v: student_lists.list_students(s, lead, **v), {}, numbers=("page",), typed=("page",)
        ),
        "account": Form(
            lambda **v: accounts.create_account(s, admin, prepared=("x", "y"), **v),
            {"username": "shixin", "display_name": "试新", "roles": [Role.MENTOR], "staff_no": "G1"},
            texts=("username", "display_name", "staff_no"),
            numbers=("class_id",),
            more={"roles": [[]]},
        ),
        "change of an account": Form(
            lambda **v: accounts.change_account(s, admin, **v),
            {"user_id": lead.user_id, "version": 1, "display_name": "试", "roles": [Role.LEAD]},
            texts=("display_name",),
            numbers=("user_id", "version"),
            more={"roles": [[]]},
        ),
        "post": Form(
            lambda **v: posts.add_post(s, lead, span=PostSpan.SCHOOL, is_sole=True, is_needed=True, **v),
            {"name": "试岗位", "answers_for": "试"},
            texts=("name", "answers_for"),
        ),
        "words of a post": Form(
            lambda **v: posts.change_post(s, lead, version=1, is_needed=True, **v),
            {"post_id": 1, "name": "试岗位", "answers_for": "试"},
            texts=("name", "answers_for"),
            numbers=("post_id",),
        ),
        "holder of a post": Form(
            lambda **v: posts.appoint(s, lead, **v),
            {"post_id": 1, "user_id": lead.user_id, "from_day": date(2026, 11, 20)},
            days=("from_day",),
            numbers=("post_id", "user_id", "grade", "class_id", "replaces_id"),
        ),
        "end of a holding": Form(
            lambda **v: posts.end_holding(s, lead, version=1, **v),
            {"holder_id": 1, "last_day": date(2026, 11, 20)},
            days=("last_day",),
            numbers=("holder_id",),
        ),
        "deputy": Form(
            lambda **v: deputies.name_deputy(s, lead, **v),
            {
                "absent_id": lead.user_id,
                "deputy_id": admin.user_id,
                "first_day": date(2026, 11, 20),
                "last_day": date(2026, 11, 21),
            },
            days=("first_day", "last_day"),
            numbers=("absent_id", "deputy_id"),
        ),
        "group": Form(
            lambda **v: groups.found_group(s, lead, kind=GroupKind.OTHER, **v), {"name": "试小组"}, texts=("name",)
        ),
        "member of a group": Form(
            lambda **v: groups.add_member(
                s, lead, group_id=groups.found_group(s, lead, kind=GroupKind.LEADING), role=GroupRole.PARENT, **v
            ),
            {"name": "试家长", "phone": "13000000000"},
            texts=("name", "phone"),
            numbers=("user_id", "replaces_id"),
        ),
        "wording of the pledge": Form(
            lambda **v: pledges.change_wording(s, lead, version=1, **v), {"body": "试承诺"}, texts=("body",)
        ),
        "term": Form(
            lambda **v: schools.save_term(s, lead, **v),
            {"school_year": 2030, "number": 1, "first_day": date(2030, 9, 1), "last_day": date(2031, 1, 20)},
            days=("first_day", "last_day"),
            numbers=("school_year", "number"),
            typed=("school_year", "number"),
        ),
        "day of the school": Form(
            lambda **v: schools.save_day_exception(s, lead, **v),
            {"day": date(2026, 12, 1), "last_day": None, "is_school_day": False, "label": "运动会"},
            texts=("label",),
            days=("day", "last_day"),
        ),
        "document": Form(
            lambda **v: documents.file_document(
                s,
                lead,
                content=v.pop("content"),
                replaces_id=v.pop("replaces_id"),
                entry=documents.DocumentEntry(**v),
            ),
            {
                "kind": "rules",
                "title": "试",
                "valid_from": date(2026, 9, 1),
                "valid_to": None,
                "content": b"%PDF-1.7",
                "replaces_id": None,
                "clause_ids": (),
            },
            texts=("kind", "title"),
            days=("valid_from", "valid_to"),
            numbers=("replaces_id",),
            more={"content": [None, b"", b"PK\x03\x04", b"\0" * 100], "clause_ids": [("",), ("长" * 1000,)]},
        ),
        "documents of a kind": Form(
            lambda **v: documents.list_documents(s, lead, **v),
            {"kind": "rules", "page": 1},
            texts=("kind",),
            numbers=("page",),
            typed=("page",),
        ),
        "any document": Form(
            lambda **v: documents.open_document(s, lead, **v), {"document_id": 1}, numbers=("document_id",)
        ),
        "events": Form(
            lambda **v: audit_lists.list_events(s, lead, page=v.pop("page"), filters=audit_lists.AuditFilters(**v)),
            {"page": 1},
            texts=("target_table",),
            days=("first_day", "last_day"),
            numbers=("page", "actor_id", "student_id", "target_id"),
            typed=("page",),
        ),
        "openings of a file": Form(
            lambda **v: file_openings.list_openings(s, lead, **v),
            {"student_id": child, "page": 1},
            numbers=("student_id", "page"),
            typed=("page",),
        ),
        "number of the regulations": Form(
            lambda **v: parameter_versions.set_parameter(s, lead, version=0, **v),
            {"name": "D-05.reply_school_days", "value": 4, "in_force_from": date(2026, 11, 20), "reason": "会议定的"},
            texts=("name", "reason"),
            days=("in_force_from",),
            numbers=("value",),
            typed=("value",),
        ),
        "change taken back": Form(
            lambda **v: parameter_versions.withdraw_change(s, lead, **v), {"change_id": 1}, numbers=("change_id",)
        ),
        "bell times": Form(
            lambda **v: bell_times.begin_timetable(s, lead, **v),
            {"from_day": date(2030, 9, 1)},
            days=("from_day",),
            numbers=("copy_from_id",),
        ),
        "kind of day": Form(
            lambda **v: bell_times.save_day_kind(s, lead, timetable_id=timetable(world), **v),
            {"name": "平日", "weekdays": [0], "periods": "第一节 08:00-08:40"},
            texts=("name", "periods"),
            more={"weekdays": [[-1], [7], [2**63]]},
        ),
        "any kind of day": Form(
            lambda **v: bell_times.remove_day_kind(s, lead, **v),
            {"day_kind_id": kind_of_day(world), "version": 1},
            numbers=("day_kind_id", "version"),
        ),
        "bells of a day": Form(
            lambda **v: bell_times.save_bell_date(s, lead, **v),
            {"day": date(2026, 11, 20), "day_kind_id": None, "follows_weekday": 0},
            days=("day",),
            numbers=("day_kind_id", "follows_weekday"),
            typed=("follows_weekday",),
        ),
        "day taken back": Form(
            lambda **v: schools.remove_day_exception(s, lead, **v),
            {"day": date(2026, 12, 1)},
            days=("last_day",),
        ),
        "classes": Form(
            lambda **v: classes.ensure_classes(s, lead, **v),
            {"school_year": 2026, "grade": 8, "count": 2},
            numbers=("school_year", "grade", "count"),
            typed=("school_year", "grade", "count"),
        ),
        "list of classes": Form(lambda **v: classes.list_classes(s, lead, **v), {}, numbers=("school_year",)),
        "subject teacher": Form(
            lambda **v: classes.set_subject_teacher(s, lead, **v),
            {"class_id": world.in_class, "user_id": lead.user_id, "subject": "语文", "teaches": True},
            texts=("subject",),
            numbers=("class_id", "user_id"),
        ),
        "homeroom teacher": Form(
            lambda **v: classes.assign_homeroom(s, lead, **v),
            {"class_id": world.in_class, "user_id": lead.user_id},
            numbers=("class_id", "user_id"),
        ),
        "name of the school": Form(
            lambda **v: schools.rename_school(s, lead, version=0, **v), {"name": "试验学校"}, texts=("name",)
        ),
        "year exception": Form(
            lambda **v: year_plans.note_exception(s, lead, school_year=2026, version=0, **v),
            {"student_id": child, "step": YearStep.LEAVES, "class_number": 2, "place": "试验中学"},
            texts=("place",),
            numbers=("student_id", "class_number"),
            typed=("class_number",),
            more={"step": [*YearStep, None]},
        ),
        "change of the year": Form(
            lambda **v: year_changes.change_year(s, lead, digest="x", options=year_changes.YearOptions(**v)),
            {"day": date(2026, 9, 1), "leaving_day": date(2026, 7, 3)},
            days=("day", "leaving_day"),
        ),
        "year taken back": Form(lambda **v: year_changes.undo_year(s, lead, **v), {}, numbers=("change_id",)),
        "check of a class": Form(
            lambda **v: check_of_class(world, **v),
            {
                "class_id": world.in_class,
                "version": 0,
                "note": "试",
                "level": 2,
                "student_id": child,
                "found_note": "试",
            },
            texts=("note", "found_note"),
            numbers=("class_id", "version", "level", "student_id"),
            typed=("level",),
        ),
        "entries of a class": Form(
            lambda **v: entries_of_class(world, **v),
            {
                "class_id": world.in_class,
                "term_id": world.term,
                "student_id": child,
                "note": "试",
                "checked_up_on": date(2026, 10, 9),
                "height_cm": 150,
                "weight_kg": 40.0,
            },
            texts=("note",),
            days=("checked_up_on",),
            numbers=("class_id", "term_id", "student_id", "height_cm", "weight_kg"),
            typed=("height_cm", "weight_kg"),
            more={"weight_kg": [float("nan"), float("inf"), -0.0, 1e308]},
        ),
        "consent": Form(
            lambda **v: consents.record_consent(s, lead, student_id=child, **v),
            {
                "purpose": ConsentPurpose.PHOTO,
                "answer": ConsentAnswer.GIVEN,
                "day": date(2026, 9, 5),
                "by_whom": "试母",
                "evidence": "试",
                "replaces_id": None,
            },
            texts=("by_whom", "evidence"),
            days=("day",),
            numbers=("replaces_id",),
            more={"purpose": [None], "answer": [None, ConsentAnswer.WITHDRAWN]},
        ),
        "promise": Form(
            lambda **v: promises.record_promise(s, lead, student_id=child, **v),
            {"signed_on": date(2026, 9, 5), "signer": "试母", "place": "试", "replaces_id": None},
            texts=("signer", "place"),
            days=("signed_on",),
            numbers=("replaces_id",),
        ),
        "family survey": Form(
            lambda replaces_id, **v: family_surveys.record_survey(
                s, lead, student_id=child, entry=SurveyEntry(**v), replaces_id=replaces_id
            ),
            {
                "asked_on": date(2026, 9, 5),
                "economy": FamilyEconomy.FAIR,
                "means": "试",
                "needs": "试",
                "replaces_id": None,
            },
            texts=("means", "needs"),
            days=("asked_on",),
            numbers=("replaces_id",),
            more={"economy": [None]},
        ),
        "list from outside": Form(
            lambda **v: list_of_civil_affairs(world, **v),
            {"body": ExchangeBody.OTHER, "body_name": "试部门", "day": date(2026, 11, 18), "difficulty_id": None},
            texts=("body_name",),
            days=("day",),
            numbers=("difficulty_id",),
            more={"body": [None]},
        ),
        "difference adopted": Form(
            lambda **v: list_decisions.adopt_differences(
                s,
                lead,
                **difference(world, exchange_id=v.pop("exchange_id", None), row_id=v.pop("id", None)),
                **v,
            ),
            {"from_day": date(2026, 11, 18), "evidence": "试"},
            texts=("evidence",),
            days=("from_day",),
            numbers=("exchange_id", "id"),
        ),
        "difference left": Form(
            lambda **v: list_decisions.leave_differences(s, lead, **difference(world), **v),
            {"reason": "试"},
            texts=("reason",),
        ),
        "differences of a list": Form(
            lambda **v: list_exchanges.list_differences(s, lead, side=None, **v),
            {"exchange_id": 1, "page": 1},
            numbers=("exchange_id", "page"),
            typed=("page",),
        ),
        "records kept": Form(
            lambda **v: retention.hold_child(s, lead, **v),
            {"student_id": child, "reason": "试"},
            texts=("reason",),
            numbers=("student_id",),
        ),
        "any hold": Form(
            lambda **v: retention.lift_hold(
                s,
                lead,
                hold_id=retention.hold_child(s, lead, student_id=child, reason="试")
                if not v["hold_id"]
                else v["hold_id"],
                version=v["version"],
            ),
            {"hold_id": None, "version": 1},
            numbers=("hold_id", "version"),
        ),
        "run of the retention": Form(
            lambda **v: retention.withdraw_run(s, lead, **v),
            {"run_id": 1, "version": 1},
            numbers=("run_id", "version"),
        ),
        "list given": Form(
            lambda **v: list_handouts.give_list(
                s,
                lead,
                body=ExchangeBody.OTHER,
                scope=Scope(CategoryKind.LEFT_BEHIND, v.pop("difficulty_id")),
                **v,
            ),
            {"body_name": "试部门", "difficulty_id": None},
            texts=("body_name",),
            numbers=("difficulty_id",),
        ),
        "draft": Form(
            lambda **v: drafts.save_draft(s, lead, form="intake", subject="new", content={"facts": v["facts"]}),
            {},
            texts=("facts",),
        ),
        "first run": Form(
            lambda **v: setup.check_claim(s, request=claim_request(**v)),
            {},
            texts=("school_name", "admin_name", "admin_username", "admin_password", "lead_name", "lead_username"),
            days=("first_day", "last_day"),
            numbers=("school_year", "term_number"),
            typed=("school_year", "term_number"),
        ),
        "code of the first run": Form(lambda **v: setup.check_code(s, address="10.0.0.9", **v), {}, texts=("code",)),
        "sign-in": Form(
            lambda **v: sign_in.start_session(
                s, sign_in.find_account(s, address="10.0.0.9", **v), is_right=False, address="10.0.0.9"
            ),
            {},
            texts=("name",),
        ),
        "password": Form(
            lambda **v: sign_in.is_right(sign_in.find_account(s, name="user1", address="10.0.0.8"), **v),
            {},
            texts=("password",),
            more={"password": ["a" * 73, "密" * 25, "a\x00b", "a" * 10_000]},
        ),
        "new password": Form(
            lambda **v: accounts.check_new_password(username="user1", old="x", again="y", **v),
            {},
            texts=("new",),
            more={"new": ["a" * 73, "a\x00b" * 5]},
        ),
    }


def outcome(world: World, form: Form, name: str, value: object) -> str | None:
    """Try one value in one field; return what is wrong with how it was met, or None."""
    step = world.session.begin_nested()
    try:
        form.call(**(form.fine | {name: value}))
        world.session.flush()
    except FieldErrors as error:
        return next((f"no sentence for {each}" for each in error.problems.values() if not is_said(each)), None)
    except DomainError as error:
        return None if explain(error) else "no sentence"
    except Exception as error:
        return f"{type(error).__name__}"
    finally:
        take_back(world.session, step)
    return None


def take_back(session: Session, step: SessionTransaction) -> None:
    """Undo what was tried, its notes for the chain of events too."""
    step.rollback()
    session.expire_all()
    session.info.pop(COLLECTED, None)


def is_said(problem: Any) -> bool:
    return problem.code in SENTENCES and problem_sentence(problem) != "这一项没填对。请改好再试一次。"


def test_every_field_takes_or_refuses_everything_in_words(world):
    wrong = [
        f"{title}.{name} = {value!a:.60}: {found}"
        for title, form in forms(world).items()
        for name, value in form.bad()
        if (found := outcome(world, form, name, value))
    ]

    assert wrong == []


def test_what_is_fine_is_fine(world):
    """Else the sweep would only ever meet the first refusal."""
    needs_a_value = {
        "other owner",
        "merging",
        "matching",
        "opened referral",
        "report",
        "conference",
        "end of a category",
    }
    needs_a_value |= {
        "any child",
        "year taken back",
        "opening of a child",
        "find box",
        "draft",
        "code of the first run",
        "sign-in",
        "password",
    }
    refused = {
        "end of a holding",
        "new password",
        "day taken back",
        "any referral",
        "change taken back",
        "any document",
    }
    refused |= {"change of the year", "list given", "run of the retention"}

    not_fine = [
        f"{title}: {error}"
        for title, form in forms(world).items()
        if title not in needs_a_value | refused and (error := refusal(world, form))
    ]

    assert not_fine == []


def refusal(world: World, form: Form) -> str | None:
    """Say what refuses the values that are fine."""
    step = world.session.begin_nested()
    try:
        form.call(**form.fine)
    except DomainError as error:
        return repr(error)
    finally:
        take_back(world.session, step)
    return None
