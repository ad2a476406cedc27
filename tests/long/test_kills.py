"""SIGKILL in the middle of everything: nothing half-written, the chain whole, the next start fine."""

import random
import time

import pytest

from tests.long.worker import at_work_until_killed
from tests.long.world import events_in, settle, wrong_with

pytestmark = pytest.mark.long

KILLS = 100
MOST_KILLS = 500  # on a machine so busy that the killed get little done
CHECK_EVERY = 10


def test_a_hundred_kills_leave_nothing_half_written(tmp_path):
    place, chance = settle(tmp_path), random.Random(7)
    for number in range(1, MOST_KILLS + 1):
        with at_work_until_killed(tmp_path, seed=number):
            time.sleep(chance.uniform(0.001, 0.25))
        if number % CHECK_EVERY == 0:
            assert wrong_with(place) == []
            if number >= KILLS and got_enough_done(place):
                return
    raise AssertionError(f"the killed got next to nothing done: {events_in(place)}")


def got_enough_done(place):
    done = events_in(place)
    others = ("record.saved", "record.amended", "tier.set", "import.confirmed")
    return done["referral.registered"] > KILLS and min(done[each] for each in others) > KILLS / 10
