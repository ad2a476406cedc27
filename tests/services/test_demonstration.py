"""The invented school: the same for the same seed, in an empty database only, and whole."""

import json
from collections import Counter
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlmodel import Session, col, func, select

from db import audit_chain, triggers
from db.audit_chain import append_collected
from db.engine import keys
from db.frozen_weeks import find_changed_weeks
from db.sealing import unseal
from db.tables import (
    SEVERAL,
    AppUser,
    AuditEvent,
    CareKind,
    CareRecord,
    CareRecordWords,
    Case,
    CategoryKind,
    ClassMembership,
    ClauseWeek,
    EffectEvaluation,
    EnrolmentState,
    EvaluationMoment,
    Guardian,
    Helper,
    HelperKind,
    Pairing,
    PairingRole,
    PairingSubsidy,
    Referral,
    Role,
    StageSummary,
    Student,
    StudentCategory,
    Tier,
    TierChange,
    TierState,
)
from services import clock, contact_cards, evaluation_views, home, student_lists
from services.actors import Actor
from services.audit import Action
from services.calendar import load_calendar
from services.card_parts import CardPart, missing_of
from services.case_paper_prints import comparison_words
from services.demonstration import records as demo_records
from services.demonstration import trail
from services.demonstration.filling import NotEmpty, WrongSize, fill
from services.demonstration.frozen_weeks import WEEKS
from services.duties import DutyKind
from services.record_kinds import REACHES_FAMILY, count_parts
from services.regulations import pair_duties
from services.regulations.deadlines import DutyState
from services.regulations.evaluation import evaluate
from services.regulations.pair_duties import Progress
from services.regulations.switches import load_switches
from services.regulations.weeks import is_whole
from tests.conftest import NOW

STUDENTS = 270


@pytest.fixture(autouse=True)
def _short_trail(monkeypatch):
    monkeypatch.setattr(trail, "PER_CHILD", 20)
    monkeypatch.setattr(demo_records, "IN_CARE", 6)
    monkeypatch.setattr(demo_records, "OTHERS", 2)


def count(session: Session, what: object) -> int:
    return session.exec(select(func.count()).select_from(what)).one()


def person(session: Session, username: str, role: Role) -> Actor:
    user = session.exec(select(AppUser).where(AppUser.username == username)).one()
    return Actor(user.id, user.display_name, frozenset({role}))


def everything(session: Session) -> list[object]:
    students = session.exec(select(Student).order_by(col(Student.id)))
    referrals = session.exec(select(Referral).order_by(col(Referral.id)))
    events = select(AuditEvent.at, AuditEvent.action, AuditEvent.student_id).order_by(col(AuditEvent.seq))
    return [
        [(each.name, each.birth_day, unseal(each, "id_number_sealed")) for each in students],
        [(each.student_id, each.state, unseal(each, "facts_sealed")) for each in referrals],
        session.exec(events).all(),
    ]


def test_it_has_the_children_asked_for_with_families_and_categories(session):
    made = fill(session, students=STUDENTS, seed=7)

    here = select(Student.id).where(Student.state == EnrolmentState.ENROLLED)
    assert len(session.exec(here).all()) == STUDENTS
    assert set(made.accounts) == set(Role)
    assert made.rows["audit_event"] == STUDENTS * 20 == count(session, AuditEvent)
    assert count(session, Guardian) > 2 * STUDENTS
    stays = select(func.count()).select_from(ClassMembership).where(col(ClassMembership.to_day).is_(None))
    assert session.exec(stays).one() == STUDENTS
    left_behind = (
        select(func.count()).select_from(StudentCategory).where(StudentCategory.kind == CategoryKind.LEFT_BEHIND)
    )
    assert 0.1 * STUDENTS < session.exec(left_behind).one() < 0.25 * STUDENTS


def test_the_chain_is_whole_and_in_the_order_of_time(session):
    fill(session, students=STUDENTS, seed=7)

    assert list(audit_chain.find_breaks(session)) == []
    times = session.exec(select(AuditEvent.at).order_by(col(AuditEvent.seq))).all()
    assert times == sorted(times)
    assert triggers.list_triggers(session.connection()) == triggers.declared_triggers()


def test_every_role_finds_something_on_its_pages(session):
    fill(session, students=STUDENTS, seed=7)

    homeroom = person(session, "banzhuren", Role.HOMEROOM)
    counsellors = [person(session, name, Role.COUNSELLOR) for name in ("xinli", "xinli2")]
    lead = Actor(1, "试负责人", frozenset({Role.LEAD}))

    assert 0 < student_lists.list_students(session, homeroom).total < STUDENTS
    assert student_lists.list_students(session, lead).total == STUDENTS
    assert sum(len(home.list_duties(session, each)) for each in counsellors) >= 4


