"""Looking over an installation without changing it: machine, key, data, clock, backups; facts, no sentences."""

import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from db import replacing
from db.audit_chain import find_head
from db.embedded import opens
from db.engine import use
from db.errors import DatabaseNewer, DatabaseOutdated, KeyMissing, KeyWrong, StartupProblem
from db.folders import try_folder
from db.keys import read_key_file
from db.location import Location
from db.transactions import reading
from db.upgrade import check_current
from services import backups, clock
from services.backups import AUTOMATIC, OFF_DISK_DAYS, RunState

NEEDED_PYTHON, NEEDED_GLIBC = (3, 11), (2, 28)
BACKUP_DAYS = 2  # one a day: two days without one means that something is wrong
SLACK = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Symptom:
    """Something that is not as it should be: a code, and the facts its sentence needs."""

    code: str
    facts: dict[str, object] = field(default_factory=dict)


def examine(location: Location) -> list[Symptom]:
    """Look at everything that can be looked at as things are."""
    found = [*_machine(), *_disk(location), *_key(location)]
    if location.is_embedded and replacing.is_pending(location):
        return [*found, Symptom("unfinished")]
    if location.is_embedded and not location.database_file.exists():
        return [*found, Symptom("data_missing", {"path": location.database_file})]
    if any(symptom.code in {"key_missing", "key_wrong"} for symptom in found):
        return found
    return [*found, *_data(location)]


def _machine() -> Iterator[Symptom]:
    if sys.version_info[:2] < NEEDED_PYTHON:
        yield Symptom("python", {"found": platform.python_version()})
    name, version = platform.libc_ver()
    if name == "glibc" and tuple(map(int, version.split(".")[:2])) < NEEDED_GLIBC:
        yield Symptom("glibc", {"found": version})


def _disk(location: Location) -> Iterator[Symptom]:
    if not location.data_dir.is_dir():
        return
    size = location.database_file.stat().st_size if location.database_file.exists() else 0
    free = shutil.disk_usage(location.data_dir).free
    if free < max(3 * size, 512 * 2**20):
        yield Symptom("disk", {"path": location.data_dir, "free_mb": free // 2**20, "size_mb": size // 2**20})


def _key(location: Location) -> Iterator[Symptom]:
    path = location.key_file
    try:
        keys = read_key_file(path)
    except KeyMissing:
        if not location.is_embedded or location.database_file.exists():
            yield Symptom("key_missing", {"path": path})
        return
    except KeyWrong:
        yield Symptom("key_wrong", {"path": path})
        return
    if location.is_embedded and location.database_file.exists() and not opens(location.database_file, keys.database):
        yield Symptom("key_wrong", {"path": path})
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Symptom("key_open", {"path": path})
    if path.resolve().is_relative_to(location.data_dir.resolve()):
        yield Symptom("key_beside", {"path": path})


def _data(location: Location) -> Iterator[Symptom]:
    try:
        check_current(use(location))
    except DatabaseNewer as error:
        yield Symptom("newer", {"found": error.found, "known": error.known})
    except DatabaseOutdated as error:
        yield Symptom("outdated", {"found": error.found, "known": error.known})
    except (StartupProblem, DBAPIError):
        yield Symptom("unreachable")
    else:
        yield from _clock()
        yield from _backups()
        yield from _second_folder(location)
        if not location.is_embedded and not all(map(shutil.which, ("pg_dump", "pg_restore"))):
            yield Symptom("pg_tools")


def _clock() -> Iterator[Symptom]:
    with reading() as session:
        head = find_head(session)
    if head is not None and head.at - clock.now() > SLACK:
        yield Symptom("clock", {"minutes": int((head.at - clock.now()).total_seconds() // 60)})


def _backups() -> Iterator[Symptom]:
    with reading() as session:
        runs = backups.list_runs(session, AUTOMATIC)
        facts = backups.find_safety_facts(session)
    now = clock.now()
    newest = next((run for run in runs if run.state is RunState.PROVEN), None)
    if newest is None:
        yield Symptom("no_backup")
    elif now - newest.started_at > timedelta(days=BACKUP_DAYS):
        yield Symptom("backup_old", {"days": (now - newest.started_at).days})
    if facts.off_disk_at is None:
        yield Symptom("off_disk_none")
    elif now - facts.off_disk_at > timedelta(days=OFF_DISK_DAYS):
        yield Symptom("off_disk_old", {"days": (now - facts.off_disk_at).days})
    if runs and runs[0].state is RunState.FAILED:
        yield Symptom("backup_failed", {"code": runs[0].problem})
    if not facts.is_sheet_checked:
        yield Symptom("sheet")


def _second_folder(location: Location) -> Iterator[Symptom]:
    with reading() as session:
        folder = backups.find_second_folder(session, AUTOMATIC).folder
    if not folder:
        return
    tried = try_folder(Path(folder), location)
    if tried.problem:
        yield Symptom("folder", {"path": folder, "code": tried.problem.value})
    elif tried.is_same_disk:
        yield Symptom("same_disk", {"path": folder})
