"""What can keep the program from opening its database; each class carries facts, the sentences live elsewhere."""

from pathlib import Path


class StartupProblem(Exception):
    """The program can't start on this database as it is."""


class KeyMissing(StartupProblem):
    """There is a database, but the key file that opens it is not where it should be."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path


class KeyWrong(StartupProblem):
    """The key file is damaged or belongs to another database."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path


class DatabaseMissing(StartupProblem):
    """There is no database yet."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path


class DatabaseNewer(StartupProblem):
    """The database was written by a newer version of the program."""

    def __init__(self, found: str, known: str) -> None:
        super().__init__(found, known)
        self.found = found
        self.known = known


class DatabaseOutdated(StartupProblem):
    """The database waits for a migration, which only the start command makes."""

    def __init__(self, found: str | None, known: str) -> None:
        super().__init__(found, known)
        self.found = found
        self.known = known


class FolderReadOnly(StartupProblem):
    """A folder the program must write to does not let it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path


class DatabaseUnreachable(StartupProblem):
    """The database server does not answer; `reason` is the error's class name, never its text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MigrationLocked(StartupProblem):
    """Another process is migrating this database right now."""


class MigrationFailed(StartupProblem):
    """A migration broke off; the database stands as it was, and a backup lies at `backup`."""

    def __init__(self, backup: Path | None) -> None:
        super().__init__(backup)
        self.backup = backup


class SealBroken(Exception):
    """Encrypted words do not fit their row: tampered with, copied from elsewhere, or another key."""
