"""SIGKILL while results are imported, cases closed and pairs made: all of an act stands, or nothing of it."""

import multiprocessing
import random
from collections import Counter

import pytest
from sqlmodel import Session, col, func, select

from db import engine
from db.tables import (
    AuditEvent,
    Case,
    CaseClosure,
    ClosingState,
    ImportBatch,
    ImportKind,
    Pairing,
    PairingRole,
    ScreeningResult,
    Student,
)
from db.transactions import reading
from tests.long import care_acts, world
from tests.long.test_register_kills import VERIFY_EVERY, count, events, run, start, whole

pytestmark = pytest.mark.long

KILLS = 60
SCALES = 2  # in each imported row
LONGEST = 0.15  # seconds until a kill: the longest act takes about as long


def test_kills_inside_imports_closings_and_pairs_leave_nothing_half_written(tmp_path):
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.long.care_acts", "tests.long.frozen"])
    world.settle(tmp_path)
    care_acts.open_cases()
    engine.runtime().engine.dispose()
    chance, at = random.Random(14), Counter()
    for seed in range(1, KILLS + 1):
        at[run(processes, care_acts.work_on_care, tmp_path, seed=seed, kill_after=chance.uniform(0.002, LONGEST))] += 1
        whole(tmp_path) if seed % VERIFY_EVERY == 0 else start(tmp_path)
        with reading() as session:
            assert_agrees(session)
        engine.runtime().engine.dispose()
    assert at.keys() == care_acts.ACTS.keys()
    assert run(processes, care_acts.care_a_while, tmp_path, seed=1, kill_after=None) is None

    whole(tmp_path)
    with reading() as session:
        assert_agrees(session)
        for action in ("case.closed", "case.reopened", "pairing.started"):
            assert events(session, action), action


def assert_agrees(session: Session) -> None:
    """Every import is there with all its rows or taken back with all of them; cases and pairs say the same twice."""
    made = dict(
        session.exec(select(ScreeningResult.import_id, func.count()).group_by(col(ScreeningResult.import_id))).all()
    )
    batches = session.exec(select(ImportBatch).where(ImportBatch.kind == ImportKind.SCREENING)).all()
    assert made == {each.id: SCALES * each.created_count for each in batches if each.undone_at is None}
    closed = set(session.exec(select(Case.id).where(col(Case.closed_at).is_not(None))).all())
    standing = select(CaseClosure.case_id).where(
        CaseClosure.state == ClosingState.AGREED, col(CaseClosure.reopened_at).is_(None)
    )
    assert closed == set(session.exec(standing).all())
    assert events(session, "case.closed") - events(session, "case.reopened") == len(closed)
    running = select(Pairing.student_id).where(
        Pairing.role == PairingRole.PARTY_CADRE, col(Pairing.end_reason).is_(None)
    )
    paired = session.exec(running).all()
    assert len(paired) in (0, count(session, select(func.count()).select_from(Student)))  # everybody, or nobody
    assert len(paired) == len(set(paired))
    assert count(session, select(func.count()).select_from(Pairing)) == _events_of_pairs(session)


def _events_of_pairs(session: Session) -> int:
    made = select(func.count()).select_from(AuditEvent).where(col(AuditEvent.action) == "pairing.started")
    return count(session, made)
