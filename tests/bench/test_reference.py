"""The yardstick: starts by itself, has the program's menu, and draws what the figures say it draws."""

from collections import Counter

import pytest

from bench import servers
from bench.client import Browser
from bench.measures import reference_environment
from bench.servers import REFERENCE, served
from ui.navigation import existing_entries


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory):
    with served(REFERENCE, tmp_path_factory.mktemp("reference") / "log", reference_environment()) as running:
        yield running


@pytest.mark.parametrize("page", ["", "students", "password"])
def test_each_page_draws_four_metrics_a_table_a_chart_and_a_form_of_six(reference: servers.Running, page: str):
    with Browser(reference, page=page) as visitor:
        seconds = visitor.seconds_to_rerun()
        drawn = Counter(element.WhichOneof("type") for element in visitor.elements)

    assert seconds > 0
    assert drawn["metric"] == 4
    assert drawn["dataframe"] == 1
    assert drawn["vega_lite_chart"] == 1
    fields = ("text_input", "selectbox", "date_input", "number_input", "checkbox", "text_area")
    assert [drawn[kind] for kind in fields] == [1] * 6
    assert not drawn["exception"]


def test_its_menu_is_the_head_of_the_room_s(reference: servers.Running):
    with Browser(reference) as visitor:
        visitor.seconds_to_rerun()
        links = [each.page_link.label for each in visitor.elements if each.WhichOneof("type") == "page_link"]

    titles = [entry.title for entry in existing_entries() if entry.section]
    assert set(links) <= set(titles)
    assert "学生名册" in links
    assert "备份" not in links
