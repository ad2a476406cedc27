"""The tables by name: those of the sign-in page stand alone, any other brings them all."""

import subprocess
import sys

import db.tables
from db.location import PROJECT_DIR
from db.tables import every

ALONE = """
import sys
from sqlalchemy.orm import configure_mappers
from sqlmodel import SQLModel
from db.tables import AT_SIGN_IN, AppUser, AuditEvent, Post, Setting
configure_mappers()
assert {f"db.tables.{each}" for each in AT_SIGN_IN} == {name for name in sys.modules if name.startswith("db.tables.")}
few = len(SQLModel.metadata.sorted_tables)  # would fail on a foreign key to a table that isn't there
from db.tables import METADATA
assert few < 30 < 80 < len(METADATA.sorted_tables)
"""


WAITS = """
import sys, threading
from sqlalchemy.orm.mapper import _CONFIGURE_MUTEX
import db.tables
from db.tables import AppUser
other = threading.Thread(target=lambda: db.tables.CareRecord)
with _CONFIGURE_MUTEX:  # held while somebody brings tables into use
    other.start()
    other.join(1)
    assert other.is_alive()
    assert "db.tables.every" not in sys.modules
other.join(30)
assert "db.tables.every" in sys.modules
"""


def test_no_table_is_added_while_somebody_brings_tables_into_use():
    answer = subprocess.run([sys.executable, "-c", WAITS], cwd=PROJECT_DIR, capture_output=True, text=True, check=False)

    assert (answer.stderr, answer.returncode) == ("", 0)


def test_the_tables_of_the_sign_in_page_name_no_other_table():
    answer = subprocess.run([sys.executable, "-c", ALONE], cwd=PROJECT_DIR, capture_output=True, text=True, check=False)

    assert answer.stderr == ""
    assert answer.returncode == 0


def test_every_table_is_found_by_its_name():
    tables = {mapper.class_.__name__ for mapper in every.AppUser._sa_registry.mappers}

    assert tables - set(every.__all__) == set()
    assert [name for name in every.__all__ if getattr(db.tables, name) is not getattr(every, name)] == []
