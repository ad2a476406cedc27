"""Imports point one way: pages → ui → services → db; and pages hold no queries."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FORBIDDEN = {
    "db": {"services", "ui", "pages", "streamlit", "commands", "bench", "app"},
    "services": {"ui", "pages", "streamlit", "commands", "bench", "app"},
    "ui": {"pages", "commands", "bench", "app"},
    "pages": {"commands", "bench", "app"},
}
QUERY = re.compile(
    r"(?<![.\w])(select|insert|update|delete)\(|\bsession\.(exec|execute|add|get|get_one|delete|merge|query)\("
)


def imported_by(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module


@pytest.mark.parametrize("layer", FORBIDDEN)
def test_imports_point_one_way(layer: str):
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in sorted((ROOT / layer).rglob("*.py"))
        for line, name in imported_by(path)
        if name.split(".")[0] in FORBIDDEN[layer]
    ]

    assert wrong == []


@pytest.mark.parametrize("layer", ["pages", "ui"])
def test_screens_hold_no_queries(layer: str):
    wrong = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted((ROOT / layer).rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if QUERY.search(line)
    ]

    assert wrong == []


@pytest.mark.parametrize("layer", ["pages", "ui"])
def test_no_streamlit_inside_a_transaction(layer: str):
    """Any st.* may be where a run is interrupted, session state included: it would roll the transaction back."""
    wrong = [
        f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"
        for path in sorted((ROOT / layer).rglob("*.py"))
        for block in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(block, ast.With) and _opens_transaction(block)
        for node in ast.walk(block)
        if isinstance(node, ast.Name) and node.id == "st"
    ]

    assert wrong == []


def test_who_reads_the_metadata_has_all_tables():
    """Until something asks for more, only the tables of the sign-in page are there."""
    may = {"db/base.py", "db/tables/every.py", "db/audit_chain.py"}
    readers = {
        path.relative_to(ROOT).as_posix()
        for layer in ("db", "services", "ui", "commands", "bench", "tests")
        for path in (ROOT / layer).rglob("*.py")
        if "SQLModel" + ".metadata" in path.read_text(encoding="utf-8")
    }

    assert readers - may == {"tests/db/test_tables.py"}


def _opens_transaction(block: ast.With) -> bool:
    return any(ast.unparse(item.context_expr) in {"transaction()", "reading()"} for item in block.items)


def test_every_page_begins_with_its_guard():
    """Nothing is drawn or read before it is known who asks; the first-run page asks for its code instead."""
    late = []
    for path in sorted((ROOT / "pages").glob("*.py")):
        body = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if not _only_declares(node)]
        if path.stem != "set_up" and "require_user" not in ast.unparse(body[0]):
            late.append(path.stem)

    assert late == []


def _only_declares(node: ast.stmt) -> bool:
    is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    is_constant = isinstance(node, ast.Assign) and all(
        isinstance(target, ast.Name) and target.id.isupper() for target in node.targets
    )
    return is_docstring or is_constant or isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef)


LABELLED = {"button", "form_submit_button", "download_button", "expander"}


def _stays_text(label: ast.expr, scope: ast.AST) -> bool:
    """Say whether a label shows as typed: fixed words and numbers, or what went through `plain`."""
    match label:
        case ast.Constant():
            return True
        case ast.IfExp():
            return _stays_text(label.body, scope) and _stays_text(label.orelse, scope)
        case ast.JoinedStr():
            return all(part.format_spec for part in label.values if isinstance(part, ast.FormattedValue))
        case ast.Call():
            return ast.unparse(label.func) in {"plain", "formats.plain"}
        case ast.Name():
            given = [
                node.value
                for node in ast.walk(scope)
                if isinstance(node, ast.Assign) and label.id in {getattr(each, "id", "") for each in node.targets}
            ]
            return bool(given) and all(_stays_text(each, scope) for each in given)
    return False


@pytest.mark.parametrize("layer", ["pages", "ui"])
def test_no_label_makes_markup_of_what_people_typed(layer: str):
    """A button's label is markdown: a child named [tap](http://evil) would be a link."""
    wrong = [
        f"{path.relative_to(ROOT).as_posix()}:{node.lineno} {ast.unparse(node.args[0])}"
        for path in sorted((ROOT / layer).rglob("*.py"))
        for tree in [ast.parse(path.read_text(encoding="utf-8"))]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LABELLED
        and node.args
        and not _stays_text(node.args[0], tree)
    ]

    assert wrong == []
