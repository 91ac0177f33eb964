"""TikTok's Business API for one access: timeouts, retries of reads, pages, its place in the quotas, and its errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import httpx
import stamina
from pyrate_limiter import Duration, Rate

from clique_app.errors import RateLimited, Unavailable
from clique_app.integrations import quotas
from clique_app.integrations.hindrance import overcome
from clique_app.integrations.quotas import Quota
from clique_app.integrations.tiktok import faults
from clique_app.integrations.tiktok.settings import API_VERSION, TikTokSettings

TIMEOUT_SECONDS = 30.0
READ_ATTEMPTS = 4
PAGE_ROWS = 1000
REASKS = 3  # for a page that is empty although more are announced
APP_RATES = (Rate(10, Duration.SECOND), Rate(600, Duration.MINUTE))  # of an app with basic access

Row = dict[str, Any]


@lru_cache(maxsize=1)
def _http() -> httpx.Client:
    """The process's connection pool to TikTok."""
    return httpx.Client(limits=httpx.Limits(max_connections=16))


class TikTokClient:
    """Reads are tried again after a failure; a write is sent once, because it may have been done."""

    def __init__(self, token: str | None) -> None:
        config = TikTokSettings.read()
        self._url = f"{config.api_url.rstrip('/')}/open_api/{API_VERSION}"
        self._headers = {"Access-Token": token} if token else {}  # as it is: no Bearer
        self._quota = Quota(f"tiktok/app/{config.app_id}", APP_RATES, faults.WAITING)

    def get(self, path: str, params: Row) -> Row:
        """The data of a read."""
        for attempt in stamina.retry_context(
            on=Unavailable, attempts=READ_ATTEMPTS, wait_initial=0.3, wait_max=5.0, timeout=None
        ):
            with attempt:
                try:
                    return self._once("GET", path, params=_encoded(params))
                except Unavailable as error:
                    overcome(error.message)
                    raise
        raise AssertionError("unreachable")

    def post(self, path: str, body: Row) -> Row:
        """A write, sent once. Unavailable means: it may have happened."""
        return self._once("POST", path, json=body)

    def pages(self, path: str, params: Row) -> Iterator[list[Row]]:
        """Every page of a list; the last is the one that TikTok numbers so, and not an empty one."""
        page, stuck = 1, 0
        while True:
            data = self.get(path, {**params, "page": page, "page_size": PAGE_ROWS})
            rows, info = data.get("list"), data.get("page_info") or {}
            if not isinstance(rows, list):
                raise Unavailable("TikTok sent a page without rows. Clique tries again.")
            more = page < int(info.get("total_page") or 0)
            if not rows and stuck < REASKS and (more or int(info.get("total_number") or 0) > (page - 1) * PAGE_ROWS):
                stuck += 1
                overcome("TikTok sent an empty page and said that there is more.")
                continue
            yield rows
            if not more:
                return
            page, stuck = page + 1, 0

    def _once(self, method: str, path: str, **content: Any) -> Row:
        quotas.take([self._quota])
        # `from None` throughout: the originals hold addresses, codes and secrets in their texts
        try:
            answer = _http().request(
                method, f"{self._url}/{path}/", headers=self._headers, timeout=TIMEOUT_SECONDS, **content
            )
        except httpx.HTTPError:
            raise Unavailable(
                "TikTok did not answer in time, or not whole. Nothing is known to have changed."
            ) from None
        try:
            return faults.opened(answer)
        except RateLimited as error:
            quotas.tell(self._quota, 100.0, error.retry_after)
            raise


def _encoded(params: Row) -> dict[str, str]:
    """Lists and filters are JSON inside the query."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in params.items()}
