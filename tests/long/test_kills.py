"""SIGKILL in the middle of everything: nothing half-written, the chain whole, the next start fine."""

import random
import time

import pytest

from tests.long.worker import at_work_until_killed
from tests.long.world import events_in, settle, wrong_with

pytestmark = pytest.mark.long

KILLS = 100
CHECK_EVERY = 10


def test_a_hundred_kills_leave_nothing_half_written(tmp_path):
    place, chance = settle(tmp_path), random.Random(7)
    for number in range(KILLS):
        with at_work_until_killed(tmp_path, seed=number):
            time.sleep(chance.uniform(0.001, 0.25))
        if number % CHECK_EVERY == CHECK_EVERY - 1:
            assert wrong_with(place) == []
    done = events_in(place)  # the killed did get something done
    assert done["referral.registered"] > KILLS
    assert min(done[each] for each in ("record.saved", "record.amended", "tier.set", "import.confirmed")) > KILLS / 10
