"""Importing a roster on its page: what is shown of it, confirming, mending, taking back."""

import json
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
import python_calamine as calamine
from sqlmodel import func, select
from streamlit.testing.v1 import AppTest

from db.tables import ImportBatch, ImportKind, LeftBehindKind, Role, Student, StudentCategory
from db.transactions import reading, transaction
from services.exchange.errors import (
    ArchiveTooLarge,
    DamagedFile,
    EmptyFile,
    FileTooLarge,
    NotASpreadsheet,
    PasswordProtected,
)
from services.exchange.readings import Kind
from services.exchange.refusals import refusal_sentence
from services.exchange.writing import write_xlsx
from services.student_entries import StudentEntry
from services.student_imports import confirm_import, preview_import, read_roster
from services.students import change_student
from tests.exchange.makers import packed
from tests.exchange.test_sheets import renamed
from tests.pages.conftest import OpenPage, World, words_on
from tests.services.intake_makers import register
from ui import import_state
from ui.formats import plain
from ui.import_lists import LISTS
from ui.import_words import place_words
from ui.session import NOT_FOR_YOU

SAMPLES = Path(__file__).resolve().parents[1] / "exchange" / "samples"
ROSTERS = ["roster_grade_messy.xlsx", "roster_large.csv"]
HEADER = "学号,姓名,性别,出生日期,身份证号,班级,监护人姓名,与学生关系,监护人电话,校车线路"
CHILD = "S1001,江小满,女,2013-05-21,,七（1）班,江远,父亲,15400831469,3 号线"


_PROBLEM = re.compile(
    r"(?:\*\*(?P<name>.+?)\*\* )?:small\[:gray\[(?P<place>(?:.*，)?第 [\d,]+ 行)，"
    r"(?P<column>[^：]*)：(?P<value>.*)\]\]  \n(?P<reason>.+)"
)


def csv(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows]).encode()


def choose(screen: AppTest, name: str, content: bytes) -> AppTest:
    screen.file_uploader[0].set_value((name, content, "application/octet-stream"))
    return screen.run()


def press(screen: AppTest, key: str) -> AppTest:
    screen.button(key=key).click().run()
    assert not screen.exception
    return screen


def opened(open_page: OpenPage, world: World, name: str, content: bytes) -> AppTest:
    return choose(open_page("import_students", world.staff[Role.LEAD]), name, content)


def imported(open_page: OpenPage, world: World, name: str, content: bytes) -> AppTest:
    return press(opened(open_page, world, name, content), "import_confirm")


def children() -> int:
    with reading() as session:
        return session.exec(select(func.count()).select_from(Student)).one()


def show(screen: AppTest, view: str) -> list[dict[str, str]]:
    """Open one of the lists and return the rows of its table."""
    screen.session_state["import_view"] = view
    screen.run()
    assert not screen.exception
    if view in ("rejected", "warnings", "duplicates"):
        found = [_PROBLEM.fullmatch(each.value.replace("\\", "")) for each in screen.markdown]
        return [match.groupdict(default="") for match in found if match]
    return screen.dataframe[0].value.to_dict("records") if screen.dataframe else []


@pytest.mark.parametrize("name", ROSTERS)
def test_the_counts_on_screen_are_those_of_the_samples(open_page: OpenPage, claimed, term, make_user, name):
    expected = json.loads((SAMPLES / f"{name}.json").read_text())
    screen = open_page("import_students", make_user(Role.LEAD))

    choose(screen, name, (SAMPLES / name).read_bytes())

    assert not screen.exception
    assert (
        f"共 {expected['data_rows']:,} 行：新增 {expected['imported']:,}，改动 0，没变 0，"
        f"不能导入 {expected['rejected']:,}，重复跳过 {expected['duplicates_skipped']:,}"
    ) in words_on(screen)
    assert screen.button(key="import_confirm").label == f"确认导入 {expected['imported']:,} 名学生"

    press(screen, "import_confirm")

    assert f"导入好了：新增 {expected['imported']:,} 人，改动 0 人" in words_on(screen)
    assert children() == expected["imported"]
    with reading() as session:
        assert session.exec(select(ImportBatch)).one().created_count == expected["imported"]


