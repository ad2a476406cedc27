"""`backup`, `restore`, `key`, `verify`: typed as on a school's server, each to its end."""

import io
import json
import shutil
import sys

import pytest
from sqlmodel import select

from commands import backup, key, restore, verify
from commands.cli import parse
from commands.problems import BackupExists, FileUnreadable, FileUnwritable, NotTyped
from db import engine
from db.errors import BackupForeign, DatabaseMissing, EmbeddedOnly, SheetForeign, SheetWrong, StillInUse
from db.keys import new_keys, read_key_file, write_key_file
from db.location import Location
from db.presence import at_work
from db.sheets import write_groups
from db.tables import AuditEvent, BackupRun
from db.transactions import reading, transaction
from services import audit, recovery
from services.actors import command_line

MODULES = {"backup": backup, "restore": restore, "key": key, "verify": verify}


@pytest.fixture
def typed(location, monkeypatch):
    """Type `manage.py …`: typed("backup", "x.db", at=location, answers="…")."""

    def type_(name: str, *words: str, at: Location = location, answers: str = "") -> int:
        monkeypatch.setattr(Location, "from_environment", lambda *_args: at)
        monkeypatch.setattr(sys, "stdin", io.StringIO(answers))
        args = parse([name, *words])
        if preflight := getattr(MODULES[name], "preflight", None):
            preflight(args)
        return MODULES[name].run(args)

    return type_


@pytest.fixture
def elsewhere(tmp_path):
    return Location(tmp_path / "other machine" / "data", tmp_path / "other machine" / "data-key" / "care.key")


def write_something() -> None:
    with transaction() as session:
        audit.record(session, command_line(), audit.Action.SETTINGS_CHANGED, fields=["x"])


