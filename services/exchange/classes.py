"""The many spellings of a class: 七（1）班, 701, 7.1班, 初一1班, 2026级1班 … and where one stands in a title."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

MAX_CLASS_NO = 60
FIRST_GRADES = {"小": 1, "初": 7, "高": 10}

_ORDER = "一二三四五六七八九"
_DASHES = str.maketrans(
    dict.fromkeys("—–‐‑‒―−~", "-") | {"級": "级", "[": "(", "]": ")", "【": "(", "】": ")", "〔": "(", "〕": ")"}
)
_STAGE = r"(?P<stage>小学|初中|高中|小|初|高)?"
_GRADE = r"(?P<grade>十[一二]?|[一二三四五六七八九]|1[0-2]|0?[1-9])"
_CLASS = r"(?P<class_no>[0-9]{1,2}|[一二三四五六七八九十]{1,3})"

_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_STAGE}{_GRADE}(?:年级|年|级)?\({_CLASS}\)班?",
        rf"{_STAGE}{_GRADE}(?:年级|年|级)\(?{_CLASS}\)?班?",
        rf"(?P<stage>小学|初中|高中|小|初|高)(?P<grade>[一二三四五六1-6])-?{_CLASS}班?",
        r"(?P<stage>)(?P<grade>[一二三四五六七八九])(?P<class_no>[0-9]{1,2})班?",
        r"(?P<stage>)(?P<grade>[一二三四五六七八九])(?P<class_no>[一二三四五六七八九十]{1,3})班",
        r"(?P<stage>)(?P<grade>0?[1-9]|1[0-2])[.\-、·/](?P<class_no>[0-9]{1,2})班?",
        r"(?P<stage>)(?P<grade>0?[1-9]|1[0-2])(?P<class_no>[0-9]{2})班?",
    )
)
_COHORT = re.compile(
    rf"(?P<stage>小学|初中|高中|小|初|高)?(?P<year>20[0-9]{{2}}|[0-9]{{2}})[级届](?P<later>小学|初中|高中)?\(?{_CLASS}\)?班?"
)
_BARE = re.compile(rf"\(?{_CLASS}\)?班?")
_BARE_OR_BOTH = re.compile(r"[二三四五六七八九]十[一二三四五六七八九]?班")  # 二十班: class 20, or class 10 of grade 2

# In running text a class must say 班, and must not be the end of a range such as 七（1-3）班.
_IN_TEXT = re.compile(
    r"(?<![0-9一二三四五六七八九十(\-至到])"
    r"(?:(?:小学|初中|高中|小|初|高)?(?:十[一二]?|[一二三四五六七八九]|1[0-2]|[1-9])(?:年级|年|级)?\([0-9一二三四五六七八九十]{1,3}\)班"
    r"|(?:小学|初中|高中)?(?:十[一二]?|[一二三四五六七八九]|1[0-2]|[1-9])(?:年级|年)[0-9一二三四五六七八九十]{1,3}班"
    r"|[初高][一二三]年?级?[0-9一二三四五六七八九十]{1,3}班"
    r"|[一二三四五六七八九][0-9]{1,2}班"
    r"|[1-9][0-9]{2}班"
    r"|[1-9]\.[0-9]{1,2}班"
    r"|[小初高]?20[0-9]{2}[级届]\(?[0-9一二三四五六七八九十]{1,3}\)?班)"
)
_GRADE_IN_TEXT = re.compile(
    r"(?<![0-9一二三四五六七八九十])(?<![0-9一二三四五六七八九十][、和至到\-])"
    r"(?:(小学|初中|高中)?(十[一二]?|[一二三四五六七八九]|1[0-2]|[1-9])年级|(初|高)([一二三]))"
)


@dataclass(frozen=True, slots=True, order=True)
class ClassName:
    """A class: grade 1 to 12 and its number."""

    grade: int
    class_no: int


def read_class(
    text: str,
    *,
    grade: int | None = None,
    school_year: int | None = None,
    entry_grade: int | None = None,
) -> ClassName | None:
    """Read a class in any of its spellings, None when it is none.

    `grade` completes a bare 1班 and must agree with a full spelling. `school_year` (the year it begins in)
    and `entry_grade` (1, 7 or 10) turn a cohort such as 2026级1班 into a grade.
    """
    plain = _plain(text)
    if len(plain) > 24:
        return None
    if grade is not None and _BARE_OR_BOTH.fullmatch(plain) and _number(plain[0]) != grade:
        return _named(grade, _number(plain.removesuffix("班")))
    for pattern in _PATTERNS:
        if found := pattern.fullmatch(plain):
            spelled = _grade_of(found["stage"], found["grade"])
            return None if grade not in (None, spelled) else _named(spelled, _number(found["class_no"]))
    if found := _COHORT.fullmatch(plain):
        first = FIRST_GRADES.get((found["stage"] or found["later"] or "")[:1], entry_grade)
        reached = grade or _grade_of_cohort(int(found["year"]), school_year=school_year, first_grade=first)
        return _named(reached, _number(found["class_no"]))
    if found := _BARE.fullmatch(plain):
        return _named(grade, _number(found["class_no"]))
    return None


def read_grade(text: str, *, school_year: int | None = None, entry_grade: int | None = None) -> int | None:
    """Read a grade (七年级, 7, 初一, 高中二年级, 2026级), None when it is none."""
    plain = _plain(text)
    if found := re.fullmatch(rf"{_STAGE}{_GRADE}(?:年级|年|级)?", plain):
        return _grade_of(found["stage"], found["grade"])
    if found := re.fullmatch(r"(小学|初中|高中|小|初|高)?(20[0-9]{2})[级届]", plain):
        first = FIRST_GRADES.get((found[1] or "")[:1], entry_grade)
        return _grade_of_cohort(int(found[2]), school_year=school_year, first_grade=first)
    return None


def find_class(text: str, *, school_year: int | None = None, entry_grade: int | None = None) -> ClassName | None:
    """Return the one class a title or a sheet's name speaks of; None when it names none or several."""
    found = {
        read_class(match.group(), school_year=school_year, entry_grade=entry_grade)
        for match in _IN_TEXT.finditer(_plain(text))
    }
    return found.pop() if len(found) == 1 else None


