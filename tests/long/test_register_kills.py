"""SIGKILL inside a retention run, inside drop-outs and merges: nothing half-written, the chain whole, it goes on."""

import multiprocessing
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import Session, col, func, select

from db import engine, upgrade
from db.tables import (
    AppUser,
    AuditEvent,
    ClassMembership,
    DropOut,
    DropOutOutcome,
    DropOutStep,
    EnrolmentState,
    RetentionItem,
    RetentionRun,
    RetentionState,
    Role,
    Student,
)
from db.transactions import reading, transaction
from db.verification import verify
from services import retention_rows
from services.merging.comparing import MOVES, references_to_students
from services.students import LEFT_SCHOOL
from tests.long import register_acts, world

pytestmark = pytest.mark.long

KILLS = 30
STARTS_IN = 60  # seconds; on a machine at work, the first time with everything imported
VERIFY_EVERY = 5
LONGEST = 0.12  # seconds until a kill: some acts long


@pytest.fixture(scope="module")
def processes():
    """Processes that begin with everything imported, so that what is killed is the work and not the start."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.long.register_acts", "tests.long.frozen"])
    return context


@pytest.fixture
def school(tmp_path) -> Path:
    """The small school, and a leader who gives second yeses."""
    world.settle(tmp_path)
    with transaction() as session:
        number = world.make_staff(session, "leader", Role.LEADERSHIP)
        session.get_one(AppUser, number).is_protection_leader = True
    engine.runtime().engine.dispose()
    return tmp_path


def run(processes, act: Callable, folder: Path, *, seed: int = 0, kill_after: float | None) -> str | None:
    """Run a process, kill it so long after it began to work; return what it was at, None where it had finished."""
    heard, told = processes.Pipe(duplex=False)
    process = processes.Process(target=act, args=(folder, told, seed))
    process.start()
    told.close()
    assert heard.poll(STARTS_IN)
    if kill_after is not None:
        time.sleep(kill_after)
        process.kill()
    process.join()
    at = None
    try:
        while heard.poll():
            at = heard.recv()
    except EOFError:
        pass
    assert process.exitcode in ({0, -9} if kill_after is not None else {0})
    return None if process.exitcode == 0 else at


def start(folder: Path) -> None:
    """Start as the program does; the folder stays in use."""
    upgrade.prepare(register_acts.place_in(folder))


def whole(folder: Path) -> None:
    """Start as the program does, and look at everything."""
    start(folder)
    assert verify(engine.runtime()).findings == ()


def count(session: Session, statement: object) -> int:
    return int(session.exec(statement).one())  # type: ignore[call-overload]


def events(session: Session, action: str) -> int:
    return count(session, select(func.count()).select_from(AuditEvent).where(AuditEvent.action == action))


# --- retention ---


def test_kills_inside_a_retention_run_leave_each_child_whole_or_gone(processes, school):
    chance, cut, batch = random.Random(11), 0, 0
    prints: dict[int, str] = {}
    while cut < KILLS:
        with reading() as session:
            run_id = register_acts.open_run(session)
        if run_id is None:
            batch += 1
            run_id = register_acts.agree_to_a_batch(batch)
            with reading() as session:
                prints = retention_rows.fingerprints(session, _children_of(session, run_id))
        engine.runtime().engine.dispose()
        cut += run(processes, register_acts.remove_due, school, kill_after=chance.uniform(0, LONGEST)) is not None
        whole(school)
        with reading() as session:
            assert_each_is_whole_or_gone(session, run_id, prints)
    engine.runtime().engine.dispose()

    assert run(processes, register_acts.remove_due, school, kill_after=None) is None

    whole(school)
    with reading() as session:
        states = set(session.exec(select(RetentionItem.state)).all())
        runs = session.exec(select(RetentionRun)).all()
        assert states == {RetentionState.REMOVED}
        assert all(each.finished_at for each in runs)
        assert events(session, "retention.finished") == len(runs)
        assert count(session, select(func.count()).select_from(Student)) == world.CHILDREN
        assert count(session, select(func.count()).select_from(DropOutStep)) == 0


def _children_of(session: Session, run_id: int) -> list[int]:
    return list(session.exec(select(RetentionItem.student_id).where(RetentionItem.run_id == run_id)).all())


def assert_each_is_whole_or_gone(session: Session, run_id: int, prints: dict[int, str]) -> None:
    items = session.exec(select(RetentionItem).where(RetentionItem.run_id == run_id)).all()
    now = retention_rows.fingerprints(session, [item.student_id for item in items])
    nothing = retention_rows.fingerprints(session, [999_999])[999_999]
    for item in items:
        expected = nothing if item.state is RetentionState.REMOVED else prints[item.student_id]
        assert now[item.student_id] == expected, item.state
    removed = count(
        session,
        select(func.count()).select_from(RetentionItem).where(RetentionItem.state == RetentionState.REMOVED),
    )
    assert events(session, "retention.records_removed") == removed


# --- drop-outs and merges ---


def test_kills_inside_drop_outs_and_merges_leave_nothing_half_written(processes, school):
    chance, cut, seed = random.Random(12), {"merge": 0, "drop-outs": 0}, 0
    while min(cut.values()) < KILLS:
        seed += 1
        at = run(
            processes, register_acts.work_on_register, school, seed=seed, kill_after=chance.uniform(0.002, LONGEST)
        )
        assert at is not None
        cut["merge" if at == "merge" else "drop-outs"] += 1
        start(school)
        if seed % VERIFY_EVERY == 0:  # it takes longer than all the rest
            assert verify(engine.runtime()).findings == ()
        with reading() as session:
            assert_register_agrees(session)
        engine.runtime().engine.dispose()
    assert run(processes, register_acts.work_a_while, school, seed=1, kill_after=None) is None

    whole(school)
    with reading() as session:
        assert_register_agrees(session)
        assert events(session, "student.merged") > 0
        assert events(session, "drop_out.closed") > 0


def assert_register_agrees(session: Session) -> None:
    """Every act stands whole, with its event: rows, versions, states, memberships, and what a merge moves."""
    rows = session.exec(select(DropOut)).all()
    assert len(rows) == events(session, "drop_out.registered")
    assert sum(row.closed_at is not None for row in rows) == events(session, "drop_out.closed")
    assert count(session, select(func.count()).select_from(DropOutStep)) == events(session, "drop_out.step_saved")
    merged = {
        child_id
        for child_id in session.exec(select(Student.id).where(col(Student.merged_into_id).is_not(None))).all()
        if child_id is not None
    }
    assert len(merged) == events(session, "student.merged")
    for table, column in references_to_students():
        if (table.name, column) in MOVES and MOVES[table.name, column] is not None:
            left = session.execute(select(func.count()).select_from(table).where(table.c[column].in_(merged))).scalar()
            assert left == 0, (table.name, column)
    in_class = dict(
        session.exec(
            select(ClassMembership.student_id, func.count())
            .where(col(ClassMembership.to_day).is_(None))
            .group_by(col(ClassMembership.student_id))
        ).all()
    )
    for child in session.exec(select(Student)).all():
        follow_ups = [row for row in rows if row.student_id == child.id]
        assert sum(row.closed_at is None for row in follow_ups) <= 1
        if child.id in merged or child.student_no is None:
            assert child.id not in in_class
            continue
        assert in_class.get(child.id or 0, 0) == (child.state not in LEFT_SCHOOL), child.state
        if child.state is EnrolmentState.DROPPED_OUT:
            newest = max(follow_ups, key=lambda row: row.id or 0)
            assert newest.closed_at is None or newest.outcome is DropOutOutcome.STILL_OUT
