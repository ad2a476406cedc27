"""A file of documents that opens with a password alone, on any machine, and tells whether a byte of it was changed.

An ordinary zip with AES-256, which 7-Zip, WinRAR and Bandizip open: the receiving school need not have this program.
The names inside are numbers; who is who stands in the encrypted list. Written as a stream: what lies on the disk is
ciphertext at every moment. The last bytes are a comment with a salt and an HMAC, by a key from the password, over
everything before it: a cut, changed or added byte shows, and a wrong password looks the same.
"""

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

LIST = "清单.json"
README = "读我.txt"
_MARK = b"CARE-HANDOVER-1 "
_SALT_BYTES, _DIGEST_CHARS = 16, 64
_COMMENT_BYTES = len(_MARK) + 2 * _SALT_BYTES + 1 + _DIGEST_CHARS
_CHUNK = 1024 * 1024
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that is taken for another when read out; 32, so 5 bits each
_GROUPS, _GROUP = 5, 5


class PackageUnreadable(Exception):
    """The password is wrong, or the file was cut, damaged or changed: which of them, nobody can tell."""


@dataclass(frozen=True, slots=True)
class Content:
    """One file inside, as the list inside names it."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Package:
    """What a whole package holds."""

    head: Mapping[str, Any]  # what its maker wrote beside the list
    files: tuple[Content, ...]


def new_password() -> str:
    """Return a password nobody can guess: 125 bits in five groups that can be read out."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))


class PackageWriter:
    """Writes a package to a path, one document after another; until `finish` it is no package."""

    def __init__(self, path: Path, *, password: str, readme: str) -> None:
        import pyzipper  # here, because every start of the server would wait for it

        self._path, self._password = path, password
        self._salt = secrets.token_bytes(_SALT_BYTES)
        self._files: list[Content] = []
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        self._raw: BinaryIO = os.fdopen(descriptor, "w+b")
        self._zip = pyzipper.AESZipFile(self._raw, "w", compression=zipfile.ZIP_DEFLATED)
        self._zip.writestr(README, readme.encode("utf-8-sig"))  # in the clear: it says how to open the rest
        self._zip.encryption = pyzipper.WZ_AES
        self._zip.setpassword(password.encode())

    def add(self, name: str, content: bytes) -> None:
        """Write one document."""
        self._zip.writestr(name, content)
        self._files.append(Content(name, len(content), hashlib.sha256(content).hexdigest()))

    @property
    def files(self) -> int:
        """How many documents are in it by now."""
        return len(self._files)

    def finish(self, head: Mapping[str, Any]) -> str:
        """Write the list, seal the whole, have it on the disk; return the SHA-256 of the file."""
        listed = [{"文件": each.name, "字节": each.size, "SHA256": each.sha256} for each in self._files]
        content = json.dumps({**head, "文件": listed}, ensure_ascii=False, indent=1)
        self._zip.writestr(LIST, content.encode())
        comment = _MARK + self._salt.hex().encode() + b" " + b"0" * _DIGEST_CHARS
        self._zip.comment = comment
        self._zip.close()
        sealed = _digest_but_last(self._raw, key=_key(self._password, self._salt))
        self._raw.seek(-_DIGEST_CHARS, os.SEEK_END)
        self._raw.write(sealed.encode())
        self._raw.flush()
        os.fsync(self._raw.fileno())
        self._raw.seek(0)
        digest = hashlib.sha256()
        for chunk in _chunks(self._raw, None):
            digest.update(chunk)
        self.close()
        return digest.hexdigest()

    def close(self) -> None:
        """Let go of the file; without `finish` what is there is no package."""
        with contextlib.suppress(OSError, ValueError):  # a full disk; already closed
            self._zip.close()
        self._raw.close()


def open_package(path: Path, *, password: str) -> Package:
    """Return what a package holds after every byte of it was checked, the documents against the list inside.

    Raises:
        PackageUnreadable: the password is wrong, or something was changed.
        OSError: the file can't be read at all.
    """
    with path.open("rb") as raw:
        _check_seal(raw, password)
        try:
            return _read(raw, password)
        except (zipfile.BadZipFile, RuntimeError, ValueError, KeyError, TypeError, NotImplementedError) as error:
            raise PackageUnreadable from error


def _check_seal(raw: BinaryIO, password: str) -> None:
    size = raw.seek(0, os.SEEK_END)
    if size <= _COMMENT_BYTES:
        raise PackageUnreadable
    raw.seek(-_COMMENT_BYTES, os.SEEK_END)
    comment = raw.read(_COMMENT_BYTES)
    mark, salt, told = comment[: len(_MARK)], comment[len(_MARK) :][: 2 * _SALT_BYTES], comment[-_DIGEST_CHARS:]
    try:
        key = _key(password, bytes.fromhex(salt.decode("ascii")))
    except ValueError:
        raise PackageUnreadable from None
    is_right = hmac.compare_digest(_digest_but_last(raw, key=key).encode(), told)
    if mark != _MARK or not is_right:
        raise PackageUnreadable


def _read(raw: BinaryIO, password: str) -> Package:
    import pyzipper

    with pyzipper.AESZipFile(raw) as found:
        found.setpassword("".join(password.split()).upper().encode())
        head = json.loads(found.read(LIST))
        files = tuple(Content(each["文件"], each["字节"], each["SHA256"]) for each in head.pop("文件"))
        if {each.name for each in files} != set(found.namelist()) - {LIST, README}:
            raise PackageUnreadable
        for each in files:
            digest, size = hashlib.sha256(), 0
            with found.open(each.name) as content:
                for chunk in _chunks(content, None):
                    digest.update(chunk)
                    size += len(chunk)
            if (digest.hexdigest(), size) != (each.sha256, each.size):
                raise PackageUnreadable
        return Package(head, files)


def _key(password: str, salt: bytes) -> bytes:
    typed = "".join(password.split()).upper().encode()
    return hashlib.scrypt(typed, salt=salt, n=2**14, r=8, p=1, maxmem=64 * 1024 * 1024)


def _digest_but_last(raw: BinaryIO, *, key: bytes) -> str:
    """Return the HMAC of everything but the last bytes, where it is to stand itself."""
    size = raw.seek(0, os.SEEK_END)
    raw.seek(0)
    digest = hmac.new(key, digestmod=hashlib.sha256)
    for chunk in _chunks(raw, size - _DIGEST_CHARS):
        digest.update(chunk)
    return digest.hexdigest()


def _chunks(raw: Any, limit: int | None) -> Iterator[bytes]:  # a file, or one inside a package
    left = limit
    while left is None or left > 0:
        chunk = raw.read(_CHUNK if left is None else min(_CHUNK, left))
        if not chunk:
            return
        if left is not None:
            left -= len(chunk)
        yield chunk
