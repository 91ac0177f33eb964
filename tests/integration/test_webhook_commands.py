"""Deliveries that wait and those given up, as the command line, the health check and the page tell and replay them."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from clique_app import clock
from clique_app.cli import app
from clique_app.database import system_session
from clique_app.errors import NotFound
from clique_app.settings import settings
from clique_app.tables import InboxEvent
from tests.integration.stores import make_store

pytestmark = pytest.mark.usefixtures("database_env")
ONE, TWO = "one.myshopify.com", "two.myshopify.com"


@pytest.fixture
def stores(database_env: None) -> tuple[int, int]:
    """Two stores with a delivery given up each; one has another that waits."""
    found = make_store(ONE), make_store(TWO)
    with system_session() as session:
        for number, (shop, state) in enumerate([(ONE, "dead"), (TWO, "dead"), (TWO, "new")], 1):
            session.add(
                InboxEvent(
                    source="shopify",
                    delivery_id=f"d{number}",
                    topic="orders/updated",
                    shop_domain=shop,
                    kind="order",
                    object_id=700 + number,
                    received_at=clock.now() - timedelta(minutes=4),
                    state=state,
                    attempts=10 if state == "dead" else 0,
                    error="Shopify refused the request." if state == "dead" else "",
                )
            )
            session.flush()
    return found


def run(*words: str) -> str:
    answer = CliRunner().invoke(app, ["webhooks", *words])
    assert answer.exit_code == 0, answer.output
    return answer.output


def states() -> list[tuple[str, str]]:
    with system_session() as session:
        rows = session.connection().exec_driver_sql("select delivery_id, state from inbox_event order by number")
        return [(row.delivery_id, row.state) for row in rows]


@pytest.mark.usefixtures("stores")
def test_the_list_says_what_waits_since_when_and_what_was_given_up() -> None:
    told = json.loads(run("list", "--json"))
    assert (told["waiting"], told["dead"]) == (1, 2)
    assert 235 < told["oldest_seconds"] < 300
    assert [one["object_id"] for one in told["dead_letters"]] == [702, 701]
    own = run("list", "--store", "one")
    assert "0 waiting; 1 given up" in own
    assert "orders/updated order 701, 4 min old: Shopify refused the request." in own
    assert "702" not in own


@pytest.mark.usefixtures("stores")
def test_one_all_of_a_store_or_all_are_replayed() -> None:
    first = json.loads(run("list", "--json", "--store", ONE))["dead_letters"][0]
    assert CliRunner().invoke(app, ["webhooks", "replay"]).exit_code == 1
    assert CliRunner().invoke(app, ["webhooks", "replay", "--all", "--id", "1"]).exit_code == 1
    wrong_store = CliRunner().invoke(app, ["webhooks", "replay", "--id", str(first["number"]), "--store", TWO])
    assert wrong_store.exit_code == 1
    assert states() == [("d1", "dead"), ("d2", "dead"), ("d3", "new")]
    assert "Waiting again: 1" in run("replay", "--id", str(first["number"]))
    assert states() == [("d1", "new"), ("d2", "dead"), ("d3", "new")]
    assert "Waiting again: 1" in run("replay", "--all")
    assert {state for _, state in states()} == {"new"}


def test_a_page_shows_and_replays_its_own_store_s_only(stores: tuple[int, int]) -> None:
    from clique_app.components import webhooks

    mine, _ = stores
    [[row], [dead]] = webhooks.read(mine)
    assert [cell.text for cell in dead.cells][:3] == ["orders/updated", "order 701", "Shopify refused the request."]
    assert row.cells[-1].text == "Some given up"
    _, [theirs] = webhooks.read(stores[1])
    with pytest.raises(NotFound):
        webhooks.replay_own(mine, int(theirs.key))
    webhooks.replay_own(mine, None)
    assert states() == [("d1", "new"), ("d2", "dead"), ("d3", "new")]


@pytest.mark.usefixtures("stores")
def test_the_health_check_tells_what_is_missing_and_not_why(monkeypatch: pytest.MonkeyPatch) -> None:
    from starlette.requests import Request

    from clique_app.endpoints.health import ready

    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:hidden@127.0.0.1:1/none")
    settings.cache_clear()
    answer = asyncio.run(ready(Request({"type": "http", "method": "GET", "path": "/health/ready", "headers": []})))
    assert answer.status_code == 503
    assert json.loads(bytes(answer.body))["checks"] == {"database": "failed", "migrations": "failed", "redis": "ok"}
    assert b"127.0.0.1" not in answer.body


@pytest.mark.usefixtures("stores")
def test_the_health_check_tells_how_far_behind_the_inbox_is() -> None:
    from starlette.requests import Request

    from clique_app.endpoints.health import ready

    answer = asyncio.run(ready(Request({"type": "http", "method": "GET", "path": "/health/ready", "headers": []})))
    told = json.loads(bytes(answer.body))
    assert answer.status_code == 200
    assert (told["inbox"]["waiting"], told["inbox"]["dead"]) == (1, 2)
    assert told["inbox"]["oldest_seconds"] > 235
