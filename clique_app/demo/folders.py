"""Where the demo keeps things. CLIQUE_STATE_DIR moves its data; what is built or fetched once stays here."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
BUILT = PROJECT / ".clique"
VENDOR = BUILT / "vendor"


def state_dir() -> Path:
    """The folder of demo.json, the secrets, the logs and the data."""
    folder = Path(os.environ.get("CLIQUE_STATE_DIR") or BUILT).resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def tool_path() -> str:
    """PATH with the environment's own programs (node, npm, dramatiq) first."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
