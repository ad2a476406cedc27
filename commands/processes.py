"""Start other programs so that signals reach them and their exit codes come back; standard library only."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

PROJECT_DIR = Path(__file__).resolve().parent.parent


def hand_over(command: Sequence[str], *, env: Mapping[str, str]) -> NoReturn:
    """Become another program; on Windows, which cannot, stay around it and end as it ends."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "nt":
        sys.exit(run_through(command, env=env))
    os.execve(command[0], list(command), dict(env))  # noqa: S606  no shell is wanted


def run_through(command: Sequence[str], *, env: Mapping[str, str], cwd: Path | None = None) -> int:
    """Run another program to its end and return its exit code, 128 + n if signal n ended it."""
    with subprocess.Popen(list(command), env=dict(env), cwd=cwd) as child, passing_signals_to(child):
        while True:
            try:
                code = child.wait()
                return code if code >= 0 else 128 - code
            except KeyboardInterrupt:  # the console has sent it to the child as well
                continue


@contextmanager
def passing_signals_to(child: subprocess.Popen[str] | subprocess.Popen[bytes]) -> Iterator[None]:
    """Send SIGTERM on to a child while it is waited for."""

    def pass_on(number: int, _: FrameType | None) -> None:
        child.send_signal(number)

    before = signal.signal(signal.SIGTERM, pass_on)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