def test_closed_cases_were_evaluated_and_what_was_said_can_be_read(session):
    fill(session, students=STUDENTS, seed=7)

    lead = Actor(1, "试负责人", frozenset({Role.LEAD}))
    closed = session.exec(select(Case.id).where(col(Case.closed_at).is_not(None))).all()
    at_end = select(EffectEvaluation.case_id).where(EffectEvaluation.moment == EvaluationMoment.END)
    assert closed
    assert set(closed) <= set(session.exec(at_end).all())
    found = evaluation_views.list_evaluations(session, lead, case_id=closed[0]).evaluations
    assert comparison_words(found)
    assert found[-1].is_complete
    assert count(session, StageSummary) > 0


def test_names_and_numbers_are_nobody_s(session):
    fill(session, students=STUDENTS, seed=7)

    numbers = [number for each in session.exec(select(Student)) if (number := unseal(each, "id_number_sealed"))]
    phones = [phone for each in session.exec(select(Guardian)) if (phone := unseal(each, "phone_sealed"))]
    assert {number[:6] for number in numbers} <= {"329901", "329902", "329903"}
    assert {phone[:3] for phone in phones} == {"154"}
    assert len(set(numbers)) == len(numbers)


def test_too_few_or_too_many_children_are_refused(session):
    for students in (0, 3, 1_000_000):
        with pytest.raises(WrongSize):
            fill(session, students=students, seed=7)


def test_where_there_are_data_nothing_is_touched(session, make_user):
    make_user(Role.LEAD)

    with pytest.raises(NotEmpty):
        fill(session, students=STUDENTS, seed=7)

    assert count(session, Student) == 0


def test_the_same_seed_makes_the_same_school_and_another_seed_another(session):
    made = []
    for seed in (7, 7, 8):
        with session.begin_nested() as nested:
            fill(session, students=27, seed=seed)
            made.append(everything(session))
            nested.rollback()
        session.info.pop(audit_chain.COLLECTED)  # what it tells of has gone with it
        session.expire_all()

    assert made[0] == made[1] != made[2]


def test_contact_cards_lack_what_the_card_itself_says(session):
    fill(session, students=27, seed=7)
    lead = person(session, "fuzeren", Role.LEAD)

    for student in session.exec(select(Student)).all():
        stored = contact_cards.find_card(session, lead, student_id=student.id)
        people = session.exec(select(Guardian).where(Guardian.student_id == student.id)).all()
        assert stored.missing == missing_of(has_address=True, people=people)
        assert student.card_parts_filled == len(CardPart) - len(stored.missing)


def test_nothing_of_the_backup_is_late_by_a_year(session):
    fill(session, students=STUDENTS, seed=1)

    found = home.list_duties(session, person(session, "xinxi", Role.ADMIN))

    assert not [duty for duty in found if duty.kind is DutyKind.BACKUP_OVERDUE]


def test_children_have_records_that_could_have_been_written(session):
    fill(session, students=STUDENTS, seed=7)

    rows = session.exec(select(CareRecord)).all()
    assert len(rows) > 2 * STUDENTS
    assert {row.kind for row in rows} >= {CareKind.TALK, CareKind.HOME_VISIT, CareKind.COUNSELLING}
    came = dict(session.exec(select(ClassMembership.student_id, func.min(ClassMembership.from_day)).group_by(
        col(ClassMembership.student_id)
    )).all())  # fmt: skip
    for row in rows:
        assert (row.import_id is not None) is (row.day < came[row.student_id])  # 补录: of before the program
        assert row.day <= NOW.date()
        assert row.recorded_at <= NOW
        assert (row.agreed_with_id is not None) is (row.kind in REACHES_FAMILY)
    words = {row.record_id: row for row in session.exec(select(CareRecordWords))}
    assert len(words) == len(rows)
    for row in rows:
        of = words[row.id or 0]
        assert row.parts_filled == count_parts(row.place, of.raised_sealed, of.measures_sealed, of.effect_sealed)


