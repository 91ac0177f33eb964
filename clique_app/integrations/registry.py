"""The ad channels there are. Apart from channels.py, which the channels themselves import."""

from __future__ import annotations

from clique_app.errors import NotFound
from clique_app.integrations.channels import AdChannel
from clique_app.integrations.google.channel import GOOGLE
from clique_app.integrations.meta.channel import META
from clique_app.integrations.tiktok.channel import TIKTOK

CHANNELS: tuple[AdChannel, ...] = (META, TIKTOK, GOOGLE)


def ad_channel(key: str) -> AdChannel:
    """The entry of CHANNELS."""
    for channel in CHANNELS:
        if channel.key == key:
            return channel
    raise NotFound(f"There is no ad channel {key}.")


def channel_label(key: str) -> str:
    """The name of a channel that people connect, an ad channel or not."""
    return next((channel.label for channel in CHANNELS if channel.key == key), key.title())
