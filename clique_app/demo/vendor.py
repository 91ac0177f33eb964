"""Published data that Clique reads but does not own, fetched once by npm: platform schema, elements, axe."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from clique_app.demo.folders import VENDOR, tool_path
from clique_app.errors import CliqueError


@dataclass(frozen=True)
class Vendored:
    """One file out of an npm package, pinned by what is in it."""

    package: str
    member: str
    target: str
    sha256: str

    @property
    def path(self) -> Path:
        return VENDOR / self.target

    def present(self) -> bool:
        return self.path.exists() and hashlib.sha256(self.path.read_bytes()).hexdigest() == self.sha256


VENDORED = (
    Vendored(
        "@shopify/dev-mcp@1.16.0",
        "package/dist/data/admin_2026-07.json.gz",
        "shopify/admin_2026-07.json.gz",
        "5bcde995c89c59acdb2ee494378d96f45ce7378a16ec829a74b71d696a08ef19",
    ),
    Vendored(
        "@shopify/polaris-types@1.1.0",
        "package/dist/custom-elements.json",
        "polaris/custom-elements.json",
        "a05bc56167990ae17358ae2b1dcfdc2dbd019639c99cbcd64886223f3eac0a6f",
    ),
    Vendored(
        "axe-core@4.12.1",
        "package/axe.min.js",
        "axe.min.js",
        "66a8aaa95a8b044a7fd74a5435873bf04ff65a1ca75567c921b7509742085a14",
    ),
)


def fetch_missing() -> int:
    """Fetches what is not there yet, side by side; the number of files fetched."""
    missing = [item for item in VENDORED if not item.present()]
    with ThreadPoolExecutor() as pool:
        list(pool.map(_fetch, missing))
    return len(missing)


def _fetch(item: Vendored) -> None:
    with tempfile.TemporaryDirectory(prefix="clique-") as folder:
        packed = subprocess.run(
            ["npm", "pack", item.package, "--silent", "--pack-destination", folder],
            cwd=folder,
            env={**os.environ, "PATH": tool_path()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        archives = list(Path(folder).glob("*.tgz"))
        if packed.returncode or not archives:
            raise CliqueError(f"npm could not fetch {item.package}:\n{(packed.stderr or packed.stdout).strip()}")
        with tarfile.open(archives[0]) as archive:
            member = archive.extractfile(item.member)
            content = member.read() if member else b""
    if hashlib.sha256(content).hexdigest() != item.sha256:
        raise CliqueError(f"{item.member} of {item.package} is not the file Clique was built for; nothing was kept.")
    item.path.parent.mkdir(parents=True, exist_ok=True)
    partial = item.path.with_suffix(f".{os.getpid()}.partial")
    partial.write_bytes(content)
    partial.replace(item.path)
