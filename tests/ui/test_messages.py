"""Every refusal has a sentence of its own, and every problem code of a field a line."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import services
from services.errors import DomainError
from ui.messages import explain
from ui.problems import SENTENCES

SERVICES = Path(services.__path__[0])
CODE_AT = {"add": 1, "Problem": 0}  # where a call names its code


def refusals(base: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    for each in base.__subclasses__():
        yield each
        yield from refusals(each)


def codes() -> set[str]:
    found = set()
    for path in SERVICES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            owner = ast.unparse(getattr(node.func, "value", node.func))
            place = CODE_AT.get(name)
            if place is None or (name == "add" and "check" not in owner) or len(node.args) <= place:
                continue
            if isinstance(code := node.args[place], ast.Constant):
                found.add(str(code.value))
    return found


def test_every_refusal_has_a_sentence_of_its_own():
    for module in pkgutil.walk_packages(services.__path__, "services."):
        importlib.import_module(module.name)

    speechless = [each.__name__ for each in refusals() if explain.dispatch(each) is explain.dispatch(DomainError)]

    assert speechless == []


def test_every_problem_of_a_field_has_a_line():
    assert len(codes()) > 20
    assert codes() - SENTENCES.keys() == set()
