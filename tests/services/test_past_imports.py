"""Importing past talks and visits: who is meant, what is written, what repeats, what they neither end nor open."""

import time
from datetime import date, timedelta

import pytest
from sqlmodel import func, select

from db.tables import (
    CareKind,
    CareRecord,
    CareRecordWords,
    ConsentAnswer,
    ConsentPurpose,
    ImportKind,
    Role,
    ScreeningResult,
    Student,
    Tier,
)
from services import clock
from services.archive_prints import print_archive
from services.consents import record_consent
from services.drafts import save_draft
from services.duties import DutyKind
from services.errors import NotAllowed, NotFound
from services.exchange.reasons import Reason
from services.home import list_duties
from services.imports import past_matching
from services.imports.undoing import UndoBlocked
from services.imports.undoing_records import RecordsAmended
from services.past_imports import confirm_past, preview_talks, preview_visits, read_talks, read_visits
from services.record_prints import print_record
from services.record_views import find_record, list_child_records, list_own_records
from services.records import RecordEntry, amend_record, record_contact, withdraw_record
from services.screening import follow_ups
from services.student_exports import ExportPurpose
from services.student_imports import MatchedBy, Outcome, StalePreview, list_imports, undo_import
from services.tiers import TierEntry, set_tier
from services.time_line import IMPORTED, list_time_line
from tests.conftest import NOW
from tests.services import test_screening_imports as screening
from tests.services.test_plans import ordinary
from tests.services.test_student_imports import dump

COLUMNS = ["姓名", "学号", "班级", "时间", "地点", "方式", "谈话人", "事由", "内容", "效果", "后续措施"]
ROW = {
    "姓名": "江小满", "班级": "七（1）班", "时间": "2026-09-12", "地点": "办公室", "谈话人": "周砚田", "事由": "想家",
    "内容": "一起写了信", "效果": "好些", "后续措施": "下周再看",
}  # fmt: skip
PURPOSE = ExportPurpose.REGISTER_BOOK
OLD = ROW | {"时间": "2023-03-04"}


def sheet(*rows):
    lines = [COLUMNS, *([(ROW | row).get(column, "") for column in COLUMNS] for row in rows)]
    return "\n".join(",".join(line) for line in lines).encode()


def preview(session, actor, *rows):
    return preview_talks(session, actor, reading=read_talks(sheet(*rows), file_name="谈话.csv"))


def take(session, actor, *rows, **options):
    seen = preview(session, actor, *rows)
    return confirm_past(session, actor, preview=seen, file_name="谈话.csv", digest="0" * 64, **options)


def stored(session):
    return session.exec(select(CareRecord).order_by(CareRecord.id)).all()


def remarks(session, actor, *rows):
    (found,) = preview(session, actor, *rows).matches
    return set(found.remarks)


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD, name="沈知远")


@pytest.fixture
def school_class(make_class, term):
    return make_class(7, 1)


@pytest.fixture
def teacher(make_user, school_class):
    return make_user(Role.HOMEROOM, name="周砚田", homeroom_of=school_class)


@pytest.fixture
def child(make_student, school_class):
    return make_student(in_class=school_class)


# --- what is written ---


def test_a_talk_becomes_a_record_that_says_it_was_entered_later(session, lead, teacher, child):
    before = dump(session)
    result = take(session, lead, ROW | {"学号": child.student_no})
    (row,) = stored(session)
    view = find_record(session, lead, record_id=row.id)

    assert (result.created, result.rejected) == (1, 0)
    assert (view.row.kind, view.row.day, view.row.author_id) == (CareKind.TALK, date(2026, 9, 12), teacher.user_id)
    assert (view.stored.raised, view.stored.measures) == ("想家", "一起写了信")
    assert (view.stored.effect, view.stored.next_step, view.row.parts_filled) == ("好些", "下周再看", 6)
    assert (view.row.is_imported, view.imported_by, row.recorded_at) == (True, "沈知远", clock.now())
    words = session.exec(select(CareRecordWords)).one()
    assert "想家".encode() not in words.raised_sealed
    (line,) = [each for each in list_time_line(session, lead, student_id=child.id).rows if each.source == "record"]
    assert (line.detail, line.person, str(line.day)) == (IMPORTED, "周砚田", "2026-09-12")
    values = print_record(session, lead, record_id=row.id, purpose=PURPOSE).values
    assert values["种类"] == "谈心谈话（补录）"
    assert "谈心谈话（补录）" in str(print_archive(session, lead, student_id=child.id, purpose=PURPOSE).values)
    assert values["记录人"] == "周砚田（补录：2026年11月20日由沈知远从表格导入）"

    undo_import(session, lead, batch_id=result.batch_id)
    assert stored(session) == []
    assert dump(session) == before


