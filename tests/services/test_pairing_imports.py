"""Importing a pairing ledger: who is meant, what is written, what can't be, and taking it back."""

import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import select

from db.sealing import unseal
from db.tables import (
    AppUser,
    CareKind,
    CareRecord,
    CategoryKind,
    EnrolmentState,
    Helper,
    HelperKind,
    ImportKind,
    Pairing,
    PairingEnd,
    PairingRole,
    PairingSubsidy,
    Role,
    Student,
    StudentCategory,
    Term,
)
from services import clock, student_imports
from services.errors import NotAllowed, NotFound
from services.exchange.reasons import Reason
from services.imports.undoing import UndoBlocked
from services.imports.undoing_pairings import PairsWorkedWith
from services.left_behind_imports import confirm_left_behind, preview_left_behind, read_left_behind
from services.pairing_imports import confirm_pairings, preview_pairings, read_pairings
from services.student_imports import MatchedBy, Outcome, StalePreview, list_imports, undo_import
from tests.services.test_student_imports import dump

SAMPLES = Path(__file__).parents[1] / "exchange" / "samples"
COLUMNS = ["帮扶人", "身份", "电话", "学生", "学号", "班级", "结对时间", "结束时间", "补助", "帮扶内容"]
ROW = {"帮扶人": "温如璞", "身份": "代理家长", "学生": "江小满", "班级": "七（1）班", "结对时间": "2026-09-12"}
COMMON = {"file_name": "结对.csv", "digest": "0" * 64}


def ledger(*rows, columns=COLUMNS):
    lines = [",".join(columns), *(",".join((ROW | row).get(column, "") for column in columns) for row in rows)]
    return read_pairings("\n".join(lines).encode(), file_name="结对.csv")


def preview(session, actor, *rows):
    return preview_pairings(session, actor, reading=ledger(*rows))


def take(session, actor, *rows, **options):
    return confirm_pairings(session, actor, preview=preview(session, actor, *rows), **COMMON, **options)


def reasons(session, actor, *rows):
    return [row.reason for row in preview(session, actor, *rows).rows]


def pairs(session):
    return session.exec(select(Pairing).order_by(Pairing.id)).all()


def helpers(session):
    return session.exec(select(Helper).order_by(Helper.id)).all()


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD)


@pytest.fixture
def school_class(make_class, term):
    return make_class(7, 1)


@pytest.fixture
def child(make_student, school_class):
    return make_student(in_class=school_class)


@pytest.fixture
def several(make_student, school_class, child):
    return [child, *(make_student(name=name, in_class=school_class) for name in ("林初雪", "顾兰亭", "苏晚"))]


# --- the sample ---


@pytest.fixture
def sampled(session, lead, term):
    roster = student_imports.read_roster((SAMPLES / "roster_grade_messy.xlsx").read_bytes(), file_name="名册.xlsx")
    seen = student_imports.preview_import(session, lead, reading=roster)
    student_imports.confirm_import(session, lead, preview=seen, file_name="名册.xlsx", digest="1" * 64)
    name = "left_behind_ledger.xlsx"
    seen = preview_left_behind(session, lead, reading=read_left_behind((SAMPLES / name).read_bytes(), file_name=name))
    confirm_left_behind(session, lead, preview=seen, file_name=name, digest="2" * 64)
    name = "pairing_ledger.xlsx"
    return read_pairings((SAMPLES / name).read_bytes(), file_name=name)


def test_the_sample_is_matched_counted_and_stored_row_by_row(session, lead, sampled):
    wanted = json.loads((SAMPLES / "pairing_ledger.xlsx.json").read_text("utf-8"))
    seen = preview_pairings(session, lead, reading=sampled)
    counts = seen.summary()
    day = clock.today().strftime("%Y_%m_%d")  # nothing begins or ends between the sample's day and this one

    for key in wanted.keys() - {"file", "records"}:
        assert counts[key.replace("2026_11_21", day)] == wanted[key], key
    result = confirm_pairings(session, lead, preview=seen, file_name="结对.xlsx", digest="3" * 64)
    assert (result.created, result.changed, result.unchanged, result.rejected) == (92, 0, 0, 9)
    subsidies = dict(session.exec(select(PairingSubsidy.pairing_id, PairingSubsidy.amount_fen)).all())
    stored = Counter(
        (helper, role.value, number, first.isoformat(), end.isoformat() if end else None, subsidies.get(pair))
        for pair, helper, role, number, first, end in session.exec(
            select(Pairing.id, Helper.name, Pairing.role, Student.student_no, Pairing.from_day, Pairing.to_day)
            .join(Helper, Helper.id == Pairing.helper_id)
            .join(Student, Student.id == Pairing.student_id)
        )
    )
    keys = ("helper", "role", "sno", "start", "end", "subsidy_fen")
    assert stored == Counter(tuple(record[key] for key in keys) for record in wanted["records"])


