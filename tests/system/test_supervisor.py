"""The supervisor keeps its services up and leaves none behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psycopg
import pytest
import redis

from clique_app.demo import servers
from clique_app.demo.processes import Service, StartFailed, Supervisor

DYING_SECONDS = 5.0  # from a kill -9 sent to a process nobody waits for until the kernel has taken it away
PROJECT = Path(__file__).resolve().parents[2]
SLEEPER_WITH_CHILD = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as stubborn as a worker in the middle of a job
if os.fork():
    open("{folder}/parent", "w").write(str(os.getpid()))
else:
    open("{folder}/child", "w").write(str(os.getpid()))
time.sleep(300)
"""


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # also gone between opening and reading
        return False
    return state != "Z"


def wait_until(true: Callable[[], bool], seconds: float = 15.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, f"not true within {seconds} s"
        time.sleep(0.05)


def sleeper(folder: Path) -> Service:
    return Service(
        "sleeper",
        (sys.executable, "-c", SLEEPER_WITH_CHILD.format(folder=folder)),
        healthy=lambda: all(written(folder / name) for name in ("parent", "child")),
    )


def written(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def pid_in(path: Path) -> int:
    return int(path.read_text())


def test_data_is_there_after_a_clean_stop_and_the_next_start(tmp_path: Path) -> None:
    for _start in range(2):
        supervisor = Supervisor(tmp_path / "logs", PROJECT)
        port, redis_port = servers.free_port(), servers.free_port()
        supervisor.start(
            servers.postgres(tmp_path / "postgres", port, "secret"),
            servers.valkey(tmp_path / "valkey", redis_port, "secret"),
        )
        pids = [entry.process.pid for entry in supervisor.running.values()]
        with psycopg.connect(servers.postgres_url(port, "secret", "postgres"), autocommit=True) as connection:
            connection.execute("create table if not exists kept (start int)")
            connection.execute("insert into kept values (1)")
            rows = connection.execute("select count(*) from kept").fetchone()
        with redis.Redis.from_url(servers.valkey_url(redis_port, "secret")) as client:
            starts = client.incr("starts")
        supervisor.stop()
        assert not any(alive(pid) for pid in pids)
    assert rows == (2,)
    assert starts == 2


def test_the_servers_refuse_a_stranger_on_the_same_machine(supervisor: Supervisor, tmp_path: Path) -> None:
    port, redis_port = servers.free_port(), servers.free_port()
    started = Supervisor(tmp_path / "logs", PROJECT)
    started.start(
        servers.postgres(tmp_path / "postgres", port, "secret"),
        servers.valkey(tmp_path / "valkey", redis_port, "secret"),
    )
    try:
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(servers.postgres_url(port, "guess", "postgres"))
        assert not servers.redis_answers(f"redis://127.0.0.1:{redis_port}/0")
    finally:
        started.stop()


def test_a_child_that_ignores_the_signal_and_its_own_child_are_gone_after_stop(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "logs", PROJECT)
    supervisor.start(sleeper(tmp_path))
    pids = [pid_in(tmp_path / "parent"), pid_in(tmp_path / "child")]
    assert all(map(alive, pids))
    supervisor.stop()
    wait_until(lambda: not any(map(alive, pids)), DYING_SECONDS)


def test_kill_9_of_the_parent_leaves_no_process(tmp_path: Path) -> None:
    program = f"""
        import sys, time
        sys.path.insert(0, {str(PROJECT)!r})
        from pathlib import Path
        from clique_app.demo import servers
        from clique_app.demo.processes import Supervisor
        from tests.system.test_supervisor import sleeper
        folder = Path({str(tmp_path)!r})
        supervisor = Supervisor(folder / "logs", Path.cwd())
        supervisor.start(
            servers.postgres(folder / "postgres", servers.free_port(), "secret"),
            servers.valkey(folder / "valkey", servers.free_port(), "secret"),
            sleeper(folder),
        )
        pids = [entry.process.pid for entry in supervisor.running.values()] + [supervisor._guard.pid]
        (folder / "pids").write_text(" ".join(map(str, pids)))
        (folder / "up").touch()
        time.sleep(300)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], cwd=PROJECT)
    wait_until((tmp_path / "up").exists, 30)
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()] + [pid_in(tmp_path / "child")]
    assert len(pids) == 5
    assert all(map(alive, pids))
    parent.kill()
    parent.wait()
    wait_until(lambda: not any(map(alive, pids)))


def test_a_crashed_service_is_started_again_and_its_orphans_are_removed(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "logs", PROJECT)
    supervisor.start(sleeper(tmp_path))
    first, orphan = pid_in(tmp_path / "parent"), pid_in(tmp_path / "child")
    os.kill(first, signal.SIGKILL)

    def healed() -> bool:
        supervisor.tend()
        return pid_in(tmp_path / "parent") != first if (tmp_path / "parent").read_text() else False

    wait_until(healed)
    wait_until(lambda: not alive(orphan), DYING_SECONDS)
    assert supervisor.running["sleeper"].restarts == 1
    supervisor.stop()
    wait_until(lambda: not alive(pid_in(tmp_path / "parent")), DYING_SECONDS)


def test_postgres_heals_after_kill_9_with_its_rows(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "logs", PROJECT)
    port = servers.free_port()
    service = servers.postgres(tmp_path / "postgres", port, "secret")
    supervisor.start(service)
    with psycopg.connect(servers.postgres_url(port, "secret", "postgres"), autocommit=True) as connection:
        connection.execute("create table kept as select 7 as number")
    os.kill(supervisor.running["postgres"].process.pid, signal.SIGKILL)

    def healed() -> bool:
        supervisor.tend()
        return supervisor.running["postgres"].restarts > 0 and service.healthy()

    wait_until(healed, 30)
    with psycopg.connect(servers.postgres_url(port, "secret", "postgres")) as connection:
        assert connection.execute("select number from kept").fetchone() == (7,)
    supervisor.stop()


def test_a_killed_guard_is_replaced_and_knows_all_children(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "logs", PROJECT)
    supervisor.start(sleeper(tmp_path))
    supervisor._guard.kill()
    supervisor._guard.wait()
    supervisor.tend()
    supervisor.stop()
    wait_until(lambda: not alive(pid_in(tmp_path / "child")), DYING_SECONDS)


def test_a_service_that_ends_at_start_shows_its_last_lines(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "logs", PROJECT)
    broken = Service("broken", (sys.executable, "-c", "raise SystemExit('no such port')"), healthy=lambda: False)
    with pytest.raises(StartFailed, match="no such port"):
        supervisor.start(broken)
    supervisor.stop()


def test_one_that_ends_while_a_sign_of_it_is_awaited_is_told(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "logs", PROJECT)
    broken = Service("broken", (sys.executable, "-c", "raise SystemExit('no such file')"), healthy=lambda: True)
    supervisor.launch(broken)
    with pytest.raises(StartFailed, match="no such file"):
        supervisor.wait(broken, until=lambda: False)
    supervisor.stop()


def test_who_calls_the_sandbox_while_it_makes_its_world_is_kept_waiting(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "logs", PROJECT)
    port, told = servers.free_port(), tmp_path / "environment.json"
    words = f"--port {port} --data {tmp_path} --app-url http://localhost:1 --api-key k --api-secret s --months 4"
    sandbox = Service("sandbox", (sys.executable, "-m", "clique_app.sandbox", *words.split()), healthy=told.exists)
    try:
        supervisor.start(sandbox)
        assert f"127.0.0.1:{port}" in json.loads(told.read_text())["META_GRAPH_URL"]
        wait_until(lambda: listens(port))
        assert not (tmp_path / "world.pickle").exists()
        answer = httpx.get(f"http://127.0.0.1:{port}/health", timeout=60, trust_env=False)
        assert answer.json()["stores"] == ["harbor-lane.myshopify.com"]
    finally:
        supervisor.stop()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
