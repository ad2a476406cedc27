"""The key file, and the keys derived from it for each purpose."""

import base64
import binascii
import contextlib
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from db.errors import KeyMissing, KeyWrong

MASTER_BYTES = 32
CHECK_BYTES = 4
PREFIX = "care-room-key-1:"
REMARK = "# 关爱室的密钥。没有它，数据就打不开。请另存一份，不要和数据放在一起，也不要发给别人。"


@dataclass(frozen=True)
class Keys:
    """Every key the program uses, derived from one master key so that only one must be kept safe."""

    master: bytes

    def __repr__(self) -> str:
        return "Keys(…)"

    def derive(self, purpose: str) -> bytes:
        """Derive the 32-byte key of a purpose."""
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"care-room/{purpose}".encode()).derive(self.master)

    @cached_property
    def database(self) -> str:
        """SQLCipher's raw key, in hex."""
        return self.derive("database").hex()

    @cached_property
    def cipher(self) -> AESGCM:
        """Seals single columns."""
        return AESGCM(self.derive("columns"))

    @cached_property
    def finder(self) -> bytes:
        """Makes the keyed hashes by which an ID number or phone is found."""
        return self.derive("finder")

    @cached_property
    def audit(self) -> bytes:
        """Links the audit chain."""
        return self.derive("audit")

    @cached_property
    def cookie(self) -> str:
        """Signs the sign-in cookie."""
        return self.derive("cookie").hex()

    @cached_property
    def fingerprint(self) -> str:
        """Tells whether a database and a key belong together, without revealing the key."""
        return hmac.new(self.derive("fingerprint"), b"care-room", hashlib.sha256).hexdigest()


def _check(master: bytes) -> bytes:
    return hashlib.sha256(b"care-room-key" + master).digest()[:CHECK_BYTES]


def encode_key(keys: Keys) -> str:
    """Write the master key as one line of text with its check."""
    return PREFIX + base64.b32encode(keys.master + _check(keys.master)).decode().rstrip("=")


def decode_key(text: str, *, path: Path) -> Keys:
    """Read a master key from text.

    Raises:
        KeyWrong: the text is damaged or is no key.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith(PREFIX)]
    if len(lines) != 1:
        raise KeyWrong(path)
    body = lines[0].removeprefix(PREFIX)
    try:
        raw = base64.b32decode(body + "=" * (-len(body) % 8))
    except binascii.Error as error:
        raise KeyWrong(path) from error
    master, check = raw[:MASTER_BYTES], raw[MASTER_BYTES:]
    if len(master) != MASTER_BYTES or not hmac.compare_digest(check, _check(master)):
        raise KeyWrong(path)
    return Keys(master)


def read_key_file(path: Path) -> Keys:
    """Read the key file.

    Raises:
        KeyMissing: there is no such file.
        KeyWrong: it is damaged or is no key file.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise KeyMissing(path) from error
    except (UnicodeDecodeError, OSError) as error:
        raise KeyWrong(path) from error
    return decode_key(text, path=path)


def new_keys() -> Keys:
    """Make a new master key."""
    return Keys(secrets.token_bytes(MASTER_BYTES))


def write_key_file(path: Path, keys: Keys) -> None:
    """Write a key file, whole or not at all, in place of any there is."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write_draft(path, keys).replace(path)


def _write_draft(path: Path, keys: Keys) -> Path:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{REMARK}\n{encode_key(keys)}\n")
        file.flush()
        os.fsync(file.fileno())
    return draft


def create_key_file(path: Path) -> Keys:
    """Make a new key file, or read the one another process made first."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys = new_keys()
    # Written aside and linked into place: a kill half-way leaves no half-written key, and the first of two starts wins.
    draft = _write_draft(path, keys)
    try:
        os.link(draft, path)
    except FileExistsError:
        keys = read_key_file(path)
    except OSError:  # a file system without hard links
        os.replace(draft, path)
    with contextlib.suppress(FileNotFoundError):
        draft.unlink()
    return keys
