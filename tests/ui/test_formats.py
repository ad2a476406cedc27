"""How things are written on screen."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from ui import formats

TODAY = date(2026, 11, 20)


def test_a_year_is_written_only_when_it_is_another():
    assert formats.day(date(2026, 11, 3), today=TODAY) == "11月3日"
    assert formats.day(date(2025, 9, 1), today=TODAY) == "2025年9月1日"


def test_a_day_with_its_weekday():
    assert formats.day_and_weekday(TODAY, today=TODAY) == "11月20日 周五"


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (date(2026, 11, 16), "11月16日"),
        (date(2026, 11, 22), "11月16日–22日"),
        (date(2026, 12, 6), "11月16日–12月6日"),
        (date(2027, 1, 3), "2026年11月16日–2027年1月3日"),
    ],
    ids=["one day", "one month", "two months", "two years"],
)
def test_a_range_repeats_no_more_than_needed(last, words):
    assert formats.day_range(date(2026, 11, 16), last, today=TODAY) == words


def test_an_instant_is_shown_in_the_schools_zone():
    noon = datetime(2026, 11, 20, 1, 40, tzinfo=UTC)

    assert formats.clock(noon, ZoneInfo("Asia/Shanghai")) == "09:40"


def test_an_instant_without_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        formats.clock(datetime(2026, 11, 20, 1, 40), ZoneInfo("Asia/Shanghai"))  # noqa: DTZ001 # that is the point


def test_an_id_number_shows_first_and_last_four():
    assert formats.masked_id("329900201305210028") == "3299**********0028"
    assert formats.masked_id("1234") == "1234"


@pytest.mark.parametrize(
    "typed",
    ["**粗**", "[点我](http://example.org)", "![](http://example.org/x.png)", "<b>x</b>", "# 题", "$x$", ":red[红]"],
)
def test_typed_text_holds_no_markup(typed):
    shown = formats.plain(typed)

    unescaped = [sign for at, sign in enumerate(shown) if sign in "*[]<>#$!`_" and shown[at - 1 : at] != "\\"]
    assert not unescaped


def test_typed_text_cannot_draw_an_icon():
    assert ":material/" not in formats.plain(":material/home:")


def test_longer_text_keeps_its_lines():
    assert formats.plain_lines("一\n二") == "一  \n二"


@pytest.mark.parametrize(
    ("typed", "broken"),
    [
        ("https://evil.example/x", "https:\u2060//evil.example/x"),
        ("www.evil.example", "www\u2060.evil.example"),
        ("写信给 a@evil.example", "写信给 a\u2060@evil.example"),
        (":100: :8ball: :+1: :smile:", "：100: ：8ball: ：+1: ：smile:"),
        ("09:40:30 到", "09:40:30 到"),
    ],
    ids=["address", "www", "mail", "pictures", "time"],
)
def test_what_people_write_becomes_no_link_and_no_picture(typed: str, broken: str):
    assert formats.plain(typed).replace("\\", "") == broken
