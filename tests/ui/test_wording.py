"""What every field is drawn with: Chinese words, no English left to the browser, nothing cut off on a phone."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*ROOT.glob("ui/*.py"), *ROOT.glob("pages/*.py")])
PLACES = {"selectbox": "placeholder", "multiselect": "placeholder"}
# `ui/wording.py` alone draws these fields of Streamlit's: the browser needn't refuse in English, or cut a fraction off.
OURS = {"date_input": "day_field", "number_input": "number_field"}


def calls(path: Path) -> list[ast.Call]:
    """Every call of something of Streamlit's in a file."""
    found = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    return [call for call in found if isinstance(call.func, ast.Attribute)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_every_choice_has_words_for_nothing_chosen(path: Path):
    missing = [
        (call.func.attr, call.lineno)
        for call in calls(path)
        if (word := PLACES.get(call.func.attr)) and word not in {keyword.arg for keyword in call.keywords}
    ]

    assert missing == []


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name != "wording.py"], ids=lambda path: path.name)
def test_days_and_numbers_are_asked_for_in_one_way(path: Path):
    assert [call.lineno for call in calls(path) if call.func.attr in OURS] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_choices_side_by_side_wrap_instead_of_being_cut_off(path: Path):
    """In a row of filters they would scroll sideways on a phone, the last one hidden."""
    cut_off = [
        call.lineno
        for call in calls(path)
        if call.func.attr in {"pills", "segmented_control"} and "wrap" not in {keyword.arg for keyword in call.keywords}
    ]

    assert cut_off == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_choice_of_several_offers_select_all_in_english(path: Path):
    """Streamlit draws “Select all” and “Select 3 matches” and takes no words for them."""
    english = [
        call.lineno
        for call in calls(path)
        if call.func.attr == "multiselect" and "select_all" not in {keyword.arg for keyword in call.keywords}
    ]

    assert english == []
