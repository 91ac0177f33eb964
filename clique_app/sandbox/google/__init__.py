"""Google's login and Google Ads over the world."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from clique_app.sandbox.config import App, Config
from clique_app.sandbox.faults import Faults
from clique_app.sandbox.google import demo_ads, writes
from clique_app.sandbox.google.errors import AdsError, bad_token, denied, exhausted, unknown_name
from clique_app.sandbox.google.fields import Scene
from clique_app.sandbox.google.login import ADWORDS, Login
from clique_app.sandbox.google.search import Search, token_of
from clique_app.sandbox.google.tokens import Tokens
from clique_app.sandbox.records import AdAccount
from clique_app.sandbox.world import World

MANAGER = "4440002222"  # an agency's, for the accounts that the person reaches through it only
OLDEST, NEWEST = 23, 26
CUSTOMER = re.compile(r"^customers/(\d+)/(googleAds|[a-zA-Z]+):(search|searchStream|mutate)$")
OPERATIONS_PER_DAY = 15_000  # of basic access
HANG_SECONDS = 120.0
RETRY_SECONDS = 30
ANYWHERE = ("http_429", "throttled", "rate_limit", "app_rate_limit", "5xx", "timeout", "expired_token", "revoked_token",
            "error_in_200")  # fmt: skip


class Google:
    """The platform: its routes and what tests may do to it."""

    key = "google"
    advertised, arrivals = demo_ads.ADVERTISED, demo_ads.ARRIVALS

    def __init__(self, world: World, faults: Faults, config: Config) -> None:
        app = config.apps["google"]
        self._world, self._faults = world, faults
        self._tokens = Tokens(config.data_dir, world.now)
        self._login = Login(app.app_id, app.secret, config.app_url, self._tokens)
        self._managed: set[str] = set()
        self._scene = Scene(world.ads, set(), {MANAGER})
        self._search = Search(world, self._scene)
        self._operations: list[datetime] = []
        self._most_operations = OPERATIONS_PER_DAY

    @staticmethod
    def environment(base_url: str, app: App) -> dict[str, str]:
        return {
            "GOOGLE_CLIENT_ID": app.app_id,
            "GOOGLE_CLIENT_SECRET": app.secret,
            "GOOGLE_ADS_URL": f"{base_url}/google/ads",
            "GOOGLE_LOGIN_URL": f"{base_url}/google/accounts",
            "GOOGLE_OAUTH_URL": f"{base_url}/google/oauth",
        }

    def routes(self) -> Sequence[BaseRoute]:
        """Everything under /google."""
        return [
            Route("/google/accounts/o/oauth2/v2/auth", self._login.dialog, methods=["GET", "POST"]),
            Route("/google/oauth/token", self._token, methods=["POST"]),
            Route("/google/oauth/tokeninfo", self._login.inspect, methods=["GET", "POST"]),
            Route("/google/ads/{path:path}", self._api, methods=["GET", "POST"]),
        ]

    def control_handlers(self) -> Sequence[tuple[str, str, Any]]:
        async def end_tokens(request: Request) -> Any:
            how = (await request.json())["how"]
            {"expire": self._tokens.expire_all, "revoke": self._tokens.revoke_all}[how]()
            return {"ended": how}

        async def manage(request: Request) -> Any:
            self._managed.add(self._world.ads.accounts[(await request.json())["account"]].account_id)
            return {"manager": MANAGER, "accounts": sorted(self._managed)}

        async def share(request: Request) -> Any:
            self._scene.shared_budgets.add((await request.json())["campaign"])
            return {"shared": sorted(self._scene.shared_budgets)}

        async def set_limits(request: Request) -> Any:
            spec = await request.json()
            self._most_operations = int(spec.get("operations_per_day") or OPERATIONS_PER_DAY)
            self._search.page_rows = int(spec.get("page_rows") or self._search.page_rows)
            self._operations.clear()
            return spec

        return [
            ("/google/tokens", "POST", end_tokens),
            ("/google/manage", "POST", manage),
            ("/google/shared_budget", "POST", share),
            ("/google/quota", "POST", set_limits),
        ]

    async def run(self) -> None:
        """Google does nothing by itself."""

    async def _token(self, request: Request) -> Response:
        if self._faults.take("google", "5xx", path="token", method="POST"):
            return JSONResponse({"error": "internal_failure"}, 503)
        return await self._login.token(request)

    async def _api(self, request: Request) -> Response:
        version, _, path = request.path_params["path"].partition("/")
        about = {"path": path, "method": request.method, "object": path}
        status, body = 200, {}
        try:
            if not re.fullmatch(rf"v({'|'.join(str(n) for n in range(OLDEST, NEWEST + 1))})", version):
                raise AdsError(404, message="The requested URL was not found on this server.")
            sent = await _json(request)
            about = {**about, "path": f"{path} {sent.get('query', '')}", "object": json.dumps(sent)}
            await self._raise_fault(about)
            self._check_token(request)
            self._count(sent)
            self._world.advance()
            body = self._answer(request, path, sent)
        except AdsError as error:
            status, body = error.status, error.body()
        if path.endswith(":searchStream"):
            body = [body]
        text = json.dumps(body).encode()
        if status == 200 and self._faults.take("google", "truncated_page", **about):
            text = text[: len(text) // 2]
        return Response(text, status, media_type="application/json; charset=UTF-8")

    def _answer(self, request: Request, path: str, sent: dict[str, Any]) -> dict[str, Any]:
        if path == "customers:listAccessibleCustomers" and request.method == "GET":
            direct = [one.account_id for one in self._world.ads.accounts_at("google") if not self._is_managed(one)]
            managers = [MANAGER] if self._clients() else []
            return {"resourceNames": [f"customers/{one}" for one in (*direct, *managers)]}
        match = CUSTOMER.match(path)
        if not match or request.method != "POST":
            raise AdsError(404, message="The requested URL was not found on this server.")
        customer, service, verb = match.groups()
        account = self._account(customer, request.headers.get("login-customer-id", ""))
        if verb == "mutate":
            return self._mutate(account, service, sent)
        if service != "googleAds":
            raise AdsError(404, message="The requested URL was not found on this server.")
        return self._page(account, sent, path)

    def _page(self, account: AdAccount, sent: dict[str, Any], path: str) -> dict[str, Any]:
        clients = self._clients() if account.account_id == MANAGER else []
        answer = self._search.page(account, clients, sent)
        about = {"path": f"{path} {sent.get('query', '')}", "method": "POST", "object": json.dumps(sent)}
        if self._faults.take("google", "empty_page", **about):
            return {
                "fieldMask": answer["fieldMask"],
                "nextPageToken": sent.get("pageToken") or self._again(account, sent),
            }
        if self._faults.take("google", "rows_dropped", **about):
            answer["results"] = answer.get("results", [])[: len(answer.get("results", [])) // 2]
        return answer

    def _again(self, account: AdAccount, sent: dict[str, Any]) -> str:
        return token_of(self._search.key_of(account, str(sent["query"])), 0)

    def _mutate(self, account: AdAccount, service: str, sent: dict[str, Any]) -> dict[str, Any]:
        if service not in writes.SERVICES:
            raise AdsError(404, message="The requested URL was not found on this server.")
        about = {"path": service, "method": "POST", "object": json.dumps(sent)}
        nothing = bool(self._faults.take("google", "write_ok_no_change", **about))
        return writes.mutate(self._world, account, service, sent, change_nothing=nothing)

    def _account(self, customer: str, through: str) -> AdAccount:
        """The account, where the person may see it in the way the call asks to."""
        if customer == MANAGER and self._clients():
            return AdAccount(MANAGER, "Northwind agency", "USD", "America/New_York", "Northwind", "", "google")
        account = self._world.ads.accounts.get(customer)
        if account is None or account.channel != "google" or not re.fullmatch(r"\d*", through):
            raise denied()
        needed = MANAGER if self._is_managed(account) else customer
        if through not in ({needed} if needed == MANAGER else {"", customer}):
            raise denied()
        return account

    def _is_managed(self, account: AdAccount) -> bool:
        return account.account_id in self._managed or not account.owner_shop

    def _clients(self) -> list[AdAccount]:
        return [account for account in self._world.ads.accounts_at("google") if self._is_managed(account)]

    def _check_token(self, request: Request) -> None:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        access = self._tokens.find(token) if kind == "Bearer" else None
        if access is None:
            raise bad_token() if token else AdsError(401)
        if ADWORDS not in access.scope.split():
            raise AdsError(403, message="Request had insufficient authentication scopes.")

    def _count(self, sent: dict[str, Any]) -> None:
        """A query is one operation however many pages it has; a write one for each object."""
        now, since = self._world.now(), self._world.now() - timedelta(days=1)
        self._operations = [at for at in self._operations if at > since]
        if not sent.get("pageToken"):
            self._operations += [now] * max(len(sent.get("operations", ())), 1)
        if len(self._operations) > self._most_operations:
            raise exhausted(retry_seconds=3600, scope="DEVELOPER", daily=True)

    async def _raise_fault(self, about: dict[str, str]) -> None:
        name = self._faults.take("google", *ANYWHERE, **about)
        match name:
            case "http_429" | "throttled" | "rate_limit":
                raise exhausted(retry_seconds=RETRY_SECONDS)
            case "app_rate_limit":
                raise exhausted(retry_seconds=RETRY_SECONDS, scope="DEVELOPER")
            case "5xx":
                raise AdsError(503)
            case "error_in_200":
                raise AdsError(500, "internalError", "INTERNAL_ERROR", "An internal error has occurred.")
            case "timeout":
                await asyncio.sleep(HANG_SECONDS)
                raise AdsError(503)
            case "expired_token":
                raise bad_token()
            case "revoked_token":
                self._tokens.revoke_all()
                raise bad_token()


async def _json(request: Request) -> dict[str, Any]:
    text = await request.body()
    if not text:
        return {}
    try:
        sent = json.loads(text)
    except ValueError:
        raise AdsError(400, message="Invalid JSON payload received.") from None
    if not isinstance(sent, dict):
        raise unknown_name("")
    return sent
