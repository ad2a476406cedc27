"""The page of the change of school year: the plan, a note, confirming, taking back."""

from datetime import date

import pytest
from sqlmodel import col, select

from db.tables import ClassMembership, Role, SchoolClass, YearChange, YearException, YearStep
from db.transactions import reading
from services import drop_outs
from services.drop_outs import DropOutEntry
from tests.pages.conftest import OpenPage, World, commit, words_on


@pytest.fixture
def last_year(world: World, session, make_class, make_student):
    """A class of last year with two children who wait to move up."""
    old = make_class(7, 5, school_year=2025)
    children = [make_student(name) for name in ("柳立夏", "白石英")]
    for child in children:
        session.add(ClassMembership(student_id=child.id, class_id=old.id, from_day=date(2025, 9, 1)))
    commit(session)
    return old, children


def open_places() -> set[tuple[int, int, int]]:
    with reading() as session:
        return set(
            session.exec(
                select(SchoolClass.school_year, SchoolClass.grade, SchoolClass.number)
                .join(ClassMembership)
                .where(col(ClassMembership.to_day).is_(None))
            ).all()
        )


def test_the_lead_sees_confirms_and_takes_back(open_page: OpenPage, world: World, last_year):
    screen = open_page("new_year", world.staff[Role.LEAD])
    assert not screen.exception
    assert list(screen.dataframe[0].value["target"]) == ["八（5）班"]

    screen.button(key="new_year_run").click().run()
    screen.button(key="new_year_run_save").click().run()
    assert not screen.exception
    assert open_places() == {(2026, 7, 3), (2026, 8, 5)}
    assert "已经升好了" in words_on(screen)

    screen.button(key="new_year_undo_open").click().run()
    screen.button(key="new_year_undo_save").click().run()
    assert open_places() == {(2026, 7, 3), (2025, 7, 5)}
    with reading() as session:
        assert session.exec(select(YearChange)).one().undone_at is not None


def test_it_is_said_before_who_would_leave_while_somebody_looks_for_it(
    open_page: OpenPage, world: World, last_year, session
):
    _old, children = last_year
    assert "还在跟进" not in words_on(open_page("new_year", world.staff[Role.LEAD]))
    drop_outs.register_drop_out(
        session, world.staff[Role.LEAD], student_id=children[0].id, version=children[0].version,
        entry=DropOutEntry(noticed_on=date(2026, 9, 7), noticed_by="试"),
    )  # fmt: skip
    session.add(YearException(school_year=2026, student_id=children[0].id, step=YearStep.LEAVES))
    screen = open_page("new_year", world.staff[Role.LEAD])
    assert "柳立夏没来上学，还在跟进，却要毕业或离校" in words_on(screen)

    screen.button(key="new_year_run").click().run()
    assert words_on(screen).count("柳立夏没来上学，还在跟进") == 2
    screen.button(key="new_year_run_save").click().run()

    assert not screen.exception
    assert "问清去向：柳立夏" in words_on(open_page("home", world.staff[Role.LEAD]))


def test_a_child_who_repeats_is_noted(open_page: OpenPage, world: World, last_year):
    old, children = last_year
    screen = open_page("new_year", world.staff[Role.LEAD], **{"class": old.id})
    assert list(screen.dataframe[1].value["name"]) == ["白石英", "柳立夏"]
    screen.session_state["care_dialog"] = ("new_year_note", children[0].id)
    screen.run()
    form = f"new_year_note_2026_{children[0].id}"

    screen.session_state[f"{form}_step"] = YearStep.REPEATS
    screen.run()
    screen.button(key=f"{form}_save").click().run()

    assert not screen.exception
    with reading() as session:
        row = session.exec(select(YearException)).one()
    assert (row.step, row.class_number) == (YearStep.REPEATS, 5)


def test_a_day_to_come_is_refused_under_its_field(open_page: OpenPage, world: World, last_year):
    screen = open_page("new_year", world.staff[Role.LEAD])
    screen.button(key="new_year_run").click().run()
    screen.date_input(key="new_year_run_day").set_value(date(2026, 12, 1)).run()

    screen.button(key="new_year_run_save").click().run()

    assert "2026年12月1日还没到" in " ".join(each.value for each in screen.markdown)
    assert open_places() == {(2026, 7, 3), (2025, 7, 5)}


def test_what_changed_meanwhile_is_shown_again(open_page: OpenPage, world: World, last_year, session):
    _old, children = last_year
    screen = open_page("new_year", world.staff[Role.LEAD])
    screen.button(key="new_year_run").click().run()
    session.add(YearException(school_year=2026, student_id=children[0].id, step=YearStep.LEAVES))
    commit(session)

    screen.button(key="new_year_run_save").click().run()

    assert "刚才有人改了名册" in screen.error[0].value
    assert open_places() == {(2026, 7, 3), (2025, 7, 5)}


def test_without_last_years_classes_next_year_is_prepared(open_page: OpenPage, world: World):
    screen = open_page("new_year", world.staff[Role.LEAD])

    assert "还没开始" in words_on(screen)
    assert "new_year_run" not in {button.key for button in screen.button}