def test_the_facts_beside_the_sample_hold_for_what_is_stored(session, lead, sampled):
    wanted = json.loads((SAMPLES / "pairing_ledger.xlsx.json").read_text("utf-8"))
    confirm_pairings(
        session, lead, preview=preview_pairings(session, lead, reading=sampled), file_name="结对.xlsx", digest="3" * 64
    )
    day = date(2026, 11, 21)
    active = [each for each in pairs(session) if each.from_day <= day and (each.to_day is None or each.to_day > day)]
    kind = StudentCategory.kind == CategoryKind.LEFT_BEHIND
    left_behind = set(session.exec(select(StudentCategory.student_id).where(kind)))
    roles = {child: {each.role for each in active if each.student_id == child} for child in left_behind}
    teachers = {PairingRole.MENTOR, PairingRole.PROXY_PARENT}
    pupils = {PairingRole.EXCELLENT_STUDENT, PairingRole.BUDDY}

    assert Counter(each.role.value for each in active) == Counter(wanted["active_on_2026_11_21_by_role"])
    assert sum(each.to_day is not None for each in pairs(session)) == wanted["closed_before_2026_11_21"]
    assert len(left_behind) == wanted["left_behind_children"]
    assert sum(bool(found) for found in roles.values()) == wanted["left_behind_with_any_active_pairing"]
    assert sum(not found for found in roles.values()) == wanted["left_behind_without_pairing"]
    both = sum(bool(found & teachers) and bool(found & pupils) for found in roles.values())
    assert both == wanted["left_behind_with_teacher_and_student_helper"]


def test_the_sample_read_again_writes_nothing_and_is_taken_back_without_a_trace(session, lead, sampled):
    before = dump(session)
    first = preview_pairings(session, lead, reading=sampled)
    batch = confirm_pairings(session, lead, preview=first, file_name="结对.xlsx", digest="3" * 64).batch_id
    seen = preview_pairings(session, lead, reading=sampled)

    assert (seen.is_empty, seen.count(Outcome.UNCHANGED)) == (True, 92)
    assert confirm_pairings(session, lead, preview=seen, file_name="结对.xlsx", digest="3" * 64).wrote_nothing
    undo_import(session, lead, batch_id=batch)
    assert dump(session) == before
    assert [*pairs(session), *helpers(session), *session.exec(select(PairingSubsidy))] == []


# --- what is written ---


def test_a_pair_is_written_with_its_helper_sealed_where_it_tells_of_people(session, lead, child):
    row = {"身份": "爱心守护人", "电话": "15400000211", "结束时间": "2026-10-30", "补助": "300", "帮扶内容": "陪读"}
    result = take(session, lead, row)
    (pair,), (helper,), (subsidy,) = pairs(session), helpers(session), session.exec(select(PairingSubsidy)).all()

    assert (result.created, pair.student_id, pair.role) == (1, child.id, PairingRole.GUARDIAN_ANGEL)
    assert (pair.from_day, pair.to_day, pair.end_reason) == (date(2026, 9, 12), date(2026, 10, 30), PairingEnd.DONE)
    assert (unseal(pair, "content_sealed"), unseal(helper, "phone_sealed")) == ("陪读", "15400000211")
    assert (helper.kind, helper.name, helper.from_day) == (HelperKind.VOLUNTEER, "温如璞", date(2026, 9, 12))
    assert (subsidy.pairing_id, subsidy.amount_fen, subsidy.paid_on) == (pair.id, 30000, None)
    assert [each.created for each in list_imports(session, lead, kind=ImportKind.PAIRINGS)] == [1]


