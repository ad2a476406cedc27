"""Whatever narrows a list stands in its address: a reload, and the way back from what was opened, show the same."""

import ast
from pathlib import Path

import pytest

from db.tables import PairingRole, ReferralState, Role
from services.case_stages import CaseStage
from services.document_kinds import DocumentState
from services.student_lists import CategoryGroup
from tests.pages.conftest import OpenPage, World

ROOT = Path(__file__).resolve().parents[2]
FILTERS = [
    ("referrals", "pills", "referrals_states", [ReferralState.IN_ASSESSMENT, ReferralState.DECLINED], "states"),
    ("referrals", "toggle", "referrals_mine", True, "mine"),
    ("referrals", "toggle", "referrals_unknown", True, "unknown"),
    ("cases", "segmented_control", "cases_stage", next(iter(CaseStage)), "stage"),
    ("documents", "pills", "documents_states", [DocumentState.MISSING], "states"),
    ("pairing", "pills", "pairing_group", CategoryGroup.LEFT_BEHIND, "group"),
    ("pairing", "selectbox", "pairing_lack", PairingRole.BUDDY, "lack"),
]


@pytest.mark.parametrize(("page", "kind", "key", "value", "name"), FILTERS, ids=lambda each: str(each))
def test_a_filter_stands_in_the_address_and_comes_back_from_there(
    open_page: OpenPage, world: World, page, kind, key, value, name
):
    screen = open_page(page, world.staff[Role.LEAD])
    assert name not in screen.query_params

    getattr(screen, kind)(key=key).set_value(value).run()
    asked = "".join(screen.query_params[name])
    reloaded = open_page(page, world.staff[Role.LEAD], **{name: asked})

    assert getattr(reloaded, kind)(key=key).value == value
    getattr(reloaded, kind)(key=key).set_value(type(value)() if isinstance(value, list | bool) else None).run()
    assert not reloaded.exception
    assert name not in reloaded.query_params


@pytest.mark.parametrize(("page", "kind", "key", "value", "name"), FILTERS, ids=lambda each: str(each))
def test_an_address_that_asks_for_no_known_filter_shows_everything(
    open_page: OpenPage, world: World, page, kind, key, value, name
):
    screen = open_page(page, world.staff[Role.LEAD], **{name: "=1.<b>"})

    assert not screen.exception
    assert not getattr(screen, kind)(key=key).value


def test_home_keeps_what_it_shows(open_page: OpenPage, world: World):
    screen = open_page("home", world.staff[Role.LEAD])

    screen.segmented_control(key="home_view").set_value("等我").run()
    assert "".join(screen.query_params["view"]) == "waiting"

    assert open_page("home", world.staff[Role.LEAD], view="waiting").segmented_control(key="home_view").value == "等我"


def test_going_back_to_the_list_takes_only_the_record_out_of_the_address():
    """A page that clears its whole address on the way back would lose the list's filters and page."""
    clearing = [
        path.name
        for path in ROOT.glob("pages/*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "st.query_params.clear"
    ]

    assert clearing == ["set_up.py"]  # whose address holds what was typed
