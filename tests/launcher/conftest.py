"""Copies of the launcher in empty folders, and a stand-in for the slow part of an installation."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from commands.bootstrap import Environment

PROJECT = Path(__file__).resolve().parents[2]
STARTUP_PARTS = (
    "manage.py",
    "commands",
    "db/__init__.py",
    "db/disk.py",
    "db/errors.py",
    "db/location.py",
    "db/wordless.py",
)

Manage = Callable[..., subprocess.CompletedProcess[str]]

# Answers like an environment's Python: `-m pip` waits as long as `pause` says and ends as `code` says.
FAKE_PYTHON = """#!/bin/sh
cd "{folder}"
case "$*" in
  *"-m pip"*)
    echo "$*" >> calls
    cat said
    sleep "$(cat pause)"
    echo done >> ends
    exit "$(cat code)";;
esac
"""


@pytest.fixture
def bare_project(tmp_path: Path) -> Path:
    """The launcher alone in a folder, without an environment."""
    folder = tmp_path / "project"
    for part in STARTUP_PARTS:
        source, target = PROJECT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    (folder / "requirements.txt").write_text("care_probe==1.0\n", "utf-8")
    (folder / "requirements-dev.txt").write_text("-r requirements.txt\n", "utf-8")
    return folder


@pytest.fixture
def manage(bare_project: Path) -> Manage:
    """Type a line at a copy that has no packages at all to import."""

    def type_line(*words: str, python: tuple[str, ...] = (sys.executable, "-S", "-B"), **environment: str):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CARE_")}
        return subprocess.run(
            [*python, str(bare_project / "manage.py"), *words],
            env={**kept, "PYTHONUTF8": "1", **environment},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    return type_line


@pytest.fixture
def fake_environment(tmp_path: Path) -> Environment:
    """An environment whose installer only writes down how it was called."""
    if os.name == "nt":
        pytest.skip("the stand-in is a shell script")
    notes = tmp_path / "notes"
    notes.mkdir()
    for name, content in (("calls", ""), ("ends", ""), ("said", ""), ("pause", "0"), ("code", "0")):
        (notes / name).write_text(content, "utf-8")
    (tmp_path / "requirements.txt").write_text("one==1\n", "utf-8")
    (tmp_path / "requirements-dev.txt").write_text("-r requirements.txt\ntwo==2\n", "utf-8")
    environment = Environment(tmp_path)
    environment.python.parent.mkdir(parents=True)
    environment.python.write_text(FAKE_PYTHON.format(folder=notes), "utf-8")
    environment.python.chmod(0o755)
    return environment


@pytest.fixture
def notes(fake_environment: Environment) -> Path:
    """What the stand-in reads and writes."""
    return fake_environment.project / "notes"
