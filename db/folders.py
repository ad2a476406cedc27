"""Whether a second folder for backups can be used: really tried, by writing to it."""

import errno
import os
import shutil
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from db.location import Location


class FolderProblem(StrEnum):
    """Why a folder won't do for second copies."""

    NOT_ABSOLUTE = "folder_not_absolute"
    MISSING = "folder_missing"
    NOT_WRITABLE = "folder_not_writable"
    FULL = "folder_full"
    INSIDE = "folder_inside"  # within the folders of data or key


@dataclass(frozen=True, slots=True)
class FolderTried:
    """What a try-out found; a folder on the same disk can be used, but does not count as off it."""

    problem: FolderProblem | None
    is_same_disk: bool = False
    free_mb: int = 0


def try_folder(folder: Path, location: Location) -> FolderTried:
    """Write a nameless file there and look at room and disk; may take seconds on a network drive that is gone."""
    if not folder.is_absolute():
        return FolderTried(FolderProblem.NOT_ABSOLUTE)
    if _lies_inside(folder, location):
        return FolderTried(FolderProblem.INSIDE)
    try:
        if not folder.is_dir():
            return FolderTried(FolderProblem.MISSING)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x" * 4096)
            probe.flush()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        is_full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        return FolderTried(FolderProblem.FULL if is_full else FolderProblem.NOT_WRITABLE)
    is_same = is_same_disk(folder, location)
    if free < 2 * _size(location):
        return FolderTried(FolderProblem.FULL, is_same, free // 2**20)
    return FolderTried(None, is_same, free // 2**20)


def is_same_disk(folder: Path, location: Location) -> bool:
    """Say whether a folder lies on the disk of the data; a copy there does not survive that disk."""
    return os.stat(folder).st_dev == os.stat(location.data_dir).st_dev


def _lies_inside(folder: Path, location: Location) -> bool:
    resolved = folder.resolve()
    return any(resolved.is_relative_to(own.resolve()) for own in (location.data_dir, location.key_file.parent))


def _size(location: Location) -> int:
    return location.database_file.stat().st_size if location.database_file.exists() else 0
