"""How often each table was written to, counted in the transaction that wrote."""

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from db.tables import Setting, TableVersion
from db.transactions import reading, transaction


def counted(name: str) -> int:
    with reading() as session:
        return session.exec(select(TableVersion.version).where(TableVersion.name == name)).first() or 0


@pytest.mark.usefixtures("location")
def test_a_write_is_counted_once_a_transaction_and_table():
    before = counted("setting")

    with transaction() as session:
        session.add(Setting(name="one", value="1"))
        session.flush()
        session.connection().execute(insert(Setting).values(name="two", value="2"))

    assert counted("setting") == before + 1
    assert counted("student") == 0


@pytest.mark.usefixtures("location")
def test_what_is_rolled_back_counts_for_nothing():
    before = counted("setting")

    with pytest.raises(IntegrityError), transaction() as session:
        session.add(Setting(name="one"))
    with transaction():
        pass

    assert counted("setting") == before
