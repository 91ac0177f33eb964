"""The survey: signed links, what may be answered, and the score with its margin. Pure.

A link is `store.subject.until.signature`. The signature is the hex HMAC-SHA256 of `subject.until` under the store's
key, which a notification template of Shopify's can make as well (`hmac_sha256`).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256

from clique_app.errors import AccessDenied, InvalidInput, Refused
from clique_app.integrations.registry import CHANNELS as AD_CHANNELS
from clique_app.integrations.registry import OTHER_WAYS
from clique_app.tables.attribution import UNATTRIBUTED

OPEN_FOR = timedelta(days=60)
CHANGE_FOR = timedelta(minutes=10)
PREVIEW = "preview"
LEAST_ANSWERS = 30  # below, a score says little and is not told
MOST_CHOICES, LONGEST_CHOICE = 12, 60
CHANNELS = (*(one.key for one in AD_CHANNELS), *(way for way in OTHER_WAYS if way != UNATTRIBUTED))
Choices = tuple[tuple[str, str], ...]  # (as it reads, the channel it tells of or nothing)
CHOICES: Choices = (
    *((one.spoken.in_survey or one.label, one.key) for one in AD_CHANNELS),
    ("I searched for it", "organic"),
    ("A friend or family", "referral"),
    ("An e-mail", "email"),
    ("A podcast, magazine or blog", "other"),
    ("I don’t remember", ""),
)
COLOUR = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)
_LINK = re.compile(r"([1-9]\d{0,17})\.([1-9]\d{0,17}|n[0-9a-f]{32}|preview)\.(\d{1,11})\.([0-9a-f]{64})", re.ASCII)
BROKEN = "This link is not complete. Open it again from your e-mail or order page."


@dataclass(frozen=True)
class Link:
    """What a link is about. subject: an order's id, "n" and a random number, or the merchant's preview."""

    store_id: int
    subject: str
    until: int  # seconds of the epoch

    @property
    def order_id(self) -> int | None:
        return int(self.subject) if self.subject.isdigit() else None

    @property
    def is_preview(self) -> bool:
        return self.subject == PREVIEW


def key_of(secret: str, store_id: int) -> str:
    """The key of a store's links."""
    return hmac.new(secret.encode(), f"survey links of store {store_id}".encode(), sha256).hexdigest()


def written(link: Link, key: str) -> str:
    """The link's text."""
    about = f"{link.subject}.{link.until}"
    return f"{link.store_id}.{about}.{hmac.new(key.encode(), about.encode(), sha256).hexdigest()}"


def read(text: str, secret: str, now: datetime) -> Link:
    """What a link is about. AccessDenied where it was changed on its way, Refused where it is too old."""
    found = _LINK.fullmatch(text)
    if found is None:
        raise AccessDenied(BROKEN)
    link = Link(int(found[1]), found[2], int(found[3]))
    if not hmac.compare_digest(written(link, key_of(secret, link.store_id)), text):
        raise AccessDenied(BROKEN)
    if link.until < now.timestamp():
        raise Refused("This survey has closed. Thank you for wanting to answer.")
    return link


def score(text: str) -> int:
    """0 to 10."""
    if not (text.isascii() and text.isdigit() and len(text) <= 2 and int(text) <= 10):
        raise InvalidInput("Choose a number from 0 to 10.")
    return int(text)


def channel_of(heard: str, choices: Choices) -> str:
    """What a choice tells of; nothing where the question was skipped."""
    if not heard:
        return ""
    for label, channel in choices:
        if label == heard:
            return channel
    raise InvalidInput("This answer is not offered any more. Choose another.")


def checked_choices(rows: Sequence[Sequence[str]]) -> Choices:
    """The choices a merchant has written, or what is wrong with them."""
    choices = tuple((" ".join(label.split()), channel) for label, channel in rows if label.strip())
    labels = [label.casefold() for label, _ in choices]
    if not 2 <= len(choices) <= MOST_CHOICES:
        raise InvalidInput(f"Offer 2 to {MOST_CHOICES} answers.")
    if any(len(label) > LONGEST_CHOICE for label, _ in choices):
        raise InvalidInput(f"An answer has at most {LONGEST_CHOICE} letters.")
    if not all(label.isprintable() for label in labels):
        raise InvalidInput("An answer holds a letter that cannot be shown.")
    if len(set(labels)) < len(labels):
        raise InvalidInput("Two answers read the same.")
    if any(channel and channel not in CHANNELS for _, channel in choices):
        raise InvalidInput(f"A channel is one of {', '.join(CHANNELS)}.")
    return choices


def checked_colour(text: str) -> str:
    """A colour as #rrggbb."""
    if not COLOUR.fullmatch(text.strip()):
        raise InvalidInput("Write the colour as #1a2b3c.")
    return text.strip().lower()


def text_colour(colour: str) -> str:
    """Black or white, whichever reads better on the colour (WCAG's contrast)."""

    def light(part: str) -> float:
        value = int(part, 16) / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    lightness = 0.2126 * light(colour[1:3]) + 0.7152 * light(colour[3:5]) + 0.0722 * light(colour[5:7])
    return "#000000" if (lightness + 0.05) ** 2 > 0.05 * 1.05 else "#ffffff"


def liquid(app_url: str, store_id: int, key: str) -> str:
    """The link for Shopify's order confirmation e-mail, made by its own template."""
    seconds = int(OPEN_FOR.total_seconds())
    return (
        f"{{% assign until = created_at | date: '%s' | plus: {seconds} %}}"
        "{% assign about = id | append: '.' | append: until %}"
        f"{app_url}/survey/{store_id}.{{{{ about }}}}.{{{{ about | hmac_sha256: '{key}' }}}}"
    )


def margin(promoters: Decimal, detractors: Decimal, answers: Decimal) -> Decimal | None:
    """Half the 95 % interval of a net promoter score; None of no answers."""
    if not answers:
        return None
    share, net = (promoters + detractors) / answers, (promoters - detractors) / answers
    return 196 * (max(share - net * net, Decimal(0)) / answers).sqrt()
