"""Servers, databases and the platform sandbox for tests.

A test in tests/integration or tests/e2e is marked by its folder; those in tests/system start, and kill, servers of
their own. `DATABASE_URL` and `REDIS_URL` choose ordinary servers; without them each test process starts embedded ones.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import psycopg
import pytest
import redis
from psycopg import sql
from sqlalchemy import make_url
from xdist.scheduler import LoadScopeScheduling

from clique_app.demo import servers as embedded
from clique_app.demo.processes import Service, Supervisor
from clique_app.roles import APP_ROLE, SYSTEM_ROLE, WAREHOUSE_ROLE
from tests.kit.plain_http import PLAIN_HTTP

PROJECT = Path(__file__).resolve().parents[1]
# what chooses ordinary servers, read before any test module may set a placeholder
GIVEN = dict(os.environ)
API_KEY, API_SECRET = "test-api-key", "test-api-secret-of-more-than-32-bytes"
META_APP_ID, META_APP_SECRET = "1234567890123456", "test-meta-secret"
TEST_SETTINGS = {
    "SHOPIFY_API_KEY": API_KEY,
    "SHOPIFY_API_SECRET": API_SECRET,
    "SHOPIFY_APP_URL": "http://localhost:1",
    "META_APP_ID": META_APP_ID,
    "META_APP_SECRET": META_APP_SECRET,
    "POLARIS_URL": "",
    "ECB_BASE_URL": "http://127.0.0.1:1",
    "ENCRYPTION_KEYS": "k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "SESSION_SECRET": "test-session-secret-of-more-than-32-bytes",
}

# how long an example takes tells of the machine only; what a fixture gives is shared by its examples on purpose
hypothesis.settings.register_profile(
    "clique",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.function_scoped_fixture],
)
hypothesis.settings.load_profile("clique")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(PROJECT / "tests").parts[0]
        if folder in ("integration", "e2e"):
            item.add_marker(getattr(pytest.mark, folder))


# browser tests that need no demo with the control API and a store set up in it; each half takes as long
OF_OTHER_DEMOS = (
    "attribution_page", "channels_connected", "connections", "customers_page", "import_a_file", "import_killed",
    "klaviyo_connected", "metrics_page", "own_demos", "visits",
)  # fmt: skip


BESIDE_BROWSERS = 10  # how much the tests of a third process give way, as nice counts


class ByDemo(LoadScopeScheduling):
    """Browser tests go to two processes: one has the demo whose store is set up, the other those of other demos. A
    third one, for what needs no server, takes what those leave of the processors."""

    def _split_scope(self, nodeid: str) -> str:
        if not nodeid.startswith("tests/e2e/"):
            return "without a demo"
        return str(any(f"/test_{name}.py" in nodeid for name in OF_OTHER_DEMOS))


def pytest_configure_node(node: Any) -> None:
    node.workerinput["by_demo"] = node.config.getvalue("dist") == "loadscope"


def pytest_runtest_setup(item: pytest.Item) -> None:
    if getattr(item.config, "workerinput", {}).get("by_demo") and not item.get_closest_marker("e2e"):
        os.setpriority(os.PRIO_PROCESS, 0, BESIDE_BROWSERS)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByDemo | None:
    return ByDemo(config, log) if config.getvalue("dist") == "loadscope" else None


@dataclass(frozen=True)
class Servers:
    """A PostgreSQL server, by its maintenance database, and a Redis database of this test process alone."""

    postgres_url: str
    redis_url: str


@dataclass(frozen=True)
class Sandbox:
    """A running platform sandbox."""

    url: str
    data: Path

    def control(self, method: str, path: str, **arguments: Any) -> Any:
        """Calls the control API and returns its JSON."""
        answer = PLAIN_HTTP.request(method, f"{self.url}/_control/{path}", **arguments)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def settings(self) -> dict[str, str]:
        """What points the app's clients here."""
        return {
            "SHOPIFY_BASE_URL": f"{self.url}/shopify/{{shop}}",
            "SHOPIFY_ADMIN_URL": f"{self.url}/admin",
            "APP_BRIDGE_URL": f"{self.url}/admin/app-bridge.js",
            **json.loads((self.data / "environment.json").read_text()),
        }


@pytest.fixture(scope="session")
def supervisor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervisor]:
    """Owns what this test process starts; all of it ends with it."""
    owner = Supervisor(tmp_path_factory.mktemp("logs"), PROJECT)
    yield owner
    owner.stop()