def test_rows_that_cannot_be_taken_are_named_and_no_number_is_shown_whole(open_page: OpenPage, world: World):
    name = ROSTERS[0]
    expected = json.loads((SAMPLES / f"{name}.json").read_text())
    screen = opened(open_page, world, name, (SAMPLES / name).read_bytes())
    seen = []
    for page in (1, 2, 3):
        screen.session_state["import_page_rejected"] = page
        seen += show(screen, "rejected")

    rejected = {position for positions in expected["rejected_at"].values() for position in positions}
    assert {row["place"] for row in seen} == {place_words(position) for position in rejected}
    assert not [row for row in seen if any(len(part) > 11 for part in row["value"].split("*"))]
    assert {"column": "身份证号", "value": "3299**********7407"}.items() <= seen[0].items()


def test_every_row_to_look_at_names_the_child_as_the_file_does(open_page: OpenPage, world: World):
    content = csv(CHILD, "S1002,霍半夏,男,2013-02-03,,,,,,", "S1003,,女,2013-02-03,,七（1）班,,,,")

    screen = opened(open_page, world, "名册.csv", content)

    assert [(row["place"], row["name"]) for row in show(screen, "rejected")] == [("第 2 行", "霍半夏"), ("第 3 行", "")]


def test_what_to_look_at_can_be_had_before_and_after_confirming(open_page: OpenPage, world: World):
    name = ROSTERS[0]
    screen = opened(open_page, world, name, (SAMPLES / name).read_bytes())
    shown = show(screen, "warnings")
    assert shown[0]["name"]
    assert "import_warnings_before" in {each.key for each in screen.get("download_button")}
    view = screen.session_state[import_state._TAKEN].view
    expected = [(place_words(each.position), each.name) for each in view.problems(Kind.WARNING)]

    press(screen, "import_confirm")

    assert f"要留意 {len(expected)} 处" in words_on(screen)
    assert "import_warnings_after" in {each.key for each in screen.get("download_button")}
    content = BytesIO(screen.session_state[import_state._DONE].warnings_file)
    columns, *rows = calamine.CalamineWorkbook.from_object(content).get_sheet_by_index(0).to_python()
    assert columns == ["在哪里", "姓名", "班级", "栏", "文件里写着", "为什么，怎么改"]
    assert [(row[0], row[1]) for row in rows] == expected
    assert all(row[2] and row[5] for row in rows)
    assert not [row for row in rows if any(len(part) > 11 for part in re.findall("[0-9Xx]+", str(row[4])))]


def test_the_rejected_rows_are_imported_again_after_mending(open_page: OpenPage, world: World):
    content = csv(CHILD, "S1002,霍半夏,男,2013-02-03,,,,,,", "S1003,孟紫苏,,2013-02-03,,七（1）班,,,,")
    screen = imported(open_page, world, "名册.csv", content)
    assert "不能导入 2" in words_on(screen)
    returned = BytesIO(screen.session_state[import_state._DONE].rejected_file)
    columns, *rows = calamine.CalamineWorkbook.from_object(returned).get_sheet_by_index(0).to_python()
    rows[0][columns.index("班级")] = "七（2）班"
    rows[1][columns.index("性别")] = "女"
    mended = write_xlsx(rows, columns, sheet_name="名册")
    before = children()

    press(screen, "import_again")
    choose(screen, "没导入的行.xlsx", mended)

    assert "共 2 行：新增 2，改动 0，没变 0，不能导入 0" in words_on(screen)
    press(screen, "import_confirm")
    assert children() == before + 2


