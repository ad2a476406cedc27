"""The shipped templates, without any child: what each paper says of itself, and that its tables stand in line."""

from pathlib import Path

import docx
import pytest
from docx.oxml.ns import qn

FOLDER = Path(__file__).resolve().parents[2] / "services" / "exchange" / "templates"
LEAVES_SCHOOL = {"outward_letter", "handover_list", "weekly_review"}  # letters and lists that are kept by who gets them
PAPERS = sorted(path.stem for path in FOLDER.glob("*.docx"))


@pytest.mark.parametrize("name", sorted(set(PAPERS) - LEAVES_SCHOOL))
def test_a_paper_about_a_child_says_what_to_do_with_it(name: str):
    words = "".join(each.text for each in docx.Document(str(FOLDER / f"{name}.docx")).paragraphs)

    assert "{{ 导出 }}" in words
    assert "用完请收好或销毁" in words or "请妥善保管，用完收回" in words


@pytest.mark.parametrize("name", PAPERS)
def test_every_row_of_a_table_is_as_wide_as_its_columns(name: str):
    for table in docx.Document(str(FOLDER / f"{name}.docx")).tables:
        columns = [int(each.get(qn("w:w"))) for each in table._tbl.tblGrid.findall(qn("w:gridCol"))]
        for row in table._tbl.tr_lst:
            widths = [int(cell.tcPr.tcW.get(qn("w:w"))) for cell in row.tc_lst]
            assert abs(sum(widths) - sum(columns)) <= 20


def test_the_tables_of_an_evaluation_end_in_line():
    tables = docx.Document(str(FOLDER / "effect_evaluation.docx")).tables
    widths = [sum(int(each.get(qn("w:w"))) for each in table._tbl.tblGrid) for table in tables]

    assert max(widths) - min(widths) <= 20
