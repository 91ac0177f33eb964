"""A store's own life as time passes: orders placed, fulfilled, edited, refunded, cancelled; stock moves."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from heapq import heappop, heappush
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING

from clique_app.sandbox import changes, journeys, orders
from clique_app.sandbox.ad_facts import REGIONS
from clique_app.sandbox.book import spread_stock
from clique_app.sandbox.catalog import DISCONTINUED
from clique_app.sandbox.demand import Candidate, day_plan, is_black_friday
from clique_app.sandbox.money import minor, share
from clique_app.sandbox.orders import LineDraft, OrderDraft
from clique_app.sandbox.records import Ad, Customer, Order, Product, Variant
from clique_app.sandbox.store import Store

if TYPE_CHECKING:
    from clique_app.sandbox.world import World

TAX_PPM = {
    "California": 72_500, "New York": 88_750, "Texas": 82_500, "Florida": 70_000, "Massachusetts": 62_500,
    "Pennsylvania": 60_000, "Illinois": 86_200, "New Jersey": 66_250, "Washington": 93_000, "Ohio": 72_500,
    "Georgia": 73_000, "Colorado": 77_000,
}  # fmt: skip
PLACES = [("US", name, weight) for name, weight in REGIONS["US"]] + [("CA", "Ontario", 2.0)]
PLACE_SUMS = list(accumulate(weight for _, _, weight in PLACES))
FREE_SHIPPING_FROM, SHIPPING = 6000, 695
CAD_RATE = Decimal("1.37")
COST_RISE = Decimal("1.04")
GIVEN_UP_AFTER_DAYS = 20
BUY_AHEAD = 1.2  # bought when stock nears the level at which it is filled up
OUT_OF_STOCK_PULL = 0.06  # what is left of an ad's effect when its product cannot be bought


@dataclass(frozen=True, slots=True)
class Shelf:
    """How a variant is kept in stock: filled up to `full` in the morning when it fell below `low`."""

    variant: Variant
    product: Product
    weight: float
    low: int
    full: int
    gone_from: date | None = None  # no stock from the morning of this day on


class StoreGrowth:
    """Grows one store; all it does depends only on its seed and on what was changed before."""

    def __init__(
        self,
        world: World,
        store: Store,
        *,
        seed: int,
        base_orders: float,
        shelves: list[Shelf],
        ads: list[tuple[str, float]],
    ) -> None:
        self._world, self._store = world, store
        self._seed = f"{seed}/{store.shop.domain}"
        self._base = base_orders
        self._ads = ads
        self._ads_at_start = {ad_id: world.ads.ads[ad_id] for ad_id, _ in ads}
        self._shelves = shelves
        self._shelf_of_product = {shelf.product.product_id: shelf for shelf in reversed(shelves)}
        self._shelf_sums = list(accumulate(shelf.weight for shelf in shelves))
        self._regulars: list[int] = []
        self._locations = list(store.locations)
        self._later: list[tuple[datetime, int, Callable[[datetime, Order, int], None], int, int]] = []
        self._planned = 0
        self._next_day = store.shop.history_from
        self._plan: list[Candidate] = []
        self._position = 0

    def run(self, until: datetime) -> None:
        """Let everything happen that is due by then, in time order."""
        while True:
            if self._position < len(self._plan):
                at = self._plan[self._position].at
            else:
                at = datetime.combine(self._next_day, time(), self._store.zone).astimezone(UTC)
            while self._later and self._later[0][0] <= min(at, until):
                happens_at, _, what, order_id, seed = heappop(self._later)
                if order_id in self._store.orders:  # it may have been deleted since
                    what(happens_at, self._store.orders[order_id], seed)
            if at > until:
                return
            if self._position < len(self._plan):
                self._consider(self._plan[self._position])
                self._position += 1
            else:
                self._begin_day(at)

    def place_some(self, at: datetime, count: int, seed: int) -> list[Order]:
        """Orders as they usually are, all at one moment."""
        r = Random(f"{self._seed}/extra/{seed}")
        return [self._place(at, r.getrandbits(32), None) for _ in range(count)]

    def _begin_day(self, at: datetime) -> None:
        self._plan = day_plan(self._seed, self._next_day, self._store.zone, self._base, self._ads)
        self._position = 0
        self._change_catalog(at)
        for shelf in self._shelves:
            self._fill(shelf, at)
        self._next_day += timedelta(days=1)

    def _change_catalog(self, at: datetime) -> None:
        """One product is given up in the first month; on the first of each month a supplier asks for more."""
        domain, products = self._store.shop.domain, list(self._store.products.values())
        if self._next_day == self._store.shop.history_from + timedelta(days=GIVEN_UP_AFTER_DAYS):
            for product in products:
                if product.title == DISCONTINUED:
                    changes.delete_product(self._world, at, domain, product.product_id)
        if self._next_day.day == 1:
            product = products[(12 * self._next_day.year + self._next_day.month) % len(products)]
            for variant in product.variants:
                if variant.unit_cost is not None:
                    cost = f"{variant.unit_cost * COST_RISE:.2f}"
                    changes.update_variant(self._world, at, domain, variant.variant_id, None, cost)

    def _fill(self, shelf: Shelf, at: datetime) -> None:
        if not shelf.variant.tracked or shelf.product.deleted:
            return
        left = self._store.available(shelf.variant)
        if shelf.gone_from is not None and self._next_day >= shelf.gone_from:
            if left > 0:
                self._stock_up(shelf, 0, at)
            if shelf.variant.backorder:
                self._buy(shelf, shelf.full - left, at)
        elif left < shelf.low:
            self._stock_up(shelf, shelf.full, at)
            self._buy(shelf, 0, at)
        elif left < shelf.low * BUY_AHEAD:
            self._buy(shelf, shelf.full - left, at)

    def _buy(self, shelf: Shelf, units: int, at: datetime) -> None:
        """Units are on their way to the first location, or have come."""
        item, location_id = shelf.variant.inventory_item_id, self._locations[0]
        if self._store.stock[item, location_id].incoming != units:
            changes.incoming_changed(self._world, self._store, item, location_id, units, at)

    def _is_gone(self, product_id: int | None) -> bool:
        shelf = self._shelf_of_product.get(product_id or 0)
        return bool(shelf and shelf.gone_from and self._next_day > shelf.gone_from)

    def _stock_up(self, shelf: Shelf, units: int, at: datetime) -> None:
        spread_stock(self._store, shelf.variant, units, at)
        for location_id in self._locations:
            item = shelf.variant.inventory_item_id
            changes.announce(self._world, self._store, "inventory_levels/update", at, item, location_id)

    def _consider(self, candidate: Candidate) -> None:
        if candidate.ad_id is None:
            self._place(candidate.at, candidate.seed, None)
            return
        ad = self._ads_at_start[candidate.ad_id]
        pull = self._world.ads.pull(ad.ad_id, candidate.at)
        shelf = self._shelf_of_product.get(ad.product_id or 0)
        if shelf and not self._can_sell(shelf, 1):
            pull *= OUT_OF_STOCK_PULL
        if candidate.hurdle < pull:
            self._place(candidate.at, candidate.seed, ad)

    def _place(self, at: datetime, seed: int, ad: Ad | None) -> Order:
        r = Random(seed)
        store = self._store
        draft = self._draft(r, at, ad)
        order = orders.place(draft, store.next_order_id(), store.next_order_number(), store.next_id)
        order.fulfilled_from = self._ships_from(r, draft)
        store.add_order(order)
        if ad is not None and not order.test:
            day = at.astimezone(self._world.ads.zone_of(ad)).date()
            value = sum(minor(line.unit_price) * line.quantity - minor(line.discount) for line in order.lines)
            self._world.ads.add_driven(ad.ad_id, day, value)
        changes.order_placed(self._world, store, order)
        self._foresee(r, order)
        return order

    def _ships_from(self, r: Random, draft: OrderDraft) -> int:
        """The shop for POS, else a location that has all units, else the one nearest to having them."""
        if draft.source_name == "pos":
            return self._locations[1]
        first = int(r.random() * len(self._locations))
        best, best_short = self._locations[first], 10**9
        for i in range(len(self._locations)):
            location_id = self._locations[(first + i) % len(self._locations)]
            short = 0
            for line in draft.lines:
                variant = self._store.variants[line.variant_id or 0]
                if variant.tracked:
                    level = self._store.stock[variant.inventory_item_id, location_id]
                    short += max(line.quantity - level.available, 0)
            if short < best_short:
                best, best_short = location_id, short
            if not short:
                break
        return best

    def _foresee(self, r: Random, order: Order) -> None:
        """Decide what will happen to the order later."""
        at, fate = order.created_at, r.random()
        if order.source_name == "pos":
            self._plan_later(at + timedelta(seconds=5), self._fulfil, order, 0)
            return
        self._plan_later(at + timedelta(hours=8 + 40 * r.random()), self._fulfil, order, 0)
        if fate < 0.012:
            self._plan_later(at + timedelta(hours=0.3 + 6 * r.random()), self._cancel, order, 0)
        elif fate < 0.02:
            self._plan_later(at + timedelta(hours=0.2 + 3 * r.random()), self._edit, order, r.getrandbits(32))
        elif fate < 0.075:
            delay = timedelta(days=2 + 24 * r.random() ** 1.5)
            self._plan_later(at + delay, self._refund, order, r.getrandbits(32))

    def _plan_later(self, at: datetime, what: Callable[[datetime, Order, int], None], order: Order, seed: int) -> None:
        at = at.replace(microsecond=0)
        self._planned += 1  # tells apart what happens at the same moment
        heappush(self._later, (at, self._planned, what, order.order_id, seed))

    def _fulfil(self, at: datetime, order: Order, seed: int) -> None:
        if order.cancelled_at is None:
            changes.fulfilled(self._world, self._store, order, at)
            on_the_way = timedelta(0) if order.source_name == "pos" else timedelta(days=2 + order.order_id % 4)
            self._plan_later(at + on_the_way, self._deliver, order, 0)

    def _deliver(self, at: datetime, order: Order, seed: int) -> None:
        changes.delivered(self._world, self._store, order, at)

    def _cancel(self, at: datetime, order: Order, seed: int) -> None:
        if order.cancelled_at is None:
            changes.cancel_order(self._world, at, self._store.shop.domain, order.order_id, "CUSTOMER")

    def _edit(self, at: datetime, order: Order, seed: int) -> None:
        if order.cancelled_at is not None:
            return
        r = Random(seed)
        remove: list[tuple[int, int]] = []
        if len(order.lines) > 1 and order.lines[0].current_quantity and r.random() < 0.5:
            remove = [(order.lines[0].line_id, 1)]
        add = [] if remove else [self._line(self._any_shelf(r), 1)]
        agreement = orders.edit(order, at, add, remove, self._store.next_id)
        changes.edited(self._world, self._store, order, agreement)

    def _refund(self, at: datetime, order: Order, seed: int) -> None:
        left = [(line.line_id, line.current_quantity) for line in order.lines if line.current_quantity]
        if order.cancelled_at is not None or not left:
            return
        r = Random(seed)
        shipping = 0
        if r.random() < 0.4:
            shipping = minor(order.shipping) - orders.shipping_returned(order) if r.random() < 0.3 else 0
        else:
            left = [(left[int(r.random() * len(left))][0], 1)]
        gone = any(self._is_gone(line.product_id) for line in order.lines)
        location = order.fulfilled_from if r.random() < 0.7 and not gone else None
        given_back = orders.refund(order, at, left, self._store.next_id, shipping=shipping, location_id=location)
        changes.refunded(self._world, self._store, order, given_back)

    def _draft(self, r: Random, at: datetime, ad: Ad | None) -> OrderDraft:
        customer = self._customer(r, at, returning=0.22 if ad else 0.42)
        pos = ad is None and r.random() < journeys.POS_SHARE
        lines = self._lines(r, self._shelf_of_product.get(ad.product_id or 0) if ad else None)
        amount = sum(line.quantity * line.unit_price for line in lines if not line.gift_card)
        percent, code = self._discount(r, at)
        fulfilled_by_ship = not pos and any(not line.gift_card for line in lines)
        draft = OrderDraft(
            placed_at=at,
            lines=lines,
            customer_id=None if pos and r.random() < 0.5 else customer.customer_id,
            source_name="pos" if pos else "web",
            order_discount=share(amount, percent, 100),
            discount_codes=(code,) if code else (),
            tax_ppm=88_750 if pos else TAX_PPM.get(customer.region, 0),
            shipping=SHIPPING if fulfilled_by_ship and amount < FREE_SHIPPING_FROM else 0,
            country=customer.country,
            region=customer.region,
            postal_code=customer.postal_code,
            test=r.random() < 0.0002,
            presentment_currency="CAD" if customer.country == "CA" else None,
        )
        if draft.presentment_currency:
            draft.presentment_rate = CAD_RATE
        domain, next_id = self._store.shop.domain, self._store.next_id
        if ad is not None:
            draft.visits = journeys.visits_from_ad(r, at, domain, ad.link_url, next_id)
        elif not pos:
            channel = r.choices(journeys.CHANNELS, cum_weights=journeys.CHANNEL_SUMS)[0]
            draft.visits = journeys.visits(r, at, domain, channel, next_id)
        return draft

    def _discount(self, r: Random, at: datetime) -> tuple[int, str]:
        """Percent off and its code."""
        x = r.random()
        if x < 0.002:
            return 100, "REPLACEMENT"
        if is_black_friday(at.date()) and x < 0.7:
            return 20, "BLACKFRIDAY"
        if x < 0.1:
            return 10, "WELCOME10"
        return (15, "LETTER15") if x < 0.15 else (0, "")

    def _customer(self, r: Random, at: datetime, returning: float) -> Customer:
        known = self._regulars
        if known and r.random() < returning * min(1.0, len(known) / 2000 + 0.3):
            regular = self._store.customers.get(known[int(len(known) * (1 - r.random() ** 1.6))])
            if regular:  # not forgotten since
                return regular
        x = r.random() * PLACE_SUMS[-1]
        country, region, _ = PLACES[bisect_right(PLACE_SUMS, x)]
        customer_id = self._store.next_customer_id()
        postal_code = f"{int(10000 + 89999 * r.random())}" if country == "US" else "M5V 2T6"
        email = f"buyer{customer_id % 10_000_000}@example.com"
        customer = Customer(customer_id, at, at, email, country, region, postal_code)
        self._store.add_customer(customer)
        known.append(customer_id)
        return customer

    def _lines(self, r: Random, promoted: Shelf | None) -> list[LineDraft]:
        lines: list[LineDraft] = []
        if promoted and self._can_sell(promoted, 1) and r.random() < 0.85:
            lines.append(self._line(promoted, 1 if r.random() < 0.9 else 2))
        sums = (50, 82, 95, 100) if lines else (0, 48, 81, 95, 100)
        for _ in range(bisect_right(sums, 100 * r.random())):
            shelf = self._any_shelf(r)
            quantity = 1 if r.random() < 0.88 else 2
            if all(line.variant_id != shelf.variant.variant_id for line in lines):
                lines.append(self._line(shelf, quantity))
        return lines

    def _any_shelf(self, r: Random) -> Shelf:
        for _ in range(20):
            x = r.random() * self._shelf_sums[-1]
            shelf = self._shelves[bisect_right(self._shelf_sums, x)]
            if self._can_sell(shelf, 2):
                return shelf
        return next(shelf for shelf in self._shelves if not shelf.variant.tracked)

    def _can_sell(self, shelf: Shelf, units: int) -> bool:
        if shelf.product.deleted or shelf.product.status != "ACTIVE":
            return False
        variant = shelf.variant
        return not variant.tracked or variant.backorder or self._store.available(variant) >= units

    def _line(self, shelf: Shelf, quantity: int) -> LineDraft:
        variant, product = shelf.variant, shelf.product
        return LineDraft(
            title=product.title,
            sku=variant.sku,
            quantity=quantity,
            unit_price=minor(variant.price),
            variant_id=variant.variant_id,
            product_id=product.product_id,
            gift_card=product.is_gift_card,
        )
