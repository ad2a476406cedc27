"""Single columns encrypted with AES-GCM, each bound to its table, column and row."""

import hashlib
import hmac
import os
from typing import Any, ClassVar, Protocol

from cryptography.exceptions import InvalidTag

from db.engine import keys
from db.errors import SealBroken
from db.keys import Keys

NONCE_BYTES = 12


class SealedRow(Protocol):
    """A row that can hold sealed columns."""

    __tablename__: ClassVar[Any]  # SQLModel's: a name, or what makes one
    uid: str


def _context(table: str, column: str, uid: str) -> bytes:
    return f"{table}.{column}.{uid}".encode()


def seal_text(text: str | None, *, table: str, column: str, uid: str) -> bytes | None:
    """Encrypt a text for one column of one row; blank becomes NULL."""
    if text is None or not text.strip():
        return None
    return seal_bytes(keys(), text.encode(), table=table, column=column, uid=uid)


def open_text(sealed: bytes | None, *, table: str, column: str, uid: str) -> str | None:
    """Decrypt one column of one row.

    Raises:
        SealBroken: the words were tampered with, moved from another row, or sealed with another key.
    """
    if sealed is None:
        return None
    return open_bytes(keys(), sealed, table=table, column=column, uid=uid).decode()


def seal_bytes(with_keys: Keys, plain: bytes, *, table: str, column: str, uid: str) -> bytes:
    """Encrypt for one column of one row with any key."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + with_keys.cipher.encrypt(nonce, plain, _context(table, column, uid))


def open_bytes(with_keys: Keys, sealed: bytes, *, table: str, column: str, uid: str) -> bytes:
    """Decrypt one column of one row with any key.

    Raises:
        SealBroken: the words were tampered with, moved from another row, or sealed with another key.
    """
    try:
        return with_keys.cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _context(table, column, uid))
    except (InvalidTag, ValueError) as error:  # a nonce cut short is no nonce
        raise SealBroken(f"{table}.{column}") from error


def seal(row: SealedRow, column: str, text: str | None) -> None:
    """Put a text into a sealed column of a row."""
    setattr(row, column, seal_text(text, table=str(row.__tablename__), column=column, uid=row.uid))


def unseal(row: SealedRow, column: str) -> str | None:
    """Read a sealed column of a row.

    Raises:
        SealBroken: the words do not fit this row.
    """
    return open_text(getattr(row, column), table=str(row.__tablename__), column=column, uid=row.uid)


def keyed_hash(purpose: str, value: str) -> str:
    """Return the keyed hash by which a sealed value is found again."""
    return hash_with(keys(), purpose, value)


def hash_with(with_keys: Keys, purpose: str, value: str) -> str:
    """Return the keyed hash with any key."""
    return hmac.new(with_keys.finder, f"{purpose}:{value}".encode(), hashlib.sha256).hexdigest()
