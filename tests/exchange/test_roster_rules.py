"""The rules a row of a roster is judged by, one at a time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.exchange.errors import UnreadableFile
from services.exchange.grids import Cell, MergedRange, Workbook, build_sheet
from services.exchange.readings import RosterReading
from services.exchange.roster import parse_roster
from services.exchange.sheets import read_workbook
from services.exchange.writing import write_rejected
from tests.exchange.makers import HEADER, TODAY, child, read, xlsx
from tests.exchange.test_values import made_up_id


def outcome(*rows: list[Cell]) -> RosterReading:
    return read(xlsx({"名册": [HEADER, *rows]}))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"name": " 　"}, "name_missing"),
        ({"name": "竹" * 41}, "name_unreadable"),
        ({"name": "字" * 10_000}, "name_unreadable"),
        ({"name": '=HYPERLINK("http://example.invalid","看")'}, "name_unreadable"),
        ({"name": "😀"}, "name_unreadable"),
        ({"name": 42}, "name_unreadable"),
        ({"class": ""}, "class_missing"),
        ({"class": "待分班"}, "class_unreadable"),
        ({"class": date(2026, 7, 1)}, "class_unreadable"),
        ({"id_number": 3.29901201405061e17}, "id_stored_as_number"),
        ({"id_number": "3299012014"}, "id_format"),
        ({"id_number": "329901********123X"}, "id_format"),
        ({"id_number": made_up_id("20140102", "101")[:-1] + "?"}, "id_format"),
        ({"id_number": made_up_id("20140231")}, "id_checksum"),
        ({"birth_day": "不详", "id_number": ""}, "birth_unreadable"),
        ({"birth_day": "2030-01-01", "id_number": ""}, "birth_unreadable"),
        ({"birth_day": "1960-01-01", "id_number": ""}, "birth_unreadable"),
        ({"birth_day": "2025-01-01", "id_number": ""}, "birth_unreadable"),
        ({"birth_day": "1960-01-01", "id_number": made_up_id("19600101", "101")}, "birth_unreadable"),
        ({"birth_day": "2014-05-07"}, "birth_conflict"),
        ({"gender": "女"}, "gender_conflict"),
        ({"gender": "", "id_number": ""}, "gender_missing"),
    ],
)
def test_a_row_with_one_fault_is_sent_back(changed: dict[str, Cell], reason: str) -> None:
    reading = outcome(child(1, **changed))

    assert reading.summary()["rejected_at"] == {reason: ["名册!2"]}
    assert reading.rows == []
    assert reading.rejected[0].header == tuple(HEADER)


FAULTS: list[tuple[str, dict[str, Cell]]] = [
    ("name_missing", {"name": ""}),
    ("class_missing", {"class": ""}),
    ("id_stored_as_number", {"id_number": 3.2e17}),
    ("birth_unreadable", {"birth_day": "不详"}),
    ("gender_missing", {"gender": ""}),
]


@pytest.mark.parametrize("first", range(len(FAULTS)))
def test_of_several_faults_the_first_counts(first: int) -> None:
    changed: dict[str, Cell] = {"id_number": ""}
    for _, fault in reversed(FAULTS[first:]):
        changed |= fault

    assert outcome(child(1, **changed)).summary()["rejected_by_reason"] == {FAULTS[first][0]: 1}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"birth_day": ""}, "birth_from_id"),
        ({"birth_day": "2014.1"}, "birth_from_id"),
        ({"gender": "不详"}, "gender_from_id"),
        ({"id_number": "暂无"}, "id_missing"),
        ({"phone": "同上"}, "phone_unusable"),
    ],
)
def test_a_row_with_a_remark_is_taken(changed: dict[str, Cell], reason: str) -> None:
    reading = outcome(child(1, **changed))

    assert reading.summary()["warnings_at"] == {reason: ["名册!2"]}
    assert (reading.rows[0].birth_day, reading.rows[0].gender) == (date(2014, 1, 2), "男")


def test_the_same_child_again_is_skipped() -> None:
    reading = outcome(child(1), child(2), child(1, name="石　清"))

    assert reading.summary()["duplicates_at"] == ["名册!4"]
    assert len(reading.rows) == 2


def test_one_id_number_belongs_to_one_child() -> None:
    reading = outcome(child(1), child(1, name="别人"))

    assert reading.summary()["rejected_at"] == {"id_conflict": ["名册!3"]}


def test_a_row_that_was_not_taken_is_not_repeated() -> None:
    reading = outcome(child(1, **{"class": ""}), child(1))

    assert reading.summary()["duplicates_at"] == []
    assert len(reading.rows) == 1


def test_two_children_of_one_name_are_both_taken() -> None:
    reading = outcome(child(1), child(2, name="石清"))

    assert reading.summary()["warnings_at"] == {"same_name": ["名册!2", "名册!3"]}


def test_a_child_without_an_id_number_is_known_by_the_rest() -> None:
    again = child(1, id_number="", student_no="")
    other = child(1, id_number="", student_no="", birth_day="2014-03-03")

    reading = outcome(child(1), again, other)

    assert reading.summary()["duplicates_at"] == ["名册!3"]
    assert len(reading.rows) == 2


def test_an_id_number_already_stored_under_another_name_is_a_conflict() -> None:
    workbook = read_workbook(xlsx({"名册": [HEADER, child(1), child(2)]}), file_name="a.xlsx")
    known = {str(child(1)[4]): "石清", str(child(2)[4]): "另一个人"}

    reading = parse_roster(workbook, today=TODAY, known_ids=known)

    assert [row.position for row in reading.rows] == ["名册!2"]
    assert reading.summary()["rejected_at"] == {"id_conflict": ["名册!3"]}


def test_categories_come_from_lists_and_from_ticks() -> None:
    header = [*HEADER, "四特类别", "是否留守", "困境儿童"]
    rows = [
        [*child(1), "特殊家庭；特殊言行", "是", ""],
        [*child(2), "特殊体质/特殊心理", "否", "√"],
        [*child(3), "留守儿童、爱打球", "", ""],
        [*child(4), "无", "随祖母", ""],
    ]

    found = read(xlsx({"名册": [header, *rows]})).rows

    assert found[0].categories == {"special_family", "special_conduct", "left_behind"}
    assert found[1].categories == {"special_physique", "special_psychology", "in_difficulty"}
    assert found[2].categories == {"left_behind"}
    assert found[2].left_behind
    assert found[2].unknown == {"四特类别": "爱打球"}
    assert not found[3].categories
    assert found[3].unknown == {"是否留守": "随祖母"}


def test_absurd_cells_do_not_stop_the_reading() -> None:
    row = child(1, phone="=HYPERLINK(1)" + "9" * 10_000)

    reading = outcome([*row[:6], row[6]], child(2, name="谷\x0b雨\x01清"))

    assert len(reading.rows) == 2
    assert reading.rows[1].name == "谷雨清"


def test_the_school_year_begins_in_september() -> None:
    workbook = read_workbook(xlsx({"名册": [HEADER, child(1, **{"class": "2025级1班"})]}), file_name="a.xlsx")

    for today, grade in ((date(2026, 8, 31), 7), (date(2026, 9, 1), 8)):
        assert parse_roster(workbook, today=today, entry_grade=7).rows[0].grade == grade


# --- whatever stands in the cells, there is a reading or a refusal ---

WORDS = st.sampled_from(
    [
        *HEADER,
        "父亲",
        "姓名",
        "合计",
        "注：",
        "七（1）班",
        "石清",
        "男",
        made_up_id(),
        "=1+1",
        "序号",
        "2014-05-06",
        "无",
        "\u200b",
    ]
)
CELLS = st.one_of(
    st.none(),
    WORDS,
    st.text(max_size=30),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
)
GRIDS = st.lists(st.lists(CELLS, max_size=9), max_size=9)
AREAS = st.lists(st.builds(MergedRange, *(st.integers(0, 12) for _ in range(4))), max_size=3)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(grid=GRIDS, headed=st.booleans(), areas=AREAS, in_text=st.booleans())
def test_arbitrary_cells_give_a_reading_or_a_refusal(
    grid: list[list[Cell]], headed: bool, areas: list[MergedRange], in_text: bool
) -> None:
    header: list[Cell] = [*HEADER, "父亲", "是否寄宿", "四特类别"]
    rows = [header, *grid] if headed else grid
    workbook = Workbook("名册.xlsx", "xlsx", (build_sheet("甲", rows, merged=areas),), counts_data_rows=in_text)

    try:
        reading = parse_roster(workbook, today=TODAY, corrections={("甲", 8): "address"})
    except UnreadableFile:
        return

    summary = reading.summary()
    assert summary["data_rows"] == summary["imported"] + summary["rejected"] + summary["duplicates_skipped"]
    assert len(reading.rejected) == sum(summary["rejected_by_reason"].values())
    write_rejected(reading)


@settings(max_examples=150, deadline=None)
@given(
    data=st.binary(max_size=400),
    start=st.sampled_from([b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"<table>"]),
)
def test_arbitrary_bytes_give_a_workbook_or_a_refusal(data: bytes, start: bytes) -> None:
    try:
        workbook = read_workbook(start + data, file_name="a.xlsx")
    except UnreadableFile:
        return

    assert any(sheet.rows for sheet in workbook.sheets)


def test_cells_of_every_type_have_a_text() -> None:
    moment = datetime(2014, 5, 6, 7, 8)  # noqa: DTZ001 - a cell has no zone
    odd: list[Cell] = [time(1, 2), timedelta(days=1), moment, True, float("inf"), 10**400]

    workbook = Workbook("a", "xlsx", (build_sheet("甲", [HEADER, odd]),))

    assert parse_roster(workbook, today=TODAY).summary()["rejected"] == 1
