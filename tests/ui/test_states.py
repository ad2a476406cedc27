"""The table of states against the look."""

import pytest
from streamlit.material_icon_names import ALL_MATERIAL_ICONS

from ui import navigation, states

TABLES = [
    states.DUTY,
    states.REFERRAL,
    states.CASE,
    states.DOCUMENT,
    states.ACCOUNT,
    states.BACKUP,
    states.POST,
    states.GROUP,
    states.IMPORT,
]
LOOKS = [states.DRAFT, *(look for table in TABLES for look in table.values())]


@pytest.mark.parametrize("icon", sorted({look.icon for look in LOOKS} | {entry.icon for entry in navigation.ENTRIES}))
def test_every_icon_exists(icon):
    assert icon in ALL_MATERIAL_ICONS


@pytest.mark.parametrize("table", TABLES)
def test_no_two_states_of_a_thing_look_alike(table):
    assert len({look.word for look in table.values()}) == len(table)
    assert len({look.icon for look in table.values()}) == len(table)


def test_every_duty_has_a_sign_for_tables():
    assert all(look.sign for look in states.DUTY.values())


def test_a_badge_may_say_more():
    assert states.DUTY[states.Duty.OVERDUE].badge("逾期 3 天") == ":orange-badge[:material/alarm: 逾期 3 天]"
