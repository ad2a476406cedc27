"""By what a child is found and sorted: pinyin of the name, and keyed hashes of what is sealed."""

import unicodedata
from typing import NamedTuple

from db.sealing import keyed_hash

_LONGEST_INITIALS, _LONGEST_PINYIN, _LONGEST_ORDER = 40, 120, 360
_TONES = "12345"

# Surnames read otherwise than the same characters in a sentence; the library knows only the latter.
_SURNAMES = {
    "单": "shan4", "曾": "zeng1", "仇": "qiu2", "解": "xie4", "区": "ou1", "查": "zha1", "盖": "ge3", "朴": "piao2",
    "翟": "zhai2", "繁": "po2", "种": "chong2", "乐": "yue4", "员": "yun4", "秘": "bi4", "折": "she2", "召": "shao4",
    "覃": "qin2", "缪": "miao4", "祭": "zhai4", "谌": "chen2", "隗": "wei3", "能": "nai4", "尉": "wei4", "冼": "xian3",
    "宓": "fu2", "洗": "xian3", "黑": "he4", "车": "che1", "牟": "mu4", "訾": "zi1", "适": "kuo4", "费": "fei4",
    "万俟": "mo4 qi2", "尉迟": "yu4 chi2", "长孙": "zhang3 sun1", "单于": "chan2 yu2", "澹台": "tan2 tai2",
    "宰父": "zai3 fu3", "令狐": "ling2 hu2", "鲜于": "xian1 yu2", "皇甫": "huang2 fu3", "夏侯": "xia4 hou2",
}  # fmt: skip


class NameKeys(NamedTuple):
    """A name as it is typed on a keyboard, whole and by its first letters; and as a dictionary sorts it."""

    pinyin: str
    initials: str
    order: str


def name_keys(name: str) -> NameKeys:
    """Return pinyin (jiangxiaoman), initials (jxm) and order (jiang1江xiao3小man3满) of a name.

    Letters of other scripts stay, signs go. Joined pinyin would sort 范杉 (fanshan) after 方 (fang). The tone's figure
    stands lower than any letter: syllables are compared with syllables, and all of one surname stand together.
    """
    from pypinyin import Style, lazy_pinyin  # its dictionary takes half a second: not before the first page is out

    surname = next((name[:length] for length in (2, 1) if name[:length] in _SURNAMES), "")
    readings = _SURNAMES.get(surname, "").split() + lazy_pinyin(name[len(surname) :], style=Style.TONE3)
    plain = [kept for reading in readings if (kept := _letters(reading.rstrip(_TONES)))]
    initials = "".join(syllable[0] for syllable in plain)
    return NameKeys(
        "".join(plain)[:_LONGEST_PINYIN], initials[:_LONGEST_INITIALS], _order(name, readings)[:_LONGEST_ORDER]
    )


def _order(name: str, readings: list[str]) -> str:
    if len(readings) != len(name):  # a run of foreign letters is one reading
        return "".join(map(_syllable, readings))
    return "".join(f"{_syllable(reading)}{sign}" for reading, sign in zip(readings, name, strict=True))


def _syllable(reading: str) -> str:
    """Return letters and tone; a syllable without tone comes after those with one."""
    letters = _letters(reading)
    return letters if letters[-1:] in _TONES or not letters else f"{letters}5"


def id_number_hash(number: str) -> str:
    """Return the keyed hash by which an ID number is found."""
    return keyed_hash("id_number", number)


def phone_hash(number: str) -> str:
    """Return the keyed hash by which a telephone number is found."""
    return keyed_hash("phone", number)


def _letters(text: str) -> str:
    """Lower case without accents: what somebody types."""
    bare = unicodedata.normalize("NFKD", text.replace("ü", "v")).casefold()
    return "".join(letter for letter in bare if letter.isalnum())
