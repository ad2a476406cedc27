"""The columns of lists that civil affairs, the women's federation and the like send (S-04)."""

from __future__ import annotations

import re

from .headers import Field, TableSpec
from .left_behind_columns import LEFT_BEHIND
from .roster_columns import RETURNED_REMARK, words

_SHARED = {each.key: each for each in LEFT_BEHIND.fields}
_NAMES = words(
    "儿童姓名 孩子姓名 学生姓名 困境儿童姓名 留守儿童姓名 孤儿姓名 对象姓名 救助对象 保障对象姓名 残疾人姓名"
)
_IDS = words("儿童身份证号 儿童身份证号码 公民身份号码 公民身份证号 证件号码 证件号")

AUTHORITY = TableSpec(
    fields=(
        Field("name", "姓名", (*_SHARED["name"].headers, *_NAMES)),
        Field("id_number", "身份证号", (*_SHARED["id_number"].headers, *_IDS)),
        _SHARED["gender"],
        _SHARED["birth_day"],
        _SHARED["grade"],
        _SHARED["class"],
        Field("school", "学校", words("就读学校 所在学校 学校名称 在读学校 就学学校 就读学校名称 学校全称")),
        Field(
            "kind",
            "类别",
            words(
                "种类 类型 儿童类别 儿童类型 困境类型 困境类别 困境种类 困境儿童类型 困境儿童类别 对象类别 救助类别 "
                "救助类型 保障类别 身份类别 人员类别 留守类型 留守类别 留守情况 留守儿童类型 外出情况 父母外出情况 "
                "特殊家庭类型 家庭类型 家庭情况"
            ),
        ),
        Field("level", "等级", words("困境等级 程度 关爱等级 风险等级 评估等级 帮扶等级")),
        Field(
            "document",
            "文号",
            words(
                "证号 低保证号 残疾证号 儿童福利证号 批准文号 认定文号 文件号 救助证号 证件编号 低保证编号 残疾人证号"
            ),
        ),
        Field(
            "since",
            "从哪天起",
            words(
                "认定日期 认定时间 纳入时间 纳入日期 起始时间 起始日期 享受起始 批准日期 批准时间 保障开始时间 登记日期"
            ),
        ),
        _SHARED["guardian_name"],
        _SHARED["guardian_phone"],
        _SHARED["home_address"],
        _SHARED["note"],
    ),
    required=frozenset({"name"}),
    identifying=frozenset({"id_number"}),
    context=frozenset({"grade", "class", "school", "kind", "level"}),
    ignored=("序号", "序", "行号", "NO", "顺序", "编号", RETURNED_REMARK),
    closing_total=re.compile(r"^(?:合计|总计|共计)\W*\d+\W*[人名]$"),
)

_LEVELS = {"一": 1, "二": 2, "三": 3, "1": 1, "2": 2, "3": 3, "①": 1, "②": 2, "③": 3}
_LEVEL = re.compile(r"^第?([一二三123①②③])(?:\.0)?(?:级|等|类|档)?$")
_HIDDEN = re.compile(r"[*×○●□]|某")
_STORED_NUMBER_DIGITS, _ID_PLACES, _KEPT_DIGITS = 10**17, 18, 15


def read_level(text: str) -> int | None:
    """Return 1, 2 or 3, the gravest first; None where the cell says no level."""
    found = _LEVEL.match(text.replace(" ", ""))
    return _LEVELS[found[1]] if found else None


def name_mask(text: str) -> str | None:
    """Return a name of which some characters are hidden, `*` for each; None for a whole name."""
    return _HIDDEN.sub("*", text) if _HIDDEN.search(text) else None


def fits_name(name: str, mask: str) -> bool:
    """Tell whether a name may be the masked one; a run of `*` hides as many characters, or at least one."""
    if len(name) == len(mask):
        return all(shown in ("*", letter) for shown, letter in zip(mask, name, strict=True))
    if "*" not in mask:
        return False
    head, *inner, tail = re.split(r"\*+", mask)
    end, at = len(name) - len(tail), len(head)
    if not (name.startswith(head) and name.endswith(tail)):
        return False
    for part in inner:  # the first place it fits leaves the most to those after it, so nothing is ever tried again
        found = name.find(part, at + 1, end)
        if found < 0:
            return False
        at = found + len(part)
    return at < end


def number_mask(cell: object) -> str | None:
    """Return the digits that a spreadsheet has kept of an ID number stored as a number, `*` for the lost ones."""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return None
    if not _STORED_NUMBER_DIGITS <= cell < _STORED_NUMBER_DIGITS * 10:
        return None
    kept = f"{float(cell):.{_KEPT_DIGITS - 1}e}".partition("e")[0].replace(".", "")
    return kept.ljust(_ID_PLACES, "*")
