"""The ground everything stands on: encryption, transactions, the audit chain, migrations, backups."""

import shutil
import sqlite3
import threading
from datetime import UTC, datetime

import pytest
import sqlalchemy
from sqlalchemy import text
from sqlmodel import Session, col, select

from db import backups, engine, upgrade, verification
from db.audit_chain import find_breaks, find_head
from db.errors import DatabaseNewer, FolderReadOnly, KeyMissing, KeyWrong, MigrationFailed, SealBroken
from db.keys import create_key_file, read_key_file
from db.location import Location
from db.sealing import keyed_hash, open_text, seal, seal_text, unseal
from db.tables import AuditEvent, Student
from db.transactions import reading, transaction
from services import audit
from services.actors import Actor

NOBODY = Actor(None, "", frozenset())


def note(session, number: int = 1) -> None:
    audit.record(session, NOBODY, audit.Action.SETTINGS_CHANGED, number=number)


def test_file_wal_and_backup_are_ciphertext(location):
    with transaction() as session:
        session.add(
            Student(
                name="江小满",
                name_initials="jxm",
                name_pinyin="jiangxiaoman",
                gender="female",
                birth_day=datetime(2013, 5, 21, tzinfo=UTC).date(),
                recorded_at=datetime.now(UTC),
            )
        )
    backup = backups.make_backup(engine.runtime(), reason="test")

    files = [*location.database_file.parent.iterdir(), backup]

    assert len(files) >= 3  # database, write-ahead log, backup
    assert not any("江小满".encode() in file.read_bytes() or b"jiangxiaoman" in file.read_bytes() for file in files)
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(location.database_file).execute("SELECT * FROM student")


def test_a_backup_reads_back_with_the_same_key(location):
    with transaction() as session:
        note(session)

    copy = backups.make_backup(engine.runtime(), reason="test")

    opened = engine.open_embedded(str(copy), engine.keys().database)
    assert opened.execute("SELECT count(*) FROM audit_event").fetchone() == (1,)
    opened.close()


def test_an_exception_leaves_nothing_behind(location):
    def break_half_way() -> None:
        with transaction() as session:
            note(session)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_half_way()

    with reading() as session:
        assert find_head(session) is None


def test_reading_keeps_nothing_of_what_it_changes(location):
    with reading() as session:
        note(session)
        session.execute(text("INSERT INTO system_fact (name, value) VALUES ('x', 'y')"))

    with reading() as session:
        assert session.execute(text("SELECT count(*) FROM system_fact WHERE name = 'x'")).scalar() == 0


def test_the_chain_links_every_event_across_transactions_and_threads(location):
    def write() -> None:
        for number in range(5):
            with transaction() as session:
                note(session, number)
                note(session, number)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with reading() as session:
        assert list(find_breaks(session)) == []
        assert [event.seq for event in session.exec(select(AuditEvent).order_by(col(AuditEvent.seq)))] == list(
            range(1, 81)
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET action = 'x'",
        "DELETE FROM audit_event",
    ],
    ids=["update", "delete"],
)
def test_the_database_refuses_to_change_the_past(location, statement):
    with transaction() as session:
        note(session)

    with pytest.raises(sqlalchemy.exc.DBAPIError, match="append-only"), transaction() as session:
        session.execute(text(statement))


@pytest.mark.parametrize(
    ("tamper", "broken"),
    [
        ("UPDATE audit_event SET details = '{\"number\":9}' WHERE seq = 2", [2]),
        ("DELETE FROM audit_event WHERE seq = 2", [3]),
        (
            "INSERT INTO audit_event (seq, at, action, details, link) SELECT 6, at, action, details, link "
            "FROM audit_event WHERE seq = 5",
            [6],
        ),
    ],
    ids=["changed", "removed", "added without the key"],
)
def test_tampering_by_somebody_with_the_key_to_the_file_is_named(location, tamper, broken):
    for number in range(5):
        with transaction() as session:
            note(session, number)
    with engine.runtime().engine.begin() as connection:
        for name in verification.declared_triggers():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql(tamper)

    report = verification.verify(engine.runtime())

    found = {(finding.check, finding.where) for finding in report.findings}
    assert {(verification.Check.CHAIN, str(seq)) for seq in broken} <= found
    assert (verification.Check.TRIGGERS, "audit_event_no_delete") in found


def test_a_fresh_database_is_whole_and_like_the_tables_in_code(location):
    assert verification.verify(engine.runtime()).findings == ()


def test_a_damaged_page_is_named(location):
    with transaction() as session:  # so many that the last page holds events: a damaged schema could not be opened
        for number in range(500):
            note(session, number)
    engine.runtime().engine.dispose()
    data = bytearray(location.database_file.read_bytes())
    data[-2000] ^= 0xFF
    location.database_file.write_bytes(data)

    report = verification.verify(engine.use(location))

    assert verification.Check.PAGES in {finding.check for finding in report.findings}


def test_sealed_words_open_only_in_their_own_row(location):
    one, other = Student(name="甲"), Student(name="乙")
    seal(one, "note_sealed", "秘密的话")
    other.note_sealed = one.note_sealed

    assert unseal(one, "note_sealed") == "秘密的话"
    with pytest.raises(SealBroken):
        unseal(other, "note_sealed")
    with pytest.raises(SealBroken):
        open_text(one.note_sealed, table="student", column="extra_sealed", uid=one.uid)


