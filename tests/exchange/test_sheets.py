"""The reader: what it opens, what it tells about cells, and what it refuses."""

from __future__ import annotations

import re
import struct
import zipfile
from contextlib import suppress
from datetime import date
from io import BytesIO
from pathlib import Path
from time import perf_counter

import pytest
import xlsxwriter

from services.exchange import archives, extents, sheets
from services.exchange.errors import (
    ArchiveTooLarge,
    DamagedFile,
    EmptyFile,
    FileTooLarge,
    NoTableFound,
    NotASpreadsheet,
    PasswordProtected,
    TooManyColumns,
    TooManyRows,
    UnknownEncoding,
    UnreadableFile,
)
from services.exchange.grids import Cell, Workbook
from services.exchange.refusals import refusal_sentence
from services.exchange.sheets import read_workbook
from tests.exchange.makers import csv_text, html, ods, ods_cell, ods_rows, packed, xlsx

SAMPLES = Path(__file__).parent / "samples"
XLS = (SAMPLES / "roster_small.xls").read_bytes()
ROWS: list[list[Cell]] = [["姓名", "住址"], ["谷雨", "一组, 甲"], ["袁𬭎", '说"好"'], ["石青", "上\n下"]]


def cells(workbook: Workbook, sheet: int = 0) -> list[list[Cell]]:
    return [list(row.cells) for row in workbook.sheets[sheet].rows]


# --- what is opened ---


def test_rows_keep_the_number_the_spreadsheet_gives_them() -> None:
    workbook = read_workbook(xlsx({"甲": ROWS}, at=(2, 1)), file_name="a.xlsx")

    rows = workbook.sheets[0].rows
    assert [row.number for row in rows if row.own()] == [3, 4, 5, 6]
    assert rows[2].cells == (None, "姓名", "住址")


def test_cells_keep_their_type() -> None:
    grid: list[list[Cell]] = [["字", 7, date(2014, 5, 6), True, None, 3.299e17]]

    assert cells(read_workbook(xlsx({"甲": grid}), file_name="a.xlsx")) == grid


def test_a_merged_cell_counts_for_all_its_rows() -> None:
    data = xlsx({"甲": [["班级", "姓名"], [None, "谷"], [None, "石"]]}, merged=[("甲", "A2:A3", "七（1）班")])

    rows = read_workbook(data, file_name="a.xlsx").sheets[0].rows
    assert rows[2].cells == ("七（1）班", "石")
    assert rows[2].own() == [(1, "石")]


def test_a_formula_is_not_computed() -> None:
    out = BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet().write_formula("A1", "=1+1", None, 41)

    assert cells(read_workbook(out.getvalue(), file_name="a.xlsx")) == [[41.0]]


def test_hidden_sheets_are_told_apart() -> None:
    out = BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet("见").write("A1", "字")
        hidden = book.add_worksheet("藏")
        hidden.write("A1", "字")
        hidden.hide()

    assert [sheet.hidden for sheet in read_workbook(out.getvalue(), file_name="a.xlsx").sheets] == [False, True]


def test_an_old_binary_workbook_is_read_with_its_merged_cells() -> None:
    workbook = read_workbook(XLS, file_name="wrong.csv")

    assert workbook.kind == "xls"
    assert workbook.sheets[0].rows[4].cells[1:3] == ("三（2）班", "石青")
    assert workbook.sheets[0].rows[3].number == 4


