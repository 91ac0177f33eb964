"""`clique demo`: brings everything up step by step, keeps it up, takes it down."""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from types import FrameType

import httpx
import typer

from clique_app.demo import frontend, record, servers, vendor
from clique_app.demo.folders import PROJECT, state_dir, tool_path
from clique_app.demo.orders_file import check_orders_file, data_name
from clique_app.demo.processes import Service, Supervisor
from clique_app.errors import CliqueError

APP_PORT, SANDBOX_PORT = 8080, 8081
FORMER_DEMO_SECONDS = 15.0  # a killed demo's processes are gone by then
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Options:
    """What `clique demo` was asked for."""

    reset: bool = False
    orders: Path | None = None
    port: int | None = None
    control: bool = True

    def arguments(self) -> list[str]:
        return [
            *(["--reset"] if self.reset else []),
            *(["--orders", str(self.orders)] if self.orders else []),
            *(["--port", str(self.port)] if self.port else []),
            *("--control", "on" if self.control else "off"),
        ]

    @property
    def handle(self) -> str:
        return "cdnow" if self.orders else "harbor-lane"


class Ended(BaseException):
    """The demo was asked to end."""


@contextmanager
def step(what: str) -> Iterator[None]:
    """Shows one step while it runs and how long it took."""
    typer.echo(f"  {what} ".ljust(46, "."), nl=False)
    started = time.monotonic()
    try:
        yield
    except BaseException:
        typer.echo(" stopped")
        raise
    typer.echo(f" {time.monotonic() - started:5.1f} s")


def run(options: Options) -> None:
    """Runs the demo in the foreground until it is told to end."""
    if options.orders:
        check_orders_file(options.orders)
    if os.environ.get("CLIQUE_END_WITH_PARENT") and sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)  # make was killed
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, _end)
    lock = _take_lock()
    ports = _ports(options.port)
    supervisor = Supervisor(state_dir() / "logs", PROJECT, hold=(lock,))
    try:
        demo = _bring_up(supervisor, options, *ports)
        typer.echo(f"\n  Open {demo.admin_url}\n  Ctrl-C ends the demo; its data stays.\n")
        _write(demo, supervisor)
        while True:
            if supervisor.tend():
                _write(demo, supervisor)
            time.sleep(0.3)
    except Ended:
        typer.echo("\n  Ending ...", nl=False)
    finally:
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, signal.SIG_IGN)
        record.record_path().unlink(missing_ok=True)
        supervisor.stop()
    typer.echo(" all processes are gone.")


def run_detached(options: Options) -> None:
    """Starts the demo in the background, shows its steps, and returns when it is up."""
    log_path = state_dir() / "logs" / "demo.out"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    inherited = {name: value for name, value in os.environ.items() if name != "CLIQUE_END_WITH_PARENT"}
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "clique_app.cli", "demo", *options.arguments()],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**inherited, "PYTHONUNBUFFERED": "1"},
        )
    with log_path.open() as shown:
        while True:
            code, demo = process.poll(), record.running_demo()
            up = demo is not None and demo.pid == process.pid
            typer.echo(shown.read().replace("Ctrl-C ends", "`clique demo stop` ends"), nl=False)
            if code is not None:
                raise typer.Exit(1)
            if up:
                return
            time.sleep(0.2)


def stop() -> None:
    """Ends the running demo and waits until its last process is gone."""
    demo = record.running_demo()
    if demo is None:
        raise CliqueError("No demo runs here.")
    os.kill(demo.pid, signal.SIGTERM)
    _wait_for_lock(30.0, f"The demo (pid {demo.pid}) has not ended in 30 s; its logs are in {state_dir() / 'logs'}.")


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise Ended


def _take_lock() -> int:
    demo = record.running_demo()
    if demo and _alive(demo.pid):
        raise CliqueError(f"The demo already runs: {demo.admin_url} (`clique demo stop` ends it).")
    return _wait_for_lock(FORMER_DEMO_SECONDS, "Another demo is starting here; wait for it, or set CLIQUE_STATE_DIR.")


