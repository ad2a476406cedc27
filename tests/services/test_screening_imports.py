"""Importing results of a screening: who is meant, what is stored, what repeats, and taking it back (H-01, H-02)."""

import json
import time
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import delete, func, select

from db.sealing import unseal
from db.tables import (
    CareKind,
    CarePlace,
    ConsentAnswer,
    ConsentPurpose,
    ImportKind,
    Role,
    ScreeningAbsence,
    ScreeningResult,
    ScreeningRound,
    Student,
)
from services import clock, student_imports
from services.consents import record_consent
from services.errors import NotAllowed
from services.exchange.reasons import Reason
from services.imports.undoing_results import ResultsFollowedUp
from services.records import RecordEntry, record_contact
from services.screening import rounds
from services.screening.known import ScalesUnusable, scale_folder
from services.screening.results import find_child_results
from services.screening.scales import INCOMPLETE, NO_LEVEL
from services.screening_imports import confirm_screening, preview_screening, read_screening
from services.student_imports import MatchedBy, Outcome, StalePreview, list_imports, undo_import
from tests.services.test_student_imports import dump

SAMPLES = Path(__file__).parents[1] / "exchange" / "samples"
COLUMNS = ["姓名", "学号", "班级", "测评日期", "PHQ-9总分", "PHQ-9第9题", "GAD-7总分"]
ROW = {"姓名": "江小满", "班级": "七（1）班", "测评日期": "2026-10-12", "PHQ-9总分": "4", "PHQ-9第9题": "0"}
FLAGGED = ROW | {"PHQ-9总分": "16"}
URGENT = ROW | {"PHQ-9第9题": "1"}


def results_of(*rows):
    lines = [",".join(COLUMNS), *(",".join((ROW | row).get(column, "") for column in COLUMNS) for row in rows)]
    return read_screening("\n".join(lines).encode(), file_name="筛查.csv")


def preview(session, actor, *rows):
    return preview_screening(session, actor, reading=results_of(*rows))


def take(session, actor, *rows, **options):
    seen = preview(session, actor, *rows)
    return confirm_screening(session, actor, preview=seen, file_name="筛查.csv", digest="0" * 64, **options)


def stored(session):
    return session.exec(select(ScreeningResult).order_by(ScreeningResult.id)).all()


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD)


@pytest.fixture
def school_class(make_class, term):
    return make_class(7, 1)


@pytest.fixture
def child(make_student, school_class):
    return make_student(in_class=school_class)


# --- the sample ---


@pytest.fixture
def sampled(session, lead, term):
    roster = student_imports.read_roster((SAMPLES / "roster_grade_messy.xlsx").read_bytes(), file_name="名册.xlsx")
    seen = student_imports.preview_import(session, lead, reading=roster)
    student_imports.confirm_import(session, lead, preview=seen, file_name="名册.xlsx", digest="1" * 64)
    name = "screening_mht.xlsx"
    return read_screening((SAMPLES / name).read_bytes(), file_name=name)


def test_the_sample_is_matched_counted_stored_repeated_and_taken_back(session, lead, sampled):
    wanted = json.loads((SAMPLES / "screening_mht.xlsx.json").read_text("utf-8"))
    before = dump(session)
    seen = preview_screening(session, lead, reading=sampled)
    counts = seen.summary()

    for key in wanted.keys() - {"file", "records"}:
        assert counts[key] == wanted[key], key
    result = confirm_screening(session, lead, preview=seen, file_name="筛查.xlsx", digest="2" * 64)
    numbers = dict(session.exec(select(Student.id, Student.student_no)).all())
    found = {
        (numbers[each.student_id], str(each.taken_on), json.loads(unseal(each, "scores_sealed"))["total"])
        for each in stored(session)
    }
    assert found == {(record["sno"], record["date"], record["total"]) for record in wanted["records"]}
    assert session.exec(select(func.count()).select_from(ScreeningAbsence)).one() == 5
    assert sum(each.needs_contact for each in stored(session)) == 18

    after = dump(session)
    again = preview_screening(session, lead, reading=sampled)
    assert confirm_screening(session, lead, preview=again, file_name="筛查.xlsx", digest="2" * 64).wrote_nothing
    assert again.count(Outcome.UNCHANGED) == wanted["imported"]
    assert dump(session) == after
    undo_import(session, lead, batch_id=result.batch_id)
    assert stored(session) == []
    assert session.exec(select(ScreeningRound)).all() == []
    assert dump(session) == before


# --- who is meant ---


