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


def leave(count: int) -> None:
    """Let so many children have left long ago."""
    with transaction() as session:
        for place in range(count):
            session.add(
                Student(
                    name=f"江小满{place}", name_initials="jxm", name_pinyin="jiangxiaoman", gender=Gender.FEMALE,
                    birth_day=date(2008, 5, 21), state=EnrolmentState.GRADUATED, left_on=date(2022, 7, 1),
                    recorded_at=clock.now(),
                )
            )  # fmt: skip


def test_the_preview_tells_numbers_and_no_name(typed, capsys):
    leave(7)

    assert typed("--preview", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["due"], told["whole"], told["with_care_records"], told["kept"]) == (7, 7, 0, 0)
    assert typed("--preview") == 0
    words = capsys.readouterr().out
    assert "到期 7 个孩子：整个档案 7 个，有受理、个案的 0 个；到期但要留着 0 个" in words
    assert "江小满" not in words
    assert "不显示" not in words


def test_the_console_holds_small_groups_back_as_the_administrator_s_page_does(typed, capsys):
    leave(2)

    assert typed("--preview", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["due"], told["whole"], told["kept"]) == (2, None, 0)
    assert typed("--preview") == 0
    words = capsys.readouterr().out
    assert "整个档案几个（不显示），有受理、个案的几个（不显示）；到期但要留着 0 个" in words
    assert "关爱室负责人" in words


def test_looking_has_to_be_said(typed):
    with pytest.raises(SystemExit):
        typed()
