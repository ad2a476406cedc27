"""The numbers of the leadership group's week in words, in one place for page and paper."""

from collections.abc import Mapping
from datetime import date, timedelta

from services.review_numbers import Gap, Number

GAPS: Mapping[Gap, str] = {
    Gap.HELD_BACK: "人少，不显示",
    Gap.NOT_COUNTED: "没有启用",
    Gap.NOT_KEPT: "那一周没有记",
    Gap.NO_WEEK: "没有定格",
    Gap.RUNS: "这周过完才说",
}
HELD_BACK = "有的条款背后不到五个孩子，逾期的没有算进来；按岗位说，不按人说。"
ROOM_HOURS = "辅导室的预约和值班还没有记在这里，开放了几个小时先看门口的登记本。"
MONEY_LEFT = "经费还没有记在这里，还剩多少先问财务。"
MEETING = "议程、决定和纪要还不记在这里：先打印成 Word，定下的事写在那张纸上。"


def number_words(number: Number, unit: str) -> str:
    """11 件; or why there is no number."""
    return GAPS[number] if isinstance(number, Gap) else f"{number:,} {unit}"


def week_words(first_day: date, number: int | None) -> str:
    """第12周（11月16日–22日）; without a number in the holidays."""
    last = first_day + timedelta(days=6)
    month = "" if last.month == first_day.month else f"{last.month}月"
    days = f"{first_day.month}月{first_day.day}日–{month}{last.day}日"
    return f"第{number}周（{days}）" if number else days
