"""Class checks from two processes at once: every class returned once, nothing found twice."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import col, func, select

from db import engine
from db.location import PROJECT_DIR, Location
from db.tables import CategoryKind, CheckReturn, ClassMembership, SchoolClass, Student, StudentCategory
from db.transactions import reading, transaction
from services import check_returns, check_rounds
from services.check_returns import NewFinding
from services.errors import EditedMeanwhile
from tests.long.world import actor_called, settle, wrong_with

pytestmark = pytest.mark.long

CLASSES = 20


def add_classes() -> None:
    """Put one child into each of many classes, and open the round."""
    with transaction() as session:
        children = session.exec(select(Student).order_by(col(Student.id)).limit(CLASSES)).all()
        for number, child in enumerate(children, start=4):
            found = SchoolClass(school_year=2026, grade=7, number=number)
            session.add(found)
            stay = session.exec(select(ClassMembership).where(ClassMembership.student_id == child.id)).one()
            stay.to_day = date(2026, 9, 2)
            session.flush()
            new = ClassMembership(student_id=child.id or 0, class_id=found.id or 0, from_day=date(2026, 9, 2))
            session.add(new)
        check_rounds.open_round(session, actor_called(session, "staff0"))


def return_all() -> int:
    """Return every class's check as long as nobody else has; say how many that were."""
    done = 0
    with reading() as session:
        pairs = session.exec(
            select(ClassMembership.class_id, ClassMembership.student_id)
            .join(SchoolClass)
            .where(SchoolClass.number >= 4, col(ClassMembership.to_day).is_(None))
        ).all()
    for class_id, student_id in pairs:
        try:
            with transaction() as session:
                check_returns.return_check(
                    session, actor_called(session, "staff0"), class_id=class_id, version=0, answers=[],
                    found=[NewFinding(student_id=student_id, kind=CategoryKind.LEFT_BEHIND)], has_asked_others=True,
                )  # fmt: skip
        except EditedMeanwhile:
            continue
        done += 1
    return done


def test_two_processes_return_every_class_once(tmp_path):
    place = settle(tmp_path)
    add_classes()
    engine.runtime().engine.dispose()

    command = [sys.executable, "-m", "tests.long.test_check_rounds", str(tmp_path)]
    processes = [
        subprocess.Popen(command, cwd=PROJECT_DIR, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=120) for process in processes]

    assert [errors for _, errors in answers] == ["", ""]
    assert sum(int(done) for done, _ in answers) == CLASSES
    engine.use(place)
    with reading() as session:
        assert session.exec(select(func.count()).select_from(CheckReturn)).one() == CLASSES
        assert session.exec(select(func.count()).select_from(StudentCategory)).one() == CLASSES
    assert wrong_with(place) == []


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    engine.use(Location(folder / "data", folder / "key" / "care.key"))
    print(return_all())