def find_grade(text: str) -> int | None:
    """Return the one grade a title or a sheet's name speaks of; None when it names none or several."""
    found = {_grade_of(match[1] or match[3], match[2] or match[4]) for match in _GRADE_IN_TEXT.finditer(_plain(text))}
    return found.pop() if len(found) == 1 else None


def find_entry_grade(texts: Iterable[str]) -> int | None:
    """Return the first grade of the kind of school the texts name (小学, 初中, 高中), if only one."""
    joined = "".join(texts)
    kinds = {first for word, first in (("小学", 1), ("初中", 7), ("高中", 10)) if word in joined}
    return kinds.pop() if len(kinds) == 1 else None


def _plain(text: str) -> str:
    return re.sub(r"[\s\u200b]+", "", unicodedata.normalize("NFKC", text)).translate(_DASHES).removesuffix(".0")


def _named(grade: int | None, class_no: int | None) -> ClassName | None:
    if grade is None or class_no is None or not (1 <= grade <= 12 and 1 <= class_no <= MAX_CLASS_NO):
        return None
    return ClassName(grade=grade, class_no=class_no)


def _grade_of(stage: str | None, written: str) -> int | None:
    """初一 is grade 7, 高三 grade 12; 初中八年级 says the grade twice."""
    number = _number(written)
    if not stage or number is None:
        return number
    first = FIRST_GRADES[stage[0]]
    last = {1: 6, 7: 9, 10: 12}[first]
    if first <= number <= last:
        return number
    counted = first + number - 1
    return counted if counted <= last else None


def _grade_of_cohort(year: int, *, school_year: int | None, first_grade: int | None) -> int | None:
    if school_year is None or first_grade is None:
        return None
    reached = first_grade + school_year - (year if year >= 100 else 2000 + year)
    last = {1: 9, 7: 9, 10: 12}.get(first_grade, 12)
    return reached if first_grade <= reached <= last else None


def _number(written: str) -> int | None:
    """Read 1 to 99 in digits or in Chinese: 十二, 二十一."""
    if written.isdigit() and written.isascii():
        return int(written)
    tens, ten, ones = written.rpartition("十")
    if len(tens) > 1 or len(ones) > 1 or (not ten and not ones):
        return None
    values = [_ORDER.find(digit) + 1 for digit in (tens, ones) if digit]
    if not all(values):
        return None
    return (_ORDER.find(tens) + 1 if tens else 1) * 10 * bool(ten) + (_ORDER.find(ones) + 1 if ones else 0)
