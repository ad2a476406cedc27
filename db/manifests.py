"""What a backup says of itself: schema, rows, head of the audit chain; inside the copy, and signed beside it."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from db.keys import Keys

FORMAT = 1
SUFFIX = ".json"
TABLE = "backup_manifest"
"""The table a copy has more than the original: its manifest, so that the file alone is enough."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was copied; size and digest are those of the finished file and stand only beside it."""

    made_at: str  # ISO, UTC
    reason: str
    schema: str | None
    rows: dict[str, int]
    head_seq: int
    head_link: str | None
    key: str  # fingerprint
    size: int | None = None  # bytes
    sha256: str | None = None

    @property
    def made(self) -> datetime:
        """When it was made."""
        return datetime.fromisoformat(self.made_at).astimezone(UTC)

    def as_json(self) -> str:
        """Write it down."""
        return json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=False, sort_keys=True)


def read_manifest(text: str) -> Manifest | None:
    """Read a manifest, None where it is none."""
    try:
        found: dict[str, Any] = json.loads(text)
        return Manifest(
            made_at=datetime.fromisoformat(found["made_at"]).isoformat(),
            reason=str(found["reason"]),
            schema=found["schema"],
            rows={str(name): int(count) for name, count in found["rows"].items()},
            head_seq=int(found["head_seq"]),
            head_link=found["head_link"],
            key=str(found["key"]),
            size=found.get("size"),
            sha256=found.get("sha256"),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def beside(backup: Path) -> Path:
    """Return where the manifest of a backup file stands."""
    return backup.with_name(f"{backup.name}{SUFFIX}")


def write_beside(backup: Path, manifest: Manifest, keys: Keys) -> Manifest:
    """Write the manifest beside the finished file, signed with the key, and return it with size and digest."""
    full = replace(manifest, size=backup.stat().st_size, sha256=digest_of(backup))
    draft = beside(backup).with_suffix(".part")
    draft.write_text(json.dumps({"manifest": full.as_json(), "signature": _sign(full, keys)}, indent=1), "utf-8")
    draft.replace(beside(backup))
    return full


def read_beside(backup: Path, keys: Keys) -> Manifest | None:
    """Read the manifest beside a backup; None where there is none, or none this key has signed."""
    try:
        found = json.loads(beside(backup).read_text("utf-8"))
        manifest = read_manifest(found["manifest"])
        signature = str(found["signature"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    if manifest is None or not hmac.compare_digest(signature, _sign(manifest, keys)):
        return None
    return manifest


def list_beside(folder: Path, keys: Keys) -> Iterator[tuple[Path, Manifest]]:
    """Yield every manifest of a folder that this key has signed, also one whose backup is gone, the oldest first."""
    if not folder.is_dir():
        return
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        backup = path.with_name(path.name.removesuffix(SUFFIX))
        if manifest := read_beside(backup, keys):
            yield backup, manifest


def read_unsigned(folder: Path) -> Iterator[tuple[Path, Manifest]]:
    """Yield every manifest of a folder as it stands, whoever signed it: an old key's can't be checked any more."""
    for path in sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else ():
        try:
            manifest = read_manifest(json.loads(path.read_text("utf-8"))["manifest"])
        except (OSError, ValueError, TypeError, KeyError):
            continue
        if manifest is not None:
            yield path.with_name(path.name.removesuffix(SUFFIX)), manifest


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sign(manifest: Manifest, keys: Keys) -> str:
    return hmac.new(keys.derive("manifest"), manifest.as_json().encode(), hashlib.sha256).hexdigest()
