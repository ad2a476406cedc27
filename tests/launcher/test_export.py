"""`export`: the register as a file, from the command line."""

import json

import pytest
from sqlmodel import select

from commands import export
from commands.cli import parse
from commands.problems import FileFormUnknown, FileUnwritable, NotTheirs, UserUnknown
from db.location import Location
from db.tables import AuditEvent, Role
from db.transactions import reading, transaction
from services.student_exports import ExportPurpose


@pytest.fixture
def typed(location, monkeypatch):
    """Type `manage.py export …` in a folder with data."""
    monkeypatch.setattr(Location, "from_environment", lambda *_args: location)

    def type_(*words: str) -> int:
        args = parse(["export", "students", *words])
        export.preflight(args)
        return export.run(args)

    return type_


@pytest.fixture
def people(location):
    """An account for each of two roles: what the makers make, committed."""
    from db.tables import AppUser
    from services import accounts, clock
    from services.actors import command_line

    with transaction() as session:
        for name, role in (("lead", Role.LEAD), ("finance", Role.FINANCE)):
            user = AppUser(username=name, display_name=f"试{name}", password_hash="-", created_at=clock.now())
            accounts.add_user(session, command_line(), user, frozenset({role}))


def test_the_register_is_written_and_noted(typed, people, tmp_path, capsys):
    code = typed(str(tmp_path / "名册.xlsx"), "--as", "lead", "--json")

    assert code == 0
    assert json.loads(capsys.readouterr().out)["exported"] == 0
    assert (tmp_path / "名册.xlsx").read_bytes()[:2] == b"PK"
    with reading() as session:
        assert session.exec(select(AuditEvent.action).where(AuditEvent.action == "export.made")).all() == [
            "export.made"
        ]


@pytest.mark.parametrize(("user", "problem"), [("nobody", UserUnknown), ("finance", NotTheirs)])
def test_an_account_that_cannot_export_is_refused(typed, people, tmp_path, user, problem):
    with pytest.raises(problem):
        typed(str(tmp_path / "名册.csv"), "--as", user)
    assert not (tmp_path / "名册.csv").exists()


def test_a_file_that_cannot_be_written_is_refused_first(typed, tmp_path):
    with pytest.raises(FileFormUnknown):
        typed(str(tmp_path / "名册.pdf"))
    with pytest.raises(FileUnwritable):
        typed(str(tmp_path / "nowhere" / "名册.csv"))


def test_the_purposes_are_those_of_the_service():
    assert {each.value: each.label for each in ExportPurpose} == export.PURPOSES
