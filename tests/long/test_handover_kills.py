"""SIGKILL while archives are packed: each package stands whole with its row and events, or there is none of it."""

import multiprocessing
import os
import random
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest
from sqlmodel import Session, col, func, select

from db import engine, upgrade
from db.tables import AuditEvent, HandoverChild, HandoverPackage, Student
from db.transactions import reading, transaction
from db.verification import verify
from services import archives, handover_files
from services.exchange.packages import open_package
from services.handover_rules import package_dir, path_of
from tests.long import package_acts, world
from tests.long.register_acts import place_in

pytestmark = pytest.mark.long

KILLS = 100
STEPS = ("begun", "child", "file", "row")
ARCHIVES = 6
STARTS_IN = 20  # seconds; on a machine at work
VERIFY_EVERY = 20
LONGEST = {"begun": 0.05, "child": 0.05, "file": 0.25, "row": 0.25}  # seconds from a step told to the kill


@pytest.fixture
def school(tmp_path) -> Path:
    """The small school; some of its children have archives."""
    world.settle(tmp_path)
    with transaction() as session:
        ids = session.exec(select(Student.id).order_by(col(Student.id)).limit(ARCHIVES)).all()
        archives.begin_archives(session, world.actor_called(session, "staff0"), student_ids=[each or 0 for each in ids])
    engine.runtime().engine.dispose()
    return tmp_path


def test_kills_while_archives_are_packed_leave_each_package_whole_or_not_there(school):
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.long.package_acts", "tests.long.frozen"])
    chance, at = random.Random(13), Counter()
    told: dict[int, str] = {}
    for number in range(1, KILLS + 1):
        until = package_acts.LINGERS_AT[number % 3] or chance.choice(("begun", "child"))
        lasts = chance.uniform(0, LONGEST[until])
        step, made = run(processes, package_acts.pack, school, seed=number, kill=(until, lasts))
        at[step] += 1
        told |= made
        start(school, is_verified=number % VERIFY_EVERY == 0)
        assert_whole(told)
        engine.runtime().engine.dispose()
    assert all(at[each] > KILLS / 20 for each in STEPS), at
    _, made = run(processes, package_acts.pack_once, school, seed=0)

    start(school, is_verified=True)
    assert_whole(told | made)


def run(
    processes, act, folder: Path, *, seed: int, kill: tuple[str, float] | None = None
) -> tuple[str, dict[int, str]]:
    """Run a process, kill it so long after it told a step; return what it was at, and the passwords of what it made."""
    heard, told = processes.Pipe(duplex=False)
    process = processes.Process(target=act, args=(folder, told, seed))
    process.start()
    told.close()
    step, made = "", {}

    def hear() -> None:
        nonlocal step
        step, what = heard.recv()
        if step == "made":
            made[what[0]] = what[1]

    try:
        if kill is not None:
            until, lasts = kill
            while step != until:
                assert heard.poll(STARTS_IN)
                hear()
            time.sleep(lasts)
            process.kill()
        process.join()
        assert process.exitcode == (0 if kill is None else -9)
        while heard.poll():
            hear()
    except EOFError:
        pass
    return step, made


def start(folder: Path, *, is_verified: bool) -> None:
    """Start as the program does, an hour later: what nobody can be writing any more is swept away."""
    upgrade.prepare(place_in(folder))
    if is_verified:
        assert verify(engine.runtime()).findings == ()
    for path in package_dir().glob("*"):
        os.utime(path, (0, 0))
    handover_files.sweep()


def assert_whole(told: dict[int, str]) -> None:
    """Every row has its file, children and events; every file its row; whose password was told opens with it."""
    with reading() as session:
        rows = session.exec(select(HandoverPackage).order_by(col(HandoverPackage.id))).all()
        packed = _counted(session, select(func.count()).select_from(HandoverChild))
        assert packed == sum(row.children for row in rows)
        of_packing = select(func.count()).select_from(AuditEvent).where(AuditEvent.action == "archive.packed")
        assert _counted(session, of_packing) == packed
    assert {path.name for path in package_dir().glob("*")} == {path_of(row.uid).name for row in rows}
    for row in rows:
        content = path_of(row.uid).read_bytes()
        assert (len(content), sha256(content).hexdigest()) == (row.size_bytes, row.sha256)
    assert set(told) <= {row.id for row in rows}
    if rows and (newest := rows[-1]).id in told:  # each is the newest once
        package = open_package(path_of(newest.uid), password=told[newest.id])
        assert package.head["人数"] == newest.children


def _counted(session: Session, statement: object) -> int:
    return int(session.exec(statement).one())  # type: ignore[call-overload]
