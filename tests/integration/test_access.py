"""Tokens in use: refreshed once, kept before use, encrypted, and gone after an uninstall."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest

from clique_app import clock
from clique_app.database import store_session
from clique_app.errors import AccessExpired, InvalidInput, RateLimited, Rejected, Unavailable
from tests.integration.stores import make_store

pytestmark = pytest.mark.usefixtures("database_env")


class TokenServer:
    """Shopify's token address, with the answers a test wants. A refresh token is good once."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answers: list[tuple[int, dict[str, Any] | str]] = []
        self.current = "shprt_first"
        outer = self
        lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    outer.asked.append({"path": self.path, **body})
                    status, answer = outer.answers.pop(0) if outer.answers else outer.refresh(body)
                raw = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(raw)))
                self.send_header("Retry-After", "7")
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def refresh(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if body.get("refresh_token") != self.current:
            return 400, {"error": "invalid_grant"}
        number = len(self.asked)
        self.current = f"shprt_{number}"
        return 200, {
            "access_token": f"shpat_{number}",
            "refresh_token": self.current,
            "expires_in": 3600,
            "refresh_token_expires_in": 7776000,
            "scope": "read_orders",
        }


@pytest.fixture
def shopify(monkeypatch: pytest.MonkeyPatch) -> Iterator[TokenServer]:
    from clique_app.settings import settings

    server = TokenServer()
    monkeypatch.setenv("SHOPIFY_BASE_URL", server.url + "/shopify/{shop}")
    settings.cache_clear()
    yield server
    server.server.shutdown()
    server.server.server_close()


def access(store_id: int, **arguments: Any) -> Any:
    from clique_app.connections.access import access as ask

    return ask(store_id, "shopify", **arguments)


def nearly_expired() -> int:
    return make_store(expires_at=clock.now() + timedelta(minutes=4))


def stored(database_url: str, what: str = "state, last_error") -> tuple[Any, ...] | None:
    with psycopg.connect(database_url) as connection:
        statement = f"select {what} from connection where channel = 'shopify'"
        return connection.execute(statement).fetchone()  # pyright: ignore[reportArgumentType,reportCallIssue]


def test_a_token_that_holds_is_used_as_it_is(shopify: TokenServer) -> None:
    found = access(make_store())
    assert found.token == "shpat_first"
    assert (found.time_zone, found.currency) == ("America/New_York", "USD")
    assert "shpat" not in repr(found)
    assert shopify.asked == []


def test_a_token_about_to_end_is_refreshed_and_the_pair_kept(shopify: TokenServer) -> None:
    store_id = nearly_expired()
    assert access(store_id).token == "shpat_1"
    assert access(store_id).token == "shpat_1"
    assert [asked["path"] for asked in shopify.asked] == ["/shopify/one.myshopify.com/admin/oauth/access_token"]
    assert shopify.asked[0]["refresh_token"] == "shprt_first"


def test_a_token_the_platform_refused_is_renewed_early(shopify: TokenServer) -> None:
    store_id = make_store()
    assert access(store_id, refused="shpat_first").token == "shpat_1"
    assert access(store_id, refused="shpat_first").token == "shpat_1"
    assert len(shopify.asked) == 1


def test_a_reply_without_a_lifetime_counts_as_one_hour(shopify: TokenServer, database_url: str) -> None:
    shopify.answers = [(200, {"access_token": "shpat_x", "refresh_token": "shprt_x", "scope": "read_orders"})]
    access(nearly_expired())
    [expires_at] = stored(database_url, "expires_at") or [clock.now()]
    assert timedelta(minutes=59) < expires_at - clock.now() <= timedelta(hours=1)


def test_many_processes_and_threads_refresh_once(shopify: TokenServer) -> None:
    store_id = nearly_expired()
    program = (
        "import os, sys, threading\n"
        "from clique_app.connections.access import access\n"
        "def ask(): os.write(1, access(int(sys.argv[1]), 'shopify').token.encode() + b'\\n')\n"
        "threads = [threading.Thread(target=ask) for _ in range(4)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", program, str(store_id)], stdout=subprocess.PIPE, cwd=Path.cwd())
        for _ in range(3)
    ]
    tokens = [line for process in processes for line in process.communicate()[0].split()]
    assert tokens == [b"shpat_1"] * 12
    assert len(shopify.asked) == 1