def _wait_for_lock(seconds: float, otherwise: str) -> int:
    until = time.monotonic() + seconds
    while (lock := record.try_lock()) is None:
        if time.monotonic() > until:
            raise CliqueError(otherwise)
        time.sleep(0.1)
    return lock


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _ports(wanted: int | None) -> tuple[int, int]:
    app = servers.free_port(wanted or APP_PORT)
    if wanted and app != wanted:
        raise CliqueError(f"Port {wanted} is taken by another program: choose another --port, or leave it out.")
    sandbox = servers.free_port(app + 1 if wanted and app < 65_535 else SANDBOX_PORT)
    return app, sandbox


def _bring_up(supervisor: Supervisor, options: Options, app_port: int, sandbox_port: int) -> record.Demo:
    made = record.load_secrets()
    data = state_dir() / data_name(options.orders)
    if options.reset:
        _reset(data)
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with step("Published schema and elements"):
        vendor.fetch_missing()
    key = frontend.source_key()
    building = None
    if not frontend.is_built(key):
        building = supervisor.begin("frontend", (sys.executable, "-m", "clique_app.demo.frontend"), {})
    with step("PostgreSQL and Valkey"):
        database_url, redis_url = _servers(supervisor, data, made)
    sandbox_url = f"http://127.0.0.1:{sandbox_port}"
    demo = record.Demo(
        app_url=f"http://localhost:{app_port}",
        admin_url=f"{sandbox_url}/admin/store/{options.handle}/apps/{made.api_key}",
        sandbox_url=sandbox_url,
        database_url=database_url,
        redis_url=redis_url,
        store=f"{options.handle}.myshopify.com",
        api_key=made.api_key,
        api_secret=made.api_secret,
        pid=os.getpid(),
        started_at=time.time(),
        data=str(data),
    )
    environment = {
        **record.environment(demo, made),
        "PATH": tool_path(),
        "PYTHONUNBUFFERED": "1",
        "CLIQUE_STATE_DIR": str(state_dir()),
    }
    migrations = supervisor.begin("migrations", (sys.executable, "-m", "alembic", "upgrade", "head"), environment)
    record.platforms_path(demo).unlink(missing_ok=True)  # of the start before, with other ports
    sandbox = _sandbox(demo, made, options, data, environment)
    supervisor.launch(sandbox)  # it reads its world while the app starts
    with step("Tables"):
        supervisor.finish(migrations)
    if building:
        with step("Pages (built once)"):
            supervisor.finish(building)
    supervisor.wait(sandbox, until=record.platforms_path(demo).exists)
    environment |= record.platforms(demo)
    environment["REFLEX_WEB_WORKDIR"] = str(frontend.publish(key, app_port))
    with step("App and workers"):
        supervisor.start(_web(demo, environment), *_workers(supervisor, environment))
    with step("The platforms and the admin (sandbox)"):
        supervisor.wait(sandbox)
    with step("Scheduler"):  # last: what was due meanwhile asks the platforms at once
        supervisor.start(_scheduler(environment))
    return demo


def _reset(data: Path) -> None:
    typer.echo(f"  Removing the demo's data in {data}")
    if os.environ.get("DATABASE_URL"):
        typer.echo("  (the database at DATABASE_URL is left as it is)")
    shutil.rmtree(data, ignore_errors=True)


