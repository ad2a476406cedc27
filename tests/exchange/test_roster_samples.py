"""Two whole rosters, compared with what is expected of them row by row."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.exchange.readings import RosterReading, RosterRow
from services.exchange.roster import parse_roster
from services.exchange.sheets import read_workbook

SAMPLES = Path(__file__).parent / "samples"
TODAY = date(2026, 11, 22)
MESSY, LARGE = "roster_grade_messy.xlsx", "roster_large.csv"


def read(name: str) -> RosterReading:
    return parse_roster(read_workbook((SAMPLES / name).read_bytes(), file_name=name), today=TODAY)


def expected(name: str) -> dict[str, Any]:
    wanted: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))
    return wanted


@pytest.fixture(scope="module")
def messy() -> RosterReading:
    return read(MESSY)


@pytest.fixture(scope="module")
def large() -> RosterReading:
    return read(LARGE)


@pytest.mark.parametrize("name", [MESSY, LARGE])
def test_the_summary_agrees_row_by_row(name: str) -> None:
    summary, wanted = read(name).summary(), expected(name)

    assert len(summary) == 9
    for key, value in summary.items():
        assert value == wanted[key], key


def test_a_long_list_tells_how_far_it_is_read() -> None:
    told: list[tuple[int, int]] = []

    parse_roster(
        read_workbook((SAMPLES / LARGE).read_bytes(), file_name=LARGE),
        today=TODAY,
        progress=lambda done, overall: told.append((done, overall)),
    )

    assert told == [(done, 5001) for done in range(200, 5001, 200)]


def test_every_value_of_the_messy_roster_agrees(messy: RosterReading) -> None:
    assert [as_expected(row) for row in messy.rows] == expected(MESSY)["records"]


def as_expected(row: RosterRow) -> dict[str, Any]:
    return {
        "at": row.position,
        "sno": row.student_no,
        "name": row.name,
        "gender": row.gender,
        "birth": row.birth_day.isoformat(),
        "id_number": row.id_number,
        "grade": row.grade,
        "class_no": row.class_no,
        "guardian_phone": row.guardian_phone,
    }


def test_the_further_facts_of_the_messy_roster_agree(messy: RosterReading) -> None:
    wanted = expected(MESSY)
    names = Counter(row.name for row in messy.rows)

    assert dict(messy.ignored_rows) == wanted["ignored_rows"]
    assert sorted([name, times] for name, times in names.items() if times > 1) == sorted(wanted["same_name_groups"])
    assert Counter(f"{row.grade}-{row.class_no}" for row in messy.rows) == wanted["imported_by_class"]
    assert sum((row.id_number or "").endswith("X") for row in messy.rows) == wanted["id_ending_in_X"]


def test_the_further_facts_of_the_large_roster_agree(large: RosterReading) -> None:
    wanted = expected(LARGE)
    left_behind = [row for row in large.rows if "left_behind" in row.categories]

    assert large.encoding == "gb18030"
    assert dict(large.ignored_rows) == {"header_rows": wanted["header_rows"]}
    assert Counter(str(row.grade) for row in large.rows) == wanted["imported_by_grade"]
    assert len(left_behind) == wanted["left_behind"]
    assert Counter(str(row.grade) for row in left_behind) == wanted["left_behind_by_grade"]
    assert four_special(large) == wanted["four_special"]
    assert sum("·" in row.name for row in large.rows) == wanted["names_with_middle_dot"]
    assert sum(not in_gbk(row.name) for row in large.rows) == wanted["names_with_characters_outside_gbk"]


def four_special(reading: RosterReading) -> dict[str, int]:
    kinds = ("special_family", "special_physique", "special_psychology", "special_conduct")
    counted = {kind: sum(kind in row.categories for row in reading.rows) for kind in kinds}
    return counted | {"any": sum(bool(row.categories & set(kinds)) for row in reading.rows)}


def in_gbk(text: str) -> bool:
    try:
        text.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True


@pytest.mark.parametrize("name", [MESSY, LARGE])
def test_no_column_and_no_text_of_the_samples_stays_unknown(name: str) -> None:
    reading = read(name)

    assert [table.unknown for table in reading.tables if table.unknown] == []
    assert [row.unknown for row in reading.rows if row.unknown] == []


def test_the_large_roster_is_read_quickly() -> None:
    began = time.process_time()
    read(LARGE)

    assert time.process_time() - began <= 2.5


# VmHWM and not ru_maxrss: the latter also counts what the process that starts this one took (seen).
MEASURE = """
import re
from pathlib import Path
from tests.exchange.test_roster_samples import LARGE, read
read(LARGE)
print(re.search(r"VmHWM:\\s+([0-9]+)", Path("/proc/self/status").read_text())[1])
"""


def test_the_large_roster_takes_little_memory() -> None:
    root = Path(__file__).parents[2]

    measured = subprocess.run([sys.executable, "-c", MEASURE], cwd=root, capture_output=True, text=True, check=True)

    assert int(measured.stdout) < 400 * 1024  # kilobytes, the whole process