def test_who_has_no_account_stays_a_name(session, lead, teacher, child, make_user):
    make_user(Role.SUBJECT_TEACHER, name="霍半夏")
    make_user(Role.SUBJECT_TEACHER, name="霍半夏")
    take(session, lead, ROW | {"谈话人": "霍半夏"}, OLD | {"谈话人": "罗青禾"}, OLD | {"谈话人": "", "内容": "别的"})

    assert [(each.author_id, each.author_name) for each in stored(session)] == [
        (None, "罗青禾"), (None, None), (None, "霍半夏"),
    ]  # fmt: skip
    assert [row.author_name for row in list_child_records(session, lead, student_id=child.id).rows] == [
        "霍半夏", None, "罗青禾",
    ]  # fmt: skip
    shown = preview(session, lead, OLD | {"谈话人": "罗青禾", "内容": "新"})
    assert shown.summary()["warnings_at"][Reason.AUTHOR_KEPT_AS_NAME.value] == [1]


def test_a_visit_and_a_call(session, lead, child):
    lines = [
        "姓名,班级,时间,方式,家庭情况",
        "江小满,七（1）班,2026-03-04,上门,和外婆住",
        "江小满,七（1）班,2026-03-05,电话,都好",
    ]
    seen = preview_visits(session, lead, reading=read_visits("\n".join(lines).encode(), file_name="家访.csv"))
    confirm_past(session, lead, preview=seen, file_name="家访.csv", digest="0" * 64)

    assert [each.kind for each in stored(session)] == [CareKind.HOME_VISIT, CareKind.CALL]
    assert seen.summary()["new_by_kind"] == {"call": 1, "home_visit": 1}
    assert all(each.agreed_with_id is None for each in stored(session))  # it was before anybody was asked
    assert [each.created for each in list_imports(session, lead, kind=ImportKind.VISITS)] == [2]


def test_counselling_keeps_its_words_to_author_and_head_and_a_refusal_is_respected(
    session, lead, teacher, child, make_user
):
    counsellor = make_user(Role.COUNSELLOR)
    row = ROW | {"方式": "心理辅导", "谈话人": "罗青禾"}
    record_consent(
        session, lead, student_id=child.id, purpose=ConsentPurpose.COUNSELLING, answer=ConsentAnswer.REFUSED,
        day=date(2026, 9, 13), by_whom="母亲",
    )  # fmt: skip
    seen = preview(session, lead, row, row | {"时间": "2026-09-14"})
    assert [each.reason for each in seen.rows] == [None, Reason.COUNSELLING_REFUSED]

    take(session, lead, row)
    (record,) = stored(session)
    assert find_record(session, counsellor, record_id=record.id).stored is None
    assert find_record(session, teacher, record_id=record.id).stored is None
    assert find_record(session, lead, record_id=record.id).stored is not None


# --- who is meant ---


