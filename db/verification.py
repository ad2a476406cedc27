"""Proving that a database is whole: pages, schema, triggers, keys, the audit chain, the frozen weeks, missing rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session

from db.audit_chain import find_breaks, find_head
from db.embedded import PLAIN_HEADER
from db.engine import Runtime
from db.frozen_weeks import find_changed_weeks
from db.missing_rows import find_missing_rows
from db.remembered_heads import find_cut_tails
from db.sealed_columns import find_broken_seals
from db.tables import METADATA
from db.triggers import declared_triggers, list_triggers


class Check(StrEnum):
    """What is looked at, in this order."""

    CIPHERTEXT = "ciphertext"
    PAGES = "pages"
    MIGRATIONS = "migrations"
    TRIGGERS = "triggers"
    FOREIGN_KEYS = "foreign_keys"
    CHAIN = "chain"
    BACKUP_HEADS = "backup_heads"
    SEALS = "seals"
    WEEKS = "weeks"
    ROWS = "rows"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be: which check, and where, in numbers and names of tables only."""

    check: Check
    where: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found; `head_seq` and `head_link` name the newest audit event."""

    findings: tuple[Finding, ...]
    head_seq: int
    head_link: str | None

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def verify(runtime: Runtime, *, folders: Sequence[Path] = ()) -> Report:
    """Look at everything; reading only, and not on past damaged pages.

    `folders` hold backups beside the backup folder: the heads in their manifests are compared as well.
    """
    findings = list(_check_file(runtime))
    with runtime.engine.connect() as connection:
        findings += _check_pages(connection)
        if any(finding.check is Check.PAGES for finding in findings):
            return Report(tuple(findings), 0, None)
        findings += _check_schema(connection)
        findings += _check_foreign_keys(connection)
    with Session(runtime.engine) as session:
        findings += [Finding(Check.CHAIN, str(seq)) for seq in find_breaks(session)]
        findings += [Finding(Check.BACKUP_HEADS, where) for where in find_cut_tails(session, runtime, folders=folders)]
        findings += [Finding(Check.SEALS, where) for where in find_broken_seals(session.connection(), runtime.keys)]
        findings += [Finding(Check.WEEKS, day) for day in find_changed_weeks(session, runtime.keys)]
        findings += [Finding(Check.ROWS, row) for row in find_missing_rows(session)]
        head = find_head(session)
    return Report(tuple(findings), head.seq if head else 0, head.link if head else None)


def _check_file(runtime: Runtime) -> Iterator[Finding]:
    if runtime.location.is_embedded:
        with runtime.location.database_file.open("rb") as file:
            if file.read(len(PLAIN_HEADER)) == PLAIN_HEADER:
                yield Finding(Check.CIPHERTEXT, runtime.location.database_file.name)


def _check_pages(connection: Connection) -> list[Finding]:
    if connection.dialect.name != "sqlite":
        return []
    # cipher_integrity_check looks at every page's own digest: it names pages that were tampered with.
    lines = [line for (line,) in connection.execute(text("PRAGMA cipher_integrity_check"))]
    if not lines:
        try:
            lines = [line for (line,) in connection.execute(text("PRAGMA integrity_check")) if line != "ok"]
        except DatabaseError:
            lines = ["unreadable"]
    return [Finding(Check.PAGES, str(line)) for line in lines]


def _check_schema(connection: Connection) -> Iterator[Finding]:
    for name in sorted(declared_triggers() ^ list_triggers(connection)):
        yield Finding(Check.TRIGGERS, name)
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    for difference in compare_metadata(context, METADATA):
        yield Finding(Check.MIGRATIONS, _name_of(difference))


def _name_of(difference: object) -> str:
    first = difference[0] if isinstance(difference, (list, tuple)) and difference else difference
    return str(first[0]) if isinstance(first, tuple) else str(first)


def _check_foreign_keys(connection: Connection) -> Iterator[Finding]:
    if connection.dialect.name == "sqlite":  # PostgreSQL does not let them break
        for row in connection.execute(text("PRAGMA foreign_key_check")):
            yield Finding(Check.FOREIGN_KEYS, f"{row[0]} {row[1]}")
