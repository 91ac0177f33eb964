"""Asks the tables: sums by day, channel or period, and the source rows behind a sum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, LiteralString

from sqlalchemy import text
from sqlmodel import Session, col, select

from clique_app.errors import InvalidInput, NotFound
from clique_app.metrics import figures, registry, sums_service
from clique_app.metrics.definition import Figure, Formula, Metric, Need, Period, Shown, Total
from clique_app.metrics.figures import Daily
from clique_app.metrics.sums_service import Filters, rows_of, values_of
from clique_app.tables import Store, SyncCursor
from clique_app.tables.ads import FILE_ACCOUNT
from clique_app.tables.site import PIXEL

PAGE = 50


@dataclass(frozen=True)
class SourceRows:
    """One page of the rows behind a total, newest first; total and count are of all rows, not of the page."""

    columns: tuple[Shown, ...]
    rows: tuple[tuple[Any, ...], ...]  # values of columns, then the amount
    count: int
    total: Decimal
    offset: int


@dataclass(frozen=True)
class Age:
    """How fresh a source is; None: never read."""

    source: str
    fresh_at: datetime | None


def store(session: Session, store_id: int) -> Store:
    """The session's store."""
    found = session.get(Store, store_id)
    if found is None:
        raise NotFound("This store is not known here.")
    return found


def daily(
    session: Session, store_id: int, items: Iterable[Metric], period: Period, filters: Filters | None = None
) -> Daily:
    """Sums by day of every additive total the metrics rest on."""
    totals = dict.fromkeys(total for item in items for total in registry.totals(item))
    sums = sums_service.sums(session, store_id, totals, period, "day", filters)
    first_day = store(session, store_id).history_from
    return Daily(sums, _reasons(session, store_id, totals, filters), first_day, _read_from(session, store_id, totals))


def figure(session: Session, store_id: int, key: str, period: Period, filters: Filters | None = None) -> Figure:
    """One metric over a period, with its inputs."""
    item = registry.metric(key)
    if isinstance(item, Total) and item.distinct:
        why = _reasons(session, store_id, [item], filters).get(key, "")
        if why := why or figures.not_read(_read_from(session, store_id, [item]).get(key), period):
            return Figure(item.key, item.name, item.unit, None, why)
        counted = text(f"select count(distinct {item.amount}) {rows_of(item, filters)}")
        value = session.connection().scalar(counted, values_of(store_id, period, filters))
        return Figure(item.key, item.name, item.unit, Decimal(value or 0))
    return daily(session, store_id, [item], period, filters).figure(item, period)


def figures_by_day(session: Session, store_id: int, key: str, period: Period) -> list[tuple[date, Figure]]:
    """The metric on each day of the period."""
    item = registry.metric(key)
    sums = daily(session, store_id, [item], period)
    return [(day, sums.figure(item, Period(day, day))) for day in period.each_day()]


def figures_by_channel(
    session: Session, store_id: int, keys: Sequence[str], period: Period
) -> dict[str, dict[str, Figure]]:
    """Metrics split by channel: channel, key, figure. Additive ones sum, with "unattributed", to the whole."""
    items = {key: _by_channel(registry.metric(key)) for key in keys}
    swapped = {total.key: _splittable(total) for item in items.values() for total in registry.totals(item)}
    by_split = sums_service.sums(session, store_id, dict.fromkeys(swapped.values()), period, "channel")
    sums = {key: by_split[total.key] for key, total in swapped.items()}
    reasons = _reasons(session, store_id, swapped.values(), None)
    read_from = _read_from(session, store_id, swapped.values())
    found: dict[str, dict[str, Figure]] = {}
    for channel in sorted({channel for parts in sums.values() for channel in parts}):
        at_once = {key: {period.start: parts.get(channel, Decimal(0))} for key, parts in sums.items()}
        figures_ = Daily(at_once, reasons, None, read_from)
        has = {key for key, parts in sums.items() if channel in parts}
        asked = {key: item for key, item in items.items() if has & {total.key for total in registry.totals(item)}}
        found[channel] = {key: figures_.figure(item, period) for key, item in asked.items()}
    return found


def _by_channel(item: Metric) -> Metric:
    return registry.metric(item.by_channel) if isinstance(item, Formula) and item.by_channel else item


