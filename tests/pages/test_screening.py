"""Screening on screen: what is imported, with whom to talk, how far a class is, and what each role sees."""

from datetime import date

import pytest
from sqlmodel import select
from streamlit.testing.v1 import AppTest

from db.tables import AuditEvent, CareRecord, Role, ScreeningAbsence, ScreeningResult
from db.transactions import reading
from services.screening.known import scale_folder
from tests.pages.conftest import OpenPage, World, commit, words_on
from tests.pages.test_import_page import choose, csv, press, show
from tests.services.test_screening_imports import FLAGGED, ROW, URGENT, take

SCORES = ("16", "PHQ-9", "中重度", "建议二级")


@pytest.fixture
def screened(session, world: World) -> None:
    """江小满 is flagged, 霍半夏 is not, of 孟紫苏 there is nothing; brought in by the counsellor."""
    take(
        session, world.staff[Role.COUNSELLOR],
        FLAGGED | {"班级": "七（3）班"}, ROW | {"班级": "七（3）班", "姓名": "霍半夏"},
    )  # fmt: skip
    commit(session)


def kept() -> ScreeningResult:
    with reading() as session:
        return session.exec(select(ScreeningResult).where(ScreeningResult.needs_contact)).one()


def switch(screen: AppTest, view: str) -> AppTest:
    return screen.button_group(key="screening_view").set_value([view]).run()


def test_an_import_says_before_whom_to_talk_with_and_which_consents_are_wanting(open_page: OpenPage, world: World):
    content = csv(
        "江小满,七（3）班,2026-10-12,16,0", "霍半夏,七（3）班,2026-10-12,2,1", "孟紫苏,七（3）班,2026-10-12,2,0",
        header="姓名,班级,测评日期,PHQ-9总分,PHQ-9第9题",
    )  # fmt: skip
    screen = open_page("import_students", world.staff[Role.COUNSELLOR], list="screening")
    choose(screen, "筛查.csv", content)

    assert "3 个孩子没有筛查的知情同意" in words_on(screen)
    assert screen.button(key="import_confirm").label == "确认导入 3 行结果"
    show(screen, "flagged")
    table = screen.dataframe[0].value
    assert list(table["name"]) == ["霍半夏，七（3）班", "江小满，七（3）班"]  # a crisis item outranks every total
    press(screen, "import_confirm")
    assert "导入好了：新增 3 行" in words_on(screen)
    with reading() as session:
        assert len(session.exec(select(ScreeningResult)).all()) == 3


def test_scores_entered_wrongly_count_no_more_once_somebody_has_said_so(open_page: OpenPage, world: World, screened):
    header = "姓名,班级,测评日期,PHQ-9总分,PHQ-9第9题"
    screen = open_page("import_students", world.staff[Role.COUNSELLOR], list="screening")
    choose(screen, "更正.csv", csv("江小满,七（3）班,2026-10-12,3,0", header=header))
    assert "1 行和已经导入的分数不一样" in words_on(screen)

    press(screen, "import_correct_scores")
    show(screen, "changed")
    assert screen.dataframe[0].value.iloc[0][["stored", "new"]].tolist() == ["16 分", "3 分，没有明显症状"]
    press(screen, "import_keep_scores")
    assert "import_confirm" not in [each.key for each in screen.button]
    press(screen, "import_correct_scores")
    press(screen, "import_confirm")

    assert "改动 1" in words_on(screen)
    child = open_page("screening", world.staff[Role.COUNSELLOR], student=world.students[0].id)
    assert "以后来的一份为准" in words_on(child)
    with reading() as session:
        assert session.exec(select(ScreeningResult).where(ScreeningResult.needs_contact)).all() == []


def test_a_list_without_days_is_asked_for_the_day_before_it_is_imported(open_page: OpenPage, world: World):
    header = "姓名,班级,测评日期,PHQ-9总分,PHQ-9第9题"
    screen = open_page("import_students", world.staff[Role.COUNSELLOR], list="screening")
    choose(screen, "有日期.csv", csv("江小满,七（3）班,2026-10-12,2,0", header=header))
    assert "没有写测评日期" not in words_on(screen)

    screen = open_page("import_students", world.staff[Role.COUNSELLOR], list="screening")
    choose(screen, "没日期.csv", csv("江小满,七（3）班,,2,0", "霍半夏,七（3）班,2026-10-12,2,0", header=header))
    assert "1 行没有写测评日期。" in words_on(screen)
    assert "import_confirm" not in [each.key for each in screen.button]
    for wrong, said in ((None, "这一项要填"), (date(2026, 12, 24), "还没到"), (date(1999, 1, 1), "太早了")):
        screen.date_input(key="import_tested_on").set_value(wrong)
        press(screen, "import_date_rows")
        assert said in words_on(screen)
    screen.date_input(key="import_tested_on").set_value(date(2026, 9, 30))
    press(screen, "import_date_rows")
    assert "1 行没有写测评日期。" not in words_on(screen)
    press(screen, "import_confirm")
    with reading() as session:
        assert set(session.exec(select(ScreeningResult.taken_on))) == {date(2026, 9, 30), date(2026, 10, 12)}

    again = open_page("import_students", world.staff[Role.COUNSELLOR], list="screening")
    choose(again, "没日期.csv", csv("江小满,七（3）班,,2,0", "霍半夏,七（3）班,2026-10-12,2,0", header=header))
    # changes nothing, asks nothing
    assert not {"import_confirm", "import_date_rows"} & {each.key for each in again.button}


