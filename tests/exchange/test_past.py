"""What schools kept before the program: talks, home visits, the ledger of 四特, in the words and shapes they write."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time

import pytest

from services.exchange.errors import UnreadableFile
from services.exchange.past_records import PastReading, parse_talks, parse_visits
from services.exchange.readings import Kind
from services.exchange.reasons import Reason
from services.exchange.roster_columns import words
from services.exchange.sheets import read_workbook
from services.exchange.special_ledger import SpecialReading, parse_special
from services.exchange.writing import write_rejected
from tests.exchange.makers import TODAY, Grid, xlsx

TALK = words("时间 地点 方式 学生 班级 谈话人 谈话类型 事由 内容 学生反应 效果 后续措施 是否需回访/日期 记录人")
VISIT = words(
    "学生 班级 监护人 电话 家访人1/职务 家访人2/职务 时间 地址 方式 家庭情况 在校表现反馈 沟通内容 家长意见 建档情况 "
    "后续举措 照片 签字"
)
LEDGER = words(
    "序号 班级 姓名 性别 类别 具体表现 等级 发现时间 发现途径 监护人及电话 是否告知家长 责任教师 结对人 帮扶措施 "
    "家访时间 就医情况 变化(升/降/解除) 更新日期"
)


def file(header: Sequence[str], *rows: dict[str, str]) -> bytes:
    lines = [header, *([row.get(column, "") for column in header] for row in rows)]
    return "\n".join(",".join(line) for line in lines).encode()


def talks(*rows: dict[str, str], header: Sequence[str] = TALK) -> PastReading:
    known = {"学生": "江小满", "班级": "七（1）班", "时间": "2025-10-12"}
    data = file(header, *(known | row for row in rows))
    return parse_talks(read_workbook(data, file_name="谈话.csv"), today=TODAY)


def visits(*rows: dict[str, str]) -> PastReading:
    known = {"学生": "江小满", "班级": "七（1）班", "时间": "2025-10-12"}
    data = file(VISIT, *(known | row for row in rows))
    return parse_visits(read_workbook(data, file_name="家访.csv"), today=TODAY)


def ledger(*rows: dict[str, str], header: Sequence[str] = LEDGER) -> SpecialReading:
    known = {"姓名": "江小满", "班级": "七（1）班", "类别": "特殊家庭"}
    data = file(header, *(known | row for row in rows))
    return parse_special(read_workbook(data, file_name="四特.csv"), today=TODAY)


def refused(reading: PastReading | SpecialReading) -> list[Reason]:
    return [each.reason for each in reading.problems if each.kind is Kind.REJECTED]


def test_a_talk_in_the_columns_schools_write():
    (row,) = talks(
        {
            "时间": "2025-10-12 下午2点30", "地点": "德育处", "方式": "当面", "谈话人": "周砚田/班主任",
            "谈话类型": "学业", "事由": "成绩下滑", "内容": "一起排了作息", "学生反应": "点头", "效果": "好些",
            "后续措施": "一周后再看", "是否需回访/日期": "2025-10-20",
        }
    ).rows  # fmt: skip

    assert (row.name, row.grade, row.class_no, row.day, row.start) == ("江小满", 7, 1, date(2025, 10, 12), time(14, 30))
    assert (row.kind, row.place, row.channel, row.author) == ("talk", "office", "face", "周砚田")
    assert row.words == {
        "raised": "成绩下滑\n谈话类型：学业\n地点：德育处\n谈话人：周砚田/班主任",
        "measures": "一起排了作息",
        "effect": "好些\n学生反应：点头",
        "next_step": "一周后再看\n是否需回访/日期：2025-10-20",
    }


def test_columns_in_another_order_with_other_headers_and_unknown_ones_kept():
    header = ["备注", "谈话内容", "谈心日期", "学生姓名", "所在班级", "班主任"]
    row = {"备注": "在校车上", "谈话内容": "想家", "谈心日期": "2025年3月4日", "学生姓名": "江小满", "所在班级": "701"}
    (found,) = talks(row | {"班主任": "周砚田"}, header=header).rows

    assert (found.day, found.author) == (date(2025, 3, 4), "周砚田")
    assert found.words == {"raised": "想家\n备注：在校车上"}


@pytest.mark.parametrize("way", ["心理辅导", "个别咨询", "沙盘"])
def test_counselling_stays_counselling(way):
    (row,) = talks({"方式": way, "内容": "说了家里的事"}).rows

    assert row.kind == "counselling"


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        ("", Reason.PAST_DAY_MISSING),
        ("1900-01-01", Reason.PAST_DAY_UNREADABLE),
        ("2099-01-01", Reason.PAST_DAY_UNREADABLE),
        ("2026-11-23", Reason.PAST_DAY_UNREADABLE),
        ("2025年10月", Reason.PAST_DAY_UNREADABLE),
        ("上学期", Reason.PAST_DAY_UNREADABLE),
    ],
)
def test_a_day_that_cannot_be_is_told(day, reason):
    assert refused(talks({"时间": day, "内容": "想家"})) == [reason]


def test_several_children_in_one_cell_a_cell_without_end_and_a_formula():
    assert refused(talks({"学生": "江小满、霍半夏", "内容": "想家"})) == [Reason.SEVERAL_CHILDREN]
    assert refused(talks({"内容": "长" * 5_001})) == [Reason.PAST_TOO_LONG]
    with pytest.raises(UnreadableFile):
        talks({"内容": "长" * 1_000_000})
    reading = talks({"内容": '=HYPERLINK("http://x")'}, {"学生": "=1+1", "内容": "=cmd|' /C calc'!A0"})
    assert reading.rows[0].words["raised"].startswith("=HYPERLINK")  # a word among words
    assert refused(reading) == [Reason.NAME_UNREADABLE]
    given_back = read_workbook(write_rejected(reading), file_name="没导入的行.xlsx").sheets[0]
    assert any(str(cell).lstrip("'").startswith("=cmd") for row in given_back.rows for cell in row.cells)


def test_words_in_the_column_of_who_did_it_are_words_and_no_name():
    said = "孩子说夜里常常一个人在家"
    named, unnamed, foreign = talks({"谈话人": "周老师"}, {"谈话人": said}, {"谈话人": "阿依·古丽"}).rows

    assert (named.author, unnamed.author, foreign.author) == ("周老师", None, "阿依·古丽")
    assert unnamed.words == {"raised": f"谈话人：{said}"}


def test_a_talk_of_which_only_the_day_is_known_is_taken_with_a_remark():
    reading = talks({})

    assert [row.words for row in reading.rows] == [{}]
    assert [each.reason for each in reading.problems] == [Reason.PAST_WORDS_MISSING]


def test_two_header_rows_titles_and_merged_cells():
    grid: Grid = [
        ["某校谈心谈话记录表", None, None, None, None],
        ["学生信息", None, "谈话情况", None, None],
        ["姓名", "班级", "时间", "内容", "谈话人"],
        ["江小满", "七（1）班", datetime.fromisoformat("2025-10-12T15:20"), "想家", "周砚田"],
        [None, None, date(2025, 10, 19), "好些了", "周砚田"],
        ["填表人：周砚田", None, None, None, None],
    ]
    merged = [("谈话", "A1:E1", "某校谈心谈话记录表"), ("谈话", "A4:A5", "江小满"), ("谈话", "B4:B5", "七（1）班")]
    reading = parse_talks(read_workbook(xlsx({"谈话": grid}, merged=merged), file_name="谈话.xlsx"), today=TODAY)

    assert [(row.name, row.class_no, row.day.day, row.start) for row in reading.rows] == [
        ("江小满", 1, 12, time(15, 20)),
        ("江小满", 1, 19, None),
    ]


def test_a_home_visit_and_what_is_only_a_call():
    reading = visits(
        {
            "监护人": "顾兰亭", "电话": "15400000137", "家访人1/职务": "周砚田", "家访人2/职务": "沈知远/心理教师",
            "地址": "竹溪村2组", "方式": "上门", "家庭情况": "和外婆住", "在校表现反馈": "按时", "沟通内容": "作息",
            "家长意见": "会管", "建档情况": "已建", "后续举措": "再去一次",
        },
        {"方式": "电话", "家庭情况": "都好"},
        {"方式": "线上视频", "家庭情况": "都好"},
    )  # fmt: skip
    visit, call, video = reading.rows

    assert (visit.kind, visit.place, visit.channel, visit.author) == ("home_visit", "home", "face", "周砚田")
    assert visit.words == {
        "raised": "和外婆住\n监护人：顾兰亭\n地址：竹溪村2组\n家访人2/职务：沈知远/心理教师\n建档情况：已建",
        "measures": "作息\n在校表现反馈：按时",
        "effect": "会管",
        "next_step": "再去一次",
    }
    assert "15400000137" not in str(visit.words)  # the contact card has it, and notes who reads it
    assert [(each.kind, each.place, each.channel) for each in (call, video)] == [
        ("call", "remote", "phone"),
        ("call", "remote", "video"),
    ]


def test_a_row_of_the_ledger():
    reading = ledger(
        {
            "类别": "特殊家庭、特殊心理", "具体表现": "父母离异", "等级": "二级", "发现时间": "2025年9月",
            "发现途径": "班级排查", "监护人及电话": "顾兰亭15400000137", "帮扶措施": "每周谈话",
            "变化(升/降/解除)": "升", "更新日期": "2026.3.1",
        }
    )  # fmt: skip
    (row,) = reading.rows

    assert (row.kinds, row.level, row.day, row.found_by) == (
        ("特殊家庭", "特殊心理"), "二级", date(2025, 9, 1), "check_round",
    )  # fmt: skip
    assert (row.ended, row.updated) == (None, date(2026, 3, 1))
    assert row.evidence == "父母离异\n变化(升/降/解除)：升\n帮扶措施：每周谈话"
    assert [each.reason for each in reading.problems] == [Reason.SPECIAL_DAY_MONTH]


def test_kinds_as_ticked_columns_and_what_no_longer_holds():
    header = ["姓名", "班级", "特殊家庭", "特殊心理", "特殊体质", "发现时间", "变化", "更新日期"]
    ticked = {"特殊家庭": "√", "特殊心理": "抑郁倾向", "特殊体质": "否", "类别": ""}
    (row,) = ledger(ticked | {"变化": "已解除", "发现时间": "2024-03-01", "更新日期": "2025-03-01"}, header=header).rows

    assert row.kinds == ("special_family", "special_psychology")
    assert (row.day, row.ended) == (date(2024, 3, 1), date(2025, 3, 1))
    assert row.evidence == "特殊心理：抑郁倾向\n变化：已解除"
    (still,) = ledger({"变化": "未解除"} | ticked, header=header).rows
    assert still.ended is None


def test_a_row_of_the_ledger_that_cannot_be():
    assert refused(ledger({"类别": ""})) == [Reason.SPECIAL_KIND_UNKNOWN]
    assert refused(ledger({"变化(升/降/解除)": "解除"})) == [Reason.SPECIAL_DAYS_MISSING]
    assert refused(ledger({"发现时间": "2099年9月"})) == [Reason.PAST_DAY_UNREADABLE]
    assert refused(ledger({"发现时间": "1900-01-01"})) == [Reason.PAST_DAY_UNREADABLE]
