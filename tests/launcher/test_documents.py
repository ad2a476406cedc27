"""What the documents tell people to type can be typed, and what they point at is there."""

import re
import shlex
from pathlib import Path

import pytest

from commands.catalogue import COMMANDS
from commands.cli import parse
from tests.launcher.conftest import PROJECT

DOCUMENTS = [
    *PROJECT.glob("README*.md"),
    *(PROJECT / "docs").glob("*.md"),
    *(PROJECT / "docs" / "信息老师").glob("*.md"),
    PROJECT / "deploy" / "nginx.conf",
]
PAGES = sorted((PROJECT / "docs" / "信息老师").glob("*.md"))
SECTIONS = ["什么时候用", "要打什么", "会看到什么", "不是这样的话"]
UNWANTED = ("成功", "失败", "异常", "非法", "参数", "！")
TYPED = re.compile(
    r"`([^`\n]*manage\.py[^`\n]*)`|^((?:sudo (?:-u \w+ )?)?python3? manage\.py .*)$|（(python3 manage\.py [^）]*)）",
    re.M,
)
LINK = re.compile(r"\]\((?!http)([^)#\s]+)")


def typed_lines() -> list[tuple[str, str]]:
    """List every line with `manage.py` that stands in code, by document; the prose around stays out."""
    found = []
    for path in DOCUMENTS:
        for match in TYPED.finditer(path.read_text("utf-8")):
            line = next(group for group in match.groups() if group)
            if line.partition("manage.py")[2].strip():  # the bare name of the program is no line to type
                found.append((path.name, line.strip()))
    return found


def test_lines_are_found_in_every_kind_of_place():
    lines = [line for _, line in typed_lines()]

    assert len(lines) > 50
    assert "python3 manage.py doctor --port 8501 --address 0.0.0.0" in lines  # in a block
    assert "manage.py import students 文件" in lines  # in a table
    assert "python3 manage.py run --proxy 127.0.0.1" in lines  # in nginx.conf, too


@pytest.mark.parametrize(("document", "line"), typed_lines(), ids=lambda value: value)
def test_every_line_can_be_typed(document: str, line: str, capsys):
    words = shlex.split(line.partition("manage.py")[2])

    try:
        parse(words)
    except SystemExit as ended:
        pytest.fail(f"{document}: {line}\n{capsys.readouterr().err}") if ended.code else None


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if path.suffix == ".md"], ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path):
    gone = [target for target in LINK.findall(path.read_text("utf-8")) if not (path.parent / target).exists()]

    assert gone == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_page_answers_the_same_four_questions(path: Path):
    text = path.read_text("utf-8")

    assert re.findall(r"^## (.+)$", text, re.M) == SECTIONS
    assert f"信息老师/{path.name}" in (PROJECT / "docs" / "给信息老师.md").read_text("utf-8")
    assert [word for word in UNWANTED if word in text] == []


def test_what_the_program_says_about_the_documents_is_there():
    """Sentences that send people to a section name it as it is called."""
    index = (PROJECT / "docs" / "给信息老师.md").read_text("utf-8")
    sources = [*(PROJECT / "commands").glob("*.py"), *(PROJECT / "ui").glob("*.py")]
    named = {
        title for path in sources for title in re.findall(r"“给信息老师”[里的]*“(.+?)”一段", path.read_text("utf-8"))
    }

    assert named
    assert {title for title in named if f"## {title}" not in index} == set()


def test_the_school_s_commands_are_all_explained_somewhere():
    everything = " ".join(line for _, line in typed_lines())
    for command in (each for each in COMMANDS if "给开发的人用" not in each.help):
        assert f"manage.py {command.name}" in everything, command.name
