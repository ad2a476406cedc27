"""The browser's back button comes to a page as it was left."""

from types import SimpleNamespace

import pytest

from ui import way_back

CHILD = {"student": "487"}


@pytest.fixture
def go(monkeypatch: pytest.MonkeyPatch):
    """Run a page at an address, as the browser asks for it; return the address it stands at afterwards."""

    class Address(dict):
        to_dict = dict.copy

        def from_dict(self, wanted):
            self.clear()
            self.update(wanted)

    tab = SimpleNamespace(session_state={}, query_params=Address())
    monkeypatch.setattr(way_back, "st", tab)

    def run(page: str, **query: str) -> dict[str, str]:
        tab.query_params.from_dict(query)
        way_back.keep_way_back(page)
        return dict(tab.query_params)

    return run


def test_back_from_a_child_the_register_is_filtered_as_it_was(go):
    go("students", category="left_behind", students_page="3")
    assert go("child", **CHILD) == CHILD

    assert go("students", **CHILD) == {"category": "left_behind", "students_page": "3"}  # what Streamlit left there
    assert go("child", **CHILD) == CHILD
    assert go("students", **CHILD) == {"category": "left_behind", "students_page": "3"}  # and once more


def test_back_from_a_referral_the_child_is_still_the_child(go):
    go("child", **CHILD)
    go("referrals", referral="5")

    assert go("child", referral="5") == CHILD


def test_the_menu_opens_a_page_from_its_beginning(go):
    go("students", category="left_behind")
    go("posts")

    assert go("students") == {}


def test_an_address_somebody_asks_for_is_theirs(go):
    go("students", category="left_behind")
    go("child", **CHILD)

    assert go("students", category="orphan") == {"category": "orphan"}


def test_a_click_within_a_page_keeps_what_it_wrote(go):
    go("students", category="left_behind")
    go("child", **CHILD)
    go("students", **CHILD)

    assert go("students", category="left_behind", grade="7") == {"category": "left_behind", "grade": "7"}
    go("child", student="9")
    assert go("students", student="9") == {"category": "left_behind", "grade": "7"}
