"""Makers of spreadsheets in every shape schools send; the children in them are invented."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from io import BytesIO
from xml.sax.saxutils import escape

import xlsxwriter

from services.exchange.grids import Cell
from services.exchange.readings import RosterReading
from services.exchange.roster import parse_roster
from services.exchange.sheets import read_workbook
from tests.exchange.test_values import made_up_id

TODAY = date(2026, 11, 22)
HEADER = ["学号", "姓名", "性别", "出生日期", "身份证号", "班级", "监护人电话"]
Grid = Sequence[Sequence[Cell]]


def child(number: int, **changed: Cell) -> list[Cell]:
    """Return one correct row under HEADER; keywords are English field names."""
    day = date(2014, 1, number % 28 + 1)
    order = f"{100 + number:03}"
    row: dict[str, Cell] = {
        "student_no": f"20260701{number:02}",
        "name": "谷石竹梅兰松柏桐枫荷"[number % 10] + "清晨雾露霜雪雨风云霞"[number // 10 % 10],
        "gender": "男" if int(order) % 2 else "女",
        "birth_day": day.isoformat(),
        "id_number": made_up_id(day.strftime("%Y%m%d"), order),
        "class": "七（1）班",
        "phone": f"154{number:08}",
    }
    return list((row | changed).values())


def children(count: int, **changed: Cell) -> list[list[Cell]]:
    """Return so many different children."""
    return [child(number, **changed) for number in range(1, count + 1)]


def xlsx(
    sheets: dict[str, Grid], *, at: tuple[int, int] = (0, 0), merged: Sequence[tuple[str, str, str]] = ()
) -> bytes:
    """Write sheets of typed cells, the first cell of each at the given place; merged: (sheet, range, text)."""
    out = BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows, start=at[0]):
                for column, cell in enumerate(row, start=at[1]):
                    if isinstance(cell, date):
                        sheet.write_datetime(number, column, cell, day)
                    elif isinstance(cell, str):
                        sheet.write_string(number, column, cell)
                    elif cell is not None:
                        sheet.write(number, column, cell)
            for target, area, text in merged:
                if target == name:
                    sheet.merge_range(area, text)
    return out.getvalue()


def csv_text(rows: Grid, separator: str = ",") -> str:
    """Write rows as text; cells with separators, quotes or line breaks are quoted."""
    return "".join(separator.join(_quoted(cell, separator) for cell in row) + "\r\n" for row in rows)


def _quoted(cell: Cell, separator: str) -> str:
    text = "" if cell is None else str(cell)
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if set(text) & {separator, '"', "\n"} else text


def html(rows: Grid, *, charset: str = "utf-8", before: str = "") -> bytes:
    """Write the kind of web page that web systems call .xls."""
    lines = "".join("<tr>" + "".join(f"<td>{escape(str(c or ''))}</td>" for c in row) + "</tr>\n" for row in rows)
    head = f"<html><head><meta charset={charset}><title>名单</title></head><body>{before}"
    return f"{head}<table>{lines}</table></body></html>".encode(charset)


def ods(rows: str, *, name: str = "三（2）班") -> bytes:
    """Pack rows, written as the XML of an OpenDocument table, into a file."""
    base = "urn:oasis:names:tc:opendocument:xmlns:"
    spaces = "".join(f' xmlns:{short}="{base}{short}:1.0"' for short in ("office", "table", "text"))
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{spaces}><office:body><office:spreadsheet>'
        f'<table:table table:name="{name}">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    return packed({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content})


def ods_rows(rows: Grid) -> str:
    """Write rows of text as the XML of an OpenDocument table."""
    return "".join(f"<table:table-row>{''.join(ods_cell(cell) for cell in row)}</table:table-row>" for row in rows)


def ods_cell(cell: Cell, attributes: str = "") -> str:
    """Write one cell of text."""
    text = f"<text:p>{escape(str(cell or ''))}</text:p>"
    return f'<table:table-cell office:value-type="string"{attributes}>{text}</table:table-cell>'


def packed(entries: Mapping[str, str] | Mapping[str, bytes] | Mapping[str, str | bytes]) -> bytes:
    """Pack entries into a zip."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def read(data: bytes, file_name: str = "名册") -> RosterReading:
    """Read a roster the way an import does."""
    return parse_roster(read_workbook(data, file_name=file_name), today=TODAY)
