"""What an ad channel is, to the parts of Clique that are the same for all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

Level = Literal["campaign", "ad_group", "ad"]


@dataclass(frozen=True)
class Grant:
    """What an OAuth round trip gave."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    refresh_expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()


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


class AdChannel(Protocol):
    """One ad platform, an entry of CHANNELS (registry.py). Writes live apart (integrations/*/write.py): only
    actions.execute may import them."""

    key: str
    label: str
    needed_scopes: tuple[str, ...]  # without these a connection is of no use

    def dialog_url(self, *, state: str, redirect_uri: str) -> str: ...

    def exchange(self, *, code: str, redirect_uri: str) -> Grant: ...

    def standing(self, token: str) -> Standing: ...

    def accounts(self, token: str) -> list[AdAccount]: ...

    def read(self, token: str, account_id: str, level: Level, platform_id: str) -> LiveObject: ...