def test_by_number_and_by_name_and_class(session, lead, child):
    by_number, by_name = (preview(session, lead, row).rows[0] for row in ({"学号": child.student_no}, {}))

    assert by_number.matched_by is MatchedBy.NUMBER
    assert by_name.matched_by is MatchedBy.NAME_AND_CLASS
    assert by_name.wants_tick


def test_a_row_somebody_ticked_off_is_left_out(session, lead, child):
    result = take(session, lead, ROW, ticked=[])

    assert (result.created, result.rejected) == (0, 1)
    assert stored(session) == []


def test_who_is_not_in_the_roster_or_there_twice_is_refused(session, lead, child, make_student, school_class):
    assert preview(session, lead, {"姓名": "霍半夏"}).rows[0].reason is Reason.STUDENT_NOT_IN_ROSTER
    make_student(in_class=school_class)
    assert preview(session, lead, ROW).rows[0].reason is Reason.STUDENT_AMBIGUOUS
    assert session.exec(select(func.count()).select_from(Student)).one() == 2


# --- what is stored ---


def test_two_scales_of_one_row_are_two_results_of_two_rounds(session, lead, child):
    take(session, lead, URGENT | {"GAD-7总分": "16"})

    kept = {(each.level, each.rank, each.is_urgent, each.needs_contact) for each in stored(session)}
    assert kept == {("none", 3, True, True), ("severe", 2, False, True)}
    begun = session.exec(select(ScreeningRound.school_year, ScreeningRound.half, ScreeningRound.scale)).all()
    assert set(begun) == {(2026, 1, "phq9"), (2026, 1, "gad7")}
    assert all(each.owner_id == lead.user_id for each in stored(session))


def test_a_crisis_item_without_a_total_is_urgent_and_has_neither_total_nor_level(session, lead, child):
    take(session, lead, URGENT | {"PHQ-9总分": "没算"})

    (kept,) = stored(session)
    assert (kept.is_urgent, kept.rank, kept.needs_contact, kept.level) == (True, 3, True, NO_LEVEL)
    assert json.loads(unseal(kept, "scores_sealed")) == {"total": None, "items": {"9": 1}}
    shown = find_child_results(session, lead, student_id=child.id).results[0]
    assert (shown.row.level_name, shown.scores.total) == (INCOMPLETE, None)
    assert take(session, lead, URGENT | {"PHQ-9总分": "没算"}).wrote_nothing


def test_another_day_is_a_second_result_and_another_term_another_round(session, lead, child):
    take(session, lead, ROW)
    take(session, lead, ROW | {"测评日期": "2026-10-13"}, ROW | {"测评日期": "2026-05-13"})

    assert [str(each.taken_on) for each in stored(session)] == ["2026-10-12", "2026-10-13", "2026-05-13"]
    assert {(each.school_year, each.half) for each in session.exec(select(ScreeningRound))} == {(2026, 1), (2025, 2)}


def test_the_same_row_twice_is_skipped_and_other_scores_of_that_day_are_refused(session, lead, child):
    seen = preview(session, lead, ROW, ROW, FLAGGED)
    assert [row.reason for row in seen.rows] == [None, Reason.DUPLICATE, Reason.RESULT_DIFFERS]
    assert seen.summary()["duplicates_skipped"] == 1

    take(session, lead, ROW)
    assert preview(session, lead, FLAGGED).rows[0].reason is Reason.RESULT_DIFFERS
    assert preview(session, lead, ROW).rows[0].outcome is Outcome.UNCHANGED


def test_a_file_without_a_day_counts_today_and_repeats_nothing_later(session, lead, child):
    undated = ROW | {"测评日期": ""}
    take(session, lead, undated)
    assert stored(session)[0].taken_on == clock.today()

    clock.set_fixed(clock.now().replace(day=25))
    assert take(session, lead, undated).wrote_nothing


def test_a_round_that_has_ended_takes_nothing_more_until_it_is_begun_again(session, lead, child):
    take(session, lead, ROW)
    (found,) = rounds.list_rounds(session, lead)
    rounds.close_round(session, lead, round_id=found.id, version=found.version)
    later = ROW | {"测评日期": "2026-10-20"}

    assert preview(session, lead, later).rows[0].reason is Reason.ROUND_CLOSED
    assert preview(session, lead, ROW).rows[0].outcome is Outcome.UNCHANGED
    rounds.reopen_round(session, lead, round_id=found.id, version=found.version + 1)
    assert take(session, lead, later).created == 1


def test_who_was_away_is_noted_once_and_no_longer_when_tested(session, lead, child):
    away = {"PHQ-9总分": "请假", "PHQ-9第9题": "", "测评日期": ""}
    other = ROW | {"姓名": "霍半夏"}
    assert take(session, lead, away, other).created == 0
    assert take(session, lead, away).wrote_nothing
    assert session.exec(select(ScreeningAbsence.student_id)).all() == [child.id] * 2  # of both scales of the sheet

    take(session, lead, ROW)
    assert take(session, lead, away).wrote_nothing