def test_blank_is_null_and_equal_values_share_a_hash_not_a_ciphertext(location):
    assert seal_text("  ", table="t", column="c", uid="u") is None
    assert keyed_hash("phone", "154") == keyed_hash("phone", "154") != keyed_hash("id", "154")
    assert seal_text("a", table="t", column="c", uid="u") != seal_text("a", table="t", column="c", uid="u")


def test_a_missing_key_is_said_and_nothing_is_made(location):
    engine.runtime().engine.dispose()
    location.key_file.unlink()

    with pytest.raises(KeyMissing):
        upgrade.prepare(location)

    assert not location.key_file.exists()


def test_a_wrong_key_is_said_and_the_database_stays_as_it_was(location):
    engine.runtime().engine.dispose()
    before = location.database_file.read_bytes()
    location.key_file.unlink()
    create_key_file(location.key_file)

    with pytest.raises(KeyWrong):
        upgrade.prepare(location)

    assert location.database_file.read_bytes() == before


@pytest.mark.parametrize("damage", ["", "care-room-key-1:AAAA", "\x00\x01"], ids=["empty", "cut", "binary"])
def test_a_damaged_key_file_is_said(location, damage):
    location.key_file.write_text(damage)

    with pytest.raises(KeyWrong):
        read_key_file(location.key_file)


def test_a_key_with_one_letter_changed_is_a_damaged_one(location):
    text_of_key = location.key_file.read_text()
    last = text_of_key.rstrip()[-1]
    location.key_file.write_text(text_of_key.rstrip()[:-1] + ("A" if last != "A" else "Q"))

    with pytest.raises(KeyWrong):
        read_key_file(location.key_file)


def test_two_first_starts_make_one_key(tmp_path):
    path = tmp_path / "key" / "care.key"
    found = []
    threads = [threading.Thread(target=lambda: found.append(create_key_file(path).master)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(found) == {read_key_file(path).master}
    assert [file.name for file in path.parent.iterdir()] == ["care.key"]


def test_a_newer_database_is_refused_untouched(location):
    with engine.runtime().engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(DatabaseNewer):
        upgrade.prepare(location)

    assert not list(location.backup_dir.glob("*"))


def test_a_file_where_the_folder_should_be_is_said(tmp_path):
    (tmp_path / "data").write_text("")

    with pytest.raises(FolderReadOnly):
        upgrade.prepare(Location(tmp_path / "data", tmp_path / "care.key"))


def test_a_failing_migration_leaves_the_database_and_a_backup(location, monkeypatch):
    with transaction() as session:
        note(session)
    with engine.runtime().engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    monkeypatch.setattr(upgrade, "_check_not_newer", lambda found: None)

    def break_off(connection, runtime):
        connection.exec_driver_sql("DROP TABLE setting")
        raise RuntimeError

    monkeypatch.setattr(upgrade, "_upgrade_to_head", break_off)
    with pytest.raises(MigrationFailed) as failure:
        upgrade.prepare(location)

    assert failure.value.backup is not None
    assert failure.value.backup.exists()
    with reading() as session:
        assert session.execute(text("SELECT count(*) FROM setting")).scalar() == 0


def test_a_migration_goes_up_and_down_and_up(tmp_path):
    from alembic import command

    place = Location(tmp_path / "data", tmp_path / "care.key")
    runtime = upgrade.prepare(place)
    config = upgrade._config()
    for direction, target in ((command.downgrade, "base"), (command.upgrade, "head")):
        with runtime.engine.connect().execution_options(**engine.WRITE) as connection, connection.begin():
            config.attributes["connection"] = connection
            direction(config, target)
            if direction is command.downgrade:
                left = sqlalchemy.inspect(connection).get_table_names()

    assert left == ["alembic_version"]
    runtime.engine.dispose()


def test_migrations_and_tables_in_code_are_the_same(location):
    with engine.runtime().engine.connect() as connection:
        assert list(verification._check_schema(connection)) == []


def test_two_processes_migrate_one_after_the_other(tmp_path):
    place = Location(tmp_path / "data", tmp_path / "care.key")
    errors: list[Exception] = []

    def start() -> None:
        try:
            upgrade.make_folders(place)
            upgrade.prepare(place)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []


def test_a_first_start_beside_another_takes_its_trial_file_for_no_backup(tmp_path):
    place = Location(tmp_path / "data", tmp_path / "care.key")
    upgrade.make_folders(place)
    create_key_file(place.key_file)  # the other has its key already, and no table yet
    (place.backup_dir / ".probe-x").touch()

    upgrade.prepare(place)

    assert place.database_file.stat().st_size


def test_a_folder_moved_to_another_place_opens_with_its_key(location, tmp_path):
    engine.runtime().engine.dispose()
    shutil.copytree(location.data_dir, tmp_path / "elsewhere")

    runtime = upgrade.prepare(Location(tmp_path / "elsewhere", location.key_file))

    with Session(runtime.engine) as session:
        assert session.execute(text("SELECT count(*) FROM student")).scalar() == 0
    runtime.engine.dispose()
