"""Removing while somebody saves, on both engines: what was just saved is kept, and nobody waits for the other."""

from datetime import date
from types import SimpleNamespace

import pytest
from sqlmodel import select

from db.tables import (
    AppUser,
    CategoryKind,
    EnrolmentState,
    Guardian,
    GuardianKind,
    RetentionItem,
    RetentionState,
    Role,
    Student,
    StudentCategory,
)
from db.transactions import reading
from services import clock, guardians, retention, students
from services.guardians import GuardianEntry
from tests.services.test_races import chain_is_whole, crowd, race, settled
from tests.services.test_races import session as race_session

pytestmark = pytest.mark.long
session = race_session


@pytest.fixture
def agreed(session, term, make_user, make_student):
    """A child who left in 2016, with a mother; somebody asked, somebody else agreed."""
    lead, leader = make_user(Role.LEAD), make_user(Role.LEADERSHIP)
    session.get_one(AppUser, leader.user_id).is_protection_leader = True
    child = make_student("江小满", state=EnrolmentState.TRANSFERRED, left_on=date(2016, 7, 1))
    mother = Guardian(student_id=child.id, kind=GuardianKind.MOTHER, name="霍母", recorded_at=clock.now())
    session.add(mother)
    session.flush()
    run = retention.propose_run(session, lead, digest=retention.find_retention(session, lead).digest)
    retention.agree_run(session, leader, run_id=run, version=1)
    settled(session)
    return SimpleNamespace(lead=lead, child=child.id, version=child.version, mother=mother.id, run=run)


def removing(agreed):
    return lambda inner: retention.remove_next(inner, agreed.lead, run_id=agreed.run)


def items() -> list[RetentionState]:
    with reading() as session:
        return list(session.exec(select(RetentionItem.state)).all())


def test_a_telephone_saved_at_this_moment_is_kept(agreed):
    entry = GuardianEntry(kind=GuardianKind.MOTHER, name="霍母", phone="15400000001")

    def save(inner):
        guardians.save_guardian(
            inner, agreed.lead, student_id=agreed.child, guardian_id=agreed.mother, version=1, entry=entry
        )

    assert race(save, removing(agreed)) == ["done", "done"]
    assert items() == [RetentionState.KEPT]
    with reading() as session:
        assert session.exec(select(Guardian.phone_hash)).one() is not None
    assert chain_is_whole()


def test_a_child_who_comes_back_at_this_moment_is_kept(agreed):
    def come_back(inner):
        students.change_state(
            inner, agreed.lead, student_id=agreed.child, version=agreed.version, state=EnrolmentState.ENROLLED,
            day=clock.today(),
        )  # fmt: skip

    assert race(come_back, removing(agreed)) == ["done", "done"]
    assert items() == [RetentionState.KEPT]
    with reading() as session:
        assert session.get_one(Student, agreed.child).state is EnrolmentState.ENROLLED


def test_a_row_added_at_this_moment_keeps_the_child(agreed):
    def add(inner):
        inner.add(
            StudentCategory(
                student_id=agreed.child, kind=CategoryKind.LEFT_BEHIND, from_day=date(2016, 1, 1),
                recorded_at=clock.now(),
            )
        )  # fmt: skip
        inner.flush()

    assert race(add, removing(agreed)) == ["done", "done"]
    assert items() == [RetentionState.KEPT]


def test_four_who_go_on_at_once_remove_a_child_once(agreed):
    assert crowd([removing(agreed)] * 4) == ["done"] * 4
    assert items() == [RetentionState.REMOVED]
    assert chain_is_whole()