def test_from_the_backup_and_the_typed_sheet_to_another_machine(typed, location, elsewhere, tmp_path, capsys):
    write_something()
    usb = tmp_path / "usb"
    usb.mkdir()

    assert typed("backup", str(usb / "care.db"), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["is_proven"]
    assert typed("key", "show") == 0
    sheet = capsys.readouterr().out
    groups = [word for line in sheet.splitlines() if ". " in line for word in line.split() if len(word) == 5]
    (usb / "care.db.json").unlink()  # only the file was carried over
    engine.runtime().engine.dispose()

    assert typed("restore", str(usb / "care.db"), "--type-key", "--json", at=elsewhere, answers="\n".join(groups)) == 0

    assert json.loads(capsys.readouterr().out)["head"] == told["head"]
    assert read_key_file(elsewhere.key_file) == read_key_file(location.key_file)
    assert typed("verify", at=elsewhere) == 0
    assert "数据完整" in capsys.readouterr().out


def test_a_backup_is_noted_and_written_over_nothing(typed, location, tmp_path):
    assert typed("backup") == 0
    assert typed("backup", str(tmp_path / "x.db")) == 0

    with reading() as session:
        runs = session.exec(select(BackupRun)).all()
        assert [bool(run.proven_at) for run in runs] == [True, True]
        assert all(run.off_disk_at is None for run in runs)  # the same disk as the data
        made = session.exec(select(AuditEvent).where(AuditEvent.action == "backup.made")).all()
        assert len(made) == 2
    with pytest.raises(BackupExists):
        typed("backup", str(tmp_path / "x.db"))
    with pytest.raises(FileUnwritable):
        typed("backup", str(tmp_path / "nowhere" / "x.db"))


def test_looking_for_what_is_not_there_makes_nothing(typed, elsewhere, tmp_path):
    with pytest.raises(DatabaseMissing):
        typed("backup", at=elsewhere)
    with pytest.raises(FileUnreadable):
        typed("restore", str(tmp_path / "none.db"))
    assert not elsewhere.data_dir.exists()


@pytest.mark.parametrize(
    ("answers", "problem"), [("", SheetWrong), ("AAAAA\n" * 16, SheetWrong)], ids=["nothing", "nonsense"]
)
def test_a_mistyped_sheet_restores_nothing(typed, elsewhere, tmp_path, answers, problem):
    typed("backup", str(tmp_path / "x.db"))

    with pytest.raises(problem):
        typed("restore", str(tmp_path / "x.db"), "--type-key", at=elsewhere, answers=answers)

    assert not elsewhere.database_file.exists()
    assert not elsewhere.key_file.exists()


def test_the_sheet_of_another_school_restores_nothing(typed, elsewhere, tmp_path):
    typed("backup", str(tmp_path / "x.db"))

    with pytest.raises(BackupForeign):
        typed(
            "restore", str(tmp_path / "x.db"), "--type-key", at=elsewhere, answers="\n".join(write_groups(new_keys()))
        )

    assert not elsewhere.database_file.exists()
    assert not elsewhere.key_file.exists()


def test_a_running_server_is_not_pulled_away_from_under(typed, location, tmp_path):
    typed("backup", str(tmp_path / "x.db"))
    with at_work(location):
        with pytest.raises(StillInUse):
            typed("restore", str(tmp_path / "x.db"))
        with pytest.raises(StillInUse):
            typed("key", "rotate")
        assert typed("backup") == 0  # people go on working


def test_the_sheet_is_asked_back(typed, location, capsys):
    groups = write_groups(engine.keys())

    assert typed("key", "check", "--all", answers="\n".join(groups)) == 0

    with reading() as session:
        assert recovery.is_checked(session, command_line())
    with pytest.raises(SheetWrong) as wrong:
        typed("key", "check", "--all", answers="\n".join([*groups[:4], "AAAAA", *groups[5:]]))
    assert wrong.value.places == "5"
    with pytest.raises(SheetForeign):
        typed("key", "check", "--all", answers="\n".join(write_groups(new_keys())))
    with pytest.raises(NotTyped):
        typed("key", "check", answers="")


def test_two_groups_are_asked_at_random(typed, capsys):
    for _ in range(3):
        with pytest.raises((SheetWrong, NotTyped)):
            typed("key", "check", answers="AAAAA\nAAAAA\n")
    asked = {line for line in capsys.readouterr().err.splitlines() if "组" in line}

    assert len(asked) > 2


def test_a_new_key_shows_a_new_sheet_and_keeps_the_old_backups_readable(typed, location, tmp_path, capsys):
    write_something()
    typed("backup", str(tmp_path / "old.db"))
    old_groups = write_groups(engine.keys())
    with transaction() as session:
        recovery.note_checked(session, command_line())
    capsys.readouterr()

    assert typed("key", "rotate") == 0

    said = capsys.readouterr().out
    assert write_groups(read_key_file(location.key_file))[0] in said
    assert old_groups[0] not in said
    with reading() as session:
        assert not recovery.is_checked(session, command_line())
    assert typed("verify") == 0
    kept = next(location.key_file.parent.glob("care.key-until-*"))
    with pytest.raises(BackupForeign):
        typed("restore", str(tmp_path / "old.db"))
    assert typed("restore", str(tmp_path / "old.db"), "--key-file", str(kept)) == 0
    assert write_groups(read_key_file(location.key_file)) == old_groups
    assert typed("verify") == 0


def test_a_cut_tail_is_found_by_a_backup_s_manifest(typed, location, tmp_path, capsys):
    write_something()
    typed("backup")
    copied = tmp_path / "before.db"
    engine.runtime().engine.dispose()
    with engine.use(location).engine.begin() as connection:
        for name in ("audit_event_no_delete", "audit_event_no_update"):
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql("DELETE FROM audit_event WHERE seq > 0")
    engine.use(location)
    from db import upgrade

    with engine.runtime().engine.begin() as connection:
        upgrade.create_triggers(connection)

    assert typed("verify") == 1

    assert "末尾被截掉" in capsys.readouterr().out
    assert not copied.exists()


def test_a_restoration_explains_what_the_chain_no_longer_holds(typed, location, tmp_path):
    write_something()
    typed("backup", str(tmp_path / "early.db"))
    for _ in range(3):
        write_something()
    typed("backup")  # its head is thrown away by what follows

    typed("restore", str(tmp_path / "early.db"))

    assert typed("verify") == 0


def test_an_old_database_put_back_by_hand_is_a_cut_tail(typed, location, tmp_path, capsys):
    write_something()
    engine.runtime().engine.dispose()
    shutil.copy(location.database_file, tmp_path / "yesterday.db")
    for _ in range(3):
        write_something()
    typed("backup")
    engine.runtime().engine.dispose()
    shutil.copy(tmp_path / "yesterday.db", location.database_file)

    assert typed("verify") == 1
    assert "末尾被截掉" in capsys.readouterr().out


def test_a_backup_folder_elsewhere_can_be_compared_with(typed, location, tmp_path, capsys):
    write_something()
    usb = tmp_path / "usb"
    usb.mkdir()
    typed("backup", str(usb / "x.db"))

    assert typed("verify", "--backups", str(usb), "--json") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["is_whole"]


def test_on_postgresql_the_embedded_file_s_commands_say_so(typed, location, tmp_path):
    (tmp_path / "x.db").write_bytes(b"x")
    other = Location(location.data_dir, location.key_file, "postgresql://nobody@127.0.0.1:1/none")

    with pytest.raises(EmbeddedOnly):
        typed("restore", str(tmp_path / "x.db"), at=other)


def test_the_key_file_of_another_school_opens_nothing(typed, location, tmp_path):
    typed("backup", str(tmp_path / "x.db"))
    write_key_file(tmp_path / "other.key", new_keys())

    with pytest.raises(BackupForeign):
        typed("restore", str(tmp_path / "x.db"), "--key-file", str(tmp_path / "other.key"))


@pytest.mark.parametrize("head", ["²:ab", f"{'9' * 20}:ab", f"{'9' * 5000}:ab", "1:链", ":", "1"])
def test_a_head_that_can_be_none_is_not_found(typed, location, capsys, head):
    write_something()

    assert typed("verify", "--head", head) == 1

    assert "抄下的链头找不到了" in capsys.readouterr().out
