"""`manage.py demo`: an invented school in an empty folder, with the way in; never beside anybody's data."""

import json
import os
import subprocess
import sys

from commands import bootstrap
from tests.launcher.conftest import PROJECT


def type_line(folder, *words: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CARE_")}
    return subprocess.run(
        [sys.executable, str(PROJECT / "manage.py"), "demo", *words, "--data", str(folder / "data")],
        env={**kept, "PYTHONUTF8": "1", bootstrap.ENTERED: "1", "CARE_KEY_FILE": str(folder / "care.key")},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_a_school_is_made_once_and_never_on_top_of_another(tmp_path):
    first = type_line(tmp_path, "--students", "27", "--json")
    second = type_line(tmp_path, "--students", "27")

    assert first.returncode == 0, first.stderr
    made = json.loads(first.stdout)
    assert len(made["accounts"]) == 9
    assert made["rows"]["student"] > 27
    assert second.returncode == 1
    assert "已经有数据" in second.stderr


def test_a_number_no_school_has_is_refused_in_one_sentence(tmp_path):
    answer = type_line(tmp_path, "--students", "3")

    assert answer.returncode == 1
    assert "学生人数要在 27 到 50000 之间" in answer.stderr
