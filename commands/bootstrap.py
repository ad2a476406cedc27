"""Make the project's own Python environment and go on inside it; standard library only.

The environment is complete exactly when its stamp names the requirements files as they are now. The stamp is taken
away before an installation and written after it, so one that broke off is noticed and done again.
"""

import errno
import hashlib
import json
import os
import platform
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn

from commands.problems import (
    InstallBroken,
    PackagesOutOfReach,
    VenvStrange,
    VenvUnavailable,
    WheelsDamaged,
    WheelsIncomplete,
)
from commands.processes import PROJECT_DIR, hand_over
from commands.wheelhouse import list_damaged, list_lacking, read_pins
from db.errors import DiskFull, FolderReadOnly

PRODUCTION = "requirements.txt"
DEVELOPMENT = "requirements-dev.txt"  # contains the other
ENTERED = "CARE_ENVIRONMENT_ENTERED"
OUT_OF_REACH = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|Connection broken"
    r"|No matching distribution|Could not find a version|Could not fetch URL|Network is unreachable"
)
UNFIT = re.compile(r"No matching distribution found for ([\w.-]+(?:==[^\s;]+)?)")
FETCHED = ("Collecting ", "Processing ")  # what the installer says of each package, from the network or a file
WORKING = "import pip, sys; sys.exit(sys.version_info < (3, 11))"


@dataclass(frozen=True, slots=True)
class Environment:
    """The virtual environment of one copy of the project."""

    project: Path

    @property
    def folder(self) -> Path:
        """Where it lies; copies of the project may share one through a link."""
        return (self.project / ".venv").resolve()

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def stamp(self) -> Path:
        """What names the requirements that are completely installed."""
        return self.folder / "care-installed.json"

    @property
    def log(self) -> Path:
        """What the installer said last time."""
        return self.folder / "care-install.log"

    @property
    def lock(self) -> Path:
        """What is held while the environment is made; beside it, for it may have to be made anew."""
        return self.folder.with_name(f"{self.folder.name}.lock")

    @property
    def wheels(self) -> Path | None:
        """The folder of packages brought along for a machine without network, if there is one."""
        folder = self.project / "wheels"
        return folder if any(folder.glob("*.whl")) else None

    def is_running(self) -> bool:
        """Tell whether this very program runs inside it."""
        return Path(sys.prefix).resolve() == self.folder


def enter(argv: Sequence[str], *, needs_dev: bool = False) -> None:
    """Return inside the environment, complete; outside it, make it complete and start the same command in it."""
    environment = Environment(PROJECT_DIR)
    if not is_complete(environment, needs_dev=needs_dev):
        make_complete(environment, needs_dev=needs_dev)
    entered = os.environ.pop(ENTERED, None)
    if environment.is_running():
        return
    if entered:
        raise VenvStrange(environment.folder)
    hand_over(
        [str(environment.python), str(PROJECT_DIR / "manage.py"), *argv],
        env={**os.environ, ENTERED: "1", "PYTHONUTF8": "1"},
    )


def is_complete(environment: Environment, *, needs_dev: bool = False) -> bool:
    """Tell whether the environment holds what the requirements files ask for now."""
    if not environment.python.exists():
        return False
    try:
        stamp = json.loads(environment.stamp.read_text("utf-8"))
        return all(stamp[name] == digest for name, digest in _digests(environment, needs_dev=needs_dev).items())
    except (OSError, ValueError, TypeError, KeyError):
        return False


def make_complete(environment: Environment, *, needs_dev: bool = False) -> None:
    """Make the environment if it is missing or broken, and install the requirements; one process at a time.

    Raises:
        FolderReadOnly, DiskFull, VenvUnavailable, PackagesOutOfReach, InstallBroken: it can't be done.
    """
    try:
        with _only_one(environment.lock) as lock:
            if is_complete(environment, needs_dev=needs_dev):
                return  # another start has done it meanwhile
            _tell("正在准备运行环境，第一次要几分钟，请不要关掉这个窗口。")
            environment.stamp.unlink(missing_ok=True)
            if not _works(environment):
                _make_venv(environment)
            _install(environment, DEVELOPMENT if needs_dev else PRODUCTION, lock)
            _write_stamp(environment, needs_dev=needs_dev)
            _tell("运行环境准备好了。")
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(environment.folder) from error
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise FolderReadOnly(environment.folder) from error
        raise