def test_an_old_workbook_that_declares_more_than_it_can_hold_is_refused() -> None:
    place = XLS.index(struct.pack("<HHIIHH", 0x0200, 14, 1, 7, 1, 7))
    absurd = struct.pack("<HHIIHH", 0x0200, 14, 0, 2**32 - 1, 0, 2**16 - 1)

    with pytest.raises(DamagedFile):
        read_workbook(XLS[:place] + absurd + XLS[place + len(absurd) :], file_name="a.xls")


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("xl/sharedStrings.xml", b'uniqueCount="2"', b'uniqueCount="4294967295"'),
        ("xl/worksheets/sheet1.xml", b'r="B1"', b'r="B4294967295"'),
        ("xl/worksheets/sheet1.xml", b'r="B1"', b'a=">" r = "B99999999999999999999"'),
        ("xl/worksheets/sheet1.xml", b'r="B1"', b'a="<" r="XFD1048576"'),
        ("xl/worksheets/sheet1.xml", b'<row r="1"', b'<row r="-1"'),
    ],
)
def test_a_workbook_that_declares_absurd_sizes_is_refused(part: str, old: bytes, new: bytes) -> None:
    entries = unpacked(xlsx({"甲": [["x", "y"]]}))
    assert old in entries[part]

    with pytest.raises(UnreadableFile):
        read_workbook(packed(entries | {part: entries[part].replace(old, new)}), file_name="a.xlsx")


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(data)) as source:
        return {name: source.read(name) for name in source.namelist()}


ENCODINGS = ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_text_is_read_in_every_encoding_with_every_separator(encoding: str, separator: str) -> None:
    workbook = read_workbook(csv_text(ROWS, separator).encode(encoding), file_name="名册.xlsx")

    assert cells(workbook) == ROWS
    assert workbook.counts_data_rows
    assert workbook.sheets[0].name == "名册"


def test_a_big_endian_mark_is_believed() -> None:
    assert cells(read_workbook(b"\xfe\xff" + csv_text(ROWS).encode("utf-16-be"), file_name="a.txt")) == ROWS


def test_a_declared_separator_is_no_row() -> None:
    assert cells(read_workbook(b"sep=;\r\nx;y\r\n1;2\r\n", file_name="a.csv")) == [["x", "y"], ["1", "2"]]


@pytest.mark.parametrize("charset", ["utf-8", "gb18030", "gbk"])
def test_a_web_page_called_xls_is_read(charset: str) -> None:
    rows = [["姓名", "电话"], ["谷 & 雨", "154"]]

    workbook = read_workbook(html(rows, charset=charset), file_name="导出.xls")

    assert workbook.kind == "html"
    assert cells(workbook) == rows


def test_spans_of_a_web_page_are_merged_cells() -> None:
    page = "<table><tr><td rowspan=2>七（1）班<td>谷<tr><td>石</tr><tr><td colspan=2>两<br>行</td><td>末</table>"

    assert cells(read_workbook(page.encode(), file_name="a.xls")) == [
        ["七（1）班", "谷"],
        ["七（1）班", "石"],
        ["两\n行", None, "末"],
    ]


def test_scripts_and_layout_of_a_web_page_are_no_tables() -> None:
    inner = "<table><tr><td>姓名</td></tr></table>"
    page = f"<html><script>var x='<table><tr><td>1'</script><table><tr><td>{inner}</td></tr></table>"

    assert cells(read_workbook(page.encode(), file_name="a.html")) == [["姓名"]]


def test_an_opendocument_sheet_is_read() -> None:
    spans = ' table:number-rows-spanned="2" table:number-columns-spanned="1"'
    blank = '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    day = '<table:table-cell office:value-type="date" office:date-value="2014-05-06"><text:p>6.5.14</text:p>'
    number = '<table:table-cell office:value-type="float" office:value="154"><text:p>154</text:p>'
    data = (
        f'<table:table-row table:number-rows-repeated="2">{blank}'
        f"<table:table-row>{ods_cell('七（1）班', spans)}{ods_cell('谷')}"
        f"{day}</table:table-cell>{number}</table:table-cell></table:table-row>"
        f"<table:table-row><table:covered-table-cell/>{ods_cell('石')}</table:table-row>"
        f'<table:table-row table:number-rows-repeated="1048572">{blank}'
    )

    workbook = read_workbook(ods(data), file_name="a.ods")

    assert workbook.kind == "ods"
    assert cells(workbook) == [[], [], ["七（1）班", "谷", date(2014, 5, 6), 154.0], ["七（1）班", "石"]]


