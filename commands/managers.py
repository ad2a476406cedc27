"""The two that start programs at boot, systemd and Windows' scheduler: put in, take out, ask. Standard library only."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from commands.problems import ManagerRefused
from commands.units import NAME, TITLE, Plan, task_text, unit_text

UNIT_DIR = Path("/etc/systemd/system")
RUNNING_MARK = Path("/run/systemd/system")  # there exactly when systemd started this machine


@dataclass(frozen=True, slots=True)
class State:
    """What the manager says of the service."""

    is_running: bool
    starts_at_boot: bool


class Manager(Protocol):
    """What starts the server when the machine starts."""

    @property
    def file(self) -> Path:
        """Where the text of the installed service lies."""

    def is_there(self) -> bool:
        """Tell whether this machine has such a manager at work."""

    def text(self, plan: Plan) -> str:
        """Write what the manager is given."""

    def installed(self) -> str | None:
        """Return the text installed, None without one."""

    def install(self, plan: Plan) -> None:
        """Put it in, for every boot, and start it."""

    def remove(self) -> None:
        """Stop it and take it out."""

    def state(self) -> State:
        """Ask how it is."""


class Systemd:
    """Linux's manager of services."""

    @property
    def file(self) -> Path:
        """The unit's file."""
        return UNIT_DIR / f"{NAME}.service"

    def is_there(self) -> bool:
        """Tell whether systemd started this machine; in a container it did not."""
        return RUNNING_MARK.is_dir() and shutil.which("systemctl") is not None

    def text(self, plan: Plan) -> str:
        """Write the unit."""
        return unit_text(plan)

    def installed(self) -> str | None:
        """Return the unit installed."""
        return self.file.read_text("utf-8") if self.file.is_file() else None

    def install(self, plan: Plan) -> None:
        """Write the unit, enable and start it.

        Raises:
            ManagerRefused: systemd would not; what it said is in the problem.
        """
        _put(self.file, unit_text(plan).encode())
        _ask("systemctl", "daemon-reload")
        _ask("systemctl", "enable", f"{NAME}.service")
        _ask("systemctl", "start", f"{NAME}.service")

    def remove(self) -> None:
        """Stop, disable and delete the unit."""
        _ask("systemctl", "disable", "--now", f"{NAME}.service")
        self.file.unlink()
        _ask("systemctl", "daemon-reload")

    def state(self) -> State:
        """Ask systemd."""
        return State(_agrees("systemctl", "is-active", NAME), _agrees("systemctl", "is-enabled", NAME))


class TaskScheduler:
    """Windows' scheduler. Not verified on Windows."""

    @property
    def file(self) -> Path:
        """Our copy of the task: the scheduler gives back another spelling of it."""
        return Path(os.environ.get("PROGRAMDATA", "C:/ProgramData")) / NAME / "task.xml"

    def is_there(self) -> bool:
        """Tell whether this is Windows with its scheduler."""
        return os.name == "nt" and shutil.which("schtasks") is not None

    def text(self, plan: Plan) -> str:
        """Write the task."""
        return task_text(plan)

    def installed(self) -> str | None:
        """Return the task installed."""
        return self.file.read_text("utf-16") if self.file.is_file() else None

    def install(self, plan: Plan) -> None:
        """Hand the task over and start it.

        Raises:
            ManagerRefused: the scheduler would not; what it said is in the problem.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True)
        _put(self.file, task_text(plan).encode("utf-16"))
        _ask("schtasks", "/create", "/tn", TITLE, "/xml", str(self.file), "/f")
        _ask("schtasks", "/run", "/tn", TITLE)

    def remove(self) -> None:
        """End the task and delete it."""
        _agrees("schtasks", "/end", "/tn", TITLE)
        _ask("schtasks", "/delete", "/tn", TITLE, "/f")
        self.file.unlink()

    def state(self) -> State:
        """Ask the scheduler."""
        query = ["schtasks", "/query", "/tn", TITLE, "/fo", "csv", "/nh"]
        asked = subprocess.run(query, capture_output=True, text=True, errors="replace", check=False)
        is_running = any(word in asked.stdout for word in ("Running", "正在运行"))
        return State(is_running=is_running, starts_at_boot=asked.returncode == 0)


def this_machine() -> Manager:
    """Return the manager of this kind of system, whether it is at work or not."""
    return TaskScheduler() if sys.platform == "win32" else Systemd()


def _put(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, whenever the power goes."""
    draft = path.with_name(f".{path.name}.new")
    with open(draft, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.chmod(0o644)
    draft.replace(path)


def _ask(*command: str) -> None:
    asked = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if asked.returncode:
        said = " ".join((asked.stderr or asked.stdout).split())
        raise ManagerRefused(" ".join(command), said or str(asked.returncode))


def _agrees(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
