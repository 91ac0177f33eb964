"""The platforms there are. Apart from channels.py, which the channels themselves import."""

from __future__ import annotations

from clique_app.errors import NotFound
from clique_app.integrations.channels import AdChannel, Platform
from clique_app.integrations.google.channel import GOOGLE
from clique_app.integrations.klaviyo.login import KLAVIYO
from clique_app.integrations.meta.channel import META
from clique_app.integrations.pinterest.channel import PINTEREST
from clique_app.integrations.tiktok.channel import TIKTOK

CHANNELS: tuple[AdChannel, ...] = (META, TIKTOK, GOOGLE, PINTEREST)
PLATFORMS: tuple[Platform, ...] = (*CHANNELS, KLAVIYO)  # all that are connected by a login, ad accounts or not
# where buyers come from without an ad of CHANNELS, and what is credited to nobody
OTHER_WAYS = {
    "email": "Email",
    "organic": "Organic search",
    "referral": "Referral",
    "direct": "Direct",
    "other": "Other",
    "unattributed": "Unattributed",
}
_LABELS = {**OTHER_WAYS, **{one.key: one.label for one in PLATFORMS}}


def ad_channel(key: str) -> AdChannel:
    """The entry of CHANNELS."""
    for channel in CHANNELS:
        if channel.key == key:
            return channel
    raise NotFound(f"There is no ad channel {key}.")


def channel_label(key: str) -> str:
    """The name of a channel wherever one is shown: connected, only visited from, or of a sheet."""
    return _LABELS.get(key) or key.replace("_", " ").capitalize()


def platform(key: str) -> Platform:
    """The entry of PLATFORMS."""
    for one in PLATFORMS:
        if one.key == key:
            return one
    raise NotFound(f"There is no platform {key}.")


def has_ad_accounts(key: str) -> bool:
    """Whether it is an ad channel: the accounts to read are then chosen after the login."""
    return any(channel.key == key for channel in CHANNELS)
