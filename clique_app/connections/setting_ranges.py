"""What may be set in Settings: every value with its range, and what it does in words. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from clique_app.connections import place_costs

Kind = Literal["percent", "money", "days", "hours", "points"]
Value = Decimal | int | None

WHOLE = ("days", "hours", "points")


@dataclass(frozen=True)
class Setting:
    """One value that can be set, and the range it must keep."""

    name: str  # column of StoreSettings
    label: str
    kind: Kind
    low: Decimal
    high: Decimal
    places: int
    optional: bool = False


@dataclass(frozen=True)
class Name:
    """A name of the merchant's own that can be set, or left empty."""

    name: str  # column of StoreSettings
    label: str
    pattern: str
    ask: str  # what to enter
    effects: tuple[str, str]  # what it does: empty, and set

    def problem(self, text: str) -> str:
        return "" if not text or re.fullmatch(self.pattern, text, re.ASCII) else self.ask


@dataclass(frozen=True)
class Choice:
    """One of several that can be set. options: what is kept, its label, and what it does."""

    name: str  # column of StoreSettings
    label: str
    options: tuple[tuple[str, str, str], ...]

    def labelled(self, kept: str) -> str:
        return next((label for key, label, _ in self.options if key == kept), kept)


def _setting(
    name: str, label: str, kind: Kind, low: str, high: str, places: int = 2, optional: bool = False
) -> Setting:
    return Setting(name, label, kind, Decimal(low), Decimal(high), places, optional)


COSTS = (
    _setting("payment_fee_pct", "Payment fee", "percent", "0", "20", 3),
    _setting("payment_fee_fixed", "Fixed fee a payment", "money", "0", "1000"),
    _setting("fulfilment_per_order", "Fulfilment an order", "money", "0", "100000"),
    _setting("default_cost_pct", "Cost of goods where Shopify has none", "percent", "0", "100", 3, optional=True),
    _setting("other_marketing_per_month", "Other marketing a month", "money", "0", "1000000000"),
    _setting("overhead_per_month", "Overhead a month", "money", "0", "1000000000"),
)
# Shopify's own rules for the two parts; text of this form is safe in a query
COST_METAFIELD = Name(
    "cost_metafield",
    "Metafield with the unit cost",
    r"[A-Za-z0-9_-]{2,255}\.[A-Za-z0-9_-]{2,64}",
    "Enter its namespace and key, such as custom.cost.",
    (
        "Empty: costs are Shopify's own cost per item.",
        "This metafield of a variant is its cost where Shopify has no cost per item.",
    ),
)
NAMES = (COST_METAFIELD,)
ATTRIBUTION = (_setting("attribution_window_days", "Attribution window", "days", "1", "90", 0),)
MODEL = Choice(
    "attribution_model",
    "Attribution model",
    (
        ("last", "Last touch", "The last touch before an order takes all of it."),
        ("last-non-direct", "Last non-direct touch", "The last touch that was no direct visit takes all of it."),
        ("first", "First touch", "The first touch of the window takes all of it."),
        ("linear", "Linear", "Every touch takes the same part."),
        ("position", "Position-based", "First and last touch take 40% each, those between share 20%."),
        ("decay", "Time decay", "A touch counts half of one seven days later."),
        ("markov", "Markov", "Channels share by how many sales would be lost without them."),
        ("shapley", "Shapley", "Every channel of the journey takes the same part."),
    ),
)
CHOICES = (MODEL,)
ENGAGEMENT = (
    _setting("engagement_product", "A product looked at", "points", "0", "100", 0),
    _setting("engagement_minute", "A minute of attention", "points", "0", "100", 0),
    _setting("engagement_cart", "An add to cart", "points", "0", "100", 0),
    _setting("engagement_signup", "An e-mail sign-up", "points", "0", "100", 0),
    _setting("engagement_open", "An e-mail opened", "points", "0", "100", 0),
    _setting("engagement_click", "An e-mail clicked", "points", "0", "100", 0),
)
LIMITS = (
    _setting("max_step_pct", "Largest single change", "percent", "1", "50"),
    _setting("max_day_pct", "Largest change in a day", "percent", "1", "100"),
    _setting("max_account_daily_budget", "Account budget a day, at most", "money", "1", "100000000"),
    _setting("min_daily_budget", "Budget of one campaign, at least", "money", "0.01", "1000000"),
    _setting("cooldown_hours", "Time between changes", "hours", "1", "720", 0),
    _setting("max_data_age_hours", "Oldest data to act on", "hours", "1", "72", 0),
)
RETENTION = (
    _setting("keep_deliveries_days", "Webhook deliveries", "days", "7", "90", 0),
    _setting("keep_sync_log_days", "Log of readings", "days", "30", "1095", 0),
    _setting("keep_restatements_days", "Ad figures before they were restated", "days", "60", "1095", 0),
    _setting("keep_page_events_days", "Events of the online store", "days", "60", "1095", 0),
    _setting("keep_reports_days", "Reports for customers who asked", "days", "7", "365", 0),
    _setting("keep_archive_days", "Archive", "days", "90", "3650", 0),
)
SETTINGS = (*COSTS, *ATTRIBUTION, *ENGAGEMENT, *LIMITS, *RETENTION)


