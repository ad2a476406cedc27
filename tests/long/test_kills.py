"""SIGKILL in the middle of everything: nothing half-written, the chain whole, the next start fine."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from db.location import PROJECT_DIR
from tests.long.world import referrals_in, settle, wrong_with

pytestmark = pytest.mark.long

KILLS = 100
CHECK_EVERY = 10


def start_worker(folder: Path, seed: int) -> "subprocess.Popen[str]":
    """Start a worker and wait until it is at work."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.long.worker", str(folder), str(seed)],
        cwd=PROJECT_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "at work\n"
    return worker


def test_a_hundred_kills_leave_nothing_half_written(tmp_path):
    place, chance = settle(tmp_path), random.Random(7)
    for number in range(KILLS):
        worker = start_worker(tmp_path, seed=number)
        time.sleep(chance.uniform(0.001, 0.25))
        worker.kill()
        _, errors = worker.communicate()
        assert errors == ""
        if number % CHECK_EVERY == CHECK_EVERY - 1:
            assert wrong_with(place) == []
    assert referrals_in(place) > KILLS  # the killed did get something done
