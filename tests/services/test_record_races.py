"""Two at one record at once, on both engines: one wins, nothing is lost, written twice, or left on a merged child."""

import pytest
from sqlmodel import func, select

from db.tables import CareKind, CareRecord, CareRecordVersion, Role, Student
from services import clock, merges, records
from services.records import RecordEntry
from tests.services.test_races import chain_is_whole, count_of, crowd, race, settled
from tests.services.test_races import session as race_session

pytestmark = pytest.mark.long
session = race_session


def entry(raised: str = "说夜里睡不着") -> RecordEntry:
    return RecordEntry(kind=CareKind.TALK, day=clock.today(), raised=raised)


@pytest.fixture
def lead(make_user, term):
    return make_user(Role.LEAD)


@pytest.fixture
def child(session, lead, make_class, make_student):
    return make_student("江小满", in_class=make_class(7, 3))


@pytest.fixture
def record(session, lead, child) -> int:
    (number,) = records.record_contact(session, lead, student_ids=[child.id], entry=entry())
    settled(session)
    return number


def amending(lead, number: int, raised: str):
    return lambda s: records.amend_record(s, lead, record_id=number, version=1, entry=entry(raised))


def test_of_two_amendments_one_is_saved_and_both_texts_are_known(session, lead, record):
    assert race(amending(lead, record, "先改的"), amending(lead, record, "后改的")) == ["done", "EditedMeanwhile"]
    assert count_of(select(func.count()).select_from(CareRecordVersion)) == 1
    assert chain_is_whole()


def test_an_amendment_and_a_withdrawal_never_both(session, lead, record):
    def withdraw(s):
        records.withdraw_record(s, lead, record_id=record, version=1, reason="写错了孩子")

    assert sorted(race(withdraw, amending(lead, record, "改了"))) == ["EditedMeanwhile", "done"]


def test_one_form_in_many_tabs_is_one_record(session, lead, child):
    settled(session)

    def save(s):
        records.record_contact(s, lead, student_ids=[child.id], entry=entry(), form_uid="f" * 32)

    assert set(crowd([save] * 6)) <= {"done", "AlreadyRecorded"}
    assert count_of(select(func.count()).select_from(CareRecord)) == 1
    assert chain_is_whole()


def test_no_record_stays_with_a_child_that_is_merged_at_this_moment(session, lead, child, make_student):
    other = make_student("江晓满", student_no="S2")
    settled(session)
    shown = merges.compare_entries(session, lead, kept_id=child.id, other_id=other.id)
    settled(session)

    def merge(s):
        merges.merge_entries(
            s, lead, kept_id=child.id, other_id=other.id, digest=shown.digest, choices={}, is_one_child=True
        )

    def save(s):
        records.record_contact(s, lead, student_ids=[other.id], entry=entry())

    for outcomes in (race(save, merge),):
        assert not [each for each in outcomes if each.startswith("!")]
    stray = (
        select(func.count())
        .select_from(CareRecord)
        .join(Student, Student.id == CareRecord.student_id)
        .where(Student.merged_into_id.is_not(None))
    )
    assert count_of(stray) == 0
