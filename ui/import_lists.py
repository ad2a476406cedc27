"""The lists that can be imported: how each is read, previewed and written, and the words its page uses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from db.tables import ImportKind
from services.exchange.headers import TableSpec
from services.exchange.left_behind_columns import LEFT_BEHIND
from services.exchange.pairing_columns import PAIRINGS
from services.exchange.past_columns import SPECIAL, TALKS, VISITS
from services.exchange.roster_columns import ROSTER
from services.exchange.screening_columns import screening_spec
from services.left_behind_imports import confirm_left_behind, preview_left_behind, read_left_behind
from services.pairing_imports import confirm_pairings, preview_pairings, read_pairings
from services.past_imports import confirm_past, preview_talks, preview_visits, read_talks, read_visits
from services.screening.known import known_scales
from services.screening_imports import confirm_screening, preview_screening, read_screening
from services.special_imports import confirm_special, preview_special, read_special
from services.student_imports import (
    ImportPreview,
    ImportResult,
    Outcome,
    confirm_import,
    preview_import,
    read_roster,
)


@dataclass(frozen=True)
class ImportWords:
    """What a list is written into, and what one row of it becomes."""

    title: str = "导入名册"
    place: str = "名册"
    unit: str = "人"
    confirm: str = "名学生"
    effect: str = "会改"
    undo: str = "人会从名册里拿掉"
    kept: str = "里面的内容原样留在孩子的资料里"
    back: tuple[str, str, str] = ("看学生名册", "groups", "students")


@dataclass(frozen=True)
class ImportList:
    """One kind of list."""

    kind: ImportKind
    name: str
    hint: str
    spec: Callable[[], TableSpec]
    read: Callable[..., Any]  # readings of rows of each list's own type
    preview: Callable[..., ImportPreview]
    confirm: Callable[..., ImportResult]
    unticked: Outcome  # what becomes of a row matched by name and class that somebody ticked off
    matched_note: str
    words: ImportWords = ImportWords()


def _spec_of_results() -> TableSpec:
    return screening_spec(tuple(known_scales().values()))


_NOT_WRITTEN = "没有学号和身份证号可对，只是姓名和班级一样。去掉勾，这一行就不写。"
_OLD_RECORDS = ImportWords(
    title="导入以前的记录",
    place="工作记录",
    unit="条",
    confirm="条记录",
    effect="会记",
    undo="条记录会拿掉",
    kept="里面的内容写在那条记录的最前面一栏",
)

LISTS: Mapping[ImportKind, ImportList] = {
    each.kind: each
    for each in (
        ImportList(
            ImportKind.STUDENTS,
            "学生名册",
            "表头要有姓名。名册里没有的孩子会新增。",
            lambda: ROSTER,
            read_roster,
            preview_import,
            confirm_import,
            Outcome.NEW,
            "没有学号和身份证号可对，只是姓名和班级一样。去掉勾，就按另一个孩子新增。",
        ),
        ImportList(
            ImportKind.LEFT_BEHIND,
            "留守儿童台账",
            "表头要有姓名，最好有身份证号或班级。只补名册里已有孩子的联系卡、监护人和留守类型，不新增孩子。",
            lambda: LEFT_BEHIND,
            read_left_behind,
            preview_left_behind,
            confirm_left_behind,
            Outcome.CONFLICT,
            "没有学号和完整的身份证号可对，只是姓名和班级一样。去掉勾，这一行就不写。",
        ),
        ImportList(
            ImportKind.SCREENING,
            "筛查结果",
            "表头要有姓名、学号或班级，和量表的分数。只收分数，不收答卷；不新增孩子，也不立个案。",
            _spec_of_results,
            read_screening,
            preview_screening,
            confirm_screening,
            Outcome.CONFLICT,
            "没有学号和身份证号可对，只是姓名和班级一样。去掉勾，这一行就不写。",
            ImportWords(
                title="导入筛查结果",
                place="筛查结果",
                unit="行",
                confirm="行结果",
                effect="会记",
                undo="行结果会拿掉",
                kept="这几列不读",
                back=("看心理筛查", "fact_check", "screening"),
            ),
        ),
        ImportList(
            ImportKind.SPECIAL,
            "四特台账",
            "表头要有姓名、类别，最好有学号或班级、等级、发现时间。只登记名册里已有的孩子，登记着的不会盖掉。",
            lambda: SPECIAL,
            read_special,
            preview_special,
            confirm_special,
            Outcome.CONFLICT,
            _NOT_WRITTEN,
            ImportWords(
                title="导入四特台账",
                place="四特登记",
                unit="行",
                confirm="行台账",
                effect="会登记",
                undo="行登记会拿掉",
                kept="里面的内容写在登记的依据里",
            ),
        ),
        ImportList(
            ImportKind.TALKS,
            "以前的谈话",
            "表头要有姓名、时间，最好有学号或班级、谈话人。每一行记成一条工作记录，标明补录；不新增孩子。",
            lambda: TALKS,
            read_talks,
            preview_talks,
            confirm_past,
            Outcome.CONFLICT,
            _NOT_WRITTEN,
            _OLD_RECORDS,
        ),
        ImportList(
            ImportKind.VISITS,
            "以前的家访",
            "表头要有姓名、时间，最好有学号或班级、家访人。电话、视频的记成电话联系家长，不算家访；标明补录。",
            lambda: VISITS,
            read_visits,
            preview_visits,
            confirm_past,
            Outcome.CONFLICT,
            _NOT_WRITTEN,
            _OLD_RECORDS,
        ),
        ImportList(
            ImportKind.PAIRINGS,
            "结对帮扶",
            "表头要有帮扶人、学生，最好有身份、班级、结对时间。登记帮扶人和结对，不新增孩子；登记着的不会盖掉。",
            lambda: PAIRINGS,
            read_pairings,
            preview_pairings,
            confirm_pairings,
            Outcome.CONFLICT,
            _NOT_WRITTEN,
            ImportWords(
                title="导入结对帮扶",
                place="结对帮扶",
                unit="对",
                confirm="对结对",
                effect="会登记",
                undo="对结对会拿掉，这次登记的帮扶人也一起拿掉",
                kept="里面的内容写在结对内容里",
                back=("看结对帮扶", "diversity_1", "pairing"),
            ),
        ),
    )
}
