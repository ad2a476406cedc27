"""The recovery sheet: the master key as sixteen short groups a person can copy, each checked for itself.

A group is five signs: 16 bits of the key and a check, as one number v with v ≡ place (mod 509). 509 is a prime larger
than any sign, so one wrong sign, two neighbours that changed places, and a group in another one's place are always
found, and found in that group.
"""

import hmac
from collections.abc import Sequence

from db.errors import SheetForeign, SheetWrong
from db.keys import MASTER_BYTES, Keys

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U: they are read as figures or as V
MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1"})
DROPPED = str.maketrans("", "", " \t\r\n-–—_.·　")
GROUPS, SIGNS = MASTER_BYTES // 2, 5
_PRIME = 509
_STEP = 17  # keeps the remainders of the sixteen places apart


def write_groups(keys: Keys) -> tuple[str, ...]:
    """Return the groups of a key in the order they are copied."""
    pairs = (int.from_bytes(keys.master[place : place + 2]) for place in range(0, MASTER_BYTES, 2))
    return tuple(_write(data, place) for place, data in enumerate(pairs, 1))


def read_groups(groups: Sequence[str]) -> Keys:
    """Read a key from its sixteen groups; small letters, spaces, hyphens, O for 0 and I or L for 1 are understood.

    Raises:
        SheetWrong: with the places, from 1, of the groups that can't be right.
    """
    found = [_read(group, place) for place, group in enumerate(groups, 1)]
    wrong = [place for place, data in enumerate(found, 1) if data is None]
    wrong += range(len(found) + 1, GROUPS + 1)
    if wrong or len(found) > GROUPS:
        raise SheetWrong(wrong)
    return Keys(b"".join(data.to_bytes(2) for data in found if data is not None))


def split_groups(text: str) -> list[str]:
    """Cut what somebody typed or pasted into groups: at every blank or line end, else every five signs."""
    parts = text.replace("　", " ").split()
    if len(parts) > 1:
        return parts
    joined = tidy(text)
    return [joined[place : place + SIGNS] for place in range(0, len(joined), SIGNS)]


def is_group(text: str, place: int) -> bool:
    """Say whether a typed group can be right at its place."""
    return _read(text, place) is not None


def check_groups(keys: Keys, typed: dict[int, str]) -> None:
    """Compare typed groups, by their places, with the key in use.

    Raises:
        SheetWrong: with the places of groups that were copied wrongly.
        SheetForeign: the groups are well copied, but from the sheet of another key.
    """
    right = write_groups(keys)
    differing = [place for place, text in typed.items() if not hmac.compare_digest(tidy(text), right[place - 1])]
    if not differing:
        return
    if all(is_group(typed[place], place) for place in differing):
        raise SheetForeign
    raise SheetWrong(differing)


def tidy(text: str) -> str:
    """Write a typed group as the sheet does."""
    kept = text.translate(DROPPED).upper().translate(MISREAD)
    return kept if kept.isascii() else "".join(sign if sign.isascii() else "?" for sign in kept)


def short_name(fingerprint: str) -> str:
    """Return the eight signs by which people tell two keys apart; they reveal nothing of the key."""
    return f"{fingerprint[:4]}-{fingerprint[4:8]}".upper()


def _write(data: int, place: int) -> str:
    value = data * 512 + (_STEP * place - data * 512) % _PRIME
    return "".join(ALPHABET[value >> (5 * position) & 31] for position in reversed(range(SIGNS)))


def _read(text: str, place: int) -> int | None:
    signs = tidy(text)
    if len(signs) != SIGNS or any(sign not in ALPHABET for sign in signs):
        return None
    value = 0
    for sign in signs:
        value = value * 32 + ALPHABET.index(sign)
    is_right = value % _PRIME == _STEP * place % _PRIME and value % 512 < _PRIME
    return value >> 9 if is_right else None
