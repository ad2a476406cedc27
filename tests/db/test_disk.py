"""No room left, nothing to write to, a database that was emptied: each is named, and nothing begins anew over it."""

import errno

import pytest
from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import OperationalError

from commands import cli, verify
from commands.problems import sentence
from db import engine, upgrade
from db.disk import is_disk_full
from db.errors import DatabaseEmptied, DatabaseUnopened, DiskFull, FolderReadOnly, MigrationFailed
from db.location import Location

FULL_SENTENCE = "所在的磁盘满了"


def full_error() -> OperationalError:
    """The very exception of a database that has no room."""
    with create_engine("sqlite://").connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
        try:
            connection.exec_driver_sql("CREATE TABLE thing (word TEXT)")
        except OperationalError as error:
            return error
    raise AssertionError


def test_no_room_is_known_behind_whatever_came_of_it(tmp_path):
    outer = RuntimeError("x")
    outer.__cause__ = full_error()
    beneath = MigrationFailed(None)
    beneath.__context__ = OSError(errno.ENOSPC, "x")

    assert is_disk_full(outer, tmp_path)
    assert is_disk_full(beneath, tmp_path)
    assert not is_disk_full(OSError(errno.EACCES, "x"), tmp_path)
    assert not is_disk_full(OperationalError("x", {}, Exception("disk I/O error")), tmp_path)
    assert not is_disk_full(ValueError("database or disk is full"), tmp_path)


def test_an_unclear_error_is_no_room_where_there_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr("db.disk._TOO_LITTLE", 2**60)

    assert is_disk_full(OperationalError("x", {}, Exception("disk I/O error")), tmp_path)


def test_a_first_start_without_room_says_so_and_goes_on_later(tmp_path, monkeypatch):
    place = Location(tmp_path / "data", tmp_path / "key" / "care.key")
    upgrade_to_head = upgrade._upgrade_to_head

    def with_little_room(connection, runtime):
        connection.exec_driver_sql("PRAGMA max_page_count = 9")
        upgrade_to_head(connection, runtime)

    with monkeypatch.context() as patch:
        patch.setattr(upgrade, "_upgrade_to_head", with_little_room)
        with pytest.raises(DiskFull):
            upgrade.prepare(place)
    engine.runtime().engine.dispose()

    upgrade.prepare(place).engine.dispose()


def test_a_command_without_room_says_so(location, monkeypatch, capsys):
    def fail(_args):
        raise full_error()

    monkeypatch.setattr(verify, "run", fail)
    monkeypatch.setattr(cli.bootstrap, "enter", lambda *_, **__: None)

    assert cli.main(["verify", "--data", str(location.data_dir)]) == 1
    assert FULL_SENTENCE in capsys.readouterr().err


@pytest.mark.parametrize(("is_read_only", "problem"), [(True, FolderReadOnly), (False, DatabaseUnopened)])
def test_a_file_that_can_t_be_opened_is_no_server_that_doesn_t_answer(location, monkeypatch, is_read_only, problem):
    def refuse(*_):
        raise OperationalError("x", {}, Exception("unable to open database file"))

    runtime = engine.runtime()
    monkeypatch.setattr(upgrade, "is_read_only", lambda _path: is_read_only)
    monkeypatch.setattr(type(runtime.engine), "connect", refuse)

    with pytest.raises(problem) as refused:
        upgrade.check_current(runtime)

    assert "CARE_DATABASE_URL" not in sentence(refused.value)


@pytest.mark.parametrize("is_gone", [True, False], ids=["gone", "blank"])
@pytest.mark.parametrize("evidence", ["in-use", "backups"])
def test_a_database_emptied_after_use_is_not_begun_anew(location, is_gone, evidence):
    engine.runtime().engine.dispose()
    location.database_file.write_bytes(b"")
    if is_gone:
        location.database_file.unlink()
    (location.data_dir / evidence / "x").mkdir(parents=True)

    with pytest.raises(DatabaseEmptied) as refused:
        upgrade.prepare(location)

    assert str(location.backup_dir) in sentence(refused.value)
    assert location.database_file.exists() is not is_gone


def test_a_first_start_cut_short_goes_on(tmp_path):
    place = Location(tmp_path / "data", tmp_path / "key" / "care.key")
    upgrade.prepare(place).engine.dispose()
    for file in place.database_file.parent.iterdir():
        file.unlink()
    place.database_file.write_bytes(b"")

    begun = upgrade.prepare(place)

    with begun.engine.connect() as connection:
        assert inspect(connection).has_table("app_user")
    begun.engine.dispose()
