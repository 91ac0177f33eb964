"""What components show of changes, sparklines and intervals."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from clique_app.components import live
from clique_app.components.figures import Delta, delta, interval, spark
from clique_app.components.live import Hub


def test_a_fall_in_cost_is_good_news_and_no_change_has_no_arrow() -> None:
    assert delta(Decimal("-0.011"), "vs 7–13 Nov", good="down") == Delta("−1.1%", "↓", "good", "vs 7–13 Nov")
    assert delta(Decimal("0.0001"), "vs 7–13 Nov").arrow == ""
    assert delta(Decimal("0.054"), "vs 7–13 Nov", good="neither").tone == "neither"
    assert delta(None, "vs 7–13 Nov") == Delta()


def test_a_missing_day_leaves_a_gap_in_the_sparkline() -> None:
    assert spark([1, 2, None, 3, 4]).line.count("M") == 2
    assert spark([1, 2], [0, 0], [3, 3]).band.endswith("Z")
    assert spark([]).line == ""


def test_an_interval_around_zero_is_neither_good_nor_bad() -> None:
    assert interval(-10, 20, 5, least=-50, most=50, label="").tone == "neither"
    assert interval(10, 20, 15, least=-50, most=50, label="").tone == "good"
    assert interval(-20, -10, -15, least=-50, most=50, label="").tone == "bad"


def test_a_push_reaches_the_tabs_of_its_store_only() -> None:
    async def scene() -> tuple[int, int]:
        hub = Hub()
        with hub.subscribed(1) as one, hub.subscribed(2) as two:
            hub.deliver("store:1", b'{"topic": "figures"}')
            hub.deliver("store:x", b'{"topic": "figures"}')
            hub.deliver("store:2", b"not json")
            return one.qsize(), two.qsize()

    assert asyncio.run(scene()) == (1, 0)


def test_a_page_loaded_by_its_address_is_refreshed_as_one_gone_to_by_a_link() -> None:
    live.register("/somewhere", {"sync": "read"})
    assert live.handlers_of("/somewhere/") == live.handlers_of("/somewhere") == {"sync": "read"}
    assert live.handlers_of("/nowhere") == {}