@pytest.fixture(scope="session")
def servers(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Servers:
    postgres_url, redis_url = GIVEN.get("DATABASE_URL"), GIVEN.get("REDIS_URL")
    folder = tmp_path_factory.mktemp("servers")
    started: list[Service] = []
    if not postgres_url:
        port = embedded.free_port()
        postgres_url = embedded.postgres_url(port, "test", "postgres")
        started.append(embedded.postgres(folder / "postgres", port, "test"))
    if redis_url:  # database 0 may be somebody's; the test processes take the next ones
        number = int(worker_id.removeprefix("gw")) + 2 if worker_id != "master" else 1
        redis_url = make_url(redis_url).set(database=str(number)).render_as_string(hide_password=False)
    else:
        port = embedded.free_port()
        redis_url = embedded.valkey_url(port, "test")
        started.append(embedded.valkey(folder / "valkey", port, "test"))
    supervisor.start(*started)
    if not GIVEN.get("DATABASE_URL"):
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute("alter system set fsync = off")  # nothing here outlives the machine
            connection.execute("select pg_reload_conf()")
    return Servers(postgres_url, redis_url)


@pytest.fixture(scope="session")
def make_database(servers: Servers, worker_id: str) -> Iterator[Callable[[], str]]:
    """Makes a fresh, migrated database (a copy of a migrated one), returns its URL; all are dropped at the end."""
    prefix = f"clique_test_{worker_id}_{os.getpid()}"
    made: list[str] = []

    def create(name: str, template: str) -> str:
        with psycopg.connect(servers.postgres_url, autocommit=True) as connection:
            statement = sql.SQL("create database {} template {} strategy file_copy")
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        made.append(name)
        return make_url(servers.postgres_url).set(database=name).render_as_string(hide_password=False)

    template_url = create(prefix, "template1")
    subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=PROJECT,
        env={**os.environ, **TEST_SETTINGS, "DATABASE_URL": template_url, "REDIS_URL": servers.redis_url},
        check=True,
    )
    yield lambda: create(f"{prefix}_{len(made)}", prefix)
    if not GIVEN.get("DATABASE_URL"):
        return  # the server goes with all its databases
    with psycopg.connect(servers.postgres_url, autocommit=True) as connection:
        for name in made:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def database_url(make_database: Callable[[], str]) -> str:
    """A fresh, migrated database for one test."""
    return make_database()


@pytest.fixture(scope="session")
def start_sandbox(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Sandbox]:
    """Starts a sandbox with command line options of one's own, as in start_sandbox("--no-default-store")."""

    def start(*options: str, app_url: str = TEST_SETTINGS["SHOPIFY_APP_URL"]) -> Sandbox:
        port, data = embedded.free_port(), tmp_path_factory.mktemp("sandbox")
        url = f"http://127.0.0.1:{port}"
        arguments = {
            "--port": str(port),
            "--data": str(data),
            "--app-url": app_url,
            "--api-key": API_KEY,
            "--api-secret": API_SECRET,
        }
        words = (word for pair in arguments.items() for word in pair)

        def healthy() -> bool:
            try:
                return PLAIN_HTTP.get(f"{url}/admin/app-bridge.js").is_success
            except httpx.HTTPError:
                return False

        command = (sys.executable, "-m", "clique_app.sandbox", *words, *options)
        supervisor.start(Service(f"sandbox-{port}", command, healthy))
        return Sandbox(url, data)

    return start


@pytest.fixture(scope="session")
def sandbox(start_sandbox: Callable[..., Sandbox]) -> Sandbox:
    """The default store in a small world; tests that change it must not mind each other."""
    return start_sandbox("--months", "3", "--orders-per-day", "6", "--seed", "7")


@pytest.fixture
def database_env(
    database_url: str, servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[None]:
    """The app's settings with a fresh database and an empty Redis, and no platform to talk to."""
    _apply(monkeypatch, {**TEST_SETTINGS, "DATABASE_URL": database_url, "REDIS_URL": servers.redis_url})
    monkeypatch.setenv("ARCHIVE_DIR", str(tmp_path / "archive"))
    with redis.Redis.from_url(servers.redis_url) as client:
        client.flushdb()
    yield
    from clique_app import database

    roles = (APP_ROLE, SYSTEM_ROLE, WAREHOUSE_ROLE, None)
    for role in roles:  # an ordinary server has a hundred connections for all
        database._engine(database_url, role).dispose()


@pytest.fixture
def app_env(database_env: None, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app's settings with a fresh database, an empty Redis and the platforms in the sandbox."""
    _apply(monkeypatch, sandbox.settings())


def _apply(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    from clique_app import live
    from clique_app.settings import settings

    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    live._client.cache_clear()
