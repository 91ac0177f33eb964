"""A Graph API that says what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import stamina

from clique_app.settings import settings


@dataclass
class Answer:
    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False
    cut_at: int | None = None


@dataclass
class Asked:
    method: str
    path: str
    params: dict[str, str]


class Graph:
    """Answers by path (without version); a list is used up one by one, its last stays."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: dict[str, Any] = {}
        self.asked: list[Asked] = []

    def paths(self) -> list[str]:
        return [call.path for call in self.asked]

    def take(self, call: Asked) -> Answer:
        self.asked.append(call)
        found = self.answers.get(call.path, Answer({"error": {"message": f"no {call.path}", "code": 100}}, 400))
        if callable(found):
            found = found(call)
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        return found if isinstance(found, Answer) else Answer(found)


@pytest.fixture
def graph(monkeypatch: pytest.MonkeyPatch) -> Iterator[Graph]:
    scripted = Graph()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("GET")

        def do_POST(self) -> None:
            self._answer("POST")

        def _answer(self, method: str) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            params = dict(parse_qsl(parts.query)) | dict(parse_qsl(body))
            answer = scripted.take(Asked(method, parts.path.removeprefix("/v26.0/"), params))
            if answer.hang_up:
                self.connection.close()
                return
            text = json.dumps(answer.body).encode()[: answer.cut_at]
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    scripted.url = f"http://127.0.0.1:{server.server_address[1]}"
    stamina.set_testing(True, attempts=3)
    yield scripted
    stamina.set_testing(False)
    server.shutdown()
    server.server_close()


@pytest.fixture
def meta(graph: Graph, database_env: None, monkeypatch: pytest.MonkeyPatch) -> Graph:
    """The app's settings with the scripted Graph API."""
    monkeypatch.setenv("META_GRAPH_URL", graph.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    settings.cache_clear()
    return graph


@pytest.fixture
def answer() -> type[Answer]:
    return Answer


@pytest.fixture(name="page")
def page_of() -> Callable[..., dict[str, Any]]:
    return page


def page(rows: list[Any], after: str = "", *, more: bool = False) -> dict[str, Any]:
    """A page as Meta sends it."""
    paging: dict[str, Any] = {"cursors": {"before": "b", "after": after or "end"}}
    return {"data": rows, "paging": {**paging, **({"next": "https://graph/next"} if more else {})}}