def test_a_2003_xml_workbook_is_read() -> None:
    data = """<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
    xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="甲"><Table>
    <Row ss:Index="3"><Cell ss:Index="2"><Data ss:Type="String">姓名</Data></Cell></Row>
    <Row><Cell ss:MergeDown="1"><Data ss:Type="String">班</Data></Cell>
    <Cell><Data ss:Type="Number">7</Data></Cell></Row>
    <Row><Cell ss:Index="2"><Data ss:Type="DateTime">2014-05-06T00:00:00.000</Data></Cell></Row>
    </Table></Worksheet></Workbook>"""

    workbook = read_workbook(data.encode(), file_name="a.xls")

    assert workbook.sheets[0].name == "甲"
    assert cells(workbook) == [[], [], [None, "姓名"], ["班", 7.0], ["班", date(2014, 5, 6)]]


# --- what is refused ---


@pytest.mark.parametrize("data", [b"", b" \r\n\t", b"\xef\xbb\xbf", "\u3000\r\n".encode("utf-8-sig")])
def test_an_empty_file_is_refused(data: bytes) -> None:
    with pytest.raises(EmptyFile):
        read_workbook(data, file_name="a.csv")


def test_a_workbook_of_empty_sheets_has_no_table() -> None:
    with pytest.raises(NoTableFound):
        read_workbook(xlsx({"甲": []}), file_name="a.xlsx")


def test_a_large_file_is_refused_before_it_is_read() -> None:
    with pytest.raises(FileTooLarge) as refusal:
        read_workbook(b"x" * 2000, file_name="a.csv", max_bytes=1999)

    assert (refusal.value.size, refusal.value.limit) == (2000, 1999)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7 ...", "pdf"),
        (b"\x89PNG\r\n\x1a\n\0\0", "image"),
        (b"\xff\xd8\xff\xe0\0", "image"),
        (b"MZ\x90\0\x03\0", "exe"),
        (b"Rar!\x1a\x07", "archive"),
        (packed({"word/document.xml": "<w/>"}), "docx"),
        (packed({"ppt/presentation.xml": "<p/>"}), "pptx"),
        (packed({"xl/workbook.bin": "b"}), "xlsb"),
        (packed({"a.txt": "a"}), "zip"),
        (b"PK\x05\x06" + b"\0" * 18, "zip"),
        (bytes(range(256)) * 40, "binary"),
    ],
)
def test_what_is_no_spreadsheet_is_refused_by_its_content(data: bytes, kind: str) -> None:
    with pytest.raises(NotASpreadsheet) as refusal:
        read_workbook(data, file_name="名册.xlsx")

    assert refusal.value.kind == kind


def renamed(data: bytes, name: str) -> bytes:
    """Return the old workbook with its one stream under another name."""
    old = "Workbook".encode("utf-16-le")
    place = data.index(old)
    entry = name.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 2 * len(name) + 2)
    return data[:place] + entry + data[place + 66 :]


def test_a_workbook_with_a_password_is_refused() -> None:
    with pytest.raises(PasswordProtected):
        read_workbook(renamed(XLS, "EncryptedPackage"), file_name="a.xlsx")


def test_an_old_text_document_is_refused() -> None:
    with pytest.raises(NotASpreadsheet) as refusal:
        read_workbook(renamed(XLS, "WordDocument"), file_name="a.xls")

    assert refusal.value.kind == "doc"


def test_an_old_workbook_with_a_password_is_refused() -> None:
    start = XLS.index(struct.pack("<HH", 0x0809, 16))
    following = start + 20  # the record after the beginning becomes the mark of encryption

    with pytest.raises(PasswordProtected):
        read_workbook(XLS[:following] + struct.pack("<H", 0x2F) + XLS[following + 2 :], file_name="a.xls")


