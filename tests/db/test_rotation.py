"""A new key: everything opens with it and nothing with the old one; what stops half-way leaves one whole pair."""

import sqlite3
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlmodel import select

from db import engine, rotation, upgrade
from db.audit_chain import Note
from db.backups import back_up, prove
from db.errors import BackupForeign, ChainBroken, KeyWrong, SealBroken, StillInUse
from db.keys import read_key_file
from db.presence import at_work
from db.sealed_columns import find_broken_seals, sealed_tables
from db.sealing import unseal
from db.tables import AuditEvent, ImportedRow, Student
from db.transactions import reading, transaction
from db.triggers import declared_triggers
from db.verification import Check, verify
from services import student_imports
from services.student_keys import id_number_hash
from tests.db import make_released
from tests.long import world

NOTE = Note(at=datetime(2026, 11, 20, 2, tzinfo=UTC), actor_id=None, actor_label="试", action="key.rotated")


@pytest.fixture
def school(tmp_path):
    """A small school with everything sealed that there is at an import and a referral."""
    place = world.settle(tmp_path)
    make_released.fill()
    with transaction() as session:
        child = session.get_one(Student, 1)
        from db.sealing import seal

        seal(child, "id_number_sealed", "329901201305210021")
        child.id_number_hash = id_number_hash("329901201305210021")
    yield place
    engine.runtime().engine.dispose()


def broken() -> list[str]:
    with engine.runtime().engine.connect() as connection:
        return list(find_broken_seals(connection, engine.keys()))


def test_everything_opens_with_the_new_key_and_nothing_with_the_old(school):
    old, backup = engine.keys(), back_up(engine.runtime(), reason="manual")

    rotated = rotation.rotate(engine.runtime(), note=NOTE)

    assert engine.keys() == rotated.keys == read_key_file(school.key_file) != old
    assert verify(engine.runtime()).findings == ()
    with engine.runtime().engine.connect() as connection:
        with_old = list(find_broken_seals(connection, old, limit=1000))
    assert len([where for where in with_old if "_sealed" in where]) == rotated.sealed > 10
    with reading() as session:
        child = session.exec(
            select(Student).where(Student.id_number_hash == id_number_hash("329901201305210021"))
        ).one()
        assert unseal(child, "id_number_sealed") == "329901201305210021"
    assert read_key_file(rotated.old_key_file) == old
    prove(backup.path, old)  # the old backups open with the old key
    with pytest.raises(BackupForeign):
        prove(backup.path, rotated.keys)
    prove(back_up(engine.runtime(), reason="manual").path, rotated.keys)


def test_the_chain_goes_on_with_the_old_head_in_it(school):
    before = verify(engine.runtime())

    rotated = rotation.rotate(engine.runtime(), note=NOTE)

    after = verify(engine.runtime())
    with reading() as session:
        event = session.get_one(AuditEvent, after.head_seq)
    assert (after.head_seq, rotated.events) == (before.head_seq + 1, before.head_seq)
    assert event.action == "key.rotated"
    assert before.head_link in event.details
    with engine.runtime().engine.connect() as connection:
        assert upgrade.list_triggers(connection) == declared_triggers()


def test_an_import_from_before_can_still_be_taken_back(school):
    with reading() as session:
        row = session.exec(select(ImportedRow).where(ImportedRow.action == "changed")).first()
        assert "_sealed" in unseal(row, "before_sealed")

    rotation.rotate(engine.runtime(), note=NOTE)

    with transaction() as session:
        lead = world.actor_called(session, "staff0")
        newest = student_imports.list_imports(session, lead)[0]
        student_imports.undo_import(session, lead, batch_id=newest.id)
    assert broken() == []


def test_a_broken_chain_is_not_linked_anew(school):
    with engine.runtime().engine.begin() as connection:
        for name in declared_triggers():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql("UPDATE audit_event SET details = '{}' WHERE seq = 3")
    before = read_key_file(school.key_file)

    with pytest.raises(ChainBroken) as refused:
        rotation.rotate(engine.runtime(), note=NOTE)

    assert refused.value.seq == 3
    assert read_key_file(school.key_file) == before


def test_words_that_do_not_open_are_not_rewritten(school):
    with engine.runtime().engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE referral SET facts_sealed = x'00112233445566778899aabbccddeeff' WHERE id = 2"
        )

    assert (Check.SEALS, "referral.facts_sealed 2") in {(f.check, f.where) for f in verify(engine.runtime()).findings}
    with pytest.raises(SealBroken):
        rotation.rotate(engine.runtime(), note=NOTE)
    upgrade.prepare(school)


def test_words_moved_to_another_row_and_a_forged_hash_are_named(school):
    with engine.runtime().engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE referral SET facts_sealed = (SELECT facts_sealed FROM referral WHERE id = 1) WHERE id = 4"
        )
        connection.exec_driver_sql("UPDATE student SET id_number_hash = 'x' WHERE id = 1")

    assert set(broken()) == {"referral.facts_sealed 4", "student.id_number_hash 1"}


def test_nobody_may_be_at_work(school):
    with at_work(school), pytest.raises(StillInUse):
        rotation.rotate(engine.runtime(), note=NOTE)


def test_the_old_key_opens_the_file_no_more(school):
    old_text = school.key_file.read_text()
    rotation.rotate(engine.runtime(), note=NOTE)
    engine.runtime().engine.dispose()
    school.key_file.write_text(old_text)

    with pytest.raises(KeyWrong):
        upgrade.prepare(school)


def test_every_sealed_column_is_found_by_its_name():
    found = {f"{each.table.name}.{column.name}" for each in sealed_tables() for column in each.sealed}

    assert {"student.id_number_sealed", "guardian.phone_sealed", "draft.content_sealed"} <= found
    assert len(found) >= 25


def test_nothing_of_the_new_file_is_in_the_clear(school):
    rotation.rotate(engine.runtime(), note=NOTE)

    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(school.database_file).execute("SELECT * FROM student")
    with reading() as session:
        assert session.execute(text("SELECT count(*) FROM student")).scalar() == world.CHILDREN + 4