def test_a_list_of_nobody_but_who_was_away_is_noted_and_taken_back(open_page: OpenPage, world: World):
    content = csv("霍半夏,七（3）班,2026-10-12,缺考,", header="姓名,班级,测评日期,PHQ-9总分,PHQ-9第9题")
    screen = open_page("import_students", world.staff[Role.COUNSELLOR], list="screening")
    choose(screen, "筛查.csv", content)

    assert screen.button(key="import_confirm").label == "记下 1 人没来测"
    press(screen, "import_confirm")
    assert "记下了谁没来测" in words_on(screen)
    with reading() as session:
        assert len(session.exec(select(ScreeningAbsence)).all()) == 1
    press(screen, "import_undo_now")
    assert "记下的没来测会拿掉" in " ".join(each.value for each in screen.text)
    press(screen, "import_undo_confirm")
    with reading() as session:
        assert session.exec(select(ScreeningAbsence)).all() == []


def test_every_row_stands_in_one_count_and_columns_not_taken_are_named(open_page: OpenPage, world: World):
    content = csv(
        "江小满,七（3）班,女,2026-10-12,16,0,", "霍半夏,七（3）班,女,2026-10-12,,,请假",
        "查无此人,七（3）班,男,2026-10-12,2,0,",
        header="姓名,班级,性别,测评日期,PHQ-9总分,PHQ-9第9题,备注",
    )  # fmt: skip
    screen = open_page("import_students", world.staff[Role.COUNSELLOR], list="screening")
    choose(screen, "筛查.csv", content)

    assert "共 3 行：新增 1，改动 0，没变 0，不能导入 1，重复跳过 0，没来测 1" in words_on(screen)
    assert "认出了 5 列，有 2 列不收：性别、备注" in [expander.label for expander in screen.expander]


def test_a_wrong_scale_file_is_said_on_the_page(open_page: OpenPage, world: World):
    scale_folder().mkdir(parents=True, exist_ok=True)
    (scale_folder() / "坏.toml").write_text("code = 3", "utf-8")
    screen = open_page("import_students", world.staff[Role.LEAD], list="screening")
    choose(screen, "筛查.csv", csv("江小满,七（3）班,16", header="姓名,班级,PHQ-9总分"))

    assert "量表文件 坏.toml 用不了" in words_on(screen).replace("\\", "")
    assert not screen.exception


def test_the_talk_is_written_from_home_and_ends_the_line(open_page: OpenPage, world: World, screened: None):
    actor = world.staff[Role.COUNSELLOR]
    home = open_page("home", actor)
    assert "筛查后面谈：江小满，七（3）班" in words_on(home)
    assert not any(score in words_on(home) for score in SCORES)

    row = kept()
    screen = open_page("record", actor, kind="talk", student=row.student_id, screening=row.id)
    screen.text_area(key="record_raised").input("说最近睡不好。").run()
    screen.button(key="record_submit").click().run()

    with reading() as session:
        (record,) = session.exec(select(CareRecord)).all()
        assert session.get_one(ScreeningResult, row.id).contact_id == record.id
    assert "筛查后面谈" not in words_on(open_page("home", actor))


def test_a_record_about_another_child_is_saved_and_the_line_stays(open_page: OpenPage, world: World, screened: None):
    row, other = kept(), world.students[2]
    screen = open_page(
        "record", world.staff[Role.COUNSELLOR], kind="talk", student=other.id, screening=row.id
    )  # fmt: skip
    screen.text_area(key="record_raised").input("说数学难。").run()
    screen.button(key="record_submit").click().run()

    assert not screen.exception
    assert kept().contact_id is None
    with reading() as session:
        assert session.exec(select(CareRecord.student_id)).all() == [other.id]


def test_one_child_s_results_stand_by_time_and_opening_is_noted(open_page: OpenPage, world: World, screened: None):
    screen = open_page("screening", world.staff[Role.LEAD], student=world.students[0].id)

    assert all(word in words_on(screen) for word in ("总分 16", "中重度", "没有同意记录"))
    with reading() as session:
        events = session.exec(select(AuditEvent.action).where(AuditEvent.student_id == world.students[0].id)).all()
    assert events.count("screening.opened") == 1