def parsed(setting: Setting, text: str) -> tuple[Value, str]:
    """The value of what was typed, and what is wrong with it (empty: nothing)."""
    typed = text.strip()
    if not typed:
        return None, "" if setting.optional else f"Enter {_allowed(setting)}."
    if not re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?|\d{1,15}(\.\d+)?", typed, re.ASCII):
        return None, f"Enter a number: {_allowed(setting)}."
    value = Decimal(typed.replace(",", ""))
    decimals = max(0, -int(value.normalize().as_tuple().exponent))
    if decimals > setting.places:
        allowed = "no decimals" if setting.places == 0 else f"at most {setting.places} decimals"
        return None, f"Enter a number with {allowed}."
    if not setting.low <= value <= setting.high:
        return None, f"Enter {_allowed(setting)}."
    return (int(value) if setting.kind in WHOLE else value), ""


def checked(texts: Mapping[str, str]) -> tuple[dict[str, Value], dict[str, str]]:
    """Every value, and what is wrong by name: ranges, and limits that contradict each other."""
    values: dict[str, Value] = {}
    problems: dict[str, str] = {}
    for setting in SETTINGS:
        values[setting.name], problem = parsed(setting, texts.get(setting.name, ""))
        if problem:
            problems[setting.name] = problem
    for named in NAMES:
        if problem := named.problem(texts.get(named.name, "").strip()):
            problems[named.name] = problem
    _, problem = place_costs.parsed(texts.get(place_costs.NAME, ""))
    if problem:
        problems[place_costs.NAME] = problem
    for choice in CHOICES:
        if texts.get(choice.name) not in {key for key, *_ in choice.options}:
            problems[choice.name] = "Choose one of the list."
    if not {"max_step_pct", "max_day_pct"} & problems.keys() and _of(values, "max_day_pct") < _of(
        values, "max_step_pct"
    ):
        problems["max_day_pct"] = f"Enter at least the largest single change, {_plain(_of(values, 'max_step_pct'))}%."
    if not {"min_daily_budget", "max_account_daily_budget"} & problems.keys() and _of(values, "min_daily_budget") > _of(
        values, "max_account_daily_budget"
    ):
        problems["min_daily_budget"] = "Enter no more than the account's budget a day."
    return values, problems


def written(setting: Setting, value: Value) -> str:
    """A value as it stands in its field: 2.9, 24, and money with its cents where it has some."""
    if value is None:
        return ""
    return _plain(Decimal(value)) if setting.kind != "money" else _money(value).replace(",", "")


