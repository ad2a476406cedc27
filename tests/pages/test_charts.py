"""Charts are sent unchecked, because checking takes long: here each is held to Vega-Lite's schema."""

import json
from datetime import timedelta

import altair as alt

from db.tables import EvaluationMoment, Helper, HelperKind, Role
from services import clock
from tests.pages.conftest import OpenPage, World, commit
from tests.pages.test_archives import put
from tests.services.test_evaluations import evaluate
from tests.services.test_plans import ordinary


def checked_charts(screen) -> list[str]:
    """The titles of a page's charts, each held to the schema."""
    shapes = [json.loads(each.proto.spec) for each in screen.get("vega_lite_chart")]
    return [alt.Chart.from_dict(shape).to_dict()["title"]["text"] for shape in shapes]


def test_the_charts_of_an_evaluation_keep_to_the_schema(session, open_page: OpenPage, world: World):
    counsellor = world.staff[Role.COUNSELLOR]
    case = ordinary(session, counsellor, world.students[0])
    for moment in (EvaluationMoment.BEGINNING, EvaluationMoment.END):
        evaluate(session, counsellor, case, moment=moment)
    commit(session)

    assert len(checked_charts(open_page("evaluation", counsellor, case=case.id))) == 4


def test_the_charts_of_tiers_keep_to_the_schema(session, open_page: OpenPage, world: World):
    for child in world.students:
        put(session, world.staff[Role.LEAD], child, 1, days_ago=60)
    put(session, world.staff[Role.LEAD], world.students[0], 3, follows=1, days_ago=5)
    first = (clock.today() - timedelta(days=20)).isoformat()

    screen = open_page("archives", world.staff[Role.COUNSELLOR], view="tiers", first=first)

    assert checked_charts(screen) == ["各年级的等级", "等级的流动"]


def test_the_chart_of_who_carries_how_much_keeps_to_the_schema(session, open_page: OpenPage, world: World):
    session.add(
        Helper(
            kind=HelperKind.STAFF, user_id=world.staff[Role.MENTOR].user_id, capacity=3, from_day=clock.today(),
            recorded_at=clock.now(),
        )
    )  # fmt: skip
    commit(session)

    screen = open_page("pairing", world.staff[Role.LEAD], view="progress")

    assert checked_charts(screen) == ["教职工带的孩子"]
