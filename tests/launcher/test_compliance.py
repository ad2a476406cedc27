"""`compliance`: the same numbers as the page 制度执行, on any day."""

import json
from datetime import date

import pytest

from commands import compliance
from commands.cli import parse
from commands.problems import DayTooFar, DayUnreadable, sentence
from db.location import Location
from db.tables import CareKind, CareRecord, CategoryKind, ClauseSwitch, Role, StudentCategory
from db.transactions import reading
from services import clock
from services.regulations import kept_results
from services.regulations.compliance import list_clauses
from services.regulations.measures import measures

DAYS = [date(2026, 9, 1), date(2026, 10, 30), date(2026, 11, 15), date(2026, 11, 20)]


@pytest.fixture
def typed(location, monkeypatch, capsys):
    """Type `manage.py compliance …` in a folder with data, and return what it printed."""
    monkeypatch.setattr(Location, "from_environment", lambda *_args: location)

    def type_it(*words: str) -> str:
        assert compliance.run(parse(["compliance", *words])) == 0
        return capsys.readouterr().out

    return type_it


@pytest.fixture
def lead(session, term, make_user, make_class, make_student):
    """The lead of a school where every clause counts and one of two left-behind children was talked to."""
    kept_results.forget_all()
    seven = make_class()
    teacher, lead = make_user(Role.HOMEROOM, homeroom_of=seven), make_user(Role.LEAD)
    children = [make_student(name, in_class=seven) for name in ("江小满", "江小暑")]
    for clause_id in measures():
        session.add(
            ClauseSwitch(clause_id=clause_id, number=1, is_on=True, from_day=date(2026, 9, 1), set_at=clock.now())
        )
    for child in children:
        session.add(
            StudentCategory(
                student_id=child.id, kind=CategoryKind.LEFT_BEHIND, from_day=date(2026, 9, 1), recorded_at=clock.now()
            )
        )
    session.add(
        CareRecord(
            student_id=children[0].id, kind=CareKind.TALK, day=date(2026, 10, 12), author_id=teacher.user_id,
            minutes=20, recorded_at=clock.now(),
        )
    )  # fmt: skip
    session.commit()
    return lead


def test_it_prints_for_each_day_what_the_page_tells(typed, lead):
    told = {}
    for day in DAYS:
        printed = json.loads(typed("--on", day.isoformat(), "--json"))
        with reading() as session:
            rows = [row for row in list_clauses(session, lead, on=day, with_wholes=True) if row.state is not None]

        assert printed["date"] == day.isoformat()
        assert [(each["id"], each["kind"], each["state"], each["responsible"]) for each in printed["clauses"]] == [
            (row.clause.id, row.clause.kind.value, row.state.value, row.responsible) for row in rows
        ]
        for each, row in zip(printed["clauses"], rows, strict=True):
            names = ("required", "done", "due", "overdue", "missed", "exempt")
            assert {name: each[name] for name in names} == {name: getattr(row.totals, name) for name in names}
        told[day] = next(each for each in printed["clauses"] if each["id"] == "K-01")

    assert told[date(2026, 11, 15)]["done"] == 1  # not the same numbers on every day
    assert told[date(2026, 11, 15)]["required"] > told[date(2026, 10, 30)]["required"]


def test_it_prints_no_child_s_name(typed, lead):
    assert "江小" not in typed("--on", "2026-11-20") + typed("--on", "2026-11-20", "--json")


def test_without_a_day_it_is_today(typed, lead):
    assert json.loads(typed("--json"))["date"] == clock.today().isoformat()


@pytest.mark.parametrize(
    ("day", "refusal"),
    [
        ("2026-13-40", DayUnreadable),
        ("2026-02-29", DayUnreadable),
        ("0001-01-01", DayTooFar),
        ("9999-12-31", DayTooFar),
    ],
)
def test_a_day_nobody_can_read_or_no_school_year_holds_is_refused(location, monkeypatch, day, refusal):
    monkeypatch.setattr(Location, "from_environment", lambda *_args: location)

    with pytest.raises(refusal) as raised:
        compliance.run(parse(["compliance", "--on", day]))
    assert day in sentence(raised.value)
