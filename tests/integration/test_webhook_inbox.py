"""The webhook endpoint: who is let in, and that what was acknowledged is in PostgreSQL."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from clique_app.demo import servers as embedded
from clique_app.demo.processes import Supervisor
from tests.integration.webhook_client import SHOP, call, headers_of, order_body, sign

BODY = order_body(1)


@pytest.fixture
def answered(database_env: None, database_url: str) -> Callable[..., int]:
    """The status of one delivery to an endpoint of its own."""
    from clique_app.endpoints.inbox import Inbox
    from clique_app.endpoints.webhooks import ShopifyWebhooks

    def deliver(body: bytes = BODY, method: str = "POST", **headers: str | None) -> int:
        async def once() -> int:
            inbox = Inbox(database_url, lambda shop: None)
            status = await call(ShopifyWebhooks(lambda: inbox), body, headers_of(body, **headers), method)
            await inbox.close()
            return status

        return asyncio.run(once())

    return deliver


def rows(database_url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database_url) as connection:
        return connection.execute(
            "select delivery_id, topic, shop_domain, kind, object_id, payload, state from inbox_event"
            " order by delivery_id"
        ).fetchall()


def test_the_object_a_signed_delivery_names_is_stored_before_it_is_acknowledged_and_nothing_of_the_body(
    answered: Callable[..., int], database_url: str
) -> None:
    assert answered() == 200
    assert rows(database_url) == [("b1c2", "orders/create", SHOP, "order", 1, b"", "new")]


@pytest.mark.parametrize("body", [b"{}", b"not json", b'{"id": "1"}', b'{"id": 0}', b'{"id": 9223372036854775808}'])
def test_a_signed_delivery_that_names_no_object_is_kept_as_it_came(
    answered: Callable[..., int], database_url: str, body: bytes
) -> None:
    assert answered(body) == 200
    assert rows(database_url) == [("b1c2", "orders/create", SHOP, "", None, body, "new")]


def test_topics_about_no_object_keep_their_body(answered: Callable[..., int], database_url: str) -> None:
    assert answered(x_shopify_topic="app/uninstalled") == 200
    assert rows(database_url) == [("b1c2", "app/uninstalled", SHOP, "", None, BODY, "new")]


@pytest.mark.parametrize(
    ("name", "action", "resource", "stored"),
    [
        ("Product", "update", "gid://shopify/Product/77", ("products/update", "product", 77)),
        ("Order", "create", "78", ("orders/create", "order", 78)),
        (
            *("InventoryLevel", "update", "gid://shopify/InventoryLevel/1?inventory_item_id=79"),
            ("inventory_levels/update", "inventory_item", 79),
        ),
    ],
)
def test_the_newer_headers_are_taken_as_well(
    answered: Callable[..., int], database_url: str, name: str, action: str, resource: str, stored: tuple[str, str, int]
) -> None:
    """Shopify's events: no x- before the names, the action and the object in headers of their own."""
    body = b'{"topic": "Product", "action": "update", "data": {}}'
    headers: dict[str, str | None] = {
        "x_shopify_hmac_sha256": None,
        "x_shopify_topic": None,
        "x_shopify_shop_domain": None,
        "x_shopify_webhook_id": None,
        "x_shopify_triggered_at": None,
        "shopify_hmac_sha256": sign(body),
        "shopify_topic": name,
        "shopify_action": action,
        "shopify_shop_domain": SHOP,
        "shopify_webhook_id": "e1",
        "shopify_resource_id": resource,
    }
    assert answered(body, **headers) == 200
    [(delivery_id, topic, _, kind, object_id, payload, _)] = rows(database_url)
    assert (delivery_id, (topic, kind, object_id), payload) == ("e1", stored, b"")
    assert answered(body, **headers | {"shopify_hmac_sha256": sign(body + b" ")}) == 401


def test_the_same_delivery_again_is_acknowledged_and_stored_once(
    answered: Callable[..., int], database_url: str
) -> None:
    assert [answered(), answered()] == [200, 200]
    assert len(rows(database_url)) == 1


@pytest.mark.parametrize(
    "signature",
    [None, "", "not base64", sign(BODY + b" "), sign(BODY, "another secret"), sign(BODY)[:-4]],
)
def test_a_body_without_our_signature_is_refused_and_leaves_nothing(
    answered: Callable[..., int], database_url: str, signature: str | None
) -> None:
    assert answered(x_shopify_hmac_sha256=signature) == 401
    assert rows(database_url) == []


def test_the_secret_being_rotated_out_is_accepted_until_it_is_gone(
    answered: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from clique_app.settings import settings

    by_old = sign(BODY, "the-former-secret")
    assert answered(x_shopify_hmac_sha256=by_old) == 401
    monkeypatch.setenv("SHOPIFY_API_OLD_SECRET", "the-former-secret")
    settings.cache_clear()
    assert answered(x_shopify_hmac_sha256=by_old) == 200
    assert answered(x_shopify_webhook_id="by-new") == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"x_shopify_topic": None},
        {"x_shopify_topic": "orders create"},
        {"x_shopify_shop_domain": "evil.example.com"},
        {"x_shopify_shop_domain": "one.myshopify.com.evil.com"},
        {"x_shopify_webhook_id": None},
        {"x_shopify_webhook_id": "x" * 129},
        {"x_shopify_triggered_at": "yesterday"},
        {"x_shopify_triggered_at": "2026-07-01T10:00:00"},
    ],
)
def test_malformed_headers_are_refused(answered: Callable[..., int], headers: dict[str, str | None]) -> None:
    assert answered(**headers) == 400


