"""Makes .venv from a hashed lock, or sees that it is made. Run by make with the machine's own Python, by path."""

import ast
import hashlib
import os
import subprocess
import sys
import time
import venv
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
VENV = PROJECT / ".venv"
SETS = ("demo", "dev")  # each holds the one before
UV_NAMES = {  # uv's variable for each of pip's settings
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "cert": "SSL_CERT_FILE",
}


def wanted(name: str) -> str:
    """What the environment must have been made from."""
    sources = [PROJECT / "requirements" / f"{name}.txt", PROJECT / "pyproject.toml"]
    return hashlib.sha256(sys.version.encode() + b"".join(path.read_bytes() for path in sources)).hexdigest()


def installed(name: str) -> bool:
    stamp = VENV / f"installed-{name}"
    return stamp.exists() and stamp.read_text() == wanted(name)


def like_pip(config: str) -> dict[str, str]:
    """What tells uv where and how this machine gets its packages, from `pip config list`: uv does not read that."""
    found: dict[str, str] = {}
    order = ("global", "install", ":env:")  # what is said later wins
    lines = [line.partition("=") for line in config.splitlines()]
    for section in order:
        for key, _, value in lines:
            if key.startswith(f"{section}."):
                found[key.removeprefix(f"{section}.")] = " ".join(str(ast.literal_eval(value)).split())
    told = {variable: found[key] for key, variable in UV_NAMES.items() if found.get(key)}
    if "UV_FIND_LINKS" in told:
        told["UV_FIND_LINKS"] = told["UV_FIND_LINKS"].replace(" ", ",")
    return {**told, "UV_INDEX_STRATEGY": "unsafe-best-match"}  # as pip: any index may have it, the hash says what it is


def install(name: str) -> None:
    """Installs the set with uv, which takes a tenth of pip's time; with pip where uv is not to be had or cannot."""
    started = time.monotonic()
    print(f"  Python packages from requirements/{name}.txt (once; up to a minute) ...", flush=True)
    if not (VENV / "bin" / "python").exists():
        venv.create(VENV, with_pip=True)
    python = str(VENV / "bin" / "python")
    # most modules are never imported; the others are compiled when they are
    pip = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-compile"]
    uv = [str(VENV / "bin" / "uv"), "pip", "install", "-q", "--python", python]
    locked = ["--no-deps", "--require-hashes", "-r"]
    config = subprocess.run([*pip[:3], "config", "list"], capture_output=True, text=True, check=True).stdout
    environment = {**os.environ, **like_pip(config)}

    def tried(command: list[str]) -> bool:
        return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, check=False).returncode == 0

    if not (tried([*pip, *locked, "requirements/uv.txt"]) and tried([*uv, *locked, f"requirements/{name}.txt"])):
        subprocess.run([*pip, *locked, f"requirements/{name}.txt"], cwd=PROJECT, check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "-e", "."], cwd=PROJECT, check=True)
    (VENV / f"installed-{name}").write_text(wanted(name))
    print(f"  Python packages are there after {time.monotonic() - started:.0f} s", flush=True)


def main() -> None:
    if sys.version_info < (3, 11):
        sys.exit(
            f"Clique needs Python 3.11 or newer; this is {sys.version.split()[0]}. Try: make PYTHON=python3.12 demo"
        )
    name = sys.argv[1]
    if not any(installed(larger) for larger in SETS[SETS.index(name) :]):
        try:
            install(name)
        except subprocess.CalledProcessError as error:
            sys.exit(f"Setting up failed: `{' '.join(error.cmd)}` ended with {error.returncode}; the reason is above.")


if __name__ == "__main__":
    main()