def test_a_list_of_nobody_but_who_was_away_is_something_to_write_until_the_round_has_ended(session, lead, child):
    away = ROW | {"PHQ-9总分": "请假", "PHQ-9第9题": "", "GAD-7总分": "缺考"}
    seen = preview(session, lead, away)
    assert (seen.beside, seen.is_empty) == (1, False)
    take(session, lead, away)
    assert preview(session, lead, away).is_empty

    session.execute(delete(ScreeningAbsence))
    for found in rounds.list_rounds(session, lead):
        session.get_one(ScreeningRound, found.id).closed_at = clock.now()
    session.flush()
    assert preview(session, lead, away).is_empty
    assert take(session, lead, away).wrote_nothing


def test_a_result_without_consent_is_counted_apart(session, lead, child, make_student, school_class):
    record_consent(
        session, lead, student_id=child.id, purpose=ConsentPurpose.SCREENING, answer=ConsentAnswer.REFUSED,
        day=date(2026, 9, 5), by_whom="母亲",
    )  # fmt: skip
    make_student("霍半夏", in_class=school_class)
    counts = preview(session, lead, ROW, ROW | {"姓名": "霍半夏"}).summary()

    assert (counts["results_against_refusal"], counts["results_without_consent"]) == (1, 1)
    assert counts["imported"] == 2


# --- taking it back, editors, rights ---


def test_an_import_somebody_followed_up_is_not_taken_back(session, lead, child):
    result = take(session, lead, URGENT)
    (record_id,) = record_contact(
        session, lead, student_ids=[child.id],
        entry=RecordEntry(kind=CareKind.TALK, day=clock.today(), place=CarePlace.OFFICE, raised="说睡不好。"),
    )  # fmt: skip
    (row,) = stored(session)
    row.contact_id = record_id
    session.flush()

    with pytest.raises(ResultsFollowedUp) as refused:
        undo_import(session, lead, batch_id=result.batch_id)
    assert [each.name for each in refused.value.rows] == ["江小满"]
    assert len(stored(session)) == 1
    assert [each.created for each in list_imports(session, lead, kind=ImportKind.SCREENING)] == [1]


def test_a_register_changed_since_the_preview_is_said(session, lead, child):
    seen = preview(session, lead, ROW)
    take(session, lead, ROW)

    with pytest.raises(StalePreview) as stale:
        confirm_screening(session, lead, preview=seen, file_name="筛查.csv", digest="0" * 64)
    assert stale.value.current.count(Outcome.UNCHANGED) == 1


def test_a_wrong_scale_file_of_the_school_s_own_refuses_every_reading(session, child):
    scale_folder().mkdir(parents=True)
    (scale_folder() / "坏.toml").write_text("code = 3", "utf-8")

    with pytest.raises(ScalesUnusable, match=r"量表文件 坏\.toml 用不了"):
        results_of(ROW)


@pytest.mark.parametrize("role", [Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.ADMIN, Role.LEADERSHIP])
def test_only_the_care_room_imports(session, make_user, role):
    with pytest.raises(NotAllowed):
        preview(session, make_user(role), ROW)


def test_five_thousand_results_take_less_than_ten_seconds_with_progress(session, lead, make_class, term):
    classes = [make_class(7, number) for number in range(1, 51)]
    session.add_all(
        Student(
            student_no=f"W{place:05d}", name=f"孩{place}", name_initials="h", name_pinyin="hai", name_order="hai",
            gender="female", birth_day=date(2013, 5, 21), recorded_at=clock.now(),
        )
        for place in range(5000)
    )  # fmt: skip
    session.flush()
    assert len(classes) == 50
    lines = ["姓名,学号,测评日期,PHQ-9总分,PHQ-9第9题", *(f"孩{n},W{n:05d},2026-10-12,{n % 28},0" for n in range(5000))]
    read, written = [], []

    begun = time.thread_time()  # not of whoever else works on the machine
    reading = read_screening("\n".join(lines).encode(), file_name="筛查.csv", progress=lambda *at: read.append(at))
    seen = preview_screening(session, lead, reading=reading)
    result = confirm_screening(
        session, lead, preview=seen, file_name="筛查.csv", digest="0" * 64, progress=lambda *at: written.append(at)
    )
    taken = time.thread_time() - begun

    assert result.created == 5000
    assert taken < 10, f"{taken:.1f} s"
    assert len(read) > 10
    assert written[-1] == (5000, 5000)
    assert len(written) > 5
