"""Many at once: no lost update, nothing "locked", no crash."""

import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlmodel import select

from db import engine
from db.location import PROJECT_DIR, Location
from db.tables import Student
from db.transactions import reading, transaction
from services.editing import lock_version
from services.errors import EditedMeanwhile
from tests.long.world import settle, wrong_with

pytestmark = pytest.mark.long

SECONDS = 10


def raise_version_until(deadline: float, tally: Counter[str], errors: list[BaseException]) -> None:
    """Edit one and the same child again and again; count what was saved and what was refused."""
    try:
        while time.monotonic() < deadline:
            with reading() as session:
                child = session.exec(select(Student).order_by(Student.id).limit(1)).one()  # type: ignore[arg-type]
            try:
                with transaction() as session:
                    lock_version(session, Student, child.id or 0, version=child.version)
                tally["saved"] += 1
            except EditedMeanwhile:
                tally["refused"] += 1
    except BaseException as error:
        errors.append(error)


def run_threads(count: int, seconds: float) -> tuple[Counter[str], list[BaseException]]:
    """Let threads edit at once."""
    deadline = time.monotonic() + seconds
    tallies: list[Counter[str]] = [Counter() for _ in range(count)]
    errors: list[BaseException] = []
    threads = [threading.Thread(target=raise_version_until, args=(deadline, tally, errors)) for tally in tallies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(tallies, Counter()), errors


def version_of_first(place: Location) -> int:
    """Return how often the first child was saved, one included for its making."""
    engine.use(place)
    with reading() as session:
        return session.exec(select(Student.version).order_by(Student.id).limit(1)).one()  # type: ignore[arg-type]


def test_forty_threads_lose_no_update(tmp_path):
    place = settle(tmp_path)

    tally, errors = run_threads(40, SECONDS)

    assert errors == []
    assert version_of_first(place) == 1 + tally["saved"]
    assert tally["saved"] > 100
    assert wrong_with(place) == []


def test_two_processes_of_fifteen_threads_lose_no_update(tmp_path):
    place = settle(tmp_path)
    engine.runtime().engine.dispose()

    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.long.test_races", str(tmp_path)],
            cwd=PROJECT_DIR,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=120) for process in processes]

    assert [errors for _, errors in answers] == ["", ""]
    assert version_of_first(place) == 1 + sum(int(saved) for saved, _ in answers)
    assert wrong_with(place) == []


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    engine.use(Location(folder / "data", folder / "key" / "care.key"))
    counted, failures = run_threads(15, SECONDS)
    if failures:
        raise failures[0]
    print(counted["saved"])
