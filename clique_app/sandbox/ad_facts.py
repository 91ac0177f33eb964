"""What the ad platforms report per ad and day: claims over-count, claims and spend are restated.

Everything is a function of (seed, ad, day, age of the day), so a past answer can be asked again.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo

from clique_app.sandbox.ads import BEGINNING, AdPlatform
from clique_app.sandbox.money import allocate, minor, money
from clique_app.sandbox.records import Ad, AdDayFact

OVER_COUNT = 1.22  # with the organic sales claimed on top: about 1.3 times the true purchases
CLAIMED_BY_AGE = (0.72, 0.86, 0.92, 0.95, 0.97, 0.985, 0.995, 1.0)
WITHOUT_DECIMALS = ("CLP", "JPY", "KRW", "VND")
SPEND_SETTLES_AT = (1, 3, 28)  # ages at which the spend of a day is restated
SPEND_DRIFT = (0.0, 0.004, -0.006, 0.002)  # the largest change at age 0, 1-2, 3-27 and 28+
WEEKDAY = (0.98, 0.97, 0.98, 1.0, 1.02, 1.04, 1.01)

REGIONS = {
    "US": (
        ("California", 17.0), ("New York", 14.0), ("Texas", 12.0), ("Florida", 9.0), ("Massachusetts", 8.0),
        ("Pennsylvania", 7.0), ("Illinois", 6.5), ("New Jersey", 6.0), ("Washington", 5.5), ("Ohio", 5.0),
        ("Georgia", 4.5), ("Colorado", 3.5),
    ),
    "CA": (("Ontario", 6.0), ("British Columbia", 3.0), ("Quebec", 2.0)),
    "AU": (
        ("New South Wales", 8.0), ("Victoria", 7.0), ("Queensland", 5.0), ("Western Australia", 3.0),
        ("South Australia", 2.0), ("Tasmania", 1.0), ("Australian Capital Territory", 1.0), ("Northern Territory", 0.5),
    ),
    "BR": tuple((name, 2.0) for name in (
        "Acre", "Alagoas", "Amapá", "Amazonas", "Bahia", "Ceará", "Distrito Federal", "Espírito Santo", "Goiás",
        "Maranhão", "Mato Grosso", "Mato Grosso do Sul", "Minas Gerais", "Pará", "Paraíba", "Paraná", "Pernambuco",
        "Piauí", "Rio de Janeiro", "Rio Grande do Norte", "Rio Grande do Sul", "Rondônia", "Roraima",
        "Santa Catarina", "São Paulo", "Sergipe", "Tocantins",
    )),
}  # fmt: skip


def ad_days(platform: AdPlatform, account_id: str, since: date, until: date, now: datetime) -> Iterator[AdDayFact]:
    """Facts per ad and day of the account's zone, both included, as reported at `now`."""
    for fact in platform.stated.get(account_id, ()):
        if since <= fact.day <= until:
            yield fact
    zone = ZoneInfo(platform.accounts[account_id].time_zone)
    today = now.astimezone(zone).date()
    ads = [ad for ad in platform.ads.values() if platform.campaigns[ad.campaign_id].account_id == account_id]
    day = since
    while day <= min(until, today):
        start, end = (_midnight(d, zone) for d in (day, day + timedelta(days=1)))
        for ad in ads:
            fact = _ad_day(platform, ad, day, (start, min(end, now)), (today - day).days)
            if fact is not None:
                yield fact
        day += timedelta(days=1)


