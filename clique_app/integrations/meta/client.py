"""Meta's Graph API for one access: the SDK's session, with our own timeouts, retries, paging, quotas and errors."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from typing import Any

import requests
import stamina
from facebook_business.api import FacebookAdsApi, FacebookResponse
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession
from pyrate_limiter import Duration, Rate

from clique_app.errors import RateLimited, Unavailable
from clique_app.integrations import quotas
from clique_app.integrations.hindrance import overcome
from clique_app.integrations.meta import faults
from clique_app.integrations.meta.faults import TooMuchData
from clique_app.integrations.meta.settings import API_VERSION, MetaSettings
from clique_app.integrations.quotas import Quota
from clique_app.logs import log

TIMEOUT_SECONDS = 30.0
READ_ATTEMPTS = 4
PAGE_ROWS, FEWEST_PAGE_ROWS = 500, 25
REPORT_PAGE_ROWS = 2000
SAME_CURSOR_TIMES = 2  # an empty page may leave the cursor where it was; for ever it may not
# what Meta allows an hour depends on the app's tier and the account's ads, and its answers say how much of it is left;
# these only keep all processes together from asking in bursts
ACCOUNT_RATES = (Rate(50, Duration.SECOND), Rate(1500, Duration.MINUTE))
APP_RATES = (Rate(100, Duration.SECOND),)
REPORT_ATTEMPTS = 2
REPORT_TIMEOUT_SECONDS = 900.0
REPORT_ASK_AGAIN_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)

Row = dict[str, Any]


class ReportNotMade(Unavailable):
    """Meta gave a report up. A shorter one may succeed."""


class GraphSession(FacebookSession):
    """The SDK's session at the address of our settings; it signs with appsecret_proof itself."""

    def __init__(self, token: str | None) -> None:
        config = MetaSettings.read()
        self.GRAPH = config.graph_url.rstrip("/")
        secret = config.app_secret.get_secret_value() if token else None
        super().__init__(config.app_id, secret, token, timeout=TIMEOUT_SECONDS)


