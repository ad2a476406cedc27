"""A new key for everything, while nobody is at work: made in a new file, proven, and put in place in one step.

The audit chain is verified with the old key, linked anew with the new one, and goes on with an event that carries the
old head. How and why: docs/decisions, "A key rotation".
"""

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, bindparam, delete, text, update
from sqlmodel import Session

from db import audit_chain, replacing
from db.audit_chain import START, Note, find_breaks, find_head, link_of, walk
from db.backups import back_up, check_room, prove
from db.embedded import open_embedded
from db.engine import Runtime, make_file_engine, use
from db.errors import BackupUnproven, ChainBroken, EmbeddedOnly
from db.keys import Keys, new_keys
from db.presence import alone_or_waiting, refuse_company
from db.sealed_columns import find_broken_seals, reseal
from db.tables import METADATA, AuditEvent, SignInSession
from db.triggers import create_triggers, drop_triggers
from db.upgrade import FINGERPRINT

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did, and where the old key and the last backup it opens lie."""

    keys: Keys
    sealed: int
    events: int
    backup: Path
    old_key_file: Path | None


def rotate(runtime: Runtime, *, note: Note) -> Rotated:
    """Give the embedded database a new key: file, sealed columns, keyed hashes, audit chain, sign-in cookies.

    Raises:
        EmbeddedOnly: the data lie on a PostgreSQL server.
        StillInUse: a server or a command is at work on it.
        ChainBroken: the chain does not hold with the old key.
        SealBroken: something sealed does not open with the old key.
        BackupUnproven, BackupUnwritable, NoRoom: the backup before, or the new database, can't be made.
    """
    location, old = runtime.location, runtime.keys
    if not location.is_embedded:
        raise EmbeddedOnly
    with alone_or_waiting(location):
        refuse_company(location)
        replacing.finish(location)
        _refuse_broken_chain(runtime)
        backup = back_up(runtime, reason="rotation")
        new = new_keys()
        runtime.engine.dispose()
        try:
            sealed, events = _make_new(runtime, old, new, note)
            _prove_new(runtime, old, new, backup.manifest.rows)
        except BaseException:
            replacing.clear_staged(location)
            raise
        kept_before = set(_old_keys(runtime))
        replacing.put_in_place(location, new_keys=new)
    kept = sorted(set(_old_keys(runtime)) - kept_before)
    use(location)
    return Rotated(new, sealed, events, backup.path, kept[0] if kept else None)


def relink(connection: Connection, old: Keys, new: Keys) -> int:
    """Link every event anew with the new key; the triggers must be away. Returns how many there are.

    Raises:
        ChainBroken: an event does not fit the chain with the old key.
    """
    events = METADATA.tables[str(AuditEvent.__tablename__)]
    statement = update(events).where(events.c.seq == bindparam("of_seq")).values(link=bindparam("new_link"))
    previous_old = previous_new = START
    changed: list[dict[str, object]] = []
    count = 0
    for event in walk(connection):
        count += 1
        if event.seq != count or event.link != link_of(event, previous_old, key=old.audit):
            raise ChainBroken(event.seq)
        previous_old, previous_new = event.link, link_of(event, previous_new, key=new.audit)
        changed.append({"of_seq": event.seq, "new_link": previous_new})
    for start in range(0, len(changed), BATCH):
        connection.execute(statement, changed[start : start + BATCH])
    return count


def _refuse_broken_chain(runtime: Runtime) -> None:
    with Session(runtime.engine) as session:
        if broken := next(find_breaks(session, limit=1), None):
            raise ChainBroken(broken)


def _make_new(runtime: Runtime, old: Keys, new: Keys, note: Note) -> tuple[int, int]:
    location = runtime.location
    staged = replacing.staged_file(location)
    replacing.clear_staged(location)
    check_room(staged, 2 * location.database_file.stat().st_size)
    source = open_embedded(str(location.database_file), old.database)
    with contextlib.closing(source):
        staged.touch(mode=0o600)
        source.execute("VACUUM INTO ?", (str(staged),))
    engine = make_file_engine(staged, old)
    try:
        with Session(engine) as session:
            counts = _rewrite(session, old, new, note)
            session.commit()
    finally:
        engine.dispose()
    connection = open_embedded(str(staged), old.database)
    with contextlib.closing(connection):
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute(f"PRAGMA rekey = \"x'{new.database}'\"")
    return counts


def _rewrite(session: Session, old: Keys, new: Keys, note: Note) -> tuple[int, int]:
    connection = session.connection()
    head = find_head(session)
    old_head = (head.seq, head.link) if head else (0, None)  # now: the row itself will soon say another link
    drop_triggers(connection)
    sealed = reseal(connection, old, new)
    events = relink(connection, old, new)
    session.expire_all()
    create_triggers(connection)
    connection.execute(delete(SignInSession))  # their cookies are signed with the old key
    connection.execute(
        text("UPDATE system_fact SET value = :value WHERE name = :name"),
        {"name": FINGERPRINT, "value": new.fingerprint},
    )
    about = {
        "old_key": old.fingerprint,
        "old_head_seq": old_head[0],
        "old_head_link": old_head[1],
        "sealed": sealed,
    }
    audit_chain.append(session, [replace(note, details=note.details | about)], key=new.audit)
    return sealed, events


def _prove_new(runtime: Runtime, old: Keys, new: Keys, rows: dict[str, int]) -> None:
    """Read the new file with the new key to its end: pages, rows, chain, and everything sealed."""
    staged = replacing.staged_file(runtime.location)
    found = prove(staged, new).rows
    expected = rows | {"audit_event": rows["audit_event"] + 1}
    for name in ("sign_in_session", "login_throttle"):
        expected[name] = 0
    if where := [name for name in expected if expected[name] != found.get(name)]:
        raise BackupUnproven(staged, where[0])
    engine = make_file_engine(staged, new)
    try:
        with engine.connect() as connection:
            if broken := next(find_broken_seals(connection, new), None):
                raise BackupUnproven(staged, broken)
    finally:
        engine.dispose()
    connection = open_embedded(str(staged), new.database)
    with contextlib.closing(connection):
        connection.execute("PRAGMA journal_mode = DELETE")


def _old_keys(runtime: Runtime) -> list[Path]:
    key_file = runtime.location.key_file
    return list(key_file.parent.glob(f"{key_file.name}-until-*"))