def test_the_class_may_be_today_s_or_the_one_of_that_year(session, lead, child, make_class, make_student):
    by_number, now, then = (
        preview(session, lead, OLD | row).rows[0]
        for row in ({"学号": child.student_no, "班级": ""}, {}, {"班级": "三（1）班"})
    )
    assert (by_number.matched_by, now.matched_by, then.matched_by) == (
        MatchedBy.NUMBER, MatchedBy.NAME_AND_CLASS, MatchedBy.NAME_AND_CLASS,
    )  # fmt: skip
    assert {by_number.student_id, now.student_id, then.student_id} == {child.id}
    assert now.wants_tick
    assert Reason.CLASS_OF_TODAY in remarks(session, lead, OLD)
    assert Reason.CLASS_OF_TODAY not in remarks(session, lead, OLD | {"班级": "三（1）班"})

    make_student(in_class=make_class(11, 1))  # of the same name, in class 七（1） in that year
    assert preview(session, lead, OLD).rows[0].reason is Reason.STUDENT_AMBIGUOUS


def test_two_of_one_name_and_nobody_and_a_day_before_birth(session, lead, child, make_student, school_class):
    assert preview(session, lead, {"姓名": "霍半夏"}).rows[0].reason is Reason.STUDENT_NOT_IN_ROSTER
    early = {"学号": child.student_no, "时间": "2012-01-01"}
    assert preview(session, lead, early).rows[0].reason is Reason.PAST_DAY_UNREADABLE
    make_student(in_class=school_class)
    assert preview(session, lead, ROW).rows[0].reason is Reason.STUDENT_AMBIGUOUS


def test_a_row_somebody_ticked_off_is_left_out(session, lead, child):
    assert take(session, lead, ROW, ticked=[]).rejected == 1
    assert stored(session) == []


# --- what repeats ---


def test_the_same_again_changes_nothing_also_after_it_was_amended_or_withdrawn(session, lead, child):
    take(session, lead, ROW, OLD)
    first, second = stored(session)
    seen = find_record(session, lead, record_id=second.id).stored
    entry = RecordEntry(kind=CareKind.TALK, day=seen.day, place=seen.place, raised="想家，改过")
    amend_record(session, lead, record_id=second.id, version=1, entry=entry)  # of 2023: its day stays as it is
    withdraw_record(session, lead, record_id=first.id, version=1, reason="写错了")

    again = preview(session, lead, ROW, OLD, OLD)
    assert [each.outcome for each in again.rows] == [Outcome.UNCHANGED, Outcome.UNCHANGED, Outcome.CONFLICT]
    assert again.summary()["duplicates_skipped"] == 1
    assert take(session, lead, ROW, OLD).wrote_nothing
    assert len(stored(session)) == 2


def test_no_words_are_opened_but_those_of_the_children_in_the_file(
    session, lead, child, make_student, school_class, monkeypatch
):
    other = make_student("霍半夏", in_class=school_class)
    take(session, lead, ROW | {"姓名": other.name})
    (row,) = stored(session)
    amend_record(session, lead, record_id=row.id, version=1, entry=RecordEntry(
        kind=CareKind.TALK, day=row.day, raised="想家，改过"
    ))  # fmt: skip
    opened = []
    monkeypatch.setattr(past_matching, "open_text", lambda *_, **place: opened.append(place["table"]))

    preview(session, lead, ROW)
    assert opened == []


def test_what_somebody_wrote_here_of_that_day_is_recognised_or_told(session, lead, child):
    words = {"raised": "想家", "measures": "一起写了信", "effect": "好些", "next_step": "下周再看"}
    entry = RecordEntry(kind=CareKind.TALK, day=date(2026, 9, 12), **words)
    record_contact(session, lead, student_ids=[child.id], entry=entry)

    assert preview(session, lead, ROW).rows[0].outcome is Outcome.UNCHANGED
    assert Reason.PAST_SAME_DAY in remarks(session, lead, ROW | {"事由": "睡不好"})


# --- what it neither ends nor opens ---


