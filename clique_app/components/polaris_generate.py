"""Writes components/polaris.py from Shopify's own list of elements: python -m clique_app.components.polaris_generate

The list (custom-elements.json of @shopify/polaris-types) carries no licence, so it is fetched at build time and only
our own wrappers of the elements we use are kept.
"""

from __future__ import annotations

import json
import keyword
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

VERSION = "1.1.0"
MANIFEST = Path(".clique/vendor/polaris/custom-elements.json")
TARGET = Path(__file__).with_name("polaris.py")
USED = (
    "s-badge",
    "s-banner",
    "s-button",
    "s-checkbox",
    "s-icon",
    "s-link",
    "s-money-field",
    "s-number-field",
    "s-option",
    "s-progress",
    "s-select",
    "s-spinner",
    "s-switch",
    "s-text-field",
)
_RESERVED = {"id", "children", "style", "key", "tag"}  # Reflex's own on every component

_HEAD = '''"""Polaris in Reflex. Written by polaris_generate from polaris-types {version}; do not edit."""

from __future__ import annotations

import reflex as rx
from reflex.event import checked_input_event, input_event
from reflex_components_core.el.element import Element


class PolarisElement(Element):
    """A custom element: its hyphenated name must not become a JavaScript identifier."""

    slot: rx.Var[str]

    def _get_tag_name(self) -> str:
        return f'"{{(self.tag or "").replace("_", "-")}}"'
'''


def manifest() -> dict[str, dict[str, Any]]:
    """Shopify's elements by tag; fetched from npm the first time."""
    if not MANIFEST.exists():
        _fetch()
    declarations = [d for m in json.loads(MANIFEST.read_text())["modules"] for d in m.get("declarations", [])]
    return {d["tagName"]: d for d in declarations if d.get("tagName")}


def _fetch() -> None:
    npm = Path(sys.executable).with_name("npm")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [npm if npm.exists() else "npm", "pack", "--silent", f"@shopify/polaris-types@{VERSION}"],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
            member = archive.extractfile("package/dist/custom-elements.json")
            assert member is not None
            MANIFEST.parent.mkdir(parents=True, exist_ok=True)
            MANIFEST.write_bytes(member.read())


def properties(declaration: dict[str, Any]) -> dict[str, str]:
    """Attribute name as React sets it, with the Python type of its value."""
    camel = {m["name"].lower(): m for m in declaration.get("members", [])}
    found: dict[str, str] = {}
    for attribute in declaration.get("attributes", []):
        member = camel.get(attribute["name"], attribute)
        text = str((member.get("type") or attribute.get("type") or {}).get("text", ""))
        name = member["name"]
        if name in _RESERVED or name.startswith("default"):
            continue
        found[name] = "bool" if "boolean" in text else "int | float" if text == "number" else "str"
    return found


def snake(name: str) -> str:
    """accessibilityLabel to accessibility_label; a Python keyword gets an underscore."""
    snaked = re.sub(r"(?<=[a-z0-9])([A-Z])", lambda m: "_" + m[1].lower(), name)
    return f"{snaked}_" if keyword.iskeyword(snaked) else snaked


def _class(tag: str, declaration: dict[str, Any]) -> str:
    name = "S" + "".join(part.capitalize() for part in tag.split("-")[1:])
    lines = [f'class {name}(PolarisElement):\n    """<{tag}>"""\n', f'    tag = "{tag.replace("-", "_")}"']
    props = properties(declaration)
    lines += [f"    {snake(p)}: rx.Var[{kind}]" for p, kind in sorted(props.items())]
    spec = "checked_input_event" if "checked" in props else "input_event"
    events = [e["name"] for e in declaration.get("events", []) if e["name"] in {"change", "input"}]
    lines += [f"    on_{event}: rx.EventHandler[{spec}]" for event in events]
    return "\n".join(lines) + f"\n\n\n{name[0].lower()}_{snake(name[1:]).lower().lstrip('_')} = {name}.create\n"


def source() -> str:
    """The text of polaris.py."""
    elements = manifest()
    return "\n\n".join([_HEAD.format(version=VERSION), *(_class(tag, elements[tag]) for tag in USED)])


if __name__ == "__main__":
    TARGET.write_text(source())
