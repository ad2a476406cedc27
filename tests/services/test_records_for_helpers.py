"""What somebody without an account did with a child, written down for them: who may name whom, and where it shows."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlmodel import col, select

from db.tables import CareKind, CareRecord, ClauseSwitch, Helper, HelperKind, Pairing, PairingEnd, PairingRole, Role
from services import clock, record_prints, record_views, records
from services.errors import FieldErrors
from services.pairing import diary
from services.pairing.diary import DiaryRange
from services.pairing.outside_helpers import list_outside_helpers
from services.regulations.deadlines import DutyState
from services.student_exports import ExportPurpose
from services.time_line import lines
from tests.conftest import NOW, codes
from tests.services.regulations.test_evaluation import stood
from tests.services.test_papers import words_of
from tests.services.test_records import FULL, SECRET, entry, write

TODAY = NOW.date()
FROM = date(2026, 9, 1)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _term(term):
    return term


@pytest.fixture
def school_class(make_class):
    return make_class(7, 3)


@pytest.fixture
def child(make_student, school_class):
    return make_student("江小满", in_class=school_class)


@pytest.fixture
def homeroom(make_user, school_class):
    return make_user(Role.HOMEROOM, name="周砚田", homeroom_of=school_class)


@pytest.fixture
def helper(session):
    made = Helper(kind=HelperKind.PARTY_CADRE, name="林初雪", capacity=3, from_day=FROM, recorded_at=clock.now())
    session.add(made)
    session.flush()
    return made


@pytest.fixture
def pair(session, child, helper):
    return make_pair(session, child, helper)


def make_pair(session, child, helper, **values) -> Pairing:
    made = Pairing(
        student_id=child.id, helper_id=helper.id,
        **({"role": PairingRole.PARTY_CADRE, "from_day": FROM, "recorded_at": clock.now()} | values),
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


@pytest.mark.parametrize("role", [Role.LEAD, Role.COUNSELLOR, Role.HOMEROOM])
def test_whoever_pairs_the_child_names_the_helper(session, make_user, homeroom, child, helper, pair, role):
    actor = homeroom if role is Role.HOMEROOM else make_user(role)

    made = write(session, actor, child, helper_id=helper.id)

    view = record_views.find_record(session, actor, record_id=made)
    assert (view.row.helper_name, view.row.done_by) == ("林初雪", f"林初雪（{actor.display_name}记）")
    assert view.stored.helper_id == helper.id


@pytest.mark.parametrize("role", [Role.MENTOR, Role.SUBJECT_TEACHER])
def test_who_does_not_read_the_pairs_names_nobody(session, make_user, school_class, child, helper, pair, role):
    teacher = make_user(role, teaches=school_class)
    own = Helper(kind=HelperKind.STAFF, user_id=teacher.user_id, capacity=3, from_day=FROM, recorded_at=clock.now())
    session.add(own)
    session.flush()
    make_pair(session, child, own, role=PairingRole.MENTOR)

    with pytest.raises(FieldErrors) as refused:
        write(session, teacher, child, helper_id=helper.id)
    assert codes(refused) == {"helper_id": "helper_not_paired"}
    assert list_outside_helpers(session, teacher, student_ids=[child.id]) == []


@pytest.mark.parametrize(
    "days",
    [
        {"from_day": TODAY + DAY},
        {"to_day": TODAY, "end_reason": PairingEnd.DONE},
        {"from_day": TODAY, "to_day": TODAY, "end_reason": PairingEnd.MISTAKE},
    ],
    ids=["not begun", "over that day", "a mistake"],
)
def test_only_on_a_day_on_which_they_are_paired(session, homeroom, child, helper, days):
    make_pair(session, child, helper, **days)

    with pytest.raises(FieldErrors) as refused:
        write(session, homeroom, child, helper_id=helper.id)
    assert codes(refused) == {"helper_id": "helper_not_paired"}


def test_a_pair_that_is_over_still_counts_for_its_days(session, homeroom, child, helper):
    make_pair(session, child, helper, to_day=TODAY, end_reason=PairingEnd.DONE)

    assert write(session, homeroom, child, helper_id=helper.id, day=TODAY - DAY)
    [offered] = list_outside_helpers(session, homeroom, student_ids=[child.id])
    assert (offered.name, offered.until) == ("林初雪", TODAY)


def test_who_has_an_account_writes_alone(session, homeroom, make_user, child):
    teacher = make_user(Role.MENTOR)
    staff = Helper(kind=HelperKind.STAFF, user_id=teacher.user_id, capacity=3, from_day=FROM, recorded_at=clock.now())
    session.add(staff)
    session.flush()
    make_pair(session, child, staff, role=PairingRole.MENTOR)

    with pytest.raises(FieldErrors):
        write(session, homeroom, child, helper_id=staff.id)
    assert list_outside_helpers(session, homeroom, student_ids=[child.id]) == []


def test_of_a_group_the_helper_has_every_child(session, homeroom, make_student, school_class, child, helper, pair):
    other = make_student("孟紫苏", in_class=school_class)

    with pytest.raises(FieldErrors) as refused:
        write(session, homeroom, child, other, kind=CareKind.TUTORING, helper_id=helper.id)
    assert codes(refused) == {"helper_id": "helper_not_paired"}

    make_pair(session, other, helper)
    assert write(session, homeroom, child, other, kind=CareKind.TUTORING, helper_id=helper.id)
    assert set(session.exec(select(CareRecord.helper_id))) == {helper.id}


def test_another_class_s_pairs_are_nobody_s_to_write_for(session, make_user, make_class, child, helper, pair):
    other = make_user(Role.HOMEROOM, homeroom_of=make_class(8, 1), teaches=None)

    assert list_outside_helpers(session, other, student_ids=[child.id]) == []


@pytest.mark.parametrize("kind", [CareKind.COUNSELLING, CareKind.PAIR_CHECK])
def test_what_a_helper_can_not_have_done_is_kept_as_one_s_own(session, make_user, child, helper, pair, kind):
    made = write(session, make_user(Role.LEAD), child, kind=kind, helper_id=helper.id)
    assert session.get_one(CareRecord, made).helper_id is None


def test_it_counts_for_the_helper_and_not_for_the_teacher(session, homeroom, child, helper, pair):
    for clause_id in ("J-15", "K-01"):
        session.add(ClauseSwitch(clause_id=clause_id, number=1, is_on=True, from_day=FROM, set_at=clock.now()))
    write(session, homeroom, child, helper_id=helper.id)

    [november] = [each for each in stood(session, "J-15", TODAY).standings if each.first == date(2026, 11, 1)]
    assert (november.state, november.helper_id) == (DutyState.MET, helper.id)
    assert all(each.state is not DutyState.MET for each in stood(session, "K-01", TODAY).standings)


def test_it_is_put_right_with_how_it_stood_and_stays_after_the_pair_is_over(session, homeroom, child, helper, pair):
    made = write(session, homeroom, child, helper_id=helper.id)
    pair.to_day, pair.end_reason = TODAY - DAY, PairingEnd.DONE
    session.add(pair)
    session.flush()
    kept = replace(entry(helper_id=helper.id), effect="走的时候不说话。")

    records.amend_record(session, homeroom, record_id=made, version=1, entry=kept)
    with pytest.raises(FieldErrors) as refused, session.begin_nested():
        records.amend_record(
            session, homeroom, record_id=made, version=2, entry=replace(kept, day=TODAY - DAY, start_time=None)
        )
    assert codes(refused) == {"helper_id": "helper_not_paired"}
    records.amend_record(session, homeroom, record_id=made, version=2, entry=replace(kept, helper_id=None))

    view = record_views.find_record(session, homeroom, record_id=made)
    assert view.row.helper_name is None
    assert [each.content.get("helper_id") for each in view.earlier] == ["林初雪", "林初雪"]


def test_a_double_click_is_saved_once_and_another_helper_is_not_lost(session, homeroom, child, helper, pair):
    first = write(session, homeroom, child, helper_id=helper.id, form_uid="form")

    assert write(session, homeroom, child, helper_id=helper.id, form_uid="form") == first
    with pytest.raises(records.AlreadyRecorded):
        write(session, homeroom, child, form_uid="form")


def test_paper_and_time_line_say_who_did_it_and_who_wrote_it_down(session, homeroom, child, helper, pair):
    made = write(session, homeroom, child, helper_id=helper.id)

    paper = record_prints.print_record(session, homeroom, record_id=made, purpose=ExportPurpose.MEETING)
    assert "林初雪（周砚田记）" in words_of(paper)
    page = lines.list_time_line(session, homeroom, student_id=child.id)
    assert "林初雪（周砚田记）" in {each.person for each in page.rows}


# --- the diary ---


def printed(session, actor, pair, first=FROM, last=TODAY):
    days = DiaryRange(first=first, last=last)
    return diary.print_diary(session, actor, pairing_id=pair.id, days=days, purpose=ExportPurpose.MEETING)


def test_the_diary_holds_what_the_helper_did_in_these_days(session, homeroom, child, helper, pair):
    write(session, homeroom, child, helper_id=helper.id)
    write(session, homeroom, child, raised="班主任自己谈的")
    write(session, homeroom, child, helper_id=helper.id, day=TODAY - 40 * DAY, raised="上个月的")

    words = words_of(printed(session, homeroom, pair, first=TODAY - 9 * DAY))

    assert "林初雪" in words
    assert SECRET in words
    assert "一共记了 1 次；谈心谈话 1 次。" in words
    assert "班主任自己谈的" not in words
    assert "上个月的" not in words
    assert "{{" not in words


def test_what_was_done_after_the_pair_ended_is_in_no_diary(session, homeroom, child, helper, pair):
    write(session, homeroom, child, helper_id=helper.id, day=TODAY - 5 * DAY, raised="还结着对时的")
    write(session, homeroom, child, helper_id=helper.id, day=TODAY - 4 * DAY, raised="已经不算时的")
    pair.to_day, pair.end_reason = TODAY - 4 * DAY, PairingEnd.CHANGED
    session.add(pair)
    session.flush()

    words = words_of(printed(session, homeroom, pair, first=TODAY - 9 * DAY))

    assert "还结着对时的" in words
    assert "已经不算时的" not in words


def test_a_mentor_prints_the_own_diary_and_nobody_else_s(session, make_user, homeroom, child, helper, pair):
    mentor = make_user(Role.MENTOR, name="温如璞")
    own = Helper(kind=HelperKind.STAFF, user_id=mentor.user_id, capacity=3, from_day=FROM, recorded_at=clock.now())
    session.add(own)
    session.flush()
    paired = make_pair(session, child, own, role=PairingRole.MENTOR)
    write(session, mentor, child)
    write(session, homeroom, child, raised="班主任自己谈的")

    words = words_of(printed(session, mentor, paired))

    assert SECRET in words
    assert "班主任自己谈的" not in words
    for actor, another in ((mentor, pair), (make_user(Role.MENTOR), paired)):
        with pytest.raises(record_views.NotFound):
            printed(session, actor, another)


def test_counselling_stays_out_of_the_diary_and_others_words_with_who_wrote_them(session, make_user, homeroom, child):
    counsellor = make_user(Role.COUNSELLOR)
    own = Helper(kind=HelperKind.STAFF, user_id=counsellor.user_id, capacity=3, from_day=FROM, recorded_at=clock.now())
    session.add(own)
    session.flush()
    paired = make_pair(session, child, own, role=PairingRole.MENTOR)
    write(session, counsellor, child, kind=CareKind.COUNSELLING, raised="辅导里说的")
    write(session, counsellor, child, raised="谈心里说的")

    assert "辅导里说的" not in words_of(printed(session, counsellor, paired))
    words = words_of(printed(session, homeroom, paired))
    assert "谈心里说的" not in words
    assert "内容由记录人和关爱室保管" in words


@pytest.mark.parametrize(
    ("first", "last", "refused"),
    [
        (None, TODAY, {"first": "required"}),
        (TODAY, TODAY - DAY, {"last": "before_start"}),
        (TODAY, TODAY + DAY, {"last": "future"}),
        (TODAY - timedelta(days=400), TODAY, {"first": "too_early"}),
    ],
    ids=["no day", "turned round", "yet to come", "more than a year"],
)
def test_days_that_can_not_be_are_refused(session, homeroom, child, helper, pair, first, last, refused):
    with pytest.raises(FieldErrors) as error:
        printed(session, homeroom, pair, first, last)
    assert codes(error) == refused


def test_what_is_withdrawn_is_in_no_diary(session, homeroom, child, helper, pair):
    made = write(session, homeroom, child, helper_id=helper.id)
    records.withdraw_record(session, homeroom, record_id=made, version=1, reason="写错了孩子")

    assert "这一段没有记录" in words_of(printed(session, homeroom, pair))
    assert FULL.raised == SECRET
    assert session.exec(select(CareRecord).where(col(CareRecord.withdrawn_at).is_not(None))).one()
