"""`manage.py bench` from the typed line to the table."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.figures import Kind
from commands import bootstrap
from db.location import PROJECT_DIR

pytestmark = pytest.mark.long


def type_line(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CARE_")}
    return subprocess.run(
        [sys.executable, str(PROJECT_DIR / "manage.py"), "bench", *words, "--data", str(folder)],
        env={**kept, "PYTHONUTF8": "1", bootstrap.ENTERED: "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_a_quick_run_tells_of_a_page_and_leaves_the_results_alone(tmp_path):
    """One page of all: that every other opens and asks little is held by the pages' own tests."""
    results = PROJECT_DIR / "bench" / "RESULTS.md"
    before = results.read_bytes() if results.exists() else None

    answer = type_line(tmp_path, "--quick", "--students", "270", "--only", "record", "--json")

    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)["figures"]
    assert {each["kind"] for each in told} == {
        Kind.PAGE, Kind.CROWD, Kind.START, Kind.STATEMENTS, Kind.RIGHTS, Kind.CLAUSES
    }  # fmt: skip
    assert [each["name"] for each in told if each["kind"] == Kind.PAGE] == ["record", "record?record"]
    assert [each["name"] for each in told if each["note"]] == []  # the record it opens is there
    assert (results.read_bytes() if results.exists() else None) == before


def test_a_page_that_is_not_there_is_refused_before_anything_is_made(tmp_path):
    answer = type_line(tmp_path, "--only", "nowhere")

    assert answer.returncode == 1
    assert "没有叫 nowhere 的页面" in answer.stderr
    assert not list(tmp_path.iterdir())
