"""Clique in a storm: servers, sandbox, web, worker and scheduler of its own, each killed while it works.

What was acknowledged is in the load generator's record; afterwards each delivery of it must be done in the inbox, and
the orders the same as Shopify's.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jwt
import psutil
import psycopg
import redis

from clique_app.demo import guard, servers
from clique_app.demo.folders import PROJECT
from clique_app.demo.processes import Service, Supervisor
from tests.kit.plain_http import PLAIN_HTTP

API_KEY, API_SECRET = "storm-api-key", "storm-api-secret-of-more-than-32-bytes"
SHOP = "harbor-lane.myshopify.com"
USER_ID = 77_002
KILLED = ("web", "worker", "valkey", "postgres")
MOST_ORDERS = 5_000  # that deliveries are about, new ones included


@dataclass
class Kill:
    """One victim: that it worked when it was killed, and how long it was away."""

    name: str
    pid: int
    at_seconds: float
    work_before: int  # deliveries acknowledged or done in the second before
    away_seconds: float


@dataclass
class Outcome:
    """What the storm came to."""

    asked_per_s: float
    load: dict[str, Any]
    kills: list[Kill]
    orders: int
    new_orders: int
    here_after_seconds: list[float]  # from when new orders were placed in the storm until their rows were here
    drained_after_seconds: float
    oldest_seconds: float  # the longest that an object waited, as the inbox said
    stored: int
    lost: list[str] = field(default_factory=list)  # acknowledged, and not done in the inbox
    dead: int = 0
    different_orders: int = 0
    missing_orders: int = 0

    @property
    def acknowledged_per_s(self) -> float:
        return self.load["acknowledged"] / self.load["seconds"]


class Place:
    """Everything a store needs, under one supervisor."""

    def __init__(
        self, supervisor: Supervisor, folder: Path, *, web: tuple[str, ...], environment: dict[str, str]
    ) -> None:
        """web: the command of the web process, with PORT for its port."""
        self._supervisor, self._folder = supervisor, folder
        self._postgres_port, self._valkey_port, self._sandbox_port, self.web_port = (
            servers.free_port() for _ in range(4)
        )
        self.app_url = f"http://localhost:{self.web_port}"
        self.database_url = servers.postgres_url(self._postgres_port, "storm")
        self.sandbox_url = f"http://127.0.0.1:{self._sandbox_port}"
        self.environment = {
            **environment,
            "DATABASE_URL": self.database_url,
            "REDIS_URL": servers.valkey_url(self._valkey_port, "storm"),
            "SHOPIFY_API_KEY": API_KEY,
            "SHOPIFY_API_SECRET": API_SECRET,
            "SHOPIFY_APP_URL": self.app_url,
            "SHOPIFY_BASE_URL": f"{self.sandbox_url}/shopify/{{shop}}",
            "SHOPIFY_ADMIN_URL": f"{self.sandbox_url}/admin",
            "APP_BRIDGE_URL": f"{self.sandbox_url}/admin/app-bridge.js",
            "POLARIS_URL": "",
            "ENCRYPTION_KEYS": "k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
            "SESSION_SECRET": "storm-session-secret-of-more-than-32-bytes",
            "CLIQUE_APP_PORT": str(self.web_port),
            "LOG_LEVEL": "WARNING",
        }
        self._web = tuple(word.replace("PORT", str(self.web_port)) for word in web)

    def service(self, name: str) -> Service:
        """A service as it is started, the first time and again."""
        match name:
            case "postgres":
                return servers.postgres(self._folder / "postgres", self._postgres_port, "storm")
            case "valkey":
                return servers.valkey(self._folder / "valkey", self._valkey_port, "storm")
            case "web":
                return Service(name, self._web, lambda: _answers(f"{self.app_url}/health"), self.environment)
            case "worker":
                queues = ("webhooks", "actions", "analysis", "sync", "history")
                words = (sys.executable, "-m", "dramatiq", "tasks", "--processes", "1", "--threads", "4", "--queues")
                return Service(name, (*words, *queues), _after(1.0), self.environment)
            case "scheduler":
                return Service(name, (sys.executable, "-m", "tasks.schedule"), _after(0.5), self.environment)
        raise KeyError(name)

    def port(self, name: str) -> int | None:
        return {"web": self.web_port, "valkey": self._valkey_port, "postgres": self._postgres_port}.get(name)

    def start(self, orders: int) -> None:
        """Everything up, the store installed, its orders read."""
        start = self._supervisor.start
        start(self.service("postgres"), self.service("valkey"))
        servers.create_database(servers.postgres_url(self._postgres_port, "storm", "postgres"), servers.DATABASE)
        subprocess.run(
            [sys.executable, "-m", "alembic", "upgrade", "head"],
            cwd=PROJECT, env={**os.environ, **self.environment}, check=True,
        )  # fmt: skip
        per_day = orders / 90
        words = (
            *("--port", str(self._sandbox_port), "--data", str(self._folder / "sandbox"), "--app-url", self.app_url),
            *("--api-key", API_KEY, "--api-secret", API_SECRET, "--months", "3", "--orders-per-day", f"{per_day:.3f}"),
        )
        sandbox = (sys.executable, "-m", "clique_app.sandbox", *words)
        start(
            Service("sandbox", sandbox, lambda: _answers(f"{self.sandbox_url}/admin/app-bridge.js"), self.environment)
        )
        self.environment |= json.loads((self._folder / "sandbox" / "environment.json").read_text())
        start(self.service("web"), self.service("worker"), self.service("scheduler"))
        admin = f"{self.sandbox_url}/admin/store/harbor-lane/apps/{API_KEY}"
        PLAIN_HTTP.get(admin).raise_for_status()  # a merchant installs it
        self.in_app(f"open_store({SHOP!r}, {self._token()!r}, {USER_ID})", "from tasks.install import open_store")
        whole = "select count(*) from sync_run where source = 'shopify_orders' and kind = 'history' and state = 'whole'"
        _until(lambda: self.query(whole)[0][0] > 0, 300, "the orders were not read")

    def in_app(self, expression: str, imports: str) -> Any:
        """The value of an expression in a process of the app, as JSON."""
        done = subprocess.run(
            [sys.executable, "-c", f"import json\n{imports}\nprint(json.dumps({expression}))"],
            cwd=PROJECT, env={**os.environ, **self.environment}, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return json.loads(done.stdout)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url, autocommit=True, connect_timeout=5) as connection:
            return connection.execute(statement).fetchall()  # pyright: ignore[reportArgumentType,reportCallIssue]

    def place_orders(self, count: int) -> list[int]:
        asked = {"shop": SHOP, "count": count}
        answer = PLAIN_HTTP.post(f"{self.sandbox_url}/_control/orders", json=asked, timeout=60)
        return answer.raise_for_status().json()["orders"]

    def has(self, order_ids: list[int]) -> bool:
        """Whether these orders are here."""
        among = ",".join(map(str, order_ids))
        return self.query(f"select count(*) from shop_order where order_id in ({among})")[0][0] == len(order_ids)

    def kill(self, name: str, work: Callable[[], int], begun: float) -> Kill:
        """kill -9 of a service with all its children, while it works; then the same started again."""
        before = work()
        time.sleep(1)
        worked = work() - before
        running = self._supervisor.running[name]
        assert running.process.poll() is None, f"{name} had ended before it was killed"
        assert worked > 0, f"{name} was not working when it was to be killed"
        children = psutil.Process(running.process.pid).children(recursive=True)
        killed_at = time.perf_counter()
        guard.kill_group(running.process.pid)
        assert running.process.wait(10) == -9, f"{name} did not die of the signal"
        _until(lambda: not any(map(_lives, children)), 10, f"processes of {name} live on")
        port = self.port(name)
        if port is not None:
            _until(lambda: _is_free(port), 10, f"the port of {name} is still held")
        self._supervisor.start(self.service(name))
        away = time.perf_counter() - killed_at
        return Kill(name, running.process.pid, killed_at - begun, worked, away)

    def _token(self) -> str:
        """A session token as the admin would give it."""
        shop, now = f"https://{SHOP}", int(time.time())
        claims = {"iss": f"{shop}/admin", "dest": shop, "aud": API_KEY, "sub": str(USER_ID)}
        return jwt.encode({**claims, "nbf": now - 5, "iat": now, "exp": now + 60}, API_SECRET, "HS256")


@contextmanager
def _loading(place: Place, folder: Path, rate: float, connections: int) -> Iterator[subprocess.Popen[str]]:
    words = (place.app_url, API_SECRET, SHOP, str(rate), str(connections), str(folder / "ids"), str(folder / "record"))
    load = subprocess.Popen(
        [sys.executable, "-m", "tests.kit.storm_load", *words], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    try:
        yield load
    finally:
        if load.poll() is None:
            load.kill()
            load.wait()


def rage(
    place: Place, folder: Path, *, rate: float, seconds: float, connections: int, drained_within: float
) -> Outcome:
    """The storm itself: load for at least this long, and until the last victim is back."""
    query = f"select order_id from shop_order order by 1 desc limit {MOST_ORDERS - 5 * len(KILLED)}"
    ids = [order_id for (order_id,) in place.query(query)]
    (folder / "ids").write_text("\n".join(map(str, ids)) + "\n")
    record = folder / "record"
    kills: list[Kill] = []
    new_orders: list[int] = []
    here_after: list[float] = []
    oldest = 0.0
    with _loading(place, folder, rate, connections) as load:
        begun = time.perf_counter()
        time.sleep(min(3.0, seconds / 6))
        for step, name in enumerate(KILLED):
            placed, placed_at = place.place_orders(5), time.perf_counter()
            with (folder / "ids").open("a") as file:
                file.write("\n".join(map(str, placed)) + "\n")
            _until(lambda: place.has(placed), 120, "new orders did not come")  # noqa: B023
            here_after.append(time.perf_counter() - placed_at)
            new_orders += placed
            kills.append(place.kill(name, lambda: _worked(place, record, name), begun))  # noqa: B023
            oldest = max(oldest, _oldest(place))
            time.sleep(max(1.0, begun + seconds * (step + 1) / len(KILLED) - time.perf_counter() - 1))
        load.terminate()
        told = json.loads(load.communicate(timeout=30)[0])
    ended = time.perf_counter()

    def drained() -> bool:
        nonlocal oldest
        oldest = max(oldest, _oldest(place))
        return place.query("select count(*) from inbox_event where state = 'new'")[0][0] == 0

    _until(drained, drained_within, "the inbox was not worked off", every=0.5)
    acknowledged = set(record.read_text().split())
    done = {name for (name,) in place.query("select delivery_id from inbox_event where state = 'done'")}
    compared = place.in_app("differences()", "from tests.kit.storm_compare import differences")
    return Outcome(
        asked_per_s=rate,
        load=told,
        kills=kills,
        orders=len(ids),
        new_orders=len(new_orders),
        here_after_seconds=here_after,
        drained_after_seconds=time.perf_counter() - ended,
        oldest_seconds=oldest,
        stored=place.query("select count(*) from inbox_event")[0][0],
        lost=sorted(acknowledged - done),
        dead=place.query("select count(*) from inbox_event where state = 'dead'")[0][0],
        different_orders=compared["different"],
        missing_orders=compared["missing"],
    )


def _worked(place: Place, record: Path, name: str) -> int:
    """How much the victim has done: deliveries done, messages handed on, deliveries acknowledged."""
    if name == "worker":
        return place.query("select count(*) from inbox_event where state = 'done'")[0][0]
    if name == "valkey":
        with redis.Redis.from_url(place.environment["REDIS_URL"]) as client:
            return client.info("commandstats")["cmdstat_evalsha"]["calls"]  # pyright: ignore[reportIndexIssue]
    return record.read_bytes().count(b"\n")


def _oldest(place: Place) -> float:
    age = "select coalesce(extract(epoch from now() - min(received_at)), 0) from inbox_event where state = 'new'"
    return float(place.query(age)[0][0])


def _until(is_so: Callable[[], bool], seconds: float, otherwise: str, every: float = 0.1) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, f"{otherwise} in {seconds:.0f} s"
        time.sleep(every)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _answers(url: str) -> bool:
    try:
        return PLAIN_HTTP.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False


def _after(seconds: float) -> Callable[[], bool]:
    until: list[float] = []

    def lives() -> bool:
        if not until:
            until.append(time.monotonic() + seconds)
        return time.monotonic() > until[0]

    return lives
