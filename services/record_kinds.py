"""Kinds of work records in one table: what each asks for, what it must have, what it counts for (F-09, K-01…K-13)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from db.tables import CareChannel, CareKind, CarePlace

WORDS = ("raised", "measures", "effect", "next_step")
"""What is written in words and sealed: 主要情况, 措施, 效果, 下一步."""

PARTS = ("place", "raised", "measures", "effect")
"""Of the six parts of F-09 those that may be missing; a record always has its day and its child."""

FACTS = ("day", "start_time", "minutes", "place", "channel")
"""What rules read."""

LABELS: Mapping[str, str] = {
    "kind": "记什么",
    "day": "哪天",
    "start_time": "几点开始",
    "minutes": "多少分钟",
    "place": "在哪里",
    "channel": "怎么联系的",
    "raised": "主要情况",
    "measures": "怎么做的",
    "effect": "效果怎样",
    "next_step": "下一步",
    "is_done": "做成了没有",
    "not_reached": "为什么没做成",
    "agreed_with_id": "事先和谁说好",
    "helper_id": "替谁记的",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KindSpec:
    """One kind: fields in sight, fields folded away, those that must be filled, and what stands in them at first."""

    asks: tuple[str, ...]
    more: tuple[str, ...] = ()
    requires: frozenset[str] = frozenset({"day", "raised"})
    place: CarePlace | None = None
    channel: CareChannel | None = CareChannel.FACE
    minutes: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    hints: Mapping[str, str] = field(default_factory=dict)
    counts_for: tuple[str, ...] = ()  # what it proves, in words with the clause
    reaches_family: bool = False  # agreed with a head of the care room beforehand, whoever's child it is
    is_restricted: bool = False  # words for author and head of the room only; only the care room's own staff write it
    is_for_groups: bool = False  # asked at once who else was there
    is_for_helpers: bool = True  # may be what somebody without an account did, written down for them
    tells_attempt: bool = False  # that nobody was reached is asked in sight, not folded away

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field it asks for."""
        return self.asks + self.more

    def label(self, name: str) -> str:
        """Return what a field is called for this kind."""
        return self.labels.get(name) or LABELS[name]


_TALK = KindSpec(
    asks=("day", "place", "raised", "measures", "effect"),
    more=("start_time", "minutes", "next_step"),
    labels={"raised": "孩子说了什么，主要情况", "measures": "怎么谈的，答应了什么"},
    hints={"raised": "写事实和孩子的原话。"},
    counts_for=(
        "每学期和每个学生谈心（K-03）",
        "班主任每月和本班留守儿童谈心（K-01），别人谈的不算",
        "谈心记录卡（K-02）",
    ),
)
_FAMILY_WORDS = {"raised": "说了什么，家里的情况", "measures": "给了什么建议", "effect": "家里怎么说"}

