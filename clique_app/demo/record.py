"""What the demo tells others: its secrets, made once, and demo.json with the addresses of what runs."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from clique_app.demo.folders import state_dir
from clique_app.errors import CliqueError


@dataclass(frozen=True)
class Secrets:
    """Made at the first start and kept, so that what was encrypted can be read again."""

    api_key: str = field(default_factory=lambda: secrets.token_hex(16))
    api_secret: str = field(default_factory=lambda: secrets.token_hex(32))
    encryption_keys: str = field(default_factory=lambda: f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}")
    session_secret: str = field(default_factory=lambda: secrets.token_hex(32))
    postgres_password: str = field(default_factory=lambda: secrets.token_hex(16))
    valkey_password: str = field(default_factory=lambda: secrets.token_hex(16))


@dataclass
class Demo:
    """A running demo; written to demo.json."""

    app_url: str
    admin_url: str
    sandbox_url: str
    database_url: str
    redis_url: str
    store: str
    api_key: str
    api_secret: str
    pid: int
    started_at: float
    data: str
    services: list[dict[str, Any]] = field(default_factory=list)


def load_secrets() -> Secrets:
    path = state_dir() / "secrets.json"
    if path.exists():
        kept = json.loads(path.read_text())
        return Secrets(**{one.name: kept[one.name] for one in fields(Secrets) if one.name in kept})
    made = Secrets()
    write_private(path, asdict(made))
    return made


def write_private(path: Path, content: dict[str, Any]) -> None:
    """Writes JSON that only this user can read, whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=2)
    partial.replace(path)


def record_path() -> Path:
    return state_dir() / "demo.json"


def lock_path() -> Path:
    return state_dir() / "demo.lock"


def try_lock() -> int | None:
    """The lock that a demo holds until its last process is gone, as a file descriptor; None if it is held."""
    handle = os.open(lock_path(), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def running_demo() -> Demo | None:
    """The demo that runs now, if it has come up."""
    if (free := try_lock()) is not None:
        os.close(free)
        return None
    try:
        return Demo(**json.loads(record_path().read_text()))
    except FileNotFoundError:
        return None


def platforms_path(demo: Demo) -> Path:
    """Where the sandbox writes, as soon as it starts, how the app reaches the platforms beside Shopify."""
    return Path(demo.data) / "sandbox" / "environment.json"


def platforms(demo: Demo) -> dict[str, str]:
    """Where the platforms beside Shopify are and who Clique is there, as the sandbox says once it runs."""
    path = platforms_path(demo)
    return json.loads(path.read_text()) if path.exists() else {}


def environment(demo: Demo, made: Secrets) -> dict[str, str]:
    """The settings under which the app's processes run against the sandbox."""
    return {
        "DATABASE_URL": demo.database_url,
        "REDIS_URL": demo.redis_url,
        "SHOPIFY_API_KEY": made.api_key,
        "SHOPIFY_API_SECRET": made.api_secret,
        "SHOPIFY_APP_URL": demo.app_url,
        "SHOPIFY_BASE_URL": f"{demo.sandbox_url}/shopify/{{shop}}",
        "SHOPIFY_ADMIN_URL": f"{demo.sandbox_url}/admin",
        "APP_BRIDGE_URL": f"{demo.sandbox_url}/admin/app-bridge.js",
        "POLARIS_URL": "",
        **platforms(demo),
        "ENCRYPTION_KEYS": made.encryption_keys,
        "SESSION_SECRET": made.session_secret,
        "ARCHIVE_DIR": f"{demo.data}/archive",
        "CLIQUE_APP_PORT": demo.app_url.rsplit(":", 1)[1],
    }


def adopt_running_demo() -> None:
    """Gives this process the running demo's settings, where it has not its own."""
    demo = running_demo()
    if demo is not None:
        for name, value in environment(demo, load_secrets()).items():
            os.environ.setdefault(name, value)
    elif not os.environ.get("DATABASE_URL"):
        raise CliqueError("Nothing runs here: start `clique demo`, or set DATABASE_URL and the other settings.")
