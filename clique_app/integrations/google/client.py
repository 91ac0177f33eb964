"""Google Ads over REST for one access: queries page by page, writes sent once, quotas, and errors as our four."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import httpx
import stamina
from pyrate_limiter import Duration, Rate

from clique_app.errors import RateLimited, Unavailable
from clique_app.integrations import quotas
from clique_app.integrations.google import faults
from clique_app.integrations.google.settings import API_VERSION, GoogleSettings
from clique_app.integrations.hindrance import overcome
from clique_app.integrations.quotas import Quota

TIMEOUT_SECONDS = 60.0
READ_ATTEMPTS = 4
STUCK_PAGES = 2  # empty ones that name the same next page, before it is believed
# Google allows so many operations a day for all of Clique (by its access level) and meters bursts by what they cost it;
# it says when that is used up. These only keep all processes together from asking in bursts
ACCOUNT_RATES = (Rate(20, Duration.SECOND),)
APP_RATES = (Rate(50, Duration.SECOND),)

Row = dict[str, Any]


@lru_cache(maxsize=1)
def http() -> httpx.Client:
    """The process's connection pool to Google."""
    return httpx.Client(timeout=TIMEOUT_SECONDS, limits=httpx.Limits(max_connections=16))


class GoogleClient:
    """account_id: a customer's, or "customer@manager" where the person reaches it through a manager account only."""

    def __init__(self, token: str, account_id: str = "") -> None:
        config = GoogleSettings.read()
        self._base = f"{config.ads_url.rstrip('/')}/{API_VERSION}"
        self.customer, _, manager = account_id.partition("@")
        self._headers = {"Authorization": f"Bearer {token}"}
        if manager:
            self._headers["login-customer-id"] = manager
        self._app = Quota(f"google/app/{config.client_id}", APP_RATES, faults.APP_WAITING)
        self._account = Quota(f"google/account/{self.customer}", ACCOUNT_RATES, faults.WAITING)

    def pages(self, query: str) -> Iterator[list[Row]]:
        """Every page of a query; Google makes them of 10,000 rows and counts the whole as one operation."""
        token, stuck = "", 0
        while True:
            answer = self._patiently("POST", f"customers/{self.customer}/googleAds:search", _asked(query, token))
            rows, following = answer.get("results", []), answer.get("nextPageToken", "")
            if not isinstance(rows, list):
                raise Unavailable("Google sent a page without rows. Clique tries again.")
            yield rows
            if not following:
                return
            stuck = stuck + 1 if following == token else 0
            if stuck > STUCK_PAGES:
                raise Unavailable("Google announced a next page, but does not send it. Clique tries again.")
            token = following

    def rows(self, query: str) -> list[Row]:
        """All rows of a short answer."""
        return [row for page in self.pages(query) for row in page]

    def accessible_customers(self) -> list[str]:
        """The ids of the accounts, managers' included, that the person was given directly."""
        answer = self._patiently("GET", "customers:listAccessibleCustomers", None)
        return [str(name).rpartition("/")[2] for name in answer.get("resourceNames", ())]

    def mutate(self, service: str, update: Row, mask: str) -> None:
        """Change one object. Sent once; Unavailable means: it may have happened."""
        body = {"operations": [{"update": update, "updateMask": mask}]}
        answer = self._once("POST", f"customers/{self.customer}/{service}:mutate", body)
        if failed := answer.get("partialFailureError"):
            raise faults.translated(200, failed)

    def _patiently(self, method: str, path: str, body: Row | None) -> Row:
        for attempt in stamina.retry_context(
            on=Unavailable, attempts=READ_ATTEMPTS, wait_initial=0.3, wait_max=5.0, timeout=None
        ):
            with attempt:
                try:
                    return self._once(method, path, body)
                except Unavailable as error:
                    overcome(error.message)
                    raise
        raise AssertionError("unreachable")

    def _once(self, method: str, path: str, body: Row | None) -> Row:
        quotas.take((self._app, self._account) if self.customer else (self._app,))
        # `from None`: the originals hold the request, and with it the token
        try:
            answer = http().request(
                method, f"{self._base}/{path}", json=body, headers=self._headers, timeout=TIMEOUT_SECONDS
            )
            found = answer.json()
        except httpx.TransportError:
            raise Unavailable("Google did not answer in time. Nothing is known to have changed.") from None
        except ValueError:
            found = None
        if answer.status_code == 200 and isinstance(found, dict) and "error" not in found:
            return found
        if answer.status_code == 200 and found is None:
            raise Unavailable("Google's answer broke off. Clique tries again.")
        refused = faults.translated(answer.status_code, found)
        if isinstance(refused, RateLimited):
            whole_app = isinstance(refused, faults.OwnLimit) or not self.customer
            quotas.tell(self._app if whole_app else self._account, 100.0, refused.retry_after)
        raise refused


def _asked(query: str, token: str) -> Row:
    return {"query": query, "pageToken": token} if token else {"query": query}
