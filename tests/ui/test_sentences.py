"""No refusal without a sentence: every code a service gives, and every class of refusal."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import services
from services.errors import DomainError
from ui.messages import explain
from ui.problems import SENTENCES

ROOT = Path(__file__).resolve().parents[2]
ABSTRACT = {"DomainError"}


def codes() -> Iterator[tuple[str, str]]:
    """Every code written in a call of `Problem(code)` or `check.add(field, code)`."""
    for path in sorted((ROOT / "services").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                place = {"Problem": 0, "add": 1}.get(getattr(node.func, "attr", getattr(node.func, "id", "")))
                found = node.args[place] if place is not None and len(node.args) > place else None
                if isinstance(found, ast.Constant) and isinstance(found.value, str):
                    yield path.name, found.value


def refusals() -> set[type[DomainError]]:
    for found in pkgutil.walk_packages(services.__path__, "services."):
        importlib.import_module(found.name)
    for found in pkgutil.iter_modules([str(ROOT / "ui")]):
        if found.name != "main":
            importlib.import_module(f"ui.{found.name}")
    waiting, known = [DomainError], set()
    while waiting:
        for each in waiting.pop().__subclasses__():
            known.add(each)
            waiting.append(each)
    return known


def test_every_code_has_a_sentence():
    found = set(codes())

    assert len(found) > 60
    assert {(file, code) for file, code in found if code not in SENTENCES} == set()


def test_every_refusal_has_a_sentence_of_its_own():
    fallback = explain.dispatch(DomainError)

    assert {each.__name__ for each in refusals() if explain.dispatch(each) is fallback} == set()