@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("name", ["roster_small.xls", "roster_grade_messy.xlsx"])
def test_a_cut_off_file_is_refused(name: str, part: float) -> None:
    data = (SAMPLES / name).read_bytes()

    with pytest.raises(DamagedFile):
        read_workbook(data[: int(len(data) * part)], file_name=name)


def test_no_single_broken_byte_gets_past_the_refusals() -> None:
    for data in (XLS, xlsx({"甲": ROWS})):
        for place in range(0, len(data), 37):
            broken = data[:place] + bytes([data[place] ^ 0x5A]) + data[place + 1 :]
            try:
                workbook = read_workbook(broken, file_name="a")
            except UnreadableFile:
                continue
            assert any(sheet.rows for sheet in workbook.sheets), place


def test_a_packing_bomb_is_refused_by_what_it_declares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_UNPACKED", 1_000_000)

    with pytest.raises(ArchiveTooLarge):
        read_workbook(packed({"xl/workbook.xml": b"0" * 1_000_001}), file_name="a.xlsx")


def test_a_packing_bomb_is_refused_by_its_ratio() -> None:
    with pytest.raises(ArchiveTooLarge):
        read_workbook(packed({"xl/workbook.xml": b"0" * 25_000_000}), file_name="a.xlsx")


def test_a_bomb_that_lies_about_its_size_is_refused_by_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_UNPACKED", 1_000_000)
    data = bytearray(packed({"xl/workbook.xml": b"0" * 3_000_000}))
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        place = data.index(signature) + offset
        data[place : place + 4] = struct.pack("<I", 10)

    with pytest.raises(ArchiveTooLarge):
        read_workbook(bytes(data), file_name="a.xlsx")


def test_one_long_text_in_a_million_cells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extents, "MAX_TEXT", 40_000)

    with pytest.raises(ArchiveTooLarge):
        read_workbook(xlsx({"甲": [["竹" * 1000] * 5] * 10}), file_name="a.xlsx")


def test_a_cell_in_the_last_corner_is_refused_before_it_takes_all_memory() -> None:
    with pytest.raises(TooManyRows):
        read_workbook(xlsx({"甲": [["x"]]}, at=(1_048_575, 3)), file_name="a.xlsx")
    with pytest.raises(TooManyColumns):
        read_workbook(xlsx({"甲": [["x"]]}, at=(3, 16_383)), file_name="a.xlsx")


def test_a_row_far_down_without_cell_names_is_refused() -> None:
    entries = unpacked(xlsx({"甲": [["x"]]}))
    sheet = b'<worksheet><sheetData><row r="1048576"><c><v>1</v></c></row></sheetData></worksheet>'

    with pytest.raises(TooManyRows):
        read_workbook(packed(entries | {"xl/worksheets/sheet1.xml": sheet}), file_name="a.xlsx")


def test_empty_cells_with_a_colour_do_not_make_a_sheet_long() -> None:
    out = BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write("A1", "字")
        sheet.write_blank("A900000", None, book.add_format({"bg_color": "yellow"}))

    assert cells(read_workbook(out.getvalue(), file_name="a.xlsx")) == [["字"]]


@pytest.mark.parametrize(
    "start", ["<!-- x -->" * 40, "<!-- x -->\n" * 50_000, "<?xml ?>" * 30, " " * 200_000, "<!--" * 9_000]
)
def test_whatever_stands_before_a_header_is_passed_over_at_once(start: str) -> None:
    began = perf_counter()

    with suppress(UnreadableFile):
        read_workbook(f"{start}\n姓名,班级\n".encode(), file_name="名册.csv")

    assert perf_counter() - began < 5


def test_comments_before_a_web_page_don_t_hide_it() -> None:
    page = "<!-- 导出 --> <?xml version='1.0'?>\n<!-- 2026 --><table><tr><td>姓名</td></tr></table>"

    assert read_workbook(page.encode(), file_name="名册.xls").kind == "html"


