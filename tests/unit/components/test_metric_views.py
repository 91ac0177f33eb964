"""The explorer's choices come from the catalogue alone, and an odd URL shows what is shown first."""

from __future__ import annotations

import pytest

from clique_app.components import metric_views
from clique_app.metrics import registry


def test_every_metric_is_listed_once_and_found_by_its_words() -> None:
    listed = [key for theme in metric_views.catalogue("") for key, _ in theme.metrics]
    assert sorted(listed) == sorted(item.key for item in registry.METRICS)
    for item in registry.METRICS:
        assert any([item.key, item.name] in theme.metrics for theme in metric_views.catalogue(item.name.upper()))
    assert metric_views.catalogue("no such words") == []


def test_every_metric_tells_of_itself_and_can_be_grouped() -> None:
    for item in registry.METRICS:
        facts = dict(metric_views.definition_of(item))
        assert {"Good direction", "Maturity", "Definition"} <= facts.keys()
        assert {"day", "week", "month"} <= set(registry.dimensions(item))


@pytest.mark.parametrize(
    "query", [{}, {"metric": "x"}, {"metric": "net_sales", "by": "moon", "sort": "store_id", "page": "-2"}]
)
def test_a_url_that_makes_no_sense_shows_what_is_shown_first(query: dict[str, str]) -> None:
    asked = metric_views.asked_of(query)
    assert (asked.metric.key, asked.sort, asked.page) == ("net_sales", None, 1)
    assert asked.by == "channel"


def test_a_url_is_what_was_chosen() -> None:
    asked = metric_views.asked_of(
        {"metric": "aov", "by": "week", "sort": "value", "order": "up", "page": "3"},
    )
    assert (asked.metric.key, asked.by, asked.sort, asked.descending, asked.page) == ("aov", "week", "value", False, 3)
