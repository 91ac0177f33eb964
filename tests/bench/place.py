"""Where benchmarks run: the demo, its store installed, its ad account connected and its history read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import jwt
import psutil
import psycopg
from psycopg import sql
from sqlalchemy import make_url

from clique_app.demo import record, run
from clique_app.demo.folders import PROJECT, state_dir
from clique_app.demo.processes import Service
from clique_app.demo.servers import free_port

USER_ID = 77_001
MB = 1024 * 1024
CLIQUE = (sys.executable, "-m", "clique_app.cli")


@dataclass(frozen=True)
class Place:
    """The running demo as benchmarks see it."""

    demo: record.Demo
    quick: bool
    store_id: int = 0
    orders: int = 0

    @property
    def environment(self) -> dict[str, str]:
        made = record.environment(self.demo, record.load_secrets())
        return {**os.environ, **made, "CLIQUE_STATE_DIR": str(state_dir()), "PYTHONUNBUFFERED": "1"}

    @property
    def data(self) -> str:
        return f"the demo store with {self.orders:,} orders of 13 months (the goal's store has 1 M)"

    def token(self, user_id: int = USER_ID) -> str:
        """A session token as the admin would give it."""
        shop, now = f"https://{self.demo.store}", int(time.time())
        claims = {"iss": f"{shop}/admin", "dest": shop, "aud": self.demo.api_key, "sub": str(user_id)}
        return jwt.encode({**claims, "nbf": now - 5, "iat": now, "exp": now + 60}, self.demo.api_secret, "HS256")

    def control(self, method: str, path: str, **arguments: Any) -> Any:
        answer = httpx.request(
            method, f"{self.demo.sandbox_url}/_control/{path}", timeout=60, trust_env=False, **arguments
        )
        return answer.raise_for_status().json()

    def service(self, name: str) -> dict[str, Any]:
        services = json.loads(record.record_path().read_text())["services"]
        return next(service for service in services if service["name"] == name)

    def pss_mb(self, pid: int) -> float:
        """Proportional memory of a process and its children."""
        root = psutil.Process(pid)
        return sum(each.memory_full_info().pss for each in (root, *root.children(recursive=True))) / MB

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.demo.database_url, autocommit=True) as connection:
            return connection.execute(statement, values).fetchall()  # pyright: ignore[reportArgumentType]

    @contextmanager
    def scratch_database(self, name: str) -> Iterator[dict[str, str]]:
        """The environment of a fresh, migrated database with a Redis database that no worker listens to."""
        url = make_url(self.demo.database_url).set(database=name).render_as_string(hide_password=False)
        redis_url = make_url(self.demo.redis_url).set(database="1").render_as_string(hide_password=False)
        drop = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
        with psycopg.connect(self.demo.database_url, autocommit=True) as connection:
            connection.execute(drop)
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        environment = {**self.environment, "DATABASE_URL": url, "REDIS_URL": redis_url}
        try:
            subprocess.run(
                [sys.executable, "-m", "alembic", "upgrade", "head"], cwd=PROJECT, env=environment, check=True
            )
            yield environment
        finally:
            with psycopg.connect(self.demo.database_url, autocommit=True) as connection:
                connection.execute(drop)

    def restart(self, name: str) -> int:
        """End a service; the demo starts it again. Its new process id."""
        former = self.service(name)["pid"]
        psutil.Process(former).terminate()
        until = time.monotonic() + 60
        while time.monotonic() < until:
            time.sleep(0.3)
            pid = self.service(name)["pid"]
            if pid != former and psutil.pid_exists(pid) and _is_ready(name, self.demo):
                return pid
        raise RuntimeError(f"{name} did not come back.")


def _is_ready(name: str, demo: record.Demo) -> bool:
    if name != "web":
        return True
    try:
        return httpx.get(f"{demo.app_url}/health/ready", timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


@contextmanager
def process(command: tuple[str, ...], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A program beside the demo, ended at the end."""
    started = subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield started
    finally:
        started.terminate()
        started.wait(20)


