"""The world behind the emulators: made from a seed, growing with the clock, changed only through here.

Reading: `world.store(domain)` gives a Store (products, variants, locations, stock, customers, orders and
their indexes); `world.ads` gives the ad accounts and their objects. Changing: the methods below; each first
lets the world grow to the present, then applies, journals and announces. Arguments are plain JSON values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from clique_app.sandbox import changes
from clique_app.sandbox.ads import AdPlatform
from clique_app.sandbox.journal import Journal
from clique_app.sandbox.records import Order, Refund, WorldEvent
from clique_app.sandbox.store import Store

ERASED_AFTER = timedelta(hours=48)  # from uninstalling to shop/redact

Listener = Callable[[WorldEvent], None]


class UnknownStore(KeyError):
    """The sandbox has no such store."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Growth(Protocol):
    """Makes a store's own life: what happens in it as time passes."""

    def run(self, until: datetime) -> None: ...
    def place_some(self, at: datetime, count: int, seed: int) -> list[Order]: ...


class World:
    """All stores and ad accounts, at one moment that moves on."""

    def __init__(
        self,
        seed: int = 1,
        data_dir: Path | None = None,
        real_time: Callable[[], datetime] = _utc_now,
    ) -> None:
        self.seed = seed
        self.data_dir = data_dir
        self.stores: dict[str, Store] = {}
        self.ads = AdPlatform(seed)
        self.growths: dict[str, Growth] = {}
        self.real_time = real_time
        self._offset = timedelta(0)
        self._listeners: list[Listener] = []
        self._journal = Journal(data_dir / "journal.jsonl" if data_dir else None)
        self._random_orders = 0

    def __getstate__(self) -> dict[str, Any]:
        """All but who listens, for a world that is kept on disk; a kept world lives in real time."""
        return self.__dict__ | {"_listeners": [], "real_time": _utc_now}

    # time

    def now(self) -> datetime:
        return self.real_time() + self._offset

    def advance(self) -> datetime:
        """Let everything happen that is due by now."""
        at = self.now()
        self._grow(at)
        self._ask_erasures(at)
        return at

    def move_clock(self, seconds: float) -> datetime:
        """Move the world's clock forward; what lies between happens at once."""
        if seconds < 0:
            raise ValueError("the clock only moves forward")
        self._journal.append(self.now(), "move_clock", {"seconds": seconds})
        self._offset += timedelta(seconds=seconds)
        return self.advance()

    def replay(self) -> None:
        """Bring back what the journal holds, each change at its own moment, then grow to the present."""
        for at, change, args in self._journal.read():
            if change == "move_clock":
                self._offset += timedelta(seconds=args["seconds"])
                continue
            self._grow(at)
            if change == "place_random_orders":
                self._random_orders = args["seed"]
            changes.CHANGES[change](self, at, **args)
        self.advance()

    # reading

    def store(self, domain: str) -> Store:
        try:
            return self.stores[domain]
        except KeyError:
            raise UnknownStore(domain) from None

    # events

    def subscribe(self, listener: Listener) -> None:
        """Call the listener at once, in the same thread, for everything that happens from now on."""
        self._listeners.append(listener)

    @property
    def has_listeners(self) -> bool:
        return bool(self._listeners)

    def announce(self, event: WorldEvent) -> None:
        for listener in self._listeners:
            listener(event)

    # changes: stores

    def create_store(self, spec: Mapping[str, Any]) -> Store:
        """A store from an explicit book of orders, or a small random one (see book.py)."""
        return self._change("create_store", spec=dict(spec))

    def install(self, domain: str, scopes: Sequence[str]) -> None:
        return self._change("install", domain=domain, scopes=list(scopes))

    def uninstall(self, domain: str) -> None:
        return self._change("uninstall", domain=domain)

    def set_scopes(self, domain: str, scopes: Sequence[str]) -> None:
        """The merchant grants the installed app these scopes and no others."""
        return self._change("set_scopes", domain=domain, scopes=list(scopes))

    # changes: privacy

    def request_customer_data(self, domain: str, customer_id: int) -> int:
        """The customer asks what the app holds; returns the request's id."""
        return self._change("request_customer_data", domain=domain, customer_id=customer_id)

    def redact_customer(self, domain: str, customer_id: int) -> list[int]:
        """Forget the customer here and in the app; returns the orders that stay without them."""
        return self._change("redact_customer", domain=domain, customer_id=customer_id)

    # changes: orders

    def place_order(self, domain: str, spec: Mapping[str, Any]) -> Order:
        """One order as specified (see specs.py); without a time it is placed now."""
        return self._change("place_order", domain=domain, spec=dict(spec))

    def place_random_orders(self, domain: str, count: int) -> list[Order]:
        """Orders like those the store usually gets, placed now."""
        self._random_orders += 1
        return self._change("place_random_orders", domain=domain, count=count, seed=self._random_orders)

    def edit_order(
        self,
        domain: str,
        order_id: int,
        add: Sequence[Mapping[str, Any]] = (),
        remove: Sequence[tuple[int, int]] = (),
    ) -> Order:
        """Add lines (as in specs.py) and take off units [(line id, quantity)]."""
        lines = [dict(x) for x in add]
        taken = [list(x) for x in remove]
        return self._change("edit_order", domain=domain, order_id=order_id, add=lines, remove=taken)

    def refund_order(
        self,
        domain: str,
        order_id: int,
        lines: Sequence[tuple[int, int]],
        shipping: str = "0",
        restock: bool = True,
    ) -> Refund:
        """Refund units of lines [(line id, quantity)] and an amount of shipping."""
        args = {"order_id": order_id, "lines": [list(x) for x in lines], "shipping": shipping}
        return self._change("refund_order", domain=domain, restock=restock, **args)

    def cancel_order(self, domain: str, order_id: int, reason: str = "CUSTOMER") -> Order:
        """Cancel and refund what is left."""
        return self._change("cancel_order", domain=domain, order_id=order_id, reason=reason)

    def tag_order(self, domain: str, order_id: int, tags: Sequence[str]) -> Order:
        """Set an order's tags."""
        return self._change("tag_order", domain=domain, order_id=order_id, tags=list(tags))

    def delete_order(self, domain: str, order_id: int) -> None:
        """Delete an order that is cancelled or closed."""
        return self._change("delete_order", domain=domain, order_id=order_id)

    def delete_customer(self, domain: str, customer_id: int) -> None:
        """Delete a customer without orders."""
        return self._change("delete_customer", domain=domain, customer_id=customer_id)

    # changes: products and stock

    def set_stock(self, domain: str, inventory_item_id: int, location_id: int, available: int) -> None:
        args = {"inventory_item_id": inventory_item_id, "location_id": location_id}
        return self._change("set_stock", domain=domain, available=available, **args)

    def set_incoming(self, domain: str, inventory_item_id: int, location_id: int, incoming: int) -> None:
        """Units on their way to a location, bought and not yet received."""
        args = {"inventory_item_id": inventory_item_id, "location_id": location_id}
        return self._change("set_incoming", domain=domain, incoming=incoming, **args)

    def update_variant(
        self, domain: str, variant_id: int, *, price: str | None = None, unit_cost: str | None = None
    ) -> None:
        return self._change("update_variant", domain=domain, variant_id=variant_id, price=price, unit_cost=unit_cost)

    def set_metafield(
        self, domain: str, variant_id: int, name: str, value: str | None, kind: str = "number_decimal"
    ) -> None:
        """Set a variant's own field namespace.key; without a value it is deleted."""
        return self._change("set_metafield", domain=domain, variant_id=variant_id, name=name, value=value, kind=kind)

    def update_product(self, domain: str, product_id: int, **fields: str | Sequence[str]) -> None:
        """Set title, status, product_type, vendor or tags."""
        return self._change("update_product", domain=domain, product_id=product_id, fields=fields)

    def delete_product(self, domain: str, product_id: int) -> None:
        return self._change("delete_product", domain=domain, product_id=product_id)

    # changes: ads

    def update_ad_object(
        self,
        object_id: str,
        *,
        daily_budget: str | None = None,
        status: str | None = None,
        name: str | None = None,
    ) -> None:
        """Change a campaign, ad set or ad from now on; the budget is in the account's currency."""
        return self._change(
            "update_ad_object", object_id=object_id, daily_budget=daily_budget, status=status, name=name
        )

    # inside

    def _ask_erasures(self, at: datetime) -> None:
        if not self.has_listeners:
            return  # nobody is there to be told yet; the next tick finds it
        for domain, store in self.stores.items():
            gone_at = store.shop.uninstalled_at
            if gone_at is not None and at >= gone_at + ERASED_AFTER:
                changes.CHANGES["ask_erasure"](self, at, domain)
                self._journal.append(at, "ask_erasure", {"domain": domain})

    def _change(self, name: str, /, **args: Any) -> Any:
        at = self.advance()
        result = changes.CHANGES[name](self, at, **args)
        self._journal.append(at, name, args)
        return result

    def _grow(self, until: datetime) -> None:
        for growth in self.growths.values():
            growth.run(until)
