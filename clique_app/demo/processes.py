"""A small supervisor: starts services, waits until they answer, restarts what ends, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from clique_app.demo import guard
from clique_app.errors import CliqueError

RESTART_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
SETTLED_SECONDS = 30.0  # a service that lived this long starts again with the shortest pause
SERVERS, APPS = 0, 1  # tiers: apps are stopped first


class StartFailed(CliqueError):
    """A service did not come up; the message carries the end of its log."""


@dataclass(frozen=True)
class Service:
    """A program that has to run all the time."""

    name: str
    command: tuple[str, ...]
    healthy: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    tier: int = APPS
    stop_signal: signal.Signals = signal.SIGTERM
    prepare: Callable[[], None] | None = None  # in the child, before the program
    start_seconds: float = 90.0
    advice: str = "The log says why; `clique doctor` checks the machine."


@dataclass
class Running:
    """A started service and its history."""

    service: Service
    process: subprocess.Popen[bytes]
    started_at: float
    restarts: int = 0
    failures: int = 0
    restart_at: float | None = None


class Supervisor:
    """Owns the processes. Use one, from the main thread; `stop` and the death of this process end all of them."""

    def __init__(self, logs: Path, cwd: Path, *, hold: tuple[int, ...] = ()) -> None:
        """`hold` are file descriptors (a lock) that stay open until the last process is gone."""
        logs.mkdir(parents=True, exist_ok=True)
        for former in logs.glob("*.log"):
            former.replace(former.with_suffix(".log.1"))
        self.logs, self.cwd, self.hold = logs, cwd, hold
        self.running: dict[str, Running] = {}
        self._guard = self._start_guard()

    def start(self, *services: Service) -> None:
        """Starts services side by side and returns when all are healthy."""
        self.launch(*services)
        self.wait(*services)

    def launch(self, *services: Service) -> None:
        """Starts services side by side and returns at once."""
        for service in services:
            self.running[service.name] = Running(service, self._spawn(service), time.time())

    def wait(self, *services: Service, until: Callable[[], bool] | None = None) -> None:
        """Returns when launched services are healthy, or `until` holds; fails where one ends or takes too long."""
        waiting = {service.name: time.monotonic() + service.start_seconds for service in services}
        while waiting:
            for name, latest in list(waiting.items()):
                entry = self.running[name]
                if entry.process.poll() is not None:
                    raise self._failed(entry.service, f"ended with {entry.process.returncode}")
                if (until or entry.service.healthy)():
                    del waiting[name]
                elif time.monotonic() > latest:
                    raise self._failed(entry.service, f"gave no answer in {entry.service.start_seconds:.0f} s")
            time.sleep(0.05 if waiting else 0)

    def begin(self, name: str, command: tuple[str, ...], environment: Mapping[str, str]) -> Running:
        """Starts a task that ends by itself."""
        task = Service(name, command, healthy=lambda: False, environment=environment)
        return Running(task, self._spawn(task), time.time())

    def finish(self, task: Running) -> None:
        """Waits for a task and fails if it failed."""
        if task.process.wait():
            raise self._failed(task.service, f"ended with {task.process.returncode}")
        self._forget(task)

    def tend(self) -> bool:
        """Restarts what has ended, each with a growing pause. True if anything changed."""
        changed = False
        if self._guard.poll() is not None:
            self._guard = self._start_guard()
            for entry in self.running.values():
                self._announce(self._pipe(), "+", entry.service, entry.process.pid)
        for entry in self.running.values():
            if entry.restart_at is None and entry.process.poll() is not None:
                self._forget(entry)
                settled = time.time() - entry.started_at > SETTLED_SECONDS
                entry.failures = 0 if settled else entry.failures + 1
                pause = RESTART_SECONDS[min(entry.failures, len(RESTART_SECONDS) - 1)]
                entry.restart_at = time.monotonic() + pause
                changed = True
            if entry.restart_at is not None and time.monotonic() >= entry.restart_at:
                entry.process, entry.started_at = self._spawn(entry.service), time.time()
                entry.restart_at, entry.restarts = None, entry.restarts + 1
                changed = True
        return changed

    def stop(self) -> None:
        """Ends all processes the way a crash of this one would: by the guard."""
        self._pipe().close()
        while self._guard.poll() is None:
            for entry in self.running.values():
                entry.process.poll()  # reaps, so that the guard sees it gone
            time.sleep(0.02)
        for entry in self.running.values():
            entry.process.wait()
        self.running.clear()

    def _start_guard(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=self.hold,
        )

    def _pipe(self) -> IO[bytes]:
        assert self._guard.stdin is not None
        return self._guard.stdin

    def _announce(self, pipe: IO[bytes], sign: str, service: Service, pid: int) -> None:
        os.write(pipe.fileno(), f"{sign} {service.tier} {pid} {int(service.stop_signal)}\n".encode())

    def _spawn(self, service: Service) -> subprocess.Popen[bytes]:
        def before_program() -> None:
            # from inside the child, so that there is no moment in which it runs unknown to the guard
            self._announce(self._pipe(), "+", service, os.getpid())
            if service.prepare:
                service.prepare()

        with self.log(service.name).open("ab") as log:
            return subprocess.Popen(
                service.command,
                cwd=self.cwd,
                # what one process has compiled the next ones read, whatever the shell that started them prefers
                env={**os.environ, **service.environment, "PYTHONDONTWRITEBYTECODE": ""},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=before_program,  # this process has one thread
            )

    def _forget(self, entry: Running) -> None:
        guard.kill_group(entry.process.pid)  # children that outlived their leader
        self._announce(self._pipe(), "-", entry.service, entry.process.pid)

    def log(self, name: str) -> Path:
        """The log file of a service."""
        return self.logs / f"{name}.log"

    def _failed(self, service: Service, what: str) -> StartFailed:
        log = self.log(service.name)
        last = "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-15:])
        return StartFailed(f"{service.name} {what}. The last lines of {log}:\n{last}\n{service.advice}")
