"""`account reset-admin`: typed on the server, and the new password lets its owner in."""

import pytest
from sqlmodel import select

from commands import account
from commands.cli import parse
from commands.problems import AdministratorUnclear, sentence
from db.errors import DatabaseMissing
from db.location import Location
from db.tables import AuditEvent, Role
from db.transactions import reading, transaction
from services import accounts, sign_in
from services.accounts import prepare_password
from services.actors import command_line
from services.audit import Action


@pytest.fixture
def typed(location, monkeypatch):
    def type_(*words: str, at: Location = location) -> int:
        monkeypatch.setattr(Location, "from_environment", lambda *_args: at)
        return account.run(parse(["account", "reset-admin", *words]))

    return type_


def add(username: str) -> None:
    prepared = prepare_password()
    with transaction() as session:
        accounts.create_account(
            session,
            command_line(),
            username=username,
            display_name="谷雨",
            roles=[Role.ADMIN],
            prepared=prepared,
        )


def signs_in(username: str, password: str) -> bool:
    with transaction() as session:
        found = sign_in.find_account(session, name=username, address="10.0.0.9")
    right = sign_in.is_right(found, password)
    with transaction() as session:
        return isinstance(sign_in.start_session(session, found, is_right=right, address="10.0.0.9"), sign_in.SignedIn)


def test_the_new_password_is_shown_once_and_lets_its_owner_in(typed, capsys):
    add("guyu")

    assert typed() == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "账号：guyu"
    assert signs_in("guyu", lines[1].removeprefix("第一次密码："))
    assert not signs_in("guyu", "something else")
    with reading() as session:
        event = session.exec(select(AuditEvent).where(AuditEvent.action == Action.PASSWORD_RESET.value)).one()
    assert (event.actor_id, event.actor_label) == (None, command_line().os_user)


def test_among_several_the_names_are_listed(typed):
    add("guyu")
    add("bailu")

    with pytest.raises(AdministratorUnclear) as unclear:
        typed()
    assert "bailu、guyu" in sentence(unclear.value)
    assert typed("--user", "bailu") == 0


def test_where_nothing_is_nothing_is_made(typed, tmp_path):
    place = Location(tmp_path / "none" / "data", tmp_path / "none" / "data-key" / "care.key")

    with pytest.raises(DatabaseMissing):
        typed(at=place)
    assert not place.data_dir.exists()
