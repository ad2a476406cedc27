"""Backups as the school knows them: one a day whoever notices, kept 30 days, copied off the disk, told when late."""

import os
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from db import engine, folders
from db.folders import FolderProblem, FolderTried
from db.location import PROJECT_DIR
from db.presence import list_at_work
from db.tables import AuditEvent, BackupReason, BackupRun, Role, SystemFact
from db.transactions import reading, transaction
from services import (
    backup_apart,
    backup_files,
    backup_work,
    backups,
    clock,
    daily_backups,
    handover_rules,
    home,
    recovery,
    setup,
)
from services.backups import AUTOMATIC, Outcome, RunState
from services.duties import DutyGroup, DutyKind
from services.errors import EditedMeanwhile, FieldErrors
from tests.conftest import NOW, codes

FINE = FolderTried(None, False, 5000)


@pytest.fixture
def embedded(location):
    if not location.is_embedded:
        pytest.skip("备份文件是嵌入式数据库的；PostgreSQL 的在 test_postgres_dumps 里")
    return location


@pytest.fixture
def usb(tmp_path, monkeypatch):
    """A folder that counts as another disk."""
    folder = tmp_path / "usb"
    folder.mkdir()
    monkeypatch.setattr(folders, "is_same_disk", lambda place, _location: "usb" not in str(place))
    monkeypatch.setattr(backup_files, "is_same_disk", lambda place, _location: "usb" not in str(place))
    return folder


def set_folder(folder: Path) -> None:
    with transaction() as session:
        stored = backups.find_second_folder(session, AUTOMATIC)
        backups.save_second_folder(session, AUTOMATIC, folder=str(folder), version=stored.version, tried=FINE)


def runs() -> list[BackupRun]:
    with reading() as session:
        return list(session.exec(select(BackupRun).order_by(BackupRun.id)))


