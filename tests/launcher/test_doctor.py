"""`doctor`: each thing that is wrong is told with how to mend it, and looking changes nothing."""

import json
import shutil
import socket
from datetime import timedelta

import pytest

from commands import doctor
from commands.cli import parse
from commands.doctor import WORDS
from db import engine, replacing
from db.keys import new_keys, write_key_file
from db.location import Location
from db.tables import BackupReason, BackupRun
from db.transactions import transaction
from services import audit, backup_work, backups, clock, diagnosis, recovery
from services.actors import command_line
from services.backups import AUTOMATIC
from services.diagnosis import examine
from tests.conftest import NOW
from tests.launcher.test_problems import UNWANTED

EVERYWHERE = "0.0.0.0"  # noqa: S104  what is asked about, on a port of the system's choice


def codes_at(location) -> set[str]:
    return {symptom.code for symptom in examine(location)}


@pytest.fixture
def well(location):
    """An installation nothing is wrong with."""
    with transaction() as session:
        recovery.note_checked(session, AUTOMATIC)
        run = BackupRun(reason=BackupReason.MANUAL, started_at=NOW, made_at=NOW, proven_at=NOW, off_disk_at=NOW)
        session.add(run)
    location.key_file.chmod(0o600)
    return location


def test_a_well_kept_installation_has_nothing(well, monkeypatch, capsys):
    monkeypatch.setattr(Location, "from_environment", lambda *_args: well)
    monkeypatch.setattr(doctor, "is_complete", lambda _environment: True)

    assert doctor.run(parse(["doctor"])) == 0
    assert doctor.run(parse(["doctor", "--json"])) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("都好")
    assert json.loads(lines[1]) == {"is_well": True, "findings": []}


def test_a_new_installation_is_told_what_is_still_to_do(location):
    assert codes_at(location) == {"no_backup", "off_disk_none", "sheet"}


def _lose_key(place, _patch):
    place.key_file.unlink()


def _other_key(place, _patch):
    write_key_file(place.key_file, new_keys())


def _open_key(place, _patch):
    place.key_file.chmod(0o644)


def _half_replaced(place, _patch):
    replacing.staged_file(place).write_bytes(b"x")


def _newer(_place, _patch):
    with engine.runtime().engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")


def _older(_place, _patch):
    with engine.runtime().engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")


def _clock_behind(_place, _patch):
    with transaction() as session:
        audit.record(session, command_line(), audit.Action.SETTINGS_CHANGED, fields=["x"])
    clock.set_fixed(NOW - timedelta(hours=3))


def _late(_place, _patch):
    clock.set_fixed(NOW + timedelta(days=9))


def _failed(_place, _patch):
    with transaction() as session:
        session.add(BackupRun(reason=BackupReason.MANUAL, started_at=NOW + timedelta(minutes=1), problem="no_room"))


def _folder_gone(place, _patch):
    folder = place.data_dir.parent / "usb"
    folder.mkdir()
    with transaction() as session:
        tried = backup_work.try_second_folder(str(folder))
        backups.save_second_folder(session, AUTOMATIC, folder=str(folder), version=0, tried=tried)
    folder.rmdir()


def _folder_same_disk(place, _patch):
    _folder_gone(place, _patch)
    (place.data_dir.parent / "usb").mkdir()


def _full(_place, patch):
    usage = shutil.disk_usage("/")
    patch.setattr(diagnosis.shutil, "disk_usage", lambda _path: usage._replace(free=1))


def _old_glibc(_place, patch):
    patch.setattr(diagnosis.platform, "libc_ver", lambda: ("glibc", "2.17"))


def _no_data(place, _patch):
    engine.runtime().engine.dispose()
    shutil.rmtree(place.database_file.parent)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (_lose_key, "key_missing"),
        (_other_key, "key_wrong"),
        (_open_key, "key_open"),
        (_half_replaced, "unfinished"),
        (_newer, "newer"),
        (_older, "outdated"),
        (_clock_behind, "clock"),
        (_late, "backup_old"),
        (_late, "off_disk_old"),
        (_failed, "backup_failed"),
        (_folder_gone, "folder"),
        (_folder_same_disk, "same_disk"),
        (_full, "disk"),
        (_old_glibc, "glibc"),
        (_no_data, "data_missing"),
    ],
)
def test_what_is_wrong_is_found_and_told(well, monkeypatch, spoil, code):
    assert codes_at(well) == set()

    spoil(well, monkeypatch)

    symptoms = examine(well)
    assert code in {symptom.code for symptom in symptoms}
    assert all("{" not in doctor.words_of(symptom) for symptom in symptoms)


def test_a_key_in_the_data_s_folder_is_told(well):
    inside = Location(well.data_dir, well.data_dir / "care.key")
    shutil.move(well.key_file, inside.key_file)

    assert "key_beside" in codes_at(inside)


def test_a_taken_port_and_a_line_in_the_clear_are_told(well, monkeypatch, capsys):
    monkeypatch.setattr(Location, "from_environment", lambda *_args: well)
    monkeypatch.setattr(doctor, "is_complete", lambda _environment: False)
    with socket.socket() as taken:
        taken.bind((EVERYWHERE, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert doctor.run(parse(["doctor", "--json", "--port", str(port), "--address", EVERYWHERE])) == 1

    told = json.loads(capsys.readouterr().out)
    assert [finding["code"] for finding in told["findings"]] == ["venv", "port", "tls"]


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_every_sentence_says_what_to_do(words):
    assert "：" in words
    assert words.endswith("。")
    assert not any(word in words for word in UNWANTED)