def test_it_has_children_in_every_tier_with_their_history(session):
    fill(session, students=STUDENTS, seed=7)
    session.expire_all()

    ever = session.exec(select(Tier.rank).join(TierChange).where(col(TierChange.number).is_not(None)).distinct()).all()
    assert set(ever) >= {0, 1, 2}
    numbers: dict[int, list[int]] = {}
    days: dict[int, list[object]] = {}
    for row in session.exec(select(TierChange).where(col(TierChange.number).is_not(None)).order_by(col(TierChange.id))):
        numbers.setdefault(row.student_id, []).append(row.number or 0)
        days.setdefault(row.student_id, []).append(row.from_day)
    assert all(each == list(range(1, len(each) + 1)) for each in numbers.values())
    assert all(each == sorted(each) and each[-1] <= NOW.date() for each in days.values())
    assert len(session.exec(select(TierChange.id).where(TierChange.state == TierState.WAITING)).all()) <= 1


def test_two_years_of_pairs_keep_to_the_rules_and_leave_gaps(session):
    fill(session, students=STUDENTS, seed=7)
    pairs = session.exec(select(Pairing)).all()
    helpers = {each.id: each for each in session.exec(select(Helper))}
    running = [each for each in pairs if each.to_day is None]
    mentors = {each.student_id for each in running if each.role is PairingRole.MENTOR}

    assert len(pairs) >= 1.5 * STUDENTS
    assert {each.role for each in pairs} == set(PairingRole)
    assert {each.kind for each in helpers.values()} == set(HelperKind)
    assert 0.85 * STUDENTS < len(mentors) < STUDENTS
    taken = Counter(helper for helper, _ in {(each.helper_id, each.student_id) for each in running})
    assert all(count <= helpers[helper].capacity for helper, count in taken.items())
    of_kind = Counter((each.student_id, each.role) for each in running if each.role not in SEVERAL)
    assert set(of_kind.values()) == {1}
    assert any(each.continues_id and each.from_day.day > 1 for each in pairs)  # changed hands within a month
    assert {each.paid_on is None for each in session.exec(select(PairingSubsidy))} == {True, False}


def test_some_helpers_are_behind_some_keep_up_and_some_have_never_begun(session):
    fill(session, students=STUDENTS, seed=7)

    rows = pair_duties.list_progress(session, person(session, "fuzeren", Role.LEAD))

    of_progress = Counter(each.progress for each in rows)
    assert 1 < of_progress[Progress.NEVER_BEGUN] < 0.2 * len(rows)
    assert of_progress[Progress.BEHIND] > 1
    assert of_progress[Progress.ON_TIME] > 1
    idle = [each for each in rows if each.progress is Progress.NEVER_BEGUN]
    assert {HelperKind.STAFF, HelperKind.PARTY_CADRE} == {each.kind for each in idle}


def test_every_clause_counts_and_every_state_occurs(session):
    fill(session, students=STUDENTS, seed=7)
    results = evaluate(
        session, calendar=load_calendar(session), switches=load_switches(session), on=clock.today()
    ).values()

    assert len(results) == 50
    found = {standing.state for result in results for standing in result.standings}
    found |= {result.state for result in results}
    assert found >= set(DutyState) - {DutyState.NOT_IN_FORCE}


def test_a_server_that_counted_its_tables_too_early_answers_all_the_same(session, location):
    """It finds pages without a row, as in the middle of a transaction that fills them."""
    if location.database_url is None:
        pytest.skip("the embedded database counts no rows")
    with session.begin_nested() as undone:
        fill(session, students=STUDENTS, seed=7)
        undone.rollback()
    with psycopg.connect(location.database_url, autocommit=True) as server:
        server.execute("ANALYZE")
    session.execute(text("SET LOCAL statement_timeout = '20s'"))

    assert fill(session, students=STUDENTS, seed=7).rows["clause_week"] == WEEKS


def test_the_weeks_that_are_over_are_frozen_and_whole(session):
    made = fill(session, students=STUDENTS, seed=7)
    append_collected(session)

    kept = session.exec(select(ClauseWeek).order_by(col(ClauseWeek.first_day))).all()

    assert made.rows["clause_week"] == len(kept) == WEEKS
    assert [each.first_day.weekday() for each in kept] == [0] * WEEKS
    assert kept[-1].first_day < NOW.date() - timedelta(days=4)
    assert all(is_whole(each) for each in kept)
    assert len({each.digest for each in kept}) == WEEKS
    told = session.exec(select(AuditEvent).where(AuditEvent.action == Action.WEEK_FROZEN)).all()
    assert list(find_changed_weeks(session, keys())) == []
    assert {each.digest for each in kept} == {json.loads(each.details)["digest"] for each in told}
