"""The clauses that ask for whole records: each counts its records' parts, is never late, and needs no switch."""

from collections import Counter
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import example, given, settings
from sqlalchemy import update
from sqlmodel import col, select

from db.sealing import seal
from db.tables import (
    AppUser,
    Assessment,
    CareKind,
    CarePlace,
    CareRecord,
    CareRecordWords,
    Case,
    CategoryKind,
    Document,
    EffectEvaluation,
    EvaluationMoment,
    FamilyEconomy,
    FamilySurvey,
    FoundBy,
    Guardianship,
    LeftBehindKind,
    MeasureDomain,
    MeasureRhythm,
    MeasureState,
    NotReached,
    PlanKind,
    PlanMeasure,
    PlanState,
    PlanVersion,
    Referral,
    ReferralState,
    Role,
    Severity,
    Student,
    StudentCategory,
    SupportPlan,
    TermEntry,
    WarningGroup,
    WarningMember,
    WarningRole,
)
from services import clock, family_surveys
from services.calendar import load_calendar
from services.card_parts import CardPart
from services.errors import NotAllowed
from services.family_surveys import SurveyEntry
from services.record_kinds import count_parts
from services.regulations import compliance, kept_results
from services.regulations.catalogue import ClauseKind, clauses
from services.regulations.deadlines import DutyState
from services.regulations.evaluation import evaluate
from services.regulations.measures import measures, wholes
from services.regulations.switches import load_switches
from tests.conftest import NOW
from tests.services.regulations.random_schools import RandomSchool
from tests.services.regulations.reference_book import SPECIAL, Book, holds, read_rows
from tests.services.regulations.test_reference import LATER, ONE_DATABASE, SEEDS

ON = NOW.date()
ENTRY = {
    "home_address", "father_name", "father_phone", "mother_name", "mother_phone", "guardian_name", "guardian_phone",
}  # fmt: skip


def standing(session, clause_id: str, on: date = ON):
    found = evaluate(
        session, calendar=load_calendar(session), switches=load_switches(session), on=on, clause_ids=[clause_id]
    )
    return found[clause_id]


def told(session, clause_id: str) -> tuple[int, int, int]:
    totals = standing(session, clause_id).totals
    return totals.required, totals.done, totals.due


def test_nineteen_of_the_twenty_eight_have_records_and_none_of_them_is_in_force():
    assert set(wholes()) == {
        "C-14", "D-03", "D-06", "E-03", "E-04", "E-06", "E-08", "E-18", "F-01", "F-02", "F-09", "F-11", "F-14", "G-02",
        "G-07", "I-02", "I-10", "K-02", "Q-07",
    }  # fmt: skip
    assert all(clauses()[each].kind is ClauseKind.COMPLETE and clauses()[each].lives for each in wholes())
    assert not wholes().keys() & measures().keys()
    assert len(measures()) == 50


@pytest.fixture
def child(session, term, make_class, make_student, make_user):
    seven = make_class()
    make_user(Role.HOMEROOM, homeroom_of=seven)
    child = make_student("江小满", in_class=seven)
    session.add(
        StudentCategory(
            student_id=child.id, kind=CategoryKind.LEFT_BEHIND, from_day=date(2026, 9, 1), recorded_at=clock.now()
        )
    )
    session.flush()
    return child


@pytest.fixture
def lead_of(make_user):
    return make_user(Role.LEAD)


def test_a_card_is_counted_by_its_fourteen_parts_and_says_what_it_lacks(session, child):
    child.card_missing, child.card_parts_filled = "father_phone,guardian_health", 12
    session.flush()

    [card] = standing(session, "E-08").standings
    [entry] = standing(session, "E-03").standings

    assert (card.done, card.needed, card.part, card.state) == (12, 14, "father_phone,guardian_health", DutyState.DUE)
    assert (entry.done, entry.needed, entry.part) == (6, 7, "father_phone")
    assert card.is_open
    assert standing(session, "E-08").state is DutyState.DUE  # never red: no clause says by when

    child.card_missing, child.card_parts_filled = "", 14
    session.flush()

    assert standing(session, "E-08").state is standing(session, "E-03").state is DutyState.MET