def test_the_same_file_twice_changes_nothing(open_page: OpenPage, world: World):
    screen = imported(open_page, world, "名册.csv", csv(CHILD))
    press(screen, "import_again")

    choose(screen, "名册.csv", csv(CHILD))

    assert "新增 0，改动 0，没变 1" in words_on(screen)
    assert "和名册里的一样，没有要写的。" in words_on(screen)
    assert "import_confirm" not in {button.key for button in screen.button}


def test_changes_stand_field_by_field_with_the_telephone_masked(open_page: OpenPage, world: World):
    screen = imported(open_page, world, "名册.csv", csv(CHILD))
    press(screen, "import_again")

    choose(screen, "名册.csv", csv(CHILD.replace("15400831469", "15460088503").replace("2013-05-21", "2013-05-22")))

    assert [(row["field"], row["stored"], row["new"]) for row in show(screen, "changed")] == [
        ("出生日期", "2013-05-21", "2013-05-22"),
        ("父亲电话", "154****1469", "154****8503"),
    ]


def test_a_child_known_by_name_and_class_only_can_be_ticked_off(open_page: OpenPage, world: World):
    row = "江小满,男,2013-05-21,七（3）班"
    screen = opened(open_page, world, "名册.csv", csv(row, header="姓名,性别,出生日期,班级"))
    assert "新增 0，改动 1" in words_on(screen)
    show(screen, "matched")
    (box,) = screen.checkbox
    assert box.value is True

    box.uncheck().run()

    assert "新增 1，改动 0" in words_on(screen)
    assert screen.checkbox[0].value is False
    before = children()
    press(screen, "import_confirm")
    assert children() == before + 1


def test_all_matches_are_ticked_off_and_on_at_once(open_page: OpenPage, world: World):
    rows = [f"{child.name},男,2013-05-21,七（3）班" for child in world.students]
    screen = opened(open_page, world, "名册.csv", csv(*rows, header="姓名,性别,出生日期,班级"))
    show(screen, "matched")

    press(screen, "import_tick_none")
    assert [box.value for box in screen.checkbox] == [False] * 3
    press(screen, "import_tick_all")
    assert [box.value for box in screen.checkbox] == [True] * 3


# --- columns ------------------------------------------------------------------------------------------------


def column_box(screen: AppTest, header: str):
    return next(box for box in screen.selectbox if box.label == header)


def test_an_unknown_column_is_named_and_can_be_said_what_it_is(open_page: OpenPage, world: World):
    header = HEADER.replace("监护人电话", "打这个号")
    screen = opened(open_page, world, "名册.csv", csv(CHILD, header=header))
    assert "没认出的列：打这个号、校车线路" in words_on(screen)
    assert screen.expander[0].proto.expanded

    column_box(screen, "打这个号").set_value("guardian_phone").run()

    assert not screen.exception
    assert "没认出的列：校车线路" in words_on(screen)
    press(screen, "import_confirm")
    with reading() as session:
        child = session.exec(select(Student).where(Student.student_no == "S1001")).one()
    press(screen, "import_again")
    choose(screen, "又一份.csv", csv(CHILD.replace("3 号线", "")))
    assert "没变 1" in words_on(screen), child.id


def test_a_column_can_be_left_out_and_taken_in_again(open_page: OpenPage, world: World):
    screen = opened(open_page, world, "名册.csv", csv(CHILD))

    column_box(screen, "学号").set_value("").run()
    assert column_box(screen, "学号").value == ""
    column_box(screen, "学号").set_value("student_no").run()

    assert column_box(screen, "学号").value == "student_no"
    assert "新增 1" in words_on(screen)


def test_the_name_cannot_be_corrected_away(open_page: OpenPage, world: World):
    screen = opened(open_page, world, "名册.csv", csv(CHILD))

    column_box(screen, "姓名").set_value("").run()

    assert not screen.exception
    assert "没有照改：这样就没有“姓名”这一列了" in words_on(screen)
    assert column_box(screen, "姓名").value == "name"
    assert "新增 1" in words_on(screen)


