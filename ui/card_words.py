"""Words of the contact card: its parts by name, grouped so that a list of what is missing stays short."""

from collections.abc import Iterable, Mapping

from services.card_parts import CardPart

_PEOPLE = {"father": "父亲", "mother": "母亲", "guardian": "监护人"}
_SHORT = {
    "name": "姓名", "workplace": "工作单位", "phone": "电话", "relation": "和孩子的关系", "age": "年龄",
    "occupation": "职业", "health": "身体状况", "address": "住址", "whereabouts": "去向",
}  # fmt: skip
CODES: Mapping[str, str] = {part.value: part.label for part in CardPart} | {
    "father_whereabouts": "父亲去向",
    "mother_whereabouts": "母亲去向",
}
"""Every code a version of the card may name, in the order of the card."""


def missing_words(parts: Iterable[CardPart]) -> str:
    """母亲的电话；监护人的年龄、职业，和孩子的关系."""
    grouped: dict[str, list[str]] = {}
    for part in parts:
        who, _, what = part.value.partition("_")
        grouped.setdefault(who, []).append(_SHORT[what])
    said = [_of_one(_PEOPLE[who], words) for who, words in grouped.items() if who in _PEOPLE]
    return "；".join((["家庭住址"] if "home" in grouped else []) + said)


def _of_one(who: str, words: list[str]) -> str:
    """A relation (和孩子的关系) is no thing one has: it stands behind the others, or by itself without 的."""
    things = [word for word in words if word != _SHORT["relation"]]
    of_things = f"{who}的{'、'.join(things)}" if things else who
    if len(things) == len(words):
        return of_things
    return f"{of_things}{'，' if things else ''}{_SHORT['relation']}"


def code_words(codes: Iterable[str]) -> str:
    """Return the names of parts by code, in the order of the card."""
    wanted = set(codes)
    return "、".join(label for code, label in CODES.items() if code in wanted)
