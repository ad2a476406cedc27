"""Results of screenings: the sample row by row, the scale files, and the shapes other schools send."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.exchange.errors import NoScaleFound, NoTableFound
from services.exchange.headers import canonical
from services.exchange.reasons import Reason, sentence
from services.exchange.screening import ScreeningReading, parse_screening
from services.exchange.screening_columns import screening_spec
from services.exchange.sheets import read_workbook
from services.exchange.writing import write_rejected
from services.screening.scale_files import SHIPPED, all_scales, read_scale, shipped_scales, specific_words
from services.screening.scales import Colour, Scale, ScaleFileWrong, Scores, judge

SAMPLES = Path(__file__).parent / "samples"
TODAY = date(2026, 11, 22)
MHT = [
    "学习焦虑", "对人焦虑", "孤独倾向", "自责倾向", "过敏倾向", "身体症状", "恐怖倾向", "冲动倾向",
]  # fmt: skip


def read(rows: list[list[str]], name: str = "筛查.csv", **options: Any) -> ScreeningReading:
    text = "\n".join(",".join(row) for row in rows)
    workbook = read_workbook(text.encode(), file_name=name)
    return parse_screening(workbook, scales=options.pop("scales", shipped_scales()), today=TODAY, **options)


def reasons(reading: ScreeningReading) -> list[str]:
    return [problem.reason.value for problem in reading.problems]


# --- the sample ---


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / "screening_mht.xlsx.json").read_text("utf-8"))
    return found


def test_every_row_of_the_sample_is_read(expected: dict[str, Any]) -> None:
    data = (SAMPLES / "screening_mht.xlsx").read_bytes()
    reading = parse_screening(read_workbook(data, file_name="screening_mht.xlsx"), scales=shipped_scales(), today=TODAY)
    rows = {row.position: row for row in reading.rows}

    assert dict(reading.ignored_rows) == expected["ignored_rows"]
    assert len(reading.absent) == expected["ignored_rows"]["not_tested_rows"]
    assert [table.unknown for table in reading.tables if table.unknown] == []
    for record in expected["records"]:
        (read_,) = rows[record["at"]].results
        named = {each.name: score for each in read_.scale.subscales for code, score in read_.scores.subscales
                 if code == each.code}  # fmt: skip
        assert (read_.scores.total, read_.scores.validity, named, str(rows[record["at"]].day)) == (
            record["total"],
            record["validity"],
            record["subscales"],
            record["date"],
        )


# --- scale files ---


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_a_scale_file_is_whole(path: Path) -> None:
    scale = read_scale(path.name, path.read_bytes())

    assert scale.code == path.stem
    assert scale.levels[0].from_score == scale.total.least
    for level in scale.levels:
        assert scale.level_of(level.from_score) is level
        assert all(scale.level_called(word) is level for word in (level.name, *level.words))
    for each in scale.subscales:
        assert each.high is None or each.span.holds(each.high)
    worst = judge(scale, Scores(total=scale.total.most))
    assert worst.level is scale.levels[-1]
    assert worst.needs_contact
    if scale.items and scale.items.danger:
        calm = Scores(total=scale.total.least, items=((scale.items.danger[0], scale.items.danger_from),))
        assert judge(scale, calm).is_urgent
        assert judge(scale, calm).rank == Colour.RED.rank


def test_no_two_scales_share_a_column() -> None:
    words = Counter(
        word for scale in shipped_scales().values() for word in {canonical(each) for each in specific_words(scale)}
    )

    assert [word for word, times in words.items() if times > 1] == []
    labels = screening_spec(tuple(shipped_scales().values())).labels
    assert len(set(labels.values())) == len(labels)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("from = 56", "from = 66"), "从低到高"),
        (('colour = "yellow"', 'colour = "pink"'), "colour只能是"),
        (("void_from = 7", "void_from = 17"), "void_from"),
        (("danger = [85, 97]", "danger = [85, 98]"), "没有的题号"),
        (("high = 8", "high = 80"), "high 不在"),
        (("most = 90", 'most = "九十"'), "不是数字"),
        (("most = 90", "most = nan"), "不是数字"),
        (('code = "mht"', 'code = "心理"'), "只能用字母"),
        (('code = "people"', 'code = "study"'), "同一个 code"),
        (('is = "sum"', 'is = "guess"'), "只能是 sum"),
        (("[total]", "[totals]"), "不认识"),
        (("least = 0", "least = 0\nleast = 1"), "写法不对"),
        (("from = 0\n", "from = 3\n"), "最低分开始"),
    ],
)
def test_a_wrong_scale_file_is_refused_in_one_sentence(change: tuple[str, str], said: str) -> None:
    text = (SHIPPED / "mht.toml").read_text("utf-8")
    assert change[0] in text

    with pytest.raises(ScaleFileWrong) as refused:
        read_scale("本校.toml", text.replace(*change).encode())
    assert str(refused.value).startswith("量表文件 本校.toml 用不了：")
    assert said in str(refused.value)


def test_a_school_s_own_file_stands_beside_ours_and_must_differ(tmp_path: Path) -> None:
    text = (SHIPPED / "own.toml").read_text("utf-8")
    (tmp_path / "wangshu.toml").write_text(text.replace('code = "own"', 'code = "wangshu"'), "utf-8")
    with pytest.raises(ScaleFileWrong, match="已经是本校问卷的列名"):
        all_scales(tmp_path)

    mended = text.replace('code = "own"', 'code = "wangshu"').replace("本校问卷", "望舒问卷")
    for word in ("校本问卷", "校本量表", "自编问卷", "自编量表", "危机题", "自伤题"):
        mended = mended.replace(word, f"望舒{word}")
    (tmp_path / "wangshu.toml").write_text(mended, "utf-8")
    assert all_scales(tmp_path).keys() == shipped_scales().keys() | {"wangshu"}


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_scale_or_one_sentence(content: bytes) -> None:
    sentence = "量表文件 x.toml 用不了："
    try:
        assert isinstance(read_scale("x.toml", content), Scale)
    except ScaleFileWrong as error:
        sentence = str(error)
    assert sentence.startswith("量表文件 x.toml 用不了：")


# --- what a result says ---


def test_a_crisis_item_outranks_every_total_and_a_void_result() -> None:
    phq9, mht = shipped_scales()["phq9"], shipped_scales()["mht"]

    calm = judge(phq9, Scores(total=1, items=((9, 1),)))
    assert (calm.is_urgent, calm.rank, calm.level and calm.level.code) == (True, 3, "none")
    void = judge(mht, Scores(total=20, validity=9, items=((97, 1),)))
    assert (void.is_valid, void.is_urgent, void.needs_contact) == (False, True, True)
    assert not judge(mht, Scores(total=80, validity=9)).needs_contact


def test_a_single_high_subscale_is_named_and_asks_for_nobody() -> None:
    found = judge(shipped_scales()["mht"], Scores(total=34, validity=1, subscales=(("body", 8), ("study", 7))))

    assert [each.name for each in found.high] == ["身体症状"]
    assert (found.needs_contact, found.rank) == (False, 0)


# --- shapes ---


def test_two_scales_stand_in_one_sheet_in_any_order() -> None:
    reading = read([
        ["GAD-7总分", "班级", "PHQ-9第9题", "姓名", "PHQ-9总分", "抑郁程度"],
        ["4", "701", "0", "江小满", "6", "轻度"],
        ["16", "七（1）班", "2", "霍半夏", "3", "轻度"],
        ["", "701", "", "陆青黛", "21", ""],
        ["缺考", "701", "", "方惊蛰", "", ""],
    ])  # fmt: skip
    found = [{each.scale.code: each.judgement for each in row.results} for row in reading.rows]

    assert [sorted(each) for each in found] == [["gad7", "phq9"], ["gad7", "phq9"], ["phq9"]]
    assert (found[1]["phq9"].is_urgent, found[1]["gad7"].level.name) == (True, "重度")
    assert found[2]["phq9"].is_urgent
    assert [row.name for row in reading.absent] == ["方惊蛰"]
    assert reasons(reading) == ["test_day_missing"] * 3


def test_items_make_the_total_and_must_agree_with_it() -> None:
    header = ["姓名", "班级", *(f"PHQ-9第{n}题" for n in range(1, 10)), "PHQ-9总分"]
    answers = ["1"] * 9
    summed = read([header[:-1], ["江小满", "701", *answers]]).rows[0].results[0]
    assert summed.scores.total == 9
    assert summed.judgement.danger == (9,)

    calm = [*answers[:-1], "0"]
    assert reasons(read([header, ["江小满", "701", *calm, "7"]])) == ["total_mismatch"]
    assert reasons(read([header, ["江小满", "701", *answers[:-1], "", "8"]]))[:1] == ["test_day_missing"]
    assert reasons(read([header, ["江小满", "701", "4", *calm[1:], "11"]])) == ["score_out_of_range"]


@pytest.mark.parametrize(
    ("cells", "reason", "total"),
    [
        (["2026-10-12", *"111_11113", ""], Reason.SCORE_MISSING, None),
        (["2026-10-12", *"111_11113", "17"], Reason.TEST_DAY_MISSING, 17),  # no fault: the total tells what is blank
        (["2026-10-12", *"111111113", "10"], Reason.TOTAL_MISMATCH, None),
        (["2026-10-12", *"111911113", "99"], Reason.SCORE_OUT_OF_RANGE, None),
        (["十月", *"111111113", "11"], Reason.TEST_DAY_UNREADABLE, 11),
    ],
)
def test_a_crisis_item_is_taken_whatever_else_is_wrong_in_its_row(
    cells: list[str], reason: Reason, total: float | None
) -> None:
    header = ["姓名", "班级", "测评日期", *(f"PHQ-9第{n}题" for n in range(1, 10)), "PHQ-9总分"]
    reading = read([header, ["江小满", "701", *(cell.replace("_", "") for cell in cells)]])

    ((found,),) = (row.results for row in reading.rows)
    assert (found.judgement.danger, found.judgement.is_urgent, found.scores.total) == ((9,), True, total)
    assert (found.judgement.level is None) == (total is None)  # no level of a total that can't be trusted
    assert reading.rejected == []
    assert (reason.value in reasons(reading)) == (reason is not Reason.TEST_DAY_MISSING)


@pytest.mark.parametrize("typed", ["", "没算", "<script>"])
@pytest.mark.parametrize("scale", ["phq9", "own"])
def test_a_crisis_item_alone_makes_no_total(scale: str, typed: str) -> None:
    headers = {"phq9": ["PHQ-9总分", "PHQ-9第9题"], "own": ["本校问卷总分", "危机题"]}[scale]
    reading = read([["姓名", "班级", "测评日期", *headers], ["江小满", "701", "2026-10-12", typed, "1"]])

    ((found,),) = (row.results for row in reading.rows)
    assert (found.scores.total, found.judgement.level, found.judgement.rank) == (None, None, 3)
    (problem,) = reading.problems
    assert (problem.reason, problem.header, problem.value) == (Reason.SCORE_MISSING, headers[0], typed)
    assert (f"写的是“{typed}”" if typed else "没有填") in sentence(problem.reason, problem.value)


@pytest.mark.parametrize("answer", ["", "4", "x", "0"])
def test_a_row_whose_crisis_item_says_nothing_is_given_back(answer: str) -> None:
    header = ["姓名", "班级", *(f"PHQ-9第{n}题" for n in range(1, 10))]
    reading = read([header, ["江小满", "701", *["1"] * 7, "", answer]])

    assert (len(reading.rows), len(reading.rejected)) == (0, 1)


def test_what_only_says_total_belongs_to_the_scale_its_title_names() -> None:
    rows = [["七年级 GAD-7 测评结果"], ["姓名", "班级", "总分"], ["江小满", "701", "11"]]
    (found,) = read(rows).rows[0].results
    assert (found.scale.code, found.judgement.level.name) == ("gad7", "中度")

    assert read(rows[1:], name="PHQ-9结果.csv").rows[0].results[0].scale.code == "phq9"
    with pytest.raises(NoScaleFound) as refused:
        read(rows[1:])
    assert refused.value.candidates[0].headers == ("姓名", "班级", "总分")
    chosen = read(rows[1:], corrections={("筛查", 2): "phq9.total"})
    assert chosen.rows[0].results[0].scale.code == "phq9"


def test_one_column_called_depression_makes_no_scale_of_ten_factors() -> None:
    with pytest.raises(NoScaleFound):
        read([["姓名", "班级", "抑郁"], ["江小满", "701", "3"]])
    with pytest.raises(NoTableFound):
        read([["甲", "乙"], ["1", "2"]])


def test_means_keep_their_decimals() -> None:
    mssmhs = shipped_scales()["mssmhs"]
    header = ["姓名", "班级", *(each.name for each in mssmhs.subscales), "总均分"]
    scores = ["1.83", "2", "3.17", *["1.5"] * 7]
    (found,) = read([header, ["江小满", "701", *scores, "1.75"]]).rows[0].results

    assert (found.scores.total, found.judgement.level.code) == (1.75, "none")
    assert [each.name for each in found.judgement.high] == ["敌对"]
    assert reasons(read([header, ["江小满", "701", *scores, "1.9"]])) == ["total_mismatch"]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["2026-10-12", "3", *["4"] * 8, "32"], None),
        (["2026-10-12", "3", *["4"] * 8, "32.5"], Reason.SCORE_OUT_OF_RANGE),
        (["2026-10-12", "3", *["4"] * 7, "11", "39"], Reason.SCORE_OUT_OF_RANGE),
        (["2027-10-12", "3", *["4"] * 8, "32"], Reason.TEST_DAY_AHEAD),
        (["1926-10-12", "3", *["4"] * 8, "32"], Reason.TEST_DAY_UNREADABLE),
        (["十月", "3", *["4"] * 8, "32"], Reason.TEST_DAY_UNREADABLE),
        (["2026-10-12", "", *["4"] * 8, "32"], Reason.SCORE_MISSING),
        (["2026-10-12", "3", *["4"] * 8, "３２分"], None),
    ],
)
def test_a_faulty_row_is_given_back_with_its_reason(cells: list[str], reason: Reason | None) -> None:
    header = ["姓名", "班级", "测评日期", "效度量表", *MHT, "总分"]
    reading = read([header, ["江小满", "701", *cells]])

    assert [problem.reason for problem in reading.problems] == ([reason] if reason else [])
    assert len(reading.rejected) == (reason is not None)


def test_every_wrong_score_of_a_row_is_named_on_screen_and_in_the_file_to_mend() -> None:
    header = ["姓名", "班级", "测评日期", "PHQ-9总分", "PHQ-9第9题", "GAD-7总分"]
    reading = read(
        [header, ["白磁安", "901", "2026-10-12", "50", "0", "99"], ["孟雨水", "901", "2026-10-12", "x", "0", "99"]]
    )

    found = [(each.header, each.reason, each.value) for each in reading.problems]
    assert found == [
        ("GAD-7总分", Reason.SCORE_OUT_OF_RANGE, "99"), ("PHQ-9总分", Reason.SCORE_OUT_OF_RANGE, "50"),
        ("GAD-7总分", Reason.SCORE_OUT_OF_RANGE, "99"), ("PHQ-9总分", Reason.SCORE_MISSING, "x"),
    ]  # fmt: skip
    assert len(reading.rejected) == 2
    (sheet,) = read_workbook(write_rejected(reading), file_name="没导入的行.xlsx").sheets
    told = [str(row.cells[-1]) for row in sheet.rows[1:]]
    assert all("PHQ-9总分：" in each and "GAD-7总分：" in each for each in told)
    assert "写的是“x”" in told[1]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(min_value=-2, max_value=16), min_size=9, max_size=9), st.integers(-1, 95))
def test_what_is_taken_lies_inside_its_scale_and_adds_up(scores: list[int], total: int) -> None:
    header = ["姓名", "班级", "效度量表", *MHT, "总分"]
    reading = read([header, ["江小满", "701", *map(str, scores), str(total)]])

    fits = 0 <= scores[0] <= 10 and sum(scores[1:]) == total
    fits = fits and all(
        each.span.holds(score) for each, score in zip(shipped_scales()["mht"].subscales, scores[1:], strict=True)
    )
    assert len(reading.rows) == fits
    assert len(reading.rejected) == (not fits)


@pytest.mark.parametrize("typed", ["abc", "十六", "偏高", "66?", "没算", "高危"])
def test_a_score_nobody_can_read_is_shown_and_not_taken_for_a_child_who_was_away(typed: str) -> None:
    header = ["姓名", "班级", "GAD-7总分", "PHQ-9总分"]

    found = read([header, ["江一", "三（1）班", typed, ""], ["江二", "三（1）班", typed, "4"]])

    assert found.absent == found.rows == []
    assert [(each.position, each.reason) for each in found.rejected] == [(1, "score_missing"), (2, "score_missing")]


@pytest.mark.parametrize(
    "typed", ["缺考", "未测", "没来", "病假", "请假（事）", "已转学", "免测", "——", "/", "无", "N/A", "不在校", " "]
)
def test_words_for_who_was_away_are_no_scores(typed: str) -> None:
    header = ["姓名", "班级", "GAD-7总分", "PHQ-9总分"]

    found = read([header, ["江一", "三（1）班", typed, ""], ["江二", "三（1）班", typed, "4"]])

    assert [row.name for row in found.absent] == ["江一"]
    assert [[each.scale.code for each in row.results] for row in found.rows] == [["phq9"]]
    assert found.rejected == []


def test_a_fault_is_told_by_its_row_of_the_file_though_children_before_were_not_tested() -> None:
    rows = [["姓名", "班级", "MHT总分"], ["江一", "三（1）班", "缺考"], ["江二", "三（1）班", "30"]]
    rows += [["江三", "三（1）班", "缺考"], ["江四", "三（1）班", "-5"]]

    found = read(rows)

    assert [each.position for each in found.rows] == [2]
    assert [each.position for each in found.rejected] == [4]
