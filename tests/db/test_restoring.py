"""Restoring: nothing is touched before the file is proven; from file and typed key on another machine; kills heal."""

import shutil
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlmodel import select

from db import engine, replacing, restoring, upgrade
from db.audit_chain import Note
from db.backups import back_up
from db.embedded import open_embedded
from db.errors import BackupDamaged, BackupForeign, BackupMissing, BackupNewer, StillInUse
from db.keys import new_keys, read_key_file
from db.location import Location
from db.presence import at_work, list_at_work
from db.sheets import read_groups, write_groups
from db.tables import AuditEvent, SystemFact
from db.transactions import reading, transaction
from db.verification import verify
from tests.db.test_foundation import note

NOTE = Note(at=datetime(2026, 11, 20, 2, tzinfo=UTC), actor_id=None, actor_label="试", action="backup.restored")


@pytest.fixture
def backup(location):
    """A backup of three events, after which a fourth was written."""
    for number in range(3):
        with transaction() as session:
            note(session, number)
    made = back_up(engine.runtime(), reason="manual")
    with transaction() as session:
        note(session, 4)
    return made


def restore(place, source, keys=None):
    restored = restoring.restore(place, source, keys or engine.keys(), note=NOTE)
    engine.use(place)
    return restored


def files_of(place) -> dict[str, bytes]:
    engine.runtime().engine.dispose()
    return {
        str(path): path.read_bytes()
        for folder in (place.data_dir, place.key_file.parent)
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


def test_a_backup_comes_back_and_the_old_database_is_kept(location, backup):
    restored = restore(location, backup.path)

    with reading() as session:
        events = session.exec(select(AuditEvent).order_by(AuditEvent.seq)).all()
        assert len(events) == 4  # three and the event of it
        assert events[-1].action == "backup.restored"
    assert verify(engine.runtime()).findings == ()
    assert restored.has_manifest
    aside = open_embedded(str(restored.aside), engine.keys().database)
    assert aside.execute("SELECT count(*) FROM audit_event").fetchone() == (4,)
    aside.close()


def test_an_empty_folder_elsewhere_is_restored_from_the_file_and_the_typed_key_alone(location, backup, tmp_path):
    typed = [group.lower() for group in write_groups(engine.keys())]
    alone = tmp_path / "usb.db"
    shutil.copy(backup.path, alone)  # without the manifest beside it
    elsewhere = Location(tmp_path / "new" / "data", tmp_path / "new" / "key" / "care.key")

    restored = restore(elsewhere, alone, read_groups(typed))

    assert restored.aside is None
    assert read_key_file(elsewhere.key_file) == read_key_file(location.key_file)
    assert verify(engine.runtime()).findings == ()
    assert not elsewhere.next_key_file.exists()


def test_a_wrong_key_touches_nothing(location, backup):
    before = files_of(location)

    with pytest.raises(BackupForeign):
        restoring.restore(location, backup.path, new_keys(), note=NOTE)

    assert files_of(location) == before


def test_a_damaged_file_touches_nothing(location, backup):
    data = bytearray(backup.path.read_bytes())
    data[9000] ^= 1
    damaged = location.data_dir.parent / "damaged.db"
    damaged.write_bytes(data)
    before = files_of(location)

    with pytest.raises(BackupDamaged) as refused:
        restoring.restore(location, damaged, engine.keys(), note=NOTE)

    assert refused.value.path == damaged
    assert files_of(location) == before


def test_a_newer_program_s_backup_touches_nothing(location, tmp_path):
    with engine.runtime().engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    newer = back_up(engine.runtime(), reason="manual")
    with engine.runtime().engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": upgrade.known_head()})
    before = files_of(location)

    with pytest.raises(BackupNewer):
        restoring.restore(location, newer.path, engine.keys(), note=NOTE)

    assert files_of(location) == before


def test_what_is_no_database_is_refused(location, tmp_path):
    (tmp_path / "x.db").write_bytes(b"SQLite format 3\x00" * 600)

    with pytest.raises(BackupForeign):
        restoring.restore(location, tmp_path / "x.db", engine.keys(), note=NOTE)
    with pytest.raises(BackupMissing):
        restoring.restore(location, tmp_path / "y.db", engine.keys(), note=NOTE)


def test_nothing_is_put_under_a_running_server(location, backup):
    with at_work(location), pytest.raises(StillInUse):
        restoring.restore(location, backup.path, engine.keys(), note=NOTE)

    assert list_at_work(location) == []
    restore(location, backup.path)


def test_a_database_copied_by_hand_comes_back_with_what_stands_in_its_log(location, tmp_path):
    with transaction() as session:
        note(session)
    copied = tmp_path / "care.db"
    for name in ("", "-wal"):
        shutil.copy(f"{location.database_file}{name}", f"{copied}{name}")

    restored = restore(location, copied)

    assert not restored.has_manifest
    with reading() as session:
        assert len(session.exec(select(AuditEvent)).all()) == 2


def test_sessions_ended_since_do_not_come_back(location):
    with transaction() as session:
        session.execute(
            text(
                "INSERT INTO app_user (id, uid, username, display_name, password_hash, must_change_password, is_active,"
                " is_protection_leader, created_at, version)"
                " VALUES (1, 'u', 'u', 'u', '-', 0, 1, 0, '2026-01-01', 1)"
            )
        )
        session.execute(
            text(
                "INSERT INTO sign_in_session (token_hash, user_id, started_at, last_seen_at, expires_at)"
                " VALUES ('t', 1, '2026-01-01', '2026-01-01', '2099-01-01')"
            )
        )
    made = back_up(engine.runtime(), reason="manual")

    restore(location, made.path)

    with reading() as session:
        assert session.execute(text("SELECT count(*) FROM sign_in_session")).scalar() == 0


def test_a_damaged_old_database_does_not_stand_in_the_way(location, backup):
    engine.runtime().engine.dispose()
    location.database_file.write_bytes(b"x" * 50_000)

    restored = restore(location, backup.path)

    assert verify(engine.runtime()).findings == ()
    assert restored.aside.read_bytes() == b"x" * 50_000


@pytest.mark.parametrize("survives", range(5))
def test_killed_between_any_two_steps_the_next_start_has_one_whole_pair(location, backup, monkeypatch, survives):
    """Every renaming is a step; the process dies at the one after `survives`."""
    steps = 0
    rename = type(location.data_dir).replace

    def dying(self, target):
        nonlocal steps
        steps += 1
        if steps > survives:
            raise KeyboardInterrupt
        return rename(self, target)

    other = new_keys()
    _copy_under(other, backup.path, replacing.staged_file(location))
    with monkeypatch.context() as patched:
        patched.setattr(type(location.data_dir), "replace", dying)
        with pytest.raises(KeyboardInterrupt):
            replacing.put_in_place(location, new_keys=other)
    engine.runtime().engine.dispose()

    runtime = engine.use(location)

    with reading() as session:
        assert session.get(SystemFact, "key_fingerprint") is not None
    assert runtime.keys in {other, read_key_file(location.key_file)}
    assert not location.next_key_file.exists()
    assert not replacing.ready_file(location).exists()
    assert not replacing.staged_file(location).exists()


def _copy_under(keys, source, target) -> None:
    shutil.copy(source, target)
    connection = open_embedded(str(target), engine.keys().database)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute(f"PRAGMA rekey = \"x'{keys.database}'\"")
    connection.close()
