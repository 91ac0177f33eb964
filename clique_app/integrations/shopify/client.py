"""One store's Admin GraphQL API: patient with limits, strict about errors, and pages that reach the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpx
import stamina

from clique_app.errors import AccessExpired, RateLimited, Rejected, Unavailable
from clique_app.integrations.hindrance import overcome
from clique_app.settings import SHOPIFY_API_VERSION, settings

PATIENCE_SECONDS = 90.0  # waited for limits in one call before the caller hears RateLimited
TIMEOUT = httpx.Timeout(30, connect=5)
REASKS = 3  # for a page that says there is more and gives nothing
REFUSALS = {
    402: "Shopify has frozen this store until its bill is paid.",
    403: "Shopify does not let Clique read this store. Reopen Clique in Shopify admin to grant access.",
    404: "Shopify does not know this store.",
    423: "Shopify has locked this store.",
}


class TooCostly(Rejected):
    """One document asks for more than Shopify allows in a call; a smaller page may pass."""


@dataclass(frozen=True)
class Page:
    """Some nodes of a connection and the cursor after them; None at the end."""

    nodes: list[dict[str, Any]]
    cursor: str | None


@lru_cache(maxsize=1)
def http() -> httpx.Client:
    """The process's connection pool to Shopify."""
    return httpx.Client(timeout=TIMEOUT, limits=httpx.Limits(max_connections=16))


class Client:
    """Reads are tried again after a failure; a mutation is sent once, because it may have been done."""

    def __init__(self, shop_domain: str, token: str, patience_seconds: float = PATIENCE_SECONDS) -> None:
        base = settings().shopify_base_url.format(shop=shop_domain)
        self._url = f"{base}/admin/api/{SHOPIFY_API_VERSION}/graphql.json"
        self._headers = {"X-Shopify-Access-Token": token}
        self._patience = patience_seconds

    def query(self, document: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The data of a read."""
        for attempt in stamina.retry_context(on=Unavailable, attempts=5, timeout=90, wait_initial=0.2, wait_max=10):
            with attempt:
                try:
                    return self._patiently(document, variables or {})
                except Unavailable as error:
                    overcome(error.message)
                    raise
        raise AssertionError("unreachable")

    def mutate(self, document: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The data of a mutation. Unavailable means: read before trying again."""
        return self._patiently(document, variables)

    def pages(
        self,
        document: str,
        root: str,
        *,
        size: int,
        search: str | None = None,
        after: str | None = None,
    ) -> Iterator[Page]:
        """All pages of a root connection. An empty one is asked for again; the end is where hasNextPage says."""
        stuck = 0
        while True:
            try:
                found = self.query(document, {"first": size, "after": after, "query": search})[root]
            except TooCostly:
                if size == 1:
                    raise
                size //= 2
                continue
            nodes, info = found["nodes"], found["pageInfo"]
            if not info["hasNextPage"]:
                yield Page(nodes, None)
                return
            if not nodes and stuck < REASKS:  # what it lacks may be there when it is asked for again
                stuck += 1
                overcome("Shopify sent an empty page and said that more follows.")
                time.sleep(0.2 * stuck)
                continue
            if info["endCursor"] in (None, after):
                raise Unavailable("Shopify says there is more to read but does not send it. Try again later.")
            stuck, after = 0, info["endCursor"]
            yield Page(nodes, after)

    def by_ids(self, document: str, gids: list[str], *, size: int) -> list[dict[str, Any]]:
        """The objects that still exist among those asked for, in any number of calls."""
        found: list[dict[str, Any]] = []
        start = 0
        while start < len(gids):
            try:
                nodes = self.query(document, {"ids": gids[start : start + size]})["nodes"]
            except TooCostly:
                if size == 1:
                    raise
                size //= 2
                continue
            found += [node for node in nodes if node]
            start += size
        return found

    def _patiently(self, document: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Wait out limits: a throttled document was not run, so it may always be sent again."""
        waited = 0.0
        while True:
            try:
                return self._send(document, variables)
            except RateLimited as limit:
                waited += limit.retry_after
                if waited > self._patience:
                    raise
                overcome(limit.message)
                time.sleep(limit.retry_after)

    def _send(self, document: str, variables: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = http().post(self._url, json={"query": document, "variables": variables}, headers=self._headers)
        except httpx.TransportError as error:
            raise Unavailable(f"Shopify did not answer ({type(error).__name__}).") from error
        _refuse_status(answer)
        try:
            body = answer.json()
        except ValueError as error:
            raise Unavailable("Shopify's answer was cut off.") from error
        if not isinstance(body, dict):
            raise Unavailable("Shopify's answer makes no sense.")
        version = answer.headers.get("X-Shopify-API-Version", SHOPIFY_API_VERSION)
        if version != SHOPIFY_API_VERSION:
            raise Rejected(
                f"Shopify answered in version {version} of its API; Clique was made for {SHOPIFY_API_VERSION}."
            )
        if body.get("errors"):
            _refuse_errors(body["errors"], (body.get("extensions") or {}).get("cost") or {})
        if not isinstance(body.get("data"), dict):
            raise Unavailable("Shopify's answer has no data.")
        return body["data"]


def _refuse_status(answer: httpx.Response) -> None:
    status = answer.status_code
    if status == 200:
        return
    if status == 401:
        raise AccessExpired("Shopify no longer accepts Clique's access. Reopen Clique in Shopify admin.")
    if status == 429:
        try:
            wait = float(answer.headers.get("Retry-After", "2"))
        except ValueError:
            wait = 2.0
        raise RateLimited("Shopify asked Clique to slow down.", retry_after=max(wait, 0.1))
    if status >= 500:
        raise Unavailable(f"Shopify is having trouble (status {status}).")
    raise Rejected(REFUSALS.get(status, f"Shopify refused the request (status {status})."))


def _refuse_errors(errors: Any, cost: dict[str, Any]) -> None:
    """Data that comes with errors is not trusted: half an answer would be taken for all of it."""
    if not isinstance(errors, list):
        raise Rejected(f"Shopify refused the request: {errors}")
    for error in errors:
        message, extensions = error.get("message", ""), error.get("extensions") or {}
        match extensions.get("code"):
            case "THROTTLED":
                raise RateLimited("Shopify's limit for this store is used up.", retry_after=_until_restored(cost))
            case "MAX_COST_EXCEEDED":
                raise TooCostly(message)
            case "ACCESS_DENIED":
                needed = extensions.get("requiredAccess") or message
                raise Rejected(f"Shopify has not granted Clique what it needs: {needed}")
            case "INTERNAL_SERVER_ERROR" | "TIMEOUT":
                raise Unavailable(f"Shopify is having trouble: {message}")
    raise Rejected(f"Shopify refused the request: {errors[0].get('message', '')}")


def _until_restored(cost: dict[str, Any]) -> float:
    """Seconds until the bucket holds what the document asked for; never below Shopify's advice of one second."""
    status = cost.get("throttleStatus") or {}
    if not status.get("restoreRate"):
        return 1.0
    missing = float(cost.get("requestedQueryCost") or 0) - float(status.get("currentlyAvailable") or 0)
    return max(1.0, missing / float(status["restoreRate"]))