def by_region(platform: AdPlatform, fact: AdDayFact) -> list[AdDayFact]:
    """The fact split over the regions of its ad set's countries; purchases are not split, as at Meta."""
    if fact.region:
        return [fact]
    countries = platform.ad_sets[platform.ads[fact.ad_id].ad_set_id].countries
    places = [(country, *region) for country in countries for region in REGIONS.get(country, (("", 1.0),))]
    noise = _noise(platform.seed, fact.ad_id, fact.day, "region")
    weights = [w * (0.8 + 0.4 * noise[i % len(noise)]) for i, (_, _, w) in enumerate(places)]
    step = _step(platform, platform.ads[fact.ad_id])
    spend = [step * part for part in allocate(minor(fact.spend) // step, weights)]
    impressions, clicks, link_clicks, views, adds, checkouts, reach, videos = (
        allocate(n, weights)
        for n in (
            fact.impressions, fact.clicks, fact.link_clicks, fact.landing_page_views, fact.add_to_carts,
            fact.checkouts, fact.reach, fact.video_views,
        )
    )  # fmt: skip
    return [
        replace(
            fact,
            country=country,
            region=region,
            spend=money(spend[i]),
            impressions=impressions[i],
            clicks=clicks[i],
            link_clicks=link_clicks[i],
            landing_page_views=views[i],
            add_to_carts=adds[i],
            checkouts=checkouts[i],
            purchases=0,
            purchase_value=money(0),
            reach=reach[i],
            video_views=videos[i],
        )
        for i, (country, region, _) in enumerate(places)
        if spend[i] or impressions[i]
    ]


def _ad_day(platform: AdPlatform, ad: Ad, day: date, span: tuple[datetime, datetime], age: int) -> AdDayFact | None:
    rate = _mean_rate(platform, ad.ad_id, *span)
    if not rate:
        return None
    noise = _noise(platform.seed, ad.ad_id, day, "day")
    true_spend = rate * WEEKDAY[day.weekday()] * (0.94 + 0.12 * noise[0])
    step = _step(platform, ad)
    spend = step * round(100 * true_spend * (1 + SPEND_DRIFT[_stage(age)] * noise[1]) / step)
    traits = platform.traits[ad.ad_id]
    impressions = round(1000 * true_spend / (traits.cpm * (0.9 + 0.2 * noise[2])))
    clicks = round(impressions * traits.ctr * (0.85 + 0.3 * noise[3]))
    link_clicks = round(clicks * 0.78)
    views = round(link_clicks * 0.82)
    purchases, value = _claims(platform, ad, day, true_spend, age, noise)
    adds = max(round(views * 0.09), purchases)
    if not spend and not impressions:
        return None
    return AdDayFact(
        ad_id=ad.ad_id,
        day=day,
        country="",
        region="",
        spend=money(spend),
        impressions=impressions,
        clicks=clicks,
        link_clicks=link_clicks,
        landing_page_views=views,
        add_to_carts=adds,
        checkouts=max(round(adds * 0.55), purchases),
        purchases=purchases,
        purchase_value=money(value - value % step),
        reach=round(impressions * 0.83),
        video_views=round(impressions * 0.21),
    )


def _step(platform: AdPlatform, ad: Ad) -> int:
    """The smallest amount of the account's currency, in hundredths."""
    currency = platform.accounts[platform.campaigns[ad.campaign_id].account_id].currency
    return 100 if currency in WITHOUT_DECIMALS else 1


def _claims(
    platform: AdPlatform, ad: Ad, day: date, spend: float, age: int, noise: tuple[float, ...]
) -> tuple[int, int]:
    """Purchases and their value the platform claims so far: never fewer as the day grows older."""
    true_orders, true_value = platform.driven.get((ad.ad_id, day), (0, 0))
    organic = spend / 100 * platform.traits[ad.ad_id].claims_organic
    final = true_orders * OVER_COUNT + organic
    claimed = int(final * CLAIMED_BY_AGE[min(age, len(CLAIMED_BY_AGE) - 1)] + noise[4])
    mean_value = true_value / true_orders if true_orders else 5900
    return claimed, round(claimed * mean_value * (0.97 + 0.06 * noise[5]))


def _mean_rate(platform: AdPlatform, ad_id: str, start: datetime, end: datetime) -> float:
    """Money spent between two moments of one day, from the steps of the ad's rate."""
    steps = platform.steps.get(ad_id, ())
    if not steps or end <= start:
        return 0.0
    if len(steps) == 1 or steps[-1][0] <= start:
        since, rate = steps[-1]
        return rate * max((end - max(start, since)).total_seconds(), 0) / 86400
    total = 0.0
    for i, (since, rate) in enumerate(steps):
        until = steps[i + 1][0] if i + 1 < len(steps) else end
        seconds = (min(until, end) - max(since, start, BEGINNING)).total_seconds()
        if seconds > 0:
            total += rate * seconds / 86400
    return total


def _stage(age: int) -> int:
    return sum(age >= limit for limit in SPEND_SETTLES_AT)


def _noise(seed: int, ad_id: str, day: date, salt: str) -> tuple[float, ...]:
    digest = blake2b(f"{seed}/{ad_id}/{day.toordinal()}/{salt}".encode(), digest_size=32).digest()
    return tuple(x / 2**32 for x in struct.unpack("<8I", digest))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
