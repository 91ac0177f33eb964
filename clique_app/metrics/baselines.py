"""The store's own normal of a figure, learnt from its past: level, weekdays, trend and spread. Pure.

Medians and ranks only, so that a promotion or an outage of a few days does not move what is called normal.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Literal

from clique_app.metrics import registry
from clique_app.metrics.definition import Metric, Period, Reading
from clique_app.metrics.figures import Daily

WEEKS = 12  # of the past that a baseline is learnt from
LEAST_DAYS = 28  # known ones among them, below which there is no normal of a day
LEAST_PERIODS = 4  # the same of a longer period, as a week is
FURTHEST_WEEKS = 52  # periods further back than this are another time
TREND_Z = 1.96  # Mann-Kendall: a rise or fall that chance alone gives once in twenty times is none

Step = Literal["day", "week"]  # from Monday to Sunday
LEAST: Mapping[Step, int] = {"day": LEAST_DAYS, "week": LEAST_PERIODS}
Range = tuple[Decimal, Decimal]
Value = tuple[date, Decimal]


@dataclass(frozen=True)
class Baseline:
    """What a figure usually is: median + trend + weekday, from low below to high above that in 8 of 10 cases."""

    middle: date  # the day of the median, which the trend turns around
    days: int  # or weeks, learnt from
    median: Decimal
    trend: Decimal  # a week; 0 where none can be told from chance
    weekdays: tuple[Decimal, ...]  # what Monday to Sunday add
    low: Decimal
    high: Decimal
    never_negative: bool

    def expected(self, day: date) -> Decimal:
        """The middle of what is usual on a day."""
        return self.median + self.trend * (day - self.middle).days / 7 + self.weekdays[day.weekday()]

    def range(self, day: date) -> Range:
        """What is usual on a day: 8 of 10 such days fall into it."""
        expected = self.expected(day)
        low, high = expected + self.low, expected + self.high
        return (max(low, Decimal(0)), max(high, Decimal(0))) if self.never_negative else (low, high)


def step(item: Metric) -> Step | None:
    """What its normal is of: a day, or a week where it rests on what is read for whole periods; None: it has none."""
    if registry.no_past(item):
        return None
    return "week" if any(isinstance(leaf, Reading) for leaf in registry.leaves(item)) else "day"


def learn(values: Iterable[Value], least: int = LEAST_DAYS) -> Baseline | None:
    """The baseline of these values, each at the last of its days; None where they are too few."""
    known = sorted(values)
    if len(known) < least:
        return None
    middle = date.fromordinal(int(median(day.toordinal() for day, _ in known)))
    trend = _trend(known)
    flat = [(day, value - trend * (day - middle).days / 7) for day, value in known]
    level = median(value for _, value in flat)
    weekdays = tuple(_weekday([value - level for day, value in flat if day.weekday() == n]) for n in range(7))
    rest = sorted(value - level - weekdays[day.weekday()] for day, value in flat)
    # what was learnt from lies closer to it than what comes: wider by as much as was fitted
    fitted = len({day.weekday() for day, _ in known})
    wider = (Decimal(len(known) + fitted) / (len(known) - fitted)).sqrt()
    return Baseline(
        middle=middle,
        days=len(known),
        median=level,
        trend=trend,
        weekdays=weekdays,
        low=_ranked(rest, Decimal("0.1")) * wider,
        high=_ranked(rest, Decimal("0.9")) * wider,
        never_negative=known[0][1] >= 0 and all(value >= 0 for _, value in known),
    )


def week_of(day: date) -> date:
    """The Monday of a day's week: a baseline is learnt of the weeks before it and stands for it."""
    return day - timedelta(days=day.weekday())


def learnt_from(week: date) -> Period:
    """The days that a week's baseline is learnt from."""
    return Period(week - timedelta(weeks=WEEKS), week - timedelta(days=1))


def whole_weeks(period: Period) -> tuple[Period, ...]:
    """The weeks that lie in a period, Monday to Sunday."""
    mondays = (day for day in period.each_day() if day.weekday() == 0)
    weeks = (Period(day, day + timedelta(days=6)) for day in mondays)
    return tuple(week for week in weeks if week.end <= period.end)


def within(known: Sequence[Value], period: Period) -> Sequence[Value]:
    """Those of a period, of values in order of their days."""
    return known[bisect_left(known, (period.start,)) : bisect_left(known, (period.end + timedelta(days=1),))]


def known_days(daily: Daily, item: Metric, period: Period) -> list[Value]:
    """The metric's known days, none before the store's first order."""
    first = daily.first_day
    days = zip(period.each_day(), daily.days(item, period), strict=True)
    return [(day, value) for day, value in days if value is not None and first is not None and day >= first]


def known_weeks(daily: Daily, item: Metric, period: Period) -> list[Value]:
    """The metric's known weeks, none before the store's first order."""
    return _of_spans(daily, item, whole_weeks(period))


def of_period(daily: Daily, item: Metric, period: Period) -> Range | None:
    """What is usual for a period of this length: learnt from those before it that began on the same weekday."""
    if step(item) is None:
        return None
    found = learn(_of_spans(daily, item, earlier(period)), LEAST_PERIODS)
    return found.range(period.end) if found else None


def earlier(period: Period) -> list[Period]:
    """The periods that one is held against, the last one first: whole weeks before it, and never overlapping."""
    step = weeks_apart(period)
    return [period.shifted(-7 * step * n) for n in range(1, min(WEEKS, FURTHEST_WEEKS // step) + 1)]


def weeks_apart(period: Period) -> int:
    """Whole weeks that hold the period."""
    return (period.days + 6) // 7


def _of_spans(daily: Daily, item: Metric, spans: Iterable[Period]) -> list[Value]:
    spans = tuple(span for span in spans if daily.covers(span))
    values = zip(spans, daily.spans(item, spans), strict=True)
    return [(span.end, value) for span, value in values if value is not None]


def _trend(known: list[Value]) -> Decimal:
    """Theil and Sen's slope of the weeks' medians, a week; 0 where Mann and Kendall see none."""
    weeks: dict[int, list[Decimal]] = {}
    for day, value in known:
        weeks.setdefault((day - known[0][0]).days // 7, []).append(value)
    levels = [(Decimal(n), median(values)) for n, values in weeks.items()]
    pairs = [(other[0] - one[0], other[1] - one[1]) for n, one in enumerate(levels) for other in levels[n + 1 :]]
    if not pairs:
        return Decimal(0)
    ups = sum((rise > 0) - (rise < 0) for _, rise in pairs)
    count = len(levels)
    deviation = (count * (count - 1) * (2 * count + 5) / 18) ** 0.5
    return median(rise / run for run, rise in pairs) if abs(ups) - 1 > TREND_Z * deviation else Decimal(0)


def _weekday(rests: list[Decimal]) -> Decimal:
    return median(rests) if rests else Decimal(0)


def _ranked(ranked: list[Decimal], share: Decimal) -> Decimal:
    """The value below which a share of what comes will lie (Weibull's place), linearly between ranks."""
    place = min(max(share * (len(ranked) + 1) - 1, Decimal(0)), Decimal(len(ranked) - 1))
    low = int(place)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (place - low)