def test_it_ends_no_duty_of_a_result_and_leaves_a_case_stalled(session, lead, child, monkeypatch):
    screening.take(session, lead, screening.FLAGGED)
    ordinary(session, lead, child)
    late = NOW + timedelta(days=31)
    monkeypatch.setattr(clock, "now", lambda: late)
    before = sorted(str(duty) for duty in list_duties(session, lead))
    assert {DutyKind.CASE_STALLED, DutyKind.SCREENING} <= {duty.kind for duty in list_duties(session, lead)}

    take(session, lead, ROW | {"时间": "2026-12-20"})

    assert sorted(str(duty) for duty in list_duties(session, lead)) == before  # neither ended nor opened, none late
    (result,) = session.exec(select(ScreeningResult)).all()
    assert follow_ups.list_contacts(session, lead, result_id=result.id) == []
    with pytest.raises(NotFound):
        follow_ups.note_contact(session, lead, result_id=result.id, record_id=stored(session)[0].id)


def test_it_does_not_push_out_what_its_author_wrote_last(session, lead, teacher, child):
    take(session, lead, ROW)

    assert list_own_records(session, teacher) == ()


# --- taking it back ---


def test_an_import_somebody_worked_with_is_not_taken_back(session, lead, child):
    result = take(session, lead, ROW)
    (row,) = stored(session)
    draft = {"raised": "想家", "version": 1}
    save_draft(session, lead, form="record_amend", subject=f"record:{row.id}", content=draft)
    with pytest.raises(RecordsAmended) as refused:
        undo_import(session, lead, batch_id=result.batch_id)
    assert [each.name for each in refused.value.rows] == ["江小满"]


def test_a_tier_that_rests_on_a_record_is_told_without_a_name(session, lead, child):
    result = take(session, lead, ROW)
    tier_id = session.exec(select(Tier.id).where(Tier.rank == 1)).one()
    entry = TierEntry(tier_id=tier_id, from_day=clock.today(), reason="常常想家", record_id=stored(session)[0].id)
    set_tier(session, lead, student_id=child.id, follows=0, entry=entry)

    with pytest.raises(UndoBlocked) as refused:
        undo_import(session, lead, batch_id=result.batch_id)
    assert refused.value.rows == ()
    assert len(stored(session)) == 1


def test_records_changed_since_the_preview_are_said(session, lead, child):
    seen = preview(session, lead, ROW)
    take(session, lead, ROW)

    with pytest.raises(StalePreview) as stale:
        confirm_past(session, lead, preview=seen, file_name="谈话.csv", digest="0" * 64)
    assert stale.value.current.count(Outcome.UNCHANGED) == 1


@pytest.mark.parametrize("role", [Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.MENTOR, Role.ADMIN, Role.LEADERSHIP])
def test_only_the_care_room_imports(session, make_user, role):
    with pytest.raises(NotAllowed):
        preview(session, make_user(role), ROW)


@pytest.mark.long
def test_five_thousand_talks_take_less_than_ten_seconds_with_progress(session, lead, term):
    session.add_all(
        Student(
            student_no=f"W{place:05d}", name=f"孩{place}", name_initials="h", name_pinyin="hai", name_order="hai",
            gender="female", birth_day=date(2013, 5, 21), recorded_at=clock.now(),
        )
        for place in range(1000)
    )  # fmt: skip
    session.flush()
    days = [date(2026, 9, 1) + timedelta(days=place) for place in range(5)]
    rows = [f"孩{n},W{n:05d},{day},想家{n},一起写了信,好些" for n in range(1000) for day in days]
    data = "\n".join(["姓名,学号,时间,事由,内容,效果", *rows]).encode()
    written = []

    begun = time.thread_time()  # not of whoever else works on the machine
    for expected in (5000, 0):
        reading = read_talks(data, file_name="谈话.csv")
        seen = preview_talks(session, lead, reading=reading)
        result = confirm_past(
            session, lead, preview=seen, file_name="谈话.csv", digest="0" * 64, progress=lambda *at: written.append(at)
        )
        assert result.created == expected
    taken = time.thread_time() - begun

    assert session.exec(select(func.count()).select_from(CareRecord)).one() == 5000
    assert taken < 10, f"{taken:.1f} s"
    assert written[-1] == (5000, 5000)