def test_a_file_without_known_headers_is_read_once_the_columns_are_told(open_page: OpenPage, world: World):
    content = csv("江小满,女,2013-05-21,七（1）班", header="娃娃,女或男,哪天生,哪个教室")
    screen = opened(open_page, world, "名册.csv", content)
    assert "没有找到要导入的表" in words_on(screen)

    for header, key in [("娃娃", "name"), ("女或男", "gender"), ("哪天生", "birth_day"), ("哪个教室", "class")]:
        column_box(screen, header).set_value(key).run()

    assert "共 1 行：新增 1" in words_on(screen)


# --- refusals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("名册.xlsx", b"", EmptyFile()),
        ("名册.xlsx", b"%PDF-1.7 ...", NotASpreadsheet("pdf")),
        ("照片.jpg", b"\xff\xd8\xff\xe0" + b"\0" * 40, NotASpreadsheet("image")),
        ("名册.xlsx", packed({"xl/workbook.xml": b"0" * 25_000_000}), ArchiveTooLarge(0)),
        ("名册.xlsx", (SAMPLES / ROSTERS[0]).read_bytes()[:9000], DamagedFile("xlsx")),
        ("名册.xlsx", renamed((SAMPLES / "roster_small.xls").read_bytes(), "EncryptedPackage"), PasswordProtected()),
        ("名册.csv", b"a" * (21 * 1024 * 1024), FileTooLarge(21 * 1024 * 1024, 20 * 1024 * 1024)),
    ],
    ids=["empty", "pdf", "photo", "bomb", "damaged", "password", "large"],
)
def test_a_file_that_is_no_roster_is_refused_in_one_sentence(open_page, world: World, name, content, error):
    screen = opened(open_page, world, name, content)

    assert not screen.exception
    assert plain(refusal_sentence(error)) in words_on(screen)
    assert "import_confirm" not in {button.key for button in screen.button}


def test_markup_in_a_file_stays_text(open_page: OpenPage, world: World):
    content = csv(
        "S1,![x](http://x),女,2013-05-21,,七（1）班,,,,",
        header=HEADER.replace("校车线路", ":red[线路] <b>http://x</b>"),
    )
    screen = opened(open_page, world, ":red[名]**册**.csv", content)

    assert not screen.exception
    assert "![x](http://x)" not in "".join(each.value for each in screen.markdown)
    assert ":red[线路]" not in words_on(screen)


def test_a_register_changed_meanwhile_is_shown_anew(open_page: OpenPage, world: World):
    screen = opened(open_page, world, "名册.csv", csv(CHILD))
    lead = world.staff[Role.LEAD]
    with transaction() as session:
        roster = read_roster(csv(CHILD), file_name="名册.csv")
        preview = preview_import(session, lead, reading=roster)
        confirm_import(session, lead, preview=preview, file_name="名册.csv", digest="0" * 64)
    before = children()

    press(screen, "import_confirm")

    assert "没有导入：刚才有人改了名册" in words_on(screen)
    assert "新增 0，改动 0，没变 1" in words_on(screen)
    assert children() == before


def test_after_a_reload_the_page_asks_for_the_file_again(open_page: OpenPage, world: World):
    screen = open_page("import_students", world.staff[Role.LEAD], file=1)

    assert "刚才选的文件没有留下来，也没有导入。请再选一次。" in words_on(screen)


@pytest.mark.parametrize("role", [Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.MENTOR, Role.ADMIN])
def test_others_do_not_see_the_page(open_page: OpenPage, world: World, role):
    screen = open_page("import_students", world.staff[role])

    assert [error.value for error in screen.error] == [NOT_FOR_YOU]
    assert not screen.file_uploader


# --- taking back --------------------------------------------------------------------------------------------


