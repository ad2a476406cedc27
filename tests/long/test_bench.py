"""`manage.py bench` from the typed line to the table."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.figures import Kind
from bench.visits import list_visits
from commands import bootstrap
from db.location import PROJECT_DIR

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the made-up school lies, so that the second run finds it."""
    return tmp_path_factory.mktemp("bench")


def type_line(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CARE_")}
    return subprocess.run(
        [sys.executable, str(PROJECT_DIR / "manage.py"), "bench", *words, "--data", str(folder)],
        env={**kept, "PYTHONUTF8": "1", bootstrap.ENTERED: "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_a_quick_run_ends_with_a_table_of_every_page_and_leaves_the_results_alone(folder):
    results = PROJECT_DIR / "bench" / "RESULTS.md"
    before = results.read_bytes() if results.exists() else None

    answer = type_line(folder, "--quick", "--students", "270")

    assert answer.returncode == 0, answer.stderr
    for visit in list_visits():
        assert answer.stdout.count(f"\n{visit.name}") >= 3
    assert "20 人同时用" in answer.stdout
    assert "启动到登录页" in answer.stdout
    assert (results.read_bytes() if results.exists() else None) == before


def test_one_page_is_measured_alone_and_told_as_json(folder):
    answer = type_line(folder, "--quick", "--students", "270", "--only", "students", "--json")

    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)["figures"]
    assert {each["kind"] for each in told} == {
        Kind.PAGE, Kind.CROWD, Kind.START, Kind.STATEMENTS, Kind.RIGHTS
    }  # fmt: skip
    assert {each["name"] for each in told if each["kind"] == Kind.PAGE} == {"students"}


def test_a_page_that_is_not_there_is_refused_before_anything_is_made(tmp_path):
    answer = type_line(tmp_path, "--only", "nowhere")

    assert answer.returncode == 1
    assert "没有叫 nowhere 的页面" in answer.stderr
    assert not list(tmp_path.iterdir())