def test_a_contact_that_came_about_is_counted_by_its_six_parts(session, child, make_user):
    author = make_user(Role.COUNSELLOR).user_id
    for kind, filled, changed in (
        (CareKind.TALK, 6, {}),
        (CareKind.TALK, 4, {}),
        (CareKind.HOME_VISIT, 6, {}),
        (CareKind.TALK, 2, {"is_done": False, "not_reached": NotReached.NOT_THERE}),
        (CareKind.TALK, 2, {"withdrawn_at": clock.now()}),
        (CareKind.TALK, 2, {"day": date(2026, 6, 1)}),  # of a term that is over
    ):
        row = {"student_id": child.id, "kind": kind, "day": date(2026, 10, 12), "parts_filled": filled}
        session.add(CareRecord(**row | {"author_id": author, "recorded_at": clock.now()} | changed))
    session.flush()

    assert told(session, "F-09") == (3, 2, 1)
    assert told(session, "K-02") == (2, 1, 1)


def test_of_a_contact_is_told_what_it_lacks(session, child, make_user):
    author = make_user(Role.COUNSELLOR).user_id
    for place, words in (
        (None, {"raised": "谈了功课"}),
        (CarePlace.OFFICE, {"raised": "谈了功课", "effect": "好些了"}),
    ):
        row = CareRecord(
            student_id=child.id, kind=CareKind.TALK, day=date(2026, 10, 12), place=place, author_id=author,
            parts_filled=count_parts(place, *words.values()), recorded_at=clock.now(),
        )  # fmt: skip
        session.add(row)
        session.flush()
        words_of = CareRecordWords(record_id=row.id)
        for name, text in words.items():
            seal(words_of, f"{name}_sealed", text)
        session.add(words_of)
    session.flush()

    lacks = [(each.done, each.part) for each in standing(session, "F-09").standings]
    assert lacks == [(3, "place,measures,effect"), (5, "measures")]