def source_rows(
    session: Session,
    store_id: int,
    key: str,
    period: Period,
    *,
    filters: Filters | None = None,
    offset: int = 0,
    limit: int = PAGE,
) -> SourceRows:
    """A page of the rows that sum to a total."""
    total = registry.metric(key)
    if not isinstance(total, Total):
        raise InvalidInput(
            f"{total.name} is worked out from {', '.join(part.name for part in registry.inputs(total))}."
        )
    columns = total.shown if total.distinct or total.day != "r.day" or _shows_time(total) else _with_day(total)
    amount = "1" if total.distinct else total.amount
    listed = f"select {', '.join(f'{column.sql}' for column in columns)}, {amount} as amount {rows_of(total, filters)}"
    listed += f" group by {total.amount}" if total.distinct else ""
    asked = values_of(store_id, period, filters)
    connection = session.connection()
    # by everything that is shown: rows that tie must not change places between pages
    rest = ", ".join(str(position) for position in range(2, len(columns) + 2))
    order = (
        f"order by max({total.day}) desc, {total.amount}"
        if total.distinct
        else f"order by {total.day} desc, 1 desc, {rest}"
    )
    page = connection.execute(
        text(f"{listed} {order} offset :offset limit :limit"), {**asked, "offset": offset, "limit": limit}
    )
    rows = tuple(tuple(row) for row in page)
    whole = (
        f"select count(distinct {total.amount}), count(distinct {total.amount})"
        if total.distinct
        else (f"select count(*), coalesce(sum({total.amount}), 0)")
    )
    count, summed = connection.execute(text(f"{whole} {rows_of(total, filters)}"), asked).one()
    return SourceRows(columns, rows, count, Decimal(summed), offset)


def ages(session: Session, items: Iterable[Metric]) -> dict[str, tuple[Age, ...]]:
    """How fresh the sources of metrics are, by key."""
    cursors = _cursors(session)
    found: dict[str, tuple[Age, ...]] = {}
    for item in items:
        named = dict.fromkeys(name for total in registry.totals(item) for name in _named(total, cursors))
        found[item.key] = tuple(Age(name, cursors[name].fresh_at if name in cursors else None) for name in named)
    return found


def _cursors(session: Session) -> dict[str, SyncCursor]:
    return {cursor.source: cursor for cursor in session.exec(select(SyncCursor)).all()}


def _named(total: Total, cursors: Mapping[str, SyncCursor]) -> list[str]:
    """The sources of a total; "ads" stands for those of all channels."""
    ads = sorted(source for source in cursors if source.endswith("_ads"))
    return [name for source in total.sources for name in (ads if source == "ads" else [source])]


def _read_from(session: Session, store_id: int, totals: Iterable[Total]) -> dict[str, date]:
    """The first day that is known, by total; one whose sources are read to their beginning is not in it."""
    cursors = _cursors(session)
    found: dict[str, date] = {}
    for total in totals:
        starts = [cursors[name].history_from for name in _named(total, cursors) if name in cursors]
        if days := [day for day in starts if day is not None]:
            found[total.key] = max(days)
    return found


def span(session: Session, store_id: int) -> tuple[date, date] | None:
    """First and last day that has an order; None where there is none."""
    first, last = (
        session.connection()
        .execute(
            text("select min(day), max(day) from shop_order where store_id = :store_id and not test"),
            {"store_id": store_id},
        )
        .one()
    )
    return (first, last) if first else None


def cost_coverage(session: Session, store_id: int, period: Period) -> tuple[Decimal, Decimal]:
    """Gross sales of the period whose unit cost is known, and all of them."""
    known, whole = (
        session.connection()
        .execute(
            text(
                "select coalesce(sum(amount) filter (where unit_cost is not null), 0), coalesce(sum(amount), 0) "
                "from sale_entry where store_id = :store_id and kind = 'sale' and day between :start and :end"
            ),
            {"store_id": store_id, "start": period.start, "end": period.end},
        )
        .one()
    )
    return Decimal(known), Decimal(whole)


def _shows_time(total: Total) -> bool:
    return any(column.unit in ("time", "day") for column in total.shown)


def _with_day(total: Total) -> tuple[Shown, ...]:
    return (Shown("Day", total.day, "day"), *total.shown)


def _splittable(total: Total) -> Total:
    if total.channel is not None:
        return total
    if total.by_channel is None:
        raise InvalidInput(f"{total.name} is known for the whole store only, not by channel.")
    split = registry.metric(total.by_channel)
    assert isinstance(split, Total)
    return split


