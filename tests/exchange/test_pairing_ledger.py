"""Reading pairing ledgers: every row of the sample, and the shapes other schools write."""

import json
from datetime import date
from pathlib import Path

import pytest

from services.exchange.pairing_ledger import parse_pairings, read_fen, read_role
from services.exchange.readings import place_of
from services.exchange.reasons import Reason
from services.exchange.sheets import read_workbook
from tests.exchange.makers import TODAY, xlsx

SAMPLES = Path(__file__).parent / "samples"
HEADER = ["帮扶人", "身份", "学生", "班级", "起止时间", "备注"]
ROW = ["温如璞", "代理家长", "江小满", "七（1）班", "2026.9.1-2027.1.15", None]


def read(data, name="结对.xlsx"):
    return parse_pairings(read_workbook(data, file_name=name), today=TODAY)


def sheet(*rows, header=HEADER, title="七年级", merged=()):
    return read(xlsx({title: [header, *rows]}, merged=merged))


def only(row, **options):
    reading = sheet(row, **options)
    assert not reading.problems, reading.problems
    (found,) = reading.rows
    return found


def fault(row, **options):
    (problem,) = sheet(row, **options).problems
    return problem.reason


def changed(**cells):
    named = dict(zip(("helper", "role", "name", "class", "days", "note"), ROW, strict=True))
    return list((named | cells).values())


def test_the_sample_tells_every_value_of_every_row():
    wanted = json.loads((SAMPLES / "pairing_ledger.xlsx.json").read_text("utf-8"))
    reading = read((SAMPLES / "pairing_ledger.xlsx").read_bytes())
    found = {row.position: row for row in reading.rows}

    assert dict(reading.ignored_rows) == wanted["ignored_rows"]
    for record in wanted["records"]:
        row = found[record["at"]]
        assert (row.helper, row.role, row.start.isoformat()) == (record["helper"], record["role"], record["start"])
        assert (row.end.isoformat() if row.end else None, row.subsidy_fen) == (record["end"], record["subsidy_fen"])


@pytest.mark.parametrize(
    ("written", "start", "end"),
    [
        ("2026.9.1-2027.1.15", date(2026, 9, 1), date(2027, 1, 15)),
        ("2026年9月1日至2027年1月15日", date(2026, 9, 1), date(2027, 1, 15)),
        ("2026-09-01—2026-12-31", date(2026, 9, 1), date(2026, 12, 31)),
        ("2026-09-01-2026-12-31", date(2026, 9, 1), date(2026, 12, 31)),
        ("2026.9—2027.1", date(2026, 9, 1), date(2027, 1, 31)),
        ("2026年9月1日-12月31日", date(2026, 9, 1), date(2026, 12, 31)),
        ("2026年9月1日-1月15日", date(2026, 9, 1), date(2027, 1, 15)),
        ("2026年9月—12月", date(2026, 9, 1), None),
        ("20260901-20270115", date(2026, 9, 1), date(2027, 1, 15)),
        ("2026.9.1至今", date(2026, 9, 1), None),
        ("2026年9月起", date(2026, 9, 1), None),
        ("2026.9.1—", date(2026, 9, 1), None),
        (date(2026, 9, 1), date(2026, 9, 1), None),
    ],
)
def test_both_days_stand_in_one_cell(written, start, end):
    if written == "2026年9月—12月":  # a month alone is no day: better asked than guessed
        assert fault(changed(days=written)) is Reason.PAIR_DAY_UNREADABLE
        return
    row = only(changed(days=written))

    assert (row.start, row.end) == (start, end)


@pytest.mark.parametrize("written", ["2026年秋", "下学期", None, "1998.9.1", "2026.13.1-2027.1.1", "2026.9.1-很久"])
def test_days_nobody_can_read_are_given_back(written):
    assert fault(changed(days=written)) is Reason.PAIR_DAY_UNREADABLE


def test_an_end_before_the_start_is_given_back():
    assert fault(changed(days="2026.9.1-2026.8.1")) is Reason.END_BEFORE_START


@pytest.mark.parametrize(
    ("names", "classes", "wanted"),
    [
        ("江小满、林初雪", "七（1）班", [("江小满", 7, 1), ("林初雪", 7, 1)]),
        ("江小满\n林初雪", "七（1）班\n八（2）班", [("江小满", 7, 1), ("林初雪", 8, 2)]),
        ("江小满（七1班）、林初雪（八（2）班）", None, [("江小满", 7, 1), ("林初雪", 8, 2)]),
        ("701江小满，802 林初雪", None, [("江小满", 7, 1), ("林初雪", 8, 2)]),
        ("江小满 林初雪", "七（1）班", [("江小满", 7, 1), ("林初雪", 7, 1)]),
        ("江 满", "七（1）班", [("江满", 7, 1)]),
        ("阿依·古丽", "七（1）班", [("阿依·古丽", 7, 1)]),
    ],
)
def test_several_children_stand_in_one_cell(names, classes, wanted):
    reading = sheet(changed(name=names, **{"class": classes}))

    assert [(row.name, row.grade, row.class_no) for row in reading.rows] == wanted
    assert [place_of(row.position)[1:] for row in reading.rows] == [(2, nth + 1) for nth in range(len(wanted))]
    assert [row.original[2] for row in reading.rows] == [names if len(wanted) == 1 else name for name, *_ in wanted]