def test_the_day_has_one_backup_however_many_notice(location):
    """Eight threads as eight processes: the unique day decides."""
    won: list[int] = []
    start = threading.Barrier(8)

    def notice() -> None:
        start.wait()
        with transaction() as session:
            run_id = backups.claim_day(session, AUTOMATIC, day=clock.today())
        if run_id is not None:
            won.append(run_id)

    threads = [threading.Thread(target=notice) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(won) == 1
    assert [run.day for run in runs()] == [NOW.date()]


def test_a_killed_claim_is_taken_over_and_a_failed_one_tried_again(location):
    def claim() -> int | None:
        with transaction() as session:
            return backups.claim_day(session, AUTOMATIC, day=NOW.date())

    first = claim()
    assert claim() is None
    clock.set_fixed(NOW + timedelta(hours=2, minutes=1))  # it was killed
    assert claim() == first
    assert claim() is None
    with transaction() as session:
        backups.finish_run(session, AUTOMATIC, run_id=first, outcome=Outcome(problem="no_room"))
    assert claim() is None
    clock.set_fixed(NOW + timedelta(hours=3, minutes=30))
    assert claim() == first
    with transaction() as session:
        backups.finish_run(session, AUTOMATIC, run_id=first, outcome=Outcome(file=Path("/x"), is_proven=True))
    clock.set_fixed(NOW + timedelta(hours=9))
    assert claim() is None


def test_the_daily_backup_is_made_proven_copied_and_noted(embedded, usb):
    set_folder(usb)

    outcome = backup_work.make_daily()
    again = backup_work.make_daily()

    (run,) = runs()
    assert outcome is not None
    assert again is None
    assert run.proven_at == run.second_copy_at == run.off_disk_at == NOW
    assert {path.suffix for path in usb.iterdir()} == {".db", ".json"}
    with reading() as session:
        events = session.exec(select(AuditEvent).order_by(AuditEvent.seq)).all()
    assert [event.action for event in events] == ["settings.changed", "backup.made", "backup.copied"]
    assert {event.actor_label for event in events} == {"自动备份"}


def test_a_drive_that_comes_back_gets_the_copy_it_missed(embedded, usb):
    set_folder(usb)
    usb.rmdir()
    backup_work.make_daily()
    assert [(run.proven_at, run.second_copy_at, run.second_problem) for run in runs()] == [
        (NOW, None, FolderProblem.MISSING.value)
    ]

    usb.mkdir()
    backup_work.make_daily()

    (run,) = runs()
    assert run.second_copy_at == NOW
    assert run.second_problem is None


def test_a_folder_on_the_same_disk_does_not_count(embedded, tmp_path):
    same = tmp_path / "same"
    same.mkdir()
    set_folder(same)

    backup_work.make_daily()

    (run,) = runs()
    assert run.second_copy_at == NOW
    assert run.off_disk_at is None


def test_old_ones_go_only_when_a_newer_proven_one_is_there(embedded, usb, monkeypatch):
    set_folder(usb)
    backup_work.make_daily()
    backup_work.make_now(AUTOMATIC)
    first, by_hand = (Path(run.file) for run in runs())
    clock.set_fixed(NOW + timedelta(days=31))
    monkeypatch.setattr(backup_files, "back_up", _no_room)

    backup_work.make_daily()
    assert first.exists()  # today's could not be made

    monkeypatch.undo()
    clock.set_fixed(NOW + timedelta(days=31, hours=2))
    backup_work.make_daily()

    assert not first.exists()
    assert not (usb / first.name).exists()
    assert by_hand.exists()
    with reading() as session:
        states = {run.id: run.state for run in backups.list_runs(session, AUTOMATIC)}
    assert states[1] is RunState.REMOVED


def _no_room(*_args: object, **_options: object) -> None:
    from db.errors import NoRoom

    raise NoRoom(Path("/x"), 2, 1)


def test_what_went_wrong_is_told_not_raised(embedded, monkeypatch):
    monkeypatch.setattr(backup_files, "back_up", _no_room)

    outcome = backup_work.make_now(AUTOMATIC)

    assert outcome.problem == "no_room"
    with reading() as session:
        (row,) = backups.list_runs(session, AUTOMATIC)
        assert (row.state, row.problem) == (RunState.FAILED, "no_room")
        assert session.exec(select(AuditEvent.action)).all() == ["backup.failed"]


@pytest.mark.parametrize("problem", list(FolderProblem))
def test_a_folder_that_will_not_do_is_refused_with_why(session, make_user, problem):
    admin = make_user(Role.ADMIN)

    with pytest.raises(FieldErrors) as refused:
        backups.save_second_folder(session, admin, folder="/x", version=0, tried=FolderTried(problem))

    assert codes(refused) == {"folder": problem.value}


def test_two_who_set_the_folder(session, make_user):
    admin = make_user(Role.ADMIN)
    backups.save_second_folder(session, admin, folder="/one", version=0, tried=FINE)

    with pytest.raises(EditedMeanwhile):
        backups.save_second_folder(session, admin, folder="/two", version=0, tried=FINE)
    backups.save_second_folder(session, admin, folder=" ", version=1, tried=None)
    assert backups.find_second_folder(session, admin).folder == ""


def duties_of(session, actor) -> dict[DutyKind, DutyGroup]:
    wanted = {DutyKind.BACKUP_OVERDUE, DutyKind.RECOVERY_SHEET}
    return {duty.kind: duty.group for duty in home.list_duties(session, actor) if duty.kind in wanted}


def test_home_is_red_while_the_last_proven_backup_off_this_disk_is_older_than_seven_days(session, make_user, term):
    admin, lead = make_user(Role.ADMIN), make_user(Role.LEAD)
    session.add(SystemFact(name=setup.CLAIMED, value=NOW.isoformat()))
    session.flush()
    assert duties_of(session, admin) == {
        DutyKind.BACKUP_OVERDUE: DutyGroup.UPCOMING,
        DutyKind.RECOVERY_SHEET: DutyGroup.WAITING,
    }
    assert duties_of(session, lead) == {}

    clock.set_fixed(NOW + timedelta(days=7, minutes=1))
    assert duties_of(session, admin)[DutyKind.BACKUP_OVERDUE] is DutyGroup.LATE

    run = BackupRun(reason=BackupReason.MANUAL, started_at=clock.now(), made_at=clock.now(), proven_at=clock.now())
    session.add(run)
    session.flush()
    assert duties_of(session, admin)[DutyKind.BACKUP_OVERDUE] is DutyGroup.LATE  # proven, but on this disk

    run.off_disk_at = clock.now()
    session.flush()
    recovery.note_checked(session, admin)
    session.flush()
    assert duties_of(session, admin) == {}
    clock.set_fixed(NOW + timedelta(days=14, minutes=2))
    assert duties_of(session, admin) == {DutyKind.BACKUP_OVERDUE: DutyGroup.LATE}


def test_an_installation_nobody_has_set_up_owes_no_backup(session, make_user):
    assert duties_of(session, make_user(Role.ADMIN)) == {}


@pytest.mark.long
def test_a_postgresql_dump_is_restored_to_prove_it(location):
    if location.is_embedded:
        pytest.skip("嵌入式数据库的备份在别的测试里")

    outcome = backup_work.make_now(AUTOMATIC)

    assert outcome.problem is None
    assert outcome.is_proven
    assert outcome.file.suffix == ".dump"
    with reading() as session:
        (row,) = backups.list_runs(session, AUTOMATIC)
        assert row.state is RunState.PROVEN


@pytest.mark.long
def test_without_the_tools_it_is_said_that_there_is_none(location, monkeypatch):
    if location.is_embedded:
        pytest.skip("嵌入式数据库不用 PostgreSQL 的工具")
    from db import postgres_dumps

    monkeypatch.setattr(postgres_dumps.shutil, "which", lambda _tool: None)

    assert backup_work.make_now(AUTOMATIC).problem == "tools_missing"


def test_a_server_has_it_made_and_copied_in_another_process(embedded, usb, monkeypatch):
    set_folder(usb)
    for name in ("back_up", "copy_backup"):
        monkeypatch.setattr(backup_files, name, _no_room)  # whoever does it here fails

    outcome = backup_work.make_now(AUTOMATIC, is_apart=True)

    (run,) = runs()
    assert outcome.is_proven
    assert (outcome.file, outcome.head_seq) == (Path(run.file), 1)
    assert run.proven_at == run.second_copy_at == NOW
    assert {path.suffix for path in usb.iterdir()} == {".db", ".json"}
    assert list_at_work(embedded) == []


def test_what_goes_wrong_in_the_other_process_is_told(embedded):
    embedded.backup_dir.rmdir()
    embedded.backup_dir.write_text("in the way")

    assert backup_work.make_now(AUTOMATIC, is_apart=True).problem == "unwritable"


def test_another_process_that_does_not_come_to_its_end_leaves_a_backup_broken_off(embedded):
    embedded.key_file.unlink()

    assert backup_work.make_now(AUTOMATIC, is_apart=True).problem == "broken_off"
    assert [(run.proven_at, run.problem) for run in runs()] == [(None, "broken_off")]
    assert backup_apart.copy(engine.runtime(), source=Path("/x"), folder=Path("/y")).problem == "broken_off"


def test_the_other_process_ends_with_who_asked(embedded):
    place = {"CARE_DATA_DIR": str(embedded.data_dir), "CARE_KEY_FILE": str(embedded.key_file)}
    line = [sys.executable, "-m", "services.backup_apart", "make", "manual"]
    with subprocess.Popen(line, cwd=PROJECT_DIR, env={**os.environ, **place}, stdin=subprocess.DEVNULL) as process:
        assert process.wait(20) == 1  # nobody holds the other end

    assert not list(embedded.backup_dir.glob("*.db"))


def test_the_thread_looks_without_being_asked(embedded, monkeypatch):
    monkeypatch.setattr(daily_backups, "FIRST_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(daily_backups, "LOOK_SECONDS", 0.01)
    done = threading.Event()
    make = backup_work.make_daily

    def make_and_tell(*, is_apart: bool) -> None:
        make(is_apart=is_apart)
        done.set()
        raise OSError  # the server goes on

    monkeypatch.setattr(backup_work, "make_daily", make_and_tell)
    half = handover_rules.package_dir() / "half.part"  # an archive's package that was killed in the making, long ago
    half.parent.mkdir(parents=True)
    half.write_bytes(b"x")
    os.utime(half, (0, 0))
    daily = daily_backups.DailyBackups()
    daily.start()

    assert done.wait(240)  # the copy is made apart, at the lowest priority
    daily.stop()
    daily._thread.join()
    assert not half.exists()
    assert [bool(run.proven_at) for run in runs()] == [True]
    assert engine.runtime() is not None