def test_a_teacher_with_an_account_is_found_by_name_and_two_of_one_name_are_not(session, lead, make_user, several):
    one = make_user(Role.HOMEROOM, name="温如璞")
    for _ in range(2):
        make_user(Role.SUBJECT_TEACHER, name="周砚田")
    make_user(Role.FINANCE, name="梁月白")
    take(session, lead, {}, {"学生": "林初雪", "帮扶人": "周砚田"}, {"学生": "顾兰亭", "帮扶人": "梁月白"})
    found = {(helper.user_id, helper.name, helper.kind) for helper in helpers(session)}

    assert found == {
        (one.user_id, None, HelperKind.STAFF),
        (None, "周砚田", HelperKind.STAFF),
        (None, "梁月白", HelperKind.STAFF),
    }


def test_one_person_in_several_roles_is_one_helper_and_another_telephone_is_another(session, lead, several):
    take(
        session,
        lead,
        {"电话": "15400000211"},
        {"身份": "导师", "电话": ""},
        {"学生": "林初雪", "电话": "15400000212"},
        {"学生": "顾兰亭", "身份": "志愿者", "电话": "15400000211"},
    )

    assert [(each.kind.value, unseal(each, "phone_sealed")) for each in helpers(session)] == [
        ("staff", "15400000211"),
        ("staff", "15400000212"),
        ("volunteer", "15400000211"),
    ]
    assert reasons(session, lead, {"学生": "苏晚", "电话": ""}) == [Reason.HELPER_AMBIGUOUS]


def test_a_new_helper_gets_room_for_as_many_as_the_ledger_gives_it_at_once(session, lead, several):
    rows = [{"学生": each.name, "身份": "志愿者"} for each in several]
    take(session, lead, *rows, {"身份": "导师", "帮扶人": "周砚田"})

    assert [(each.kind.value, each.capacity) for each in helpers(session)] == [("volunteer", 4), ("staff", 15)]


def test_in_a_table_that_has_numbers_a_row_without_one_wants_a_tick(session, lead, child):
    (row,) = preview(session, lead, {}).rows
    columns = [each for each in COLUMNS if each != "学号"]
    (plain,) = preview_pairings(session, lead, reading=ledger({}, columns=columns)).rows

    assert (row.matched_by, row.wants_tick) == (MatchedBy.NAME_AND_CLASS, True)
    assert (plain.matched_by, plain.wants_tick, plain.student_id) == (None, False, child.id)
    assert take(session, lead, {}, ticked=()).wrote_nothing
    assert not pairs(session)


def test_a_subsidy_of_no_term_is_kept_in_words_and_counted(session, lead, child, term):
    session.delete(session.get(Term, term.id))
    session.flush()
    row = {"身份": "爱心守护人", "补助": "300", "帮扶内容": "陪读"}

    assert preview(session, lead, row).summary()["subsidies_in_words"] == 1
    take(session, lead, row)
    (pair,) = pairs(session)
    assert unseal(pair, "content_sealed") == "陪读\n补助：300.00 元"
    assert not session.exec(select(PairingSubsidy)).all()


# --- what can't be ---


def test_a_second_of_a_kind_at_the_same_time_is_given_back_and_after_the_first_taken(session, lead, child):
    first = {"结束时间": "2026-10-30"}
    second = {"帮扶人": "周砚田", "结对时间": "2026-10-29"}

    assert reasons(session, lead, first, second) == [None, Reason.PAIR_TAKEN]
    assert reasons(session, lead, first, second | {"结对时间": "2026-10-30"}) == [None, None]
    take(session, lead, first)
    assert reasons(session, lead, second) == [Reason.PAIR_TAKEN]
    assert reasons(session, lead, second | {"身份": "导师"}) == [None]


def test_of_friends_a_child_has_several_but_the_same_one_once(session, lead, child):
    rows = [{"身份": "好朋友"}, {"身份": "好朋友", "帮扶人": "林初雪"}, {"身份": "好朋友", "结对时间": "2026-10-01"}]

    assert reasons(session, lead, *rows) == [None, None, Reason.PAIR_TAKEN]


