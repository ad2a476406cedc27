"""Spreadsheets that are written: safe to open, and rejected rows that come back mended."""

from __future__ import annotations

import csv
from datetime import date
from io import StringIO

import pytest

from services.exchange.grids import Cell
from services.exchange.reasons import Reason, sentence
from services.exchange.sheets import read_workbook
from services.exchange.writing import neutral, write_csv, write_rejected, write_xlsx
from tests.exchange.makers import HEADER, child, read, xlsx
from tests.exchange.test_roster_samples import read as read_sample
from tests.exchange.test_values import NUMBER

DANGEROUS = ["=1+1", "+1", "-1", "@x", "\tx", "\rx"]


@pytest.mark.parametrize("text", DANGEROUS)
def test_text_that_looks_like_a_formula_is_neutral(text: str) -> None:
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("cell", [-1, -1.5, None, "竹", date(2014, 5, 6)])
def test_everything_else_stays_as_it_is(cell: Cell) -> None:
    assert neutral(cell) == cell


def test_a_written_workbook_reads_back_with_its_types() -> None:
    rows: list[list[Cell]] = [[NUMBER, "15400000001", -3, 1.5, date(2014, 5, 6), None, "=1+1", True]]

    data = write_xlsx(rows, list("甲乙丙丁戊己庚辛"), sheet_name="名单[1]", notes=["注：样子"])

    (sheet,) = read_workbook(data, file_name="a.xlsx").sheets
    assert sheet.name == "名单 1"
    assert sheet.rows[1].cells == (NUMBER, "15400000001", -3, 1.5, date(2014, 5, 6), None, "'=1+1", "是")
    assert sheet.rows[3].cells == ("注：样子",)


def test_a_written_text_file_opens_in_spreadsheet_programs() -> None:
    data = write_csv(
        [[NUMBER, "=1+1", -3, "甲,乙", None, "007"]], ["身份证号", "b", "c", "d", "e", "f"], notes=["注：样子"]
    )

    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(StringIO(data.decode("utf-8-sig"), newline="")))
    assert rows[1] == [f"\t{NUMBER}", "'=1+1", "-3", "甲,乙", "", "\t007"]
    assert rows[2:] == [[], ["注：样子"]]


def test_absurd_text_can_be_written() -> None:
    odd: list[Cell] = ["竹" * 40_000, "\x00\x07\ud800", float("nan"), 10**20]

    assert read_workbook(write_xlsx([odd], list("甲乙丙丁"), sheet_name="history"), file_name="a").sheets
    assert write_csv([odd], list("甲乙丙丁"))


def test_a_mended_row_can_be_imported_again() -> None:
    broken = child(1, birth_day="2014-01-09")
    reading = read(xlsx({"名册": [HEADER, broken, child(2)]}))

    returned = read_workbook(write_rejected(reading), file_name="要改的.xlsx").sheets[0]
    header, row = (list(row.cells) for row in returned.rows)
    assert header == [*HEADER, "要改的地方"]
    assert row == [*broken, sentence(Reason.BIRTH_CONFLICT)]
    row[3] = "2014-01-02"

    again = read(xlsx({returned.name: [header, row]}))
    assert [found.name for found in again.rows] == [broken[1]]
    assert again.problems == []
    assert again.rows[0].unknown == {}


@pytest.mark.parametrize("name", ["roster_grade_messy.xlsx", "roster_large.csv"])
def test_returned_rows_have_the_same_faults_until_they_are_mended(name: str) -> None:
    reading = read_sample(name)

    again = read(write_rejected(reading))

    faults = reading.summary()["rejected_by_reason"]
    # Beside the other child these numbers were taken; alone they are not. And a number that lost its
    # digits comes back as the text of what is left of it.
    taken, lost = faults.pop("id_conflict"), faults.pop("id_stored_as_number", 0)
    faults["id_format"] += lost
    assert again.summary()["rejected_by_reason"] == faults
    assert len(again.rows) == taken
    assert [table.unknown for table in again.tables if table.unknown] == []


def test_a_class_that_stood_only_in_the_title_is_written_into_the_returned_row() -> None:
    header, row = HEADER[:5], child(1, gender="女")[:5]
    reading = read(xlsx({"Sheet1": [["七（3）班名单"], header, row]}))

    returned = read_workbook(write_rejected(reading), file_name="a.xlsx").sheets[0].rows

    assert returned[0].cells == (*header, "班级", "要改的地方")
    assert returned[1].cells[5] == "7年级3班"


def test_a_formula_in_a_rejected_row_comes_back_harmless() -> None:
    reading = read(xlsx({"名册": [HEADER, child(1, name="=cmd|'/c calc'!A1")]}))

    cell = read_workbook(write_rejected(reading), file_name="a.xlsx").sheets[0].rows[1].cells[1]

    assert cell == "'=cmd|'/c calc'!A1"


def test_nothing_to_mend_is_still_a_workbook() -> None:
    assert read_workbook(write_rejected(read(xlsx({"名册": [HEADER, child(1)]}))), file_name="a.xlsx").sheets


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_plain_sentence(reason: Reason) -> None:
    said = sentence(reason)

    assert said.endswith("。")
    assert not [word for word in ("成功", "失败", "异常", "非法", "参数", "ID", "！", "!") if word in said]
