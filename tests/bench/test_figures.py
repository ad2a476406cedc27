"""What figures say: medians of pairs, ratios against limits, the ninety-fifth of a hundred."""

import json

import pytest

from bench import report
from bench.figures import Figure, Kind, counted_figure, paired, percentile
from bench.visits import list_visits, main_role
from commands.bench import chosen_visits
from ui.navigation import existing_entries


def test_the_ratio_is_the_one_of_the_medians_so_that_one_busy_moment_does_not_count():
    figure = paired(Kind.PAGE, "home", [(30, 20), (33, 22), (900, 21), (28, 20), (29, 500)], limit=1.5)

    assert (figure.ours, figure.against) == (30, 21)
    assert figure.ratio == pytest.approx(30 / 21)
    assert figure.is_met


@pytest.mark.parametrize(("ours", "is_met"), [(149, True), (150, True), (150.4, True), (151, False)])
def test_a_limit_may_be_reached_and_not_passed(ours: float, is_met: bool):
    assert Figure(Kind.PAGE, "home", ours, 100, 1.5).is_met is is_met


@pytest.mark.parametrize(("count", "is_met"), [(0, True), (12, True), (13, False)])
def test_statements_are_held_against_the_most_there_may_be(count: int, is_met: bool):
    assert counted_figure(Kind.STATEMENTS, "home", count, most=12).is_met is is_met


def test_nothing_to_hold_against_is_not_met():
    assert not Figure(Kind.PAGE, "home", 10, 0, 1.5).is_met


@pytest.mark.parametrize(
    ("values", "share", "found"),
    [(range(1, 101), 0.95, 95), (range(1, 21), 0.95, 19), ([7.0], 0.95, 7), ([3, 1, 2], 0.5, 2)],
)
def test_the_percentile_is_a_value_that_was_measured(values, share: float, found: float):
    assert percentile(list(values), share) == found


def test_what_is_missed_is_said_in_table_page_and_json():
    figures = [Figure(Kind.PAGE, "home", 200, 100, 1.5), counted_figure(Kind.STATEMENTS, "home", 3, most=12)]

    assert "2.00  1.5   没有达到" in report.as_tables(figures)
    assert "没有达到的 1 项" in report.as_markdown(figures, facts=["机器：2 核"])
    assert [json.loads(json.dumps(each.as_json()))["met"] for each in figures] == [False, True]


def test_every_page_is_measured_for_a_role_that_may_open_it():
    visited = {visit.page for visit in list_visits()}

    assert visited == {entry.name for entry in existing_entries()}
    assert all(main_role(entry) for entry in existing_entries())


def test_one_page_can_be_measured_alone():
    assert [visit.name for visit in chosen_visits("students")] == ["students"]
    assert chosen_visits(None) == list_visits()
