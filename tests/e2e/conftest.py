"""The real demo, started as a person would, and a browser on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from clique_app.demo.servers import free_port
from tests.conftest import GIVEN

PROJECT = Path(__file__).resolve().parents[2]
CHROMIUM_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]


@pytest.fixture(scope="session")
def demo_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A state folder of its own: the developer's demo is left alone."""
    return {**GIVEN, "CLIQUE_STATE_DIR": str(tmp_path_factory.mktemp("demo"))}


@pytest.fixture(scope="session")
def demo(demo_environment: dict[str, str]) -> Iterator[dict[str, Any]]:
    """`clique demo --detach`; what it wrote to demo.json."""
    clique = [sys.executable, "-m", "clique_app.cli", "demo"]
    started = subprocess.run(
        [*clique, "--detach", "--port", str(free_port())],
        cwd=PROJECT,
        env=demo_environment,
        capture_output=True,
        text=True,
    )
    assert started.returncode == 0, started.stdout + started.stderr
    yield json.loads((Path(demo_environment["CLIQUE_STATE_DIR"]) / "demo.json").read_text())
    subprocess.run([*clique, "stop"], cwd=PROJECT, env=demo_environment, check=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; without it these tests are skipped on a developer's machine and fail in CI."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        reason = "Chromium is not on the PATH: install it to run the browser tests"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh browser context at 1280 wide."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()
