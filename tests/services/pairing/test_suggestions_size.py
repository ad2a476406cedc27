"""A large school's suggestions are there while somebody waits."""

import random
import subprocess
import sys
import time
import tracemalloc

import pytest

from db.location import PROJECT_DIR
from db.tables import Gender
from services.pairing.fitting import Candidate, ChildInNeed, PastHelp
from services.pairing.suggestions import suggest
from services.pairing.weights import SexWish, Weights

CHILDREN, HELPERS, CLASSES, GIB = 2_000, 300, 50, 1 << 30
SUBJECTS = ["语文", "数学", "英语", "物理", "化学"]


def large_school(room):
    chance = random.Random(20261123)
    children = [
        ChildInNeed(
            id=at,
            class_id=chance.randrange(CLASSES),
            grade=7 + chance.randrange(3),
            gender=chance.choice(list(Gender)),
            comes_first=chance.random() < 0.3,
            tier_rank=chance.choice([0, 0, 0, 1, 2, 3]),
            subjects=frozenset(chance.sample(SUBJECTS, chance.randrange(3))),
            past=tuple(PastHelp(chance.randrange(HELPERS), True, chance.randrange(900)) for _ in range(2)),
        )
        for at in range(CHILDREN)
    ]
    helpers = [
        Candidate(
            id=at,
            room=room,
            gender=chance.choice(list(Gender)),
            class_ids=frozenset(chance.sample(range(CLASSES), 3)),
            grades=frozenset(chance.sample([7, 8, 9], 2)),
            subjects=frozenset(chance.sample(SUBJECTS, 1)),
            children=chance.randrange(15),
            tier_load=chance.randrange(20),
        )
        for at in range(HELPERS)
    ]
    return children, helpers


@pytest.mark.long
@pytest.mark.parametrize("room", [3, 15, 60], ids=["too few places", "as default", "far too many"])
@pytest.mark.parametrize("sex", [SexWish.PREFER, SexWish.REQUIRE], ids=lambda each: each.value)
def test_two_thousand_children_and_three_hundred_helpers(room, sex):
    children, helpers = large_school(room)
    began = time.process_time()

    found = suggest(children, helpers, Weights(sex=sex))

    assert time.process_time() - began <= 5
    assert len(found.pairs) == min(CHILDREN, HELPERS * room)


@pytest.mark.long
@pytest.mark.parametrize("sex", [SexWish.PREFER, SexWish.REQUIRE], ids=lambda each: each.value)
def test_a_large_school_fits_into_a_small_server(sex):
    children, helpers = large_school(room=60)
    tracemalloc.start()

    suggest(children, helpers, Weights(sex=sex))

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= GIB / 2  # what scipy itself keeps is lists of numbers as long as a row


def test_only_who_asks_for_suggestions_waits_for_the_solver():
    ask = "import sys, services.pairing.suggestions, ui.pairing_table; print('scipy' in sys.modules)"

    told = subprocess.run([sys.executable, "-c", ask], cwd=PROJECT_DIR, capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "False"
