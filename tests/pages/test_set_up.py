"""First run: nothing before the code, everything or nothing after it."""

from datetime import date

import pytest
from sqlmodel import col, select
from streamlit.testing.v1 import AppTest

from db import engine
from db.sheets import write_groups
from db.tables import AppUser, LoginThrottle, SystemFact, Term
from db.transactions import reading
from services import recovery, setup
from tests.pages.conftest import OpenPage, words_on

FILLED = {
    "claim_school_name": "青澜县望舒中心学校",
    "claim_admin_name": "试信息老师",
    "claim_admin_username": "xinxi",
    "claim_admin_password": "Wangshu-2026",
    "claim_admin_password_again": "Wangshu-2026",
    "claim_lead_name": "试负责人",
    "claim_lead_username": "fuzeren",
}


@pytest.fixture
def code(location) -> str:
    found = setup.announce_claim_code(location)
    assert found
    return found


def give_code(screen: AppTest, code: str) -> AppTest:
    screen.text_input(key="claim_code_code").set_value(code)
    return screen.button(key="claim_code_submit").click().run()


def fill(screen: AppTest, **changes: str) -> AppTest:
    for key, value in (FILLED | changes).items():
        screen.text_input(key=key).set_value(value)
    screen.date_input(key="claim_first_day").set_value(date(2026, 9, 1))
    screen.date_input(key="claim_last_day").set_value(date(2027, 1, 22))
    return screen.run()


def sheet_on(screen: AppTest) -> tuple[str, ...]:
    """The groups in the order a person copies them: row by row."""
    cells = screen.table[0].value.to_numpy().flatten()
    return tuple(cell.split("**")[1] for cell in cells)


def copy_sheet(screen: AppTest) -> None:
    """Copy the recovery sheet and write the two groups asked back."""
    groups = write_groups(engine.keys())
    screen.button(key="recovery_copied").click().run()
    for field in screen.text_input:
        place = int(field.key.rpartition("_")[2])
        field.set_value(groups[place - 1].lower())
    screen.button(key="recovery_check").click().run()


@pytest.mark.parametrize("page", ["home", "set_up", "password"])
def test_before_the_code_there_is_only_the_question_for_it(code, open_before_claim: OpenPage, page: str):
    screen = open_before_claim(page)

    assert not screen.exception
    assert [field.label for field in screen.text_input] == ["一次性启用码"]
    assert [button.label for button in screen.button] == ["继续"]
    assert not screen.sidebar.get("page_link")


def test_a_wrong_code_is_counted_and_told(code, open_before_claim: OpenPage):
    screen = give_code(open_before_claim("set_up"), "AAAA-AAAA")

    assert "启用码不对" in words_on(screen)
    assert [field.label for field in screen.text_input] == ["一次性启用码"]
    with reading() as session:
        assert [row.misses for row in session.exec(select(LoginThrottle))] == [1]


def test_wrong_codes_run_into_the_waiting_even_with_the_right_one(code, open_before_claim: OpenPage):
    screen = open_before_claim("set_up")
    for _ in range(5):
        give_code(screen, "AAAA-AAAA")

    give_code(screen, code)

    assert "试的次数多了" in words_on(screen)
    assert len(screen.text_input) == 1


def test_the_right_code_leads_to_school_term_and_two_accounts(code, open_before_claim: OpenPage):
    screen = fill(give_code(open_before_claim("set_up"), code.lower().replace("-", " ")))

    screen.button(key="claim_submit").click().run()

    assert not screen.exception
    assert [error.value for error in screen.error] == []
    assert screen.title[0].value == "抄好恢复单"
    with reading() as session:
        assert setup.state(session) == setup.SetupState(True, FILLED["claim_school_name"])
        assert session.exec(select(AppUser.username).order_by(col(AppUser.id))).all() == [
            "xinxi",
            "fuzeren",
        ]
        assert session.exec(select(Term.last_day)).one() == date(2027, 1, 22)
    copy_sheet(screen)
    assert screen.title[0].value == "都设好了"
    assert screen.code[0].value == "fuzeren"
    screen.button(key="slip_done").click().run()
    assert [button.label for button in screen.button] == ["登录"]
    assert not screen.code


def test_the_recovery_sheet_is_asked_back_and_nothing_goes_on_without(code, open_before_claim: OpenPage):
    screen = fill(give_code(open_before_claim("set_up"), code))
    screen.button(key="claim_submit").click().run()
    groups = write_groups(engine.keys())
    assert sheet_on(screen) == groups

    screen.button(key="recovery_copied").click().run()

    assert not screen.table
    assert len(screen.text_input) == 2
    wrong, right = screen.text_input
    wrong.set_value("AAAAA")
    right.set_value(groups[int(right.key.rpartition("_")[2]) - 1])
    screen.button(key="recovery_check").click().run()
    assert f"第 {wrong.key.rpartition('_')[2]} 组和单子上的不一样" in words_on(screen)
    assert screen.title[0].value == "抄好恢复单"
    with reading() as session:
        assert session.get(SystemFact, recovery.CHECKED) is None
    screen.button(key="recovery_back").click().run()
    assert sheet_on(screen) == groups
    copy_sheet(screen)
    with reading() as session:
        assert session.get(SystemFact, recovery.CHECKED).value == engine.keys().fingerprint
    assert screen.title[0].value == "都设好了"