def test_an_import_is_taken_back_from_its_result(open_page: OpenPage, world: World):
    before = children()
    screen = imported(open_page, world, "名册.csv", csv(CHILD))
    press(screen, "import_undo_now")
    assert "名册.csv" in words_on(screen)
    assert screen.button(key="import_undo_confirm").label == "撤回 1 人的导入"

    press(screen, "import_undo_confirm")

    assert children() == before
    assert "已撤回" in words_on(screen)


def test_an_import_kept_stays(open_page: OpenPage, world: World):
    screen = imported(open_page, world, "名册.csv", csv(CHILD))
    before = children()
    press(screen, "import_undo_now")

    press(screen, "import_undo_keep")

    assert "import_undo_confirm" not in {button.key for button in screen.button}
    assert children() == before


def test_an_import_somebody_has_worked_with_says_who_stands_in_the_way(open_page: OpenPage, world: World):
    screen = imported(open_page, world, "名册.csv", csv(CHILD))
    lead = world.staff[Role.LEAD]
    with transaction() as session:
        child = session.exec(select(Student).where(Student.student_no == "S1001")).one()
        fields = {name: getattr(child, name) for name in ("name", "gender", "birth_day", "student_no")}
        change_student(
            session, lead, student_id=child.id, version=child.version,
            entry=replace(StudentEntry(**fields), address="归云村"),
        )  # fmt: skip
    press(screen, "import_again")
    with reading() as session:
        batch_id = session.exec(select(ImportBatch.id)).one()
    press(screen, f"import_undo_{batch_id}")

    press(screen, "import_undo_confirm")

    assert "这次导入撤不回了" in "".join(error.value for error in screen.error)
    assert "江小满" in "".join(error.value for error in screen.error)
    assert "import_undo_keep" in {button.key for button in screen.button}


def test_a_counsellor_does_not_learn_of_a_marked_child_by_taking_the_roster_back(open_page: OpenPage, world: World):
    imported(open_page, world, "名册.csv", csv(CHILD))
    with transaction() as session:
        child = session.exec(select(Student).where(Student.student_no == "S1001")).one()
        register(session, world.staff[Role.LEAD], student_id=child.id, is_suspected_abuse=True)
        batch_id = session.exec(select(ImportBatch.id)).one()
    screen = open_page("import_students", world.staff[Role.COUNSELLOR])
    press(screen, f"import_undo_{batch_id}")

    press(screen, "import_undo_confirm")

    [error] = screen.error
    assert "这次导入撤不回了" in error.value
    assert "江小满" not in error.value


# --- the other list: left-behind children ---

LEDGER = "left_behind_ledger.xlsx"


def ledger(open_page: OpenPage, world: World, content: bytes | None = None) -> AppTest:
    screen = open_page("import_students", world.staff[Role.LEAD], list="left_behind")
    return choose(screen, LEDGER, content or (SAMPLES / LEDGER).read_bytes())


def test_a_ledger_is_previewed_against_the_roster_confirmed_and_taken_back(open_page: OpenPage, world: World):
    imported(open_page, world, ROSTERS[0], (SAMPLES / ROSTERS[0]).read_bytes())
    before = children()

    screen = ledger(open_page, world)
    assert not screen.exception
    assert "共 81 行：新增 0，改动 70，没变 0，不能导入 9，重复跳过 2" in words_on(screen)
    rejected = show(screen, "rejected")
    assert len(rejected) == 9
    assert "名册里没有这个孩子" in rejected[0]["reason"]
    press(screen, "import_confirm")

    assert "导入好了：新增 0 人，改动 70 人" in words_on(screen)
    assert children() == before
    with reading() as session:
        assert session.exec(select(func.count()).select_from(StudentCategory)).one() == 70
    press(screen, "import_undo_now")
    press(screen, "import_undo_confirm")
    with reading() as session:
        assert session.exec(select(func.count()).select_from(StudentCategory)).one() == 0