def effect(name: str, value: Value) -> str:
    """What a value does, in words. Amounts are in the store's currency."""
    if value is None:
        return (
            "Empty: a product without a unit cost in Shopify counts as free, and the figure says so."
            if name == "default_cost_pct"
            else ""
        )
    shown = _money(value)
    words = {
        "payment_fee_pct": f"Takes {shown} of every 100 paid.",
        "payment_fee_fixed": f"Takes {shown} of every payment.",
        "fulfilment_per_order": f"Picking, packing and postage take {shown} of every order.",
        "default_cost_pct": f"Products without a unit cost in Shopify count {_plain(Decimal(value))}% of their price.",
        "other_marketing_per_month": "Agency, tools, e-mail platform. Counts in MER and CAC, by day.",
        "overhead_per_month": "Rent, salaries, software. Counts in net profit only, by day.",
        "attribution_window_days": f"An order is credited to ads and links touched within {_days(value)} before.",
        **dict.fromkeys((one.name for one in ENGAGEMENT[:4]), f"{value} points for each visit with it."),
        **dict.fromkeys((one.name for one in ENGAGEMENT[4:]), f"{value} points for each e-mail with it."),
        "max_step_pct": f"One change keeps a budget of 100 between {_moved(value, -1)} and {_moved(value, 1)}.",
        "max_day_pct": f"In a day, a budget of 100 stays between {_moved(value, -1)} and {_moved(value, 1)}.",
        "max_account_daily_budget": f"A raise is refused where active budgets would add up to over {shown}.",
        "min_daily_budget": f"No campaign is set below {shown} a day.",
        "cooldown_hours": f"After a change, the same budget rests for {_hours(value)}.",
        "max_data_age_hours": f"Nothing is changed on ads or stock data older than {_hours(value)}.",
        "keep_deliveries_days": f"{_after(value)}, without their content, which goes as soon as it was used.",
        "keep_sync_log_days": f"{_after(value)}. The newest of each sort stays.",
        "keep_restatements_days": f"{_after(value)}. The figures in force stay for good.",
        "keep_page_events_days": f"{_after(value)}, without the visitor. The sessions built from them stay.",
        "keep_reports_days": f"Emptied after {_days(value)}; that the request was answered stays.",
        "keep_archive_days": f"Archived months are deleted after {_days(value)}.",
    }
    return words[name]


def effects_of_texts(texts: Mapping[str, str], sent_to: Collection[str]) -> dict[str, str]:
    """What each choice and each text does, in words. sent_to: places of place_costs that orders have gone to."""
    named = {one.name: one.effects[bool(texts.get(one.name, "").strip())] for one in NAMES}
    named[place_costs.NAME] = place_costs.effect(place_costs.parsed(texts.get(place_costs.NAME, ""))[0], sent_to)
    return named | {
        choice.name: words for choice in CHOICES for key, _, words in choice.options if texts.get(choice.name) == key
    }


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _money(value: Decimal | int) -> str:
    """1,250, 0.30, 2.125: cents, and more places where it has them."""
    amount = Decimal(value).normalize()
    places = max(0, -int(amount.as_tuple().exponent))
    return f"{amount:,f}" if places in (0, 3) else f"{amount:,.2f}"


def _of(values: Mapping[str, Value], name: str) -> Decimal:
    return Decimal(values[name] or 0)


def _moved(value: Decimal | int, way: int) -> str:
    return _plain(100 + way * Decimal(value))


def _days(value: Decimal | int) -> str:
    return "a day" if value == 1 else f"{value} days"


def _after(value: Decimal | int) -> str:
    return f"Archived after {_days(value)}"


def _hours(value: Decimal | int) -> str:
    return "an hour" if value == 1 else f"{value} hours"


def _allowed(setting: Setting) -> str:
    unit = {"percent": "%", "money": "", "days": " days", "hours": " hours", "points": " points"}[setting.kind]
    return f"{setting.low:,f} to {setting.high:,f}{unit}"
