"""Which processes are at work on a data folder, so that nobody puts another database under a running server."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from db.errors import MigrationLocked, StillInUse
from db.location import Location

LOCK_SECONDS = 120


@contextmanager
def alone_or_waiting(location: Location) -> Iterator[None]:
    """Hold the lock under which a database is migrated or replaced.

    Raises:
        MigrationLocked: another process holds it and does not finish.
    """
    try:
        with filelock.FileLock(location.lock_file, timeout=LOCK_SECONDS):
            yield
    except filelock.Timeout as error:
        raise MigrationLocked from error


@contextmanager
def at_work(location: Location) -> Iterator[None]:
    """Be known as at work on this data folder; the operating system forgets it when the process dies.

    Raises:
        MigrationLocked: the database is just being replaced.
    """
    with alone_or_waiting(location):
        location.presence_dir.mkdir(exist_ok=True, mode=0o700)
        path = location.presence_dir / f"{os.getpid()}-{secrets.token_hex(4)}.lock"
        own = filelock.FileLock(path, thread_local=False)  # a server lets go of it in another thread
        own.acquire()
    try:
        yield
    finally:
        own.release()
        with contextlib.suppress(OSError):
            path.unlink()


def list_at_work(location: Location) -> list[int]:
    """Return the process ids of everybody at work there; what the dead left behind is cleared away."""
    return [int(path.name.partition("-")[0]) for path in _files(location) if not _is_left_behind(path)]


def refuse_company(location: Location) -> None:
    """Refuse while anybody is at work there; call it under the lock, so that nobody begins meanwhile.

    Raises:
        StillInUse: with the process ids.
    """
    if others := list_at_work(location):
        raise StillInUse(others)


def _files(location: Location) -> list[Path]:
    return sorted(location.presence_dir.glob("*-*.lock")) if location.presence_dir.is_dir() else []


def _is_left_behind(path: Path) -> bool:
    probe = filelock.FileLock(path)
    try:
        probe.acquire(timeout=0)
    except filelock.Timeout:
        return False
    except OSError:  # gone meanwhile, or not ours to open: another account's process
        return not path.exists()
    probe.release()
    with contextlib.suppress(OSError):
        path.unlink()
    return True