KINDS: Mapping[CareKind, KindSpec] = {
    CareKind.TALK: _TALK,
    CareKind.SHORT_TALK: KindSpec(
        asks=("day", "minutes", "place", "raised", "measures"),
        more=("start_time", "effect", "next_step"),
        requires=frozenset({"day", "minutes", "raised"}),
        minutes=15,
        labels={"raised": "孩子说了什么"},
        counts_for=("倾听一刻钟（H-12），满 15 分钟才算",),
    ),
    CareKind.COUNSELLING: KindSpec(
        asks=("day", "start_time", "minutes", "place", "raised", "measures", "effect", "next_step"),
        requires=frozenset({"day", "start_time", "minutes", "place", "raised", "measures"}),
        place=CarePlace.COUNSELLING_ROOM,
        minutes=40,
        labels={"raised": "主要问题", "measures": "评估、分析和做法"},
        counts_for=("个别心理辅导（H-07）",),
        is_restricted=True,
        is_for_helpers=False,
    ),
    CareKind.HOME_VISIT: KindSpec(
        asks=("day", "start_time", "raised", "measures", "effect", "next_step"),
        more=("minutes", "place"),
        place=CarePlace.HOME,
        labels={"raised": "家里的情况，见到谁", "measures": "说了什么，给了什么建议", "effect": "家里的意见"},
        counts_for=(
            "每学期家访（K-05）",
            "班主任每学期去本班留守儿童家（K-04），别人去的不算",
            "了解监护情况（K-06）",
        ),
        reaches_family=True,
        tells_attempt=True,
    ),
    CareKind.CALL: KindSpec(
        asks=("day", "channel", "raised", "measures", "next_step"),
        more=("start_time", "minutes", "effect"),
        place=CarePlace.REMOTE,
        channel=CareChannel.PHONE,
        labels=_FAMILY_WORDS,
        counts_for=("经常和家长联系（K-09）", "代理家长每月联系父母（J-03）"),
        reaches_family=True,
        tells_attempt=True,
    ),
    CareKind.FAMILY_VIDEO: KindSpec(
        asks=("day", "start_time", "minutes", "place", "raised"),
        more=("measures", "effect", "next_step"),
        requires=frozenset({"day"}),
        channel=CareChannel.VIDEO,
        labels={"raised": "和谁视频，孩子怎么样"},
        counts_for=("每周亲情视频（K-10）",),
        reaches_family=True,
        tells_attempt=True,
    ),
    CareKind.FAMILY_CALL: KindSpec(
        asks=("day", "start_time", "minutes", "raised"),
        more=("place", "measures", "effect", "next_step"),
        requires=frozenset({"day"}),
        channel=CareChannel.PHONE,
        labels={"raised": "打给谁，孩子怎么样"},
        counts_for=("亲情电话（K-11）；没法视频的才顶亲情视频",),
        reaches_family=True,
        tells_attempt=True,
    ),
    CareKind.GUARDIAN_NOTICE: KindSpec(
        asks=("day", "channel", "raised", "measures", "effect"),
        more=("start_time", "minutes", "place", "next_step"),
        labels={"raised": "学习、生活、品行、心理各说了什么", "measures": "给了什么建议", "effect": "监护人怎么说"},
        counts_for=("每学期告知监护人（K-08）",),
        reaches_family=True,
        tells_attempt=True,
    ),
    CareKind.HOMEWORK_CHECK: KindSpec(
        asks=("day", "place", "raised", "measures", "effect"),
        more=("start_time", "minutes", "next_step"),
        labels={"raised": "作业情况"},
        counts_for=("代理家长查作业（J-03）",),
    ),
    CareKind.TUTORING: KindSpec(
        asks=("day", "minutes", "place", "raised", "measures", "effect"),
        more=("start_time", "next_step"),
        labels={"raised": "哪一科，哪里不会", "measures": "辅导了什么"},
        counts_for=("一对一学业辅导（I-08）",),
        is_for_groups=True,
    ),
    CareKind.HOMEROOM_EXCHANGE: KindSpec(
        asks=("day", "channel", "raised", "measures", "next_step"),
        more=("start_time", "minutes", "place", "effect"),
        labels={"raised": "孩子最近怎么样", "measures": "商量好怎么做"},
        counts_for=("代理家长每月和班主任交流（J-03）",),
    ),
    CareKind.GROUP_ACTIVITY: KindSpec(
        asks=("day", "minutes", "place", "raised", "effect"),
        more=("start_time", "measures", "next_step"),
        labels={"raised": "做了什么活动"},
        counts_for=("行为引导、团体辅导（H-10）",),
        is_for_groups=True,
    ),
    CareKind.WRITTEN_MESSAGE: KindSpec(
        asks=("day", "raised", "effect"),
        more=("place", "measures", "next_step"),
        channel=CareChannel.WRITTEN,
        labels={"raised": "写了什么", "effect": "孩子的回应"},
        counts_for=("导师书面寄语（J-13）",),
    ),
    CareKind.AID: KindSpec(
        asks=("day", "place", "raised", "measures"),
        more=("effect", "next_step"),
        labels={"raised": "缺什么，给了什么", "measures": "谁给的，谁签收"},
        counts_for=("物资帮扶（I-03）",),
        is_for_groups=True,
    ),
    CareKind.AID_APPLICATION: KindSpec(
        asks=("day", "raised", "measures", "effect", "next_step"),
        more=("place",),
        requires=frozenset({"day", "raised", "measures"}),
        labels={"raised": "为什么要申请", "measures": "向谁申请了什么", "effect": "结果"},
        counts_for=("争取奖助学金、救助（I-27）",),
    ),
    CareKind.PAIR_CHECK: KindSpec(
        asks=("day", "raised", "measures", "effect"),
        more=("start_time", "minutes", "place", "channel", "next_step"),
        labels={"raised": "结对得怎么样，听了谁的", "measures": "提了什么要求", "effect": "孩子有什么变化"},
        counts_for=("每月检查学习帮手的成效（J-18）",),
        is_for_helpers=False,  # it looks at what the helper does
    ),
    CareKind.SICK_CARE: KindSpec(
        asks=("day", "place", "raised", "measures", "effect"),
        more=("start_time", "minutes", "next_step"),
        requires=frozenset({"day", "raised", "measures"}),
        labels={"raised": "哪里不舒服，谁发现的", "measures": "怎么看的病，谁在照看", "effect": "现在怎么样"},
        counts_for=("生病当天有人照看、告知监护人（I-23）",),
    ),
}
"""Every kind. A test keeps it whole."""

RESTRICTED = frozenset(kind for kind, spec in KINDS.items() if spec.is_restricted)
REACHES_FAMILY = frozenset(kind for kind, spec in KINDS.items() if spec.reaches_family)


def count_parts(*parts: object) -> int:
    """Return how many of the six parts of F-09 a record has, which of PARTS has these."""
    return 2 + sum(part is not None for part in parts)
