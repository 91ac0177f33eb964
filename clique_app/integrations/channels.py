"""What an ad channel is, to the parts of Clique that are the same for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

from clique_app.integrations.access import Account

Level = Literal["campaign", "ad_group", "ad"]
UNKNOWN_REGION = "Unknown"
USUAL_HISTORY_DAYS = 1123  # how far back most platforms keep their figures: 37 months at their shortest


@dataclass(frozen=True)
class Spoken:
    """How others speak of a channel: links to the store, spend sheets, customers in the survey."""

    utm_sources: tuple[str, ...]
    click_ids: Mapping[str, str]  # a parameter the platform adds to links -> the kind that is kept of it
    in_sheets: tuple[str, ...] = ()  # beside its label
    in_survey: str = ""  # the answer "How did you hear of us?"; empty: its label


@dataclass(frozen=True)
class Grant:
    """What an OAuth round trip gave."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    refresh_expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    account_id: str = ""  # whose it is, where it opens one account and there is none to choose


@dataclass(frozen=True)
class Standing:
    """What a platform says of an access that it still honours."""

    expires_at: datetime | None  # None: it does not end by itself
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class AdAccount:
    """An ad account the person may choose."""

    account_id: str
    name: str
    currency: str
    time_zone: str
    active: bool


@dataclass(frozen=True)
class LiveObject:
    """A campaign, ad group or ad as the platform has it now."""

    platform_id: str
    name: str
    status: str  # active | paused | archived | deleted
    daily_budget: Decimal | None  # in account currency; None: not set at this level
    currency: str
    read_at: datetime


@dataclass(frozen=True)
class Part:
    """Some rows of one table, as the statement for that table takes them (sync/ads_sql.py), and what they are in
    words. Without rows it only tells how far the platform is."""

    table: str
    rows: list[dict[str, Any]]
    stage: str
    put_together: bool = False  # each row out of several of the platform's: wrong where one of those did not come


@dataclass(frozen=True)
class Total:
    """What a platform says of some days of an account in sum."""

    impressions: int
    spend: Decimal


class AdReader(Protocol):
    """Reads one ad account."""

    def structure(self, *, full: bool) -> Iterator[Part]:
        """What is listed now, owners before what belongs to them; full: also what is long and changes slowly."""
        ...

    def days(self, first: date, last: date) -> Iterator[Part]:
        """Figures of these days of the account's zone: by ad, then by campaign, country and region."""
        ...

    def total(self, first: date, last: date) -> Total:
        """The platform's own sum of these days, to hold against what was read of them by ad."""
        ...

    def totals_by_region(self, first: date, last: date) -> dict[str, Total]:
        """The same of its report by "region": places may be left out of it, so it need not be the sum of the ads. Where
        it tells of countries and regions apart, also by "named region": what was in regions that have a name."""
        ...


class AdWriter(Protocol):
    """What integrations/<key>/write.py has. Only actions.execute may load it; nothing in it is sent twice."""

    def set_daily_budget(
        self, token: str, account_id: str, level: Level, platform_id: str, amount: Decimal, currency: str
    ) -> None: ...

    def set_status(
        self, token: str, account_id: str, level: Level, platform_id: str, status: Literal["active", "paused"]
    ) -> None: ...


class Platform(Protocol):
    """Where a merchant logs in to let Clique read, an entry of PLATFORMS (registry.py)."""

    key: str  # also the name of its folder
    label: str
    needed_scopes: tuple[str, ...]  # without these a connection is of no use

    def dialog_url(self, *, state: str, redirect_uri: str) -> str: ...

    def exchange(self, *, code: str, redirect_uri: str) -> Grant: ...

    def refresh(self, grant: Grant) -> Grant | None:
        """A new grant for one that has ended or soon will; None where the person has to log in again."""
        ...

    def standing(self, token: str) -> Standing: ...


class AdChannel(Platform, Protocol):
    """One ad platform, an entry of CHANNELS (registry.py). Writes live apart: see AdWriter."""

    object_names: Mapping[Level, str]  # the platform's own words: "ad set"
    cadence: str  # "Hourly, last 28 days daily"
    history_days: int  # how many days back it is asked
    spoken: Spoken

    def accounts(self, token: str) -> list[AdAccount]: ...

    def reader(self, token: str, account: Account) -> AdReader: ...

    def read(self, token: str, account_id: str, level: Level, platform_id: str) -> LiveObject: ...
