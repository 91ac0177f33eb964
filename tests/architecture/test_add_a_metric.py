"""One entry of the catalogue is all a metric takes: the page, the docs and the command have it by themselves."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from clique_app import cli
from clique_app.components import metric_views
from clique_app.metrics import baselines, docs, registry
from clique_app.metrics.definition import Formula

NEW = Formula(
    key="net_sales_per_unit",
    name="Net sales a unit",
    unit="money",
    meaning="What a unit brings, after discounts and refunds.",
    good="up",
    expression="net_sales / units",
    example=({"net_sales": "100", "units": "4"}, "25.00"),
)


@pytest.fixture(autouse=True)
def _added(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the entry stood in the first file of the catalogue."""
    (title, metrics), *others = registry.THEMES
    monkeypatch.setattr(registry, "THEMES", ((title, (*metrics, NEW)), *others))
    monkeypatch.setattr(registry, "METRICS", (*registry.METRICS, NEW))
    monkeypatch.setitem(registry._BY_KEY, NEW.key, NEW)


def test_the_page_lists_defines_and_groups_a_new_metric() -> None:
    assert ["net_sales_per_unit", "Net sales a unit"] in metric_views.catalogue("unit")[0].metrics
    asked = metric_views.asked_of({"metric": NEW.key})
    assert asked.metric is NEW
    facts = dict(metric_views.definition_of(NEW))
    assert facts["Formula"] == "Net sales ÷ Units"
    assert facts["Worked example"] == "Net sales 100, Units 4: 25.00"
    assert "product" in registry.dimensions(NEW)
    assert baselines.has_days(NEW)


def test_the_docs_define_a_new_metric() -> None:
    assert "### net_sales_per_unit" in docs.page()


def test_the_command_lists_a_new_metric() -> None:
    listed = CliRunner().invoke(cli.app, ["metrics", "list"])
    assert "net_sales_per_unit" in listed.stdout
