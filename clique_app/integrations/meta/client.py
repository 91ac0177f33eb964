"""Meta's Graph API for one access: the SDK's session, with our own timeouts, retries, paging, pauses and errors."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import requests
import stamina
from facebook_business.api import FacebookAdsApi, FacebookResponse
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

from clique_app.errors import RateLimited, Unavailable
from clique_app.integrations.meta import faults
from clique_app.settings import META_API_VERSION, settings

TIMEOUT_SECONDS = 30.0
READ_ATTEMPTS = 4
PAGE_ROWS = 500
SAME_CURSOR_TIMES = 2  # an empty page may leave the cursor where it was; for ever it may not
SLOW_ABOVE_PCT, STOP_ABOVE_PCT = 75.0, 95.0
LONGEST_PAUSE_SECONDS = 5.0
REPORT_TIMEOUT_SECONDS = 900.0
REPORT_ASK_AGAIN_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)

Row = dict[str, Any]


class GraphSession(FacebookSession):
    """The SDK's session at the address of our settings; it signs with appsecret_proof itself."""

    def __init__(self, token: str | None, timeout_seconds: float) -> None:
        config = settings()
        self.GRAPH = config.meta_graph_url.rstrip("/")
        secret = config.meta_app_secret.get_secret_value() if token else None
        super().__init__(config.meta_app_id, secret, token, timeout=timeout_seconds)


class MetaClient:
    """Not for sharing between threads. Never the SDK's default api, which is one for the whole process."""

    def __init__(self, token: str | None, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._api = FacebookAdsApi(GraphSession(token, timeout_seconds), api_version=META_API_VERSION)
        self._usage = faults.Usage(0.0, 0.0)

    def get(self, path: str, params: Row) -> Row:
        """One object or page, asked for again when Meta stumbles."""
        return self._patiently("GET", path, params)

    def get_once(self, path: str, params: Row) -> Row:
        """What can be asked for only once: a code is used up by the asking."""
        return self._once("GET", path, params)

    def post(self, path: str, params: Row) -> Row:
        """A write, sent once. Unavailable means: it may have happened."""
        return self._once("POST", path, params)

    def pages(self, path: str, params: Row) -> Iterator[list[Row]]:
        """Every page of an edge. An empty page is not the end; a page without `next` is."""
        asked, stuck = {"limit": PAGE_ROWS, **params}, 0
        while True:
            answer = self.get(path, asked)
            rows, paging = answer.get("data"), answer.get("paging") or {}
            if not isinstance(rows, list):
                raise Unavailable("Meta sent a page without rows. Clique tries again.")
            yield rows
            after = (paging.get("cursors") or {}).get("after")
            if not paging.get("next"):
                return
            stuck = stuck + 1 if after == asked.get("after") else 0
            if not after or stuck > SAME_CURSOR_TIMES:
                raise Unavailable("Meta announced a next page, but not where it is. Clique tries again.")
            asked = {**asked, "after": after}

    def report(self, path: str, params: Row) -> Iterator[list[Row] | int]:
        """A large report: how far Meta is with it in percent, again and again, then its pages."""
        run = str(self._patiently("POST", path, params)["report_run_id"])
        deadline, asked = time.monotonic() + REPORT_TIMEOUT_SECONDS, 0
        while True:
            answer = self.get(run, {"fields": "async_status,async_percent_completion"})
            status, done_pct = answer.get("async_status"), int(answer.get("async_percent_completion") or 0)
            if status == "Job Completed" and done_pct == 100:
                yield from self.pages(f"{run}/insights", {})
                return
            if status in ("Job Failed", "Job Skipped") or time.monotonic() > deadline:
                raise Unavailable("Meta did not finish a report. Clique asks for it again.")
            yield done_pct
            time.sleep(REPORT_ASK_AGAIN_SECONDS[min(asked, len(REPORT_ASK_AGAIN_SECONDS) - 1)])
            asked += 1

    def _patiently(self, method: str, path: str, params: Row) -> Row:
        self._pause()
        once: Callable[[str, str, Row], Row] = stamina.retry(
            on=Unavailable, attempts=READ_ATTEMPTS, wait_initial=0.3, wait_max=5.0, timeout=None
        )(self._once)
        return once(method, path, params)

    def _pause(self) -> None:
        """Go slower as the account's allowance runs out, and stop before Meta stops us."""
        used_pct, self._usage = self._usage.used_pct, faults.Usage(0.0, self._usage.retry_after)
        if used_pct >= STOP_ABOVE_PCT:
            raise RateLimited(faults.WAITING, retry_after=self._usage.retry_after or faults.WAIT_SECONDS)
        if used_pct > SLOW_ABOVE_PCT:
            share = (used_pct - SLOW_ABOVE_PCT) / (STOP_ABOVE_PCT - SLOW_ABOVE_PCT)
            time.sleep(share * LONGEST_PAUSE_SECONDS)

    def _once(self, method: str, path: str, params: Row) -> Row:
        # `from None` throughout: the originals hold tokens, codes and secrets in their texts
        try:
            response = self._api.call(method, tuple(path.split("/")), params)
        except FacebookRequestError as error:
            raise faults.translated(error) from None
        except (requests.RequestException, TypeError):  # TypeError: the SDK stumbles over a body cut off at "success"
            raise Unavailable("Meta did not answer in time, or not whole. Nothing is known to have changed.") from None
        assert isinstance(response, FacebookResponse)
        self._usage = faults.usage(response.headers())
        body = response.json()
        if not isinstance(body, dict):
            raise Unavailable("Meta's answer broke off. Clique tries again.")
        return body
