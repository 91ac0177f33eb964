"""Pinterest's API for one access: timeouts, retries of reads, bookmarks to the end, reports, quotas, errors."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any

import httpx
import stamina
from pyrate_limiter import Duration, Rate

from clique_app.errors import RateLimited, Rejected, Unavailable
from clique_app.integrations import quotas
from clique_app.integrations.hindrance import overcome
from clique_app.integrations.pinterest import faults
from clique_app.integrations.pinterest.settings import API_VERSION, PinterestSettings
from clique_app.integrations.quotas import Quota
from clique_app.logs import log

TIMEOUT_SECONDS = 30.0
READ_ATTEMPTS = 4
PAGE_ROWS = 250  # the most Pinterest gives
SAME_BOOKMARK_TIMES = 2  # an empty page may leave the bookmark where it was; for ever it may not
# what a person's access has in an app with standard access; an app on trial has 1,000 calls a day for everything
APP_RATES = (Rate(100, Duration.SECOND),)
CALLS_PER_MINUTE = {"analytics": 300, "read": 1000, "write": 400}
REPORT_ATTEMPTS = 2
REPORT_TIMEOUT_SECONDS = 900.0
REPORT_ASK_AGAIN_SECONDS = (0.2, 1.0, 2.0, 5.0, 10.0)

Row = dict[str, Any]


@lru_cache(maxsize=1)
def _http() -> httpx.Client:
    """The process's connections to Pinterest."""
    return httpx.Client(limits=httpx.Limits(max_connections=16))


class PinterestClient:
    """Reads are tried again after a failure; a write is sent once, because it may have been done."""

    def __init__(self, token: str | None, account_id: str = "") -> None:
        """account_id: whose allowance the calls count against; Pinterest's own is one for each person and app."""
        config = PinterestSettings.read()
        self._base = f"{config.api_url.rstrip('/')}/{API_VERSION}"
        self._app = (config.app_id, config.app_secret.get_secret_value())
        self._token, self._account_id = token, account_id

    def grant(self, form: dict[str, str]) -> Row:
        """Tokens for a code or a refresh token, which are used up by the asking: sent once, as the app."""
        return _body(self._send("POST", f"{self._base}/oauth/token", data=form, auth=self._app))

    def get(self, path: str, params: Row | None = None) -> Row:
        """One object or page, asked for again when Pinterest stumbles."""
        return self._patiently(lambda: self._call("GET", path, params=params or {}))

    def listed(self, path: str) -> list[Row]:
        """A list that comes whole and bare."""
        return self._patiently(lambda: self._call("GET", path, kind=list))

    def patch(self, path: str, body: list[Row]) -> Row:
        """A write, sent once. Unavailable means: it may have happened."""
        return self._call("PATCH", path, json=body)

    def pages(self, path: str, params: Row | None = None) -> Iterator[list[Row]]:
        """Every page of a list. An empty page is not the end; a page without a bookmark is."""
        asked, stuck = {"page_size": PAGE_ROWS, **(params or {})}, 0
        while True:
            answer = self.get(path, asked)
            rows, bookmark = answer.get("items"), answer.get("bookmark")
            if not isinstance(rows, list):
                raise Unavailable("Pinterest sent a page without rows. Clique tries again.")
            yield rows
            if not bookmark:
                return
            stuck = stuck + 1 if bookmark == asked.get("bookmark") else 0
            if stuck > SAME_BOOKMARK_TIMES:
                raise Unavailable("Pinterest announced a next page, but does not send it. Clique tries again.")
            asked = {**asked, "bookmark": bookmark}

    def report(self, asked: Row) -> Iterator[list[Row] | None]:
        """The rows of a report; before them None, again and again, while Pinterest prepares it."""
        path = f"ad_accounts/{self._account_id}/reports"
        for attempt in range(1, REPORT_ATTEMPTS + 1):
            # asking twice for a report does no harm, so it is asked for like something that is read
            token = self._patiently(lambda: self._call("POST", path, json=asked)).get("token")
            url = yield from self._prepared(path, token)
            if url:
                yield self._file(url)
                return
            log("pinterest").warning("report_not_made", level=asked.get("level"), attempt=attempt)
            overcome("Pinterest gave a report up; it was asked for again.")
        raise Unavailable("Pinterest did not finish a report. Clique asks for it again.")

    def _prepared(self, path: str, token: str) -> Generator[None, None, str | None]:
        """None until the report is there; then its address, or None again where Pinterest has given it up."""
        deadline, looks = time.monotonic() + REPORT_TIMEOUT_SECONDS, 0
        while time.monotonic() < deadline:
            answer = self.get(path, {"token": token})
            if answer.get("report_status") != "IN_PROGRESS":
                return answer.get("url") if answer.get("report_status") == "FINISHED" else None
            yield None
            time.sleep(REPORT_ASK_AGAIN_SECONDS[min(looks, len(REPORT_ASK_AGAIN_SECONDS) - 1)])
            looks += 1
        return None

    def _file(self, url: str) -> list[Row]:
        """A finished report, by object. Its address is signed: a token sent along would be refused, and leak."""
        try:
            body = self._patiently(lambda: _body(self._send("GET", url)))
        except Rejected:  # the address has run out
            raise Unavailable("Pinterest's report could not be fetched. Clique asks for it again.") from None
        return [row for rows in body.values() for row in rows]

    def _patiently(self, call: Callable[[], Any]) -> Any:
        for attempt in stamina.retry_context(
            on=Unavailable, attempts=READ_ATTEMPTS, wait_initial=0.3, wait_max=5.0, timeout=None
        ):
            with attempt:
                try:
                    return call()
                except Unavailable as error:
                    overcome(error.message)
                    raise
        raise AssertionError("unreachable")

    def _call(self, method: str, path: str, kind: type = dict, **parts: Any) -> Any:
        whole = Quota(f"pinterest/account/{self._account_id}", APP_RATES, faults.WAITING)
        kind_of_call = "analytics" if path.endswith("/reports") else "write" if method == "PATCH" else "read"
        own_rates = (Rate(CALLS_PER_MINUTE[kind_of_call], Duration.MINUTE),)
        own = Quota(f"pinterest/{kind_of_call}/{self._account_id}", own_rates, faults.WAITING)
        quotas.take([whole, own])
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            answer = self._send(method, f"{self._base}/{path}", headers=headers, **parts)
        except RateLimited as error:  # which of the allowances is used up is not said
            quotas.tell(whole, 100.0, error.retry_after)
            raise
        said = faults.usage(answer.headers)
        quotas.tell(own, said.used_pct, said.retry_after)
        return _body(answer, kind)

    def _send(self, method: str, url: str, **parts: Any) -> httpx.Response:
        try:
            answer = _http().request(method, url, timeout=TIMEOUT_SECONDS, **parts)
        except httpx.HTTPError:  # `from None`: its text may hold a signed address
            raise Unavailable("Pinterest did not answer in time. Nothing is known to have changed.") from None
        if not answer.is_success:
            raise faults.refusal(answer)
        return answer


def _body(answer: httpx.Response, kind: type = dict) -> Any:
    try:
        body = json.loads(answer.content, parse_float=Decimal)
    except ValueError:
        body = None
    is_error = isinstance(body, dict) and body.keys() == {"code", "message"}  # in a success
    if is_error or not isinstance(body, kind):
        raise Unavailable("Pinterest's answer broke off. Clique tries again.")
    return body
