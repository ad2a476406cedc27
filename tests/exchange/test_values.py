"""What a cell means, one kind of value after the other."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from services.exchange.grids import Cell
from services.exchange.values import (
    IdState,
    PhoneReading,
    age_in_years,
    check_digit,
    clean_text,
    is_name,
    read_code,
    read_date,
    read_gender,
    read_id_number,
    read_name,
    read_phones,
    read_yes_no,
    show_cell,
    split_words,
)

DAY = date(2014, 5, 6)


def made_up_id(day: str = "20140506", order: str = "123") -> str:
    """Return a valid number with an area code that no county has."""
    body = f"329901{day}{order}"
    return body + check_digit(body)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        ("　七（１）班\u200b", "七(1)班"),
        ("\t12\xa0", "12"),
        ("第一行\r\n第二行", "第一行\n第二行"),
        ("响\x07铃\x00", "响铃"),
        ('="2026"', "2026"),
        ("'-", "-"),
        ("'=A1", "=A1"),
        (2026070101.0, "2026070101"),
        (7.5, "7.5"),
        (True, "TRUE"),
        (date(2014, 5, 6), "2014-05-06"),
        (datetime(2014, 5, 6, 1, 2), "2014-05-06 01:02:00"),  # noqa: DTZ001 - a cell has no zone
        (float("nan"), ""),
        (3.29901201405061e17, "3.29901201405061E+17"),
    ],
)
def test_text_is_cleaned(cell: Cell, text: str) -> None:
    assert clean_text(cell) == text


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("李　枫", "李枫"),
        (" 水\u200b小雪 ", "水小雪"),
        ("阿依·古丽", "阿依·古丽"),
        ("阿依•古丽", "阿依·古丽"),
        ("阿依．古丽", "阿依·古丽"),
        ("阿依.古丽", "阿依·古丽"),
        ("阿依･古丽", "阿依·古丽"),
        ("阿依 · 古丽", "阿依·古丽"),
        ("阿依・古丽・竹", "阿依·古丽·竹"),
        ("袁𬭎", "袁𬭎"),
        ("Anna  Li", "Anna Li"),
        ("John A. Stone", "John A. Stone"),
        ("　", ""),
        ("——", ""),
        (None, ""),
    ],
)
def test_names_are_normalised(cell: Cell, name: str) -> None:
    assert read_name(cell) == name


@pytest.mark.parametrize(
    ("text", "possible"),
    [("李枫", True), ("阿依·古丽", True), ("竹" * 41, False), ("=1+1", False), ("😀😀", False), ("12", False)],
)
def test_some_texts_cannot_be_names(text: str, possible: bool) -> None:
    assert is_name(text) is possible


NUMBER = made_up_id()
NUMBER_WITH_X = next(
    made_up_id(order=f"{order:03}") for order in range(999) if made_up_id(order=f"{order:03}")[-1] == "X"
)


@pytest.mark.parametrize(
    "cell",
    [
        NUMBER,
        f"'{NUMBER}",
        f"\t{NUMBER}",
        f" {NUMBER} ",
        f'="{NUMBER}"',
        f'\'="{NUMBER}"',
        f"{NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]}",
        f"{NUMBER[:6]}-{NUMBER[6:]}",
        NUMBER.translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)}),
    ],
)
def test_an_id_number_survives_its_wrappings(cell: str) -> None:
    assert read_id_number(cell).number == NUMBER


def test_a_small_or_wide_x_is_an_x() -> None:
    for cell in (NUMBER_WITH_X.lower(), NUMBER_WITH_X[:-1] + "Ｘ", NUMBER_WITH_X[:-1] + "ｘ"):
        assert read_id_number(cell).number == NUMBER_WITH_X


@pytest.mark.parametrize(
    ("cell", "state"),
    [
        (None, IdState.MISSING),
        ("  ", IdState.MISSING),
        ("无", IdState.MISSING),
        ("暂无", IdState.MISSING),
        ("—", IdState.MISSING),
        ("-", IdState.MISSING),
        (3.29901201405061e17, IdState.STORED_AS_NUMBER),
        (329901201405061234, IdState.STORED_AS_NUMBER),
        (0.0, IdState.STORED_AS_NUMBER),
        ("3.29901E+17", IdState.BAD_FORMAT),
        ("329901********123X", IdState.BAD_FORMAT),
        (NUMBER[:-1], IdState.BAD_FORMAT),
        (NUMBER + "1", IdState.BAD_FORMAT),
        ("329901140506123", IdState.BAD_FORMAT),
        (NUMBER.replace("0", "O", 1), IdState.BAD_FORMAT),
        ("X" + NUMBER[1:], IdState.BAD_FORMAT),
        (DAY, IdState.BAD_FORMAT),
        ("٣" * 18, IdState.BAD_FORMAT),
        (made_up_id("20140230"), IdState.BAD_CHECKSUM),
        (made_up_id("20141301"), IdState.BAD_CHECKSUM),
        (NUMBER[:-1] + ("1" if NUMBER[-1] != "1" else "2"), IdState.BAD_CHECKSUM),
        (NUMBER, IdState.VALID),
    ],
)
def test_id_numbers_are_judged(cell: Cell, state: IdState) -> None:
    assert read_id_number(cell).state is state


def test_a_valid_id_number_tells_birth_and_gender() -> None:
    girl, boy = read_id_number(made_up_id(order="124")), read_id_number(made_up_id(order="125"))

    assert (girl.birth_day, girl.gender) == (DAY, "女")
    assert (boy.birth_day, boy.gender) == (DAY, "男")
    assert read_id_number("无").birth_day is None


@pytest.mark.parametrize("place", range(17))
def test_one_wrong_digit_never_passes(place: int) -> None:
    wrong = NUMBER[:place] + str((int(NUMBER[place]) + 1) % 10) + NUMBER[place + 1 :]

    assert not read_id_number(wrong).valid


@pytest.mark.parametrize(
    "cell",
    [
        DAY,
        datetime(2014, 5, 6, 8, 30),  # noqa: DTZ001 - a cell has no zone
        41765.0,
        41765,
        41765.5,
        "41765",
        "2014-5-6",
        "2014/5/6",
        "2014.5.6",
        "2014．5．6",
        "2014年5月6日",
        "2014 年 5 月 6 日",
        "20140506",
        20140506.0,
        "20140506.0",
        "2014-05-06 00:00:00",
        "2014/5/6 0:00",
        "2014-05-06T00:00:00",
        "２０１４年５月６日",
        "\u30002014-05-06 ",
    ],
)
def test_a_day_is_read_however_it_is_written(cell: Cell) -> None:
    assert read_date(cell) == DAY


@pytest.mark.parametrize(
    "cell",
    [
        None,
        "",
        "不详",
        "14.5",
        "2014.5",
        2014.5,
        "2014-02-30",
        "2014年13月5日",
        "0000-00-00",
        "20141305",
        True,
        time(1, 2),
        5.0,
        "2014",
        "5/6/2014",
        "2014-5-6-7",
        "99999",
        float("inf"),
        "2014-05-06 号外",
    ],
)
def test_what_is_no_day_is_not_guessed(cell: Cell) -> None:
    assert read_date(cell) is None


def test_age_counts_completed_years() -> None:
    assert age_in_years(DAY, today=date(2026, 5, 5)) == 11
    assert age_in_years(DAY, today=date(2026, 5, 6)) == 12
    assert age_in_years(date(2030, 1, 1), today=date(2026, 5, 6)) < 0


@pytest.mark.parametrize(
    ("cell", "gender"),
    [
        ("男", "男"),
        (" 女 ", "女"),
        ("男生", "男"),
        ("女生", "女"),
        ("M", "男"),
        ("f", "女"),
        (1.0, "男"),
        ("2", "女"),
        ("2.0", "女"),
        ("Ｍ", "男"),
        ("", None),
        ("不详", None),
        ("-", None),
        (3.0, None),
        (True, None),
        (None, None),
    ],
)
def test_genders_are_read(cell: Cell, gender: str | None) -> None:
    assert read_gender(cell) == gender


@pytest.mark.parametrize(
    ("cell", "answer"),
    [
        ("是", True),
        ("Y", True),
        (1.0, True),
        ("√", True),
        ("否", False),
        ("N", False),
        ("0", False),
        ("×", False),
        (False, False),
        ("住校", True),
        ("走读", False),
        ("", None),
        (None, None),
        ("看情况", None),
    ],
)
def test_yes_and_no_are_read(cell: Cell, answer: bool | None) -> None:
    assert read_yes_no(cell, yes=frozenset({"住校"}), no=frozenset({"走读"})) is answer


@pytest.mark.parametrize(
    ("cell", "first", "second"),
    [
        ("15400000001", "15400000001", ""),
        (15400000001.0, "15400000001", ""),
        ("15400000001.0", "15400000001", ""),
        ("+8615400000001", "15400000001", ""),
        ("0086 154 0000 0001", "15400000001", ""),
        ("8615400000001", "15400000001", ""),
        ("154-0000-0001", "15400000001", ""),
        ("154 0000 0001", "15400000001", ""),
        ("１５４００００００01", "15400000001", ""),
        ("0599-0001234", "05990001234", ""),
        ("(010)00012345", "01000012345", ""),
        ("15400000001、15400000002", "15400000001", "15400000002"),
        ("15400000001/15400000002", "15400000001", "15400000002"),
        ("15400000001 15400000002", "15400000001", "15400000002"),
        ("15400000001\n15400000002", "15400000001", "15400000002"),
        ("154000；15400000002", "15400000002", ""),
        ("爸爸15400000001，妈妈154-0000-0002", "15400000001", "15400000002"),
        ("15400000001（父）", "15400000001", ""),
        ("15400000001,15400000001", "15400000001", ""),
    ],
)
def test_telephones_are_read(cell: Cell, first: str, second: str) -> None:
    assert read_phones(cell) == PhoneReading(first, second)


@pytest.mark.parametrize("cell", ["无", "同上", "154000", "1540000123", "154000012345", 15400001.0, "12400000001", "-"])
def test_a_filled_cell_without_a_usable_number_is_remarked(cell: Cell) -> None:
    assert read_phones(cell) == PhoneReading(unusable=True)


def test_an_empty_telephone_cell_is_nothing_to_remark() -> None:
    assert read_phones(" ") == PhoneReading()


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (2026070101.0, "2026070101"),
        ("2026070101.0", "2026070101"),
        (" g32 99 ", "G3299"),
        ("'0012", "0012"),
        (None, ""),
    ],
)
def test_codes_stay_text(cell: Cell, code: str) -> None:
    assert read_code(cell) == code


@pytest.mark.parametrize("separator", [*";；，、/,|\n+", "； "])
def test_words_are_split_at_any_separator(separator: str) -> None:
    assert split_words(f"特殊家庭{separator}特殊言行") == ["特殊家庭", "特殊言行"]


def test_a_cell_is_shown_as_it_came() -> None:
    assert show_cell("\t '=x ") == "\t '=x "