class MetaClient:
    """Not for sharing between threads. Never the SDK's default api, which is one for the whole process."""

    def __init__(self, token: str | None, account_id: str | None = None) -> None:
        """account_id: the ad account whose allowance the calls count against."""
        self._api = FacebookAdsApi(GraphSession(token), api_version=API_VERSION)
        self._app = Quota(f"meta/app/{MetaSettings.read().app_id}", APP_RATES, faults.APP_WAITING)
        self._account = Quota(f"meta/account/{account_id}", ACCOUNT_RATES, faults.WAITING) if account_id else None

    def get(self, path: str, params: Row) -> Row:
        """One object or page, asked for again when Meta stumbles."""
        return self._patiently("GET", path, params)

    def get_once(self, path: str, params: Row) -> Row:
        """What can be asked for only once: a code is used up by the asking."""
        return self._once("GET", path, params)

    def post(self, path: str, params: Row) -> Row:
        """A write, sent once. Unavailable means: it may have happened."""
        return self._once("POST", path, params)

    def delete(self, path: str, params: Row) -> Row:
        """The same."""
        return self._once("DELETE", path, params)

    def pages(self, path: str, params: Row, *, shrink: bool = True) -> Iterator[list[Row]]:
        """Every page of an edge. An empty page is not the end; a page without `next` is.

        Where Meta finds a page too large, smaller ones are asked for from there on.
        """
        asked, stuck = {"limit": PAGE_ROWS, **params}, 0
        while True:
            try:
                answer = self.get(path, asked)
            except TooMuchData:
                if not shrink or asked["limit"] <= FEWEST_PAGE_ROWS:
                    raise
                asked = {**asked, "limit": max(asked["limit"] // 2, FEWEST_PAGE_ROWS)}
                overcome("Meta found a page too large; a smaller one was asked for.")
                continue
            rows, paging = answer.get("data"), answer.get("paging") or {}
            if not isinstance(rows, list):
                raise _amiss("Meta sent a page without rows. Clique tries again.")
            yield rows
            after = (paging.get("cursors") or {}).get("after")
            if not paging.get("next"):
                return
            if not rows:
                overcome("Meta sent an empty page and said that more follows.")
            stuck = stuck + 1 if after == asked.get("after") else 0
            if not after or stuck > SAME_CURSOR_TIMES:
                raise _amiss("Meta announced a next page, but not where it is. Clique tries again.")
            asked = {**asked, "after": after}

    def report(self, path: str, params: Row) -> Iterator[list[Row] | int]:
        """A large report: how far Meta is with it in percent, again and again, then its pages."""
        for attempt in range(1, REPORT_ATTEMPTS + 1):
            run = str(self._patiently("POST", path, params)["report_run_id"])
            if (yield from self._prepared(run)):
                yield from self.pages(f"{run}/insights", {"limit": REPORT_PAGE_ROWS})
                return
            log("meta").warning("report_not_made", path=path, attempt=attempt)
            overcome("Meta gave a report up; it was asked for again.")
        raise ReportNotMade("Meta did not finish a report. Clique asks for it again.")

    def _prepared(self, run: str) -> Generator[int, None, bool]:
        """How far a report is, until it can be read (true) or Meta has given it up. What its reader does between two
        looks is not waited for again."""
        deadline, asked = time.monotonic() + REPORT_TIMEOUT_SECONDS, 0
        while True:
            answer = self.get(run, {"fields": "async_status,async_percent_completion"})
            looked = time.monotonic()
            status, done_pct = answer.get("async_status"), int(answer.get("async_percent_completion") or 0)
            if status == "Job Completed" and done_pct == 100:
                return True
            if status in ("Job Failed", "Job Skipped") or looked > deadline:
                return False
            yield done_pct
            pause = REPORT_ASK_AGAIN_SECONDS[min(asked, len(REPORT_ASK_AGAIN_SECONDS) - 1)]
            time.sleep(max(0.0, looked + pause - time.monotonic()))
            asked += 1

    def _patiently(self, method: str, path: str, params: Row) -> Row:
        for attempt in stamina.retry_context(
            on=_is_passing, attempts=READ_ATTEMPTS, wait_initial=0.3, wait_max=5.0, timeout=None
        ):
            with attempt:
                try:
                    return self._once(method, path, params)
                except Unavailable as error:
                    if _is_passing(error):
                        overcome(error.message)
                    raise
        raise AssertionError("unreachable")

    def _once(self, method: str, path: str, params: Row) -> Row:
        quotas.take([quota for quota in (self._app, self._account) if quota])
        # `from None` throughout: the originals hold tokens, codes and secrets in their texts
        try:
            response = self._api.call(method, tuple(path.split("/")), params)
        except FacebookRequestError as error:
            refused = faults.translated(error)
            self._tell(error.http_headers() or {})
            if isinstance(refused, RateLimited):
                whole_app = error.api_error_code() in faults.APP_LIMIT_CODES
                quotas.tell((not whole_app and self._account) or self._app, 100.0, refused.retry_after)
            raise refused from None
        except (requests.RequestException, TypeError):  # TypeError: the SDK stumbles over a body cut off at "success"
            raise Unavailable("Meta did not answer in time, or not whole. Nothing is known to have changed.") from None
        assert isinstance(response, FacebookResponse)
        self._tell(response.headers())
        body = response.json()
        if not isinstance(body, dict):
            raise Unavailable("Meta's answer broke off. Clique tries again.")
        return body

    def _tell(self, headers: Mapping[str, str]) -> None:
        for quota, said in ((self._app, faults.app_usage(headers)), (self._account, faults.account_usage(headers))):
            if quota is not None:
                quotas.tell(quota, said.used_pct, said.retry_after)


def _amiss(message: str) -> Unavailable:
    """A page that cannot be followed: the whole list is asked for again."""
    overcome(message)
    return Unavailable(message)


def _is_passing(error: Exception) -> bool:
    return isinstance(error, Unavailable) and not isinstance(error, TooMuchData)
