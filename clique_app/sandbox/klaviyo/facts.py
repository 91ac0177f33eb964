"""What a store's Klaviyo account knows: campaigns, flows, what became of their e-mails, sign-ups, predictions.

Everything follows from the store's own customers and orders and from (seed, message, day, age of the day), so a past
answer can be asked again. Recipients of a day stay; opens, clicks and orders come in over the days after.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from hashlib import blake2b
from weakref import WeakKeyDictionary

from clique_app.sandbox.records import Customer
from clique_app.sandbox.store import Store

COMING_IN = (0.62, 0.83, 0.92, 0.96, 0.98, 0.99, 1.0)  # of the final opens, clicks and orders, by age in days
OTHER_SUBSCRIBERS = 420  # people who never bought
PROFILES_WITHOUT_ORDERS = 40
SEND_WEEKDAYS, SEND_HOUR = (1, 4), 10
ARCHIVED_AFTER_DAYS = 180
FEWEST_BUYERS = 3  # below it nothing is predicted; at Klaviyo some 500, and half a year of orders
AVERAGE_ORDER = 6150  # minor units
LISTS = ("Newsletter", "Pop-up 10 %")
LETTERS = ("Weekly letter", "New arrivals", "Behind the scenes", "Last chance", "Gift ideas")


@dataclass(frozen=True)
class Flow:
    """A flow and who gets it: shares of the day's new customers, orders, of new customers 90 days before, of all."""

    name: str
    trigger: str
    of_new: float = 0.0
    of_orders: float = 0.0
    of_lapsed: float = 0.0
    of_all: float = 0.0
    opens: float = 0.4
    clicks: float = 0.05
    orders: float = 0.01


FLOWS = (
    Flow("Welcome series", "Added to List", of_new=1.6, of_all=0.006, opens=0.51, clicks=0.085, orders=0.022),
    Flow("Abandoned cart reminder", "Metric", of_orders=1.4, of_all=0.002, opens=0.46, clicks=0.09, orders=0.034),
    Flow("Browse abandonment", "Metric", of_orders=2.1, of_all=0.003, opens=0.43, clicks=0.052, orders=0.009),
    Flow("Post-purchase thank you", "Metric", of_orders=1.0, opens=0.58, clicks=0.061, orders=0.012),
    Flow("Win-back after 90 days", "Metric", of_lapsed=0.7, of_all=0.012, opens=0.29, clicks=0.021, orders=0.006),
    Flow("Birthday treat", "Date Based", of_all=1 / 365, opens=0.49, clicks=0.07, orders=0.03),
    Flow("Candle care tips", "Metric", of_orders=0.4, opens=0.36, clicks=0.03, orders=0.002),
)
MESSAGE_SHARES = (0.6, 0.4)  # the second e-mail of a flow reaches fewer


@dataclass(frozen=True)
class Message:
    """One e-mail of a campaign or flow."""

    message_id: str
    program_id: str
    name: str
    sent_at: datetime | None = None  # of a campaign


@dataclass(frozen=True)
class Figures:
    """What became of the e-mails of one message sent on one day."""

    recipients: int
    delivered: int
    opens_unique: int
    clicks_unique: int
    unsubscribe_uniques: int
    conversions: int
    conversion_value: int  # minor units


def account_id(store: Store) -> str:
    return blake2b(store.shop.domain.encode(), digest_size=3).hexdigest().upper()


def flow_id(store: Store, flow: Flow) -> str:
    return _id(store.shop.domain, flow.name)


def flow_messages(store: Store, flow: Flow) -> list[Message]:
    program = flow_id(store, flow)
    return [
        Message(_id(program, str(number)), program, f"{flow.name}, e-mail {number + 1}")
        for number in range(len(MESSAGE_SHARES))
    ]


def campaigns(store: Store, now: datetime) -> Iterator[Message]:
    """All that was sent since the store has orders, and the next one, which waits."""
    day = store.shop.history_from
    while True:
        if day.weekday() in SEND_WEEKDAYS:
            at = datetime.combine(day, time(SEND_HOUR), store.zone).astimezone(UTC)
            program = _id(store.shop.domain, f"campaign {day}")
            name = f"{LETTERS[day.toordinal() % len(LETTERS)]}, {day:%-d %b %Y}"
            yield Message(_id(program, "message"), program, name, at)
            if at > now:
                return
        day += timedelta(days=1)


def campaign_figures(store: Store, message: Message, seed: int, now: datetime) -> Figures | None:
    """None: not sent yet."""
    assert message.sent_at is not None
    if message.sent_at > now:
        return None
    day = store.day_of(message.sent_at)
    people = OTHER_SUBSCRIBERS + _customers_before(store, message.sent_at)
    return _figures(people, (0.36, 0.028, 0.0035), seed, message.message_id, day, store.day_of(now))