def test_a_crisis_item_is_said_before_a_level_that_seems_well(open_page: OpenPage, session, world: World):
    mine = {"班级": "七（3）班"}
    take(
        session, world.staff[Role.COUNSELLOR], URGENT | mine, URGENT | mine | {"姓名": "霍半夏", "PHQ-9总分": "没算"},
    )  # fmt: skip
    commit(session)

    screens = [
        open_page("screening", world.staff[Role.LEAD], student=child.id) for child in world.students[:2]
    ]  # fmt: skip
    assert ":red-badge[:material/priority_high: 有紧急提示，总分没有明显症状]" in words_on(screens[0])
    assert ":red-badge[:material/priority_high: 有紧急提示，总分不全，算不出等级]" in words_on(screens[1])
    assert "总分 不全" in words_on(screens[1])
    listed = open_page("screening", world.staff[Role.LEAD], view="results", kind="all")
    assert sorted(listed.dataframe[0].value["level"].map("".join)) == [
        "① 有紧急提示，总分不全，算不出等级", "① 有紧急提示，总分没有明显症状",
    ]  # fmt: skip


def test_a_level_above_the_lowest_has_not_the_sign_of_all_well(open_page: OpenPage, session, world: World):
    mine = {"班级": "七（3）班", "PHQ-9总分": "", "PHQ-9第9题": ""}
    rows = [ROW | mine | {"GAD-7总分": "6"}, ROW | mine | {"姓名": "霍半夏", "GAD-7总分": "2"}]
    take(session, world.staff[Role.COUNSELLOR], *rows)
    commit(session)

    listed = open_page("screening", world.staff[Role.LEAD], view="results", kind="all").dataframe[0].value
    assert dict(zip(listed["child"], listed["level"].map("".join), strict=True)) == {
        "江小满": "○ 轻度", "霍半夏": "✓ 没有明显症状",
    }  # fmt: skip
    assert ":gray-badge[:material/trending_flat: 轻度]" in words_on(
        open_page("screening", world.staff[Role.LEAD], student=world.students[0].id)
    )


def test_the_homeroom_teacher_is_asked_without_a_score(open_page: OpenPage, world: World, screened: None):
    row = kept()
    screen = open_page("screening", world.staff[Role.COUNSELLOR], student=row.student_id)
    screen.button(key=f"screening_homeroom_{row.id}").click().run()

    assert kept().homeroom_asked_at is not None
    homeroom = open_page("screening", world.staff[Role.HOMEROOM])
    assert "请您多留意" in words_on(homeroom)
    assert "江小满" in words_on(homeroom)
    assert not any(score in words_on(homeroom) for score in SCORES)


def test_a_homeroom_teacher_sees_who_has_no_result_and_no_score(open_page: OpenPage, world: World, screened: None):
    actor = world.staff[Role.HOMEROOM]
    for query in ({}, {"student": world.students[0].id}, {"view": "follow"}, {"view": "results"}):
        screen = open_page("screening", actor, **query)
        assert not screen.exception
        assert "有效结果 2 / 3 人" in words_on(screen)
        assert not any(score in words_on(screen) for score in SCORES)
    screen = open_page("screening", actor, **{"class": world.school_class.id})
    assert "孟紫苏：没有结果" in words_on(screen)


def test_leadership_sees_numbers_only(open_page: OpenPage, world: World, screened: None):
    screen = open_page("screening", world.staff[Role.LEADERSHIP], round=1, student=world.students[0].id)

    assert not screen.exception
    assert "不到 5 个孩子的不单独列数" in words_on(screen)
    assert not any(child.name in words_on(screen) for child in world.students)


def test_a_round_is_ended_begun_again_and_opened_once(open_page: OpenPage, world: World, screened: None):
    screen = open_page("screening", world.staff[Role.COUNSELLOR], view="classes")
    screen.button(key="screening_close_ask").click().run()
    screen.button(key="screening_close_form_save").click().run()
    assert "重开这一轮" in [button.label for button in screen.button]
    screen.button(key="screening_reopen").click().run()
    assert "结束这一轮" in [button.label for button in screen.button]
    screen.button(key="screening_open_ask").click().run()
    screen.selectbox(key="screening_open_form_scale").set_value("phq9")
    screen.button(key="screening_open_form_save").click().run()
    assert "这学期这个量表已经有一轮了" in words_on(screen)


def test_results_are_filtered_and_the_list_of_follow_ups_empties(
    session, open_page: OpenPage, world: World, screened: None
):
    actor = world.staff[Role.COUNSELLOR]
    screen = open_page("screening", actor, view="results", kind="all")
    assert sorted(screen.dataframe[0].value["child"]) == ["江小满", "霍半夏"]
    screen = open_page("screening", actor, view="results")
    assert list(screen.dataframe[0].value["child"]) == ["江小满"]

    take(session, actor, URGENT | {"班级": "七（3）班", "姓名": "孟紫苏"})
    commit(session)
    follow = open_page("screening", actor)
    assert words_on(follow).index("孟紫苏") < words_on(follow).index("江小满")
