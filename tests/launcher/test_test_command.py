"""How `test` finds what it needs and calls pytest."""

from pathlib import Path

import pytest

from commands import test as command
from commands.cli import parse
from commands.problems import ToolsMissing


def put_programs(folder: Path, *names: str) -> Path:
    """Put programs that can be started into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("#!/bin/sh\n", "utf-8")
        (folder / name).chmod(0o755)
    return folder


def marks(line: list[str], *, browser: bool = True) -> list[str]:
    """Return what pytest gets behind its name."""
    words = command.pytest_command(parse(line), browser=browser)
    return words[words.index("pytest") + 1 :]


def test_the_fast_run_leaves_out_what_is_long():
    assert marks(["test"]) == ["-m", "not long", *command.IN_PARALLEL]
    assert marks(["test"], browser=False) == ["-m", "not long and not browser", *command.IN_PARALLEL]
    assert marks(["test", "--long"]) == ["--long", *command.IN_PARALLEL]
    assert marks(["test", "--long"], browser=False) == ["--long", "-m", "not browser", *command.IN_PARALLEL]


def test_pytest_gets_its_own_words_in_their_order():
    line = ["test", "-k", "roster and not big", "--long", "-x", "tests/services", "--durations=3"]

    assert marks(line) == ["--long", "-k", "roster and not big", "-x", "tests/services", "--durations=3"]


def test_the_named_browser_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    named = put_programs(tmp_path, "mine") / "mine"
    monkeypatch.setenv("CARE_CHROMIUM", str(named))
    assert command.find_chromium() == named

    monkeypatch.setenv("CARE_CHROMIUM", str(tmp_path / "missing"))
    assert command.find_chromium() is None


def test_the_database_server_must_be_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    put_programs(tmp_path / "half", "initdb")
    whole = put_programs(tmp_path / "whole", "initdb", "postgres", "pg_ctl")
    monkeypatch.setenv("PATH", f"{tmp_path / 'half'}:{whole}")

    assert command.find_postgresql() == whole


def test_a_missing_tool_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("CARE_CHROMIUM", "/nowhere/chromium")
    monkeypatch.setenv("CI", "")
    nothing = "tests/launcher/conftest.py"

    code = command.run(parse(["test", nothing, "-q"]))

    told = capsys.readouterr().err
    assert code == 5  # no test ran: that is no success
    assert told.count("apt-get install -y chromium fonts-noto-cjk") == 2
    assert "没有跑" in told


def test_a_deciding_run_may_not_leave_anything_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CARE_CHROMIUM", "/nowhere/chromium")
    monkeypatch.setenv("CI", "true")

    with pytest.raises(ToolsMissing):
        command.run(parse(["test"]))