def test_long_text_in_many_sheets_counts_together(monkeypatch: pytest.MonkeyPatch) -> None:
    sheets = {f"{number}班": [["姓名"], *[["长" * 3_000]] * 10] for number in range(1, 5)}
    monkeypatch.setattr(extents, "MAX_TEXT", 100_000)

    with pytest.raises(ArchiveTooLarge):
        read_workbook(xlsx(sheets), file_name="名册.xlsx")


def test_a_sheet_named_many_times_is_refused() -> None:
    parts = unpacked(xlsx({"一班": [["姓名"]]}))
    [sheet] = re.findall(rb"<sheet [^>]*/>", parts["xl/workbook.xml"])
    again = b"".join(sheet.replace("一班".encode(), b"s%d" % number) for number in range(300))
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(sheet, again)

    with pytest.raises(DamagedFile):
        read_workbook(packed(parts), file_name="名册.xlsx")


def test_too_many_rows_of_text_are_refused() -> None:
    with pytest.raises(TooManyRows):
        read_workbook(b"a,b\n" * 50_001, file_name="a.csv")


def test_fifty_thousand_rows_are_still_read() -> None:
    assert len(read_workbook(b"a,b\n" * 50_000, file_name="a.csv").sheets[0].rows) == 50_000


def test_too_many_columns_of_text_are_refused() -> None:
    with pytest.raises(TooManyColumns):
        read_workbook(b",".join([b"x"] * 400), file_name="a.csv")


def test_repeated_cells_of_an_opendocument_sheet_cannot_fill_the_memory() -> None:
    long = f'<table:table-row table:number-rows-repeated="1000000">{ods_cell("x")}</table:table-row>'
    wide = "<table:table-row>" + ods_cell("y", ' table:number-columns-repeated="9999"') + "</table:table-row>"

    with pytest.raises(TooManyRows):
        read_workbook(ods(long), file_name="a.ods")
    with pytest.raises(TooManyColumns):
        read_workbook(ods(wide), file_name="a.ods")


def test_entities_are_never_followed() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/hostname">]>'
    content = unpacked(ods(ods_rows([["姓名"]])))["content.xml"].decode()
    text = content.replace("?><", f"?>{bomb}<", 1).replace("姓名", "&b;")

    with pytest.raises(DamagedFile):
        read_workbook(packed({"mimetype": "x.spreadsheet", "content.xml": text}), file_name="a.ods")


def test_an_encrypted_opendocument_file_is_refused() -> None:
    entries = {"content.xml": b"\x01\x02", "META-INF/manifest.xml": b"<manifest:encryption-data/>"}

    with pytest.raises(PasswordProtected):
        read_workbook(packed(entries), file_name="a.ods")


@pytest.mark.parametrize(
    "data", [b"\x81\x20\xff\xff,\xfe\xfd\n", csv_text(ROWS * 20).encode().replace("谷".encode(), b"\xe8", 1)]
)
def test_an_unknown_encoding_is_refused(data: bytes) -> None:
    with pytest.raises(UnknownEncoding):
        read_workbook(data, file_name="a.csv")


def test_a_quote_that_is_never_closed_does_not_swallow_rows() -> None:
    with pytest.raises(DamagedFile):
        read_workbook('姓名,住址\n谷,"一组\n石,二组\n'.encode(), file_name="a.csv")


def test_the_limits_are_those_agreed() -> None:
    assert sheets.MAX_BYTES == 20 * 1024 * 1024
    assert archives.MAX_UNPACKED == 200 * 1024 * 1024


@pytest.mark.parametrize("name", ["表.xlsx", "表.XLS", "表.ods"])
def test_text_that_calls_itself_a_spreadsheet_is_said_to_be_none(name: str) -> None:
    with pytest.raises(NotASpreadsheet) as refused:
        read_workbook("nonsense\n只是一句话".encode(), file_name=name)

    assert refusal_sentence(refused.value).startswith("这不是表格，是一段文字。")
    assert cells(read_workbook("姓名,班级\n谷雨,701".encode(), file_name=name))[0] == ["姓名", "班级"]
