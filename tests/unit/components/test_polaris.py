"""Every Polaris tag, attribute, slot and icon we use exists in Shopify's own list, and the stand-in covers it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from clique_app.components import polaris, polaris_generate, status

ROOT = Path(__file__).resolve().parents[3]
STAND_IN = (ROOT / "assets/polaris-lite.js").read_text()
SOURCES = [
    *(ROOT / "clique_app/components").glob("*.py"),
    *(ROOT / "clique_app/pages").glob("*.py"),
    *(ROOT / "tests/kit").glob("*.py"),
]
CALL = re.compile(r"\bs_([a-z_]+)\(")


@pytest.fixture(scope="module")
def elements() -> dict[str, dict[str, Any]]:
    return polaris_generate.manifest()


def test_the_wrappers_are_what_the_list_gives() -> None:
    assert polaris_generate.TARGET.read_text() == polaris_generate.source()


def test_every_wrapper_is_of_a_listed_tag_with_listed_attributes(elements: dict[str, dict[str, Any]]) -> None:
    for tag in polaris_generate.USED:
        listed = {attribute["name"] for attribute in elements[tag]["attributes"]}
        assert {name.lower() for name in polaris_generate.properties(elements[tag])} <= listed


def test_every_tag_called_has_a_wrapper() -> None:
    called = {f"s_{name}" for path in SOURCES for name in CALL.findall(path.read_text())}
    assert called
    assert all(hasattr(polaris, name) for name in called)


def test_every_slot_used_is_listed(elements: dict[str, dict[str, Any]]) -> None:
    listed = {slot["name"] for tag in polaris_generate.USED for slot in elements[tag].get("slots", [])}
    used = {slot for path in SOURCES for slot in re.findall(r'slot="([^"]+)"', path.read_text())}
    assert used
    assert used <= listed


def test_every_icon_used_is_listed_and_drawn_by_the_stand_in(elements: dict[str, dict[str, Any]]) -> None:
    types = next(a["type"]["text"] for a in elements["s-icon"]["attributes"] if a["name"] == "type")
    used = {name for _, name in status.TONES.values() if name}
    used |= {name for path in SOURCES for name in re.findall(r'\bicon\("([a-z-]+)"', path.read_text())}
    for name in used:
        assert f'"{name}"' in types, name
        assert re.search(rf'["\s]{name}"?:\s"M', STAND_IN), name


def test_every_tone_used_is_listed(elements: dict[str, dict[str, Any]]) -> None:
    tones = next(a["type"]["text"] for a in elements["s-badge"]["attributes"] if a["name"] == "tone")
    assert all(f'"{tone}"' in tones for tone, _ in status.TONES.values())


@pytest.mark.parametrize("tag", polaris_generate.USED)
def test_the_stand_in_covers_the_tag(tag: str) -> None:
    assert f'"{tag}"' in STAND_IN