@contextmanager
def web_process(place: Place, environment: dict[str, str], app: str) -> Iterator[str]:
    """One web process beside the demo's own, started by the same command, with another app or database."""
    port = free_port()
    like: Service = run._web(place.demo, environment)
    command = tuple(
        {"clique_app.clique_app:app": app, place.demo.app_url.rsplit(":", 1)[1]: str(port)}.get(word, word)
        for word in like.command
    )
    served = psutil.Process(place.service("web")["pid"]).environ()["REFLEX_WEB_WORKDIR"]
    with process(command, {**environment, **like.environment, "REFLEX_WEB_WORKDIR": served}):
        url = f"http://127.0.0.1:{port}"
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                httpx.get(f"{url}/health", timeout=2, trust_env=False)
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield url


@contextmanager
def prepared(quick: bool) -> Iterator[Place]:
    """The demo that runs here, or one of our own that ends with the benchmarks."""
    os.environ.setdefault("CLIQUE_STATE_DIR", str(PROJECT / ".clique" / "bench" / "state"))
    ours = record.running_demo() is None
    if ours:
        subprocess.run([*CLIQUE, "demo", "--detach", "--port", str(free_port())], cwd=PROJECT, check=True)
    try:
        demo = record.running_demo()
        assert demo is not None
        record.adopt_running_demo()
        place = Place(demo, quick)
        store_id = _install(place)
        _connect_meta(place, store_id)
        _wait_until_read(place, store_id)
        _launch(store_id)
        orders = place.query("select count(*) from shop_order where store_id = %s", store_id)[0][0]
        yield Place(demo, quick, store_id, orders)
    finally:
        if ours:
            subprocess.run([*CLIQUE, "demo", "stop"], cwd=PROJECT, check=True)


def _install(place: Place) -> int:
    from tasks.install import open_store

    httpx.get(place.demo.admin_url, timeout=30, trust_env=False).raise_for_status()  # installs the app in the store
    return open_store(place.demo.store, place.token(), USER_ID)


def _connect_meta(place: Place, store_id: int) -> None:
    """As a person does: the dialog, the choice of account, the first reading."""
    from clique_app.connections import ad_accounts_service
    from clique_app.database import store_session
    from tasks.sync import start_sync

    known = "select from connection where store_id = %s and channel = 'meta' and state = 'connected'"
    if place.query(known, store_id):
        return
    with store_session(store_id) as session:
        url = ad_accounts_service.start(session, store_id, "meta", USER_ID)
    with httpx.Client(trust_env=False, timeout=30) as browser:
        dialog = urljoin(url, browser.get(url).headers["location"])
        back = browser.post(dialog, data={"choice": "continue"}).headers["location"]
        browser.get(back)
    with store_session(store_id) as session:
        account = max(ad_accounts_service.accounts(session, store_id, "meta"), key=lambda one: one.currency == "USD")
        ad_accounts_service.choose(session, store_id, "meta", [account.account_id], USER_ID)
    start_sync(store_id, "meta_ads", "first_import")


def _wait_until_read(place: Place, store_id: int) -> None:
    done = "select count(*) from sync_run where store_id = %s and kind = 'history' and state = 'whole'"
    until = time.monotonic() + 900
    while place.query(done, store_id)[0][0] < 2:
        if time.monotonic() > until:
            raise RuntimeError(f"The demo's history was not read in 15 minutes; see {state_dir() / 'logs'}.")
        time.sleep(1)


def _launch(store_id: int) -> None:
    """The last step of set-up: from here on Home is what a merchant sees every day."""
    from clique_app.database import store_session
    from clique_app.sync import setup_service

    with store_session(store_id) as session:
        setup_service.launch(session, store_id, USER_ID)


def output_folder() -> Path:
    folder = PROJECT / ".clique" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
