"""The how-to shows what a channel costs by the one that was added by it: this keeps it true."""

import re
import subprocess
from pathlib import Path

from clique_app.integrations.shopify.touches import CLICK_IDS

ROOT = Path(__file__).parents[2]
HOW_TO = (ROOT / "docs/how-to/add-a-channel.md").read_text()
LISTED = re.findall(r"^ (\S+)\s+\| +\d+ \+", HOW_TO, re.MULTILINE)
FOLDERS = ("clique_app/integrations/pinterest/", "clique_app/sandbox/pinterest/")
ENTRIES = ("clique_app/integrations/registry.py", "clique_app/sandbox/platforms.py")
PRODUCT = ("clique_app", "tasks", "alembic", "extensions")
PIXEL = ROOT / "extensions/clique-pixel/src/index.js"


def product_files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *PRODUCT],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def test_the_files_of_the_diff_exist_and_are_all_there_are() -> None:
    assert [name for name in LISTED if not (ROOT / name).exists()] == []
    shown = {name for name in LISTED if name.startswith("clique_app/")}
    assert shown == {*ENTRIES, *(name for name in product_files() if name.startswith(FOLDERS))}


def test_no_other_product_file_knows_the_channel() -> None:
    knowing = {name for name in product_files() if "pinterest" in (ROOT / name).read_text(errors="ignore").lower()}
    assert {name for name in knowing if not name.startswith(FOLDERS)} == set(ENTRIES)


def test_the_lines_of_the_diff_are_the_lines_of_the_files() -> None:
    added = re.findall(r"^\+(?!\+)(.+)$", HOW_TO, re.MULTILINE)
    assert added
    entries = "\n".join((ROOT / name).read_text() for name in ENTRIES)
    for line in added:
        tuples = re.search(r"= \((.*)\)", line)  # more channels may stand in a registry by now
        assert line in entries or (tuples and all(f"{one}" in entries for one in re.split(r",\s*", tuples[1]) if one))


def test_the_pixel_is_told_which_click_ids_there_are_and_knows_none() -> None:
    assert CLICK_IDS
    assert not any(name in PIXEL.read_text() for name in CLICK_IDS)
