"""Shopify with one finished export: `python -m tests.bench.export_server PORT FILE ORDERS LINES`."""

from __future__ import annotations

import json
import shutil
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from clique_app.settings import SHOPIFY_API_VERSION


def serve(port: int, file: Path, orders: int, lines: int) -> None:
    export = {
        "id": "gid://shopify/BulkOperation/1",
        "status": "COMPLETED",
        "errorCode": None,
        "objectCount": str(lines),
        "rootObjectCount": str(orders),
        "url": f"http://127.0.0.1:{port}/file",
        "partialDataUrl": None,
    }

    class Shopify(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["query"]
            data: dict[str, Any] = {"bulkOperation": export}
            if "OrderCount" in query:
                data = {"count": {"count": orders, "precision": "EXACT"}}
            body = json.dumps({"data": data}).encode()
            self.begin(len(body), "application/json")
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.begin(file.stat().st_size, "application/jsonl")
            with file.open("rb") as content:
                shutil.copyfileobj(content, self.wfile, 1 << 20)

        def begin(self, size: int, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(size))
            self.send_header("X-Shopify-API-Version", SHOPIFY_API_VERSION)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    ThreadingHTTPServer(("127.0.0.1", port), Shopify).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