def test_a_dead_refresh_token_expires_the_connection_in_the_merchants_words(
    shopify: TokenServer, database_url: str
) -> None:
    store_id = nearly_expired()
    shopify.current = "another"
    for _ in range(2):
        with pytest.raises(AccessExpired):
            access(store_id)
    state, message = stored(database_url) or ("", "")
    assert state == "expired"
    assert "Open Clique in Shopify admin" in message
    assert len(shopify.asked) == 1, "an expired connection is not asked about again"


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ([(503, "")] * 3, Unavailable),
        ([(200, '{"access_token": "shp')], Unavailable),
        ([(200, {})], Unavailable),
        ([(429, "")], RateLimited),
        ([(401, {"error": "invalid_client"})], Rejected),
    ],
)
def test_a_refresh_that_fails_otherwise_keeps_the_connection(
    shopify: TokenServer, database_url: str, answers: list[Any], problem: type[Exception]
) -> None:
    store_id = nearly_expired()
    shopify.answers = answers
    with pytest.raises(problem):
        access(store_id)
    assert stored(database_url) == ("connected", None)
    assert access(store_id).token.startswith("shpat_"), "the next ask tries again"


def test_no_token_is_readable_in_the_table_nor_in_another_stores_row(shopify: TokenServer, database_url: str) -> None:
    one, two = make_store("one.myshopify.com"), make_store("two.myshopify.com")
    with psycopg.connect(database_url) as connection:
        found = connection.execute("select access_token, refresh_token from connection").fetchall()
        assert all(b"shp" not in bytes(token) for row in found for token in row)
        connection.execute(
            "update connection set access_token = (select access_token from connection where store_id = %s)"
            " where store_id = %s",
            [one, two],
        )
    assert access(one).token == "shpat_first"
    with pytest.raises(InvalidInput, match="does not belong"):
        access(two)


def test_rotation_rewrites_what_an_older_key_encrypted(shopify: TokenServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from clique_app.connections import key_rotation
    from clique_app.settings import settings

    store_id = make_store()
    old = settings().encryption_keys.get_secret_value()
    new = "k2:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
    for keys, rotated in ((f"{new},{old}", 2), (new, 0)):
        monkeypatch.setenv("ENCRYPTION_KEYS", keys)
        settings.cache_clear()
        assert access(store_id).token == "shpat_first"
        with store_session(store_id) as session:
            assert key_rotation.rotate(session, store_id).tokens == rotated


def test_an_uninstall_clears_tokens_and_an_older_one_is_ignored(shopify: TokenServer, database_url: str) -> None:
    from clique_app.connections import service

    store_id = make_store()
    with store_session(store_id) as session:
        assert not service.uninstall(session, store_id, clock.now() - timedelta(minutes=1))
    assert access(store_id).token == "shpat_first"
    with store_session(store_id) as session:
        assert service.uninstall(session, store_id, clock.now() + timedelta(seconds=1))
    assert stored(database_url, "state, access_token, refresh_token") == ("revoked", None, None)
    with pytest.raises(AccessExpired, match="not installed"):
        access(store_id)
    assert make_store() == store_id, "a reinstall keeps the store's id"
    assert access(store_id).token == "shpat_first"


def test_a_disconnect_forgets_the_tokens_and_keeps_the_store(shopify: TokenServer, database_url: str) -> None:
    from clique_app.connections import service

    store_id = make_store()
    with store_session(store_id) as session:
        service.disconnect(session, store_id, "shopify")
    assert stored(database_url, "state, access_token") == ("disconnected", None)


def test_the_first_person_is_owner_and_others_are_marketers(shopify: TokenServer, database_url: str) -> None:
    from clique_app.connections import service

    store_id = make_store()
    for user in (11, 12, 11):
        with store_session(store_id) as session:
            service.seen(session, store_id, user)
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select user_id, role from member order by user_id").fetchall() == [
            (11, "owner"),
            (12, "marketer"),
        ]