def test_other_methods_and_bodies_beyond_the_bound_are_refused(answered: Callable[..., int], database_url: str) -> None:
    huge = b"x" * (2 * 1024 * 1024 + 1)
    assert answered(method="GET") == 405
    assert answered(huge) == 413
    assert answered(huge, content_length=None) == 413
    assert answered(content_length="abc") == 400
    assert rows(database_url) == []


def test_deliveries_that_wait_together_are_one_statement_and_one_announcement(
    database_env: None, database_url: str
) -> None:
    from clique_app.endpoints.inbox import Inbox
    from clique_app.endpoints.webhooks import ShopifyWebhooks

    announced: list[str] = []

    async def burst() -> list[int]:
        inbox = Inbox(database_url, announced.append)
        app = ShopifyWebhooks(lambda: inbox)
        statuses = await asyncio.gather(
            *(call(app, BODY, headers_of(BODY, x_shopify_webhook_id=f"d{i}")) for i in range(1000))
        )
        await inbox.close()
        return statuses

    assert set(asyncio.run(burst())) == {200}
    assert len(rows(database_url)) == 1000
    assert 1 <= len(announced) <= 10
    assert set(announced) == {SHOP}


@pytest.fixture
def own_postgres(supervisor: Supervisor, tmp_path: Path, database_env: None) -> str:
    """A migrated database on a server of this test alone: killing a backend ends the connections of all."""
    port = embedded.free_port()
    supervisor.start(embedded.postgres(tmp_path / "postgres", port, "test"))
    url = embedded.postgres_url(port, "test", "postgres")
    alembic = [sys.executable, "-m", "alembic", "upgrade", "head"]
    subprocess.run(alembic, check=True, env={**os.environ, "DATABASE_URL": url})
    return url


def test_a_killed_postgres_backend_loses_nothing_acknowledged_and_hangs_nobody(own_postgres: str) -> None:
    """kill -9 of a backend makes PostgreSQL restart all of them and recover."""
    from clique_app.endpoints.inbox import Inbox
    from clique_app.endpoints.webhooks import ShopifyWebhooks

    acknowledged: list[str] = []
    refused = 0
    killed_after = 0

    async def deliver_for_a_while() -> None:
        nonlocal refused, killed_after
        inbox = Inbox(own_postgres, lambda shop: None)
        app = ShopifyWebhooks(lambda: inbox)
        deadline = asyncio.get_running_loop().time() + 60

        async def client(name: int) -> None:
            nonlocal refused
            count = 0
            while not (killed_after and len(acknowledged) > killed_after + 200):
                assert asyncio.get_running_loop().time() < deadline, "it never came back"
                count += 1
                delivery = f"{name}-{count}"
                status = await asyncio.wait_for(
                    call(app, BODY, headers_of(BODY, x_shopify_webhook_id=delivery)), timeout=6
                )
                if status == 200:
                    acknowledged.append(delivery)
                else:
                    assert status == 503
                    refused += 1
                    await asyncio.sleep(0.05)

        clients = [asyncio.create_task(client(i)) for i in range(16)]
        while len(acknowledged) < 50:
            await asyncio.sleep(0.05)
        assert inbox._connection is not None
        victim = inbox._connection.info.backend_pid
        os.kill(victim, 0)  # alive
        killed_after = len(acknowledged)
        os.kill(victim, signal.SIGKILL)
        await asyncio.gather(*clients)
        await inbox.close()

    asyncio.run(deliver_for_a_while())
    stored = {row[0] for row in rows(own_postgres)}
    assert 0 < killed_after < len(acknowledged), "it works before the kill and again after it"
    assert set(acknowledged) <= stored


def test_a_database_that_is_away_gives_503_in_time(database_env: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from clique_app.endpoints.inbox import Inbox
    from clique_app.endpoints.webhooks import ShopifyWebhooks

    async def deliver() -> int:
        inbox = Inbox("postgresql://nobody:x@127.0.0.1:1/none", lambda shop: None)
        return await asyncio.wait_for(call(ShopifyWebhooks(lambda: inbox), BODY, headers_of(BODY)), timeout=5)

    assert asyncio.run(deliver()) == 503


def test_a_full_queue_gives_503_at_once(database_env: None, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from clique_app.endpoints import batches
    from clique_app.endpoints.inbox import Inbox
    from clique_app.endpoints.webhooks import ShopifyWebhooks

    monkeypatch.setattr(batches, "MAX_WAITING", 3)

    async def deliver() -> list[int]:
        inbox = Inbox(database_url, lambda shop: None)
        app = ShopifyWebhooks(lambda: inbox)
        statuses = await asyncio.gather(
            *(call(app, BODY, headers_of(BODY, x_shopify_webhook_id=f"d{i}")) for i in range(10))
        )
        await inbox.close()
        return statuses

    statuses = asyncio.run(deliver())
    assert statuses.count(200) == 3
    assert statuses.count(503) == 7
