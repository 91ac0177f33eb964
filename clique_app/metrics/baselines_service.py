"""Learns what is normal for a store and tells it: the band behind lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import delete, insert
from sqlmodel import Session, col, select

from clique_app import clock
from clique_app.metrics import baselines, registry, service
from clique_app.metrics.baselines import Baseline, Step
from clique_app.metrics.definition import Metric, Period
from clique_app.tables import MetricBaseline

KEPT_WEEKS = 53  # a line of a year has its band from end to end

Weeks = Mapping[date, Baseline]  # by the Monday they stand for


def learn(session: Session, store_id: int) -> int:
    """Learn every metric's normal of this week and of those before, whose days may have been read since. Returns how
    many are known."""
    today = clock.today(service.store(session, store_id).time_zone)
    this_week = baselines.week_of(today)
    weeks = [this_week - timedelta(weeks=n) for n in range(KEPT_WEEKS)]
    reach = Period(baselines.learnt_from(weeks[-1]).start, today - timedelta(days=1))
    steps: dict[Metric, Step] = {item: step for item in registry.METRICS if (step := baselines.step(item))}
    daily = service.daily(session, store_id, steps, reach, spans=baselines.whole_weeks(reach))
    rows = []
    for item, step in steps.items():
        known = (baselines.known_days if step == "day" else baselines.known_weeks)(daily, item, reach)
        for week in weeks:
            values = baselines.within(known, baselines.learnt_from(week))
            found = baselines.learn(values, baselines.LEAST[step])
            if found or week == this_week:
                rows.append(_row(store_id, item.key, week, len(values), found))
    former = delete(MetricBaseline).where(
        col(MetricBaseline.store_id) == store_id, col(MetricBaseline.week) >= weeks[-1]
    )
    session.connection().execute(former)
    session.connection().execute(insert(MetricBaseline), rows)
    return sum(row["median"] is not None for row in rows)


def weeks(session: Session, store_id: int, keys: Sequence[str], period: Period) -> Mapping[str, Weeks]:
    """The baselines of these metrics for the days or weeks of a period, where there are any."""
    found: dict[str, dict[date, Baseline]] = {}
    stands_for = col(MetricBaseline.week).between(baselines.week_of(period.start), period.end)
    query = select(MetricBaseline).where(col(MetricBaseline.metric).in_(keys), stands_for)
    for row in session.exec(query):
        if baseline := _baseline(row):
            found.setdefault(row.metric, {})[row.week] = baseline
    return found


def newest(session: Session, store_id: int, key: str) -> tuple[date, int, Baseline | None] | None:
    """The week a metric's normal was last learnt for, from how many days or weeks, and what it is; None: never."""
    query = select(MetricBaseline).where(MetricBaseline.metric == key).order_by(col(MetricBaseline.week).desc())
    row = session.exec(query.limit(1)).first()
    return (row.week, row.days, _baseline(row)) if row else None


def _row(store_id: int, key: str, week: date, days: int, found: Baseline | None) -> dict[str, object]:
    return {
        "store_id": store_id,
        "metric": key,
        "week": week,
        "made_at": clock.now(),
        "days": days,
        "middle": found.middle if found else None,
        "median": found.median if found else None,
        "trend": found.trend if found else None,
        "weekdays": list(found.weekdays) if found else None,
        "low": found.low if found else None,
        "high": found.high if found else None,
        "never_negative": found.never_negative if found else True,
    }


def _baseline(row: MetricBaseline) -> Baseline | None:
    """All of it is there or nothing is."""
    if row.middle is None or row.median is None or row.trend is None or row.low is None or row.high is None:
        return None
    weekdays = tuple(row.weekdays or ())
    return Baseline(row.middle, row.days, row.median, row.trend, weekdays, row.low, row.high, row.never_negative)
