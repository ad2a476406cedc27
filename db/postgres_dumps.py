"""Backups of a PostgreSQL database with its own tools, proven by restoring into a database made for it."""

import hashlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from db import manifests
from db.audit_chain import find_breaks
from db.engine import Runtime, make_engine
from db.errors import BackupUnproven, BackupUnwritable
from db.keys import Keys
from db.manifests import Manifest

TOOLS = ("pg_dump", "pg_restore")


class ToolsMissing(Exception):
    """pg_dump or pg_restore is not installed here, or too old for the server."""


@dataclass(frozen=True, slots=True)
class Dump:
    """A finished dump, proven where the account may make a database to prove it in."""

    path: Path
    manifest: Manifest
    is_proven: bool


def dump(runtime: Runtime, *, reason: str, target: Path | None = None) -> Dump:
    """Write a dump in the custom format, taken in one snapshot with the rows counted, and prove it if that can be.

    Raises:
        ToolsMissing: as said.
        BackupUnwritable: it can't be written there.
        BackupUnproven: it was restored and differs.
    """
    url = make_url(str(runtime.location.database_url))
    if not all(shutil.which(tool) for tool in TOOLS):
        raise ToolsMissing
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    target = target or runtime.location.backup_dir / f"care-{stamp}-{reason}.dump"
    with _put_in_place(target, makes_folder=True) as draft:
        manifest = _dump_into(runtime, url, draft, reason=reason)
        is_proven = _prove(runtime, url, draft, manifest)
    return Dump(target, manifests.write_beside(target, manifest, runtime.keys), is_proven)


def copy_dump(source: Path, manifest: Manifest, folder: Path, keys: Keys) -> Path:
    """Copy a proven dump into another folder; the same digest there proves it.

    Raises:
        BackupUnwritable, BackupUnproven: as with `dump`.
    """
    target = folder / source.name
    with _put_in_place(target) as draft:
        shutil.copyfile(source, draft)
        if manifests.digest_of(draft) != manifest.sha256:
            raise BackupUnproven(target, "sha256")
    manifests.write_beside(target, manifest, keys)
    return target


@contextmanager
def _put_in_place(target: Path, *, makes_folder: bool = False) -> Iterator[Path]:
    """Give a draft only we can read, beside the target; whole, it takes the target's place, else it goes.

    A folder that isn't there may be a disk that isn't plugged in: it is made only where it is our own.
    """
    draft = target.with_name(f".{target.name}.part")
    try:
        if makes_folder:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft.touch(mode=0o600)
        yield draft
        draft.replace(target)
    except OSError as error:
        raise BackupUnwritable(target) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _dump_into(runtime: Runtime, url: URL, draft: Path, *, reason: str) -> Manifest:
    with runtime.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        manifest = _describe(connection, runtime.keys, reason=reason)
        _run(["pg_dump", "--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={draft}"], url)
    return manifest


def _describe(connection: Connection, keys: Keys, *, reason: str) -> Manifest:
    names = inspect(connection).get_table_names()
    rows = {name: connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in sorted(names)}  # noqa: S608  names of the schema
    head = connection.execute(text("SELECT seq, link FROM audit_event ORDER BY seq DESC LIMIT 1")).first()
    return Manifest(
        made_at=datetime.now(UTC).isoformat(),
        reason=reason,
        schema=connection.execute(text("SELECT version_num FROM alembic_version")).scalar(),
        rows=rows,
        head_seq=head[0] if head else 0,
        head_link=head[1] if head else None,
        key=keys.fingerprint,
    )


def _prove(runtime: Runtime, url: URL, draft: Path, manifest: Manifest) -> bool:
    """Restore into a database of its own and compare; False where this account may not make one."""
    name = f"care_proof_{secrets.token_hex(6)}"
    admin = create_engine(_driver(url), isolation_level="AUTOCOMMIT", hide_parameters=True)
    try:
        with admin.connect() as connection:
            try:
                connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
            except DBAPIError:
                return False
            try:
                _run(["pg_restore", "--exit-on-error", "--no-owner", f"--dbname={name}", str(draft)], url)
                _compare(runtime, url.set(database=name), draft, manifest)
            finally:
                connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    finally:
        admin.dispose()
    return True


def _compare(runtime: Runtime, scratch: URL, draft: Path, manifest: Manifest) -> None:
    location = replace(runtime.location, database_url=scratch.render_as_string(hide_password=False))
    engine = make_engine(location, runtime.keys)
    try:
        with Session(engine) as session:
            found = _describe(session.connection(), runtime.keys, reason=manifest.reason)
            if replace(found, made_at=manifest.made_at) != manifest:
                raise BackupUnproven(draft, "rows")
            if broken := next(find_breaks(session, limit=1, key=runtime.keys.audit), None):
                raise BackupUnproven(draft, f"audit_event {broken}")
    finally:
        engine.dispose()


def _driver(url: URL) -> URL:
    return url.set(drivername="postgresql+psycopg")


def _run(command: list[str], url: URL) -> None:
    """Run one of the tools; where the database lies goes by the environment, for others can read a command line."""
    environment = {**os.environ, "PGDATABASE": url.database or "", "PGCONNECT_TIMEOUT": "10"}
    for name, value in (("PGHOST", url.host), ("PGUSER", url.username), ("PGPASSWORD", url.password)):
        if value:
            environment[name] = value
    if url.port:
        environment["PGPORT"] = str(url.port)
    done = subprocess.run(command, env=environment, capture_output=True, check=False)  # noqa: S603  fixed words, no shell
    if done.returncode != 0:
        if b"server version" in done.stderr:
            raise ToolsMissing
        raise BackupUnproven(Path(command[-1]), hashlib.sha256(done.stderr).hexdigest()[:8])
