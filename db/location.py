"""Where the school's data, its key and its backups lie."""

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Location:
    """The places of one installation; the key lies outside the folders of database and backups."""

    data_dir: Path
    key_file: Path
    database_url: str | None = None

    @classmethod
    def from_environment(cls, data_dir: str | os.PathLike[str] | None = None) -> "Location":
        """Read CARE_DATA_DIR, CARE_KEY_FILE and CARE_DATABASE_URL; an explicit folder wins."""
        folder = Path(data_dir or os.environ.get("CARE_DATA_DIR") or PROJECT_DIR / "data").expanduser().resolve()
        key = os.environ.get("CARE_KEY_FILE")
        key_file = Path(key).expanduser().resolve() if key else folder.with_name(f"{folder.name}-key") / "care.key"
        return cls(folder, key_file, os.environ.get("CARE_DATABASE_URL") or None)

    @property
    def is_embedded(self) -> bool:
        """Whether the data lie in the embedded, encrypted file and not on a PostgreSQL server."""
        return self.database_url is None

    @property
    def database_file(self) -> Path:
        """The embedded database file."""
        return self.data_dir / "database" / "care.db"

    @property
    def backup_dir(self) -> Path:
        """Where backups are put."""
        return self.data_dir / "backups"

    @property
    def lock_file(self) -> Path:
        """What a process holds while it migrates."""
        return self.data_dir / "migration.lock"

    @property
    def presence_dir(self) -> Path:
        """Where every process at work on these data holds a lock of its own."""
        return self.data_dir / "in-use"

    @property
    def next_key_file(self) -> Path:
        """The new key while it is being put in place of the old one."""
        return self.key_file.with_name(f"{self.key_file.name}.next")

    @property
    def replaced_dir(self) -> Path:
        """Where a database is put when a restored one takes its place."""
        return self.data_dir / "replaced"