def test_one_child_of_several_is_given_back_alone():
    reading = sheet(changed(name="江小满、林初雪", **{"class": "七（1）班、没有的班"}))
    (problem,) = reading.problems

    assert ([row.name for row in reading.rows], problem.reason) == (["江小满"], Reason.CLASS_UNREADABLE)
    assert (problem.position, problem.name, reading.rejected[0].original[2]) == ("七年级!2.2", "林初雪", "林初雪")


def test_data_rows_of_a_text_file_are_counted_with_several_children_too():
    text = (
        "帮扶人,身份,学生,班级,结对时间\n温如璞,导师,江小满、林初雪,701,2026-09-01\n周砚田,导师,顾兰亭,701,2026-09-01\n"
    )

    assert [row.position for row in read(text.encode(), "结对.csv").rows] == [1, "1.2", 2]


def test_one_helper_merged_over_many_rows_counts_for_each():
    rows = [[None, None, name, "七（1）班", "2026.9.1"] for name in ("江小满", "林初雪", "顾兰亭")]
    reading = sheet(*rows, header=HEADER[:5], merged=[("七年级", "A2:A4", "温如璞"), ("七年级", "B2:B4", "导师")])

    assert [(row.helper, row.role, row.name) for row in reading.rows] == [
        ("温如璞", "mentor", name) for name in ("江小满", "林初雪", "顾兰亭")
    ]


def test_the_role_may_stand_in_the_title_or_over_the_helpers():
    header = ["代理家长姓名", "学生姓名", "班级", "结对时间"]
    row = ["温如璞", "江小满", "七（1）班", "2026-09-01"]
    titled = read(xlsx({"S": [["爱心妈妈结对登记表"], ["帮扶人", "学生姓名", "班级", "结对时间"], row]}))

    assert only(row, header=header).role == "proxy_parent"
    assert [each.role for each in titled.rows] == ["love_mother"]
    assert fault(row, header=["帮扶人", *header[1:]]) is Reason.ROLE_UNKNOWN


@pytest.mark.parametrize(
    ("written", "role"),
    [
        ("代理家长（教师）", "proxy_parent"),
        ("临时爸爸", "proxy_parent"),
        ("全员导师", "mentor"),
        ("爱心守护员", "guardian_angel"),
        ("党员", "party_cadre"),
        ("手拉手伙伴", "buddy"),
        ("学习帮手", "excellent_student"),
        ("七年级其他学生家长", "peer_parent"),
        ("大学生志愿者", "volunteer"),
        ("其他", None),
        ("热心人士", None),
        ("导师兼代理家长兼爱心妈妈", None),
        ("导师、代理家长", None),  # 导师 alone is no part of a word, but it is one of two said here
        ("党员/导师", None),
        ("临时爸爸、代理家长", "proxy_parent"),
    ],
)
def test_roles_in_the_words_of_schools(written, role):
    assert read_role(written) == role


@pytest.mark.parametrize(
    ("written", "fen"),
    [
        ("300", 30000),
        (300.0, 30000),
        ("¥1,280.50", 128050),
        ("300元/学期", 30000),
        ("0.03万", 30000),
        ("1,234,567", 123456700),
        ("约500", None),
        ("300/月", None),
        ("每年600元", None),
        ("300元/年", None),
        ("1,00,00", None),
    ],
)
def test_money_is_read_exactly(written, fen):
    assert read_fen(written) == fen


def test_a_telephone_beside_the_helper_is_parted_from_the_name():
    row = only(changed(helper="温如璞（电话15400000211）"))

    assert (row.helper, row.phone) == ("温如璞", "15400000211")


@pytest.mark.parametrize(
    ("helper", "reason"), [(None, Reason.HELPER_MISSING), ("温如璞、周砚田", Reason.SEVERAL_HELPERS)]
)
def test_a_row_names_one_helper(helper, reason):
    assert fault(changed(helper=helper)) is reason


def test_what_no_field_takes_is_kept_with_the_words():
    row = only(changed(note="每周一次电话", days="2026.9.1-2026.10.8"))

    assert (row.content, row.why_ended) == ("备注：每周一次电话", "done")
    assert only(changed(note="孩子转学", days="2026.9.1-2026.10.8")).why_ended == "child_left"
