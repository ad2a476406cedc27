"""What the disk says no to: no room left, or a folder that can only be read. Standard library only."""

import errno
import os
import shutil
from pathlib import Path

_FULL = {errno.ENOSPC, errno.EDQUOT}
_SQLITE_FULL = "database or disk is full"
# What the library says instead when it has no room for the files beside the database; then the room decides.
_SQLITE_UNCLEAR = ("disk I/O error", "unable to open database file")
_TOO_LITTLE = 256 * 1024


def is_disk_full(error: BaseException, folder: Path) -> bool:
    """Say whether an exception, or one it comes from, means that there is no room left on the disk of a folder."""
    return any(_says_full(each, folder) for each in _chain(error))


def is_read_only(path: Path) -> bool:
    """Say whether something that exists can't be written to."""
    return path.exists() and not os.access(path, os.W_OK)


def _says_full(error: BaseException, folder: Path) -> bool:
    if isinstance(error, OSError):
        return error.errno in _FULL
    if type(error).__name__ == "DiskFull":  # PostgreSQL's and our own
        return True
    words = str(error) if type(error).__name__ in {"OperationalError", "DatabaseError"} else ""
    return _SQLITE_FULL in words or (any(each in words for each in _SQLITE_UNCLEAR) and _has_no_room(folder))


def _has_no_room(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _TOO_LITTLE
    except OSError:
        return False


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is not None and current not in found:
            found.append(current)
            waiting += [current.__cause__, current.__context__, getattr(current, "orig", None)]
    return found
