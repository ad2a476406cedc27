"""What a machine with nothing but some Python sees."""

import ast
import importlib.util
import re
import sys
from pathlib import Path

import pytest

from commands.catalogue import COMMANDS
from tests.launcher.conftest import PROJECT, Manage

ENGLISH = re.compile(r"usage|options|positional|show this|error|optional|required|invalid|choose", re.IGNORECASE)


def imports_at_the_top(path: Path) -> set[str]:
    """List the modules a file imports as it is loaded, not those its functions import later."""
    found: set[str] = set()
    waiting: list[ast.AST] = list(ast.parse(path.read_text("utf-8")).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif not isinstance(node, ast.FunctionDef) and not _is_for_types_only(node):
            waiting.extend(ast.iter_child_nodes(node))
    return found


def _is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def file_of(module: str) -> Path | None:
    """Return the project's file of a module, if it is one of ours."""
    path = PROJECT / Path(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


@pytest.mark.parametrize("module", ["commands.cli", *(command.module for command in COMMANDS)])
def test_what_runs_before_the_installation_needs_the_standard_library_only(module):
    seen, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        file = file_of(name)
        if name in seen or (file is None and file_of(name.rpartition(".")[0])):
            continue  # seen, or a name inside one of our modules
        seen.add(name)
        root = name.partition(".")[0]
        assert file or root in sys.stdlib_module_names, f"{name} is imported before it can be installed"
        if file:
            waiting.extend(imports_at_the_top(file))


def test_every_command_has_its_module():
    assert all(importlib.util.find_spec(command.module) for command in COMMANDS)


def can_be_read_by(version: tuple[int, int], program: str) -> bool:
    try:
        ast.parse(program, feature_version=version)
    except SyntaxError:
        return False
    return True


def test_an_old_python_can_read_the_first_file():
    assert can_be_read_by((3, 8), (PROJECT / "manage.py").read_text("utf-8"))
    assert not can_be_read_by((3, 8), "match 1:\n    case _: pass")


def test_an_old_python_is_told_so_in_one_sentence(manage: Manage, bare_project: Path):
    pretend = "import runpy, sys; sys.version_info = (3, 8, 18); sys.argv = sys.argv[1:]; "
    pretend += "runpy.run_path(sys.argv[0], run_name='__main__')"
    before = sorted(bare_project.rglob("*"))

    told = manage("run", python=(sys.executable, "-S", "-B", "-c", pretend))

    assert told.returncode == 1
    assert told.stderr.count("\n") == 1
    assert "Python 3.11" in told.stderr
    assert "3.8" in told.stderr
    assert sorted(bare_project.rglob("*")) == before


def test_help_is_chinese_and_installs_nothing(manage: Manage, bare_project: Path):
    told = manage("--help")

    assert told.returncode == 0
    assert "用法：" in told.stdout
    assert not ENGLISH.search(told.stdout)
    assert all(command.help in told.stdout for command in COMMANDS)
    assert not (bare_project / ".venv").exists()


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_every_command_explains_itself_in_chinese(manage: Manage, name: str):
    told = manage(name, "--help")

    assert told.returncode == 0, told.stderr
    assert "用法：" in told.stdout
    assert "选项" in told.stdout
    assert "--data" in told.stdout
    assert not ENGLISH.search(told.stdout)


@pytest.mark.parametrize(
    "line",
    [
        ["walk"],
        ["run", "--port"],
        ["run", "--port", "0"],
        ["run", "--port", "70000"],
        ["run", "--port", "８５０１x"],
        ["run", "--https=1"],
        ["run", "--walk"],
        ["run", "extra"],
        ["run", "--por", "8501"],
    ],
    ids=" ".join,
)
def test_a_wrongly_typed_line_is_answered_in_chinese(manage: Manage, bare_project: Path, line: list[str]):
    told = manage(*line)

    assert told.returncode == 2
    assert told.stdout == ""
    assert told.stderr.count("\n") == 1
    assert "。看说明：" in told.stderr
    assert not ENGLISH.search(told.stderr)
    assert not (bare_project / ".venv").exists()


def test_typing_no_command_shows_the_list(manage: Manage):
    told = manage()

    assert told.returncode == 2
    assert "命令" in told.stdout
