"""Builds the gallery in a folder of its own, as the product is built: python -m tests.kit.build FOLDER"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """import runpy, sys
sys.path.insert(0, {root!r})
config = runpy.run_path({root!r} + "/rxconfig.py")["config"]
config.app_module_import = "tests.kit.app"
"""


def prepare(folder: Path) -> dict[str, str]:
    """Lay out the folder; returns the environment to build and serve with."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rxconfig.py").write_text(CONFIG.format(root=str(ROOT)))
    if not (folder / "assets").exists():
        (folder / "assets").symlink_to(ROOT / "assets")
    shutil.copytree(ROOT / "reflex.lock", folder / "reflex.lock", dirs_exist_ok=True)  # the build writes to it
    return {**os.environ, "PYTHONPATH": str(ROOT), "REFLEX_ENV_MODE": "prod", "REFLEX_TELEMETRY_ENABLED": "false"}


def build(folder: Path) -> None:
    """Compile and build the frontend."""
    subprocess.run(
        [Path(sys.executable).with_name("reflex"), "export", "--no-zip", "--frontend-only"],
        cwd=folder,
        env=prepare(folder),
        check=True,
    )


if __name__ == "__main__":
    build(Path(sys.argv[1]))
