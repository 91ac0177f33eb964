"""How buyers came: the visits before an order, with UTM parameters and click ids partly lost on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random

from clique_app.sandbox import specs
from clique_app.sandbox.advertised import arrivals
from clique_app.sandbox.records import Visit

NextId = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Source:
    """A way into the shop other than an ad; the query is what survives of its tagging."""

    word: str  # Shopify's own
    referrer: str | None
    query: str
    path: str = "/"


DIRECT = Source("direct", None, "")
SOURCES: dict[str, Source] = {
    "organic": Source("google", "https://www.google.com/", ""),
    "email_campaign": Source("email", None, "utm_source=klaviyo&utm_medium=email&utm_campaign=Weekly%20letter"),
    "email_flow": Source("email", None, "utm_source=klaviyo&utm_medium=email&utm_campaign=Abandoned%20cart"),
    "referral": Source("https://candlereviews.example", "https://candlereviews.example/best-candles", ""),
    "social": Source("instagram", "https://l.instagram.com/", ""),
    "direct": DIRECT,
}
CHANNELS = (
    "organic",
    "email_campaign",
    "email_flow",
    "referral",
    "social",
    "direct",
)
CHANNEL_SHARES = (0.27, 0.19, 0.1, 0.06, 0.07, 0.24)
CHANNEL_SUMS = list(accumulate(CHANNEL_SHARES))
POS_SHARE = 0.07


def visits(r: Random, at: datetime, domain: str, channel: str, next_id: NextId) -> list[Visit]:
    """The visits of an order that no ad drove."""
    last = at - timedelta(minutes=2 + 30 * r.random())
    found = [_visit(r, last, domain, SOURCES[channel], next_id)]
    if r.random() < 0.28:
        found.insert(0, _visit(r, _earlier(r, last), domain, _other(r), next_id))
    return found


def visits_from_ad(r: Random, at: datetime, domain: str, link: str, next_id: NextId) -> list[Visit]:
    """The visits of an order that an ad drove: the ad's own visit, sometimes others before or after it."""
    last = at - timedelta(minutes=2 + 30 * r.random())
    after = r.random() < 0.16
    clicked = _earlier(r, last) if after else last
    found = [_ad_visit(r, clicked, domain, link, next_id)]
    if after:
        found.append(_visit(r, last, domain, _other(r), next_id))
    if r.random() < 0.2:
        found.insert(0, _visit(r, _earlier(r, clicked), domain, _other(r), next_id))
    return found


def _ad_visit(r: Random, at: datetime, domain: str, link: str, next_id: NextId) -> Visit:
    base, _, query = link.partition("?")
    source = query.partition("utm_source=")[2].partition("&")[0]
    referrer, click_id = arrivals()[source]
    click = f"{click_id}{r.getrandbits(128):032x}"
    kept = r.random()
    if kept < 0.80:
        return specs.visit(next_id(), at, f"{base}?{query}&{click}", referrer, source)
    if kept < 0.85:  # a link shortener kept only the campaign's triple
        triple = "&".join(query.split("&")[:3])
        return specs.visit(next_id(), at, f"{base}?{triple}", referrer, source)
    if kept < 0.92:
        return specs.visit(next_id(), at, f"{base}?{click}", referrer, source)
    return specs.visit(next_id(), at, f"https://{domain}/", None, "direct")


def _visit(r: Random, at: datetime, domain: str, source: Source, next_id: NextId) -> Visit:
    query = source.query
    if query and r.random() < 0.12:
        query = ""
    url = f"https://{domain}{source.path}" + (f"?{query}" if query else "")
    return specs.visit(next_id(), at, url, source.referrer, source.word)


def _other(r: Random) -> Source:
    return SOURCES[r.choices(CHANNELS, cum_weights=CHANNEL_SUMS)[0]]


def _earlier(r: Random, at: datetime) -> datetime:
    return at - timedelta(days=1 + 12 * r.random() ** 2, minutes=600 * r.random())
