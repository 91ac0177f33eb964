"""Makes .venv from a hashed lock, or sees that it is made. Run by make with the machine's own Python, by path."""

import hashlib
import subprocess
import sys
import time
import venv
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
VENV = PROJECT / ".venv"
SETS = ("demo", "dev")  # each holds the one before


def wanted(name: str) -> str:
    """What the environment must have been made from."""
    sources = [PROJECT / "requirements" / f"{name}.txt", PROJECT / "pyproject.toml"]
    return hashlib.sha256(sys.version.encode() + b"".join(path.read_bytes() for path in sources)).hexdigest()


def installed(name: str) -> bool:
    stamp = VENV / f"installed-{name}"
    return stamp.exists() and stamp.read_text() == wanted(name)


def install(name: str) -> None:
    """Installs the set; pip is quiet and reads the machine's own configuration."""
    started = time.monotonic()
    print(f"  Python packages from requirements/{name}.txt (once; about a minute) ...", flush=True)
    if not (VENV / "bin" / "python").exists():
        venv.create(VENV, with_pip=True)
    python = str(VENV / "bin" / "python")
    pip = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-compile"]
    subprocess.run([*pip, "--require-hashes", "-r", f"requirements/{name}.txt"], cwd=PROJECT, check=True)
    # pip would compile on one core; a package's file for another Python, which cannot be compiled, is none of ours
    subprocess.run([python, "-m", "compileall", "-qq", "-j", "0", str(VENV / "lib")], cwd=PROJECT, check=False)
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
