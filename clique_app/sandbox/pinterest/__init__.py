"""Pinterest's login page and API v5 over the world."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from clique_app.sandbox.config import App, Config
from clique_app.sandbox.faults import Faults
from clique_app.sandbox.pinterest import demo_ads, oauth, objects, places
from clique_app.sandbox.pinterest.errors import ApiError, invalid, not_found, too_many, trouble, unauthenticated
from clique_app.sandbox.pinterest.reports import Reports
from clique_app.sandbox.pinterest.tokens import Tokens
from clique_app.sandbox.pinterest.usage import LIMITS, Usage
from clique_app.sandbox.world import World

HANG_SECONDS = 120.0
DEFAULT_PAGE, LARGEST_PAGE = 25, 250
LIST_PARAMS = frozenset(("page_size", "bookmark", "order", "entity_statuses", "include_shared_accounts"))
MOST_AT_ONCE = 30  # changes in one call
ANYWHERE = ("http_429", "throttled", "rate_limit", "5xx", "timeout", "error_in_200", "expired_token", "revoked_token")


class Pinterest:
    """The platform: its routes, and what tests may do to it."""

    key = objects.KEY
    advertised, arrivals = demo_ads.ADVERTISED, demo_ads.ARRIVALS

    def __init__(self, world: World, faults: Faults, config: Config) -> None:
        self._world, self._faults, self._config, self._app = world, faults, config, config.apps[self.key]
        self._tokens = Tokens(config.data_dir, world.now)
        self._usage = Usage(world.now)
        self._reports = Reports(faults)

    @staticmethod
    def environment(base_url: str, app: App) -> dict[str, str]:
        return {
            "PINTEREST_APP_ID": app.app_id,
            "PINTEREST_APP_SECRET": app.secret,
            "PINTEREST_API_URL": f"{base_url}/pinterest/api",
            "PINTEREST_DIALOG_URL": f"{base_url}/pinterest/www",
        }

    def routes(self) -> Sequence[BaseRoute]:
        """Everything under /pinterest."""
        return [
            Route("/pinterest/www/oauth/", self._dialog, methods=["GET", "POST"]),
            Route("/pinterest/api/v5/{path:path}", self._api, methods=["GET", "POST", "PATCH"]),
            Route("/pinterest/files/{token}.json", self._file),
        ]

    def control_handlers(self) -> Sequence[tuple[str, str, Callable[[Request], Awaitable[Any]]]]:
        async def end_tokens(request: Request) -> Any:
            how = (await request.json())["how"]
            {"expire": self._tokens.expire_all, "revoke": self._tokens.revoke_all}[how]()
            return {"ended": how}

        async def set_quota(request: Request) -> Any:
            spec = await request.json()
            for category in [spec["category"]] if "category" in spec else LIMITS:
                self._usage.limit(category, spec.get("calls_per_minute"))
            return spec

        return [("/pinterest/tokens", "POST", end_tokens), ("/pinterest/quota", "POST", set_quota)]

    async def run(self) -> None:
        """Pinterest sends nothing by itself."""

    async def _dialog(self, request: Request) -> Response:
        return await oauth.dialog(request, self._tokens, self._config, self._app)

    async def _api(self, request: Request) -> Response:
        path = request.path_params["path"].strip("/")
        category = _category(request.method, path)
        status = 200
        try:
            done = await self._fault(request.method, path)
            self._usage.count(category)
            body = await oauth.token(request, self._tokens, self._app) if path == "oauth/token" else None
            if body is None:
                body = done or await self._answer(request, path.split("/"))
        except ApiError as error:
            body, status = error.body(), error.status
        text = json.dumps(body).encode()
        if self._faults.take(self.key, "truncated_page", path=path, method=request.method):
            text = text[: len(text) // 2]
        return Response(text, status, self._usage.headers(category, refused=status == 429), "application/json")

    async def _file(self, request: Request) -> Response:
        """A report's file lies in a store of its own, which takes its signature and nothing else."""
        found = self._reports.file(request.path_params["token"], self._world.ads, self._world.now())
        if "authorization" in request.headers or found is None:
            return Response("<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
        text = json.dumps(found).encode()
        if self._faults.take(self.key, "truncated_page", path="files", method="GET"):
            text = text[: len(text) // 2]
        return Response(text, media_type="application/json")

    async def _fault(self, method: str, path: str) -> dict[str, Any] | None:
        """Trouble that was asked for; an answer where the trouble is what it says."""
        match self._faults.take(self.key, *ANYWHERE, path=path, method=method, object=path.rpartition("/")[2]):
            case "http_429" | "throttled" | "rate_limit":
                raise too_many()
            case "5xx":
                raise trouble()
            case "timeout":
                await asyncio.sleep(HANG_SECONDS)
                raise trouble()
            case "error_in_200":
                said = trouble().body()
                return {"items": [{"data": {}, "exceptions": [said]}]} if method == "PATCH" else said
            case "expired_token":
                raise unauthenticated()
            case "revoked_token":
                self._tokens.revoke_all()
        return None

    async def _answer(self, request: Request, path: Sequence[str]) -> Any:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        ads = self._world.ads
        self._tokens.check(token)
        self._world.advance()
        match request.method, path:
            case "GET", ["user_account"]:
                self._tokens.check(token, "user_accounts:read")
                return {"account_type": "BUSINESS", **objects.OWNER}
            case "GET", ["pins", pin_id]:
                self._tokens.check(token, "pins:read", "boards:read")
                return objects.pin(ads, pin_id)
            case "GET", ["resources", "targeting", "GEO"]:
                self._tokens.check(token, "ads:read")
                return places.listed()
            case "GET", ["ad_accounts"]:
                self._tokens.check(token, "ads:read")
                return self._page(request, objects.accounts(ads))
            case _, ["ad_accounts", account_id, *rest]:
                self._tokens.check(token, "ads:write" if request.method == "PATCH" else "ads:read")
                return await self._of_account(request, account_id, rest)
        raise not_found("Resource")

    async def _of_account(self, request: Request, account_id: str, rest: Sequence[str]) -> Any:
        ads = self._world.ads
        account = objects.owned(ads, account_id)
        match request.method, rest:
            case "GET", []:
                return objects.account(account)
            case "POST", ["reports"]:
                return self._reports.start(account, await _json(request, dict), self._world.now(), request.url.path)
            case "GET", ["reports"]:
                files = f"{self._config.base_url}/pinterest/files"
                return self._reports.look(account, request.query_params.get("token", ""), files)
            case "GET", [kind] if kind in objects.KINDS:
                wanted = request.query_params.getlist("entity_statuses") or ["ACTIVE", "PAUSED"]
                nodes = [one for one in objects.of_account(ads, account_id, kind) if objects.status(one) in wanted]
                return self._page(request, [objects.shown(ads, one) for one in nodes])
            case "GET", [kind, object_id] if kind in objects.KINDS:
                return objects.shown(ads, objects.one_of(ads, account_id, kind, object_id))
            case "PATCH", [kind] if kind in objects.KINDS:
                return self._write(account_id, kind, await _json(request, list))
        raise not_found("Resource")

    def _write(self, account_id: str, kind: str, items: list[Any]) -> dict[str, Any]:
        if not 1 <= len(items) <= MOST_AT_ONCE:
            raise invalid(f"between 1 and {MOST_AT_ONCE} items are needed")
        path = f"ad_accounts/{account_id}/{kind}"
        written: list[Any] = []
        for item in items:
            named = str(item.get("id")) if isinstance(item, dict) else ""
            fault = self._faults.take(self.key, "write_ok_no_change", object=named, path=path, method="PATCH")
            written.append(objects.write(self._world, account_id, kind, item, only_say_so=fault is not None))
        return {"items": written}

    def _page(self, request: Request, rows: list[dict[str, Any]]) -> dict[str, Any]:
        asked = request.query_params
        if unknown := [name for name in asked if name not in LIST_PARAMS]:
            raise invalid(f"'{unknown[0]}' was unexpected")
        try:
            size, start = int(asked.get("page_size", DEFAULT_PAGE)), _position(asked.get("bookmark", ""))
        except ValueError:
            raise invalid("page_size or bookmark is not valid") from None
        if not 1 <= size <= LARGEST_PAGE:
            raise invalid(f"page_size must be between 1 and {LARGEST_PAGE}")
        path = request.path_params["path"]
        if self._faults.take(self.key, "empty_page", path=path, method="GET"):
            return {"items": [], "bookmark": _bookmark(start)}
        after = start + size
        return {"items": rows[start:after], "bookmark": _bookmark(after) if after < len(rows) else None}


async def _json(request: Request, kind: type) -> Any:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, kind):
        raise invalid(f"the body must be a JSON {'object' if kind is dict else 'array'}")
    return body


def _category(method: str, path: str) -> str:
    if path.endswith("/reports"):
        return "ads_analytics"
    if not path.startswith(("ad_accounts", "resources")):
        return "org_read"
    return "ads_write" if method == "PATCH" else "ads_read"


def _bookmark(position: int) -> str:
    return base64.urlsafe_b64encode(f"next:{position}".encode()).decode().rstrip("=")


def _position(bookmark: str) -> int:
    if not bookmark:
        return 0
    padded = bookmark + "=" * (-len(bookmark) % 4)
    return int(base64.urlsafe_b64decode(padded.encode()).decode().removeprefix("next:"))