def flow_figures(store: Store, flow: Flow, day: date, seed: int, now: datetime) -> list[tuple[Message, Figures]]:
    """By message; nothing for one that reached nobody."""
    today = store.day_of(now)
    if not store.shop.history_from <= day <= today:
        return []
    start, end = _midnight(store, day), min(_midnight(store, day + timedelta(days=1)), now)
    share_of_day = (end - start) / timedelta(days=1)
    booked = store.booked.get(day)
    people = (
        flow.of_new * (_customers_before(store, end) - _customers_before(store, start))
        + flow.of_orders * (booked.orders if booked else 0)
        + flow.of_lapsed * _new_on(store, day - timedelta(days=90))
        + flow.of_all * (OTHER_SUBSCRIBERS + _customers_before(store, start)) * share_of_day
    )
    found = []
    for message, share in zip(flow_messages(store, flow), MESSAGE_SHARES, strict=True):
        recipients = int(people * share + _noise(seed, message.message_id, day)[7])
        if recipients:
            rates = (flow.opens, flow.clicks, flow.orders)
            found.append((message, _figures(recipients, rates, seed, message.message_id, day, today)))
    return found


def signups(store: Store, day: date, seed: int, now: datetime) -> dict[str, int]:
    """People who joined each list on a day."""
    if not store.shop.history_from <= day <= store.day_of(now):
        return dict.fromkeys(LISTS, 0)
    start, end = _midnight(store, day), min(_midnight(store, day + timedelta(days=1)), now)
    new = _customers_before(store, end) - _customers_before(store, start)
    passing_by = int((2 + 7 * _noise(seed, "pop-up", day)[0]) * ((end - start) / timedelta(days=1)))
    return {LISTS[0]: new, LISTS[1]: passing_by}


@dataclass(frozen=True)
class Profile:
    """A person, with what is expected of them where that can be said."""

    profile_id: str
    email: str
    created: datetime
    updated: datetime
    predicted_clv: float | None = None
    churn_probability: float | None = None
    next_order: datetime | None = None


def profiles(store: Store, seed: int, now: datetime) -> Iterator[Profile]:
    """Everybody with an address. Expectations are worked out anew every week."""
    buyers = sum(customer.number_of_orders > 0 for customer in store.customers.values())
    for customer in store.customers.values():
        if customer.email:
            yield _profile(store, customer, seed, now, known=buyers >= FEWEST_BUYERS)
    born = datetime.combine(store.shop.history_from, time(), UTC)
    for number in range(PROFILES_WITHOUT_ORDERS):
        email = f"reader{number}@{store.shop.domain.removesuffix('.myshopify.com')}.example"
        yield Profile(f"01{_id(store.shop.domain, email)}", email, born, born + timedelta(minutes=number))


def _profile(store: Store, customer: Customer, seed: int, now: datetime, *, known: bool) -> Profile:
    assert customer.email is not None
    profile = f"01{_id(store.shop.domain, str(customer.customer_id))}"
    if not known or not customer.number_of_orders:
        return Profile(profile, customer.email, customer.created_at, customer.updated_at)
    week = now.date() - timedelta(days=now.date().weekday())
    noise = _noise(seed, profile, week)
    return Profile(
        profile,
        customer.email,
        customer.created_at,
        customer.updated_at,
        round(noise[0] * 60 * customer.number_of_orders, 2),
        round(min(0.99, 0.15 + 0.8 * noise[1] / customer.number_of_orders**0.5), 4),
        datetime.combine(week + timedelta(days=7 + int(120 * noise[2])), time(), UTC),
    )


def _figures(
    recipients: int, rates: tuple[float, float, float], seed: int, message: str, day: date, today: date
) -> Figures:
    noise, come = _noise(seed, message, day), COMING_IN[min((today - day).days, len(COMING_IN) - 1)]
    delivered = recipients - int(recipients * 0.012 * noise[0] + noise[6])
    opens, clicks, orders = (
        min(delivered, int(delivered * rate * (0.85 + 0.3 * noise[i + 1]) * come + 0.5)) for i, rate in enumerate(rates)
    )
    value = round(orders * AVERAGE_ORDER * (0.8 + 0.4 * noise[4]))
    left = min(delivered, int(delivered * 0.004 * noise[5] * come + 0.5))
    return Figures(recipients, delivered, opens, clicks, left, orders, value)


_created: WeakKeyDictionary[Store, list[datetime]] = WeakKeyDictionary()


def _customers_before(store: Store, at: datetime) -> int:
    known = _created.get(store, [])
    if len(known) != len(store.customers):
        known = _created[store] = sorted(one.created_at for one in store.customers.values())
    return bisect_left(known, at)


def _new_on(store: Store, day: date) -> int:
    start, end = _midnight(store, day), _midnight(store, day + timedelta(days=1))
    return _customers_before(store, end) - _customers_before(store, start)


def _midnight(store: Store, day: date) -> datetime:
    return datetime.combine(day, time(), store.zone).astimezone(UTC)


def _id(*parts: str) -> str:
    return blake2b("/".join(parts).encode(), digest_size=6).hexdigest().upper()


@lru_cache(maxsize=65_536)
def _noise(seed: int, what: str, day: date) -> tuple[float, ...]:
    digest = blake2b(f"{seed}/klaviyo/{what}/{day.toordinal()}".encode(), digest_size=32).digest()
    return tuple(x / 2**32 for x in struct.unpack("<8I", digest))
