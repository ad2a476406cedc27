"""Backups: made while people write, proven by reading, refused where they can't be made."""

import shutil
import threading
import time

import pytest

from db import backups, engine, folders, manifests
from db.audit_chain import find_head
from db.backups import back_up, copy_backup, prove
from db.embedded import open_embedded
from db.errors import BackupDamaged, BackupForeign, BackupMissing, BackupUnwritable, NoRoom
from db.folders import FolderProblem
from db.keys import new_keys
from db.transactions import reading, transaction
from tests.db.test_foundation import note


@pytest.fixture
def written(location):
    """A database with a few events."""
    for number in range(5):
        with transaction() as session:
            note(session, number)
    return location


def test_a_backup_says_what_it_holds_and_stands_alone(written):
    backup = back_up(engine.runtime(), reason="manual")

    with reading() as session:
        head = find_head(session)
    assert (backup.manifest.head_seq, backup.manifest.head_link) == (head.seq, head.link)
    assert backup.manifest.rows["audit_event"] == 5
    assert backup.manifest.sha256 == manifests.digest_of(backup.path)
    assert prove(backup.path, engine.keys()).rows == backup.manifest.rows  # from the manifest inside
    assert manifests.read_beside(backup.path, engine.keys()) == backup.manifest
    assert sorted(path.name for path in written.backup_dir.iterdir()) == [
        backup.path.name,
        f"{backup.path.name}.json",
    ]


def test_a_backup_ends_and_is_whole_while_others_write_without_a_pause(written):
    stop, begun = threading.Event(), threading.Event()
    longest = 0.0

    def write() -> None:
        nonlocal longest
        number = 0
        while not stop.is_set():
            number += 1
            began = time.monotonic()
            with transaction() as session:
                note(session, number)
            longest = max(longest, time.monotonic() - began)
            begun.set()

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    begun.wait()
    made = [back_up(engine.runtime(), reason="manual") for _ in range(3)]
    stop.set()
    for thread in threads:
        thread.join()

    seqs = [backup.manifest.head_seq for backup in made]
    assert seqs == sorted(seqs)
    assert seqs[-1] > seqs[0] > 5  # they did write meanwhile
    assert longest < 5  # and nobody waited for a backup to end


@pytest.mark.parametrize("place", [0, 5000, -3000], ids=["first page", "second page", "near the end"])
def test_one_changed_byte_is_found(written, place):
    backup = back_up(engine.runtime(), reason="manual")
    data = bytearray(backup.path.read_bytes())
    data[place] ^= 0x01
    backup.path.write_bytes(data)

    with pytest.raises(BackupDamaged):
        prove(backup.path, engine.keys(), backup.manifest)
    with pytest.raises((BackupDamaged, BackupForeign)):  # also without the digest beside it
        prove(backup.path, engine.keys())


def test_a_cut_file_is_found(written):
    backup = back_up(engine.runtime(), reason="manual")
    backup.path.write_bytes(backup.path.read_bytes()[:-4096])

    with pytest.raises((BackupDamaged, BackupForeign)):
        prove(backup.path, engine.keys())


@pytest.mark.parametrize(
    "tamper",
    [
        "DELETE FROM system_fact",
        "INSERT INTO term (id, school_year, number, first_day, last_day, version) VALUES (1, 2026, 1, 'x', 'y', 1)",
        "DROP TRIGGER audit_event_no_delete; DELETE FROM audit_event WHERE seq = 5",
        "DROP TRIGGER audit_event_no_update; UPDATE audit_event SET details = '{}' WHERE seq = 2",
    ],
    ids=["a row less", "a row more", "tail cut", "event changed"],
)
def test_rows_changed_by_somebody_with_the_key_are_found(written, tamper):
    backup = back_up(engine.runtime(), reason="manual")
    copy = open_embedded(str(backup.path), engine.keys().database)
    copy.executescript(f"{tamper}; PRAGMA journal_mode = DELETE")
    copy.close()

    with pytest.raises(BackupDamaged) as refused:
        prove(backup.path, engine.keys())

    assert refused.value.where


def test_another_key_does_not_open_it(written):
    backup = back_up(engine.runtime(), reason="manual")

    with pytest.raises(BackupForeign):
        prove(backup.path, new_keys())


def test_a_manifest_somebody_else_wrote_counts_for_nothing(written):
    backup = back_up(engine.runtime(), reason="manual")
    manifests.write_beside(backup.path, backup.manifest, new_keys())

    assert manifests.read_beside(backup.path, engine.keys()) is None


def test_a_second_copy_is_proven_where_it_stands(written, tmp_path):
    backup = back_up(engine.runtime(), reason="manual")
    folder = tmp_path / "usb"
    folder.mkdir()

    copy = copy_backup(backup, folder, engine.keys())

    assert prove(copy, engine.keys(), manifests.read_beside(copy, engine.keys())).rows == backup.manifest.rows
    backup.path.unlink()
    with pytest.raises(BackupMissing):
        copy_backup(backup, folder, engine.keys())


def test_where_nothing_can_be_written_nothing_is_left(written, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(BackupUnwritable):
        back_up(engine.runtime(), reason="manual", target=tmp_path / "file" / "x.db")


def test_a_full_disk_is_said_with_what_is_needed(written, monkeypatch, tmp_path):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(backups.shutil, "disk_usage", lambda _path: usage._replace(free=1024))

    with pytest.raises(NoRoom) as refused:
        back_up(engine.runtime(), reason="manual")

    assert refused.value.needed_mb > refused.value.free_mb
    assert list(written.backup_dir.iterdir()) == []


def test_a_second_folder_is_really_tried(written, tmp_path, monkeypatch):
    usb = tmp_path / "usb"
    usb.mkdir()
    (tmp_path / "file").write_text("")

    tried = {
        "usb": folders.try_folder(usb, written).problem,
        "gone": folders.try_folder(tmp_path / "gone", written).problem,
        "file": folders.try_folder(tmp_path / "file", written).problem,
        "own": folders.try_folder(written.data_dir / "backups", written).problem,
        "relative": folders.try_folder(usb.relative_to(usb.anchor), written).problem,
    }

    assert tried == {
        "usb": None,
        "gone": FolderProblem.MISSING,
        "file": FolderProblem.MISSING,
        "own": FolderProblem.INSIDE,
        "relative": FolderProblem.NOT_ABSOLUTE,
    }
    assert folders.try_folder(usb, written).is_same_disk
    monkeypatch.setattr(folders.tempfile, "TemporaryFile", _refuse)
    assert folders.try_folder(usb, written).problem is FolderProblem.NOT_WRITABLE


def _refuse(**_options: object) -> None:
    raise PermissionError
