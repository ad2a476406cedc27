"""Passwords: hashed with bcrypt, which reads 72 bytes and no more."""

import os
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise

import bcrypt

from services.errors import Problem

ROUNDS = 12
MAX_BYTES = 72
MIN_LENGTH = 8
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else on a printed slip


@dataclass(frozen=True, slots=True)
class NewPassword:
    """An account with the password to hand over; shown once, stored only as a hash."""

    user_id: int
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Slip:
    """A first password on its way to paper."""

    name: str
    staff_no: str | None
    password: NewPassword = field(repr=False)


def is_too_long(password: str) -> bool:
    """Say whether bcrypt would not read the whole password."""
    return len(_bytes(password)) > MAX_BYTES


def hash_password(password: str) -> str:
    """Hash a password; takes about a quarter of a second, so never inside a transaction."""
    return bcrypt.hashpw(_bytes(password), bcrypt.gensalt(ROUNDS)).decode()


def matches(password: str, password_hash: str | None) -> bool:
    """Compare a password; an unknown account costs the same time as a known one."""
    if is_too_long(password):
        return False
    stored = password_hash.encode() if password_hash else _dummy()
    return bcrypt.checkpw(_bytes(password), stored) and password_hash is not None


def _bytes(password: str) -> bytes:
    return password.encode(errors="surrogatepass")  # half a character is no reason to crash


_dummies: dict[int, bytes] = {}


def _dummy() -> bytes:
    if ROUNDS not in _dummies:
        _dummies[ROUNDS] = bcrypt.hashpw(secrets.token_bytes(16).hex().encode(), bcrypt.gensalt(ROUNDS))
    return _dummies[ROUNDS]


def first_password() -> str:
    """Make a first password to be handed over on paper: three groups of four, about 59 bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(3))


def first_passwords(count: int, progress: Callable[[int, int], None] | None = None) -> list[tuple[str, str]]:
    """Make first passwords, each with its hash; slow, so before the transaction, and on every processor there is.

    bcrypt leaves Python free while it counts, so threads really work side by side.
    """
    made: list[tuple[str, str]] = []
    passwords = [first_password() for _ in range(count)]
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for password, hashed in zip(passwords, pool.map(hash_password, passwords), strict=True):
            made.append((password, hashed))
            if progress is not None:
                progress(len(made), count)
    return made


def _is_run(password: str) -> bool:
    """Say whether each sign follows the one before, as in 12345678 or hgfedcba."""
    steps = {ord(after) - ord(before) for before, after in pairwise(password)}
    return steps in ({1}, {-1})


def problem_with(password: str, *, username: str) -> Problem | None:
    """Say what keeps a password from being accepted."""
    if is_too_long(password):
        return Problem("password_too_long", bytes=len(_bytes(password)), limit=MAX_BYTES)
    if not password:
        return Problem("required")
    if len(password) < MIN_LENGTH:
        return Problem("password_too_short", limit=MIN_LENGTH)
    if password.casefold().strip() == username.casefold() or len(set(password)) < 4 or _is_run(password):
        return Problem("password_too_easy")
    return None
