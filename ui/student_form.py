"""Words of the form about a child."""

from collections.abc import Sequence
from typing import Any

from db.tables import Gender
from services.students import FoundStudent
from ui.forms import shown

LABELS = {
    "name": "姓名", "gender": "性别", "birth_day": "出生日期", "student_no": "学号", "ethnicity": "民族",
    "is_boarding": "住校", "address": "住址", "residence": "户籍所在地", "is_rural": "农村户口",
    "entered_on": "入学", "note": "备注",
}  # fmt: skip
RURAL = {True: "农村", False: "城镇"}


def show_value(field: str, value: Any) -> str:  # any field's value
    """Write a value of the form for the box that shows two versions."""
    return Gender(value).label if field == "gender" and value else shown(value)


def namesake_words(namesakes: Sequence[FoundStudent]) -> str:
    """Warn of children of the same name."""
    others = "、".join(f"{each.class_label}（学号 {each.student_no}）" for each in namesakes)
    return f"还有同名的孩子：{others}。请看看是不是同一个。"
