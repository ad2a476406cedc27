"""How dates, times, money and people's text are written on screen."""

import re
from datetime import date, datetime, time, tzinfo

_WEEKDAYS = "一二三四五六日"
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>$~&])")
_DIRECTIVE = re.compile(r":(?=(?:[a-z_]+|\d+[a-z]\w*|100|1234|[+-]1)[:\[/-])")
_LINK = re.compile(r"(?<=:)(?=//)|(?<=\bwww)(?=\.)|(?<=\w)(?=@\w)", re.IGNORECASE)  # a backslash doesn't stop these
_JOINER = "\u2060"  # nothing one sees


def plain(text: str) -> str:
    """Return text that shows as typed: what people write must not become markup, pictures or links.

    Everything on screen that comes from a person or a file goes through here; the kit does it itself.
    """
    one_line = " ".join(text.split())
    broken = _LINK.sub(_JOINER, _DIRECTIVE.sub("：", one_line))  # Streamlit's :icon: survives a backslash
    return _MARKDOWN.sub(r"\\\1", broken)


def plain_lines(text: str) -> str:
    """Return longer text that shows as typed, its line breaks kept."""
    return "  \n".join(plain(line) for line in text.splitlines())


def on_one_line(text: str) -> str:
    """Return a text that no narrow column breaks between two characters."""
    return _JOINER.join(text)


def spaced(word: str, moment: str) -> str:
    """Put a space between a word and a figure, none between words: 应在 12月4日, 应在今天."""
    return f"{word} {moment}" if moment[:1].isdigit() else f"{word}{moment}"


def day(value: date, *, today: date) -> str:
    """11月20日; with the year when it isn't this one."""
    year = "" if value.year == today.year else f"{value.year}年"
    return f"{year}{value.month}月{value.day}日"


def day_in_list(value: date, *, today: date) -> str:
    """11月03日 周二: as wide in every line of a list."""
    year = "" if value.year == today.year else f"{value.year}年"
    return f"{year}{value.month:02d}月{value.day:02d}日 {weekday(value)}"


def day_and_weekday(value: date, *, today: date) -> str:
    """11月20日 周五."""
    return f"{day(value, today=today)} {weekday(value)}"


def day_range(first: date, last: date, *, today: date) -> str:
    """11月16日–22日; the month again only when it is another."""
    if first == last:
        return day(first, today=today)
    if (first.year, first.month) == (last.year, last.month):
        return f"{day(first, today=today)}–{last.day}日"
    if first.year == last.year:
        return f"{day(first, today=today)}–{last.month}月{last.day}日"
    return f"{first.year}年{first.month}月{first.day}日–{last.year}年{last.month}月{last.day}日"


def weekday(value: date) -> str:
    """周五."""
    return f"周{_WEEKDAYS[value.weekday()]}"


def week(number: int) -> str:
    """第12周."""
    return f"第{number}周"


def clock(value: datetime | time, zone: tzinfo | None = None) -> str:
    """09:40. An instant needs the school's zone.

    Raises:
        ValueError: an instant without a zone, or without the school's zone to show it in.
    """
    if isinstance(value, datetime):
        if value.tzinfo is None or zone is None:
            raise ValueError("an instant is shown in the school's zone")
        value = value.astimezone(zone)
    return f"{value.hour:02d}:{value.minute:02d}"


def money(fen: int) -> str:
    """1,680.00 元."""
    return f"{fen / 100:,.2f} 元"


def masked_id(number: str) -> str:
    """3299**********0028: the first and last four of an ID number."""
    return number if len(number) <= 8 else f"{number[:4]}{'*' * (len(number) - 8)}{number[-4:]}"


def masked_phone(number: str) -> str:
    """154****0137."""
    figures = re.sub(r"\D", "", number)
    return f"{figures[:3]}****{figures[-4:]}" if len(figures) >= 8 else "****"
