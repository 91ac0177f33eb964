"""What a page of tiles and an opened number show: value, change, normal range, line, age."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple

from sqlmodel import Session

from clique_app import clock
from clique_app.metrics import baselines, baselines_service, figures, periods, registry, service
from clique_app.metrics.baselines_service import Weeks
from clique_app.metrics.credited_by_service import credited_by
from clique_app.metrics.definition import Figure, Filters, Metric, Period
from clique_app.metrics.figures import Compare, Comparison, Daily
from clique_app.metrics.periods import Choice
from clique_app.metrics.service import Age, Basis

LINE_DAYS = 28  # a sparkline never shows less than this
STILL_SELLING_DAYS = 7  # a store whose last order is older opens on its last period with data

Standing = Literal["above", "within", "below", "unknown"]


@dataclass(frozen=True)
class Scope:
    """What a page is about: the store's own terms, and the period and comparison asked for."""

    name: str
    currency: str
    time_zone: str
    today: date
    choice: Choice
    has_orders: bool
    model: str  # of attribution
    window_days: int
    installed_at: datetime


class Day(NamedTuple):  # a page makes thousands
    """One point of a line, with the store's normal for that day."""

    day: date
    value: Decimal | None
    low: Decimal | None
    high: Decimal | None


@dataclass(frozen=True)
class Tile:
    """One metric as a tile or a panel's head shows it."""

    metric: Metric
    figure: Figure
    period: Period
    comparison: Comparison | None
    now: Figure | None  # over comparison.days
    before: Figure | None  # over comparison.against
    change: Decimal | None  # relative, of now to before
    normal: tuple[Decimal, Decimal] | None  # for a period of this length
    standing: Standing
    line: tuple[Day, ...]
    ages: tuple[Age, ...]

    @property
    def fresh_at(self) -> datetime | None:
        """When the stalest source was fresh."""
        times = [age.fresh_at for age in self.ages]
        return None if not times or None in times else min(time for time in times if time)


def scope(session: Session, store_id: int, query: Mapping[str, str]) -> Scope:
    """The store and the period a page's URL asks for; it ends on the last day with data where that is long ago."""
    found = service.store(session, store_id)
    credited = credited_by(session, store_id)
    today = clock.today(found.time_zone)
    days = service.span(session, store_id)
    last_day = days[1] if days and (today - days[1]).days > STILL_SELLING_DAYS else today
    return Scope(
        name=found.name or found.shop_domain,
        currency=found.currency,
        time_zone=found.time_zone,
        today=today,
        choice=periods.choice(query, last_day),
        has_orders=days is not None,
        model=credited.model,
        window_days=credited.window_days,
        installed_at=found.installed_at,
    )


def tiles(
    session: Session,
    store_id: int,
    keys: Sequence[str],
    period: Period,
    *,
    compare: Compare = "previous",
    filters: Filters | None = None,
    rests_on: Basis | None = None,
) -> list[Tile]:
    """The tiles of these metrics; one query a total, however many tiles rest on it."""
    items = [registry.metric(key) for key in keys]
    rests_on = rests_on or service.basis(session, store_id)
    today = clock.today(rests_on.store.time_zone)
    compared = figures.comparison(period, compare, today)
    steps = {item: baselines.step(item) for item in items}
    spans = _read(period, compared, held_against="week" in steps.values())
    daily = service.daily(session, store_id, items, _reach(period, compared), filters, spans, rests_on)
    ages = service.ages(session, items, rests_on)
    # learnt of the whole store; a line is of days, and a week's normal is not a day's
    by_day = [item.key for item, step in steps.items() if step == "day"] if filters is None else []
    usual = baselines_service.weeks(session, store_id, by_day, _drawn(period)) if by_day else {}
    return [_tile(item, daily, period, compared, today, ages[item.key], usual.get(item.key, {})) for item in items]


def _read(period: Period, compared: Comparison | None, held_against: bool) -> tuple[Period, ...]:
    """What readings are read of: the period itself, what it is compared with, what its normal range is learnt from."""
    whole = compared.days if compared else period
    earlier = baselines.earlier(whole) if held_against else []
    return tuple(dict.fromkeys([period, whole, *([compared.against] if compared else []), *earlier]))


def _reach(period: Period, compared: Comparison | None) -> Period:
    """All days that a tile of the period looks at: itself, what it is compared with, its normal range, its line."""
    whole = compared.days if compared else period
    spans = [period, _drawn(period), *baselines.earlier(whole), *([compared.against] if compared else [])]
    return Period(min(span.start for span in spans), period.end)


def _drawn(period: Period) -> Period:
    return period if period.days >= LINE_DAYS else Period(period.end - timedelta(days=LINE_DAYS - 1), period.end)


def _tile(
    item: Metric,
    daily: Daily,
    period: Period,
    compared: Comparison | None,
    today: date,
    ages: tuple[Age, ...],
    usual: Weeks,
) -> Tile:
    figure = daily.figure(item, period)
    whole = compared.days if compared else period  # today so far is not held against whole days
    now = daily.figure(item, whole)
    before = daily.figure(item, compared.against) if compared and daily.covers(compared.against) else None
    normal = baselines.of_period(daily, item, whole) if whole.end < today else None
    return Tile(
        metric=item,
        figure=figure,
        period=period,
        comparison=compared,
        now=now if compared else None,
        before=before,
        change=figures.change(now.value, before.value) if before else None,
        normal=normal,
        standing=_standing(now.value, normal),
        line=_line(item, daily, _drawn(period), today, usual),
        ages=ages,
    )


def _standing(value: Decimal | None, normal: tuple[Decimal, Decimal] | None) -> Standing:
    if value is None or normal is None:
        return "unknown"
    return "below" if value < normal[0] else "above" if value > normal[1] else "within"


def _line(item: Metric, daily: Daily, period: Period, today: date, usual: Weeks) -> tuple[Day, ...]:
    # today is not over: drawn with the whole days it would look like a fall
    first, last = daily.first_day or today, today - timedelta(days=1)
    days = period.each_day()
    points = zip(days, daily.days(item, period), _normal(usual, days), strict=True)
    return tuple([Day(day, value if first <= day <= last else None, low, high) for day, value, (low, high) in points])


def _normal(usual: Weeks, days: Sequence[date]) -> Sequence[baselines.Range | tuple[None, None]]:
    """What is usual on each of the days, as far as it is known."""
    if not usual:
        return [(None, None)] * len(days)
    of_days = ((day, usual.get(baselines.week_of(day))) for day in days)
    return [baseline.range(day) if baseline else (None, None) for day, baseline in of_days]
