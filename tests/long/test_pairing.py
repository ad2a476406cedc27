"""Pairing from two processes at once: no helper beyond the room there is, no child with two of one kind."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import col, func, select

from db import engine
from db.location import PROJECT_DIR, Location
from db.tables import Helper, HelperKind, Pairing, PairingRole, Student
from db.transactions import reading, transaction
from services import clock
from services.errors import FieldErrors
from services.pairing import pairs
from services.pairing.pairs import PairEntry
from tests.long.world import actor_called, settle, wrong_with

pytestmark = pytest.mark.long

HELPERS, ROOM = 3, 6


def add_helpers() -> None:
    """Register fewer places than there are children."""
    with transaction() as session:
        for number in range(HELPERS):
            session.add(
                Helper(
                    kind=HelperKind.STAFF, name=f"试帮手{number}", capacity=ROOM, from_day=date(2026, 9, 1),
                    recorded_at=clock.now(),
                )
            )  # fmt: skip


def pair_all(*, backwards: bool) -> int:
    """Offer every child to every helper, as long as there is room; say how many pairs that made."""
    done = 0
    with reading() as session:
        children = session.exec(select(Student.id).order_by(col(Student.id))).all()
        helpers = session.exec(select(Helper.id).order_by(col(Helper.id))).all()
    for helper_id in reversed(helpers) if backwards else helpers:
        for student_id in children:
            entry = PairEntry(student_id=student_id, helper_id=helper_id, role=PairingRole.MENTOR)
            try:
                with transaction() as session:
                    pairs.start_pair(session, actor_called(session, "staff0"), entry=entry)
            except FieldErrors:
                continue
            done += 1
    return done


def test_two_processes_fill_every_helper_and_no_child_twice(tmp_path):
    place = settle(tmp_path)
    add_helpers()
    engine.runtime().engine.dispose()

    command = [sys.executable, "-m", "tests.long.test_pairing", str(tmp_path)]
    processes = [
        subprocess.Popen([*command, way], cwd=PROJECT_DIR, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for way in ("forwards", "backwards")
    ]
    answers = [process.communicate(timeout=120) for process in processes]

    assert [errors for _, errors in answers] == ["", ""]
    assert sum(int(done) for done, _ in answers) == HELPERS * ROOM
    engine.use(place)
    with reading() as session:
        by_helper = session.exec(select(func.count()).select_from(Pairing).group_by(col(Pairing.helper_id))).all()
        children = session.exec(select(func.count(func.distinct(col(Pairing.student_id))))).one()
    assert list(by_helper) == [ROOM] * HELPERS
    assert children == HELPERS * ROOM
    assert wrong_with(place) == []


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    engine.use(Location(folder / "data", folder / "key" / "care.key"))
    print(pair_all(backwards=sys.argv[2] == "backwards"))