def referral(session, child, registrar, **changed) -> Referral:
    row = Referral(
        student_id=child.id, channel="teacher", registered_by_id=registrar, noticed_on=date(2026, 10, 12),
        received_at=NOW, recorded_at=NOW, **{"state": ReferralState.RECEIVED} | changed,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def test_a_referral_and_its_assessment_are_counted_by_their_three_parts(session, child, make_user):
    author = make_user(Role.COUNSELLOR).user_id
    whole = referral(session, child, author, parts_filled=3)
    referral(session, child, author, parts_filled=2)
    referral(session, child, author, parts_filled=1, state=ReferralState.MERGED, merged_into_id=whole.id)
    session.add(
        Assessment(
            referral_id=whole.id, student_id=child.id, assessed_by_id=author, assessed_at=NOW, domains="study",
            suggested_severity=Severity.ORDINARY, suggestion_reasons="", severity=Severity.ORDINARY, parts_filled=2,
        )
    )  # fmt: skip
    session.flush()

    assert told(session, "D-03") == (2, 1, 1)
    assert told(session, "D-06") == (1, 0, 1)


def test_a_category_of_the_four_special_kinds_wants_a_level(session, child):
    for kind, level in ((CategoryKind.SPECIAL_FAMILY, 2), (CategoryKind.SPECIAL_CONDUCT, None)):
        session.add(
            StudentCategory(
                student_id=child.id, kind=kind, level=level, from_day=date(2026, 9, 1), recorded_at=clock.now()
            )
        )
    session.flush()

    assert told(session, "G-02") == (2, 1, 1)


def test_a_warning_group_names_the_roles_nobody_sits_in(session, child, make_user):
    group = WarningGroup(student_id=child.id, from_day=date(2026, 10, 1), recorded_at=NOW)
    session.add(group)
    session.flush()
    for place, role in enumerate(WarningRole):
        if role not in (WarningRole.PARENT, WarningRole.OTHER):
            gone = {"to_day": date(2026, 10, 8)} if place == 0 else {}
            user_id = make_user(Role.SUBJECT_TEACHER).user_id
            session.add(
                WarningMember(
                    group_id=group.id, role=role, user_id=user_id, from_day=date(2026, 10, 1), recorded_at=NOW, **gone
                )
            )
    session.flush()

    [found] = standing(session, "G-07").standings

    assert (found.done, found.needed) == (5, 7)
    assert set(found.part.split(",")) == {next(iter(WarningRole)).value, "parent"}


def test_a_warning_group_of_which_everybody_has_left_lacks_all_and_is_not_passed_over(session, child, make_user):
    group = WarningGroup(student_id=child.id, from_day=date(2026, 10, 1), recorded_at=NOW)
    user = session.get_one(AppUser, make_user(Role.SUBJECT_TEACHER).user_id)
    session.add(group)
    session.flush()
    session.add(
        WarningMember(
            group_id=group.id, role=WarningRole.HOMEROOM, user_id=user.id, from_day=date(2026, 10, 1), recorded_at=NOW
        )
    )
    session.flush()
    assert [each.done for each in standing(session, "G-07").standings] == [1]
    user.is_active = False
    session.flush()

    assert [(each.done, each.needed) for each in standing(session, "G-07").standings] == [(0, 7)]


def test_a_left_behind_child_s_other_category_rests_on_something(session, child):
    for kind, evidence in ((CategoryKind.IN_DIFFICULTY, None), (CategoryKind.SPECIAL_FAMILY, b"sealed")):
        session.add(
            StudentCategory(
                student_id=child.id, kind=kind, from_day=date(2026, 9, 1), evidence_sealed=evidence,
                recorded_at=clock.now(),
            )
        )  # fmt: skip
    session.flush()

    assert told(session, "E-18") == (2, 1, 1)
    assert {each.part for each in standing(session, "E-18").standings} == {"evidence", None}


def test_a_left_behind_child_s_family_is_asked_how_it_manages(session, child, lead_of):
    assert [(each.done, each.part) for each in standing(session, "E-04").standings] == [(0, "economy,needs")]
    entry = SurveyEntry(asked_on=ON, economy=FamilyEconomy.POOR, needs="数学要补")
    family_surveys.record_survey(session, lead_of, student_id=child.id, entry=entry)

    assert standing(session, "E-04", ON - timedelta(days=1)).state is DutyState.DUE
    assert standing(session, "E-04").state is DutyState.MET


def test_who_is_registered_as_left_behind_is_registered_whole(session, child):
    row = session.exec(select(StudentCategory)).one()
    assert [(each.done, each.part) for each in standing(session, "E-06").standings] == [
        (0, "left_behind_kind,guardianship,found_by")
    ]
    row.left_behind_kind, row.found_by = LeftBehindKind.ONE_AWAY, FoundBy.CHECK_ROUND
    session.flush()
    assert [(each.done, each.needed, each.part) for each in standing(session, "E-06").standings] == [
        (2, 3, "guardianship")
    ]
    row.guardianship = Guardianship.FAIR
    session.flush()
    assert standing(session, "E-06").state is DutyState.MET


def test_an_archive_is_asked_for_what_its_own_page_asks_for(session, child, make_user, term):
    author = make_user(Role.COUNSELLOR).user_id
    child.student_no, child.card_missing, child.card_parts_filled = "2026001", "guardian_phone", 13
    session.add(TermEntry(student_id=child.id, term_id=term.id, study="good", recorded_at=NOW))
    session.add(case_of(session, child, author))
    session.flush()

    [of_child], [of_case] = standing(session, "F-02").standings, standing(session, "F-01").standings

    assert (of_child.done, of_child.needed, of_child.part) == (2, 5, "family,card,health")
    assert (of_case.done, of_case.needed, of_case.part) == (1, 4, "assessment,plan,records")


def test_a_plan_in_force_whose_measures_are_done_is_carried_out(session, child, make_user):
    author = make_user(Role.COUNSELLOR).user_id
    row = case_of(session, child, author)
    session.add(row)
    session.flush()
    assert [each.part for each in standing(session, "F-11").standings] == ["plan"]

    plan = SupportPlan(student_id=child.id, case_id=row.id, kind=PlanKind.CASE, owner_id=author, begun_at=NOW)
    session.add(plan)
    session.flush()
    version = PlanVersion(
        plan_id=plan.id, number=1, state=PlanState.IN_FORCE, review_on=ON, written_at=NOW, in_force_at=NOW
    )
    measure = PlanMeasure(
        plan_id=plan.id, place=1, domain=MeasureDomain.LIFE, responsible_id=author, starts_on=date(2026, 10, 8),
        ends_on=date(2026, 10, 12), rhythm=next(iter(MeasureRhythm)),
    )  # fmt: skip
    until_tonight = PlanMeasure(
        plan_id=plan.id, place=2, domain=MeasureDomain.LIFE, responsible_id=author, starts_on=date(2026, 10, 8),
        ends_on=ON, rhythm=next(iter(MeasureRhythm)),
    )  # fmt: skip
    session.add_all([version, measure, until_tonight])
    session.flush()
    assert [(each.done, each.needed, each.part) for each in standing(session, "F-11").standings] == [(1, 2, "measures")]
    measure.state, measure.ended_on, measure.ended_by_id = MeasureState.DONE, ON, author
    session.flush()

    assert standing(session, "F-11").state is DutyState.MET


def test_a_plan_helps_with_learning_and_says_what_came_of_it(session, child, make_user):
    author = make_user(Role.COUNSELLOR).user_id
    row = case_of(session, child, author)
    session.add(row)
    session.flush()
    plan = SupportPlan(student_id=child.id, case_id=row.id, kind=PlanKind.CASE, owner_id=author, begun_at=NOW)
    session.add(plan)
    session.flush()
    version = PlanVersion(
        plan_id=plan.id, number=1, state=PlanState.IN_FORCE, review_on=ON, written_at=NOW, in_force_at=NOW
    )
    days = {"starts_on": date(2026, 10, 8), "ends_on": date(2026, 12, 12), "rhythm": MeasureRhythm.WEEKLY}
    of_life, of_study = (
        PlanMeasure(plan_id=plan.id, place=place, domain=domain, responsible_id=author, **days)
        for place, domain in enumerate((MeasureDomain.LIFE, MeasureDomain.STUDY))
    )
    of_life.last_noted_on = ON  # what came of another part of life says nothing of learning
    session.add_all([version, of_life])
    session.flush()
    assert [(each.done, each.part) for each in standing(session, "I-10").standings] == [(0, "study,results")]
    session.add(of_study)
    session.flush()
    assert [(each.done, each.needed, each.part) for each in standing(session, "I-10").standings] == [(2, 3, "results")]
    of_study.last_noted_on = ON
    session.flush()
    assert standing(session, "I-10").state is DutyState.MET
    of_study.left_at = NOW  # a later version leaves it out
    session.flush()

    assert [each.done for each in standing(session, "I-10").standings] == [0]


def case_of(session, child, author: int) -> Case:
    return Case(
        student_id=child.id, referral_id=referral(session, child, author).id, severity=Severity.ORDINARY,
        owner_id=author, opened_at=NOW,
    )  # fmt: skip


def test_an_evaluation_wants_four_voices_and_a_year_its_results(session, child, make_user, term):
    author = make_user(Role.COUNSELLOR).user_id
    case = case_of(session, child, author)
    session.add(case)
    session.flush()
    for voices, moment in ((4, EvaluationMoment.BEGINNING), (3, list(EvaluationMoment)[-1])):
        session.add(
            EffectEvaluation(
                case_id=case.id, moment=moment, held_on=date(2026, 10, 12), voices=voices, dimensions=4,
                written_by_id=author, written_at=NOW,
            )
        )  # fmt: skip
    assert told(session, "F-14") == (1, 0, 1)
    session.add(TermEntry(student_id=child.id, term_id=term.id, study="good", health="good", recorded_at=NOW))
    session.flush()

    assert told(session, "Q-07") == (2, 1, 1)
    assert told(session, "F-14") == (1, 1, 0)


def test_the_six_haves_say_what_the_school_lacks(session, child):
    [found] = standing(session, "C-14").standings

    assert (found.done, found.needed) == (0, 6)
    assert len(found.part.split(",")) == 6
    assert session.exec(select(Document)).first() is None


# --- by another way, on random schools ---


def scatter(session, seed: int) -> None:
    """Leave parts of records out, at random."""
    chance = Random(seed)
    for student_id in session.exec(select(Student.id)).all():
        lacks = [part.value for part in CardPart if chance.random() < 0.2]
        values = {"card_missing": ",".join(lacks), "card_parts_filled": 14 - len(lacks)}
        session.execute(update(Student).where(col(Student.id) == student_id).values(values))
    for table, most in ((CareRecord, 6), (Referral, 3)):
        for row_id in session.exec(select(table.id)).all():
            session.execute(update(table).where(col(table.id) == row_id).values(parts_filled=chance.randint(0, most)))
    for row_id in session.exec(select(StudentCategory.id)).all():
        values = {
            "level": chance.choice((None, 1, 3)), "evidence_sealed": chance.choice((None, b"sealed")),
            "found_by": chance.choice((None, *FoundBy)), "guardianship": chance.choice((None, *Guardianship)),
            "left_behind_kind": chance.choice((None, *LeftBehindKind)),
        }  # fmt: skip
        session.execute(update(StudentCategory).where(col(StudentCategory.id) == row_id).values(values))
    for student_id in session.exec(select(Student.id)).all():
        if chance.random() < 0.5:
            session.add(
                FamilySurvey(
                    student_id=student_id, asked_on=date(2026, 9, 1) + timedelta(days=chance.randrange(120)),
                    economy=FamilyEconomy.FAIR, recorded_at=NOW, replaced_at=chance.choice((None, NOW)),
                )
            )  # fmt: skip
    session.flush()
    session.expire_all()
    for each in session.exec(select(Case)).all():
        if chance.random() < 0.7:
            plan_of(session, each, chance)


def plan_of(session, of: Case, chance: Random) -> None:
    """Give a case a plan with measures in every state."""
    plan = SupportPlan(
        student_id=of.student_id, case_id=of.id, kind=PlanKind.CASE, owner_id=of.owner_id, begun_at=of.opened_at
    )
    session.add(plan)
    session.flush()
    is_over, day = chance.random() < 0.3, clock.local(of.opened_at).date()
    session.add(
        PlanVersion(
            plan_id=plan.id, number=1, state=PlanState.ENDED if is_over else PlanState.IN_FORCE, review_on=day,
            written_at=of.opened_at, in_force_at=of.opened_at, ended_at=of.opened_at if is_over else None,
        )
    )  # fmt: skip
    for place in range(chance.randrange(4)):
        begins = day + timedelta(days=chance.randrange(60))
        ended = begins if chance.random() < 0.5 else None
        session.add(
            PlanMeasure(
                plan_id=plan.id, place=place, domain=chance.choice(tuple(MeasureDomain)), responsible_id=of.owner_id,
                starts_on=begins, last_noted_on=chance.choice((None, begins)),
                ends_on=begins + timedelta(days=chance.randrange(40)), rhythm=next(iter(MeasureRhythm)),
                state=MeasureState.DONE if ended else MeasureState.OPEN, ended_on=ended,
                ended_by_id=of.owner_id if ended else None, left_at=of.opened_at if chance.random() < 0.2 else None,
            )
        )  # fmt: skip
    session.flush()


def expected(book: Book) -> dict[str, Counter]:
    """How many records have how many of their parts: asked one row after the other."""
    on = book.on
    begun = [each for each in book.calendar.terms if each.first_day <= on]
    term = max(begun, key=lambda each: each.first_day)
    last = min(on, term.last_day)
    cards = {row.id: set(filter(None, row.card_missing.split(","))) for row in book[Student]}
    here = [child for child in book.of_population("left_behind", on) if child in cards]
    special = set(book.of_population("four_special", on))
    records = [
        row
        for row in book[CareRecord]
        if row.withdrawn_at is None and row.import_id is None and row.is_done and term.first_day <= row.day <= last
    ]
    entries = {row.student_id: row for row in book[TermEntry] if row.term_id == term.id}
    return {
        "E-08": Counter((14 - len(cards[child]), 14) for child in here),
        "E-03": Counter((7 - len(cards[child] & ENTRY), 7) for child in here),
        "F-09": Counter((row.parts_filled, 6) for row in records),
        "K-02": Counter((row.parts_filled, 6) for row in records if row.kind in (CareKind.TALK, CareKind.SHORT_TALK)),
        "D-03": Counter(
            (row.parts_filled, 3)
            for row in book[Referral]
            if row.state is not ReferralState.MERGED and term.first_day <= clock.local(row.received_at).date() <= last
        ),
        "G-02": Counter(
            (1 + (row.level is not None), 2)
            for row in book[StudentCategory]
            if row.kind in SPECIAL and holds(row, on) and row.student_id in special
        ),
        "F-14": Counter((parts_of(entries.get(child)), 2) for child in here),
        "E-18": Counter(
            (1 + (row.evidence_sealed is not None), 2)
            for row in book[StudentCategory]
            if row.kind is not CategoryKind.LEFT_BEHIND and holds(row, on) and row.student_id in here
        ),
        "F-11": Counter(
            planned(book, row.id, on) for row in book[Case] if row.closed_at is None and row.student_id in here
        ),
        "I-10": Counter(
            studied(book, row.id) for row in book[Case] if row.closed_at is None and row.student_id in here
        ),
        "E-04": Counter(
            (2 * any(row.replaced_at is None and row.asked_on <= on for row in book.of(FamilySurvey, child)), 2)
            for child in here
        ),
        "E-06": Counter(
            (sum(each is not None for each in (row.left_behind_kind, row.guardianship, row.found_by)), 3)
            for row in book[StudentCategory]
            if row.kind is CategoryKind.LEFT_BEHIND and holds(row, on) and row.student_id in here
        ),
    }


def studied(book: Book, case_id: int) -> tuple[int, int]:
    plans = [row.id for row in book[SupportPlan] if row.case_id == case_id]
    in_force = [row.plan_id for row in book[PlanVersion] if row.plan_id in plans and row.state is PlanState.IN_FORCE]
    study = [
        row
        for row in book[PlanMeasure]
        if row.plan_id in in_force and row.left_at is None and row.domain is MeasureDomain.STUDY
    ]
    told = any(row.last_noted_on is not None or row.state is not MeasureState.OPEN for row in study)
    return 2 * bool(study) + told, 3


def planned(book: Book, case_id: int, on: date) -> tuple[int, int]:
    plans = [row.id for row in book[SupportPlan] if row.case_id == case_id]
    in_force = [row.plan_id for row in book[PlanVersion] if row.plan_id in plans and row.state is PlanState.IN_FORCE]
    due = [row for row in book[PlanMeasure] if row.plan_id in in_force and row.left_at is None and row.ends_on < on]
    return len(in_force) + sum(row.state is not MeasureState.OPEN for row in due), 1 + len(due)


def parts_of(entry) -> int:
    return 0 if entry is None else (entry.study is not None) + (entry.health is not None)


def check(session, seed: int) -> None:
    clock.set_fixed(LATER)
    apart = session.begin_nested()
    try:
        school = RandomSchool(session, seed)
        scatter(session, seed)
        [on] = school.days(1)
        on = max(on, school.first)
        calendar = load_calendar(session)
        result = evaluate(session, calendar=calendar, switches=load_switches(session), on=on, clause_ids=wholes())
        wanted = expected(Book(read_rows(session), calendar, on))
        found = {name: Counter((each.done, each.needed) for each in result[name].standings) for name in wanted}
    finally:
        apart.rollback()
        session.expunge_all()
    assert found == wanted, f"school {seed} on {on}"


@given(seed=SEEDS)
@example(seed=7)
@settings(ONE_DATABASE, max_examples=15)
def test_parts_are_counted_as_one_row_after_the_other_says(session, seed):
    check(session, seed)


# --- who reads it ---


def test_what_is_kept_follows_every_write(session, child, statements):
    kept_results.forget_all()
    first = kept_results.whole_school(session, on=ON, clause_ids=wholes())
    statements.clear()

    again = kept_results.whole_school(session, on=ON, clause_ids=wholes())

    assert {name: each.totals for name, each in again.items()} == {name: each.totals for name, each in first.items()}
    assert len(statements) <= 3


def test_no_clause_takes_more_than_two_questions_beside_the_children(session, child, statements):
    switches, calendar = load_switches(session), load_calendar(session)
    for clause_id in wholes():
        statements.clear()
        evaluate(session, calendar=calendar, switches=switches, on=ON, clause_ids=[clause_id])
        about_it = [each for each in statements if "class_membership" not in each and "clause_excuse" not in each]
        assert len(about_it) <= 6, (clause_id, len(statements))


def test_the_list_counts_them_only_where_asked_and_its_numbers_are_its_lists(session, child, make_user):
    kept_results.forget_all()
    lead = make_user(Role.LEAD)
    plain = {row.clause.id: row for row in compliance.list_clauses(session, lead)}
    asked = {row.clause.id: row for row in compliance.list_clauses(session, lead, with_wholes=True)}

    assert plain["E-08"].state is None
    for clause_id in wholes():
        totals = asked[clause_id].totals
        for figure in ("done", "due"):
            lines = compliance.list_standings(session, lead, clause_id=clause_id, which=figure)
            assert len(lines) == getattr(totals, figure), clause_id
    assert [row.clause.id for row in asked.values() if row.clause.id not in wholes()] == [
        row.clause.id for row in plain.values() if row.clause.id not in wholes()
    ]


def test_a_homeroom_teacher_reads_of_the_own_class_and_of_no_referral_or_group(session, child, make_user, make_class):
    kept_results.forget_all()
    other = make_user(Role.HOMEROOM, homeroom_of=make_class(number=2))
    referral(session, child, other.user_id, parts_filled=1)
    session.add(WarningGroup(student_id=child.id, from_day=date(2026, 10, 1), recorded_at=NOW))
    session.flush()

    for clause_id in wholes():
        assert compliance.list_standings(session, other, clause_id=clause_id) == []


def test_who_reads_numbers_only_is_told_no_small_group(session, child, make_user):
    kept_results.forget_all()
    [row] = [
        each
        for each in compliance.list_clauses(session, make_user(Role.LEADERSHIP), with_wholes=True)
        if each.clause.id == "E-08"
    ]

    assert row.totals.required is None or row.totals.due is None


def test_a_helper_reads_none_of_it(session, child, make_user):
    with pytest.raises(NotAllowed):
        compliance.list_clauses(session, make_user(Role.MENTOR), with_wholes=True)
