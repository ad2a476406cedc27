"""A row the chain tells of that is gone is named, unless the program itself took it away."""

import pytest
from sqlalchemy import delete
from sqlmodel import select

from db.audit_chain import append_collected
from db.missing_rows import find_missing_rows
from db.tables import PsychArchive, Role, Student
from services import archives, audit


@pytest.fixture
def lead(make_user):
    return make_user(Role.LEAD)


@pytest.fixture
def archive(session, lead, make_student, make_class) -> PsychArchive:
    child = make_student("江小满", in_class=make_class())
    archives.begin_archives(session, lead, student_ids=[child.id])
    append_collected(session)
    return session.exec(select(PsychArchive)).one()


def take_away(session, archive: PsychArchive) -> int:
    number = archive.id
    session.execute(delete(PsychArchive).where(PsychArchive.id == number))
    session.expire_all()
    return number


def test_a_row_taken_away_behind_the_program_s_back_is_named(session, archive):
    assert list(find_missing_rows(session)) == []

    number = take_away(session, archive)

    assert list(find_missing_rows(session)) == [f"psych_archive {number}"]


def test_what_retention_removed_is_not_missed(session, lead, archive):
    student = session.get_one(Student, archive.student_id)
    take_away(session, archive)
    audit.record(session, lead, audit.Action.RECORDS_REMOVED, student_id=student.id)
    append_collected(session)

    assert list(find_missing_rows(session)) == []


def test_what_was_told_of_after_the_removal_is_missed(session, lead, archive):
    audit.record(session, lead, audit.Action.RECORDS_REMOVED, student_id=archive.student_id)
    audit.record(session, lead, audit.Action.ARCHIVE_READ, target=archive, student_id=archive.student_id)
    append_collected(session)
    number = take_away(session, archive)

    assert list(find_missing_rows(session)) == [f"psych_archive {number}"]


def test_an_entry_merged_into_one_that_was_removed_went_along(session, lead, archive, make_student):
    kept = make_student("江大满")
    take_away(session, archive)
    audit.record(
        session, lead, audit.Action.STUDENT_MERGED, target=kept, student_id=kept.id, other_id=archive_child(session)
    )
    audit.record(session, lead, audit.Action.RECORDS_REMOVED, student_id=kept.id)
    append_collected(session)

    assert list(find_missing_rows(session)) == []


def archive_child(session) -> int:
    return session.exec(select(Student.id).where(Student.name == "江小满")).one()