_READY = f"""
select exists (select from ad_account k where k.store_id = :store_id)
           or exists (select from campaign f where f.store_id = :store_id and f.account_id = '{FILE_ACCOUNT}'),
       (select string_agg(distinct k.name || ' bills in ' || k.currency, ', ') from ad_account k
        where k.store_id = :store_id and k.currency <> s.currency
          and (k.taken_off_at is null or k.read_from is not null)),
       exists (select from unit_cost u where u.store_id = :store_id)
           or exists (select from store_settings x where x.store_id = :store_id and x.default_cost_pct is not null),
       s.history_complete,
       exists (select from sync_cursor c where c.store_id = :store_id and c.source like '%_ads'
               and c.fresh_at is not null)
           or exists (select from campaign f where f.store_id = :store_id and f.account_id = '{FILE_ACCOUNT}'),
       not exists (select from sync_cursor c where c.store_id = :store_id and c.source = 'shopify_orders'
                   and c.read_to is null and c.source_count is null),
       exists (select from sync_cursor c where c.store_id = :store_id and c.source = 'klaviyo_email'
               and c.fresh_at is not null),
       exists (select from sync_cursor c where c.store_id = :store_id and c.source = '{PIXEL}')
from store s where s.store_id = :store_id
"""  # noqa: S608  # a constant of our own


# what is told by customers, or by apps that speak for them: (what is missing, how it comes)
_TOLD: dict[Need, tuple[LiteralString, str]] = {
    "answers": ("survey_response", "Nobody has answered the survey yet. Its links are on Voice of customers."),
    "reviews": ("review", "No reviews are here yet. Connect an app or upload them on Voice of customers."),
    "ugc": ("ugc", "No customers’ content is here yet. Connect an app or upload it on Voice of customers."),
    "referrals": ("referral", "No referrals are here yet. Connect an app or upload them on Voice of customers."),
    "loyalty": (
        "loyalty_member",
        "No loyalty members are here yet. Connect an app or upload them on Voice of customers.",
    ),
    "social": ("social_day", "No social days are here yet. Upload them on Voice of customers."),
}


def _untold(session: Session, store_id: int, needs: set[Need]) -> dict[str, str]:
    """Why what customers tell is unknown: nobody has told anything of the kind."""
    found: dict[str, str] = {}
    for need in needs & set(_TOLD):
        table, why = _TOLD[need]
        told = text(f"select exists (select from {table} where store_id = :store_id)")  # noqa: S608  # a name of our own
        if not session.connection().execute(told, {"store_id": store_id}).scalar_one():
            found[need] = why
    return found


def _reasons(session: Session, store_id: int, totals: Iterable[Total], filters: Filters | None) -> dict[str, str]:
    """Why totals are unknown, by key; a total that is known is not in it."""
    ready = session.connection().execute(text(_READY), {"store_id": store_id}).one()
    ads, other_currency, costs, history, read, orders_read, email, visits = ready
    missing = {
        "ads": "No ad account is connected yet."
        if not ads
        else f"{other_currency}, which needs an exchange rate first."
        if other_currency
        else ""
        if read
        else "Ads are being read.",
        "costs": "" if costs else "No product has a unit cost. Add costs in Shopify, or a default in Settings.",
        "email": "" if email else "No e-mail platform is connected yet, or it is still being read.",
        "history": "" if history else "All orders ever must be read first, to know who is new.",
        "site": "" if visits else "No visit has been seen yet: the web pixel tells of visitors who allow analytics.",
    }
    totals = list(totals)
    missing |= _untold(session, store_id, {need for total in totals for need in total.needs})
    reasons: dict[str, str] = {}
    for total in totals:
        why = next((missing[need] for need in total.needs if missing.get(need)), "")
        if "shopify_orders" in total.sources and not orders_read:
            why = "Orders are being read for the first time."
        if filters and filters.channel is not None and total.channel is None:
            why = f"{total.name} is known for the whole store only, not by channel."
        if why:
            reasons[total.key] = why
    return reasons


def store_id_of(session: Session, name: str) -> int:
    """The id of a store by its domain, the first part of it, or its number. Needs a system session."""
    stores = session.exec(select(Store).order_by(col(Store.store_id))).all()
    for found in stores:
        if name in (found.shop_domain, found.shop_domain.split(".", 1)[0], str(found.store_id)):
            return found.store_id
    known = ", ".join(found.shop_domain for found in stores) or "none yet; open the app in the admin first"
    raise NotFound(f"There is no store {name!r}. Known: {known}.")
