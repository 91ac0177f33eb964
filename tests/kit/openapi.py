"""The product's endpoints as an OpenAPI 3.1 document: what each takes and answers.

Paths, what they are for, and the words they know come from the registry and from what reads the requests. Whatever
those do not tell stands in ENDPOINTS, once for each method of each path.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.routing import Route

from clique_app.advocacy.payloads import SHAPES
from clique_app.connections.install import COLLECT_PATH
from clique_app.imports.records import KINDS as FILE_KINDS
from clique_app.integrations.meta import pushes
from clique_app.integrations.registry import PLATFORMS
from clique_app.keeping import privacy_service
from clique_app.site import beacon
from clique_app.sync.topics import TOPICS
from clique_app.web_app import ENDPOINTS as ROUTES
from clique_app.web_app import RAW_ENDPOINTS
from tasks import ad_pushes
from tests.import_files import book_csv

Json = dict[str, Any]
HTML, JSON, TEXT, FORM = "text/html", "application/json", "text/plain", "application/x-www-form-urlencoded"
BYTES = "application/octet-stream"

WORD: Json = {"type": "string", "maxLength": 200}
SHOP: Json = {"type": "string", "pattern": r"^[a-z0-9][a-z0-9-]{0,30}\.myshopify\.com$"}
SECONDS: Json = {"type": "string", "pattern": r"^[0-9]{1,11}$"}
COUNT: Json = {"type": "integer", "minimum": 0}
ID: Json = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}


def words(known: Any) -> Json:
    """One of these."""
    return {"type": "string", "enum": sorted(known)}


def record(required: tuple[str, ...], **properties: Json) -> Json:
    """An object."""
    return {"type": "object", "required": list(required), "properties": properties}


@dataclass(frozen=True)
class Endpoint:
    """answers: status -> media type, "" where no body follows; two where the router may answer as well. given: what
    else a request holds, as "query name" -> schema; one that ends with "?" may be missing. proof: the header of the
    signature or token without which nothing is taken in."""

    answers: Mapping[int, str]
    given: Mapping[str, Json] = field(default_factory=dict)
    takes: tuple[str, Json] | None = None
    proof: str = ""


PROBLEM = record(("error",), error=record(("code", "message"), code=WORD, message={"type": "string"}))
ANSWERED: dict[str, Json] = {  # what JSON an endpoint answers with, where all is well
    "GET /health": record(("status",), status=words(["ok"])),
    "GET /health/ready": record(("status", "checks", "inbox"), status=words(["ok"])),
    "POST /files": record(("file_id",), file_id=ID),
    "POST /survey/link": record(("url",), url={"type": "string", "format": "uri"}),
    "POST /ingest/{kind}": record(("new", "replaced", "kept"), new=COUNT, replaced=COUNT, kept=COUNT),
}
HEADERS: dict[int, tuple[str, ...]] = {302: ("location",), 303: ("location",), 304: ("etag",)}  # an answer must have

BEACON = {
    **record(
        ("key", "consent", "kind", "path", "visitor", "id", "age_ms"),
        key={"type": "string", "pattern": "^[1-9][0-9]{0,17}-[0-9a-f]{24}$"},
        consent=words(beacon.CONSENTS),
        kind=words(beacon.KINDS - {"scrolled"}),
        path={"type": "string", "pattern": "^/[a-z0-9/]{0,200}$"},
        visitor={**WORD, "minLength": 1},
        id={**WORD, "minLength": 1},
        age_ms={"type": "integer", "minimum": 0, "maximum": 86_400_000},
        product={"type": ["integer", "null"], "minimum": 0},
        order={"type": ["integer", "null"], "minimum": 0},
        referrer=WORD,
        tags=record((), source=WORD, medium=WORD, campaign=WORD, content=WORD, id=WORD),
    ),
    "examples": [
        {"key": f"1-{'0' * 24}", "consent": "analytics", "kind": "page_viewed", "path": "/", "visitor": "v", "id": "i",
         "age_ms": 5, "tags": {"source": "meta", "campaign": "7654321"}, "referrer": "www.example.com"},
    ],
}  # fmt: skip
TOLD_AT = {"id": "1", "day": "2026-03-02"}
RECORDS = {
    "anyOf": [
        *(shape.model_json_schema() for shape in SHAPES.values()),
        record(("records",), records={"type": "array", "items": {"type": "object"}, "maxItems": 1001}),
    ],
    "examples": [  # of which the first is one of each kind at once
        {**TOLD_AT, "rating": 5, "visitors": 2, "ordered": 1, "network": "x", "impressions": 9, "engagements": 1},
        {"records": [{**TOLD_AT, "id": str(n), "rating": n} for n in range(1, 8)]},
    ],
}
CHANGE = record(("field", "value"), field=words(pushes.FIELDS), value={"type": "object"})
PUSH = record(
    ("object", "entry"),
    object=words([pushes.OBJECT]),
    entry={
        "type": "array",
        "maxItems": 3,
        "items": record(
            ("id", "time", "changes"),
            id={"type": "string", "pattern": "^[0-9]{1,15}$"},
            time={"type": "integer", "minimum": 0, "maximum": 4_000_000_000},
            changes={"type": "array", "items": CHANGE, "maxItems": 3},
        ),
    },
)
HINT = record((), **{topic.field: ID for topic in TOPICS.values()})
DELIVERY: Mapping[str, Json] = {
    "header X-Shopify-Topic": words({*TOPICS, *privacy_service.KINDS, "app/uninstalled", "app/scopes_update"}),
    "header X-Shopify-Shop-Domain": SHOP,
    "header X-Shopify-Webhook-Id": {"type": "string", "pattern": "^[!-~]{1,128}$"},
    "header X-Shopify-Triggered-At?": {"type": "string", "format": "date-time"},
    "header Shopify-Topic?": words(["Order", "Product", "InventoryLevel", "Customer"]),  # an event's family
    "header Shopify-Action?": words(["create", "update", "delete"]),
    "header Shopify-Shop-Domain?": SHOP,
    "header Shopify-Webhook-Id?": {"type": "string", "pattern": "^[!-~]{1,128}$"},
    "header Shopify-Resource-Id?": {"type": "string", "pattern": "^gid://shopify/[A-Z][a-z]{1,9}/[0-9]{1,19}$"},
}
CHANNEL = words(one.key for one in PLATFORMS)
SURVEY_LINK: Json = {"type": "string", "pattern": r"^[1-9][0-9]{0,5}\.[1-9][0-9]{0,9}\.[0-9]{10}\.[0-9a-f]{64}$"}
CODE: Mapping[str, Json] = {"query code?": WORD, "query auth_code?": WORD, "query error?": WORD}

ENDPOINTS: dict[str, Endpoint] = {
    "GET /boot.js": Endpoint({200: "text/javascript", 304: ""}, {"header If-None-Match?": WORD}),
    "GET /health": Endpoint({200: JSON}),
    "GET /health/ready": Endpoint({200: JSON, 503: JSON}),
    "GET /auth/shopify/start": Endpoint({302: "", 400: TEXT}, {"query shop": SHOP}),
    "GET /auth/shopify/callback": Endpoint(
        {302: "", 400: TEXT, 502: TEXT, 503: TEXT},
        {
            **{f"query {name}": WORD for name in ("code", "state", "hmac", "host")},
            "query shop": SHOP,
            "query timestamp": SECONDS,
            "cookie clique_install": WORD,
        },
    ),
    "GET /auth/{channel}/start": Endpoint(
        {302: "", 400: HTML, 404: HTML, 429: HTML}, {"path channel": CHANNEL, "query ticket": {"type": "string"}}
    ),
    "GET /auth/{channel}/callback": Endpoint(
        {302: "", 400: HTML, 404: HTML, 429: HTML},
        {"path channel": CHANNEL, "query state": {"type": "string"}, **CODE},
    ),
    "POST /files": Endpoint(
        dict.fromkeys((200, 400, 401, 403, 408, 413, 429, 503), JSON),
        {"query kind?": words(FILE_KINDS), "query name?": WORD},
        (BYTES, {"type": "string", "format": "binary", "examples": [book_csv()]}),
        proof="Authorization",
    ),
    "POST /survey/link": Endpoint(
        dict.fromkeys((200, 400, 401, 429), JSON),
        takes=(JSON, record(("order",), order={"anyOf": [ID, {"type": "string", "pattern": "^[1-9][0-9]{0,17}$"}]})),
        proof="Authorization",
    ),
    "OPTIONS /survey/link": Endpoint({204: ""}),
    "GET /survey/{link}": Endpoint(
        dict.fromkeys((200, 404, 410, 429), HTML),
        {"path link": SURVEY_LINK, "query sent?": WORD, "query change?": WORD},
    ),
    "POST /survey/{link}": Endpoint(
        {303: "", **dict.fromkeys((400, 404, 408, 409, 410, 413, 422, 429), HTML)},
        {"path link": SURVEY_LINK},
        (FORM, record(("nps", "heard"), nps={"type": "integer", "minimum": 0, "maximum": 10}, heard=WORD)),
    ),
    "POST /ingest/{kind}": Endpoint(
        dict.fromkeys((200, 400, 401, 404, 408, 413, 422, 429), JSON),
        {
            "path kind": words(SHAPES),
            "header X-Clique-Shop": SHOP,
            "header X-Clique-Source?": {"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,39}$"},
            "header X-Clique-Timestamp": SECONDS,
        },
        (JSON, RECORDS),
        proof="X-Clique-Signature",
    ),
    f"POST {COLLECT_PATH}": Endpoint(dict.fromkeys((204, 400, 401, 403, 413, 429, 503), ""), takes=(JSON, BEACON)),
    f"OPTIONS {COLLECT_PATH}": Endpoint({204: ""}),
    "POST /webhooks/shopify": Endpoint(
        dict.fromkeys((200, 400, 401, 413, 503), ""), DELIVERY, (JSON, HINT), proof="X-Shopify-Hmac-SHA256"
    ),
    f"GET {ad_pushes.PATH}": Endpoint(
        {200: TEXT, 403: TEXT},
        {"query hub.mode": words(["subscribe"]), "query hub.verify_token": WORD, "query hub.challenge": WORD},
    ),
    f"POST {ad_pushes.PATH}": Endpoint(
        dict.fromkeys((200, 400, 401, 413, 503), TEXT), takes=(JSON, PUSH), proof="X-Hub-Signature-256"
    ),
}


def registered() -> dict[str, Callable[..., Any]]:
    """What the product serves: "GET /path" -> what answers. A raw endpoint sees to its methods itself: "* /path"."""
    found = {f"* {path}": app for path, app in RAW_ENDPOINTS}
    for route in ROUTES:
        assert isinstance(route, Route)
        found |= {f"{method} {route.path}": route.endpoint for method in (route.methods or set()) - {"HEAD"}}
    return found


def document() -> Json:
    """The document. Its paths are the registry's."""
    served = registered()
    paths: dict[str, Json] = {}
    proofs: dict[str, Json] = {}
    for label, endpoint in ENDPOINTS.items():
        method, path = label.split(" ")
        answers_it = served.get(label) or served[f"* {path}"]
        if endpoint.proof:
            proofs[endpoint.proof] = {"type": "apiKey", "in": "header", "name": endpoint.proof}
        paths.setdefault(path, {})[method.lower()] = {
            "summary": (inspect.getdoc(answers_it) or "").partition("\n")[0],
            "parameters": _parameters(path, endpoint),
            "responses": {str(status): _answer(label, status, media) for status, media in endpoint.answers.items()},
            **({"security": [{endpoint.proof: []}]} if endpoint.proof else {}),
            **({"requestBody": _body(*endpoint.takes)} if endpoint.takes else {}),
        }
    about = {"title": "Clique", "version": "1"}
    return {"openapi": "3.1.0", "info": about, "paths": paths, "components": {"securitySchemes": proofs}}


def _parameters(path: str, endpoint: Endpoint) -> list[Json]:
    assert {f"path {name}" for name in re.findall(r"\{(\w+)\}", path)} == {
        key for key in endpoint.given if key.startswith("path ")
    }
    return [
        {"in": place, "name": name.rstrip("?"), "required": not name.endswith("?"), "schema": schema}
        for (place, name), schema in ((key.split(" "), schema) for key, schema in endpoint.given.items())
    ]


def _body(media: str, schema: Json) -> Json:
    return {"required": True, "content": {media: {"schema": schema}}}


def _answer(label: str, status: int, media: str) -> Json:
    """With what it must have: JSON of its shape, the headers of its status."""
    schema = {} if media != JSON else ANSWERED[label] if status == 200 else PROBLEM if label[0] == "P" else {}
    content = {media: {"schema": schema}} if media else {}
    if status == 404 and "{" in label:
        content[TEXT] = {"schema": {}}  # the router's, where the word of the path is none
    headers = {name: {"required": True, "schema": {"type": "string"}} for name in HEADERS.get(status, ())}
    return {"description": str(status), "content": content, "headers": headers}
