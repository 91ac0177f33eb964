"""Every total and reading of the catalogue worked out in Python from raw rows, by the words of its meaning alone."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from statistics import median, stdev
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from clique_app.metrics import registry
from clique_app.metrics.definition import Formula, Metric
from tests.integration.small_store import ZONE

NET = ("sale", "discount", "refund", "edit", "cancellation")
GOODS = ("sale", "edit", "refund", "cancellation")
Row = Any
DAY = timedelta(days=1)


def cents(value: Decimal) -> Decimal:
    return (
        round(value + Decimal(0), 2)
        if value % Decimal("0.01") != Decimal("0.005")
        else value.quantize(Decimal("0.01"), "ROUND_HALF_UP")
    )


class World:
    """The rows of a store, and the days asked for."""

    def __init__(self, session: Session, start: date, end: date) -> None:
        self._session, self.start, self.end = session, start, end
        self._read: dict[str, list[Row]] = {}

    def rows(self, table: str) -> list[Row]:
        if table not in self._read:
            self._read[table] = list(self._session.connection().execute(text(f"select * from {table}")))
        return self._read[table]

    def within(self, day: date | None) -> bool:
        return day is not None and self.start <= day <= self.end

    def on_days(self, table: str) -> list[Row]:
        return [row for row in self.rows(table) if self.within(row.day)]

    @cached_property
    def settings(self) -> Row:
        return self.rows("store_settings")[0]

    @cached_property
    def orders(self) -> dict[int, Row]:
        return {row.order_id: row for row in self.rows("shop_order") if not row.test}

    @cached_property
    def first(self) -> dict[int, Row]:
        """Each customer's first order, by the orders."""
        found: dict[int, Row] = {}
        for row in sorted(self.orders.values(), key=lambda row: (row.processed_at, row.order_id)):
            if row.customer_id is not None:
                found.setdefault(row.customer_id, row)
        return found

    @cached_property
    def books(self) -> dict[int, list[Row]]:
        """Each customer's orders in time."""
        found: dict[int, list[Row]] = defaultdict(list)
        for row in sorted(self.orders.values(), key=lambda row: (row.processed_at, row.order_id)):
            if row.customer_id is not None:
                found[row.customer_id].append(row)
        return found

    def buyers(self, start: date, end: date) -> set[int]:
        return {who for who, book in self.books.items() if any(start <= one.day <= end for one in book)}

    def loyal(self) -> int:
        members = {
            row.customer_hmac for row in self.rows("loyalty_member") if not row.withdrawn and row.day <= self.end
        }
        buyers = self.buyers(self.start, self.end)
        return sum(row.email_hmac in members for row in self.rows("customer") if row.customer_id in buyers)

    @cached_property
    def first_orders(self) -> set[int]:
        return {row.order_id for row in self.first.values()}

    @cached_property
    def lines(self) -> dict[int, Row]:
        return {row.line_id: row for row in self.rows("order_line")}

    @cached_property
    def won(self) -> set[int]:
        return {who for who, row in self.first.items() if self.within(row.day)}

    def ledger(self, kinds: tuple[str, ...]) -> Decimal:
        return sum((row.amount for row in self.on_days("sale_entry") if row.kind in kinds), Decimal(0))

    def goods(self, row: Row) -> Decimal:
        price = self.lines[row.line_id].unit_price
        cost = (
            row.unit_cost if row.unit_cost is not None else (self.settings.default_cost_pct or 0) / Decimal(100) * price
        )
        return cents(row.quantity * cost)

    def fee(self, order: Row) -> Decimal:
        if order.payment_fee is not None:
            return order.payment_fee
        rate = self.settings.payment_fee_pct / 100
        return cents(order.total * rate) + self.settings.payment_fee_fixed if order.total > 0 else Decimal(0)

    def fulfilling(self, order: Row) -> Decimal:
        of = self.settings.fulfilment_by_place
        places = [f"{order.country}-{order.region.lower()}", order.country]
        return next((Decimal(of[one]) for one in places if one in of), self.settings.fulfilment_per_order)

    def by_month_days(self, amount: Decimal) -> Decimal:
        """Of each month what is due by the last of its days here, less what was due before the first."""
        due, day = Decimal(0), self.start
        while day <= self.end:
            length = monthrange(day.year, day.month)[1]
            last = min(self.end, day.replace(day=length))
            due += cents(amount * last.day / length) - cents(amount * (day.day - 1) / length)
            day = last + DAY
        return due

    def ads(self, column: str) -> Decimal:
        return sum((Decimal(getattr(row, column)) for row in self.on_days("ad_day")), Decimal(0))

    def credits(self, value: Callable[[Row], Any], where: Callable[[Row], Any] = lambda row: True) -> Decimal:
        return sum((Decimal(value(row)) for row in self.on_days("credit") if where(row)), Decimal(0))

    def paid(self, row: Row) -> bool:
        return row.position not in (-2, -3) and row.channel in {account.channel for account in self.rows("ad_account")}

    def visits(self, where: Callable[[Row], Any], value: Callable[[Row], Any] = lambda row: 1) -> Decimal:
        return sum((Decimal(value(row)) for row in self.on_days("web_session") if where(row)), Decimal(0))

    @staticmethod
    def points(row: Row) -> int:
        minute = row.engaged_seconds >= 60
        return 20 * bool(row.product_views) + 20 * minute + 40 * row.added_to_cart + 20 * row.signed_up

    @property
    def foretold(self) -> list[Row]:
        last = max(row.day for row in self.orders.values())
        return [
            r for r in self.rows("order_forecast") if self.within(r.expected_on) and r.expected_on + 7 * DAY <= last
        ]

    def old(self, row: Row, **age: int) -> bool:
        seen = next(one.fresh_at for one in self.rows("sync_cursor") if one.source == "web_pixel")
        return row.started_at < seen - timedelta(**age)

    def later(self, row: Row, **within: int) -> list[Row]:
        until = row.started_at + timedelta(**within)
        return [
            one
            for one in self.rows("web_session")
            if one.visitor_id == row.visitor_id and row.started_at < one.started_at <= until
        ]

    def week_old(self, row: Row) -> bool:
        seen = next(one.fresh_at for one in self.rows("sync_cursor") if one.source == "web_pixel")
        return row.day + 7 * DAY < seen.astimezone(ZONE).date()

    def came_again(self, row: Row) -> bool:
        return any(
            one.visitor_id == row.visitor_id and one.started_at > row.started_at and one.day <= row.day + 7 * DAY
            for one in self.rows("web_session")
        )

    def emails(self, column: str, kind: str = "", start: date | None = None, end: date | None = None) -> Decimal:
        kinds = {row.program_id: row.kind for row in self.rows("email_program")}
        days = (start or self.start, end or self.end)
        return sum(
            (
                Decimal(getattr(row, column))
                for row in self.rows("email_day")
                if days[0] <= row.day <= days[1] and kind in ("", kinds[row.program_id])
            ),
            Decimal(0),
        )

    @property
    def gaps(self) -> list[int]:
        return [
            (now.day - before.day).days
            for book in self.books.values()
            for before, now in pairwise(book)
            if self.within(now.day)
        ]

    def told(self, table: str, column: str = "") -> Decimal:
        return sum(
            (Decimal(getattr(row, column) if column else 1) for row in self.on_days(table) if not row.withdrawn),
            Decimal(0),
        )

    def answers(self, low: int, high: int) -> int:
        latest: dict[Any, Row] = {}
        for row in sorted(self.rows("survey_response"), key=lambda row: (row.answered_at, row.subject)):
            order = next(one for one in self.rows("shop_order") if one.order_id == row.order_id)
            latest[order.customer_id if order.customer_id is not None else f"nobody {row.subject}"] = row
        return sum(low <= row.nps <= high for row in latest.values() if self.within(row.day))

    def active_before(self, days: int, orders: Callable[[Row], bool] = lambda row: True) -> dict[int, date]:
        """Who ordered in the days before the start, with their last day until the end."""
        return {
            who: max(one.day for one in book if orders(one) and one.day <= self.end)
            for who, book in self.books.items()
            if any(orders(one) and self.start - days * DAY <= one.day < self.start for one in book)
        }

    @staticmethod
    def subscribed(row: Row) -> bool:
        return row.selling_plan or row.source_name.startswith("subscription_contract")

    @cached_property
    def vips(self) -> set[int]:
        worth: dict[int, Decimal] = defaultdict(Decimal)
        for row in self.rows("sale_entry"):
            order = self.orders[row.order_id]
            if order.customer_id is not None and row.kind in NET and self.end - 364 * DAY <= row.day <= self.end:
                worth[order.customer_id] += row.amount
        known = sum(row.day <= self.end for row in self.first.values())
        best = sorted(worth, key=lambda who: (-worth[who], who))[: max(1, known // 10)]
        return {who for who in best if worth[who] > 0}

    def cohort(self, value: Callable[[Row], Decimal], table: str = "sale_entry") -> Decimal:
        """Of all rows of orders of the customers won."""
        rows = self.orders.values() if table == "shop_order" else self.rows(table)
        return sum((value(row) for row in rows if self.orders[row.order_id].customer_id in self.won), Decimal(0))

    @property
    def expected(self) -> list[Decimal]:
        return [row.value_365 for row in self.rows("customer_value") if row.customer_id in self.won]

    @cached_property
    def curve(self) -> list[Decimal]:
        """Contribution of the customers won, by days since their first order."""
        end = max(row.day for row in self.orders.values())
        ages = {who: (end - self.first[who].day).days for who in self.won}
        brought: dict[int, Decimal] = defaultdict(Decimal)
        for row in self.rows("sale_entry"):
            order = self.orders[row.order_id]
            if order.customer_id in ages:
                age = (order.day - self.first[order.customer_id].day).days
                goods = self.goods(row) if row.kind in GOODS and row.quantity else Decimal(0)
                brought[age] += (row.amount if row.kind in NET else 0) - goods
        for order in self.orders.values():
            if order.customer_id in ages:
                age = (order.day - self.first[order.customer_id].day).days
                brought[age] -= self.fulfilling(order) + self.fee(order)
        found, total = [], Decimal(0)
        for age in range(max(ages.values(), default=-1) + 1):
            total += brought[age] / sum(one >= age for one in ages.values())
            found.append(total)
        return found

    @cached_property
    def cac(self) -> Decimal:
        spent = self.ads("spend") + self.by_month_days(self.settings.other_marketing_per_month)
        return spent / len(self.won)

    def stock(self) -> list[tuple[int, int]]:
        """What is left at the end, by variant and place, as last noted in the week before."""
        variant = {row.inventory_item_id: row.variant_id for row in self.rows("variant") if row.tracked}
        noted: dict[tuple[int, int], int] = {}
        for row in sorted(self.rows("inventory_day"), key=lambda row: row.day):
            if self.end - 7 * DAY <= row.day <= self.end and row.inventory_item_id in variant:
                noted[row.inventory_item_id, row.location_id] = max(0, row.available)
        return [(variant[item], left) for (item, _), left in noted.items()]

    def unit_cost(self, variant: int) -> Decimal:
        known = [row for row in self.rows("unit_cost") if row.variant_id == variant and row.valid_from <= self.end]
        if known:
            return max(known, key=lambda row: row.valid_from).cost
        price = next(row.price for row in self.rows("variant") if row.variant_id == variant)
        return (self.settings.default_cost_pct or 0) / Decimal(100) * price

    def out(self, start: date, end: date) -> list[tuple[date, int]]:
        """Days at whose end nothing of a variant was left anywhere."""
        sold = {row.inventory_item_id: row for row in self.rows("variant")}
        left: dict[tuple[date, int], int] = defaultdict(int)
        for row in self.rows("inventory_day"):
            one = sold[row.inventory_item_id]
            if start <= row.day <= end and one.tracked and one.active and not one.backorder:
                left[row.day, one.variant_id] += max(0, row.available)
        return [day_of for day_of, units in left.items() if not units]

    def pace(self) -> Decimal:
        start = self.end - 29 * DAY
        out, units = self.out(start, self.end), defaultdict[int, int](int)
        tracked = {row.variant_id for row in self.rows("variant") if row.tracked}
        for row in self.rows("sale_entry"):
            if row.kind == "sale" and start <= row.day <= self.end and row.variant_id in tracked:
                units[row.variant_id] += row.quantity
        return sum(
            (Decimal(sold) / max(1, 30 - sum(one == item for _, one in out)) for item, sold in units.items()),
            Decimal(0),
        )

    def chance(self) -> Decimal | None:
        klaviyo = {row.email_hmac: row.churn_probability for row in self.rows("profile_prediction")}
        hmac = {row.customer_id: row.email_hmac for row in self.rows("customer")}
        model = {row.customer_id: row.reorder_30 for row in self.rows("customer_value")}
        said = [
            1 - klaviyo[hmac[who]] if klaviyo.get(hmac[who]) is not None else model.get(who)
            for who in self.buyers(self.start, self.end)
        ]
        known = [one for one in said if one is not None]
        return sum(known, Decimal(0)) / len(known) if known else None


ALWAYS = date.min
LEAVES: dict[str, Callable[[World], Any]] = {
    "net_sales": lambda w: w.ledger(NET),
    "gross_sales": lambda w: w.ledger(("sale",)),
    "discounts": lambda w: -w.ledger(("discount",)),
    "refunds": lambda w: -w.ledger(("refund", "cancellation")),
    "orders": lambda w: sum(w.within(row.day) for row in w.orders.values()),
    "units": lambda w: sum(row.quantity for row in w.on_days("sale_entry") if row.kind in GOODS),
    "customers": lambda w: len(w.buyers(w.start, w.end)),
    "new_customers": lambda w: len(w.won),
    "new_customer_net_sales": lambda w: sum(
        row.amount for row in w.on_days("sale_entry") if row.kind in NET and row.order_id in w.first_orders
    ),
    "cost_of_goods": lambda w: sum(w.goods(r) for r in w.on_days("sale_entry") if r.kind in GOODS and r.quantity),
    "fulfilment": lambda w: sum(w.fulfilling(row) for row in w.orders.values() if w.within(row.day)),
    "payment_fees": lambda w: sum(w.fee(row) for row in w.orders.values() if w.within(row.day)),
    "other_marketing": lambda w: w.by_month_days(w.settings.other_marketing_per_month),
    "overhead": lambda w: w.by_month_days(w.settings.overhead_per_month),
    "ad_spend": lambda w: w.ads("spend"),
    "all_ad_spend": lambda w: w.ads("spend"),
    "promoted_spend": lambda w: w.ads("spend"),
    **{
        f"{what}_{key}": lambda w, key=key: LEAVES[key](w)
        for what, of in (
            ("credited", ("cost_of_goods", "fulfilment", "payment_fees")),
            ("product", ("ad_spend", "fulfilment", "payment_fees")),
            ("placed", ("ad_spend", "impressions", "clicks", "reported_revenue")),
        )
        for key in of
    },
    "impressions": lambda w: w.ads("impressions"),
    "clicks": lambda w: w.ads("clicks"),
    "reported_revenue": lambda w: w.ads("reported_revenue"),
    "reported_conversions": lambda w: w.ads("reported_conversions"),
    "credited_sales": lambda w: w.credits(lambda row: row.amount),
    "attributed_orders_all": lambda w: w.credits(lambda row: row.orders),
    "attributed_revenue": lambda w: w.credits(lambda row: row.amount, w.paid),
    "attributed_orders": lambda w: w.credits(lambda row: row.orders, w.paid),
    "attributed_new_customers": lambda w: w.credits(lambda row: row.orders, lambda row: row.order_id in w.first_orders),
    "marginal_roas": lambda w: None,
    "sessions": lambda w: w.visits(lambda row: True),
    "all_sessions": lambda w: w.visits(lambda row: True),
    "visitors": lambda w: len({row.visitor_id for row in w.on_days("web_session")}),
    "page_views": lambda w: w.visits(lambda row: True, lambda row: row.page_views),
    "new_visitors": lambda w: w.visits(
        lambda row: (
            not [
                one
                for one in w.rows("web_session")
                if one.visitor_id == row.visitor_id and one.started_at < row.started_at
            ]
        )
    ),
    "cart_sessions": lambda w: w.visits(lambda row: row.added_to_cart),
    "checkout_sessions": lambda w: w.visits(lambda row: row.checkout_started),
    "order_sessions": lambda w: w.visits(lambda row: row.order_id is not None),
    "product_sessions": lambda w: w.visits(lambda row: row.product_views),
    "viewed_and_added": lambda w: w.visits(lambda row: row.added_viewed_product),
    "wishlist_sessions": lambda w: w.visits(lambda row: row.wishlisted and row.product_views),
    "email_signups": lambda w: w.visits(lambda row: row.signed_up),
    "bounced_sessions": lambda w: w.visits(lambda row: row.bounced),
    "product_landings": lambda w: w.visits(lambda row: row.landed_on_product),
    "product_bounces": lambda w: w.visits(lambda row: row.landed_on_product and row.bounced),
    "engaged_seconds": lambda w: w.visits(lambda row: True, lambda row: row.engaged_seconds),
    "scrolled_sessions": lambda w: w.visits(lambda row: row.deepest_scroll_pct is not None),
    "deepest_scroll_sum": lambda w: w.visits(lambda row: row.deepest_scroll_pct, lambda row: row.deepest_scroll_pct),
    "carts": lambda w: w.visits(lambda row: row.added_to_cart and w.old(row, hours=24)),
    "carts_left": lambda w: w.visits(
        lambda row: (
            row.added_to_cart
            and w.old(row, hours=24)
            and not row.checkout_started
            and not any(one.checkout_started for one in w.later(row, hours=24))
        )
    ),
    "sessions_week_old": lambda w: w.visits(w.week_old),
    "sessions_followed_in_7d": lambda w: w.visits(lambda row: w.week_old(row) and w.came_again(row)),
    "engagement_visit_points": lambda w: w.visits(lambda row: True, w.points),
    "engagement_visit_most": lambda w: w.visits(lambda row: True) * 100,
    "engagement_email_points": lambda w: w.emails("unique_opens") * 20 + w.emails("unique_clicks") * 80,
    "engagement_email_most": lambda w: w.emails("delivered") * 100,
    "forecasts_due": lambda w: len(w.foretold),
    "forecasts_met": lambda w: sum(
        any(one.day > row.made_on and abs((one.day - row.expected_on).days) <= 7 for one in w.books[row.customer_id])
        for row in w.foretold
    ),
    "email_clicked_30d": lambda w: w.emails("unique_clicks", start=w.end - 29 * DAY),
    "email_delivered_30d": lambda w: w.emails("delivered", start=w.end - 29 * DAY),
    "email_clicked_30d_before": lambda w: w.emails("unique_clicks", "", w.end - 59 * DAY, w.end - 30 * DAY),
    "email_delivered_30d_before": lambda w: w.emails("delivered", "", w.end - 59 * DAY, w.end - 30 * DAY),
    "email_delivered": lambda w: w.emails("delivered"),
    "email_opens": lambda w: w.emails("unique_opens"),
    "email_clicks": lambda w: w.emails("unique_clicks"),
    "winback_delivered": lambda w: w.emails("delivered", "win_back"),
    "winback_opens": lambda w: w.emails("unique_opens", "win_back"),
    "post_purchase_delivered": lambda w: w.emails("delivered", "post_purchase"),
    "post_purchase_opens": lambda w: w.emails("unique_opens", "post_purchase"),
    "post_purchase_clicks": lambda w: w.emails("unique_clicks", "post_purchase"),
    "list_signups": lambda w: sum(row.signups for row in w.on_days("email_signup_day")),
    "repeat_customers": lambda w: sum(sum(w.within(one.day) for one in book) > 1 for book in w.books.values()),
    "days_between_purchases": lambda w: median(w.gaps) if w.gaps else None,
    "repeat_orders": lambda w: len(w.gaps),
    "gap_days": lambda w: sum(w.gaps),
    "active_customers": lambda w: len(w.buyers(w.end - 89 * DAY, w.end)),
    "customers_to_date": lambda w: len(w.buyers(ALWAYS, w.end)),
    "active_at_start": lambda w: len(w.active_before(90)),
    "lost_customers": lambda w: sum(last <= w.end - 90 * DAY for last in w.active_before(90).values()),
    "reorder_probability": lambda w: w.chance(),
    "subscribers_at_start": lambda w: len(w.active_before(45, w.subscribed)),
    "subscribers_kept": lambda w: sum(last > w.end - 45 * DAY for last in w.active_before(45, w.subscribed).values()),
    "vip_net_sales": lambda w: sum(
        row.amount
        for row in w.on_days("sale_entry")
        if row.kind in NET and w.orders[row.order_id].customer_id in w.vips
    ),
    "cohort_net_sales": lambda w: w.cohort(lambda row: row.amount if row.kind in NET else Decimal(0)),
    "cohort_cost_of_goods": lambda w: w.cohort(
        lambda row: w.goods(row) if row.kind in GOODS and row.quantity else Decimal(0)
    ),
    "cohort_fulfilment": lambda w: w.cohort(w.fulfilling, "shop_order"),
    "cohort_payment_fees": lambda w: w.cohort(w.fee, "shop_order"),
    "credited_cohort_net_sales": lambda w: LEAVES["cohort_net_sales"](w),
    "credited_cohort_cost_of_goods": lambda w: LEAVES["cohort_cost_of_goods"](w),
    "credited_cohort_fulfilment": lambda w: LEAVES["cohort_fulfilment"](w),
    "credited_cohort_payment_fees": lambda w: LEAVES["cohort_payment_fees"](w),
    "expected_net_sales": lambda w: sum(w.expected) if w.expected else None,
    "credited_expected_net_sales": lambda w: LEAVES["expected_net_sales"](w),
    "payback_days": lambda w: next((age for age, covered in enumerate(w.curve) if covered >= w.cac), None),
    "payback_recovered": lambda w: w.curve[-1] / w.cac if w.cac else None,
    "stock_units": lambda w: sum(units for _, units in w.stock()),
    "inventory_value": lambda w: sum(cents(units * w.unit_cost(item)) for item, units in w.stock()),
    "stockout_days": lambda w: len(w.out(w.start, w.end)),
    "units_a_day": lambda w: w.pace(),
    "units_tracked": lambda w: sum(
        row.quantity
        for row in w.on_days("sale_entry")
        if row.kind in GOODS and row.variant_id in {one.variant_id for one in w.rows("variant") if one.tracked}
    ),
    "survey_answers": lambda w: w.answers(0, 10),
    "survey_promoters": lambda w: w.answers(9, 10),
    "survey_detractors": lambda w: w.answers(0, 6),
    "delivered_orders": lambda w: sum(
        w.within(row.delivered_at.astimezone(ZONE).date()) for row in w.orders.values() if row.delivered_at
    ),
    "reviews": lambda w: w.told("review"),
    "ugc_submissions": lambda w: w.told("ugc"),
    "referred_visitors": lambda w: w.told("referral", "visitors"),
    "referred_buyers": lambda w: w.told("referral", "ordered"),
    "loyal_customers": lambda w: w.loyal(),
    "social_impressions": lambda w: w.told("social_day", "impressions"),
    "social_engagements": lambda w: w.told("social_day", "engagements"),
}


def worked_out(world: World) -> dict[str, Decimal | None]:
    """Every metric of the catalogue, formulas by Python's own arithmetic; None: nothing can be said."""
    found: dict[str, Decimal | None] = {}

    def work_out(item: Metric) -> Decimal | None:
        if item.key not in found:
            found[item.key] = formula(item) if isinstance(item, Formula) else leaf(item.key)
        return found[item.key]

    def leaf(key: str) -> Decimal | None:
        nobody = not world.won and key.startswith(("payback", "expected"))
        value = None if nobody else LEAVES[key](world)
        return None if value is None else Decimal(value)

    def formula(item: Formula) -> Decimal | None:
        values = {part.key: work_out(part) for part in registry.inputs(item)}
        if item.least and (values[item.least[0]] or 0) < item.least[1]:
            return None
        try:
            return eval(item.expression, {}, values)
        except (TypeError, ArithmeticError):
            return None

    return {item.key: work_out(item) for item in registry.METRICS}


def margin_of_expected(world: World) -> Decimal:
    """Half the interval: how much customers differ, and a tenth missed on the days held out."""
    values = world.expected
    missed = sum(values) * (Decimal("88") / Decimal("80") - 1)
    return ((Decimal("1.96") * stdev(values)) ** 2 * len(values) + missed**2).sqrt()