def _digests(environment: Environment, *, needs_dev: bool) -> dict[str, str]:
    names = (PRODUCTION, DEVELOPMENT) if needs_dev else (PRODUCTION,)
    return {name: hashlib.sha256((environment.project / name).read_bytes()).hexdigest() for name in names}


def _write_stamp(environment: Environment, *, needs_dev: bool) -> None:
    draft = environment.stamp.with_suffix(".new")
    draft.write_text(json.dumps(_digests(environment, needs_dev=needs_dev)), "utf-8")
    draft.replace(environment.stamp)


def _works(environment: Environment) -> bool:
    if not environment.python.exists():
        return False
    try:
        probe = subprocess.run([environment.python, "-c", WORKING], capture_output=True, check=False)
    except OSError:
        return False
    return probe.returncode == 0


def _make_venv(environment: Environment) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(environment.folder)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if made.returncode == 0:
        return
    said = made.stdout + made.stderr
    if "ensurepip is not" in said:
        raise VenvUnavailable
    environment.folder.mkdir(parents=True, exist_ok=True)
    environment.log.write_text(said, "utf-8")
    raise InstallBroken(environment.log)


def _install(environment: Environment, requirements: str, lock: IO[str]) -> None:
    """Install from the wheels folder if there is one, else or if that is not enough from the network."""
    wheels, listed = environment.wheels, environment.project / requirements
    if wheels and (damaged := list_damaged(wheels)):
        raise WheelsDamaged(wheels, "、".join(damaged))
    sources = [[]] if wheels is None else [["--no-index", "--find-links", str(wheels)], []]
    answers: list[str] = []
    for source in sources:
        code, output = _run_pip(environment, ["-r", str(listed), *source], lock)
        if code == 0:
            return
        answers.append(output)
    said = "".join(answers)
    environment.log.write_text(said, "utf-8")
    if not OUT_OF_REACH.search(said):
        raise InstallBroken(environment.log)
    if wheels and (lacking := [*list_lacking(wheels, read_pins(listed)), *UNFIT.findall(answers[0])]):
        raise WheelsIncomplete(requirements, "、".join(dict.fromkeys(lacking)), _machine())
    raise PackagesOutOfReach(requirements)


def _machine() -> str:
    return f"Python {sys.version_info.major}.{sys.version_info.minor}，{platform.system()} {platform.machine()}"


def _run_pip(environment: Environment, arguments: Sequence[str], lock: IO[str]) -> tuple[int, str]:
    """Run the installer, telling how far it is; return its exit code and all it said."""
    command = [str(environment.python), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    command += ["--progress-bar", "off", "--retries", "2", *arguments]
    said: list[str] = []
    # The installer inherits the lock: if this process is killed, no second one starts while the first still writes.
    inherited = () if os.name == "nt" else (lock.fileno(),)
    installer = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "PYTHONUTF8": "1"},
        pass_fds=inherited,
    )
    with installer, _ending_with(installer):
        for line in installer.stdout or ():
            said.append(line)
            _tell_progress(line, said)
    return installer.returncode, "".join(said)


@contextmanager
def _ending_with(installer: subprocess.Popen[str]) -> Iterator[None]:
    """End the installer when this process is asked to end."""

    def stop(number: int, _: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except BaseException:
        installer.terminate()
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell_progress(line: str, said: Sequence[str]) -> None:
    if line.startswith("Installing collected packages"):
        _tell("正在安装，还要一会儿。")
    elif line.startswith(FETCHED):
        count = sum(earlier.startswith(FETCHED) for earlier in said)
        if count % 10 == 0:
            _tell(f"已取 {count} 个程序包。")


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


@contextmanager
def _only_one(path: Path) -> Iterator[IO[str]]:
    """Hold a lock that the operating system gives back when its holder dies."""
    with open(path, "a", encoding="utf-8") as lock:
        waiting = False
        while not _try_to_lock(lock):
            if not waiting:
                _tell("另一个窗口正在准备运行环境，请等它做完。")
                waiting = True
            time.sleep(0.2)
        try:
            yield lock
        finally:
            _unlock(lock)


if sys.platform == "win32":
    import msvcrt

    def _try_to_lock(lock: IO[str]) -> bool:
        lock.seek(0)
        try:
            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(lock: IO[str]) -> None:
        lock.seek(0)
        msvcrt.locking(lock.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_to_lock(lock: IO[str]) -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(lock: IO[str]) -> None:
        fcntl.flock(lock, fcntl.LOCK_UN)
