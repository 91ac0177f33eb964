"""Klaviyo's JSON:API for one access: its revision, timeouts, retries, pages by cursor, quotas and errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import stamina
from pyrate_limiter import Duration, Rate

from clique_app.errors import RateLimited, Unavailable
from clique_app.integrations import quotas
from clique_app.integrations.hindrance import overcome
from clique_app.integrations.klaviyo import faults
from clique_app.integrations.klaviyo.settings import REVISION, KlaviyoSettings
from clique_app.integrations.quotas import Quota

TIMEOUT_SECONDS = 60.0  # a report over a long time takes some
READ_ATTEMPTS = 4
KEY_PREFIX = "pk_"  # a private key; anything else is an OAuth token

Row = dict[str, Any]


@dataclass(frozen=True)
class Endpoint:
    """What is asked for, and Klaviyo's limits for it, which it counts by account."""

    path: str
    rates: tuple[Rate, ...]
    quota: str = ""  # endpoints that share one allowance share its name; empty: their own
    waiting: str = faults.WAITING


def _rates(second: int, minute: int) -> tuple[Rate, ...]:
    return Rate(second, Duration.SECOND), Rate(minute, Duration.MINUTE)


REPORT_RATES = (Rate(1, Duration.SECOND), Rate(2, Duration.MINUTE), Rate(225, Duration.DAY))


def _report(path: str) -> Endpoint:
    return Endpoint(path, REPORT_RATES, "reports", faults.REPORTS_WAITING)


ACCOUNTS = Endpoint("accounts", _rates(1, 15))
MESSAGES = Endpoint("campaign-messages", _rates(10, 150))
FLOWS = Endpoint("flows", _rates(3, 60))
METRICS = Endpoint("metrics", _rates(10, 150))
PROFILES = Endpoint("profiles", _rates(10, 150))  # with predictions; without them it would be more
AGGREGATES = Endpoint("metric-aggregates", _rates(3, 60))
CAMPAIGN_VALUES = _report("campaign-values-reports")
FLOW_VALUES = _report("flow-values-reports")
FLOW_SERIES = _report("flow-series-reports")


@dataclass(frozen=True)
class Page:
    """One page of an answer; after: the cursor of the next, empty where this is the last."""

    data: Any
    included: list[Row] = field(default_factory=list)
    after: str = ""


@lru_cache(maxsize=1)
def http() -> httpx.Client:
    """The process's connection pool to Klaviyo."""
    return httpx.Client(limits=httpx.Limits(max_connections=16))


class KlaviyoClient:
    def __init__(self, token: str, account_id: str = "") -> None:
        """account_id: whose allowance the calls count against, once it is known."""
        kind = "Klaviyo-API-Key" if token.startswith(KEY_PREFIX) else "Bearer"
        self._url = f"{KlaviyoSettings.read().api_url.rstrip('/')}/api"
        self._headers = {
            "Authorization": f"{kind} {token}",
            "revision": REVISION,
            "Accept": "application/vnd.api+json",
            "Content-Type": "application/vnd.api+json",
        }
        self._owner = account_id or sha256(token.encode()).hexdigest()[:16]

    def get(self, endpoint: Endpoint, params: Row, after: str = "") -> Page:
        """One page of a list, asked for again when Klaviyo stumbles."""
        asked = {**params, **({"page[cursor]": after} if after else {})}
        return self._patiently("GET", endpoint, params=asked)

    def ask(self, endpoint: Endpoint, kind: str, attributes: Row, after: str = "") -> Page:
        """One page of a report or an aggregation. It changes nothing, so it may be asked for again."""
        body = {"data": {"type": kind, "attributes": attributes}}
        return self._patiently("POST", endpoint, params={"page[cursor]": after} if after else {}, json=body)

    def _patiently(self, method: str, endpoint: Endpoint, **sent: Any) -> Page:
        for attempt in stamina.retry_context(
            on=_worth_another_try, attempts=READ_ATTEMPTS, wait_initial=0.5, wait_max=8.0, timeout=None
        ):
            with attempt:
                try:
                    return self._once(method, endpoint, **sent)
                except (RateLimited, Unavailable) as error:
                    if _worth_another_try(error):
                        overcome(error.message)
                    raise
        raise AssertionError("unreachable")

    def _once(self, method: str, endpoint: Endpoint, **sent: Any) -> Page:
        quota = Quota(f"klaviyo/{self._owner}/{endpoint.quota or endpoint.path}", endpoint.rates, endpoint.waiting)
        quotas.take([quota])
        try:
            answer = http().request(
                method, f"{self._url}/{endpoint.path}", headers=self._headers, timeout=TIMEOUT_SECONDS, **sent
            )
        except httpx.HTTPError as error:
            # `from None`: its request holds the key
            raise Unavailable(f"Klaviyo did not answer ({type(error).__name__}). Clique tries again.") from None
        if not answer.is_success:
            refused = faults.translated(answer)
            if isinstance(refused, RateLimited):
                quotas.tell(quota, 100.0, refused.retry_after)
                raise RateLimited(endpoint.waiting, retry_after=refused.retry_after)
            raise refused
        quotas.tell(quota, *faults.used_pct(answer.headers))
        return _page(answer)


def _worth_another_try(error: Exception) -> bool | float:
    """Whether to ask again, or after how many seconds. A second's allowance is shared with all who read the account,
    and counted when calls arrive: it may be used up however evenly they were sent."""
    if isinstance(error, RateLimited):
        return error.retry_after if error.retry_after <= quotas.LONGEST_PAUSE_SECONDS else False
    return isinstance(error, Unavailable)


def _page(answer: httpx.Response) -> Page:
    try:
        body = answer.json()
    except ValueError:
        raise Unavailable("Klaviyo's answer broke off. Clique tries again.") from None
    if not isinstance(body, dict) or body.get("errors") or "data" not in body:
        raise faults.translated(answer)
    after = _cursor((body.get("links") or {}).get("next"))
    if after and not _rows(body["data"]):
        overcome("Klaviyo sent an empty page and said that more follows.")
    return Page(body["data"], body.get("included") or [], after)


def _rows(data: Any) -> list[Row]:
    """Those of a page; a report and an aggregation have theirs among their attributes."""
    if isinstance(data, list):
        return data
    said = data.get("attributes") or {}
    return said.get("results") or said.get("data") or []


def _cursor(link: str | None) -> str:
    """Of the next page's address only its cursor is used: the access goes nowhere but to Klaviyo."""
    if not link:
        return ""
    found = parse_qs(urlsplit(link).query).get("page[cursor]")
    if not found:
        raise Unavailable("Klaviyo announced a next page, but not where it is. Clique tries again.")
    return found[0]
