"""Every spelling of a class, and where a title names one."""

from __future__ import annotations

import re

import pytest

from services.exchange.classes import ClassName, find_class, find_entry_grade, find_grade, read_class, read_grade

SPELLINGS = re.findall(
    r"\S+",
    """
七（1）班 七(1)班 7（1）班 701 七年级1班 七年级一班 七（一）班 7.1班 七1班 初一1班 初一（1）班 初一(一)班 初一一班
七年级（1）班 七年级(1) 七（1） 七年级01班 七（01）班 0701 7年级1班 7年1班 七一班 七⑴班 初中一年级1班 初1(1)班
七【1】班 ７．１班 7-1班 初一年级1班 七級1班
""",
)


@pytest.mark.parametrize("text", [*SPELLINGS, "七 （ 1 ） 班", "七\u200b1班"])
def test_one_class_has_many_spellings(text: str) -> None:
    assert read_class(text) == ClassName(7, 1)


@pytest.mark.parametrize(
    ("text", "grade", "class_no"),
    [
        ("一（12）班", 1, 12),
        ("一（十二）班", 1, 12),
        ("七十二班", 7, 12),
        ("112", 1, 12),
        ("1103", 11, 3),
        ("高一（3）班", 10, 3),
        ("高三12班", 12, 12),
        ("高一十一班", 10, 11),
        ("高中二年级3班", 11, 3),
        ("十（2）班", 10, 2),
        ("小学三年级2班", 3, 2),
        ("初三2班", 9, 2),
        ("9.12班", 9, 12),
        ("七 (2) 班", 7, 2),
        ("初中八年级（2）班", 8, 2),
        ("701.0", 7, 1),
    ],
)
def test_other_grades_and_numbers(text: str, grade: int, class_no: int) -> None:
    assert read_class(text) == ClassName(grade, class_no)


@pytest.mark.parametrize(
    "text",
    [
        *re.findall(
            r"\S+",
            "待分班 七（？）班 待定 七年级 1班 2026 700 1301 七（0）班 七（61）班 初五1班 2014-05-06 七（1-3）班 "
            "班 七（1）班重点 😀 高四1班 七(1)班七(2)班 三十一",
        ),
        "",
        "七" * 5000,
    ],
)
def test_what_names_no_single_class_is_not_guessed(text: str) -> None:
    assert read_class(text) is None


@pytest.mark.parametrize("text", ["1班", "（1）班", "1", "一班", "01", "1.0"])
def test_a_bare_number_needs_the_grade_column(text: str) -> None:
    assert read_class(text) is None
    assert read_class(text, grade=7) == ClassName(7, 1)


def test_the_grade_column_must_agree() -> None:
    assert read_class("七（1）班", grade=7) == ClassName(7, 1)
    assert read_class("七（1）班", grade=8) is None
    assert read_class("二十班", grade=7) == ClassName(7, 20)
    assert read_class("二十班") == ClassName(2, 10)


def test_a_cohort_becomes_a_grade_in_its_school_year() -> None:
    assert read_class("2026级1班", school_year=2026, entry_grade=7) == ClassName(7, 1)
    assert read_class("2025级（2）班", school_year=2026, entry_grade=7) == ClassName(8, 2)
    assert read_class("高2026级3班", school_year=2026) == ClassName(10, 3)
    assert read_class("2026级初中1班", school_year=2026) == ClassName(7, 1)
    assert read_class("26级1班", school_year=2026, entry_grade=1) == ClassName(1, 1)
    assert read_class("2026级1班", grade=7) == ClassName(7, 1)
    assert read_class("2026级1班", school_year=2026) is None
    assert read_class("2010级1班", school_year=2026, entry_grade=7) is None


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        ("七年级", 7),
        ("7", 7),
        ("7.0", 7),
        ("初一", 7),
        ("高二", 11),
        ("小学三年级", 3),
        ("初中二年级", 8),
        ("大班", None),
        ("", None),
    ],
)
def test_grades_are_read(text: str, grade: int | None) -> None:
    assert read_grade(text) == grade


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("石桥小学2026学年三（2）班学生花名册", ClassName(3, 2)),
        ("三年级2班名册", ClassName(3, 2)),
        ("初一3班", ClassName(7, 3)),
        ("班级：七(5)班    班主任：田北斗", ClassName(7, 5)),
        ("703班花名册", ClassName(7, 3)),
        ("七（1-3）班", None),
        ("七（1）班、七（2）班", None),
        ("七年级1-3班", None),
        ("七年级1至3班", None),
        ("2026—2027学年第一学期七年级学生花名册", None),
        ("Sheet1", None),
    ],
)
def test_a_title_names_one_class_or_none(title: str, found: ClassName | None) -> None:
    assert find_class(title) == found


def test_a_title_names_a_grade_and_a_kind_of_school() -> None:
    assert find_grade("2026—2027学年第一学期七年级学生花名册") == 7
    assert find_grade("七年级、八年级名册") is None
    assert find_grade("七、八年级名册") is None
    assert find_grade("七至九年级名册") is None
    assert find_grade("石桥学校名册") is None
    assert find_entry_grade(["石桥小学"]) == 1
    assert find_entry_grade(["石桥中心学校"]) is None
