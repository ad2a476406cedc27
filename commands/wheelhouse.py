"""The folder `wheels`: which packages it holds, which it lacks, and whether they came over whole.

Standard library only.
"""

import hashlib
import json
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

STAMP = "care-wheels.json"
PIN = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[^\s;]+)\s*(?:;\s*(?P<marker>.+))?")
ONLY_ON = re.compile(r"sys_platform\s*==\s*[\"'](\w+)[\"']")


@dataclass(frozen=True, slots=True)
class Pin:
    """One line of a requirements file: a package in exactly one version."""

    name: str
    version: str
    only_on: str | None = None

    def __str__(self) -> str:
        """As the installer reads it; the marker is judged here, for the installer would judge it for this machine."""
        return f"{self.name}=={self.version}"

    @property
    def key(self) -> tuple[str, str]:
        """By what a wheel's file name is compared."""
        return _plain(self.name), self.version.lower()

    def is_for(self, platform: str) -> bool:
        """Tell whether the package is wanted on a platform, as `sys.platform` names it."""
        return self.only_on is None or self.only_on == platform


def read_pins(path: Path) -> list[Pin]:
    """Return what a requirements file asks for, the files it names included."""
    pins: list[Pin] = []
    for line in path.read_text("utf-8").splitlines():
        text = line.partition(" #")[0].strip()
        if text.startswith("-r "):
            pins += read_pins(path.parent / text.removeprefix("-r ").strip())
        elif found := PIN.fullmatch(text):
            only_on = ONLY_ON.search(found["marker"] or "")
            pins.append(Pin(found["name"], found["version"], only_on[1] if only_on else None))
    return pins


def list_lacking(folder: Path, pins: Iterable[Pin], *, platform: str = sys.platform) -> list[str]:
    """Name what is pinned for a platform and has no wheel in the folder at all."""
    there = {key_of(wheel) for wheel in folder.glob("*.whl")}
    return [str(pin) for pin in pins if pin.is_for(platform) and pin.key not in there]


def key_of(wheel: Path) -> tuple[str, str]:
    """Return name and version from a wheel's file name."""
    name, _, rest = wheel.name.partition("-")
    return _plain(name), rest.partition("-")[0].lower()


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def write_stamp(folder: Path, *, made_for: list[str], requirements: dict[str, str]) -> None:
    """Note what the folder holds, so that a copy can be told from half a copy."""
    files = {wheel.name: _digest(wheel) for wheel in sorted(folder.glob("*.whl"))}
    content = {"made_for": made_for, "requirements": requirements, "files": files}
    draft = folder / f"{STAMP}.new"
    draft.write_text(json.dumps(content, ensure_ascii=False, indent=1), "utf-8")
    draft.replace(folder / STAMP)


def list_noted(folder: Path) -> dict[str, str]:
    """Return the files the stamp names with their digests; none without a stamp that can be read."""
    try:
        files = json.loads((folder / STAMP).read_text("utf-8"))["files"]
        return {str(name): str(digest) for name, digest in files.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def list_damaged(folder: Path) -> list[str]:
    """Name the files that are not as they were when the folder was filled; those gone altogether are no damage."""
    there = {name: folder / Path(name).name for name in list_noted(folder)}
    return [
        name for name, digest in list_noted(folder).items() if there[name].is_file() and _digest(there[name]) != digest
    ]


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
