"""The columns of screening results: whose, when, and of every declared scale its total, subscales, items and level."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from services.screening.scales import Makes, Scale

from .headers import Field, TableSpec, canonical
from .roster_columns import RETURNED_REMARK, ROSTER, words
from .tables import Table

_FROM_ROSTER = ("student_no", "name", "id_number", "grade", "class")
_DAYS = words(
    "测试日期 测验日期 评估日期 施测日期 筛查日期 测评时间 测试时间 筛查时间 施测时间 提交时间 完成时间 交卷时间 "
    "答题时间 填写时间 答卷时间 日期"
)
_LEVELS = words("等级 系统等级 测评等级 筛查等级 预警等级 评定等级 症状等级 等级评定 测评结果 筛查结果 结果 结论 评价")
_TOTALS = words("总分 总得分 量表总分 原始总分 得分 总分数")
_OF_TOTAL = words("总分 得分 分数 分 总得分 量表总分 测评总分")
_OF_LEVEL = words("等级 结果 程度 结论 测评等级 症状")
_OF_ITEM = ("第{n}题", "Q{n}", "T{n}", "题{n}", "{n}题", "条目{n}", "第{n}项", "ITEM{n}")
_IGNORED = words(
    "序号 序 行号 NO 顺序 编号 年龄 民族 学校 学校名称 出生日期 出生年月 用时 所用时间 时长 答题时长 答题用时 性别 "
    "备注 手机 手机号 联系电话 电话 IP 量表 量表名称"
)
_SUMMARY = re.compile(r"^(?:平均|均值|均分|最高分|最低分|最大值|最小值|标准差|中位数|合计|总计|小计|检出|人数|及格率)")


def total_key(scale: Scale) -> str:
    """Return the key of a scale's own total."""
    return f"{scale.code}.total"


def level_key(scale: Scale) -> str:
    """Return the key of a scale's own level."""
    return f"{scale.code}.level"


def validity_key(scale: Scale) -> str:
    """Return the key of a scale's validity."""
    return f"{scale.code}.validity"


def subscale_key(scale: Scale, code: str) -> str:
    """Return the key of a subscale."""
    return f"{scale.code}.sub.{code}"


def item_key(scale: Scale | None, number: int) -> str:
    """Return the key of an item, or that of a column which says only its number."""
    return f"{scale.code}.item.{number}" if scale else f"item.{number}"


@lru_cache(maxsize=8)
def screening_spec(scales: tuple[Scale, ...]) -> TableSpec:
    """Return what a table of results of these scales is made of."""
    numbers = sorted({number for scale in scales if scale.items for number in scale.items.numbers})
    return TableSpec(
        fields=(
            *(each for each in ROSTER.fields if each.key in _FROM_ROSTER),
            Field("day", "测评日期", _DAYS),
            Field("total", "总分", _TOTALS),
            Field("level", "等级", _LEVELS),
            *(Field(item_key(None, n), f"第{n}题", tuple(_numbered("", n))) for n in numbers),
            *(field for scale in scales for field in _fields_of(scale)),
        ),
        required=frozenset({"name"}),
        identifying=frozenset({"student_no", "id_number"}),
        context=frozenset({"grade", "class"}),
        ignored=(*_IGNORED, RETURNED_REMARK),
        summary=_SUMMARY,
    )


def _fields_of(scale: Scale) -> Iterator[Field]:
    of_total = [alias + word for alias in scale.aliases for word in ("", *_OF_TOTAL)]
    yield Field(total_key(scale), f"{scale.short}总分", (*of_total, *scale.total_headers))
    of_level = tuple(alias + word for alias in scale.aliases for word in _OF_LEVEL)
    yield Field(level_key(scale), f"{scale.short}等级", of_level)
    for each in scale.subscales:
        names = (each.name, *each.headers)
        of_alias = (alias + name for alias in scale.aliases for name in names)
        headers = (*names, *(name + end for name in names for end in ("得分", "分", "均分")), *of_alias)
        yield Field(subscale_key(scale, each.code), f"{scale.short}·{each.name}", headers)
    if scale.validity:
        headers = (scale.validity.name, *scale.validity.headers)
        yield Field(validity_key(scale), f"{scale.short}·{scale.validity.name}", headers)
    if scale.items:
        for number in scale.items.numbers:
            own = scale.items.headers if len(scale.items.numbers) == 1 else ()
            of_item = (word for alias in scale.aliases for word in _numbered(alias, number))
            yield Field(item_key(scale, number), f"{scale.short}第{number}题", (*own, *of_item))


def _numbered(alias: str, number: int) -> Iterator[str]:
    for word in _OF_ITEM:
        yield alias + word.format(n=number)
    if not alias or alias[-1].isdigit():  # PHQ-9_9, but PHQ9 alone is a total
        yield f"{alias}_{number}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Which columns of one table hold one scale; keys by what they hold, None where no column does."""

    scale: Scale
    total: str | None
    level: str | None
    validity: str | None
    subscales: Mapping[str, str]
    items: Mapping[int, str]

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the columns that hold scores."""
        single = (key for key in (self.total, self.validity) if key)
        return (*single, *self.subscales.values(), *self.items.values())


def plans_of(table: Table, scales: Iterable[Scale], around: Iterable[str]) -> tuple[Plan, ...]:
    """Say which scales a table holds: those its own columns name; else the one its titles, sheet or file name.

    What only says 总分 or 第9题 belongs to the one scale there is; of two it can't be told, and it isn't read.
    """
    known = tuple(scales)
    own = [scale for scale in known if _is_named(table, scale)]
    if not own and "total" in table.columns | _items_in(table):
        own = _named_around(known, around)
    only = own[0] if len(own) == 1 else None
    return tuple(_plan(table, scale, is_only=scale is only) for scale in own)


def _items_in(table: Table) -> dict[str, object]:
    return {"total": None} if any(key.startswith("item.") for key in table.columns) else {}


def _is_named(table: Table, scale: Scale) -> bool:
    """A single subscale such as 抑郁 names no scale: its total does, or all its subscales or items together."""
    here = table.columns
    if total_key(scale) in here:
        return True
    needed = [subscale_key(scale, each.code) for each in scale.subscales if each.in_total]
    if scale.makes is Makes.ITEMS and scale.items:
        needed = [item_key(scale, number) for number in scale.items.numbers]
    return bool(needed) and all(key in here for key in needed)


def _named_around(scales: Iterable[Scale], around: Iterable[str]) -> list[Scale]:
    """Return the scale the nearest of these texts speaks of."""
    for text in around:
        plain = canonical(text)
        if named := [scale for scale in scales if any(canonical(alias) in plain for alias in scale.aliases)]:
            return named if len(named) == 1 else []
    return []


def _plan(table: Table, scale: Scale, *, is_only: bool) -> Plan:
    def column(*keys: str) -> str | None:
        return next((key for key in keys if key in table.columns), None)

    generic = ("total",) if is_only else ()
    items = {
        number: key
        for number in (scale.items.numbers if scale.items else ())
        if (key := column(item_key(scale, number), *((item_key(None, number),) if is_only else ())))
    }
    subscales = {
        each.code: key for each in scale.subscales if (key := column(subscale_key(scale, each.code))) is not None
    }
    return Plan(
        scale=scale,
        total=column(total_key(scale), *generic),
        level=column(level_key(scale), *(("level",) if is_only else ())),
        validity=column(validity_key(scale)),
        subscales=subscales,
        items=items,
    )
