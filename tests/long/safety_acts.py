"""What is killed in the middle: a backup, a restoration, a migration, a key rotation; each in a process of its own."""

from datetime import UTC, datetime
from pathlib import Path

from db import engine, restoring, rotation, upgrade
from db.audit_chain import Note
from db.backups import back_up
from db.keys import read_key_file
from db.location import Location


def place_in(folder: Path) -> Location:
    """Return the location the long tests use."""
    return Location(folder / "data", folder / "key" / "care.key")


def _note(action: str) -> Note:
    return Note(at=datetime.now(UTC), actor_id=None, actor_label="试", action=action)


def backup(folder: Path, _source: Path) -> None:
    """Make a backup."""
    back_up(engine.use(place_in(folder)), reason="manual")


def restore(folder: Path, source: Path) -> None:
    """Bring the source back."""
    place = place_in(folder)
    restoring.restore(place, source, read_key_file(place.key_file), note=_note("backup.restored"))


def migrate(folder: Path, _source: Path) -> None:
    """Start as the program does."""
    upgrade.prepare(place_in(folder))


def rotate(folder: Path, _source: Path) -> None:
    """Change the key."""
    rotation.rotate(engine.use(place_in(folder)), note=_note("key.rotated"))
