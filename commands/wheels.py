"""`wheels`: bring every package together for a machine that has no network."""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from commands.parsing import Subparsers, command_parser
from commands.preflight import check_folder
from commands.problems import NetworkMissing
from commands.processes import PROJECT_DIR
from commands.wheelhouse import Pin, key_of, list_damaged, list_lacking, list_noted, read_pins, write_stamp
from db.errors import DiskFull

PRODUCTION = "requirements.txt"
DEVELOPMENT = "requirements-dev.txt"
THIS_MACHINE = "这台机器"
GLIBCS = ("_2_28", "_2_27", "_2_26", "_2_24", "_2_17", "2014", "_2_12", "2010", "_2_5", "1")
PLATFORMS = {
    "windows": ("win32", ["win_amd64"]),
    "linux": ("linux", [f"manylinux{version}_x86_64" for version in GLIBCS]),
    "linux-arm": ("linux", [f"manylinux{version}_aarch64" for version in GLIBCS[:6]]),
}
NO_NETWORK = re.compile(r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError")
NOT_FOUND = re.compile(r"No matching distribution found for ([\w.-]+)|Failed to build '?([\w.-]+)")


@dataclass(slots=True)
class Target:
    """A kind of machine the packages are for, and what could not be had for it."""

    words: str
    sys_platform: str
    options: list[str]
    missing: list[str] = field(default_factory=list)


def add_parser(subparsers: Subparsers) -> None:
    """Declare the options of `wheels`."""
    parser = command_parser(subparsers, "wheels", json=True)
    parser.add_argument(
        "--for-platform", action="append", choices=list(PLATFORMS), metavar="系统",
        help="也为这种系统取：windows、linux、linux-arm，可以写几次",
    )  # fmt: skip
    parser.add_argument(
        "--for-python", action="append", type=_version, metavar="版本",
        help="那台机器的 Python 版本，例如 3.12，可以写几次（不写就和这台机器一样）",
    )  # fmt: skip
    parser.add_argument("--dev", action="store_true", help="测试要用的也取（给开发的人用）")


def _version(text: str) -> str:
    if not re.fullmatch(r"3\.\d{1,2}", text) or int(text[2:]) < 11:
        raise argparse.ArgumentTypeError("要写 3.11 或更新的版本，例如 3.12。")
    return text


def preflight(args: argparse.Namespace) -> None:
    """Refuse a project folder that can't be written.

    Raises:
        FolderReadOnly: as said.
    """
    check_folder(PROJECT_DIR / "wheels")


def run(args: argparse.Namespace) -> int:
    """Fetch for every kind of machine asked for; 0 only if nothing is missing.

    Raises:
        NetworkMissing, DiskFull: nothing more can be fetched.
    """
    folder, name = PROJECT_DIR / "wheels", DEVELOPMENT if args.dev else PRODUCTION
    folder.mkdir(exist_ok=True)
    pins = read_pins(PROJECT_DIR / name)
    _clear_away(folder, pins)
    targets = list_targets(args.for_platform or [], args.for_python or [])
    for target in targets:
        print(f"正在取：{target.words}…", file=sys.stderr, flush=True)
        fetch(folder, pins, target)
    digests = {part: hashlib.sha256((PROJECT_DIR / part).read_bytes()).hexdigest() for part in {PRODUCTION, name}}
    write_stamp(folder, made_for=[target.words for target in targets], requirements=digests)
    wheels = list(folder.glob("*.whl"))
    if args.json:
        print(json.dumps(_as_json(folder, wheels, targets), ensure_ascii=False))
    else:
        _tell(folder, wheels, targets)
    return int(any(target.missing for target in targets))


def list_targets(platforms: Sequence[str], versions: Sequence[str]) -> list[Target]:
    """Name every kind of machine: this one, and each system with each Python."""
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    targets = [Target(f"{THIS_MACHINE}（Python {own}）", sys.platform, [])]
    wanted: list[str | None] = [*platforms] or ([None] if versions else [])
    for platform in wanted:
        sys_platform, tags = PLATFORMS[platform] if platform else (sys.platform, [])
        for version in versions or [own]:
            # Both kinds of binary: of this very version, and of any since its stable interface.
            options = ["--python-version", version, "--implementation", "cp", "--abi", f"cp{version.replace('.', '')}"]
            options += ["--abi", "abi3", "--abi", "none"]
            options += [word for tag in tags for word in ("--platform", tag)]
            targets.append(Target(f"{platform or THIS_MACHINE}，Python {version}", sys_platform, options))
    return targets


def fetch(folder: Path, pins: Sequence[Pin], target: Target) -> None:
    """Fetch all that can be had for one kind of machine, noting in the target what can't.

    Raises:
        NetworkMissing, DiskFull: nothing more can be fetched.
    """
    wanted = [pin for pin in pins if pin.is_for(target.sys_platform)]
    while wanted:
        code, said = _run_pip(folder, wanted, target)
        if code == 0:
            break
        named = {(found[1] or found[2]).lower() for found in NOT_FOUND.finditer(said)}
        lacking = [pin for pin in wanted if pin.name.lower() in named]
        if NO_NETWORK.search(said) or not lacking:
            raise DiskFull(folder) if "No space left" in said else NetworkMissing(_last_line(said))
        target.missing += [str(pin) for pin in lacking]
        wanted = [pin for pin in wanted if pin not in lacking]
    # What pip leaves out without a word would only be noticed on the machine without network.
    target.missing += list_lacking(folder, wanted, platform=target.sys_platform)


def _run_pip(folder: Path, pins: Sequence[Pin], target: Target) -> tuple[int, str]:
    with tempfile.TemporaryDirectory() as place:
        listed = Path(place) / "pins.txt"
        listed.write_text("".join(f"{pin}\n" for pin in pins), "utf-8")
        # For this machine a package without a wheel is built; for another one it can't be.
        here = ["wheel", "--wheel-dir", str(folder)]
        elsewhere = ["download", "--only-binary=:all:", "--dest", str(folder), *target.options]
        command = [sys.executable, "-m", "pip", *(elsewhere if target.options else here), "--no-deps", "--no-input"]
        command += ["--disable-pip-version-check", "--progress-bar", "off", "--retries", "2"]
        command += ["--find-links", str(folder), "-r", str(listed)]
        made = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
            env={**os.environ, "PYTHONUTF8": "1"}, check=False,
        )  # fmt: skip
    return made.returncode, made.stdout