def _servers(supervisor: Supervisor, data: Path, made: record.Secrets) -> tuple[str, str]:
    """The embedded servers, or the ordinary ones that the environment names."""
    database_url, redis_url = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    embedded: list[Service] = []
    if not redis_url:
        port = servers.free_port()
        redis_url = servers.valkey_url(port, made.valkey_password)
        embedded.append(servers.valkey(data / "valkey", port, made.valkey_password))
    if database_url:
        supervisor.start(*embedded)
        return database_url, redis_url
    port = servers.free_port()
    embedded.append(servers.postgres(data / "postgres-18", port, made.postgres_password))
    supervisor.start(*embedded)
    servers.create_database(servers.postgres_url(port, made.postgres_password, "postgres"), servers.DATABASE)
    return servers.postgres_url(port, made.postgres_password), redis_url


def _sandbox(
    demo: record.Demo, made: record.Secrets, options: Options, data: Path, environment: dict[str, str]
) -> Service:
    arguments = {
        "--port": demo.sandbox_url.rsplit(":", 1)[1],
        "--data": str(data / "sandbox"),
        "--app-url": demo.app_url,
        "--api-key": made.api_key,
        "--api-secret": made.api_secret,
        "--control": "on" if options.control else "off",
        **({"--orders": str(options.orders.resolve())} if options.orders else {}),
    }
    parts = (part for pair in arguments.items() for part in pair)
    of_ones_own = shlex.split(os.environ.get("CLIQUE_SANDBOX_ARGS", ""))  # a smaller world: --months 3
    return Service(
        "sandbox",
        (sys.executable, "-m", "clique_app.sandbox", *parts, *of_ones_own),
        healthy=lambda: _answers(f"{demo.sandbox_url}/admin/app-bridge.js"),
        environment=environment,
    )


def _web(demo: record.Demo, environment: dict[str, str]) -> Service:
    port = demo.app_url.rsplit(":", 1)[1]
    return Service(
        "web",
        (
            *(sys.executable, "-m", "uvicorn", "--factory", "clique_app.clique_app:app"),
            *("--host", "127.0.0.1", "--port", port, "--no-access-log", "--timeout-graceful-shutdown", "3"),
        ),
        healthy=lambda: _answers(f"http://127.0.0.1:{port}/health/ready"),
        environment={
            **environment,
            "__REFLEX_SKIP_COMPILE": "true",
            "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
            "REFLEX_ENV_MODE": "prod",
            "REFLEX_OPLOCK_ENABLED": "true",
            "REFLEX_TELEMETRY_ENABLED": "false",
        },
    )


def _workers(supervisor: Supervisor, environment: dict[str, str]) -> tuple[Service, ...]:
    # imports take minutes; what a person waits for has a pool of its own
    return (
        _worker(supervisor, environment, "worker", ("webhooks", "actions", "analysis")),
        _worker(supervisor, environment, "importer", ("sync", "history")),
    )


def _worker(supervisor: Supervisor, environment: dict[str, str], name: str, queues: tuple[str, ...]) -> Service:
    return Service(
        name,
        (sys.executable, "-m", "dramatiq", "tasks", "--processes", "1", "--threads", "4", "--queues", *queues),
        healthy=lambda: "ready for action" in supervisor.log(name).read_text(errors="replace"),
        environment=environment,
    )


def _scheduler(environment: dict[str, str]) -> Service:
    return Service("scheduler", (sys.executable, "-m", "tasks.schedule"), healthy=_lives(1.0), environment=environment)


@lru_cache(maxsize=1)
def _http() -> httpx.Client:
    """One for all questions: each new one would read all the authorities that the system trusts."""
    return httpx.Client(timeout=2, trust_env=False)


def _answers(url: str) -> bool:
    try:
        return _http().get(url).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _lives(seconds: float) -> Callable[[], bool]:
    """Healthy once it has run for a moment: for a program that listens nowhere."""
    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until


def _write(demo: record.Demo, supervisor: Supervisor) -> None:
    demo.services = [
        {
            "name": name,
            "pid": entry.process.pid,
            "started_at": entry.started_at,
            "restarts": entry.restarts,
            "log": str(supervisor.log(name)),
        }
        for name, entry in supervisor.running.items()
    ]
    record.write_private(record.record_path(), asdict(demo))
