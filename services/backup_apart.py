"""The long part of a backup in a process of its own, with low priority unless somebody waits for it.

Half of it is reading the audit chain in Python: in the server's process every page waits for it (measured).
"""

import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from db.engine import Runtime, runtime
from db.location import PROJECT_DIR
from db.presence import at_work
from db.tables import BackupReason
from services import backup_files
from services.backup_files import PROBLEMS, code_of
from services.backups import CopyOutcome, Outcome

LEAST_PRIORITY = 19
_BROKEN_OFF = "broken_off"


def make(used: Runtime, *, reason: str) -> Outcome:
    """Have a backup made and proven, see `backup_files`; what went wrong stands in the outcome."""
    told = _ask(used, "make", reason)
    return Outcome(**told) if told else Outcome(problem=_BROKEN_OFF)


def copy(used: Runtime, *, source: Path, folder: Path) -> CopyOutcome:
    """Have a backup copied and proven there, see `backup_files`."""
    told = _ask(used, "copy", str(source), str(folder))
    return CopyOutcome(**told) if told else CopyOutcome(problem=_BROKEN_OFF)


def main(words: list[str]) -> None:
    """Do in this process what another one asks for, and answer on standard output."""
    if os.name != "nt" and not _is_waited_for(*words):
        os.nice(LEAST_PRIORITY)
    threading.Thread(target=_end_with_who_asked, daemon=True).start()
    used = runtime()
    with at_work(used.location):
        outcome = _done(used, *words)
    print(json.dumps(asdict(outcome), default=str))


def _done(used: Runtime, what: str, *words: str) -> Outcome | CopyOutcome:
    if what == "copy":
        source, folder = map(Path, words)
        return backup_files.copy(used, source=source, folder=folder)
    (reason,) = words
    try:
        return backup_files.make(used, reason=reason)
    except tuple(PROBLEMS) as error:
        return Outcome(problem=code_of(error))


def _is_waited_for(what: str, *words: str) -> bool:
    """Say whether somebody sits before the page until it is done."""
    return what == "make" and words == (BackupReason.MANUAL,)


def _ask(used: Runtime, *words: str) -> dict[str, Any] | None:
    """Return what the other process answers, None where it didn't come to its end."""
    place = used.location
    environment = {**os.environ, "CARE_DATA_DIR": str(place.data_dir), "CARE_KEY_FILE": str(place.key_file)}
    with subprocess.Popen(  # noqa: S603  this Python, with words of our own
        [sys.executable, "-m", __name__, *words],
        cwd=PROJECT_DIR,
        env=environment | ({"CARE_DATABASE_URL": place.database_url} if place.database_url else {}),
        stdin=subprocess.PIPE,  # stays open for as long as somebody waits for the answer
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=0 if _is_waited_for(*words) else getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),
    ) as process:
        answer = process.stdout.read() if process.stdout else b""
    if process.returncode != 0:
        return None
    told: dict[str, Any] = json.loads(answer)
    return told | {"file": Path(told["file"]) if told["file"] else None}


def _end_with_who_asked() -> None:
    """Give up as soon as nobody waits any more: a server that has ended, or was killed."""
    os.read(sys.stdin.fileno(), 1)  # not through Python's buffer: its lock would stop an orderly end
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
