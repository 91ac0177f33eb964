"""When orders want to happen on a day: candidates with seeds of their own; no day depends on another."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

WEEKDAY = (1.02, 0.95, 0.94, 0.98, 1.04, 1.0, 1.07)
MONTH = (0.84, 0.92, 0.9, 0.92, 1.0, 0.88, 0.84, 0.88, 0.98, 1.04, 1.22, 1.5)
HOURS = (8, 5, 3, 2, 2, 3, 8, 16, 26, 36, 42, 44, 46, 44, 42, 41, 42, 44, 48, 56, 62, 58, 40, 20)
HOURS_SUM = list(accumulate(HOURS))
HEADROOM = 2.5  # an ad drives at most so many times its usual orders


@dataclass(frozen=True, slots=True)
class Candidate:
    """An order that wants to happen; one driven by an ad does so if the ad pulls strongly enough then."""

    at: datetime
    seed: int
    ad_id: str | None = None
    hurdle: float = 0.0  # the pull the ad needs at that moment


def day_plan(seed: str, day: date, zone: ZoneInfo, base: float, ads: list[tuple[str, float]]) -> list[Candidate]:
    """A day's candidates in time order: `base` orders without ads, and each ad's usual orders a day."""
    r = Random(f"{seed}/{day.toordinal()}")
    season = season_of(day)
    found = [Candidate(_moment(r, day, zone), r.getrandbits(32)) for _ in range(_poisson(r, base * season))]
    for ad_id, usual in ads:
        for _ in range(_poisson(r, usual * HEADROOM * math.sqrt(season))):
            hurdle = r.random() * HEADROOM
            found.append(Candidate(_moment(r, day, zone), r.getrandbits(32), ad_id, hurdle))
    found.sort(key=lambda c: c.at)
    return found


def season_of(day: date) -> float:
    """How busy a day is: week, season and the days around Black Friday."""
    position = (day.day - 15) / 30
    here, there = MONTH[day.month - 1], MONTH[(day.month if position > 0 else day.month - 2) % 12]
    month = here + (there - here) * abs(position)
    return WEEKDAY[day.weekday()] * month * (1.6 if is_black_friday(day) else 1.0)


def is_black_friday(day: date) -> bool:
    """From the Friday after the fourth Thursday of November to the Monday after."""
    first = date(day.year, 11, 1)
    thanksgiving = first + timedelta(days=(3 - first.weekday()) % 7 + 21)
    return 1 <= (day - thanksgiving).days <= 4


def _moment(r: Random, day: date, zone: ZoneInfo) -> datetime:
    x = r.random() * HOURS_SUM[-1]
    hour = bisect_right(HOURS_SUM, x)
    local = datetime.combine(day, time(hour, int(r.random() * 60), int(r.random() * 60)), zone)
    return local.astimezone(UTC)


def _poisson(r: Random, mean: float) -> int:
    if mean > 30:
        return max(0, round(r.gauss(mean, math.sqrt(mean))))
    limit, product, n = math.exp(-mean), r.random(), 0
    while product > limit:
        product *= r.random()
        n += 1
    return n
