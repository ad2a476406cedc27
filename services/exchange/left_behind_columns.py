"""The columns of a ledger of left-behind children (留守儿童台账), and the words schools write for who is away."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .headers import Field, TableSpec
from .roster_columns import RETURNED_REMARK, ROSTER, words
from .values import clean_text

_FROM_ROSTER = ("student_no", "name", "gender", "birth_day", "id_number", "grade", "class", "residence", "boarding",
                "ethnic", "note")  # fmt: skip
_PHONE_WORDS = words("电话 联系电话 手机 手机号 手机号码 联系方式 电话号码 联系手机 联系电话号码")
_WORKPLACES = words(
    "务工单位 务工地点 务工地址 工作单位 单位 务工单位及详细地址 工作单位及详细地址 务工单位及地址 "
    "工作单位及地址 务工地 工作地点 工作地址 单位及地址 务工详细地址 打工地点 现务工地 外出务工地点 "
    "务工单位详细地址 去向"
)
_ADDRESSES = words(
    "家庭详细地址 家庭详细住址 家庭地址 现住址 住址 现居住地 居住地址 联系地址 通讯地址 详细住址 现住地址 常住地址 "
    "居住地 详细地址 地址 家庭现住址"
)
_GUARDIANS = words(
    "监护人 委托监护人 委托人 受委托人 受托监护人 被委托人 临时监护人 实际监护人 监护人受委托人 受委托监护人 现监护人 "
    "委托照护人 被委托监护人"
)


def _of(persons: Sequence[str], words: Sequence[str]) -> tuple[str, ...]:
    return tuple(person + word for person in persons for word in words)


def _parent(key: str, label: str, persons: Sequence[str]) -> tuple[Field, ...]:
    return (
        Field(f"{key}_name", f"{label}姓名", (label, *_of(persons, ["姓名", "名字", "名"]), *persons)),
        Field(f"{key}_workplace", f"{label}工作单位", _of(persons, _WORKPLACES)),
        Field(f"{key}_phone", f"{label}电话", _of(persons, _PHONE_WORDS)),
    )


LEFT_BEHIND = TableSpec(
    fields=(
        *(each for each in ROSTER.fields if each.key in _FROM_ROSTER),
        Field("home_address", "家庭住址", tuple(_ADDRESSES)),
        *_parent("father", "父亲", ["父亲", "爸爸", "父"]),
        *_parent("mother", "母亲", ["母亲", "妈妈", "母"]),
        Field(
            "kind",
            "留守类型",
            tuple(
                words("留守类别 留守情况 类型 监护类型 父母外出情况 外出情况 父母外出务工情况 留守儿童类型 留守状况")
            ),
        ),
        Field("guardian_name", "监护人姓名", (*_GUARDIANS, *_of(_GUARDIANS, ["姓名", "名字"]))),
        Field(
            "guardian_relation",
            "与学生关系",
            (
                *_of(_GUARDIANS, ["与学生关系", "与孩子关系", "与儿童关系", "关系", "与学生的关系", "与本人关系"]),
                *words("与监护人关系 与受委托人关系 关系 与学生的关系 与孩子关系 与儿童关系 与本人关系 监护关系"),
            ),
        ),
        Field("guardian_age", "监护人年龄", _of(_GUARDIANS, ["年龄", "岁数", "周岁"])),
        Field("guardian_occupation", "监护人职业", _of(_GUARDIANS, ["职业", "工作", "从事职业"])),
        Field(
            "guardian_health",
            "监护人身体状况",
            _of(_GUARDIANS, ["身体状况", "健康状况", "身体情况", "健康情况", "身体", "健康"]),
        ),
        Field("guardian_address", "监护人住址", _of(_GUARDIANS, _ADDRESSES)),
        Field("guardian_phone", "监护人电话", (*_of(_GUARDIANS, _PHONE_WORDS), *_PHONE_WORDS)),
        Field("proxy_parent", "代理家长", words("代理家长姓名 爱心妈妈 帮扶人 结对帮扶人 代理妈妈 代理爸爸")),
        Field("guardianship", "监护情况", words("监护状况 监护评估 监护能力评估 监护质量 监护等级")),
        Field("rural", "户口性质", words("户籍性质 户口类型 户籍类型 户口类别 是否农村户口 农村户口 户籍类别")),
    ),
    required=frozenset({"name"}),
    identifying=frozenset({"student_no", "id_number"}),
    context=frozenset({"grade", "class"}),
    ignored=("序号", "序", "行号", "NO", "顺序", "编号", RETURNED_REMARK),
    closing_total=re.compile(r"^(?:合计|总计|共计)\W*\d+\W*[人名]$"),
)

# --- what the cells of such lists say ----------------------------------------------------------------------

_UNKNOWN = {
    "", "/", "\\", "-", "—", "——", "不详", "不明", "不清", "不知", "不知道", "未知", "未填", "暂无", "暂缺",
    "待补", "待查", "待定", "空", "N/A", "NA", "?", "??",
}  # fmt: skip
_NOTHING = _UNKNOWN | {"无", "没有"}


def known_text(cell: object, *, nothing_counts: bool = False) -> str | None:
    """Return what a cell says, None where it says that nobody knows; 无 is an answer only to some questions."""
    text = clean_text(cell)  # type: ignore[arg-type]  # a cell of any type
    plain = text.replace(" ", "").upper()
    return None if plain in (_UNKNOWN if nothing_counts else _NOTHING) else text


@dataclass(frozen=True, slots=True)
class AwayReading:
    """What a ledger says of who is away; None where it does not say it of that parent."""

    kind: str | None
    father_away: bool | None = None
    mother_away: bool | None = None


_PUNCTUATION = re.compile(r"[\s,;:、，。()（）/.]+")
_AWAY = r"(?:双方|二人|两人|俩人|均|都|长期|常年|在)*(?:外出|在外|外地|务工|打工|外省)"
_UNABLE = re.compile(r"(?:无|没有|缺乏|不具备|丧失|无法)(?:履行)?监护|难以监护|不能监护|监护不力|重病|重残|服刑")
_ONE = re.compile(r"一方|单方|单亲|其中一人|一人" + _AWAY)
_FATHER = re.compile(r"(?:父亲?|爸爸|爸)" + _AWAY)
_MOTHER = re.compile(r"(?:母亲?|妈妈|妈)" + _AWAY)
_BOTH = re.compile(r"(?:父母亲?|双亲|双方|夫妻|爸妈|全家|均|都)" + _AWAY)
_HOME = re.compile(r"(?:在家|未外出|没有外出|无外出|不外出|非留守|未留守)")
_NOT_AWAY = re.compile(r"(?:未|没有?|无|不)外出")


def read_away(cell: object) -> AwayReading:
    """Read who is away: 父母双方外出务工, 父外出，母无监护能力, 单亲外出, 父母在家 … Other words give no kind."""
    text = _PUNCTUATION.sub("", clean_text(cell))  # type: ignore[arg-type]  # a cell of any type
    said = _NOT_AWAY.sub("在家", text)
    father, mother = bool(_FATHER.search(said)), bool(_MOTHER.search(said.replace("父母", "")))
    is_one = bool(_ONE.search(said))
    if not is_one and (bool(_BOTH.search(said)) or (father and mother)):
        return AwayReading("both_away", True, True)
    if father or mother or (is_one and re.search(_AWAY, said)):
        kind = "one_away_other_unable" if _UNABLE.search(said) else "one_away"
        return AwayReading(kind, *((father, mother) if father != mother else (None, None)))
    if _HOME.search(said):
        return AwayReading("none_away", False, False)
    return AwayReading(None)


_GRADES = {
    **dict.fromkeys(("较好", "好", "良好", "优", "良"), "good"),
    **dict.fromkeys(("一般", "中", "中等", "尚可"), "fair"),
    **dict.fromkeys(("差", "较差", "不好"), "poor"),
}


def read_guardianship(cell: object) -> str | None:
    """Return good, fair or poor, None when the cell says none of them."""
    return _GRADES.get(clean_text(cell).replace(" ", ""))  # type: ignore[arg-type]  # a cell of any type


_RURAL = {"农业", "农村", "农业户口", "农村户口", "农业家庭户", "农户", "农", "是"}
_URBAN = {"非农业", "城镇", "非农", "城市", "城镇户口", "非农业户口", "非农业家庭户", "居民", "城市户口", "否"}


def read_rural(cell: object) -> bool | None:
    """Return whether the household is registered as rural."""
    word = clean_text(cell).replace(" ", "")  # type: ignore[arg-type]  # a cell of any type
    return True if word in _RURAL else False if word in _URBAN else None


_AGE = re.compile(r"^(\d{1,3})(?:\.0)?(?:周?岁|多岁)?$")
_MASKED = re.compile(r"^\d{3,14}[*X#]{2,}\d{0,6}[\dX]$")


def read_age(cell: object) -> int | None:
    """Return an age in years: 67, 71岁."""
    found = _AGE.match(clean_text(cell).replace(" ", ""))  # type: ignore[arg-type]  # a cell of any type
    return int(found[1]) if found else None


def read_mask(cell: object) -> str | None:
    """Return an ID number of which only the ends can be read, `*` for each place hidden."""
    text = re.sub(r"[\s\-'‘’`]+", "", clean_text(cell)).upper()  # type: ignore[arg-type]  # a cell of any type
    text = re.sub(r"[×•·]", "*", text)
    return re.sub(r"(?<=\d)[*X#]{2,}", lambda hidden: "*" * len(hidden[0]), text) if _MASKED.match(text) else None


def fits_mask(number: str, mask: str) -> bool:
    """Tell whether an ID number may be the masked one: place by place, or by its ends if places were left out."""
    if len(mask) == len(number):
        return all(shown in ("*", place) for shown, place in zip(mask, number, strict=True))
    head, _, tail = mask.partition("*")
    return number.startswith(head) and number.endswith(tail.lstrip("*"))
