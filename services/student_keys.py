"""By what a child is found: pinyin of the name, and keyed hashes of what is sealed."""

import unicodedata
from typing import NamedTuple

from pypinyin import lazy_pinyin

from db.sealing import keyed_hash

_LONGEST_INITIALS, _LONGEST_PINYIN = 40, 120

# Surnames read otherwise than the same characters in a sentence; the library knows only the latter.
_SURNAMES = {
    "单": "shan", "曾": "zeng", "仇": "qiu", "解": "xie", "区": "ou", "查": "zha", "盖": "ge", "朴": "piao",
    "翟": "zhai", "繁": "po", "种": "chong", "乐": "yue", "员": "yun", "秘": "bi", "折": "she", "召": "shao",
    "覃": "qin", "缪": "miao", "祭": "zhai", "谌": "chen", "隗": "wei", "能": "nai", "尉": "wei", "冼": "xian",
    "宓": "fu", "洗": "xian", "黑": "he", "车": "che", "牟": "mu", "訾": "zi", "适": "kuo", "费": "fei",
    "万俟": "mo qi", "尉迟": "yu chi", "长孙": "zhang sun", "单于": "chan yu", "澹台": "tan tai", "宰父": "zai fu",
    "令狐": "ling hu", "鲜于": "xian yu", "皇甫": "huang fu", "夏侯": "xia hou",
}  # fmt: skip


class NameKeys(NamedTuple):
    """A name as it is typed on a keyboard: whole, and by its first letters."""

    pinyin: str
    initials: str


def name_keys(name: str) -> NameKeys:
    """Return pinyin (jiangxiaoman) and initials (jxm) of a name; letters of other scripts stay, signs go."""
    surname = next((name[:length] for length in (2, 1) if name[:length] in _SURNAMES), "")
    syllables = _SURNAMES.get(surname, "").split() + lazy_pinyin(name[len(surname) :])
    plain = [kept for syllable in syllables if (kept := _letters(syllable))]
    initials = "".join(syllable[0] for syllable in plain)
    return NameKeys("".join(plain)[:_LONGEST_PINYIN], initials[:_LONGEST_INITIALS])


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
