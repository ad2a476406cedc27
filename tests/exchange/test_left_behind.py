"""Ledgers of left-behind children: the sample, compared row by row, and the words other schools write."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.tables import CARD_PARTS
from services.exchange.errors import NoTableFound
from services.exchange.left_behind import LeftBehindReading, parse_left_behind
from services.exchange.left_behind_columns import fits_mask, known_text, read_age, read_away, read_mask, read_rural
from services.exchange.sheets import read_workbook
from services.exchange.values import clean_text

SAMPLES = Path(__file__).parent / "samples"
TODAY = date(2026, 11, 22)


def read(rows: list[list[str]]) -> LeftBehindReading:
    text = "\n".join(",".join(row) for row in rows)
    return parse_left_behind(read_workbook(text.encode(), file_name="留守.csv"), today=TODAY)


def sample(name: str) -> LeftBehindReading:
    return parse_left_behind(read_workbook((SAMPLES / name).read_bytes(), file_name=name), today=TODAY)


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / "left_behind_ledger.xlsx.json").read_text("utf-8"))
    return found


def test_every_row_of_the_sample_is_read(expected: dict[str, Any]) -> None:
    reading = sample("left_behind_ledger.xlsx")
    rows = {row.position: row for row in reading.rows}

    assert len(rows) == expected["data_rows"]
    assert dict(reading.ignored_rows) == expected["ignored_rows"]
    assert (reading.rejected, reading.problems) == ([], [])
    assert [table.unknown for table in reading.tables if table.unknown] == []
    for record in expected["records"]:
        row = rows[record["at"]]
        missing = sorted(set(CARD_PARTS) - set(row.card_parts()))
        assert (row.name, row.away.kind, missing) == (
            record["name"],
            record["left_behind_type"],
            record["missing_card_fields"],
        )


@pytest.mark.parametrize(
    ("words", "kind", "father", "mother"),
    [
        ("父母双方外出务工", "both_away", True, True),
        ("双亲外出", "both_away", True, True),
        ("父母均外出", "both_away", True, True),
        ("父母都在外地打工", "both_away", True, True),
        ("父亲外出，母亲外出", "both_away", True, True),
        ("均外出务工", "both_away", True, True),
        ("父外出，母无监护能力", "one_away_other_unable", True, False),
        ("母外出 父无监护能力", "one_away_other_unable", False, True),
        ("单亲外出(另一方无监护能力)", "one_away_other_unable", None, None),
        ("一方外出务工，另一方无监护能力", "one_away_other_unable", None, None),
        ("父亲外出", "one_away", True, False),
        ("母亲外出务工", "one_away", False, True),
        ("父亲在外务工，母亲在家", "one_away", True, False),
        ("父母一方外出", "one_away", None, None),
        ("单亲外出", "one_away", None, None),
        ("父母在家", "none_away", False, False),
        ("均在家", "none_away", False, False),
        ("父母均未外出", "none_away", False, False),
        ("", None, None, None),
        ("离异", None, None, None),
        ("祖辈监护", None, None, None),
    ],
)
def test_who_is_away(words: str, kind: str | None, father: bool | None, mother: bool | None) -> None:
    said = read_away(words)

    assert (said.kind, said.father_away, said.mother_away) == (kind, father, mother)


@given(st.text(max_size=40))
def test_any_words_are_read_without_falling_over(words: str) -> None:
    assert read_away(words).kind in {None, "both_away", "one_away", "one_away_other_unable", "none_away"}
    assert known_text(words) in {None, clean_text(words)}
    assert (read_age(words) or 0) in range(1000)
    mask = read_mask(words)
    assert mask is None or "*" in mask


@pytest.mark.parametrize(
    ("written", "number", "fits"),
    [
        ("329901********1234", "329901201405061234", True),
        ("329901********1235", "329901201405061234", False),
        ("329902********1234", "329901201405061234", False),
        ("３２９９０１＊＊＊＊＊＊＊＊１２３４", "329901201405061234", True),
        ("329901****1234", "329901201405061234", True),
        ("329901********123x", "32990120140506123X", True),
    ],
)
def test_a_masked_number_fits_by_what_it_shows(written: str, number: str, fits: bool) -> None:
    mask = read_mask(written)

    assert mask is not None
    assert fits_mask(number, mask) is fits


@pytest.mark.parametrize("written", ["329901201405061234", "", "无", "****", "不详", "15400001234"])
def test_a_whole_number_or_none_is_no_masked_one(written: str) -> None:
    assert read_mask(written) is None


@pytest.mark.parametrize("words", ["/", "不详", "—", " 不 详 ", "暂无", "n/a", ""])
def test_words_that_say_nobody_knows_are_blank(words: str) -> None:
    assert known_text(words) is None


def test_nothing_is_an_answer_to_some_questions() -> None:
    assert known_text("无") is None
    assert known_text("无", nothing_counts=True) == "无"


@pytest.mark.parametrize(("words", "rural"), [("农业", True), ("非农业户口", False), ("城镇", False), ("外省", None)])
def test_the_household(words: str, rural: bool | None) -> None:
    assert read_rural(words) is rural


def test_other_header_words_and_a_header_of_two_lines_are_understood() -> None:
    reading = read(
        [
            ["望舒镇中心学校留守儿童信息采集表", "", "", "", "", "", "", "", ""],
            [
                "编号",
                "儿童姓名",
                "所在班级",
                "父亲",
                "",
                "委托监护人",
                "",
                "",
                "监护类型",
                "监护情况",
                "户口性质",
                "家庭收入",
            ],
            ["", "", "", "姓名", "务工地点", "姓名", "年龄", "联系电话", "", "", "", ""],
            [
                "1",
                "江小满",
                "七（1）班",
                "江远山",
                "栖云市",
                "顾兰亭",
                "67岁",
                "15400000137",
                "父亲外出",
                "较好",
                "农业",
                "低",
            ],
        ]
    )
    (row,) = reading.rows

    assert (row.father_name, row.father_workplace) == ("江远山", "栖云市")
    assert (row.guardian_name, row.guardian_age, row.guardian_phone) == ("顾兰亭", 67, "15400000137")
    assert (row.away.kind, row.guardianship, row.rural) == ("one_away", "good", True)
    assert row.unknown == {"家庭收入": "低"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"姓名": ""}, "name_missing"),
        ({"班级": ""}, "class_missing"),
        ({"班级": "向日葵"}, "class_unreadable"),
        ({"身份证号": "329901"}, "id_format"),
        ({"身份证号": "329901201405061235"}, "id_checksum"),
    ],
)
def test_a_row_that_cannot_be_told_is_given_back_with_its_reason(change: dict[str, str], reason: str) -> None:
    cells = {
        "姓名": "江小满",
        "班级": "七（1）班",
        "身份证号": "",
        "留守类型": "父亲外出",
        "父亲姓名": "江远山",
    } | change

    reading = read([list(cells), list(cells.values())])

    assert [row.reason.value for row in reading.rejected] == [reason]
    assert reading.rejected[0].original == list(cells.values())


def test_with_a_number_the_class_may_be_missing() -> None:
    reading = read([["姓名", "学号", "班级", "留守类型"], ["江小满", "S1", "", "父亲外出"]])

    assert [row.student_no for row in reading.rows] == ["S1"]


def test_words_no_kind_is_known_for_are_kept_and_said() -> None:
    reading = read([["姓名", "班级", "留守类型"], ["江小满", "701", "跟爷爷过"]])

    assert reading.rows[0].unknown == {"留守类型": "跟爷爷过"}
    assert [problem.reason.value for problem in reading.problems] == ["kind_unreadable"]


def test_a_list_without_names_is_refused() -> None:
    with pytest.raises(NoTableFound):
        read([["甲", "乙"], ["1", "2"]])
