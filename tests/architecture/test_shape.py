"""The shape of the code: where effects may be, how long a file may grow, what names say."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*(ROOT / "clique_app").rglob("*.py"), *(ROOT / "tasks").rglob("*.py")])
FEATURES = ("attribution", "customers", "metrics", "recommendations", "actions", "imports", "sync", "site", "warehouse")
EFFECTS = ("sqlmodel", "httpx", "redis", "psycopg", "facebook_business", "dramatiq", "clique_app.database")
EDGES_INSIDE_FEATURES = {"execute.py"}  # opens its own transactions: money is never changed inside an open one
LONGEST = 500
GENERATED = {"polaris.py"}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def inside(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


PURE = [
    path
    for path in SOURCES
    if path.parts[len(ROOT.parts)] == "clique_app"
    and path.parts[len(ROOT.parts) + 1] in FEATURES
    and not path.name.endswith("service.py")
    and path.name not in EDGES_INSIDE_FEATURES
]


@pytest.mark.parametrize("path", PURE, ids=inside)
def test_only_services_touch_the_world(path: Path) -> None:
    touched = {name for name in imported(path) if name.startswith(EFFECTS)}
    # a source's protocol names the session it is given, no more
    assert not touched or path.name == "source.py", f"{inside(path)} imports {touched}"


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name not in GENERATED], ids=inside)
def test_a_file_can_be_read_at_one_go(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST


@pytest.mark.parametrize("path", SOURCES, ids=inside)
def test_names_say_what_a_file_is_about(path: Path) -> None:
    assert path.stem not in {"utils", "helpers", "common", "constants", "misc", "base_service"}


@pytest.mark.parametrize("path", SOURCES, ids=inside)
def test_only_the_clock_asks_the_time(path: Path) -> None:
    if path.name == "clock.py" or "sandbox" in path.parts or "demo" in path.parts:
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}:
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            assert owner not in {"datetime", "date"}, f"{inside(path)}:{node.lineno}"


@pytest.mark.parametrize("path", SOURCES, ids=inside)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    text = path.read_text()
    assert not text.strip() or ast.get_docstring(ast.parse(text)), inside(path)
