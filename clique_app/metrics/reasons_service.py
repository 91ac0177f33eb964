"""Why a value is unknown: what must be there before it is known and is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from clique_app.metrics import registry
from clique_app.metrics.definition import NAMES, Dimension, Leaf, Need
from clique_app.tables.ads import FILE_ACCOUNT
from clique_app.tables.orders import BY_SUBSCRIPTION
from clique_app.tables.rates import CONVERTED
from clique_app.tables.site import PIXEL

# what the amounts of days without a rate are in: one of each table's, found without looking at the others
WITHOUT_RATE = " union all ".join(
    f"(select currency from {table} where store_id = {{store}} and rate is null limit 1)"  # noqa: S608
    for table in CONVERTED
)
_READY = f"""
select exists (select from ad_account k where k.store_id = :store_id)
           or exists (select from campaign f where f.store_id = :store_id and f.account_id = '{FILE_ACCOUNT}'),
       (select string_agg(distinct currency, ' and ') from ({WITHOUT_RATE.format(store=":store_id")}) unrated),
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

NO_RATE = (
    "Ads are billed in {currencies}. The European Central Bank's rates of some days are not here yet, or it publishes "
    "none."
)

# the last day that orders are read of, in any way
LAST_DAY = """
select greatest(
  (select max(o.day) from shop_order o where o.store_id = s.store_id),
  (select cast(c.fresh_at at time zone s.time_zone as date) from sync_cursor c
   where c.store_id = s.store_id and c.source = 'shopify_orders'))
from store s where s.store_id = {store}
"""

Ready = Sequence[Any]  # the row of _READY

# what is here or is not: (rows, what to say where there are none)
TOLD: dict[Need, tuple[str, str]] = {
    "answers": ("survey_response", "Nobody has answered the survey yet. Its links are on Voice of customers."),
    "reviews": ("review", "No reviews are here yet. Connect an app or upload them on Voice of customers."),
    "ugc": ("ugc", "No customers’ content is here yet. Connect an app or upload it on Voice of customers."),
    "referrals": ("referral", "No referrals are here yet. Connect an app or upload them on Voice of customers."),
    "loyalty": (
        "loyalty_member",
        "No loyalty members are here yet. Connect an app or upload them on Voice of customers.",
    ),
    "social": ("social_day", "No social days are here yet. Upload them on Voice of customers."),
    "stock": ("inventory_day", "No stock has been noted yet."),
    "expected": (
        "customer_value",
        "No model of repeat purchase has been learnt yet; it needs 200 customers who bought again.",
    ),
    "forecasts": (
        "order_forecast",
        "No next order has been foretold yet: the model of repeat purchase does once it is learnt.",
    ),
    "occasions": (
        "(select store_id from web_session union all select store_id from email_day) o",
        "No visit and no e-mail is here yet: connect the web pixel or an e-mail platform.",
    ),
    "subscriptions": (
        f"(select store_id from shop_order where {BY_SUBSCRIPTION}) o",  # noqa: S608  # our own
        "No order of a subscription is here, so there is none to keep.",
    ),
}


def _untold(session: Session, store_id: int, needs: set[Need]) -> dict[str, str]:
    """Why it is unknown: nothing of the kind is here."""
    found: dict[str, str] = {}
    for need in needs & set(TOLD):
        table, why = TOLD[need]
        told = text(f"select exists (select from {table} where store_id = :store_id)")  # noqa: S608  # a name of our own
        if not session.connection().execute(told, {"store_id": store_id}).scalar_one():
            found[need] = why
    return found


def ready(session: Session, store_id: int) -> Ready:
    """What is connected and read."""
    return session.connection().execute(text(_READY), {"store_id": store_id}).one()


def last_day(session: Session, store_id: int) -> date | None:
    """The last day that orders are read of; None before any is."""
    return session.connection().scalar(text(LAST_DAY.format(store=":store_id")), {"store_id": store_id})


def reasons(
    session: Session,
    store_id: int,
    leaves: Iterable[Leaf],
    dimensions: Iterable[Dimension] = (),
    is_ready: Ready | None = None,
) -> dict[str, str]:
    """Why totals and readings are unknown, by key, grouped or narrowed by these dimensions; what is known is not in
    it."""
    is_ready = is_ready or ready(session, store_id)
    ads, without_rate, costs, history, read, orders_read, email, visits = is_ready
    missing = {
        "ads": "No ad account is connected yet." if not ads else "" if read else "Ads are being read.",
        "rates": NO_RATE.format(currencies=without_rate) if without_rate else "",
        "costs": "" if costs else "No product has a unit cost. Add costs in Shopify, or a default in Settings.",
        "email": "" if email else "No e-mail platform is connected yet, or it is still being read.",
        "history": "" if history else "All orders ever must be read first, to know who is new.",
        "site": "" if visits else "No visit has been seen yet: the web pixel tells of visitors who allow analytics.",
    }
    leaves, asked = list(leaves), tuple(dimensions)
    missing |= _untold(session, store_id, {need for leaf in leaves for need in leaf.needs})
    found: dict[str, str] = {}
    for leaf in leaves:
        why = next((missing[need] for need in registry.needs(leaf, asked) if missing.get(need)), "")
        if "shopify_orders" in leaf.sources and not orders_read:
            why = "Orders are being read for the first time."
        if not registry.has(leaf, asked):
            lacking = " and ".join(NAMES[one] for one in asked if not registry.has(leaf, [one]))
            why = f"{leaf.name} is known for the whole store only, not by {lacking}. {leaf.no_further}".strip()
        if why:
            found[leaf.key] = why
    return found
