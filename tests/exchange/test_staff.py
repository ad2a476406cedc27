"""Lists of staff as schools write them: classes, subjects, posts, repeated people, broken cells."""

from datetime import date

import pytest

from services.exchange.classes import ClassName
from services.exchange.readings import Kind
from services.exchange.reasons import Reason
from services.exchange.sheets import read_workbook
from services.exchange.staff import parse_staff
from services.exchange.writing import write_rejected, write_xlsx

TODAY = date(2026, 11, 20)
HEADER = "姓名,工号,电话,班主任班级,任教班级,岗位"


def parsed(*lines, header=HEADER, encoding="utf-8"):
    content = "\n".join([header, *lines]).encode(encoding)
    return parse_staff(read_workbook(content, file_name="教职工.csv"), today=TODAY)


def reasons(reading, kind=Kind.REJECTED):
    return {problem.position: problem.reason for problem in reading.problems if problem.kind is kind}


def test_a_row_says_who_which_class_what_and_where():
    [row] = parsed("周砚田,G01,154 0000 0001,七（1）班,语文：七（1）班、2班,安全信息员", encoding="gb18030").rows[:1]

    assert (row.name, row.staff_no, row.posts) == ("周砚田", "G01", ("安全信息员",))
    assert row.homeroom == (ClassName(7, 1),)
    assert [(each.class_name, each.subject) for each in row.teaches] == [
        (ClassName(7, 1), "语文"),
        (ClassName(7, 2), "语文"),
    ]


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("701语文、702数学", [(1, "语文"), (2, "数学")]),
        ("七（1）班语文；七（2）班", [(1, "语文"), (2, "语文")]),
        ("语文七1班", [(1, "语文")]),
        ("初一1班/初一2班", [(1, None), (2, None)]),
        ("无", []),
    ],
    ids=["short", "behind", "before", "no subject", "none"],
)
def test_the_many_ways_to_write_what_somebody_teaches(cell, found):
    [row] = parsed(f"周砚田,G01,,,{cell},").rows

    assert [(each.class_name.class_no, each.subject) for each in row.teaches] == found


def test_a_column_of_subjects_counts_for_all_classes():
    [row] = parsed("周砚田,七1、七2,数学", header="姓名,任课班级,任教学科").rows

    assert [each.subject for each in row.teaches] == ["数学", "数学"]


def test_the_same_person_twice_is_skipped_two_of_one_name_are_two():
    reading = parsed(
        "周砚田,G01,15400000001,,,",
        "周砚田,G01,15400000001,,,",
        "周砚田,G02,15400000002,,,",
        "苏念安,,15400000003,,,",
        "苏念安,,15400000004,,,",
        "苏念安,,15400000003,,,",
    )

    assert len(reading.rows) == 4
    assert [row.position for row in reading.duplicates] == [2, 6]
    assert set(reasons(reading, Kind.WARNING).values()) == {Reason.STAFF_SAME_NAME}


def test_what_can_not_be_taken_says_why():
    reading = parsed("周砚田,G01,,,,", "贺兰舟,G01,,,,", ",G03,,,,", "陆衡之,G04,,哪个班,,", "苏念安,G05,1540,,,")

    assert reasons(reading) == {
        2: Reason.STAFF_NO_CONFLICT,
        3: Reason.NAME_MISSING,
        4: Reason.STAFF_CLASS_UNREADABLE,
    }
    assert reasons(reading, Kind.WARNING) == {5: Reason.PHONE_UNUSABLE}
    assert reading.rows[-1].phone is None


def test_titles_totals_and_other_words_for_the_header_are_understood():
    rows = [["青澜县望舒中心学校教职工名单"], [], ["序号", "教师姓名", "教工号", "手机号码", "职务"],
            [1, "周砚田", 1001, 15400000001, "财务"],
            ["合计", "1 人"]]  # fmt: skip
    content = write_xlsx(rows[1:], rows[0], sheet_name="教师")

    reading = parse_staff(read_workbook(content, file_name="教师.xlsx"), today=TODAY)

    [row] = reading.rows
    assert (row.name, row.staff_no, row.phone, row.posts) == ("周砚田", "1001", "15400000001", ("财务",))


def test_rejected_rows_come_back_as_a_sheet_that_can_be_mended():
    reading = parsed("陆衡之,G04,,哪个班,,", "周砚田,G01,,,,")

    again = parse_staff(read_workbook(write_rejected(reading), file_name="没导入的行.xlsx"), today=TODAY)

    assert [row.reason for row in again.rejected] == [Reason.STAFF_CLASS_UNREADABLE]


def test_five_thousand_rows_are_read_in_a_moment():
    reading = parsed(*(f"试教师{number},G{number:05d},,,," for number in range(5_000)))

    assert len(reading.rows) == 5_000
