"""`retention`: numbers only, nothing removed."""

import json
from datetime import date

import pytest

from commands import retention
from commands.cli import parse
from db.location import Location
from db.tables import EnrolmentState, Gender, Student
from db.transactions import transaction
from services import clock


@pytest.fixture
def typed(location, monkeypatch):
    """Type `manage.py retention …` in a folder with data."""
    monkeypatch.setattr(Location, "from_environment", lambda *_args: location)
    return lambda *words: retention.run(parse(["retention", *words]))


def test_the_preview_tells_numbers_and_no_name(typed, capsys):
    with transaction() as session:
        session.add(
            Student(
                name="江小满", name_initials="jxm", name_pinyin="jiangxiaoman", gender=Gender.FEMALE,
                birth_day=date(2008, 5, 21), state=EnrolmentState.GRADUATED, left_on=date(2022, 7, 1),
                recorded_at=clock.now(),
            )
        )  # fmt: skip

    assert typed("--preview", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["due"], told["whole"], told["kept"]) == (1, 1, 0)
    assert typed("--preview") == 0
    words = capsys.readouterr().out
    assert "到期 1 个孩子" in words
    assert "江小满" not in words


def test_looking_has_to_be_said(typed):
    with pytest.raises(SystemExit):
        typed()