def _clear_away(folder: Path, pins: Sequence[Pin]) -> None:
    """Take away what an earlier run fetched and nobody wants now, and what is damaged; other files stay."""
    wanted = {pin.key for pin in pins}
    damaged = list_damaged(folder)
    for name in list_noted(folder):
        path = folder / Path(name).name
        if name in damaged or key_of(path) not in wanted:
            path.unlink(missing_ok=True)


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1] if lines else "")


def _as_json(folder: Path, wheels: Sequence[Path], targets: Sequence[Target]) -> dict[str, object]:
    return {
        "folder": str(folder),
        "files": len(wheels),
        "size": sum(wheel.stat().st_size for wheel in wheels),
        "targets": [{"for": target.words, "missing": target.missing} for target in targets],
        "is_complete": not any(target.missing for target in targets),
    }


def _tell(folder: Path, wheels: Sequence[Path], targets: Sequence[Target]) -> None:
    size_mb = sum(wheel.stat().st_size for wheel in wheels) / 2**20
    print(f"{folder} 里现在有 {len(wheels)} 个程序包，{size_mb:,.0f} MB。")
    for target in targets:
        if target.missing:
            print(
                f"{target.words}：还缺 {'、'.join(target.missing)}。没有给这种机器做好的包，请换一个 Python 版本再取。"
            )
        else:
            print(f"{target.words}：齐了。")
    if not any(target.missing for target in targets):
        print("请把程序的文件夹连同 wheels 一起拷到没有网的机器，在那里运行 manage.py run，不用别的。")