def test_over_a_line_in_the_clear_the_key_is_not_shown(code, open_before_claim: OpenPage, monkeypatch):
    monkeypatch.setenv("CARE_UNENCRYPTED", "1")
    screen = fill(give_code(open_before_claim("set_up"), code))

    screen.button(key="claim_submit").click().run()

    assert screen.title[0].value == "都设好了"
    assert not screen.table


def test_what_is_wrong_stands_at_its_field_and_nothing_is_written(code, open_before_claim: OpenPage):
    screen = give_code(open_before_claim("set_up"), code)
    fill(
        screen,
        claim_school_name="长" * 10_000,
        claim_admin_password="好" * 25,
        claim_admin_password_again="不一样的密码",
        claim_admin_username="=HYPERLINK(1)",
        claim_lead_name=" ",
    )

    screen.button(key="claim_submit").click().run()

    words = words_on(screen)
    assert screen.error[0].value.startswith("没有存上：有 5 处要改")
    for sentence in ("太长了", "密码太长了", "两次写的不一样", "账号用 2 到 40 个小写字母", "这一项要填"):
        assert sentence in words
    assert screen.text_input(key="claim_admin_username").value == "=HYPERLINK(1)"
    beside = [str(cell) for table in screen.table for cell in table.value["value"]]
    assert "长" * 30 + "…" in beside
    assert max(map(len, beside)) < 60
    with reading() as session:
        assert not setup.state(session).is_claimed


def test_a_reload_half_way_keeps_all_but_the_passwords(code, open_before_claim: OpenPage):
    first = fill(give_code(open_before_claim("set_up"), code))
    address = {name: "".join(value) for name, value in first.query_params.items()}

    again = give_code(open_before_claim("set_up", **address), code)

    assert "Wangshu-2026" not in str(address)
    assert again.text_input(key="claim_school_name").value == FILLED["claim_school_name"]
    assert again.text_input(key="claim_lead_username").value == "fuzeren"
    assert again.date_input(key="claim_last_day").value == date(2027, 1, 22)
    assert again.text_input(key="claim_admin_password").value == ""


def test_a_code_that_changed_meanwhile_is_asked_again(code, open_before_claim: OpenPage, location):
    screen = fill(give_code(open_before_claim("set_up"), code))
    setup.announce_claim_code(location)

    screen.button(key="claim_submit").click().run()

    assert "启用码已经换了" in words_on(screen)
    assert [field.label for field in screen.text_input] == ["一次性启用码"]


def test_a_school_that_is_set_up_leads_to_the_sign_in_form(open_page: OpenPage, world):
    screen = open_page("set_up")

    assert "这里已经有人设好了" in words_on(screen)
    assert [button.label for button in screen.button] == ["登录"]


@pytest.mark.parametrize("year", ["9" * 5000, "²", "-1", "1e3"])
def test_a_year_in_the_address_that_is_none_counts_as_nothing(code, open_before_claim: OpenPage, year):
    screen = open_before_claim("set_up", school_year=year, number=year)

    give_code(screen, code)

    assert not screen.exception
    assert screen.selectbox(key="claim_school_year").value == 2026


def test_the_first_day_follows_the_term_until_somebody_wrote_one(code, open_before_claim: OpenPage):
    screen = give_code(open_before_claim("set_up"), code)
    first_day, number = screen.date_input(key="claim_first_day"), screen.segmented_control(key="claim_number")
    assert (number.value, first_day.value) == (1, date(2026, 9, 1))

    screen.segmented_control(key="claim_number").set_value(2).run()
    assert screen.date_input(key="claim_first_day").value is None
    screen.segmented_control(key="claim_number").set_value(1).run()
    screen.selectbox(key="claim_school_year").set_value(2025).run()
    assert screen.date_input(key="claim_first_day").value == date(2025, 9, 1)

    screen.date_input(key="claim_first_day").set_value(date(2026, 2, 23)).run()
    screen.segmented_control(key="claim_number").set_value(2).run()
    assert screen.date_input(key="claim_first_day").value == date(2026, 2, 23)


@pytest.mark.parametrize("name", ["admin' --", "方信", "ad min", "a" * 41])
def test_an_odd_user_name_is_told_before_anybody_saves(code, open_before_claim: OpenPage, name: str):
    screen = give_code(open_before_claim("set_up"), code)

    screen.text_input(key="claim_admin_username").set_value(name).run()

    assert words_on(screen).count("账号用 2 到 40 个小写字母或数字") == 1
    screen.text_input(key="claim_admin_username").set_value("ＦａｎｇXin").run()
    assert "账号用 2 到 40 个" not in words_on(screen)
    assert "登录时写 fangxin" in words_on(screen)
