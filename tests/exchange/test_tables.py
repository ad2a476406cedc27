"""Rosters of other schools: other titles, sheets, headers, orders and formats."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from services.exchange.errors import NoTableFound
from services.exchange.grids import Cell
from services.exchange.headers import canonical, recognise
from services.exchange.readings import Kind, RosterReading
from services.exchange.roster import parse_roster
from services.exchange.roster_columns import ROSTER
from services.exchange.sheets import read_workbook
from tests.exchange.makers import HEADER, TODAY, Grid, child, children, csv_text, html, ods, ods_rows, read, xlsx


def names(reading: RosterReading) -> list[str]:
    return [row.name for row in reading.rows]


def class_of(reading: RosterReading) -> set[tuple[int, int]]:
    return {(row.grade, row.class_no) for row in reading.rows}


FORMATS: dict[str, Callable[[Grid], bytes]] = {
    "xlsx": lambda rows: xlsx({"名册": rows}),
    "xlsx at B3": lambda rows: xlsx({"名册": rows}, at=(2, 1)),
    "ods": lambda rows: ods(ods_rows(rows)),
    "web page": html,
    "web page in gbk": lambda rows: html(rows, charset="gbk"),
    **{
        f"csv {encoding} {separator}": lambda rows, e=encoding, s=separator: csv_text(rows, s).encode(e)  # type: ignore[misc]
        for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be")
        for separator in ",;\t|"
    },
}


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
def test_one_roster_reads_the_same_in_every_format(write: Callable[[Grid], bytes]) -> None:
    rows = children(6)

    reading = read(write([["石桥学校学生名册"], [], HEADER, *rows, [], ["填表人：田北斗"]]), "名册.xls")

    assert names(reading) == [row[1] for row in rows]
    assert [row.id_number for row in reading.rows] == [row[4] for row in rows]
    assert [row.guardian_phone for row in reading.rows] == [row[6] for row in rows]
    assert class_of(reading) == {(7, 1)}
    assert reading.rejected == []


def test_rows_are_named_as_the_spreadsheet_numbers_them() -> None:
    reading = read(xlsx({"名册": [HEADER, *children(2)]}, at=(2, 1)))

    assert [row.position for row in reading.rows] == ["名册!4", "名册!5"]


def test_data_rows_of_a_text_file_are_counted_from_one() -> None:
    reading = read(csv_text([["名册"], [], HEADER, child(1), [], child(2), ["合计：2人"]]).encode())

    assert [row.position for row in reading.rows] == [1, 2]


def test_an_old_workbook_with_other_words_and_a_merged_class_is_read() -> None:
    reading = read((Path(__file__).parent / "samples" / "roster_small.xls").read_bytes())

    assert names(reading) == ["谷雨", "石青", "竹影"]
    assert class_of(reading) == {(3, 2)}
    assert [row.birth_day for row in reading.rows] == [date(2017, 9, 1), date(2017, 9, 2), date(2017, 9, 3)]
    assert [row.guardian_phone for row in reading.rows] == ["15400000001", "15400000002", "15400000003"]
    assert reading.ignored_rows["subtotal_rows"] == 1


WITHOUT_CLASS = HEADER[:5] + HEADER[6:]


def without_class(count: int, start: int = 1) -> list[list[Cell]]:
    return [row[:5] + row[6:] for row in (child(number) for number in range(start, start + count))]


def test_the_class_may_stand_only_in_the_name_of_the_sheet() -> None:
    reading = read(
        xlsx({"七（3）班": [WITHOUT_CLASS, *without_class(2)], "704": [WITHOUT_CLASS, *without_class(2, 5)]})
    )

    assert [(row.grade, row.class_no) for row in reading.rows] == [(7, 3)] * 2 + [(7, 4)] * 2


def test_the_class_may_stand_only_in_the_title() -> None:
    reading = read(xlsx({"Sheet1": [["石桥学校七年级（3）班学生花名册"], WITHOUT_CLASS, *without_class(2)]}))

    assert class_of(reading) == {(7, 3)}


def test_the_class_may_stand_only_in_the_name_of_the_file() -> None:
    assert class_of(read(csv_text([WITHOUT_CLASS, *without_class(2)]).encode(), "石桥学校七（3）班名册.csv")) == {
        (7, 3)
    }


def test_a_title_between_blocks_applies_to_the_rows_under_it() -> None:
    blocks: list[list[Cell]] = [["七（1）班学生名单"], [*WITHOUT_CLASS], *without_class(2)]
    blocks += [[], ["七（2）班学生名单"], [*WITHOUT_CLASS], *without_class(2, 5)]

    reading = read(xlsx({"七年级": blocks}))

    assert [row.class_no for row in reading.rows] == [1, 1, 2, 2]
    assert reading.ignored_rows == {"title_rows": 2, "header_rows": 1, "repeated_header_rows": 1, "blank_rows": 1}


def test_a_title_and_a_sheet_that_contradict_each_other_are_not_guessed_at() -> None:
    reading = read(xlsx({"七（2）班": [["七（1）班花名册"], WITHOUT_CLASS, *without_class(2)]}))

    assert reading.summary()["rejected_by_reason"] == {"class_unreadable": 2}


def test_without_any_class_every_row_is_sent_back() -> None:
    reading = read(xlsx({"Sheet1": [WITHOUT_CLASS, *without_class(2)]}))

    assert reading.summary()["rejected_by_reason"] == {"class_missing": 2}


@pytest.mark.parametrize(
    ("grade", "class_text", "found"),
    [("七年级", "1班", {(7, 1)}), ("初一", "(2)", {(7, 2)}), (7, 3, {(7, 3)}), ("七年级", "七（4）班", {(7, 4)})],
)
def test_grade_and_class_may_stand_in_two_columns(grade: Cell, class_text: Cell, found: set[tuple[int, int]]) -> None:
    row = child(1, **{"class": class_text})

    assert class_of(read(xlsx({"名册": [[*HEADER, "年级"], [*row, grade]]}))) == found


def test_a_bare_class_takes_its_grade_from_the_title() -> None:
    row = child(1, **{"class": "3班"})

    assert class_of(read(xlsx({"名册": [["八年级学生名册"], HEADER, row]}))) == {(8, 3)}


def test_a_cohort_takes_its_grade_from_the_kind_of_school() -> None:
    data = xlsx({"名册": [["石桥初中学生名册"], HEADER, child(1, **{"class": "2025级3班"})]})

    assert class_of(read(data)) == {(8, 3)}
    plain = xlsx({"名册": [HEADER, child(1, **{"class": "2026级3班"})]})
    assert class_of(parse_roster(read_workbook(plain, file_name="a"), today=TODAY, entry_grade=7)) == {(7, 3)}
    assert read(plain).summary()["rejected_by_reason"] == {"class_unreadable": 1}


OTHER_WORDS = [
    "家长联系电话,公民身份号码,* 学生姓名（必填）,所在班级,出生年月日,男/女,学 号,户口所在地,就读方式,民 族",
    "监护人手机号码,证件号码,名字,班  别,生日,学生性别,校内学号,户籍地址,是否住校,族别",
    "联系电话（监护人）,身份证\n号码,学生姓名,班级名称,出生\n日期,性　别,学生学号,户籍,住宿情况,民族",
]


@pytest.mark.parametrize("header", OTHER_WORDS, ids=["one", "two", "three"])
def test_other_schools_use_other_words_and_orders(header: str) -> None:
    no, name, gender, birth, identity, class_name, phone = child(1)
    row = [phone, identity, name, class_name, birth, gender, no, "望舒县", "住校", "苗"]

    (found,) = read(xlsx({"名册": [header.split(","), row]})).rows

    assert (found.name, found.id_number, found.guardian_phone, found.student_no) == (name, identity, phone, no)
    assert (found.residence, found.boarding, found.ethnic, found.unknown) == ("望舒县", True, "苗族", {})


def test_remarks_in_brackets_do_not_hide_a_header() -> None:
    header = [f"*{word}（必填）" for word in HEADER]

    assert len(read(xlsx({"名册": [header, *children(2)]})).rows) == 2


def test_two_level_headers_are_joined() -> None:
    top: list[Cell] = ["学生基本信息", None, None, None, None, "家长信息", None, None, "父亲", None]
    low: list[Cell] = ["姓名", "性别", "出生日期", "身份证号", "班级", "姓名", "关系", "电话", "姓名", "联系电话"]
    _, name, gender, birth, identity, class_name, phone = child(1)
    row = [name, gender, birth, identity, class_name, "梅大川", "祖父", phone, "梅石", "15400000009"]

    reading = read(csv_text([["名册"], top, low, row]).encode())

    (found,) = reading.rows
    assert (found.name, found.guardian_name, found.guardian_relation) == (name, "梅大川", "祖父")
    assert (found.guardian_phone, found.father_name, found.father_phone) == (phone, "梅石", "15400000009")
    assert reading.ignored_rows == {"title_rows": 1, "header_rows": 2}


def test_unknown_columns_are_named_and_their_text_kept() -> None:
    reading = read(xlsx({"名册": [[*HEADER, "鞋码", "鞋码"], [*child(1), 36, 37]]}))

    assert [column.header for column in reading.tables[0].unknown] == ["鞋码", "鞋码"]
    assert reading.rows[0].unknown == {"鞋码": "36", "鞋码（2）": "37"}


def test_the_telephone_of_somebody_else_is_not_the_guardians() -> None:
    reading = read(
        xlsx(
            {
                "名册": [
                    [*HEADER[:6], "电话（班主任）", "联系电话", "监护人手机"],
                    [*child(1)[:6], "1", "2", "15400000003"],
                ]
            }
        )
    )

    assert reading.rows[0].guardian_phone == "15400000003"
    assert reading.rows[0].unknown == {"电话(班主任)": "1", "联系电话": "2"}


def test_a_column_chosen_on_screen_counts() -> None:
    header: list[Cell] = [*HEADER[:6], "怎么找家长"]
    data = xlsx({"名册": [header, child(1)]})
    workbook = read_workbook(data, file_name="a.xlsx")

    before = parse_roster(workbook, today=TODAY)
    after = parse_roster(workbook, today=TODAY, corrections={("名册", 6): "guardian_phone"})

    assert before.rows[0].guardian_phone is None
    assert after.rows[0].guardian_phone == child(1)[6]
    assert after.tables[0].unknown == ()


def test_a_header_in_strange_words_is_offered_and_can_be_explained() -> None:
    strange: list[Cell] = ["甲栏", "乙栏", "丙栏", "丁栏", "戊栏"]
    _, name, gender, _, identity, class_name, _ = child(1)
    workbook = read_workbook(
        xlsx({"名册": [["石桥学校"], strange, [name, gender, identity, class_name, "x"]]}), file_name="a.xlsx"
    )

    with pytest.raises(NoTableFound) as refusal:
        parse_roster(workbook, today=TODAY)
    (candidate,) = refusal.value.candidates
    chosen = {("名册", 0): "name", ("名册", 1): "gender", ("名册", 2): "id_number", ("名册", 3): "class"}
    reading = parse_roster(workbook, today=TODAY, corrections=chosen)

    assert (candidate.sheet, candidate.row_number, candidate.headers) == ("名册", 2, tuple(strange))
    assert names(reading) == [name]
    assert reading.rows[0].unknown == {"戊栏": "x"}


def test_what_is_no_record_is_passed_over_and_counted() -> None:
    grid: list[list[Cell]] = [
        ["石桥学校学生花名册"],
        ["填报单位：石桥学校", None, "填报时间：2026年9月"],
        [*HEADER],
        child(1),
        [None, None, "小计", 1],
        [],
        [*HEADER],
        child(2),
        [None, None, None, None, None, "七（1）班"],
        ["平均年龄", None, None, "12.3"],
        ["合计", "2人"],
        ["说明：以上数据由班主任核对。"],
        ["审核：", "田北斗", None, "校长：", "卢玉衡"],
        ["第 1 页，共 1 页"],
        ["———— 以下空白 ————"],
    ]

    reading = read(xlsx({"名册": grid, "填表说明": [["1. 姓名要写全。"]], "空": []}))

    assert len(reading.rows) == 2
    assert reading.problems == []
    assert reading.ignored_rows == {
        "title_rows": 2,
        "header_rows": 1,
        "repeated_header_rows": 1,
        "blank_rows": 2,
        "subtotal_rows": 3,
        "note_rows": 4,
        "sheets_without_data": 1,
    }


def test_a_small_table_of_numbers_under_the_roster_is_passed_over() -> None:
    under: list[list[Cell]] = [[], ["班级", "人数"], ["七（1）班", 1], ["七（2）班", 0]]

    reading = read(xlsx({"名册": [HEADER, child(1), *under, child(2)]}))

    assert len(reading.rows) == 2
    assert reading.rejected == []
    assert reading.ignored_rows == {"header_rows": 1, "blank_rows": 1, "note_rows": 3}


def test_a_row_with_only_a_name_still_describes_a_child() -> None:
    reading = read(xlsx({"名册": [HEADER, child(1), [None, "石青"]]}))

    assert reading.summary()["rejected_at"] == {"class_missing": ["名册!3"]}


def test_hidden_sheets_are_named_but_not_read() -> None:
    from io import BytesIO

    import xlsxwriter

    out = BytesIO()
    with xlsxwriter.Workbook(out) as book:
        for name in ("名册", "旧名册"):
            sheet = book.add_worksheet(name)
            for number, row in enumerate([HEADER, child(1)]):
                sheet.write_row(number, 0, row)
        sheet.hide()

    reading = read(out.getvalue())

    assert len(reading.rows) == 1
    assert reading.hidden_sheets == ["旧名册"]


@pytest.mark.parametrize("text", ["亲爱的家长，您好", "a,b\n1,2\n", "姓名,年龄\n", '{"姓名": 1}'])
def test_a_file_without_a_roster_is_refused(text: str) -> None:
    with pytest.raises(NoTableFound):
        read(text.encode())


def test_two_tables_of_different_columns_stand_in_one_sheet() -> None:
    other = [row[::-1] for row in (child(8), child(9))]

    reading = read(xlsx({"名册": [HEADER, *children(2), [], ["续表"], HEADER[::-1], *other]}))

    assert len(reading.rows) == 4
    assert len(reading.tables) == 2


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("*姓名", "name"),
        ("姓名（必填）", "name"),
        ("姓名（父亲）", "father_name"),
        ("出生日期（年-月-日）", "birth_day"),
        ("电话（母亲）", "mother_phone"),
        ("电话（班主任）", None),
        ("ＮＯ．", ""),
        ("竹" * 100, None),
    ],
)
def test_headers_are_recognised_by_their_words(header: str, key: str | None) -> None:
    assert recognise(header, ROSTER.vocabulary) == key


def test_a_header_word_is_compared_by_its_letters() -> None:
    assert canonical(" *班　级： ") == canonical("班级")


def test_no_two_fields_claim_one_word() -> None:
    words = [canonical(word) for wanted in ROSTER.fields for word in {wanted.label, *wanted.headers}]

    assert sorted(word for word in set(words) if words.count(word) > 1) == []


def test_problems_say_where_why_and_what_stands_there() -> None:
    reading = read(xlsx({"名册": [HEADER, child(1, phone="问班主任" * 20), child(2, **{"class": "待定"})]}))

    remark, fault = reading.problems
    assert (remark.position, remark.header, remark.reason, remark.kind) == (
        "名册!2",
        "监护人电话",
        "phone_unusable",
        Kind.WARNING,
    )
    assert len(remark.value) == 40
    assert (fault.position, fault.header, fault.reason, fault.value) == ("名册!3", "班级", "class_unreadable", "待定")
    assert fault.kind is Kind.REJECTED
