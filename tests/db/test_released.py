"""The rehearsal: a database of every released version comes to this one with rows, triggers and chain intact."""

import contextlib
import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import MetaData, create_engine, inspect, select, text
from sqlalchemy.engine import make_url

from db import engine, upgrade
from db.audit_chain import holds
from db.backups import prove
from db.embedded import open_embedded
from db.errors import MigrationFailed
from db.keys import read_key_file
from db.location import Location
from db.tables import AppUser, Student
from db.transactions import reading
from db.triggers import declared_triggers
from db.verification import verify
from services.student_keys import name_keys

RELEASED = Path(__file__).parent / "released"
VERSIONS = sorted(path.stem for path in RELEASED.glob("*.sql"))
each_version = pytest.mark.parametrize("version", VERSIONS)


def expected(version: str) -> dict:
    return json.loads((RELEASED / f"{version}.json").read_text("utf-8"))


def plain(version: str, folder: Path) -> Path:
    """Build the released database, in the clear, from its SQL."""
    path = folder / "plain.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript((RELEASED / f"{version}.sql").read_text("utf-8"))
    return path


def lay(version: str, folder: Path) -> Location:
    """Lay the database of a version, encrypted, into a folder with its key."""
    place = Location(folder / "data", folder / "key" / "care.key")
    for each in (place.database_file.parent, place.key_file.parent):
        each.mkdir(parents=True)
    shutil.copy(RELEASED / f"{version}.key", place.key_file)
    source = plain(version, folder)
    connection = open_embedded(str(place.database_file), read_key_file(place.key_file).database)
    with contextlib.closing(connection):
        connection.execute("ATTACH ? AS plain KEY ''", (str(source),))
        connection.execute("SELECT sqlcipher_export('main', 'plain')")
    return place


@pytest.fixture
def released(tmp_path):
    """Lay the database of a version into this test's folder: released("0001")."""
    yield lambda version: lay(version, tmp_path)
    if engine._runtime is not None:
        engine._runtime.engine.dispose()


def counts(connection) -> dict[str, int]:
    names = inspect(connection).get_table_names()
    return {name: connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in names}


def test_the_first_release_is_among_them():
    assert VERSIONS[0] == "0001"
    assert all((RELEASED / f"{version}.key").is_file() for version in VERSIONS)
    assert sum(path.stat().st_size for path in RELEASED.glob("*.sql")) < 200_000 * len(VERSIONS)


def assert_names_have_their_place(session) -> None:
    """Every name of before was given the place that a name of today gets."""
    for name, order in ((Student.name, Student.name_order), (AppUser.display_name, AppUser.name_order)):
        stored = session.execute(select(name, order)).all()
        assert stored
        assert [found for _, found in stored] == [name_keys(each).order for each, _ in stored]


@each_version
def test_a_released_database_comes_to_this_version_whole(released, version):
    place = released(version)

    runtime = upgrade.prepare(place)

    wanted = expected(version)
    with runtime.engine.connect() as connection:
        found = counts(connection)
        assert upgrade.list_triggers(connection) == declared_triggers()
    assert {name: found[name] for name in wanted["rows"]} == wanted["rows"]
    with reading() as session:
        assert holds(session, **wanted["head"])
        assert_names_have_their_place(session)
    assert verify(runtime).findings == ()  # pages, schema, foreign keys, chain, and everything sealed


@each_version
def test_the_backup_made_before_is_of_the_released_version(released, version):
    if version == upgrade.known_head():
        pytest.skip("这个版本就是现在的版本，没有可升级的")
    place = released(version)
    upgrade.prepare(place)

    (backup,) = place.backup_dir.glob("*-migration.db")

    proven = prove(backup, engine.keys())
    assert (proven.schema, proven.rows) == (version, expected(version)["rows"])


@each_version
def test_a_migration_that_breaks_off_leaves_the_released_database(released, version, monkeypatch):
    if version == upgrade.known_head():
        pytest.skip("这个版本就是现在的版本，没有可升级的")
    place = released(version)

    def break_off(_connection) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(upgrade, "create_triggers", break_off)  # after the last migration, before COMMIT
        with pytest.raises(MigrationFailed):
            upgrade.prepare(place)

    with engine.use(place).engine.connect() as connection:
        assert counts(connection) == expected(version)["rows"]
    upgrade.prepare(place)
    assert verify(engine.runtime()).findings == ()


@pytest.mark.long
@each_version
def test_a_released_postgresql_database_comes_to_this_version_whole(postgres_url, tmp_path, version):
    """Built by the released migrations, filled with the released rows, then brought to this version."""
    url = postgres_url.format(name=f"released_{version}")
    _make_database(postgres_url, f"released_{version}")
    place = Location(tmp_path / "data", RELEASED / f"{version}.key", url)
    upgrade.make_folders(place)
    runtime = engine.use(place)
    _migrate_to(runtime, version)
    _fill(runtime, plain(version, tmp_path))

    upgrade.prepare(place)

    wanted = expected(version)
    with engine.runtime().engine.connect() as connection:
        found = counts(connection)
        assert upgrade.list_triggers(connection) == declared_triggers()
    assert {name: found[name] for name in wanted["rows"]} == wanted["rows"]
    with reading() as session:
        assert holds(session, **wanted["head"])
        assert_names_have_their_place(session)
    assert verify(engine.runtime()).findings == ()
    engine.runtime().engine.dispose()


def _make_database(address: str, name: str) -> None:
    url = make_url(address.format(name="postgres")).set(drivername="postgresql+psycopg")
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()


def _migrate_to(runtime: engine.Runtime, version: str) -> None:
    from alembic import command

    config = upgrade._config()
    with runtime.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)


def _fill(runtime: engine.Runtime, source: Path) -> None:
    """Copy the rows as they are, table by table in the order foreign keys want."""
    tables = MetaData()
    tables.reflect(runtime.engine)
    origin = create_engine(f"sqlite:///{source}")
    with origin.connect() as reader, runtime.engine.begin() as writer:
        for table in tables.sorted_tables:
            if table.name == "alembic_version":
                continue
            columns = ", ".join(f'"{column.name}"' for column in table.columns)
            rows = reader.execute(text(f'SELECT {columns} FROM "{table.name}"')).mappings().all()
            if rows:
                writer.execute(table.insert(), [_typed(table, row) for row in rows])
    origin.dispose()


def _typed(table, row) -> dict:
    """Give SQLite's texts and figures the types PostgreSQL asks for."""
    from datetime import UTC, date, datetime

    def typed(column, value):
        kind = column.type.python_type
        if value is None or isinstance(value, kind):
            return value
        if kind is datetime:
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        return date.fromisoformat(value) if kind is date else kind(value)

    return {column.name: typed(column, row[column.name]) for column in table.columns}
