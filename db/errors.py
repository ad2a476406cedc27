"""What can keep the program from its database, or an act from being done; facts here, the sentences elsewhere."""

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


class DatabaseUnopened(DatabaseMissing):
    """The embedded file is there and can't be opened, for a reason of disk or file system."""


class DatabaseEmptied(DatabaseMissing):
    """There were data here, and now the file is empty or gone; `backups` is where their backups lie."""

    def __init__(self, path: Path, backups: Path) -> None:
        super().__init__(path)
        self.backups = backups


class DiskFull(StartupProblem):
    """There is no room left for what has to be written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path


class MigrationLocked(StartupProblem):
    """Another process is migrating this database right now."""


class MigrationFailed(StartupProblem):
    """A migration broke off; the database stands as it was, and a backup lies at `backup`."""

    def __init__(self, backup: Path | None) -> None:
        super().__init__(backup)
        self.backup = backup


class StillInUse(StartupProblem):
    """The database can't be replaced: a server or a command is at work on it."""

    def __init__(self, processes: list[int]) -> None:
        super().__init__(processes)
        self.processes = "、".join(map(str, processes))


class BackupMissing(StartupProblem):
    """There is no such backup file, or it may not be read."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path


class BackupForeign(BackupMissing):
    """The file does not open with this key: another key's backup, or no backup at all."""


class BackupDamaged(BackupMissing):
    """The file opens, but does not read back as it was written; `where` says in names and numbers what differs."""

    def __init__(self, path: Path, where: str) -> None:
        super().__init__(path)
        self.where = where


class BackupNewer(BackupMissing):
    """A newer version of the program made the backup."""

    def __init__(self, path: Path, found: str, known: str) -> None:
        super().__init__(path)
        self.found = found
        self.known = known


class BackupUnproven(BackupMissing):
    """A fresh copy does not read back as it should."""

    def __init__(self, path: Path, where: str) -> None:
        super().__init__(path)
        self.where = where


class BackupUnwritable(BackupMissing):
    """The backup can't be written there."""


class NoRoom(BackupMissing):
    """The disk has no room for it; how much is needed and how much is there, in MB."""

    def __init__(self, path: Path, needed_mb: int, free_mb: int) -> None:
        super().__init__(path)
        self.needed_mb = needed_mb
        self.free_mb = free_mb


class EmbeddedOnly(StartupProblem):
    """This is done with PostgreSQL's own tools where the data lie on a PostgreSQL server."""


class SheetWrong(StartupProblem):
    """Groups of a recovery sheet that can't be right, by their places from 1."""

    def __init__(self, places: list[int]) -> None:
        super().__init__(places)
        self.places = "、".join(map(str, places)) or "？"


class SheetForeign(StartupProblem):
    """A recovery sheet copied well, but of another key."""


class ChainBroken(StartupProblem):
    """The audit chain does not hold, so it can't be linked anew."""

    def __init__(self, seq: int) -> None:
        super().__init__(seq)
        self.seq = seq


class DomainError(Exception):
    """Something the person can mend, or may not do."""


class CrossedEachOther(DomainError):
    """Two acts at once each waited for what the other held, or one waited too long; this one did nothing at all."""


class SealBroken(Exception):
    """Encrypted words do not fit their row: tampered with, copied from elsewhere, or another key."""
