"""Every refusal is one plain Chinese sentence."""

import inspect
from pathlib import Path

import pytest

from commands import problems
from commands.problems import SENTENCES, sentence
from db import errors

UNWANTED = ("成功", "失败", "异常", "非法", "参数", "ID", "！", "!")
FACTS = {"path": Path("/srv/care"), "port": 8501, "backup": None, "found": None}


def refusals(module: object, base: type[Exception]) -> list[type[Exception]]:
    """List a module's refusals."""
    return [kind for _, kind in inspect.getmembers(module, inspect.isclass) if issubclass(kind, base)]


ALL = [*refusals(problems, problems.CommandProblem), *refusals(errors, errors.StartupProblem)]


def example(kind: type[Exception]) -> Exception:
    """Make one with made-up facts."""
    names = list(inspect.signature(kind).parameters) if kind.__init__ is not Exception.__init__ else []
    return kind(*(FACTS.get(name, "x") for name in names))


@pytest.mark.parametrize(
    "kind", [kind for kind in ALL if kind is not problems.CommandProblem], ids=lambda kind: kind.__name__
)
def test_every_refusal_has_its_own_sentence(kind: type[Exception]):
    words = sentence(example(kind))

    assert kind in SENTENCES
    assert words.endswith("。")
    assert "\n" not in words
    assert "None" not in words
    assert not any(word in words for word in UNWANTED)


def test_a_refusal_of_a_new_kind_still_has_a_sentence():
    class SomethingNew(errors.StartupProblem):
        """Not yet known here."""

    assert sentence(SomethingNew()) == SENTENCES[errors.StartupProblem]


def test_a_fault_of_the_program_has_none():
    with pytest.raises(KeyError):
        sentence(ZeroDivisionError())
