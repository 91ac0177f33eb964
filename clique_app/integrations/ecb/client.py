"""The European Central Bank's reference rates: asked for by spans of days, again after a failure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache

import httpx
import stamina

from clique_app.errors import PlatformError, RateLimited, Rejected, Unavailable
from clique_app.integrations.ecb.settings import EcbSettings

SOURCE = "ecb"
BASE = "EUR"  # all rates are of one euro; its own, 1, is not told
TIMEOUT_SECONDS = 30.0
ATTEMPTS = 4
WAIT_SECONDS = 60.0  # where it does not say how long
NEEDED = ("CURRENCY", "TIME_PERIOD", "OBS_VALUE")
BROKEN_OFF = "The European Central Bank's answer broke off. Clique tries again."


@dataclass(frozen=True)
class Rate:
    """What one euro was worth on a business day."""

    currency: str
    day: date
    per_euro: Decimal


@lru_cache(maxsize=1)
def _http() -> httpx.Client:
    """The process's connections to the bank."""
    return httpx.Client(limits=httpx.Limits(max_connections=4))


def rates(currencies: Iterable[str], first: date, last: date) -> list[Rate]:
    """All rates of these currencies on these days that are published by now; none of what the bank does not publish."""
    asked = sorted(set(currencies) - {BASE})
    if not asked:
        return []
    text = _patiently("+".join(asked), first, last)
    if text is None and len(asked) > 1:  # one that it does not know must not hide the others
        return [rate for currency in asked for rate in rates([currency], first, last)]
    return _read(text or "")


def _patiently(asked: str, first: date, last: date) -> str | None:
    for attempt in stamina.retry_context(
        on=Unavailable, attempts=ATTEMPTS, wait_initial=0.3, wait_max=5.0, timeout=None
    ):
        with attempt:
            text = _get(asked, first, last)
            _read(text or "")  # what broke off is asked for again
            return text
    raise AssertionError("unreachable")


def _get(asked: str, first: date, last: date) -> str | None:
    """The answer as text; None where it knows no such series."""
    url = f"{EcbSettings.read().base_url.rstrip('/')}/service/data/EXR/D.{asked}.{BASE}.SP00.A"
    params = {"startPeriod": first.isoformat(), "endPeriod": last.isoformat(), "format": "csvdata"}
    try:
        answer = _http().get(url, params=params, timeout=TIMEOUT_SECONDS)
    except httpx.HTTPError:
        raise Unavailable("The European Central Bank did not answer in time.") from None
    if answer.status_code == 404:
        return None
    if not answer.is_success:
        raise _refusal(answer)
    return answer.text


def _refusal(answer: httpx.Response) -> PlatformError:
    match answer.status_code:
        case 429:
            wait = answer.headers.get("retry-after", "")
            return RateLimited(
                "The European Central Bank asks Clique to wait.",
                retry_after=float(wait) if wait.isdecimal() else WAIT_SECONDS,
            )
        case status if status >= 500 or status == 408:
            return Unavailable("The European Central Bank is not available at the moment.")
        case status:
            return Rejected(f"The European Central Bank does not answer what Clique asks ({status}).")


def _read(text: str) -> list[Rate]:
    """The rates of an answer; days without one are told without a value."""
    if not text.strip():
        return []  # nothing of these days
    rows = csv.DictReader(io.StringIO(text), strict=True)
    found: list[Rate] = []
    try:
        if not set(NEEDED) <= set(rows.fieldnames or ()):
            raise Unavailable(BROKEN_OFF)
        for row in rows:
            if None in row or None in row.values():  # more or fewer cells than there are columns
                raise Unavailable(BROKEN_OFF)
            currency, day, value = (row[name] for name in NEEDED)
            if value not in ("", "NaN"):
                found.append(Rate(currency, date.fromisoformat(day), _positive(value)))
    except (csv.Error, ValueError, InvalidOperation):
        raise Unavailable(BROKEN_OFF) from None
    return found


def _positive(value: str) -> Decimal:
    rate = Decimal(value)
    if not rate.is_finite() or rate <= 0:
        raise ValueError(value)
    return rate
