"""Any platform's tokens: renewed once for all processes, kept where nothing new came, ended where it says so."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clique_app import clock
from clique_app.cli import app
from clique_app.connections import ad_accounts_service as ad_accounts
from clique_app.connections import service
from clique_app.connections.access import access
from clique_app.database import store_session
from clique_app.errors import AccessExpired
from clique_app.integrations import registry
from clique_app.integrations.channels import Grant
from clique_app.settings import settings
from clique_app.tables import Connection
from tests.integration import tally
from tests.integration.stores import make_store
from tests.integration.test_access import TokenServer

pytestmark = pytest.mark.usefixtures("database_env")
ASK = (
    "import os, sys, threading\n"
    "from clique_app.connections.access import access\n"
    "from clique_app.integrations import registry\n"
    "from tests.integration import tally\n"
    "registry.PLATFORMS = tally.listed()\n"
    "def ask(): os.write(1, access(int(sys.argv[1]), 'tally').token.encode() + b'\\n')\n"
    "threads = [threading.Thread(target=ask) for _ in range(4)]\n"
    "[t.start() for t in threads]; [t.join() for t in threads]\n"
)


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[TokenServer]:
    server = TokenServer()
    server.current = "r1"
    monkeypatch.setenv(tally.ADDRESS, server.url)
    for user in (registry, ad_accounts):
        monkeypatch.setattr(user, "PLATFORMS", tally.listed())
    yield server
    server.server.shutdown()
    server.server.server_close()


def connect(*, ends: timedelta = timedelta(minutes=4), refresh_token: str | None = "r1") -> int:
    """A store whose access to Tally is about to end."""
    store_id = make_store()
    grant = Grant("a1", refresh_token, clock.now() + ends, clock.now() + timedelta(days=30), ("read",))
    with store_session(store_id) as session:
        ad_accounts.keep(session, store_id, "tally", 7, grant)
    return store_id


def kept(store_id: int) -> Connection:
    with store_session(store_id) as session:
        return session.get_one(Connection, (store_id, "tally"))


def test_two_processes_and_their_threads_renew_once(platform: TokenServer) -> None:
    store_id = connect()
    command = [sys.executable, "-c", ASK, str(store_id)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path.cwd()) for _ in range(2)]
    tokens = [line for process in processes for line in process.communicate()[0].split()]
    assert tokens == [b"shpat_1"] * 8
    assert len(platform.asked) == 1
    connection = kept(store_id)
    assert connection.state == "connected", "there are no ad accounts to choose"
    assert service.token_of(connection, "refresh_token") == "r1", "the platform gave no new one"
    assert connection.refresh_expires_at is not None
    assert connection.scopes == "read"


def test_a_refused_renewal_ends_the_connection_in_the_platforms_words_and_is_not_repeated(
    platform: TokenServer,
) -> None:
    store_id = connect()
    platform.current = "another"
    for _ in range(2):
        with pytest.raises(AccessExpired):
            access(store_id, "tally")
    assert len(platform.asked) == 1
    with store_session(store_id) as session:
        overview = ad_accounts.connections(session, store_id)[-1]
    assert (overview.state, overview.problem) == (
        "expired",
        "Tally ended the access. Reconnect it on the Connections page.",
    )


def test_the_daily_look_renews_what_was_refused_and_then_believes_the_platform(platform: TokenServer) -> None:
    store_id = connect(ends=timedelta(hours=1))
    with store_session(store_id) as session:
        ad_accounts.check(session, store_id, "tally")
    assert len(platform.asked) == 1, "turned down, renewed, asked again"


def test_a_person_is_warned_of_the_end_of_the_refresh_token_not_of_each_hour(
    platform: TokenServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_id = connect()
    later: list[datetime] = [clock.now() + timedelta(days=26)]
    with store_session(store_id) as session:
        assert ad_accounts.connections(session, store_id)[-1].problem == ""
    monkeypatch.setattr(clock, "now", lambda: later[0])
    with store_session(store_id) as session:
        assert "Reconnect it before" in ad_accounts.connections(session, store_id)[-1].problem


def test_keys_are_rotated_for_all_stores_and_what_no_key_reads_is_named(
    platform: TokenServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_id = connect(ends=timedelta(hours=1))
    old = settings().encryption_keys.get_secret_value()
    new = "k2:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
    other = "k3:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI="
    told = []
    for keys in (f"{new},{old}", f"{new},{old}", other):
        monkeypatch.setenv("ENCRYPTION_KEYS", keys)
        settings.cache_clear()
        told.append(CliRunner().invoke(app, ["keys", "rotate"]))
    assert [one.exit_code for one in told] == [0, 0, 1]
    assert "4 tokens of 1 stores are encrypted with k2 now." in told[0].output
    assert "Nothing needs k1 any more." in told[0].output
    assert "0 tokens" in told[1].output
    assert "one.myshopify.com: no key reads what is stored of tally. Reconnect it." in told[2].output
    monkeypatch.setenv("ENCRYPTION_KEYS", new)
    settings.cache_clear()
    assert access(store_id, "tally").token == "a1"