@pytest.mark.parametrize("kind", list(LISTS))
def test_the_result_of_every_list_says_what_its_preview_said(open_page: OpenPage, world: World, kind: ImportKind):
    results = csv(*["江小满,七（3）班,2026-10-12,16"] * 2, header="姓名,班级,测评日期,PHQ-9总分")
    samples = {
        ImportKind.STUDENTS: (ROSTERS[0], (SAMPLES / ROSTERS[0]).read_bytes()),
        ImportKind.LEFT_BEHIND: (LEDGER, (SAMPLES / LEDGER).read_bytes()),
        ImportKind.SCREENING: ("筛查.csv", results),
        ImportKind.SPECIAL: ("四特.csv", csv(*["江小满,七（3）班,特殊家庭"] * 2, header="姓名,班级,类别")),
        ImportKind.TALKS: ("谈话.csv", csv(*["江小满,七（3）班,2026-03-04"] * 2, header="姓名,班级,时间")),
        ImportKind.PAIRINGS: (
            "结对.csv",
            csv(*["江小满,七（3）班,罗青禾,导师,2026-03-04"] * 2, header="学生,班级,帮扶人,身份,时间"),
        ),
        ImportKind.VISITS: ("家访.csv", csv(*["江小满,七（3）班,2026-03-04"] * 2, header="姓名,班级,时间")),
    }
    if kind is ImportKind.LEFT_BEHIND:  # which finds its children in the roster
        imported(open_page, world, ROSTERS[0], (SAMPLES / ROSTERS[0]).read_bytes())
    screen = open_page("import_students", world.staff[Role.LEAD], list=kind.value)
    choose(screen, *samples[kind])
    said = re.search(r"没变 [\d,]+，不能导入 [\d,]+，重复跳过 ([\d,]+)", words_on(screen))

    press(screen, "import_confirm")

    assert said is not None
    assert said[1] != "0"  # or the comparison says nothing
    assert said[0] in words_on(screen)


def test_a_row_known_by_name_and_class_is_ticked_on_screen_and_left_out_when_ticked_off(
    open_page: OpenPage, world: World
):
    content = csv(
        "江小满,七（3）班,父母均外出,顾兰亭", "霍半夏,七（3）班,父亲外出,", header="姓名,班级,留守类型,监护人"
    )
    screen = choose(open_page("import_students", world.staff[Role.LEAD], list="left_behind"), "台账.csv", content)
    show(screen, "matched")
    assert [box.value for box in screen.checkbox if box.key.startswith("import_tick_")] == [True, True]
    assert "去掉勾，这一行就不写" in words_on(screen)

    next(box for box in screen.checkbox if box.key.startswith("import_tick_")).uncheck().run()
    press(screen, "import_confirm")

    with reading() as session:
        named = session.exec(select(Student.name).join(StudentCategory, StudentCategory.student_id == Student.id)).all()
    assert named == ["霍半夏"]


def test_the_columns_of_a_ledger_can_be_corrected(open_page: OpenPage, world: World):
    content = csv("江小满,七（3）班,父母均外出", header="姓名,班级,家里谁出去了")
    screen = choose(open_page("import_students", world.staff[Role.LEAD], list="left_behind"), "台账.csv", content)
    box = next(each for each in screen.selectbox if each.label == "家里谁出去了")
    box.select("kind").run()
    press(screen, "import_confirm")

    with reading() as session:
        assert session.exec(select(StudentCategory.left_behind_kind)).one() is LeftBehindKind.BOTH_AWAY


def test_a_reload_stays_at_the_list_that_was_chosen(open_page: OpenPage, world: World):
    screen = open_page("import_students", world.staff[Role.LEAD], list="left_behind")

    assert screen.session_state["import_kind"] == "left_behind"
    assert [each.label for each in screen.file_uploader] == ["留守儿童台账文件"]
