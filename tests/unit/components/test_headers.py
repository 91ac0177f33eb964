"""What every answer carries, and the script every document starts with."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from clique_app.endpoints.boot import boot_script
from clique_app.endpoints.security import Edge, frame_policy
from clique_app.settings import settings

ADMIN = "https://admin.shopify.com"


def client(tmp_path: Path) -> TestClient:
    def page(_request: Request) -> Response:
        return HTMLResponse("<p>", headers={"x-frame-options": "DENY"})

    inner = Starlette(
        routes=[
            Route("/", page),
            Route("/assets/a-1.js", lambda _r: PlainTextResponse("1")),
            Route("/public", lambda _r: HTMLResponse("<p>", headers={"content-security-policy": "default-src 'none'"})),
            Route("/own", lambda _r: JSONResponse({}, headers={"cache-control": "no-store"})),
        ]
    )
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets/inter-latin-wght-normal-x.woff2").write_bytes(b"")
    return TestClient(Edge(inner, {"/hook": PlainTextResponse("raw")}, settings(), tmp_path))


def test_a_document_is_framed_by_its_stores_admin_only(tmp_path: Path) -> None:
    headers = client(tmp_path).get("/?shop=North-1.myshopify.com").headers
    assert headers["content-security-policy"].startswith(f"frame-ancestors https://north-1.myshopify.com {ADMIN};")
    assert "x-frame-options" not in headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "origin"
    assert headers["cache-control"] == "no-cache"
    assert "inter-latin" in headers["link"]


def test_a_public_page_keeps_its_own_policy_and_is_told_to_load_nothing(tmp_path: Path) -> None:
    headers = client(tmp_path).get("/public").headers
    assert headers["content-security-policy"] == "default-src 'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert "link" not in headers


@pytest.mark.parametrize(
    "query",
    [
        b"",
        b"shop=evil.example",
        b"shop=a.myshopify.com.evil.example",
        b"shop=*.myshopify.com",
        b"shop=a.myshopify.com%0d%0ax:y",
        b"shop=a.myshopify.com;%20https://evil.example",
        b"shop=\xff",
    ],
)
def test_a_shop_that_is_none_adds_nothing(query: bytes) -> None:
    assert frame_policy(query, ADMIN) == f"frame-ancestors {ADMIN}; base-uri 'self'; object-src 'none'"


def test_built_files_are_kept_for_ever_and_missing_ones_are_not(tmp_path: Path) -> None:
    web = client(tmp_path)
    assert "immutable" in web.get("/assets/a-1.js").headers["cache-control"]
    assert web.get("/assets/gone.js").headers["cache-control"] == "no-cache"
    assert web.get("/own").headers["cache-control"] == "no-store"


def test_a_raw_endpoint_is_reached_ahead_of_routing(tmp_path: Path) -> None:
    assert client(tmp_path).get("/hook").text == "raw"


def test_the_boot_script_writes_app_bridge_first_and_the_stand_in_only_without_polaris() -> None:
    script = boot_script(settings().model_copy(update={"polaris_url": ""}))
    assert script.index("app-bridge.js") < script.index("polaris-lite.js") < script.index("clique-elements.js")
    assert settings().shopify_api_key in script
    real = boot_script(settings().model_copy(update={"polaris_url": "https://cdn.shopify.com/p.js"}))
    assert "polaris-lite" not in real


def test_the_boot_script_cannot_be_broken_out_of() -> None:
    script = boot_script(settings().model_copy(update={"shopify_api_key": '"></script><script>alert(1)</script>'}))
    assert "<script>alert" not in script
    assert "\\u003cscript>alert" not in script