def test_the_same_pair_twice_is_a_duplicate_and_with_another_end_it_differs(session, lead, child):
    take(session, lead, {})

    assert reasons(session, lead, {}, {"班级": "701"}) == [None, Reason.DUPLICATE]
    assert reasons(session, lead, {"结束时间": "2026-10-30"}) == [Reason.PAIR_DIFFERS]


def test_a_stored_helper_takes_no_more_than_it_has_room_for(session, lead, several):
    take(session, lead, {"身份": "志愿者"})
    (helper,) = helpers(session)
    helper.capacity = 2
    session.add(helper)
    session.flush()
    rows = [{"身份": "志愿者", "学生": name} for name in ("林初雪", "顾兰亭")]

    assert reasons(session, lead, *rows) == [None, Reason.HELPER_FULL]
    assert reasons(session, lead, rows[0], rows[1] | {"结对时间": "2025-09-01", "结束时间": "2026-01-10"}) == [
        None,
        None,
    ]


def test_nobody_is_paired_with_a_helper_who_has_left_or_a_child_that_has(session, lead, several):
    take(session, lead, {"身份": "志愿者", "结束时间": "2026-10-01"})
    (helper,) = helpers(session)
    helper.to_day = date(2026, 10, 15)
    gone = session.get(Student, several[1].id)
    gone.state = EnrolmentState.TRANSFERRED
    session.add_all([helper, gone])
    session.flush()
    by_number = {"学生": "林初雪", "学号": several[1].student_no, "帮扶人": "周砚田"}

    assert reasons(session, lead, {"身份": "志愿者", "学生": "顾兰亭"}) == [Reason.HELPER_LEFT]
    for ended, reason in (("2026-10-15", None), ("2026-10-16", Reason.HELPER_LEFT)):  # with the helper, and a day after
        row = {"身份": "志愿者", "学生": "顾兰亭", "结束时间": ended}
        assert reasons(session, lead, row) == [reason]
    assert reasons(session, lead, by_number) == [Reason.STUDENT_NOT_IN_ROSTER]


def test_only_the_care_room_imports(session, lead, make_user, child):
    for role in (Role.HOMEROOM, Role.MENTOR, Role.LEADERSHIP, Role.ADMIN):
        with pytest.raises(NotAllowed):
            preview(session, make_user(role), {})
    assert preview(session, make_user(Role.COUNSELLOR), {}).count(Outcome.NEW) == 1


def test_pairs_made_meanwhile_overtake_a_preview(session, lead, child):
    seen = preview(session, lead, {})
    take(session, lead, {"帮扶人": "周砚田"})

    with pytest.raises(StalePreview):
        confirm_pairings(session, lead, preview=seen, **COMMON)


# --- taking it back ---


def test_an_import_somebody_has_worked_with_stays(session, lead, child):
    batch = take(session, lead, {"身份": "爱心守护人", "补助": "300"}).batch_id
    (subsidy,) = session.exec(select(PairingSubsidy)).all()
    subsidy.paid_on = clock.today()
    session.add(subsidy)
    session.flush()
    with pytest.raises(PairsWorkedWith) as caught:
        undo_import(session, lead, batch_id=batch)
    assert [each.name for each in caught.value.rows] == ["江小满"]

    subsidy.paid_on = None
    (pair,) = pairs(session)
    pair.version = 2
    session.add_all([subsidy, pair])
    session.flush()
    with pytest.raises(PairsWorkedWith):
        undo_import(session, lead, batch_id=batch)


def test_an_import_whose_helper_has_done_something_since_stays_and_names_nobody(session, lead, child):
    batch = take(session, lead, {"身份": "志愿者"}).batch_id
    (helper,) = helpers(session)
    user = session.exec(select(AppUser)).first()
    record = CareRecord(
        entry_uid="0" * 32, student_id=child.id, kind=CareKind.TALK, day=clock.today(), author_id=user.id,
        helper_id=helper.id, recorded_at=clock.now(), parts_filled=2,
    )  # fmt: skip
    session.add(record)
    session.flush()

    with pytest.raises(UndoBlocked) as caught:
        undo_import(session, lead, batch_id=batch)
    assert caught.value.rows == ()
    session.delete(record)
    session.flush()
    undo_import(session, lead, batch_id=batch)
    assert not pairs(session)
    with pytest.raises(NotFound):
        undo_import(session, lead, batch_id=batch)
