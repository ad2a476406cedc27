"""One wording for leaving without doing it: three words, each for one kind of dialog (look §6, §9)."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*ROOT.glob("ui/*.py"), *ROOT.glob("pages/*.py")])
WORDS = {"关上", "不要了", "留着"}
NOT_OURS = ("取消", "不加了", "不改了", "先不", "返回", "放弃")


def button_words(path: Path) -> list[str]:
    """Every text literal that a button is drawn with."""
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    buttons = [call for call in calls if getattr(call.func, "attr", "") in {"button", "form_submit_button"}]
    labels = [call.args[0] for call in buttons if call.args]
    choices = [
        part for label in labels for part in ([label.body, label.orelse] if isinstance(label, ast.IfExp) else [label])
    ]
    return [part.value for part in choices if isinstance(part, ast.Constant) and isinstance(part.value, str)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_nobody_words_it_otherwise(path: Path):
    words = button_words(path)

    assert [word for word in words if word in WORDS or word.startswith(NOT_OURS)] == []


def test_buttons_are_found():
    assert "写明原因看电话" in button_words(ROOT / "ui" / "child_card.py")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_widget_holds_a_part_of_the_address(path: Path):
    """Whoever left the page from a callback, as the sign-out does, would meet Streamlit's refusal to let go of it."""
    keywords = [node.arg for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.keyword)]

    assert "bind" not in keywords
