"""Helpers and pairs with sensible defaults."""

from datetime import date

import pytest

from db.tables import Helper, HelperKind, Pairing, PairingRole
from services import clock

FROM = date(2026, 9, 1)


@pytest.fixture
def make_helper(session):
    """Make a helper: make_helper("试志愿", kind=…) or make_helper(actor=teacher)."""

    def make(name="试帮手", *, actor=None, **overrides):
        values = {"kind": HelperKind.STAFF if actor else HelperKind.PARENT, "capacity": 3, "from_day": FROM}
        values |= {"user_id": actor.user_id} if actor else {"name": name}
        helper = Helper(**(values | {"recorded_at": clock.now()} | overrides))
        session.add(helper)
        session.flush()
        return helper

    return make


@pytest.fixture
def make_pair(session):
    """Make a pair: make_pair(child, helper, role=…)."""

    def make(child, helper, *, role=PairingRole.MENTOR, **overrides):
        values = {"from_day": FROM, "recorded_at": clock.now()} | overrides
        pair = Pairing(student_id=child.id, helper_id=helper.id, role=role, **values)
        session.add(pair)
        session.flush()
        return pair

    return make
