"""The web app's static frontend: built once per state of the sources, published per port.

Reflex bakes the port into the bundle, so a build is made for one port and a copy is served with another put in;
a running demo keeps serving its copy while the next one is built. `python -m clique_app.demo.frontend` builds.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from clique_app.demo.folders import BUILT, PROJECT, tool_path

BAKED_PORT = 8080
WEB = PROJECT / ".web"
PUBLISHED = BUILT / "frontend"
KEPT_BUILDS = 3  # a running demo serves from one of them
_SERVED = ("build/client", "backend", "routes.json", "reflex.json", "env.json")
_NOT_IN_PAGES = ("clique_app/sandbox", "clique_app/demo", "assets/external")
_NOWHERE = {  # building imports the app, which wants its settings; it must not reach anything
    "DATABASE_URL": "postgresql://127.0.0.1:1/none",
    "REDIS_URL": "",
    "SHOPIFY_API_KEY": "none",
    "SHOPIFY_API_SECRET": "none",
    "SHOPIFY_APP_URL": f"http://localhost:{BAKED_PORT}",
    "ENCRYPTION_KEYS": "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "SESSION_SECRET": "none-none-none-none-none-none-none",
    "POLARIS_URL": "",
    "CLIQUE_APP_PORT": str(BAKED_PORT),
    "REFLEX_USE_NPM": "1",
    "REFLEX_TELEMETRY_ENABLED": "false",
    "REFLEX_CHECK_LATEST_VERSION": "false",
    "npm_config_omit_lockfile_registry_resolved": "true",
    "npm_config_update_notifier": "false",
    "npm_config_audit": "false",
    "npm_config_fund": "false",
}


def source_key() -> str:
    """A hash of all that the built pages depend on."""
    digest = hashlib.sha256()
    # of reflex.lock/ the lock alone: Reflex writes the package.json beside it anew with each build
    sources = [PROJECT / name for name in ("rxconfig.py", "requirements/app.txt", "reflex.lock/package-lock.json")]
    for folder in ("clique_app", "assets"):
        sources += [path for path in (PROJECT / folder).rglob("*") if path.is_file()]
    for path in sorted(sources):
        name = path.relative_to(PROJECT).as_posix()
        if path.exists() and not name.startswith(_NOT_IN_PAGES) and "__pycache__" not in name:
            digest.update(f"{name}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def build(key: str) -> Path:
    """The served files of this state of the sources, built if nobody has yet."""
    target = PUBLISHED / key / str(BAKED_PORT)
    PUBLISHED.mkdir(parents=True, exist_ok=True)
    with (PUBLISHED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one build at a time: they share .web
        if target.exists():
            return target
        shutil.rmtree(WEB / "build", ignore_errors=True)
        subprocess.run(
            [sys.executable, "-m", "reflex", "export", "--no-zip"],
            cwd=PROJECT,
            env={**os.environ, **_NOWHERE, "PATH": tool_path(), "REFLEX_DIR": str(BUILT / "reflex")},
            stdin=subprocess.DEVNULL,
            check=True,
        )
        partial = PUBLISHED / f"{key}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        for name in _SERVED:
            source, copy = WEB / name, partial / str(BAKED_PORT) / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, copy)
            elif source.exists():
                shutil.copy2(source, copy)
        partial.replace(target.parent)
        builds = sorted((path for path in PUBLISHED.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
        for former in builds[:-KEPT_BUILDS]:
            shutil.rmtree(former, ignore_errors=True)
    return target


def is_built(key: str) -> bool:
    return (PUBLISHED / key / str(BAKED_PORT)).exists()


def publish(key: str, port: int) -> Path:
    """The built files for a port: what REFLEX_WEB_WORKDIR of the web process is set to."""
    built, target = PUBLISHED / key / str(BAKED_PORT), PUBLISHED / key / str(port)
    if not target.exists():
        partial = target.with_suffix(f".{os.getpid()}")
        shutil.copytree(built, partial)
        baked, wanted = f"localhost:{BAKED_PORT}".encode(), f"localhost:{port}".encode()
        for path in partial.rglob("*"):
            if path.is_file():
                packed = path.suffix == ".gz"
                content = gzip.decompress(path.read_bytes()) if packed else path.read_bytes()
                if baked in content:
                    content = content.replace(baked, wanted)
                    path.write_bytes(gzip.compress(content) if packed else content)
        partial.replace(target)
    return target


if __name__ == "__main__":
    build(source_key())
