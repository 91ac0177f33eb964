"""What a change on a platform is, what the gate knows when it judges one, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from clique_app.integrations.channels import Level, LiveObject
from clique_app.integrations.registry import ad_channel, channel_label

State = Literal["intended", "writing", "applied", "not_applied", "refused", "withdrawn", "unknown"]

OPEN_STATES: tuple[State, ...] = ("intended", "writing", "unknown")  # may have changed the platform: they count


@dataclass(frozen=True)
class Change:
    """One intended change of an object's daily budget, in the ad account's currency."""

    action: str  # key in ACTIONS
    channel: str
    account_id: str
    level: Level
    platform_id: str
    name: str
    before: Decimal  # as shown to the person
    after: Decimal
    currency: str
    needs_stock: bool = False  # rests on stock data, which must then be fresh too
    recommendation_id: int | None = None
    undo_of: int | None = None

    @property
    def platform(self) -> str:
        return channel_label(self.channel)

    @property
    def kind_of_object(self) -> str:
        return ad_channel(self.channel).object_names[self.level]


@dataclass(frozen=True)
class Limits:
    """The store's limits, as set in Settings. Amounts are in the store's currency."""

    kill_switch: bool
    max_step_pct: Decimal
    max_day_pct: Decimal
    max_account_daily_budget: Decimal
    min_daily_budget: Decimal
    cooldown: timedelta
    max_data_age: timedelta
    currency: str


@dataclass(frozen=True)
class PastChange:
    """A change of the same object by Clique that was applied, or may have been."""

    before: Decimal
    after: Decimal
    at: datetime
    certain: bool  # it was applied
    settled: bool  # nothing more will be learnt about it


@dataclass(frozen=True)
class DataAge:
    label: str
    fresh_at: datetime | None  # None: never read


@dataclass(frozen=True)
class Situation:
    """All that the gate judges a change by."""

    limits: Limits
    live: LiveObject
    history: tuple[PastChange, ...]  # of this object
    other_budgets: Decimal  # a day, of all other active objects of the account
    data: tuple[DataAge, ...]
    connected_accounts: tuple[str, ...]
    time_zone: str  # the store's, for "a day"
    now: datetime


@dataclass(frozen=True)
class Check:
    key: str
    label: str
    value: str
    limit: str
    passed: bool


@dataclass(frozen=True)
class ActionKind:
    """An entry of ACTIONS: everything about a kind of action that needs no platform and no database."""

    key: str
    label: str
    checks: Callable[[Change, Situation], tuple[Check, ...]]
    calls: Callable[[Change], tuple[str, ...]]  # what happens at the platform, in words
    undo: Callable[[Change], str]


@dataclass(frozen=True)
class Preview:
    """What Accept would do, with a live value read now."""

    change: Change
    change_pct: Decimal
    live_budget: Decimal | None
    live_read_at: datetime
    checks: tuple[Check, ...]
    calls: tuple[str, ...]
    undo: str

    @property
    def allowed(self) -> bool:
        return all(check.passed for check in self.checks)


@dataclass(frozen=True)
class Outcome:
    """What came of a change, in words for the page."""

    state: State
    note: str
    action_id: int | None = None
    recommendation_id: int | None = None
    checks: tuple[Check, ...] = ()
    read_back: Decimal | None = None


@dataclass(frozen=True)
class Step:
    """One line of an action's story."""

    label: str
    detail: str
    at: datetime | None
    tone: Literal["done", "waiting", "failed"]


@dataclass(frozen=True)
class ActionView:
    """An action as pages show it."""

    action_id: int
    recommendation_id: int | None
    undo_of: int | None
    kind: str
    channel: str
    level: str
    platform_id: str
    name: str
    before: Decimal | None
    after: Decimal | None
    live_before: Decimal | None
    read_back: Decimal | None
    currency: str
    state: str
    note: str
    checks: tuple[Check, ...]
    asked_by: int
    asked_at: datetime
    settled_at: datetime | None
    steps: tuple[Step, ...]
    can_undo: bool
